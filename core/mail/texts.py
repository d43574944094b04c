"""What mails say, in several languages: files of texts with named places for plain values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Final, NamedTuple

from markupsafe import escape

#: Parts of a text; every mail has the first two.
_PARTS: Final = ("subject", "text", "html")
_FIRST: Final = "en"


class Words(NamedTuple):
    """What one mail says: text always, HTML if it is wanted too, and what it was written from."""

    subject: str
    text: str
    html: str | None = None
    template: str | None = None


class Texts:
    """The texts of a folder: `en.toml`, `de.toml` …, with a table of subject, text, html each.

        [card_ready]
        subject = "Your card {number}"
        text = "Hello {name}, …"

    A place is a name in braces and takes text or a number, nothing else; `{{` is a brace. Values
    are escaped in HTML. All languages have the same texts with the same places.
    """

    def __init__(self, folder: Path) -> None:
        """Read the folder. ValueError says what is wrong with it, and in which file."""
        paths = sorted(folder.glob("*.toml"))
        self._known = {path.stem: _read(path) for path in paths}
        first = self._known.get(_FIRST)
        if first is None:
            raise ValueError(f"there is no {_FIRST}.toml in {folder}")
        for language, texts in self._known.items():
            for name in sorted(first.keys() | texts.keys()):
                if _places(first.get(name)) != _places(texts.get(name)):
                    raise ValueError(f"{language}.toml: [{name}] has not the places of {_FIRST}")

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that there are."""
        return tuple(self._known)

    def words(
        self, name: str, *, language: str | None = None, values: Mapping[str, str | int]
    ) -> Words:
        """Return a text in a language, with values in its places.

        A language that there is not is English. KeyError for an unknown text; ValueError for
        values that are not those of its places.
        """
        near = (language or "").partition("-")[0]
        parts = self._known.get(near, self._known[_FIRST])[name]
        wanted = set().union(*_places(parts).values())
        if wanted != set(values):
            named = ", ".join(sorted(wanted)) or "no values"
            raise ValueError(f"the text '{name}' takes {named}")
        plain = {key: str(value) for key, value in values.items()}
        safe = {key: str(escape(value)) for key, value in plain.items()}
        html = parts.get("html")
        return Words(
            parts["subject"].format_map({k: " ".join(v.split()) for k, v in plain.items()}),
            parts["text"].strip().format_map(plain) + "\n",
            None if html is None else html.strip().format_map(safe) + "\n",
            name,
        )


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from None
    for name, parts in found.items():
        if not isinstance(parts, dict) or not parts.keys() >= set(_PARTS[:2]):
            raise ValueError(f"{path.name}: [{name}] needs subject and text")
        if parts.keys() - set(_PARTS) or not all(isinstance(p, str) for p in parts.values()):
            raise ValueError(f"{path.name}: [{name}] takes {', '.join(_PARTS)}, each a text")
        _places(parts)
    return found


def _places(parts: Mapping[str, Any] | None) -> dict[str, set[str]]:
    """Return the places of each part; ValueError for one that is more than a name."""
    found: dict[str, set[str]] = {}
    for part, text in (parts or {}).items():
        found[part] = set()
        for _, place, style, conversion in Formatter().parse(text):
            if place is None:
                continue
            if not place.isidentifier() or style or conversion:
                raise ValueError(f"'{{{place}}}' must be a name in braces, nothing else")
            found[part].add(place)
    return found

"""Words in other languages: gettext catalogs that the core and plugins bring.

A folder `translations` holds one `LANGUAGE.po` per language; its texts are those of the code and
of what a plugin declares, in English. A text that none of them has stays as it is.
"""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Self

from babel import numbers
from babel.messages import mofile, pofile
from babel.messages.pofile import PoFileError

from . import hooks
from .errors import REGISTRY, Problem, RelatumError

_log: Final = logging.getLogger("relatum.languages")
#: What a folder of translations is called, beside the code whose words they are.
FOLDER: Final = "translations"
#: The language of every text in the code.
FIRST: Final = "en"
#: Owners of metadata whose words are the core's.
_CORE: Final = ("core", "system")
_NONE: Final = NullTranslations()
#: Catalogs that are kept as they were read.
_KEPT: Final = 64
#: What differs from one time to the next within a text: what is quoted, and numbers.
_VARIABLE: Final = re.compile(r"'[^']*'|[0-9]+")
_NEAREST: Final = re.compile(r" Did you mean '(.*)'\?", re.DOTALL)
_MORE: Final = re.compile(r" \([Aa]nd [0-9]+ more\.?\)$")


class Phrase(str):
    """A text with values in its places, that can be said in other languages, too."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Self:
        """Return the text of a template; its places are `{name}`."""
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made


def told(text: str, language: str) -> str:
    """Return a text of the core in a language: a phrase, or one without values."""
    core = of("core", language)
    if isinstance(text, Phrase):
        values = {name: _written(name, value, language) for name, value in text.values.items()}
        return core.gettext(text.template).format(**values)
    return core.gettext(text) if text else text


def _written(name: str, value: Any, language: str) -> Any:
    """Return a value of a phrase as it is written: errors in the language, counts by its signs."""
    if isinstance(value, RelatumError):
        return said(value, language)
    if isinstance(value, Phrase):
        return told(value, language)
    if name == "action":
        return _value(name, value, language)
    return numbers.format_decimal(value, locale=language) if name == "count" else value


def read(folder: Path, language: str) -> NullTranslations:
    """Return the words of a folder in a language; none where that can't be read."""
    return _read(_file(folder, language), language, 0)


@lru_cache(maxsize=_KEPT)
def _file(folder: Path, language: str) -> Path:
    return folder / f"{language}.po"


@lru_cache(maxsize=_KEPT)
def _read(path: Path, language: str, generation: int) -> NullTranslations:
    """Return the words of a file; those of another generation of plugins are read anew."""
    if not path.is_file():
        return _NONE
    made = BytesIO()
    try:
        with path.open("rb") as source:
            found = pofile.read_po(source, locale=language, abort_invalid=True)
        mofile.write_mo(made, found)
        made.seek(0)
        return GNUTranslations(made)
    except (OSError, ValueError, LookupError, PoFileError) as error:
        _log.warning("%s can't be read, so its words are not used: %s", path, error)
        return _NONE


def of(owner: str, language: str) -> NullTranslations:
    """Return the words of the core, or of a plugin that runs, in a language."""
    if language == FIRST:
        return _NONE
    if owner in _CORE:
        return read(Path(__file__).parent / FOLDER, language)
    known = hooks.current()
    place = known.places.get(owner)
    if place is None:
        return _NONE
    return _read(_file(place / FOLDER, language), language, known.generation)


# -- what is wrong ----------------------------------------------------------------------------
def said(wrong: Problem | RelatumError, language: str) -> str:
    """Return the sentence of an error, or of one problem, in a language.

    Values in it are as they are, but for words that the core has for them. An error that tells its
    first problem tells it in the language.
    """
    params, problems = dict(wrong.params), getattr(wrong, "problems", ())
    first = params.get("first")
    if problems and isinstance(first, str):
        told = first.replace(problems[0].message, said(problems[0], language))
        params["first"] = _MORE.sub(lambda more: _value("first", more[0], language), told)
    return sentence(wrong.code, params, language)


def sentence(code: str, params: Mapping[str, Any], language: str) -> str:
    """Return the sentence of a code in a language, with values in it."""
    entry = REGISTRY[code]
    if language == FIRST:
        return entry.sentence(dict(params))
    if "message" in params and "plugin" in params:
        params = {**params, "message": message(params, language)}
    template = of(entry.owner, language).gettext(entry.template)
    values = {name: _value(name, value, language) for name, value in params.items()}
    if code == "rejected":
        values["message"] = _by_plugin(str(params["message"]), str(params["plugin"]), language)
    return dataclasses.replace(entry, template=template).sentence(values)


def message(params: Mapping[str, Any], language: str) -> str:
    """Return what a plugin says of a row by its own words, from the values of the problem."""
    text = params["message"]
    words = of(params["plugin"], language)
    if isinstance(text, Phrase):
        return words.gettext(text.template).format(**text.values)
    return words.gettext(text)


def title(error: RelatumError, language: str) -> str:
    """Return the short name of an error in a language."""
    return of(REGISTRY[error.code].owner, language).gettext(error.title)


def _value(name: str, value: Any, language: str) -> Any:
    """Return a value of a sentence as people say it, where the core has words for it.

    Their context is the name of the value; what is quoted in them, and numbers, are `{}`.
    """
    if not isinstance(value, str) or not value:
        return value
    near = _NEAREST.fullmatch(value)
    parts = [f"'{near[1]}'"] if near else _VARIABLE.findall(value)
    text = " Did you mean {}?" if near else _VARIABLE.sub("{}", value)
    found = of("core", language).pgettext(name, text)
    return value if found == text else found.format(*parts)


def _by_plugin(text: str, plugin: str, language: str) -> str:
    """Return what a plugin says of a row; what is quoted in it, and numbers, are `{}`."""
    template = _VARIABLE.sub("{}", text)
    found = of(plugin, language).pgettext("rejected", template)
    return text if found == template else found.format(*_VARIABLE.findall(text))

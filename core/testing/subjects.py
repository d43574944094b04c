"""The plugin that is tested: found by the word of an ini line, put into the instance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..hooks import reason_of
from ..plugin_host import Found, Plugin, discover
from ..plugin_host.discovery import found_at
from ..plugin_host.manifest import Unfit


@dataclass(frozen=True, slots=True)
class Subject:
    """A plugin as a test found it: its id, where it is, and whether the home needs a link to it."""

    found: Found
    linked: bool

    @property
    def id(self) -> str:
        """Its id."""
        return self.found.id

    @property
    def path(self) -> Path:
        """Its folder or file."""
        return self.found.path

    def place(self, home: Path) -> None:
        """Let an instance find it: a link in the home, unless every instance does anyway."""
        if self.linked:
            folder = home / "plugins"
            folder.mkdir(exist_ok=True)
            (folder / self.path.name).symlink_to(self.path)

    def take_away(self, home: Path) -> None:
        """Take that link away."""
        if self.linked:
            (home / "plugins" / self.path.name).unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """The plugin under test, enabled: what it says of itself, its module, and what it brings."""

    plugin: Plugin
    path: Path
    module: Any
    types: tuple[str, ...]
    permissions: tuple[str, ...]

    @property
    def id(self) -> str:
        """Its id."""
        return self.plugin.id

    @property
    def name(self) -> str:
        """What people call it."""
        return self.plugin.name

    @property
    def version(self) -> str:
        """Its version."""
        return self.plugin.version


def find(word: str, base: Path) -> Subject:
    """Return the plugin of a word: the id of one that is there, or a path below `base`.

    Raises ValueError with what to do.
    """
    known = discover(None)
    if word in known:
        return _sound(Subject(known[word], linked=False))
    tried = [base / word, base / "src" / word, base / f"{word}.py"]
    for path in tried:
        if (path / "__init__.py").is_file() or (path.suffix == ".py" and path.is_file()):
            return _sound(_at(path.resolve(), known))
    raise ValueError(
        f"'{word}' is no plugin that is installed or bundled ({', '.join(known)}), and there is "
        f"no {' nor '.join(map(str, tried))}: write an id, or the path to its folder or file"
    )


def _at(path: Path, known: dict[str, Found]) -> Subject:
    """Return the plugin of a path; one that is installed from there is found without a link."""
    for found in known.values():
        if found.path.resolve() == path:
            return Subject(found, linked=False)
    found = found_at(path)
    if found.id in known:
        raise ValueError(
            f"'{found.id}' is there twice, at {path} and at {known[found.id].path}: uninstall one"
        )
    return Subject(found, linked=True)


def _sound(subject: Subject) -> Subject:
    try:
        subject.found.sound  # noqa: B018  # it raises
    except Unfit as unfit:
        raise ValueError(f"'{subject.id}' can't be used: {reason_of(unfit)}") from None
    return subject

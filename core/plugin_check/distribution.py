"""What a distribution says of itself: in pyproject.toml, in setup.cfg, or in a wheel's METADATA."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, Final

GROUP: Final = "relatum.plugins"
PYPROJECT, SETUP = "pyproject.toml", "setup.cfg"


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """The metadata of a distribution; a value that is worked out by its build is None."""

    #: The file that says it, and its text, for the line of a finding.
    path: str
    text: str
    name: str
    version: str | None = None
    license: str | None = None
    #: Requirements as they are written; None if they are worked out by its build.
    requires: tuple[str, ...] | None = ()
    #: Modules by the ids of plugins.
    points: Mapping[str, str]

    def line(self, *words: str) -> int:
        """Return the first line that has all of some words; 0 if none has."""
        lines = enumerate(self.text.splitlines(), 1)
        return next((n for n, line in lines if all(word in line for word in words)), 0)


def of_project(folder: Path) -> Distribution | None:
    """Return what a folder's pyproject.toml or setup.cfg says; None without any; raise ValueError.

    A pyproject.toml without `[project]` leaves the word to setup.cfg.
    """
    file = folder / PYPROJECT
    if file.is_file():
        text = file.read_text(encoding="utf-8")
        project = tomllib.loads(text).get("project")
        if isinstance(project, dict):
            return _of_toml(text, project)
    file = folder / SETUP
    if file.is_file():
        return _of_setup(file.read_text(encoding="utf-8"))
    return None


def _of_toml(text: str, project: dict[str, Any]) -> Distribution:
    worked_out = project.get("dynamic", ())
    license_ = project.get("license")
    points = project.get("entry-points", {}).get(GROUP, {})
    return Distribution(
        path=PYPROJECT, text=text, name=str(project.get("name", "")),
        version=None if "version" in worked_out else project.get("version"),
        license=license_ if isinstance(license_, str) else None,
        requires=(
            None if "dependencies" in worked_out else tuple(project.get("dependencies", ()))
        ),
        points={str(name): _module(str(value)) for name, value in points.items()},
    )  # fmt: skip


def _of_setup(text: str) -> Distribution:
    said = configparser.ConfigParser(interpolation=None)
    try:
        said.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from None
    version = said.get("metadata", "version", fallback=None)
    listed = said.get("options.entry_points", GROUP, fallback="")
    return Distribution(
        path=SETUP, text=text, name=said.get("metadata", "name", fallback=""),
        version=None if version and version.startswith(("attr:", "file:")) else version,
        license=said.get("metadata", "license", fallback=None),
        requires=tuple(_lines(said.get("options", "install_requires", fallback=""))),
        points=_points(listed),
    )  # fmt: skip


def of_wheel(folder: Path) -> Distribution | None:
    """Return what the dist-info of an unpacked wheel says; None if it has none."""
    info = next(iter(sorted(folder.glob("*.dist-info"))), None)
    if info is None or not (info / "METADATA").is_file():
        return None
    text = (info / "METADATA").read_text(encoding="utf-8")
    said = HeaderParser().parsestr(text)
    points = info / "entry_points.txt"
    listed = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    listed.optionxform = str  # type: ignore[assignment,method-assign]  # ids are as they are
    listed.read_string(points.read_text(encoding="utf-8") if points.is_file() else "")
    named = listed[GROUP] if listed.has_section(GROUP) else {}
    return Distribution(
        path=f"{info.name}/METADATA", text=text, name=str(said.get("Name", "")),
        version=said.get("Version"),
        license=said.get("License-Expression") or said.get("License"),
        requires=tuple(said.get_all("Requires-Dist") or ()),
        points={name: _module(value) for name, value in named.items()},
    )  # fmt: skip


def _points(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in _lines(text))
    return {name.strip(): _module(value) for name, _, value in pairs}


def _module(value: str) -> str:
    return value.partition(":")[0].partition("[")[0].strip()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]

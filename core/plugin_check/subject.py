"""What is checked: a project, a wheel, or the folder or file of a plugin, read and never run."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import orjson

from ..errors import RelatumError
from ..plugin_host import Manifest, Unfit, discover, manifest
from . import distribution
from .code import Code, Graph, graph_of, parsed
from .distribution import Distribution

#: Bytes that a wheel unpacks to at most.
UNPACKED: Final = 500_000_000
#: Folders beside the code that hold none of the plugin's own.
_BESIDE: Final = frozenset({"__pycache__", "node_modules", "static", "build", "dist"})


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """A plugin as it lies there: its place, what it says of itself, and its code.

    `root` is what the paths of findings are relative to; `package` the folder of the plugin's
    module, or its one file.
    """

    root: Path
    package: Path
    codes: tuple[Code, ...]
    #: Its word on itself in the code; None, with the reason, if that can't be read.
    code: Manifest | None = None
    problem: str = ""
    #: (path, line, reason) of files that are no Python.
    broken: tuple[tuple[str, int, str], ...] = ()
    #: A project or a wheel.
    distribution: Distribution | None = None
    #: What is imported of a distribution.
    module: str = ""
    #: The name that the file or the folder of a plugin has.
    stem: str = ""
    bundled: bool = False

    @property
    def id(self) -> str:
        """Its id, as far as that is known."""
        if self.code is not None:
            return self.code.plugin.id
        return next(iter(self.distribution.points), "") if self.distribution else self.stem

    @property
    def requires(self) -> frozenset[str]:
        """The ids of the plugins that it requires."""
        return frozenset(self.code.plugin.requires) if self.code is not None else frozenset()

    @property
    def main(self) -> Code | None:
        """The module that says what the plugin is."""
        return next((code for code in self.codes if not code.module), None)

    @property
    def entry(self) -> str:
        """The path of that module, for what has no other place."""
        return self.main.path if self.main is not None else self.shown(self.package)

    @cached_property
    def graph(self) -> Graph:
        """Who calls whom among its functions."""
        return graph_of(list(self.codes))

    @cached_property
    def said(self) -> Manifest | Unfit | None:
        """What its plugin.json says; None without one."""
        file = self.package / manifest.FILE
        if not self.package.is_dir() or not file.is_file():
            return None
        try:
            return manifest.parse(orjson.loads(file.read_bytes()))
        except orjson.JSONDecodeError as error:
            return Unfit(f"{manifest.FILE} is not JSON: {error}")
        except Unfit as unfit:
            return unfit

    def shown(self, path: Path) -> str:
        """Return a path as findings show it."""
        return path.relative_to(self.root).as_posix() if path != self.root else path.name

    def files(self, pattern: str) -> list[Path]:
        """Return the files of its folder that a pattern finds, without what others built."""
        if not self.package.is_dir():
            return []
        return [
            path
            for path in sorted(self.package.rglob(pattern))
            if path.is_file() and "node_modules" not in path.parts
        ]


@contextmanager
def opened(path: Path) -> Iterator[Subject]:
    """Give what is checked at a path; a wheel is unpacked beside. Raises `check_unreadable`."""
    path = path.resolve()
    with ExitStack() as stack:
        try:
            if path.suffix == ".whl" and path.is_file():
                made = tempfile.TemporaryDirectory(prefix="relatum-check-")
                subject = _of_wheel(path, Path(stack.enter_context(made)))
            else:
                subject = _at(path)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            raise RelatumError("check_unreadable", path=str(path), reason=reason) from error
        yield subject


def _at(path: Path) -> Subject:
    if path.is_file() and path.suffix == ".py":
        return _read(path, path, stem=path.stem)
    if (path / "__init__.py").is_file():
        known = discover(None).get(path.name)
        return _read(path, path, stem=path.name, bundled=known is not None and known.path == path)
    found = distribution.of_project(path) if path.is_dir() else None
    if found is None:
        raise ValueError("no pyproject.toml, no __init__.py and no wheel is there")
    module = next(iter(found.points.values()), "")
    return _read(path, _package(path, module), made=found, module=module)


def _of_wheel(wheel: Path, folder: Path) -> Subject:
    with zipfile.ZipFile(wheel) as archive:
        if sum(member.file_size for member in archive.infolist()) > UNPACKED:
            raise ValueError(f"it unpacks to more than {UNPACKED:,} bytes")
        archive.extractall(folder)
    made = distribution.of_wheel(folder)
    if made is None:
        raise ValueError("it has no dist-info with METADATA, so it is no wheel")
    module = next(iter(made.points.values()), "")
    return _read(folder, _package(folder, module), made=made, module=module)


def _package(folder: Path, module: str) -> Path:
    """Return where the module of a plugin is; without a name for it, where a plugin.json is."""
    for base in (folder, folder / "src"):
        place = base.joinpath(*module.split("."))
        if module and place.is_dir():
            return place
        if module and place.with_suffix(".py").is_file():
            return place.with_suffix(".py")
        found = [file.parent for file in base.glob(f"*/{manifest.FILE}")]
        if found and not module:
            return found[0]
    raise ValueError(
        f"its entry point names the module '{module}', which is not there"
        if module
        else f"no entry point of the group {distribution.GROUP} names a module"
    )


def _read(
    root: Path,
    package: Path,
    *,
    made: Distribution | None = None,
    module: str = "",
    stem: str = "",
    bundled: bool = False,
) -> Subject:
    codes, broken = [], []
    for path in sorted(_sources(package)):
        try:
            codes.append(parsed(path, root, package))
        except (SyntaxError, ValueError) as error:
            shown = path.relative_to(root).as_posix() if path != root else path.name
            line = (error.lineno if isinstance(error, SyntaxError) else 0) or 0
            broken.append((shown, line, getattr(error, "msg", str(error))))
    code, problem = None, ""
    try:
        code = manifest.read(package, by_code=True)
    except Unfit as unfit:
        problem = str(unfit)
    return Subject(
        root=root, package=package, codes=tuple(codes), code=code, problem=problem,
        broken=tuple(broken), distribution=made, module=module, stem=stem, bundled=bundled,
    )  # fmt: skip


def _sources(package: Path) -> Iterator[Path]:
    if package.is_file():
        yield package
        return
    for path in package.rglob("*.py"):
        below = path.relative_to(package).parts[:-1]
        if not _BESIDE.intersection(below):
            yield path

"""Which plugins are there: bundled, installed with pip, or in the home. None of them is run."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ..config import Config
from . import imported
from .manifest import QUARANTINED, Manifest, Unfit, check_id, read, words_of

GROUP: Final = "relatum.plugins"
#: Where the bundled plugins are.
_FOLDER: Final = Path(__file__).resolve().parents[2] / "plugins"
_PACKAGE: Final = f"{__name__.partition('.')[0]}.plugins"
#: What the modules of distributions begin with, as `relatum plugins new` calls them; a folder of
#: such a name may lie in the home as it is.
MODULE_PREFIX: Final = "relatum_"
BUNDLED, INSTALLED, HOME = "bundled", "installed", "home"
#: Nanoseconds after which nobody writes on what an installation has written.
_SETTLED: Final = 2_000_000_000

_Distributions = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A plugin that is there; `problem` says why it can't be used, `fault` in one word."""

    id: str
    source: str
    path: Path
    #: What is imported; a plugin in the home gets its name when it is.
    module: str = ""
    manifest: Manifest | None = None
    problem: str | None = None
    fault: str = QUARANTINED

    @property
    def version(self) -> str:
        """Its version, or a dash."""
        return self.manifest.plugin.version if self.manifest else "-"

    @property
    def origin(self) -> dict[str, Any]:
        """Where it is from: source, package, publisher, address, and since when it is there."""
        said: dict[str, Any] = {"package": None, "publisher": None, "address": None}
        file = self.path / "__init__.py" if self.path.is_dir() else self.path
        if self.source == INSTALLED:
            said |= _published(self.id)
        elif self.source == BUNDLED:
            said["publisher"] = "Relatum"
        since = datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None
        return {"source": self.source, **said, "since": since and since.date().isoformat()}

    @property
    def sound(self) -> Manifest:
        """Its manifest; raise `Unfit` if there is a problem."""
        if self.manifest is None or self.problem:
            raise Unfit(self.problem or "it has no manifest", self.fault)
        return self.manifest


def discover(config: Config | None) -> dict[str, Found]:
    """Return every plugin that is there for an instance with these settings, by id.

    Without settings: those of the program and of this machine alone. Reads files and runs nothing.
    """
    bundled = list(_bundled())
    reserved = words_of(found.manifest for found in bundled if found.manifest)
    folders = config.plugin_folders if config is not None else ()
    own = (found for folder in folders for found in _in(folder))
    others = [_allowed(found, reserved) for found in (*_installed(), *own)]
    found = [*bundled, *others]
    counts = Counter(each.id for each in found)
    made: dict[str, Found] = {}
    for each in found:
        if counts[each.id] > 1:
            places = " and ".join(str(other.path) for other in found if other.id == each.id)
            made[each.id] = replace(each, problem=f"there are two of that id: {places}")
        else:
            made[each.id] = each
    return made


def _found(plugin_id: str, source: str, path: Path, module: str = "") -> Found:
    manifest, problem, fault = None, None, QUARANTINED
    try:
        manifest = read(path)
    except Unfit as unfit:
        problem, fault = str(unfit), unfit.fault
    else:
        if manifest.plugin.id != plugin_id:
            problem = f"it calls itself '{manifest.plugin.id}', and is found as '{plugin_id}'"
        elif source != HOME and manifest.provides is None:
            problem = "a distribution needs a plugin.json beside its __init__.py"
    return Found(
        id=plugin_id, source=source, path=path, module=module, manifest=manifest,
        problem=problem, fault=fault,
    )  # fmt: skip


def _allowed(found: Found, reserved: frozenset[str]) -> Found:
    try:
        check_id(found.id, reserved)
    except Unfit as unfit:
        return replace(found, problem=str(unfit))
    return found


def _bundled() -> Iterator[Found]:
    for folder in sorted(_FOLDER.iterdir()):
        if (folder / "__init__.py").exists():
            yield _found(folder.name, BUNDLED, folder, f"{_PACKAGE}.{folder.name}")


def _installed() -> Iterator[Found]:
    for point in sorted(_points(), key=lambda p: (p.name, p.value)):
        yield _found(point.name, INSTALLED, _place(point.module), point.module)


def _points() -> EntryPoints:
    """Return what distributions say of plugins, read anew when one has come, gone or changed."""
    known = _distributions()
    newest = max((written for _, *times in known for written in times), default=0)
    # The clock of files ticks in milliseconds: what was just written may be written on unseen.
    settled = time.time_ns() - newest > _SETTLED
    return _kept(known) if settled else entry_points(group=GROUP)


@lru_cache(maxsize=1)
def _kept(_: _Distributions) -> EntryPoints:
    return entry_points(group=GROUP)


def _distributions() -> _Distributions:
    """Return the folder of each distribution, and when it and its entry points were written."""
    found = []
    for place in dict.fromkeys(sys.path):
        with suppress(OSError), os.scandir(place or ".") as entries:
            for entry in entries:
                if entry.name.endswith((".dist-info", ".egg-info")):
                    points = Path(entry.path, "entry_points.txt")
                    written = points.stat().st_mtime_ns if points.exists() else 0
                    found.append((entry.path, entry.stat().st_mtime_ns, written))
    return tuple(sorted(found))


def _published(plugin_id: str) -> dict[str, Any]:
    """Return what the distribution of a plugin says of itself."""
    for point in _points().select(name=plugin_id):
        if point.dist is not None:
            said = point.dist.metadata
            people = [*(said.get_all("Author") or ()), *(said.get_all("Author-email") or ())]
            addresses = [u.rpartition(", ")[2] for u in said.get_all("Project-URL") or ()]
            return {
                "package": f"{point.dist.name} {point.dist.version}",
                "publisher": next(iter(people), None),
                "address": next(iter(addresses), None),
            }
    return {}


def _place(module: str) -> Path:
    """Return where a module is; its packages are not imported for that."""
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return Path(module)
    folders = spec.submodule_search_locations
    base = Path(next(iter(folders))) if folders else Path(spec.origin or top)
    path = base.joinpath(*rest)
    return path if path.exists() else path.with_suffix(".py")


def _in(folder: Path) -> Iterator[Found]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if (path.suffix == ".py" and path.is_file()) or (path / "__init__.py").exists():
            yield found_at(path)


def found_at(path: Path) -> Found:
    """Return the plugin that a file or folder would be in a home."""
    name = path.stem if path.is_file() else path.name.removeprefix(MODULE_PREFIX)
    return _found(name, HOME, path)


def at(path: Path) -> Found:
    """Return the plugin of a folder or file, by its code alone.

    Its plugin.json may be wrong or missing.
    """
    folder = path.resolve()
    source = BUNDLED if folder.parent == _FOLDER else HOME
    module = f"{_PACKAGE}.{folder.name}" if source == BUNDLED else ""
    manifest, problem = None, None
    try:
        manifest = read(folder, by_code=True)
    except Unfit as unfit:
        problem = str(unfit)
    # The folder of a distribution's module has a name of its own.
    known = manifest.plugin.id if manifest is not None and source == HOME else folder.stem
    return Found(
        id=known, source=source, path=folder, module=module, manifest=manifest, problem=problem
    )


# -- running --------------------------------------------------------------------------------
def run(found: Found) -> ModuleType:
    """Import a plugin's module, once per content; whatever importing raises passes.

    A plugin in the home whose files have changed is imported anew; an installed one needs a new
    process for that.
    """
    if found.source != HOME:
        return imported.take(found)
    # Where a link leads is what is run, so that its files are there as long as its module is.
    place = found.path.resolve()
    folder = place if place.is_dir() else None
    file = folder / "__init__.py" if folder else place
    name = f"relatum_plugin_{found.id}_{imported.digest(place)}"
    known = sys.modules.get(name)
    if known is not None:
        return known
    locations = [str(folder)] if folder else None
    spec = importlib.util.spec_from_file_location(
        name, file, loader=Fresh(name, str(file)), submodule_search_locations=locations
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


class Fresh(SourceFileLoader):
    """Compiles the file as it is: what is cached beside it goes by whole seconds only."""

    def path_stats(self, path: Any) -> Any:
        raise OSError(path)

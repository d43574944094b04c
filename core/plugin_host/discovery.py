"""Which plugins are there: bundled, installed with pip, or in the home. None of them is run."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from .manifest import Manifest, Unfit, check_id, read, words_of

GROUP: Final = "relatum.plugins"
#: Where the bundled plugins are.
_FOLDER: Final = Path(__file__).resolve().parents[2] / "plugins"
_PACKAGE: Final = f"{__name__.partition('.')[0]}.plugins"
BUNDLED, INSTALLED, HOME = "bundled", "installed", "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A plugin that is there; `problem` says why it can't be used."""

    id: str
    source: str
    path: Path
    #: What is imported; a plugin in the home gets its name when it is.
    module: str = ""
    manifest: Manifest | None = None
    problem: str | None = None

    @property
    def version(self) -> str:
        """Its version, or a dash."""
        return self.manifest.plugin.version if self.manifest else "-"

    @property
    def sound(self) -> Manifest:
        """Its manifest; raise `Unfit` if there is a problem."""
        if self.manifest is None or self.problem:
            raise Unfit(self.problem or "it has no manifest")
        return self.manifest


def discover(home: Path | None) -> dict[str, Found]:
    """Return every plugin that is there, by id; without a home, those of the program alone.

    Reads files and runs nothing.
    """
    bundled = list(_bundled())
    reserved = words_of(found.manifest for found in bundled if found.manifest)
    others = [
        _allowed(found, reserved)
        for found in (*_installed(), *(_in(home / "plugins") if home else ()))
    ]
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
    manifest, problem = None, None
    try:
        manifest = read(path)
    except Unfit as unfit:
        problem = str(unfit)
    else:
        if manifest.plugin.id != plugin_id:
            problem = f"it calls itself '{manifest.plugin.id}', and is found as '{plugin_id}'"
        elif source != HOME and manifest.provides is None:
            problem = "a distribution needs a plugin.json beside its __init__.py"
    return Found(
        id=plugin_id, source=source, path=path, module=module, manifest=manifest, problem=problem
    )


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
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        yield _found(point.name, INSTALLED, _place(point.module), point.module)


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
        if path.suffix == ".py" and path.is_file():
            yield _found(path.stem, HOME, path)
        elif (path / "__init__.py").exists():
            yield _found(path.name, HOME, path)


def at(path: Path) -> Found:
    """Return the plugin of a folder, by its code alone: its plugin.json may be wrong or missing."""
    folder = path.resolve()
    source = BUNDLED if folder.parent == _FOLDER else HOME
    module = f"{_PACKAGE}.{folder.name}" if source == BUNDLED else ""
    manifest, problem = None, None
    try:
        manifest = read(folder, by_code=True)
    except Unfit as unfit:
        problem = str(unfit)
    return Found(
        id=folder.name, source=source, path=folder, module=module, manifest=manifest,
        problem=problem,
    )  # fmt: skip


# -- running --------------------------------------------------------------------------------
def run(found: Found) -> ModuleType:
    """Import a plugin's module, once per content; whatever importing raises passes.

    A plugin in the home whose files have changed is imported anew; an installed one needs a new
    process for that.
    """
    if found.source != HOME:
        return importlib.import_module(found.module)
    folder = found.path if found.path.is_dir() else None
    file = folder / "__init__.py" if folder else found.path
    name = f"relatum_plugin_{found.id}_{_digest(found.path)}"
    known = sys.modules.get(name)
    if known is not None:
        return known
    locations = [str(folder)] if folder else None
    spec = importlib.util.spec_from_file_location(
        name, file, loader=_Fresh(name, str(file)), submodule_search_locations=locations
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


class _Fresh(SourceFileLoader):
    """Compiles the file as it is: what is cached beside it goes by whole seconds only."""

    def path_stats(self, path: Any) -> Any:
        raise OSError(path)


def _digest(path: Path) -> str:
    made = hashlib.sha256(str(path).encode())
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        made.update(file.read_bytes())
    return made.hexdigest()[:12]

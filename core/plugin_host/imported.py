"""Which code of plugins this process runs: what is imported once stays, whatever the disk says.

A plugin in the home is imported anew when its files change (see discovery); a bundled or installed
one needs a new process for that. So what it was when it was imported is remembered.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from .manifest import FILE, RESTART, Unfit

#: What a file is told apart by without being read.
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Code:
    """The code of a plugin as it was imported: what was found then, and a mark of its files."""

    found: Any
    digest: str
    stamp: Stamp


_CODES: Final[dict[str, Code]] = {}


def take(found: Any) -> ModuleType:
    """Import the module of a bundled or installed plugin; whatever importing raises passes.

    A failed import leaves nothing behind, so that the next one reads all files again.
    """
    if found.module not in _CODES:
        importlib.invalidate_caches()  # it may have been installed a moment ago
        known = set(sys.modules)
        code = Code(found=found, digest=digest(found.path), stamp=_stamp(found.path))
        try:
            module = importlib.import_module(found.module)
        except BaseException:
            for name in set(sys.modules) - known:
                if f"{name}.".startswith(f"{found.module}."):
                    del sys.modules[name]
            raise
        _CODES[found.module] = code
        return module
    return importlib.import_module(found.module)


def code_of(found: Any) -> Code | None:
    """Return what this process has imported of a plugin; None if that is nothing, or at home."""
    return _CODES.get(found.module) if found.module else None


def is_other(found: Any) -> bool:
    """Say whether the code of a plugin on the disk is another than what this process runs."""
    code = code_of(found)
    if code is None or code.stamp == _stamp(found.path):
        return False
    return code.digest != digest(found.path)


def former(found: Any, enabled: str, *, allowed: bool) -> Any:
    """Return what this process runs of a plugin if the disk has another by now; else None.

    Raises `Unfit` if its version is not the one that is enabled, unless that is `allowed`.
    """
    code = code_of(found)
    if code is None or not is_other(found):
        return None
    if code.found.version != enabled and not allowed:
        raise Unfit(difference(found, found.version), RESTART)
    return code.found


def difference(found: Any, version: str) -> str:
    """Return in what a `version` on the disk differs from what this process runs."""
    code = code_of(found)
    if code is not None and code.found.version != version:
        was = f"version {version} is there, and this process runs {code.found.version}"
    else:
        was = "its files are others than those that this process runs"
    return f"{was}; run: relatum plugins reload"


def has_run() -> bool:
    """Say whether this process has run plugins that it can't import anew."""
    return bool(_CODES)


def digest(path: Path) -> str:
    """Return a mark of the code of a plugin, and of where it is."""
    made = hashlib.sha256(str(path).encode())
    for file in _files(path):
        made.update(file.read_bytes())
    return made.hexdigest()[:12]


def _stamp(path: Path) -> Stamp:
    return tuple(
        (str(file), found.st_mtime_ns, found.st_size)
        for file in _files(path)
        for found in [file.stat()]
    )


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield from [path] if path.exists() else []
        return
    yield from sorted(path.rglob("*.py"))
    if (path / FILE).exists():
        yield path / FILE

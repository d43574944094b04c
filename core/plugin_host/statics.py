"""The files that a plugin serves beside its pages: addresses that change with what is in a file."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from flask import Blueprint

from .loading import Active
from .routes import PAGES

#: The word of an address that says which content is meant.
WORD: Final = "v"


def static_url(active: Active, name: str) -> str:
    """Return the address of a file of a plugin's blueprint, which browsers may keep for good.

    Raises ValueError if the pages of the plugin have no such file.
    """
    pages = active.routes.pages if active.routes is not None else None
    mark = digest(pages, name) if pages is not None else None
    if pages is None or mark is None:
        raise ValueError(f"the blueprint of its pages has no file '{name}' in a static_folder")
    below = (pages.static_url_path or "/static").rstrip("/")
    return f"{PAGES}{active.found.id}{below}/{quote(name)}?{WORD}={mark}"


def digest(pages: Blueprint, name: str) -> str | None:
    """Return a short mark of what is in a file of a blueprint; None if there is none."""
    if not pages.has_static_folder or pages.static_folder is None:
        return None
    folder = Path(pages.static_folder).resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        return None
    return _digest(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1024)
def _digest(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]

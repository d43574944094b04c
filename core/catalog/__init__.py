"""The catalog: the immutable, read-only snapshot of all entity types of one generation.

A transaction is pinned to the catalog of the generation that its fence read. A type whose
definition did not change keeps its `EntityType` and `Table` across generations, so that
statement caches stay warm and old catalogs can be collected (M5).
"""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from .. import db, hooks, languages
from . import patches as patches
from . import sight, speaking
from .entity_types import INHERITED as INHERITED
from .entity_types import SYSTEM_COLUMNS as SYSTEM_COLUMNS
from .entity_types import Catalog as Catalog
from .entity_types import EntityType as EntityType
from .entity_types import Key as Key
from .entity_types import Relation as Relation
from .entity_types import title_names as title_names
from .layouts import Layout as Layout
from .layouts import View as View
from .loading import METADATA as METADATA
from .loading import Rows as Rows
from .loading import TypeBuilder as TypeBuilder
from .loading import build as build
from .loading import load as load
from .loading import of_types as of_types
from .loading import read_rows as read_rows
from .loading import system_fields as system_fields
from .loading import unique_keys as unique_keys
from .patches import Patch as Patch
from .patches import Patches as Patches
from .sight import Rule as Rule
from .sight import Sight as Sight
from .sight import TypeSight as TypeSight
from .sight import settle as settle
from .sight import through as through
from .sight import trimmed as trimmed

_lock = threading.Lock()
_loaded: WeakKeyDictionary[sa.Engine, Catalog] = WeakKeyDictionary()


def current(language: str = languages.FIRST) -> Catalog:
    """Return the catalog that the open transaction obeys, its words in a language.

    Definitions are read, changed and exported in the first one, English.
    """
    tx = db.current()
    pinned: Catalog | None = tx.memo.get("catalog")
    if pinned is None:
        pinned = tx.memo["catalog"] = _at(tx)
    return pinned if language == languages.FIRST else speaking.in_language(pinned, language)


def zone_of(own: str | None) -> ZoneInfo:
    """Return the time zone that somebody or something has, else that of the instance."""
    return ZoneInfo(own or current().zone)


def around(entity_type: EntityType) -> Catalog:
    """Return the catalog that a type was taken from: as somebody sees it, or the whole one."""
    return sight.around(entity_type) or current()


def _at(tx: db.Transaction) -> Catalog:
    engine = db.engine()
    known = _loaded.get(engine)
    plugins = hooks.current().generation
    if known is not None and (known.generation, known.plugins) == (tx.epochs.catalog, plugins):
        return known
    fresh = load(tx.connection, tx.epochs.catalog, known)
    if hooks.overridden():
        return fresh
    with _lock:
        newest = _loaded.get(engine)
        newer = (fresh.generation, fresh.plugins)
        if newest is None or (newest.generation, newest.plugins) < newer:
            _loaded[engine] = fresh
            if _reshaped(newest, fresh):
                _forget_statements(engine)
    return fresh


def _forget_statements(engine: sa.Engine) -> None:
    """Let go of the compiled statements of types that are not so any more."""
    while True:
        try:
            engine.clear_compiled_cache()
        except RuntimeError:
            # Another thread put a statement in meanwhile; clearing does not wait for it.
            continue
        return


def _reshaped(old: Catalog | None, new: Catalog) -> bool:
    return old is not None and any(
        old.types[name] is not entity_type
        for name, entity_type in new.types.items()
        if name in old.types
    )


def forget() -> None:
    """Drop the loaded catalog of the current application (after restoring a backup)."""
    with _lock:
        _loaded.pop(db.engine(), None)

"""The mark of an instance that holds the demonstration, by which its pages say that it does."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from .. import catalog, db, entities, models
from ..actor import Actor

#: The setting of the instance, in `catalog.current().settings`, that only a demonstration has.
SETTING: Final = "demo"
_TABLE: Final[Any] = models.Setting.__table__


def mark() -> None:
    """Mark the instance; the catalog that is made after this says so."""
    row = {"name": SETTING, "value": "1"}
    db.for_writing().connection.execute(sa.insert(_TABLE), row)


def unmark(*, actor: Actor) -> None:
    """Take the mark away, for every worker; in an exclusive transaction."""
    if SETTING in catalog.current().settings:
        gone = sa.delete(_TABLE).where(_TABLE.c.name == SETTING)
        db.for_writing().connection.execute(gone)
        entities.touch_catalog("the demonstration is removed", actor=actor)

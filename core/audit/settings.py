"""Noting which settings an instance is served with, when they are others than the last time."""

from __future__ import annotations

from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import db, keys
from ..actor import Actor
from ..config import SETTINGS
from .noting import ENTRIES, note

_EVENT: Final = "settings_changed"
#: Settings that hold a secret, or may: a mark shows that one has changed, and not to what.
_SECRET: Final = frozenset({"keys", "database_url", "queue_url"})
_MARK: Final = 8


def note_settings(*, actor: Actor) -> None:
    """Note the settings that differ from their defaults, if they are not those noted last."""
    now, was = _given(), _last()
    if now != was:
        note(_EVENT, "settings", actor=actor, before=was, after=now)


def _given() -> dict[str, Any]:
    config, found = db.settings(), {}
    for each in SETTINGS:
        value = getattr(config, each.name)
        if value != each.default:
            hides = each.name in _SECRET or each.metadata["check"] is not None
            found[each.name] = _marked(each.name, str(value)) if hides else value
    return found


def _marked(name: str, value: str) -> str:
    return "secret " + keys.ring().digest(value, name)[:_MARK]


def _last() -> dict[str, Any] | None:
    query = sa.select(ENTRIES.c.after).where(ENTRIES.c.event == _EVENT)
    text = db.current().connection.execute(query.order_by(ENTRIES.c.id.desc()).limit(1)).scalar()
    return None if text is None else dict(orjson.loads(text))

"""Noting what is done, in the transaction in which it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import changes, clock, db, models
from ..actor import Actor
from .events import EVENTS

ENTRIES: Final[Any] = models.AuditEntry.__table__
_INSERT: Final = sa.insert(ENTRIES)


def note(
    event: str,
    subject: str | None = None,
    *,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note what an actor does: an event of `EVENTS`, and what it is done to, such as `user:7`.

    `before` and `after` are what it was and what it is now, never a secret.
    """
    note_all(event, [Done(subject, before, after)], actor=actor)


class Done(NamedTuple):
    """What an event was done to, what that was before and is afterwards."""

    subject: str | None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def note_all(event: str, done: Iterable[Done], *, actor: Actor) -> None:
    """Note the same event of several subjects."""
    if event not in EVENTS:
        raise ValueError(f"'{event}' is no event of the audit log")
    looks = actor.behind is not None
    who = {
        "at": clock.now(), "actor_id": actor.behind if looks else actor.user_id,
        "source": "view_as" if looks else actor.source, "address": actor.address, "event": event,
    }  # fmt: skip
    rows = [
        {**who, "subject": each.subject, "before": _dump(each.before), "after": _dump(each.after)}
        for each in done
    ]
    if rows:
        db.for_writing().connection.execute(_INSERT, rows)


def _dump(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else changes.dump(value).decode()

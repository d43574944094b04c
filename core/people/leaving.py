"""Let somebody leave: he is out at once, and what he owns may go to others, as one job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import access, auth, db, jobs, records
from ..actor import Actor, system
from ..auth.people import known
from ..own_jobs import HAND_OVER, owned


def leaving(user_id: int, *, actor: Actor) -> dict[str, Any]:
    """Say what disabling a user would end, and what he owns; writes nothing.

    Returns {user: {id, name, active}, sessions, links, tokens, records, open, types: [{type,
    label, records, open, state}]}: `open` counts what is not in a closed category of the choice
    `state`, and all where there is none. Raises `forbidden`, `record_unknown`.
    """
    access.require(actor, "list", "what a user owns")
    found = records.get("user", user_id, actor=actor)
    user = {name: found[name] for name in ("id", "name", "active")}
    types = owned(user_id, actor=actor)
    totals = {word: sum(each[word] for each in types) for word in ("records", "open")}
    return {"user": user, **auth.ways_in(user_id), **totals, "types": types}


def disable(
    user_id: int,
    *,
    actor: Actor,
    transfer_to: int | None = None,
    heirs: Mapping[str, int | None] | None = None,
    only_open: bool = True,
) -> dict[str, Any]:
    """Keep a user from signing in, at once, and let a job hand over what he owns.

    `transfer_to` is who gets it, `heirs` who gets records of some types instead (None: they
    stay). Without either, nothing changes hands. It works for who is disabled already, too.

    Returns {user, status: updated or unchanged, sessions, links, tokens: how many of each have
    ended, job}. Raises `forbidden`, `record_unknown`, `last_admin`, `Invalid` naming a wrong heir.
    """
    access.require(actor, "disable", "users")
    db.for_writing()
    known(user_id)
    ended = auth.ways_in(user_id)
    [outcome] = records.update("user", [{"id": user_id, "active": False}], actor=actor)
    if outcome.status == "unchanged":
        ended = dict.fromkeys(ended, 0)
    job = None
    others = dict(heirs or {})
    asked: dict[str, Any] = {"user": user_id, "only_open": only_open, "heirs": others}
    if transfer_to is not None:
        asked["transfer_to"] = transfer_to
    if transfer_to is not None or any(heir is not None for heir in others.values()):
        # Who disables himself can't act in a job any more.
        by = system(actor.source) if actor.user_id == user_id else actor
        job = jobs.enqueue(HAND_OVER.name, asked, actor=by)
    return {"user": user_id, "status": outcome.status, **ended, "job": job}


def enable(user_id: int, *, actor: Actor) -> dict[str, Any]:
    """Let a user sign in again, by his password, a new link, and the tokens that he has.

    Returns {user, status: updated or unchanged}. Raises `forbidden`, `record_unknown`.
    """
    access.require(actor, "disable", "users")
    [outcome] = records.update("user", [{"id": user_id, "active": True}], actor=actor)
    return {"user": user_id, "status": outcome.status}

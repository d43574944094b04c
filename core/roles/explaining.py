"""Why somebody may do something with a record, or may not: every role and share, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from .. import access, auth, catalog, records
from ..access import grants
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError, nearest

_WORDS = {
    "own": "records that one owns",
    "team": "records of one's own and of the team",
    "tree": "records of the team and of all teams beneath it",
    "all": "all records",
}


def why(
    user_id: int, action: str, type_name: str, record_id: int | None = None, *, actor: Actor
) -> dict[str, Any]:
    """Say whether a user may do something with a record (None: with any of the type), and why.

    Returns {allowed, user, action, type, id, reasons: [{allows, role, reason}], hidden, locked}.
    For administrators, and for oneself. Raises `record_unknown`, `type_unknown`, `forbidden`.
    """
    if actor.user_id != user_id:
        access.require(actor, "explain", "what others may do")
    if action not in access.ACTIONS:
        reason = f"it is no action.{nearest(action, list(access.ACTIONS))}"
        raise RelatumError("bad_parameter", name="action", reason=reason)
    entity_type = catalog.current().type(type_name)
    if record_id is not None:
        records.get(type_name, record_id, actor=actor, trashed=True)
    who = auth.actor_of_user(user_id, source="cli")
    reasons = [*_reasons(who, action, entity_type, record_id)]
    seen = access.seen(who).types.get(type_name) if who is not None else None
    unseen = _unseen(who, seen, entity_type, record_id)
    if unseen is not None:
        reasons.append(_reason(unseen))
    fields = seen.fields if seen is not None else {}
    return {
        "allowed": unseen is None and any(reason["allows"] for reason in reasons),
        "user": user_id, "action": action, "type": type_name, "id": record_id, "reasons": reasons,
        "hidden": [name for name in entity_type.fields if name not in fields],
        "locked": [
            name for name, field in fields.items()
            if field.read_only and not entity_type.fields[name].read_only
        ],
    }  # fmt: skip


def _unseen(
    who: Actor | None, seen: EntityType | None, entity_type: EntityType, record_id: int | None
) -> str | None:
    """Say why the user sees no such record: nobody does anything with what he does not see."""
    if who is None:
        return None
    if seen is None:
        return "no role lets the user read records of this type"
    if record_id is not None and not records.admitted(entity_type, [record_id], "read", who):
        return "the user does not see this record: no role that reads this type admits it"
    return None


def _reasons(
    who: Actor | None, action: str, entity_type: EntityType, record_id: int | None
) -> Iterator[dict[str, Any]]:
    if who is None:
        yield _reason("the user is not active, or in the trash")
        return
    if who.admin:
        yield _reason("the user is an administrator", allows=True)
        return
    roles = access.standing(who).roles
    if not roles:
        yield _reason("the user and his team hold no role, and no grant means no")
    for role in roles:
        given = role.given(entity_type, action)
        if given is None:
            told = f"its line for {_line(role, entity_type)} has no {action}"
            yield _reason(told, role=role.name)
            continue
        meets = record_id is None or _meets(who, action, entity_type, record_id, given)
        told = _WORDS.get(given.scope) or f"records that meet {_shown(given.criteria)}"
        fit = "" if meets else ", and this is none of them"
        yield _reason(f"it allows {action} on {told}{fit}", role=role.name, allows=meets)
    if record_id is not None and roles and action != "create":
        alone = records.admitted(entity_type, [record_id], action, who)
        if alone and not any(_grants(role, who, action, entity_type, record_id) for role in roles):
            yield _reason("the record is shared with the user or his team", allows=True)


def _reason(reason: str, *, role: str | None = None, allows: bool = False) -> dict[str, Any]:
    return {"allows": allows, "role": role, "reason": reason}


def _line(role: grants.Role, entity_type: EntityType) -> str:
    return f"'{entity_type.name}'" if entity_type.id in role.lines else "all types"


def _shown(criteria: str | None) -> str:
    return orjson.dumps(orjson.loads(criteria or "{}")).decode()


def _grants(
    role: grants.Role, who: Actor, action: str, entity_type: EntityType, record_id: int
) -> bool:
    given = role.given(entity_type, action)
    return given is not None and _meets(who, action, entity_type, record_id, given)


def _meets(
    who: Actor, action: str, entity_type: EntityType, record_id: int, given: grants.Given
) -> bool:
    """Say whether a record is among those that one grant admits by itself, without shares."""
    rule = grants.joined([given])
    return bool(records.meeting(entity_type, [record_id], rule, who))

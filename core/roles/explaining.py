"""Why somebody may do something with a record, or may not: every role and share, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from .. import access, auth, catalog, db, records
from ..access import grants
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError, nearest
from ..languages import Phrase
from . import sighting

_WORDS: Final = {
    "own": Phrase("records that one owns"),
    "team": Phrase("records of one's own and of the team"),
    "tree": Phrase("records of the team and of all teams beneath it"),
    "all": Phrase("all records"),
}
#: Users whom `who_sees` names.
MOST_SEEN: Final = 200
_ADMINISTRATOR: Final = Phrase("the user is an administrator")


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
    entity_type = catalog.current().type(access.seen(actor).type(type_name).name)
    if record_id is not None:
        records.get(type_name, record_id, actor=actor, trashed=True)
    who = auth.actor_of_user(user_id, source="cli")
    reasons = [*_reasons(who, action, entity_type, record_id, frank=actor.admin)]
    seen = access.seen(who).types.get(type_name) if who is not None else None
    unseen = _unseen(who, seen, entity_type, record_id)
    if unseen is not None:
        reasons.append(_reason(unseen))
    fields = seen.fields if seen is not None else {}
    return {
        "allowed": unseen is None and any(reason["allows"] for reason in reasons),
        "user": user_id, "action": action, "type": type_name, "id": record_id, "reasons": reasons,
        # Of what he does not see nobody is told about himself.
        "hidden": [n for n in entity_type.fields if actor.admin and n not in fields],
        "locked": [
            name for name, field in fields.items()
            if field.read_only and not entity_type.fields[name].read_only
        ],
    }  # fmt: skip


def _unseen(
    who: Actor | None, seen: EntityType | None, entity_type: EntityType, record_id: int | None
) -> Phrase | None:
    """Say why the user sees no such record: nobody does anything with what he does not see."""
    if who is None:
        return None
    if seen is None:
        return Phrase("no role lets the user read records of this type")
    if record_id is not None and not records.admitted(entity_type, [record_id], "read", who):
        return Phrase("the user does not see this record: no role that reads this type admits it")
    return None


def _reasons(
    who: Actor | None,
    action: str,
    entity_type: EntityType,
    record_id: int | None,
    *,
    frank: bool,
) -> Iterator[dict[str, Any]]:
    if who is None:
        yield _reason(Phrase("the user is not active, or in the trash"))
        return
    if who.admin:
        yield _reason(_ADMINISTRATOR, allows=True)
        return
    roles = access.standing(who).roles
    if not roles:
        yield _reason(Phrase("the user and his team hold no role, and no grant means no"))
    for role in roles:
        given = role.given(entity_type, action)
        if given is None:
            yield _reason(_without(role, entity_type, action), role=role.name)
            continue
        meets = record_id is None or _meets(who, action, entity_type, record_id, given)
        shown = given if frank else given._replace(criteria=given.criteria and "")
        yield _reason(_said(shown, action, meets=meets), role=role.name, allows=meets)
    if record_id is not None and roles and action != "create":
        alone = records.admitted(entity_type, [record_id], action, who)
        if alone and not any(_grants(role, who, action, entity_type, record_id) for role in roles):
            told = Phrase("the record is shared with the user or his team")
            yield _reason(told, allows=True)


def _reason(told: Phrase, *, role: str | None = None, allows: bool = False) -> dict[str, Any]:
    return {"allows": allows, "role": role, "reason": told}


def _said(given: grants.Given, action: str, *, meets: bool) -> Phrase:
    """Return in words what a role allows, and whether a record is among that."""
    which = _WORDS.get(given.scope)
    if which is None:
        which = Phrase("records that meet a filter")
        if given.criteria:
            which = Phrase("records that meet {filter}", filter=given.criteria)
    if meets:
        return Phrase("it allows {action} on {records}", action=action, records=which)
    return Phrase(
        "it allows {action} on {records}, and this is none of them", action=action, records=which
    )


def _without(role: grants.Role, entity_type: EntityType, action: str) -> Phrase:
    if entity_type.id in role.lines:
        return Phrase("its line for '{type}' has no {action}", type=entity_type.name, action=action)
    if entity_type.owner == "core" and action in role.lines.get(None, {}):
        return Phrase("its line for all types lets people and teams only be read")
    return Phrase("its line for all types has no {action}", action=action)


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


# -- who sees a record ------------------------------------------------------------------------
def who_sees(type_name: str, record_id: int, *, actor: Actor) -> dict[str, Any]:
    """Return the users who see a record, by name, each with all that lets him.

    Returns {users: [{id, label, reasons: [{allows, role, reason}]}], more}; `more` says that there
    are more than `MOST_SEEN`. Costs a query per filter that roles read by, and one per user only
    for filters that compare with whoever asks. Raises `record_unknown`, `type_unknown`,
    `forbidden`.
    """
    access.require(actor, "explain", "what others may do")
    records.get(type_name, record_id, actor=actor, trashed=True)
    looked_at = sighting.look(catalog.current().type(type_name), [record_id])
    known = auth.USERS.c
    who = sa.select(known.id, known.team_id, known.name, known.admin).where(auth.MAY_ENTER)
    users: list[dict[str, Any]] = []
    rows = db.current().connection.execute(who.order_by(known.name, known.id)).all()
    grants.current().look_up(row.id for row in rows)
    for row in rows:
        reasons = [*_seen_by(row, record_id, looked_at)]
        if reasons and len(users) == MOST_SEEN:
            return {"users": users, "more": True}
        if reasons:
            users.append({"id": row.id, "label": row.name, "reasons": reasons})
    return {"users": users, "more": False}


def _seen_by(user: Any, record_id: int, at: sighting.LookedAt) -> Iterator[dict[str, Any]]:
    """Yield all that lets a user see a record."""
    for reason in at.reasons(user, record_id):
        match reason:
            case sighting.ADMINISTRATOR:
                yield _reason(_ADMINISTRATOR, allows=True)
            case sighting.SHARED:
                yield _reason(Phrase("the record is shared with the user"), allows=True)
            case sighting.SHARED_WITH_TEAM:
                told = Phrase("the record is shared with the user's team, or one above it")
                yield _reason(told, allows=True)
            case (role, given):
                yield _reason(_said(given, "read", meets=True), role=role.name, allows=True)

"""Why somebody may do something with a record, or may not: every role and share, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from .. import access, auth, catalog, clock, db, models, records
from ..access import grants
from ..access.grants import USER_ROLE
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError, nearest
from ..languages import Phrase

_WORDS: Final = {
    "own": Phrase("records that one owns"),
    "team": Phrase("records of one's own and of the team"),
    "tree": Phrase("records of the team and of all teams beneath it"),
    "all": Phrase("all records"),
}
#: Users whom `who_sees` names.
MOST_SEEN: Final = 200
_SHARE: Final[Any] = models.Share.__table__
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
    looked_at = _looked_at(catalog.current().type(type_name), record_id)
    known = auth.USERS.c
    who = sa.select(known.id, known.team_id, known.name, known.admin).where(auth.MAY_ENTER)
    users: list[dict[str, Any]] = []
    for row in db.current().connection.execute(who.order_by(known.name, known.id)):
        reasons = [*_seen_by(row, looked_at)]
        if reasons and len(users) == MOST_SEEN:
            return {"users": users, "more": True}
        if reasons:
            users.append({"id": row.id, "label": row.name, "reasons": reasons})
    return {"users": users, "more": False}


@dataclass(slots=True)
class _LookedAt:
    """A record with what decides who sees it."""

    type: EntityType
    id: int
    owner: int | None
    team: int | None
    #: The roles that users hold themselves, by user.
    held: dict[int, set[int]]
    #: With whom the record, or what it is part of, is shared: (user, team).
    shares: set[tuple[int | None, int | None]]
    #: Whether it meets a filter, as far as that was asked.
    meets: dict[tuple[str, int], bool] = field(default_factory=dict)


def _looked_at(entity_type: EntityType, record_id: int) -> _LookedAt:
    connection, table = db.current().connection, entity_type.table
    part = entity_type.part_of
    whole = table.c[part.column] if part is not None else sa.null()
    asked = sa.select(table.c.owner_id, table.c.team_id, whole.label("whole"))
    row = connection.execute(asked.where(table.c.id == record_id)).one()
    held: dict[int, set[int]] = {}
    for user_id, role_id in connection.execute(sa.select(USER_ROLE.c.user_id, USER_ROLE.c.role_id)):
        held.setdefault(user_id, set()).add(role_id)
    shared = sa.select(_SHARE.c.user_id, _SHARE.c.team_id).where(
        _SHARE.c.record_id.in_([record_id, row.whole or record_id]),
        sa.or_(_SHARE.c.expires_at.is_(None), _SHARE.c.expires_at > clock.now()),
    )
    shares = {(s.user_id, s.team_id) for s in connection.execute(shared)}
    return _LookedAt(entity_type, record_id, row.owner_id, row.team_id, held, shares)


def _seen_by(user: Any, at: _LookedAt) -> Iterator[dict[str, Any]]:
    """Yield all that lets a user see a record."""
    if user.admin:
        yield _reason(_ADMINISTRATOR, allows=True)
        return
    known = grants.current()
    held = at.held.get(user.id, set()) | known.teams.get(user.team_id or 0, frozenset())
    given = [(known.roles[id_], known.roles[id_].given(at.type, "read")) for id_ in sorted(held)]
    readers = [(role, grant) for role, grant in given if grant is not None]
    for role, grant in readers:
        if _lets_in(user, at, grant):
            yield _reason(_said(grant, "read", meets=True), role=role.name, allows=True)
    if not readers:
        return
    if (user.id, None) in at.shares:
        yield _reason(Phrase("the record is shared with the user"), allows=True)
    if any((None, team) in at.shares for team in known.above(user.team_id)):
        told = Phrase("the record is shared with the user's team, or one above it")
        yield _reason(told, allows=True)


def _lets_in(user: Any, at: _LookedAt, given: grants.Given) -> bool:
    """Say whether a grant admits the record for a user, without shares."""
    if given.scope == "all":
        return True
    if given.criteria is not None:
        return _filtered(user, at, given)
    mine = at.owner == user.id or (at.type.name == "user" and at.id == user.id)
    if given.scope == "own" or mine or user.team_id is None:
        return mine
    if given.scope == "team":
        return bool(at.team == user.team_id)
    return user.team_id in grants.current().above(at.team)


def _filtered(user: Any, at: _LookedAt, given: grants.Given) -> bool:
    criteria = given.criteria or ""
    key = criteria, user.id if '"me"' in criteria else 0
    if key not in at.meets:
        who = Actor(user_id=user.id, team_id=user.team_id)
        rule = grants.joined([given])
        at.meets[key] = bool(records.meeting(at.type, [at.id], rule, who))
    return at.meets[key]

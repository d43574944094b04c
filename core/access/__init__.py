"""Who may do what: roles, and the catalog as somebody sees it (D9).

Nothing here knows SQL: a `Rule` says which records, and `core.query.compiling` makes SQL of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .. import catalog, db, languages
from ..actor import Actor
from ..catalog import Catalog, EntityType, Rule, Sight, TypeSight
from ..errors import RelatumError
from . import grants
from .grants import ACTIONS as ACTIONS
from .grants import SCOPES as SCOPES
from .grants import WHOLE as WHOLE
from .grants import changed as changed


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands: his roles, his team with those above, and with those beneath it."""

    roles: tuple[grants.Role, ...]
    user: int
    team: tuple[int, ...]
    above: tuple[int, ...]
    beneath: tuple[int, ...]


_NONE: Final = Rule()
#: What a token that only reads leaves of the words for what somebody does. A plugin's permission
#: opens its pages, and the gate lets such a token look at them, no more.
_READING: Final = frozenset({"read", "list", "explain"})


def standing(actor: Actor) -> Standing:
    """Return where an actor stands, by what the open transaction obeys."""
    memo = db.current().memo.setdefault("standing", {})
    key = actor.user_id, actor.team_id
    if key not in memo:
        memo[key] = _standing(actor)
    found: Standing = memo[key]
    return found


def _standing(actor: Actor) -> Standing:
    known = grants.current()
    held = known.held(actor.user_id, actor.team_id) if actor.user_id is not None else ()
    own = () if actor.team_id is None else (actor.team_id,)
    return Standing(
        tuple(known.roles[id_] for id_ in sorted(held)),
        actor.user_id or 0, own, known.above(actor.team_id), known.beneath(actor.team_id),
    )  # fmt: skip


def may(actor: Actor, action: str, type_name: str | None = None) -> bool:
    """Say whether an actor may do something at all, before it is offered.

    `action` is one of `ACTIONS` on the records of a type, or a permission of a plugin. Whatever
    has neither only administrators may do.
    """
    if actor.reads_only and "." not in action and action not in _READING:
        return False
    if actor.admin:
        return True
    if actor.user_id is None:
        return False
    roles = standing(actor).roles
    if type_name is not None:
        known = catalog.current().types.get(type_name)
        return known is not None and any(role.given(known, action) for role in roles)
    return "." in action and any(action in role.lines.get(None, ()) for role in roles)


def require(actor: Actor, action: str, thing: str, type_name: str | None = None) -> None:
    """Let an actor pass who may; raise `forbidden`, or `type_unknown` for a type that is hidden."""
    if may(actor, action, type_name):
        return
    if type_name is not None and standing(actor).roles:
        seen(actor).type(type_name)
    raise RelatumError("forbidden", action=action, thing=thing)


def require_any(actor: Actor, action: str, thing: str) -> None:
    """Let pass who sees records of any type; raise `forbidden` for everybody else."""
    if not actor.admin and not seen(actor).types:
        raise RelatumError("forbidden", action=action, thing=thing)


def rule(actor: Actor, action: str, entity_type: EntityType) -> Rule | None:
    """Return which records of a type an actor may do something with; None: all of them.

    A rule without parts admits what is shared, and nothing else.
    """
    if actor.reads_only and action not in _READING:
        return _NONE
    if actor.admin:
        return None
    given = [role.given(entity_type, action) for role in standing(actor).roles]
    found = [each for each in given if each is not None]
    return grants.joined(found) if found else _NONE


# -- the catalog as somebody sees it --------------------------------------------------------------
def seen(actor: Actor, language: str = languages.FIRST) -> Catalog:
    """Return the catalog as an actor sees it: what he may not read is not there."""
    known = catalog.current(language)
    if actor.admin:
        return known
    roles = standing(actor).roles
    made = grants.current().views.setdefault(known, {})
    held = frozenset(role.id for role in roles)
    found = made.get(held)
    if found is None:
        found = made[held] = catalog.through(known, _sight(known, roles))
    return found


def _sight(known: Catalog, roles: tuple[grants.Role, ...]) -> Sight:
    made = []
    for entity_type in sorted(known.types.values(), key=lambda each: each.id):
        sight = _of_type(entity_type, roles, "update")
        if sight is not None:
            made.append((entity_type.id, sight))
    return Sight(tuple(made))


def _of_type(
    entity_type: EntityType, roles: tuple[grants.Role, ...], writing: str
) -> TypeSight | None:
    """Return what roles show of a type, with the fields that none lets one write; None: nothing."""
    readers = [role for role in roles if role.given(entity_type, "read")]
    if not readers:
        return None
    given = [role.given(entity_type, "read") for role in readers]
    writers = [role for role in roles if role.given(entity_type, writing)]
    hidden, locked = set(), set()
    for field in entity_type.fields.values():
        if field.owner == "system":
            continue
        if not any(role.rights(entity_type, field).read for role in readers):
            hidden.add(field.id)
        elif not any(getattr(role.rights(entity_type, field), writing) for role in writers):
            locked.add(field.id)
    return TypeSight(
        grants.joined(each for each in given if each is not None),
        frozenset(hidden), frozenset(locked),
    )  # fmt: skip


def for_new(actor: Actor, type_name: str) -> EntityType:
    """Return a type as an actor sees it who makes a record: some fields are only open then."""
    known = seen(actor)
    if actor.admin:
        return known.type(type_name)
    whole = catalog.current().type(known.type(type_name).name)
    sight = _of_type(whole, standing(actor).roles, "create")
    assert sight is not None
    return catalog.settle(catalog.trimmed(whole, sight, known.types), known)

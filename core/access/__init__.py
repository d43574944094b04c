"""Who may do what: roles, and the catalog as somebody sees it (D9).

Nothing here knows SQL: a `Rule` says which records, and `core.query.compiling` makes SQL of it.
"""

from __future__ import annotations

from typing import Final

from .. import catalog, languages
from ..actor import ADMINISTER, Actor, TokenScope
from ..catalog import Catalog, EntityType, Rule, Sight, TypeSight
from ..errors import RelatumError
from ..fields import Field
from . import grants
from .grants import ACTIONS as ACTIONS
from .grants import SCOPES as SCOPES
from .grants import WHOLE as WHOLE
from .grants import Standing as Standing
from .grants import changed as changed

_NONE: Final = Rule()
#: What a token that only reads leaves of the words for what somebody does. A plugin's permission
#: opens its pages, and the gate lets such a token look at them, no more.
_READING: Final = frozenset({"read", "list", "explain"})
#: Views of one catalog that are remembered: scopes are made by people, and may be many.
_MOST_VIEWS: Final = 256


def standing(actor: Actor) -> Standing:
    """Return where an actor stands, by what the open transaction obeys."""
    return grants.current().standing(actor.user_id, actor.team_id, whole=_narrows_all(actor))


def _narrows_all(actor: Actor) -> bool:
    """Say whether it is an administrator whose rights a scope narrows."""
    return actor.scope is not None and actor.scope.of_administrator


def within(actor: Actor, action: str, entity_type: EntityType | None = None) -> bool:
    """Say whether what an actor came by is good for something: a token may be for less.

    Without a type it is a permission of a plugin, or else something of administrators.
    """
    if actor.reads_only and "." not in action and action not in _READING:
        return False
    return actor.scope is None or _left(actor.scope, action, entity_type)


def _left(scope: TokenScope, action: str, entity_type: EntityType | None) -> bool:
    if entity_type is None:
        return (action if "." in action else ADMINISTER) in scope.line()
    # People and teams are only read by a line for all types, as it is with roles.
    named = entity_type.owner != "core" or scope.names(entity_type.name)
    return action in scope.line(entity_type.name) and (named or action in grants.OF_CORE)


def may(actor: Actor, action: str, type_name: str | None = None) -> bool:
    """Say whether an actor may do something at all, before it is offered.

    `action` is one of `ACTIONS` on the records of a type, or a permission of a plugin. Whatever
    has neither only administrators may do.
    """
    known = None if type_name is None else catalog.current().types.get(type_name)
    if not within(actor, action, known):
        return False
    if actor.admin:
        return True
    roles = standing(actor).roles
    if type_name is not None:
        return known is not None and any(role.given(known, action) for role in roles)
    if "." not in action:
        return _narrows_all(actor)
    return any(role.opens(action) for role in roles)


def require(actor: Actor, action: str, thing: str, type_name: str | None = None) -> None:
    """Let an actor pass who may; raise `forbidden`, or `type_unknown` for a type that is hidden."""
    if may(actor, action, type_name):
        return
    code = "forbidden" if actor.scope is None else "token_out_of_scope"
    if type_name is not None and standing(actor).roles:
        seen(actor).type(type_name)
    raise RelatumError(code, action=action, thing=thing)


def require_whole(actor: Actor, action: str, thing: str) -> None:
    """Let an actor do what is his own business, such as his password; raise `token_out_of_scope`.

    No token with a scope may, unless it administers: with a new token it would have all again.
    """
    if actor.scope is not None:
        require(actor, action, thing)


def readers() -> list[str]:
    """Return the names of the roles that read all types without a line of their own, in order."""
    known = grants.current().roles.values()
    return sorted(role.name for role in known if "read" in role.lines.get(None, {}))


def readers_of(entity_type: EntityType, field: Field) -> list[str]:
    """Return the names of the roles that read a field of a type, in order."""
    known = grants.current().roles.values()
    found = (role for role in known if role.given(entity_type, "read") is not None)
    return sorted(role.name for role in found if role.rights(entity_type, field).read)


def require_any(actor: Actor, action: str, thing: str) -> None:
    """Let pass who sees records of any type; raise `forbidden` for everybody else."""
    if not seen(actor).types:
        raise RelatumError("forbidden", action=action, thing=thing)


def rule(actor: Actor, action: str, entity_type: EntityType) -> Rule | None:
    """Return which records of a type an actor may do something with; None: all of them.

    A rule without parts admits what is shared, and nothing else.
    """
    if not within(actor, action, entity_type):
        return _NONE
    if actor.admin:
        return None
    given = [role.given(entity_type, action) for role in standing(actor).roles]
    return grants.joined(each for each in given if each is not None)


# -- the catalog as somebody sees it --------------------------------------------------------------
def seen(actor: Actor, language: str = languages.FIRST) -> Catalog:
    """Return the catalog as an actor sees it: what he may not read is not there."""
    known = catalog.current(language)
    if actor.admin:
        return known
    obeyed = grants.current()
    made = obeyed.views.setdefault(known, {})
    held = standing(actor).held, actor.scope
    found = made.get(held)
    if found is None:
        while len(made) >= _MOST_VIEWS:
            made.pop(next(iter(made)), None)
        found = made[held] = catalog.through(known, _sight(known, actor))
    return found


def _sight(known: Catalog, actor: Actor) -> Sight:
    made = []
    for entity_type in sorted(known.types.values(), key=lambda each: each.id):
        sight = _of_type(entity_type, actor, "update")
        if sight is not None:
            made.append((entity_type.id, sight))
    return Sight(tuple(made))


def _of_type(entity_type: EntityType, actor: Actor, writing: str) -> TypeSight | None:
    """Return what an actor sees of a type, with the fields that he can't write; None: nothing."""
    roles, scope = standing(actor).roles, actor.scope
    readers = [role for role in roles if role.given(entity_type, "read")]
    if not readers or (scope is not None and not _left(scope, "read", entity_type)):
        return None
    given = [each for role in roles if (each := role.given(entity_type, "read"))]
    writers = [role for role in roles if role.given(entity_type, writing)]
    if scope is not None and not _left(scope, writing, entity_type):
        writers = []
    hidden, locked = set(), set()
    for field in entity_type.fields.values():
        if field.owner == "system":
            continue
        if not any(role.rights(entity_type, field).read for role in readers):
            hidden.add(field.id)
        elif not any(getattr(role.rights(entity_type, field), writing) for role in writers):
            locked.add(field.id)
    return TypeSight(grants.joined(given), frozenset(hidden), frozenset(locked))


def for_new(actor: Actor, type_name: str) -> EntityType:
    """Return a type as an actor sees it who makes a record: some fields are only open then."""
    known = seen(actor)
    if actor.admin:
        return known.type(type_name)
    whole = catalog.current().type(known.type(type_name).name)
    sight = _of_type(whole, actor, "create")
    assert sight is not None
    return catalog.settle(catalog.trimmed(whole, sight, known.types), known)

"""What a filter asks, apart from its SQL: the shape of the statement, and the values for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .. import access, clock
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Several
from .terms import Asker, Condition, Filter, Has, Junction, Not, conditions

#: Parameters of what somebody sees: who asks, his team, it with those beneath and above, and when.
ME: Final = "a_me"
TEAM: Final = "a_team"
TREE: Final = "a_tree"
ABOVE: Final = "a_above"
NOW: Final = "a_now"


def shape(node: Filter) -> tuple[object, ...]:
    """Return what the SQL of a filter depends on: all but the values compared with."""
    match node:
        case Condition(path, operator):
            return (operator, *path.shape)
        case Not(part):
            return ("not", shape(part))
        case Junction(all_, parts):
            return ("and" if all_ else "or", *map(shape, parts))
        case Has(path, relation, where):
            return ("has", *path.shape, relation.type.fingerprint, relation.link.id, shape(where))


def values(node: Filter, actor: Actor) -> dict[str, Any]:
    """Return the values of the parameters that `compile` names, in its order."""
    found = {f"v{n}": value for n, value in enumerate(_values(node, actor))}
    return found | asker(actor)


def _values(node: Filter, actor: Actor) -> Iterator[Any]:
    for leaf in conditions(node):
        operand = leaf.operand
        if operand is Asker.ME:
            operand = _me(leaf, actor)
        elif isinstance(operand, tuple):
            operand = tuple(_me(leaf, actor) if item is Asker.ME else item for item in operand)
        for value in leaf.path.field.arguments(leaf.operator, operand):
            yield list(value) if isinstance(value, tuple) else value


def _me(leaf: Condition, actor: Actor) -> int:
    if actor.user_id is None:
        reason = "'me' is nobody here: the system acts. Name a user"
        raise RelatumError("operand_invalid", field=leaf.path.text, reason=reason)
    return actor.user_id


def asker(actor: Actor) -> dict[str, Any]:
    """Return the parameters of the conditions of `compiling`: who asks, and when."""
    if actor.admin or actor.user_id is None:
        return {}
    stands = access.standing(actor)
    return {
        ME: actor.user_id, TEAM: list(stands.team), TREE: list(stands.beneath),
        ABOVE: list(stands.above), NOW: clock.now(),
    }  # fmt: skip


def is_driven(node: Filter) -> bool:
    """Say whether an index of a field of the type itself could drive the query."""
    match node:
        case Condition(path, operator) if not path.steps:
            found = path.field
            indexed = found.indexed or found.unique or found.is_link
            return operator != "empty" and (indexed or isinstance(found, Several))
        case Junction(all_, parts):
            return all_ and any(map(is_driven, parts))
    return False


def is_ordered(node: Filter, entity_type: EntityType, order: str) -> bool:
    """Say whether an index of a compared field holds what matches in the order of a column."""
    match node:
        case Condition(path, "eq") if not path.steps and path.field.is_link:
            return order == "id" and path.field.owner != "system"
        case Condition(path, "eq") if not path.steps and path.field.indexed:
            return entity_type.index_of(path.field)[1] == order
        case Junction(True, parts):
            return any(is_ordered(part, entity_type, order) for part in parts)
    return False

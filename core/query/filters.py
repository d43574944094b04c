"""Filters as SQL: a shape with named parameters, and the values for them, made apart.

Negation is driven down to the comparisons, so a comparison with an empty value is neither true
nor false wherever it stands, over a path too (M8). Over a path only live records count.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from .. import types
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Several
from .paths import Path
from .terms import Asker, Condition, Filter, Has, Junction, Not, conditions

Sql = types.Sql
_PLUS: Any = sa.sql.operators.custom_op("+")


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
    return {f"v{n}": value for n, value in enumerate(_values(node, actor))}


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


def compile(node: Filter, table: sa.Table, *, dense: bool = False) -> Sql:  # noqa: A001  # what it does
    """Return the condition that the records of `table` must meet.

    `dense` says that many do: then no index of a compared field is worth driving from.
    """
    return _Compiler(table, itertools.count(), dense=dense).node(node, negated=False)


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


def plain(column: Any) -> Any:
    """Return a column as a value that no index is looked up by: SQLite's unary plus."""
    return sa.UnaryExpression(column, operator=_PLUS, type_=column.type)


class _Compiler:
    """Builds the SQL of one filter; parameters are numbered as `values` numbers them."""

    def __init__(self, table: Any, numbers: Iterator[int], *, dense: bool = False) -> None:
        self.table = table
        self.numbers = numbers
        self.dense = dense

    def node(self, node: Filter, *, negated: bool) -> Sql:
        match node:
            case Not(part):
                return self.node(part, negated=not negated)
            case Junction(all_, parts):
                made = [self.node(part, negated=negated) for part in parts]
                if all_ is not negated:
                    return sa.and_(sa.true(), *made)
                return sa.or_(sa.false(), *made)
            case Condition():
                return self._leaf(node, negated)
            case Has():
                return self._has(node, negated)

    def _leaf(self, leaf: Condition, negated: bool) -> Sql:
        path, field = leaf.path, leaf.path.field
        name = field.condition_column(leaf.operator)
        if leaf.operator == "empty":
            return _emptiness(self.table, path, name, empty=not negated)
        at = target(self.table, path)
        column = at[-1].c[name]
        arguments = self._parameters(leaf, column)
        if (self.dense and not path.steps) or (negated and isinstance(field, Several)):
            column = plain(column)
        made = field.condition(leaf.operator, column, *arguments)
        return over(at, path, sa.not_(made) if negated else made)

    def _parameters(self, leaf: Condition, column: sa.ColumnElement[Any]) -> list[Sql]:
        many = types.OPERATORS[leaf.operator].operands == "many"
        made: list[Sql] = []
        for _ in leaf.path.field.arguments(leaf.operator, leaf.operand):
            name = f"v{next(self.numbers)}"
            bound = leaf.path.field.bound_type(column)
            made.append(sa.bindparam(name, type_=bound, expanding=many))
        return made

    def _has(self, node: Has, negated: bool) -> Sql:
        others = node.relation.type.table.alias()
        column = others.c[node.relation.link.column]
        where = _Compiler(others, self.numbers).node(node.where, negated=False)
        found = sa.select(column).where(others.c.trashed_at.is_(None), column.is_not(None), where)
        tables = target(self.table, node.path)
        return _either(self.table, node.path, tables[-1].c.id.in_(found), tables, negated=negated)


def target(table: Any, path: Path) -> list[Any]:
    """Return the tables along a path, the first one given, each further one under its own name."""
    return [table, *(step.target.table.alias() for step in path.steps)]


def over(tables: list[Any], path: Path, condition: Sql) -> Sql:
    """Return a condition on the last table of a path as one on the first."""
    for place in range(len(path.steps), 0, -1):
        after = tables[place]
        inner = sa.select(after.c.id).where(after.c.trashed_at.is_(None), condition)
        condition = tables[place - 1].c[path.steps[place - 1].lookup.column].in_(inner)
    return condition


def _emptiness(table: Any, path: Path, name: str, *, empty: bool) -> Sql:
    tables = target(table, path)
    return _either(table, path, tables[-1].c[name].is_not(None), tables, negated=empty)


def _either(table: Any, path: Path, holds: Sql, tables: list[Any], *, negated: bool) -> Sql:
    """Return a condition that is true or false, never neither, on the last table of a path."""
    if not path.steps:
        return sa.not_(holds) if negated else holds
    made = over(tables, path, holds)
    if not negated:
        return made
    return sa.or_(table.c[path.steps[0].lookup.column].is_(None), sa.not_(made))

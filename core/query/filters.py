"""Filters as SQL: a shape with named parameters, and the values for them, made apart.

Negation is driven down to the comparisons, so a comparison with an empty value is neither true
nor false wherever it stands, over a path too (M8). Over a path only live records count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from .. import types
from ..actor import Actor
from ..errors import RelatumError
from .paths import Path
from .terms import Asker, Condition, Filter, Junction, Not, conditions

Sql = types.Sql


def shape(node: Filter) -> tuple[object, ...]:
    """Return what the SQL of a filter depends on: all but the values compared with."""
    match node:
        case Condition(path, operator):
            return (operator, *path.shape)
        case Not(part):
            return ("not", shape(part))
        case Junction(all_, parts):
            return ("and" if all_ else "or", *map(shape, parts))


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


def compile(node: Filter, table: sa.Table) -> Sql:  # noqa: A001  # what it does
    """Return the condition that the records of `table` must meet."""
    return _Compiler(table).node(node, negated=False)


class _Compiler:
    """Builds the SQL of one filter; parameters are numbered as `values` numbers them."""

    def __init__(self, table: sa.Table) -> None:
        self.table = table
        self.count = 0

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

    def _leaf(self, leaf: Condition, negated: bool) -> Sql:
        path, field = leaf.path, leaf.path.field
        name = field.condition_column(leaf.operator)
        if leaf.operator == "empty":
            return _emptiness(self.table, path, name, empty=not negated)
        at = target(self.table, path)
        column = at[-1].c[name]
        made = types.condition(leaf.operator, column, *self._parameters(leaf, column))
        return over(at, path, sa.not_(made) if negated else made)

    def _parameters(self, leaf: Condition, column: sa.ColumnElement[Any]) -> list[Sql]:
        many = types.OPERATORS[leaf.operator].operands == "many"
        made: list[Sql] = []
        for _ in leaf.path.field.arguments(leaf.operator, leaf.operand):
            made.append(sa.bindparam(f"v{self.count}", type_=column.type, expanding=many))
            self.count += 1
        return made


def target(table: sa.Table, path: Path) -> list[Any]:
    """Return the tables along a path, the first one given, each further one under its own name."""
    return [table, *(step.target.table.alias() for step in path.steps)]


def over(tables: list[Any], path: Path, condition: Sql) -> Sql:
    """Return a condition on the last table of a path as one on the first."""
    for place in range(len(path.steps), 0, -1):
        after = tables[place]
        inner = sa.select(after.c.id).where(after.c.trashed_at.is_(None), condition)
        condition = tables[place - 1].c[path.steps[place - 1].lookup.column].in_(inner)
    return condition


def _emptiness(table: sa.Table, path: Path, name: str, *, empty: bool) -> Sql:
    tables = target(table, path)
    filled = over(tables, path, tables[-1].c[name].is_not(None))
    if not empty:
        return filled
    if not path.steps:
        return table.c[name].is_(None)
    link = table.c[path.steps[0].lookup.column]
    return sa.or_(link.is_(None), sa.not_(filled))

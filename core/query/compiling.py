"""Filters, and what somebody sees, as SQL: conditions with named parameters.

Negation is driven down to the comparisons, so a comparison with an empty value is neither true
nor false wherever it stands, over a path too (M8). Over a path only live records count that are
seen. What is seen depends on the `Rule` of a type alone, so everybody with the same roles shares
the SQL; who asks is in the parameters that `filters.values` gives.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import catalog, models, types
from ..catalog import EntityType, Rule
from ..fields import Several
from ..storage import Instant, Int64, found_among, found_by, held_in, ordered_by, plain
from .filters import ABOVE, ME, NOW, TEAM, TREE
from .parse import read_filter
from .paths import Path
from .terms import Asker, Condition, Filter, Has, Junction, Not

Sql = types.Sql
_SHARE: Final[Any] = models.Share.__table__
_me: Final = sa.bindparam(ME, type_=Int64)


def compile(node: Filter, table: sa.Table, *, dense: bool = False) -> Sql:  # noqa: A001  # what it does
    """Return the condition that the records of `table` must meet.

    `dense` says that many do: then no index of a compared field is worth driving from.
    """
    return _Compiler(table, itertools.count(), dense=dense).node(node, negated=False)


class _Compiler:
    """Builds the SQL of one filter; parameters are numbered as `values` numbers them."""

    def __init__(self, table: Any, numbers: Iterator[int], *, dense: bool = False) -> None:
        self.table = table
        self.numbers = numbers
        self.dense = dense

    def _on(self, table: Any) -> _Compiler:
        return _Compiler(table, self.numbers)

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
        where = self._on(others).node(node.where, negated=False)
        held = live(node.relation.type, others)
        found = sa.select(column).where(held, column.is_not(None), where)
        tables = target(self.table, node.path)
        return _either(self.table, node.path, tables[-1].c.id.in_(found), tables, negated=negated)


class _Fixed(_Compiler):
    """Builds the SQL of a filter that belongs to a rule: its values are the same for everybody."""

    def _on(self, table: Any) -> _Compiler:
        return _Fixed(table, self.numbers)

    def _leaf(self, leaf: Condition, negated: bool) -> Sql:
        if isinstance(leaf.operand, tuple) and Asker.ME in leaf.operand:
            if leaf.operator == "nin":
                return self._leaf(replace(leaf, operator="in"), not negated)
            others = tuple(item for item in leaf.operand if item is not Asker.ME)
            parts = [replace(leaf, operator="eq", operand=Asker.ME)]
            parts += [replace(leaf, operand=others)] if others else []
            return self.node(Junction(all=False, parts=tuple(parts)), negated=negated)
        return super()._leaf(leaf, negated)

    def _parameters(self, leaf: Condition, column: sa.ColumnElement[Any]) -> list[Sql]:
        if leaf.operand is Asker.ME:
            return [_me]
        many = types.OPERATORS[leaf.operator].operands == "many"
        bound = leaf.path.field.bound_type(column)
        return [
            sa.bindparam(
                None, list(value) if many else value, type_=bound, expanding=many, unique=True
            )
            for value in leaf.path.field.arguments(leaf.operator, leaf.operand)
        ]


def target(table: Any, path: Path) -> list[Any]:
    """Return the tables along a path, the first one given, each further one under its own name."""
    return [table, *(step.target.table.alias() for step in path.steps)]


def over(tables: list[Any], path: Path, condition: Sql) -> Sql:
    """Return a condition on the last table of a path as one on the first."""
    for place in range(len(path.steps), 0, -1):
        after = tables[place]
        inner = sa.select(after.c.id).where(live(path.steps[place - 1].target, after), condition)
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


# -- what somebody sees ---------------------------------------------------------------------
def live(entity_type: EntityType, table: Any) -> sa.ColumnElement[bool]:
    """Return the condition of records that are not in the trash and that are seen."""
    return sa.and_(table.c.trashed_at.is_(None), seen(entity_type, table))


def seen(entity_type: EntityType, table: Any) -> sa.ColumnElement[bool]:
    """Return the condition of records that are seen; `table` may be an alias.

    It drives no statement: ids do, a filter, or an order.
    """
    if entity_type.rule is None:
        return sa.true()
    return admitted(entity_type, entity_type.rule, table)


def admitted(
    entity_type: EntityType, rule: Rule, table: Any, *, shared: str | None = "read"
) -> sa.ColumnElement[bool]:
    """Return the condition of records that a rule admits, and of those that are shared.

    `shared` says what they are shared for: read, update, or None: shares don't count.
    """
    parts: list[sa.ColumnElement[Any]] = [sa.false()]
    if rule.own:
        parts.append(plain(table.c.owner_id) == _me)
        if entity_type.name == "user":
            parts.append(plain(table.c.id) == _me)
    if rule.team:
        parts.append(held_in(plain(table.c.team_id), TREE if rule.tree else TEAM))
    fixed = _Fixed(table, itertools.count(), dense=True)
    parts += [fixed.node(node, negated=False) for node in criteria(entity_type, rule)]
    if shared is not None:
        # Last, since it costs most: one look into the index of shares for each row that is left.
        parts.append(_share_of(entity_type, table, update=shared == "update").exists())
    made: sa.ColumnElement[bool] = sa.or_(*parts)
    return made


def among_few(entity_type: EntityType, table: Any) -> sa.ColumnElement[bool]:
    """Return the same condition as `seen`, for somebody who sees few records: these drive."""
    found: sa.ColumnElement[bool] = table.c.id.in_(sa.union_all(*branches(entity_type)))
    return found


def branches(entity_type: EntityType) -> Iterator[Any]:
    """Yield the ids of what is seen and alive, by what lets it be seen, each by an index.

    The indexes hold what is alive: without a word of that none of them is used.
    """
    me = entity_type.table.alias()
    yield from shares()
    whole = [column.in_(sa.union_all(*shares())) for column in _whole(entity_type, me)]
    for reason in (*reasons(entity_type, me), *whole):
        yield sa.select(me.c.id).where(me.c.trashed_at.is_(None), reason)


def reasons(
    entity_type: EntityType, table: Any, *, teams: int | None = None
) -> Iterator[sa.ColumnElement[bool]]:
    """Yield each condition that alone lets records of `table` be seen, but for shares.

    `teams` is how many there are in `a_team_0`, `a_team_1`, …, none if the rule admits no team, a
    condition for each, and all are for reading records in the order of the title; None: one
    condition for all of them.
    """
    rule = entity_type.rule
    assert rule is not None
    if rule.own:
        owner = table.c.owner_id
        yield owner == _me if teams is None else ordered_by(owner, _me)
        if entity_type.name == "user":
            yield table.c.id == _me
    if rule.team and teams is None:
        yield held_in(table.c.team_id, TREE if rule.tree else TEAM)
    for place in range(teams or 0):
        yield ordered_by(table.c.team_id, sa.bindparam(f"{TEAM}_{place}", type_=Int64))
    for node in criteria(entity_type, rule):
        yield _Fixed(table, itertools.count()).node(node, negated=False)


def shared(entity_type: EntityType, table: Any) -> list[sa.ColumnElement[Any]]:
    """Return the conditions that let records of `table` be seen because they are shared.

    They are for somebody with whom few are shared.
    """
    columns = [table.c.id, *_whole(entity_type, table)]
    return [found_among(column, sa.union_all(*_few()).scalar_subquery()) for column in columns]


def _few() -> Iterator[sa.Select[Any]]:
    """Yield the ids that `shares` returns, where these are few."""
    for whom in (found_by(_SHARE.c.user_id, _me), _whom()[1]):
        yield sa.select(_SHARE.c.record_id).where(whom, *_lasts())


def is_shared(entity_type: EntityType, table: Any) -> sa.ColumnElement[bool]:
    """Return the same condition for looking at rows one by one, of which few are passed over.

    PostgreSQL would read all shares first, if this could be a join.
    """
    one = _share_of(entity_type, table).with_only_columns(sa.true()).limit(1)
    made: sa.ColumnElement[bool] = sa.func.coalesce(one.scalar_subquery(), sa.false())
    return made


def _share_of(entity_type: EntityType, table: Any, *, update: bool = False) -> sa.Select[Any]:
    """Return the shares of a row of `table` with who asks or his teams: there are few of a row."""
    ids = [table.c.id, *_whole(entity_type, table)]
    found = sa.select(_SHARE.c.record_id).where(sa.or_(*_whom()), *_lasts(update=update))
    return found.where(_SHARE.c.record_id.in_(ids)).correlate(table)


def _whole(entity_type: EntityType, table: Any) -> list[sa.ColumnElement[Any]]:
    """Return the column of a part that holds what it is part of, or nothing.

    What is shared with somebody does not depend on whether he sees that link.
    """
    link = catalog.current().by_id[entity_type.id].part_of
    return [] if link is None else [table.c[link.column]]


def criteria(entity_type: EntityType, rule: Rule) -> Iterator[Filter]:
    """Yield the filters by which a rule lets records of a type be seen."""
    known = catalog.current()
    for text in rule.criteria:
        yield read_filter(known, known.by_id[entity_type.id], orjson.loads(text))


def shares() -> list[sa.Select[Any]]:
    """Return the ids of what is shared with who asks, and of what is with his teams.

    They are two, since no database finds either by an index where one condition holds both.
    """
    return [sa.select(_SHARE.c.record_id).where(whom, *_lasts()) for whom in _whom()]


def _whom() -> tuple[sa.ColumnElement[bool], ...]:
    return _SHARE.c.user_id == _me, held_in(_SHARE.c.team_id, ABOVE)


def _lasts(*, update: bool = False) -> list[sa.ColumnElement[bool]]:
    now = sa.bindparam(NOW, type_=Instant())
    made = [sa.or_(_SHARE.c.expires_at.is_(None), _SHARE.c.expires_at > now)]
    return [*made, _SHARE.c.update] if update else made

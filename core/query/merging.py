"""A page of what somebody sees, merged from pages of what lets him see it (M12).

Who sees a share of a large type would pass over all the rest on the way along the order: 10,000
rows for a page of what one in 200 owns. But the records of one owner, or of one team, lie in the
order of the title in an index of their own. A page from each of these holds the page of all.
What is shared with him has no such index. A few such records are looked up; are they many, the
order's index is walked after all, without a look at the rows, until either makes up a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from .. import access, catalog, db
from ..catalog import EntityType, Rule
from . import filters
from .compiling import criteria, is_shared, reasons, shared
from .filters import TEAM
from .sorting import Term
from .terms import Query, SortKey

#: Pages are merged of so many teams; more of them own most of a type, and walking finds them.
MOST_TEAMS: Final = 8
#: How many rows a statement is asked for.
LIMIT: Final[Any] = sa.bindparam("limit", type_=sa.Integer())


def teams(query: Query, keys: Sequence[SortKey]) -> tuple[int, ...] | None:
    """Return the teams of which pages are merged for a list; None: that is not the way to it."""
    of, rule = query.type, query.type.rule
    if rule is None or query.trashed or query.as_of is not None or query.also is not None:
        return None
    order = tuple((key.path.text, key.descending) for key in keys)
    if not of.statement(("merged", order), lambda: _is_ordered(of, rule, keys)):
        return None
    if filters.is_driven(query.filter):
        return None
    stands = access.standing(query.actor)
    held = (stands.beneath if rule.tree else stands.team) if rule.team else ()
    return held if len(held) <= MOST_TEAMS else None


def _is_ordered(seen: EntityType, rule: Rule, keys: Sequence[SortKey]) -> bool:
    """Say whether all that a rule admits lies in the order of a list, by what lets it be seen."""
    of = catalog.current().by_id[seen.id]
    if not (rule.own or rule.criteria) or of.owner == "core" or not _is_order_of_owners(of, keys):
        return False
    order = keys[0].path.field.key_column
    return all(filters.is_ordered(node, of, order) for node in criteria(seen, rule))


def _is_order_of_owners(of: EntityType, keys: Sequence[SortKey]) -> bool:
    """Say whether the records of one owner lie in the order of a list."""
    if any(key.path.steps or key.descending is not keys[0].descending for key in keys):
        return False
    columns = tuple(key.path.field.key_column for key in keys)
    return columns == of.index_of(of.fields["owner"])[1:]


def values(held: Sequence[int]) -> dict[str, int]:
    """Return the parameters for `teams`."""
    return {f"{TEAM}_{place}": id_ for place, id_ in enumerate(held)}


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a page, as they are asked of a table or of an alias of it.

    `met` gives what they must meet besides being seen, `terms` their order, `shown` what is
    selected. They are at most `longest`; `limit` is bound to how many are wanted.
    """

    met: Callable[[Any], list[Any]]
    terms: Callable[[Any], list[Term]]
    shown: Callable[[Any], list[Any]]
    longest: int

    def asked(self, table: Any, *conditions: Any, whole: bool = True) -> Any:
        """Return the query for rows, in no order: what is shown if `whole`, and what orders them.

        No field has the names of what orders them, `_k0`, `_k1`, …, of which the id is the last.
        """
        keys = [term.expression.label(f"_k{n}") for n, term in enumerate(self.terms(table))]
        shown = self.shown(table) if whole else []
        return sa.select(*shown, *keys).where(*conditions)

    def ordered(self, query: Any, table: Any, keys: Sequence[Any] | None = None) -> Any:
        """Return a query of rows of a table, or with its keys in such columns, in their order."""
        terms = self.terms(table)
        if keys is not None:
            terms = [replace(term, expression=key) for term, key in zip(terms, keys, strict=True)]
        return query.order_by(*(term.ordered() for term in terms))


def page(query: Query, held: int, rows: Rows, *, many_shared: bool) -> Any:
    """Return the query for the rows of a page of what is seen; `held` is how many teams there are.

    Both databases read each part only as far as the page goes, each of one spelling.
    """
    of = query.type
    if many_shared:
        # A page of all else first: then the order is walked, until either makes up the page.
        few = _merged(of, _parts(of, held, rows, whole=False), rows)
        table = of.table.alias()
        sees = sa.or_(table.c.id.in_(_ids(few)), is_shared(of, table))
        walk = rows.asked(table, *rows.met(table), sees, whole=False)
        found = rows.ordered(walk, table).limit(LIMIT)
    elif db.current().dialect == "sqlite":
        found = _merged(of, _parts(of, held, rows, shares=True, whole=False), rows)
    else:
        return _merged(of, _parts(of, held, rows, shares=True, whole=True), rows)
    made = rows.asked(of.table, of.table.c.id.in_(_ids(found)))
    return rows.ordered(made, of.table).limit(LIMIT)


def _ids(found: Any) -> Any:
    """Return the query for the ids alone: they decide last of the order."""
    return sa.select([*found.subquery().c][-1])


def _parts(
    of: EntityType, held: int, rows: Rows, *, whole: bool, shares: bool = False
) -> Iterator[tuple[Any, Any]]:
    """Yield the query for the rows that each reason lets be seen, and the table that it asks."""

    def ways(table: Any) -> list[Any]:
        made = [*reasons(of, table, teams=held)]
        return [*made, sa.or_(*shared(of, table))] if shares else made

    for place in range(len(ways(of.table))):
        table = of.table.alias()
        yield rows.asked(table, *rows.met(table), ways(table)[place], whole=whole), table


def _merged(of: EntityType, parts: Iterator[tuple[Any, Any]], rows: Rows) -> Any:
    """Return the query for the first rows of all parts in their order, each once.

    SQLite merges a UNION in the order that it shall have. PostgreSQL merges parts that have an
    order, and an end that it can see: what a parameter ends costs a tenth of all, it thinks.
    """
    count = len(rows.terms(of.table))
    if db.current().dialect == "sqlite":
        made: Any = sa.union(*(part for part, _ in parts))
        keys: list[Any] = [sa.column(f"_k{n}") for n in range(count)]
    else:
        end: Any = sa.literal_column(str(rows.longest))
        cut = (rows.ordered(part, table).limit(end) for part, table in parts)
        every = sa.union_all(*cut).subquery()
        keys = [*every.c][-count:]
        made = sa.select(every).ext(distinct_on(*keys))
    return rows.ordered(made, of.table, keys).limit(LIMIT)

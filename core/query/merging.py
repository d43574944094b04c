"""A page of what somebody sees, merged from pages of what lets him see it (M12).

Who sees a share of a large type would pass over all the rest on the way along the order: 10,000
rows for a page of what one in 200 owns. But the records of one owner, or of one team, lie in the
order of the title in an index of their own. A page from each of these holds the page of all.
What is shared with him has no such index. A few such records are looked up; are they many, the
order's index is walked after all, without a look at the rows, until either makes up a page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from .. import access, catalog
from ..catalog import EntityType
from . import filters
from .compiling import criteria, is_shared, reasons, shared
from .filters import TEAM
from .terms import Query, SortKey

#: Pages are merged of so many teams; more of them own most of a type, and walking finds them.
MOST_TEAMS: Final = 8


def teams(query: Query, keys: Sequence[SortKey]) -> tuple[int, ...] | None:
    """Return the teams of which pages are merged for a list; None: that is not the way to it."""
    of, rule = catalog.current().by_id[query.type.id], query.type.rule
    if rule is None or not (rule.own or rule.criteria) or of.owner == "core":
        return None
    if query.trashed or query.as_of is not None or query.also is not None:
        return None
    if not _is_order_of_owners(of, keys) or filters.is_driven(query.filter):
        return None
    order = keys[0].path.field.key_column
    if not all(filters.is_ordered(node, of, order) for node in criteria(query.type)):
        return None
    stands = access.standing(query.actor)
    held = (stands.beneath if rule.tree else stands.team) if rule.team else ()
    return held if len(held) <= MOST_TEAMS else None


def _is_order_of_owners(of: EntityType, keys: Sequence[SortKey]) -> bool:
    """Say whether the records of one owner lie in the order of a list."""
    if any(key.path.steps or key.descending is not keys[0].descending for key in keys):
        return False
    columns = tuple(key.path.field.key_column for key in keys)
    return columns == of.index_of(of.fields["owner"])[1:]


def values(held: Sequence[int]) -> dict[str, int]:
    """Return the parameters for `teams`."""
    return {f"{TEAM}_{place}": id_ for place, id_ in enumerate(held)}


def page(
    query: Query,
    held: int,
    met: Callable[[Any], list[Any]],
    ordered: Callable[[Any], list[Any]],
    *,
    many_shared: bool,
) -> Any:
    """Return the query for the ids of a page of what is seen.

    `held` is how many teams there are; `met` gives what records of a table must meet besides, and
    `ordered` their order; `limit` is bound to the length of the page.
    """
    of = query.type

    def some(reason: Callable[[Any], Any]) -> Any:
        table = of.table.alias()
        found = sa.select(table.c.id).where(*met(table), reason(table))
        found = found.order_by(*ordered(table)).limit(sa.bindparam("limit", type_=sa.Integer()))
        return sa.select(found.subquery().c.id)

    def nth(place: int) -> Callable[[Any], Any]:
        return lambda table: [*reasons(of, table, teams=held)][place]

    pages = [some(nth(place)) for place, _ in enumerate(reasons(of, of.table, teams=held))]
    if many_shared:
        merged = sa.union_all(*pages)
        return some(lambda table: sa.or_(table.c.id.in_(merged), is_shared(of, table)))
    return sa.union_all(*pages, some(lambda table: sa.or_(*shared(of, table))))

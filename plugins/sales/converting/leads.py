"""Leads that are to be converted: locked, read as whoever converts them sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from relatum import Actor, Invalid, RelatumError, catalog, query, records

from .mapping import ACCOUNT, CONTACT, DEAL, LEAD

#: So many leads are converted by one call.
LIMIT: Final = 500
Record = dict[str, Any]


def by_id(type_name: str, ids: Iterable[int], *, actor: Actor) -> dict[int, Record]:
    """Return those of some records that an actor sees, by their ids."""
    return {row["id"]: row for row in where(type_name, "id", ids, actor=actor)}


def where(type_name: str, name: str, values: Iterable[int], *, actor: Actor) -> list[Record]:
    """Return the records that an actor sees and that have one of some numbers in a field."""
    among = (name, sorted(set(values)))
    return [*query.every(type_name, {"sort": ["id"]}, among=among, actor=actor)]


def lock(
    ids: Sequence[int], *, actor: Actor, versions: Mapping[int, int] | None = None
) -> dict[int, RelatumError]:
    """Lock leads that an actor may change; return what is wrong with the others.

    Whoever converts the same lead at the same time waits here, and then reads what it became.
    """
    if len(ids) > LIMIT:
        raise RelatumError("sales_too_many_leads", count=len(ids), limit=LIMIT)
    given = versions or {}
    rows = [{"id": id_} | ({"version": given[id_]} if id_ in given else {}) for id_ in ids]
    done = records.update(LEAD, rows, actor=actor, partial=True)
    return {ids[each.row]: Invalid(each.problems) for each in done if each.problems}


def became(leads: Iterable[Record], *, actor: Actor) -> dict[int, list[int]]:
    """Return the ids of what converted leads became, by lead; those that an actor sees.

    A lead is converted if its status says so and it has a record, or if a deal came of it.
    """
    some = {lead["id"]: lead for lead in leads}
    deals = deals_of(some, actor=actor)
    linked = {
        id_: [to for name in (ACCOUNT, CONTACT) if (to := lead.get(name)) is not None]
        for id_, lead in some.items()
    }
    done = [i for i, lead in some.items() if i in deals or (linked[i] and is_qualified(lead))]
    every = {to for id_ in done for to in (*linked[id_], *deals.get(id_, ()))}
    shown = records.seen(every, actor)
    return {i: [to for to in (*linked[i], *deals.get(i, ())) if to in shown] for i in done}


def deals_of(ids: Iterable[int], *, actor: Actor) -> dict[int, list[int]]:
    """Return the ids of the deals of leads by lead, those that the actor does not see, too."""
    found: dict[int, list[int]] = {}
    for deal in where(DEAL, LEAD, ids, actor=actor.unbound()):
        found.setdefault(deal[LEAD], []).append(deal["id"])
    return found


def is_qualified(lead: Record) -> bool:
    """Say whether the status of a lead is one of those that mean a conversion."""
    return lead.get("status") in statuses("won")


def statuses(category: str) -> list[str]:
    """Return the statuses of leads of a category, in order, that can be chosen."""
    options = catalog.current().type(LEAD).fields["status"].options
    return [o.value for o in options if o.category == category and not o.retired]

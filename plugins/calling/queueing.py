"""Who is called next: call backs that are due, then the untried, then those to try again.

A caller holds whom he is given for some minutes. Callers of one list take turns in the writing
transaction, by a row that each of them changes first, so that nobody is given to two of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from relatum import Actor, RelatumError, catalog, clock, plugin_host, query, records, seen

from . import hours, people
from .entities import PEOPLE
from .frame import LIST, TARGET, Row, list_of, table
from .settings import of

#: Targets that are looked at together.
_PAGE: Final = 50
#: Holds of one list that there are at once.
_HOLDS: Final = 1_000


def require_active(row: Row) -> None:
    """Raise `calling_list_inactive` for a call list from which nobody is called."""
    if row["status"] == "active":
        return
    options = catalog.current(plugin_host.language()).type(LIST).fields["status"].options
    label = next((each.label for each in options if each.value == row["status"]), row["status"])
    raise RelatumError("calling_list_inactive", id=row["id"], label=row["name"], status=label)


# -- holds ----------------------------------------------------------------------------------------
def held_by(list_id: int, actor: Actor) -> int | None:
    """Return the target of a list that an actor is calling just now."""
    where = {"list": list_id, "user": actor.user_id}
    now = clock.now()
    found = table("hold").select(where, at_least={"until": now}, order=["-until"], limit=1)
    return int(found[0]["target"]) if found else None


def holder(target_id: int) -> Row | None:
    """Return the hold of a target, if somebody is calling it: {user, until, list}."""
    found = table("hold").select(
        {"target": target_id}, at_least={"until": clock.now()}, limit=1
    )  # fmt: skip
    return found[0] if found else None


def let_go(target_id: int) -> None:
    """Let others have a target again."""
    table("hold").delete({"target": target_id})


def leave(list_id: int, actor: Actor) -> None:
    """Let others have whom the actor was calling from a list."""
    table("hold").delete({"list": list_id, "user": actor.user_id})


def _take_turn(list_id: int) -> None:
    """Let whoever else is given somebody from the list wait for the end of the transaction."""
    turns = table("turn")
    now = clock.now()
    found = turns.select({"list": list_id}, limit=1)
    if found:
        turns.update([{"id": found[0]["id"], "taken_at": now}])
    else:
        turns.insert([{"list": list_id, "taken_at": now}])


# -- the next one ---------------------------------------------------------------------------------
def take(list_id: int, *, actor: Actor) -> int | None:
    """Give an actor the best target of a list to call, in the open writing transaction.

    Whom he has already he keeps. None: nobody is to be called now. Raises `record_unknown`,
    `calling_list_inactive`.
    """
    row = list_of(list_id, actor)
    require_active(row)
    _take_turn(list_id)
    now = clock.now()
    until = now + timedelta(minutes=of("hold_minutes"))
    mine = held_by(list_id, actor)
    if not hours.is_open(row, now):
        return None
    leave(list_id, actor)
    others = table("hold").select({"list": list_id}, at_least={"until": now}, limit=_HOLDS)
    held = {each["target"] for each in others}
    found = _still(row, mine, actor) if mine is not None else None
    if found is None:
        found = next((id_ for id_ in candidates(row, now, actor) if id_ not in held), None)
    if found is None:
        return None
    let_go(found)  # a hold that is over
    hold = {"target": found, "list": list_id, "user": actor.user_id, "until": until}
    table("hold").insert([hold])
    return found


def _still(row: Row, target_id: int, actor: Actor) -> int | None:
    """Return a target that was held if it may still be called."""
    mine = {"field": "id", "op": "eq", "value": target_id}
    return next(_found(row, [mine, _OPEN], ["id"], actor), None)


_OPEN: Final = {"field": "state", "op": "category", "value": ["open"]}


def candidates(row: Row, now: datetime, actor: Actor) -> Iterator[int]:
    """Yield the targets of a list that an actor may call at an instant, the best ones first."""
    due = {"field": "next_call_at", "op": "lte", "value": now.isoformat()}
    whenever = {"or": [{"field": "next_call_at", "op": "empty", "value": True}, due]}
    back = {"field": "state", "op": "eq", "value": "call_back"}
    first = {"field": "attempts", "op": "eq", "value": 0}
    tiers: Sequence[tuple[list[Row], list[str]]] = (
        ([back, due], ["next_call_at", "id"]),
        ([_OPEN, {"not": back}, first, whenever], ["id"]),
        ([_OPEN, {"not": back}, {"not": first}, whenever], ["next_call_at", "id"]),
    )
    for conditions, sort in tiers:
        yield from _found(row, conditions, sort, actor)


def _found(row: Row, conditions: list[Row], sort: list[str], actor: Actor) -> Iterator[int]:
    reach = reachable(actor)
    if reach is None:
        return
    of_list = {"field": "list", "op": "eq", "value": row["id"]}
    words: Row = {
        "filter": {"and": [of_list, *conditions, reach]}, "sort": sort, "limit": _PAGE,
        "fields": [name for name in PEOPLE if name in seen(actor).type(TARGET).fields],
    }  # fmt: skip
    after: str | None = None
    while True:
        asked = query.from_json(TARGET, {**words, "after": after}, actor=actor)
        page = query.page(query.narrowed(asked, "update"))
        against = _against(row, page.records)
        yield from (each["id"] for each in page.records if each["id"] not in against)
        after = page.next
        if after is None:
            return


def _against(row: Row, targets: list[Row]) -> set[int]:
    """Return those targets who have said meanwhile that they don't want to be called."""
    made: set[int] = set()
    for name in PEOPLE:
        by_person = {who[1]: each["id"] for each in targets
                     if (who := people.ids_of(each)) is not None and who[0] == name}  # fmt: skip
        if by_person:
            said = people.forbidden(name, by_person, needs_consent=bool(row["needs_consent"]))
            made |= {by_person[id_] for id_ in said}
    return made


def reachable(actor: Actor) -> Row | None:
    """Return the filter of targets whom the actor sees, with a number; None: there is no way.

    A path leads to live records that one sees, and nowhere else.
    """
    known = seen(actor)
    own = known.type(TARGET).fields
    other = [{"field": "phone", "op": "empty", "value": False}] if "phone" in own else []
    ways: list[Row] = []
    for name in PEOPLE:
        there = known.types.get(name)
        if there is None or name not in own:
            continue
        numbers = [
            {"field": f"{name}.{each}", "op": "empty", "value": False}
            for each in people.NUMBERS if each in there.fields
        ]  # fmt: skip
        alive = {"field": f"{name}.id", "op": "empty", "value": False}
        before = [
            {"field": each, "op": "empty", "value": True}
            for each in PEOPLE[: PEOPLE.index(name)] if each in own
        ]  # fmt: skip
        if numbers or other:
            ways.append({"and": [*before, alive, {"or": [*other, *numbers]}]})
    return {"or": ways} if ways else None


# -- who is to be shown -----------------------------------------------------------------------
def current(list_id: int, *, actor: Actor) -> Row | None:
    """Return the target that an actor is calling from a list, if he may see and change it."""
    target_id = held_by(list_id, actor)
    if target_id is None or not records.may("update", TARGET, target_id, actor=actor):
        return None
    target = records.get(TARGET, target_id, actor=actor)
    return target if people.person_of(target, actor) is not None else None


def waiting(row: Row, *, actor: Actor) -> Any:
    """Return when somebody of a list is to be called next who is not to be called now.

    None: nobody is left whom the actor may call.
    """
    reach = reachable(actor)
    if reach is None:
        return None
    of_list = {"field": "list", "op": "eq", "value": row["id"]}
    later = {"field": "next_call_at", "op": "gt", "value": clock.now().isoformat()}
    asked = {
        "filter": {"and": [of_list, _OPEN, later, reach]}, "sort": ["next_call_at", "id"],
        "limit": 1, "fields": ["next_call_at"],
    }  # fmt: skip
    found = query.page(query.from_json(TARGET, asked, actor=actor)).records
    return found[0]["next_call_at"] if found else None


def closed_until(row: Row) -> datetime | None:
    """Return when a list calls again; None if it calls now."""
    now = clock.now()
    return None if hours.is_open(row, now) else hours.opens_at(row, now)

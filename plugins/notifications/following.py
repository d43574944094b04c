"""Following records: whoever does hears of what happens to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from relatum import catalog, clock, query, slices

from .frame import own, table

#: Rows that one statement looks for or writes.
_SLICE: Final = 100
#: Followers of the records of one call that are told; nobody needs more.
_MOST: Final = 100_000


def follow(record_ids: Iterable[int], user_ids: Iterable[int], *, again: bool = False) -> None:
    """Let users follow records, in the open transaction.

    Who has stopped following one does not follow it again by that, unless `again`.
    """
    people, found = sorted(set(user_ids)), sorted(set(record_ids))
    if not people or not found:
        return
    rows = table("follow").select({"record": found, "person": people}, limit=_MOST)
    there = {(row["record"], row["person"]): row for row in rows}
    now = clock.now()
    new = [
        {"record": record, "person": person, "since": now}
        for record in found
        for person in people
        if (record, person) not in there
    ]
    if new:
        table("follow").insert(new)
    stopped = [row["id"] for row in there.values() if row["stopped"]]
    if again and stopped:
        table("follow").update({"id": id_, "stopped": False, "since": now} for id_ in stopped)


def unfollow(record_id: int, user_id: int) -> None:
    """Let a user stop following a record, in the open transaction: nothing makes him again."""
    rows = table("follow").select({"record": record_id, "person": user_id}, limit=1)
    if rows:
        table("follow").update([{"id": rows[0]["id"], "stopped": True}])
    else:
        new = {"record": record_id, "person": user_id, "stopped": True, "since": clock.now()}
        table("follow").insert([new])


def followers(record_ids: Iterable[int]) -> dict[int, set[int]]:
    """Return the users who follow some records, by record; none has an empty set.

    Owners are among them as the settings say. One query for all, and one per type of records for
    their owners. What they may see is not asked here.
    """
    found = sorted(set(record_ids))
    made: dict[int, set[int]] = {id_: set() for id_ in found}
    stopped: set[tuple[int, int]] = set()
    for piece in slices(found, _SLICE):
        for row in table("follow").select({"record": piece}, limit=_MOST):
            if row["stopped"]:
                stopped.add((row["record"], row["person"]))
            else:
                made[row["record"]].add(row["person"])
    if own().settings["owner_follows"]:
        for id_, owner in owners(found).items():
            if (id_, owner) not in stopped:
                made[id_].add(owner)
    return made


def owners(record_ids: Iterable[int]) -> dict[int, int]:
    """Return the owners of those records that are there and have one."""
    actor, found = own().as_plugin(), sorted(set(record_ids))
    by_type: dict[str, list[int]] = {}
    for id_, each in query.labels(found, actor=actor).items():
        by_type.setdefault(each["type"], []).append(int(id_))
    made: dict[int, int] = {}
    for type_name, ids in by_type.items():
        if "owner" not in catalog.current().type(type_name).fields:
            continue
        rows = query.every(type_name, {"fields": ["owner"]}, among=("id", ids), actor=actor)
        made |= {row["id"]: row["owner"] for row in rows if row["owner"] is not None}
    return made


def state(record_id: int, user_id: int) -> bool:
    """Say whether a user follows a record."""
    return user_id in followers([record_id])[record_id]

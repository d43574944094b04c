"""Pairs of records that a search found to be alike, and those that somebody said are not one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from relatum import Actor, RelatumError, query

from .rules import table

#: Pairs that are read at once to show some that the reader sees, and how often.
_READ: Final = 200
_TIMES: Final = 10
#: Pairs that one page shows.
SHOWN: Final = 50


class Pair(NamedTuple):
    """Two records that are alike: what they are called, the points, and the fields."""

    type: str
    one: int
    other: int
    labels: tuple[str, str]
    score: int
    fields: tuple[str, ...]


def both(one: int, other: int) -> tuple[int, int]:
    """Return a pair as it is kept: the older record first."""
    return min(one, other), max(one, other)


def dismissed(ids: Iterable[int]) -> set[tuple[int, int]]:
    """Return the pairs with any of some records that are not one, as somebody said."""
    wanted, found = list(set(ids)), set[tuple[int, int]]()
    for side in ("one", "other"):
        where = {side: wanted, "dismissed": True}
        rows = table("pair").select(where, limit=_READ * len(wanted)) if wanted else ()
        found.update((row["one"], row["other"]) for row in rows)
    return found


def dismiss(one: int, other: int, *, actor: Actor) -> None:
    """Remember that two records of a type are not one; raise `record_unknown` for hidden ones."""
    first, second = both(one, other)
    seen = query.labels([first, second], actor=actor)
    for id_ in (first, second):
        if str(id_) not in seen:
            raise RelatumError("record_unknown", type="record", id=id_)
    kept = table("pair")
    rows = kept.select({"one": first, "other": second}, limit=1)
    if rows:
        kept.update([{"id": rows[0]["id"], "dismissed": True}])
    elif first != second:
        type_name = seen[str(second)]["type"]
        kept.insert([{"type": type_name, "one": first, "other": second, "score": 0,
                      "reasons": [], "dismissed": True}])  # fmt: skip


def forget(type_name: str, ids: Sequence[int]) -> None:
    """Drop the pairs of records that have changed, but for those that are not one."""
    for side in ("one", "other"):
        table("pair").delete({side: list(ids), "dismissed": False, "type": type_name})


def keep(type_name: str, found: Iterable[tuple[int, int, int, tuple[str, ...]]]) -> int:
    """Keep pairs: (one, other, points, fields); return how many of them are new."""
    rows = {both(one, other): (score, names) for one, other, score, names in found}
    if not rows:
        return 0
    kept = table("pair")
    ids = sorted({one for one, _ in rows})
    there = {
        (row["one"], row["other"]) for row in kept.select({"one": ids}, limit=_READ * len(ids))
    }
    fresh = [
        {"type": type_name, "one": one, "other": other, "score": score, "reasons": list(names),
         "dismissed": False}
        for (one, other), (score, names) in rows.items() if (one, other) not in there
    ]  # fmt: skip
    kept.insert(fresh)
    return len(fresh)


def listed(
    type_name: str, *, actor: Actor, limit: int = SHOWN, after: Sequence[int] = ()
) -> tuple[list[Pair], tuple[int, int] | None]:
    """Return the best pairs whose records the actor sees both, and where the next ones begin.

    `after` is (points, id) of the last one that was read.
    """
    made: list[Pair] = []
    for _ in range(_TIMES):
        rows = _next(type_name, after)
        labels = query.labels((row[side] for row in rows for side in ("one", "other")), actor=actor)
        for row in rows:
            after = (row["score"], row["id"])
            one, other = (labels.get(str(row[side])) for side in ("one", "other"))
            if one and other and not one["trashed"] and not other["trashed"]:
                names = (one["label"], other["label"])
                made.append(Pair(type_name, row["one"], row["other"], names, row["score"],
                                 tuple(row["reasons"] or ())))  # fmt: skip
            if len(made) == limit:
                return made, (after[0], after[1])
        if len(rows) < _READ:
            return made, None
    return made, (after[0], after[1]) if after else None


def _next(type_name: str, after: Sequence[int]) -> list[dict[str, Any]]:
    """Return pairs that are open, most points first, from a place on."""
    where: dict[str, Any] = {"type": type_name, "dismissed": False}
    kept = table("pair")
    if not after:
        return kept.select(where, order=["-score"], limit=_READ)
    score, last = after
    same = kept.select({**where, "score": score}, at_least={"id": last + 1}, limit=_READ)
    left = _READ - len(same)
    less = kept.select(where, below={"score": score}, order=["-score"], limit=left) if left else []
    return [*same, *less]

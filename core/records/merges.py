"""What was merged into what: marks of records in the trash, and the shares that went along.

A mark is made in the change set that puts the record in the trash, and counts until it is restored:
so undoing that change set undoes the mark, and doing it again makes a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from .. import audit, changes, clock, db, models, spine
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Invalid
from ..fields.number import INTEGER_LIMIT
from ..storage import among, slices
from .batch import Row
from .changesets import type_name

_MERGE: Final[Any] = models.Merge.__table__
_SHARE: Final[Any] = models.Share.__table__
_CHANGE: Final[Any] = models.Change.__table__
#: What a share gives: whether to change, and until when.
_GIVEN: Final = ("user_id", "team_id", "update", "expires_at")


def _counts() -> Any:
    """Return the condition of marks whose record has not been restored since."""
    of_record = _CHANGE.c.record_id == _MERGE.c.record_id
    went = (
        sa.select(sa.func.max(_CHANGE.c.id))
        .where(
            of_record, _CHANGE.c.change_set_id == _MERGE.c.change_set_id, _CHANGE.c.op == "delete"
        )
        .correlate(_MERGE)
        .scalar_subquery()
    )
    back = _CHANGE.alias("back")
    return ~sa.exists().where(
        back.c.record_id == _MERGE.c.record_id, back.c.op == "restore", back.c.id > went
    )


_OF: Final = sa.select(_MERGE.c.record_id, _MERGE.c.into_id).where(
    among(_MERGE.c.record_id), _counts()
)
_INTO: Final = sa.select(_MERGE.c.record_id, _MERGE.c.into_id, _MERGE.c.change_set_id).where(
    among(_MERGE.c.into_id), _counts()
)


def masters(ids: Collection[int]) -> dict[int, int]:
    """Return for those of some records that were merged the one that holds what they held.

    Where that one was merged in turn, it is the last one.
    """
    found: dict[int, int] = {}
    asked = {id_ for id_ in ids if 0 < id_ <= INTEGER_LIMIT}
    while asked:
        pairs: dict[int, int] = {}
        for piece in slices(sorted(asked)):
            rows = db.current().connection.execute(_OF, {"ids": piece})
            pairs.update((row[0], row[1]) for row in rows)
        found.update(pairs)
        asked = set(pairs.values()) - found.keys()
    made = {}
    for id_ in found.keys() & set(ids):
        at = id_
        while at in found:
            at = found[at]
        made[id_] = at
    return made


def merged(record_id: int) -> dict[int, list[tuple[int, int]]]:
    """Return what was merged into a record, and into that in turn: (id, into) by change set."""
    found: dict[int, list[tuple[int, int]]] = {}
    known, asked = {record_id}, [record_id]
    while asked:
        rows = db.current().connection.execute(_INTO, {"ids": asked}).all()
        asked = []
        for id_, into, change_set in rows:
            found.setdefault(change_set, []).append((id_, into))
            if id_ not in known:
                known.add(id_)
                asked.append(id_)
    return found


def together(record_id: int, merged_ids: Collection[int], change_sets: Collection[int]) -> Any:
    """Return the condition of changes of a record and of those that were merged into it.

    That the change sets of the merges deleted those is left out.
    """
    gone = sa.and_(
        _CHANGE.c.op == "delete", _CHANGE.c.change_set_id.in_(change_sets),
        _CHANGE.c.record_id != record_id,
    )  # fmt: skip
    return sa.and_(_CHANGE.c.record_id.in_([record_id, *merged_ids]), sa.not_(gone))


def made_in(change_sets: Collection[int]) -> list[tuple[int, int]]:
    """Return what was merged into what in change sets, in order."""
    query = sa.select(_MERGE.c.record_id, _MERGE.c.into_id).order_by(_MERGE.c.id)
    query = query.where(_MERGE.c.change_set_id.in_(change_sets))
    return [(row[0], row[1]) for row in db.current().connection.execute(query)]


def note(into: Mapping[int, int], actor: Actor) -> int:
    """Mark records that went to the trash, and share what they were merged into as they were.

    Returns how many shares were made.
    """
    number, given = changes.change_set(actor), _share_along(into, actor)
    rows = [
        {
            "record_id": id_, "into_id": master, "change_set_id": number,
            "shares": orjson.dumps(given.get(id_, [])).decode(),
        }
        for id_, master in into.items()
    ]  # fmt: skip
    db.for_writing().connection.execute(sa.insert(_MERGE), rows)
    return sum(map(len, given.values()))


def _share_along(into: Mapping[int, int], actor: Actor) -> dict[int, list[int]]:
    """Share masters with whom the merged were shared, where they are not yet so far and so long."""
    connection, now = db.for_writing().connection, clock.now()
    query = sa.select(_SHARE).where(among(_SHARE.c.record_id)).order_by(_SHARE.c.id)
    stored: list[Any] = []
    for piece in slices(sorted({*into, *into.values()})):
        stored += connection.execute(query, {"ids": piece}).mappings()
    held = [(row["record_id"], row) for row in stored if row["record_id"] not in into]
    made: dict[int, list[int]] = {}
    told = []
    for row in stored:
        master = into.get(row["record_id"])
        lasts = row["expires_at"] is None or row["expires_at"] > now
        if master is None or not lasts or any(m == master and _wide(h, row) for m, h in held):
            continue
        fresh = {
            **{name: row[name] for name in _GIVEN}, "record_id": master, "created_at": now,
            "created_by": row["created_by"],
        }  # fmt: skip
        id_ = connection.execute(sa.insert(_SHARE).returning(_SHARE.c.id), fresh).scalar_one()
        made.setdefault(row["record_id"], []).append(id_)
        held.append((master, row))
        told.append((master, row))
    _tell("shared", told, actor)
    return made


def _wide(held: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Say whether a share gives all that another one does, to the same people."""
    if any(held[name] != asked[name] for name in ("user_id", "team_id")):
        return False
    lasting = held["expires_at"] is None or (
        asked["expires_at"] is not None and held["expires_at"] >= asked["expires_at"]
    )
    return lasting and held["update"] >= asked["update"]


def _tell(event: str, shares: Iterable[tuple[int, Any]], actor: Actor) -> None:
    shares, types, done = list(shares), dict[int, int](), list[audit.Done]()
    for type_id, ids in spine.types_of({id_ for id_, _ in shares}).items():
        types.update(dict.fromkeys(ids, type_id))
    for id_, row in shares:
        told = {
            "user": row["user_id"], "team": row["team_id"], "update": row["update"],
            "expires_at": row["expires_at"],
        }  # fmt: skip
        subject = f"{type_name(types[id_])}:{id_}"
        done.append(
            audit.Done(subject, None, told) if event == "shared" else audit.Done(subject, told)
        )
    audit.note_all(event, done, actor=actor)


class Mark(NamedTuple):
    """That a record in the trash was merged, and the shares that were made for it."""

    record_id: int
    into: int
    shares: list[int]


def marked(rows: Iterable[Row]) -> list[Mark]:
    """Return the marks of rows that are to come back, and note in the rows where they come from."""
    by_id = {row.id: row for row in rows if row.id and row.id <= INTEGER_LIMIT}
    found = list[Mark]()
    query = _OF.add_columns(_MERGE.c.shares)
    for piece in slices(sorted(by_id)):
        for id_, into, shares in db.current().connection.execute(query, {"ids": piece}):
            by_id[id_].into = into
            found.append(Mark(id_, into, orjson.loads(shares)))
    return found


def part(marks: Iterable[Mark], stayed: Collection[int | None], actor: Actor) -> None:
    """Take back the shares that merging records made, of those that came back by an undo."""
    given = [id_ for mark in marks if mark.record_id not in stayed for id_ in mark.shares]
    if not given:
        return
    connection = db.for_writing().connection
    there = connection.execute(sa.select(_SHARE).where(among(_SHARE.c.id)), {"ids": given})
    told = [(row["record_id"], row) for row in there.mappings()]
    connection.execute(sa.delete(_SHARE).where(among(_SHARE.c.id)), {"ids": given})
    _tell("unshared", told, actor)


def former(ids: Collection[int], change_set: int) -> dict[int, int]:
    """Return what records were merged into that a change set restored, from a merge."""
    went, back = _CHANGE.alias("went"), _CHANGE.alias("back")
    restored = (
        sa.select(sa.func.max(back.c.id))
        .where(
            back.c.record_id == _MERGE.c.record_id,
            back.c.op == "restore",
            back.c.change_set_id == change_set,
        )
        .correlate(_MERGE)
        .scalar_subquery()
    )
    last = (
        sa.select(sa.func.max(went.c.id))
        .where(went.c.record_id == _MERGE.c.record_id, went.c.op == "delete", went.c.id < restored)
        .correlate(_MERGE)
        .scalar_subquery()
    )
    query = (
        sa.select(_MERGE.c.record_id, _MERGE.c.into_id)
        .join(_CHANGE, sa.and_(
            _CHANGE.c.record_id == _MERGE.c.record_id,
            _CHANGE.c.change_set_id == _MERGE.c.change_set_id, _CHANGE.c.op == "delete",
        ))
        .where(among(_MERGE.c.record_id), _CHANGE.c.id == last)
    )  # fmt: skip
    found: dict[int, int] = {}
    for piece in slices(sorted(ids)):
        rows = db.current().connection.execute(query, {"ids": piece})
        found.update((row[0], row[1]) for row in rows)
    return found


def follow(
    entity_type: EntityType, restored: Sequence[Row], *, actor: Actor, update: Callable[..., Any]
) -> None:
    """Let records that come out of the trash point to what those were merged into that they held.

    `update` is the verb; what it refuses is placed in the rows that come back.
    """
    links = [f.name for f in (*entity_type.lookups, *entity_type.references) if f.owner != "system"]
    held = {value for row in restored for n in links if (value := (row.before or {}).get(n))}
    into = masters(held) if held else {}
    if not into:
        return
    sent, places = list[dict[str, Any]](), list[int]()
    for row in restored:
        moved = {n: into[v] for n in links if (v := (row.before or {}).get(n)) in into}
        if moved:
            sent.append({"id": row.id, **moved})
            places.append(row.place)
    try:
        update(entity_type.name, sent, actor=actor, check_required=False)
    except Invalid as error:
        raise Invalid([p.at(row=places[p.row or 0]) for p in error.problems]) from None

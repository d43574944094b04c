"""Merge records of a type into one, which then holds all that they held; one change set.

Whoever merges may update the one that is left and delete the others. Links to those are moved also
where he may not see who has them: nothing that he does learns of it, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from .. import access, catalog, db, models
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Invalid, RelatumError
from ..storage import slices
from . import checks, seeing, verbs, write
from .batch import Row, good
from .moving import Into, Tally, absorb, pointing
from .surviving import Survivors, followed, lists
from .writing import opened


def merge(
    type_name: str,
    into: int,
    others: Sequence[int],
    *,
    actor: Actor,
    values: Mapping[str, Any] | None = None,
    keep: Iterable[str] = (),
    version: int | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Merge `others` into one record: links to them lead to it, and they go to the trash.

    `values` says what survives of a field: a value, or {"from": id} for that of one of the records;
    by default the master's own, and where that is empty the newest other's. `keep` names fields of
    which further values are kept in the list of parts for them, such as further e-mails. Returns
    {"id", "version", "moved": {"type.field": count}, "merged": {type: count}, "shares": count},
    of what the actor sees. `dry_run` writes nothing. Raises `Invalid`, `merge_nothing`,
    `merge_limit`, `merge_too_large`, `merge_refused`, `circular`, `type_unknown`, `forbidden`.
    """
    entity_type = opened(type_name, "update", actor)
    access.require(actor, "delete", f"records of '{type_name}'", type_name)
    batch = _batch(entity_type, into, others, version)
    with db.attempt() if dry_run else db.savepoint():
        return _merged(entity_type, batch, values or {}, tuple(keep), actor)


def _batch(
    entity_type: EntityType, into: int, others: Sequence[int], version: int | None
) -> list[Row]:
    """Return the records as rows, the master first."""
    if entity_type.owner == "core":
        raise RelatumError("merge_refused", type=entity_type.name)
    limit = db.settings().merge_limit
    if len(others) > limit:
        raise RelatumError("merge_limit", count=len(others), limit=limit)
    if not others or len({into, *others}) != len(others) + 1:
        raise RelatumError("merge_nothing", type=entity_type.name, id=into)
    rows = [Row(place, id=id_) for place, id_ in enumerate((into, *others))]
    rows[0].expected = version
    return rows


def _take_up(entity_type: EntityType, batch: list[Row], actor: Actor, *, hold: bool) -> None:
    """Read the records, locked to `hold` them; raise `Invalid` for what the actor may not do."""
    write.lock(entity_type, batch, strongly=True, hold=hold)
    seeing.admit(entity_type, batch[:1], "update", actor)
    seeing.admit(entity_type, batch[1:], "delete", actor)
    good(batch, partial=False)


def _merged(
    entity_type: EntityType,
    batch: list[Row],
    values: Mapping[str, Any],
    keep: tuple[str, ...],
    actor: Actor,
) -> dict[str, Any]:
    tree = entity_type.tree
    if tree is not None:
        checks.in_turn(entity_type, [Row(0, {tree.name: None})])
    _take_up(entity_type, batch, actor, hold=True)
    stored = {row.id: row.before for row in batch if row.id and row.before}
    master, version = batch[0].id or 0, batch[0].version
    survivors = Survivors(entity_type, stored, master, values, actor)
    parts, tally = survivors.further(keep), Tally()
    if survivors.problems:
        raise Invalid(survivors.problems)
    into = {id_: master for id_ in stored if id_ != master}
    absorb(entity_type, into, tally, actor)
    mine = followed(entity_type, survivors.mine)
    verbs.update(entity_type.name, [{**mine, **parts, "id": master}], actor=actor)
    if survivors.hidden:
        sent = [{**followed(entity_type, survivors.hidden), "id": master}]
        verbs.update(entity_type.name, sent, actor=actor.unbound(), check_required=False)
    _raise_version(entity_type, master, version, actor)
    told = _told(tally, actor)
    return {"id": master, "version": write.versions(entity_type, [master])[master], **told}


def _raise_version(entity_type: EntityType, master: int, version: int, actor: Actor) -> None:
    """Let the master say that something happened to it, if none of its values has changed."""
    row = Row(0, id=master)
    write.lock(entity_type, [row])
    if row.version == version:
        write.update(entity_type, [row], actor=actor)


def _told(tally: Tally, actor: Actor) -> dict[str, Any]:
    """Return what was moved and merged, of what the actor sees."""
    shown = access.seen(actor).types
    every = [*tally.moved.values(), *tally.merged.values()]
    visible = seeing.seen({id_ for ids in every for id_ in ids}, actor)
    moved = {
        f"{name}.{link}": len(ids & visible)
        for (name, link), ids in tally.moved.items()
        if name in shown and link in shown[name].fields
    }
    merged = {name: len(ids & visible) for name, ids in tally.merged.items() if name in shown}
    return {
        "moved": {at: count for at, count in moved.items() if count},
        "merged": {name: count for name, count in merged.items() if count},
        "shares": tally.shares,
    }


# -- looking --------------------------------------------------------------------------------
def merging(type_name: str, into: int, others: Sequence[int], *, actor: Actor) -> dict[str, Any]:
    """Say what merging records would do, and write nothing.

    Returns what `merge` does, without the version, and {"records": [{id, label, version}], master
    first, "fields": [{name, values: {id: wire value}, differs, from, writable, list}], "errors":
    [...]}: `from` is the record whose value survives unless another is chosen, `list` that of parts
    which can keep further values. Raises what `merge` does for the records themselves.
    """
    access.require(actor, "update", f"records of '{type_name}'", type_name)
    access.require(actor, "delete", f"records of '{type_name}'", type_name)
    entity_type = catalog.current().type(type_name)
    batch = _batch(entity_type, into, others, None)
    _take_up(entity_type, batch, actor, hold=False)
    stored = {row.id: row.before for row in batch if row.id and row.before}
    pairs = {id_: into for id_ in stored if id_ != into}
    tally = Tally(shares=_shares(pairs))
    errors = _look(entity_type, pairs, tally, actor)
    told = _told(tally, actor)
    return {
        "id": into,
        "records": [
            {"id": id_, "label": entity_type.label_of(values), "version": values["version"]}
            for id_, values in stored.items()
        ],
        "fields": _fields(entity_type, stored, into, actor),
        **told,
        "errors": errors,
    }  # fmt: skip


def _look(entity_type: EntityType, into: Into, tally: Tally, actor: Actor) -> list[dict[str, Any]]:
    found = pointing(entity_type, into, hold=False)
    problems = [row.problems for each in found for row in each.rows if row.problems]
    seeing.mask(problems, actor)
    for each in found:
        left = each.doubled.keys() | each.loose
        for name, ids in each.links.items():
            tally.moved[(each.type.name, name)] = ids - left
        tally.merged[each.type.name] = set(left)
    return [problem.at(row=0).as_json() for some in problems for problem in some]


def _shares(into: Into) -> int:
    share = models.Share.__table__
    count = 0
    for piece in slices(sorted(into)):
        query = sa.select(sa.func.count()).where(share.c.record_id.in_(piece))
        count += db.current().connection.execute(query).scalar_one()
    return count


def _fields(
    entity_type: EntityType, stored: Mapping[int, Any], master: int, actor: Actor
) -> list[dict[str, Any]]:
    """Return the fields that anything is in, as the actor sees them, and what of them survives."""
    survivors = Survivors(entity_type, stored, master, {}, actor)
    shown, made = survivors.shown, []
    further = lists(shown)
    for field in shown.fields.values():
        values = {id_: field.wire(held[field.name]) for id_, held in stored.items()}
        written = entity_type.fields[field.name]
        if (
            written.read_only
            or written.NUMBERED
            or all(v in (None, "", []) for v in values.values())
        ):
            continue
        first = values[master]
        made.append(
            {
                "name": field.name, "values": values,
                "differs": any(value != first for value in values.values()),
                "from": survivors.taken.get(field.name, master),
                "writable": field.name in shown.writable,
                "list": further[field.name][0] if field.name in further else None,
            }
        )  # fmt: skip
    return made

"""What other records have to say against putting some back: links, wholes and unique values."""

from __future__ import annotations

from collections.abc import Iterable

from .. import changes, spine
from ..catalog import Catalog, EntityType, Relation
from ..changes import Line
from ..errors import Problem
from ..fields import Link
from . import checks
from .batch import Led, Row
from .deleting import children, gone, trashed_in
from .touched import Touched

Found = dict[int, Touched]


def note(known: Catalog, found: Found) -> None:
    """Note records, by id, that others have come to need, or that would be in a conflict."""
    for entity_type, some in by_type(found.values()).items():
        if entity_type.keys:
            _unique(entity_type, [t for t in some if t.op == "restore"], found, "restore_conflict")
            _unique(entity_type, [t for t in some if t.op != "restore"], found, "duplicate")
    _spare_own(known, found)
    _wholes(known, found)
    _pointed(known, found)


def by_type(some: Iterable[Touched]) -> dict[EntityType, list[Touched]]:
    """Return the records of live types, by type, in the order of the types' numbers."""
    found: dict[EntityType, list[Touched]] = {}
    for each in some:
        if each.type is not None:
            found.setdefault(each.type, []).append(each)
    return dict(sorted(found.items(), key=lambda item: item[0].id))


def _spare_own(known: Catalog, found: Found) -> None:
    """Note links that get back what was in the trash before the change set, and is there still."""
    links = [
        (name, each, value)
        for each in found.values()
        for name, value in each.values.items()
        if value is not None and each.type is not None and isinstance(each.type.fields[name], Link)
    ]
    went: dict[int, int] = {}
    for type_id, ids in spine.types_of({value for _, _, value in links}).items():
        if type_id in known.by_id:
            went |= trashed_in(known.by_id[type_id], ids)
    for name, each, value in links:
        if value in went and went[value] < each.lines[0].change_set:
            each.spared.add(Led(each.id, name, value))


def _pointed(known: Catalog, found: Found) -> None:
    """Note records to be deleted that something points to which neither goes nor lets go."""
    links: list[tuple[Relation, int, Touched]] = []
    going = [each for each in found.values() if each.op == "delete" and each.flips]
    for entity_type, some in by_type(going).items():
        members = {each.id: each.row for each in some}
        for relation in known.referrers(entity_type.name):
            pairs = children(relation, members)
            links += [(relation, child, found[parent]) for child, parent in pairs]
    _spare_others(links)
    again = True
    while again:
        # What stays may point to something else, which then stays too.
        again = False
        for relation, child, parent in links:
            name = relation.link.name
            if parent.stuck or Led(child, name, parent.id) in parent.spared:
                continue
            if not _lets_go(found.get(child), name):
                parent.note("undo_pointed", other=relation.type.name, other_id=child, field=name)
                again = True


def _spare_others(links: Iterable[tuple[Relation, int, Touched]]) -> None:
    """Note the links that led to records when those were in the trash before, as they will again.

    That is so of a record that came out of the trash while what it points to stayed there.
    """
    asked = [
        (relation.link.name, child, parent)
        for relation, child, parent in links
        if not parent.created
    ]
    if not asked:
        return
    first = min(parent.lines[0].id for _, _, parent in asked)
    since: dict[int, list[Line]] = {}
    for line in changes.since({child for _, child, _ in asked}, after=first - 1):
        since.setdefault(line.record_id, []).append(line)
    for name, child, parent in asked:
        lines = since.get(child, [])
        flips = [line.op for line in lines if line.op != "update"]
        was_live = not flips or flips[0] == "delete"
        held = next((line.data[name][0] for line in lines if name in line.data), parent.id)
        if was_live and held == parent.id:
            parent.spared.add(Led(child, name, parent.id))


def _lets_go(other: Touched | None, name: str) -> bool:
    if other is None:
        return False
    if other.op == "delete":
        return not other.stuck
    return name in other.fields and not other.keeps(name)


def _wholes(known: Catalog, found: Found) -> None:
    """Note parts that would come back without their whole."""
    parts: list[tuple[Touched, str, str, int]] = []
    coming = [each for each in found.values() if each.op == "restore" and each.flips]
    for entity_type, some in by_type(coming).items():
        for link in (*entity_type.lookups, *entity_type.references):
            if link.on_delete == "cascade" and link.owner != "system":
                wholes = {each: each.row.after(link.name) for each in some}
                asked = {id_ for id_ in wholes.values() if id_ is not None}
                lost = gone(known, known.targets(link), asked, {})
                parts += [(t, link.name, lost[w], w) for t, w in wholes.items() if w in lost]
    back = {each.id: each for each in coming}
    again = True
    while again:
        again = False
        for each, name, whole_type, whole in parts:
            if not each.stuck and (whole not in back or back[whole].stuck):
                problem = Problem("parent_trashed", {"type": whole_type, "id": whole})
                each.refuse(problem, name, whole=True)
                again = True


def _unique(entity_type: EntityType, some: list[Touched], found: Found, code: str) -> None:
    """Note unique values that records of other change sets hold by now."""
    rows = {}
    for each in some:
        if each.row.before is not None and (each.flips or each.live):
            values = {name: v for name, v in each.values.items() if not each.keeps(name)}
            rows[each] = Row(0, values, each.id, before=each.row.before)
    checks.unique(entity_type, list(rows.values()), code=code)
    for each, row in rows.items():
        for problem in row.problems:
            if problem.code == code and problem.params["id"] not in found:
                each.refuse(problem, whole=code == "restore_conflict" and each.flips)

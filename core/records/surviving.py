"""Which values survive a merge: the chosen ones, else the master's, else the newest other's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import access, catalog
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Problem, nearest
from ..fields import Field, Link, Refused
from . import branches, merges, seeing, verbs, write
from .batch import Merge, Row

#: Records by id, each with its stored values.
Stored = Mapping[int, Mapping[str, Any]]


def is_empty(field: Field, value: Any) -> bool:
    """Say whether there is nothing in a field; an unticked box is an answer."""
    return field.wire(value) in (None, "", [], {})


def defaults(entity_type: EntityType, stored: Stored, master: int) -> dict[str, int]:
    """Return for the fields that are empty in the master of which record they are filled.

    That is the newest one that has a value which may stand there.
    """
    found: dict[str, int] = {}
    others = sorted(stored.keys() - {master}, reverse=True)
    ends = _ends(entity_type, stored)
    for field in entity_type.own_fields:
        held = stored[master][field.name]
        turned = isinstance(field, Link) and held in stored and field is not entity_type.tree
        # Whose it is, and so who sees it, is never taken along unasked.
        own = field.owner != "system" and not field.NUMBERED
        if not own or not (turned or is_empty(field, held)):
            continue
        for id_ in others:
            value = stored[id_][field.name]
            if is_empty(field, value):
                continue
            stands = (
                _may_lead(entity_type, field, ends.get(value), stored)
                if isinstance(field, Link)
                else _may_stand(entity_type, field, stored, master, id_, found)
            )
            if stands:
                found[field.name] = id_
                break
    return found


def _ends(entity_type: EntityType, stored: Stored) -> dict[int, int]:
    """Return what is live at the ends of links: what they hold, or what is left of merged ones."""
    links = [field.name for field in entity_type.own_fields if isinstance(field, Link)]
    held = {value for values in stored.values() for name in links if (value := values[name])}
    ends = {id_: id_ for id_ in held} | merges.masters(held)
    live = seeing.live(ends.values())
    return {id_: end for id_, end in ends.items() if end in live}


def _may_lead(entity_type: EntityType, link: Link, end: int | None, stored: Stored) -> bool:
    if end is None or end in stored:
        return False
    return link is not entity_type.tree or branches.is_beside(entity_type, end, stored)


def _may_stand(
    entity_type: EntityType,
    field: Field,
    stored: Stored,
    master: int,
    id_: int,
    found: Mapping[str, int],
) -> bool:
    value = stored[id_][field.name]
    choice = field.controlled_by
    if choice is not None and choice in entity_type.fields:
        held = stored[found.get(choice, master)][choice]
        if held != stored[id_][choice]:
            return False
    try:
        field.check(field.wire(value))
    except Refused:
        return False
    return True


def fill(entity_type: EntityType, into: Mapping[int, int], *, actor: Actor) -> None:
    """Fill what is empty in records from those that were merged into them, in the trash by now."""
    gone = [Row(place, id=id_) for place, id_ in enumerate(sorted(into))]
    left = [Row(place, id=id_) for place, id_ in enumerate(sorted(set(into.values())))]
    write.lock(entity_type, gone, trashed=True, hold=False)
    write.lock(entity_type, left, hold=False)
    sent = []
    for row in left:
        stored = {r.id: r.before for r in gone if r.id and r.before and into[r.id] == row.id}
        if row.before is None or row.id is None or not stored:
            continue
        stored[row.id] = row.before
        taken = defaults(entity_type, stored, row.id)
        if taken:
            wires = _wires(entity_type, stored, taken)
            sent.append({"id": row.id, **followed(entity_type, wires)})
    if sent:
        verbs.update(entity_type.name, sent, actor=actor, check_required=False)


def _wires(entity_type: EntityType, stored: Stored, taken: Mapping[str, int]) -> dict[str, Any]:
    return {name: entity_type.fields[name].wire(stored[id_][name]) for name, id_ in taken.items()}


def followed(entity_type: EntityType, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of which links lead to what is left of records that were merged meanwhile."""
    held = {
        name: value
        for name, value in values.items()
        if isinstance(entity_type.fields.get(name), Link) and type(value) is int
    }
    into = merges.masters(held.values()) if held else {}
    return {**values, **{name: into[value] for name, value in held.items() if value in into}}


class Survivors:
    """What the master of a merge gets: `mine` as the actor writes it, `hidden` as the system."""

    def __init__(
        self,
        entity_type: EntityType,
        stored: Stored,
        master: int,
        values: Mapping[str, Any],
        actor: Actor,
    ) -> None:
        self.type, self.stored, self.master = entity_type, stored, master
        self.shown = access.seen(actor).types.get(entity_type.name, entity_type)
        self.problems: list[Problem] = []
        self.mine: dict[str, Any] = {}
        for name, given in values.items():
            self._choose(name, given)
        taken = defaults(entity_type, stored, master)
        self.taken = {name: id_ for name, id_ in taken.items() if name not in values}
        hidden = {n: id_ for n, id_ in self.taken.items() if n not in self.shown.fields}
        open_ = {n: id_ for n, id_ in self.taken.items() if n in self.shown.writable}
        self.hidden = _wires(entity_type, stored, hidden)
        self.mine |= _wires(entity_type, stored, open_)
        self.taken = open_

    def _choose(self, name: str, given: Any) -> None:
        field = self.shown.fields.get(name)
        if field is None or field.read_only:
            self.problems.append(_unwritable(self.shown, str(name)[:80], field))
            return
        source = _source(given)
        if source is None:
            self.mine[name] = given
        elif source not in self.stored:
            known = ", ".join(map(str, sorted(self.stored)))
            params = {"field": name, "id": source, "known": known}
            self.problems.append(Problem("merge_source_unknown", params, name, 0))
        else:
            self.mine[name] = field.wire(self.stored[source][name])

    def further(self, keep: Iterable[str]) -> dict[str, Merge]:
        """Return lists of parts with the values of fields that do not survive, by their names."""
        known, made = lists(self.shown), dict[str, Merge]()
        for name in keep:
            if name not in known:
                told = ", ".join(sorted(known)) or "none"
                params = {"field": str(name)[:80], "type": self.type.name, "known": told}
                self.problems.append(Problem("merge_no_list", params, str(name)[:80], 0))
                continue
            field = self.shown.fields[name]
            left = self.mine.get(name, field.wire(self.stored[self.master][name]))
            rows = made.setdefault(known[name][0], Merge([], ((known[name][1],),))).rows
            for id_ in sorted(self.stored, reverse=True):
                value = field.wire(self.stored[id_][name])
                if not is_empty(field, self.stored[id_][name]) and value != left:
                    given = {known[name][1]: value}
                    if given not in rows:
                        rows.append(given)
        return {name: merge for name, merge in made.items() if merge.rows}


def _unwritable(shown: EntityType, name: str, field: Field | None) -> Problem:
    """Return what is said of a name whose value nobody, or this actor, can choose."""
    if field is not None:
        return Problem("read_only", {"field": name}, name, 0)
    near = nearest(name, [each.name for each in shown.own_fields])
    return Problem("unknown_key", {"type": shown.name, "field": name, "nearest": near}, name, 0)


def _source(given: Any) -> int | None:
    """Return the record that a value is to be taken from, for `{"from": id}`; else None."""
    if not isinstance(given, dict) or set(given) != {"from"}:
        return None
    source = given["from"]
    whole = isinstance(source, int) and not isinstance(source, bool)
    return source if whole else None


def lists(shown: EntityType) -> dict[str, tuple[str, str]]:
    """Return by field the list of parts, and their field, that further values of it go to.

    Those are parts whose title is one field of the same kind, such as further e-mails.
    """
    found: dict[str, tuple[str, str]] = {}
    for name, (part, link) in catalog.around(shown).inverses(shown.name).items():
        title = part.fields.get(part.title)
        if not link.part or title is None or title.name not in part.writable:
            continue
        for field in shown.own_fields:
            if field.kind == title.kind and field.kind in ("email", "phone", "url", "address"):
                found.setdefault(field.name, (name, title.name))
    return found

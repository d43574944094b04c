"""What a change set did to each record, and what each gets back.

A field is in the way of itself if a later change set gave it another value, or if its former
value fits it no more. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import access, catalog, changes, db, models
from ..actor import Actor
from ..catalog import EntityType
from ..changes import Header, Line
from ..errors import Problem, RelatumError
from ..fields import Field, Link, Refused, Several
from . import merges, obstacles, seeing, write
from .batch import Row
from .changesets import live_type, type_name
from .touched import Touched

#: Operations of a plan after which a field of the same name may hold other values.
_REMADE: Final = ("add_field", "retype_field", "finish_retype", "revert_field")


def of_change_set(change_set_id: int, *, actor: Actor, hold: bool) -> Former:
    """Return a whole change set as it was before.

    Raises `change_unknown`, `undo_done`, `undo_purged`, `undo_limit`, `forbidden`. `hold` locks the
    change set and its records, so that what is in the way stays true.
    """
    header, limit = changes.header(change_set_id, hold=hold), db.settings().undo_limit
    if header.undone_by is not None:
        raise RelatumError("undo_done", id=header.id, by=header.undone_by)
    if changes.touched(header.id, at_most=limit + 1) > limit:
        raise RelatumError("undo_limit", id=header.id, limit=limit)
    lines = changes.of_set(header.id)
    purged = sum(line.op == "purge" for line in lines)
    if purged:
        raise RelatumError("undo_purged", id=header.id, count=purged)
    return Former(header, lines, actor=actor, hold=hold)


class Former:
    """Changes of a set, in their order, and what it takes to be where they began.

    Raises `forbidden`. `hold` locks the records, so that what is in the way stays true.
    """

    def __init__(self, header: Header, lines: Sequence[Line], *, actor: Actor, hold: bool) -> None:
        self.catalog = catalog.current()
        self.header, self.lines = header, lines
        self.by_id = self._touched()
        self._read(hold)
        #: Who puts it back: what a merge has moved for all goes back for all, as the system.
        self.actor = actor.unbound() if self._may_part(actor) else actor
        self._hide(actor)
        self._later = self._changes_since()
        for each in self.by_id.values():
            self._judge(each)
        obstacles.note(self.catalog, self.by_id)
        seeing.mask((each.problems for each in self.by_id.values()), actor)
        #: The records that are put back, or can't be.
        self.records = [t for t in self.by_id.values() if t.to_do or t.problems]
        for place, each in enumerate(self.records):
            each.place = each.row.place = place
            each.problems = [problem.at(row=place) for problem in each.problems]

    @property
    def conflicts(self) -> list[Problem]:
        """All that is in the way, as far as whoever undoes may know."""
        return [problem for each in self.records for problem in each.conflicts]

    def as_json(self, change_set_id: int | None = None) -> dict[str, Any]:
        """Return it as answers show it, with the change set that undid it."""
        shown = [each.as_json() for each in self.records if each.seen]
        return {"change_set": change_set_id, "undoes": self.header.id, "records": shown}

    # -- reading -----------------------------------------------------------------------------
    def _touched(self) -> dict[int, Touched]:
        found: dict[int, Touched] = {}
        for line in self.lines:
            if line.record_id not in found:
                name, live = type_name(line.type_id), live_type(line.type_id)
                found[line.record_id] = Touched(line.record_id, name, live)
            found[line.record_id].lines.append(line)
        return found

    def _read(self, hold: bool) -> None:
        """Read the records, those in the trash too; what is not there was purged."""
        for entity_type, some in obstacles.by_type(self.by_id.values()).items():
            strongly = any(each.op == "delete" for each in some)
            for each in some:
                each.row = Row(0, id=each.id)
            write.lock(entity_type, [t.row for t in some], strongly=strongly, hold=hold)
            rest = [each for each in some if each.row.before is None]
            for each in some:
                each.live = each.row.before is not None
            write.lock(entity_type, [t.row for t in rest], trashed=True, hold=hold)
            for each in some:
                each.row.problems.clear()

    def _may_part(self, actor: Actor) -> bool:
        """Say whether it is a merge, or its undo, and the actor may write the merged and the left.

        What a merge has merged besides comes before those.
        """
        pairs = merges.made_in({self.header.id, self.header.undoes or 0})
        if actor.admin or not pairs:
            return False
        master = pairs[-1][1]
        each = self.by_id.get(master)
        if each is None or each.type is None:
            return False
        rest = {id_ for id_, into in pairs if into == master and id_ in self.by_id}
        asked = [("update", {master}), ("read", rest)]
        asked += [("delete" if self.by_id[id_].live else "restore", {id_}) for id_ in rest]
        return all(ids <= seeing.admitted(each.type, ids, action, actor) for action, ids in asked)

    def _hide(self, actor: Actor) -> None:
        """Treat records that the actor does not see as gone, and fields as if never written.

        Those that a merge has moved are put back all the same, and not told.
        """
        if actor.admin:
            return
        visible, known = seeing.seen(self.by_id, actor), access.seen(actor).types
        for each in self.by_id.values():
            shown = known[each.type_name].fields if each.type_name in known else {}
            if self.actor.admin:
                each.seen = each.id in visible
                each.unseen = frozenset({n for line in each.lines for n in line.data} - set(shown))
                continue
            if each.id not in visible:
                each.row.before, each.live = None, False
            each.lines = [
                line._replace(data={n: v for n, v in line.data.items() if n in shown})
                for line in each.lines
            ]

    def _changes_since(self) -> dict[int, dict[str, list[Any]]]:
        """Return what other sets changed since, per record and field: before, after, by which."""
        last = {each.id: each.lines[-1] for each in self.by_id.values()}
        moved = [
            each.id
            for each in self.by_id.values()
            if each.row.before is not None and each.row.version != last[each.id].version
        ]
        found: dict[int, dict[str, list[Any]]] = {}
        if not moved:
            return found
        for line in changes.since(moved, after=self.lines[0].id):
            if line.id <= last[line.record_id].id:
                continue
            mine = found.setdefault(line.record_id, {})
            for name, (before, after) in line.data.items():
                mine.setdefault(name, [before, after, 0])[1:] = [after, line.change_set]
        return found

    # -- one record --------------------------------------------------------------------------
    def _judge(self, each: Touched) -> None:
        if each.type is None:
            each.note("undo_record_gone", reason="its entity type is in the trash or purged")
            return
        if each.row.before is None:
            if each.op in ("update", "restore"):
                each.note("undo_record_gone", reason="it was purged since")
            return
        if each.op == "delete" and each.live:
            for name in self._later.get(each.id, ()):
                self._changed_since(each, each.type.fields.get(name), name)
        if each.op is not None and not each.created:
            self._judge_fields(each, each.type)
        if each.live or each.op == "restore":
            return
        each.problems.clear()
        if each.op == "update" and each.fields:
            each.note("undo_record_gone", reason="it is in the trash by now. Restore it first")
        else:
            each.fields.clear()

    def _judge_fields(self, each: Touched, entity_type: EntityType) -> None:
        for name, (before, after) in _net(each.lines).items():
            known = entity_type.fields.get(name)
            if known is None:
                self._gone(each, name, None, "the field is in the trash or purged")
                continue
            if known.read_only or (known.NUMBERED and before is None):
                # A part follows its whole. A number that the kernel gave nobody else ever gets.
                continue
            now = plain(known.wire(each.row.before[name])) if each.row.before else None
            if self._is_another(entity_type, known):
                if before != after:
                    self._gone(each, name, now, "the field is another one by now")
                continue
            back, given = known.recall(each.id, before), known.recall(each.id, after)
            if back is None and before is not None:
                self._gone(each, name, now, "the key that it was encrypted with is lost")
            elif not _alike(known, back, now) and not _alike(known, back, given):
                each.fields[name] = [now, back]
                self._changed_since(each, known, name)
                self._fits(each, known, back)

    def _gone(self, each: Touched, name: str, now: Any, reason: str) -> None:
        each.fields[name] = [now, None]
        each.note("undo_field_gone", name, field=name, reason=reason)

    def _changed_since(self, each: Touched, known: Field | None, name: str) -> None:
        later = self._later.get(each.id, {}).get(name)
        if later is None or known is None or each.type is None:
            return
        first, last, change = later
        if not self._is_another(each.type, known):
            first, last = known.recall(each.id, first), known.recall(each.id, last)
        if not _alike(known, first, last):
            each.note("undo_changed", name, field=name, change=change)

    def _fits(self, each: Touched, known: Field, back: Any) -> None:
        """Note a former value that the rules of its field do not take any more."""
        assert each.row.before is not None
        try:
            checked = known.check(back) if back not in (None, "") else None
            each.values[known.name] = known.merge(each.row.before[known.name], checked)
        except Refused as refused:
            each.refuse(refused.problem, known.name)
            return
        if known.required and each.values[known.name] is None:
            if self._is_emptied(each, known):
                each.left.add(known.name)
            else:
                each.refuse(Problem("required"), known.name)

    def _is_emptied(self, each: Touched, known: Field) -> bool:
        """Say whether a link is emptied by the deletion of what it points to."""
        assert each.row.before is not None
        if not isinstance(known, Link) or known.on_delete != "clear":
            return False
        other = self.by_id.get(each.row.before[known.name] or 0)
        return other is not None and other.op == "delete"

    @cached_property
    def _remade(self) -> dict[tuple[str, str], set[str]]:
        """What became of fields (type, name) since the change set was written."""
        since, found = self.header.generation, dict[tuple[str, str], set[str]]()
        if since == self.catalog.generation:
            return found
        table = models.Generation.__table__
        asked = sa.or_(*(table.c.changes.contains(f'"{op}"') for op in _REMADE))
        query = sa.select(table.c.changes).where(table.c.number > since, asked)
        for text in db.current().connection.execute(query).scalars():
            for change in orjson.loads(text):
                if change["op"] in _REMADE:
                    name = change.get("field") or change["name"]
                    found.setdefault((change["type"], name), set()).add(change["op"])
        return found

    def _is_another(self, entity_type: EntityType, known: Field) -> bool:
        ops = self._remade.get((entity_type.name, known.name), set())
        # A change of type that was given up, or still goes on, has left the field what it was.
        return bool(ops - {"retype_field"} if known.retypes is None else ops)


def _net(lines: Iterable[Line]) -> dict[str, list[Any]]:
    """Return what each field was before the first change and after the last."""
    net: dict[str, list[Any]] = {}
    for line in lines:
        for name, (before, after) in line.data.items():
            net.setdefault(name, [before, after])[1] = after
    return net


def plain(value: Any) -> Any:
    """Return a wire value as it is kept in the history."""
    return orjson.loads(changes.dump(value))


def _alike(known: Field, one: Any, other: Any) -> bool:
    """Say whether wire values are the same; a set may have been in another order."""
    if isinstance(known, Several) and isinstance(one, list) and isinstance(other, list):
        return sorted(one) == sorted(other)
    return bool(one == other)

"""A plain-Python reference of relationships: what both databases must agree with.

It knows nothing of SQL and shares no code with the package. A write is worked out on a copy of
the state: it either says what comes of each row, or raises `Refusal` with what is wrong.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial as bound
from typing import Any

from .relationship_kinds import KINDS, NEEDS, POSITION, REASONS, WHOSE, parts
from .relationship_state import Fault, Record, Refusal, State, Values

#: A part: the row of its whole, the whole, and what was sent.
Item = tuple[int, int, Values]


class Reference(State):
    """All records by id, and the verbs that write them."""

    def after(self, work: Callable[[Reference], Any]) -> tuple[Reference, Any]:
        """Return the state after a write, and what came of it; raise `Refusal`."""
        made = copy.deepcopy(self)
        made.writes += 1
        made.changed = False
        return made, work(made)

    # -- create and update ---------------------------------------------------------------------
    def create(self, kind: str, rows: list[Values]) -> list[int]:
        """Make records and their parts; return their ids."""
        plain = [self._plain(kind, row, None) for row in rows]
        known = [dict.fromkeys(KINDS[kind].fields) | values for values in plain]
        faults = self._taken(kind, dict(enumerate(known)), {}) | _given(kind, rows, new=True)
        for n, values in enumerate(known):
            faults |= {(n, code) for code in self._wrong(kind, values, values)}
        _refuse(faults)
        ids = []
        for values in ({**each, **self.number(kind)} for each in known):
            id_ = -1 - len(self.records)
            self.records[id_] = Record(kind, values)
            there = {name: [None, v] for name, v in values.items() if v is not None}
            self.records[id_].note("create", there)
            self.changed = True
            ids.append(id_)
        self._save_parts(kind, ids, rows)
        return ids

    def update(self, kind: str, rows: list[Values], *, clearing: bool = False) -> list[str]:
        """Change records and their parts; return what became of each."""
        ids = [row["id"] for row in rows]
        lost = self._lost(kind, rows)
        changes, after = [], []
        known = self.live(kind)
        for row in rows:
            stored = self.records[row["id"]].values if row["id"] in known else {}
            plain = self._plain(kind, row, dict.fromkeys(KINDS[kind].fields) | stored)
            changes.append({k: v for k, v in plain.items() if stored.get(k) != v})
            after.append(dict.fromkeys(KINDS[kind].fields) | stored | plain)
        if not clearing:
            wrong: set[Fault] = {
                (n, c) for n in range(len(rows)) for c in self._wrong(kind, after[n], changes[n])
            }
            touched = {n: after[n] for n, change in enumerate(changes) if change}
            wrong |= _given(kind, rows, new=False)
            _refuse(lost | wrong | self._taken(kind, touched, dict(enumerate(ids)), changes))
        for id_, change in zip(ids, changes, strict=True):
            if change:
                self._change(id_, change)
        _refuse(self._circles(kind, ids))
        versions = {id_: self.records[id_].version for id_ in ids}
        wholes = self._save_parts(kind, ids, rows)
        self._hand_on(kind, [i for i, c in zip(ids, changes, strict=True) if {*WHOSE} & c.keys()])
        for id_, change in zip(ids, changes, strict=True):
            if not change and id_ in wholes and self.records[id_].version == versions[id_]:
                self._change(id_, {})
        became = zip(ids, changes, strict=True)
        return ["updated" if change or i in wholes else "unchanged" for i, change in became]

    def _change(self, id_: int, change: Values) -> None:
        record = self.records[id_]
        record.version += 1
        record.note("update", {n: [record.values[n], v] for n, v in change.items()})
        record.values |= change
        self.changed = True

    def _plain(self, kind: str, row: Values, before: Values | None) -> Values:
        sent = {name: row[name] for name in KINDS[kind].fields if name in row}
        sent = {name: value for name, value in sent.items() if name not in KINDS[kind].given}
        return sent | self.whose(kind, sent, before)

    def _hand_on(self, kind: str, ids: list[int]) -> None:
        """Let the parts of records that have changed hands follow."""
        for part, link in parts(kind).values():
            theirs = [i for i in self.live(part) if self.records[i].values[link] in ids]
            if found := self.astray(part, theirs):
                self.update(part, [{"id": id_} for id_ in found])

    def _lost(self, kind: str, rows: list[Values], *, trashed: bool = False) -> set[Fault]:
        """Return the rows whose records are not there, twice there, or of another version."""
        known = self.trashed(kind) if trashed else self.live(kind)
        faults: set[Fault] = set()
        seen: set[int] = set()
        for n, row in enumerate(rows):
            if row["id"] in seen:
                faults.add((n, "row_twice"))
            elif row["id"] not in known:
                faults.add((n, "record_unknown"))
            elif row.get("version") not in (None, self.records[row["id"]].version):
                faults.add((n, "version_mismatch"))
            seen.add(row["id"])
        return faults

    def _wrong(self, kind: str, values: Values, change: Values) -> Iterator[str]:
        """Yield what is wrong with new values of one record."""
        known = KINDS[kind]
        for name in change:
            link = known.links.get(name)
            if values[name] is None:
                if name in known.required or (link and link.required):
                    yield "required"
            elif link:
                there = self.records.get(values[name])
                if there is None or there.gone is not None or there.kind not in link.targets:
                    yield "reference_unknown"
        when = REASONS.get(values.get("reason") or "")
        if when and change.keys() & {"stage", "reason"} and values["stage"] not in when:
            yield "option_impossible"
        needed = NEEDS.get(values.get("stage") or "", ())
        if change.keys() & {"stage", *needed}:
            yield from ("option_needs" for name in needed if values[name] is None)

    def _taken(
        self,
        kind: str,
        rows: dict[int, Values],
        ids: dict[int, int],
        changes: list[Values] | None = None,
        code: str = "duplicate",
    ) -> set[Fault]:
        """Return the rows that would hold a unique key that is held."""
        faults: set[Fault] = set()
        for key in KINDS[kind].keys:
            holders = {self._key(key, self.records[i].values): i for i in self.live(kind)}
            seen: set[tuple[Any, ...]] = set()
            for n, values in rows.items():
                held = self._key(key, values)
                if None in held or (changes and not set(key) & set(changes[n])):
                    continue
                if held in seen:
                    faults.add((n, "duplicate_in_batch"))
                if held in holders and holders[held] != ids.get(n):
                    faults.add((n, code))
                seen.add(held)
        return faults

    @staticmethod
    def _key(key: tuple[str, ...], values: Values) -> tuple[Any, ...]:
        return tuple(values[name] for name in key)

    def _circles(self, kind: str, ids: list[int]) -> set[Fault]:
        for name, link in KINDS[kind].links.items():
            for id_ in ids if link.tree else ():
                at, seen = self.records[id_].values[name], set()
                while at is not None and at not in seen:
                    if at == id_:
                        return {(None, "circular")}
                    seen.add(at)
                    at = self.records[at].values[name]
        return set()

    def _save_parts(self, kind: str, ids: list[int], rows: list[Values]) -> set[int]:
        """Write lists of parts; return the wholes whose parts changed."""
        touched: set[int] = set()
        for name, (part, link) in sorted(parts(kind).items()):
            sent = {i: (n, rows[n][name]) for n, i in enumerate(ids) if name in rows[n]}
            known = {i: w for i in self.live(part) if (w := self.records[i].values[link]) in sent}
            kept, new = self._sorted(link, sent, known)
            left = sorted(known.keys() - {row["id"] for _, _, row in kept})
            fresh = [{**row, link: whole} for _, whole, row in new]
            _, became, _ = _each(
                (
                    [sent[known[i]][0] for i in left],
                    bound(self.delete, part, [{"id": i} for i in left]),
                ),
                ([n for n, _, _ in kept], bound(self.update, part, [row for _, _, row in kept])),
                ([n for n, _, _ in new], bound(self.create, part, fresh)),
            )
            touched |= {known[i] for i in left} | {whole for _, whole, _ in new}
            touched |= {w for (_, w, _), o in zip(kept, became, strict=True) if o == "updated"}
        return touched

    def _sorted(
        self, link: str, sent: dict[int, tuple[int, list[Values]]], known: dict[int, int]
    ) -> tuple[list[Item], list[Item]]:
        """Return the parts to change and those to make; refuse those of others."""
        kept: list[Item] = []
        new: list[Item] = []
        faults: set[Fault] = set()
        for whole, (n, items) in sent.items():
            for place, item in enumerate(items):
                if item.get(link) not in (None, whole):
                    faults.add((n, "part_elsewhere"))
                elif "id" in item and known.get(item["id"]) != whole:
                    faults.add((n, "record_unknown"))
                row = {**{k: v for k, v in item.items() if k != link}, POSITION: place + 1}
                there = self.records.get(item.get("id", 0))
                if there and row.get("version") == there.version:
                    # Deleting others may empty a link of it: its version was right before.
                    del row["version"]
                (kept if "id" in item else new).append((n, whole, row))
        _refuse(faults)
        return kept, new

    def upsert(self, kind: str, rows: list[Values], key: list[str]) -> list[str]:
        """Create or update by a unique key; no two rows have the same."""
        alone: set[Fault] = set()
        for n, row in enumerate(rows if len(rows) > 1 else ()):
            # Each row is tried, so that what is wrong with one may be said before the others.
            try:
                copy.deepcopy(self).upsert(kind, [row], key)
            except Refusal as refusal:
                alone |= {(n, code) for _, code in refusal.faults}
        held = {self._key(tuple(key), self.records[i].values): i for i in self.live(kind)}
        ids = [held.get(self._key(tuple(key), row)) for row in rows]
        known = [n for n, id_ in enumerate(ids) if id_ is not None]
        new = [n for n, id_ in enumerate(ids) if id_ is None]
        made = [{**rows[n], "id": ids[n]} for n in known]
        updated, _ = _each(
            (known, bound(self.update, kind, made)),
            (new, bound(self.create, kind, [rows[n] for n in new])),
            also=alone,
        )
        became = dict.fromkeys(range(len(rows)), "created")
        return list((became | dict(zip(known, updated, strict=True))).values())

    # -- delete and restore --------------------------------------------------------------------
    def pointing(self, id_: int, on_delete: str) -> Iterator[tuple[int, str]]:
        """Yield (id, field) of the live records that point to one by links of a kind."""
        for other, record in self.records.items():
            for name, link in KINDS[record.kind].links.items():
                points = record.values[name] == id_ and link.on_delete == on_delete
                if points and record.gone is None:
                    yield other, name

    def family(self, roots: list[int]) -> set[int]:
        """Return what deleting records takes along, they included."""
        found, level = set(roots), list(roots)
        while level:
            fresh = {i for at in level for i, _ in self.pointing(at, "cascade")} - found
            found |= fresh
            level = sorted(fresh)
        return found

    def refused(self, roots: list[int]) -> set[int]:
        """Return the roots that can't be deleted: what stays needs them, or what goes along."""
        sound = list(roots)
        while True:
            gone = self.family(sound)
            bad = {
                root
                for root in sound
                for member in self.family([root])
                for other, _ in self.pointing(member, "restrict")
                if other not in gone
            }
            if not bad:
                return set(roots) - set(sound)
            sound = [root for root in sound if root not in bad]

    def cleared(self, roots: list[int]) -> dict[int, set[str]]:
        """Return the links that deleting records empties: id → fields."""
        gone = self.family(roots)
        found: dict[int, set[str]] = {}
        for member in gone:
            for other, name in self.pointing(member, "clear"):
                if other not in gone:
                    found.setdefault(other, set()).add(name)
        return found

    def delete(self, kind: str, rows: list[Values], *, partial: bool = False) -> list[str]:
        """Put records in the trash, with all that goes along."""
        lost = self._lost(kind, rows)
        bad = {n for n, _ in lost}
        roots = [row["id"] for n, row in enumerate(rows) if n not in bad]
        held = self.refused(roots)
        bad |= {n for n, row in enumerate(rows) if row["id"] in held}
        if not partial:
            _refuse(lost | {(n, "still_referenced") for n in bad - {n for n, _ in lost}})
        roots = [root for root in roots if root not in held]
        for other, names in self.cleared(roots).items():
            change = {"id": other, **dict.fromkeys(names)}
            self.update(self.records[other].kind, [change], clearing=True)
        for id_ in self.family(roots):
            self._flag(id_, "delete", self.writes)
        return ["refused" if n in bad else "deleted" for n in range(len(rows))]

    def _flag(self, id_: int, op: str, gone: int | None) -> None:
        record = self.records[id_]
        record.gone = gone
        record.version += 1
        record.note(op, {})
        self.changed = True

    def returning(self, root: int) -> set[int]:
        """Return what went to the trash along with a record, and the record."""
        found, level = {root}, [root]
        while level:
            fresh = {
                i
                for i, r in self.records.items()
                for name, link in KINDS[r.kind].links.items()
                if link.on_delete == "cascade" and r.values[name] in level
                if r.gone is not None and r.gone == self.records[root].gone
            }
            level = sorted(fresh - found)
            found |= fresh
        return found

    def restore(self, kind: str, rows: list[Values], *, partial: bool = False) -> list[str]:
        """Take records out of the trash, with all that went along."""
        faults = self._lost(kind, rows, trashed=True)
        lost = {n for n, _ in faults}
        families = {n: self.returning(row["id"]) for n, row in enumerate(rows) if n not in lost}
        while True:
            new = self._homeless(families) or self._in_conflict(families)
            faults |= new
            families = {n: f for n, f in families.items() if n not in {m for m, _ in new}}
            if not new:
                break
        if not partial:
            _refuse(faults)
        back = set().union(*families.values())
        for id_ in back:
            self._flag(id_, "restore", None)
        for part in ("x_line", "x_bit"):
            theirs = [id_ for id_ in back if self.records[id_].kind == part]
            if found := self.astray(part, theirs):
                self.update(part, [{"id": id_} for id_ in found])
        return ["restored" if n in families else "refused" for n in range(len(rows))]

    def _homeless(self, families: dict[int, set[int]]) -> set[Fault]:
        """Return the rows of which something belongs to what stays in the trash."""
        back = set().union(*families.values())
        return {
            (n, "parent_trashed")
            for n, family in families.items()
            for record in (self.records[id_] for id_ in family)
            for name, link in KINDS[record.kind].links.items()
            if link.on_delete == "cascade" and (at := record.values[name]) is not None
            if self.records[at].gone is not None and at not in back
        }

    def _in_conflict(self, families: dict[int, set[int]]) -> set[Fault]:
        """Return the rows of which something holds a unique key that is held by now."""
        faults: set[Fault] = set()
        for kind in KINDS:
            first: dict[int, int] = {}
            for n, family in families.items():
                for id_ in sorted(family):
                    if self.records[id_].kind == kind:
                        first.setdefault(id_, n)
            ids = list(first)
            values = {place: self.records[id_].values for place, id_ in enumerate(ids)}
            found = self._taken(kind, values, dict(enumerate(ids)), code="restore_conflict")
            faults |= {(first[ids[place or 0]], code) for place, code in found}
        return faults


def _given(kind: str, rows: list[Values], *, new: bool) -> set[Fault]:
    """Return the rows that send what nobody may; a new record may be sent without a number."""
    known = KINDS[kind]
    return {
        (n, "read_only")
        for n, row in enumerate(rows)
        for name in known.given
        if name in row and not (new and name in known.numbered and row[name] is None)
    }


def _refuse(faults: set[Fault]) -> None:
    if faults:
        raise Refusal(faults)


def _each(
    *works: tuple[list[int], Callable[[], list[Any]]], also: set[Fault] | None = None
) -> list[list[Any]]:
    """Do several writes; what is wrong with their rows is wrong with those at the places."""
    faults: set[Fault] = set()
    became = []
    for places, work in works:
        try:
            became.append(work())
        except Refusal as refusal:
            faults |= {(None if n is None else places[n], code) for n, code in refusal.faults}
    _refuse(faults and faults | (also or set()))
    return became

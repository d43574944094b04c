"""The state of a plain-Python reference of relationships: records, lists of them, history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .relationship_kinds import KINDS, POSITION, WHOSE, inverses

Values = dict[str, Any]
#: What is wrong: the row of the batch (None: the whole), and the code.
Fault = tuple[int | None, str]


class Refusal(Exception):
    """A write is refused; `faults` holds what may be said to be wrong."""

    def __init__(self, faults: set[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


@dataclass
class Record:
    """A record; `gone` is the number of the write that put it in the trash."""

    kind: str
    values: Values
    version: int = 1
    gone: int | None = None
    history: list[tuple[str, int, Values]] = field(default_factory=list)

    def note(self, op: str, changes: Values) -> None:
        """Add to the history."""
        self.history.append((op, self.version, changes))


class State:
    """All records by id. New ones have ids below zero until `bind` gives them their own.

    `people` are who may own records, with their teams, the first being nobody and the second
    whoever writes; `counters` the last numbers by type.
    """

    def __init__(self, people: dict[int | None, int | None], counters: dict[str, int]) -> None:
        self.people, self.counters = people, counters
        self.records: dict[int, Record] = {}
        self.writes = 0
        self.changed = False

    def live(self, kind: str) -> list[int]:
        """Return the ids of live records of a type."""
        return [i for i, r in self.records.items() if r.kind == kind and r.gone is None]

    def trashed(self, kind: str) -> list[int]:
        """Return the ids of records of a type in the trash."""
        return [i for i, r in self.records.items() if r.kind == kind and r.gone is not None]

    def members(self, name: str, id_: int) -> list[int]:
        """Return the live records of the list `name` of a record, in the list's order."""
        kind, link = inverses(self.records[id_].kind)[name]
        found = [i for i in self.live(kind) if self.records[i].values[link] == id_]

        def order(member: int) -> tuple[bool, int, int]:
            place = self.records[member].values.get(POSITION)
            return (place is None, place or 0, member)

        return sorted(found, key=order)

    # -- what nobody sends ---------------------------------------------------------------------
    def whole(self, kind: str, values: Values) -> Record | None:
        """Return the record that a part belongs to."""
        link = KINDS[kind].whole
        return self.records.get(values.get(link) or 0) if link else None

    def whose(self, kind: str, sent: Values, before: Values | None) -> Values:
        """Return whose a record is that is written: its whole's, or by who owns it."""
        if KINDS[kind].whole:
            whole = self.whole(kind, (before or {}) | sent)
            return {name: whole.values[name] for name in WHOSE} if whole else {}
        made = {name: sent[name] for name in WHOSE if name in sent}
        if before is None:
            made.setdefault("owner", list(self.people)[1])
        owner = made.get("owner")
        passes = owner is not None and (before is None or before["owner"] != owner)
        return made | ({"team": self.people[owner]} if passes and "team" not in sent else {})

    def astray(self, kind: str, ids: list[int]) -> list[int]:
        """Return those parts that belong to others than their wholes."""
        found = []
        for id_ in ids:
            values = self.records[id_].values
            whole = self.whole(kind, values)
            if whole and any(values[name] != whole.values[name] for name in WHOSE):
                found.append(id_)
        return found

    def number(self, kind: str) -> Values:
        """Return the numbers of a new record."""
        made = {}
        for name in KINDS[kind].numbered:
            self.counters[kind] = self.counters.get(kind, 0) + 1
            made[name] = f"N-{self.counters[kind]:03}"
        return made

    def fresh(self) -> list[int]:
        """Return the provisional ids of new records, in the order of their making."""
        return [id_ for id_ in self.records if id_ < 0]

    def bind(self, ids: dict[int, int]) -> None:
        """Replace provisional ids."""
        self.records = {ids.get(id_, id_): record for id_, record in self.records.items()}
        for record in self.records.values():
            links = KINDS[record.kind].links
            for values in (record.values, *(changes for _, _, changes in record.history)):
                for name in links.keys() & values.keys():
                    value = values[name]
                    if isinstance(value, list):
                        values[name] = [ids.get(one, one) for one in value]
                    else:
                        values[name] = ids.get(value, value)

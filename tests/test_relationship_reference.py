"""A machine that ties, cuts, deletes and restores at random: both databases agree with Python."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from relatum.core import query, records
from relatum.core.errors import RelatumError

from . import machines
from .relationship_filters import PATHS, leads_to_firm, lists, matching
from .relationship_kinds import KINDS, POSITION, REASONS, WHOSE, inverses, make_all, parts
from .relationship_reference import Reference
from .relationship_state import Refusal

WORDS = st.sampled_from([None, "a", "b", "c"])
NUMBERS = st.sampled_from([None, 1, 2])
NOBODY = 2**40
DRAWN = {"amount": NUMBERS, "reason": st.sampled_from([None, *REASONS])}
TYPES = st.sampled_from(sorted(KINDS))


class Machine(RuleBasedStateMachine):
    """Writes through the verbs, asks through queries, and compares with the reference."""

    runs = itertools.count(1)
    instance: Any
    people: dict[int | None, int | None]

    @initialize()
    def start(self) -> None:
        self.run = next(self.runs)
        self.reference = Reference(self.people, self.counters())
        self.first = self.last = self.number("SELECT max(id) FROM core_record")
        self.write(records.create, "x_firm", [{"name": "a"}, {"name": "b"}, {"name": "c"}])
        lines = [{"product": "a", "bits": [{"name": "a"}, {}]}, {"product": "b"}]
        deal = {"run": self.run, "lines": lines}
        self.write(records.create, "x_deal", [{**deal, "code": "a"}, {**deal, "code": "b"}])

    def counters(self) -> dict[str, int]:
        """Return what has been counted so far: all machines share their types."""
        counted = self.instance.sql(
            "SELECT t.name, c.last FROM core_counter c JOIN core_field f ON f.id = c.field_id "
            "JOIN core_type t ON t.id = f.type_id"
        )
        return dict(map(tuple, counted))

    def number(self, statement: str) -> int:
        [[found]] = self.instance.sql(statement)
        return int(found or 0)

    # -- drawing -------------------------------------------------------------------------------
    def pick(self, data: st.DataObject, kind: str, *, trashed: bool = False) -> int | None:
        known = self.reference.trashed(kind) if trashed else self.reference.live(kind)
        return data.draw(st.sampled_from(known)) if known else None

    def pointed(self, data: st.DataObject, kind: str, name: str) -> int | None:
        """Draw what a link gets: as a rule one that it takes, now and then anything."""
        if data.draw(st.integers(0, 30)) == 0:
            return data.draw(st.sampled_from([NOBODY, *self.reference.records]))
        return self.pick(data, data.draw(st.sampled_from(KINDS[kind].links[name].targets)))

    def draw_values(self, data: st.DataObject, kind: str, *, new: bool) -> dict[str, Any]:
        """Draw values for some fields and lists of parts; a new record has what it needs."""
        known = KINDS[kind]
        free = [n for n in known.fields if n not in ("run", POSITION, *known.given)]
        names = data.draw(st.sets(st.sampled_from(free), max_size=5))
        if new:
            names |= {n for n, link in known.links.items() if link.required}
        made: dict[str, Any] = {}
        for name in sorted(names):
            if name in known.links:
                made[name] = self.pointed(data, kind, name)
            elif name in WHOSE:
                made[name] = data.draw(self.belonging(name))
            else:
                made[name] = data.draw(DRAWN.get(name, WORDS))
        if known.given and data.draw(st.integers(0, 30)) == 0:
            made[data.draw(st.sampled_from(known.given))] = data.draw(
                st.sampled_from([None, "N-1"])
            )
        if new:
            made |= {n: made.get(n) or "a" for n in known.required if n != "run"}
        return made | ({"run": self.run} if new and "run" in known.plain else {})

    def belonging(self, name: str) -> st.SearchStrategy[Any]:
        return st.sampled_from([*(self.people if name == "owner" else set(self.people.values()))])

    def draw_parts(self, data: st.DataObject, kind: str, whole: int | None) -> dict[str, Any]:
        """Draw a whole list of each kind of parts, or none."""
        made: dict[str, Any] = {}
        for name, (part, link) in parts(kind).items():
            if data.draw(st.booleans()):
                own = self.reference.members(name, whole) if whole else []
                made[name] = [
                    self.draw_part(data, part, link, own)
                    for _ in range(data.draw(st.integers(0, 3)))
                ]
        return made

    def draw_part(
        self, data: st.DataObject, part: str, link: str, own: list[int]
    ) -> dict[str, Any]:
        id_ = data.draw(st.sampled_from([None, *own, *own, *own]))
        if id_ is None and data.draw(st.integers(0, 30)) == 0:
            id_ = self.pick(data, part)
        made = self.draw_values(data, part, new=id_ is None)
        if data.draw(st.integers(0, 20)):
            made.pop(link, None)
        if id_ is not None:
            made["id"] = id_
            self.draw_version(data, made)
        return made | self.draw_parts(data, part, id_)

    def draw_version(self, data: st.DataObject, row: dict[str, Any]) -> None:
        record = self.reference.records.get(row["id"])
        if record and data.draw(st.integers(0, 3)) == 0:
            row["version"] = record.version - (data.draw(st.integers(0, 9)) == 0)

    def draw_rows(
        self, data: st.DataObject, kind: str, *, trashed: bool = False
    ) -> list[dict[str, Any]]:
        rows = []
        for _ in range(data.draw(st.integers(1, 3))):
            id_ = self.pick(data, kind, trashed=trashed)
            if id_ is None or data.draw(st.integers(0, 30)) == 0:
                id_ = self.pick(data, kind, trashed=not trashed) or NOBODY
            rows.append({"id": id_})
            self.draw_version(data, rows[-1])
        return rows

    # -- writing -------------------------------------------------------------------------------
    def write(self, verb: Any, kind: str, rows: list[dict[str, Any]], **more: Any) -> None:
        """Let a verb and the reference do the same, and compare what came of it."""
        work = functools.partial(getattr(Reference, verb.__name__), kind=kind, rows=rows, **more)
        sets = self.number("SELECT count(*) FROM core_change_set")
        try:
            after, became = self.reference.after(work)
        except Refusal as refusal:
            with pytest.raises(RelatumError) as caught:
                self.instance.write(verb, kind, rows, **more)
            self.check_refusal(caught.value, refusal)
            assert self.number("SELECT count(*) FROM core_change_set") == sets
            return
        outcomes = self.instance.write(verb, kind, rows, **more)
        self.bind(after)
        grown = self.number("SELECT count(*) FROM core_change_set") - sets
        assert grown == after.changed, "one write is one change set"
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.status != "refused":
                assert outcome.version == after.records[outcome.id].version, (row, outcome)
        if verb is not records.create:
            assert [outcome.status for outcome in outcomes] == became

    @staticmethod
    def check_refusal(error: RelatumError, refusal: Refusal) -> None:
        found = {(p.row, p.code) for p in error.problems} or {(None, error.code)}
        assert found <= refusal.faults, (found, refusal.faults)

    def bind(self, after: Reference) -> None:
        """Give new records of the reference the ids that they got: of a type, in order."""
        made = self.instance.sql(
            "SELECT r.id, t.name FROM core_record r JOIN core_type t ON t.id = r.type_id "
            "WHERE r.id > :last ORDER BY r.id",
            last=self.last,
        )
        by_kind: dict[str, list[int]] = {}
        for id_, kind in made:
            by_kind.setdefault(kind, []).append(id_)
        ids = {new: by_kind[after.records[new].kind].pop(0) for new in after.fresh()}
        assert not any(by_kind.values())
        after.bind(ids)
        self.reference = after
        self.last = max([self.last, *ids.values()])

    @rule(data=st.data(), kind=TYPES, count=st.integers(1, 3))
    def create(self, data: st.DataObject, kind: str, count: int) -> None:
        rows = [
            self.draw_values(data, kind, new=True) | self.draw_parts(data, kind, None)
            for _ in range(count)
        ]
        self.write(records.create, kind, rows)

    @rule(data=st.data(), kind=TYPES)
    def update(self, data: st.DataObject, kind: str) -> None:
        rows = [
            row
            | self.draw_values(data, kind, new=False)
            | self.draw_parts(
                data, kind, row["id"] if row["id"] in self.reference.live(kind) else None
            )
            for row in self.draw_rows(data, kind)
        ]
        self.write(records.update, kind, rows)

    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        """Give a deal to another: its lines follow, and those in the trash once they are back."""
        line = self.pick(data, "x_line")
        if line is not None:
            self.write(records.delete, "x_line", [{"id": line}], partial=True)
        owner = self.belonging("owner")
        rows = [{"id": i, "owner": data.draw(owner)} for i in self.reference.live("x_deal")]
        self.write(records.update, "x_deal", rows)
        gone = self.pick(data, "x_line", trashed=True)
        if gone is not None:
            self.write(records.restore, "x_line", [{"id": gone}])

    @rule(data=st.data(), codes=st.sets(st.sampled_from("abc"), min_size=1, max_size=2))
    def upsert(self, data: st.DataObject, codes: set[str]) -> None:
        known = {self.reference.records[i].values["code"]: i for i in self.reference.live("x_deal")}
        rows = [
            self.draw_values(data, "x_deal", new=True)
            | {"code": code}
            | self.draw_parts(data, "x_deal", known.get(code))
            for code in sorted(codes)
        ]
        self.write(records.upsert, "x_deal", rows, key=["run", "code"])

    @rule(data=st.data(), kind=TYPES, partial=st.booleans())
    def delete(self, data: st.DataObject, kind: str, partial: bool) -> None:
        rows = self.draw_rows(data, kind)
        ids = [row["id"] for row in rows]
        if set(ids) <= set(self.reference.live(kind)):
            self.preview(kind, sorted(set(ids)))
        self.write(records.delete, kind, rows, partial=partial)

    def preview(self, kind: str, ids: list[int]) -> None:
        """Compare what deleting is said to do with what the reference does."""
        found = self.instance.read(records.deletion, kind, ids)
        known = self.reference
        refused = {ids.index(id_) for id_ in known.refused(ids)}
        assert {error["row"] for error in found["errors"]} == refused
        assert {error["code"] for error in found["errors"]} <= {"still_referenced"}
        family = [known.records[id_].kind for id_ in known.family(ids)]
        assert found["deleted"] == Counter(family)
        emptied = [
            f"{known.records[id_].kind}.{name}"
            for id_, names in known.cleared(ids).items()
            for name in names
        ]
        assert found["emptied"] == Counter(emptied)

    @rule(data=st.data(), kind=TYPES, partial=st.booleans())
    def restore(self, data: st.DataObject, kind: str, partial: bool) -> None:
        rows = self.draw_rows(data, kind, trashed=True)
        self.write(records.restore, kind, rows, partial=partial)

    # -- asking --------------------------------------------------------------------------------
    def draw_filter(self, data: st.DataObject, kind: str, depth: int = 0) -> dict[str, Any]:
        word = data.draw(st.sampled_from(["field", "field", "has", "has", "not", "and", "or"]))
        if word == "not" and depth < 4:
            return {"not": self.draw_filter(data, kind, depth + 1)}
        if word in ("and", "or") and depth < 4:
            return {word: [self.draw_filter(data, kind, depth + 1) for _ in range(2)]}
        if word == "has" and depth < 4:
            return self.draw_has(data, kind, depth)
        path = data.draw(st.sampled_from(["id", *PATHS[kind]]))
        operator = data.draw(st.sampled_from(["eq", "in", "empty"]))
        *_, name = path.split(".")
        tree = (path == "id" and kind == "x_firm") or leads_to_firm(kind, path)
        if tree and data.draw(st.booleans()):
            start = data.draw(st.sampled_from([NOBODY, *self.firms()]))
            operator = data.draw(st.sampled_from(["under", "above"]))
            return {"field": path, "op": operator, "value": start}
        if operator == "empty" and path != "id":
            return {"field": path, "op": operator, "value": data.draw(st.booleans())}
        wanted = data.draw(self.operands(name))
        return {"field": path, "op": "eq", "value": wanted}

    def firms(self) -> list[int]:
        return [*self.reference.live("x_firm"), *self.reference.trashed("x_firm")]

    def operands(self, name: str) -> st.SearchStrategy[Any]:
        if name in ("amount", POSITION):
            return NUMBERS.filter(bool)
        if name == "run":
            return st.just(self.run)
        if name == "owner":
            return self.belonging(name).filter(bool)
        if name in ("name", "code", "product", "role", "secret", "stage", "reason"):
            return DRAWN.get(name, WORDS).filter(bool)
        return st.sampled_from([NOBODY, *self.reference.records])

    def draw_has(self, data: st.DataObject, kind: str, depth: int) -> dict[str, Any]:
        known = KINDS[kind].links.items()
        over = [("", kind), *((f"{n}.", li.targets[0]) for n, li in known if len(li.targets) == 1)]
        prefix, at = data.draw(st.sampled_from([each for each in over if lists(each[1])] or over))
        if not lists(at):
            return {"and": []}
        name = data.draw(st.sampled_from(lists(at)))
        made: dict[str, Any] = {"has": f"{prefix}{name}"}
        if data.draw(st.booleans()):
            made["where"] = self.draw_filter(data, inverses(at)[name][0], depth + 1)
        return made

    def mine(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return a filter that finds this machine's records only."""
        return {"and": [{"field": "id", "op": "gt", "value": self.first}, node]}

    def ask(self, kind: str, **body: Any) -> Any:
        return query.page(query.from_json(kind, {"limit": 500, **body}, actor=self.instance.alice))

    @rule(data=st.data(), kind=TYPES)
    def find(self, data: st.DataObject, kind: str) -> None:
        node = self.draw_filter(data, kind)
        with self.instance.reading():
            page = self.ask(kind, filter=self.mine(node), fields=["id"], sort=["id"])
        assert [r["id"] for r in page.records] == matching(self.reference, kind, node), node

    @invariant()
    def records_are_those_of_the_reference(self) -> None:
        if not hasattr(self, "reference"):
            return
        with self.instance.reading():
            for kind in KINDS:
                live = self.ask(kind, filter=self.mine({"and": []}), expand=lists(kind))
                self.check_lists(kind, live)
                self.check_values(kind, live.records, self.reference.live(kind))
                gone = self.ask(kind, filter=self.mine({"and": []}), trashed=True)
                self.check_values(kind, gone.records, self.reference.trashed(kind))

    def check_values(self, kind: str, found: list[dict[str, Any]], wanted: list[int]) -> None:
        shown = {record["id"]: record for record in found}
        assert set(shown) == set(wanted)
        for id_ in wanted:
            record = self.reference.records[id_]
            assert shown[id_]["version"] == record.version, (kind, id_)
            for name in KINDS[kind].fields:
                assert shown[id_][name] == record.values[name], (kind, id_, name)

    def check_lists(self, kind: str, page: Any) -> None:
        """Compare the lists inside records, and what each record pointed to is called."""
        for record in page.records:
            for name in lists(kind):
                found = [member["id"] for member in record[name]]
                assert found == self.reference.members(name, record["id"]), (kind, name)
            for name in KINDS[kind].links:
                if record[name] is not None:
                    self.check_label(page.labels[str(record[name])], record[name])

    def check_label(self, label: dict[str, Any], id_: int) -> None:
        record = self.reference.records[id_]
        title = record.values[KINDS[record.kind].title]
        called = title if title is not None else f"{record.kind} {id_}"
        gone = record.gone is not None
        assert label == {"type": record.kind, "label": called, "trashed": gone}

    @rule(data=st.data(), kind=TYPES)
    def history(self, data: st.DataObject, kind: str) -> None:
        id_ = self.pick(data, kind)
        if id_ is None:
            return
        fields = KINDS[kind].fields
        found = [
            (c["op"], c["version"], {n: v for n, v in c["changes"].items() if n in fields})
            for c in self.instance.read(records.history, kind, id_)
        ]
        assert found[::-1] == self.reference.records[id_].history[-100:]


def test_relationships_equal_a_plain_reference(instance: Any) -> None:
    people = make_all(instance)
    machines.run(Machine, examples=3, steps=30, instance=instance, people=people)

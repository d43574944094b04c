"""A machine that writes and asks at random: both databases agree with plain Python."""

from __future__ import annotations

import dataclasses
import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from relatum.core import keys, query, records
from relatum.core.config import Config
from relatum.core.errors import Invalid, RelatumError
from relatum.core.records import sealed

from . import machines
from .drawing import FILTERS, GROUPS, KINDS, LINKS, SORTS, VALUES, as_json, nested, stored, wire
from .reference import Numbers, Reference, computed, impossible, matched


class Machine(RuleBasedStateMachine):
    """Writes through the verbs, asks through queries, and compares with the reference."""

    runs = itertools.count(1)
    instance: Any
    #: Of all machines: their records are of one type.
    numbers: Numbers

    @initialize()
    def start(self) -> None:
        self.run = next(self.runs)
        people = {
            row.id: {"id": row.id, "name": row.name}
            for row in self.instance.sql("SELECT id, name FROM core_user")
        }
        self.reference = Reference(people)
        self.codes = itertools.count()
        self.first = self.numbers.last + 1

    def mine(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return a filter that finds this machine's records only."""
        return {"and": [{"field": "run", "op": "eq", "value": self.run}, as_json(node)]}

    def pick(self, data: st.DataObject, *, trashed: bool = False) -> int | None:
        known = self.reference.trash if trashed else {r["id"] for r in self.reference.live()}
        return data.draw(st.sampled_from(sorted(known))) if known else None

    def draw_values(self, data: st.DataObject) -> dict[str, Any]:
        """Draw values for some fields, links and a person among them."""
        names = data.draw(st.sets(st.sampled_from([*VALUES, *LINKS, "who"])))
        made: dict[str, Any] = {}
        for name in sorted(names):
            if name == "who":
                made[name] = data.draw(st.sampled_from([None, *self.reference.people]))
            elif name in LINKS:
                made[name] = self.pick(data)
            else:
                made[name] = data.draw(st.none() | VALUES[name], label=name)
        return made

    @staticmethod
    def kept(values: dict[str, Any]) -> dict[str, Any]:
        return {name: stored(name, value) for name, value in values.items()}

    def written(self, wrong: set[tuple[int, str, str]], verb: Any, *args: Any, **more: Any) -> Any:
        """Let a verb write; what is wrong must be what the refusal names. None: it was refused."""
        if not wrong:
            return self.instance.write(verb, "x_thing", *args, **more)
        with pytest.raises(Invalid) as caught:
            self.instance.write(verb, "x_thing", *args, **more)
        assert {(p.row, p.field, p.code) for p in caught.value.problems} == wrong
        return None

    @rule(data=st.data(), count=st.integers(1, 4))
    def create(self, data: st.DataObject, count: int) -> None:
        sent = [self.draw_values(data) for _ in range(count)]
        codes = [f"c{next(self.codes)}" for _ in sent]
        rows = [
            {"run": self.run, "code": code, **nested(values)}
            for code, values in zip(codes, sent, strict=True)
        ]
        empty = dict.fromkeys([*VALUES, *LINKS, "who"]) | {"ok": False, "ways": [], "tags": []}
        made = [{**empty, **self.kept(values)} for values in sent]
        outcomes = self.written(self.wrong(*((None, new) for new in made)), records.create, rows)
        for outcome, code, new in zip(outcomes or (), codes, made, strict=bool(outcomes)):
            self._created(outcome.id, code, new, self.numbers.next())

    @staticmethod
    def wrong(*changes: tuple[Any, dict[str, Any]]) -> set[tuple[int, str, str]]:
        return {
            (row, name, "option_impossible")
            for row, (before, after) in enumerate(changes)
            for name in impossible(before, after)
        }

    def _created(self, id_: int, code: str, values: dict[str, Any], number: str) -> None:
        new = {**values, "id": id_, "code": code, "version": 1, "number": number}
        self.reference.records[id_] = new
        self.numbers.bear(id_, number)

    @rule(ahead=st.integers(-4, 3))
    def bring(self, ahead: int) -> None:
        """Import a record with a number of another system: new ones go on beyond it."""
        # What other machines hold must not decide what this one draws.
        number = Numbers.written(max(self.first, self.numbers.last + ahead))
        code = f"c{next(self.codes)}"
        empty = dict.fromkeys([*VALUES, *LINKS, "who"]) | {"ok": False, "ways": [], "tags": []}
        held = {(0, "number", "duplicate")} if self.numbers.is_held(number) else set()
        rows = [{"run": self.run, "code": code, "number": number}]
        actor = dataclasses.replace(self.instance.alice, source="import")
        outcomes = self.written(held, records.create, rows, actor=actor)
        for outcome in outcomes or ():
            self._created(outcome.id, code, empty, number)

    @precondition(lambda self: self.reference.live())
    @rule(data=st.data())
    def number_by_hand(self, data: st.DataObject) -> None:
        # None has it: what a record has already is no change.
        row = {"id": self.pick(data), "number": "T-9999999"}
        self.written({(0, "number", "read_only")}, records.update, [row])

    @rule()
    def rotate(self) -> None:
        """Encrypt everything with a new key: all reads the same, and no version changes."""
        with self.instance.app.app_context():
            keys.rotate()
        with self.instance.reading():
            places = sealed.places()
        for type_id, field_id in places:
            after: int | None = 0
            while after is not None:
                _, after = self.instance.write(sealed.reseal, type_id, field_id, after)

    @precondition(lambda self: self.reference.live())
    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        id_ = self.pick(data)
        assert id_ is not None
        values = self.draw_values(data)
        row = {"id": id_, **nested(values)}
        before, kept = self.reference.records[id_], self.kept(values)
        if self.written(self.wrong((before, {**before, **kept})), records.update, [row]):
            self._changed(id_, kept)

    def _changed(self, id_: int, values: dict[str, Any]) -> None:
        record = self.reference.records[id_]
        if any(record[name] != value for name, value in values.items()):
            record.update(values)
            record["version"] += 1

    @precondition(lambda self: self.reference.live())
    @rule(data=st.data())
    def upsert(self, data: st.DataObject) -> None:
        id_ = self.pick(data)
        assert id_ is not None
        values = self.draw_values(data)
        code = self.reference.records[id_]["code"]
        row = {"run": self.run, "code": code.upper(), **nested(values)}
        before = self.reference.records[id_]
        kept = {**self.kept(values), "code": code.upper()}
        wrong = self.wrong((before, {**before, **kept}))
        if self.written(wrong, records.upsert, [row], key=["run", "code"]):
            self._changed(id_, kept)

    @precondition(lambda self: self.reference.live())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        id_ = self.pick(data)
        assert id_ is not None
        held = [r for r in self.reference.live() if r["boss"] == id_ and r["id"] != id_]
        if held:
            with pytest.raises(RelatumError) as caught:
                self.instance.write(records.delete, "x_thing", [{"id": id_}])
            assert caught.value.code == "still_referenced"
            return
        self.instance.write(records.delete, "x_thing", [{"id": id_}])
        for record in self.reference.live():
            if record["parent"] == id_ and record["id"] != id_:
                record["parent"] = None
                record["version"] += 1
        self.reference.trash.add(id_)
        self.numbers.gone.add(id_)
        self.reference.records[id_]["version"] += 1

    @precondition(lambda self: self.reference.trash)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        id_ = self.pick(data, trashed=True)
        assert id_ is not None
        taken = self.numbers.is_held(self.reference.records[id_]["number"], id_)
        wrong = {(0, "number", "restore_conflict")} if taken else set()
        if not self.written(wrong, records.restore, [{"id": id_}]):
            return
        self.reference.trash.discard(id_)
        self.numbers.gone.discard(id_)
        self.reference.records[id_]["version"] += 1

    @rule(node=FILTERS, sort=SORTS, limit=st.integers(1, 4))
    def pages(self, node: dict[str, Any], sort: list[str], limit: int) -> None:
        wanted = [r["id"] for r in self.reference.ordered(self.reference.matching(node), sort)]
        body = {"filter": self.mine(node), "sort": sort, "limit": limit, "fields": ["id"]}
        forwards, page = [], self.ask(body)
        while True:
            forwards += [r["id"] for r in page.records]
            if page.next is None:
                break
            page = self.ask({**body, "after": page.next})
        assert forwards == wanted
        backwards = [r["id"] for r in page.records]
        while page.previous is not None:
            page = self.ask({**body, "before": page.previous})
            backwards = [r["id"] for r in page.records] + backwards
        assert backwards == wanted

    @rule(node=FILTERS)
    def count(self, node: dict[str, Any]) -> None:
        page = self.ask({"filter": self.mine(node), "count": True, "limit": 1})
        found = len(self.reference.matching(node))
        assert page.count == {"value": min(found, 5), "exact": found <= 5}

    @rule(node=FILTERS, group=st.sampled_from(GROUPS))
    def groups(self, node: dict[str, Any], group: str) -> None:
        selects = [
            "count",
            "sum(amount)",
            "avg(amount)",
            "max(n)",
            "min(day)",
            "max(opens)",
            "sum(took)",
            "count(parent.n)",
        ]
        body = {"filter": self.mine(node), "group": [group], "select": selects}
        with self.instance.reading():
            answer = query.aggregate(query.from_json("x_thing", body, actor=self.instance.alice))
        tags = group.endswith("tags")
        found = {
            (g and matched(group, g)) if tags else g: r
            for r in answer.groups
            for g in [r.pop(group)]
        }
        wanted = self.reference.grouped(self.reference.matching(node), group)
        assert set(found) == set(wanted)
        for key, members in wanted.items():
            self._compare(found[key], members)

    def _compare(self, row: dict[str, Any], members: list[dict[str, Any]]) -> None:
        assert row["count"] == len(members)
        for text, answer in row.items():
            function, _, path = text.rstrip(")").partition("(")
            if path:
                value = self.reference.value
                wanted = computed(function, [value(member, path) for member in members])
                got = Decimal(answer) if isinstance(answer, str) else answer
                assert got == wanted, text

    def ask(self, body: dict[str, Any]) -> Any:
        with self.instance.reading():
            return query.page(query.from_json("x_thing", body, actor=self.instance.alice))

    @invariant()
    def records_are_those_of_the_reference(self) -> None:
        if not hasattr(self, "reference"):
            return
        fields = [*VALUES, *LINKS, "who", "code", "version", "number"]
        fields += ["parent.name", "boss.parent.n", "parent.secret", "boss.hush"]
        page = self.ask({"filter": self.mine({"and": []}), "limit": 500, "fields": fields})
        found = {record["id"]: record for record in page.records}
        wanted = {record["id"]: record for record in self.reference.live()}
        assert set(found) == set(wanted)
        for id_, record in wanted.items():
            for name in fields:
                value = self.reference.value(record, name)
                got = found[id_][name]
                assert got == (wire(value) if isinstance(value, Decimal) else value), name


@pytest.fixture
def config(config: Config) -> Config:
    """Let counts stop early, so that the cap is met."""
    return dataclasses.replace(config, count_cap=5)


def test_records_and_queries_equal_a_plain_reference(instance: Any) -> None:
    links = {"parent": "clear", "boss": "restrict"}
    instance.make_type(
        "x_thing",
        {"name": "run", "kind": "integer", "required": True, "indexed": True},
        {"name": "code", "kind": "text", "required": True},
        *({"name": name, **kind} for name, kind in KINDS.items()),
        {"name": "who", "kind": "user"},
        title="code",
        keys=[["run", "code"]],
    )
    for name, on_delete in links.items():
        target = {"target": "x_thing", "on_delete": on_delete}
        field = {"op": "add_field", "type": "x_thing", "name": name, "kind": "lookup"}
        instance.apply({**field, "settings": target})
    machines.run(Machine, examples=12, steps=30, instance=instance, numbers=Numbers())

"""A machine that writes and asks at random: both databases agree with plain Python."""

from __future__ import annotations

import dataclasses
import itertools
import os
import unicodedata
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from relatum.core import query, records
from relatum.core.config import Config
from relatum.core.errors import RelatumError

from .reference import SETS, STAGES, Reference, computed, folded, matched

#: How many machines run; a long search sets more.
EXAMPLES = int(os.environ.get("RELATUM_TEST_EXAMPLES", "12"))
#: Making a failure small takes minutes; a long search does it.
PHASES = [p for p in Phase if p is not Phase.shrink or os.environ.get("RELATUM_TEST_SHRINK")]
WAYS = ["mail", "phone", "fax", "post"]
LETTERS = "aAäÄßsze\u0301éE-% _Ωω1\u212a"
TEXTS = st.text(LETTERS, max_size=6)
WHOLE = st.integers(-3, 3) | st.integers(-(2**53) + 1, 2**53 - 1)
AMOUNTS = st.decimals("-99.99", "99.99", places=2) | st.decimals("-1e9", "1e9", places=2)
DAYS = st.dates(date(2023, 12, 25), date(2024, 1, 8)) | st.dates(date(1, 1, 1), date(9999, 12, 31))
INSTANTS = st.datetimes(
    datetime(2024, 3, 30),  # noqa: DTZ001  # hypothesis adds the zone
    datetime(2024, 4, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
) | st.datetimes(
    datetime(1850, 1, 1),  # noqa: DTZ001
    datetime(2290, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
#: Field → how it is compared, and what its values are.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": TEXTS,
    "note": TEXTS,
    "n": WHOLE,
    "amount": AMOUNTS,
    "day": DAYS,
    "at": INSTANTS,
    "opens": st.sampled_from(
        [time(0, 0), time(9, 5), time(9, 5, 1), time(12, 0), time(23, 59, 59)]
    ),
    "took": st.integers(0, 100) | st.integers(0, 100 * 366 * 24 * 3600),
    "stage": st.sampled_from(list(STAGES)),
    "ways": st.lists(st.sampled_from(WAYS), max_size=4),
    "tags": st.lists(st.sampled_from(["a", "A", "ä", "Äß", "vip", "VIP", " b"]), max_size=4),
    "ok": st.booleans(),
    "tri": st.booleans(),
}
KINDS: dict[str, dict[str, Any]] = {
    "name": {"kind": "text"},
    "note": {"kind": "long_text"},
    "n": {"kind": "integer", "sortable": True},
    "amount": {"kind": "decimal", "settings": {"scale": 2}, "indexed": True},
    "day": {"kind": "date", "sortable": True},
    "at": {"kind": "datetime"},
    "opens": {"kind": "time", "sortable": True},
    "took": {"kind": "duration"},
    "stage": {
        "kind": "choice",
        "options": [{"value": v, "label": v, "category": c} for v, c in STAGES.items()],
    },
    "ways": {"kind": "multi_choice", "options": [{"value": v, "label": v} for v in WAYS]},
    "tags": {"kind": "tags"},
    "ok": {"kind": "boolean"},
    "tri": {"kind": "boolean", "settings": {"tri_state": True}},
}
LINKS = ("parent", "boss")
PATHS = [
    *VALUES, "parent.name", "parent.amount", "parent.parent.n", "boss.stage", "boss.day",
    "who.name", "boss.tags", "parent.ways",
]  # fmt: skip
ORDERED = [path for path in PATHS if not path.endswith(("note", *SETS))]
GROUPS = [
    "stage",
    "stage.category",
    "ok",
    "tri",
    "n",
    "name",
    "parent",
    "parent.stage",
    "who",
    *(f"{field}.{part}" for field in ("day", "at") for part in ("year", "quarter", "month")),
    *(f"{field}.{part}" for field in ("day", "at") for part in ("week", "day")),
    "boss.day.month",
    "opens",
    "opens.hour",
    "ways",
    "tags",
    "parent.tags",
]
EQUALITY = ("eq", "ne")
ORDER = ("gt", "gte", "lt", "lte")


def wire(value: Any) -> Any:
    """Return a value as JSON carries it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, (date, datetime, time)) else value


def stored(name: str, value: Any) -> Any:
    """Return what a record holds for a value that was sent: blanks are cut, empty is nothing."""
    if isinstance(value, str) and name in ("name", "note"):
        value = unicodedata.normalize("NFC", value)
        value = (value.strip() if name == "name" else value) or None
    if name == "ok":
        return bool(value)
    if name == "ways":
        return [way for way in WAYS if way in (value or [])]
    if name == "tags":
        found: dict[str, str] = {}
        for text in value or []:
            found.setdefault(folded(text.strip()), text.strip())
        return [found[key] for key in sorted(found)]
    return value


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    """Draw one condition with an operand that its field takes."""
    path = draw(st.sampled_from(PATHS))
    name = path.rpartition(".")[2]
    if draw(st.integers(0, 5)) == 0:
        return {"field": path, "op": "empty", "value": draw(st.booleans())}
    if name in SETS:
        operator = draw(st.sampled_from(["has", "has_any", "has_all", "has_none"]))
        one = VALUES[name].filter(bool).map(lambda values: values[0].strip())
        many = st.lists(one, min_size=1, max_size=3)
        return {"field": path, "op": operator, "value": draw(one if operator == "has" else many)}
    if name == "note":
        text = draw(st.text(LETTERS, min_size=1, max_size=3))
        return {"field": path, "op": "has", "value": stored("note", text)}
    if name == "stage" and draw(st.booleans()):
        wanted = draw(st.lists(st.sampled_from(["open", "won", "lost"]), min_size=1))
        return {"field": path, "op": "category", "value": wanted}
    if name == "name" and draw(st.booleans()):
        operator = draw(st.sampled_from(["ieq", "contains", "starts"]))
        text = draw(st.text("aäszeω1ß", min_size=1, max_size=2))
        return {"field": path, "op": operator, "value": text}
    values = VALUES[name].map(lambda value: stored(name, value)).filter(lambda v: v is not None)
    operators: tuple[str, ...] = EQUALITY
    if name not in ("ok", "tri"):
        operators += ("in", "nin")
        if name not in ("stage", "name"):
            operators += (*ORDER, "between")
    operator = draw(st.sampled_from(operators))
    size = {"in": (1, 3), "nin": (1, 3), "between": (2, 2)}.get(operator)
    if size:
        found = draw(st.lists(values, min_size=size[0], max_size=size[1]))
        return {"field": path, "op": operator, "value": found}
    return {"field": path, "op": operator, "value": draw(values)}


FILTERS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda parts: {"and": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, max_size=3)),
    ),
    max_leaves=5,
)
SORTS = st.lists(
    st.builds(
        lambda path, down: f"-{path}" if down else path, st.sampled_from(ORDERED), st.booleans()
    ),
    max_size=3,
    unique_by=lambda text: text.removeprefix("-"),
)


def as_json(node: dict[str, Any]) -> dict[str, Any]:
    """Return a filter as JSON carries it."""
    if "not" in node:
        return {"not": as_json(node["not"])}
    for word in ("and", "or"):
        if word in node:
            return {word: [as_json(part) for part in node[word]]}
    value = node["value"]
    sent = [wire(item) for item in value] if isinstance(value, list) else wire(value)
    return {**node, "value": sent}


class Machine(RuleBasedStateMachine):
    """Writes through the verbs, asks through queries, and compares with the reference."""

    runs = itertools.count(1)
    instance: Any

    @initialize()
    def start(self) -> None:
        self.run = next(self.runs)
        people = {
            row.id: {"id": row.id, "name": row.name}
            for row in self.instance.sql("SELECT id, name FROM core_user")
        }
        self.reference = Reference(people)
        self.codes = itertools.count()

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

    @rule(data=st.data(), count=st.integers(1, 4))
    def create(self, data: st.DataObject, count: int) -> None:
        sent = [self.draw_values(data) for _ in range(count)]
        codes = [f"c{next(self.codes)}" for _ in sent]
        rows = [
            {"run": self.run, "code": code, **{n: wire(v) for n, v in values.items()}}
            for code, values in zip(codes, sent, strict=True)
        ]
        ids = self.instance.create("x_thing", *rows)
        empty = dict.fromkeys([*VALUES, *LINKS, "who"]) | {"ok": False, "ways": [], "tags": []}
        for id_, code, values in zip(ids, codes, sent, strict=True):
            new = {**empty, **self.kept(values), "id": id_, "code": code, "version": 1}
            self.reference.records[id_] = new

    @precondition(lambda self: self.reference.live())
    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        id_ = self.pick(data)
        assert id_ is not None
        values = self.draw_values(data)
        row = {"id": id_, **{n: wire(v) for n, v in values.items()}}
        self.instance.write(records.update, "x_thing", [row])
        self._changed(id_, self.kept(values))

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
        row = {"run": self.run, "code": code.upper(), **{n: wire(v) for n, v in values.items()}}
        self.instance.write(records.upsert, "x_thing", [row], key=["run", "code"])
        self._changed(id_, {**self.kept(values), "code": code.upper()})

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
        self.reference.records[id_]["version"] += 1

    @precondition(lambda self: self.reference.trash)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        id_ = self.pick(data, trashed=True)
        assert id_ is not None
        self.instance.write(records.restore, "x_thing", [{"id": id_}])
        self.reference.trash.discard(id_)
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
            answer = query.aggregate(query.from_json("x_thing", body), actor=self.instance.alice)
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
            return query.page(query.from_json("x_thing", body), actor=self.instance.alice)

    @invariant()
    def records_are_those_of_the_reference(self) -> None:
        if not hasattr(self, "reference"):
            return
        fields = [*VALUES, *LINKS, "who", "code", "version", "parent.name", "boss.parent.n"]
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
    run_state_machine_as_test(
        type("Machine", (Machine,), {"instance": instance}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=PHASES,
            print_blob=True,
        ),
    )

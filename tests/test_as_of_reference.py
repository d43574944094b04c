"""Whatever was written at random, each record and each list is found again as it stood."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from relatum.core import clock, query, records
from relatum.core.errors import Invalid, RelatumError

from .samples import TWO, every_kind

#: A field of each type that a caller writes, links left out.
PLAIN = [field for field in every_kind()[0] if field["kind"] in TWO]
#: A list in several ways: what must hold, and the order.
LISTS: tuple[tuple[Any, list[str]], ...] = (
    (None, []),
    (None, ["-version", "title"]),
    ({"field": "word", "op": "empty", "value": False}, ["-title"]),
    ({"field": "title", "op": "starts", "value": "a"}, ["title", "a_integer"]),
    ({"not": {"field": "a_integer", "op": "gt", "value": 0}}, ["-updated_at"]),
    ({"field": "a_choice", "value": "won"}, ["a_choice", "-a_decimal"]),
    ({"field": "a_tags", "op": "has_any", "value": ["vip", "new"]}, ["-id"]),
    ({"not": {"field": "a_multi_choice", "op": "has", "value": "open"}}, []),
)
State = dict[int, dict[str, Any]]


class Story:
    """Writes at random, and keeps what there was after each change set."""

    def __init__(self, instance: Any, seed: int) -> None:
        self.instance, self.random = instance, random.Random(seed)
        #: What each field may be given.
        self.pools: dict[str, tuple[Any, ...]] = {
            **{field["name"]: (*TWO[field["kind"]], None) for field in PLAIN},
            "word": ("Zoë", "anna", "1", "27", "300", None),
        }
        self.now = datetime(2026, 1, 31, 12, tzinfo=UTC)
        self.moments: list[tuple[datetime, State]] = []
        self.sets: list[int] = []
        with clock.frozen(self.now - timedelta(days=1)):
            instance.make_type(
                "x_thing", {"name": "title", "kind": "text", "sortable": True},
                {"name": "word", "kind": "text"}, *PLAIN,
            )  # fmt: skip
            up = {"target": "x_thing", "on_delete": "clear"}
            instance.apply(
                {"op": "add_field", "type": "x_thing", "name": "up", "kind": "lookup",
                 "settings": up}
            )  # fmt: skip
        self.keep()

    # -- what there is -----------------------------------------------------------------------
    def state(self) -> State:
        """Return the live records as they are."""
        return {record["id"]: record for record in self.listed()}

    def listed(self, **asked: Any) -> list[dict[str, Any]]:
        def found(*, actor: Any) -> list[dict[str, Any]]:
            kept: list[dict[str, Any]] = []
            after = None
            while True:
                body = {**asked, "after": after, "limit": 7}
                page = query.page(query.from_json("x_thing", body, actor=actor))
                kept, after = [*kept, *page.records], page.next
                if after is None:
                    return kept

        made: list[dict[str, Any]] = self.instance.read(found)
        return made

    def keep(self) -> None:
        self.moments.append((self.now, self.state()))

    def ids(self, trashed: str) -> list[int]:
        rows = self.instance.sql(f"SELECT id FROM x_thing WHERE trashed_at IS {trashed} NULL")
        return sorted(row.id for row in rows)

    # -- what happens ------------------------------------------------------------------------
    def values(self, *, some: bool) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, pool in self.pools.items():
            if not some or self.random.random() < 0.2:
                made[name] = self.random.choice(pool)
        live = self.ids("")
        if live and self.random.random() < 0.3:
            made["up"] = self.random.choice([*live, None])
        made["title"] = self.random.choice(("Ähre", "ast", "Beta", "cap", "Zug"))
        return made

    def step(self) -> None:
        """Write a change set, or two at one instant."""
        self.now += timedelta(microseconds=self.random.choice((1, 1, 500_000)))
        before = self.newest()
        with clock.frozen(self.now):
            for _ in range(self.random.choice((1, 1, 2))):
                act = self.random.choices(
                    (self.create, self.update, self.delete, self.restore, self.purge, self.undo),
                    (3, 6, 2, 2, 1, 2),
                )[0]
                try:
                    act()
                except (Invalid, RelatumError) as error:
                    assert "undo" in error.code or error.code in ("invalid", "conflict"), error
        if self.newest() > before:
            self.sets.append(self.newest())
        self.keep()

    def newest(self) -> int:
        return self.instance.sql("SELECT max(id) AS id FROM core_change_set")[0].id or 0

    def create(self) -> None:
        rows = [self.values(some=False) for _ in range(self.random.choice((1, 3)))]
        self.instance.write(records.create, "x_thing", rows)

    def update(self) -> None:
        live = self.ids("")
        some = self.random.sample(live, min(len(live), 3))
        rows = [{"id": id_, **self.values(some=True)} for id_ in some]
        self.instance.write(records.update, "x_thing", rows)

    def delete(self) -> None:
        self.flag(records.delete, "")

    def restore(self) -> None:
        self.flag(records.restore, "NOT")

    def purge(self) -> None:
        self.flag(records.purge, "NOT")

    def flag(self, verb: Any, trashed: str) -> None:
        ids = self.ids(trashed)
        some = self.random.sample(ids, min(len(ids), 2))
        self.instance.write(verb, "x_thing", [{"id": id_} for id_ in some])

    def undo(self) -> None:
        if self.sets:
            self.instance.write(records.undo, self.sets.pop())

    def retype(self, name: str, kind: str, convert: Any) -> None:
        """Change the type of a field; what was before is as the change made it."""
        self.shape(
            {"op": "retype_field", "type": "x_thing", "field": name, "kind": kind,
             "existing": "clear"}
        )  # fmt: skip
        for _, state in self.moments:
            for record in state.values():
                record[name] = convert(record[name])
        self.sets.clear()

    def shape(self, *changes: dict[str, Any]) -> None:
        self.now += timedelta(seconds=1)
        with clock.frozen(self.now):
            self.instance.apply(*changes)
        self.now += timedelta(seconds=1)

    # -- what is found again -----------------------------------------------------------------
    def check(self) -> None:
        everything = sorted({id_ for _, state in self.moments for id_ in state})
        for at, state in self.moments:
            as_of = at.isoformat()
            for id_ in self.random.sample(everything, min(len(everything), 6)):
                assert self.then(id_, at) == state.get(id_)
            for where, sort in LISTS:
                asked = {"filter": where, "sort": sort}
                found = self.listed(**asked, as_of=as_of)
                assert {each["id"]: each for each in found} == self.met(state, where)
                assert [each["id"] for each in found] == self.ordered(found, sort)
            counted = self.instance.read(self.counted, as_of)
            assert counted == len(state)

    def then(self, id_: int, at: datetime) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.instance.read(records.get, "x_thing", id_, as_of=at)
        except RelatumError as error:
            assert error.code == "record_unknown_then"
            return None
        return found

    @staticmethod
    def counted(as_of: str, *, actor: Any) -> int:
        asked = query.from_json("x_thing", {"as_of": as_of}, actor=actor)
        [group] = query.aggregate(asked).groups
        page = query.page(query.from_json("x_thing", {"as_of": as_of, "count": True}, actor=actor))
        assert page.count == {"value": group["count"], "exact": True}
        return int(group["count"])

    def met(self, state: State, where: Any) -> State:
        """Return what meets one of the filters of `LISTS`."""
        holds = {
            "empty": lambda record: record["word"] is not None,
            "starts": lambda record: record["title"].lower().replace("ä", "a").startswith("a"),
            "gt": lambda record: record["a_integer"] is not None and record["a_integer"] <= 0,
            "won": lambda record: record["a_choice"] == "won",
            "has_any": lambda record: bool(record["a_tags"]),
            "has": lambda record: "open" not in record["a_multi_choice"],
            "all": bool,
        }
        leaf = (where or {}).get("not", where) or {"op": "all"}
        meets = holds[leaf.get("op") or leaf["value"]]
        return {id_: record for id_, record in state.items() if meets(record)}

    def ordered(self, found: list[dict[str, Any]], sort: list[str]) -> list[int]:
        """Return the ids in the order that a list of those values would have."""
        last = sort[-1] if sort else "id"
        kept = sorted(found, key=lambda each: each["id"], reverse=last.startswith("-"))
        for key in reversed(sort):
            name = key.removeprefix("-")
            kept.sort(key=lambda each: _place(name, each[name]), reverse=key.startswith("-"))
        return [each["id"] for each in kept]


def _place(name: str, value: Any) -> Any:
    """Return what a value is ordered by: empty is the smallest."""
    if value is None:
        return (False, 0)
    if name == "title":
        return (True, value.lower().replace("ä", "a"))
    return (True, float(value) if name == "a_decimal" else value)


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isdigit() else None


@pytest.mark.parametrize("seed", range(3))
def test_every_record_and_list_is_found_again_as_it_stood_after_each_change(instance, seed):
    story = Story(instance, seed)
    for _ in range(25):
        story.step()
    story.check()


def test_values_of_a_field_that_became_another_type_are_those_of_the_type_it_has_now(instance):
    story = Story(instance, 7)
    for _ in range(12):
        story.step()
    story.retype("word", "integer", _whole)
    story.retype("a_integer", "text", lambda value: None if value is None else str(value))
    story.pools |= {"word": (1, 5, 0, None), "a_integer": ("0", "seven", None)}
    for _ in range(8):
        story.step()
    found = story.moments[5]
    listed = story.listed(as_of=found[0].isoformat())
    assert {each["id"]: each for each in listed} == found[1]
    for at, state in story.moments:
        for id_ in state:
            assert story.then(id_, at) == state[id_]

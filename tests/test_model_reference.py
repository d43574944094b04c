"""A machine that changes the data model at random while records and a plugin are in use.

Fields are added, trashed, restored, purged, get another type and their old one back, options are
retired; a plugin is enabled, disabled and brought up to date. Both databases agree with plain
Python, and a doctor finds nothing.
"""

from __future__ import annotations

import itertools
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

from relatum.core import doctor, plugin_host, query, records
from relatum.core.errors import Invalid, RelatumError

from . import machines
from .model_reference import CONVERSIONS, Reference, Thing
from .plugged import disable, enable, put

NAMES = st.sampled_from(["one", "two", "three"])
OPTIONS = ("a", "b", "c")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from([None, "1", "-2", "3.5", "two", "x y"]),
    "long_text": st.sampled_from([None, "1", "x\ny", "two"]),
    "integer": st.sampled_from([None, 0, 1, -7]),
    "decimal": st.sampled_from([None, "1.00", "2.50", "-3.00"]),
    "choice": st.sampled_from([None, *OPTIONS]),
}
PLUGIN = """
from relatum import Plugin, hookimpl
plugin = Plugin(id="tiers", name="Tiers", version="{version}")

@hookimpl
def relatum_declare():
    level = {{"name": "tiers_level", "kind": "integer", "label": "{label}"}}
    more = [{{"name": f"tiers_more{{n}}", "kind": "text"}} for n in range({more})]
    return {{"extensions": [{{"type": "x_base", "fields": [level, *more]}}]}}

@hookimpl
def relatum_before_write(batch):
    if batch.type == "x_base" and batch.operation in ("create", "update"):
        for place in range(len(batch)):
            if batch.value(place, "tiers_level") == 9:
                batch.reject(place, "Nine is no level", field="tiers_level")
"""


class Plugged:
    """What is known of the plugin, which all machines share."""

    def __init__(self) -> None:
        self.enabled, self.version = False, 0
        #: What an administrator calls its field, over what it says itself.
        self.label: str | None = None
        self.declared = "Level 0"


class Machine(RuleBasedStateMachine):
    """Changes the model, writes, and compares what there is with the reference."""

    runs = itertools.count(1)
    instance: Any
    plugged: Plugged

    @initialize()
    def start(self) -> None:
        self.type = f"x_thing_{next(self.runs)}"
        self.reference = Reference()
        self.instance.make_type(self.type, {"name": "name", "kind": "text"})
        self.base = self.instance.create("x_base", {"name": self.type})[0]
        self.level: int | None = None
        if self.plugged.enabled:
            # What another machine left must not decide what this one does.
            self.toggle()

    def change(self, op: str, name: str, **more: Any) -> None:
        key = "name" if op == "add_field" else "field"
        self.instance.apply({"op": op, "type": self.type, key: name, **more})

    def options(self, retired: set[str]) -> list[dict[str, Any]]:
        return [{"value": value, "retired": value in retired} for value in OPTIONS]

    # -- the model -----------------------------------------------------------------------------
    @rule(name=NAMES, kind=st.sampled_from(sorted(VALUES)))
    def add(self, name: str, kind: str) -> None:
        more = {"options": self.options(set())} if kind == "choice" else {}
        if name in self.reference.live():
            with pytest.raises(RelatumError) as caught:
                self.change("add_field", name, kind=kind, **more)
            assert caught.value.code == "name_taken"
            return
        self.change("add_field", name, kind=kind, **more)
        self.reference.add(name, kind)

    @precondition(lambda self: self.reference.live())
    @rule(data=st.data())
    def trash(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.reference.live())))
        self.change("trash_field", name)
        self.reference.trash(name)

    @precondition(lambda self: self.reference.in_trash())
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([f.name for f in self.reference.in_trash()]))
        if name in self.reference.live():
            with pytest.raises(RelatumError) as caught:
                self.change("restore_field", name)
            assert caught.value.code == "name_taken"
            return
        self.change("restore_field", name)
        self.reference.restore(name)

    @precondition(lambda self: self.reference.in_trash())
    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([f.name for f in self.reference.in_trash()]))
        self.change("purge_field", name)
        self.reference.purge(name)

    @precondition(lambda self: self.reference.live())
    @rule(data=st.data())
    def retype(self, data: st.DataObject) -> None:
        known = self.reference.live()
        name = data.draw(st.sampled_from(sorted(known)))
        kinds = [new for old, new in CONVERSIONS if old == known[name].kind]
        kind = data.draw(st.sampled_from(kinds))
        if self.reference.misfits(name, kind):
            with pytest.raises(RelatumError) as caught:
                self.change("retype_field", name, kind=kind)
            assert caught.value.problems[0].code == "retype_lossy"
            assert caught.value.problems[0].params["count"] == self.reference.misfits(name, kind)
        self.change("retype_field", name, kind=kind, existing="clear")
        self.reference.retype(name, kind)

    @precondition(lambda self: self.reference.live())
    @rule(data=st.data())
    def revert(self, data: st.DataObject) -> None:
        known = self.reference.live()
        name = data.draw(st.sampled_from(sorted(known)))
        was = known[name].was
        if was is None or was.gone is None:
            with pytest.raises(RelatumError) as caught:
                self.change("revert_field", name)
            assert caught.value.code == "retype_not_running"
            return
        self.change("revert_field", name)
        self.reference.revert(name)

    @precondition(lambda self: any(f.kind == "choice" for f in self.reference.live().values()))
    @rule(data=st.data(), option=st.sampled_from(OPTIONS), keep=st.booleans())
    def retire(self, data: st.DataObject, option: str, keep: bool) -> None:
        choices = {n: f for n, f in self.reference.live().items() if f.kind == "choice"}
        name = data.draw(st.sampled_from(sorted(choices)))
        retired = {*choices[name].retired, option}
        left = [value for value in OPTIONS if value not in retired]
        other = None if keep or not left or option in choices[name].retired else left[0]
        answer = {"existing": {"fill": other}} if other else {}
        self.change("change_field", name, options=self.options(retired), **answer)
        self.reference.retire(name, option, other)

    # -- records -------------------------------------------------------------------------------
    def draw_row(self, data: st.DataObject, before: int | None) -> dict[str, Any]:
        """Draw values; an option that is retired stays where it is, and is chosen by nobody."""
        made: dict[str, Any] = {}
        for name, each in sorted(self.reference.live().items()):
            if data.draw(st.booleans()):
                held = each.values.get(before or 0)
                value = data.draw(VALUES[each.kind])
                made[name] = held if value in each.retired else value
        return made

    @rule(data=st.data(), count=st.integers(1, 3))
    def create(self, data: st.DataObject, count: int) -> None:
        rows = [self.draw_row(data, None) for _ in range(count)]
        for id_, row in zip(self.instance.create(self.type, *rows), rows, strict=True):
            self.reference.things[id_] = Thing(version=0)
            self.reference.write(id_, row)
            self.reference.things[id_].version = 1

    @precondition(lambda self: self.reference.records())
    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        id_ = data.draw(st.sampled_from(self.reference.records()))
        row = self.draw_row(data, id_)
        self.instance.write(records.update, self.type, [{"id": id_, **row}])
        self.reference.write(id_, row)

    @precondition(lambda self: self.reference.things)
    @rule(data=st.data(), back=st.booleans())
    def flip(self, data: st.DataObject, back: bool) -> None:
        some = self.reference.records(trashed=back)
        if some:
            id_ = data.draw(st.sampled_from(some))
            verb = records.restore if back else records.delete
            self.instance.write(verb, self.type, [{"id": id_}])
            self.reference.things[id_].gone = not back
            self.reference.things[id_].version += 1

    # -- a plugin ------------------------------------------------------------------------------
    @rule()
    def toggle(self) -> None:
        if self.plugged.enabled:
            disable(self.instance, "tiers")
            self.plugged.enabled = False
        else:
            self.publish(self.plugged.version or 1)

    @precondition(lambda self: self.plugged.enabled)
    @rule()
    def upgrade(self) -> None:
        """Bring the plugin up to date: what an administrator changed of it stays."""
        self.publish(self.plugged.version + 1)

    def publish(self, version: int) -> None:
        known = self.plugged
        known.version, known.declared = version, f"Level {version}"
        text = PLUGIN.format(version=f"1.{version}", label=known.declared, more=version)
        put(self.instance, "tiers", text)
        enable(self.instance, "tiers")
        known.enabled = True

    @rule(label=st.sampled_from(["Rank", "Grade"]))
    def relabel(self, label: str) -> None:
        change = {"op": "change_field", "type": "x_base", "field": "tiers_level", "label": label}
        if not self.plugged.version:
            with pytest.raises(RelatumError) as caught:
                self.instance.apply(change)
            assert caught.value.code == "field_unknown"
            return
        self.instance.apply(change)
        self.plugged.label = label

    @rule(level=st.sampled_from([None, 1, 9]))
    def set_level(self, level: int | None) -> None:
        """Write a field of the plugin: it has a say while it is enabled, and its values stay."""
        row = {"id": self.base, "tiers_level": level}
        code = None
        if not self.plugged.version:
            code = "unknown_key"
        elif self.plugged.enabled and level == 9 and self.level != 9:
            code = "rejected"
        if code:
            with pytest.raises(Invalid) as caught:
                self.instance.write(records.update, "x_base", [row])
            assert [p.code for p in caught.value.problems] == [code]
            return
        self.instance.write(records.update, "x_base", [row])
        self.level = level

    # -- what must hold ------------------------------------------------------------------------
    @invariant()
    def the_model_and_the_records_are_those_of_the_reference(self) -> None:
        if not hasattr(self, "reference"):
            return
        catalog = self.instance.catalog
        live = self.reference.live()
        own = {
            f.name: f.kind for f in catalog.type(self.type).fields.values() if f.owner == "local"
        }
        assert own == {"name": "text"} | {name: each.kind for name, each in live.items()}
        for trashed in (False, True):
            self.check_records(trashed=trashed)
        self.check_plugin(catalog)

    def check_records(self, *, trashed: bool) -> None:
        live = self.reference.live()
        with self.instance.reading():
            body = {"limit": 500, "trashed": trashed, "fields": ["version", *live]}
            page = query.page(query.from_json(self.type, body, actor=self.instance.alice))
        found = {record["id"]: record for record in page.records}
        assert sorted(found) == sorted(self.reference.records(trashed=trashed))
        for id_, record in found.items():
            assert record["version"] == self.reference.things[id_].version
            for name, each in live.items():
                assert record[name] == each.values.get(id_), (id_, name)

    def check_plugin(self, catalog: Any) -> None:
        known = self.plugged
        [found] = [
            p for p in self.instance.read(plugin_host.list_plugins) if p["id"] == "tiers"
        ] or [{"state": "available"}]
        assert (found["state"] == "enabled") is known.enabled
        fields = catalog.type("x_base").fields
        assert ("tiers_level" in fields) is bool(known.version)
        if known.version:
            assert fields["tiers_level"].label == (known.label or known.declared)
            assert f"tiers_more{known.version - 1}" in fields
            assert self.instance.get("x_base", self.base)["tiers_level"] == self.level

    def teardown(self) -> None:
        with self.instance.app.app_context():
            assert doctor.examine() == []


def test_a_changing_data_model_equals_a_plain_reference(instance: Any) -> None:
    instance.make_type("x_base", {"name": "name", "kind": "text"})
    machines.run(Machine, examples=3, steps=25, instance=instance, plugged=Plugged())

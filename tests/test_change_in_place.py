"""Changes of a data model that holds records: options that go, and whole models in one text."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.benchmarks import model
from relatum.core import catalog, changes, entities
from relatum.core.errors import RelatumError

from .instances import prepared

NAME = {"name": "name", "kind": "text"}
STATES: dict[str, Any] = {
    "name": "state",
    "kind": "choice",
    "options": [{"value": "new"}, {"value": "used"}, {"value": "gone"}],
}


def retiring(*values, **more):
    """Return the change that retires options of x_thing.state."""
    options = [{**option, "retired": option["value"] in values} for option in STATES["options"]]
    return {
        "op": "change_field", "type": "x_thing", "field": "state", "options": options, **more,
    }  # fmt: skip


@prepared
def things(instance):
    """Return the ids of a new thing, two used ones and a gone one."""
    instance.make_type("x_thing", NAME, STATES)
    return instance.create(
        "x_thing", *({"name": s, "state": s} for s in ("new", "used", "used", "gone"))
    )


def states(instance, ids):
    return [instance.get("x_thing", id_)["state"] for id_ in ids]


def test_the_plan_counts_the_records_that_hold_a_retired_option(instance, things):
    (step,) = instance.plan(retiring("used")).as_json()["steps"]
    assert (step["rows"], step["risk"], step["question"]) == (2, "safe", None)
    assert "2 existing rows hold used" in step["notes"][0]


def test_without_an_answer_a_retired_option_stays_where_it_is(instance, things):
    instance.apply(retiring("used"))
    assert states(instance, things) == ["new", "used", "used", "gone"]


def test_a_retired_option_is_replaced_in_one_change_with_history(instance, things):
    plan = instance.apply(retiring("used", existing={"fill": "gone"}))
    assert (plan.steps[0].rows, plan.steps[0].risk) == (2, "lossy")
    assert states(instance, things) == ["new", "gone", "gone", "gone"]
    with instance.reading():
        entries = [changes.history(id_)[0] for id_ in things[1:3]]
    assert [e["changes"] for e in entries] == [{"state": ["used", "gone"]}] * 2
    assert len({entry["change_set"] for entry in entries}) == 1


def test_a_retired_option_can_be_emptied(instance, things):
    instance.apply(retiring("used", "gone", existing="clear"))
    assert states(instance, things) == ["new", None, None, None]


def test_a_retired_option_is_not_replaced_by_another_retired_one(instance, things):
    with pytest.raises(RelatumError) as caught:
        instance.plan(retiring("used", "gone", existing={"fill": "gone"}))
    assert caught.value.code == "definition_invalid"
    assert "retired" in str(caught.value)


def test_more_records_than_fill_limit_are_not_replaced_in_one_transaction(instance, things):
    with instance.configured(fill_limit=1):
        plan = instance.plan(retiring("used", existing={"fill": "gone"}))
    assert plan.steps[0].question.code == "fill_limit"


# -- whole models ---------------------------------------------------------------------------
def built(instance, monkeypatch, fields):
    """Return how many types are built to plan a model whose types have so many fields."""
    wanted = model.document("grown", types=3, fields=fields, links=0)
    changes_ = entities.to_changes(instance.catalog, wanted)
    count = 0
    build = catalog.TypeBuilder.type

    def counted(self, *args):
        nonlocal count
        count += 1
        return build(self, *args)

    monkeypatch.setattr(catalog.TypeBuilder, "type", counted)
    instance.plan(*changes_)
    monkeypatch.undo()
    return count


def test_the_work_of_a_plan_grows_with_its_fields_and_not_with_their_square(instance, monkeypatch):
    assert built(instance, monkeypatch, 20) == built(instance, monkeypatch, 5)


def test_a_link_made_with_its_type_takes_its_name_on_the_other_side(instance):
    up = {"kind": "lookup", "settings": {"target": "x_node", "inverse": "below"}}
    with pytest.raises(RelatumError) as caught:
        instance.make_type("x_node", NAME, {"name": "up", **up}, {"name": "other", **up})
    assert caught.value.code == "name_taken"


@pytest.mark.slow
def test_a_large_model_is_applied_from_one_text_and_exported_equal(instance):
    wanted = model.document("big")
    instance.apply(*entities.to_changes(instance.catalog, wanted))
    known = instance.catalog
    assert entities.to_changes(known, wanted) == []
    made = entities.export(known)
    assert len(made["types"]) == model.TYPES
    fields = [field for each in made["types"] for field in each["fields"]]
    assert len(fields) == model.TYPES * model.FIELDS + model.LINKS
    assert entities.to_changes(known, made) == []
    instance.apply(*({"op": "trash_type", "type": each["name"]} for each in made["types"]))
    instance.apply(*entities.to_changes(instance.catalog, made))
    assert entities.export(instance.catalog) == made

"""Another type for a field, in place: values, misfits, writers meanwhile, and the way back."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from relatum.core import db, doctor, entities, jobs, records
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared

NAME = {"name": "name", "kind": "text"}


def retype(kind, **more):
    """Return the change that makes x_thing.value a field of another type."""
    return {"op": "retype_field", "type": "x_thing", "field": "value", "kind": kind, **more}


def on_value(op):
    return {"op": op, "type": "x_thing", "field": "value"}


def make(instance, kind, *values, **more):
    """Make x_thing with a field `value`, a record for each value; return their ids."""
    instance.make_type("x_thing", NAME, {"name": "value", "kind": kind, **more})
    rows = [{"name": str(place), "value": value} for place, value in enumerate(values)]
    return instance.create("x_thing", *rows)


def values(instance, ids):
    return [instance.get("x_thing", id_)["value"] for id_ in ids]


def kind_now(instance):
    return instance.catalog.type("x_thing").fields["value"].kind


def findings(instance):
    with instance.app.app_context():
        return [finding.text for finding in doctor.examine()]


def error(instance, *changes):
    with pytest.raises(RelatumError) as caught:
        instance.apply(*changes)
    return caught.value


OPTIONS = [{"value": "hot", "label": "Very hot"}, {"value": "cold"}]


@pytest.mark.parametrize(
    ("old", "more", "before", "new", "given", "after"),
    [
        ("text", {}, "12.50", "decimal", {}, "12.50"),
        ("text", {}, " 7 ", "integer", {}, 7),
        ("text", {}, "31.1.2026", "date", {"style": "D.M.YYYY"}, date(2026, 1, 31)),
        ("text", {}, "very HOT", "choice", {"options": OPTIONS}, "hot"),
        ("text", {}, "ada@Example.org", "email", {}, "ada@example.org"),
        ("text", {}, "yes", "boolean", {}, True),
        ("long_text", {}, "one\ntwo", "text", {}, "one two"),
        ("text", {}, "one", "long_text", {}, "one"),
        ("integer", {}, 12, "text", {}, "12"),
        ("integer", {}, 12, "decimal", {}, "12.00"),
        ("integer", {}, 1, "boolean", {}, True),
        ("decimal", {}, "12.00", "integer", {}, 12),
        ("decimal", {}, "12.50", "money", {}, "12.50"),
        ("decimal", {}, "12.50", "decimal", {"settings": {"scale": 4}}, "12.5000"),
        ("money", {}, "12.50", "decimal", {}, "12.50"),
        ("choice", {"options": OPTIONS}, "hot", "text", {}, "Very hot"),
        ("boolean", {}, True, "integer", {}, 1),
        ("boolean", {}, True, "choice", {}, "true"),
        ("date", {}, "2026-01-31", "text", {}, "2026-01-31"),
    ],
)
def test_a_value_becomes_what_it_reads_as(instance, old, more, before, new, given, after):
    ids = make(instance, old, before, None, **more)
    instance.apply(retype(new, **given))
    no: dict[str, object] = {"integer": 0, "choice": "false"}
    empty = no[new] if old == "boolean" else False if new == "boolean" else None
    assert kind_now(instance) == new
    assert values(instance, ids) == [after, empty]
    assert findings(instance) == []


def test_days_and_instants_convert_in_the_zone_of_the_instance(instance):
    ids = make(instance, "date", "2026-01-31")
    instance.apply(retype("datetime"))
    assert values(instance, ids)[0].isoformat() == "2026-01-30T23:00:00+00:00"
    instance.apply(retype("date"))
    assert values(instance, ids) == [date(2026, 1, 31)]


def test_the_values_of_a_text_become_options(instance):
    ids = make(instance, "text", "Red", "Blue", "Red")
    instance.apply(retype("choice"))
    field = instance.catalog.type("x_thing").fields["value"]
    assert [option.value for option in field.options] == ["Blue", "Red"]
    assert values(instance, ids) == ["Red", "Blue", "Red"]


def test_a_retyped_field_keeps_its_label_place_and_index(instance):
    instance.make_type(
        "x_thing", NAME,
        {"name": "value", "kind": "text", "label": "Worth", "sortable": True, "unique": True},
        {"name": "last", "kind": "text"},
    )  # fmt: skip
    instance.apply(retype("integer"))
    known = instance.catalog.type("x_thing")
    field = known.fields["value"]
    assert (field.label, field.sortable, field.unique) == ("Worth", True, True)
    assert [name for name in known.fields if name in ("name", "value", "last")] == [
        "name", "value", "last",
    ]  # fmt: skip
    assert findings(instance) == []


# -- misfits --------------------------------------------------------------------------------
def test_the_plan_counts_and_shows_the_values_that_do_not_fit(instance):
    ids = make(instance, "text", "1", "n/a", "n/a", "2")
    (step,) = instance.plan(retype("integer")).as_json()["steps"]
    assert (step["risk"], step["rows"], step["offenders"]) == ("lossy", 4, [ids[1]])
    assert step["notes"][0] == f"record {ids[1]}: Must be a whole number; got 'n/a'."
    assert step["question"]["code"] == "retype_lossy"
    assert "2 existing values do not fit" in step["question"]["message"]
    assert error(instance, retype("integer")).code == "plan_blocked"
    assert kind_now(instance) == "text"


@pytest.mark.parametrize(("answer", "after"), [("clear", None), ("default", 7), ({"fill": 9}, 9)])
def test_an_answer_says_what_misfits_become(instance, answer, after):
    ids = make(instance, "text", "1", "n/a")
    instance.apply(retype("integer", existing=answer, default=7))
    assert values(instance, ids) == [1, after]


def test_a_required_field_is_not_emptied(instance):
    make(instance, "text", "n/a", required=True)
    assert error(instance, retype("integer", existing="clear")).code == "definition_invalid"


def test_two_values_that_become_one_are_refused_in_a_unique_field(instance):
    make(instance, "text", "1", "01", unique=True)
    plan = instance.plan(retype("integer"))
    assert plan.steps[0].question.code == "existing_duplicates"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([retype("user")], "retype_impossible"),
        ([retype("nonsense")], "retype_impossible"),
        ([on_value("revert_field")], "retype_not_running"),
        ([on_value("cancel_retype")], "retype_not_running"),
        ([{**retype("integer"), "field": "owner"}], "not_yours"),
        ([retype("choice", options=[{"value": "a"}, {"value": "a"}])], "name_taken"),
        (
            [{"op": "add_key", "type": "x_thing", "fields": ["name", "value"]}, retype("integer")],
            "in_use",
        ),
    ],
)
def test_what_can_not_be_is_refused(instance, changes, code):
    make(instance, "text", "1")
    assert error(instance, *changes).code == code
    assert kind_now(instance) == "text"


# -- the way back ---------------------------------------------------------------------------
def test_a_retyped_field_is_put_back_with_what_it_had(instance):
    ids = make(instance, "text", "1", "n/a")
    instance.apply(retype("integer", existing="clear"))
    (fresh,) = instance.create("x_thing", {"value": 5})
    (step,) = instance.apply(on_value("revert_field")).steps
    assert (step.risk, step.rows) == ("lossy", 1)
    assert values(instance, [*ids, fresh]) == ["1", "n/a", None]
    assert findings(instance) == []


def test_once_the_old_field_is_purged_there_is_no_way_back(instance):
    make(instance, "text", "1")
    instance.apply(retype("integer"))
    instance.apply(on_value("purge_field"))
    assert error(instance, on_value("revert_field")).code == "retype_not_running"
    assert findings(instance) == []


# -- beside readers and writers -------------------------------------------------------------
@prepared
def seven(instance):
    """Return the ids of seven things whose values are texts."""
    return make(instance, "text", "0", "1", "2", "3", None, "5", "6")


@pytest.fixture
def many(instance, seven):
    """Return these ids; the instance fills none."""
    with instance.configured(fill_limit=3):
        yield seven


def spoil(instance, id_):
    """Let a value be what no plan has seen."""
    statement = sa.text("UPDATE x_thing SET value = 'x' WHERE id = :id")
    with instance.app.app_context():
        db.transact(lambda: db.current().connection.execute(statement, {"id": id_}))


def advance(instance, limit=3):
    with instance.app.app_context():
        return db.transact(lambda: entities.advance("x_thing", "value", limit))


def finish(instance):
    while not advance(instance).filled:
        pass
    instance.apply(on_value("finish_retype"))


def test_while_values_are_converted_readers_see_the_old_type(instance, many):
    instance.apply(retype("integer"))
    described = entities.describe(instance.catalog.type("x_thing"), instance.catalog)
    [field] = [field for field in described["fields"] if field["name"] == "value"]
    assert (field["kind"], field["becoming"]) == ("text", "integer")
    assert values(instance, many[:2]) == ["0", "1"]
    finish(instance)
    assert kind_now(instance) == "integer"
    assert values(instance, many) == [0, 1, 2, 3, None, 5, 6]
    assert findings(instance) == []


def test_what_is_written_meanwhile_is_converted_too(instance, many):
    instance.apply(retype("integer"))
    assert advance(instance) == ("text", "integer", 3, 7, False)
    instance.write(records.update, "x_thing", [{"id": many[0], "value": "40"}])
    instance.write(records.update, "x_thing", [{"id": many[6], "value": None}])
    (fresh,) = instance.create("x_thing", {"value": "50"})
    instance.write(records.delete, "x_thing", [{"id": many[1]}])
    finish(instance)
    instance.write(records.restore, "x_thing", [{"id": many[1]}])
    assert values(instance, [*many, fresh]) == [40, 1, 2, 3, None, 5, None, 50]


def test_a_value_that_would_not_fit_is_refused_meanwhile(instance, many):
    instance.apply(retype("integer"))
    with pytest.raises(Invalid) as caught:
        instance.create("x_thing", {"value": "n/a"})
    assert (caught.value.problems[0].code, caught.value.problems[0].field) == (
        "not_integer", "value",
    )  # fmt: skip


def test_with_an_answer_a_misfit_is_taken_meanwhile_and_replaced(instance, many):
    instance.apply(retype("integer", existing="clear"))
    (fresh,) = instance.create("x_thing", {"value": "n/a"})
    assert values(instance, [fresh]) == ["n/a"]
    finish(instance)
    assert values(instance, [fresh]) == [None]


def test_a_change_of_type_is_cancelled_and_leaves_nothing(instance, many):
    instance.apply(retype("integer"))
    advance(instance)
    instance.apply(on_value("cancel_retype"))
    assert values(instance, many[:2]) == ["0", "1"]
    with instance.reading() as tx:
        assert "value__2" not in doctor.columns_of(tx.connection)["x_thing"]
    with pytest.raises(RelatumError) as caught:
        advance(instance)
    assert caught.value.code == "retype_not_running"
    assert findings(instance) == []


@pytest.mark.parametrize(
    "change",
    [
        retype("decimal"),
        on_value("finish_retype"),
        on_value("trash_field"),
        {**on_value("change_field"), "required": True},
        {"op": "trash_type", "type": "x_thing"},
    ],
    ids=lambda change: change["op"],
)
def test_a_field_on_its_way_to_another_type_is_left_alone(instance, many, change):
    instance.apply(retype("integer"))
    assert error(instance, change).code == "retype_running"


def test_a_shadow_is_no_field_in_the_trash(instance, many):
    instance.apply(retype("integer"))
    described = entities.describe(instance.catalog.type("x_thing"), instance.catalog)
    assert described["trashed_fields"] == []
    for op in ("restore_field", "purge_field"):
        assert error(instance, on_value(op)).code == "field_unknown"


def test_a_value_that_turns_up_and_does_not_fit_stops_the_conversion(instance, many):
    with instance.app.app_context(), db.engine().begin() as connection:
        connection.exec_driver_sql(f"UPDATE x_thing SET value = 'x' WHERE id = {many[5]}")
    instance.apply(retype("integer"))
    advance(instance)
    with pytest.raises(RelatumError) as caught:
        advance(instance)
    assert caught.value.code == "retype_lossy"
    assert str(many[5]) in str(caught.value)


def test_values_that_become_the_same_meanwhile_stop_the_switch(instance):
    make(instance, "text", "1", "2", "3", unique=True)
    with instance.configured(fill_limit=1):
        instance.apply(retype("integer"))
        instance.create("x_thing", {"value": "01"})
        while not advance(instance).filled:
            pass
        assert error(instance, on_value("finish_retype")).code == "plan_blocked"
    assert kind_now(instance) == "text"
    assert findings(instance) == []


def test_a_text_of_the_data_model_changes_the_type_of_a_field(instance):
    ids = make(instance, "text", "1", "2")
    wanted = entities.export(instance.catalog)
    [field] = [f for f in wanted["types"][0]["fields"] if f["name"] == "value"]
    field["kind"] = "integer"
    instance.apply(*entities.to_changes(instance.catalog, wanted))
    assert values(instance, ids) == [1, 2]
    assert entities.to_changes(instance.catalog, wanted) == []


# -- the job --------------------------------------------------------------------------------
def work(instance):
    """Run the job of a change of type to its end, and return it."""
    [job] = [job for job in instance.read(jobs.list_jobs) if job["kind"] == "retype"]
    with instance.app.app_context():
        jobs.run(job["id"], by="me", pause=lambda: False)
    return instance.read(jobs.get, job["id"])


def test_a_job_converts_and_switches(instance, many):
    instance.apply(retype("integer"))
    job = work(instance)
    assert (job["state"], job["done"], job["total"], job["result"]) == ("done", 7, 7, {"rows": 7})
    assert kind_now(instance) == "integer"
    assert values(instance, many) == [0, 1, 2, 3, None, 5, 6]
    assert findings(instance) == []


def test_a_job_gives_up_at_a_value_that_does_not_fit_and_the_field_stays(instance, many):
    spoil(instance, many[5])
    instance.apply(retype("integer"))
    assert str(many[5]) in work(instance)["result"]["given_up"]
    assert kind_now(instance) == "text"
    assert findings(instance) == []


def test_the_job_of_a_cancelled_change_of_type_ends(instance, many):
    instance.apply(retype("integer"))
    instance.apply(on_value("cancel_retype"))
    assert "cancelled" in work(instance)["result"]["given_up"]

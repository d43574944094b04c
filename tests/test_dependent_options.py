"""Options that depend on another choice of the same record, and retired options that stay."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import entities, records
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared

COUNTRY: dict[str, Any] = {
    "name": "country",
    "kind": "choice",
    "options": [{"value": "de", "label": "Germany"}, {"value": "fr"}, {"value": "at"}],
}
CITIES: list[dict[str, Any]] = [
    {"value": "berlin", "when": ["de"]},
    {"value": "wien", "when": ["at"]},
    {"value": "border", "when": ["de", "fr"]},
    {"value": "elsewhere"},
]
CITY: dict[str, Any] = {
    "name": "city", "kind": "choice", "options": CITIES, "settings": {"controlled_by": "country"},
}  # fmt: skip
VISITED: dict[str, Any] = {**CITY, "name": "visited", "kind": "multi_choice"}


@prepared
def places(instance):
    """Return an instance with a type of places: a city and visited ones, by country."""
    instance.make_type("x_place", {"name": "name", "kind": "text"}, COUNTRY, CITY, VISITED)


def problems(instance, verb, *rows):
    with pytest.raises(Invalid) as caught:
        instance.write(verb, "x_place", list(rows))
    return [(p.code, p.field) for p in caught.value.problems], caught.value.problems[0].message


def changing(field, **more):
    return {"op": "change_field", "type": "x_place", "field": field, **more}


def refusal(instance, *changes):
    with pytest.raises(RelatumError) as caught:
        instance.plan(*changes)
    return caught.value.code, str(caught.value)


# -- records --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "row",
    [
        {"country": "de", "city": "berlin"},
        {"country": "fr", "city": "border", "visited": ["border", "elsewhere"]},
        {"city": "elsewhere"},
        {"country": "fr", "city": None},
    ],
)
def test_an_option_goes_with_the_values_it_names_and_one_that_names_none_with_all(places, row):
    (id_,) = places.create("x_place", row)
    assert places.get("x_place", id_)["city"] == row["city"]


def test_an_option_that_does_not_go_with_the_choice_is_refused_by_name(places):
    found, message = problems(places, records.create, {"country": "de", "city": "wien"})
    assert found == [("option_impossible", "city")]
    assert message == (
        "Option 'wien' of 'city' goes with country at; country is Germany. Choose another option, "
        "or change country too."
    )


def test_an_option_that_needs_a_value_is_refused_where_the_choice_is_empty(places):
    found, _ = problems(places, records.create, {"city": "berlin"}, {"visited": ["border"]})
    assert found == [("option_impossible", "city"), ("option_impossible", "visited")]


def test_each_of_several_options_must_go_with_the_choice(places):
    row = {"country": "fr", "visited": ["border", "wien"]}
    found, message = problems(places, records.create, row)
    assert found == [("option_impossible", "visited")]
    assert "'wien'" in message


def test_the_choice_alone_is_not_changed_under_its_option(places):
    (id_,) = places.create("x_place", {"country": "de", "city": "berlin"})
    found, _ = problems(places, records.update, {"id": id_, "country": "at"})
    assert found == [("option_impossible", "city")]
    places.write(records.update, "x_place", [{"id": id_, "country": "at", "city": "wien"}])
    assert places.get("x_place", id_)["city"] == "wien"


def test_a_choice_that_is_wrong_itself_is_the_only_thing_said(places):
    found, _ = problems(places, records.create, {"country": "xx", "city": "berlin"})
    assert found == [("option_unknown", "country")]


# -- the data model -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "options", "said"),
    [
        ({}, [{"value": "a", "when": ["de"]}], "name a choice in controlled_by"),
        ({"controlled_by": "nothing"}, [{"value": "a"}], "controlled_by names 'nothing'"),
        ({"controlled_by": "name"}, [{"value": "a"}], "controlled_by names 'name'"),
        ({"controlled_by": "more"}, [{"value": "a"}], "controlled_by names 'more'"),
        ({"controlled_by": "country"}, [{"value": "a", "when": ["be"]}], "goes with 'be'"),
    ],
)
def test_a_plan_refuses_dependence_on_what_is_not_there(places, settings, options, said):
    more = {"name": "more", "kind": "choice", "options": options, "settings": settings}
    code, text = refusal(places, {"op": "add_field", "type": "x_place", **more})
    assert code == "definition_invalid"
    assert said in text


def test_choices_do_not_control_each_other_in_a_circle(places):
    code, text = refusal(places, changing("country", settings={"controlled_by": "city"}))
    assert (code, "no circle" in text) == ("definition_invalid", True)


def test_a_chain_of_choices_is_possible(places):
    street = {
        "name": "street", "kind": "choice", "settings": {"controlled_by": "city"},
        "options": [{"value": "unter_den_linden", "when": ["berlin"]}],
    }  # fmt: skip
    places.apply({"op": "add_field", "type": "x_place", **street})
    row = {"country": "de", "city": "berlin", "street": "unter_den_linden"}
    assert places.create("x_place", row)


def test_a_choice_that_others_depend_on_is_not_trashed_nor_given_another_type(places):
    trash = {"op": "trash_field", "type": "x_place", "field": "country"}
    code, text = refusal(places, trash)
    assert (code, "city, visited" in text) == ("in_use", True)
    retype = {"op": "retype_field", "type": "x_place", "field": "country", "kind": "text"}
    assert refusal(places, retype)[0] == "definition_invalid"


def test_a_field_can_be_set_free_again(places):
    free = [{"value": option["value"], "when": []} for option in CITIES]
    places.apply(changing("city", settings={"controlled_by": None}, options=free))
    assert places.create("x_place", {"country": "de", "city": "wien"})


def test_options_that_become_dependent_count_the_records_that_break_the_rule(places):
    ids = places.create(
        "x_place", {"country": "fr", "city": "elsewhere"}, {"city": "elsewhere"},
        {"country": "de", "city": "elsewhere"},
    )  # fmt: skip
    options = [*CITIES[:3], {"value": "elsewhere", "when": ["de", "at"]}]
    (step,) = places.plan(changing("city", options=options)).steps
    assert (step.offenders, step.question.code) == (ids[:2], "existing_required")
    places.apply(changing("city", options=options, existing="clear"))
    assert [places.get("x_place", id_)["city"] for id_ in ids] == [None, None, "elsewhere"]


def test_records_that_keep_what_became_impossible_can_be_changed_elsewhere(places):
    (id_,) = places.create("x_place", {"country": "fr", "visited": ["elsewhere"]})
    options = [*CITIES[:3], {"value": "elsewhere", "when": ["at"]}]
    places.apply(changing("visited", options=options, existing="keep"))
    places.write(records.update, "x_place", [{"id": id_, "name": "Metz"}])
    found, _ = problems(places, records.update, {"id": id_, "country": "de"})
    assert found == [("option_impossible", "visited")]


def test_dependent_options_are_exported_and_applied_again_without_a_change(places):
    with places.reading():
        known = places.catalog
        text = entities.export(known)
        assert entities.to_changes(known, text) == []
    (made,) = text["types"]
    options = {f["name"]: f["options"] for f in made["fields"] if "options" in f}
    assert [o["when"] for o in options["city"]] == [["de"], ["at"], ["de", "fr"], []]
    assert [o["value"] for o in options["visited"]] == [o["value"] for o in CITIES]


def test_the_options_of_several_come_back_from_an_export(places):
    with places.reading():
        (made,) = entities.export(places.catalog)["types"]
    places.apply({"op": "trash_type", "type": "x_place"})
    text = {"relatum": 1, "types": [{**made, "name": "x_copy"}]}
    with places.reading():
        changes = entities.to_changes(places.catalog, text)
    places.apply(*changes)
    assert places.create("x_copy", {"country": "de", "visited": ["berlin", "border"]})


# -- retired options ------------------------------------------------------------------------
@prepared
def retired(places):
    """Return the id of a place in a country, and with a visit, that nobody can choose any more."""
    (id_,) = places.create("x_place", {"country": "fr", "visited": ["border", "elsewhere"]})
    countries = [{**o, "retired": o["value"] == "fr"} for o in COUNTRY["options"]]
    cities = [{**o, "retired": o["value"] == "border"} for o in CITIES]
    places.apply(changing("country", options=countries), changing("visited", options=cities))
    return id_


def test_a_record_with_a_retired_option_is_sent_back_as_it_was_read(places, retired):
    row = {
        "id": retired, "name": "Metz", "country": "fr", "visited": ["border", "elsewhere"],
    }  # fmt: skip
    (outcome,) = places.write(records.update, "x_place", [row])
    assert outcome.status == "updated"


@pytest.mark.parametrize(
    ("row", "field"), [({"country": "fr"}, "country"), ({"visited": ["border"]}, "visited")]
)
def test_a_retired_option_is_not_chosen_anew(places, retired, row, field):
    (other,) = places.create("x_place", {"country": "de"})
    for verb, given in ((records.create, row), (records.update, {"id": other, **row})):
        found, _ = problems(places, verb, given)
        assert ("option_retired", field) in found

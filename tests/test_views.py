"""Views: lists that are saved, for everybody or for oneself."""

from __future__ import annotations

import pytest

from relatum.core import catalog, entities, query, views
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError

from .instances import prepared
from .plugged import enable, put, small

PEOPLE = [("Ada", "Rome", 3), ("Ben", "Bern", 7), ("Cem", "Rome", 9)]


@prepared
def crm(instance):
    """Return an instance with a type, three records and a view of those in Rome."""
    instance.make_type(
        "x_person",
        {"name": "name", "kind": "text", "sortable": True},
        {"name": "city", "kind": "text"},
        {"name": "score", "kind": "integer"},
    )
    rows = [{"name": name, "city": city, "score": score} for name, city, score in PEOPLE]
    instance.create("x_person", *rows)
    condition = {"field": "city", "op": "eq", "value": "Rome"}
    instance.apply(set_view("rome", query={"filter": condition, "sort": ["-name"]}))


def set_view(name, **given):
    return {"op": "set_view", "type": "x_person", "view": name, **given}


def named(instance, *args, actor=None):
    who = actor or instance.alice
    with instance.reading():
        asked = views.from_url("x_person", args, actor=who)
        return [row["name"] for row in query.page(asked).records]


def listed(instance, actor=None):
    return instance.read(views.list_views, "x_person", actor=actor or instance.alice)


def code_of(work, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        work(*args, **kwargs)
    return caught.value.code


def test_a_view_lists_what_it_was_saved_for(crm):
    assert named(crm, ("_view", "rome")) == ["Cem", "Ada"]


def test_words_of_the_address_go_before_those_of_the_view_and_both_filters_hold(crm):
    assert named(crm, ("_view", "rome"), ("_sort", "name")) == ["Ada", "Cem"]
    assert named(crm, ("_view", "rome"), ("score__gt", "5")) == ["Cem"]


def test_json_names_a_view_as_the_address_does(crm):
    with crm.reading():
        by_json = views.from_json("x_person", {"view": "rome", "limit": 2}, actor=crm.alice)
        assert by_json == views.from_url(
            "x_person", [("_view", "rome"), ("_limit", "2")], actor=crm.alice
        )


def test_groups_take_the_filter_of_a_view_and_not_its_order(crm):
    with crm.reading():
        args = [("_view", "rome"), ("_select", "sum(score)")]
        asked = views.from_url("x_person", args, actor=crm.alice)
        assert query.aggregate(asked).groups == [{"sum(score)": 12}]


def test_a_view_keeps_what_a_change_does_not_name(crm):
    crm.apply(set_view("rome", label="In Rome", position=4))
    [view] = listed(crm)
    assert (view["label"], view["position"], view["query"]["sort"]) == ("In Rome", 4, ["-name"])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"query": {"filter": {"field": "town", "op": "eq", "value": 1}}}, "field_unknown"),
        ({"query": {"sort": ["-town"]}}, "field_unknown"),
        ({"query": {"fields": ["city.name"]}}, "path_invalid"),
        ({"query": {"limit": 5}}, "definition_invalid"),
        ({"query": "city=Rome"}, "definition_invalid"),
        ({"position": -1}, "definition_invalid"),
        ({"hidden": True}, "definition_invalid"),
    ],
)
def test_what_can_not_be_asked_is_not_saved(crm, given, code):
    assert code_of(crm.apply, set_view("other", **given)) == code
    assert [view["name"] for view in listed(crm)] == ["rome"]


@pytest.mark.parametrize(("name", "code"), [("Rome", "name_invalid"), ("my_rome", "name_reserved")])
def test_names_of_shared_views_follow_the_rule(crm, name, code):
    assert code_of(crm.apply, set_view(name)) == code


def test_a_view_that_is_not_there_names_the_nearest(crm):
    with crm.reading(), pytest.raises(RelatumError, match=r"no view 'rom'.*'rome'"):
        views.from_url("x_person", [("_view", "rom")], actor=crm.alice)


def test_a_plan_says_which_views_a_trashed_field_breaks_and_they_say_why(crm):
    trash = {"op": "trash_field", "type": "x_person", "field": "city"}
    assert "view Rome of x_person" in crm.plan(trash).steps[-1].uses[-1]
    crm.apply(trash)
    [view] = listed(crm)
    assert "no field 'city'" in view["broken"]
    crm.apply({"op": "restore_field", "type": "x_person", "field": "city"})
    assert listed(crm)[0]["broken"] is None


def test_a_dropped_view_is_gone(crm):
    crm.apply({"op": "drop_view", "type": "x_person", "view": "rome"})
    assert listed(crm) == []
    again = {"op": "drop_view", "type": "x_person", "view": "rome"}
    assert code_of(crm.apply, again) == "view_unknown"


# -- one's own --------------------------------------------------------------------------------
def test_a_view_of_ones_own_is_seen_by_nobody_else(crm):
    made = crm.write(views.save, "x_person", "my_best", {"query": {"sort": ["-score"]}})
    assert (made["label"], made["private"]) == ("Best", True)
    assert named(crm, ("_view", "my_best")) == ["Cem", "Ben", "Ada"]
    other = Actor(user_id=crm.bob.user_id, name="Bob", admin=True)
    assert [view["name"] for view in listed(crm, other)] == ["rome"]
    assert code_of(crm.write, views.drop, "x_person", "my_best", actor=other) == "view_unknown"


def test_a_view_of_ones_own_changes_and_goes(crm):
    crm.write(views.save, "x_person", "my_best", {"label": "Best", "position": 2})
    crm.write(views.save, "x_person", "my_best", {"label": "Top"})
    crm.write(views.save, "x_person", "my_best", {})
    view = listed(crm)[-1]
    assert (view["label"], view["position"]) == ("Top", 2)
    crm.write(views.drop, "x_person", "my_best")
    assert [view["name"] for view in listed(crm)] == ["rome"]


def test_views_of_ones_own_are_limited_and_named(crm):
    assert code_of(crm.write, views.save, "x_person", "best", {}) == "definition_invalid"
    with crm.configured(view_limit=1):
        crm.write(views.save, "x_person", "my_a", {})
        assert code_of(crm.write, views.save, "x_person", "my_b", {}) == "view_limit"
        crm.write(views.save, "x_person", "my_a", {"position": 1})
    assert code_of(crm.write, views.save, "x_person", "my_c", {}, actor=crm.actor) == (
        "view_of_nobody"
    )


def test_who_may_nothing_may_not_list_views(crm):
    assert code_of(listed, crm, crm.bob) == "forbidden"


# -- layers -----------------------------------------------------------------------------------
DECLARED = (
    "@hookimpl\ndef relatum_declare(ctx):\n"
    "    return {'types': [{'name': 'small_thing', 'label': 'Thing', 'fields': [\n"
    "        {'name': 'name', 'kind': 'text'}, {'name': 'size', 'kind': 'integer'}],\n"
    "        'views': [%s]}]}\n"
)
BIG = "{'name': 'big', 'label': %r, 'query': {'sort': ['-size']}}"


def declared(instance, *found):
    put(instance, "small", small("small", DECLARED % ", ".join(found)))
    enable(instance, "small")
    return {view["name"]: view for view in instance.read(views.list_views, "small_thing")}


def test_a_plugins_view_comes_changes_and_goes_with_the_plugin(instance):
    made = declared(instance, BIG % "Big")["big"]
    assert (made["owner"], made["label"]) == ("small", "Big")
    assert declared(instance, BIG % "Largest")["big"]["label"] == "Largest"
    assert declared(instance) == {}


def test_what_an_administrator_changed_of_a_plugins_view_outlives_its_next_version(instance):
    declared(instance, BIG % "Big")
    change = {"op": "set_view", "type": "small_thing", "view": "big", "label": "Huge"}
    instance.apply(change)
    later = declared(instance, "{'name': 'big', 'label': 'Large', 'query': {'sort': ['size']}}")
    assert (later["big"]["label"], later["big"]["query"]) == ("Huge", {"sort": ["size"]})


def test_a_plugins_view_that_was_dropped_stays_hidden(instance):
    declared(instance, BIG % "Big")
    instance.apply({"op": "drop_view", "type": "small_thing", "view": "big"})
    assert declared(instance, BIG % "Big again") == {}
    instance.apply({"op": "set_view", "type": "small_thing", "view": "big", "hidden": False})
    assert instance.read(views.get, "small_thing", "big")["label"] == "Big again"


def test_views_move_between_instances_as_text(crm):
    crm.apply(set_view("bern", query={"sort": ["score"]}, position=0))
    with crm.reading():
        text = entities.export(catalog.current())
        assert entities.to_changes(catalog.current(), text) == []
    crm.apply({"op": "drop_view", "type": "x_person", "view": "bern"})
    crm.apply(set_view("rome", label="Other"))
    with crm.reading():
        changes = entities.to_changes(catalog.current(), text)
    crm.apply(*changes)
    with crm.reading():
        assert entities.export(catalog.current()) == text


def test_a_changed_view_of_a_plugin_is_exported_as_what_was_changed(instance):
    declared(instance, BIG % "Big")
    instance.apply({"op": "set_view", "type": "small_thing", "view": "big", "label": "Huge"})
    with instance.reading():
        text = entities.export(catalog.current())
        assert text["patches"] == [{"type": "small_thing", "view": "big", "label": "Huge"}]
        assert entities.to_changes(catalog.current(), text) == []


# -- surfaces ---------------------------------------------------------------------------------
def test_the_api_saves_lists_and_asks_views(crm):
    alice = crm.client(crm.alice)
    shared = "/api/v1/entity-types/x_person/views"
    made = alice.put(f"{shared}/best", json={"query": {"sort": ["-score"]}})
    assert (made.status_code, made.json["applied"]) == (200, True)
    own = alice.put("/api/v1/my/views/x_person/my_ben", json={"query": {"filter": {
        "field": "name", "op": "eq", "value": "Ben"}}})  # fmt: skip
    assert own.status_code == 200, own.text
    assert [view["name"] for view in alice.get(shared).json["views"]] == ["rome", "best", "my_ben"]
    page = alice.get("/api/v1/records/x_person?_view=best&_limit=1")
    assert [row["name"] for row in page.json["records"]] == ["Cem"]
    assert "_view=best" in page.headers["Link"]
    asked = alice.post("/api/v1/records/x_person/query", json={"view": "my_ben"})
    assert [row["name"] for row in asked.json["records"]] == ["Ben"]
    assert alice.delete(f"{shared}/best").status_code == 200
    assert alice.delete("/api/v1/my/views/x_person/my_ben").status_code == 204
    assert alice.get("/api/v1/records/x_person?_view=best").json["code"] == "view_unknown"

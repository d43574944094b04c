"""Names of people, addresses and points: values of several members, each a field of its own."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import entities, imports, query, records
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared

FIELDS: list[dict[str, Any]] = [
    {
        "name": "name", "kind": "person_name", "required": True, "sortable": True,
        "settings": {"required_members": ["last"]},
    },
    {
        "name": "home", "kind": "address",
        "settings": {"indexed_members": ["city", "country"]},
    },
    {"name": "place", "kind": "geo"},
    {"name": "boss", "kind": "lookup", "settings": {"target": "x_person"}},
]  # fmt: skip
BERLIN = {"street": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "country": "DE"}
ROWS: list[dict[str, Any]] = [
    {
        "name": {"salutation": "Dr.", "first": "Ada", "last": "Lovelace"}, "home": BERLIN,
        "place": {"lat": 52.52, "lng": 13.405},
    },
    {
        "name": {"first": "Bo", "middle": "W.", "last": "Li An"},
        "home": {"city": "Köln", "country": "Deutschland"}, "place": {"lat": "50.94", "lng": 6.96},
    },
    {"name": {"first": "Wei", "last": "Li", "suffix": "Jr."}, "home": {"city": "berlin"}},
    {"name": {"last": "Ärm"}},
]  # fmt: skip


@prepared
def ids(instance: Any) -> list[int]:
    plain = [given for given in FIELDS if given["kind"] != "lookup"]
    instance.make_type("x_person", *plain)
    instance.apply({"op": "add_field", "type": "x_person", **FIELDS[-1]})
    made: list[int] = instance.create("x_person", *ROWS)
    instance.write(records.update, "x_person", [{"id": made[3], "boss": made[0]}])
    return made


@pytest.fixture
def people(instance: Any, ids: list[int]) -> Any:
    instance.ids = ids
    return instance


def listed(instance: Any, **pairs: str) -> list[dict[str, Any]]:
    with instance.reading():
        read = query.from_url("x_person", pairs.items(), actor=instance.alice)
        rows: list[dict[str, Any]] = query.page(read).records
    return rows


def found(instance: Any, **pairs: str) -> list[str]:
    return [r["name"]["last"] for r in listed(instance, _sort="name", **pairs)]


def problem(instance: Any, verb: Any, *rows: dict[str, Any]) -> tuple[str | None, str]:
    with pytest.raises(Invalid) as caught:
        instance.write(verb, "x_person", list(rows))
    [only] = caught.value.problems
    return only.field, only.code


# -- values -------------------------------------------------------------------------------------
def test_a_value_goes_out_whole_with_what_is_empty(people):
    ada = people.get("x_person", people.ids[0])
    assert ada["home"] == {**BERLIN, "region": None}
    assert ada["place"] == {"lat": 52.52, "lng": 13.405}
    assert people.get("x_person", people.ids[1])["home"]["country"] == "DE"
    assert people.get("x_person", people.ids[3])["place"] is None


def test_changing_one_member_keeps_the_others_and_history_has_the_whole(people):
    id_ = people.ids[0]
    people.write(records.update, "x_person", [{"id": id_, "home": {"street": "Torstr. 2"}}])
    after = {**BERLIN, "region": None, "street": "Torstr. 2"}
    assert people.get("x_person", id_)["home"] == after
    changes = people.read(records.history, "x_person", id_)[0]["changes"]
    assert changes == {"home": [{**BERLIN, "region": None}, after]}


def test_a_change_to_what_is_stored_or_of_no_member_is_no_change(people):
    for home in (BERLIN, {}, {"city": " Berlin "}, {"country": "germany"}):
        (done,) = people.write(records.update, "x_person", [{"id": people.ids[0], "home": home}])
        assert done.status == "unchanged", home


def test_members_and_wholes_are_emptied(people):
    id_ = people.ids[0]
    people.write(records.update, "x_person", [{"id": id_, "home": {"street": None, "city": ""}}])
    home = people.get("x_person", id_)["home"]
    assert (home["street"], home["city"], home["country"]) == (None, None, "DE")
    people.write(records.update, "x_person", [{"id": id_, "home": dict.fromkeys(BERLIN)}])
    assert people.get("x_person", id_)["home"] is None
    assert len(listed(people, home__empty="1")) == 2


@pytest.mark.parametrize(
    ("sent", "where", "why"),
    [
        ({"name": {"first": "Eve"}}, "name.last", "required"),
        ({"name": None}, "name", "required"),
        ({"name": {}}, "name", "required"),
        ({"name": "Eve"}, "name", "not_members"),
        ({"name": {"last": 5}}, "name.last", "not_text"),
        ({"name": {"last": "x" * 81}}, "name.last", "too_long"),
        ({"name": {"last": "E"}, "home": {"town": "x"}}, "home", "member_unknown"),
        ({"name": {"last": "E"}, "home": {"country": "Atlantis"}}, "home.country", "not_country"),
        ({"name": {"last": "E"}, "place": {"lat": 91, "lng": 0}}, "place.lat", "too_large"),
        ({"name": {"last": "E"}, "place": {"lat": 1}}, "place.lng", "required"),
        ({"name": {"last": "E"}, "place": [1, 2]}, "place", "not_members"),
    ],
)
def test_what_is_wrong_with_a_member_names_its_path(people, sent, where, why):
    assert problem(people, records.create, sent) == (where, why)


def test_a_required_member_can_not_be_emptied(people):
    row = {"id": people.ids[0], "name": {"last": None}}
    assert problem(people, records.update, row) == ("name.last", "required")
    people.write(records.update, "x_person", [{"id": people.ids[0], "name": {"first": None}}])
    assert people.get("x_person", people.ids[0])["name"]["last"] == "Lovelace"


def test_wholes_and_members_are_checked_in_large_batches_alike(people):
    rows: list[dict[str, Any]]
    rows = [{"name": {"last": f"P{n}"}, "home": {"city": "Rome"}} for n in range(150)]
    assert len(people.create("x_person", *rows)) == 150
    assert len(listed(people, **{"home.city": "Rome", "_limit": "500"})) == 150
    rows[77] = {"name": {"last": 1}}
    assert problem(people, records.create, *rows) == ("name.last", "not_text")


# -- lists --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"home.city": "Berlin"}, ["Lovelace"]),
        ({"home.city__ieq": "BERLIN"}, ["Li", "Lovelace"]),
        ({"home.city__in": "Berlin,Köln"}, ["Li An", "Lovelace"]),
        ({"home.city__empty": "1"}, ["Ärm"]),
        ({"home.country": "DE"}, ["Li An", "Lovelace"]),
        ({"home.country": "Germany"}, ["Li An", "Lovelace"]),
        ({"home.postal_code__starts": "101"}, ["Lovelace"]),
        ({"home__contains": "10119 berlin"}, ["Lovelace"]),
        ({"home__contains": "germany"}, ["Li An", "Lovelace"]),
        ({"home__empty": "0"}, ["Li", "Li An", "Lovelace"]),
        ({"name__contains": "ada love"}, ["Lovelace"]),
        ({"name__contains": "li"}, ["Li", "Li An"]),
        ({"name__starts": "bo w"}, ["Li An"]),
        ({"name__ieq": "wei li jr."}, ["Li"]),
        ({"name.last__starts": "arm"}, ["Ärm"]),
        ({"name.first": "Ada"}, ["Lovelace"]),
        ({"place.lat__gt": "51"}, ["Lovelace"]),
        ({"boss.home.city": "Berlin"}, ["Ärm"]),
        ({"boss.name__contains": "ada"}, ["Ärm"]),
        ({"boss.place__near": "52.5,13.4,10"}, ["Ärm"]),
        ({"place__near": "52.5,13.4,10"}, ["Lovelace"]),
        ({"place__near": "52.5,13.4,2"}, []),
        ({"place__near": "51.5,10,300"}, ["Li An", "Lovelace"]),
        ({"place__empty": "1"}, ["Ärm", "Li"]),
    ],
)
def test_members_and_wholes_are_filtered(people, filters, names):
    assert found(people, **filters) == names


def test_what_lies_outside_a_circle_leaves_out_what_lies_nowhere(people):
    near = {"field": "place", "op": "near", "value": [52.5, 13.4, 10]}
    with people.reading():
        asked = {"filter": {"not": near}, "fields": ["name.last"]}
        read = query.from_json("x_person", asked, actor=people.alice)
        rows = query.page(read).records
    assert [row["name.last"] for row in rows] == ["Li An"]


def test_names_are_sorted_by_last_then_first_name(people):
    assert found(people) == ["Ärm", "Li", "Li An", "Lovelace"]
    backwards = listed(people, _sort="-name", _limit="3", _fields="name.last")
    assert [row["name.last"] for row in backwards] == ["Lovelace", "Li An", "Li"]


def test_a_list_is_sorted_by_a_member_and_shows_chosen_ones(people):
    rows = listed(people, _sort="home.city,name", _fields="home.city,boss.home.city,boss.name,name")
    assert [row["home.city"] for row in rows] == [None, "berlin", "Berlin", "Köln"] or [
        row["home.city"] for row in rows
    ] == [None, "Berlin", "berlin", "Köln"]
    assert rows[0]["boss.home.city"] == "Berlin"
    assert rows[0]["boss.name"]["last"] == "Lovelace"
    assert rows[1]["boss.name"] is None


def test_pages_go_on_by_a_name_and_by_a_member(people):
    for order in ("name", "-home.city", "place.lat"):
        seen: list[int] = []
        after = None
        while True:
            body = {"sort": [order], "limit": 1, "after": after}
            with people.reading():
                page = query.page(query.from_json("x_person", body, actor=people.alice))
            seen += [row["id"] for row in page.records]
            after = page.next
            if after is None:
                break
        assert seen == [row["id"] for row in listed(people, _sort=order)]


def test_groups_are_made_of_members_and_count_wholes(people):
    with people.reading():
        body = {"group": ["home.country"], "select": ["count", "count(name)", "count(place)"]}
        groups = query.aggregate(query.from_json("x_person", body, actor=people.alice)).groups
    assert groups == [
        {"home.country": None, "count": 2, "count(name)": 2, "count(place)": 0},
        {"home.country": "DE", "count": 2, "count(name)": 2, "count(place)": 2},
    ]


@pytest.mark.parametrize(
    ("word", "value", "why"),
    [
        ("sort", ["home"], "not_sortable"),
        ("sort", ["place"], "not_sortable"),
        ("group", ["name"], "not_groupable"),
        ("fields", ["home.town"], "field_unknown"),
        ("fields", ["home.city.x"], "field_unknown"),
        ("filter", {"field": "home", "op": "eq", "value": "x"}, "operator_unknown"),
        ("filter", {"field": "place", "op": "near", "value": [91, 0, 1]}, "operand_invalid"),
        ("filter", {"field": "place", "op": "near", "value": [1, 0]}, "operand_invalid"),
        ("filter", {"field": "place", "op": "near", "value": [1, 0, -1]}, "operand_invalid"),
        ("filter", {"field": "place", "op": "near", "value": 5}, "operand_invalid"),
        ("filter", {"field": "name", "op": "contains", "value": " "}, "operand_invalid"),
    ],
)
def test_what_can_not_be_asked_is_refused(people, word, value, why):
    ask = query.aggregate if word == "group" else query.page
    with pytest.raises(RelatumError) as caught, people.reading():
        ask(query.from_json("x_person", {word: value}, actor=people.alice))
    assert caught.value.code == why


def test_a_record_is_called_by_its_name(people):
    with people.reading():
        asked = [("name.last", "Ärm"), ("_fields", "boss")]
        read = query.from_url("x_person", asked, actor=people.alice)
        page = query.page(read)
    [label] = page.labels.values()
    assert label["label"] == "Dr. Ada Lovelace"


# -- files --------------------------------------------------------------------------------------
def test_a_file_fills_members_and_wholes(people, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(
        "Name,home.city,Land,Boss\nGrace Hopper,Arlington,Vereinigte Staaten,Ada Lovelace\n",
        encoding="utf-8",
    )
    mapping = imports.load_map(
        {"relatum_map": 1, "columns": {"Land": "home.country"}, "fixed": {"home.region": "VA"}}
    )
    with people.app.app_context():
        report = imports.run("x_person", path, actor=people.alice, mapping=mapping)
    assert not report.refused_lines, report.as_json()
    [row] = listed(people, **{"name.last": "Hopper"})
    assert (row["home"]["city"], row["home"]["region"], row["home"]["country"]) == (
        "Arlington", "VA", "US",
    )  # fmt: skip
    assert row["boss"] == people.ids[0]


def test_what_is_wrong_in_a_file_names_the_column_of_the_member(people, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("name,Home country\nGrace Hopper,Atlantis\n", encoding="utf-8")
    with people.app.app_context():
        report = imports.run("x_person", path, actor=people.alice, dry_run=True)
    [found] = report.problems
    assert (found.column, found.problem.code) == ("Home country", "not_country")


# -- the data model -----------------------------------------------------------------------------
def test_a_stricter_rule_asks_about_the_records_that_break_it(people):
    change = {
        "op": "change_field", "type": "x_person", "field": "home",
        "settings": {"required_members": ["street"]},
    }  # fmt: skip
    step = people.plan(change).steps[0]
    assert step.question is not None and step.rows == 2
    people.apply({**change, "existing": "keep"})
    assert problem(people, records.create, {"name": {"last": "E"}, "home": {"city": "Rome"}}) == (
        "home.street", "required",
    )  # fmt: skip


def test_a_composite_goes_to_the_trash_and_comes_back_with_its_values(people):
    trash = {"op": "trash_field", "type": "x_person", "field": "home"}
    assert people.plan(trash).steps[0].rows == 3
    people.apply(trash)
    people.apply({"op": "restore_field", "type": "x_person", "field": "home"})
    assert people.get("x_person", people.ids[0])["home"]["city"] == "Berlin"


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"kind": "address", "sortable": True}, "sortable"),
        ({"kind": "person_name", "indexed": True}, "indexed_members"),
        ({"kind": "person_name", "unique": True}, "unique"),
        ({"kind": "address", "settings": {"required_members": ["town"]}}, "required_members"),
        ({"kind": "address", "default": {"country": "Atlantis"}}, "default"),
    ],
)
def test_a_definition_that_can_not_be_is_refused(instance, properties, named):
    with pytest.raises(RelatumError) as caught:
        instance.make_type("x_thing", {"name": "f", **properties})
    assert caught.value.code == "definition_invalid"
    assert named in str(caught.value)


def test_a_default_fills_new_records(instance):
    address = {"name": "at", "kind": "address", "default": {"country": "Austria"}}
    instance.make_type("x_thing", {"name": "name", "kind": "text"}, address)
    one, two = instance.create("x_thing", {"name": "a"}, {"name": "b", "at": {"city": "Wien"}})
    assert instance.get("x_thing", one)["at"]["country"] == "AT"
    assert instance.get("x_thing", two)["at"]["country"] is None


def test_the_definition_goes_elsewhere_as_text(people):
    text = entities.export(people.catalog)
    [home] = [f for f in text["types"][0]["fields"] if f["name"] == "home"]
    assert home["settings"] == {"indexed_members": ["city", "country"]}
    people.apply({"op": "trash_type", "type": "x_person"})
    people.apply(*entities.to_changes(people.catalog, text))
    assert entities.export(people.catalog) == text

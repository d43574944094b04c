"""What queries ask of what somebody sees: links, suggestions, labels, neighbours and people."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import clock, query, records, roles
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError

from .instances import prepared
from .officing import Office, actor, build, give, listed

NOBODY = Actor(user_id=None, name="nobody", admin=True)


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


def firms_are_own(instance: Any, office: Office) -> Actor:
    """Return nora, who sees all deals and her own firm only."""
    types = {"x_deal": {"read": "all"}, "x_firm": {"read": "own"}}
    instance.write(roles.save, "firms", {"types": types})
    instance.write(roles.hold, "user", office.people["nora"], ["firms"])
    return actor(instance, office, "nora")


def code(ask: Any, *args: Any, **more: Any) -> str:
    """Return the code that something is refused with."""
    with pytest.raises(RelatumError) as caught:
        ask(*args, **more)
    return caught.value.code


def test_an_order_over_a_link_is_that_of_what_is_seen(instance, office):
    instance.write(records.delete, "x_deal", [{"id": i} for i in _but(office, "nora", "sam")])
    for person, name in (("nora", "M"), ("sam", "Z")):
        firm = office.rows[office.deals[f"{person} large"]]["firm"]
        instance.write(records.update, "x_firm", [{"id": firm, "name": name}])
    who = firms_are_own(instance, office)
    asked = {"sort": ["firm.name", "name"]}
    assert listed(instance, instance.alice, **asked)[0] == "nora large"
    assert listed(instance, who, **asked) == ["sam large", "sam small", "nora large", "nora small"]
    with instance.reading():
        made = query.from_json("x_deal", {"sort": ["-firm.name"], "limit": 2}, actor=who)
        rows = query.page(made).records
    assert {row["name"] for row in rows} == {"nora large", "nora small"}


def _but(office: Office, *people: str) -> list[int]:
    return [id_ for id_, row in office.rows.items() if row["person"] not in people]


def test_a_list_inside_records_is_of_those_of_the_page(instance, office):
    with instance.reading():
        asked = {"expand": ["deals"], "sort": ["-name"], "limit": 1}
        page = query.page(query.from_json("x_firm", asked, actor=instance.alice))
    assert [(row["name"], len(row["deals"])) for row in page.records] == [("sam and sons", 2)]


def test_groups_over_a_link_to_a_hidden_record_are_of_none(instance, office):
    who = firms_are_own(instance, office)
    instance.create("x_deal", {"name": "loose"})
    with instance.reading():
        made = query.from_json("x_deal", {"group": ["firm.name"]}, actor=who)
        found = {group["firm.name"]: group["count"] for group in query.aggregate(made).groups}
        linked = query.from_json("x_deal", {"group": ["firm"]}, actor=who)
        labels = query.aggregate(linked).labels
    assert found == {None: 7, "nora and sons": 2}
    assert [each["label"] for each in labels.values()] == ["nora and sons"]


def test_values_of_a_set_are_suggested_to_who_reads_it(instance, office):
    give(instance, office, "nora", {"read": "own"})
    who = actor(instance, office, "nora")
    instance.write(records.delete, "x_deal", [{"id": office.deals["nora small"]}])
    with instance.reading():
        assert query.suggest("x_deal", "tags", actor=who) == [{"value": "large", "count": 1}]
        assert query.suggest("x_deal", "tags", actor=who, starts="LA") != []
        assert query.suggest("x_deal", "tags", actor=who, starts="x") == []
        assert code(query.suggest, "x_deal", "name", actor=who) == "no_suggestions"
    hidden = {"read": False, "update": False, "create": False}
    give(instance, office, "nora", {"read": "own"}, fields={"x_deal.tags": hidden})
    instance.write(roles.hold, "user", office.people["sam"], [])
    with instance.reading():
        assert code(query.suggest, "x_deal", "tags", actor=who) == "field_unknown"
        nobody = actor(instance, office, "sam")
        assert code(query.suggest, "x_deal", "tags", actor=nobody) == "forbidden"


def test_labels_are_of_what_is_seen_and_there(instance, office):
    who, deal = firms_are_own(instance, office), office.deals["nora large"]
    firms = {row["person"]: row["firm"] for row in office.rows.values()}
    with instance.reading():
        found = query.labels([deal, *firms.values(), office.people["sam"]], actor=who)
        assert found.keys() == {str(deal), str(firms["nora"])}
        assert query.labels([], actor=who) == {}
    instance.write(records.delete, "x_deal", [{"id": deal}])
    with instance.reading():
        assert query.labels([deal], actor=who)[str(deal)]["trashed"] is True
    instance.apply({"op": "trash_type", "type": "x_deal"})
    with instance.reading():
        assert query.labels([deal], actor=instance.alice) == {}


def test_nothing_stands_around_a_record_that_is_hidden(instance, office):
    give(instance, office, "nora", {"read": "own"})
    who = actor(instance, office, "nora")
    with instance.reading():
        made = query.from_json("x_deal", {"sort": ["name"]}, actor=who)
        found = query.neighbours(made, office.deals["nora large"])
        assert (found.previous, found.next) == (None, office.deals["nora small"])
        assert (found.position, found.count) == (1, {"value": 2, "exact": True})
        assert code(query.neighbours, made, office.deals["sam large"]) == "record_unknown"


def test_filters_of_the_same_parts_are_told_apart(instance, office):
    small = {"field": "amount", "op": "lt", "value": 100}
    mine = {"field": "owner.name", "value": "nora"}
    firms = {"field": "firm.name", "value": "nora and sons"}
    for filters, count in (
        ({"and": [small, mine]}, 1), ({"or": [small, mine]}, 5),
        ({"not": {"and": [small, mine]}}, 7), ({"not": {"or": [small, mine]}}, 3),
        ({"and": [firms, mine]}, 2), ({"not": mine}, 6),
        ({"has": "firm.deals", "where": small}, 8), ({"not": {"has": "firm.deals"}}, 0),
        ({"has": "firm.deals", "where": mine}, 2),
    ):  # fmt: skip
        assert len(listed(instance, instance.alice, filter=filters)) == count, filters


def test_a_filter_on_me_is_refused_where_nobody_asks(instance, office):
    mine = {"field": "owner", "value": "me"}
    either = {"field": "owner", "op": "in", "value": ["me", office.people["nora"]]}
    sam = actor(instance, office, "sam")
    give(instance, office, "sam", {"read": "all"})
    assert len(listed(instance, sam, filter=mine)) == 2
    assert len(listed(instance, sam, filter=either)) == 4
    for asked in (mine, either):
        assert code(listed, instance, NOBODY, filter=asked) == "operand_invalid"
    # In a text it is a word like any other.
    instance.create("x_deal", {"name": "me"})
    assert listed(instance, sam, filter={"field": "name", "value": "me"}) == ["me"]


def test_an_export_is_of_what_a_role_lets_one_export(instance, office):
    give(instance, office, "nora", {"read": "all", "export": "own"})
    who = actor(instance, office, "nora")
    with instance.reading():
        made = query.narrowed(query.from_json("x_deal", {}, actor=who), "export")
        names = {row["name"] for row in query.page(made).records}
        assert query.count(made)["value"] == 2
        assert names == {"nora large", "nora small"}
    give(instance, office, "nora", {"read": "all"})
    with instance.reading():
        made = query.from_json("x_deal", {}, actor=who)
        assert code(query.narrowed, made, "export") == "forbidden"


def test_what_is_pointed_to_by_nothing_is_found_though_links_are_empty(instance, office):
    instance.create("x_firm", {"name": "idle"})
    instance.create("x_deal", {"name": "loose"})
    with instance.reading():
        asked = {"filter": {"not": {"has": "deals"}}}
        made = query.from_json("x_firm", asked, actor=instance.alice)
        assert [row["name"] for row in query.page(made).records] == ["idle"]


# -- links that are written --------------------------------------------------------------------
def links(instance: Any, who: Actor, type_name: str, **row: Any) -> list[tuple[str, Any]]:
    """Try to make a record; return the problems."""
    [made] = instance.write(
        records.create, type_name, [{"name": "new", **row}], actor=who, partial=True
    )
    return [(problem.code, problem.field) for problem in made.problems]


def test_nobody_links_to_what_he_does_not_see_but_what_fills_in_does(instance, office):
    types = {"x_deal": {"read": "own", "create": "all"}, "x_firm": {"read": "own"}}
    instance.write(roles.save, "maker", {"types": types})
    instance.write(roles.hold, "user", office.people["nora"], ["maker"])
    who = actor(instance, office, "nora")
    firms = {row["person"]: row["firm"] for row in office.rows.values()}
    unknown = [("reference_unknown", "firm")]
    assert links(instance, who, "x_deal", firm=firms["sam"]) == unknown
    assert links(instance, instance.alice, "x_deal", firm=firms["sam"]) == []
    # He sees no people: his own id is filled in.
    [made] = instance.write(
        records.create, "x_deal", [{"name": "mine", "firm": firms["nora"]}], actor=who
    )
    assert instance.get("x_deal", made.id)["owner"] == who.user_id


def test_a_reference_of_any_type_leads_to_what_is_seen_there_and_of_its_types(instance, office):
    about = {"name": "about", "kind": "reference", "settings": {"targets": ["x_deal", "x_firm"]}}
    instance.make_type("x_note", {"name": "name", "kind": "text"}, about)
    given = {"x_note": {"read": "all", "create": "all"}, "x_deal": {"read": "own"}}
    instance.write(roles.save, "noter", {"types": {**given, "user": {"read": "all"}}})
    instance.write(roles.hold, "user", office.people["nora"], ["noter"])
    who, mine = actor(instance, office, "nora"), office.deals["nora large"]
    firm, unknown = office.rows[mine]["firm"], [("reference_unknown", "about")]
    assert links(instance, who, "x_note", about=mine) == []
    assert links(instance, instance.alice, "x_note", about=firm) == []
    for hidden in (office.deals["sam large"], firm, office.people["sam"], 1 << 40):
        assert links(instance, who, "x_note", about=hidden) == unknown
    gone = office.deals["nora small"]
    instance.write(records.delete, "x_deal", [{"id": gone}])
    assert links(instance, who, "x_note", about=gone) == unknown


def test_a_reference_has_the_label_of_what_is_seen_over_a_link_too(instance, office):
    about = {"name": "about", "kind": "reference", "settings": {"targets": ["x_deal", "x_firm"]}}
    link = {"name": "note", "kind": "lookup", "settings": {"target": "x_note"}}
    instance.make_type("x_note", {"name": "name", "kind": "text"}, about, title="name")
    instance.make_type("x_reply", {"name": "name", "kind": "text"}, link)
    mine, theirs = office.deals["nora large"], office.deals["sam large"]
    firm = office.rows[mine]["firm"]
    for name, target in (("a", mine), ("b", theirs), ("c", firm), ("d", None)):
        [note] = instance.create("x_note", {"name": name, "about": target})
        instance.create("x_reply", {"name": name, "note": note})
    types = {"x_note": {"read": "all"}, "x_reply": {"read": "all"}, "x_deal": {"read": "own"}}
    instance.write(roles.save, "reader", {"types": types})
    instance.write(roles.hold, "user", office.people["nora"], ["reader"])
    who = actor(instance, office, "nora")
    for type_name, field in (("x_note", "about"), ("x_reply", "note.about")):
        for asker, seen in ((who, {mine}), (instance.alice, {mine, theirs, firm})):
            with instance.reading():
                asked = {"fields": [field], "sort": ["id"]}
                page = query.page(query.from_json(type_name, asked, actor=asker))
            assert [row[field] for row in page.records] == [mine, theirs, firm, None]
            assert {int(id_) for id_ in page.labels} == seen
            assert page.labels[str(mine)]["label"] == "nora large"
    with instance.reading():
        page = query.page(query.from_json("x_reply", {"fields": ["note"]}, actor=who))
    assert {each["label"] for each in page.labels.values()} == {"a", "b", "c", "d"}


# -- as it was -----------------------------------------------------------------------------------
def test_sets_are_found_and_shown_as_they_were(instance, office):
    before = clock.now().isoformat()
    large = {"field": "tags", "op": "has", "value": "large"}
    row = {"id": office.deals["nora large"], "tags": ["other"]}
    instance.write(records.update, "x_deal", [row, {"id": office.deals["sam large"], "tags": None}])
    instance.apply({"op": "add_field", "type": "x_deal", "name": "marks", "kind": "tags"})
    row = {"id": office.deals["cora large"], "marks": ["large"]}
    instance.write(records.update, "x_deal", [row])
    names = [f"{person} large" for person in ("cora", "nobody", "nora", "sam")]
    marked = {"field": "marks", "op": "has", "value": "large"}
    other = {"field": "tags", "op": "has", "value": "other"}
    for asked, now, then in (
        (large, ["cora large", "nobody large"], names),
        (other, ["nora large"], []),
        ({"and": [{"not": other}, large]}, ["cora large", "nobody large"], names),
        (marked, ["cora large"], []),
    ):
        assert sorted(listed(instance, instance.alice, filter=asked)) == now
        assert sorted(listed(instance, instance.alice, filter=asked, as_of=before)) == then
    with instance.reading():
        shown = {"fields": ["tags", "marks"], "filter": large, "as_of": before}
        page = query.page(query.from_json("x_deal", shown, actor=instance.alice))
    assert [(row["tags"], row["marks"]) for row in page.records] == [(["large"], [])] * 4


@pytest.mark.parametrize(
    "asked",
    [
        {"group": ["tags"]},
        {"select": ["count(firm.name)"]},
        {"filter": {"field": "team", "op": "under", "value": 1}},
        {"filter": {"not": {"field": "firm.name", "value": "x"}}},
        {"filter": {"or": [{"has": "lines"}]}},
    ],
    ids=str,
)
def test_what_is_known_only_as_it_is_now_is_refused_wherever_it_stands(instance, office, asked):
    instance.make_type(
        "x_line",
        {"name": "deal", "kind": "lookup", "settings": {"target": "x_deal", "inverse": "lines"}},
    )
    with instance.reading():
        made = query.from_json(
            "x_deal", {**asked, "as_of": clock.now().isoformat()}, actor=instance.alice
        )
        ask = query.page if "filter" in asked else query.aggregate
        assert code(ask, made) == "as_of_refused"

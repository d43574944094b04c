"""The parts of the designer: field types, options, relationships, layouts, views, names."""

from __future__ import annotations

import re
from typing import Any

import pytest

from relatum.core import views
from relatum.core.fields import FIELD_TYPES

from .designing import deals, draft_of, form_of, publish, said, sent
from .desk import FRAGMENT
from .instances import prepared
from .samples import every_kind

#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    """An instance with deals."""
    deals(instance)


def deal(desk):
    """Return the type as it is published."""
    return desk.instance.catalog.type("x_deal")


# -- fields -------------------------------------------------------------------------------------
def test_a_field_of_every_type_is_added_by_its_form(desk):
    for field in (field for fields in every_kind() for field in fields):
        kind = field["kind"]
        values: dict[str, Any] = {f"s.{name}~": "" for name in FIELD_TYPES[kind].SETTINGS}
        values |= {f"s.{name}": value for name, value in field["settings"].items()}
        for place, option in enumerate(field.get("options", ())):
            values |= {"o": ["n.0", "n.1"], f"o.n.{place}.label": option["value"].title()}
        sent(desk, "/model/x_deal/fields", kind=kind, label=f"A {kind}", **values)
    assert publish(desk).status_code == 303
    assert set(FIELD_TYPES) <= {field.kind for field in deal(desk).fields.values()}


def test_a_form_that_is_saved_as_it_is_changes_nothing(desk):
    every = [field for fields in every_kind() for field in fields]
    desk.instance.apply(*({"op": "add_field", "type": "x_deal", **field} for field in every))
    for field in every:
        address = f"/model/x_deal/fields/{field['name']}"
        sent(desk, address, **form_of(desk, field["name"]))
        assert draft_of(desk) == [], field
    assert {field["kind"] for field in every} == set(FIELD_TYPES)


def test_settings_rules_and_a_default_are_those_of_the_form(desk):
    sent(
        desk, "/model/x_deal/fields", kind="integer", label="Weight", help="In kilos.",
        required="true", indexed="true", default="5",
        **{"s.min~": "", "s.min": "1", "s.max~": "", "s.max": ""},
    )  # fmt: skip
    assert draft_of(desk) == [
        {
            "op": "add_field", "type": "x_deal", "name": "weight", "kind": "integer",
            "label": "Weight", "help": "In kilos.", "required": True, "indexed": True,
            "settings": {"min": 1}, "default": 5,
        }
    ]  # fmt: skip
    assert 'value="5"' in desk.get("/model/x_deal?field=weight").text


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"label": ""}, "Give it a label."),
        ({"name": "Weight"}, "name"),
        ({"name": "price"}, "price"),
        ({"s.min~": "", "s.min": "much"}, "must be a whole number"),
        ({"s.min~": "", "s.min": "9", "s.max~": "", "s.max": "3"}, "min is greater than max"),
        ({"default": "much"}, "whole number"),
    ],
)
def test_what_the_kernel_refuses_stands_at_the_control_in_its_own_sentence(desk, values, reason):
    form = {"kind": "integer", "label": "Weight", **values}
    page = desk.post("/model/x_deal/fields", data=form)
    assert (page.status_code, reason in " ".join(said(page)), draft_of(desk)) == (422, True, [])
    assert f'value="{form["label"]}"' in page.text


def test_a_field_on_somebody_elses_type_gets_the_prefix_of_an_administrator(desk):
    sent(desk, "/model/user/fields", kind="text", label="Shoe size")
    assert draft_of(desk)[0]["name"] == "x_shoe_size"


def test_a_field_that_only_the_draft_has_is_taken_out_when_it_is_deleted(desk):
    sent(desk, "/model/x_deal/fields", kind="text", label="Note")
    sent(desk, "/model/x_deal/fields/note/trash")
    assert draft_of(desk) == []


def test_a_deleted_field_comes_back_from_the_trash(desk):
    sent(desk, "/model/x_deal/fields/price/trash")
    publish(desk)
    assert "price" not in deal(desk).fields
    sent(desk, "/model/x_deal/fields/price/restore")
    publish(desk)
    assert "price" in deal(desk).fields


def test_a_field_that_the_title_needs_is_not_deleted_and_the_form_says_why(desk):
    page = desk.post("/model/x_deal/fields/name/trash")
    assert (page.status_code, "the title of the type" in " ".join(said(page))) == (422, True)


def test_fields_are_ordered_by_a_button_and_by_dragging(desk):
    sent(desk, "/model/x_deal/order", move="price:up")
    publish(desk)
    assert list(deal(desk).fields)[-3:] == ["name", "price", "stage"]
    sent(desk, "/model/x_deal/order", move="stage:up")
    dragged = {"Accept": "*/*"}
    answer = desk.post("/model/x_deal/order", data={"ids": "stage,name,price"}, headers=dragged)
    assert answer.get_json() == {}
    assert "1 change<" in desk.get("/model/x_deal").text
    publish(desk)
    assert list(deal(desk).fields)[-3:] == ["stage", "name", "price"]


# -- options ------------------------------------------------------------------------------------
def test_options_are_added_called_something_else_coloured_and_put_into_order(desk):
    form = form_of(desk, "stage")
    form |= {
        "o.v.new.label": "Open", "o.v.new.hue": "240", "o.n.0.label": "Lost for good",
        "o.n.0.category": "lost", "move": "v.won:up",
    }  # fmt: skip
    assert sent(desk, "/model/x_deal/fields/stage", **form).location.endswith("?field=stage")
    publish(desk)
    options = [(o.value, o.label, o.hue, o.category) for o in deal(desk).field("stage").options]
    assert options == [
        ("won", "Won", None, "won"),
        ("new", "Open", 240, "open"),
        ("lost_for_good", "Lost for good", None, "lost"),
    ]


def test_records_with_a_retired_option_get_another_one(desk):
    [id_] = desk.instance.create("x_deal", {"name": "One", "stage": "new"})
    form = form_of(desk, "stage") | {"o.v.new.retired": "true", "replace": "won"}
    sent(desk, "/model/x_deal/fields/stage", **form)
    publish(desk)
    assert deal(desk).field("stage").options[0].retired
    assert desk.instance.get("x_deal", id_)["stage"] == "won"


def test_options_depend_on_another_choice(desk):
    country = {"o": ["n.0", "n.1"], "o.n.0.label": "Germany", "o.n.1.label": "Austria"}
    sent(desk, "/model/x_deal/fields", kind="choice", label="Country", **country)
    city = {
        "o": ["n.0"],
        "o.n.0.label": "Berlin",
        "s.controlled_by~": "",
        "s.controlled_by": "country",
    }
    sent(desk, "/model/x_deal/fields", kind="choice", label="City", **city)
    assert 'name="o.v.berlin.when" value="germany"' in desk.get("/model/x_deal?field=city").text
    form = form_of(desk, "city") | {"o.v.berlin.when": "germany"}
    sent(desk, "/model/x_deal/fields/city", **form)
    publish(desk)
    [berlin] = deal(desk).field("city").options
    assert berlin.when == ("germany",)


# -- relationships ------------------------------------------------------------------------------
def relate(desk, shape, **values):
    form = {"shape": shape, "other": "x_asset", "on_delete": "clear", **values}
    return sent(desk, "/model/x_deal/relationships", **form)


@pytest.mark.parametrize(
    ("shape", "holder", "target", "unique"),
    [
        ("many_to_one", "x_deal", "x_asset", False),
        ("one_to_one", "x_deal", "x_asset", True),
        ("one_to_many", "x_asset", "x_deal", False),
    ],
)
def test_a_relationship_has_a_name_on_both_sides(desk, shape, holder, target, unique):
    desk.instance.make_type("x_asset", {"name": "name", "kind": "text"}, label="Asset")
    relate(desk, shape, back="My list")
    publish(desk)
    known = desk.instance.catalog
    relation = known.inverses(target)["my_list"]
    link = relation.link
    assert (relation.type.name, link.label) == (holder, known.type(target).label)
    assert (link.unique, link.on_delete) == (unique, "clear")


def test_many_to_many_is_a_type_of_its_own_with_each_pair_once(desk):
    desk.instance.make_type("x_asset", {"name": "name", "kind": "text"}, label="Asset")
    relate(desk, "many_to_many", label="Deal asset")
    publish(desk)
    tie = desk.instance.catalog.type("x_deal_asset")
    assert {link.target: link.on_delete for link in tie.lookups if link.owner != "system"} == {
        "x_deal": "cascade", "x_asset": "cascade",
    }  # fmt: skip
    assert [key.fields for key in tie.keys if len(key.fields) == 2] == [("deal", "asset")]
    [one] = desk.instance.create("x_deal", {"name": "One"})
    assert desk.get(f"/records/x_deal/{one}").status_code == 200


def test_a_type_relates_to_itself(desk):
    sent(desk, "/model/x_deal/relationships", shape="many_to_many", other="x_deal", label="Twin")
    sent(desk, "/model/x_deal/relationships", shape="many_to_one", other="x_deal", label="Parent")
    assert publish(desk).status_code == 303
    assert len(desk.instance.catalog.inverses("x_deal")) == 3


# -- layouts ------------------------------------------------------------------------------------
def test_a_layout_is_made_of_sections_and_highlights(desk):
    layout = "/model/x_deal/layout"
    sent(desk, layout, add="1", label="Money", field=["price"])
    sent(desk, layout, add="1", label="Naming", field=["name"])
    sent(desk, layout, highlight="stage")
    sent(desk, layout, ids="s.1,f.name,f.stage,s.0,f.price,rest")
    sent(desk, layout, move="f.stage:down")
    sent(desk, layout, rename="s.1", label="Worth")
    assert len(draft_of(desk)) == 1
    publish(desk)
    made = deal(desk).layout
    assert made.highlights == ("stage",)
    assert made.sections == (("Naming", ("name",)), ("Worth", ("stage", "price")))
    [id_] = desk.instance.create("x_deal", {"name": "One"})
    assert "Worth" in desk.get(f"/records/x_deal/{id_}").text


def test_a_section_goes_and_its_fields_stay_on_the_page(desk):
    sent(desk, "/model/x_deal/layout", add="1", label="Money", field=["price"])
    sent(desk, "/model/x_deal/layout", drop="s.0")
    publish(desk)
    assert deal(desk).layout.sections == ()


def test_a_new_section_begins_with_a_field(desk):
    page = desk.post("/model/x_deal/layout", data={"add": "1", "label": "Money"})
    assert (page.status_code, said(page)) == (422, ["Choose at least one field."])


# -- views --------------------------------------------------------------------------------------
def test_shared_views_are_made_called_something_else_ordered_and_taken_away(desk):
    base = "/model/x_deal/views"
    sent(desk, base, label="By price", field=["name", "price"], sort="-price")
    sent(desk, base, label="Names", field=["name"])
    sent(desk, "/model/x_deal/order/views", move="names:up")
    sent(desk, f"{base}/by_price", label="Dear ones")
    publish(desk)
    page = desk.get("/records/x_deal").text
    assert page.index("Names") < page.index("Dear ones")
    sent(desk, f"{base}/names", drop="1")
    publish(desk)
    assert "Names" not in desk.get("/records/x_deal").text


def test_a_view_of_ones_own_is_shared_with_everybody(desk):
    query = {"filter": {"field": "stage", "value": "won"}}
    desk.instance.write(views.save, "x_deal", "my_won", {"label": "Won ones", "query": query})
    assert "Won ones" in desk.get("/model/x_deal/views").text
    sent(desk, "/model/x_deal/views", own="my_won")
    publish(desk)
    [shared] = desk.instance.catalog.views["x_deal"]
    assert (shared.name, shared.label, shared.query) == ("won_ones", "Won ones", query)


# -- types --------------------------------------------------------------------------------------
def test_fields_are_unique_together(desk):
    sent(desk, "/model/x_deal/keys", key=["name", "price"])
    publish(desk)
    assert ("name", "price") in [key.fields for key in deal(desk).keys]
    sent(desk, "/model/x_deal/keys", drop="name,price")
    publish(desk)
    assert deal(desk).keys == ()


def test_a_type_goes_to_the_trash_comes_back_and_is_purged(desk):
    sent(desk, "/model/x_deal/trash")
    publish(desk)
    assert "x_deal" not in desk.instance.catalog.types
    assert "Deal" in desk.get("/model").text
    sent(desk, "/model/x_deal/restore")
    publish(desk)
    assert "x_deal" in desk.instance.catalog.types
    sent(desk, "/model/x_deal/trash")
    publish(desk)
    sent(desk, "/model/x_deal/purge")
    page = desk.get("/model/plan").text
    [plan] = re.findall(r'name="plan" value="(\w+)"', page)
    desk.post("/model/publish", data={"plan": plan, "sure": "1"})
    assert desk.instance.catalog.trashed_types == ()


def test_a_type_that_is_renamed_is_called_so_everywhere(desk):
    [id_] = desk.instance.create("x_deal", {"name": "One", "stage": "new"})
    sent(desk, "/model/x_deal/settings", label="Mandate", plural="Deals", title="name")
    publish(desk)
    addresses = (
        "/records/x_deal", f"/records/x_deal/{id_}", "/records/x_deal/new",
        f"/records/x_deal/{id_}/edit", f"/records/x_deal/{id_}/delete", "/records/x_deal/board",
        "/search?q=one", "/records/x_deal?_trashed=1", "/records/x_deal?stage=won",
        "/model", "/model/x_deal", "/model/x_deal/settings", "/model/x_deal/relationships",
    )  # fmt: skip
    for address in addresses:
        page = desk.get(address)
        assert (page.status_code, re.findall(r"\bDeals?\b", page.text)) == (200, []), address
        assert re.search(r"\bMandates?\b", page.text), address


def test_a_part_of_a_page_is_drawn_for_a_script_and_says_what_was_done(desk):
    form = {"kind": "text", "label": "Note"}
    answer = desk.post("/model/x_deal/fields", data=form, headers=FRAGMENT)
    assert answer.text.lstrip().startswith('<div class="des-page"')
    assert answer.headers["HX-Push-Url"] == "/model/x_deal"
    assert "Note is in the draft" in answer.headers["HX-Trigger"]
    wrong = desk.post("/model/x_deal/fields", data={**form, "label": ""}, headers=FRAGMENT)
    assert (wrong.status_code, said(wrong)) == (422, ["Give it a label."])

"""Dashboards at the desk: who sees and changes which, what is in them, and what plugins bring."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from relatum.core import help as manual
from relatum.core import records, roles
from relatum.core.errors import RelatumError

from .desk import FRAGMENT, as_person
from .desk_dashboards import figure, first, make, save, shown, spec
from .desk_office import desk, office
from .plugged import enable, put, small

__all__ = ["desk", "office"]
#: The preset of the instance.
PRESET = "desk"
READS: dict[str, Any] = {"read": "all"}


# -- who sees what ------------------------------------------------------------------------------
def test_a_dashboard_of_ones_own_is_nobody_elses(desk):
    at = make(desk, "Secret plan", {"kind": "number"})
    person = as_person(desk, "nora", READS)
    assert "Secret plan" not in person.get("/dashboards").text
    for address in (at, f"{at}/edit", f"{at}/w/w1", f"{at}/widget"):
        assert person.get(address).status_code == 404, address
    for word in ("save", "delete", "order", "home", "hide", "widget", "w/w1/size", "w/w1/remove"):
        sent = {"label": "x", "ids": "w1", "on": "1"}
        assert person.post(f"{at}/{word}", data=sent).status_code == 404, word


@pytest.mark.parametrize(
    ("audience", "sees"),
    [("all", True), ("role:nora_0", True), ("team:North", True), ("team:Coast", False),
     ("team:South", False), ("role:manager", False)],
)  # fmt: skip
def test_an_administrator_shares_with_everybody_a_role_or_a_team(desk, audience, sees):
    person = as_person(desk, "nora", READS)
    at = make(desk, "Ours", {"kind": "number"})
    kind, _, name = audience.partition(":")
    named = f"team:{desk.ids.teams[name]}" if kind == "team" else audience
    save(desk, at, {"label": "Ours", "with": named})
    assert person.get(at).status_code == (200 if sees else 404)
    assert ("Ours" in person.get("/dashboards").text) is sees


def test_what_is_shared_with_a_team_is_shared_with_those_beneath_it(desk):
    at = make(desk, "Ours", {"kind": "number"})
    named = f"team:{desk.ids.teams['North']}"
    save(desk, at, {"label": "Ours", "with": named})
    assert as_person(desk, "cora", READS).get(at).status_code == 200


def test_what_is_shared_is_changed_by_administrators_alone(desk):
    at = make(desk, "Ours", {"kind": "number"})
    save(desk, at, {"label": "Ours", "with": "all"})
    person = as_person(desk, "nora", READS)
    assert f"{at}/edit" not in person.get(at).text
    for address in (f"{at}/edit", f"{at}/widget"):
        assert person.get(address).status_code == 403, address
    for word in ("save", "delete", "order", "widget", "w/w1/size", "w/w1/remove"):
        assert person.post(f"{at}/{word}", data={"label": "x"}).status_code == 403, word


def test_who_is_no_administrator_shares_nothing(desk):
    person = as_person(desk, "nora", READS)
    at = make(person, "Mine")
    assert save(person, at, {"label": "Mine", "with": "all"}).status_code == 303
    assert as_person(desk, "sam", READS).get(at).status_code == 404


@pytest.mark.parametrize(("scope", "count"), [("own", "2"), ("team", "2"), ("tree", "4")])
def test_a_widget_holds_what_whoever_looks_may_see(desk, scope, count):
    at = make(desk, "Ours", {"kind": "number"}, {"kind": "chart", "group": "owner"})
    save(desk, at, {"label": "Ours", "with": "all"})
    person = as_person(desk, "nora", {"read": scope})
    assert figure(shown(person, at))[0] == count
    assert "sam" not in spec(shown(person, at, "w2"))["labels"]
    assert figure(shown(desk, at))[0] == "8"


def test_a_widget_of_a_hidden_field_says_so_without_its_name_and_the_rest_serves(desk):
    at = make(desk, "Ours", {"kind": "number", "measure": "sum(amount)"}, {"kind": "number"})
    save(desk, at, {"label": "Ours", "with": "all"})
    person = as_person(desk, "nora", READS)
    hidden = {"x_deal.amount": dict.fromkeys(("read", "update", "create"), False)}
    desk.instance.write(roles.save, "nora_0", {"types": {"x_deal": READS}, "fields": hidden})
    page = shown(person, at)
    assert (page.status_code, "gone, or that you don&#39;t see" in page.text) == (200, True)
    assert "mount" not in page.text + person.get(at).text
    assert figure(shown(person, at, "w2"))[0] == "8"


def test_a_widget_that_names_a_merged_record_holds_what_is_left_of_it(desk):
    rows = desk.instance.sql("SELECT id, firm FROM x_deal ORDER BY id")
    left, gone = rows[0].firm, rows[2].firm
    named = json.dumps({"field": "firm", "op": "eq", "value": gone})
    at = make(desk, "Mine", {"kind": "number", "filter": named})
    assert figure(shown(desk, at))[0] == "2"
    desk.instance.write(records.merge, "x_firm", left, [gone])
    count, href = figure(shown(desk, at))
    assert (count, desk.get(href).text.count("<tr id=")) == ("4", 4)


def test_a_widget_of_a_hidden_or_dropped_type_says_so(desk):
    at = make(desk, "Ours", {"kind": "number"}, {"kind": "number", "type": "x_firm"})
    save(desk, at, {"label": "Ours", "with": "all"})
    person = as_person(desk, "nora", READS)
    desk.instance.write(roles.save, "nora_0", {"types": {"x_firm": READS}})
    assert "gone, or that you" in shown(person, at).text
    desk.instance.apply({"op": "trash_field", "type": "x_deal", "field": "firm"})
    desk.instance.apply({"op": "trash_type", "type": "x_firm"})
    assert "x_firm" in shown(desk, at, "w2").text
    assert desk.get(at).status_code == 200


def test_an_answer_is_kept_by_nobody(desk):
    at = make(desk, "Mine", {"kind": "number"})
    assert shown(desk, at).headers["Cache-Control"] == "private, no-store"


def test_a_dashboard_is_chosen_for_the_home_page(desk):
    at = make(desk, "Mine", {"kind": "number"})
    assert desk.post(f"{at}/home", data={"on": "1"}).location == "/"
    assert f"{at}/w/w1" in desk.get("/").text
    desk.post(f"{at}/home", data={"on": "0"})
    assert f"{at}/w/w1" not in desk.get("/").text


def test_a_chosen_dashboard_that_is_gone_leaves_the_home_page(desk):
    at = make(desk, "Mine", {"kind": "number"})
    desk.post(f"{at}/home", data={"on": "1"})
    assert desk.post(f"{at}/delete").location == "/dashboards"
    assert desk.get("/").status_code == 200
    assert desk.get(at).status_code == 404


# -- what plugins bring ---------------------------------------------------------------------------
BOARDS = """
@hookimpl
def desk_dashboards():
    return [{boards}]
"""
OURS = (
    '{"name": "ours", "label": "Ours", "widgets": ['
    '{"id": "deals", "kind": "number", "type": "x_deal", "label": "Deals"},'
    '{"id": "firms", "kind": "number", "type": "x_firm", "label": "Firms"}]}'
)
FIRST = (
    '{"name": "first", "label": "First", "at_home": True, "owner": "me", "widgets": ['
    '{"id": "deals", "kind": "number", "type": "x_deal", "label": "Own deals"}]}'
)


def bring(desk, *boards):
    put(
        desk.instance,
        "small",
        small("small", requires={"desk": ""}) + BOARDS.replace("{boards}", ",".join(boards)),
    )
    enable(desk.instance, "small")


def headings(page):
    return re.findall(r"<h3[^>]*>([^<]*)</h3>", page.text)


def test_a_declared_dashboard_is_there_for_everybody(desk):
    bring(desk, OURS)
    person = as_person(desk, "nora", READS)
    assert headings(person.get("/dashboards/small.ours")) == ["Deals", "Firms"]
    assert figure(shown(person, "/dashboards/small.ours", "deals"))[0] == "8"
    assert person.get("/dashboards/small.ours/edit").status_code == 403


def test_an_administrator_changes_hides_and_takes_back_a_declared_one(desk):
    bring(desk, OURS)
    at = "/dashboards/small.ours"
    person = as_person(desk, "nora", READS)
    desk.post(f"{at}/order", data={"ids": "firms,deals"})
    desk.post(f"{at}/w/deals/remove")
    assert headings(person.get(at)) == ["Firms"]
    desk.post(f"{at}/hide", data={"on": "1"})
    assert person.get(at).status_code == 404
    assert "hidden" in desk.get("/dashboards").text
    desk.post(f"{at}/hide", data={"on": "0"})
    assert headings(person.get(at)) == ["Firms"]
    desk.post(f"{at}/delete")
    assert headings(person.get(at)) == ["Deals", "Firms"]


def test_what_a_plugin_puts_on_the_home_page_is_about_whoever_looks(desk):
    bring(desk, FIRST)
    person = as_person(desk, "nora", READS)
    address = first(r'hx-get="(/dashboards/small.first/w/deals[^"]*)"', person.get("/").text)
    page = person.get(address, headers=FRAGMENT)
    assert figure(page)[0] == "2"


def test_what_somebody_does_not_see_is_not_on_his_home_page(desk):
    bring(desk, FIRST)
    person = as_person(desk, "nora", READS)
    desk.instance.write(roles.save, "nora_0", {"types": {"x_firm": READS}})
    assert "small.first" not in person.get("/").text


@pytest.mark.parametrize(
    ("boards", "said"),
    [
        ('{"name": "A", "label": "x", "widgets": []}', "no name of a dashboard"),
        (f"{OURS}, {OURS}", "stands twice"),
        ('{"name": "a", "label": "x", "widgets": [{"id": "a"}]}', "needs 'kind'"),
        ("3", "must return Dashboard"),
    ],
)
def test_a_dashboard_that_can_not_be_leaves_the_plugin_out(desk, boards, said):
    with pytest.raises(RelatumError, match=said):
        bring(desk, boards)


def test_the_plugin_in_the_help_brings_its_dashboard(desk):
    examples = re.findall(r"^```python\n(.*?)^```$", manual.text("desk"), re.MULTILINE | re.DOTALL)
    [example] = [each for each in examples if 'id="stock"' in each]
    left = {"name": "x_left", "kind": "integer"}
    kind = {"name": "x_kind", "kind": "choice", "options": [{"value": "pump"}]}
    desk.instance.make_type("x_part", {"name": "name", "kind": "text"}, left, kind)
    rows = ({"name": f"P{n}", "x_left": n, "x_kind": "pump"} for n in range(9))
    desk.instance.create("x_part", *rows)
    put(desk.instance, "stock", example)
    enable(desk.instance, "stock")
    at = "/dashboards/stock.stock"
    assert headings(desk.get(at)) == ["Nearly gone", "Kinds"]
    assert figure(shown(desk, at, "low"))[0] == "5"
    assert spec(shown(desk, at, "kinds"))["series"][0]["data"] == ["9"]

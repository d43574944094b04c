"""Dashboards at the desk: what widgets ask, what they show, and where their numbers lead."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from .desk_dashboards import NEW, figure, first, make, shown, spec
from .desk_office import desk, office
from .test_desk_list_budget import statements

__all__ = ["desk", "office"]
#: The preset of the instance.
PRESET = "desk"


def test_a_dashboard_is_made_and_begins_empty(desk):
    at = make(desk)
    assert "There are no widgets yet" in desk.get(at).text
    assert "Mine" in desk.get("/dashboards").text


def test_a_dashboard_without_a_label_is_refused_in_words(desk):
    page = desk.post("/dashboards", data={"label": "  "})
    assert (page.status_code, "needs a label" in page.text) == (422, True)


def test_a_number_is_what_its_list_holds(desk):
    at = make(desk, "Mine", {"kind": "number"}, {"kind": "number", "measure": "sum(amount)"})
    count, href = figure(shown(desk, at))
    assert (count, desk.get(href).text.count("<tr id=")) == ("8", 8)
    assert figure(shown(desk, at, "w2"))[0] == "3,640"


def test_a_page_holds_no_number_and_fetches_each_widget_when_it_is_seen(desk):
    at = make(desk, "Mine", *[{"kind": "number"}] * 12)
    with statements() as found:
        page = desk.get(at).text
    assert page.count('hx-trigger="revealed"') == 12
    assert [text for text in found if "x_deal" in text] == []


@pytest.mark.parametrize(
    "widget",
    [{"kind": "number"}, {"kind": "chart", "group": "firm", "by": "created_at.month"},
     {"kind": "table", "group": "owner"}, {"kind": "list"},
     {"kind": "number", "date": "created_at", "period": "month", "compare": "before"}],
)  # fmt: skip
def test_a_widget_asks_its_records_once(desk, widget):
    at = make(desk, "Mine", widget)
    shown(desk, at)
    with statements() as found:
        assert "w-none" not in shown(desk, at).text
    # What instants there are is asked before a chart goes by a part of them on SQLite.
    asked = [text for text in found if "FROM x_deal" in text and "min(" not in text]
    assert len(asked) == 1, "\n".join(asked)


def test_a_chart_has_the_numbers_of_its_table_and_each_leads_to_its_list(desk):
    at = make(desk, "Mine", {"kind": "chart", "group": "owner", "measure": "sum(amount)"})
    drawn = spec(shown(desk, at))
    [series] = drawn["series"]
    assert dict(zip(drawn["labels"], series["data"], strict=True)) == dict.fromkeys(
        ("nora", "cora", "sam", "nobody"), "910"
    )
    assert {desk.get(href).text.count("<tr id=") for href in series["hrefs"]} == {2}


def test_a_chart_by_time_has_months_in_words_and_leads_to_their_days(desk):
    at = make(desk, "Mine", {"kind": "chart", "chart": "line", "group": "created_at.month"})
    drawn = spec(shown(desk, at))
    assert re.fullmatch(r"[A-Z][a-z]{2} 20\d\d", drawn["labels"][0])
    assert desk.get(drawn["series"][0]["hrefs"][0]).text.count("<tr id=") == 8


def test_groups_without_a_value_lead_to_the_records_without_one(desk):
    desk.instance.create("x_deal", {"name": "bare"})
    at = make(desk, "Mine", {"kind": "chart", "group": "firm"})
    drawn = spec(shown(desk, at))
    place = drawn["labels"].index("None")
    assert drawn["series"][0]["data"][place] == "1"
    assert ">bare<" in desk.get(drawn["series"][0]["hrefs"][place]).text


def test_many_groups_are_one_that_leads_to_all_of_them(desk):
    firms = desk.instance.create("x_firm", *({"name": f"F{n:02}"} for n in range(40)))
    desk.instance.create("x_deal", *({"name": f"d{f}", "amount": 1, "firm": f} for f in firms))
    at = make(desk, "Mine", {"kind": "chart", "group": "firm", "measure": "sum(amount)"})
    drawn = spec(shown(desk, at))
    [series] = drawn["series"]
    assert len(drawn["labels"]) == 24
    assert sum(map(Decimal, series["data"])) == 3640 + 40
    assert drawn["labels"][-1] == "Other (21)"
    assert desk.get(series["hrefs"][-1]).text.count("<tr id=") == 21


def test_a_table_has_two_groups(desk):
    widget = {"kind": "table", "group": "owner", "by": "firm", "measure": "sum(amount)"}
    page = shown(desk, make(desk, "Mine", widget)).text
    assert page.count('<th scope="col"') == 5
    assert page.count('<th scope="row"') == 4
    href = first(r'<td class="num"><a class="link" href="([^"]*)">910', page)
    assert desk.get(href).text.count("<tr id=") == 2


def test_a_funnel_counts_how_many_came_as_far_as_a_step(desk):
    options = [
        {"value": "new", "label": "New", "category": "open"},
        {"value": "hot", "label": "Hot", "category": "open"},
        {"value": "won", "label": "Won", "category": "won"},
        {"value": "lost", "label": "Lost", "category": "lost"},
    ]
    field = {"op": "add_field", "type": "x_deal", "name": "x_step", "kind": "choice"}
    desk.instance.apply({**field, "options": options})
    steps = ("new", "new", "hot", "won", "lost")
    desk.instance.create("x_deal", *({"name": f"s{n}", "x_step": s} for n, s in enumerate(steps)))
    page = shown(desk, make(desk, "Mine", {"kind": "funnel", "group": "x_step"}))
    drawn = spec(page)
    assert drawn["labels"] == ["New", "Hot", "Won"]
    assert drawn["series"][0]["data"] == ["4", "2", "1"]
    assert page.text.count("50 %") == 2
    assert desk.get(drawn["series"][0]["hrefs"][1]).text.count("<tr id=") == 2


def test_a_number_is_compared_with_the_period_before_and_with_a_target(desk):
    compared = {"kind": "number", "measure": "sum(amount)", "date": "created_at"}
    at = make(
        desk, "Mine", {**compared, "period": "year", "compare": "before"},
        {**compared, "compare": "target", "target": "7280"},
    )  # fmt: skip
    page = shown(desk, at)
    assert figure(page)[0] == "3,640"
    assert "0 in the period before" in page.text
    page = shown(desk, at, "w2")
    assert ("50 %" in page.text, "of 7,280" in page.text) == (True, True)


def test_filters_of_the_address_narrow_every_widget(desk):
    at = make(desk, "Mine", {"kind": "number", "date": "created_at"})
    assert figure(shown(desk, at, words="?_owner=me"))[0] == "0"
    assert figure(shown(desk, at, words="?_period=month"))[0] == "8"
    page = desk.get(f"{at}?_owner=me&_period=week").text
    assert f"{at}/w/w1?_owner=me&amp;_period=week" in page
    assert figure(shown(desk, at, words="?_owner=nonsense&_period=x"))[0] == "8"


def test_a_widget_that_is_made_of_a_list_has_its_filters(desk):
    page = desk.get("/records/x_deal/views?amount__gt=500").text
    pick = first(r'href="(/dashboards/_pick[^"]*)"', page)
    make(desk)
    to = first(r'href="(/dashboards/\d+/widget[^"]*)"', desk.get(pick).text)
    form = desk.get(to).text
    kept = first(r'name="filter" value="([^"]*)"', form)
    assert json.loads(kept) == {"field": "amount", "op": "gt", "value": 500}
    at = to.partition("/widget")[0]
    given = {"type": "x_deal", "kind": "number", "filter": kept, "expect": NEW}
    assert desk.post(f"{at}/widget", data=given).status_code == 303
    assert figure(shown(desk, at))[0] == "4"


def test_widgets_are_put_in_order_sized_and_removed(desk):
    at = make(desk, "Mine", {"kind": "number", "label": "A"}, {"kind": "list", "label": "B"})
    assert desk.post(f"{at}/order", data={"ids": "w2,w1"}).json == {"text": None}
    desk.post(f"{at}/w/w2/size", data={"size": "full"})
    page = desk.get(at).text
    assert re.findall(r'widget sz-(\w+) k-(\w+)"', page) == [("full", "list"), ("small", "number")]
    desk.post(f"{at}/w/w2/remove")
    assert re.findall(r"<h3[^>]*>([^<]*)</h3>", desk.get(at).text) == ["A"]


def test_what_is_chosen_in_the_form_goes_together_or_is_the_first_there_is(desk):
    at = make(desk)
    page = desk.get(f"{at}/widget?kind=chart&type=x_firm&group=amount&measure=sum(amount)").text
    assert 'name="group"' in page
    assert "sum(amount)" not in page
    assert desk.get(f"{at}/widget?kind=song&type=nonsense&size=9&filter=[").status_code == 200

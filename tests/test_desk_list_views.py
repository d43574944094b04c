"""Views of a list at the desk: saved, changed, renamed, ordered, pinned, shared, broken."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from relatum.core import auth, views

from .desk import Browser, at_desk
from .instances import prepared

PUMP: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "sortable": True},
    {"name": "city", "kind": "text"},
]
BERLIN = {"filter": {"field": "city", "value": "Berlin"}, "sort": ["-name"], "fields": ["name"]}


#: The preset of the instance.
PRESET = "desk"


@prepared
def works(instance):
    """An instance with pumps, a view of everybody and one of alice's own."""
    instance.make_type("x_pump", *PUMP, label="Pump", plural="Pumps")
    instance.create("x_pump", {"name": "A", "city": "Berlin"}, {"name": "B", "city": "Ulm"})
    shared = {"op": "set_view", "type": "x_pump", "view": "berlin", "label": "Berlin"}
    instance.apply({**shared, "query": BERLIN})
    own = {"label": "Mine", "query": {"sort": ["name"]}}
    instance.write(views.save, "x_pump", "my_own", own)


@pytest.fixture
def desk(works):
    """Return a browser at the desk of that instance."""
    with at_desk(works) as browser:
        yield browser


def shown(desk, **more):
    """Return the views as the verb lists them: (name, label, private)."""
    found = desk.instance.read(views.list_views, "x_pump", **more)
    return [(view["name"], view["label"], view["private"]) for view in found]


def labels(page):
    """Return the labels of the tabs."""
    [nav] = re.findall(r'<nav class="tabs.*?</nav>', page.text, re.DOTALL)
    return re.findall(r'<span class="trunc">([^<]*)</span>', nav)


def query(desk, name):
    return desk.instance.read(views.get, "x_pump", name)["query"]


# -- saving -------------------------------------------------------------------------------------
def test_a_list_is_saved_as_a_new_view_of_ones_own(desk):
    saved = desk.post("/records/x_pump/views?city=Ulm&_sort=-name", data={"label": " Fresh  ones "})
    assert (saved.status_code, saved.location) == (303, "/records/x_pump?_view=my_fresh_ones")
    assert query(desk, "my_fresh_ones")["sort"] == ["-name"]
    assert "The view Fresh ones is saved" in desk.get(saved.location).text


def test_a_new_view_takes_the_place_of_no_other(desk):
    for _ in range(2):
        desk.post("/records/x_pump/views?city=Ulm", data={"label": "Own"})
    assert [name for name, *_ in shown(desk)] == ["berlin", "my_own", "my_own_2", "my_own_3"]


@pytest.mark.parametrize("label", ["Über 90 %", "!!!", "99", "x" * 80, "日本"])
def test_any_label_makes_a_name(desk, label):
    made = desk.post("/records/x_pump/views", data={"label": label, "shared": "1"})
    assert made.status_code == 303
    assert label[:60] in [shown_label for _, shown_label, _ in shown(desk)]


def test_an_administrator_saves_a_view_for_everybody(desk):
    made = desk.post("/records/x_pump/views?city=Ulm", data={"label": "Ulm", "shared": "1"})
    assert made.location == "/records/x_pump?_view=ulm"
    assert ("ulm", "Ulm", False) in shown(desk)


def test_on_a_type_of_a_plugin_a_shared_view_has_the_prefix_of_administrators(desk):
    made = desk.post("/records/user/views", data={"label": "Staff", "shared": "1"})
    assert made.location == "/records/user?_view=x_staff"


def test_what_was_looked_for_is_part_of_no_view(desk):
    desk.post("/records/x_pump/views?city=Ulm&_search=zzz", data={"label": "Ulm"})
    assert query(desk, "my_ulm")["filter"] == {"field": "city", "op": "eq", "value": "Ulm"}


# -- changes ------------------------------------------------------------------------------------
def test_a_view_that_is_shown_as_it_is_kept_is_not_changed(desk):
    for words in ("", "&_search=A", "&_sort=-name", "&_fields=name", "&_limit=7"):
        page = desk.get(f"/records/x_pump?_view=berlin{words}")
        assert (page.status_code, ">changed<" in page.text) == (200, False), words


@pytest.mark.parametrize(
    "words", ["&name=A", "&_sort=name", "&_sort=id", "&_fields=name,city", "&_instead=1"]
)
def test_changes_of_a_view_are_marked_saved_and_reset(desk, words):
    page = desk.get(f"/records/x_pump?_view=berlin{words}")
    assert ">changed<" in page.text
    assert 'href="/records/x_pump?_view=berlin"' in page.text
    save = re.findall(r'action="([^"]*/views/berlin/save[^"]*)"', page.text)[0]
    assert desk.post(html.unescape(save)).location == "/records/x_pump?_view=berlin"
    assert ">changed<" not in desk.get("/records/x_pump?_view=berlin").text
    assert query(desk, "berlin") != BERLIN


def test_a_filter_that_was_added_is_saved_with_those_of_the_view(desk):
    desk.post("/records/x_pump/views/berlin/save?_view=berlin&name=A")
    fields = [part["field"] for part in query(desk, "berlin")["filter"]["and"]]
    assert fields == ["city", "name"]


def test_views_are_renamed(desk):
    for name in ("berlin", "my_own"):
        desk.post(f"/records/x_pump/views/{name}/rename", data={"label": f"New {name}"})
    assert [label for _, label, _ in shown(desk)] == ["New berlin", "New my_own"]


def test_views_are_deleted(desk):
    for name in ("berlin", "my_own"):
        desk.post(f"/records/x_pump/views/{name}/pin", data={"on": "1"})
        assert desk.post(f"/records/x_pump/views/{name}/drop").location == "/records/x_pump"
    assert (shown(desk), labels(desk.get("/records/x_pump"))) == ([], ["All"])


def test_a_view_that_is_not_there_is_said(desk):
    for verb in ("drop", "pin"):
        answer = desk.post(f"/records/x_pump/views/my_none/{verb}", data={"on": "1"})
        assert answer.status_code == 404, verb


# -- order and pins -----------------------------------------------------------------------------
def test_views_are_put_in_an_order_each_kind_by_itself(desk):
    for label, shared in (("C", "1"), ("D", "")):
        desk.post("/records/x_pump/views", data={"label": label, "shared": shared})
    desk.post("/records/x_pump/views/order", data={"ids": "c,berlin"})
    desk.post("/records/x_pump/views/order", data={"ids": "my_d,my_own"})
    assert labels(desk.get("/records/x_pump")) == ["C", "Berlin", "D", "Mine"]


def test_the_buttons_of_the_panel_move_a_view_up(desk):
    desk.post("/records/x_pump/views", data={"label": "C", "shared": "1"})
    page = desk.get("/records/x_pump/views").text
    assert 'name="ids" value="c,berlin"' in page


def test_pinned_views_are_the_first_tabs_for_oneself(desk):
    pinned = "/records/x_pump/views/my_own/pin"
    assert desk.post(pinned, data={"on": "1"}).location == "/records/x_pump?_view=my_own"
    page = desk.get("/records/x_pump")
    assert labels(page) == ["Mine", "Berlin"]
    assert re.findall(r'class="name".*?<span>([^<]*)</span></a>', page.text) == ["A", "B"]
    desk.post(pinned, data={"on": "0"})
    assert labels(desk.get("/records/x_pump")) == ["Berlin", "Mine"]


def test_nobody_else_sees_what_is_pinned_or_ones_own(desk):
    desk.post("/records/x_pump/views/berlin/pin", data={"on": "1"})
    bob = _second(desk)
    page = bob.get("/records/x_pump").text
    assert "Mine" not in page
    assert 'value="0"' not in bob.get("/records/x_pump/views").text


def _second(desk):
    """Return a browser of another administrator."""
    instance = desk.instance
    [id_] = instance.create("user", {"name": "Zoe", "email": "zoe@example.org", "admin": True})
    browser = Browser(desk.application)
    browser.post(f"/sign-in/{instance.write(auth.make_link, id_)}")
    return browser


# -- broken -------------------------------------------------------------------------------------
def test_a_broken_view_is_a_tab_that_says_why(desk):
    desk.instance.apply({"op": "trash_field", "type": "x_pump", "field": "city"})
    page = desk.get("/records/x_pump?_view=berlin")
    assert page.status_code == 422
    assert "city" in re.findall(r'role="alert">(.*?)</p>', page.text)[0]
    assert "Berlin" in labels(page)
    assert ">A<" in page.text
    assert desk.get("/records/x_pump/views?_view=berlin").status_code == 200

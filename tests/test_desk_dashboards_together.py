"""Dashboards that two people change at once: nothing of either is lost unsaid."""

from __future__ import annotations

import re

import pytest

from relatum.plugins.desk.dashboards import keeping

from .desk_dashboards import expected, figure, first, make, save, shown
from .desk_office import desk, office

__all__ = ["desk", "office"]
#: The preset of the instance.
PRESET = "desk"
MEANWHILE = "Somebody has changed this meanwhile."


def widgets(desk, at):
    """Return what the widgets of a dashboard are called, in order."""
    return re.findall(r"<h3[^>]*>([^<]*)</h3>", desk.get(at).text)


def test_a_label_that_was_changed_meanwhile_is_shown_before_it_is_overwritten(desk):
    at = make(desk, "Mine")
    began = expected(desk, f"{at}/edit")
    save(desk, at, {"label": "Theirs", "with": "all"})
    page = desk.post(f"{at}/save", data={"label": "Ours", "expect": began})
    assert (page.status_code, MEANWHILE in page.text) == (409, True)
    assert "Theirs" in page.text and 'name="label" value="Ours"' in page.text
    assert 'value="all" checked' not in page.text
    again = first(r'name="expect" value="([^"]*)"', page.text)
    assert desk.post(f"{at}/save", data={"label": "Ours", "expect": again}).status_code == 303
    assert "Ours" in desk.get(at).text


def test_a_widget_that_was_changed_meanwhile_is_not_overwritten_unsaid(desk):
    at = make(desk, "Mine", {"kind": "number", "label": "Deals"})
    given = {"id": "w1", "type": "x_deal", "kind": "number"}
    given["expect"] = expected(desk, f"{at}/widget?id=w1")
    drawn_anew = desk.get(f"{at}/widget", query_string={**given, "kind": "list"})
    assert f'name="expect" value="{given["expect"]}"' in drawn_anew.text
    assert desk.post(f"{at}/widget", data={**given, "label": "Theirs"}).status_code == 303
    page = desk.post(f"{at}/widget", data={**given, "label": "Ours"})
    assert (page.status_code, MEANWHILE in page.text) == (409, True)
    assert 'value="Ours"' in page.text and widgets(desk, at) == ["Theirs"]
    again = first(r'name="expect" value="([^"]*)"', page.text)
    desk.post(f"{at}/widget", data={**given, "label": "Ours", "expect": again})
    assert widgets(desk, at) == ["Ours"]


def test_a_widget_that_was_removed_meanwhile_is_added_if_its_form_is_saved_again(desk):
    at = make(desk, "Mine", {"kind": "number", "label": "Deals"})
    given = {"id": "w1", "type": "x_deal", "kind": "number", "label": "Deals"}
    given["expect"] = expected(desk, f"{at}/widget?id=w1")
    desk.post(f"{at}/w/w1/remove")
    page = desk.post(f"{at}/widget", data=given)
    assert (page.status_code, "Add a widget" in page.text) == (409, True)
    again = first(r'name="expect" value="([^"]*)"', page.text)
    desk.post(f"{at}/widget", data={**given, "expect": again})
    assert widgets(desk, at) == ["Deals"]


def test_two_widgets_that_are_added_at_once_are_both_there(desk):
    at = make(desk, "Mine")
    form = desk.get(f"{at}/widget").text
    given = {"type": "x_deal", "kind": "number"}
    given["id"] = first(r'name="id" value="([^"]*)"', form)
    given["expect"] = first(r'name="expect" value="([^"]*)"', form)
    for label in ("Mine", "Hers"):
        desk.post(f"{at}/widget", data={**given, "label": label})
    assert widgets(desk, at) == ["Mine", "Hers"]
    assert [figure(shown(desk, at, name))[0] for name in ("w1", "w2")] == ["8", "8"]


@pytest.mark.parametrize("word", ["save", "widget"])
def test_a_form_that_does_not_say_with_what_it_began_changes_nothing(desk, word):
    at = make(desk, "Mine", {"kind": "number", "label": "Deals"})
    given = {"id": "w1", "type": "x_deal", "kind": "list", "label": "Other"}
    assert desk.post(f"{at}/{word}", data=given).status_code == 409
    assert widgets(desk, at) == ["Deals"]


def test_a_widget_that_is_one_too_many_is_refused_on_its_form(desk, monkeypatch):
    at = make(desk, "Mine", {"kind": "number", "label": "Deals"})
    monkeypatch.setattr(keeping, "MOST", 1)
    given = {"type": "x_deal", "kind": "list", "expect": expected(desk, f"{at}/widget")}
    page = desk.post(f"{at}/widget", data={**given, "label": "Newest"})
    assert (page.status_code, "a dashboard has 1 at most" in page.text) == (422, True)
    assert 'value="Newest"' in page.text and widgets(desk, at) == ["Deals"]

"""Selected records of a list at the desk: into the trash after a look, and out of it."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from relatum.core import records

from .desk import FRAGMENT, at_desk
from .instances import prepared

PLANT: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "unique": True},
]
PUMP: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True},
    {"name": "plant", "kind": "lookup", "settings": {"target": "x_plant", "on_delete": "cascade"}},
    {"name": "old", "kind": "lookup", "settings": {"target": "x_plant", "on_delete": "clear"}},
    {"name": "held", "kind": "lookup", "settings": {"target": "x_plant"}},
]  # fmt: skip


#: The preset of the instance.
PRESET = "desk"


@prepared
def works(instance):
    """An instance with plants; what points to them goes along, is emptied, or holds them."""
    instance.make_type("x_plant", *PLANT, label="Plant", plural="Plants")
    instance.make_type("x_pump", *PUMP, label="Pump", plural="Pumps")
    ids = instance.create("x_plant", *({"name": name} for name in "ABCD"))
    instance.create(
        "x_pump", {"name": "P", "plant": ids[0]}, {"name": "Q", "plant": ids[1], "old": ids[0]},
        {"name": "R", "held": ids[2]},
    )  # fmt: skip
    return ids


@pytest.fixture
def desk(instance, works):
    """Return a browser at the desk of that instance."""
    with at_desk(instance) as browser:
        browser.instance, browser.ids = instance, works
        yield browser


def names(page):
    return re.findall(r'<a class="name"[^>]*>.*?<span>([^<]*)</span></a>', page.text)


def test_every_row_can_be_selected_without_a_script(desk):
    page = desk.get("/records/x_plant?_sort=name").text
    assert page.count('data-row name="id"') == 4
    assert 'id="bulk" action="/records/x_plant/trash"' in page
    assert 'name="back" value="_sort=name"' in page


def test_what_goes_along_is_said_before(desk):
    a, b, *_ = desk.ids
    page = desk.get(f"/records/x_plant/trash?id={a}&id={b}&back=_sort%3Dname").text
    for said in ("Delete 2 Plants?", "2 Pumps", 'href="/records/x_plant?_sort=name"'):
        assert said in page, said


def test_links_that_are_emptied_are_said_before(desk):
    d = desk.ids[3]
    desk.instance.create("x_pump", {"name": "S", "old": d})
    page = desk.get(f"/records/x_plant/trash?id={d}").text
    assert ("Delete D?" in page, "Pumps › Old: 1" in page) == (True, True)


def test_selected_records_go_to_the_trash_in_one_change_that_can_be_undone(desk):
    a, b, *_ = desk.ids
    gone = desk.post("/records/x_plant/trash", data={"id": [a, b], "back": "_sort=-name"})
    assert (gone.status_code, gone.location) == (303, "/records/x_plant?_sort=-name")
    page = desk.get(gone.location)
    assert names(page) == ["D", "C"]
    assert "2 Plants in the trash" in page.text
    undo = re.findall(r'action="(/changes/\d+/undo)"', page.text)[0]
    desk.post(undo)
    assert sorted(names(desk.get("/records/x_plant"))) == list("ABCD")
    assert len(names(desk.get("/records/x_pump"))) == 3


def test_what_holds_a_record_is_said_and_the_others_can_go(desk):
    _, b, c, _ = desk.ids
    page = desk.get(f"/records/x_plant/trash?id={b}&id={c}").text
    assert re.search(r">C</a>: 1 .*restricts deleting", page)
    assert ("Move to the trash" in page, "Leave these out" in page) == (False, True)
    assert (f'name="id" value="{b}"' in page, f'name="id" value="{c}"' in page) == (True, False)


def test_a_refused_deletion_deletes_nothing_and_says_why(desk):
    b, c = desk.ids[1:3]
    page = desk.post("/records/x_plant/trash", data={"id": [b, c], "back": "_sort=name"})
    assert (page.status_code, names(page)) == (422, list("ABCD"))
    assert "restricts deleting" in page.text
    assert len(names(desk.get("/records/x_plant"))) == 4


def test_a_script_gets_the_list_without_the_records_and_the_way_back(desk):
    d = desk.ids[3]
    data = {"id": [d], "back": "_sort=name"}
    part = desk.post("/records/x_plant/trash", data=data, headers=FRAGMENT)
    assert names(part) == list("ABC")
    told = orjson.loads(part.headers["HX-Trigger"])["ui:toast"]
    assert told["text"] == "1 Plant in the trash"
    assert re.fullmatch(r"/changes/\d+/undo", told["undo"])


def test_records_are_restored_from_the_list_of_the_trash(desk):
    a, b, *_ = desk.ids
    desk.instance.write(records.delete, "x_plant", [{"id": a}, {"id": b}])
    page = desk.get("/records/x_plant?_trashed=1").text
    assert 'id="bulk" method="post" action="/records/x_plant/untrash"' in page
    assert "data-edit" not in page
    answer = desk.post("/records/x_plant/untrash", data={"id": [a], "back": "_trashed=1"})
    assert answer.location == "/records/x_plant?_trashed=1"
    assert names(desk.get(answer.location)) == ["B"]
    assert sorted(names(desk.get("/records/x_plant"))) == ["A", "C", "D"]


def test_a_value_that_is_taken_by_now_refuses_restoring_and_says_so(desk):
    a = desk.ids[0]
    desk.instance.write(records.delete, "x_plant", [{"id": a}])
    desk.instance.create("x_plant", {"name": "A"})
    page = desk.post("/records/x_plant/untrash", data={"id": [a], "back": "_trashed=1"})
    assert (page.status_code, 'role="alert"' in page.text, names(page)) == (422, True, ["A"])


@pytest.mark.parametrize("given", ["", "id=x", "id=-1"])
def test_who_selects_nothing_is_told_so(desk, given):
    page = desk.get(f"/records/x_plant/trash?{given}")
    assert (page.status_code, "select at least one record" in page.text) == (400, True)


def test_records_that_are_gone_are_said(desk):
    page = desk.get("/records/x_plant/trash?id=987654321")
    assert page.status_code == 404


@pytest.mark.parametrize(
    "back", ["//evil.example", "_sort=name&x=1#", "%00", "javascript:alert(1)"]
)
def test_the_way_back_leads_to_the_list_alone(desk, back):
    d = desk.ids[3]
    answer = desk.post("/records/x_plant/trash", data={"id": [d], "back": back})
    assert answer.location.partition("?")[0] == "/records/x_plant"

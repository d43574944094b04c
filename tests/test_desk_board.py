"""The board of a type: columns with counts and sums, cards that move, and columns that go on."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

import pytest

from relatum.core import records

from .desk import FRAGMENT
from .instances import prepared
from .test_desk import FIELDS

#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    """An instance with assets."""
    instance.make_type("x_asset", *FIELDS, label="Asset", plural="Assets")


def test_a_board_has_a_column_for_each_option_with_its_count_and_sum(desk):
    rows = [{"name": f"A{n}", "state": "new", "price": 1000} for n in range(40)]
    desk.instance.create("x_asset", *rows, {"name": "B", "state": "old", "price": 5})
    page = desk.get("/records/x_asset/board").text
    columns = re.findall(
        r'data-stage="(\w+)".*?<span class="count num">(\d+)</span>'
        r'<span class="sum num">([^<]*)</span>', page, re.DOTALL,
    )  # fmt: skip
    assert columns == [("new", "40", "€40,000"), ("old", "1", "€5")]
    assert page.count('class="tile"') == 21
    narrowed = desk.get("/records/x_asset/board?price__lt=100").text
    assert narrowed.count('class="tile"') == 1


def test_a_column_goes_on_where_it_ended_until_all_of_it_is_there(desk):
    rows = [{"name": f"A{n:02}", "state": "new", "price": n} for n in range(45)]
    desk.instance.create("x_asset", *rows, {"name": "B", "state": "old", "price": 99})
    page = desk.get("/records/x_asset/board?_sort=name&price__lt=90")
    seen, left = [], []
    while True:
        seen += re.findall(r'aria-label="(A\d+|B)"><h3>', page.text)
        further = re.search(r'data-more="(\d+)" hx-get="([^"]+)"', page.text)
        if further is None:
            break
        left.append(further[1])
        page = desk.get(html.unescape(further[2]), headers=FRAGMENT)
        assert "<html" not in page.text
    assert seen == [f"A{n:02}" for n in range(45)]
    assert left == ["25", "5"]
    back = html.unescape(page.text).partition('href="/records/x_asset/')[2].partition('"')[0]
    assert ("/board" in unquote(back), "_after" in unquote(back)) == (True, False)


@pytest.mark.parametrize(
    "words",
    ["_column=none&_left=5", "_column=new&_left=many", "_left=5", "_column=new&_left=5&_after=x"],
)
def test_what_is_no_place_of_a_column_is_refused(desk, words):
    desk.instance.create("x_asset", {"name": "A", "state": "new"})
    assert desk.get(f"/records/x_asset/board/more?{words}").status_code == 400


def test_a_card_is_moved_and_a_refused_move_says_why(desk):
    [id_] = desk.instance.create("x_asset", {"name": "A", "state": "new"})
    moved = desk.post("/records/x_asset/board/move", data={"id": str(id_), "stage": "old"})
    assert (moved.status_code, moved.json["text"]) == (200, "State is old")
    assert desk.instance.get("x_asset", id_)["state"] == "old"
    desk.post(moved.json["undo"])
    assert desk.instance.get("x_asset", id_)["state"] == "new"
    wrong = desk.post("/records/x_asset/board/move", data={"id": str(id_), "stage": "nowhere"})
    assert (wrong.status_code, "not an option" in wrong.text) == (422, True)


def test_a_card_that_somebody_else_has_moved_meanwhile_stays_where_he_put_it(desk):
    id_ = desk.instance.create("x_asset", {"name": "Drill", "state": "new"})[0]
    moved = {"id": str(id_), "was": "new"}
    desk.instance.write(records.update, "x_asset", [{"id": id_, "state": "old"}])
    late = desk.post("/records/x_asset/board/move", data={**moved, "stage": "new"})
    assert late.status_code == 409
    assert "Somebody else has moved Drill meanwhile" in late.text
    assert desk.instance.get("x_asset", id_)["state"] == "old"


def test_a_type_without_a_choice_has_no_board(desk):
    desk.instance.make_type("x_plain", {"name": "name", "kind": "text"})
    assert "/board" not in desk.get("/records/x_plain").text
    assert desk.get("/records/x_plain/board").status_code == 400


def test_a_choice_of_more_options_than_a_board_has_columns_leads_to_none(desk):
    options = [{"value": f"v{number}"} for number in range(21)]
    many = {"name": "kind_of", "kind": "choice", "options": options}
    desk.instance.make_type("x_many", {"name": "name", "kind": "text"}, many)
    assert "/board" not in desk.get("/records/x_many").text
    assert desk.get("/records/x_many/board").status_code == 400

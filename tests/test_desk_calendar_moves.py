"""The calendar of the desk: records are made on a day, and moved to another, without scripts."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime

import pytest

from relatum.core import records

from .desk import FRAGMENT
from .test_desk_calendar import PRESET as PRESET
from .test_desk_calendar import desk as desk
from .test_desk_calendar import equipped as equipped
from .test_desk_calendar import project, set_zone, shown, visit


def test_an_empty_day_leads_to_a_form_with_that_day(desk):
    page = desk.get("/records/x_project/calendar").text
    assert 'href="/records/x_project/new?valid_from=2026-11-03"' in page
    form = desk.form("/records/x_project/new?valid_from=2026-11-03")
    assert form["valid_from"] == "2026-11-03"
    page = desk.get("/records/x_visit/calendar").text
    [address] = re.findall(r'class="md-new" href="([^"]*2026-11-03[^"]*)"', page)
    assert desk.form(html.unescape(address))["starts_at"] == "2026-11-03T09:00"


def test_a_move_takes_the_end_along_and_can_be_undone(desk):
    id_ = project(desk, "Move", "2026-11-03", "2026-11-05")
    answer = desk.post(
        "/records/x_project/calendar/move?_by=valid_from",
        data={"id": str(id_), "day": "2026-11-10"},
    )
    assert answer.json["text"] == "Move is on Nov 10, 2026"
    record = desk.instance.get("x_project", id_)
    assert (record["valid_from"], record["valid_to"]) == (date(2026, 11, 10), date(2026, 11, 12))
    desk.post(answer.json["undo"])
    record = desk.instance.get("x_project", id_)
    assert (record["valid_from"], record["valid_to"]) == (date(2026, 11, 3), date(2026, 11, 5))


def test_a_move_keeps_the_time_of_the_day_over_a_change_of_clocks(desk):
    set_zone(desk.instance, "Europe/Berlin")
    row = {
        "title": "Brunch", "starts_at": "2026-10-24T08:00:00Z", "ends_at": "2026-10-24T09:30:00Z",
    }  # fmt: skip
    [id_] = desk.instance.create("x_visit", row)
    desk.post("/records/x_visit/calendar/move", data={"id": str(id_), "day": "2026-10-31"})
    record = desk.instance.get("x_visit", id_)
    assert record["starts_at"] == datetime(2026, 10, 31, 9, 0, tzinfo=UTC)
    assert record["ends_at"] == datetime(2026, 10, 31, 10, 30, tzinfo=UTC)


def test_a_move_to_a_time_is_in_the_zone_of_the_reader(desk):
    set_zone(desk.instance, "Europe/Berlin")
    id_ = visit(desk, "Call", "10:00", "10:30")
    data = {"id": str(id_), "day": "2026-11-25", "time": "15:45"}
    desk.post("/records/x_visit/calendar/move", data=data)
    record = desk.instance.get("x_visit", id_)
    assert record["starts_at"] == datetime(2026, 11, 25, 14, 45, tzinfo=UTC)
    assert record["ends_at"] == datetime(2026, 11, 25, 15, 15, tzinfo=UTC)


def test_a_refused_move_says_why_in_words(desk):
    desk.instance.apply(
        {"op": "change_field", "type": "x_project", "field": "valid_from",
         "settings": {"min": "2026-11-01"}}
    )  # fmt: skip
    id_ = project(desk, "Move", "2026-11-03")
    answer = desk.post(
        "/records/x_project/calendar/move", data={"id": str(id_), "day": "2026-10-01"}
    )
    assert (answer.status_code, answer.mimetype) == (422, "text/plain")
    assert "2026-11-01" in answer.text
    assert desk.instance.get("x_project", id_)["valid_from"] == date(2026, 11, 3)


@pytest.mark.parametrize(
    "data", [{"id": "x", "day": "2026-11-10"}, {"id": "1"}, {"id": "1", "day": "soon"},
             {"id": "999999", "day": "2026-11-10"}]
)  # fmt: skip
def test_a_move_that_says_no_record_and_no_day_is_refused(desk, data):
    assert desk.post("/records/x_project/calendar/move", data=data).status_code in (400, 404)


def test_the_trash_has_a_calendar_in_which_nothing_moves(desk):
    id_ = project(desk, "Gone", "2026-11-10")
    desk.instance.write(records.delete, "x_project", [{"id": id_}])
    page = desk.get("/records/x_project/calendar?_trashed=1")
    assert shown(page, "2026-11-10") == ["Gone"]
    assert ("data-moves" in page.text, 'id="m-move"' in page.text) == (False, False)


def test_an_event_opens_its_record_beside_the_calendar(desk):
    id_ = project(desk, "Move", "2026-11-03")
    beside = desk.get(f"/records/x_project/{id_}", headers=FRAGMENT)
    assert (beside.status_code, "Valid from" in beside.text) == (200, True)

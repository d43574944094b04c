"""The calendar of the desk without scripts: days, events, moving, and what the address says."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, time

import pytest
import sqlalchemy as sa

from relatum.core import catalog, clock, db, records, views
from relatum.plugins.desk import words
from relatum.plugins.desk.pages.lists import calendar, days, events
from relatum.plugins.desk.pages.lists.days import Span

from .desk import FRAGMENT, at_desk
from .instances import prepared

KINDS = {
    "name": "sort_of", "kind": "choice",
    "options": [
        {"value": "visit", "label": "Site visit", "hue": 285},
        {"value": "call", "label": "Call", "hue": 150},
    ],
}  # fmt: skip


#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    """An instance with projects, which have days, visits, which have hours, and plain notes."""
    name = {"name": "title", "kind": "text", "required": True}
    instance.make_type(
        "x_project", name, {"name": "valid_from", "kind": "date", "sortable": True},
        {"name": "valid_to", "kind": "date"}, {"name": "billed_on", "kind": "date"},
        label="Project", plural="Projects",
    )  # fmt: skip
    instance.make_type(
        "x_visit", name, {"name": "starts_at", "kind": "datetime", "sortable": True},
        {"name": "ends_at", "kind": "datetime"}, KINDS, label="Visit", plural="Visits",
    )  # fmt: skip
    instance.make_type("x_note", name)


@pytest.fixture
def desk(equipped, monkeypatch):
    """Return a browser at the desk of that instance, on Tuesday, 24 November 2026, 10:20 UTC."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 24, 10, 20, tzinfo=UTC))
    with at_desk(equipped) as browser:
        set_zone(equipped, "UTC")
        yield browser


def shown(page, day):
    """Return what stands in the box of a day of a month: labels of its events, in order."""
    box = re.search(
        rf'<div class="md[^>]*data-day="{day}">(.*?)</div>(?=<div class="(?:md|wn)|\s*</div>)',
        page.text, re.DOTALL,
    )  # fmt: skip
    assert box, day
    found = re.findall(r'<a class="me[^>]*>(?:<time.*?</time> )?([^<]*)', box[1])
    return [html.unescape(text) for text in found]


def project(desk, title, first, last=None):
    """Make a project and return its id."""
    row = {"title": title, "valid_from": first, "valid_to": last}
    return desk.instance.create("x_project", row)[0]


def visit(desk, title, start, end=None, **more):
    """Make a visit on 24 November and return its id."""
    row = {
        "title": title, "starts_at": f"2026-11-24T{start}:00Z",
        "ends_at": end and f"2026-11-24T{end}:00Z", **more,
    }  # fmt: skip
    return desk.instance.create("x_visit", row)[0]


# -- which days, and by what -----------------------------------------------------------------
def test_a_month_shows_whole_weeks_with_their_numbers(desk):
    page = desk.get("/records/x_project/calendar")
    assert re.findall(r'data-day="([^"]*)"', page.text)[0] == "2026-10-26"
    assert re.findall(r'data-day="([^"]*)"', page.text)[-1] == "2026-12-06"
    assert re.findall(r"Week (\d+)</span><span", page.text) == ["44", "45", "46", "47", "48", "49"]
    assert '<h2 aria-live="polite">November 2026</h2>' in page.text


def test_today_is_marked_and_a_day_of_the_address_opens_its_month(desk):
    page = desk.get("/records/x_project/calendar")
    assert re.findall(r'class="md today" [^>]*data-day="([^"]*)"', page.text) == ["2026-11-24"]
    assert "July 2027" in desk.get("/records/x_project/calendar?_day=2027-07-14").text


@pytest.mark.parametrize("day", ["", "nonsense", "2026-13-01", "2026-W01"])
def test_a_day_that_is_none_is_today(desk, day):
    assert "November 2026" in desk.get(f"/records/x_project/calendar?_day={day}").text


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("way", days.WAYS)
def test_the_ends_of_the_calendar_are_no_error(desk, day, way):
    address = f"/records/x_project/calendar?_day={day}&_as={way}"
    assert desk.get(address).status_code == 200


def test_before_and_after_lead_to_the_months_beside(desk):
    page = desk.get("/records/x_project/calendar?_day=2026-01-31")
    found = re.findall(r'id="cal-\d" href="([^"]*)"', page.text)
    assert [re.findall(r"_day=([^&]*)", html.unescape(f))[0] for f in found] == [
        "2025-12-01", "2026-02-01",
    ]  # fmt: skip


def test_weeks_begin_where_the_reader_begins_them(desk, monkeypatch):
    with desk.instance.app.test_request_context():
        monkeypatch.setattr(words, "language", lambda: "en-US")
        span = Span("week", date(2026, 11, 24))
        assert (span.first, days.number_of_week(span.first)) == (date(2026, 11, 22), 48)
        monkeypatch.setattr(words, "language", lambda: "de")
        assert Span("week", date(2026, 11, 24)).first == date(2026, 11, 23)
        assert days.number_of_week(date(2024, 12, 30)) == 1
        assert days.is_weekend(date(2026, 11, 28))


def test_a_type_without_a_date_has_no_calendar(desk):
    assert desk.get("/records/x_note/calendar").status_code == 400
    assert "/records/x_note/calendar" not in desk.get("/records/x_note").text
    assert "/records/x_project/calendar" in desk.get("/records/x_project").text


def test_the_address_names_another_date_and_a_wrong_one_is_refused(desk):
    desk.instance.create("x_project", {"title": "Billed", "billed_on": "2026-11-05"})
    assert shown(desk.get("/records/x_project/calendar?_by=billed_on"), "2026-11-05") == ["Billed"]
    for address in ("_by=title", "_by=nothing", "_to=title"):
        assert desk.get(f"/records/x_project/calendar?{address}").status_code == 400


# -- events ----------------------------------------------------------------------------------
def test_a_record_stands_on_every_day_that_it_takes(desk):
    project(desk, "Move", "2026-11-03", "2026-11-05")
    project(desk, "Long", "2026-09-01", "2027-02-01")
    page = desk.get("/records/x_project/calendar")
    assert [shown(page, f"2026-11-0{n}") for n in (2, 3, 5, 6)] == [
        ["Long"], ["Long", "Move"], ["Long", "Move"], ["Long"],
    ]  # fmt: skip


def test_an_end_that_is_told_by_its_name_can_be_left_out(desk):
    project(desk, "Move", "2026-11-03", "2026-11-05")
    page = desk.get("/records/x_project/calendar?_by=valid_from&_to=valid_from")
    assert (shown(page, "2026-11-03"), shown(page, "2026-11-04")) == (["Move"], [])


def test_what_ends_at_midnight_takes_nothing_of_the_next_day(desk):
    desk.instance.create(
        "x_visit",
        {
            "title": "Party", "starts_at": "2026-11-03T20:00:00Z",
            "ends_at": "2026-11-04T00:00:00Z",
        },
    )  # fmt: skip
    page = desk.get("/records/x_visit/calendar")
    assert (shown(page, "2026-11-03"), shown(page, "2026-11-04")) == (["Party"], [])


def test_days_and_times_are_those_of_the_reader(desk):
    visit(desk, "Late", "23:30")
    page = desk.get("/records/x_visit/calendar")
    assert shown(page, "2026-11-24") == ["Late"]
    set_zone(desk.instance, "Europe/Berlin")
    page = desk.get("/records/x_visit/calendar")
    assert (shown(page, "2026-11-24"), shown(page, "2026-11-25")) == ([], ["Late"])
    assert "12:30\u202fAM" in page.text


def set_zone(instance, zone):
    """Set the time zone of alice."""
    instance.write(records.update, "user", [{"id": instance.alice.user_id, "timezone": zone}])


def test_the_colour_of_an_event_is_said_in_words_too(desk):
    visit(desk, "Brightwater", "10:00", "11:30", sort_of="visit")
    page = desk.get("/records/x_visit/calendar")
    assert 'style="--h:285"' in page.text
    assert 'Brightwater<span class="sr">, Site visit</span>' in page.text


def test_a_full_day_leads_to_its_list(desk):
    for number in range(9):
        project(desk, f"P{number}", "2026-11-10")
    page = desk.get("/records/x_project/calendar?title__contains=P")
    assert len(shown(page, "2026-11-10")) == 3
    [more] = re.findall(r'<a class="md-more" href="([^"]*)">6 more', page.text)[:1]
    listed = desk.get(html.unescape(more))
    assert "9 Projects" in listed.text
    assert len(re.findall(r'<a class="name"', listed.text)) == 9


def test_one_more_than_fits_is_drawn_instead_of_a_line_that_says_so(desk):
    for number in range(4):
        project(desk, f"P{number}", "2026-11-10")
    page = desk.get("/records/x_project/calendar")
    assert len(shown(page, "2026-11-10")) == 4
    assert "md-more" not in page.text


def test_more_records_than_are_drawn_are_counted_day_by_day(desk, monkeypatch):
    monkeypatch.setattr(calendar, "_MOST", 5)
    for number in range(9):
        project(desk, f"P{number}", f"2026-11-{10 + number // 5}")
    page = desk.get("/records/x_project/calendar?_to=valid_from")
    assert "Only some of the records are drawn" in page.text
    assert re.findall(r'md-more"[^>]*>(\d+) more', page.text)[:2] == ["2", "4"]


def test_the_records_of_a_calendar_are_read_by_one_query(desk):
    for number in range(40):
        project(desk, f"P{number}", "2026-11-10", "2026-11-20")
    desk.get("/records/x_project/calendar")
    seen = []
    with desk.instance.app.app_context():
        engine = db.engine()
    sa.event.listen(engine, "before_cursor_execute", lambda *more: seen.append(more[2]))
    assert desk.get("/records/x_project/calendar").status_code == 200
    assert len([text for text in seen if "FROM x_project" in text]) == 1, "\n".join(seen)


def test_the_range_is_bounded_on_both_sides(desk):
    with desk.instance.reading(), desk.instance.app.test_request_context():
        known = catalog.current().type("x_project").fields
        by, to = known["valid_from"], known["valid_to"]
        made = calendar._within(by, to, date(2026, 11, 1), date(2026, 12, 1))
    operators = {(p["field"], p["op"]) for p in made["and"] if "field" in p}
    assert operators == {("valid_from", "gte"), ("valid_from", "lt")}


# -- a week ----------------------------------------------------------------------------------
def test_a_week_shows_hours_and_the_present_time(desk):
    visit(desk, "Brightwater", "10:00", "11:30")
    page = desk.get("/records/x_visit/calendar?_as=week").text
    assert 'data-from="420" data-until="1140"' in page
    assert "--y:25.0;--hg:12.5;--l:0.0;--wd:100.0" in page
    assert '<div class="wk-now" style="--n:0.2777' in page
    assert 'Nov 23\u2009–\u200929, 2026 <span class="sub">Week 48</span>' in page


def test_hours_beyond_the_usual_ones_are_shown_if_something_is_there(desk):
    visit(desk, "Early", "05:15")
    visit(desk, "Late", "22:00", "23:10")
    assert (
        'data-from="300" data-until="1440"' in desk.get("/records/x_visit/calendar?_as=week").text
    )


def test_what_takes_days_stands_above_the_hours(desk):
    rows = {"title": "Fair", "starts_at": "2026-11-24T09:00:00Z", "ends_at": "2026-11-26T17:00:00Z"}
    desk.instance.create("x_visit", rows)
    page = desk.get("/records/x_visit/calendar?_as=week").text
    assert len(re.findall(r'<a class="me[^>]*id="ev-\d+-2026-11-2[456]"', page)) == 3
    assert 'class="ce' not in page


def event(title, start, minutes, id_=0):
    """Return a timed event."""
    hour, minute = divmod(start, 100)
    day = date(2026, 11, 24)
    return events.Event(id_, title, day, day, time(hour, minute), minutes, 0, "")


def test_events_at_one_time_stand_side_by_side():
    found = [event("a", 900, 120), event("b", 1000, 60), event("c", 1100, 30), event("d", 1400, 60)]
    made = {box.event.label: (box.left, box.width) for box in events.boxes(found, (7, 19))}
    assert made == {"a": (0, 50), "b": (50, 50), "c": (0, 100), "d": (0, 100)}


def test_more_events_at_one_time_than_have_room_are_counted(desk):
    for number in range(6):
        visit(desk, f"V{number}", "10:00", "11:00")
    page = desk.get("/records/x_visit/calendar?_as=week").text
    assert len(re.findall(r'class="ce ev', page)) == 4
    assert re.search(r'<a class="md-more"[^>]*>2 more', page)


# -- views, filters, other ways to look --------------------------------------------------------
def test_views_and_filters_are_those_of_the_list(desk):
    project(desk, "One", "2026-11-10")
    project(desk, "Two", "2026-11-10")
    body = {"label": "Ones", "query": {"filter": {"field": "title", "value": "One"}}}
    desk.instance.write(views.save, "x_project", "my_ones", body)
    page = desk.get("/records/x_project/calendar?_view=my_ones")
    assert shown(page, "2026-11-10") == ["One"]
    assert (
        shown(desk.get("/records/x_project/calendar?_view=my_ones&_search=Two"), "2026-11-10") == []
    )
    page = desk.get("/records/x_project/calendar?_view=my_ones&title=One&_day=2026-11-01&_as=month")
    assert shown(page, "2026-11-10") == ["One"]
    assert 'href="/records/x_project?_view=my_ones&amp;title=One"' in page.text


def test_list_board_and_calendar_lead_to_each_other(desk):
    for address in ("/records/x_visit", "/records/x_visit/board", "/records/x_visit/calendar"):
        page = desk.get(f"{address}?sort_of=call").text
        switch = page[page.index('<span class="seg"') :]
        found = re.findall(r'href="([^"?]*)\?sort_of=call"([^>]*)>', switch)[:3]
        assert [path for path, _ in found] == [
            "/records/x_visit", "/records/x_visit/board", "/records/x_visit/calendar",
        ]  # fmt: skip
        assert [path for path, more in found if "aria-current" in more] == [address]


def test_the_list_of_days_names_only_days_with_something_on_them(desk):
    project(desk, "One", "2026-11-10")
    page = desk.get("/records/x_project/calendar?_as=agenda").text
    assert re.findall(r"<h3[^>]*>([^<]*)", page) == ["Tuesday, November 10, 2026"]
    assert 'class="cal-w"' not in page


def test_a_part_of_the_page_is_the_calendar_alone(desk):
    page = desk.get("/records/x_project/calendar", headers=FRAGMENT).text
    assert page.strip().startswith("<ui-calendar")


def test_titles_that_look_like_code_are_texts(desk):
    project(desk, "\"'><script>alert(1)</script>", "2026-11-10")
    for way in days.WAYS:
        page = desk.get(f"/records/x_project/calendar?_as={way}").text
        assert "<script>alert" not in page

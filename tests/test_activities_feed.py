"""The calendar elsewhere: a secret address that programs read, and that others find nothing at."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import vobject
from dateutil.rrule import rrulestr
from icalendar import Calendar

from relatum.core import audit, auth, clock, records, roles

from .desk import EMAIL, Browser, at_desk
from .instances import PASSWORD, prepared

#: The preset of the instance.
PRESET = "contacts"
BERLIN = ZoneInfo("Europe/Berlin")
#: A Wednesday before the clocks change on the 29th of March.
NOW = datetime(2026, 3, 25, 9, 0, tzinfo=BERLIN)


@prepared
def equipped(instance):
    """An instance in which alice is in Berlin."""
    zone = [{"id": instance.alice.user_id, "timezone": "Europe/Berlin"}]
    instance.write(records.update, "user", zone)


@pytest.fixture
def desk(equipped):
    """Return the browser of alice, on that Wednesday."""
    with clock.frozen(NOW), at_desk(equipped) as browser:
        yield browser


def path_of(page):
    """Return the path of the address that a page shows."""
    [path] = re.findall(r'value="[^"]*(/x/activities/feed/[^"]+\.ics)"', page.text)
    return path


def feed(desk):
    """Make an address, and return a browser of nobody with its path."""
    return Browser(desk.application), path_of(desk.post("/x/activities/feed"))


def listed(desk) -> list[Any]:
    """Return what a calendar program reads at the address."""
    nobody, path = feed(desk)
    return Calendar.from_ical(nobody.get(path).data).walk("VEVENT")


def entries(desk) -> dict[str, Any]:
    """Return what a calendar program reads at the address, by what it is called."""
    return {str(event["summary"]): event for event in listed(desk)}


def task(desk, subject, day, **more):
    """Make a task of alice."""
    row = {"subject": subject, "due_date": day, **more}
    return desk.instance.create("task", row)[0]


def meeting(desk, subject, **more):
    """Make a meeting of alice, at ten."""
    row = {"subject": subject, "starts_at": "2026-03-31T08:00:00Z",
           "ends_at": "2026-03-31T09:00:00Z", **more}  # fmt: skip
    return desk.instance.create("meeting", row)[0]


# -- what it shows --------------------------------------------------------------------------
def test_a_task_is_an_event_of_its_day_or_its_time_and_takes_no_time_away(desk):
    task(desk, "Offer", "2026-03-27", priority="high")
    task(desk, "Call Ada", "2026-03-30", due_time="09:30")
    found = entries(desk)
    offer, call = found["Offer"], found["Call Ada"]
    assert (offer["dtstart"].dt, offer["dtend"].dt) == (date(2026, 3, 27), date(2026, 3, 28))
    assert (offer["transp"], offer["priority"]) == ("TRANSPARENT", 1)
    assert call["dtstart"].dt == datetime(2026, 3, 30, 9, 30, tzinfo=BERLIN)


def test_what_is_done_of_others_without_a_day_or_far_away_is_not_in_it(desk):
    bob = desk.instance.sql("SELECT id FROM core_user WHERE name = 'Bob'")[0].id
    task(desk, "Done", "2026-03-27", status="completed")
    task(desk, "Bob's", "2026-03-27", owner=bob)
    task(desk, "Some day", None)
    task(desk, "Old", "2025-12-01")
    task(desk, "Far", "2028-01-01")
    meeting(desk, "Bob's talk", owner=bob, organiser=bob)
    assert entries(desk) == {}


def test_a_series_at_a_time_of_the_day_keeps_it_when_the_clocks_change(desk):
    rule = "FREQ=WEEKLY;BYDAY=WE;COUNT=3"
    task(desk, "Report", "2026-03-25", due_time="08:00", recurrence=rule)
    found = listed(desk)
    assert [each["dtstart"].dt.isoformat() for each in found] == [
        "2026-03-25T07:00:00+00:00", "2026-04-01T06:00:00+00:00", "2026-04-08T06:00:00+00:00",
    ]  # fmt: skip
    assert len({str(each["uid"]) for each in found}) == 3


def test_a_series_at_a_time_ends_where_its_rule_or_the_calendar_does(desk):
    task(desk, "Daily", "2026-03-25", due_time="08:00", recurrence="FREQ=DAILY;UNTIL=20260327")
    task(desk, "Rare", "2026-03-25", due_time="08:00", recurrence="FREQ=YEARLY")
    task(desk, "Endless", "2026-03-25", due_time="08:00", recurrence="FREQ=DAILY")
    found = [str(each["summary"]) for each in listed(desk)]
    assert [found.count(name) for name in ("Daily", "Rare", "Endless")] == [3, 2, 100]


def test_a_series_of_days_is_a_rule(desk):
    task(desk, "Tidy", "2026-03-25", recurrence="FREQ=DAILY;UNTIL=20260327")
    event = entries(desk)["Tidy"]
    assert event["rrule"]["until"] == [date(2026, 3, 27)]
    days = rrulestr(event["rrule"].to_ical().decode(), dtstart=datetime(2026, 3, 25))  # noqa: DTZ001
    assert [day.day for day in days] == [25, 26, 27]


def test_a_meeting_has_its_time_place_people_and_their_answers(desk):
    instance = desk.instance
    bob = instance.sql("SELECT id FROM core_user WHERE name = 'Bob'")[0].id
    [ada] = instance.create(
        "contact", {"name": {"first": "Ada", "last": "Lovelace"}, "email": "ada@example.org"}
    )
    [eve] = instance.create("contact", {"name": {"last": "Eve"}})
    made = meeting(desk, "Kick-off", place="Room 1; left, then right", description="All\nof us")
    asked = [
        {"meeting": made, "contact": ada, "answer": "accepted"},
        {"meeting": made, "user": bob, "answer": "declined"}, {"meeting": made, "contact": eve},
    ]  # fmt: skip
    instance.create("meeting_attendee", *asked)
    event = entries(desk)["Kick-off"]
    assert event["dtstart"].dt == datetime(2026, 3, 31, 10, 0, tzinfo=BERLIN)
    assert (event["location"], event["status"]) == ("Room 1; left, then right", "CONFIRMED")
    assert str(event["organizer"]) == f"mailto:{EMAIL}"
    assert {
        str(each): (each.params["CN"], each.params["PARTSTAT"]) for each in event["attendee"]
    } == {
        "mailto:ada@example.org": ("Ada Lovelace", "ACCEPTED"),
        "mailto:bob@example.org": ("Bob", "DECLINED"),
        "invalid:nomail": ("Eve", "NEEDS-ACTION"),
    }


def test_a_meeting_of_whole_days_ends_with_its_last_day(desk):
    meeting(desk, "Fair", all_day=True, starts_at="2026-03-28T23:00:00Z",
            ends_at="2026-03-30T22:00:00Z")  # fmt: skip
    event = entries(desk)["Fair"]
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2026, 3, 29), date(2026, 4, 1))


def test_who_is_asked_to_a_meeting_has_it_in_his_calendar_and_a_canceled_one_says_so(desk):
    bob = desk.instance.sql("SELECT id FROM core_user WHERE name = 'Bob'")[0].id
    made = meeting(desk, "Bob's talk", owner=bob, organiser=bob, status="canceled")
    desk.instance.create("meeting_attendee", {"meeting": made, "user": desk.instance.alice.user_id})
    assert entries(desk)["Bob's talk"]["status"] == "CANCELLED"


def test_other_programs_read_the_same_and_no_text_adds_anything(desk):
    evil = "Tea\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Evil"
    task(
        desk,
        "Über, 100 %; \\n " + "sehr lang " * 20,
        "2026-03-27",
        description=evil.replace("\r", ""),
    )
    meeting(desk, "Kick-off")
    nobody, path = feed(desk)
    text = nobody.get(path).text
    ours, theirs = Calendar.from_ical(text), vobject.readOne(text)
    assert [str(each["summary"]) for each in ours.walk("VEVENT")] == [
        each.summary.value for each in theirs.vevent_list
    ]
    assert len(theirs.vevent_list) == 2
    assert theirs.vevent_list[0].description.value.startswith(evil.replace("\r", ""))
    assert theirs.vevent_list[1].dtstart.value == datetime(2026, 3, 31, 10, 0, tzinfo=BERLIN)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


# -- the address ----------------------------------------------------------------------------
def test_the_same_calendar_is_sent_once(desk):
    task(desk, "Offer", "2026-03-27")
    nobody, path = feed(desk)
    first = nobody.get(path)
    assert first.content_type == "text/calendar; charset=utf-8"
    known = {"If-None-Match": first.headers["ETag"]}
    again = nobody.get(path, headers=known)
    assert (again.status_code, again.data) == (304, b"")
    task(desk, "Another", "2026-03-28")
    assert nobody.get(path, headers=known).status_code == 200


def test_the_address_is_shown_once_and_only_a_digest_is_kept(desk):
    _, path = feed(desk)
    secret = path.rpartition("/")[2].removesuffix(".ics")
    assert secret not in desk.get("/x/activities/feed").text
    [row] = desk.instance.sql("SELECT digest FROM plugin__activities__feed")
    assert (len(secret) >= 43, secret in row.digest, len(row.digest)) == (True, False, 64)


def test_a_new_address_ends_the_one_before_and_dropping_it_ends_that(desk):
    nobody, old = feed(desk)
    new = path_of(desk.post("/x/activities/feed"))
    assert (nobody.get(old).status_code, nobody.get(new).status_code) == (404, 200)
    desk.post("/x/activities/feed/drop")
    assert nobody.get(new).status_code == 404
    log = desk.instance.read(audit.entries, limit=50)
    mine = f"user:{desk.instance.alice.user_id}"
    events = [each["event"] for each in log if each["subject"] == mine]
    assert events.count("token_made") == 2
    assert events.count("token_revoked") == 2


def test_the_address_of_a_disabled_user_is_dead_at_once(desk):
    instance = desk.instance
    bob = instance.sql("SELECT id FROM core_user WHERE name = 'Bob'")[0].id
    give(instance, bob)
    browser = Browser(desk.application)
    assert (
        browser.post(
            "/sign-in", data={"email": "bob@example.org", "password": PASSWORD}
        ).status_code
        == 303
    )
    path = path_of(browser.post("/x/activities/feed"))
    nobody = Browser(desk.application)
    assert nobody.get(path).status_code == 200
    instance.write(records.update, "user", [{"id": bob, "active": False}])
    assert nobody.get(path).status_code == 404


def give(instance, user):
    """Let a user work with activities."""
    instance.write(auth.set_password, user, auth.hash_password(PASSWORD))
    instance.write(roles.hold, "user", user, ["member"])


def test_who_may_see_less_by_now_has_less_in_his_calendar(desk):
    instance = desk.instance
    bob = instance.sql("SELECT id FROM core_user WHERE name = 'Bob'")[0].id
    give(instance, bob)
    task(desk, "Bob's task", "2026-03-27", owner=bob)
    browser = Browser(desk.application)
    browser.post("/sign-in", data={"email": "bob@example.org", "password": PASSWORD})
    path = path_of(browser.post("/x/activities/feed"))
    nobody = Browser(desk.application)
    assert "Bob's task" in nobody.get(path).text
    instance.write(roles.save, "feedonly", {"types": {}, "permissions": ["activities.use"]})
    instance.write(roles.hold, "user", bob, ["feedonly"])
    assert "VEVENT" not in nobody.get(path).text
    instance.write(roles.hold, "user", bob, [])
    assert nobody.get(path).status_code == 404


def test_guessing_addresses_and_asking_too_often_is_slowed_down(desk):
    nobody, path = feed(desk)
    answers = [nobody.get("/x/activities/feed/none.ics").status_code for _ in range(12)]
    assert (answers[0], answers[-1]) == (404, 429)
    often = [nobody.get(path).status_code for _ in range(12)]
    assert (often[0], often[-1]) == (200, 429)


def test_nobody_changes_anything_by_the_address(desk):
    nobody, path = feed(desk)
    for method in (nobody.post, nobody.put, nobody.delete):
        assert method(path).status_code in (403, 405)


# -- one meeting ----------------------------------------------------------------------------
def test_one_meeting_is_a_file_for_those_who_see_it(desk):
    made = meeting(desk, "Kick-off: Müller/Söhne")
    page = desk.get(f"/records/meeting/{made}").text
    assert f'href="/x/activities/meetings/{made}.ics"' in page
    answer = desk.get(f"/x/activities/meetings/{made}.ics")
    assert (
        answer.headers["Content-Disposition"] == 'attachment; filename="Kick-off_Muller_Sohne.ics"'
    )
    [event] = Calendar.from_ical(answer.data).walk("VEVENT")
    assert event["summary"] == "Kick-off: Müller/Söhne"
    assert desk.get("/x/activities/meetings/99999999.ics").status_code == 404
    assert Browser(desk.application).get(f"/x/activities/meetings/{made}.ics").status_code in (
        303,
        401,
    )

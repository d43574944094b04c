"""Tasks, calls, meetings and notes: what follows from what is written, and series."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from relatum.core import changes, clock, query, records
from relatum.core.errors import Invalid
from relatum.plugins.activities import repeating

from .instances import prepared

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PRESET = "sales"


@prepared
def office(instance):
    """Return an instance with activities, and a company that they are about."""
    instance.create("account", {"name": "Averill Ales"})


def page(office, type_name, **asked):
    """Return records."""

    def found(*, actor):
        return query.page(query.from_json(type_name, asked, actor=actor)).records

    return office.read(found)


def made(office, type_name, **values):
    """Return a new activity about the company."""
    [account] = page(office, "account")
    [id_] = office.create(type_name, {"regarding": account["id"], **values})
    return office.get(type_name, id_)


def put(office, type_name, id_, **values):
    """Change an activity and return it."""
    office.write(records.update, type_name, [{"id": id_, **values}])
    return office.get(type_name, id_)


def problems(office, type_name, **values):
    """Return the codes and fields of what is wrong with a row."""
    with pytest.raises(Invalid) as caught:
        made(office, type_name, **values)
    return [(problem.code, problem.field) for problem in caught.value.problems]


def due(office):
    """Return the due dates of open tasks."""
    open_ = {"field": "status", "op": "category", "value": ["open"]}
    found = page(office, "task", filter=open_, sort=["due_date"])
    return [task["due_date"].isoformat() for task in found]


# -- what follows ---------------------------------------------------------------------------------
def test_completing_a_task_says_when_and_opening_it_again_takes_that_back(office):
    task = made(office, "task", subject="Call back")
    assert (task["status"], task["priority"], task["completed_at"]) == (
        "not_started", "normal", None,
    )  # fmt: skip
    with clock.frozen(NOON):
        assert put(office, "task", task["id"], status="completed")["completed_at"] == NOON
    assert put(office, "task", task["id"], status="waiting")["completed_at"] is None


def test_a_meeting_takes_an_hour_unless_said_and_moves_as_a_whole(office):
    meeting = made(office, "meeting", subject="Visit", starts_at=NOON.isoformat())
    assert meeting["ends_at"] == NOON.replace(hour=13)
    later = NOON.replace(day=3)
    meeting = put(office, "meeting", meeting["id"], starts_at=later.isoformat())
    assert meeting["ends_at"] == later.replace(hour=13)


def test_a_meeting_that_ends_before_it_starts_is_refused(office):
    wrong = {"starts_at": NOON.isoformat(), "ends_at": NOON.replace(hour=11).isoformat()}
    assert problems(office, "meeting", subject="Visit", **wrong) == [("rejected", "ends_at")]


def test_a_note_is_called_by_how_it_begins_until_somebody_names_it(office):
    note = made(office, "note", text="\n  Prefers   mail.\nSecond line")
    assert note["subject"] == "Prefers mail."
    assert put(office, "note", note["id"], text="Calls, too")["subject"] == "Calls, too"
    put(office, "note", note["id"], subject="How to reach her")
    assert put(office, "note", note["id"], text="Mail")["subject"] == "How to reach her"
    long = made(office, "note", text="word " * 40)["subject"]
    assert len(long) <= 81
    assert long.endswith("word…")


def test_the_attendees_of_a_meeting_are_sent_with_it(office):
    attendees = [{"user": office.alice.user_id, "answer": "accepted"}]
    meeting = made(
        office, "meeting", subject="Visit", starts_at=NOON.isoformat(), attendees=attendees
    )
    [attendee] = page(office, "meeting_attendee")
    assert (attendee["meeting"], attendee["answer"]) == (meeting["id"], "accepted")


# -- series ---------------------------------------------------------------------------------------
def test_completing_a_task_of_a_series_makes_the_next_in_the_same_change_set(office):
    task = made(
        office, "task", subject="Report", due_date="2026-03-06", due_time="09:30",
        priority="high", recurrence="FREQ=WEEKLY;BYDAY=FR",
    )  # fmt: skip

    def complete(*, actor):
        records.update("task", [{"id": task["id"], "status": "completed"}], actor=actor)
        return changes.number()

    with clock.frozen(NOON):
        number = office.write(complete)
    [next_] = page(office, "task", filter={"field": "previous", "value": task["id"]})
    assert next_["due_date"] == date(2026, 3, 13)
    assert (next_["due_time"], next_["priority"], next_["status"]) == (
        time(9, 30), "high", "not_started",
    )  # fmt: skip
    assert (next_["regarding"], next_["owner"]) == (task["regarding"], task["owner"])
    with office.reading():
        [change] = records.history("task", next_["id"], actor=office.alice)
    assert change["change_set"] == number
    office.write(records.undo, number)
    assert due(office) == ["2026-03-06"]


def test_completing_a_task_twice_makes_one_next_task(office):
    task = made(office, "task", subject="R", due_date="2026-03-06", recurrence="FREQ=DAILY")
    with clock.frozen(NOON):
        for status in ("completed", "in_progress", "completed"):
            put(office, "task", task["id"], status=status)
        assert due(office) == ["2026-03-07"]


def test_a_canceled_task_ends_its_series(office):
    task = made(office, "task", subject="R", due_date="2026-03-06", recurrence="FREQ=DAILY")
    put(office, "task", task["id"], status="canceled")
    assert due(office) == []


def test_a_reminder_keeps_its_time_of_the_day_over_a_change_of_the_clocks(office):
    office.write(
        records.update, "user", [{"id": office.alice.user_id, "timezone": "Europe/Berlin"}]
    )
    task = made(
        office, "task", subject="R", due_date="2026-03-27", recurrence="FREQ=WEEKLY",
        remind_at="2026-03-27T08:00:00Z",  # nine o'clock there; summer time begins on the 29th
    )  # fmt: skip
    with clock.frozen(NOON):
        put(office, "task", task["id"], status="completed")
    [next_] = page(office, "task", filter={"field": "previous", "value": task["id"]})
    assert next_["due_date"] == date(2026, 4, 3)
    assert next_["remind_at"] == datetime(2026, 4, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "due_on", "today", "then"),
    [
        ("FREQ=DAILY", "2026-03-06", "2026-03-01", "2026-03-07"),
        ("FREQ=DAILY", "2026-03-06", "2026-03-20", "2026-03-20"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "2026-03-04", "2026-03-04", "2026-03-16"),
        ("FREQ=MONTHLY", "2026-01-31", "2026-01-31", "2026-03-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", "2026-01-31", "2026-02-28"),
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-03-10", "2026-03-10", "2026-04-14"),
        ("FREQ=YEARLY", "2028-02-29", "2028-02-29", "2032-02-29"),
        ("FREQ=DAILY;UNTIL=20260307", "2026-03-06", "2026-03-06", "2026-03-07"),
        ("FREQ=DAILY;UNTIL=20260306T235959Z", "2026-03-06", "2026-03-06", None),
        ("FREQ=DAILY;COUNT=1", "2026-03-06", "2026-03-06", None),
    ],
)
def test_the_next_day_of_a_rule(rule, due_on, today, then):
    found = repeating.following(rule, date.fromisoformat(due_on), date.fromisoformat(today))
    assert (found.due.isoformat() if found else None) == then


def test_a_series_that_ends_by_count_counts_what_was_missed():
    first = repeating.following("FREQ=DAILY;COUNT=5", date(2026, 3, 1), date(2026, 3, 3))
    assert first == (date(2026, 3, 3), "FREQ=DAILY;COUNT=3")
    assert repeating.following(first.rule, first.due, date(2026, 3, 6)) is None


@pytest.mark.parametrize(
    "rule",
    [
        "weekly", "FREQ=HOURLY", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "FREQ=DAILY;BYHOUR=3", "FREQ=WEEKLY;BYDAY=XX", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;UNTIL=soon", "FREQ=DAILY;INTERVAL=many",
    ],
)  # fmt: skip
def test_a_rule_that_names_no_days_is_refused(office, rule):
    given = {"subject": "R", "due_date": "2026-03-06", "recurrence": rule}
    [(code, field)] = problems(office, "task", **given)
    assert (code in ("rejected", "no_match"), field) == (True, "recurrence")


def test_a_series_needs_a_day_to_begin_on(office):
    given = {"subject": "R", "recurrence": "FREQ=DAILY"}
    assert problems(office, "task", **given) == [("rejected", "due_date")]


# -- what they are about --------------------------------------------------------------------------
def test_an_activity_can_be_about_a_type_that_an_administrator_makes_later(office):
    office.make_type("x_asset", {"name": "name", "kind": "text"})
    [asset] = office.create("x_asset", {"name": "Pump"})
    [task] = office.create("task", {"subject": "Look after it", "regarding": asset})
    assert office.get("task", task)["regarding"] == asset


def test_activities_go_to_the_trash_with_what_they_are_about_and_come_back_with_it(office):
    task = made(office, "task", subject="Call back")
    [account] = page(office, "account")
    office.write(records.delete, "account", [{"id": account["id"]}])
    assert page(office, "task") == []
    office.write(records.restore, "account", [{"id": account["id"]}])
    assert office.get("task", task["id"])["regarding"] == account["id"]

"""Reminders of tasks and meetings: who is told, and that it is once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from relatum.core import clock, jobs, records, roles
from relatum.plugins.activities import reminding
from relatum.plugins.notifications import reading

from .counting import run
from .instances import prepared
from .officing import actor, build
from .plugged import enable

PRESET = "bare"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ALL = {"read": "all", "create": "all", "update": "all"}
USE = ["notifications.use", "activities.use"]


@prepared
def office(instance):
    """An office with activities, whose people see all of them but sam, who sees none."""
    made = build(instance)
    for name in ("contacts", "notifications", "activities"):
        enable(instance, name)
    types = dict.fromkeys(("task", "meeting", "meeting_attendee", "user"), ALL)
    instance.write(roles.save, "doer", {"types": types, "permissions": USE})
    for person in ("nora", "cora"):
        instance.write(roles.hold, "user", made.people[person], ["doer"])
    return made


def task(instance, office, **values):
    """Make a task of nora's with a reminder at noon."""
    row = {"subject": "Call", "owner": office.people["nora"], "remind_at": NOON.isoformat()}
    [made] = instance.create("task", {**row, **values})
    return made


def remind(instance, at=NOON, *, chunks=1000):
    """Run the job of a minute."""
    with clock.frozen(at):
        job = instance.write(jobs.enqueue, "activities_remind", {})
        return run(instance, job, chunks=chunks)


def told(instance, office, person):
    """Return what a person was told: about what, and what."""
    page = instance.read(reading.page, limit=100, actor=actor(instance, office, person))
    return [(line.label, line.text) for line in reversed(page.lines)]


def test_the_owner_of_a_task_is_reminded_when_it_is_time_and_once(instance, office):
    made = task(instance, office)
    remind(instance, NOON - timedelta(minutes=1))
    assert told(instance, office, "nora") == []
    for minute in range(3):
        remind(instance, NOON + timedelta(minutes=minute))
    assert told(instance, office, "nora") == [("Call", "Reminder")]
    row = instance.get("task", made)
    assert (row["remind_at"], row["reminded_at"]) == (None, NOON)


def test_a_new_reminder_is_given_again(instance, office):
    made = task(instance, office)
    remind(instance)
    later = NOON + timedelta(hours=1)
    instance.write(records.update, "task", [{"id": made, "remind_at": later.isoformat()}])
    remind(instance, later)
    assert len(told(instance, office, "nora")) == 2


def test_nobody_is_reminded_of_what_is_done_or_in_the_trash(instance, office):
    task(instance, office, status="completed")
    gone = task(instance, office)
    instance.write(records.delete, "task", [{"id": gone}])
    remind(instance)
    assert told(instance, office, "nora") == []


def test_a_reminder_that_a_failure_undid_is_given_by_the_next_try(instance, office, monkeypatch):
    task(instance, office)
    whole = records.update

    def failing(*args, **kwargs):
        whole(*args, **kwargs)
        raise RuntimeError("killed here")

    with monkeypatch.context() as patched:
        patched.setattr(records, "update", failing)
        remind(instance)
    assert told(instance, office, "nora") == []
    remind(instance, NOON + timedelta(minutes=1))
    remind(instance, NOON + timedelta(minutes=2))
    assert told(instance, office, "nora") == [("Call", "Reminder")]


def test_many_reminders_are_given_in_chunks(instance, office, monkeypatch):
    for number in range(5):
        task(instance, office, subject=f"Call {number}")
    monkeypatch.setattr(reminding, "_MOST", 2)
    assert remind(instance) == "done"
    assert len(told(instance, office, "nora")) == 5


def test_colleagues_hear_of_a_meeting_unless_they_declined_or_do_not_see_it(instance, office):
    people = office.people
    attendees = [
        {"user": people["cora"]}, {"user": people["sam"]},
        {"user": people["nobody"], "answer": "declined"},
    ]  # fmt: skip
    instance.create(
        "meeting",
        {"subject": "Visit", "starts_at": (NOON + timedelta(hours=1)).isoformat(),
         "remind_at": NOON.isoformat(), "owner": people["nora"], "attendees": attendees},
    )  # fmt: skip
    remind(instance)
    for person in ("nora", "cora"):
        assert told(instance, office, person) == [("Visit", "Reminder")]


def test_everybody_who_is_asked_to_a_meeting_hears_of_it_however_many(instance, office):
    people = [office.people[person] for person in ("cora", "sam", "nora")]
    instance.create(
        "meeting",
        {"subject": "Visit", "starts_at": (NOON + timedelta(hours=1)).isoformat(),
         "remind_at": NOON.isoformat(), "attendees": [{"user": user} for user in people]},
    )  # fmt: skip
    with instance.configured(page_limit=2):
        remind(instance)
    for person in ("nora", "cora"):
        assert told(instance, office, person) == [("Visit", "Reminder")]


@pytest.mark.parametrize("field", ["status", "remind_at"])
def test_what_is_due_is_found_by_an_index(instance, office, field):
    indexed = instance.catalog.type("task").fields[field].indexed
    assert indexed

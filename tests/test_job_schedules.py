"""Schedules: rows that start jobs by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from relatum.core import audit, clock, jobs, records
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError

from .counting import crm, kinds, run, swept

__all__ = ["crm", "kinds"]
#: In the instance's zone, Berlin, it is two o'clock in the afternoon.
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def make(instance: Any, rule: str = "every 1 hour", **options: Any) -> dict[str, Any]:
    made: dict[str, Any] = instance.write(
        jobs.create_schedule, "counting", "count", rule, {"to": 1}, **options
    )
    return made


def shown(instance: Any, name: str = "counting") -> dict[str, Any]:
    [found] = [s for s in instance.read(jobs.list_schedules) if s["name"] == name]
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("rule", "at"),
    [
        ("every 15 minutes", NOON + timedelta(minutes=15)),
        ("every 1 day", NOON + timedelta(days=1)),
        ("30 3 * * *", datetime(2026, 6, 2, 1, 30, tzinfo=UTC)),
        ("0 9 * 12 1", datetime(2026, 12, 7, 8, 0, tzinfo=UTC)),
    ],
)
def test_a_rule_says_when_its_job_starts_next(crm, rule, at):
    with clock.frozen(NOON):
        assert make(crm, rule)["next_run_at"] == at


@pytest.mark.parametrize(
    "rule",
    ["", "hourly", "every 0 minutes", "every 5 weeks", "61 * * * *", "* * * *", "0 0 31 2 *"],
)
def test_a_rule_that_is_none_is_refused(crm, rule):
    with pytest.raises(RelatumError) as refused:
        make(crm, rule)
    assert (refused.value.code, refused.value.params["name"]) == ("bad_parameter", "rule")


def test_a_schedule_starts_its_job_when_its_time_has_come(crm):
    with clock.frozen(NOON):
        make(crm)
        assert swept(crm) == []
    with clock.frozen(NOON + timedelta(hours=1)):
        [job_id] = swept(crm)
        job = crm.read(jobs.get, job_id)
        assert (job["schedule"], job["arguments"], job["actor"]) == (
            "counting", {"to": 1}, crm.alice.user_id,
        )  # fmt: skip
        assert run(crm, job_id) == "done"
        assert shown(crm)["next_run_at"] == NOON + timedelta(hours=2)


def test_times_that_were_missed_count_as_one(crm):
    with clock.frozen(NOON):
        make(crm)
    with clock.frozen(NOON + timedelta(hours=5, minutes=20)):
        assert len(swept(crm)) == 1
        assert shown(crm)["next_run_at"] == NOON + timedelta(hours=6)
        assert len(swept(crm)) == 1


def test_a_job_that_is_not_over_is_not_started_a_second_time(crm):
    with clock.frozen(NOON):
        make(crm)
    for hours in (1, 2, 3):
        with clock.frozen(NOON + timedelta(hours=hours)):
            assert len(swept(crm)) == 1


def test_a_schedule_that_is_off_starts_nothing(crm):
    with clock.frozen(NOON):
        make(crm)
        crm.write(jobs.change_schedule, "counting", enabled=False)
    with clock.frozen(NOON + timedelta(hours=9)):
        assert swept(crm) == []
        crm.write(jobs.change_schedule, "counting", enabled=True)
        assert shown(crm)["next_run_at"] == NOON + timedelta(hours=10)


def test_what_keeps_a_schedule_from_starting_its_job_is_told_by_a_failed_one(crm):
    carla = crm.create("user", {"name": "Carla", "email": "c@example.org", "admin": True})[0]
    with clock.frozen(NOON):
        make(crm, actor=Actor(user_id=carla, admin=True))
    crm.write(records.update, "user", [{"id": carla, "active": False}])
    with clock.frozen(NOON + timedelta(hours=1)):
        assert swept(crm) == []
    [job] = crm.read(jobs.list_jobs)
    assert (job["state"], job["error"]["code"]) == ("failed", "job_actor_gone")


def test_from_the_start_what_is_over_is_forgotten_and_what_was_committed_is_sealed(instance):
    found = [(s["name"], s["rule"], s["owner"]) for s in instance.read(jobs.list_schedules)]
    assert found == [("forget", "every 1 day", "core"), ("seal", "every 10 minutes", "core")]
    for job_id in swept(instance):
        assert run(instance, job_id) == "done"
    assert swept(instance) == []
    with clock.frozen(datetime.now(UTC) + timedelta(minutes=11)):
        [job_id] = swept(instance)
        assert run(instance, job_id) == "done"
    assert instance.read(lambda **_: audit.unsealed()) == {"change_sets": 0, "entries": 0}


def test_a_schedule_is_changed_and_deleted(crm):
    make(crm)
    changed = crm.write(jobs.change_schedule, "counting", rule="every 2 days", arguments={"to": 9})
    assert (changed["rule"], changed["arguments"]) == ("every 2 days", {"to": 9})
    crm.write(jobs.delete_schedule, "counting")
    assert [s["name"] for s in crm.read(jobs.list_schedules)] == ["forget", "seal"]


def test_wrong_wishes_are_refused_by_name(crm):
    make(crm)
    for code, verb, given in (
        ("schedule_exists", jobs.create_schedule, ("counting", "count", "every 1 day", {"to": 1})),
        ("bad_parameter", jobs.create_schedule, ("Not a name", "count", "every 1 day", {"to": 1})),
        ("job_kind_unknown", jobs.create_schedule, ("other", "counts", "every 1 day")),
        ("invalid", jobs.create_schedule, ("other", "count", "every 1 day")),
        ("schedule_unknown", jobs.change_schedule, ("countin",)),
        ("schedule_unknown", jobs.delete_schedule, ("countin",)),
        ("schedule_owned", jobs.delete_schedule, ("forget",)),
    ):
        with pytest.raises(RelatumError) as refused:
            crm.write(verb, *given)
        assert refused.value.code == code

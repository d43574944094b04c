"""The desk's pages of jobs: all of them for administrators, the own ones for everybody else."""

from __future__ import annotations

import dataclasses

from relatum.core import jobs, records

from .desk import FRAGMENT
from .instances import prepared

PRESET = "desk"


@prepared
def equipped(instance):
    instance.create("team", {"name": "North"}, {"name": "South"})


def start(desk, *, actor=None, name="Far North"):
    wish = {"type": "team", "ids": [desk.instance.sql("SELECT min(id) FROM core_team")[0][0]]}
    given = {"actor": actor} if actor else {}
    return desk.instance.write(
        jobs.enqueue, "bulk_update", {**wish, "values": {"name": name}}, **given
    )


def run(desk, job):
    with desk.instance.app.app_context():
        return jobs.run(job, by="test", pause=lambda: False)


def test_a_job_shows_what_it_was_asked_what_came_of_it_and_what_it_has_written(desk):
    job = start(desk)
    assert "Cancel the job" in desk.get(f"/jobs/{job}").text
    assert run(desk, job) == "done"
    page = desk.get(f"/jobs/{job}").text
    for said in ("Done", "updated", "Far North", "Alice"):
        assert said in page
    [change] = desk.instance.read(jobs.change_sets, job)
    assert f'href="/changes/{change}"' in page
    assert "ui-poll" not in page
    assert f'href="/jobs/{job}"' in desk.get("/jobs?state=done").text
    assert f'href="/jobs/{job}"' not in desk.get("/jobs?state=failed").text
    assert desk.get("/jobs/99").status_code == 404


def test_what_is_asked_again_is_sent_only_if_it_has_changed_and_286_is_the_end(desk):
    for address in ("/jobs/1", "/jobs"):
        job = start(desk)
        first = desk.get(address, headers=FRAGMENT)
        assert (first.status_code, "<html" in first.text) == (200, False)
        known = {**FRAGMENT, "If-None-Match": first.headers["ETag"]}
        assert (desk.get(address, headers=known).status_code) == 304
        run(desk, job)
        assert desk.get(address, headers=known).status_code == 286


def test_a_failed_job_says_why_and_all_of_its_kind_are_tried_again_by_one_button(desk):
    carla = desk.instance.create(
        "user", {"name": "Carla", "email": "c@example.org", "admin": True}
    )[0]
    as_carla = dataclasses.replace(desk.instance.alice, user_id=carla)
    ids = [start(desk, actor=as_carla) for _ in range(2)]
    desk.instance.write(records.update, "user", [{"id": carla, "active": False}])
    assert [run(desk, job) for job in ids] == ["failed", "failed"]
    page = desk.get("/jobs?state=failed").text
    assert "is not active any more" in page
    assert "/help/errors#job_actor_gone" in desk.get(f"/jobs/{ids[0]}").text
    assert desk.post("/jobs/retry", data={"kind": "bulk_update"}).location == "/jobs"
    assert "Jobs that go on: 2" in desk.get("/jobs").text
    assert desk.post(f"/jobs/{ids[0]}/cancel").location == f"/jobs/{ids[0]}"
    assert "Go on" in desk.get(f"/jobs/{ids[0]}").text
    assert desk.post(f"/jobs/{ids[0]}/cancel").status_code == 409


def test_schedules_are_switched_off_and_on(desk):
    assert "every 1 day" in desk.get("/jobs/schedules").text
    desk.post("/jobs/schedules/forget", data={"enabled": "0"})
    page = desk.get("/jobs/schedules").text
    assert "forget is switched off" in page
    assert "Switch on" in page
    desk.post("/jobs/schedules/forget", data={"enabled": "1"})
    assert "Switch off" in desk.get("/jobs/schedules").text
    assert desk.post("/jobs/schedules/nothing", data={"enabled": "1"}).status_code == 404

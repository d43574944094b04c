"""Jobs over HTTP and by command."""

from __future__ import annotations

import dataclasses

import pytest

from relatum.core import jobs, records, serve
from relatum.core.actor import Actor

from .homes import Shell

URL = "/api/v1/jobs"
SCHEDULES = "/api/v1/job-schedules"


@pytest.fixture
def alice(instance):
    return instance.client(instance.alice)


@pytest.fixture
def relatum(instance):
    return Shell(serve.environment(instance.config))


def test_a_job_is_started_read_cancelled_and_tried_again(alice):
    answer = alice.post(URL, json={"kind": "forget"})
    assert answer.status_code == 201
    place, job = answer.headers["Location"], answer.get_json()
    assert (job["state"], job["kind"], job["result"]) == ("queued", "forget", None)
    assert alice.get(place).get_json() == job
    assert alice.post(f"{place}/cancel").get_json()["state"] == "cancelled"
    assert alice.post(f"{place}/retry").get_json()["state"] == "queued"


def test_what_a_job_would_do_is_told_before_and_nothing_is_written(instance, alice):
    instance.make_type("x_thing", {"name": "name", "kind": "text"})
    [id_] = instance.create("x_thing", {"name": "Old"})
    asked = {"type": "x_thing", "ids": [id_], "values": {"name": "New"}}
    look = alice.post(f"{URL}?_plan=1", json={"kind": "bulk_update", "arguments": asked})
    assert (look.status_code, look.get_json()["count"]) == (200, 1)
    assert (instance.get("x_thing", id_)["name"], alice.get(URL).get_json()["jobs"]) == ("Old", [])
    blind = alice.post(f"{URL}?_plan=1", json={"kind": "forget"})
    assert (blind.status_code, blind.get_json()["code"]) == (422, "job_kind_blind")


def test_all_failed_jobs_of_a_kind_are_tried_again_in_one_act(instance, alice, refused):
    carla = instance.create("user", {"name": "Carla", "email": "c@example.org", "admin": True})[0]
    as_carla = Actor(user_id=carla, admin=True)
    ids = [instance.write(jobs.enqueue, "forget", actor=as_carla) for _ in range(2)]
    instance.write(records.update, "user", [{"id": carla, "active": False}])
    with instance.app.app_context():
        assert [jobs.run(i, by="me", pause=lambda: False) for i in ids] == ["failed"] * 2
    listed = alice.get(f"{URL}?state=failed").get_json()["jobs"]
    assert [job["error"]["code"] for job in listed] == ["job_actor_gone"] * 2
    assert alice.post(f"{URL}/retry", json={"kind": "forget"}).get_json() == {"retried": 2}
    assert alice.get(f"{URL}?state=failed").get_json()["jobs"] == []
    refused(alice.post(f"{URL}/retry", json={"kind": "nothing"}), 422, "job_kind_unknown")


def test_jobs_are_listed_by_pages(alice):
    ids = [alice.post(URL, json={"kind": "forget"}).get_json()["id"] for _ in range(3)]
    first = alice.get(f"{URL}?_limit=2&state=queued&kind=forget").get_json()
    assert [job["id"] for job in first["jobs"]] == [ids[2], ids[1]]
    rest = alice.get(f"{URL}?_limit=2&_before={first['next']}").get_json()
    assert ([job["id"] for job in rest["jobs"]], rest["next"]) == ([ids[0]], None)


def test_the_kinds_that_can_be_started_are_listed(alice):
    kinds = {kind["name"] for kind in alice.get(f"{URL}/kinds").get_json()["kinds"]}
    assert {"forget", "bulk_update", "bulk_delete"} <= kinds


def test_schedules_are_made_changed_and_deleted(alice):
    wish = {"name": "nightly", "kind": "forget", "rule": "0 3 * * *"}
    assert alice.post(SCHEDULES, json=wish).status_code == 201
    place = f"{SCHEDULES}/nightly"
    assert alice.patch(place, json={"enabled": False}).get_json()["enabled"] is False
    names = [s["name"] for s in alice.get(SCHEDULES).get_json()["schedules"]]
    assert names == ["forget", "nightly", "seal"]
    assert alice.delete(place).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("post", URL, {"kind": "nothing"}, 422, "job_kind_unknown"),
        ("post", URL, {"kind": "forget", "arguments": {"a": 1}}, 422, "invalid"),
        ("post", URL, {"kind": "forget", "arguments": 1}, 422, "invalid"),
        ("post", URL, {}, 422, "invalid"),
        ("get", f"{URL}/99", None, 404, "job_unknown"),
        ("post", f"{URL}/99/cancel", None, 404, "job_unknown"),
        ("get", f"{URL}?state=lost", None, 400, "bad_parameter"),
        ("get", f"{URL}?_limit=100000", None, 400, "bad_parameter"),
        ("patch", f"{SCHEDULES}/no", {"enabled": True}, 404, "schedule_unknown"),
        ("patch", f"{SCHEDULES}/forget", {"rule": "now"}, 400, "bad_parameter"),
        ("patch", f"{SCHEDULES}/forget", {"enabled": "yes"}, 422, "invalid"),
        ("delete", f"{SCHEDULES}/forget", None, 409, "schedule_owned"),
    ],
)
def test_a_wrong_wish_is_refused(alice, refused, method, path, body, status, code):
    given = {} if body is None else {"json": body}
    refused(getattr(alice, method)(path, **given), status, code)


def test_who_is_no_administrator_starts_nothing_here_and_sees_no_schedules(instance, refused):
    bob = instance.client(instance.bob)
    for answer in (
        bob.get(SCHEDULES), bob.get(f"{URL}/kinds"), bob.post(URL, json={"kind": "forget"}),
        bob.delete(f"{SCHEDULES}/forget"),
    ):  # fmt: skip
        refused(answer, 403, "forbidden")


def test_everybody_sees_cancels_and_tries_again_the_own_jobs_and_no_others(instance, refused):
    hers = instance.write(jobs.enqueue, "forget")
    as_bob = dataclasses.replace(instance.bob, admin=True)  # what a plugin may let him start
    his = instance.write(jobs.enqueue, "forget", actor=as_bob)
    bob = instance.client(instance.bob)
    assert [job["id"] for job in bob.get(URL).get_json()["jobs"]] == [his]
    assert bob.get(f"{URL}/{his}").get_json()["actor"] == instance.bob.user_id
    assert bob.post(f"{URL}/{his}/cancel").get_json()["state"] == "cancelled"
    assert bob.post(f"{URL}/{his}/retry").get_json()["state"] == "queued"
    for answer in (
        bob.get(f"{URL}/{hers}"), bob.post(f"{URL}/{hers}/cancel"), bob.post(f"{URL}/{hers}/retry")
    ):  # fmt: skip
        refused(answer, 404, "job_unknown")
    assert bob.post(f"{URL}/retry", json={"kind": "forget"}).get_json() == {"retried": 0}


# -- the commands ---------------------------------------------------------------------------
def test_the_commands_start_run_and_show_a_job(relatum):
    assert relatum.said("jobs", "run", "forget").startswith("Job 1 waits.")
    assert relatum.json("jobs", "list", "--state", "queued")[0]["id"] == 1
    # A schedule may have come due since the instance was made.
    assert relatum.said("worker", "--once").startswith("Ran jobs in ")
    assert relatum.json("jobs", "show", "1", "--watch")["state"] == "done"
    assert relatum.said("jobs", "show", "1").startswith("Job 1 (forget): done, 0 done.")
    assert relatum.said("worker", "--once") == "Nothing was due.\n"
    assert "bulk_update" in relatum.said("jobs", "kinds")
    assert relatum.said("jobs", "retry", "--kind", "forget") == "0 jobs wait.\n"


def test_a_failed_job_is_something_to_look_at(instance, relatum):
    team = instance.create("team", {"name": "North"})[0]
    wish = f'{{"type": "team", "ids": [{team}]}}'
    made = relatum.json("jobs", "run", "bulk_delete", "--arguments", wish)["id"]
    instance.sql("SELECT 1")
    with instance.app.app_context():
        jobs.run(made, by="me", pause=lambda: True)
    assert relatum.said("jobs", "cancel", str(made)) == f"Job {made} is cancelled.\n"
    assert relatum.said("jobs", "retry", str(made)) == f"Job {made} waits.\n"
    relatum.said("worker", "--once")
    assert relatum.json("jobs", "show", str(made))["result"]["deleted"] == 1


def test_schedules_are_changed_by_command(relatum):
    made = ("jobs", "schedules", "create", "nightly", "forget", "--rule", "30 3 * * *")
    assert relatum.said(*made).startswith("nightly starts forget next at ")
    assert relatum.said("jobs", "schedules", "change", "nightly", "--off") == "nightly is off.\n"
    assert "nightly" in relatum.said("jobs", "schedules", "list")
    assert relatum.said("jobs", "schedules", "delete", "nightly") == "Schedule nightly is gone.\n"
    assert relatum.error("jobs", "run", "forgot").startswith("job_kind_unknown: ")
    assert "--arguments" in relatum.error("jobs", "run", "forget", "--arguments", "{", status=2)

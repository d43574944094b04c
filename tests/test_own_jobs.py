"""The core's own kinds of jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from relatum.core import auth, clock, jobs, own_jobs


def run(instance: Any, job_id: int) -> dict[str, Any]:
    """Run a job to its end and return it."""
    with instance.app.app_context():
        jobs.run(job_id, by="me", pause=lambda: False)
    job: dict[str, Any] = instance.read(jobs.get, job_id)
    return job


# -- forget ---------------------------------------------------------------------------------
def test_what_ended_long_ago_is_forgotten_and_nothing_else(instance):
    assert own_jobs.FORGET.name in jobs.known()
    for _ in range(2):
        instance.write(lambda *, actor: auth.sign_in(actor.user_id))
    instance.write(auth.make_link, instance.bob.user_id)
    instance.client(instance.alice).post(
        "/api/v1/records/team", json={"name": "North"}, headers={"Idempotency-Key": "a"}
    )
    finished = instance.write(jobs.enqueue, "forget")
    assert run(instance, finished)["result"] == {}
    waiting = instance.write(jobs.enqueue, "forget")
    with clock.frozen(clock.now() + timedelta(days=60)):
        again = instance.write(jobs.enqueue, "forget")
        counts = run(instance, again)["result"]
    assert counts == {"jobs": 1, "sessions": 2, "links": 1, "idempotency_keys": 1}
    assert [job["id"] for job in instance.read(jobs.list_jobs)] == [again, waiting]

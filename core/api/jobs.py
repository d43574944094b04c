"""Routes on jobs: list, read, start, cancel, try again; and on the schedules that start them."""

from __future__ import annotations

from typing import Any, Final

from ...schemas.jobs import (
    NewJobSchema,
    NewScheduleSchema,
    RetryJobsSchema,
    ScheduleChangeSchema,
)
from .. import jobs
from . import wire
from .operations import PLAN_ONLY, PREFIX, Answer, Call, Parameter, Reply, operation

TAG: Final = "jobs"
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 1}


@operation(
    "GET", "/jobs", tag=TAG, replies={200: Reply("Jobs")},
    query=(
        Parameter("state", {**_TEXT, "enum": list(jobs.STATES)}, "Only jobs in this state."),
        Parameter("kind", _TEXT, "Only jobs of this kind."),
        Parameter("_limit", _COUNT, "Jobs in the page; at most page_limit."),
        Parameter("_before", _COUNT, "Id of the last job of the page before."),
    ),
)  # fmt: skip
def list_jobs(call: Call) -> Answer:
    """List jobs, newest first; `next` goes into `_before`."""
    limit = call.limit()
    found = jobs.list_jobs(
        actor=call.actor, state=call.text("state"), kind=call.text("kind"), limit=limit,
        before=call.number("_before"),
    )  # fmt: skip
    return Answer({"jobs": found, "next": found[-1]["id"] if len(found) == limit else None})


@operation("GET", "/jobs/kinds", tag=TAG, replies={200: Reply("JobKinds")})
def list_job_kinds(call: Call) -> Answer:
    """List the kinds of jobs that can be started."""
    return Answer({"kinds": jobs.list_kinds(actor=call.actor)})


@operation("GET", "/jobs/<id:id>", tag=TAG, replies={200: Reply("JobDetails")})
def read_job(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """Read a job: how far it is, what came of it, and what it left in its log."""
    return Answer(jobs.get(id, actor=call.actor))


@operation(
    "POST", "/jobs", tag=TAG, body="NewJob", problems=(409, 422),
    query=(PLAN_ONLY._replace(help="1: only say what it would do, if the kind can."),),
    replies={200: Reply("JobLook"), 201: Reply("JobDetails", ("Location",))},
)  # fmt: skip
def start_job(call: Call) -> Answer:
    """Start a job; it runs beside the requests."""
    given = wire.load(NewJobSchema, call.body)
    if call.flag(PLAN_ONLY.name):
        return Answer(jobs.look(given["kind"], given["arguments"], actor=call.actor))
    job_id = jobs.enqueue(given["kind"], given["arguments"], actor=call.actor)
    headers = {"Location": f"{PREFIX}/jobs/{job_id}"}
    return Answer(jobs.get(job_id, actor=call.actor), 201, headers)


@operation(
    "POST", "/jobs/<id:id>/cancel", tag=TAG, replies={200: Reply("JobDetails")}, problems=(409,)
)  # fmt: skip
def cancel_job(call: Call, id: int) -> Answer:  # noqa: A002
    """Stop a job, after the chunk at hand if it runs; what it has written stays."""
    return Answer(jobs.cancel(id, actor=call.actor))


@operation(
    "POST", "/jobs/<id:id>/retry", tag=TAG, replies={200: Reply("JobDetails")}, problems=(409,)
)  # fmt: skip
def retry_job(call: Call, id: int) -> Answer:  # noqa: A002
    """Let a failed or cancelled job go on where it stopped."""
    return Answer(jobs.retry(id, actor=call.actor))


@operation(
    "POST", "/jobs/retry", tag=TAG, body="RetryJobs", replies={200: Reply("RetriedJobs")},
    problems=(422,),
)  # fmt: skip
def retry_failed_jobs(call: Call) -> Answer:
    """Let all failed jobs of a kind go on where they stopped."""
    given = wire.load(RetryJobsSchema, call.body)
    return Answer({"retried": jobs.retry_failed(given["kind"], actor=call.actor)})


# -- schedules ------------------------------------------------------------------------------
@operation("GET", "/job-schedules", tag=TAG, replies={200: Reply("Schedules")})
def list_job_schedules(call: Call) -> Answer:
    """List the schedules by which jobs start by themselves."""
    return Answer({"schedules": jobs.list_schedules(actor=call.actor)})


@operation(
    "POST", "/job-schedules", tag=TAG, body="NewSchedule", replies={201: Reply("Schedule")},
    problems=(409, 422),
)  # fmt: skip
def create_job_schedule(call: Call) -> Answer:
    """Let a kind of job start by itself, on behalf of whoever asks for it."""
    given: dict[str, Any] = wire.load(NewScheduleSchema, call.body)
    return Answer(jobs.create_schedule(**given, actor=call.actor), 201)


@operation(
    "PATCH", "/job-schedules/<schedule>", tag=TAG, body="ScheduleChange",
    replies={200: Reply("Schedule")}, problems=(422,),
)  # fmt: skip
def change_job_schedule(call: Call, schedule: str) -> Answer:
    """Change when a schedule starts its job, with which arguments, or whether it does."""
    given: dict[str, Any] = wire.load(ScheduleChangeSchema, call.body)
    return Answer(jobs.change_schedule(schedule, **given, actor=call.actor))


@operation(
    "DELETE", "/job-schedules/<schedule>", tag=TAG, replies={204: Reply(None)}, problems=(409,)
)  # fmt: skip
def delete_job_schedule(call: Call, schedule: str) -> Answer:
    """Take a schedule away; its jobs stay."""
    jobs.delete_schedule(schedule, actor=call.actor)
    return Answer(status=204)

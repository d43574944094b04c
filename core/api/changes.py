"""Routes on change sets: read one, and undo it."""

from __future__ import annotations

from typing import Any, Final

from .. import db, jobs, positions, records
from .bulk import PARTIAL
from .operations import CHANGE, OWN, PLAN_ONLY, PREFIX, Answer, Call, Parameter, Reply, operation
from .records import FLAG

TAG: Final = "changes"
_COUNT: Final = {"type": "integer", "minimum": 1}
_STARTED: Final = Reply("JobDetails", ("Location",))


@operation(
    "GET", "/changes", tag=TAG, mode=OWN, replies={200: Reply("Feed")},
    query=(
        Parameter("since", {"type": "string"}, "0, the `next` of an answer before, or now."),
        Parameter("type", {"type": "string"}, "Only records of this type."),
        Parameter("_limit", _COUNT, "Changes in the page; at most page_limit."),
    ),
    problems=(404, 409, 410),
)  # fmt: skip
def read_feed(call: Call) -> Answer:
    """Read what was written to records since a position, in the order of the commits.

    Complete while others write; records that went have the op delete or purge. `next` goes into
    `since`, until there is no `more`, and again later.
    """
    limit = call.limit()
    positions.settle()
    with db.reading():
        found = records.feed(
            call.text("since") or "0", actor=call.actor, limit=limit, type_name=call.text("type")
        )
    return Answer(found)


@operation(
    "GET", "/changes/<id:id>", tag=TAG, replies={200: Reply("ChangeSet")},
    query=(
        Parameter("_limit", _COUNT, "Changes in the page; at most page_limit."),
        Parameter("_after", _COUNT, "The last change of the page before."),
    ),
)  # fmt: skip
def read_change_set(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """Read a change set: who, when, from where, and what it wrote in order; `next` is `_after`."""
    limit = call.limit()
    after = call.number("_after") or 0
    return Answer(records.change_set(id, actor=call.actor, limit=limit, after=after))


@operation(
    "POST", "/changes/<id:id>/undo", tag=TAG, replies={200: Reply("Undo"), 201: _STARTED},
    query=(
        PARTIAL._replace(help="1: put back what is not in conflict, and name the rest."),
        PLAN_ONLY._replace(help="1: only say what it would do, and what is in conflict."),
        Parameter("_job", FLAG, "1: let a job put back what is not in conflict, of any size."),
    ),
    problems=(409, 422),
)  # fmt: skip
def undo_change_set(call: Call, id: int) -> Answer:  # noqa: A002
    """Put back what a change set wrote, in a change set of its own; undoing that does it again.

    All or nothing: what others changed since is in conflict and refuses the whole.
    """
    if call.flag("_job"):
        return _started({"change_set": id}, call)
    if call.flag(PLAN_ONLY.name):
        return Answer(records.look(id, actor=call.actor))
    done: dict[str, Any] = records.undo(id, actor=call.actor, partial=call.flag(PARTIAL.name))
    return Answer(done, headers={CHANGE: str(done["change_set"])})


@operation(
    "POST", "/jobs/<id:id>/undo", tag="jobs", replies={200: Reply("UndoPlan"), 201: _STARTED},
    query=(PLAN_ONLY._replace(help="1: only count what it would do, and name conflicts."),),
    problems=(409,),
)  # fmt: skip
def undo_job(call: Call, id: int) -> Answer:  # noqa: A002
    """Start a job that puts back what a job wrote, as far as nobody has changed it since."""
    if call.flag(PLAN_ONLY.name):
        return Answer(records.look_at(job=id, actor=call.actor))
    return _started({"job": id}, call)


def _started(arguments: dict[str, int], call: Call) -> Answer:
    job_id = jobs.enqueue("undo", arguments, actor=call.actor)
    headers = {"Location": f"{PREFIX}/jobs/{job_id}"}
    return Answer(jobs.get(job_id, actor=call.actor), 201, headers)

"""Routes on change sets: read one, and undo it."""

from __future__ import annotations

from typing import Any, Final

from .. import db, records
from .bulk import PARTIAL
from .operations import CHANGE, PLAN_ONLY, Answer, Call, Parameter, Reply, operation

TAG: Final = "changes"
_COUNT: Final = {"type": "integer", "minimum": 1}


@operation(
    "GET", "/changes/<id:id>", tag=TAG, replies={200: Reply("ChangeSet")},
    query=(
        Parameter("_limit", _COUNT, "Changes in the page; at most page_limit."),
        Parameter("_after", _COUNT, "The last change of the page before."),
    ),
)  # fmt: skip
def read_change_set(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """Read a change set: who, when, from where, and what it wrote in order; `next` is `_after`."""
    config = db.settings()
    limit = call.number("_limit", most=config.page_limit) or config.page_default
    after = call.number("_after") or 0
    return Answer(records.change_set(id, actor=call.actor, limit=limit, after=after))


@operation(
    "POST", "/changes/<id:id>/undo", tag=TAG, replies={200: Reply("Undo")},
    query=(
        PARTIAL._replace(help="1: put back what is not in conflict, and name the rest."),
        PLAN_ONLY._replace(help="1: only say what it would do, and what is in conflict."),
    ),
    problems=(409, 422),
)  # fmt: skip
def undo_change_set(call: Call, id: int) -> Answer:  # noqa: A002
    """Put back what a change set wrote, in a change set of its own; undoing that does it again.

    All or nothing: what others changed since is in conflict and refuses the whole.
    """
    if call.flag(PLAN_ONLY.name):
        return Answer(records.look(id, actor=call.actor))
    done: dict[str, Any] = records.undo(id, actor=call.actor, partial=call.flag(PARTIAL.name))
    return Answer(done, headers={CHANGE: str(done["change_set"])})

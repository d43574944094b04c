"""Routes on the type of a field: change it in place, look how far that is, cancel, go back."""

from __future__ import annotations

from ...schemas.entity_types import RetypeSchema
from .. import access, entities
from . import wire
from .entity_types import CHANGED, PROBLEMS, TAG, one_change
from .operations import EXCLUSIVE, PLAN_ONLY, Answer, Call, Reply, operation


@operation(
    "POST", "/entity-types/<type:type>/fields/<field>/retype", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY,), body="Retype", replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def retype_field(call: Call, type: str, field: str) -> Answer:  # noqa: A002  # the word of the path
    """Change the type of a field, with its values; `existing` says what becomes of misfits.

    Up to fill_limit records are converted at once; of more, the field says what it is `becoming`.
    """
    wire.load(RetypeSchema, call.body)
    change = {**call.body, "op": "retype_field", "type": type, "field": field}
    return one_change(call, type, change)


@operation(
    "GET", "/entity-types/<type:type>/fields/<field>/retype", tag=TAG,
    replies={200: Reply("RetypeProgress")}, problems=(409,),
)  # fmt: skip
def read_retype(call: Call, type: str, field: str) -> Answer:  # noqa: A002
    """Say how far a running change of type has come."""
    access.require(call.actor, "read", "the data model")
    return Answer(entities.progress(type, field)._asdict())


@operation(
    "POST", "/entity-types/<type:type>/fields/<field>/cancel-retype", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY,), replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def cancel_retype(call: Call, type: str, field: str) -> Answer:  # noqa: A002
    """Give up a change of type that is running; the field stays what it is."""
    return one_change(call, type, {"op": "cancel_retype", "type": type, "field": field})


@operation(
    "POST", "/entity-types/<type:type>/fields/<field>/revert", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY,), replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def revert_field(call: Call, type: str, field: str) -> Answer:  # noqa: A002
    """Put a field back to the type and the values that it had before its type was changed."""
    return one_change(call, type, {"op": "revert_field", "type": type, "field": field})

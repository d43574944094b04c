"""Routes on the audit log, and on what was changed of the data model.

Verifying the log is a job, `verify_audit`.
"""

from __future__ import annotations

from typing import Final

from .. import access, audit, entities
from .operations import Answer, Call, Parameter, Reply, operation

TAG: Final = "audit"
_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer", "minimum": 1}
_DAY: Final = {**_TEXT, "minLength": 10, "maxLength": 40}


@operation(
    "GET", "/audit", tag=TAG, replies={200: Reply("AuditLog")},
    query=(
        Parameter("event", _TEXT, "Only this event, such as sign_in."),
        Parameter("actor", _NUMBER, "Only what this user did."),
        Parameter("subject", _TEXT, "Only what was done to this, such as user:7 or role:member."),
        Parameter("since", _DAY, "From this day or instant on."),
        Parameter("until", _DAY, "Up to this day, or before this instant."),
        Parameter("_limit", _NUMBER, "Entries in the page; at most page_limit."),
        Parameter("_before", _NUMBER, "Id of the last entry of the page before."),
    ),
)  # fmt: skip
def read_audit_log(call: Call) -> Answer:
    """Read who did what beside writing records, newest first; `next` goes into `_before`."""
    limit = call.limit()
    found = audit.entries(
        actor=call.actor, limit=limit, event=call.text("event"), by=call.number("actor"),
        subject=call.text("subject"), since=call.text("since"), until=call.text("until"),
        before=call.number("_before"),
    )  # fmt: skip
    return Answer({"entries": found, "next": found[-1]["id"] if len(found) == limit else None})


@operation("GET", "/audit/events", tag=TAG, replies={200: Reply("AuditEvents")})
def list_audit_events(call: Call) -> Answer:
    """List the events that the audit log tells of."""
    access.require(call.actor, "read", "the audit log")
    named = [{"name": n, "label": t} for n, t in audit.EVENTS.items()]
    return Answer({"events": named})


@operation(
    "GET", "/generations", tag=TAG, replies={200: Reply("Generations")},
    query=(
        Parameter("_limit", _NUMBER, "Generations in the page; at most page_limit."),
        Parameter("_before", _NUMBER, "The last generation of the page before."),
    ),
)  # fmt: skip
def list_generations(call: Call) -> Answer:
    """List what was changed of the data model, newest first, and by whom."""
    limit = call.limit()
    found = entities.log(actor=call.actor, limit=limit, before=call.number("_before"))
    following = found[-1]["generation"] if len(found) == limit else None
    return Answer({"generations": found, "next": following})


@operation(
    "GET", "/generations/<id:id>/reverse", tag=TAG, replies={200: Reply("Reverse")},
    problems=(404, 409),
)  # fmt: skip
def reverse_generation(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """Return the changes that take a generation back, and what of it can't be brought back.

    Send `changes` to `/entity-types/plan`, and then to `/entity-types/apply`.
    """
    return Answer(entities.reverse(id, actor=call.actor)._asdict())

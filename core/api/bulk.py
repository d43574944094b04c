"""Routes on many records at once: all or nothing, or with `_partial=1` row by row."""

from __future__ import annotations

from typing import Any, Final

from .. import db, records
from ..errors import RelatumError
from ..fields import kind_of
from .operations import Answer, Call, Parameter, Reply, operation
from .records import ACCEPT, FLAG, KEY, TAG, accepted, key_of

PARTIAL: Final = Parameter(
    "_partial", FLAG, "1: write the sound rows and refuse the others one by one."
)
_REPLIES: Final = {200: Reply("BulkResult")}
_PROBLEMS: Final = (409, 422)
#: Rows that name a version may be outdated.
_VERSIONED: Final = (409, 412, 422)


def _rows(call: Call) -> list[dict[str, Any]]:
    body = call.row()
    rows = body.get("records")
    if not isinstance(rows, list) or not rows or len(body) > 1:
        got = kind_of(rows) if len(body) < 2 else f"an object with {', '.join(sorted(body))[:100]}"
        raise RelatumError(
            "bad_body", wanted='{"records": [...]} with at least one record', got=got
        )
    limit = db.settings().bulk_limit
    if len(rows) > limit:
        raise RelatumError("bulk_limit", count=len(rows), limit=limit)
    return rows


def _ways(call: Call) -> dict[str, Any]:
    partial = call.flag("_partial")
    return {"actor": call.actor, "partial": partial, "accept": accepted(call)}


def _results(outcomes: list[records.Outcome]) -> Answer:
    return Answer({"results": [outcome.as_json() for outcome in outcomes]})


@operation(
    "POST", "/records/<type>/bulk", tag=TAG, body="BulkRecordCreate", query=(PARTIAL, ACCEPT),
    replies=_REPLIES, problems=_PROBLEMS,
)  # fmt: skip
def create_records(call: Call, type: str) -> Answer:  # noqa: A002  # the word of the path
    """Create many records."""
    return _results(records.create(type, _rows(call), **_ways(call)))


@operation(
    "PATCH", "/records/<type>/bulk", tag=TAG, body="BulkRecordUpdate", query=(PARTIAL, ACCEPT),
    replies=_REPLIES, problems=_VERSIONED,
)  # fmt: skip
def update_records(call: Call, type: str) -> Answer:  # noqa: A002
    """Change many records; each has its id, and its version if it must be the one that was read."""
    return _results(records.update(type, _rows(call), **_ways(call)))


@operation(
    "PUT", "/records/<type>/bulk", tag=TAG, body="BulkRecordCreate", query=(KEY, PARTIAL, ACCEPT),
    replies=_REPLIES, problems=_PROBLEMS,
)  # fmt: skip
def upsert_records(call: Call, type: str) -> Answer:  # noqa: A002
    """Create many records, or change those that have the same unique key."""
    return _results(records.upsert(type, _rows(call), key=key_of(call), **_ways(call)))


@operation(
    "DELETE", "/records/<type>/bulk", tag=TAG, body="BulkRecordIds", query=(PARTIAL,),
    replies=_REPLIES, problems=_VERSIONED,
)  # fmt: skip
def delete_records(call: Call, type: str) -> Answer:  # noqa: A002
    """Put many records in the trash."""
    return _results(
        records.delete(type, _rows(call), actor=call.actor, partial=call.flag("_partial"))
    )


@operation(
    "POST", "/records/<type>/bulk/restore", tag=TAG, body="BulkRecordIds", query=(PARTIAL, ACCEPT),
    replies=_REPLIES, problems=_VERSIONED,
)  # fmt: skip
def restore_records(call: Call, type: str) -> Answer:  # noqa: A002
    """Take many records out of the trash."""
    return _results(records.restore(type, _rows(call), **_ways(call)))


@operation(
    "POST", "/records/<type>/bulk/purge", tag=TAG, body="BulkRecordIds", query=(PARTIAL,),
    replies=_REPLIES, problems=_PROBLEMS,
)  # fmt: skip
def purge_records(call: Call, type: str) -> Answer:  # noqa: A002
    """Drop many records that are in the trash, for good."""
    return _results(
        records.purge(type, _rows(call), actor=call.actor, partial=call.flag("_partial"))
    )

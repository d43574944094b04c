"""Routes that merge records into one."""

from __future__ import annotations

from typing import Any

from ...schemas.merges import MergeSchema
from .. import records
from ..errors import RelatumError
from . import wire
from .operations import PLAN_ONLY, Answer, Call, Parameter, Reply, operation
from .records import IF_MATCH, TAG, one


@operation(
    "GET", "/records/<type>/<id:id>/merge", tag=TAG,
    query=(
        Parameter(
            "_others", {"type": "string", "pattern": r"^[1-9][0-9]{0,15}(,[1-9][0-9]{0,15})*$"},
            "Ids of the records to be merged into this one, separated by commas.", required=True,
        ),
    ),
    replies={200: Reply("Merging")}, problems=(422,),
)  # fmt: skip
def preview_merge(call: Call, type: str, id: int) -> Answer:  # noqa: A002  # the words of the path
    """Say what merging records into one would move, field by field what survives, and why not."""
    with one():
        return Answer(records.merging(type, id, _others(call), actor=call.actor))


def _others(call: Call) -> list[int]:
    found = (call.text("_others") or "").split(",")
    if not all(text.isascii() and text.isdigit() and len(text) < 17 for text in found):
        reason = "it must be ids of records, separated by commas"
        raise RelatumError("bad_parameter", name="_others", reason=reason)
    return [int(text) for text in found]


@operation(
    "POST", "/records/<type>/<id:id>/merge", tag=TAG, body="Merge", headers=(IF_MATCH,),
    query=(PLAN_ONLY._replace(help="1: only try it, and say what it would do."),),
    replies={200: Reply("Merged", ("ETag",))}, problems=(409, 412, 422, 423),
)  # fmt: skip
def merge_records(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Merge records into one: what points to them points to it, and they go to the trash.

    One change set, which can be undone. Links move also where the caller does not see who has them.
    """
    given: dict[str, Any] = wire.load(MergeSchema, call.body)
    with one():
        done = records.merge(
            type, id, given.pop("others"), actor=call.actor, dry_run=call.flag(PLAN_ONLY.name),
            version=wire.wanted_version(call.headers.get("If-Match")), **given,
        )  # fmt: skip
    return Answer(done, headers={"ETag": wire.etag(done["version"])})

"""Routes on the personal data of somebody: find, export, erase."""

from __future__ import annotations

from typing import Any, Final

from ...schemas.privacy import ErasureSchema, PrivacyRequestSchema
from .. import privacy
from . import wire
from .operations import Answer, Call, Reply, operation

TAG: Final = "privacy"


@operation("GET", "/records/<type>/<id:id>/person", tag=TAG, replies={200: Reply("Traces")})
def find_person(call: Call, type: str, id: int) -> Answer:  # noqa: A002  # words of the path
    """Find a record, and all others with an e-mail address or a phone number of it."""
    found = privacy.traces(type, id, actor=call.actor)
    return Answer({"records": [trace.as_json() for trace in found]})


@operation(
    "POST", "/privacy/export", tag=TAG, body="PrivacyRequest", replies={200: Reply("PersonExport")},
    problems=(404, 422), secret=True,
)  # fmt: skip
def export_person(call: Call) -> Answer:
    """Return all that is held of some records as one document, for the person they are about."""
    given = wire.load(PrivacyRequestSchema, call.body)
    return Answer(privacy.export(_named(given), actor=call.actor))


@operation(
    "POST", "/privacy/erase", tag=TAG, body="Erasure", replies={200: Reply("Certificate")},
    problems=(404, 409, 422),
)  # fmt: skip
def erase_person(call: Call) -> Answer:
    """Erase what is personal of some records for good; the answer is a signed certificate."""
    given = wire.load(ErasureSchema, call.body)
    return Answer(privacy.erase(_named(given), actor=call.actor))


def _named(given: dict[str, Any]) -> list[tuple[str, int]]:
    return [(each["type"], each["id"]) for each in given["records"]]

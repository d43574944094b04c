"""Routes on single records of any type, and lists of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

from .. import query, records, views
from ..errors import REGISTRY, Invalid, RelatumError
from . import wire
from .operations import PREFIX, READ, Answer, Call, Parameter, Reply, operation

TAG: Final = "records"
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 1}
FLAG: Final = {"type": "string", "enum": ["0", "1", "true", "false"]}
IF_MATCH: Final = Parameter(
    "If-Match",
    {**_TEXT, "pattern": r'^("[0-9]{1,15}"|\*)$'},
    "The ETag that was read; 412 if somebody changed the record since.",
    "header",
)
IF_NONE_MATCH: Final = Parameter(
    "If-None-Match", _TEXT, "A known ETag; 304 if it is still true.", "header"
)
_NAMES: Final = "[a-z][a-z0-9_]*(,[a-z][a-z0-9_]*)*"
KEY: Final = Parameter(
    "_key", {**_TEXT, "pattern": f"^{_NAMES}$"},
    "Fields of a unique key, separated by commas.", required=True,
)  # fmt: skip
ACCEPT: Final = Parameter(
    "_accept", {**_TEXT, "pattern": f"^{_NAMES}$"},
    "What is asked and answered with yes, by the keys of confirm_needed, separated by commas.",
)  # fmt: skip
#: Words that choose records besides the filters.
CHOICE: Final = (
    Parameter("_filter", {**_TEXT, "minLength": 2}, "A filter in JSON, for and, or and not."),
    Parameter("_trashed", FLAG, "1: the trash instead."),
    Parameter("_view", _TEXT, "A view to lay the other words over."),
)
EXPAND: Final = Parameter(
    "_expand", _TEXT, "Lists of records that point here to show inside, separated by commas."
)
AS_OF: Final = Parameter(
    "_as_of", {**_TEXT, "minLength": 10, "maxLength": 40},
    "An instant up to now, or a date (the end of that day): values as they were then.",
)  # fmt: skip
#: Words that steer a list; every other parameter is a filter.
LIST: Final = (
    Parameter("_sort", _TEXT, "Fields to sort by, separated by commas; - for descending."),
    Parameter("_limit", _COUNT, "Records in the page; at most page_limit."),
    Parameter("_after", _TEXT, "Cursor: the page after it."),
    Parameter("_before", _TEXT, "Cursor: the page before it."),
    Parameter("_fields", _TEXT, "Fields and paths to show, separated by commas."),
    EXPAND,
    Parameter("_count", FLAG, "1: count the matching records, up to count_cap."),
    AS_OF,
    *CHOICE,
)
GROUPS: Final = (
    Parameter("_group", _TEXT, "Fields to group by, separated by commas; a part as field.month."),
    Parameter("_select", _TEXT, "What to compute, separated by commas: count, sum(amount)."),
    Parameter("_tz", _TEXT, "Time zone of the parts of instants; default: the instance's."),
    LIST[0],
    LIST[1]._replace(help="Groups in the answer; at most page_limit."),
    AS_OF,
    *CHOICE,
)


@operation(
    "GET", "/records/<type>", tag=TAG, query=LIST, filters=True,
    replies={200: Reply("RecordPage", ("Link",))}, problems=(422,),
)  # fmt: skip
def list_records(call: Call, type: str) -> Answer:  # noqa: A002  # the word of the path
    """List records, filtered, sorted and paged by the address.

    A filter is `field=value`, `field__operator=value` or `path.to.field__operator=value`.
    """
    page = query.page(views.from_url(type, call.args, actor=call.actor))
    return Answer(_page(page), headers=_links(call, type, page))


@operation(
    "POST", "/records/<type>/query", tag=TAG, mode=READ, body="Query",
    replies={200: Reply("RecordPage")}, problems=(422,),
)  # fmt: skip
def query_records(call: Call, type: str) -> Answer:  # noqa: A002
    """List records by a query in JSON, the same as in the address."""
    asked = views.from_json(type, call.row(), actor=call.actor)
    return Answer(_page(query.page(asked)))


def _page(page: query.Page) -> dict[str, Any]:
    return {
        "records": page.records,
        "labels": page.labels,
        "next": page.next,
        "previous": page.previous,
        "count": page.count,
    }


def _links(call: Call, type_name: str, page: query.Page) -> dict[str, str]:
    steady = [(name, value) for name, value in call.args if name not in ("_after", "_before")]
    address = f"{PREFIX}/records/{type_name}"
    links = [
        f'<{address}?{urlencode([*steady, (name, cursor)])}>; rel="{relation}"'
        for name, cursor, relation in (
            ("_after", page.next, "next"),
            ("_before", page.previous, "prev"),
        )
        if cursor
    ]
    return {"Link": ", ".join(links)} if links else {}


@operation(
    "GET", "/records/<type>/aggregate", tag=TAG, filters=True, query=GROUPS,
    replies={200: Reply("Groups")}, problems=(422,),
)  # fmt: skip
def aggregate_records(call: Call, type: str) -> Answer:  # noqa: A002
    """Count, sum and average records in groups, by the address."""
    asked = views.from_url(type, call.args, actor=call.actor)
    return _groups(query.aggregate(asked))


@operation(
    "POST", "/records/<type>/aggregate", tag=TAG, mode=READ, body="AggregateQuery",
    replies={200: Reply("Groups")}, problems=(422,),
)  # fmt: skip
def aggregate_records_by_query(call: Call, type: str) -> Answer:  # noqa: A002
    """Count, sum and average records in groups, by a query in JSON."""
    asked = views.from_json(type, call.row(), actor=call.actor)
    return _groups(query.aggregate(asked))


def _groups(found: query.Groups) -> Answer:
    return Answer(found.as_json())


@operation(
    "GET", "/records/<type>/values/<field>", tag=TAG,
    query=(
        Parameter("_starts", {**_TEXT, "maxLength": 100}, "What the values begin with."),
        Parameter("_limit", {**_COUNT, "maximum": 100}, "Values in the answer; default 20."),
    ),
    replies={200: Reply("Values")}, problems=(422,),
)  # fmt: skip
def suggest_values(call: Call, type: str, field: str) -> Answer:  # noqa: A002
    """Suggest tags or options that live records have, in order, each with their number."""
    found = query.suggest(
        type, field, actor=call.actor, starts=(call.text("_starts") or "")[:100],
        limit=call.number("_limit", most=100) or 20,
    )  # fmt: skip
    return Answer({"values": found})


@operation(
    "GET", "/records/<type>/<id:id>", tag=TAG, headers=(IF_NONE_MATCH,),
    query=(EXPAND, AS_OF, Parameter("_trashed", FLAG, "1: also from the trash.")),
    replies={200: Reply("Record", ("ETag",)), 304: Reply(None, ("ETag",))}, problems=(410, 422),
)  # fmt: skip
def read_record(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Read one record; its ETag is its version, and speaks for its parts, not for other lists.

    As of an instant it has no ETag: what was can't be changed. Of one that was merged the problem
    says into which (`merged_into`).
    """
    if call.text("_as_of") is not None:
        return Answer(_then(call, type, id))
    found = records.get(type, id, actor=call.actor, trashed=call.flag("_trashed"))
    tag = wire.etag(found["version"])
    lists = call.text("_expand")
    if lists is not None:
        return Answer({**found, **_lists(call, type, id, lists)}, headers={"ETag": tag})
    if wire.unchanged(call.headers.get("If-None-Match"), tag):
        return Answer(status=304, headers={"ETag": tag})
    return Answer(found, headers={"ETag": tag})


def _then(call: Call, type_name: str, record_id: int) -> dict[str, Any]:
    """Return a record as it stood at the instant that is asked for."""
    at = query.instant(call.text("_as_of") or "")
    if call.text("_expand") is not None:
        raise RelatumError("as_of_refused", name="_expand", reason="it leads to other records")
    if call.flag("_trashed"):
        raise RelatumError("as_of_refused", name="_trashed", reason="the trash has no past")
    return records.get(type_name, record_id, actor=call.actor, as_of=at)


def _lists(call: Call, type_name: str, record_id: int, names: str) -> dict[str, Any]:
    asked = [("id", str(record_id)), ("_fields", "id"), ("_expand", names)]
    if call.flag("_trashed"):
        return {}
    [found] = query.page(query.from_url(type_name, asked, actor=call.actor)).records
    return {name: rows for name, rows in found.items() if name != "id"}


@operation(
    "GET", "/records/<type>/<id:id>/deletion", tag=TAG, replies={200: Reply("Deletion")}
)  # fmt: skip
def preview_deletion(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Say what deleting a record would take along, empty, or be refused for."""
    with one():
        return Answer(records.deletion(type, [id], actor=call.actor))


@operation(
    "GET", "/records/<type>/<id:id>/history", tag=TAG,
    query=(
        Parameter("_limit", {**_COUNT, "maximum": 500}, "Changes in the page."),
        Parameter("_before", _COUNT, "Id of the last change of the page before."),
    ),
    replies={200: Reply("History")},
)  # fmt: skip
def read_history(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Read what happened to a record, newest first; `next` goes into `_before`."""
    limit = call.number("_limit", most=500) or 100
    found = records.history(type, id, actor=call.actor, limit=limit, before=call.number("_before"))
    return Answer({"changes": found, "next": found[-1]["id"] if len(found) == limit else None})


@operation(
    "POST", "/records/<type>", tag=TAG, body="RecordCreate", query=(ACCEPT,),
    replies={201: Reply("Record", ("Location", "ETag"))}, problems=(409, 422),
)  # fmt: skip
def create_record(call: Call, type: str) -> Answer:  # noqa: A002
    """Create one record."""
    with one():
        outcome = records.create(type, [call.row()], actor=call.actor, accept=accepted(call))[0]
    return _written(call, type, outcome)


@operation(
    "PUT", "/records/<type>", tag=TAG, body="RecordCreate", query=(KEY, ACCEPT),
    replies={200: Reply("Record", ("ETag",)), 201: Reply("Record", ("Location", "ETag"))},
    problems=(409, 422),
)  # fmt: skip
def upsert_record(call: Call, type: str) -> Answer:  # noqa: A002
    """Create a record, or change the one that has the same unique key."""
    with one():
        outcome = records.upsert(
            type, [call.row()], key=key_of(call), actor=call.actor, accept=accepted(call)
        )[0]
    return _written(call, type, outcome)


@operation(
    "PATCH", "/records/<type>/<id:id>", tag=TAG, body="RecordUpdate", headers=(IF_MATCH,),
    query=(ACCEPT,),
    replies={200: Reply("Record", ("ETag",))}, problems=(409, 412, 422, 423),
)  # fmt: skip
def update_record(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Change the fields that are sent."""
    row = call.row()
    if row.get("id", id) != id:
        raise RelatumError(
            "bad_parameter", name="id", reason="the body names another record than the address"
        )
    with one():
        rows = [_addressed(call, id, row)]
        outcome = records.update(type, rows, actor=call.actor, accept=accepted(call))[0]
    return _written(call, type, outcome)


@operation(
    "DELETE", "/records/<type>/<id:id>", tag=TAG, headers=(IF_MATCH,),
    replies={204: Reply(None)}, problems=(409, 412, 422, 423),
)  # fmt: skip
def delete_record(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Put a record in the trash."""
    with one():
        records.delete(type, [_addressed(call, id, {})], actor=call.actor)
    return Answer(status=204)


@operation(
    "POST", "/records/<type>/<id:id>/restore", tag=TAG, query=(ACCEPT,),
    replies={200: Reply("Record", ("ETag",))}, problems=(409, 422),
)  # fmt: skip
def restore_record(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Take a record out of the trash."""
    with one():
        outcome = records.restore(type, [{"id": id}], actor=call.actor, accept=accepted(call))[0]
    return _written(call, type, outcome)


@operation(
    "POST", "/records/<type>/<id:id>/purge", tag=TAG, replies={204: Reply(None)},
    problems=(409, 422),
)  # fmt: skip
def purge_record(call: Call, type: str, id: int) -> Answer:  # noqa: A002
    """Drop a record that is in the trash, for good; its history stays."""
    with one():
        records.purge(type, [{"id": id}], actor=call.actor)
    return Answer(status=204)


def _addressed(call: Call, id: int, row: dict[str, Any]) -> dict[str, Any]:  # noqa: A002
    version = wire.wanted_version(call.headers.get("If-Match"))
    return {**row, "id": id} if version is None else {**row, "id": id, "version": version}


def _written(call: Call, type_name: str, outcome: records.Outcome) -> Answer:
    assert outcome.id is not None
    found = records.get(type_name, outcome.id, actor=call.actor)
    headers = {"ETag": wire.etag(found["version"])}
    if outcome.status != "created":
        return Answer(found, headers=headers)
    headers["Location"] = f"{PREFIX}/records/{type_name}/{outcome.id}"
    return Answer(found, 201, headers)


def accepted(call: Call) -> tuple[str, ...]:
    """Return the keys of `_accept`; raise `bad_parameter`."""
    text = call.text("_accept")
    reason = "name keys of confirm_needed, separated by commas"
    return () if text is None else _listed("_accept", text, reason)


def key_of(call: Call) -> tuple[str, ...]:
    """Return the fields of `_key`; raise `bad_parameter`."""
    reason = "name the fields of a unique key, separated by commas"
    return _listed("_key", call.text("_key") or "", reason)


def _listed(word: str, text: str, reason: str) -> tuple[str, ...]:
    if not re.fullmatch(_NAMES, text):
        raise RelatumError("bad_parameter", name=word, reason=reason)
    return tuple(text.split(","))


@contextmanager
def one() -> Iterator[None]:
    """Let the one record's only problem speak with its own status (403, 404, 412, 423)."""
    try:
        yield
    except Invalid as error:
        only = error.problems[0]
        if len(error.problems) > 1 or REGISTRY[only.code].status not in (403, 404, 412, 423):
            raise
        named = RelatumError(only.code, **only.params)
        named.problems = error.problems
        raise named from None

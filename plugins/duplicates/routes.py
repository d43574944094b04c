"""The calls below /api/x/duplicates."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from flask import Blueprint, Response, jsonify, request
from marshmallow import Schema, fields, validate

from relatum import RelatumError, body, jobs, plugin_host, requires, seen

from . import matching, pairs
from .searching import REVIEW, SEARCH

API: Final = Blueprint("api", __name__)
#: Rows that one call compares.
ROWS: Final = 200
asking = plugin_host.asking


class Wanted(Schema):
    """Rows that may be there already."""

    type = fields.String(required=True)
    against = fields.String(allow_none=True, load_default=None)
    records = fields.List(
        fields.Dict(keys=fields.String()), required=True, validate=validate.Length(1, ROWS)
    )


class Two(Schema):
    """Two records."""

    one = fields.Integer(required=True, strict=True)
    other = fields.Integer(required=True, strict=True)


class Type(Schema):
    """A type."""

    type = fields.String(required=True)


@API.post("/find")
@requires(REVIEW)
def find() -> Response:
    """Say which records some rows may be duplicates of, best first, row by row."""
    asked = body(Wanted)
    found = matching.find(asked["type"], asked["records"], actor=asking(), against=asked["against"])
    return jsonify(matches=[[asdict(match) for match in some] for some in found])


@API.get("/pairs")
@requires(REVIEW)
def list_pairs() -> Response:
    """Return the pairs of a `type` that a search has found, most points first; `after` goes on."""
    type_name = seen(asking()).type(request.args.get("type", "")).name
    found, following = pairs.listed(
        type_name, actor=asking(), after=place(request.args.get("after", ""))
    )
    listed = [
        {**each._asdict(), "labels": list(each.labels), "fields": list(each.fields)}
        for each in found
    ]
    return jsonify(pairs=listed, next=",".join(map(str, following)) if following else None)


def place(text: str) -> tuple[int, ...]:
    """Return where a page of pairs begins; raise `bad_parameter`."""
    parts = text.split(",") if text else []
    if len(parts) not in (0, 2) or not all(each.isdecimal() and len(each) < 16 for each in parts):
        raise RelatumError("bad_parameter", name="after", reason="it must be what `next` was")
    return tuple(map(int, parts))


@API.post("/dismiss")
@requires(REVIEW)
def dismiss() -> tuple[str, int]:
    """Remember that two records are not one."""
    asked = body(Two)
    pairs.dismiss(asked["one"], asked["other"], actor=asking())
    return "", 204


@API.post("/search")
@requires(REVIEW)
def search() -> tuple[Response, int]:
    """Start the job that searches all records of a type."""
    asked = body(Type)
    return jsonify(job=jobs.enqueue(SEARCH.name, asked, actor=asking())), 202

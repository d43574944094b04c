"""JSON in and out: strict reading of bodies, fast writing of answers, versions as ETags."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
from flask import Request, request
from marshmallow import RAISE, Schema, ValidationError

from ...schemas.entity_types import flat
from .. import db
from ..changes import dump as dump
from ..errors import Invalid, Problem, RelatumError
from ..fields import kind_of

#: Largest record id and whole number that every JSON reader keeps exact.
ID_LIMIT: Final = 2**53 - 1
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
_ETAG = re.compile(r'"(\d{1,15})"')


def read_json(request: Request, *, plain_text: bool) -> tuple[bytes, Any]:
    """Return the body as bytes and as a value.

    `plain_text` refuses U+0000, which PostgreSQL can't store; field types check their own
    values and name the field. Raises `media_type`, `bad_json`, `json_depth`, `body_too_large`.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != JSON or charset not in ("utf-8", "utf8"):
        raise RelatumError("media_type", got=(request.content_type or "nothing")[:100])
    raw = request.get_data(cache=False)
    if request.content_length is None and len(raw) >= db.settings().body_limit:
        # Sent in chunks: what is beyond the limit was cut off without a word.
        raise RelatumError("body_too_large", limit=db.settings().body_limit)
    if not raw.strip():
        raise RelatumError("bad_json", reason="it is empty")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise RelatumError("bad_json", reason=str(error)) from None
    _check_depth(value, db.settings().json_depth)
    if plain_text and b"\\u0000" in raw and "\0" in _texts(value):
        raise RelatumError(
            "bad_json", reason="it holds the character U+0000, which can't be stored"
        )
    return raw, value


def _check_depth(value: Any, limit: int) -> None:
    level = [value] if isinstance(value, (dict, list)) else []
    depth = 0
    while level:
        depth += 1
        if depth > limit:
            raise RelatumError("json_depth", limit=limit)
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]


def _texts(value: Any) -> str:
    """Return all texts of a value, keys included, in one."""
    if isinstance(value, dict):
        return "".join(key + _texts(item) for key, item in value.items())
    if isinstance(value, list):
        return "".join(map(_texts, value))
    return value if isinstance(value, str) else ""


def an_object(body: Any) -> dict[str, Any]:
    """Return a body that is an object; raise `bad_body`."""
    if not isinstance(body, dict):
        raise RelatumError("bad_body", wanted="an object", got=kind_of(body))
    return body


def load(schema: type[Schema], body: Any) -> dict[str, Any]:
    """Return a body checked by a schema; raise `Invalid` with every problem."""
    try:
        loaded: dict[str, Any] = schema(unknown=RAISE).load(an_object(body))
    except ValidationError as error:
        raise Invalid(
            [
                Problem("value_invalid", {"reason": reason}, field=path)
                for path, reason in flat(error)
            ]
        ) from None
    return loaded


def body(schema: type[Schema] | None = None) -> dict[str, Any]:
    """Return the JSON object that a plugin's call was sent, checked by a schema if there is one.

    Nothing sent is an empty object. Raises what `read_json` and `load` raise.
    """
    value = read_json(request, plain_text=True)[1] if request.get_data() else {}
    return an_object(value) if schema is None else load(schema, value)


def etag(version: int) -> str:
    """Return the ETag of a record's version."""
    return f'"{version}"'


def wanted_version(header: str | None) -> int | None:
    """Return the version that If-Match asks for; None: any."""
    if header is None or header.strip() == "*":
        return None
    found = _ETAG.fullmatch(header.strip())
    if not found:
        reason = 'it must be one version in quotes, as the ETag was, for example "3"'
        raise RelatumError("bad_parameter", name="If-Match", reason=reason)
    return int(found[1])


def unchanged(header: str | None, tag: str) -> bool:
    """Say whether If-None-Match names the ETag that would be sent."""
    if header is None:
        return False
    known = [part.strip().removeprefix("W/") for part in header.split(",")]
    return tag in known or "*" in known

"""The description of the API in OpenAPI 3.1, made from the operations and the catalog.

A stranger gets the generic addresses; whoever may read records gets those of the entity types
that he sees instead, with the fields that he sees. Made once per catalog.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from typing import Any, Final
from weakref import WeakKeyDictionary

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import current_app

from ...version import __version__
from .. import access, db
from ..catalog import Catalog, EntityType
from ..errors import REGISTRY
from . import components, wire
from .gate import COOKIE
from .operations import (
    CHANGE,
    OPERATIONS,
    PREFIX,
    SAFE_METHODS,
    Answer,
    Call,
    Operation,
    Parameter,
    Reply,
    operation,
)
from .records import IF_NONE_MATCH

_KEY: Final = "relatum_openapi"
_ARGUMENT: Final = re.compile(r"<(?:(\w+):)?(\w+)>")
_RECORDS: Final = "/records/<type>"
_ID: Final = {"type": "integer", "minimum": 1, "maximum": wire.ID_LIMIT}
_NAME: Final = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 40}
_IDEMPOTENCY_KEY: Final = Parameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    "Repeat a request with the same key, and it is carried out once.",
    "header",
)
_HEADERS: Final = {
    "ETag": "Version; send it back as If-Match or If-None-Match.",
    "Location": "Address of what was made, or of the type that describes it.",
    "Link": "Addresses of the next and the previous page.",
    "Set-Cookie": "The session's cookie, or the set of plugins that was seen.",
    CHANGE: "The change set that was written, for undo; left out if no record was.",
    "Relatum-Generation": "The set of plugins that is served from now on; send it back to see it.",
    "WWW-Authenticate": "How to authenticate.",
    "Retry-After": "Seconds to wait.",
}
#: Statuses of problems that every operation may answer with.
_ALWAYS: Final = (400, 401, 403, 429, 500, 503)
_ABOUT: Final = f"""A CRM platform made of plugins. Send `Authorization: Bearer TOKEN`, or sign in
at `{PREFIX}/session` and send the session's `csrf` as `X-CSRF-Token` with everything that writes.
Every error is a problem document with a stable `code`; see [the list](/help/errors)."""


@operation(
    "GET", "/openapi.json", tag="description", public=True, headers=(IF_NONE_MATCH,),
    replies={200: Reply("Description", ("ETag",)), 304: Reply(None, ("ETag",))},
)  # fmt: skip
def read_description(call: Call) -> Answer:
    """Read this description; with a credential, of every entity type too."""
    known = access.seen(call.actor)
    tag, text = _cached(known)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    if wire.unchanged(call.headers.get("If-None-Match"), tag):
        return Answer(status=304, headers=headers)
    return Answer(orjson.Fragment(text), headers=headers)


def _cached(known: Catalog) -> tuple[str, bytes]:
    """Return the description of a catalog as somebody sees it, made once per catalog."""
    cache: WeakKeyDictionary[Catalog, tuple[str, bytes]] = current_app.extensions.setdefault(
        _KEY, WeakKeyDictionary()
    )
    made = cache.get(known)
    if made is None:
        text = wire.dump(document(known if known.types else None))
        made = cache[known] = f'"{hashlib.sha256(text).hexdigest()[:24]}"', text
    return made


def document(known: Catalog | None) -> dict[str, Any]:
    """Return the description: generic, or with the types of a catalog."""
    spec = APISpec(
        title="Relatum",
        version=__version__,
        openapi_version="3.1.0",
        info={"description": _ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        plugins=[MarshmallowPlugin(schema_name_resolver=_name)],
    )
    for name, schema in components.MARSHMALLOW.items():
        spec.components.schema(name, schema=schema)
    plain = {**components.plain(), "Description": {"type": "object"}}
    for name, made in plain.items():
        spec.components.schema(name, made)
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("session", _key_in("cookie", COOKIE))
    spec.components.security_scheme("csrf", _key_in("header", "X-CSRF-Token"))
    _add_operations(spec, known)
    found: dict[str, Any] = spec.to_dict()
    return found


def _name(schema: Any) -> str:
    made = schema if isinstance(schema, type) else type(schema)
    return str(made.__name__).removesuffix("Schema")


def _key_in(where: str, name: str) -> dict[str, str]:
    return {"type": "apiKey", "in": where, "name": name}


def _add_operations(spec: APISpec, known: Catalog | None) -> None:
    if known is None:
        for name, made in components.generic().items():
            spec.components.schema(name, made)
    for each in OPERATIONS:
        if known is None or not each.path.startswith(_RECORDS):
            _add(spec, each, None)
    if known is None:
        return
    for entity_type in known.types.values():
        for name, made in components.of_type(entity_type, known).items():
            spec.components.schema(f"{entity_type.name}.{name}", made)
        for each in OPERATIONS:
            if each.path.startswith(_RECORDS):
                _add(spec, each, entity_type)


def _add(spec: APISpec, each: Operation, entity_type: EntityType | None) -> None:
    path = PREFIX + each.path
    if entity_type is not None:
        path = path.replace("<type>", entity_type.name, 1)
    spec.path(
        path=_ARGUMENT.sub(r"{\2}", path),
        operations={each.method.lower(): _described(each, path, entity_type)},
    )


def _described(each: Operation, path: str, entity_type: EntityType | None) -> dict[str, Any]:
    summary, _, more = (inspect.getdoc(each.work) or "").partition("\n\n")
    prefix = "" if entity_type is None else f"{entity_type.name}."
    made: dict[str, Any] = {
        "operationId": prefix + each.name,
        "summary": " ".join(summary.replace("`", "").split()),
        "description": " ".join(more.split()),
        "tags": [each.tag if entity_type is None else entity_type.plural],
        "parameters": _parameters(each, path, entity_type),
        "responses": _responses(each, path, entity_type),
        "security": _security(each),
    }
    if each.body is not None:
        content = {wire.JSON: {"schema": _schema(each.body, entity_type)}}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _schema(name: str, entity_type: EntityType | None) -> dict[str, str]:
    own = entity_type is not None and name in components.OF_RECORDS
    prefix = f"{entity_type.name}." if entity_type is not None and own else ""
    return {"$ref": f"#/components/schemas/{prefix}{name}"}


def _parameters(each: Operation, path: str, entity_type: EntityType | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _ID if kind == "id" else _NAME}
        for kind, name in _ARGUMENT.findall(path)
    ]
    keyed = (_IDEMPOTENCY_KEY,) if each.idempotent_by_key else ()
    found += [
        {
            "name": given.name, "in": given.where, "required": given.required,
            "schema": _limited(given), "description": given.help,
        }
        for given in (*each.query, *each.headers, *keyed)
    ]  # fmt: skip
    if each.filters:
        found.append(components.filters(entity_type))
    return found


def _limited(given: Parameter) -> dict[str, Any]:
    if given.name == "_limit":
        return {"maximum": db.settings().page_limit, **given.schema}
    return dict(given.schema)


def _responses(each: Operation, path: str, entity_type: EntityType | None) -> dict[str, Any]:
    made = {
        str(status): _success(status, reply, entity_type) for status, reply in each.replies.items()
    }
    if each.idempotent_by_key:
        for reply in made.values():
            headers = reply.setdefault("headers", {})
            headers[CHANGE] = _header(_HEADERS[CHANGE])
            headers["Idempotency-Replayed"] = _header(
                "true: the answer to the first request with this key."
            )
    return made | {str(status): _problem(status) for status in sorted(problem_statuses(each))}


def problem_statuses(each: Operation) -> set[int]:
    """Return every status of a problem that an operation may answer with."""
    found = set(_ALWAYS) - ({429} if 429 not in each.problems else set())
    found.update(each.problems)
    if "<" in each.path:
        found.add(404)
    if each.body is not None:
        found.update((413, 415, 422))
    if each.idempotent_by_key:
        found.add(409)
    return found


def _success(status: int, reply: Reply, entity_type: EntityType | None) -> dict[str, Any]:
    words = {200: "Done", 201: "Made", 204: "Done; no body", 304: "Not changed"}
    made: dict[str, Any] = {"description": words[status]}
    if reply.schema is not None:
        made["content"] = {wire.JSON: {"schema": _schema(reply.schema, entity_type)}}
    if reply.headers:
        made["headers"] = {name: _header(_HEADERS[name]) for name in reply.headers}
    return made


def _problem(status: int) -> dict[str, Any]:
    codes = sorted(entry.title for entry in REGISTRY.values() if entry.status == status)
    made: dict[str, Any] = {
        "description": ", ".join(codes[:4]) + ("…" if len(codes) > 4 else ""),
        "content": {wire.PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    header = {401: "WWW-Authenticate", 429: "Retry-After"}.get(status)
    if header is not None:
        made["headers"] = {header: _header(_HEADERS[header])}
    return made


def _header(text: str) -> dict[str, Any]:
    return {"schema": {"type": "string"}, "description": text}


def _security(each: Operation) -> list[dict[str, list[str]]]:
    session: dict[str, list[str]] = {"session": []}
    if each.method not in SAFE_METHODS:
        session["csrf"] = []
    known: list[dict[str, list[str]]] = [{"bearer": []}, session]
    return [{}, *known] if each.public else known

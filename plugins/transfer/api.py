"""The API of transfer: send a file, look into it, take what was refused, export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request, stream_with_context
from werkzeug.utils import secure_filename

from relatum import RelatumError, body, context, imports, reading, requires, uploads

from . import rejects
from .exporting import ENDINGS, TYPES, Export
from .formats import How
from .inspecting import look

IMPORT, EXPORT = "transfer.import", "transfer.export"
API: Final = Blueprint("api", __name__)
#: Room for the words of a form beside the file.
_BESIDE: Final = 65_536


def allow_files() -> None:
    """Let the body of this request be as large as a file may be."""
    request.max_content_length = uploads.limit() + _BESIDE


def attached(body: Iterator[bytes], mimetype: str, name: str) -> Response:
    """Return an answer that browsers save as a file."""
    made = Response(stream_with_context(body), content_type=mimetype)
    safe = secure_filename(name) or "export"
    made.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    made.headers["X-Content-Type-Options"] = "nosniff"
    return made


@API.post("/uploads")
@requires(IMPORT, own=True)
def send() -> tuple[Response, int]:
    """Keep the body of the request as a file; `name` is what it is called."""
    allow_files()
    actor = context().actor
    assert actor is not None
    name = request.args.get("name", "")
    if not name:
        raise RelatumError("bad_parameter", name="name", reason="say what the file is called")
    kept = uploads.keep(name, request.stream, actor=actor)
    return jsonify(id=kept.id, name=kept.name, size=kept.size), 201


@API.get("/uploads/<int:upload>")
@requires(IMPORT, own=True)
def inspect(upload: int) -> Response:
    """Say how a file is written, what is in it and, for a `type`, where its columns may go.

    `use` says which of the maps is proposed; what is missing for it is there as a plan.
    """
    actor = context().actor
    assert actor is not None
    asked = request.args
    found = look(
        upload, actor=actor, type_name=asked.get("type"), how=how_of(asked), use=asked.get("use")
    )
    with reading():
        return jsonify(found.as_json(actor))


def how_of(words: Any) -> How:
    """Return how a file is said to be written by the words of a form or an address."""
    header = words.get("header", "")
    if header and not (header.isdecimal() and len(header) < 8):
        raise RelatumError("bad_parameter", name="header", reason="it must be the number of a line")
    given = {n: words.get(n) or None for n in ("encoding", "delimiter", "sheet")}
    given["delimiter"] = {"tab": "\t"}.get(given["delimiter"] or "", given["delimiter"])
    return How(**given, header=int(header) if header else None)


@API.get("/maps/<type_name>")
@requires(IMPORT)
def saved_maps(type_name: str) -> Response:
    """Return the maps of a type that are saved, by name."""
    actor = context().actor
    assert actor is not None
    return jsonify(maps=[each.as_json() for each in imports.saved(type_name, actor=actor)])


@API.get("/maps/<type_name>/<path:name>")
@requires(IMPORT)
def saved_map(type_name: str, name: str) -> Response:
    """Return one saved map."""
    actor = context().actor
    assert actor is not None
    return jsonify(imports.get_saved(type_name, name, actor=actor).as_json())


@API.put("/maps/<type_name>/<path:name>")
@requires(IMPORT)
def save_map(type_name: str, name: str) -> Response:
    """Save the map in the body under a name; `replace=1` if there may be one already."""
    actor = context().actor
    assert actor is not None
    document, replace = body(), request.args.get("replace") == "1"
    imports.save(type_name, name, document, actor=actor, replace=replace)
    return jsonify(imports.get_saved(type_name, name, actor=actor).as_json())


@API.delete("/maps/<type_name>/<path:name>")
@requires(IMPORT)
def drop_map(type_name: str, name: str) -> tuple[str, int]:
    """Forget a saved map."""
    actor = context().actor
    assert actor is not None
    imports.drop_saved(type_name, name, actor=actor)
    return "", 204


@API.get("/imports/<int:job>/rejects")
@requires(IMPORT, own=True)
def refused(job: int) -> Response:
    """Return the lines that an import has refused, as a file to be corrected."""
    return rejects_of(job)


def rejects_of(job_id: int) -> Response:
    """Return the file of refused lines of a job."""
    actor = context().actor
    assert actor is not None
    with reading():
        job = rejects.job_of(job_id, actor=actor)
    stem = job["arguments"]["name"].rpartition(".")[0] or job["arguments"]["name"]
    return attached(rejects.stream(job, actor), TYPES["csv"], f"{stem}-refused.csv")


@API.get("/imports/<int:job>/lines")
@requires(IMPORT)
def lines(job: int) -> Response:
    """Return lines that an import has noted: `state` refused, or shown by a dry run."""
    actor = context().actor
    assert actor is not None
    rejects.job_of(job, actor=actor)
    state, after = request.args.get("state", imports.REFUSED), request.args.get("after", "0")
    if state not in (imports.REFUSED, imports.SHOWN) or not after.isdecimal():
        raise RelatumError("bad_parameter", name="state", reason="it must be refused or shown")
    kept = imports.lines(job, state, after=int(after[:15]), limit=500)
    return jsonify(lines=[{"line": each.line, **each.data} for each in kept])


@API.get("/export/<type_name>")
@requires(EXPORT, own=True)
def export(type_name: str) -> Response:
    """Return the records of a list as a file; `_format` is csv, xlsx, json, ndjson or vcard."""
    return exported(type_name)


def exported(type_name: str) -> Response:
    """Return the file that the address asks for."""
    actor = context().actor
    assert actor is not None
    args = [(n, v) for n, v in request.args.items(multi=True) if n != "_format"]
    form = request.args.get("_format", "csv")
    with reading():
        made = Export(type_name, args, form, actor=actor)
    return attached(
        made.noted(args).stream(), TYPES[form], f"{type_name}.{ENDINGS.get(form, form)}"
    )

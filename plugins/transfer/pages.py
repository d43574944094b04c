"""The pages of transfer in the desk: send a file, map it, preview, import, and what came of it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, redirect, render_template, request

from relatum import (
    Actor,
    RelatumError,
    catalog,
    changes,
    context,
    fields,
    imports,
    jobs,
    languages,
    may,
    plugin_host,
    reading,
    requires,
    seen,
    transact,
    uploads,
)

from . import lines
from .api import EXPORT, IMPORT, allow_files, exported, how_of, rejects_of
from .cells import text_of
from .formats.texts import ENCODINGS
from .inspecting import Look, look
from .proposing import column_for, targets_of
from .rejects import job_of, sentence

PAGES: Final = Blueprint("pages", __name__, template_folder="templates", static_folder="static")
#: Lines of a preview or of refusals that one page shows, and imports in the list.
_LINES: Final = 50
_IMPORTS: Final = 20
_SAMPLES: Final = 3
#: The name of the form's field for the column at a place, and of what is said of it.
_TO, _BY, _STYLE, _MAKE, _VALUES = "to-{}", "by-{}", "style-{}", "make-{}", "values-{}"
_LINE: Final = "line-{}-{}"
#: The answer after which nobody needs to ask again.
_LAST: Final = 286


def _actor() -> Actor:
    found = context().actor
    assert found is not None
    return found


def _render(template: str, status: int = 200, **values: Any) -> Response:
    """Return a page in the frame of the desk; without the desk there are no pages."""
    if "desk" not in plugin_host.current().active:
        raise RelatumError("not_found", path=request.path)
    body = render_template(f"transfer/{template}", **values)
    return Response(body, status, mimetype="text/html")


def _known() -> catalog.Catalog:
    """Return the data model as the reader sees it, called as people call it in his language."""
    return seen(_actor(), plugin_host.language())


def _away(address: str) -> Response:
    return Response(redirect(address, 303).get_data(), 303, {"Location": address})


def _types() -> list[catalog.EntityType]:
    """Return the types that files go into."""
    known = _known().types.values()
    return sorted((t for t in known if t.trashed_in is None), key=lambda t: t.plural.casefold())


# -- send -----------------------------------------------------------------------------------------
@PAGES.get("/")
@requires(IMPORT)
def start() -> Response:
    """Ask for a file, and list the last imports."""
    return _start(request.args.get("type", ""))


def _start(type_name: str, refused: RelatumError | None = None) -> Response:
    shown = jobs.list_jobs(actor=_actor(), kind="transfer_import", limit=_IMPORTS, details=True)
    return _render(
        "start.html", refused.status if refused else 200, types=_types(), chosen=type_name,
        imports=shown, refused=refused, limit=uploads.limit(),
    )  # fmt: skip


@PAGES.post("/")
@requires(IMPORT, own=True)
def send() -> Response:
    """Keep the file that was sent, and go on to its columns."""
    allow_files()
    type_name = request.form.get("type", "")
    try:
        name, stream = _sent()
        with reading():
            _known().type(type_name)
        kept = uploads.keep(name, stream, actor=_actor())
        look(kept.id, actor=_actor(), type_name=type_name)
    except RelatumError as error:
        if error.status not in (400, 404, 413, 422):
            raise
        with reading():
            return _start(type_name, error)
    return _away(f"/x/transfer/files/{kept.id}?type={type_name}")


def _sent() -> tuple[str, Any]:
    """Return the name and the content of the file in the form."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise RelatumError("bad_parameter", name="file", reason="choose a file")
    return file.filename, file.stream


# -- columns --------------------------------------------------------------------------------------
@PAGES.get("/files/<int:upload>")
@requires(IMPORT, own=True)
def columns(upload: int) -> Response:
    """Show the columns of a file, and where each is proposed to go."""
    type_name = request.args.get("type", "")
    found = look(upload, actor=_actor(), type_name=type_name, how=how_of(request.args))
    return _columns(found, type_name, found.map or {})


def _columns(
    found: Look, type_name: str, document: dict[str, Any], refused: RelatumError | None = None
) -> Response:
    with reading():
        entity_type = _known().type(type_name)
        groups = lines.groups_of(entity_type, _known())
        rows = [
            _row(entity_type, found, document, i, n) | _line(groups, document, n)
            for i, n in enumerate(found.header)
        ]
        targets = targets_of(entity_type)
        keys = [f for f in entity_type.own_fields if f.value_type.ordered and not f.members]
        asked = document.get("key") or _unique(entity_type, document)
        return _render(
            "columns.html", refused.status if refused else 200, type=entity_type, found=found,
            rows=rows, targets=targets, line_lists=groups, lists=lines.asked_of(groups, document),
            keys=keys, key=asked, styles=list(fields.STYLES),
            refused=refused, encodings=_encodings(found.how.encoding),
            mode=request.form.get("mode", "upsert" if asked else "create"),
        )  # fmt: skip


def _encodings(now: str | None) -> list[str]:
    """Return the encodings to choose from, the one at hand among them."""
    return list(dict.fromkeys([*([now] if now else []), "utf-8-sig", "utf-16", *ENCODINGS]))


def _unique(entity_type: catalog.EntityType, document: dict[str, Any]) -> list[str]:
    """Return the unique key that the columns of a file fill, by which records are found."""
    filled = {c["field"] for c in (document.get("columns") or {}).values() if c}
    return next((list(k.fields) for k in entity_type.keys if set(k.fields) <= filled), [])


def _row(
    entity_type: catalog.EntityType, found: Look, document: dict[str, Any], place: int, name: str
) -> dict[str, Any]:
    given = (document.get("columns") or {}).get(name)
    given = {"field": given} if isinstance(given, str) else given or {}
    texts = [cells[place] for cells in found.sample if place < len(cells) and cells[place].strip()]
    field = imports.target_of(_known(), entity_type, given["field"]).field if given else None
    link = isinstance(field, fields.Lookup)
    return {
        "name": name, "samples": list(dict.fromkeys(texts))[:_SAMPLES], "given": given,
        "field": field, "link": link,
        "finders": _finders(field) if link else [],
        "dates": field is not None and field.kind in ("date", "datetime"),
        "numbers": field is not None and field.kind in imports.NUMBERS,
        "values": "\n".join(f"{a} = {b or ''}" for a, b in given.get("values", {}).items()),
    }  # fmt: skip


def _line(groups: list[lines.Group], document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return which lines the column of a name may belong to, and to which it does."""
    given = (document.get("columns") or {}).get(name)
    path = given.get("field", "") if isinstance(given, dict) else given or ""
    group = next((g for g in groups if path.startswith(f"{g.name}.")), None)
    if group is None:
        return {"group": None}
    now = lines.said_of(given) if isinstance(given, dict) else {}
    return {"group": group, "lines": lines.choices_of(group, now), "line": lines.words_of(now)}


def _finders(field: Any) -> list[Any]:
    """Return the fields that records of the other type can be found by."""
    target = _known().type(field.target)
    texts = ("text", "email", "phone", "url", "auto_number", "integer")
    return [f for f in target.fields.values() if f.kind in texts or f.name == "id"]


@PAGES.post("/files/<int:upload>")
@requires(IMPORT, own=True)
def begin(upload: int) -> Response:
    """Take the map, and start a dry run; or show the columns anew for another reading."""
    type_name = request.args.get("type", "")
    found = look(upload, actor=_actor(), type_name=type_name, how=how_of(request.form))
    document = _map(found, type_name)
    if "again" in request.form:
        kept = {n: c for n, c in document["columns"].items() if c is not None}
        return _columns(found, type_name, document if kept else found.map or {})
    key = [name for name in request.form.getlist("key") if name]
    asked: dict[str, Any] = {
        "upload": upload, "type": type_name, "map": document, "how": found.how.as_json(),
        "key": key, "mode": request.form.get("mode", "upsert"),
        "whole": request.form.get("whole") == "1", "dry_run": True,
    }  # fmt: skip
    try:
        with reading():
            imports.Loading(
                type_name, found.header, mapping=imports.load_map(document), actor=_actor(),
                key=key, mode=asked["mode"], loose=True,
            )  # fmt: skip
        job_id = transact(lambda: jobs.enqueue("transfer_import", asked, actor=_actor()))
    except RelatumError as error:
        return _columns(found, type_name, {**document, "key": key}, error)
    return _away(f"/x/transfer/jobs/{job_id}")


def _map(found: Look, type_name: str) -> dict[str, Any]:
    """Return the import map that the form says; what it does not say is found out."""
    with reading():
        entity_type = _known().type(type_name)
        columns = {name: _said(entity_type, found, i) for i, name in enumerate(found.header)}
    return {"relatum_map": 1, "columns": columns, **lines.read(request.form, columns)}


def _said(entity_type: catalog.EntityType, found: Look, place: int) -> dict[str, Any] | None:
    """Return what the form says of the column at a place; None for one that is left out."""
    form, target = request.form, request.form.get(_TO.format(place), "")
    if not target:
        return None
    if _STYLE.format(place) not in form and _BY.format(place) not in form:
        # The field was chosen on this page, which had nothing to ask about it yet.
        texts = [cells[place] for cells in found.sample if place < len(cells)]
        made = column_for(entity_type, target, texts)
        return made | _of_line(entity_type, found, place, target) | _values(place)
    column = {"field": target} | _of_line(entity_type, found, place, target)
    if by := form.get(_BY.format(place)):
        column["by"] = by
    style = form.get(_STYLE.format(place), "")
    if style in fields.STYLES:
        column["date_format"] = style
    elif style in (".", ","):
        column["decimal"] = style
    if form.get(_MAKE.format(place)):
        column["create"] = True
    return column | _values(place)


def _of_line(
    entity_type: catalog.EntityType, found: Look, place: int, target: str
) -> dict[str, Any]:
    """Return which line the column at a place belongs to; if that was not asked yet, a guess."""
    said = request.form.get(_LINE.format(place, target.partition(".")[0]))
    if said is None:
        return lines.guess(entity_type, target, found.header[place])
    return lines.read_words(said)


def _values(place: int) -> dict[str, Any]:
    """Return the texts of a column that mean others, as a map says them."""
    lines = request.form.get(_VALUES.format(place), "").splitlines()
    pairs = (line.partition("=") for line in lines)
    values = {a.strip(): b.strip() or None for a, sign, b in pairs if sign and a.strip()}
    return {"values": values} if values else {}


# -- look, run, result ----------------------------------------------------------------------------
@PAGES.get("/jobs/<int:job>")
@requires(IMPORT)
def show(job: int) -> Response:
    """Show how far an import is, and what came of it."""
    found = job_of(job, actor=_actor())
    fragment, shown = request.headers.get("HX-Request") == "true", _shown(found)
    if not fragment:
        return _render("job.html", **shown)
    part = _render("_job.html", _LAST if shown["over"] else 200, **shown)
    if not shown["over"]:
        part.add_etag()
        part.make_conditional(request)
    return part


def _shown(job: dict[str, Any]) -> dict[str, Any]:
    entity_type = _known().type(job["arguments"]["type"])
    over, rows, refused = job["finished_at"] is not None, [], []
    if over and job["result"]:
        kept = imports.lines(job["id"], imports.SHOWN, limit=_LINES)
        rows = [{"line": each.line, "lines": {}, **each.data} for each in kept]
        refused = [
            {"line": each.line, "reasons": [_told(p) for p in each.data["problems"]]}
            for each in imports.lines(job["id"], imports.REFUSED, limit=_LINES)
        ]
    return {
        "job": job, "over": over, "type": entity_type, "rows": rows, "refused": refused,
        "line_lists": {group.name: group for group in lines.groups_of(entity_type, _known())},
        "result": job["result"] or {}, "asked": job["arguments"],
        "shown": _cell, "undo": over and changes.of_job(job["id"]) is not None,
    }  # fmt: skip


def _told(problem: dict[str, Any]) -> tuple[int, str]:
    """Return the line, and what is wrong with a cell in it in the reader's language."""
    told = languages.sentence(problem["code"], problem["params"], plugin_host.language())
    return problem["line"], sentence({**problem, "message": told})


def _cell(entity_type: catalog.EntityType, name: str, wire: Any) -> str:
    """Return a value of a preview as a text."""
    if isinstance(wire, dict):
        return ", ".join(str(each) for each in wire.values() if each is not None)
    field = entity_type.fields.get(name)
    return text_of(field, wire) if field is not None else str(wire or "")


@PAGES.post("/jobs/<int:job>/run")
@requires(IMPORT)
def go(job: int) -> Response:
    """Import for real what a dry run has looked at."""
    asked = job_of(job, actor=_actor())["arguments"]
    kept = {n: v for n, v in asked.items() if n not in ("dry_run", "name", "size")}
    kept["whole"] = request.form.get("whole") == "1"
    return _away(f"/x/transfer/jobs/{jobs.enqueue('transfer_import', kept, actor=_actor())}")


@PAGES.post("/jobs/<int:job>/stop")
@requires(IMPORT)
def stop(job: int) -> Response:
    """Stop an import after the chunk at hand."""
    jobs.cancel(job_of(job, actor=_actor())["id"], actor=_actor())
    return _away(f"/x/transfer/jobs/{job}")


@PAGES.post("/jobs/<int:job>/undo")
@requires(IMPORT)
def undo(job: int) -> Response:
    """Put back what an import has written, by a job."""
    job_of(job, actor=_actor())
    started = jobs.enqueue("undo", {"job": job}, actor=_actor())
    return _away(f"/jobs/{started}")


@PAGES.get("/jobs/<int:job>/rejects")
@requires(IMPORT, own=True)
def refused_lines(job: int) -> Response:
    """Send the refused lines as a file."""
    return rejects_of(job)


# -- export ---------------------------------------------------------------------------------------
@PAGES.get("/export/<type_name>")
@requires(EXPORT, own=True)
def export(type_name: str) -> Response:
    """Send the records of a list as a file."""
    return exported(type_name)


@PAGES.get("/out/<type_name>")
@requires(EXPORT)
def out(type_name: str) -> Response:
    """Offer the formats of an export: in the menu of a list, or as a page."""
    entity_type = _known().type(type_name)
    words, fragment = request.query_string.decode(), "HX-Request" in request.headers
    shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    if fragment and shown.path == f"/records/{type_name}":
        words = shown.query
    kept = [(n, v) for n, v in parse_qsl(words) if n not in ("_after", "_before")]
    return _render(
        "_out.html" if fragment else "out.html", type=entity_type, asked=urlencode(kept),
        imports=may(_actor(), IMPORT),
    )  # fmt: skip

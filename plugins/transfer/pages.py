"""The pages of transfer in the desk: send a file, preview, import, what came of it; export."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Response, request

from relatum import (
    RelatumError,
    catalog,
    changes,
    imports,
    jobs,
    languages,
    may,
    plugin_host,
    reading,
    requires,
    uploads,
)

from . import lines
from .api import EXPORT, IMPORT, allow_files, exported, rejects_of
from .cards import Cards
from .cells import text_of
from .frame import PAGES, asking, away, is_fragment, known, render, types
from .inspecting import Look, best, look
from .rejects import job_of, sentence

#: Lines of a preview or of refusals that one page shows, and imports in the list.
_LINES: Final = 50
_IMPORTS: Final = 20
#: The answer after which nobody needs to ask again.
_LAST: Final = 286


# -- send -----------------------------------------------------------------------------------------
@PAGES.get("/")
@requires(IMPORT)
def start() -> Response:
    """Ask for a file, and list the last imports."""
    return _start(request.args.get("type", ""))


def _start(type_name: str, refused: RelatumError | None = None) -> Response:
    shown = jobs.list_jobs(actor=asking(), kind="transfer_import", limit=_IMPORTS, details=True)
    return render(
        "start.html", refused.status if refused else 200, types=types(), chosen=type_name,
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
        if type_name:
            with reading():
                known().type(type_name)
        kept = uploads.keep(name, stream, actor=asking())
        found = look(kept.id, actor=asking(), type_name=type_name or None)
        with reading():
            type_name = type_name or _found_out(found)
    except RelatumError as error:
        if error.status not in (400, 404, 413, 422):
            raise
        with reading():
            return _start(type_name, error)
    return away(f"/x/transfer/files/{kept.id}?type={type_name}")


def _found_out(found: Look) -> str:
    """Return the type that the columns of a file speak of."""
    if not found.others:
        for file in found.files:
            # Of a plugin that is not enabled: the error names the type.
            known().type(best(file, asking()))
        reason = "its columns do not say what its rows are. Choose it"
        raise RelatumError("bad_parameter", name="type", reason=reason)
    return found.others[0]


def _sent() -> tuple[str, Any]:
    """Return the name and the content of the file in the form."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise RelatumError("bad_parameter", name="file", reason="choose a file")
    return file.filename, file.stream


# -- look, run, result ----------------------------------------------------------------------------
@PAGES.get("/jobs/<int:job>")
@requires(IMPORT)
def show(job: int) -> Response:
    """Show how far an import is, and what came of it."""
    found = job_of(job, actor=asking())
    shown = _shown(found)
    if not is_fragment():
        return render("job.html", **shown)
    part = render("_job.html", _LAST if shown["over"] else 200, **shown)
    if not shown["over"]:
        part.add_etag()
        part.make_conditional(request)
    return part


def _shown(job: dict[str, Any]) -> dict[str, Any]:
    entity_type = known().type(job["arguments"]["type"])
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
        "line_lists": {group.name: group for group in lines.groups_of(entity_type, known())},
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
    asked = job_of(job, actor=asking())["arguments"]
    kept = {n: v for n, v in asked.items() if n not in ("dry_run", "name", "size")}
    kept["whole"] = request.form.get("whole") == "1"
    return away(f"/x/transfer/jobs/{jobs.enqueue('transfer_import', kept, actor=asking())}")


@PAGES.post("/jobs/<int:job>/stop")
@requires(IMPORT)
def stop(job: int) -> Response:
    """Stop an import after the chunk at hand."""
    jobs.cancel(job_of(job, actor=asking())["id"], actor=asking())
    return away(f"/x/transfer/jobs/{job}")


@PAGES.post("/jobs/<int:job>/undo")
@requires(IMPORT)
def undo(job: int) -> Response:
    """Put back what an import has written, by a job."""
    job_of(job, actor=asking())
    started = jobs.enqueue("undo", {"job": job}, actor=asking())
    return away(f"/jobs/{started}")


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
    entity_type = known().type(type_name)
    words, fragment = request.query_string.decode(), is_fragment()
    shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    if fragment and shown.path == f"/records/{type_name}":
        words = shown.query
    kept = [(n, v) for n, v in parse_qsl(words) if n not in ("_after", "_before")]
    return render(
        "_out.html" if fragment else "out.html", type=entity_type, asked=urlencode(kept),
        imports=may(asking(), IMPORT), cards=Cards(entity_type).are_possible,
    )  # fmt: skip

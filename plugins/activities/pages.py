"""The pages: a record's timeline alone, the composer, ticking tasks, pinning notes, my day."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, Routes, catalog, context, records, requires

from . import composing, day, panel
from .frame import PAGES, USE, asking, away, is_fragment, known, render, said, way_back, zone
from .words import translated


def _seen(type_name: str, id_: int) -> tuple[catalog.EntityType, dict[str, Any]]:
    """Return a record that the reader sees; raise `type_unknown`, `record_unknown`."""
    entity_type = known().type(type_name)
    return entity_type, records.get(type_name, id_, actor=asking())


@PAGES.get("/")
@requires(USE)
def my_day() -> Response:
    """Show what whoever asks has to do today."""
    return render("day.html", **day.shown(asking(), zone()))


@PAGES.get("/timeline/<type_name>/<int:id_>")
@requires(USE)
def show_timeline(type_name: str, id_: int) -> Response:
    """Show a page of a record's timeline, to be put into its page."""
    entity_type, _ = _seen(type_name, id_)
    if not is_fragment():
        asked = request.query_string.decode("ascii", "ignore")
        return away(f"/records/{type_name}/{id_}?{asked}#activities")
    found = panel.of(context(), entity_type, id_, request.args)
    cursor = request.args.get(panel.BEFORE, "")
    template = "_entries.html" if cursor else "_timeline.html"
    return render(template, **panel.shown(found, cursor))


@PAGES.get("/on/<type_name>/<int:id_>")
@requires(USE)
def compose(type_name: str, id_: int) -> Response:
    """Show the composer as a page of its own."""
    entity_type, record = _seen(type_name, id_)
    found = panel.of(context(), entity_type, id_, {})
    return render("new.html", panel=found, record=record, form=request.args)


@PAGES.post("/on/<type_name>/<int:id_>")
@requires(USE)
def write(type_name: str, id_: int) -> Response:
    """Make what the composer says, and show the timeline with it."""
    entity_type, record = _seen(type_name, id_)
    found = panel.of(context(), entity_type, id_, {})
    contact = composing.contact_of(entity_type, record)
    try:
        kind = composing.save(request.form, id_, contact, actor=asking(), zone=zone())
    except RelatumError as error:
        if error.status not in (400, 409, 422):
            raise
        given: dict[str, Any] = {"panel": found, "form": request.form, "refused": error}
        if is_fragment():
            return render("_composer.html", 422, **given)
        return render("new.html", 422, record=record, **given)
    if not is_fragment():
        return away(f"/records/{type_name}/{id_}#activities")
    made = {
        "note": translated("The note is written"), "call": translated("The call is logged"),
        "task": translated("The task is planned"), "meeting": translated("The meeting is planned"),
    }  # fmt: skip
    return said(render("_panel.html", form={}, **panel.shown(found)), made[kind])


@PAGES.post("/task/<int:id_>/done")
@requires(USE)
def tick(id_: int) -> Response:
    """Complete a task, or open it again."""
    done = request.form.get("done") == "1"
    status = "completed" if done else "not_started"
    records.update("task", [{"id": id_, "status": status}], actor=asking())
    if not is_fragment():
        return away(way_back(request.form.get("back", "")))
    entity_type, task = _seen("task", id_)
    part = render("_tick.html", id=id_, label=entity_type.label_of_wire(task), done=done)
    text = translated("Completed: {task}") if done else translated("Open again: {task}")
    return said(part, text.format(task=entity_type.label_of_wire(task)))


@PAGES.post("/note/<int:id_>/pin")
@requires(USE)
def pin(id_: int) -> Response:
    """Let a note stay on top of the timeline, or no longer."""
    pinned = request.form.get("pinned") == "1"
    records.update("note", [{"id": id_, "pinned": pinned}], actor=asking())
    return away(way_back(request.form.get("back", "")))


#: Made when all views are there.
ROUTES: Final = Routes(pages=PAGES)

"""Changes from within a page: one field of a record in place, the trash and back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Response, request

from relatum import RelatumError, catalog, query, records

from .. import ui, values
from ..words import translated
from . import forms


@ui.page("/records/<type_name>/<int:id_>/cell/<name>", "PATCH")
def change_cell(type_name: str, id_: int, name: str) -> Response:
    """Change one field; the answer is what the field shows now, or its editor and why not."""
    entity_type = catalog.current().type(type_name)
    field = entity_type.field(name)
    try:
        row = values.read(entity_type, request.form, [name])
        records.update(type_name, [{"id": id_, **row}], actor=ui.actor())
    except (values.Misread, RelatumError) as error:
        problem = forms.sentence_of(error, name)
        record, labels = _with(type_name, id_, name)
        return ui.render(
            "_editor.html", 422, type=entity_type, id=id_, field=field, problem=problem,
            record=record, labels=labels, sent=request.form,
        )  # fmt: skip
    record, labels = _with(type_name, id_, name)
    answer = ui.render("_cell.html", type=entity_type, record=record, field=field, labels=labels)
    return ui.done(answer, translated("{field} is saved", field=field.label))


@ui.page("/records/<type_name>/<int:id_>/cell/<name>/edit")
def edit_cell(type_name: str, id_: int, name: str) -> Response:
    """Send the editor of one field that is not simple enough to stand ready in the page."""
    entity_type = catalog.current().type(type_name)
    field = entity_type.field(name)
    record, labels = _with(type_name, id_, name)
    return ui.render(
        "_editor.html", type=entity_type, id=id_, field=field, labels=labels,
        record=record, sent=None, problem=None,
    )  # fmt: skip


def _with(type_name: str, id_: int, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a record with a field and what decides on it, and labels of what it points to."""
    by = catalog.current().type(type_name).field(name).controlled_by
    names = [name, by] if by else [name]
    asked = {"filter": {"field": "id", "value": id_}, "fields": names, "limit": 1}
    page = query.page(query.from_json(type_name, asked), actor=ui.actor())
    if not page.records:
        raise RelatumError("record_unknown", type=type_name, id=id_)
    return page.records[0], page.labels


@ui.page("/records/<type_name>/<int:id_>/delete")
def ask_delete(type_name: str, id_: int) -> Response:
    """Say what deleting a record takes along."""
    entity_type = catalog.current().type(type_name)
    label = _label(entity_type, id_)
    plan = records.deletion(type_name, [id_], actor=ui.actor())
    return ui.render("delete.html", type=entity_type, id=id_, label=label, plan=plan)


@ui.page("/records/<type_name>/<int:id_>/delete", "POST")
def delete_record(type_name: str, id_: int) -> Response:
    """Put a record in the trash."""
    label = _label(catalog.current().type(type_name), id_)
    records.delete(type_name, [{"id": id_}], actor=ui.actor())
    answer = ui.away(f"/records/{type_name}")
    return ui.done(answer, translated("{label} is in the trash", label=label))


@ui.page("/records/<type_name>/<int:id_>/restore", "POST")
def restore_record(type_name: str, id_: int) -> Response:
    """Take a record out of the trash."""
    records.restore(type_name, [{"id": id_}], actor=ui.actor())
    answer = ui.away(f"/records/{type_name}/{id_}")
    return ui.done(answer, translated("The record is restored"))


@ui.page("/changes/<int:number>/undo", "POST")
def undo_change(number: int) -> Response:
    """Take back what one write has done; what others changed since stays, and is shown."""
    actor, page = ui.actor(), request.accept_mimetypes.accept_html
    partial = request.form.get("partial") == "1"
    try:
        records.undo(number, actor=actor, partial=partial)
    except RelatumError as error:
        if error.code != "undo_conflict" or not page or partial:
            raise
        plan = records.look(number, actor=actor)
        return ui.render("undo.html", 409, number=number, plan=plan)
    text = translated("Undone")
    if not page:
        return Response(orjson.dumps({"text": text}), mimetype="application/json")
    back = urlsplit(request.headers.get("Referer", ""))
    return ui.done(ui.away(back.path if back.netloc == request.host else "/"), text)


def _label(entity_type: Any, id_: int) -> str:
    return str(entity_type.label_of_wire(records.get(entity_type.name, id_, actor=ui.actor())))

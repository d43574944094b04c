"""Changes from within a page: one field of a record in place, the trash and back."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from relatum import RelatumError, catalog, fields, query, records

from ... import inputs, ui, values, words
from ...words import translated
from . import around, asking, conflict, forms


@ui.page("/records/<type_name>/<int:id_>/cell/<name>", "PATCH")
def change_cell(type_name: str, id_: int, name: str) -> Response:
    """Change one field; the answer is what the field shows now, or its editor and why not."""
    entity_type = words.known().type(type_name)
    field = entity_type.field(name)
    try:
        given = inputs.read(entity_type, request.form, [name])
        saved = conflict.save(entity_type, id_, given)
    except (inputs.Misread, RelatumError) as error:
        problem = forms.sentence_of(error, name)
        record, labels = _with(type_name, id_, name)
        return ui.render(
            "_editor.html", 422, type=entity_type, id=id_, field=field, problem=problem,
            record=record, labels=labels, sent=request.form, asked=asking.asked(error),
            version=request.form.get(conflict.VERSION),
        )  # fmt: skip
    if saved.clashes:
        address = f"/records/{type_name}/{id_}/cell/{name}"
        return conflict.ask(entity_type, id_, saved, address, "patch")
    return ui.done(_cell(entity_type, id_, field), _saved(field, saved))


def _saved(field: fields.Field, saved: conflict.Saved) -> str:
    if saved.kept:
        return saved.said
    return translated("{field} is saved", field=field.label)


@ui.page("/records/<type_name>/<int:id_>/cell/<name>")
def show_cell(type_name: str, id_: int, name: str) -> Response:
    """Send what one field shows now."""
    entity_type = words.known().type(type_name)
    return _cell(entity_type, id_, entity_type.field(name))


def _cell(entity_type: catalog.EntityType, id_: int, field: fields.Field) -> Response:
    record, labels = _with(entity_type.name, id_, field.name)
    full = request.headers.get("HX-Target", "").endswith(f"#p-{field.name}")
    return ui.render(
        "_cell.html", type=entity_type, record=record, field=field, labels=labels, full=full
    )


@ui.page("/records/<type_name>/<int:id_>/cell/<name>/edit")
def edit_cell(type_name: str, id_: int, name: str) -> Response:
    """Send the editor of one field that is not simple enough to stand ready in the page."""
    entity_type = words.known().type(type_name)
    field = entity_type.field(name)
    record, labels = _with(type_name, id_, name)
    # The version that the cell was drawn from: what it did not show is not overwritten unseen.
    version = request.args.get(conflict.VERSION) or record["version"]
    return ui.render(
        "_editor.html", type=entity_type, id=id_, field=field, labels=labels,
        record=record, sent=None, problem=None, version=version,
    )  # fmt: skip


def _with(type_name: str, id_: int, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a record with a field and what decides on it, and labels of what it points to."""
    entity_type = words.known().type(type_name)
    by = entity_type.field(name).controlled_by
    names = [name, "version", *([by] if by else []), *values.code_paths(entity_type, [name])]
    asked = {"filter": {"field": "id", "value": id_}, "fields": names, "limit": 1}
    page = query.page(query.from_json(type_name, asked, actor=ui.actor()))
    if not page.records:
        raise RelatumError("record_unknown", type=type_name, id=id_)
    return page.records[0], page.labels


@ui.page("/records/<type_name>/<int:id_>/delete")
def ask_delete(type_name: str, id_: int) -> Response:
    """Say what deleting a record takes along."""
    entity_type = words.known().type(type_name)
    label = _label(entity_type, id_)
    plan = records.deletion(type_name, [id_], actor=ui.actor())
    return ui.render("delete.html", type=entity_type, id=id_, label=label, plan=plan)


@ui.page("/records/<type_name>/<int:id_>/delete", "POST")
def delete_record(type_name: str, id_: int) -> Response:
    """Put a record in the trash."""
    label = _label(words.known().type(type_name), id_)
    records.delete(type_name, [{"id": id_}], actor=ui.actor())
    answer = ui.away(around.back(type_name))
    return ui.done(answer, translated("{label} is in the trash", label=label))


@ui.page("/records/<type_name>/<int:id_>/restore", "POST")
def restore_record(type_name: str, id_: int) -> Response:
    """Take a record out of the trash; what is in the way of that is shown, with a link to it."""
    entity_type = words.known().type(type_name)
    try:
        records.restore(type_name, [{"id": id_}], actor=ui.actor())
    except RelatumError as error:
        if error.status != 409:
            raise
        return _not_restored(entity_type, id_, error)
    answer = ui.away(f"/records/{type_name}/{id_}{around.still()}")
    return ui.done(answer, translated("The record is restored"))


def _not_restored(entity_type: catalog.EntityType, id_: int, error: RelatumError) -> Response:
    others = [problem.params.get("id") for problem in error.problems]
    labels = query.labels([id_, *(each for each in others if each)], actor=ui.actor())
    return ui.render(
        "restore.html", 409, type=entity_type, id=id_, labels=labels, error=error,
        problems=zip(error.problems, others, strict=True),
    )  # fmt: skip


def _label(entity_type: catalog.EntityType, id_: int) -> str:
    return entity_type.label_of_wire(records.get(entity_type.name, id_, actor=ui.actor()))

"""Forms to make and to change a record; they work without a script."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from relatum import RelatumError, catalog, fields, query, records

from .. import ui, values
from ..words import translated
from . import record as sheets


def writable(entity_type: catalog.EntityType) -> list[fields.Field]:
    """Return the fields that a form asks for, in order: the type's own, then owner and team."""
    own = [f for f in entity_type.own_fields if f.owner != "system" and not f.NUMBERED]
    return [*own, *(f for f in entity_type.own_fields if f.owner == "system")]


@ui.page("/records/<type_name>/new")
def new_record(type_name: str) -> Response:
    """Ask for the values of a new record; the address may give some."""
    entity_type = catalog.current().type(type_name)
    given = {name: value for name, value in request.args.items() if name in entity_type.writable}
    started = {f.name: f.default_value() for f in writable(entity_type)} | given
    computed = {
        f.name for f in writable(entity_type) if started.get(f.name) in (f.DEFAULTS or ("",))
    }
    record = {name: None if name in computed else value for name, value in started.items()}
    return _form(entity_type, record, _labels(entity_type, record))


@ui.page("/records/<type_name>/new", "POST")
def create_record(type_name: str) -> Response:
    """Make a record from the form."""
    entity_type = catalog.current().type(type_name)
    names = [field.name for field in writable(entity_type) if _sent(field)]
    try:
        row = values.read(entity_type, request.form, names)
        given = {name: value for name, value in row.items() if value is not None}
        [made] = records.create(type_name, [given], actor=ui.actor())
    except values.Misread as misread:
        return _again(entity_type, misread.problems)
    except RelatumError as error:
        if error.status not in (409, 422):
            raise
        return _again(entity_type, problems_of(error), str(error))
    answer = ui.away(f"/records/{type_name}/{made.id}")
    return ui.done(answer, translated("{type} is made", type=entity_type.label))


@ui.page("/records/<type_name>/<int:id_>/edit")
def edit_record(type_name: str, id_: int) -> Response:
    """Ask for the changed values of a record."""
    found = sheets.sheet(type_name, id_)
    return _form(found.type, found.record, found.labels)


@ui.page("/records/<type_name>/<int:id_>/edit", "POST")
def change_record(type_name: str, id_: int) -> Response:
    """Change a record by the form; somebody else's change in between is not overwritten."""
    entity_type = catalog.current().type(type_name)
    names = [field.name for field in writable(entity_type) if _sent(field)]
    version = request.form.get("version", "")
    try:
        row = values.read(entity_type, request.form, names)
        expected = {"version": int(version)} if version.isdecimal() else {}
        records.update(type_name, [{"id": id_, **expected, **row}], actor=ui.actor())
    except values.Misread as misread:
        return _again(entity_type, misread.problems, id_=id_)
    except RelatumError as error:
        if error.status not in (409, 412, 422):
            raise
        return _again(entity_type, problems_of(error), str(error), id_=id_)
    answer = ui.away(f"/records/{type_name}/{id_}")
    return ui.done(answer, translated("{type} is saved", type=entity_type.label))


def _sent(field: fields.Field) -> bool:
    """Say whether a form held a field at all."""
    form = request.form
    return any(name in form for name in (field.name, f"{field.name}{values.TYPED}")) or any(
        f"{field.name}.{member}" in form for member in field.members
    )


def problems_of(error: RelatumError) -> dict[str, str]:
    """Return the sentences of an error by field."""
    return {(p.field or "").partition(".")[0]: p.message for p in error.problems}


def _form(
    entity_type: catalog.EntityType, record: dict[str, Any], labels: dict[str, Any], **more: Any
) -> Response:
    status = more.pop("status", 200)
    return ui.render(
        "form.html", status, type=entity_type, fields=writable(entity_type), record=record,
        labels=labels, **{"problems": {}, "refused": None, "sent": None, **more},
    )  # fmt: skip


def _again(
    entity_type: catalog.EntityType, problems: dict[str, str], refused: str | None = None,
    id_: int | None = None,
) -> Response:  # fmt: skip
    """Show a form again as it was sent, with what is wrong beside each field."""
    record = {"id": id_, "version": request.form.get("version")}
    said = None if any(name in problems for name in entity_type.fields) else refused
    return _form(
        entity_type, record, {}, problems=problems, refused=said, sent=request.form, status=422
    )


def _labels(entity_type: catalog.EntityType, record: dict[str, Any]) -> dict[str, Any]:
    """Return what the records are called that a new record is to point to."""
    made: dict[str, Any] = {}
    for field in entity_type.lookups:
        value = record.get(field.name)
        if value and str(value).isdecimal():
            target = catalog.current().type(field.target)
            names = [f.name for f in target.title_fields] or ["id"]
            asked = {"filter": {"field": "id", "value": int(value)}, "fields": names, "limit": 1}
            for found in query.page(query.from_json(target.name, asked), actor=ui.actor()).records:
                label = values.label(target, found)
                made[str(value)] = {"type": target.name, "label": label, "trashed": False}
    return made

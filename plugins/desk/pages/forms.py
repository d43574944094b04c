"""Forms to make and to change a record; they work without a script."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from relatum import RelatumError, catalog, fields, records

from .. import ui, values
from ..words import translated
from . import around, conflict
from . import record as sheets
from .lookups import Labels, labels_of


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
    try:
        given = {name: value for name, value in _read(entity_type).items() if value is not None}
        [made] = records.create(type_name, [given], actor=ui.actor())
    except (values.Misread, RelatumError) as error:
        return _again(entity_type, error)
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
    try:
        saved = conflict.save(entity_type, id_, _read(entity_type))
    except (values.Misread, RelatumError) as error:
        return _again(entity_type, error, id_)
    here = f"/records/{type_name}/{id_}"
    if saved.clashes:
        return conflict.ask(entity_type, id_, saved, f"{here}/edit{around.still()}")
    text = translated("{type} is saved", type=entity_type.label)
    answer = ui.away(f"{here}{around.still()}")
    return ui.done(answer, f"{text}. {saved.said}" if saved.said else text)


def _read(entity_type: catalog.EntityType) -> dict[str, Any]:
    """Return the values that the form sent; raise `values.Misread`."""
    names = [field.name for field in writable(entity_type) if _sent(field)]
    return values.read(entity_type, request.form, names)


def _sent(field: fields.Field) -> bool:
    """Say whether a form held a field at all."""
    form = request.form
    return any(name in form for name in (field.name, f"{field.name}{values.TYPED}")) or any(
        f"{field.name}.{member}" in form for member in field.members
    )


def problems_of(error: values.Misread | RelatumError) -> dict[str, str]:
    """Return the sentences of an error by field; raise what is no fault of the values given."""
    if isinstance(error, values.Misread):
        return error.problems
    if error.status not in (409, 412, 422):
        raise error
    return {(p.field or "").partition(".")[0]: p.message for p in error.problems}


def sentence_of(error: values.Misread | RelatumError, name: str) -> str:
    """Return what an error says of the one field that was given; raise as `problems_of`."""
    found = problems_of(error)
    return found.get(name) or next(iter(found.values()), str(error))


def _form(
    entity_type: catalog.EntityType, record: dict[str, Any], labels: dict[str, Any], **more: Any
) -> Response:
    status = more.pop("status", 200)
    return ui.render(
        "form.html", status, type=entity_type, fields=writable(entity_type), record=record,
        labels=labels, **{"problems": {}, "refused": None, "sent": None, **more},
    )  # fmt: skip


def _again(
    entity_type: catalog.EntityType, error: values.Misread | RelatumError, id_: int | None = None
) -> Response:
    """Show a form again as it was sent, with what is wrong beside each field."""
    problems = problems_of(error)
    record = {"id": id_, "version": request.form.get("version")}
    said = None if any(name in problems for name in entity_type.fields) else str(error)
    return _form(
        entity_type, record, {}, problems=problems, refused=said, sent=request.form, status=422
    )


def _labels(entity_type: catalog.EntityType, record: dict[str, Any]) -> Labels:
    """Return what the records are called that a new record is to point to."""
    wanted: dict[str, list[int]] = {}
    for field in entity_type.lookups:
        value = str(record.get(field.name) or "")
        if value.isdecimal():
            wanted.setdefault(field.target, []).append(int(value))
    made: Labels = {}
    for target, ids in wanted.items():
        made |= labels_of(target, ids)
    return made

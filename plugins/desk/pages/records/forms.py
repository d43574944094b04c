"""Forms to make and to change a record; they work without a script.

A button named `_act` draws a form anew without saving: with one more line, with a line moved, or,
for `restore`, as it is sent.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from flask import Response, request
from werkzeug.datastructures import MultiDict

from relatum import RelatumError, catalog, fields, idempotency, query, records

from ... import inputs, ui, values, words
from ...words import translated
from . import around, asking, conflict, faults, layouts, lines
from .lines import Lines
from .lookups import Labels, labels_of

#: What a form calls the button that was pressed, and the number that tells it from all others.
ACT, ONCE = "_act", "_once"
_ONCE_LIMIT: Final = 60
_UNSENT: Final = object()
#: Where problems without a field are kept among those of fields.
WHOLE: Final = ""


def writable(entity_type: catalog.EntityType) -> list[fields.Field]:
    """Return the fields that a form asks for, in order: the type's own, then owner and team."""
    own = [f for f in entity_type.own_fields if f.owner != "system" and values.asks(f)]
    return [*own, *(f for f in entity_type.own_fields if f.owner == "system")]


@ui.page("/records/<type_name>/new")
def new_record(type_name: str) -> Response:
    """Ask for the values of a new record; the address may give some."""
    entity_type = words.known().type(type_name)
    given = {name: value for name, value in request.args.items() if name in entity_type.writable}
    record = {f.name: _begun(f) for f in writable(entity_type)} | given
    return _form(
        entity_type, record, _labels(entity_type, record), lines=lines.begun(entity_type),
        once=secrets.token_urlsafe(),
    )  # fmt: skip


def _begun(field: fields.Field) -> Any:
    """Return what a new record has in a field before anybody has typed."""
    if field.name == "owner":
        return ui.actor().user_id
    if field.default is None:
        return None
    return field.wire(records.default_of(field, ui.actor()))


@ui.page("/records/<type_name>/new", "POST")
def create_record(type_name: str) -> Response:
    """Make a record from the form; the same form sent again makes no second one."""
    entity_type = words.known().type(type_name)
    held, once = lines.begun(entity_type), request.form.get(ONCE, "")[:_ONCE_LIMIT]
    if ACT in request.form:
        return _acted(entity_type, held)
    known = _kept(once)
    if known is not None:
        if known.digest == _digest():
            return ui.away(known.headers["Location"])
        return _sent_before(entity_type, held, known.headers["Location"])
    try:
        row = read(entity_type, held, new=True)
        [made] = records.create(type_name, [row], actor=ui.actor(), accept=asking.accepted())
    except (inputs.Misread, RelatumError) as error:
        return _again(entity_type, error, held)
    address = f"/records/{type_name}/{made.id}"
    if once:
        answer = idempotency.Kept(_digest(), 303, {"Location": address}, None)
        idempotency.keep(f"desk {once}", answer, actor=ui.actor())
    return ui.done(ui.away(address), translated("{type} is made", type=entity_type.label))


def _kept(once: str) -> idempotency.Kept | None:
    return idempotency.recall(f"desk {once}", actor=ui.actor()) if once else None


def _digest() -> str:
    """Return what tells a form from the same one with other values."""
    sent = repr([pair for pair in request.form.items(multi=True) if pair[0] != ONCE])
    return idempotency.digest_of("POST", request.path, sent)


def _sent_before(entity_type: catalog.EntityType, held: Sequence[Lines], made: str) -> Response:
    """Ask before a form that has made a record makes another one, of other values."""
    said = translated("This form has already made a record. Save again to make another one.")
    return _form(
        entity_type, {}, {}, lines=[lines.again(each, request.form) for each in held],
        problems={WHOLE: said}, made=made, sent=request.form, status=422,
        once=secrets.token_urlsafe(),
    )  # fmt: skip


@ui.page("/records/<type_name>/<int:id_>/edit")
def edit_record(type_name: str, id_: int) -> Response:
    """Ask for the changed values of a record."""
    entity_type = words.known().type(type_name)
    record, labels = one(type_name, id_)
    held = lines.of_record(entity_type, id_, actor=ui.actor())
    return _form(entity_type, record, labels, lines=held)


@ui.page("/records/<type_name>/<int:id_>/edit", "POST")
def change_record(type_name: str, id_: int) -> Response:
    """Change a record by the form; somebody else's change in between is not overwritten."""
    entity_type = words.known().type(type_name)
    held = lines.of_record(entity_type, id_, actor=ui.actor())
    if ACT in request.form:
        return _acted(entity_type, held, id_)
    try:
        saved = conflict.save(entity_type, id_, read(entity_type, held))
    except (inputs.Misread, RelatumError) as error:
        return _again(entity_type, error, held, id_)
    here = f"/records/{type_name}/{id_}"
    if saved.clashes:
        return conflict.ask(entity_type, id_, saved, f"{here}/edit{around.still()}")
    text = translated("{type} is saved", type=entity_type.label)
    answer = ui.away(f"{here}{around.still()}")
    return ui.done(answer, f"{text}. {saved.said}" if saved.said else text)


def one(type_name: str, id_: int) -> tuple[dict[str, Any], Labels]:
    """Return a record with what its links are called; raise `record_unknown`."""
    asked = {"filter": {"field": "id", "value": id_}, "limit": 1}
    page = query.page(query.from_json(type_name, asked, actor=ui.actor()))
    if not page.records:
        raise RelatumError("record_unknown", type=type_name, id=id_)
    return page.records[0], page.labels


def read(
    entity_type: catalog.EntityType, held: Iterable[Lines], *, new: bool = False
) -> dict[str, Any]:
    """Return the values and the lines that the form sent; raise `inputs.Misread`."""
    form = request.form
    problems: dict[str, str] = {}
    names = [field.name for field in writable(entity_type) if inputs.is_sent(field, form)]
    try:
        row = inputs.read(entity_type, form, names)
    except inputs.Misread as misread:
        row, problems = misread.values, dict(misread.problems)
    # What is missing the kernel would say only once all can be read.
    empty = [f.name for f in writable(entity_type) if _is_missing(f, row)]
    if new:
        # What is left empty has no value, unless the kernel knows one that follows from others.
        row = {n: v for n, v in row.items() if v is not None or entity_type.field(n).default}
    try:
        row |= read_lines(held)
    except inputs.Misread as misread:
        problems |= misread.problems
    if problems:
        missing = words.said(fields.Refused("required").problem)
        raise inputs.Misread(dict.fromkeys(empty, missing) | problems, row)
    return row


def _is_missing(field: fields.Field, row: Mapping[str, Any]) -> bool:
    return field.required and row.get(field.name, _UNSENT) in (None, [])


def read_lines(held: Iterable[Lines]) -> dict[str, list[dict[str, Any]]]:
    """Return the lines that the form sent, by the names of their lists; raise `inputs.Misread`."""
    row: dict[str, list[dict[str, Any]]] = {}
    problems: dict[str, str] = {}
    for each in held:
        if not lines.is_sent(request.form, each.name):
            continue
        if lines.is_stale(each, request.form):
            problems[each.name] = translated(
                "Somebody else has changed these lines since. Save again to replace them by yours."
            )
        try:
            row[each.name] = lines.read(each, request.form)
        except inputs.Misread as misread:
            problems |= misread.problems
    if problems:
        raise inputs.Misread(problems, row)
    return row


# -- what is wrong --------------------------------------------------------------------------------
def problems_of(error: inputs.Misread | RelatumError) -> dict[str, str]:
    """Return the sentences of an error by field; raise what is no fault of the values given.

    A member is `address.city`, the field of a line `lines.2.price`, the whole record nothing.
    """
    if isinstance(error, inputs.Misread):
        return error.problems
    if error.status not in (409, 412, 422):
        raise error
    found = {p.field or WHOLE: words.said(p) for p in error.problems}
    return found or {WHOLE: words.said(error)}


def sentence_of(error: inputs.Misread | RelatumError, name: str) -> str:
    """Return what an error says of the one field that was given; raise as `problems_of`."""
    found = problems_of(error)
    return problem_of(found, name) or next(iter(found.values()), words.said(error))


def problem_of(problems: Mapping[str, str], name: str) -> str | None:
    """Return what is wrong with a field, or with a member of it."""
    inside = (said for place, said in problems.items() if place.startswith(f"{name}."))
    return problems.get(name) or next(inside, None)


def placed(problems: Mapping[str, str], held: Iterable[Lines]) -> dict[str, str]:
    """Return problems with the numbers that the form gives to its lines.

    The kernel counts the lines that it was sent; a form has blank ones between them.
    """
    made = dict(problems)
    for each in held:
        numbers = lines.sent_numbers(each, request.form)
        for place in [place for place in made if place.startswith(f"{each.name}.")]:
            _, number, *rest = place.split(".")
            if number.isdecimal() and int(number) < len(numbers):
                said = made.pop(place)
                made[".".join((each.name, f"#{numbers[int(number)]}", *rest))] = said
    return {place.replace(".#", "."): said for place, said in made.items()}


# -- drawing --------------------------------------------------------------------------------------
def _form(
    entity_type: catalog.EntityType, record: Mapping[str, Any], labels: Labels, **more: Any
) -> Response:
    blank: dict[str, Any] = {
        "problems": {},
        "sent": None,
        "lines": [],
        "once": None,
        "made": None,
        "asked": None,
    }
    given = {**blank, **more}
    problems, status = given["problems"], given.pop("status", 200)
    asked = writable(entity_type)
    parts = layouts.parts(entity_type, asked, _needed(asked, record, given))
    in_order = [field for part in parts for field in (*part.seen, *part.folded)]
    given["elsewhere"], given["faults"] = faults.located(in_order, given["lines"], problems)
    template = "_form.html" if ui.is_fragment() else "form.html"
    return ui.render(
        template, status, type=entity_type, record=record, labels=labels, zone=words.zone(),
        parts=parts,
        numbered=[f for f in entity_type.own_fields if f.NUMBERED], problem_of=problem_of, **given,
    )  # fmt: skip


def _needed(
    asked: Iterable[fields.Field], record: Mapping[str, Any], given: Mapping[str, Any]
) -> frozenset[str]:
    """Return the fields that have a value or something wrong, and so must be seen."""
    sent = given["sent"]
    return frozenset(
        field.name
        for field in asked
        if problem_of(given["problems"], field.name)
        or (
            record.get(field.name) not in (None, "", [], False)
            if sent is None
            else not inputs.is_blank(field, sent)
        )
    )


def _again(
    entity_type: catalog.EntityType,
    error: inputs.Misread | RelatumError,
    held: Sequence[Lines],
    id_: int | None = None,
) -> Response:
    """Show a form again as it was sent, with what is wrong beside each field."""
    problems = problems_of(error)
    if not isinstance(error, inputs.Misread):
        problems = placed(problems, held)
    asked = asking.asked(error)
    return _as_sent(entity_type, held, id_, request.form, problems, asked=asked, status=422)


def _acted(
    entity_type: catalog.EntityType, held: Sequence[Lines], id_: int | None = None
) -> Response:
    """Show a form again after a button that saves nothing."""
    form = lines.acted(request.form, request.form[ACT])
    return _as_sent(entity_type, held, id_, form, {})


def _as_sent(
    entity_type: catalog.EntityType,
    held: Sequence[Lines],
    id_: int | None,
    form: MultiDict[str, str],
    problems: Mapping[str, str],
    **more: Any,
) -> Response:
    record: dict[str, Any] = one(entity_type.name, id_)[0] if id_ is not None else {}
    record["version"] = form.get("version")
    return _form(
        entity_type, record, {}, sent=form, problems=problems, once=form.get(ONCE),
        lines=[lines.again(each, form, problems) for each in held], **more,
    )  # fmt: skip


def _labels(entity_type: catalog.EntityType, record: Mapping[str, Any]) -> Labels:
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

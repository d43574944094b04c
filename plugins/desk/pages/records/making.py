"""What forms fetch while somebody fills them in: short forms, tags in use, what is hidden."""

from __future__ import annotations

from typing import Any, Final

import orjson
from flask import Response, request

from relatum import RelatumError, catalog, fields, query, records

from ... import inputs, ui, values, words
from ...words import translated
from . import asking, faults, forms

#: Kinds of title fields that the text of a search is taken as.
_NAMES: Final = frozenset({"text", "long_text", "person_name", "email"})
_FEW: Final = 8


def _asked(entity_type: catalog.EntityType) -> list[fields.Field]:
    """Return the fields of the short form: those of the title, and those that must have a value."""
    titles = {field.name for field in entity_type.title_fields}
    own = [field for field in forms.writable(entity_type) if field.owner != "system"]
    chosen = [f for f in own if f.name in titles or (f.required and f.default is None)]
    return sorted(chosen, key=lambda field: field.name not in titles)


@ui.page("/records/<type_name>/short")
def short_form(type_name: str) -> Response:
    """Ask for what a record can't be without; `q` is what somebody looked for."""
    entity_type = words.known().type(type_name)
    return _short(entity_type, _named(entity_type, request.args.get("q", "").strip()))


@ui.page("/records/<type_name>/short", "POST")
def make_short(type_name: str) -> Response:
    """Make a record by the short form; the answer tells the form that asked of it."""
    entity_type = words.known().type(type_name)
    names = [field.name for field in _asked(entity_type)]
    try:
        sent = inputs.read(entity_type, request.form, names)
        given = {name: value for name, value in sent.items() if value is not None}
        [made] = records.create(type_name, [given], actor=ui.actor(), accept=asking.accepted())
    except (inputs.Misread, RelatumError) as error:
        problems = forms.problems_of(error)
        return _short(
            entity_type, {}, problems=problems, sent=request.form, asked=asking.asked(error),
            status=422,
        )  # fmt: skip
    assert made.id is not None
    record, _ = forms.one(type_name, made.id)
    said = translated("{type} is made", type=entity_type.label)
    if not ui.is_fragment():
        return ui.done(ui.away(f"/records/{type_name}/{made.id}"), said)
    answer = ui.done(Response(status=204), said)
    told = orjson.loads(answer.headers["HX-Trigger"])
    told["ui:made"] = {"id": made.id, "label": entity_type.label_of_wire(record)}
    answer.headers["HX-Trigger"] = orjson.dumps(told).decode("ascii", "backslashreplace")
    return answer


def _named(entity_type: catalog.EntityType, text: str) -> dict[str, Any]:
    """Return the values of a new record that is called so, as far as the text says them."""
    first = next(iter(entity_type.title_fields), None)
    if first is None or not text or values.kind(first) not in _NAMES:
        return {}
    try:
        return {first.name: first.wire(first.parse(text))}
    except fields.Refused:
        return {}


def _short(entity_type: catalog.EntityType, record: dict[str, Any], **more: Any) -> Response:
    given = {"problems": {}, "sent": None, "asked": None, **more}
    status = given.pop("status", 200)
    asked = _asked(entity_type)
    given["elsewhere"], given["faults"] = faults.located(asked, [], given["problems"])
    return ui.render(
        "_short.html", status, type=entity_type, fields=asked, record=record,
        problem_of=forms.problem_of, **given,
    )  # fmt: skip


@ui.page("/records/<type_name>/suggest/<name>")
def suggest(type_name: str, name: str) -> Response:
    """Offer the values that a field of several values has in use."""
    text = request.args.get("q", "").strip()
    found = query.suggest(type_name, name, actor=ui.actor(), starts=text, limit=_FEW)
    return ui.render("_suggestions.html", found=found)


@ui.page("/records/<type_name>/<int:id_>/secret/<name>")
def reveal(type_name: str, id_: int, name: str) -> Response:
    """Show the value of an encrypted field, which no other page holds."""
    entity_type = words.known().type(type_name)
    field = entity_type.field(name)
    record, _ = forms.one(type_name, id_)
    template = "_secret.html" if ui.is_fragment() else "secret.html"
    return ui.render(
        template, type=entity_type, field=field, record=record, value=record[field.name],
        label=entity_type.label_of_wire(record),
    )  # fmt: skip

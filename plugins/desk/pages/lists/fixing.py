"""A move that an option refuses for want of values: those are asked for, and saved with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import Response, request

from relatum import RelatumError, catalog, fields, records

from ... import inputs, ui, values, words
from ...words import translated
from ..records import faults, forms

#: Words of the address: the choice, and the option that the record is to get.
BY: Final = "_by"
TO: Final = "_to"
NEEDS: Final = "option_needs"


def address(entity_type: catalog.EntityType, id_: int, by: fields.Field, value: str) -> str:
    """Return where the values are asked for that a move lacks."""
    words_ = urlencode({BY: by.name, TO: value})
    return f"/records/{entity_type.name}/{id_}/move?{words_}"


def is_fixable(entity_type: catalog.EntityType, error: RelatumError) -> bool:
    """Say whether a refusal names nothing but values that whoever asks can give."""
    asked = _missing(error.problems)
    return bool(asked) and len(asked) == len(error.problems) and asked <= entity_type.writable


def _missing(problems: Iterable[Any]) -> set[str]:
    return {problem.field for problem in problems if problem.code == NEEDS}


@ui.page("/records/<type_name>/<int:id_>/move")
def ask_missing(type_name: str, id_: int) -> Response:
    """Ask for the values that a record needs with another option."""
    entity_type = words.known().type(type_name)
    by, option = _wanted(entity_type)
    record, labels = forms.one(type_name, id_)
    asked = [name for name in option.needs if record.get(name) in (None, [])]
    return _form(entity_type, by, option, record, asked, labels=labels)


@ui.page("/records/<type_name>/<int:id_>/move", "POST")
def move_with(type_name: str, id_: int) -> Response:
    """Give a record an option and the values that it needs, in one change."""
    entity_type = words.known().type(type_name)
    by, option = _wanted(entity_type)
    record, labels = forms.one(type_name, id_)
    asked = [name for name in option.needs if _is_asked(entity_type, name)]
    try:
        given = inputs.read(entity_type, request.form, asked)
        version = ui.whole(request.form.get("version", "")) or record["version"]
        row = {"id": id_, "version": version, by.name: option.value, **given}
        records.update(type_name, [row], actor=ui.actor())
    except (inputs.Misread, RelatumError) as error:
        problems = forms.problems_of(error)
        more = [name for name in option.needs if name in problems and name not in asked]
        return _form(
            entity_type, by, option, record, [*asked, *more], labels=labels, problems=problems,
            sent=request.form, status=422,
        )  # fmt: skip
    said = translated("{field} is {value}", field=by.label, value=option.label)
    if not ui.is_fragment():
        return ui.done(ui.away(f"/records/{type_name}/board?{urlencode({BY: by.name})}"), said)
    answer = ui.done(Response(status=204), said)
    told = orjson.loads(answer.headers["HX-Trigger"])
    told["ui:moved"] = {"id": id_, "to": option.value}
    answer.headers["HX-Trigger"] = orjson.dumps(told).decode("ascii", "backslashreplace")
    return answer


def _is_asked(entity_type: catalog.EntityType, name: str) -> bool:
    return inputs.is_sent(entity_type.field(name), request.form)


def _wanted(entity_type: catalog.EntityType) -> tuple[fields.Field, fields.Option]:
    """Return the choice and the option that the address names."""
    by = entity_type.field(request.args.get(BY, ""))
    value = request.args.get(TO, "")
    for option in values.options(by):
        if option.value == value:
            return by, option
    reason = translated("'{name}' is no option of {field}", name=value[:80], field=by.label)
    raise RelatumError("bad_parameter", name=TO, reason=reason)


def _form(
    entity_type: catalog.EntityType,
    by: fields.Field,
    option: fields.Option,
    record: dict[str, Any],
    names: list[str],
    **more: Any,
) -> Response:
    given = {"problems": {}, "sent": None, **more}
    status = given.pop("status", 200)
    asked = [entity_type.field(name) for name in names]
    given["elsewhere"], given["faults"] = faults.located(asked, [], given["problems"])
    template = "_move.html" if ui.is_fragment() else "move.html"
    return ui.render(
        template, status, type=entity_type, by=by, option=option, record=record, fields=asked,
        action=address(entity_type, record["id"], by, option.value),
        label=entity_type.label_of_wire(record), problem_of=forms.problem_of, zone=words.zone(),
        **given,
    )  # fmt: skip

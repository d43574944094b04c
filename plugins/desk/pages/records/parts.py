"""The lines of a record alone: as a card of its page, and as a form that saves just them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Response, request

from relatum import RelatumError, records

from ... import inputs, ui, words
from ...words import translated
from . import asking, faults, forms, lines
from .lines import Lines

#: The header by which a script says which page is shown.
_SHOWN: Final = "HX-Current-URL"


@ui.page("/records/<type_name>/<int:id_>/lines/<name>/card")
def show_lines(type_name: str, id_: int, name: str) -> Response:
    """Send the card that shows the lines of a record; a whole page of it is the record's."""
    if not ui.is_fragment():
        return ui.away(f"/records/{type_name}/{id_}")
    entity_type = words.known().type(type_name)
    return ui.render("_lines.html", type=entity_type, id=id_, each=_held(type_name, id_, name))


@ui.page("/records/<type_name>/<int:id_>/lines/<name>")
def edit_lines(type_name: str, id_: int, name: str) -> Response:
    """Ask for the lines of a record."""
    return _form(type_name, id_, _held(type_name, id_, name))


@ui.page("/records/<type_name>/<int:id_>/lines/<name>", "POST")
def change_lines(type_name: str, id_: int, name: str) -> Response:
    """Save the lines of a record by the form, all or none."""
    # The version first: whoever writes in between is noticed by it.
    now, _ = forms.one(type_name, id_)
    held = _held(type_name, id_, name)
    if forms.ACT in request.form:
        form = lines.acted(request.form, request.form[forms.ACT])
        return _form(type_name, id_, lines.again(held, form), sent=form)
    try:
        row = {"id": id_, "version": now["version"], **forms.read_lines([held])}
        records.update(type_name, [row], actor=ui.actor(), accept=asking.accepted())
    except (inputs.Misread, RelatumError) as error:
        problems: Mapping[str, str] = forms.problems_of(error)
        if not isinstance(error, inputs.Misread):
            problems = forms.placed(problems, [held])
        again = lines.again(held, request.form, problems)
        return _form(
            type_name, id_, again, sent=request.form, problems=problems,
            asked=asking.asked(error), status=422,
        )  # fmt: skip
    said = translated("{type} are saved", type=held.label)
    # Within the page of the record the card comes back; from the page of its own, the record.
    if not ui.is_fragment() or urlsplit(request.headers.get(_SHOWN, "")).path == request.path:
        return ui.done(ui.away(f"/records/{type_name}/{id_}"), said)
    entity_type = words.known().type(type_name)
    card = ui.render("_lines.html", type=entity_type, id=id_, each=_held(type_name, id_, name))
    return ui.done(card, said)


def _held(type_name: str, id_: int, name: str) -> Lines:
    entity_type = words.known().type(type_name)
    lines.relation(entity_type, name)
    [found] = lines.of_record(entity_type, id_, [name], actor=ui.actor())
    return found


def _form(type_name: str, id_: int, each: Lines, **more: Any) -> Response:
    entity_type = words.known().type(type_name)
    record, _ = forms.one(type_name, id_)
    given = {"problems": {}, "sent": None, **more}
    status = given.pop("status", 200)
    given["elsewhere"], given["faults"] = faults.located([], [each], given["problems"])
    template = "_lines_form.html" if ui.is_fragment() else "lines.html"
    return ui.render(
        template, status, type=entity_type, id=id_, each=each, record=record,
        label=entity_type.label_of_wire(record), problem_of=forms.problem_of, **given,
    )  # fmt: skip

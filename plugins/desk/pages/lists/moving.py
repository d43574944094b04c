"""A card or an event that is moved: one change of a record, or a sentence why it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, request

from relatum import RelatumError, catalog, fields, records

from ... import ui
from ...words import translated
from ..records import forms
from . import fixing

#: Where the mover has seen a record; who finds it elsewhere by now is told so.
WAS = "was"
#: The header of a refusal that says where the values are asked for that were missing.
FIX = "X-Fix"


def moved(
    entity_type: catalog.EntityType,
    by: fields.Field,
    row_of: Callable[[dict[str, Any]], dict[str, Any]],
    said: Callable[[dict[str, Any], dict[str, Any]], str],
    *,
    place_of: Callable[[Any], str] = str,
) -> dict[str, Any] | Response:
    """Change the record that the form names; return {text, undo}, or the answer that refuses.

    `row_of` returns the values that change, of the record as it is; `said` what to say of record
    and values; `place_of` the place that a value of `by` stands for, as the form says it in `was`.
    """
    id_ = request.form.get("id", "")
    if not id_.isdecimal():
        raise RelatumError("bad_parameter", name="id", reason="it must be the id of a record")
    record = records.get(entity_type.name, int(id_), actor=ui.actor())
    was = request.form.get(WAS)
    if was is not None and was != place_of(record[by.name]):
        return _refused(_elsewhere(entity_type, record), 409)
    row = row_of(record)
    given = {"id": int(id_), "version": record["version"], **row}
    try:
        records.update(entity_type.name, [given], actor=ui.actor())
    except RelatumError as error:
        if error.code == "version_mismatch":
            return _refused(_elsewhere(entity_type, record), 409)
        answer_ = _refused(forms.sentence_of(error, by.name), error.status)
        if fixing.is_fixable(entity_type, error) and by.name in row:
            answer_.headers[FIX] = fixing.address(entity_type, int(id_), by, row[by.name])
        return answer_
    return {"text": said(record, row), "undo": ui.way_back() or ""}


def answer(found: dict[str, Any] | Response) -> Response:
    """Return what a script is told of a move."""
    if isinstance(found, Response):
        return found
    return Response(orjson.dumps(found), mimetype="application/json")


def _elsewhere(entity_type: catalog.EntityType, record: dict[str, Any]) -> str:
    label = entity_type.label_of_wire(record)
    return translated("Somebody else has moved {label} meanwhile. Load the page anew.", label=label)


def _refused(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/plain")

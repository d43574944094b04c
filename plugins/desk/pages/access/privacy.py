"""The personal data of whom a record is about: where it is, a copy of it, and its erasure."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
from flask import Response, request

from relatum import RelatumError, changes, privacy, reading, transact

from ... import ui, words
from ...words import translated


@ui.page("/records/<type_name>/<int:record_id>/person")
def person(type_name: str, record_id: int) -> Response:
    """Show the records of a person, and what of them is personal."""
    return _page(type_name, record_id)


def _page(type_name: str, record_id: int, status: int = 200, **more: Any) -> Response:
    found = privacy.traces(type_name, record_id, actor=ui.actor())
    known = words.known()
    chosen = _chosen() or [(type_name, record_id)]
    return ui.render(
        "privacy.html", status, type=known.type(type_name), id=record_id, traces=found,
        types=known.types, chosen=chosen, certificate=None, **more,
    )  # fmt: skip


def _chosen() -> list[tuple[str, int]]:
    """Return the records that the form names."""
    found = []
    for text in request.form.getlist("record"):
        name, _, number = text.partition(":")
        found.append((name, ui.whole(number) or 0))
    return found


@ui.page("/records/<type_name>/<int:record_id>/person/export", "POST", own=True)
def export_person(type_name: str, record_id: int) -> Response:
    """Send all that is held of the chosen records as one document."""
    actor, chosen = ui.actor(), _chosen()
    try:
        document = transact(lambda: privacy.export(chosen, actor=actor))
    except RelatumError as error:
        return _refused(type_name, record_id, error)
    body = _written(document)
    made = Response(body, mimetype="application/json")
    name = f"person-{type_name}-{record_id}.json"
    made.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return made


@ui.page("/records/<type_name>/<int:record_id>/person/erase", "POST", own=True)
def erase_person(type_name: str, record_id: int) -> Response:
    """Erase what is personal of the chosen records, and show the certificate."""
    actor, chosen = ui.actor(), _chosen()
    if "sure" not in request.form:
        with reading():
            said = translated("Say that you know that this can't be undone.")
            return _page(type_name, record_id, 422, refused=said)
    try:
        made = transact(lambda: privacy.erase(chosen, actor=actor))
    except RelatumError as error:
        return _refused(type_name, record_id, error)
    text = _written(made)
    with reading():
        return ui.render(
            "privacy.html", type=words.known().type(type_name), id=record_id, certificate=made,
            text=text.decode(), file=b64encode(text).decode(),
        )  # fmt: skip


def _written(document: dict[str, Any]) -> bytes:
    """Return a document as people read it; instants and decimals as the API shows them."""
    return orjson.dumps(orjson.loads(changes.dump(document)), option=orjson.OPT_INDENT_2)


def _refused(type_name: str, record_id: int, error: RelatumError) -> Response:
    if error.status not in (400, 409, 422):
        raise error
    with reading():
        return _page(type_name, record_id, error.status, refused=words.reasons(error))

"""What can be done with selected records: into the trash, after a look, and out of it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from flask import Response, request

from relatum import RelatumError, plugin_host, records

from ... import ui, values, words
from ...words import translated
from ..records.lookups import labels_of
from . import lists
from .filters import Args


def selected() -> list[int]:
    """Return the records that were selected, each once."""
    given = request.values.getlist("id")
    return list(dict.fromkeys(int(id_) for id_ in given if id_.isdecimal()))


def place() -> Args:
    """Return the words of the list that the records were selected in."""
    return [pair for pair in parse_qsl(request.values.get("back", "")) if pair[1]]


@ui.page("/records/<type_name>/trash")
def ask_trash(type_name: str) -> Response:
    """Say what putting the selected records in the trash takes along."""
    entity_type, ids = words.known().type(type_name), plugin_host.selected()
    plan = records.deletion(type_name, ids, actor=ui.actor())
    refused = {ids[problem["row"]]: words.said(problem) for problem in plan["errors"]}
    along = {name: n for name, n in plan["deleted"].items() if name != type_name or n > len(ids)}
    return ui.beside(
        "_trash.html", translated("Trash"), entity_type,
        plugin_host.list_of_selection(type_name), ids=ids, plan=plan, refused=refused,
        rest=[id_ for id_ in ids if id_ not in refused], along=along,
        labels=labels_of(type_name, [*refused] or ids[:1]), back=urlencode(place()),
    )  # fmt: skip


@ui.page("/records/<type_name>/trash", "POST")
def trash_records(type_name: str) -> Response:
    """Put the selected records in the trash."""
    ids = plugin_host.selected()
    try:
        records.delete(type_name, [{"id": id_} for id_ in ids], actor=ui.actor())
    except RelatumError as error:
        return _refused(type_name, error)
    text = translated("{records} in the trash", records=values.type_label(type_name, len(ids)))
    return ui.done(_back(type_name), text)


@ui.page("/records/<type_name>/untrash", "POST")
def untrash_records(type_name: str) -> Response:
    """Take the selected records out of the trash, with what went along."""
    ids = plugin_host.selected()
    try:
        records.restore(type_name, [{"id": id_} for id_ in ids], actor=ui.actor())
    except RelatumError as error:
        return _refused(type_name, error)
    text = translated("{records} restored", records=values.type_label(type_name, len(ids)))
    return ui.done(_back(type_name), text)


def _back(type_name: str) -> Response:
    """Return the list as it is now, or the way there."""
    if ui.is_fragment():
        return lists.shown(type_name, place())
    return ui.away(plugin_host.list_of_selection(type_name))


def _refused(type_name: str, error: RelatumError) -> Response:
    """Show the list with what is wrong; nothing of it was written."""
    if error.status not in (404, 409, 422):
        raise error
    told = "; ".join(dict.fromkeys(map(words.said, error.problems))) or words.said(error)
    return lists.shown(type_name, place(), told)

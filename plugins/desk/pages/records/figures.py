"""What lines come to while somebody types them: worked out as if they were saved, and not kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Response, jsonify, request

from relatum import RelatumError, catalog, records

from ... import inputs, ui, words
from . import forms, lines
from .lines import Lines


@ui.page("/records/<type_name>/figures/<name>", "POST")
def show_figures(type_name: str, name: str) -> Response:
    """Say what the lines of a form come to; nothing where the form can't be saved as it is.

    `id` in the address names the record of the form. Answers {"lines": {number: [[label, value]]},
    "sums": {field: value}, "code": {field: currency}}.
    """
    entity_type, id_ = words.known().type(type_name), ui.whole(request.args.get("id", ""))
    held = _held(entity_type, name, id_)
    try:
        row = forms.read(entity_type, [held], new=id_ is None)
        [outcome] = _tried(type_name, row, id_)
    except (inputs.Misread, RelatumError):
        return jsonify(lines={}, sums={})
    found = dict(_figures(held, outcome.parts.get(name, ())))
    whole = {**held.whole, **{n: now for n, (_, now) in (outcome.changes or {}).items()}}
    then = lines.of_whole(held, whole)
    return jsonify(
        lines={number: then.said(record) for number, record in found.items()},
        sums={f.name: then.sum_of(f, found.values()) for f in held.computed},
    )


def _held(entity_type: catalog.EntityType, name: str, id_: int | None) -> Lines:
    lines.relation(entity_type, name)
    if id_ is None:
        return next(each for each in lines.begun(entity_type) if each.name == name)
    [found] = lines.of_record(entity_type, id_, [name], actor=ui.actor())
    return found


def _tried(type_name: str, row: dict[str, Any], id_: int | None) -> Sequence[records.Outcome]:
    if id_ is None:
        return records.create(type_name, [row], actor=ui.actor(), dry_run=True)
    return records.update(type_name, [{"id": id_, **row}], actor=ui.actor(), dry_run=True)


def _figures(
    held: Lines, outcomes: Sequence[records.Outcome]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each line in the form, and what it would hold."""
    known = {outcome.id: outcome for outcome in outcomes if outcome.id is not None}
    fresh = iter([outcome for outcome in outcomes if outcome.status == "created"])
    stored = {line.record["id"]: line.record for line in held.lines if "id" in line.record}
    for number in lines.sent_numbers(held, request.form):
        id_ = ui.whole(request.form.get(f"{held.name}.{number}.id", ""))
        outcome = next(fresh, None) if id_ is None else known.get(id_)
        now = {name: then for name, (_, then) in _changes(outcome).items()}
        yield number, {**stored.get(id_ or 0, {}), **now}


def _changes(outcome: records.Outcome | None) -> Mapping[str, tuple[Any, Any]]:
    return (outcome.changes if outcome is not None else None) or {}

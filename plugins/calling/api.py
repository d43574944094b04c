"""The calls below /api/x/calling: fill a list, take the next one, note the outcome, progress."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request
from marshmallow import Schema, fields

from relatum import Actor, body, catalog, changes, plugin_host, query, requires, views

from . import filling, outcomes, people, progress, queueing
from .frame import USE, Row, list_of

API: Final = Blueprint("api", __name__)
asking = plugin_host.asking


class Wanted(Schema):
    """Who is put on a list: records of a type, by a view, a filter or both."""

    type = fields.String(required=True)
    view = fields.String(allow_none=True)
    filter = fields.Dict(keys=fields.String(), allow_none=True)
    sort = fields.List(fields.String(), allow_none=True)


class Came(Schema):
    """What came of a call."""

    outcome = fields.String(required=True)
    note = fields.String(allow_none=True)
    next_call_at = fields.String(allow_none=True)
    duration = fields.Raw(allow_none=True)
    version = fields.Integer(strict=True, allow_none=True)


def words_of(given: Row, actor: Actor) -> Row:
    """Return filter and order of a question, those of its view among them."""
    name, type_name = given.get("view"), given["type"]
    base = views.get(type_name, name, actor=actor)["query"] if name else {}
    own = {n: given[n] for n in ("filter", "sort") if given.get(n) is not None}
    return query.over({n: v for n, v in base.items() if n in ("filter", "sort")}, own)


@API.post("/lists/<int:list_id>/fill")
@requires(USE)
def fill(list_id: int) -> Response:
    """Put records on a list; with `_dry_run=1` say who would be, and write nothing."""
    actor, given = asking(), body(Wanted)
    filling.require_type(given["type"])
    words = words_of(given, actor)
    if request.args.get("_dry_run") in ("1", "true"):
        return jsonify(filling.look(list_id, given["type"], words, actor=actor).as_json())
    done = filling.fill(list_id, given["type"], words, actor=actor)
    return jsonify(**done.as_json(), change_set=changes.number())


@API.post("/lists/<int:list_id>/next")
@requires(USE)
def take(list_id: int) -> Response:
    """Give whoever asks somebody to call, who is his for some minutes."""
    actor = asking()
    if queueing.take(list_id, actor=actor) is None:
        row = list_of(list_id, actor)
        return jsonify(target=None, next_call_at=queueing.waiting(row, actor=actor),
                       opens_at=queueing.closed_until(row))  # fmt: skip
    target = queueing.current(list_id, actor=actor)
    assert target is not None
    return jsonify(_shown(list_id, target, actor))


def _shown(list_id: int, target: Row, actor: Actor) -> Row:
    found, row = people.person_of(target, actor), list_of(list_id, actor)
    assert found is not None
    type_name, person = found
    hold = queueing.holder(target["id"])
    called = query.labels([person["id"]], actor=actor)
    told = people.values_of(type_name, person, actor=actor, language="en")
    return {
        "target": target["id"], "version": target["version"], "attempts": target["attempts"],
        "note": target.get("note"),
        "person": {"type": type_name, "id": person["id"],
                   "label": called.get(str(person["id"]), {}).get("label", "")},
        "phone": people.number(person, target), "held_until": hold["until"] if hold else None,
        "script": people.filled(row.get("script"), told),
    }  # fmt: skip


@API.delete("/lists/<int:list_id>/next")
@requires(USE)
def leave(list_id: int) -> tuple[str, int]:
    """Let others have whom one was given."""
    list_of(list_id, asking())
    queueing.leave(list_id, asking())
    return "", 204


@API.post("/targets/<int:target_id>/outcome")
@requires(USE)
def note(target_id: int) -> Response:
    """Note what came of a call: a call, and the target's new state."""
    given = {name: value for name, value in body(Came).items() if value is not None}
    done = outcomes.note(target_id, given.pop("outcome"), actor=asking(), **given)
    return jsonify(**outcomes.as_json(done), change_set=changes.number())


@API.get("/lists/<int:list_id>/progress")
@requires(USE)
def show_progress(list_id: int) -> Response:
    """Say how far a list is, and who called how many on which day."""
    actor = asking()
    list_of(list_id, actor)
    found = progress.progress_of(list_id, actor=actor, zone=catalog.zone_of(actor.timezone))
    return jsonify(list=list_id, **found.as_json())

"""Views: saved lists. Shared ones are part of the data model; each user has ones of his own.

A view holds the words filter, sort and fields of a query. Asked with more words, its filter holds
besides theirs, and theirs go before its other words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from . import access, catalog, db, entities, models, query, records
from .actor import Actor
from .errors import RelatumError
from .query import Query

_OWN = models.UserView.__table__


def list_views(type_name: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the views of a type that the actor can open, shared ones first, in order.

    Each is {type, name, label, query, position, owner, private, broken}; `broken` says why it
    can't be opened any more, or is null. Raises `type_unknown`, `forbidden`.
    """
    judged = [_judged(view, actor) for view in _listed(type_name, actor)]
    # What is wrong with one may be a field that the reader does not see.
    return [view for view in judged if actor.admin or not view["broken"]]


def _listed(type_name: str, actor: Actor) -> list[dict[str, Any]]:
    access.require(actor, "read", f"views of '{type_name}'", type_name)
    known = access.seen(actor)
    entity_type = known.type(type_name)
    shared = [
        {
            "name": view.name, "label": view.label, "query": dict(view.query),
            "position": view.position, "owner": view.owner, "private": False,
        }
        for view in known.views.get(type_name, ())
        if not view.hidden
    ]  # fmt: skip
    found = [{"type": type_name, **view} for view in (*shared, *_own(entity_type.id, actor))]
    filters = _followed(entity_type, [view["query"].get("filter") for view in found], actor)
    return [
        view if filter_ is None else {**view, "query": {**view["query"], "filter": filter_}}
        for view, filter_ in zip(found, filters, strict=True)
    ]


def followed(type_name: str, filter_: Any, *, actor: Actor) -> Any:
    """Return a filter that was kept, naming what is left of records that were merged since.

    Views do so of themselves. Whoever may not know what a record was merged into gets it as it
    was kept. Raises `type_unknown`.
    """
    [made] = _followed(access.seen(actor).type(type_name), [filter_], actor)
    return made


def _followed(entity_type: catalog.EntityType, filters: Sequence[Any], actor: Actor) -> list[Any]:
    known = access.seen(actor)
    named: set[int] = set()

    def note(id_: int) -> int:
        named.add(id_)
        return id_

    for each in filters:
        query.renamed(known, entity_type, each, note)
    left = records.survivors(named, actor=actor) if named else {}
    if not left:
        return list(filters)
    return [
        query.renamed(known, entity_type, each, lambda id_: left.get(id_, id_)) for each in filters
    ]


def _own(type_id: int, actor: Actor) -> list[dict[str, Any]]:
    mine = sa.select(_OWN).where(_OWN.c.type_id == type_id, _OWN.c.user_id == actor.user_id)
    rows = db.current().connection.execute(mine.order_by(_OWN.c.position, _OWN.c.id))
    return [
        {
            "name": row.name, "label": row.label, "query": orjson.loads(row.query),
            "position": row.position, "owner": "local", "private": True,
        }
        for row in rows
    ]  # fmt: skip


def _judged(view: dict[str, Any], actor: Actor) -> dict[str, Any]:
    try:
        entities.check_query(access.seen(actor), view["type"], view["query"])
    except RelatumError as error:
        return {**view, "broken": str(error)}
    return {**view, "broken": None}


def get(type_name: str, name: str, *, actor: Actor) -> dict[str, Any]:
    """Return one view as `list_views` does; raise `view_unknown`."""
    return _judged(_found(type_name, name, actor), actor)


def _found(type_name: str, name: str, actor: Actor) -> dict[str, Any]:
    for view in _listed(type_name, actor):
        if view["name"] == name:
            return view
    raise entities.view_unknown(type_name, name, access.seen(actor))


# -- asking ---------------------------------------------------------------------------------
def from_url(type_name: str, args: Iterable[tuple[str, str]], *, actor: Actor) -> Query:
    """Return the query of an address, laid over the view that `_view` names."""
    args = list(args)
    names = [text for word, text in args if word == "_view"]
    rest = [pair for pair in args if pair[0] != "_view"]
    if len(names) > 1:
        raise RelatumError("bad_parameter", name="_view", reason="it stands twice. Use one")
    grouped = any(word in ("_group", "_select") for word, _ in rest)
    base = _words(type_name, names[0], actor, grouped) if names else {}
    return query.from_url(type_name, rest, base=base, actor=actor)


def from_json(type_name: str, body: Mapping[str, Any], *, actor: Actor) -> Query:
    """Return the query of a JSON object, laid over the view that `view` names."""
    name = body.get("view")
    rest = {word: value for word, value in body.items() if word != "view"}
    if name is None:
        return query.from_json(type_name, query.bounded(rest), actor=actor)
    if not isinstance(name, str):
        raise RelatumError("bad_parameter", name="view", reason="it must be text")
    grouped = bool(rest.get("group") or rest.get("select"))
    words = query.over(_words(type_name, name, actor, grouped), rest)
    return query.from_json(type_name, query.bounded(words), actor=actor)


def _words(type_name: str, name: str, actor: Actor, grouped: bool) -> dict[str, Any]:
    words: dict[str, Any] = _found(type_name, name, actor)["query"]
    return {k: v for k, v in words.items() if k == "filter" or not grouped}


# -- one's own ------------------------------------------------------------------------------
def save(type_name: str, name: str, given: Mapping[str, Any], *, actor: Actor) -> dict[str, Any]:
    """Make or change a view that only the actor sees; its name begins with `my_`.

    `given` holds some of label, query and position. Raises `view_of_nobody`, `view_limit`,
    `name_invalid`, `definition_invalid`, and what asking its query raises.
    """
    entity_type = _mine(type_name, actor)
    if not name.startswith(entities.PRIVATE):
        reason = f"a view of one's own has a name that begins with {entities.PRIVATE}"
        raise RelatumError("definition_invalid", what=f"view {name[:80]}", reason=reason)
    entities.check_name(name)
    values = dict(given)
    if "query" in values:
        known = access.seen(actor)
        words = entities.check_query(known, type_name, values["query"])
        values["query"] = orjson.dumps(words).decode()
    connection = db.for_writing().connection
    at = _at(entity_type.id, name, actor)
    if values and connection.execute(sa.update(_OWN).where(at).values(**values)).rowcount:
        return get(type_name, name, actor=actor)
    own = _own(entity_type.id, actor)
    if all(view["name"] != name for view in own):
        limit = db.settings().view_limit
        if len(own) >= limit:
            raise RelatumError("view_limit", type=type_name, limit=limit)
        label = name.removeprefix(entities.PRIVATE).replace("_", " ").capitalize()
        row = {"label": label, "query": "{}", "position": len(own), **values}
        key = {"user_id": actor.user_id, "type_id": entity_type.id, "name": name}
        connection.execute(sa.insert(_OWN), key | row)
    return get(type_name, name, actor=actor)


def drop(type_name: str, name: str, *, actor: Actor) -> None:
    """Take away a view of one's own; raise `view_unknown`."""
    entity_type = _mine(type_name, actor)
    gone = sa.delete(_OWN).where(_at(entity_type.id, name, actor))
    if not db.for_writing().connection.execute(gone).rowcount:
        raise entities.view_unknown(type_name, name, access.seen(actor))


def _mine(type_name: str, actor: Actor) -> catalog.EntityType:
    access.require(actor, "read", f"views of '{type_name}'", type_name)
    access.require_whole(actor, "change", "views")
    if actor.user_id is None:
        raise RelatumError("view_of_nobody")
    return access.seen(actor).type(type_name)


def _at(type_id: int, name: str, actor: Actor) -> Any:
    return sa.and_(_OWN.c.type_id == type_id, _OWN.c.name == name, _OWN.c.user_id == actor.user_id)

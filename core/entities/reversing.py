"""What was changed of the data model, generation by generation, and the way back from each.

When a plan is applied, what would take each of its changes back is kept beside it: it needs what
was there before. Whoever reverts a generation gets those changes as a plan like any other. What
was changed again since stays, and what can't be brought back is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from .. import access, catalog, db, models
from ..actor import Actor
from ..catalog import Catalog
from ..errors import RelatumError
from ..languages import Phrase
from .export import describe_field, property_of
from .planning import sketch
from .views import described

Change = dict[str, Any]
_TABLE: Final[Any] = models.Generation.__table__
#: Words of a change that are no property of what it changes.
_PLACE: Final = frozenset({"op", "type", "field", "view", "name", "existing"})
#: Operations that write no definition: nothing is to be taken back.
_NOTHING: Final = frozenset({"touch", "compact_type", "finish_retype"})


class Reverse(NamedTuple):
    """What takes a generation back: changes to be planned, and what of it stays as it is."""

    changes: list[Change]
    left: list[Phrase]


# -- when a plan is applied -----------------------------------------------------------------
def kept(changes: Sequence[Change], before: Catalog) -> str:
    """Return, as JSON, what takes each change back: a change, or null."""
    return orjson.dumps([_inverse(change, before) for change in changes]).decode()


def _inverse(change: Change, before: Catalog) -> Change | None:
    made = _INVERSES.get(change["op"])
    return made(change, before) if made is not None else None


def _swap(op: str) -> Callable[[Change, Catalog], Change]:
    """Return what makes a change by another operation of the same thing."""

    def made(change: Change, _: Catalog) -> Change:
        place: Change = {
            name: change[name] for name in ("type", "field", "fields") if name in change
        }
        return {"op": op, **place}

    return made


def _trash_type(change: Change, _: Catalog) -> Change:
    return {"op": "trash_type", "type": change["name"]}


def _trash_field(change: Change, _: Catalog) -> Change:
    return {"op": "trash_field", "type": change["type"], "field": change["name"]}


def _change_type(change: Change, before: Catalog) -> Change | None:
    known = before.types.get(change["type"])
    if known is None:
        return None  # the same plan makes it, and taking that back is enough
    was = {name: property_of(known, name) for name in change.keys() - _PLACE}
    return {"op": "change_type", "type": change["type"], **was}


def _change_field(change: Change, before: Catalog) -> Change | None:
    holder = before.types.get(change["type"])
    known = holder.fields.get(change["field"]) if holder is not None else None
    if known is None:
        return None
    now = describe_field(known)
    was = {name: now[name] for name in change.keys() - _PLACE if name in now}
    if "settings" in was:
        was["settings"] = {n: known.settings.get(n) for n in change["settings"]}
    return {"op": "change_field", "type": change["type"], "field": change["field"], **was}


def _set_view(change: Change, before: Catalog) -> Change:
    place = {"type": change["type"], "view": change["view"]}
    views = before.views.get(change["type"], ())
    known = next((view for view in views if view.name == change["view"]), None)
    if known is None:
        return {"op": "drop_view", **place}
    now = described(known)
    names = now.keys() - {"name"} if change["op"] == "drop_view" else change.keys() - _PLACE
    was: Change = {name: now[name] for name in names if name in now}
    if known.owner != "local":
        was["hidden"] = known.hidden
    return {"op": "set_view", **place, **was}


_INVERSES: Final[dict[str, Callable[[Change, Catalog], Change | None]]] = {
    "create_type": _trash_type,
    "change_type": _change_type,
    "trash_type": _swap("restore_type"),
    "restore_type": _swap("trash_type"),
    "add_field": _trash_field,
    "change_field": _change_field,
    "trash_field": _swap("restore_field"),
    "restore_field": _swap("trash_field"),
    "retype_field": _swap("revert_field"),
    "add_key": _swap("trash_key"),
    "trash_key": _swap("add_key"),
    "set_view": _set_view,
    "drop_view": _set_view,
}


# -- the log --------------------------------------------------------------------------------
def log(*, actor: Actor, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """Return generations of the data model, newest first.

    Each is {generation, at, actor, owner, changes: [{op, target}]}; `owner` is local for what an
    administrator changed, or the plugin that declared it. `before` is the last one of the page
    before. Raises `forbidden`.
    """
    access.require(actor, "customise", "the data model")
    query = sa.select(_TABLE).order_by(_TABLE.c.number.desc()).limit(limit)
    if before is not None:
        # No number of a generation is larger, and the column holds no larger one.
        query = query.where(_TABLE.c.number < min(before, catalog.current().generation + 1))
    return [
        {
            "generation": row.number, "at": row.at, "actor": row.actor_id, "owner": row.owner,
            "changes": [
                {"op": each["op"], "target": target(each)} for each in orjson.loads(row.changes)
            ],
        }
        for row in db.current().connection.execute(query)
    ]  # fmt: skip


def target(change: Change) -> str:
    """Return what a change is about: a type, or a field, view or key of it."""
    if "type" not in change:
        return str(change.get("name") or change.get("reason") or "")
    name = change.get("field") or change.get("view") or change.get("name")
    if name is None and "fields" in change:
        name = "+".join(change["fields"])
    return f"{change['type']}.{name}" if name else str(change["type"])


# -- the way back ---------------------------------------------------------------------------
def reverse(generation: int, *, actor: Actor) -> Reverse:
    """Return what takes a generation back, as far as that can be.

    Raises `generation_unknown`, `generation_of_plugin`, `forbidden`.
    """
    access.require(actor, "customise", "the data model")
    row = None
    if 0 < generation <= catalog.current().generation:
        query = sa.select(_TABLE).where(_TABLE.c.number == generation)
        row = db.current().connection.execute(query).one_or_none()
    if row is None:
        raise RelatumError("generation_unknown", generation=generation)
    if row.owner == "system":
        return Reverse([], [])
    if row.owner != "local":
        raise RelatumError("generation_of_plugin", generation=generation, plugin=row.owner)
    changes, left = [], []
    later = _later(generation)
    given = list(zip(orjson.loads(row.changes), orjson.loads(row.reverse), strict=True))
    made = {target(change) for change, _ in given if change["op"] in ("create_type", "add_field")}
    for change, back in reversed(given):
        if back is None:
            if change["op"] not in _NOTHING and target(change) not in made:
                left.append(_lost(change))
            continue
        rest, again = _unchanged(_running(back), later)
        left += again
        if rest is not None:
            changes.append(rest)
        if change.get("existing") not in (None, "keep"):
            left.append(
                Phrase(
                    "{target}: values that the plan gave to records stay; undo its change set",
                    target=target(change),
                )
            )
    return _possible(changes, left, actor)


def _lost(change: Change) -> Phrase:
    if change["op"] in ("purge_type", "purge_field"):
        return Phrase("{target}: it was purged, with its values", target=target(change))
    return Phrase("{target}: its type changed back; change it again", target=target(change))


def _running(back: Change) -> Change:
    """Give up a change of type that still goes on, instead of taking it back."""
    if back["op"] != "revert_field":
        return back
    holder = catalog.current().types.get(back["type"])
    shadows = holder.shadows if holder is not None else ()
    goes_on = any(shadow.old.name == back["field"] for shadow in shadows)
    return {**back, "op": "cancel_retype"} if goes_on else back


def _later(generation: int) -> dict[tuple[str, str], int]:
    """Return by which generation each property, as (target, name), was changed last since."""
    query = sa.select(_TABLE.c.number, _TABLE.c.changes).where(_TABLE.c.number > generation)
    found: dict[tuple[str, str], int] = {}
    for number, text in db.current().connection.execute(query.order_by(_TABLE.c.number)):
        for change in orjson.loads(text):
            found.update({(target(change), name): number for name in change.keys() - _PLACE})
    return found


def _unchanged(
    back: Change, later: dict[tuple[str, str], int]
) -> tuple[Change | None, list[Phrase]]:
    """Return a change without the properties that were changed again since, and say which."""
    place = target(back)
    if not back["op"].startswith(("change_", "set_")):
        return back, []
    names = sorted(name for name in back.keys() - _PLACE if (place, name) in later)
    left = [
        Phrase(
            "{target}: its {name} was changed again in generation {number}, and stays",
            target=place, name=name, number=later[place, name],
        )
        for name in names
    ]  # fmt: skip
    rest = {name: value for name, value in back.items() if name not in names}
    return (rest if rest.keys() - _PLACE else None), left


def _possible(changes: list[Change], left: list[Phrase], actor: Actor) -> Reverse:
    """Leave out what can't be planned any more, and say why."""
    refused = sketch(changes, actor=actor).refused
    said = [
        Phrase("{target}: {reason}", target=target(changes[at]), reason=error)
        for at, error in refused.items()
    ]
    rest = [change for at, change in enumerate(changes) if at not in refused]
    return Reverse(rest, [*left, *said])

"""The order, the columns and the day of a list: forms beside it, drawn by GET until applied."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from relatum import catalog, clock

from ... import ui, values, words
from ...words import translated
from . import drafts, lists

#: Keys that an order may have.
KEYS: Final = 6
#: The words of the forms themselves: keys and directions, steps of a path, what is asked of it.
_STEERING: Final = ("_k", "_d", "_p", "_do")


def _opened(type_name: str) -> lists.Opened:
    return lists.opened(type_name, [pair for pair in lists.args() if pair[0] not in _STEERING])


# -- order --------------------------------------------------------------------------------------
@ui.page("/records/<type_name>/sort")
def sort_form(type_name: str) -> Response:
    """Draw the order of a list as a form, or lead to the list in that order."""
    found = _opened(type_name)
    keys = _keys() if "_k" in request.args else found.sort
    do, _, place = request.args.get("_do", "").partition(":")
    if do == "apply":
        unique = {key.lstrip("-"): key for key in reversed(keys) if key.lstrip("-")}
        return lists.show(type_name, found.sorted(list(reversed(unique.values()))))
    keys = moved(keys, do, place)
    if (do == "add" or not keys) and len(keys) < KEYS:
        keys = [*keys, ""]
    return ui.beside(
        "_sort.html", translated("Sort"), found.type, found.address(), opened=found, keys=keys,
        choices=sortable(found), most=KEYS,
    )  # fmt: skip


def _keys() -> list[str]:
    paths, turned = request.args.getlist("_k"), request.args.getlist("_d")
    return [
        f"-{path}" if path and way == "-" else path
        for path, way in zip(paths, turned, strict=False)
    ]


def moved(items: list[str], do: str, place: str) -> list[str]:
    """Return a list with one item up, down or out; `place` counts from 0."""
    at = int(place) if place.isdecimal() else -1
    if not 0 <= at < len(items):
        return items
    item, rest = items[at], [*items[:at], *items[at + 1 :]]
    if do == "drop":
        return rest
    to = {"up": max(0, at - 1), "down": at + 1}.get(do, at)
    return [*rest[:to], item, *rest[to:]]


def sortable(found: lists.Opened) -> list[tuple[str, str]]:
    """Return the paths that a list can be sorted by, with their labels."""
    own = [f.name for f in found.type.fields.values() if f.value_type.ordered]
    used = [key.lstrip("-") for key in found.sort]
    paths = [p for p in found.paths if values.path(found.type, p)[-1].value_type.ordered]
    return [(p, values.heading(found.type, p)) for p in dict.fromkeys([*paths, *own, *used])]


# -- columns ------------------------------------------------------------------------------------
@ui.page("/records/<type_name>/columns")
def columns_form(type_name: str) -> Response:
    """Draw the columns of a list as a form, or lead to the list with them."""
    found = _opened(type_name)
    paths = found.paths
    do, _, place = request.args.get("_do", "").partition(":")
    longer = drafts.joined(found.type, request.args.getlist("_p"))
    if do == "add" and longer and longer not in paths:
        paths = [*paths, longer]
    if do in ("show", "add"):
        return lists.show(type_name, found.address(_fields=",".join(paths)), close=do == "add")
    paths = moved(paths, do, place)
    return ui.beside(
        "_columns.html", translated("Columns"), found.type, found.address(), opened=found,
        paths=paths, choices=_choices(found.type, paths), longer=longer,
        steps=linked(found.type, longer),
    )  # fmt: skip


def _choices(entity_type: catalog.EntityType, paths: list[str]) -> list[str]:
    """Return the paths that can be columns besides those that are."""
    members = [f"{f.name}.{name}" for f in entity_type.fields.values() for name in f.members]
    return [path for path in (*entity_type.fields, *members) if path not in paths]


def linked(entity_type: catalog.EntityType, path: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the steps of a path that begins with a link."""
    links = [(link.name, link.label) for link in entity_type.lookups]
    [(first, _), *rest] = drafts.steps(entity_type, path, whole=False)
    return [(first, links), *rest]


# -- the past -----------------------------------------------------------------------------------
@ui.page("/records/<type_name>/as-of")
def as_of_form(type_name: str) -> Response:
    """Draw a form that asks as of which day, or lead to the list as it stood then."""
    found = _opened(type_name)
    if request.args.get("_do") == "apply":
        return lists.show(type_name, found.address())
    return ui.beside(
        "_as_of.html", translated("As of…"), found.type, found.address(), opened=found,
        day=dict(found.args).get(lists.AS_OF, "")[:10], today=clock.today(words.known().zone),
    )  # fmt: skip

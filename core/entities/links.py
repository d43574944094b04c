"""Rules of links: where they lead, what the other side calls them, parts and trees."""

from __future__ import annotations

from typing import Any

from .. import db
from ..errors import RelatumError
from ..fields import Lookup
from . import definitions
from .draft import Draft


def check(
    draft: Draft, row: dict[str, Any], name: str, given: dict[str, Any], settings: dict[str, Any]
) -> None:
    """Refuse settings of a link that make no sense; `row` is its type's."""
    kind = given["kind"]
    if kind == "lookup":
        if "target" not in settings:
            raise _wrong(name, "a lookup needs settings.target")
        draft.catalog.type(settings["target"])
        _check_part(name, given, settings)
        _check_tree(draft, row, name, settings)
    elif kind == "reference":
        if bool(settings.get("targets")) is bool(settings.get("any")):
            raise _wrong(name, "a reference needs either settings.targets or settings.any")
        for target in settings.get("targets", ()):
            draft.catalog.type(target)
    if "inverse" in settings:
        target = "user" if kind == "user" else settings["target"]
        _check_inverse(draft, row, name, target, settings["inverse"])


def _wrong(name: str, reason: str) -> RelatumError:
    return RelatumError("definition_invalid", what=name, reason=reason)


def _check_part(name: str, given: dict[str, Any], settings: dict[str, Any]) -> None:
    if not settings.get("part"):
        return
    if not given.get("required"):
        raise _wrong(name, "a part belongs to something: make the field required")
    if settings.get("on_delete", "cascade") != "cascade":
        raise _wrong(name, "a part goes with its whole: leave on_delete out")
    if "inverse" not in settings:
        raise _wrong(name, "a part needs settings.inverse, by which its whole holds it")


def _check_tree(draft: Draft, row: dict[str, Any], name: str, settings: dict[str, Any]) -> None:
    if not settings.get("tree"):
        return
    if settings["target"] != row["name"]:
        raise _wrong(name, "a tree is made of links to the same type")
    known = draft.types.get(row["id"])
    if known is not None and known.tree is not None and known.tree.name != name:
        raise _wrong(name, f"'{known.tree.name}' makes the tree of '{row['name']}' already")


def _check_inverse(draft: Draft, row: dict[str, Any], name: str, target: str, inverse: str) -> None:
    """Refuse a name that the other side has already: its fields and lists share one space."""
    other = draft.catalog.type(target)
    definitions.check_field_name(inverse, other.owner, draft.owner)
    taken = draft.catalog.inverses(target).get(inverse)
    here = taken is not None and (taken.type.id, taken.link.name) == (row["id"], name)
    if inverse in other.fields or (taken is not None and not here):
        where = f" in '{target}'"
        raise RelatumError("name_taken", what="field or list", name=inverse, where=where)


def check_return(draft: Draft, row: dict[str, Any], field: Any) -> None:
    """Refuse a link out of the trash if its name on the other side is taken by now."""
    if isinstance(field, Lookup) and field.inverse:
        _check_inverse(draft, row, field.name, field.target, field.inverse)


def check_name(draft: Draft, type_name: str, name: str) -> None:
    """Refuse a field by the name of a list of records that point to its type."""
    if name in draft.catalog.inverses(type_name):
        where = f" in '{type_name}', as a list"
        raise RelatumError("name_taken", what="field", name=name, where=where)


def check_circles(before: Any, made: Any, table: Any) -> None:
    """Refuse to make a tree of links that run in a circle already."""
    if not isinstance(made, Lookup) or not made.is_tree or before.is_tree:
        return
    column = table.c[before.column]
    found = db.current().connection.execute(
        table.select().with_only_columns(table.c.id, column).where(column.is_not(None))
    )
    parents = {row[0]: row[1] for row in found}
    sound: set[int] = set()
    for start in parents:
        seen: list[int] = []
        at: int | None = start
        while at is not None and at not in sound:
            if at in seen:
                raise RelatumError("circular", type=made.target, id=at, field=made.name)
            seen.append(at)
            at = parents.get(at)
        sound.update(seen)

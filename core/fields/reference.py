"""Links to one record: lookup and user, and a reference to a record of any of several types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from .. import types
from ..storage import Int64
from .base import Field, Refused, Setting, kind_of
from .number import INTEGER_LIMIT, Integer

ON_DELETE = ("restrict", "clear", "cascade")
#: Most characters of what the list on the other side is called.
LABEL_LENGTH = 100


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be the name of an entity type")
    return value


def _said(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= LABEL_LENGTH:
        raise ValueError(f"must be a text of at most {LABEL_LENGTH} characters")
    return " ".join(value.split())


def _names(value: Any) -> list[str]:
    named = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if not named or not 1 <= len(set(value)) == len(value) <= 50:
        raise ValueError("must be a list of names of entity types, each once")
    return list(value)


def _on_delete(value: Any) -> str:
    if value not in ON_DELETE:
        raise ValueError(f"must be one of {', '.join(ON_DELETE)}")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


@dataclass(frozen=True, slots=True)
class Tree:
    """The table of a type whose records form a tree, and its column that points to the parent."""

    table: str
    column: str


class Link(Field):
    """What points to one record, and what deleting that record does."""

    value_type = types.REFERENCE

    @property
    def is_link(self) -> bool:
        return True

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the entity types it may point to; none are named by one that is open to all."""
        raise NotImplementedError

    @property
    def is_open(self) -> bool:
        """Whether it may point to a record of any type, those that come later included."""
        return False

    def admits(self, type_name: str) -> bool:
        """Say whether it may point to records of a type."""
        return self.is_open or type_name in self.targets

    @property
    def on_delete(self) -> str:
        """What deleting the record pointed to does: restrict, clear or cascade."""
        return str(self.settings.get("on_delete", "restrict"))

    @property
    def inverse(self) -> str | None:
        """Name of the other side: the records that point here."""
        return self.settings.get("inverse")

    @property
    def inverse_label(self) -> str | None:
        """What people call that list; the plural of the records says it by itself."""
        return self.settings.get("inverse_label")

    @property
    def part(self) -> bool:
        """Whether the record is a part of what it points to."""
        return False

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Int64)]

    @property
    def named(self) -> str:
        """What it points to, as a sentence says it."""
        return "record" if self.is_open else " or ".join(self.targets)

    def check(self, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= INTEGER_LIMIT:
            raise Refused("not_reference", type=self.named, got=kind_of(value))
        return value

    def parse(self, text: str, style: str | None = None) -> int:
        stripped = text.strip()
        if not (stripped.isascii() and stripped.isdigit() and len(stripped) <= 16):
            raise Refused("not_reference", type=self.named, got=kind_of(text))
        return self.check(int(stripped))


class Lookup(Link):
    """A link to one record of a type, the same type included."""

    kind = "lookup"
    summary = (
        "A link to one record of another type or of the same. on_delete: restrict refuses to "
        "delete what is pointed to, clear empties the link, cascade deletes this record too. "
        "Unique makes it one to one; a type with two of them ties many to many."
    )
    EXAMPLE = "17"
    SETTINGS = {
        "target": Setting(_name, "Name of the entity type it points to. Needed.", "type"),
        "on_delete": Setting(_on_delete, "restrict (default), clear or cascade.", words=ON_DELETE),
        "inverse": Setting(_name, "Name of the list of these records on the other side."),
        "inverse_label": Setting(
            _said, "What people call that list; by itself the plural of its records."
        ),
        "part": Setting(
            _flag,
            "The record is a part of the other, such as a line: saved and deleted with it.",
            "flag",
        ),
        "tree": Setting(
            _flag, "To the same type: the records form a tree; circles are refused.", "flag"
        ),
    }

    @property
    def target(self) -> str:
        """Name of the entity type it points to."""
        return str(self.settings["target"])

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.target,)

    @property
    def on_delete(self) -> str:
        return "cascade" if self.part else str(self.settings.get("on_delete", "restrict"))

    @property
    def part(self) -> bool:
        """Whether the record is a part of what it points to."""
        return bool(self.settings.get("part"))

    @property
    def is_tree(self) -> bool:
        """Whether the link makes a tree of its type."""
        return bool(self.settings.get("tree"))

    @property
    def operators(self) -> tuple[str, ...]:
        known = self.value_type.operators
        return (*known, *types.TREE) if self.tree is not None else known

    def condition(self, operator: str, column: types.Sql, *arguments: types.Sql) -> types.Sql:
        return _condition(self.tree, operator, column, *arguments)

    def openapi(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "x-entity-type": self.target}


class UserField(Lookup):
    """A link to a user."""

    kind = "user"
    summary = "A link to a user. The default me is whoever makes the record; filters also take me."
    EXAMPLE = "17"
    DEFAULTS = ("me",)
    SETTINGS = {name: Lookup.SETTINGS[name] for name in ("on_delete", "inverse", "inverse_label")}

    @property
    def target(self) -> str:
        return "user"


class Reference(Link):
    """A link to one record of any of several types; the spine knows which."""

    kind = "reference"
    summary = (
        "A link to one record of any of several types, or of any at all. on_delete: restrict "
        "(default), clear or cascade. Nothing can follow it in a path; its label says what it "
        "points to."
    )
    EXAMPLE = "17"
    SETTINGS = {
        "targets": Setting(_names, "Names of the entity types it may point to.", "types"),
        "any": Setting(
            _flag, "Instead of targets: every type, those that are made later included.", "flag"
        ),
        "on_delete": Lookup.SETTINGS["on_delete"],
    }

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self.settings.get("targets", ()))

    @property
    def is_open(self) -> bool:
        return bool(self.settings.get("any"))

    def openapi(self) -> dict[str, Any]:
        if self.is_open:
            return {"type": "integer", "minimum": 1}
        return {"type": "integer", "minimum": 1, "x-entity-types": list(self.targets)}


class RecordId(Integer):
    """The id of a record; in a tree it can be asked for what is below and above."""

    @property
    def operators(self) -> tuple[str, ...]:
        known = self.value_type.operators
        return (*known, *types.TREE) if self.tree is not None else known

    def condition(self, operator: str, column: types.Sql, *arguments: types.Sql) -> types.Sql:
        return _condition(self.tree, operator, column, *arguments)


def _condition(
    tree: Tree | None, operator: str, column: types.Sql, *arguments: types.Sql
) -> types.Sql:
    if operator not in types.TREE:
        return types.condition(operator, column, *arguments)
    assert tree is not None
    walk: Callable[[Tree, types.Sql], Any] = _below if operator == "under" else _above
    return column.in_(walk(tree, arguments[0]))


def _table(tree: Tree) -> Any:
    names = ("id", tree.column, "trashed_at")
    return sa.table(tree.table, *(sa.column(name) for name in names)).alias()


def _below(tree: Tree, start: types.Sql) -> Any:
    """Return the select of a record and all live ones below it; one statement, from the index."""
    reached = sa.select(sa.cast(start, sa.BigInteger).label("id")).cte(recursive=True)
    table = _table(tree)
    step = sa.select(table.c.id).where(
        table.c[tree.column] == reached.c.id, table.c.trashed_at.is_(None)
    )
    return sa.select(reached.union(step).c.id)


def _above(tree: Tree, start: types.Sql) -> Any:
    """Return the select of a record and all above it; the way up ends where the way down does."""
    reached = sa.select(sa.cast(start, sa.BigInteger).label("id")).cte(recursive=True)
    table = _table(tree)
    step = sa.select(table.c[tree.column]).where(
        table.c.id == reached.c.id,
        table.c[tree.column].is_not(None),
        table.c.trashed_at.is_(None),
    )
    return sa.select(reached.union(step).c.id)

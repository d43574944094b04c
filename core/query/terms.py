"""What a query is made of: frozen values that know the catalog's fields and no SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from ..actor import Actor
from ..catalog import EntityType, Relation, Rule
from .paths import Path


class Asker(Enum):
    """Stands for whoever asks, in filters on users."""

    ME = "me"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `operand` was checked by the field."""

    path: Path
    operator: str
    operand: Any


@dataclass(frozen=True, slots=True)
class Not:
    """What does not hold. A condition on an empty value neither holds nor is refuted (M8)."""

    part: Filter


@dataclass(frozen=True, slots=True)
class Junction:
    """Several filters: `all` of them hold, or else any of them."""

    all: bool
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """Whether a record that points by `relation` to the end of `path` meets a filter."""

    path: Path
    relation: Relation
    where: Filter


Filter = Condition | Not | Junction | Has


def conditions(node: Filter) -> Iterator[Condition]:
    """Yield the comparisons of a filter, in the order in which they bind their values."""
    match node:
        case Condition():
            yield node
        case Not(part):
            yield from conditions(part)
        case Junction(_, parts):
            for part in parts:
                yield from conditions(part)
        case Has(_, _, where):
            yield from conditions(where)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One thing to sort by."""

    path: Path
    descending: bool

    @property
    def indexed(self) -> bool:
        """Whether an index has this order."""
        field = self.path.field
        if self.path.steps:
            return False
        return field.name == "id" or (field.sortable and field.kind != "choice")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Something to compute over a group: `count`, or a function of a field."""

    function: str
    path: Path | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A list or an aggregate of one entity type, as the address and JSON both mean it.

    `sort` holds texts such as `-amount`: a list reads them as paths, an aggregate as its
    columns. `limit` None means the setting's.
    """

    #: Who asks; the type is the one that he sees.
    actor: Actor
    type: EntityType
    filter: Filter
    sort: tuple[str, ...] = ()
    limit: int | None = None
    after: str | None = None
    before: str | None = None
    #: Paths to show; empty: every field of the type.
    fields: tuple[Path, ...] = ()
    #: Lists of records that point here, shown inside each record, by name.
    expand: tuple[tuple[str, Relation], ...] = ()
    count: bool = False
    trashed: bool = False
    group: tuple[Path, ...] = ()
    select: tuple[Aggregate, ...] = ()
    tz: str | None = None
    #: The instant that records are shown as of; None: as they are now.
    as_of: datetime | None = None
    #: Which records of those that are seen it is about, such as those that may be exported.
    also: Rule | None = None
    #: Whether a page says what its links point to; who merges pages asks for all of them at once.
    labelled: bool = True

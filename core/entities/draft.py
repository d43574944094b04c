"""A draft: the metadata rows with changes worked in, and what each change means.

Operations change rows only. What the database must do follows from comparing the entity type
before and after, so a plan and its execution cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .. import db
from ..catalog import Catalog, EntityType, Rows, TypeBuilder, of_types, read_rows
from ..catalog import current as current_catalog
from ..ddl import Statement, difference
from ..errors import Problem, RelatumError
from ..fields import Conversion, Field
from ..languages import Phrase
from .owners import LOCAL, Layer, Owner


@dataclass
class Step:
    """One operation of a plan."""

    op: str
    target: str
    summary: Phrase
    risk: str = "safe"
    statements: list[Statement] = field(default_factory=list)
    #: Rows of the database that the step touches or counted.
    rows: int = 0
    uses: list[Phrase] = field(default_factory=list)
    notes: list[Phrase] = field(default_factory=list)
    #: A question that must be answered before the plan can be applied.
    question: Problem | None = None
    offenders: list[int] = field(default_factory=list)
    fill: Fill | None = None
    #: A type, and the ids of its records that follow what they have become parts of.
    belonging: tuple[str, list[int]] | None = None
    #: A new type, and who sees it from the start.
    opening: tuple[str, str] | None = None
    #: What the apply converts at once; or what a job converts beside readers and writers.
    conversion: Conversion | None = None
    job: dict[str, Any] | None = None
    #: The last generation that trashed something that the step purges; 0: it purges nothing.
    trashed_by: int = 0


@dataclass
class Fill:
    """Existing records that get a value when the plan is applied."""

    type: str
    field: str
    ids: list[int]
    value: Any


class Draft:
    """The metadata as it will be; `catalog` is always the state after the last operation."""

    def __init__(self, owner: Owner = LOCAL, *, applying: bool = False) -> None:
        self.owner = owner
        #: Whether every other writer waits: then large tables are not looked through again.
        self.applying = applying
        self.connection = db.current().connection
        self.before: Catalog = current_catalog()
        self.rows: Rows = read_rows(self.connection)
        self.generation = self.before.generation + 1
        self.types: dict[int, EntityType] = dict(self.before.by_id)
        self.steps: list[Step] = []
        self._next = int(self.rows.settings["next_metadata_id"])
        self._layer = Layer(owner, self.rows, self.generation)
        self._notes: list[Phrase] = []

    # -- rows ------------------------------------------------------------------------------
    def new_id(self) -> int:
        """Return an id that no type, field, option or key ever had."""
        self._next += 1
        self.rows.settings["next_metadata_id"] = str(self._next)
        return self._next - 1

    def put(self, kind: str, row: dict[str, Any], name: str, value: Any) -> None:
        """Set a property of a row for the owner of this plan: in the row, or in a patch over it."""
        note = self._layer.put(kind, row, name, value, self.new_id)
        self._notes += [note] if note else []

    def put_settings(self, row: dict[str, Any], settings: dict[str, Any]) -> None:
        """Set the settings of a field likewise."""
        self._notes += self._layer.put_settings(row, settings, self.new_id)

    def by_others(self, owner: str) -> str:
        """Return the half sentence that names another owner of a name, and whose plan this is."""
        if owner == self.owner.name:
            return ""
        return f", by {owner}; {self.owner.name} can't have it too"

    def is_hidden(self, row: dict[str, Any]) -> bool:
        """Say whether an administrator has hidden a plugin's field."""
        return self._layer.of("field", row, "trashed_in") is not None

    def type_row(self, name: str, *, trashed: bool = False) -> dict[str, Any]:
        """Return the row of a live type, or else of the last in the trash; raise `type_unknown`."""
        live = self.catalog.types.get(name)
        gone = [t for t in self.types.values() if t.name == name and t.trashed_in is not None]
        if trashed and live is None and gone:
            live = max(gone, key=lambda t: t.trashed_in or 0)
        return self.rows.types[live.id if live is not None else self.catalog.type(name).id]

    def field_row(self, type_name: str, name: str) -> dict[str, Any]:
        """Return the row of a live field that is not a system one; raise `field_unknown`."""
        found = self.catalog.type(type_name).field(name)
        if found.owner == "system":
            raise RelatumError("not_yours", name=name, owner="the system", verb="changed")
        return self.rows.fields[found.id]

    def free_column(self, type_id: int, name: str) -> str:
        """Return a physical name that no field of the type, trashed ones included, holds."""
        taken = {row["column_name"] for row in self.rows.fields_of(type_id)}
        return _free(name, taken)

    def free_table(self, name: str) -> str:
        """Return a table name that no type, trashed ones included, holds."""
        return _free(name, {row["table_name"] for row in self.rows.types.values()})

    # -- state -----------------------------------------------------------------------------
    @property
    def catalog(self) -> Catalog:
        """The catalog with all operations so far."""
        return of_types(list(self.types.values()), self.rows, self.generation)

    @property
    def changed(self) -> list[EntityType]:
        """The live types that the plan makes or changes, as they will be."""
        before = self.before.by_id
        return [t for t in self.catalog.types.values() if before.get(t.id) is not t]

    def probe(self, type_id: int) -> EntityType:
        """Build a type as its rows are now; its table follows when a step is taken in."""
        builder = TypeBuilder(self.rows, None)
        made = builder.type(self.rows.types[type_id], *self.rows.of_type(type_id))
        self.types[type_id] = made
        return made

    def probe_field(self, field_id: int) -> Field:
        """Build one field as its rows are now."""
        return TypeBuilder(self.rows, None).patched_field(self.rows.fields[field_id])

    def _rebuild(self, type_ids: set[int]) -> list[Statement]:
        """Build the named types again and return what their tables need."""
        statements: list[Statement] = []
        for type_id in sorted(type_ids):
            old = self.types.get(type_id)
            made = self.probe(type_id)
            if old is not None and old.fingerprint == made.fingerprint:
                self.types[type_id] = old
                continue
            statements += difference(old, made)
        return statements

    def touch(self, step: Step, *type_ids: int) -> None:
        """Take the step into the plan: rebuild its types and collect its statements."""
        for type_id in type_ids:
            self.rows.types[type_id]["changed_in"] = self.generation
        step.statements = self._rebuild(set(type_ids))
        step.notes += self._notes
        self._notes = []
        self.steps.append(step)


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}__{number}" in taken:
        number += 1
    return f"{name}__{number}"

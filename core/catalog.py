"""The catalog: the immutable, read-only snapshot of all entity types of one generation.

A transaction is pinned to the catalog of the generation that its fence read. A type whose
definition did not change keeps its `EntityType` and `Table` across generations, so that
statement caches stay warm and old catalogs can be collected (M5).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

import orjson
import sqlalchemy as sa

from . import db, models
from .errors import RelatumError, nearest
from .fields import FIELD_TYPES, Field, Lookup, Option
from .fields.moment import Datetime
from .fields.number import Integer
from .fields.reference import UserField
from .storage import Instant, Int64

#: Physical system columns of every record table.
SYSTEM_COLUMNS = (
    "id", "owner_id", "team_id", "created_at", "created_by", "updated_at", "updated_by",
    "version", "trashed_at", "trashed_in",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """A unique key: one or more fields whose values together name one live record."""

    id: int | None
    fields: tuple[str, ...]
    owner: str


@dataclass(frozen=True, eq=False)
class EntityType:
    """One entity type; `fields` holds system fields first, then its own by position."""

    id: int
    name: str
    table_name: str
    owner: str
    label: str
    plural: str
    icon: str | None
    hue: int | None
    description: str | None
    title: str
    fields: Mapping[str, Field]
    trashed_fields: tuple[Field, ...]
    keys: tuple[Key, ...]
    trashed_in: int | None
    fingerprint: str

    @cached_property
    def table(self) -> sa.Table:
        """The table to query: no MetaData in common with others, no ForeignKey objects."""
        columns: list[sa.Column[Any]] = []
        for field in (*self.fields.values(), *self.trashed_fields):
            columns += field.columns()
        columns += [sa.Column("trashed_at", Instant), sa.Column("trashed_in", Int64)]
        return sa.Table(self.table_name, sa.MetaData(), *columns)

    def field(self, name: str) -> Field:
        """Return a live field; raise `field_unknown` naming the nearest one."""
        found = self.fields.get(name)
        if found is None:
            near = nearest(name, list(self.fields))
            raise RelatumError("field_unknown", type=self.name, field=name, nearest=near)
        return found

    @cached_property
    def own_fields(self) -> tuple[Field, ...]:
        """The fields that a caller may write."""
        return tuple(f for f in self.fields.values() if not f.read_only)

    @cached_property
    def lookups(self) -> tuple[Lookup, ...]:
        """The live links to one record, system ones included."""
        return tuple(f for f in self.fields.values() if isinstance(f, Lookup))

    @cached_property
    def title_fields(self) -> tuple[Field, ...]:
        """The fields in the title pattern, in order."""
        return tuple(self.fields[n] for n in title_names(self.title) if n in self.fields)

    def label_of(self, values: Mapping[str, Any]) -> str:
        """Return a record's label from the stored values of its title fields."""
        shown = {f.name: _text(f, values.get(f.name)) for f in self.title_fields}
        if not any(shown.values()):
            return f"{self.label} {values.get('id', '')}".strip()
        pattern = self.title if "{" in self.title else "{%s}" % self.title
        return " ".join(pattern.format_map(_Blank(shown)).split())


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def title_names(title: str) -> list[str]:
    """Return the field names in a title: a bare name, or a pattern with {names}.

    Raises ValueError if the pattern can't be read.
    """
    if "{" not in title and "}" not in title:
        return [title]
    parts = [
        (name, spec, conv) for _, name, spec, conv in Formatter().parse(title) if name is not None
    ]
    if any(spec or conv for _, spec, conv in parts):
        raise ValueError("a title pattern takes plain {field} names only")
    return [name for name, _, _ in parts]


def _text(field: Field, value: Any) -> str:
    if value is None:
        return ""
    for option in field.options:
        if option.value == value:
            return option.label
    return str(field.wire(value))


@dataclass(frozen=True, eq=False)
class Catalog:
    """All live entity types of one generation, and the instance's settings."""

    generation: int
    types: Mapping[str, EntityType]
    trashed_types: tuple[EntityType, ...]
    settings: Mapping[str, str]

    @cached_property
    def by_id(self) -> Mapping[int, EntityType]:
        """Types, the trashed included, by the number that the spine holds."""
        return {t.id: t for t in (*self.trashed_types, *self.types.values())}

    def type(self, name: str) -> EntityType:
        """Return a live type; raise `type_unknown` naming the nearest one."""
        found = self.types.get(name)
        if found is None:
            raise RelatumError("type_unknown", type=name, nearest=nearest(name, list(self.types)))
        return found

    def referrers(self, name: str) -> Iterator[tuple[EntityType, Lookup]]:
        """Yield the live lookups that point to a type, system links left out."""
        for entity_type in self.types.values():
            for lookup in entity_type.lookups:
                if lookup.target == name and lookup.owner != "system":
                    yield entity_type, lookup

    @property
    def zone(self) -> str:
        """The instance's time zone."""
        return self.settings.get("timezone", "UTC")


# -- the catalog of this process ------------------------------------------------------------
_lock = threading.Lock()
_loaded: WeakKeyDictionary[sa.Engine, Catalog] = WeakKeyDictionary()


def current() -> Catalog:
    """Return the catalog that the open transaction obeys."""
    tx = db.current()
    pinned: Catalog | None = tx.memo.get("catalog")
    if pinned is None:
        pinned = tx.memo["catalog"] = _at(tx)
    return pinned


def _at(tx: db.Transaction) -> Catalog:
    engine = db.engine()
    known = _loaded.get(engine)
    if known is not None and known.generation == tx.epochs.catalog:
        return known
    fresh = load(tx.connection, tx.epochs.catalog, known)
    with _lock:
        newest = _loaded.get(engine)
        if newest is None or newest.generation < fresh.generation:
            _loaded[engine] = fresh
            engine.clear_compiled_cache() if _reshaped(newest, fresh) else None
    return fresh


def _reshaped(old: Catalog | None, new: Catalog) -> bool:
    return old is not None and any(
        old.types[name] is not entity_type
        for name, entity_type in new.types.items()
        if name in old.types
    )


def forget() -> None:
    """Drop the loaded catalog of the current application (after restoring a backup)."""
    with _lock:
        _loaded.pop(db.engine(), None)


# -- loading --------------------------------------------------------------------------------
@dataclass
class Rows:
    """The catalog as it is stored: rows of the metadata tables by id, and the settings."""

    settings: dict[str, str]
    types: dict[int, dict[str, Any]]
    fields: dict[int, dict[str, Any]]
    options: dict[int, dict[str, Any]]
    keys: dict[int, dict[str, Any]]

    def of_type(self, type_id: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the field rows, in order, and the key rows of a type."""
        fields = [row for row in self.fields.values() if row["type_id"] == type_id]
        fields.sort(key=lambda r: (r["position"], r["id"]))
        return fields, [row for row in self.keys.values() if row["type_id"] == type_id]


#: Metadata tables whose rows `Rows` holds, by attribute.
METADATA: dict[str, Any] = {
    "types": models.Type,
    "fields": models.FieldRow,
    "options": models.Option,
    "keys": models.Key,
}


def read_rows(connection: sa.Connection) -> Rows:
    """Read the metadata in five selects."""
    found = {
        name: {
            row["id"]: dict(row)
            for row in connection.execute(sa.select(model.__table__)).mappings()
        }
        for name, model in METADATA.items()
    }
    settings = connection.execute(sa.select(models.Setting.__table__)).all()
    return Rows({row.name: row.value for row in settings}, **found)


def load(connection: sa.Connection, generation: int, known: Catalog | None = None) -> Catalog:
    """Read the catalog, keeping every unchanged type of `known`."""
    return build(read_rows(connection), generation, known)


def build(rows: Rows, generation: int, known: Catalog | None = None) -> Catalog:
    """Return the catalog of `rows`, keeping every unchanged type of `known`."""
    builder = TypeBuilder(rows, known)
    fields: dict[int, list[Any]] = {}
    for row in sorted(rows.fields.values(), key=lambda r: (r["position"], r["id"])):
        fields.setdefault(row["type_id"], []).append(row)
    keys: dict[int, list[Any]] = {}
    for row in rows.keys.values():
        keys.setdefault(row["type_id"], []).append(row)
    made = [
        builder.type(row, fields.get(row["id"], []), keys.get(row["id"], []))
        for row in rows.types.values()
    ]
    return of_types(made, rows.settings, generation)


def of_types(made: list[EntityType], settings: Mapping[str, str], generation: int) -> Catalog:
    """Return a catalog of built types."""
    return Catalog(
        generation,
        MappingProxyType({t.name: t for t in made if t.trashed_in is None}),
        tuple(t for t in made if t.trashed_in is not None),
        MappingProxyType(dict(settings)),
    )


class TypeBuilder:
    """Builds entity types from rows; an unchanged definition gives back the known type."""

    def __init__(self, rows: Rows, known: Catalog | None) -> None:
        self.settings = rows.settings
        self.known = known
        self.physical = {
            row["name"]: row["table_name"]
            for row in rows.types.values()
            if row["trashed_in"] is None
        }
        self.options: dict[int, list[Any]] = {}
        for row in sorted(rows.options.values(), key=lambda r: (r["position"], r["id"])):
            self.options.setdefault(row["field_id"], []).append(row)

    def type(self, row: Any, fields: list[Any], keys: list[Any]) -> EntityType:
        """Return the entity type of its rows."""
        digest = self._digest(row, fields, keys)
        same = self.known.by_id.get(row["id"]) if self.known else None
        if same is not None and same.fingerprint == digest:
            return same
        made = [self._field(f) for f in fields]
        live = {f.name: f for f in made if f.trashed_in is None}
        return EntityType(
            id=row["id"],
            name=row["name"],
            table_name=row["table_name"],
            owner=row["owner"],
            label=row["label"],
            plural=row["plural"],
            icon=row["icon"],
            hue=row["hue"],
            description=row["description"],
            title=row["title"],
            fields=MappingProxyType({**system_fields(row["id"], self._zone), **live}),
            trashed_fields=tuple(f for f in made if f.trashed_in is not None),
            keys=unique_keys(live.values(), keys),
            trashed_in=row["trashed_in"],
            fingerprint=digest,
        )

    @property
    def _zone(self) -> str:
        return self.settings.get("timezone", "UTC")

    def _digest(self, row: Any, fields: list[Any], keys: list[Any]) -> str:
        parts = [tuple(row.values()), self._zone, self.settings.get("currency")]
        for field in fields:
            target = orjson.loads(field["settings"]).get("target")
            parts.append((tuple(field.values()), self.physical.get(target)))
            parts += [tuple(option.values()) for option in self.options.get(field["id"], [])]
        parts += [tuple(key.values()) for key in keys]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _field(self, row: Any) -> Field:
        settings = orjson.loads(row["settings"])
        return FIELD_TYPES[row["kind"]](
            id=row["id"],
            type_id=row["type_id"],
            name=row["name"],
            column=row["column_name"],
            label=row["label"],
            owner=row["owner"],
            help=row["help"],
            required=row["required"],
            unique=row["is_unique"],
            indexed=row["indexed"],
            sortable=row["sortable"],
            personal=row["personal"],
            default=row["default_value"],
            settings=settings,
            options=tuple(
                Option(o["id"], o["value"], o["label"], o["hue"], o["category"], o["retired"])
                for o in self.options.get(row["id"], [])
            ),
            position=row["position"],
            trashed_in=row["trashed_in"],
            target_table=self.physical.get(
                "user" if row["kind"] == "user" else settings.get("target", "")
            ),
            zone=self._zone,
            currency=self.settings.get("currency", ""),
        )


def unique_keys(live: Any, rows: list[Any]) -> tuple[Key, ...]:
    """Return single-field keys, then the compound ones that are live."""
    singles = [Key(None, (f.name,), f.owner) for f in live if f.unique]
    return (
        *singles,
        *(
            Key(r["id"], tuple(r["fields"].split(",")), r["owner"])
            for r in rows
            if r["trashed_in"] is None
        ),
    )


def system_fields(type_id: int, zone: str) -> dict[str, Field]:
    """Return the fields that every entity type has."""
    common: dict[str, Any] = {"type_id": type_id, "owner": "system", "zone": zone}
    user: dict[str, Any] = {"settings": {"on_delete": "clear"}, "target_table": "core_user"}
    made: list[Field] = [
        Integer(id=-1, name="id", column="id", label="ID", read_only=True, sortable=True, **common),
        UserField(id=-2, name="owner", column="owner_id", label="Owner", indexed=True, **user, **common),
        Lookup(
            id=-3, name="team", column="team_id", label="Team", indexed=True, target_table="core_team",
            settings={"target": "team", "on_delete": "clear"}, **common,
        ),
        Datetime(id=-4, name="created_at", column="created_at", label="Created", read_only=True, **common),
        UserField(id=-5, name="created_by", column="created_by", label="Created by", read_only=True, **user, **common),
        Datetime(
            id=-6, name="updated_at", column="updated_at", label="Changed", read_only=True, sortable=True, **common
        ),
        UserField(id=-7, name="updated_by", column="updated_by", label="Changed by", read_only=True, **user, **common),
        Integer(id=-8, name="version", column="version", label="Version", read_only=True, **common),
    ]  # fmt: skip
    return {field.name: field for field in made}

"""Make a catalog from its rows; an unchanged definition gives back the known entity type."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import hooks, models
from ..fields import (
    FIELD_TYPES,
    Datetime,
    Field,
    Integer,
    Lookup,
    Option,
    RecordId,
    Tree,
    UserField,
    country_of,
)
from .entity_types import Catalog, EntityType, Key, part_link
from .layouts import Layout, View
from .patches import Patch, Patches


@dataclass
class Rows:
    """The catalog as it is stored: rows of the metadata tables by id, and the settings."""

    settings: dict[str, str]
    types: dict[int, dict[str, Any]]
    fields: dict[int, dict[str, Any]]
    options: dict[int, dict[str, Any]]
    keys: dict[int, dict[str, Any]]
    patches: dict[int, dict[str, Any]]
    views: dict[int, dict[str, Any]]

    def __post_init__(self) -> None:
        self._fields_of: dict[int, list[dict[str, Any]]] = {}
        self._options_of: dict[int, list[dict[str, Any]]] = {}
        for row in self.fields.values():
            self._fields_of.setdefault(row["type_id"], []).append(row)
        for row in self.options.values():
            self._options_of.setdefault(row["field_id"], []).append(row)

    def add_field(self, row: dict[str, Any]) -> None:
        """Take in the row of a new field."""
        self.fields[row["id"]] = row
        self._fields_of.setdefault(row["type_id"], []).append(row)

    def add_option(self, row: dict[str, Any]) -> None:
        """Take in the row of a new option."""
        self.options[row["id"]] = row
        self._options_of.setdefault(row["field_id"], []).append(row)

    def drop_field(self, field_id: int) -> None:
        """Take out a field with its options, and what was patched of them."""
        row = self.fields.pop(field_id)
        self._fields_of[row["type_id"]].remove(row)
        options = [option["id"] for option in self._options_of.pop(field_id, [])]
        for option_id in options:
            del self.options[option_id]
        self._drop_patches("field", {field_id})
        self._drop_patches("option", set(options))

    def drop_type(self, type_id: int) -> None:
        """Take out a type with its fields, keys and views, and what was patched of them."""
        for row in [*self.fields_of(type_id)]:
            self.drop_field(row["id"])
        for rows in (self.keys, self.views):
            for row in [*rows.values()]:
                if row["type_id"] == type_id:
                    del rows[row["id"]]
                    self._drop_patches("view", {row["id"]})
        del self.types[type_id]
        self._drop_patches("type", {type_id})

    def _drop_patches(self, kind: str, targets: set[int]) -> None:
        for patch in [*self.patches.values()]:
            if patch["target_kind"] == kind and patch["target_id"] in targets:
                del self.patches[patch["id"]]

    def fields_of(self, type_id: int) -> list[dict[str, Any]]:
        """Return the field rows of a type, trashed ones included, in no order."""
        return self._fields_of.get(type_id, [])

    def options_of(self, field_id: int) -> list[dict[str, Any]]:
        """Return the option rows of a field, in no order."""
        return self._options_of.get(field_id, [])

    def without_patches(self) -> Rows:
        """Return the same rows as their owners declared them."""
        return dataclasses.replace(self, patches={})

    def patched(self) -> tuple[Patch, ...]:
        """Return every change of an administrator, each with what its owner says today."""
        return Patches(self.patches).described(
            {
                "type": self.types,
                "field": self.fields,
                "option": self.options,
                "view": self.views,
            }
        )

    def of_type(self, type_id: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the field rows, in order, and the key rows of a type."""
        fields = sorted(self.fields_of(type_id), key=lambda r: (r["position"], r["id"]))
        return fields, [row for row in self.keys.values() if row["type_id"] == type_id]


#: Metadata tables whose rows `Rows` holds, by attribute.
METADATA: dict[str, Any] = {
    "types": models.Type,
    "fields": models.FieldRow,
    "options": models.Option,
    "keys": models.Key,
    "patches": models.Patch,
    "views": models.View,
}


def read_rows(connection: sa.Connection) -> Rows:
    """Read the metadata, a select for each table; purged types are only tombstones."""
    found = {name: _by_id(connection, model.__table__) for name, model in METADATA.items()}
    found["types"] = {i: row for i, row in found["types"].items() if row["purged_in"] is None}
    settings = connection.execute(sa.select(models.Setting.__table__)).all()
    return Rows({row.name: row.value for row in settings}, **found)


def _by_id(connection: sa.Connection, table: sa.Table) -> dict[int, dict[str, Any]]:
    result = connection.execute(sa.select(table))
    names = tuple(result.keys())  # a dict of each row is made in half the time of its mapping
    rows = [dict(zip(names, row, strict=True)) for row in result.all()]
    return {row["id"]: row for row in rows}


def load(connection: sa.Connection, generation: int, known: Catalog | None = None) -> Catalog:
    """Read the catalog, keeping every unchanged type of `known`."""
    return build(read_rows(connection), generation, known)


def build(rows: Rows, generation: int, known: Catalog | None = None) -> Catalog:
    """Return the catalog of `rows`, keeping every unchanged type of `known`."""
    builder = TypeBuilder(rows, known)
    made = [builder.type(row, *rows.of_type(row["id"])) for row in rows.types.values()]
    return of_types(made, rows, generation)


def of_types(made: list[EntityType], rows: Rows, generation: int) -> Catalog:
    """Return a catalog of built types, with the settings and patches of `rows`."""
    return Catalog(
        generation,
        MappingProxyType({t.name: t for t in made if t.trashed_in is None}),
        tuple(t for t in made if t.trashed_in is not None),
        MappingProxyType(dict(rows.settings)),
        rows.patched(),
        hooks.current().generation,
        _views(made, rows),
    )


def _views(made: list[EntityType], rows: Rows) -> MappingProxyType[str, tuple[View, ...]]:
    patches = Patches(rows.patches)
    named = {t.id: t.name for t in made if t.trashed_in is None}
    found: dict[str, list[View]] = {}
    for row in (patches.over("view", row) for row in rows.views.values()):
        if row["type_id"] in named:
            values = {**row, "type": named[row["type_id"]], "query": orjson.loads(row["query"])}
            del values["type_id"]
            found.setdefault(values["type"], []).append(View(**values))
    in_order = {n: tuple(sorted(v, key=lambda v: (v.position, v.id))) for n, v in found.items()}
    return MappingProxyType(in_order)


#: How a field without settings is stored.
_NO_SETTINGS: Final = "{}"


class TypeBuilder:
    """Builds entity types from rows; an unchanged definition gives back the known type."""

    def __init__(self, rows: Rows, known: Catalog | None) -> None:
        self.rows = rows
        self.settings = rows.settings
        self.country = country_of(rows.settings.get("language", ""), self._zone)
        self.known = known
        self.patches = Patches(rows.patches)
        self.plugged = hooks.current().field_types
        self._live = {row["name"]: row for row in rows.types.values() if row["trashed_in"] is None}
        self._trees: dict[str, Tree | None] = {}
        self._tables = {row["id"]: row["table_name"] for row in rows.types.values()}

    def type(self, row: Any, fields: list[Any], keys: list[Any]) -> EntityType:
        """Return the entity type of its rows, an administrator's patches worked in."""
        row = self.patches.over("type", row)
        if self.patches:
            fields = [self.patches.over("field", f) for f in fields]
            fields.sort(key=lambda r: (r["position"], r["id"]))
        digest = self._digest(row, fields, keys)
        same = self.known.by_id.get(row["id"]) if self.known else None
        if same is not None and same.fingerprint == digest:
            return same
        made = [self.field(f) for f in fields]
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
            layout=Layout.read(orjson.loads(row["layout"])),
            fields=MappingProxyType({**self._system(row, live), **live}),
            trashed_fields=tuple(f for f in made if f.trashed_in is not None),
            keys=unique_keys(live.values(), keys),
            trashed_in=row["trashed_in"],
            fingerprint=digest,
        )

    def patched_field(self, row: Any) -> Field:
        """Return the field of its row with an administrator's patches."""
        return self.field(self.patches.over("field", row))

    def _table(self, name: str | None) -> str | None:
        row = self._live.get(name or "")
        return None if row is None else row["table_name"]

    def _options(self, field_id: int) -> list[Any]:
        found = self.rows.options_of(field_id)
        if not found:
            return found  # most fields have none
        found = [self.patches.over("option", row) for row in found]
        return sorted(found, key=lambda r: (r["position"], r["id"]))

    def _tree(self, name: str | None) -> Tree | None:
        """Return the tree that the records of a live type form; most form none."""
        owner = self._live.get(name or "")
        if owner is None:
            return None
        if owner["name"] not in self._trees:
            links = [
                self.patches.over("field", row)
                for row in self.rows.fields_of(owner["id"])
                if row["kind"] == "lookup"
            ]
            found = [
                Tree(owner["table_name"], row["column_name"])
                for row in links
                if row["trashed_in"] is None and orjson.loads(row["settings"]).get("tree")
            ]
            self._trees[owner["name"]] = found[-1] if found else None
        return self._trees[owner["name"]]

    def _system(self, row: Any, live: dict[str, Field]) -> dict[str, Field]:
        own, teams = self._tree(row["name"]), self._tree("team")
        part = part_link(row["owner"], live.values()) is not None
        return system_fields(row["id"], self._zone, tree=own, teams=teams, part=part)

    @property
    def _zone(self) -> str:
        return self.settings.get("timezone", "UTC")

    def _digest(self, row: Any, fields: list[Any], keys: list[Any]) -> str:
        trees = self._tree(row["name"]), self._tree("team")
        currency = self.settings.get("currency")
        parts = [tuple(row.values()), self._zone, currency, self.country, trees]
        for field in fields:
            leads = None
            if field["settings"] != _NO_SETTINGS:
                target = orjson.loads(field["settings"]).get("target")
                leads = self._table(target), self._tree(target)
            parts.append((tuple(field.values()), leads, self._class(field)))
            parts += [tuple(option.values()) for option in self._options(field["id"])]
        parts += [tuple(key.values()) for key in keys]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _target_table(self, kind: str, settings: dict[str, Any]) -> str | None:
        if kind == "reference":
            return "core_record"
        return self._table("user" if kind == "user" else settings.get("target"))

    def _class(self, row: Any) -> Any:
        """Return the field type; without its plugin, the one that stores its values."""
        kind = row["kind"]
        known = FIELD_TYPES.get(kind) or self.plugged.get(kind)
        return known or FIELD_TYPES[row["stored_as"] or kind]

    def field(self, row: Any) -> Field:
        """Return the field of its row; an administrator's patches are worked in already."""
        settings = orjson.loads(row["settings"])
        field_type: Callable[..., Field] = self._class(row)
        return field_type(
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
            options=tuple(_option(o) for o in self._options(row["id"])),
            position=row["position"],
            trashed_in=row["trashed_in"],
            conversion=row["conversion"],
            retypes=row["retypes"],
            table_name=self._tables[row["type_id"]],
            target_table=self._target_table(row["kind"], settings),
            tree=self._tree(settings.get("target")),
            zone=self._zone,
            currency=self.settings.get("currency", ""),
            country=self.country,
        )


def _option(row: Any) -> Option:
    return Option(
        row["id"],
        row["value"],
        row["label"],
        row["hue"],
        row["category"],
        row["retired"],
        row["owner"],
        tuple(orjson.loads(row["when_values"])),
        tuple(orjson.loads(row["needs"])),
        MappingProxyType(orjson.loads(row["sets"])),
    )


def unique_keys(live: Iterable[Field], rows: list[Any]) -> tuple[Key, ...]:
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


def system_fields(
    type_id: int,
    zone: str,
    *,
    tree: Tree | None = None,
    teams: Tree | None = None,
    part: bool = False,
) -> dict[str, Field]:
    """Return the fields that every entity type has; `tree` is its own, `teams` that of teams.

    A `part` has the owner and the team of its whole; nobody writes them.
    """
    common: dict[str, Any] = {"type_id": type_id, "owner": "system", "zone": zone}
    people: dict[str, Any] = {
        "settings": {"on_delete": "clear"}, "target_table": "core_user", **common,
    }  # fmt: skip
    told: dict[str, Any] = {"read_only": True, **common}
    by: dict[str, Any] = {"read_only": True, **people}
    mine: dict[str, Any] = {"read_only": part, "indexed": True, **people}
    team: dict[str, Any] = {
        "settings": {"target": "team", "on_delete": "clear"}, "target_table": "core_team",
        "tree": teams, "read_only": part, "indexed": True, **common,
    }  # fmt: skip
    made: list[Field] = [
        RecordId(id=-1, name="id", column="id", label="ID", sortable=True, tree=tree, **told),
        UserField(id=-2, name="owner", column="owner_id", label="Owner", **mine),
        Lookup(id=-3, name="team", column="team_id", label="Team", **team),
        Datetime(id=-4, name="created_at", column="created_at", label="Created", **told),
        UserField(id=-5, name="created_by", column="created_by", label="Created by", **by),
        Datetime(
            id=-6, name="updated_at", column="updated_at", label="Changed", sortable=True, **told
        ),
        UserField(id=-7, name="updated_by", column="updated_by", label="Changed by", **by),
        Integer(id=-8, name="version", column="version", label="Version", **told),
    ]
    return {field.name: field for field in made}

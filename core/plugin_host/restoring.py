"""Bring an archive of a plugin back: enable it, then its records and values, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from .. import access, audit, catalog, db, doctor, entities, models, plugin_tables, roles
from .. import hooks as hooking
from ..actor import Actor
from ..backup.archive import Reader, Table
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Field, Several
from ..storage import among, slices
from . import settings, tables
from .archiving import ARCHIVES, COUNTER, FORM, SHARE, table_with
from .configuring import settle
from .verbs import Candidate

_SPINE = models.Record.__table__
_BATCH = 1000


def archives(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the archives in the home, newest first: name, bytes, and the time in seconds."""
    access.require(actor, "read", "plugins")
    folder = db.settings().home / ARCHIVES
    files = [path for path in folder.glob("*.zip") if not path.name.startswith(".")]
    facts = sorted(((f.stat().st_mtime, f.name, f.stat().st_size) for f in files), reverse=True)
    return [{"name": name, "bytes": size, "at": int(at)} for at, name, size in facts]


def restore(name: str, *, actor: Actor) -> dict[str, Any]:
    """Bring an archive of the home, or one at a path, back in the open exclusive transaction.

    Enables the plugin, and returns {plugin, rows: {table: count}, left_out: [sentence, ...]}.
    Raises `archive_unknown`, `archive_refused`, and what enabling it raises.
    """
    access.require(actor, "customise", "plugins")
    path = Path(name) if "/" in name else db.settings().home / ARCHIVES / name
    if not path.is_file():
        raise RelatumError("archive_unknown", archive=name[:200])
    try:
        with Reader(path, FORM) as packed:
            found = _Restoring(packed, actor)
            found.run()
    except (sa_exc.IntegrityError, sa_exc.DataError) as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise _refused(name, f"the database refuses its rows: {reason}") from error
    except RelatumError as error:
        if error.code != "restore_refused":
            raise
        raise _refused(name, "it is damaged, or no archive of a plugin") from error
    audit.note("plugin_restored", f"plugin:{found.plugin}", actor=actor, after=found.counts)
    return {"plugin": found.plugin, "rows": dict(found.counts), "left_out": found.left_out}


def _refused(name: str, reason: str) -> RelatumError:
    return RelatumError("archive_refused", archive=Path(name).name[:200], reason=reason)


class _Restoring:
    """An archive that is brought back."""

    def __init__(self, packed: Reader, actor: Actor) -> None:
        self.packed, self.actor = packed, actor
        facts = packed.facts
        self.plugin = facts["plugin"]
        self.changed = orjson.loads(facts["changed"])
        self.columns: dict[str, dict[str, list[str]]] = orjson.loads(facts["columns"])
        self.counters = orjson.loads(facts["counters"])
        self.entries = {entry.name: entry for entry in packed.tables}
        self.counts: Counter[str] = Counter()
        self.left_out: list[str] = []
        self.connection = db.for_writing().connection
        #: ids of records that this brings back: links may point to them before they are there.
        self.ids: dict[str, list[int]] = {}

    def run(self) -> None:
        candidate = Candidate(self.plugin, self.actor)
        candidate.apply()
        given = orjson.loads(self.packed.facts.get("plugin_settings", "[]"))
        for secret in settings.put_back(self.plugin, given):
            self.left_out.append(f"the secret '{secret}' is in no archive; set it again")
        settle(candidate.active.settings)
        with hooking.using(candidate.loaded.hooks):
            self._shape()
            self._fill()
        roles.put_back(self.changed.get("roles", {}), actor=self.actor)

    def _shape(self) -> None:
        """Let what an administrator had changed and added be as it was."""
        schema = self.changed.get("schema")
        if schema is None:
            return
        known = catalog.current().types
        kept = {
            **schema,
            "extensions": [e for e in schema["extensions"] if e["type"] in known],
            "patches": [p for p in schema["patches"] if p["type"] in known],
        }
        changes = entities.to_changes(catalog.current(), kept)
        if changes:
            entities.apply(changes, actor=self.actor)

    # -- rows -------------------------------------------------------------------------------
    def _fill(self) -> None:
        types = {n: t for n, t in catalog.current().types.items() if n in self.columns}
        for name in sorted(set(self.columns) - set(types)):
            self.left_out.append(f"'{name}' is no entity type any more")
        self.references = doctor.foreign_keys_of(self.connection)
        mine = [t for t in types.values() if t.owner == self.plugin]
        for entity_type in mine:
            self.ids[entity_type.table_name] = self._spine(entity_type)
        for entity_type in mine:
            self._whole(entity_type)
        for entity_type in types.values():
            if entity_type.owner != self.plugin:
                self._part(entity_type)
        self._tables()

    def _tables(self) -> None:
        """Bring the rows of the plugin's own tables back, which its steps have made."""
        begins = f"{plugin_tables.PREFIX}{self.plugin}__"
        for entry in self.entries.values():
            name = entry.name.removeprefix(begins)
            if name == entry.name:
                continue
            if name not in tables.names(self.plugin):
                self.left_out.append(f"'{name}' is no table of the plugin any more")
                continue
            columns = [column.name for column in entry.columns]
            rows = (dict(zip(columns, row, strict=True)) for row in self.packed.rows(entry))
            self.counts[entry.name] += tables.put_back(self.plugin, name, rows)
        tables.take_as_filled(self.plugin, int(self.packed.facts.get("steps", "0")))

    def _spine(self, entity_type: EntityType) -> list[int]:
        """Give the records of a type their places in the spine again; refuse foreign ones."""
        entry = self.entries[entity_type.name]
        place = [column.name for column in entry.columns].index("id")
        ids = [row[place] for row in self.packed.rows(entry)]
        was = sa.select(models.Type.id).where(models.Type.purged_in.is_not(None))
        gone = _SPINE.c.type_id.in_(was.where(models.Type.name == entity_type.name))
        back = sa.update(_SPINE).where(among(_SPINE.c.id), gone).values(type_id=entity_type.id)
        for some in slices(ids):
            if self.connection.execute(back, {"ids": list(some)}).rowcount != len(some):
                reason = f"records of '{entity_type.name}' are there, or never were here"
                raise _refused(self.plugin, reason)
        return ids

    def _whole(self, entity_type: EntityType) -> None:
        """Bring the records of a type of the plugin back, with the values beside them."""
        fields = self._fields(entity_type)
        entry = self.entries[entity_type.name]
        table = table_with(entity_type, *(f for f in fields if f.name != "id"))
        names = self._names(entity_type, fields)
        for rows in self._rows(entry, names, entity_type.table_name):
            self.connection.execute(sa.insert(table), rows)
            self.counts[entity_type.name] += len(rows)
        self._values(entity_type, fields)
        shares = self.entries[f"{entity_type.name}__shares"]
        names = {c.name: c.name for c in shares.columns if c.name != "id"}
        for rows in self._rows(shares, names, SHARE.name):
            whom = [row for row in rows if row["user_id"] or row["team_id"]]
            if whom:
                self.connection.execute(sa.insert(SHARE), whom)
        self._count_on(entity_type)

    def _part(self, entity_type: EntityType) -> None:
        """Bring values back to the records of another's type that are still there."""
        fields = self._fields(entity_type)
        entry = self.entries.get(entity_type.name)
        plain = [field for field in fields if not isinstance(field, Several)]
        if entry is not None and plain:
            table = table_with(entity_type, *plain)
            names = {"id": "id", **self._names(entity_type, plain)}
            values: dict[str, Any] = {
                new: sa.bindparam(f"v_{new}") for new in names.values() if new != "id"
            }
            one = sa.update(table).where(table.c.id == sa.bindparam("id_")).values(values)
            for rows in self._rows(entry, names, entity_type.table_name):
                there = self._there(entity_type.table_name, [row["id"] for row in rows])
                found = [
                    {"id_": row["id"], **{f"v_{n}": v for n, v in row.items() if n != "id"}}
                    for row in rows
                    if row["id"] in there
                ]
                if found:
                    self.connection.execute(one, found)
                self.counts[entity_type.name] += len(found)
        self._values(entity_type, fields)

    def _values(self, entity_type: EntityType, fields: Sequence[Field]) -> None:
        """Bring the tables of values beside records back, of records that are there."""
        for field in fields:
            entry = self.entries.get(f"{entity_type.name}__{field.name}")
            if entry is None or not isinstance(field, Several):
                continue
            old = [column.name for column in entry.columns]
            new = [column.name for column in field.values.columns]
            for rows in self._rows(entry, dict(zip(old, new, strict=True)), field.values.name):
                there = self._there(entity_type.table_name, {row[new[0]] for row in rows})
                kept = [row for row in rows if row[new[0]] in there]
                if kept:
                    self.connection.execute(sa.insert(field.values), kept)

    def _fields(self, entity_type: EntityType) -> list[Field]:
        """Return the fields that the archive has values of and that still store as they did."""
        kept: list[Field] = []
        for name, columns in self.columns[entity_type.name].items():
            field = entity_type.fields.get(name)
            if field is not None and len(field.columns()) == len(columns):
                kept.append(field)
            else:
                self.left_out.append(f"'{entity_type.name}.{name}' is no such field any more")
        return kept

    def _names(self, entity_type: EntityType, fields: Iterable[Field]) -> dict[str, str]:
        """Return the columns of fields by what they were called in the archive."""
        known = self.columns[entity_type.name]
        return {
            old: column.name
            for field in fields
            for old, column in zip(known[field.name], field.columns(), strict=True)
        }

    def _rows(
        self, entry: Table, names: Mapping[str, str], table: str
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield rows of the archive under their names of today; links to what is gone are empty."""
        old = [column.name for column in entry.columns]
        rows = (dict(zip(old, row, strict=True)) for row in self.packed.rows(entry))
        links = {c: t for (of, c), t in self.references.items() if of == table and c != "id"}
        for batch in slices(
            ({new: row[name] for name, new in names.items()} for row in rows), _BATCH
        ):
            for column in links.keys() & set(names.values()):
                self._clear(batch, column, links[column])
            yield batch

    def _clear(self, batch: list[dict[str, Any]], column: str, target: str) -> None:
        wanted = {row[column] for row in batch if row[column] is not None}
        lost = wanted - self._there(target, wanted) - set(self.ids.get(target, ()))
        for row in batch if lost else ():
            if row[column] in lost:
                row[column] = None

    def _there(self, table: str, ids: Iterable[int]) -> set[int]:
        """Return those of some ids that a table has."""
        id_ = sa.table(table, sa.column("id", sa.BigInteger)).c.id
        query = sa.select(id_).where(among(id_))
        return {
            found
            for some in slices(list(ids))
            for found in self.connection.execute(query, {"ids": list(some)}).scalars()
        }

    def _count_on(self, entity_type: EntityType) -> None:
        """Let the numbers of a type go on where they were."""
        for field_name, periods in self.counters.get(entity_type.name, {}).items():
            field = entity_type.fields.get(field_name)
            for said in periods if field is not None else ():
                assert field is not None
                at = COUNTER.c.field_id == field.id, COUNTER.c.period == said["period"]
                self.connection.execute(sa.delete(COUNTER).where(*at))
                self.connection.execute(sa.insert(COUNTER), {"field_id": field.id, **said})

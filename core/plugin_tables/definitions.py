"""What a plugin's own table is: its columns and indexes, as the ledger keeps them.

A column holds one value of a field type that has one column, or refers to a record. All may be
empty in SQL, as columns of records may; what is required is held by `OwnTable`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as fields_of
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from .. import ddl, fields
from ..fields import Field
from ..storage import Int64

#: How the name of every table of a plugin begins; no type and no table of values is called so.
PREFIX: Final = "plugin__"
#: With a plugin's id of thirty characters, still a name for PostgreSQL.
NAME_LIMIT: Final = 20
COLUMN_LIMIT: Final = 60
#: The kinds of columns by the names of the field types that check and store them.
KINDS: Final[Mapping[str, type[Field]]] = MappingProxyType(
    {
        "text": fields.LongText, "integer": fields.Integer, "decimal": fields.DecimalField,
        "boolean": fields.Boolean, "date": fields.Date, "time": fields.Time,
        "datetime": fields.Datetime, "json": fields.JsonField, "ref": fields.Integer,
    }
)  # fmt: skip
CASCADE, CLEAR = "cascade", "clear"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ACTIONS: Final = {CASCADE: "CASCADE", CLEAR: "SET NULL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: of a kind in KINDS; `default` as JSON has it.

    One of the kind `ref` holds the id of a record of `type`, or of any with None; `on_delete`
    says whether its row goes when that record is purged, or the column is emptied.
    """

    name: str
    kind: str
    required: bool = False
    default: Any = None
    scale: int = 0
    type: str | None = None
    on_delete: str | None = None

    @property
    def field(self) -> Field:
        """The field type that checks and stores its values."""
        return _field(self.kind, self.name, self.scale)

    def as_json(self) -> dict[str, Any]:
        """Return the column as the ledger keeps it, without what goes without saying."""
        said = ((each.name, getattr(self, each.name), each.default) for each in fields_of(self))
        return {name: value for name, value, default in said if value is not default}

    def made(self) -> sa.Column[Any]:
        """Return a new column for DDL."""
        if self.on_delete is not None:
            target = sa.ForeignKey(
                "core_record.id", ondelete=_ACTIONS[self.on_delete], deferrable=True,
                initially="DEFERRED",
            )  # fmt: skip
            return sa.Column(self.name, Int64, target)
        [column] = self.field.columns()
        if self.default is not None:
            # The rows that are there already have it, too, without being written.
            column.server_default = sa.DefaultClause(
                sa.literal(self.field.unwire(self.default), column.type)
            )
        return column


@lru_cache(maxsize=4096)
def _field(kind: str, name: str, scale: int) -> Field:
    settings = {"scale": scale} if kind == "decimal" else {}
    return KINDS[kind](id=0, type_id=0, name=name, column=name, label=name, settings=settings)


@dataclass(frozen=True, slots=True, order=True)
class Index:
    """An index over columns; empty values are never alike in a unique one."""

    columns: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True)
class Table:
    """A table of a plugin by its short name; `id` is a column that it has besides."""

    plugin: str
    name: str
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()

    @property
    def physical(self) -> str:
        """The name that it has in the database."""
        return f"{PREFIX}{self.plugin}__{self.name}"

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Its columns, `id` aside, by name."""
        return MappingProxyType({column.name: column for column in self.columns})

    @property
    def references(self) -> tuple[Column, ...]:
        """The columns that refer to records."""
        return tuple(column for column in self.columns if column.on_delete is not None)

    @property
    def all_indexes(self) -> tuple[Index, ...]:
        """Its indexes: one for each reference, then those that were asked for."""
        return (*(Index((column.name,)) for column in self.references), *self.indexes)

    @property
    def ddl_indexes(self) -> list[ddl.CreateIndex]:
        """Its indexes as DDL has them."""
        return [index_of(self.physical, each) for each in self.all_indexes]

    def made(self) -> Iterator[ddl.Statement]:
        """Yield what makes it, with its indexes; new each time: a column is of one table."""
        plain = [column.made() for column in self.columns if column.on_delete is None]
        yield ddl.OwnColumns(self.physical, [key(), *plain], new=True)
        # SQLite drops a column whose reference is its own only.
        yield ddl.OwnColumns(self.physical, [column.made() for column in self.references])
        yield from self.ddl_indexes

    @property
    def sql(self) -> sa.Table:
        """The table to be asked: the same object as long as the definition is the same."""
        return _sql_table(self)

    def as_json(self) -> dict[str, Any]:
        """Return the table as the ledger keeps it."""
        return {
            "name": self.name,
            "columns": [column.as_json() for column in self.columns],
            "indexes": [asdict(index) for index in self.indexes],
        }


def table_of(plugin: str, document: Mapping[str, Any]) -> Table:
    """Return a table from what the ledger keeps."""
    return Table(
        plugin,
        document["name"],
        tuple(Column(**column) for column in document["columns"]),
        tuple(Index(tuple(i["columns"]), i["unique"]) for i in document["indexes"]),
    )


#: The tables of a plugin by their short names.
Tables = Mapping[str, Table]


@lru_cache(maxsize=512)
def _sql_table(table: Table) -> sa.Table:
    own = (sa.Column(c.name, c.field.columns()[0].type) for c in table.columns)
    return sa.Table(table.physical, sa.MetaData(), key(), *own)


def key() -> sa.Column[Any]:
    """Return a new column of the ids of rows."""
    return sa.Column("id", Int64, primary_key=True, autoincrement=True)


def index_of(physical: str, index: Index) -> ddl.CreateIndex:
    """Return an index of a table as DDL has it."""
    return ddl.CreateIndex(physical, index.columns, index.unique, live_only=False)


def check_name(name: Any, limit: int = NAME_LIMIT) -> str:
    """Return the name of a table or column that follows the rule; raise ValueError."""
    if not isinstance(name, str) or len(name) > limit or not _NAME.fullmatch(name):
        raise ValueError(
            f"'{str(name)[:60]}' is not a name: 1 to {limit} characters a-z, 0-9 and single "
            "underscores, a letter first"
        )
    return name

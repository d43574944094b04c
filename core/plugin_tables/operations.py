"""What a step of a plugin may do to its tables; `op` writes it down, and nothing runs yet.

So a plan shows the very statements that are carried out later, and the ledger keeps what takes
them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final

from .. import ddl
from ..errors import nearest
from ..fields import Refused
from .definitions import (
    CASCADE,
    CLEAR,
    COLUMN_LIMIT,
    Column,
    Index,
    Table,
    Tables,
    check_name,
    index_of,
    table_of,
)

CREATE_TABLE, DROP_TABLE = "create_table", "drop_table"
ADD_COLUMN, DROP_COLUMN = "add_column", "drop_column"
CREATE_INDEX, DROP_INDEX = "create_index", "drop_index"
_COLUMN_NAME: Final = 40
#: What every table has already, here or in PostgreSQL.
_TAKEN: Final = frozenset("id tableoid xmin cmin xmax cmax ctid".split())


@dataclass(frozen=True, slots=True)
class Statement:
    """One change of a table: what is done, to which table, and with what of it."""

    op: str
    table: Table
    column: Column | None = None
    index: Index | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        return {
            "op": self.op,
            "table": self.table.as_json(),
            "column": self.column.as_json() if self.column else None,
            "index": asdict(self.index) if self.index else None,
        }

    @property
    def drops(self) -> bool:
        """Whether values go."""
        return self.op in (DROP_TABLE, DROP_COLUMN)

    def emitted(self) -> Iterator[ddl.Statement]:
        """Yield the DDL of it, made anew each time: SQLAlchemy ties a column to one table."""
        name, column, index = self.table.physical, self.column, self.index
        if self.op == CREATE_TABLE:
            yield from self.table.made()
        elif self.op == DROP_TABLE:
            yield ddl.DropTable(name)
        elif column is not None:
            own = [index_of(name, Index((column.name,)))] if column.on_delete else []
            if self.op == ADD_COLUMN:
                yield ddl.OwnColumns(name, [column.made()])
                yield from own
            else:
                yield from map(ddl.DropIndex, own)
                yield ddl.DropColumn(name, column.name)
        elif index is not None:
            made = index_of(name, index)
            yield made if self.op == CREATE_INDEX else ddl.DropIndex(made)


def statement_of(plugin: str, document: Mapping[str, Any]) -> Statement:
    """Return a statement from what the ledger keeps."""
    column, index = document["column"], document["index"]
    return Statement(
        document["op"],
        table_of(plugin, document["table"]),
        Column(**column) if column else None,
        Index(tuple(index["columns"]), index["unique"]) if index else None,
    )


class Operations:
    """What `upgrade(op)` and `downgrade(op)` of a step are given.

    Tables go by short names and are the plugin's own; each has a column `id` by itself. What is
    wrong raises ValueError with the reason, and the plugin can't be enabled. Columns are made by
    the methods that are called like field types.
    """

    def __init__(self, plugin: str, tables: Tables) -> None:
        self._plugin = plugin
        #: The tables as they are after all that was written down so far.
        self.tables: dict[str, Table] = dict(tables)
        self.statements: list[Statement] = []

    # -- columns ---------------------------------------------------------------------------
    def text(self, name: str, *, required: bool = False, default: str | None = None) -> Column:
        """Return a column of text of up to 100,000 characters; empty text is no value."""
        return _column(name, "text", required, default)

    def integer(self, name: str, *, required: bool = False, default: int | None = None) -> Column:
        """Return a column of whole numbers below 2^53."""
        return _column(name, "integer", required, default)

    def decimal(
        self,
        name: str,
        *,
        scale: int = 2,
        required: bool = False,
        default: Decimal | int | str | None = None,
    ) -> Column:
        """Return a column of exact decimals with 0 to 6 digits after the point, below 10^12."""
        if scale not in range(7):
            raise ValueError(f"the scale of '{name}' must be a whole number from 0 to 6")
        return _column(name, "decimal", required, default, scale=scale)

    def boolean(self, name: str, *, default: bool = False) -> Column:
        """Return a column that is true or false, never empty."""
        return _column(name, "boolean", required=False, default=default)

    def date(self, name: str, *, required: bool = False) -> Column:
        """Return a column of calendar dates."""
        return _column(name, "date", required)

    def time(self, name: str, *, required: bool = False) -> Column:
        """Return a column of times of day, to the second."""
        return _column(name, "time", required)

    def datetime(self, name: str, *, required: bool = False) -> Column:
        """Return a column of instants in UTC, to the microsecond."""
        return _column(name, "datetime", required)

    def json(self, name: str, *, required: bool = False) -> Column:
        """Return a column of JSON objects or lists of up to 65,536 bytes."""
        return _column(name, "json", required)

    def ref(
        self,
        type: str | None,  # noqa: A002  # as relationships call it
        name: str | None = None,
        *,
        required: bool = False,
        on_delete: str | None = None,
    ) -> Column:
        """Return a column that refers to a record of a type, called like that by itself.

        `op.ref(None, "about")` refers to records of any type. A purged record takes its rows
        along (`cascade`, what is required does by itself) or empties the column (`clear`);
        nothing of a plugin keeps a record from being purged. It has an index.
        """
        rule = on_delete or (CASCADE if required else CLEAR)
        if rule not in (CASCADE, CLEAR):
            raise ValueError(f"on_delete of '{name or type}' must be cascade or clear")
        if required and rule == CLEAR:
            raise ValueError(f"'{name or type}' is required, so its on_delete must be cascade")
        called = type if name is None else name
        if called is None:
            raise ValueError("a reference to records of any type needs a name")
        return _column(called, "ref", required, type=type, on_delete=rule)

    # -- tables ----------------------------------------------------------------------------
    def create_table(self, name: str, *columns: Column) -> None:
        """Make a table with columns; it has `id` besides."""
        if check_name(name) in self.tables:
            raise ValueError(f"there is a table '{name}' already")
        table = Table(self._plugin, name, ())
        for column in columns:
            table = _with_column(table, column)
        if not columns:
            raise ValueError(f"table '{name}' has no columns")
        self._take(Statement(CREATE_TABLE, table), table)

    def drop_table(self, name: str) -> None:
        """Drop a table with its rows."""
        self.statements.append(Statement(DROP_TABLE, self._table(name)))
        del self.tables[name]

    def add_column(self, table: str, column: Column) -> None:
        """Add a column; rows that are there have its default, or nothing."""
        known = self._table(table)
        made = _with_column(known, column)
        if column.required and column.default is None:
            raise ValueError(
                f"'{column.name}' is added to a table that may have rows, so it can't be required "
                "without a default"
            )
        self._take(Statement(ADD_COLUMN, known, column=column), made)

    def drop_column(self, table: str, name: str) -> None:
        """Drop a column with its values; an index over it must be dropped before."""
        known = self._table(table)
        column = known.by_name.get(name)
        if column is None:
            raise ValueError(f"table '{table}' has no column '{name}'")
        if any(name in index.columns for index in known.indexes):
            raise ValueError(f"'{name}' of '{table}' has an index, which must be dropped first")
        rest = tuple(c for c in known.columns if c is not column)
        if not rest:
            raise ValueError(f"'{name}' is the last column of '{table}': drop the table")
        self._take(Statement(DROP_COLUMN, known, column=column), replace(known, columns=rest))

    # -- indexes ---------------------------------------------------------------------------
    def create_index(self, table: str, *columns: str, unique: bool = False) -> None:
        """Make an index over columns; in a unique one empty values are never alike."""
        known, index = self._table(table), Index(columns, unique)
        for name in columns:
            if name not in known.by_name:
                raise ValueError(f"table '{table}' has no column '{name}'")
            if known.by_name[name].kind == "json":
                raise ValueError(f"'{name}' of '{table}' is JSON, which has no index")
        if not columns or len(set(columns)) < len(columns):
            raise ValueError(f"an index of '{table}' needs columns, each once")
        if index in known.all_indexes:
            raise ValueError(f"'{table}' has that index over {', '.join(columns)} already")
        made = replace(known, indexes=(*known.indexes, index))
        self._take(Statement(CREATE_INDEX, known, index=index), made)

    def drop_index(self, table: str, *columns: str, unique: bool = False) -> None:
        """Drop an index that `create_index` made."""
        known, index = self._table(table), Index(columns, unique)
        if index not in known.indexes:
            raise ValueError(f"'{table}' has no such index over {', '.join(columns)}")
        rest = tuple(i for i in known.indexes if i != index)
        self._take(Statement(DROP_INDEX, known, index=index), replace(known, indexes=rest))

    def _table(self, name: str) -> Table:
        if name not in self.tables:
            near = nearest(str(name)[:40], sorted(self.tables))
            raise ValueError(
                f"there is no table '{str(name)[:40]}' here: steps know the plugin's own tables by "
                f"their short names{near}".removesuffix("?")
            )
        return self.tables[name]

    def _take(self, statement: Statement, table: Table) -> None:
        self.statements.append(statement)
        self.tables[table.name] = table


def _column(name: Any, kind: str, required: bool, default: Any = None, **more: Any) -> Column:
    if check_name(name, _COLUMN_NAME) in _TAKEN:
        raise ValueError(f"'{name}' is taken: every table has such a column already")
    column = Column(name=name, kind=kind, required=required, **more)
    if default is None:
        return column
    if isinstance(default, float):
        raise ValueError(f"the default of '{name}' is a float, which is not exact: write a text")
    try:
        return replace(column, default=column.field.wire(column.field.check(default)))
    except Refused as refused:
        reason = refused.problem.message.rstrip(".")
        raise ValueError(f"the default of '{name}' does not fit: {reason}") from None


def _with_column(table: Table, column: Any) -> Table:
    if not isinstance(column, Column):
        raise ValueError(f"columns of '{table.name}' are made by op, such as op.text('note')")
    if column.name in table.by_name:
        raise ValueError(f"table '{table.name}' has a column '{column.name}' already")
    if len(table.columns) >= COLUMN_LIMIT:
        raise ValueError(f"table '{table.name}' has more than {COLUMN_LIMIT} columns")
    return replace(table, columns=(*table.columns, column))

"""What a step may do to tables, and what it is refused: looked at without any database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from relatum import Operations
from relatum.core import ddl
from relatum.core.backup.archive import kind_of, type_of
from relatum.core.plugin_host.tables import emitted

OPERATIONS = [
    ('op.create_table("Ledger", op.text("a"))', "'Ledger' is not a name"),
    ('op.create_table("a__b", op.text("a"))', "'a__b' is not a name"),
    ('op.create_table("ledger", op.text("a"))', "there is a table 'ledger' already"),
    ('op.create_table("empty")', "table 'empty' has no columns"),
    ('op.create_table("other", op.text("id"))', "'id' is taken"),
    ('op.create_table("other", op.text("a"), op.text("a"))', "has a column 'a' already"),
    ('op.create_table("other", "a TEXT")', "columns of 'other' are made by op"),
    ('op.create_table("other", op.decimal("a", default=1.5))', "is a float, which is not exact"),
    ('op.create_table("other", op.decimal("a", scale=9))', "must be a whole number from 0 to 6"),
    ('op.create_table("other", op.integer("a", default="b"))', "the default of 'a' does not fit"),
    ('op.create_table("other", op.ref("x_firm", on_delete="restrict"))', "cascade or clear"),
    (
        'op.create_table("other", op.ref("x_firm", required=True, on_delete="clear"))',
        "is required, so its on_delete must be cascade",
    ),
    ('op.add_column("x_person", op.text("a"))', "there is no table 'x_person' here"),
    ('op.add_column("plugin__loyalty__ledger", op.text("a"))', "there is no table"),
    ('op.add_column("ledger", op.text("a", required=True))', "can't be required without a"),
    ('op.drop_column("ledger", "booked_at")', "has an index, which must be dropped first"),
    ('op.drop_column("ledger", "none")', "table 'ledger' has no column 'none'"),
    ('op.create_index("ledger", "booked_at")', "has that index over booked_at already"),
    ('op.create_index("ledger", "more")', "is JSON, which has no index"),
    ('op.drop_index("ledger", "points")', "has no such index over points"),
]


def begun():
    """Return what a second step is given, after a ledger was made."""
    first = Operations("loyalty", {})
    first.create_table(
        "ledger", first.ref("x_person"), first.decimal("points"), first.datetime("booked_at"),
        first.json("more"),
    )  # fmt: skip
    first.create_index("ledger", "booked_at")
    return Operations("loyalty", first.tables)


def sql(op, dialect):
    """Return the SQL of what was written down."""
    return list(ddl.as_text([[*emitted(op.statements)]], dialect)[0])


@pytest.mark.parametrize(("line", "said"), OPERATIONS)
def test_a_step_reaches_its_own_tables_alone_in_ways_that_can_be_taken_back(line, said):
    op = begun()
    with pytest.raises(ValueError) as refusal:  # the text is looked at below
        eval(line, {"op": op})  # a line of this file
    assert said in str(refusal.value)
    assert op.statements == []


def test_op_knows_no_statement_of_its_own():
    words = {name for name in dir(Operations) if name[0] != "_"}
    assert words == {
        "text", "integer", "decimal", "boolean", "date", "time", "datetime", "json", "ref",
        "create_table", "drop_table", "add_column", "drop_column", "create_index", "drop_index",
    }  # fmt: skip


def test_a_table_is_called_by_the_plugin_whatever_its_short_name():
    op = begun()
    op.create_table("core_user", op.text("note"))
    [made] = sql(op, sqlite.dialect())
    assert made.startswith("CREATE TABLE plugin__loyalty__core_user (")


def test_a_reference_is_to_the_spine_and_has_an_index():
    op = begun()
    op.add_column("ledger", op.ref("x_firm", "firm", required=False))
    added, index = sql(op, postgresql.dialect())
    assert added == (
        "ALTER TABLE plugin__loyalty__ledger ADD COLUMN firm BIGINT REFERENCES core_record (id) "
        "ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED"
    )
    assert index.endswith("ON plugin__loyalty__ledger (firm NULLS FIRST)")


def test_what_is_required_takes_its_row_along():
    op = begun()
    assert op.ref("x_firm", required=True).on_delete == "cascade"
    assert op.ref("x_firm").on_delete == "clear"
    assert op.ref(None, "about").type is None


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_a_default_is_a_constant_of_the_column_so_that_no_row_is_written(dialect):
    op = begun()
    columns = [op.decimal("rate", scale=3, required=True, default="1.5"), op.boolean("sent"),
               op.integer("count", default=0), op.text("note", default="it's")]  # fmt: skip
    for column in columns:
        op.add_column("ledger", column)
    lite = dialect.name == "sqlite"
    text_type = "TEXT" if lite else 'TEXT COLLATE "C"'
    said = [text.partition("ADD COLUMN ")[2] for text in sql(op, dialect)]
    assert said == [
        f"rate {'BIGINT DEFAULT 1500' if lite else 'NUMERIC(18, 3) DEFAULT 1.500'}",
        f"sent BOOLEAN DEFAULT {'0' if lite else 'false'} NOT NULL",
        f"count {'INTEGER' if lite else 'BIGINT'} DEFAULT 0",
        f"note {text_type} DEFAULT 'it''s'",
    ]


def test_every_kind_of_column_is_one_that_a_backup_can_hold():
    op = begun()
    op.create_table(
        "all", op.text("a"), op.integer("b"), op.decimal("c"), op.boolean("d"), op.date("e"),
        op.time("f"), op.datetime("g"), op.json("h"), op.ref("x_person"),
    )  # fmt: skip
    for column in op.tables["all"].sql.columns:
        assert isinstance(type_of(kind_of(column.type)), sa.types.TypeEngine)


def test_a_table_is_the_same_object_as_long_as_its_definition_is():
    assert begun().tables["ledger"].sql is begun().tables["ledger"].sql

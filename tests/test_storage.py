"""Storage: functions that each database spells in its own way."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from relatum.core import models
from relatum.core.storage import among, spelled


def test_a_function_is_spelled_as_its_database_does_or_called_by_its_name():
    function = spelled(
        "relatum_test", sa.Integer(), sqlite="one({1}, {0})", postgresql="two({all})"
    )
    call = function(sa.column("a"), sa.column("b"), sa.column("c"))
    assert str(call.compile(dialect=sqlite.dialect())) == "one(b, a)"
    assert str(call.compile(dialect=postgresql.dialect())) == "two(a, b, c)"
    assert str(call.compile()) == "relatum_test(a, b, c)"
    assert isinstance(call.type, sa.Integer)


def test_records_are_found_among_ids_by_their_index(instance):
    spine = models.Record.__table__
    wanted = [row.id for row in instance.sql("SELECT id FROM core_record ORDER BY id LIMIT 2")]
    query = sa.select(spine.c.id).where(among(spine.c.id)).order_by(spine.c.id)
    with instance.reading() as tx:
        assert tx.connection.execute(query, {"ids": wanted}).scalars().all() == wanted
        if instance.dialect == "sqlite":
            plan = "EXPLAIN QUERY PLAN " + str(query.compile(tx.connection))
            steps = [row[3] for row in tx.connection.exec_driver_sql(plan, ("[]",))]
            assert any("SEARCH core_record USING INTEGER PRIMARY KEY" in step for step in steps)

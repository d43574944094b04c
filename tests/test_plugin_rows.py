"""Rows of a plugin's own tables: typed, in the transaction of whoever calls, never in the way."""

from __future__ import annotations

import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from relatum.core import backup, db, jobs, plugin_host
from relatum.core import help as manual
from relatum.core.errors import Invalid, RelatumError
from relatum.core.hooks import Context
from relatum.core.testing.instances import Instance

from .plugged import disable, enable
from .tabled import (
    MARKED,
    STEPS,
    findings,
    insert,
    loyal,
    people,
    purge,
    put,
    rows,
    table,
    work,
)

__all__ = ["loyal", "people"]


# -- rows -----------------------------------------------------------------------------------
def test_a_thousand_rows_take_few_statements_and_have_ids_in_their_order(loyal, people):
    counted = []

    def write():
        engine = db.engine()
        note = lambda *given: counted.append(given[2])  # noqa: E731
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            return table(loyal).insert([{"person": people[0], "points": n} for n in range(1000)])
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    ids = work(loyal, write)
    assert len(counted) < 20
    assert [int(row["points"]) for row in rows(loyal, order=["id"], limit=1000)] == [*range(1000)]
    assert [row["id"] for row in rows(loyal, order=["points"], limit=1000)] == ids


def test_rows_are_written_by_batches_and_read_as_they_were(loyal, people):
    at = datetime(2026, 1, 31, 9, 30, 0, 7, tzinfo=UTC)
    given = {"person": people[0], "firm": people[2], "points": Decimal("12345678901.05"),
             "reason": "Zoë ", "booked_at": at, "more": {"b": [1, None], "a": 0.5}}  # fmt: skip
    first, second = insert(loyal, given, {"person": people[1], "points": "3"})
    found = rows(loyal)
    assert found[0] == {"id": first, **given}
    assert found[1] == {
        "id": second, "person": people[1], "firm": None, "points": Decimal("3.00"),
        "reason": "earned", "booked_at": None, "more": None,
    }  # fmt: skip


def test_some_rows_of_each_value_are_read_at_once(loyal, people):
    insert(loyal, *({"person": person, "points": n} for person in people[:2] for n in range(3)))

    def look():
        return table(loyal).select_each("person", [*people[:2], 999], limit=2)

    found = work(loyal, look)
    assert {person: len(some) for person, some in found.items()} == dict.fromkeys(people[:2], 2)
    assert {row["person"] for row in found[people[0]]} == {people[0]}
    with pytest.raises(ValueError, match="'reason' holds no whole numbers"):
        work(loyal, lambda: table(loyal).select_each("reason", [1], limit=2))


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"points": 0.1}, "not_decimal"),
        ({"points": "0.123"}, "too_many_digits"),
        ({"points": None}, "required"),
        ({"points": 1, "booked_at": datetime(2026, 1, 1)}, "not_datetime"),  # noqa: DTZ001
        ({"points": 1, "person": 2**40}, "reference_unknown"),
        ({"points": 1, "person": None}, "required"),
        ({"points": 1, "reason": 7}, "not_text"),
    ],
)
def test_a_value_that_does_not_fit_names_its_row_and_column(loyal, people, row, code):
    with pytest.raises(Invalid) as refusal:
        insert(loyal, {"person": people[0], "points": 1}, {"person": people[0], **row})
    [problem] = refusal.value.problems
    assert (problem.code, problem.row, problem.field) == (code, 1, list(row)[-1])
    assert rows(loyal) == []


def test_a_reference_takes_records_of_its_type_alone(loyal, people):
    with pytest.raises(Invalid) as refusal:
        insert(loyal, {"person": people[2], "points": 1})
    assert str(refusal.value) == f"Refused: person: There is no x_person with id {people[2]}."


def test_rows_are_found_changed_counted_summed_and_deleted(loyal, people):
    ada, bob, _ = people
    ids = insert(loyal, *({"person": p, "points": n} for n, p in enumerate((ada, bob, ada, bob))))

    def changed():
        ledger = table(loyal)
        assert ledger.update([{"id": ids[0], "points": "9"}, {"id": 10**9, "points": 1}]) == 1
        assert [r["points"] for r in ledger.select({"person": ada}, limit=9)] == [9, 2]
        assert [r["id"] for r in ledger.select(order=("-points",), limit=2)] == [ids[0], ids[3]]
        assert ledger.sums("points", by="person") == {ada: Decimal(11), bob: Decimal(4)}
        assert ledger.count({"person": [ada, bob], "firm": None}) == 4
        assert ledger.count(at_least={"points": 2}, below={"points": 9}) == 2
        assert ledger.delete({"id": ids[:2]}) == 2
        with pytest.raises(ValueError, match="needs a condition"):
            ledger.delete()

    work(loyal, changed)
    assert [row["id"] for row in rows(loyal)] == ids[2:]


def test_rows_that_are_held_are_changed_by_nobody_else_before_the_commit(loyal, people):
    [row] = insert(loyal, {"person": people[0], "points": 0})
    barrier = threading.Barrier(3)

    def count_up():
        [found] = table(loyal).select({"id": row}, limit=1, hold=True)
        table(loyal).update([{"id": row, "points": found["points"] + 1}])

    def often(_):
        barrier.wait()
        for _ in range(10):
            work(loyal, count_up)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(often, range(3)))
    assert [found["points"] for found in rows(loyal)] == [30]
    with loyal.reading(), pytest.raises(RuntimeError, match="only reads"):
        table(loyal).select({"id": row}, limit=1, hold=True)


def test_a_table_joins_the_transaction_of_whoever_calls(loyal, people):
    def fails():
        table(loyal).insert([{"person": people[0], "points": 1}])
        raise RelatumError("internal", id="x")

    with pytest.raises(RelatumError):
        work(loyal, fails)
    assert rows(loyal) == []


def test_a_table_is_not_written_where_nothing_is_and_not_known_by_another_name(loyal, people):
    with loyal.reading(), pytest.raises(RuntimeError, match="only reads"):
        table(loyal).insert([{"person": people[0], "points": 1}])
    with loyal.reading(), pytest.raises(RelatumError) as refusal:
        table(loyal, "core_user")
    assert refusal.value.code == "own_table_unknown"
    with loyal.reading(), pytest.raises(RelatumError) as refusal:
        table(loyal).select({"pionts": 1}, limit=1)
    assert str(refusal.value).startswith(
        "Table 'ledger' of plugin 'loyalty' has no column 'pionts'. Did you mean 'points'?"
    )


# -- purge of records -----------------------------------------------------------------------
@pytest.mark.parametrize("state", ["enabled", "disabled", "gone"])
def test_rows_never_hold_a_record_back_from_its_purge(loyal, people, state):
    ada, bob, acme = people
    insert(loyal, {"person": ada, "points": 1}, {"person": bob, "firm": acme, "points": 2})
    if state != "enabled":
        disable(loyal, "loyalty")
    if state == "gone":
        put(loyal, {})
    purge(loyal, "x_person", ada)
    purge(loyal, "x_firm", acme)
    left = loyal.sql("SELECT person, firm FROM plugin__loyalty__ledger")
    assert [tuple(row) for row in left] == [(bob, None)]
    assert findings(loyal) == []


def test_a_type_is_purged_with_what_rows_say_of_its_records(loyal, people):
    insert(loyal, {"person": people[0], "firm": people[2], "points": 1})
    loyal.apply({"op": "trash_type", "type": "x_firm"})
    [step] = loyal.plan({"op": "purge_type", "type": "x_firm"}).as_json()["steps"]
    assert step["uses"] == ["table loyalty.ledger of a plugin (lets go of them)"]
    loyal.apply({"op": "purge_type", "type": "x_firm"})
    assert [row["firm"] for row in rows(loyal)] == [None]
    with pytest.raises(Invalid):
        insert(loyal, {"person": people[0], "firm": people[2], "points": 1})
    loyal.apply({"op": "trash_type", "type": "x_person"})
    loyal.apply({"op": "purge_type", "type": "x_person"})
    assert rows(loyal) == []
    assert findings(loyal) == []


# -- where plugins use them -----------------------------------------------------------------
HOOKED = """

@hookimpl(only={"types": ["x_person"]})
def relatum_after_write(batch, ctx):
    if batch.operation == "create":
        rows = [{"person": batch.id(place), "points": 5} for place in range(len(batch))]
        ctx.table("ledger").insert(rows)


@hookimpl
def relatum_jobs():
    return [jobs.Kind(name="loyalty_double", title="Double", run=double)]


def double(chunk):
    ledger = context().table("ledger")
    rows = ledger.select(limit=chunk.size)
    ledger.update([{"id": row["id"], "points": 2 * row["points"]} for row in rows])
    return chunk.finish({"plugin": context().plugin}, done=len(rows))


from relatum import context, jobs
"""


def test_a_hook_writes_in_the_transaction_of_the_write_and_a_job_in_that_of_its_chunk(loyal):
    put(loyal, STEPS, "1.1", HOOKED)
    enable(loyal, "loyalty")
    [ada] = loyal.create("x_person", {"name": "Ada"})
    assert [(row["person"], row["points"]) for row in rows(loyal)] == [(ada, 5)]
    with pytest.raises(Invalid):
        loyal.create("x_person", {"name": "Bob"}, {"name": 7})
    loyal.write(jobs.enqueue, "loyalty_double")
    with loyal.app.app_context():
        [job] = loyal.read(jobs.list_jobs)
        assert jobs.run(job["id"], by="test", pause=lambda: False) == "done"
    assert [row["points"] for row in rows(loyal)] == [10]


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_backup_holds_the_tables_and_their_ledger_on_either_database(
    loyal, people, blank, tmp_path, target
):
    ids = insert(loyal, {"person": people[0], "points": "0.10", "booked_at": datetime.now(UTC)})
    put(loyal, {**STEPS, "0002_marked": MARKED}, "1.1")
    enable(loyal, "loyalty")
    known = rows(loyal)
    with loyal.app.app_context():
        archive = tmp_path / backup.backup(tmp_path / "saved.zip")["path"]
    config = blank(target)
    shutil.copytree(loyal.config.home / "plugins", config.home / "plugins")
    other = Instance(config)
    with other.app.app_context():
        told = backup.restore(archive)
        assert told["tables"]["plugin__loyalty__ledger"] == 1
    plugin_host.follow(other.app)
    assert rows(other) == known
    assert findings(other) == []
    assert insert(other, {"person": people[1], "points": 1}) == [ids[0] + 1]
    with other.app.app_context():
        again = tmp_path / backup.backup(tmp_path / "again.zip")["path"]
        backup.restore(again, force=True)
    assert findings(other) == []


def test_the_plugin_in_the_help_does_what_the_help_says(instance):
    blocks = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", manual.text("plugin-tables"),
                        re.MULTILINE | re.DOTALL)  # fmt: skip
    texts = dict(blocks)
    folder = instance.config.home / "plugins" / "loyalty"
    (folder / "migrations").mkdir(parents=True)
    for name in ("__init__.py", "migrations/0001_ledger.py"):
        (folder / name).write_text(texts[name].replace("1.1.0", "1.0.0"), encoding="utf-8")
    enable(instance, "loyalty")
    [card] = instance.create("loyalty_card", {"number": "a1"})
    assert rows(instance)[0]["points"] == Decimal("10.00")
    shown: dict[str, Any] = {}
    exec(texts["shown.py"], shown)  # a text of the help
    opener = instance.app.extensions["relatum.hooks"].opener
    ctx = Context(plugin="loyalty", home=instance.config.home, opener=opener)
    told = work(instance, shown["book"], ctx, card, "2.50")
    assert (told["count"], told["balance"]) == (2, Decimal("12.50"))
    for name in ("__init__.py", "migrations/0002_quarter.py"):
        (folder / name).write_text(texts[name], encoding="utf-8")
    enable(instance, "loyalty")
    [job] = instance.read(jobs.list_jobs)
    with instance.app.app_context():
        assert jobs.run(job["id"], by="test", pause=lambda: False) == "done"
    year = str(told["newest"][0]["booked_at"].year)
    assert [(row["quarter"] or "")[:4] for row in rows(instance)] == ["", year]

"""Transactions: two openers, and what each failure of a database is called."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
import time

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event, exc

from relatum.core import catalog, db, records

from .transacting import again_with, code_of, in_thread, run


@pytest.fixture
def opened(instance):
    """An instance, inside its application context."""
    with instance.app.app_context():
        yield instance


RENAME = "UPDATE core_user SET name = 'X' WHERE name = 'Alice'"


# -- the two openers -----------------------------------------------------------------------------
def test_what_is_done_while_reading_is_never_kept(opened):
    with pytest.raises((sa.exc.DBAPIError, ZeroDivisionError)), db.reading():
        run(RENAME)
        raise ZeroDivisionError
    if opened.config.database_url == "":
        with db.reading():
            run(RENAME)
    assert opened.sql("SELECT count(*) FROM core_user WHERE name = 'X'")[0][0] == 0


def test_a_reader_sees_one_state_however_long_it_looks(opened):
    with db.reading():
        before = run("SELECT name FROM core_user ORDER BY id").all()
        in_thread(opened, lambda: db.transact(lambda: run(RENAME))).join()
        assert run("SELECT name FROM core_user ORDER BY id").all() == before
    assert opened.sql("SELECT count(*) FROM core_user WHERE name = 'X'")[0][0] == 1


def test_writing_commits_at_the_end_and_nothing_before(opened):
    with db.writing():
        run(RENAME)
        assert opened.sql("SELECT count(*) FROM core_user WHERE name = 'X'")[0][0] == 0
    assert opened.sql("SELECT count(*) FROM core_user WHERE name = 'X'")[0][0] == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_writer_on_sqlite_holds_the_database_from_the_start(opened):
    path = opened.config.home / "relatum.db"
    other = sqlite3.connect(path, timeout=0, isolation_level=None)
    with db.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    with db.reading():
        other.execute("BEGIN IMMEDIATE")
    other.close()


@pytest.mark.parametrize("outer", [db.reading, db.writing])
@pytest.mark.parametrize("inner", [db.reading, db.writing, db.founding])
def test_a_transaction_inside_a_transaction_is_a_bug(opened, outer, inner):
    with pytest.raises(RuntimeError, match="already open"), outer(), inner():
        pass
    with db.reading():
        pass


def test_a_verb_without_a_transaction_is_a_bug(opened):
    with pytest.raises(RuntimeError, match=r"use db.reading\(\)"):
        catalog.current()
    with pytest.raises(RuntimeError, match=r"use db.writing\(\)"), db.reading():
        db.for_writing()


def test_a_savepoint_undoes_its_own_block_and_nothing_else(opened):
    with db.writing():
        run(RENAME)
        with pytest.raises(ZeroDivisionError), db.savepoint():
            run("UPDATE core_user SET name = 'Y' WHERE name = 'Bob'")
            raise ZeroDivisionError
    names = {row.name for row in opened.sql("SELECT name FROM core_user")}
    assert names == {"X", "Bob", "Charlie"}


def test_what_follows_a_commit_runs_after_it_and_never_after_a_rollback(opened):
    seen: list[int] = []

    def look():
        with db.reading():
            seen.append(run("SELECT count(*) FROM core_user WHERE name = 'X'").scalar_one())

    with pytest.raises(ZeroDivisionError), db.writing() as tx:
        tx.after_commit.append(look)
        raise ZeroDivisionError
    with db.writing() as tx:
        tx.after_commit.append(look)
        run(RENAME)
    assert seen == [1]


def test_one_process_has_one_engine_whatever_the_number_of_applications(opened):
    other = Flask("another")
    db.init_app(other, opened.config)
    mine = db.engine()
    with other.app_context():
        assert db.engine() is mine
        assert db.db.session.get_bind() is mine


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_connection_of_sqlite_has_its_settings(instance):
    wanted = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 5000}
    again = again_with(instance, sqlite_synchronous="FULL")
    for opener in (db.reading, db.writing):
        with again.app.app_context(), opener():
            found = {name: run(f"PRAGMA {name}").scalar_one() for name in wanted}
        assert found == wanted


# -- failures ------------------------------------------------------------------------------------
def test_a_writer_waits_no_longer_than_busy_timeout_for_another_one(instance):
    again = again_with(instance, busy_timeout=0.3)
    with again.app.app_context():
        engine = db.engine()
        with engine.connect().execution_options(relatum_write=True) as other, other.begin():
            other.exec_driver_sql(RENAME)
            start = time.monotonic()
            assert code_of(lambda: db.transact(lambda: run(RENAME))) == "database_busy"
            assert time.monotonic() - start < 2
        db.transact(lambda: run(RENAME))


def test_when_every_connection_is_in_use_the_database_is_busy(instance):
    again = again_with(instance, busy_timeout=0.3, threads=1)
    done, ready = threading.Event(), threading.Barrier(6, timeout=5)

    def read():
        with db.reading():
            ready.wait()
            done.wait(10)

    threads = [in_thread(again, read) for _ in range(5)]
    ready.wait()
    with again.app.app_context():
        assert code_of(lambda: db.reading().__enter__()) == "database_busy"
        done.set()
        [thread.join() for thread in threads]
        with db.reading():
            pass


def test_a_read_that_takes_too_long_is_stopped_and_the_next_one_is_not(instance):
    again = again_with(instance, read_timeout=0.3)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
    slow = numbers.format(10**9) + "SELECT count(*) FROM n"
    with again.app.app_context():

        def read():
            with db.reading():
                run(slow)

        assert code_of(read) == "query_too_costly"
        for opener in (lambda: db.reading(timed=False), db.writing):
            start = time.monotonic()
            with opener():
                while time.monotonic() - start < 0.5:
                    run(numbers.format(100_000) + "SELECT count(*) FROM n")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_full_disk_is_named_and_nothing_is_half_written(instance):
    instance.make_type("x_thing", {"name": "notes", "kind": "long_text"})
    with instance.app.app_context():
        pages = instance.sql("PRAGMA page_count")[0][0]
        event.listen(
            db.engine(),
            "begin",
            lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 20}"),
        )
        rows = [{"notes": "x" * 50_000}] * 50
        assert code_of(lambda: instance.write(records.create, "x_thing", rows)) == "disk_full"
    assert instance.sql("SELECT count(*) FROM x_thing")[0][0] == 0
    instance.create("x_thing", {"notes": "small"})


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_full_disk_of_a_server_is_named(opened):
    full = "DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$"
    assert code_of(lambda: db.transact(lambda: run(full))) == "disk_full"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_ends_is_gone_and_the_next_one_works(opened):
    def write():
        pid = run("SELECT pg_backend_pid()").scalar_one()
        opened.sql("SELECT pg_terminate_backend(:pid)", pid=pid)
        run("SELECT 1")

    assert code_of(lambda: db.transact(write)) == "database_gone"
    db.transact(lambda: run(RENAME))


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("opener", [db.reading, db.writing])
def test_a_connection_that_the_server_ended_while_nobody_used_it_is_replaced(opened, opener):
    with opener():
        pid = run("SELECT pg_backend_pid()").scalar_one()
    with psycopg.connect(opened.config.database_url) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
    with opener():
        assert run("SELECT pg_backend_pid()").scalar_one() != pid


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_statement_that_is_read_often_is_prepared_once(opened):
    for _ in range(10):
        with db.reading():
            run("SELECT name FROM core_user WHERE id = :id", id=1)
    with db.reading():
        asked = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%core_user%'"
        assert run(asked).scalar_one() == 1


@pytest.mark.parametrize("opener", [db.reading, db.writing, db.founding])
def test_a_database_that_cant_be_reached_is_gone(instance, opener):
    away = "sqlite:////nowhere/relatum.db"
    if instance.config.database_url:
        away = "postgresql://postgres@127.0.0.1:1/none"
    elsewhere = type(instance)(dataclasses.replace(instance.config, database_url=away))
    with elsewhere.app.app_context():
        assert code_of(lambda: opener().__enter__()) == "database_gone"
    db.dispose(elsewhere.config)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\x00" + b"x" * 5000]
)
def test_a_file_that_is_no_database_is_gone(instance, content):
    db.dispose(instance.config)
    for suffix in ("", "-wal", "-shm"):
        (instance.config.home / f"relatum.db{suffix}").unlink(missing_ok=True)
    (instance.config.home / "relatum.db").write_bytes(content)
    with instance.app.app_context():
        assert code_of(lambda: db.reading().__enter__()) == "database_gone"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_text_that_is_no_json_is_no_damage_of_the_file(opened):
    with pytest.raises(exc.OperationalError, match="malformed JSON"), db.reading() as tx:
        tx.connection.exec_driver_sql("SELECT json_extract('none', '$')")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_that_may_only_be_read_is_named_when_somebody_writes(opened):
    def close(connection):
        connection.exec_driver_sql("PRAGMA query_only = ON")

    event.listen(db.engine(), "begin", close)
    assert code_of(lambda: db.transact(lambda: run(RENAME))) == "database_gone"


@pytest.mark.parametrize("statement", ["DELETE FROM core_epoch", "DROP TABLE core_epoch"])
def test_a_database_without_an_instance_says_how_to_make_one(opened, statement):
    db.transact(lambda: run(statement))
    for opener in (db.reading, db.writing):
        assert code_of(lambda opener=opener: opener().__enter__()) == "not_initialised"


@pytest.mark.parametrize(("core", "code"), [(0, "schema_older"), (99, "schema_newer")])
def test_fixed_tables_of_another_program_are_refused(opened, core, code):
    db.transact(lambda: run("UPDATE core_epoch SET core = :core", core=core))
    for opener in (db.reading, db.writing):
        assert code_of(lambda opener=opener: opener().__enter__()) == code

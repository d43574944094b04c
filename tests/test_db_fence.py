"""Transactions side by side: the fence of generations, and what is tried again."""

from __future__ import annotations

import threading
import time

import pytest

from relatum.core import db

from .transacting import again_with, code_of, in_thread, run


@pytest.fixture
def opened(instance):
    """An instance, inside its application context."""
    with instance.app.app_context():
        yield instance


# -- the fence -----------------------------------------------------------------------------------
def bump():
    run("UPDATE core_epoch SET catalog = catalog + 1")


def test_a_writer_that_waited_for_a_change_of_the_data_model_obeys_it(opened):
    seen: list[int] = []
    applying, begun = threading.Event(), threading.Event()

    def apply():
        with db.writing(exclusive=True):
            begun.set()
            applying.wait(5)
            bump()

    def write():
        with db.writing() as tx:
            seen.append(tx.epochs.catalog)

    with db.reading() as tx:
        before = tx.epochs.catalog
    first = in_thread(opened, apply)
    begun.wait(5)
    second = in_thread(opened, write)
    time.sleep(0.1)
    assert seen == []
    applying.set()
    first.join()
    second.join()
    assert seen == [before + 1]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_change_of_the_data_model_lets_writers_pass_while_it_waits(opened):
    held, done = threading.Event(), threading.Event()

    def hold():
        with db.writing():
            held.set()
            done.wait(10)

    holder = in_thread(opened, hold)
    held.wait(5)
    applier = in_thread(opened, lambda: db.transact(bump, exclusive=True))
    slowest = 0.0
    for _ in range(10):
        start = time.monotonic()
        db.transact(lambda: run("SELECT 1"))
        slowest = max(slowest, time.monotonic() - start)
    done.set()
    holder.join()
    applier.join()
    assert slowest < 1.5


def test_a_change_of_the_data_model_gives_up_and_says_so(instance, monkeypatch):
    monkeypatch.setattr(db, "_APPLY_TRIES", 2)
    again = again_with(instance, busy_timeout=0.3)
    with again.app.app_context(), db.writing():
        codes: list[str] = []
        thread = in_thread(
            again, lambda: codes.append(code_of(lambda: db.transact(bump, exclusive=True)))
        )
        thread.join()
    assert codes == ["apply_busy" if instance.config.database_url else "database_busy"]


# -- tries again ---------------------------------------------------------------------------------
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_deadlock_is_solved_by_trying_again(opened):
    barrier = threading.Barrier(2, timeout=5)
    tries = {"Alice": 0, "Bob": 0}

    def write(first, second):
        def work():
            tries[first] += 1
            run("UPDATE core_user SET language = :n WHERE name = :n", n=first)
            if tries[first] == 1:
                barrier.wait()
            run("UPDATE core_user SET language = :n WHERE name = :o", n=first, o=second)

        return in_thread(opened, lambda: db.transact(work))

    threads = [write("Alice", "Bob"), write("Bob", "Alice")]
    [thread.join() for thread in threads]
    assert sorted(tries.values()) == [1, 2]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("state", "tried"), [("40001", 3), ("40P01", 3), ("55P03", 1)])
def test_what_a_new_try_may_cure_is_tried_three_times_then_the_database_is_busy(
    opened, state, tried
):
    tries: list[int] = []

    def work():
        tries.append(1)
        run(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")

    assert code_of(lambda: db.transact(work)) == "database_busy"
    assert len(tries) == tried

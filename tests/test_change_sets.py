"""Change sets are read whole, and those of a user; how many at once, and who may."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import event

from relatum.core import clock, db, records
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError

from .instances import prepared
from .undoing import codes, delete, live, look, newest, shop_in, undo, update


@prepared
def shop(instance):
    shop_in(instance)


def test_a_change_set_is_read_in_pages_with_what_was_before_and_after(shop):
    ids = shop.create("x_company", *({"name": f"c{n}"} for n in range(5)))
    rows = [{"id": id_, "city": "Rome"} for id_ in ids]
    with clock.frozen(clock.now()):
        moment = clock.now()
        shop.write(records.update, "x_company", rows)
    change = newest(shop)
    first = shop.read(records.change_set, change, limit=3)
    assert (first["id"], first["at"], first["actor"], first["source"], first["job"]) == (
        change, moment, shop.alice.user_id, "api", None,
    )  # fmt: skip
    rest = shop.read(records.change_set, change, limit=3, after=first["next"])
    shown = [*first["records"], *rest["records"]]
    assert [record["id"] for record in shown] == ids
    assert rest["next"] is None
    assert shown[0]["changes"] == {"city": [None, "Rome"]}
    assert (shown[0]["type"], shown[0]["label"], shown[0]["op"]) == ("x_company", "c0", "update")


def test_the_last_change_sets_of_a_user_are_found(shop):
    bob = Actor(user_id=shop.bob.user_id, name="Bob", admin=True)
    [acme] = shop.create("x_company", {"name": "Acme"})
    shop.write(records.update, "x_company", [{"id": acme, "city": "Rome"}], actor=bob)
    mine = newest(shop)
    shop.create("x_order", {"name": "1", "lines": [{"product": "a"}, {"product": "b"}]})
    shop.write(records.undo, mine, actor=bob)
    last, before = shop.read(records.changes_by, bob.user_id)
    assert (before["id"], before["undone_by"], last["undoes"]) == (mine, last["id"], mine)
    assert before["records"] == {"x_company": {"update": 1}}
    found = shop.read(records.changes_by, shop.alice.user_id, limit=1)
    assert found[0]["records"] == {"x_order": {"create": 1}, "x_line": {"create": 2}}
    older = shop.read(records.changes_by, shop.alice.user_id, limit=1, before=found[0]["id"])
    assert older[0]["records"] == {"x_company": {"create": 1}}
    assert shop.read(records.changes_by, None, limit=1)[0]["actor"] is None


@pytest.mark.parametrize("verb", [records.look, records.undo, records.change_set])
def test_a_stranger_may_neither_look_nor_undo_and_learns_nothing(shop, verb):
    shop.create("x_company", {"name": "Acme"})
    for change in (newest(shop), 424242):
        with pytest.raises(RelatumError) as caught:
            shop.write(verb, change, actor=shop.bob)
        assert caught.value.code == "forbidden"
        assert "x_company" not in str(caught.value)
    with pytest.raises(RelatumError):
        shop.read(records.changes_by, shop.alice.user_id, actor=shop.bob)


def statements(instance: Any, work: Any) -> int:
    seen: list[Any] = []
    with instance.app.app_context():
        engine = db.engine()

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


@pytest.mark.parametrize("op", ["create", "update", "delete"])
def test_many_records_take_as_many_statements_as_a_few(shop, op):
    counts = []
    for size in (3, 120):
        rows = [{"name": f"{size}-{n}", "lines": [{"product": "a"}]} for n in range(size)]
        ids = shop.create("x_order", *rows)
        if op == "update":
            changed = [{"id": id_, "name": "x"} for id_ in ids]
            shop.write(records.update, "x_order", changed)
        if op == "delete":
            delete(shop, "x_order", *ids)
        change = newest(shop)
        counts.append(
            (
                statements(shop, lambda n=change: shop.read(records.look, n)),
                statements(shop, lambda n=change: undo(shop, n)),
            )
        )
    assert counts[0] == counts[1]


def test_of_two_undos_at_once_one_wins_and_the_other_is_told(shop):
    ids = shop.create("x_company", *({"name": f"c{n}"} for n in range(20)))
    rows = [{"id": id_, "city": "Rome"} for id_ in ids]
    shop.write(records.update, "x_company", rows)
    change, barrier = newest(shop), threading.Barrier(3)
    told: list[str] = []

    def work() -> None:
        barrier.wait()
        try:
            told.append(f"done {undo(shop, change)}")
        except RelatumError as error:
            told.append(error.code)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [f"done {change + 1}", "undo_done", "undo_done"]
    assert {row.version for row in shop.sql("SELECT version FROM x_company")} == {3}


def test_a_refusal_leaves_the_rest_of_the_transaction_as_it_was(shop):
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})
    changed = update(shop, "x_company", acme, city="Rome")
    update(shop, "x_company", acme, city="Oslo")

    def work(actor: Actor) -> None:
        with pytest.raises(RelatumError):
            records.undo(changed, actor=actor)
        records.create("x_deal", [{"name": "D"}], actor=actor)

    shop.write(work)
    assert len(live(shop, "x_deal")) == 1
    assert codes(look(shop, changed)[acme]) == [("city", "undo_changed")]
    assert shop.read(records.change_set, newest(shop))["undoes"] is None

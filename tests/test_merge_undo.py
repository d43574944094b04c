"""What was merged can be parted again, keeps its history, and is found where it went."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import records
from relatum.core.errors import RelatumError

from .instances import prepared
from .merging import merge, shop_in, three
from .undoing import delete, live, newest, undo, update


@prepared
def shop(instance: Any) -> None:
    shop_in(instance)


# -- undo ---------------------------------------------------------------------------------------
def test_undoing_a_merge_parts_the_records_and_doing_it_again_merges_them(shop: Any) -> None:
    a, b, c = three(shop)
    [deal] = shop.create("x_deal", {"name": "D", "company": b})
    merge(shop, a, b, c)
    done = newest(shop)
    back = undo(shop, done)
    assert shop.get("x_deal", deal)["company"] == b
    found = shop.get("x_company", a)
    assert (found["city"], found["size"]) == (None, None)
    assert live(shop, "x_company") == [a, b, c]
    undo(shop, back)
    assert shop.get("x_deal", deal)["company"] == a
    assert live(shop, "x_company") == [a]
    with pytest.raises(RelatumError) as caught:
        shop.get("x_company", b)
    assert (caught.value.code, caught.value.params["merged_into"]) == ("record_merged", a)


def test_what_was_parted_and_goes_for_another_reason_is_not_merged(shop: Any) -> None:
    a, b = shop.create("x_company", {"name": "A"}, {"name": "B"})
    delete(shop, "x_company", b)
    shop.write(records.restore, "x_company", [{"id": b}])
    restored = newest(shop)
    merge(shop, a, b)
    undo(shop, newest(shop))
    undo(shop, restored)
    assert live(shop, "x_company") == [a]
    with pytest.raises(RelatumError) as caught:
        shop.get("x_company", b)
    assert caught.value.code == "record_unknown"


def test_what_was_changed_since_stays_and_is_named_when_the_rest_is_undone(shop: Any) -> None:
    a, b, _ = three(shop)
    [deal] = shop.create("x_deal", {"name": "D", "company": b})
    merge(shop, a, b)
    done = newest(shop)
    [other] = shop.create("x_company", {"name": "Else"})
    update(shop, "x_deal", deal, company=other)
    with pytest.raises(RelatumError) as caught:
        shop.write(records.undo, done)
    assert [p.code for p in caught.value.problems] == ["undo_changed"]
    shop.write(records.undo, done, partial=True)
    assert shop.get("x_deal", deal)["company"] == other
    assert b in live(shop, "x_company")


def test_a_merged_record_may_be_merged_on_and_be_parted_in_turn(shop: Any) -> None:
    a, b, c = three(shop)
    merge(shop, b, c)
    first = newest(shop)
    merge(shop, a, b)
    with pytest.raises(RelatumError) as caught:
        shop.get("x_company", c)
    assert caught.value.params["merged_into"] == a
    undo(shop, newest(shop))
    undo(shop, first)
    assert live(shop, "x_company") == [a, b, c]


# -- history ------------------------------------------------------------------------------------
def test_the_history_of_the_master_has_that_of_the_merged_ones_marked(shop: Any) -> None:
    a, b, _ = three(shop)
    update(shop, "x_company", b, city="Oslo")
    merge(shop, a, b)
    found = shop.read(records.history, "x_company", a)
    assert [(change["record"], change["op"], change["merged"]) for change in found] == [
        (a, "update", [b]), (b, "update", []), (b, "create", []), (a, "create", []),
    ]  # fmt: skip
    undo(shop, newest(shop))
    assert {c["record"] for c in shop.read(records.history, "x_company", a)} == {a}


# -- the trash ----------------------------------------------------------------------------------
def test_purging_what_was_merged_takes_nothing_from_the_one_that_is_left(shop: Any) -> None:
    a, b, _ = three(shop)
    [deal] = shop.create("x_deal", {"name": "D", "company": b})
    gone, note = shop.create("x_deal", {"name": "E", "company": b}, {"name": "F", "company": b})
    [about] = shop.create("x_note", {"name": "N", "about": b})
    delete(shop, "x_deal", gone, note)
    delete(shop, "x_note", about)
    merge(shop, a, b)
    shop.write(records.purge, "x_company", [{"id": b}])
    shop.write(records.restore, "x_deal", [{"id": gone}])
    shop.write(records.restore, "x_note", [{"id": about}])
    assert {shop.get("x_deal", id_)["company"] for id_ in (deal, gone)} == {a}
    assert shop.get("x_note", about)["about"] == a
    with pytest.raises(RelatumError) as caught:
        shop.get("x_company", b)
    assert caught.value.code == "record_merged"


def test_what_comes_out_of_the_trash_points_to_what_is_left(shop: Any) -> None:
    a, b, _ = three(shop)
    [deal] = shop.create("x_deal", {"name": "D", "company": b})
    [fair] = shop.create("x_fair", {"name": "Expo"})
    [visit] = shop.create("x_visit", {"company": b, "fair": fair})
    delete(shop, "x_deal", deal)
    delete(shop, "x_visit", visit)
    merge(shop, a, b)
    shop.write(records.restore, "x_deal", [{"id": deal}])
    shop.write(records.restore, "x_visit", [{"id": visit}])
    assert shop.get("x_deal", deal)["company"] == a
    assert shop.get("x_visit", visit)["company"] == a


def test_a_merged_record_that_is_restored_by_hand_is_a_record_again(shop: Any) -> None:
    a, b, _ = three(shop)
    [deal] = shop.create("x_deal", {"name": "D", "company": b})
    merge(shop, a, b)
    shop.write(records.restore, "x_company", [{"id": b}])
    assert shop.get("x_company", b)["name"] == "Acme Inc"
    assert shop.get("x_deal", deal)["company"] == a
    assert {c["record"] for c in shop.read(records.history, "x_company", a)} == {a}
    delete(shop, "x_company", b)
    with pytest.raises(RelatumError) as caught:
        shop.get("x_company", b)
    assert caught.value.code == "record_unknown"

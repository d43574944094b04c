"""Merging records: one is left, which holds all that they held."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import records
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared
from .merging import mails, merge, shop_in, three, tree
from .undoing import delete, link, live, newest, undo, update


@prepared
def shop(instance: Any) -> None:
    shop_in(instance)


# -- values -----------------------------------------------------------------------------------
def test_what_is_empty_in_the_master_is_filled_from_the_newest_other(shop: Any) -> None:
    a, b, c = three(shop)
    done = merge(shop, a, b, c)
    left = shop.get("x_company", a)
    assert (left["name"], left["city"], left["size"]) == ("Acme", "Rome", 5)
    assert done["version"] == left["version"]
    assert live(shop, "x_company") == [a]


def test_a_value_may_be_chosen_or_taken_from_one_of_the_records(shop: Any) -> None:
    a, b, c = three(shop)
    merge(shop, a, b, c, values={"city": {"from": b}, "name": {"from": c}, "size": 9})
    left = shop.get("x_company", a)
    assert (left["name"], left["city"], left["size"]) == ("ACME Corp", "Bonn", 9)


def test_an_unticked_box_is_an_answer_and_tags_are_taken_whole(shop: Any) -> None:
    a, b = shop.create(
        "x_company", {"name": "A", "vip": False}, {"name": "B", "vip": True, "tags": ["x", "y"]}
    )
    merge(shop, a, b)
    left = shop.get("x_company", a)
    assert (left["vip"], left["tags"]) == (False, ["x", "y"])


def test_a_unique_value_goes_to_the_one_that_is_left(shop: Any) -> None:
    a, b = shop.create("x_company", {"name": "A"}, {"name": "B", "email": "b@example.org"})
    merge(shop, a, b)
    assert shop.get("x_company", a)["email"] == "b@example.org"
    undo(shop, newest(shop))
    assert shop.get("x_company", a)["email"] is None
    assert shop.get("x_company", b)["email"] == "b@example.org"


def test_values_that_do_not_survive_can_be_kept_as_further_ones(shop: Any) -> None:
    a, b, c = shop.create(
        "x_company", {"name": "A", "email": "a@example.org"},
        {"name": "B", "email": "b@example.org", "mails": [{"mail": "c@example.org"}]},
        {"name": "C", "email": "c@example.org"},
    )  # fmt: skip
    merge(shop, a, b, c, keep=["email"])
    found = mails(shop)
    assert sorted(row.mail for row in found if row.company == a) == [
        "b@example.org", "c@example.org",
    ]  # fmt: skip


def test_a_field_without_a_list_keeps_nothing_and_is_named(shop: Any) -> None:
    a, b, _ = three(shop)
    with pytest.raises(Invalid) as caught:
        merge(shop, a, b, keep=["city"])
    assert [(p.field, p.code) for p in caught.value.problems] == [("city", "merge_no_list")]
    assert "email" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"city": {"from": 999}}, "merge_source_unknown"),
        ({"nope": 1}, "unknown_key"),
        ({"nope": {"from": 1}}, "unknown_key"),
        ({"version": 1}, "read_only"),
        ({"id": 1}, "read_only"),
        ({"mails": []}, "unknown_key"),
        ({"size": "many"}, "not_integer"),
        ({"name": None}, None),
    ],
)
def test_what_is_wrong_with_a_choice_is_named_and_nothing_is_merged(
    shop: Any, values: dict[str, Any], code: str | None
) -> None:
    a, b, _ = three(shop)
    if code is None:
        merge(shop, a, b, values=values)
        assert shop.get("x_company", a)["name"] is None
        return
    with pytest.raises(Invalid) as caught:
        merge(shop, a, b, values=values)
    assert [p.code for p in caught.value.problems] == [code]
    assert b in live(shop, "x_company")


# -- what points to them ------------------------------------------------------------------------
def test_every_link_leads_to_the_one_that_is_left(shop: Any) -> None:
    a, b, c = three(shop)
    [deal] = shop.create("x_deal", {"name": "D", "company": b})
    [order] = shop.create("x_order", {"name": "O", "company": b, "payer": c})
    [note] = shop.create("x_note", {"name": "N", "about": b})
    done = merge(shop, a, b, c)
    assert shop.get("x_deal", deal)["company"] == a
    found = shop.get("x_order", order)
    assert (found["company"], found["payer"], found["version"]) == (a, a, 2)
    assert shop.get("x_note", note)["about"] == a
    assert done["moved"] == {
        "x_deal.company": 1, "x_order.company": 1, "x_order.payer": 1, "x_note.about": 1,
    }  # fmt: skip


def test_parts_come_behind_those_of_the_master_and_equal_ones_are_one(shop: Any) -> None:
    a, b = shop.create(
        "x_company",
        {"name": "A", "mails": [{"mail": "x@example.org"}, {"mail": "y@example.org"}]},
        {"name": "B", "mails": [{"mail": "y@example.org", "note": "work"},
                                {"mail": "z@example.org"}]},
    )  # fmt: skip
    done = merge(shop, a, b)
    found = mails(shop)
    assert [(row.mail[0], row.position, row.note) for row in found] == [
        ("x", 1, None), ("y", 2, "work"), ("z", 3, None),
    ]  # fmt: skip
    assert {row.company for row in found} == {a}
    assert (done["moved"], done["merged"]) == ({"x_mail.company": 1}, {"x_mail": 1})


def test_doubled_ties_are_one_with_their_fields_and_all_that_points_to_them(shop: Any) -> None:
    a, b = shop.create("x_company", {"name": "A"}, {"name": "B"})
    [fair] = shop.create("x_fair", {"name": "Expo"})
    mine, other = shop.create(
        "x_visit", {"company": a, "fair": fair}, {"company": b, "fair": fair, "stand": "7"}
    )
    [deed] = shop.create("x_deed", {"name": "talk", "visit": other})
    merge(shop, a, b)
    assert live(shop, "x_visit") == [mine]
    assert shop.get("x_visit", mine)["stand"] == "7"
    assert shop.get("x_deed", deed)["visit"] == mine
    undo(shop, newest(shop))
    assert live(shop, "x_visit") == [mine, other]
    assert shop.get("x_visit", mine)["stand"] is None
    assert shop.get("x_deed", deed)["visit"] == other


def test_ties_that_no_key_keeps_apart_are_one_if_they_are_equal_and_go_if_they_tie_to_itself(
    shop: Any,
) -> None:
    a, b, c = three(shop)
    same, twin, other, loose = shop.create(
        "x_pact", {"first": a, "second": c, "since": 1}, {"first": b, "second": c, "since": 1},
        {"first": b, "second": c, "since": 2}, {"first": a, "second": b, "since": 3},
    )  # fmt: skip
    merge(shop, a, b)
    assert live(shop, "x_pact") == [same, other]
    assert {twin, loose}.isdisjoint(live(shop, "x_pact"))
    assert shop.get("x_pact", other)["first"] == a


def test_records_of_their_own_that_would_hold_the_same_key_are_named_and_refuse(shop: Any) -> None:
    a, b, _ = three(shop)
    first, _ = shop.create("x_budget", {"company": a, "year": 1}, {"company": b, "year": 1})
    with pytest.raises(Invalid) as caught:
        merge(shop, a, b)
    [problem] = caught.value.problems
    assert (problem.code, problem.params["id"]) == ("merge_taken", first)
    assert problem.params["value"] == "1"
    looked = shop.read(records.merging, "x_company", a, [b])
    assert [error["code"] for error in looked["errors"]] == ["merge_taken"]


# -- trees --------------------------------------------------------------------------------------
def test_a_master_below_what_is_merged_takes_its_place_in_the_tree(shop: Any) -> None:
    [top] = shop.create("x_company", {"name": "Top"})
    [upper] = shop.create("x_company", {"name": "Upper", "parent": top})
    [middle] = shop.create("x_company", {"name": "Middle", "parent": upper})
    [low] = shop.create("x_company", {"name": "Low", "parent": middle})
    before = tree(shop)
    merge(shop, low, upper)
    assert tree(shop) == {top: None, low: top, middle: low}
    undo(shop, newest(shop))
    assert tree(shop) == before


def test_a_master_above_what_is_merged_gets_its_children(shop: Any) -> None:
    [top] = shop.create("x_company", {"name": "Top"})
    [middle] = shop.create("x_company", {"name": "Middle", "parent": top})
    [low] = shop.create("x_company", {"name": "Low", "parent": middle})
    [leaf] = shop.create("x_company", {"name": "Leaf", "parent": low})
    merge(shop, top, low)
    assert tree(shop) == {top: None, middle: top, leaf: top}


def test_an_empty_parent_is_filled_unless_that_made_a_circle(shop: Any) -> None:
    a, b, other = shop.create("x_company", {"name": "A"}, {"name": "B"}, {"name": "Other"})
    [below] = shop.create("x_company", {"name": "Below", "parent": a})
    update(shop, "x_company", b, parent=below)
    merge(shop, a, b)
    assert shop.get("x_company", a)["parent"] is None
    [c] = shop.create("x_company", {"name": "C", "parent": other})
    merge(shop, a, c)
    assert shop.get("x_company", a)["parent"] == other


def test_a_link_of_the_master_to_what_is_merged_is_let_go(shop: Any) -> None:
    a, b, c = three(shop)
    update(shop, "x_company", a, rival=b)
    update(shop, "x_company", b, rival=a)
    update(shop, "x_company", c, rival=b)
    merge(shop, a, b)
    assert shop.get("x_company", a)["rival"] is None
    assert shop.get("x_company", c)["rival"] == a


# -- limits, versions ---------------------------------------------------------------------------
def test_a_link_that_is_taken_over_leads_to_what_is_left_of_a_part_that_was_doubled(
    shop: Any,
) -> None:
    best = {"op": "add_field", "type": "x_company", **link("best", "x_mail", on_delete="clear")}
    shop.apply({**best, "label": "Best"})
    a, b = shop.create(
        "x_company", {"name": "A", "mails": [{"mail": "one@example.org"}]},
        {"name": "B", "mails": [{"mail": "two@example.org"}, {"mail": "one@example.org"}]},
    )  # fmt: skip
    mine, _, doubled = (row.id for row in shop.sql("SELECT id FROM x_mail ORDER BY id"))
    update(shop, "x_company", b, best=doubled)
    merge(shop, a, b)
    assert shop.get("x_company", a)["best"] == mine
    undo(shop, newest(shop))
    assert shop.get("x_company", a)["best"] is None
    assert shop.get("x_company", b)["best"] == doubled


def test_a_link_into_the_trash_is_not_taken_over(shop: Any) -> None:
    a, b = shop.create("x_company", {"name": "A"}, {"name": "B"})
    one, two, three_ = shop.create(
        "x_deal", {"name": "1"}, {"name": "2", "company": a}, {"name": "3", "company": b}
    )
    delete(shop, "x_deal", three_)
    delete(shop, "x_company", b)
    shop.write(records.restore, "x_deal", [{"id": three_}])
    assert shop.get("x_deal", three_)["company"] == b
    shop.write(records.merge, "x_deal", one, [two, three_])
    assert shop.get("x_deal", one)["company"] == a


def test_nothing_to_merge_is_said_and_so_is_too_much(shop: Any) -> None:
    a, b, c = three(shop)
    for others in ([], [a], [b, b]):
        with pytest.raises(RelatumError) as caught:
            merge(shop, a, *others)
        assert caught.value.code == "merge_nothing"
    with shop.configured(merge_limit=1), pytest.raises(RelatumError, match="merge_limit"):
        merge(shop, a, b, c)
    shop.create("x_deal", *({"name": str(n), "company": b} for n in range(3)))
    with shop.configured(undo_limit=2), pytest.raises(RelatumError, match="undo_limit"):
        merge(shop, a, b)


def test_people_and_teams_are_not_merged(shop: Any) -> None:
    with pytest.raises(RelatumError) as caught:
        shop.write(records.merge, "user", 1, [2])
    assert caught.value.code == "merge_refused"


def test_a_record_that_is_not_there_or_was_changed_since_refuses(shop: Any) -> None:
    a, b, c = three(shop)
    delete(shop, "x_company", c)
    with pytest.raises(Invalid) as caught:
        merge(shop, a, b, c)
    assert [(p.row, p.code) for p in caught.value.problems] == [(2, "record_unknown")]
    with pytest.raises(Invalid) as caught:
        merge(shop, a, b, version=7)
    assert [(p.row, p.code) for p in caught.value.problems] == [(0, "version_mismatch")]


def test_a_dry_run_says_the_same_and_writes_nothing(shop: Any) -> None:
    a, b, _ = three(shop)
    shop.create("x_deal", {"name": "D", "company": b})
    before = newest(shop)
    tried = merge(shop, a, b, dry_run=True)
    assert newest(shop) == before
    assert b in live(shop, "x_company")
    assert merge(shop, a, b) == tried


def test_a_look_says_what_moves_and_what_differs_and_writes_nothing(shop: Any) -> None:
    a, b, c = three(shop)
    shop.create("x_deal", {"name": "D", "company": b})
    before = newest(shop)
    looked = shop.read(records.merging, "x_company", a, [b, c])
    assert newest(shop) == before
    assert [record["label"] for record in looked["records"]] == ["Acme", "Acme Inc", "ACME Corp"]
    fields = {field["name"]: field for field in looked["fields"]}
    assert fields["city"]["values"] == {a: None, b: "Bonn", c: "Rome"}
    assert (fields["city"]["from"], fields["city"]["differs"]) == (c, True)
    assert fields["size"]["from"] == b
    assert "email" not in fields
    assert looked["moved"] == {"x_deal.company": 1}

"""What is in the way of an undo is named with record and field; nothing of it is lost."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import records
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError

from .instances import prepared
from .plugged import enable, put
from .undoing import NAME, codes, delete, link, live, look, newest, refused, shop_in, undo, update


@prepared
def shop(instance):
    shop_in(instance)


# -- values that were changed since ---------------------------------------------------------
def test_a_field_that_was_changed_since_refuses_the_whole_and_names_both(shop):
    acme, beta = shop.create("x_company", {"name": "Acme", "city": "Bonn"}, {"name": "Beta"})
    rows = [{"id": acme, "city": "Rome", "size": 5}, {"id": beta, "size": 5}]
    shop.write(records.update, "x_company", rows)
    changed = newest(shop)
    later = update(shop, "x_company", acme, city="Oslo")
    error = refused(shop, changed)
    assert (error.code, error.status) == ("undo_conflict", 409)
    assert f"'city' of x_company {acme} (Acme) was changed since, by change set {later}" in str(
        error
    )
    [problem] = error.problems
    assert (problem.row, problem.field, problem.code) == (0, "city", "undo_changed")
    assert problem.params["record"] == acme
    assert shop.get("x_company", acme)["city"] == "Oslo"
    assert shop.get("x_company", beta)["size"] == 5


def test_the_rest_is_undone_when_asked_and_the_conflict_is_in_the_outcome(shop):
    acme, beta = shop.create("x_company", {"name": "Acme", "city": "Bonn"}, {"name": "Beta"})
    rows = [{"id": acme, "city": "Rome", "size": 5}, {"id": beta, "size": 5}]
    shop.write(records.update, "x_company", rows)
    changed = newest(shop)
    update(shop, "x_company", acme, city="Oslo")
    done = shop.write(records.undo, changed, partial=True)
    first, second = done["records"]
    assert (codes(first), codes(second)) == ([("city", "undo_changed")], [])
    found = shop.get("x_company", acme)
    assert (found["city"], found["size"]) == ("Oslo", None)
    assert shop.get("x_company", beta)["size"] is None
    assert refused(shop, changed).code == "undo_done"


def test_an_undo_of_which_nothing_would_be_done_is_refused_even_in_part(shop):
    [acme] = shop.create("x_company", {"name": "Acme"})
    changed = update(shop, "x_company", acme, city="Rome")
    later = update(shop, "x_company", acme, city="Oslo")
    assert refused(shop, changed, partial=True).code == "undo_conflict"
    undo(shop, later)
    undo(shop, changed)
    assert shop.get("x_company", acme)["city"] is None


def test_a_change_that_was_taken_back_by_hand_is_not_in_the_way(shop):
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})
    changed = update(shop, "x_company", acme, city="Rome", size=5)
    update(shop, "x_company", acme, city="Bonn")
    assert look(shop, changed)[acme]["fields"] == {"size": [5, None]}
    undo(shop, changed)
    assert shop.get("x_company", acme)["size"] is None


def test_a_value_that_was_changed_forth_and_back_is_not_in_the_way(shop):
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})
    changed = update(shop, "x_company", acme, city="Rome")
    update(shop, "x_company", acme, city="Oslo")
    update(shop, "x_company", acme, city="Rome", size=1)
    undo(shop, changed)
    found = shop.get("x_company", acme)
    assert (found["city"], found["size"]) == ("Bonn", 1)


def test_what_is_put_back_already_is_marked_as_undone_without_a_trace(shop):
    [acme] = shop.create("x_company", {"name": "Acme"})
    changed = update(shop, "x_company", acme, city="Rome")
    update(shop, "x_company", acme, city=None)
    done = undo(shop, changed)
    assert shop.read(records.change_set, done)["records"] == []
    assert shop.read(records.change_set, changed)["undone_by"] == done


# -- records that are gone, or came back ----------------------------------------------------
def test_a_record_that_went_to_the_trash_since_can_not_get_its_values_back(shop):
    acme, beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    rows = [{"id": acme, "size": 1}, {"id": beta, "size": 1}]
    shop.write(records.update, "x_company", rows)
    changed = newest(shop)
    delete(shop, "x_company", acme)
    assert codes(look(shop, changed)[acme]) == [(None, "undo_record_gone")]
    assert "Restore it first" in str(refused(shop, changed))
    undo(shop, changed, partial=True)
    assert shop.get("x_company", beta)["size"] is None


def test_a_record_that_was_purged_since_stays_gone_and_is_named(shop):
    acme, beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    gone = delete(shop, "x_company", acme, beta)
    shop.write(records.purge, "x_company", [{"id": acme}])
    purged = newest(shop)
    found = look(shop, gone)
    assert (codes(found[acme]), codes(found[beta])) == ([(None, "undo_record_gone")], [])
    assert "it was purged since" in str(refused(shop, gone))
    undo(shop, gone, partial=True)
    assert live(shop, "x_company") == [beta]
    error = refused(shop, purged)
    assert (error.code, error.status) == ("undo_purged", 409)


def test_what_somebody_restored_since_only_gets_its_values_back(shop):
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})

    def both(actor: Actor) -> None:
        records.update("x_company", [{"id": acme, "city": "Rome"}], actor=actor)
        records.delete("x_company", [{"id": acme}], actor=actor)

    shop.write(both)
    gone = newest(shop)
    shop.write(records.restore, "x_company", [{"id": acme}])
    undo(shop, gone)
    found = shop.get("x_company", acme)
    assert (found["city"], found["version"]) == ("Bonn", 5)


def test_new_records_that_are_in_the_trash_already_are_left_there(shop):
    acme, beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    made = newest(shop)
    delete(shop, "x_company", acme)
    assert list(look(shop, made)) == [beta]
    undone = undo(shop, made)
    assert live(shop, "x_company") == []
    undo(shop, undone)
    assert live(shop, "x_company") == [beta]


def test_a_type_that_is_in_the_trash_is_in_the_way(shop):
    [acme] = shop.create("x_company", {"name": "Acme"})

    def both(actor: Actor) -> None:
        records.create("x_line", [{"product": "a", "order": order}], actor=actor)
        records.update("x_company", [{"id": acme, "size": 1}], actor=actor)

    [order] = shop.create("x_order", {"name": "1"})
    shop.write(both)
    changed = newest(shop)
    [line] = live(shop, "x_line")
    shop.apply({"op": "trash_type", "type": "x_line"})
    assert codes(look(shop, changed)[line]) == [(None, "undo_record_gone")]
    undo(shop, changed, partial=True)
    assert shop.get("x_company", acme)["size"] is None
    shop.apply({"op": "purge_type", "type": "x_line"})
    shown = shop.read(records.change_set, changed)["records"]
    assert shown[0]["type"].startswith("purged type")


# -- others that need what would go ---------------------------------------------------------
def test_a_new_record_that_was_changed_since_is_not_deleted(shop):
    acme, beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    made = newest(shop)
    update(shop, "x_company", acme, city="Rome")
    assert codes(look(shop, made)[acme]) == [("city", "undo_changed")]
    undo(shop, made, partial=True)
    assert live(shop, "x_company") == [acme]
    assert beta not in live(shop, "x_company")


@pytest.mark.parametrize("on_delete", ["restrict", "clear", "cascade"])
def test_a_new_record_that_others_point_to_by_now_is_not_deleted(shop, on_delete):
    shop.make_type("x_visit", NAME, link("at", "x_company", on_delete=on_delete))
    acme, _ = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    made = newest(shop)
    [visit] = shop.create("x_visit", {"name": "V", "at": acme})
    error = refused(shop, made)
    assert [p.code for p in error.problems] == ["undo_pointed"]
    assert f"x_visit {visit} points to x_company {acme} (Acme) by 'at'" in str(error)
    undo(shop, made, partial=True)
    assert live(shop, "x_company") == [acme]
    assert shop.get("x_visit", visit)["at"] == acme


def test_what_stays_keeps_what_it_points_to(shop):
    def make(actor: Actor) -> None:
        [company] = records.create("x_company", [{"name": "Acme"}], actor=actor)
        orders: Any = [{"name": "1", "company": company.id}, {"name": "2"}]
        records.create("x_order", orders, actor=actor)

    shop.write(make)
    made = newest(shop)
    [company], [one, two] = live(shop, "x_company"), live(shop, "x_order")
    update(shop, "x_order", one, name="mine")
    found = look(shop, made)
    assert codes(found[company]) == [(None, "undo_pointed")]
    undo(shop, made, partial=True)
    assert (live(shop, "x_company"), live(shop, "x_order")) == ([company], [one])
    assert two not in live(shop, "x_order")


@pytest.mark.parametrize("on_delete", ["restrict", "clear"])
def test_what_pointed_into_the_trash_before_points_there_again(shop, on_delete):
    shop.make_type("x_visit", NAME, link("at", "x_company", on_delete=on_delete))
    acme, beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    [visit] = shop.create("x_visit", {"name": "V", "at": acme})
    delete(shop, "x_visit", visit)
    delete(shop, "x_company", acme)
    shop.write(records.restore, "x_visit", [{"id": visit}])
    shop.write(records.restore, "x_company", [{"id": acme}])
    back = newest(shop)
    undo(shop, update(shop, "x_visit", visit, at=beta))
    assert codes(look(shop, back)[acme]) == []
    undone = undo(shop, back)
    assert live(shop, "x_company") == [beta]
    assert shop.get("x_visit", visit)["at"] == acme
    undo(shop, undone)
    assert live(shop, "x_company") == [acme, beta]


def test_a_link_that_led_into_the_trash_before_does_so_again(shop):
    acme, beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    [deal] = shop.create("x_deal", {"name": "D", "company": acme})
    delete(shop, "x_deal", deal)
    delete(shop, "x_company", acme)
    shop.write(records.restore, "x_deal", [{"id": deal}])
    pointed = update(shop, "x_deal", deal, company=beta)
    undo(shop, pointed)
    assert shop.get("x_deal", deal)["company"] == acme


def test_a_link_does_not_lead_again_to_what_was_deleted_since(shop):
    acme, beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    [deal] = shop.create("x_deal", {"name": "D", "company": acme})
    pointed = update(shop, "x_deal", deal, company=beta)
    delete(shop, "x_company", acme)
    assert [(p.field, p.code) for p in refused(shop, pointed).problems] == [
        ("company", "reference_unknown")
    ]


def test_what_points_to_a_record_since_that_came_back_keeps_it(shop):
    shop.make_type("x_visit", NAME, link("at", "x_company", on_delete="clear"))
    acme, beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    one, two = shop.create("x_visit", {"name": "1", "at": beta}, {"name": "2", "at": acme})
    delete(shop, "x_visit", two)
    delete(shop, "x_company", acme)
    shop.write(records.restore, "x_company", [{"id": acme}])
    back = newest(shop)
    later = update(shop, "x_visit", one, at=acme)
    assert refused(shop, back).problems[0].code == "undo_pointed"
    undo(shop, later)
    shop.write(records.restore, "x_visit", [{"id": two}])
    assert refused(shop, back).problems[0].code == "undo_pointed"


def test_a_line_that_somebody_added_keeps_the_order(shop):
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}]})
    made = newest(shop)
    shop.create("x_line", {"product": "b", "order": order})
    assert refused(shop, made).problems[0].code == "undo_pointed"
    assert len(live(shop, "x_line")) == 2


# -- coming back into a conflict ------------------------------------------------------------
def test_a_unique_value_that_others_have_by_now_names_them(shop):
    acme, beta = shop.create("x_company", {"name": "Acme"}, {"name": "Beta"})
    gone = delete(shop, "x_company", acme, beta)
    [other] = shop.create("x_company", {"name": "acme"})
    assert codes(look(shop, gone)[acme]) == [("name", "restore_conflict")]
    error = refused(shop, gone)
    assert f"now used by x_company {other} (acme)" in str(error)
    assert str(error).count(f"x_company {acme} (Acme)") == 1
    undo(shop, gone, partial=True)
    assert live(shop, "x_company") == [beta, other]


def test_a_former_unique_value_that_others_have_by_now_names_them(shop):
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})
    changed = update(shop, "x_company", acme, name="Beta", city="Rome")
    [other] = shop.create("x_company", {"name": "Acme"})
    [problem] = refused(shop, changed).problems
    assert (problem.code, problem.field, problem.params["id"]) == ("duplicate", "name", other)
    undo(shop, changed, partial=True)
    found = shop.get("x_company", acme)
    assert (found["name"], found["city"]) == ("Beta", "Bonn")


def test_a_part_does_not_come_back_without_its_whole(shop):
    rows = [{"product": "a"}, {"product": "b"}]
    [order] = shop.create("x_order", {"name": "1", "lines": rows})
    first, _ = live(shop, "x_line")
    gone = delete(shop, "x_line", first)
    delete(shop, "x_order", order)
    assert codes(look(shop, gone)[first]) == [("order", "parent_trashed")]
    assert refused(shop, gone).problems[0].code == "parent_trashed"


def test_the_parts_of_what_can_not_come_back_stay_too(shop):
    shop.apply({"op": "add_key", "type": "x_order", "fields": ["name"]})
    orders = shop.create(
        "x_order",
        {"name": "1", "lines": [{"product": "a"}]},
        {"name": "2", "lines": [{"product": "b"}]},
    )
    lines = live(shop, "x_line")
    gone = delete(shop, "x_order", *orders)
    shop.create("x_order", {"name": "1"})
    found = look(shop, gone)
    assert codes(found[orders[0]]) == [("name", "restore_conflict")]
    assert codes(found[lines[0]]) == [("order", "parent_trashed")]
    undo(shop, gone, partial=True)
    assert live(shop, "x_line") == lines[1:]


# -- plugins, and what is refused as a whole ------------------------------------------------
PICKY = """
from relatum import Plugin, hookimpl
plugin = Plugin(id="picky", name="Picky", version="1.0")

@hookimpl
def relatum_before_write(batch, ctx):
    for place in range(len(batch)):
        if batch.type == "x_company" and batch.value(place, "city") == "Bonn":
            batch.reject(place, "Nobody goes back to Bonn", field="city")
"""


def test_a_plugin_may_refuse_what_would_be_put_back(shop):
    acme, beta = shop.create("x_company", {"name": "Acme", "city": "Bonn"}, {"name": "Beta"})
    rows = [{"id": acme, "city": "Rome"}, {"id": beta, "city": "Rome"}]
    shop.write(records.update, "x_company", rows)
    changed = newest(shop)
    put(shop, "picky", PICKY)
    enable(shop, "picky")
    assert codes(look(shop, changed)[acme]) == []
    shop.app = type(shop)(shop.config).app
    error = refused(shop, changed)
    assert [(p.row, p.code) for p in error.problems] == [(0, "rejected")]
    assert f"x_company {acme} (Acme): city: Nobody goes back to Bonn" in str(error)
    done = shop.write(records.undo, changed, partial=True)
    assert codes(done["records"][0]) == [("city", "rejected")]
    assert shop.get("x_company", acme)["city"] == "Rome"
    assert shop.get("x_company", beta)["city"] is None


@pytest.mark.parametrize("number", [0, -1, 424242, 2**53, 2**70])
def test_an_unknown_change_set_is_refused(shop, number):
    for verb in (records.look, records.undo, records.change_set):
        with pytest.raises(RelatumError) as caught:
            shop.write(verb, number)
        assert (caught.value.code, caught.value.status) == ("change_unknown", 404)


def test_a_change_set_is_undone_once_and_the_undo_is_named(shop):
    shop.create("x_company", {"name": "Acme"})
    made = newest(shop)
    undone = undo(shop, made)
    error = refused(shop, made)
    assert (error.code, error.status) == ("undo_done", 409)
    assert f"by change set {undone}" in str(error)
    with pytest.raises(RelatumError) as caught:
        shop.read(records.look, made)
    assert caught.value.code == "undo_done"


def test_more_records_than_undo_limit_are_refused_by_its_name(shop):
    rows: Any = [{"name": f"c{n}"} for n in range(4)]
    shop.create("x_company", *rows)
    made = newest(shop)
    with shop.configured(undo_limit=3):
        error = refused(shop, made)
        assert (error.code, error.status) == ("undo_limit", 422)
        assert "undo_limit (3)" in str(error)
    with shop.configured(undo_limit=4):
        undo(shop, made)
    assert live(shop, "x_company") == []

"""Undo of change sets: every operation is put back by the verbs, once, and can be done again."""

from __future__ import annotations

from typing import Any

from relatum.core import changes, doctor, imports, records
from relatum.core.actor import Actor

from .instances import prepared
from .undoing import NAME, delete, link, live, look, newest, refused, shop_in, undo, update


@prepared
def shop(instance):
    shop_in(instance)


def findings(instance: Any) -> list[str]:
    with instance.app.app_context():
        return [f.code for f in doctor.examine() if f.code != "disk_low"]


def lines_of(instance: Any, order: int) -> list[tuple[str, int]]:
    rows = instance.sql(
        'SELECT product, position FROM x_line WHERE "order" = :o AND trashed_at IS NULL '
        "ORDER BY position",
        o=order,
    )
    return [tuple(row) for row in rows]


# -- each operation -------------------------------------------------------------------------
def test_an_update_gives_the_former_values_back_in_a_change_set_of_its_own(shop):
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})
    changed = update(shop, "x_company", acme, city="Rome", size=5)
    undone = undo(shop, changed)
    found = shop.get("x_company", acme)
    assert (found["city"], found["size"], found["version"]) == ("Bonn", None, 3)
    last, middle, _ = shop.read(records.history, "x_company", acme)
    assert (last["change_set"], last["undoes"], last["undone_by"]) == (undone, changed, None)
    assert (middle["change_set"], middle["undoes"], middle["undone_by"]) == (changed, None, undone)
    assert last["changes"] == {"city": ["Rome", "Bonn"], "size": [5, None]}


def test_looking_says_what_would_be_done_and_writes_nothing(shop):
    acme, beta = shop.create("x_company", {"name": "Acme", "city": "Bonn"}, {"name": "Beta"})
    rows = [{"id": acme, "city": "Rome"}, {"id": beta, "size": 1}]
    shop.write(records.update, "x_company", rows)
    before = newest(shop)
    found = shop.read(records.look, before)
    assert found == {
        "change_set": None,
        "undoes": before,
        "records": [
            {
                "type": "x_company", "id": acme, "label": "Acme", "op": "update",
                "fields": {"city": ["Rome", "Bonn"]}, "conflicts": [],
            },
            {
                "type": "x_company", "id": beta, "label": "Beta", "op": "update",
                "fields": {"size": [1, None]}, "conflicts": [],
            },
        ],
    }  # fmt: skip
    assert newest(shop) == before
    done = shop.write(records.undo, before)
    assert done == {**found, "change_set": before + 1}


def test_a_new_record_goes_to_the_trash_and_comes_back_when_that_is_undone(shop):
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})
    assert look(shop, newest(shop))[acme]["op"] == "delete"
    undone = undo(shop, newest(shop))
    assert live(shop, "x_company") == []
    assert shop.read(records.get, "x_company", acme, trashed=True)["city"] == "Bonn"
    assert look(shop, undone)[acme]["op"] == "restore"
    undo(shop, undone)
    assert shop.get("x_company", acme)["city"] == "Bonn"


def test_a_delete_brings_all_back_that_went_along_and_each_once(shop):
    [acme] = shop.create("x_company", {"name": "Acme"})
    [child] = shop.create("x_company", {"name": "Child", "parent": acme})
    [deal] = shop.create("x_deal", {"name": "D", "company": acme})
    gone = delete(shop, "x_company", acme)
    assert {id_: record["op"] for id_, record in look(shop, gone).items()} == {
        child: "update", deal: "update", acme: "restore",
    }  # fmt: skip
    undo(shop, gone)
    assert shop.get("x_company", child)["parent"] == acme
    assert shop.get("x_deal", deal)["company"] == acme
    assert [shop.get("x_company", id_)["version"] for id_ in (acme, child)] == [3, 3]
    assert findings(shop) == []


def test_an_order_comes_back_with_its_lines_and_goes_again_with_them(shop):
    rows = [{"product": "a"}, {"product": "b"}]
    [order] = shop.create("x_order", {"name": "1", "lines": rows})
    back = undo(shop, delete(shop, "x_order", order))
    assert lines_of(shop, order) == [("a", 1), ("b", 2)]
    assert {r["op"] for r in shop.read(records.change_set, back)["records"]} == {"restore"}
    again = undo(shop, back)
    assert (live(shop, "x_order"), live(shop, "x_line")) == ([], [])
    undo(shop, again)
    assert lines_of(shop, order) == [("a", 1), ("b", 2)]
    versions = shop.sql("SELECT version FROM x_line UNION ALL SELECT version FROM x_order")
    assert {row.version for row in versions} == {5}


def test_what_was_in_the_trash_before_stays_there(shop):
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}, {"product": "b"}]})
    first, _ = live(shop, "x_line")
    delete(shop, "x_line", first)
    undo(shop, delete(shop, "x_order", order))
    assert lines_of(shop, order) == [("b", 2)]


def test_a_restore_goes_back_to_the_trash(shop):
    [order] = shop.create("x_order", {"name": "1", "lines": [{"product": "a"}]})
    delete(shop, "x_order", order)
    shop.write(records.restore, "x_order", [{"id": order}])
    undo(shop, newest(shop))
    assert (live(shop, "x_order"), live(shop, "x_line")) == ([], [])
    shop.write(records.restore, "x_order", [{"id": order}])
    assert lines_of(shop, order) == [("a", 1)]


def test_changed_lines_are_put_back_and_the_version_of_the_order_speaks_for_them(shop):
    rows = [{"product": "a"}, {"product": "b"}]
    [order] = shop.create("x_order", {"name": "1", "lines": rows})
    _, second = live(shop, "x_line")
    changed = update(shop, "x_order", order, lines=[{"product": "c"}, {"id": second}])
    assert lines_of(shop, order) == [("c", 1), ("b", 2)]
    undone = undo(shop, changed)
    assert lines_of(shop, order) == [("a", 1), ("b", 2)]
    assert shop.get("x_order", order)["version"] == 3
    undo(shop, undone)
    assert lines_of(shop, order) == [("c", 1), ("b", 2)]
    assert shop.get("x_order", order)["version"] == 4


def test_undoing_an_undo_does_it_again_as_often_as_one_likes(shop):
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})
    change = update(shop, "x_company", acme, city="Rome")
    for city in ("Bonn", "Rome", "Bonn", "Rome"):
        change = undo(shop, change)
        assert shop.get("x_company", acme)["city"] == city


def test_the_tree_is_as_it_was(shop):
    top, low = shop.create("x_company", {"name": "top"}, {"name": "low"})
    moved = update(shop, "x_company", low, parent=top)
    undo(shop, moved)
    turned = update(shop, "x_company", top, parent=low)
    undo(shop, turned)
    assert shop.get("x_company", top)["parent"] is None


def test_a_circle_that_would_come_of_it_is_refused(shop):
    top, low = shop.create("x_company", {"name": "top"}, {"name": "low"})
    update(shop, "x_company", low, parent=top)
    parted = update(shop, "x_company", low, parent=None)
    update(shop, "x_company", top, parent=low)
    for partial in (False, True):
        error = refused(shop, parted, partial=partial)
        assert (error.code, error.problems[0].code) == ("undo_conflict", "circular")


def test_the_last_administrator_stays_one(instance):
    [eve] = instance.create("user", {"name": "Eve", "email": "eve@example.org", "admin": True})
    made = newest(instance)
    update(instance, "user", instance.alice.user_id or 0, admin=False)
    error = refused(instance, made)
    assert (error.code, error.problems[0].code) == ("undo_conflict", "last_admin")
    assert instance.get("user", eve)["admin"]


def test_a_record_keeps_its_team_when_it_gets_back_its_owner(shop):
    north, south = shop.create("team", {"name": "North"}, {"name": "South"})
    ben, cleo = shop.create("user", {"name": "Ben", "team": north}, {"name": "Cleo"})
    [deal] = shop.create("x_deal", {"name": "D", "owner": ben, "team": south})
    given = update(shop, "x_deal", deal, owner=cleo, team=south)
    undo(shop, given)
    found = shop.get("x_deal", deal)
    assert (found["owner"], found["team"]) == (ben, south)


# -- several writes in one transaction ------------------------------------------------------
def test_what_took_the_place_of_another_goes_before_that_comes_back(shop):
    [old] = shop.create("x_company", {"name": "Acme"})

    def replace(actor: Actor) -> None:
        records.delete("x_company", [{"id": old}], actor=actor)
        records.create("x_company", [{"name": "Acme"}], actor=actor)

    shop.write(replace)
    undone = undo(shop, newest(shop))
    assert live(shop, "x_company") == [old]
    undo(shop, undone)
    assert live(shop, "x_company") != [old]


def test_unique_values_that_were_handed_on_are_handed_back(shop):
    a, b, c = shop.create("x_company", {"name": "1"}, {"name": "2"}, {"name": "3"})

    def rotate(actor: Actor) -> None:
        for id_, name in ((a, "free"), (b, "1"), (c, "2"), (a, "3")):
            records.update("x_company", [{"id": id_, "name": name}], actor=actor)

    shop.write(rotate)
    undo(shop, newest(shop))
    assert [shop.get("x_company", id_)["name"] for id_ in (a, b, c)] == ["1", "2", "3"]


def test_records_that_point_to_each_other_go_and_come_together(instance):
    instance.make_type("x_firm", NAME)
    instance.make_type("x_person", NAME, link("employer", "x_firm"))
    field = link("contact", "x_person")
    instance.apply({"op": "add_field", "type": "x_firm", **field})

    def hire(actor: Actor) -> None:
        [firm] = records.create("x_firm", [{"name": "F"}], actor=actor)
        [bob] = records.create("x_person", [{"name": "B", "employer": firm.id}], actor=actor)
        records.update("x_firm", [{"id": firm.id, "contact": bob.id}], actor=actor)

    instance.write(hire)
    undone = undo(instance, newest(instance))
    assert (live(instance, "x_firm"), live(instance, "x_person")) == ([], [])
    undo(instance, undone)
    [firm], [bob] = live(instance, "x_firm"), live(instance, "x_person")
    assert instance.get("x_firm", firm)["contact"] == bob


def test_what_came_and_went_in_one_change_set_is_left_alone(shop):
    [deal] = shop.create("x_deal", {"name": "D"})

    def pass_by(actor: Actor) -> None:
        [made] = records.create("x_company", [{"name": "A"}], actor=actor)
        records.update("x_deal", [{"id": deal, "company": made.id, "name": "E"}], actor=actor)
        records.delete("x_company", [{"id": made.id}], actor=actor)

    shop.write(pass_by)
    assert {id_: r["fields"] for id_, r in look(shop, newest(shop)).items()} == {
        deal: {"name": ["E", "D"]}
    }
    undo(shop, newest(shop))
    assert shop.get("x_deal", deal)["name"] == "D"
    assert live(shop, "x_company") == []


def test_a_required_link_that_a_deletion_emptied_is_emptied_again(shop):
    shop.make_type("x_visit", NAME, link("at", "x_company", required=True, on_delete="clear"))
    [acme] = shop.create("x_company", {"name": "Acme"})
    [visit] = shop.create("x_visit", {"name": "V", "at": acme})
    back = undo(shop, delete(shop, "x_company", acme))
    assert shop.get("x_visit", visit)["at"] == acme
    again = undo(shop, back)
    assert (shop.get("x_visit", visit)["at"], live(shop, "x_company")) == (None, [])
    undo(shop, again)
    assert shop.get("x_visit", visit)["at"] == acme


def test_it_is_a_change_set_of_its_own_within_a_larger_transaction(shop):
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})
    changed = update(shop, "x_company", acme, city="Rome")

    def work(actor: Actor) -> tuple[int, int]:
        assert changes.number() is None
        [one] = records.create("x_deal", [{"name": "1"}], actor=actor)
        mine = changes.number()
        assert records.undo(changed, actor=actor)["change_set"] != mine
        [two] = records.create("x_deal", [{"name": "2"}], actor=actor)
        assert changes.number() == mine
        return one.id or 0, two.id or 0

    ids = shop.write(work)
    sets = [shop.read(records.history, "x_deal", id_)[0]["change_set"] for id_ in ids]
    undone = shop.read(records.history, "x_company", acme)[0]["change_set"]
    assert sets[0] == sets[1] != undone


# -- numbers --------------------------------------------------------------------------------
def test_a_number_stays_with_its_record_and_is_never_given_again(instance):
    instance.make_type("x_bill", NAME, {"name": "number", "kind": "auto_number"})
    [first] = instance.create("x_bill", {"name": "a"})
    undone = undo(instance, newest(instance))
    [second] = instance.create("x_bill", {"name": "b"})
    assert instance.get("x_bill", second)["number"] == "2"
    undo(instance, undone)
    assert instance.get("x_bill", first)["number"] == "1"
    [third] = instance.create("x_bill", {"name": "c"})
    assert instance.get("x_bill", third)["number"] == "3"


def test_a_number_that_an_import_changed_is_changed_back_and_both_are_taken(instance, tmp_path):
    number = {"name": "number", "kind": "auto_number", "settings": {"importable": True}}
    instance.make_type("x_bill", {**NAME, "unique": True}, number)
    [bill] = instance.create("x_bill", {"name": "a"})
    file = tmp_path / "f.csv"
    file.write_text("name,number\na,7\n")
    with instance.app.app_context():
        made = imports.load_map({"relatum_map": 1, "delimiter": ","})
        imports.run("x_bill", file, actor=instance.alice, mapping=made, key=["name"])
    assert instance.get("x_bill", bill)["number"] == "7"
    undo(instance, newest(instance))
    assert instance.get("x_bill", bill)["number"] == "1"
    [other] = instance.create("x_bill", {"name": "b"})
    assert instance.get("x_bill", other)["number"] == "8"


def test_numbers_that_came_with_their_field_are_kept(instance):
    instance.make_type("x_bill", NAME)
    bills = instance.create("x_bill", {"name": "a"}, {"name": "b"})
    delete(instance, "x_bill", bills[1])
    field = {"op": "add_field", "type": "x_bill", "name": "number", "kind": "auto_number"}
    instance.apply(field)
    assert look(instance, newest(instance)) == {}
    undo(instance, newest(instance))
    assert [row.number for row in instance.sql("SELECT number FROM x_bill ORDER BY id")] == [
        "1", "2",
    ]  # fmt: skip

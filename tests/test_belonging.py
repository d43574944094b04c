"""Parts belong to whom their whole belongs: owner and team follow it, and nobody writes them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from relatum.core import catalog, db, doctor, query, records, roles
from relatum.core.actor import system
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared
from .undoing import NAME, delete, link, look, newest, undo, update

TEXT = {"name": "name", "kind": "text"}


@prepared
def shop(instance):
    """Orders with lines, which have bits: parts of parts; and Ben of the North."""
    instance.make_type("x_order", NAME)
    instance.make_type(
        "x_line", NAME, link("order", "x_order", required=True, part=True, inverse="lines")
    )
    instance.make_type(
        "x_bit", NAME, link("line", "x_line", required=True, part=True, inverse="bits")
    )
    [north] = instance.create("team", {"name": "North"})
    [ben] = instance.create("user", {"name": "Ben", "team": north})
    return {"ben": ben, "north": north}


@pytest.fixture
def ben(shop) -> Any:
    return shop["ben"], shop["north"]


LINES = [{"name": "a", "bits": [{"name": "x"}]}, {"name": "b"}]


def whose(instance: Any, *types: str) -> list[tuple[Any, Any]]:
    """Return (owner, team) of all live records of types."""
    return [
        (row.owner_id, row.team_id)
        for name in types
        for row in instance.sql(
            f"SELECT owner_id, team_id FROM {name} WHERE trashed_at IS NULL ORDER BY id"
        )
    ]


def order_of(instance: Any, ben: Any, **values: Any) -> int:
    [order] = instance.create("x_order", {"name": "1", "owner": ben[0], "lines": LINES, **values})
    return int(order)


def test_new_parts_and_theirs_have_the_owner_and_team_of_their_whole(instance, ben):
    order_of(instance, ben)
    assert whose(instance, "x_order", "x_line", "x_bit") == [ben] * 4


def test_a_part_that_is_made_by_itself_has_them_too(instance, ben):
    order = order_of(instance, ben)
    instance.create("x_line", {"order": order, "name": "c"})
    nobody = system("cli")
    instance.write(records.create, "x_line", [{"order": order, "name": "d"}], actor=nobody)
    assert set(whose(instance, "x_line")) == {ben}


def test_a_part_of_nothing_is_refused_and_the_others_are_made(instance, ben):
    order = order_of(instance, ben)
    rows = [{"name": "c", "order": order}, {"name": "d"}, {"name": "e", "order": 1 << 40}]
    made = instance.write(records.create, "x_line", rows, partial=True)
    assert [each.status for each in made] == ["created", "refused", "refused"]
    moved = [{"id": made[0].id, "name": "f"}, {"id": made[0].id + 999, "name": "g"}]
    changed = instance.write(records.update, "x_line", moved, partial=True)
    assert [each.status for each in changed] == ["updated", "refused"]
    assert whose(instance, "x_line") == [ben] * 3


def test_who_may_not_assign_makes_and_moves_parts_of_what_others_own(instance, ben):
    order, more = order_of(instance, ben), order_of(instance, ben, owner=None)
    line = dict.fromkeys(("read", "create", "update"), "all")
    types = {"x_order": {"read": "all"}, "x_line": line}
    instance.write(roles.save, "clerk", {"types": types})
    instance.write(roles.hold, "user", instance.bob.user_id, ["clerk"])
    rows = [{"name": "c", "order": order}]
    [made] = instance.write(records.create, "x_line", rows, actor=instance.bob)
    instance.write(records.update, "x_line", [{"id": made.id, "order": more}], actor=instance.bob)
    assert instance.get("x_line", made.id)["order"] == more


def test_a_whole_that_changes_hands_takes_its_parts_along_in_the_same_change_set(instance, ben):
    order = order_of(instance, ben)
    before = newest(instance)
    update(instance, "x_order", order, owner=instance.bob.user_id)
    assert whose(instance, "x_order", "x_line", "x_bit") == [(instance.bob.user_id, None)] * 4
    assert newest(instance) == before + 1
    [line, _] = instance.sql("SELECT id, version FROM x_line ORDER BY id")
    assert line.version == 2
    changed = instance.read(records.history, "x_line", line.id)[0]["changes"]
    assert changed == {"owner": [ben[0], instance.bob.user_id], "team": [ben[1], None]}


def test_a_part_that_changes_with_its_whole_changes_once(instance, ben):
    order = order_of(instance, ben)
    first, second = instance.sql("SELECT id, version FROM x_line ORDER BY id")
    lines = [{"id": first.id, "version": 1, "name": "new"}, {"id": second.id}, {"name": "c"}]
    update(instance, "x_order", order, team=None, lines=lines)
    assert set(whose(instance, "x_order", "x_line", "x_bit")) == {(ben[0], None)}
    versions = [row.version for row in instance.sql("SELECT version FROM x_line ORDER BY id")]
    assert versions == [2, 2, 1]


def test_a_part_that_moves_to_another_whole_goes_over_to_its_owner(instance, ben):
    order_of(instance, ben)
    [other] = instance.create("x_order", {"name": "2", "owner": instance.bob.user_id})
    [line, _] = instance.sql("SELECT id FROM x_line ORDER BY id")
    moved = update(instance, "x_line", line.id, order=other)
    assert whose(instance, "x_line")[0] == (instance.bob.user_id, None)
    assert whose(instance, "x_bit") == [(instance.bob.user_id, None)]
    undo(instance, moved)
    assert set(whose(instance, "x_line", "x_bit")) == {ben}


@pytest.mark.parametrize("name", ["owner", "team"])
def test_nobody_writes_them_in_a_part(instance, ben, name):
    order = order_of(instance, ben)
    for verb, row in (
        (records.create, {"order": order, name: 1}),
        (records.update, {"id": instance.sql("SELECT id FROM x_line")[0].id, name: None}),
    ):
        with pytest.raises(Invalid) as caught:
            instance.write(verb, "x_line", [row])
        [problem] = caught.value.problems
        assert (problem.code, problem.field) == ("read_only", name)


def test_they_are_described_as_read_only(instance, ben):
    alice = instance.client(instance.alice)
    fields = alice.get("/api/v1/entity-types/x_line").get_json()["fields"]
    assert {f["name"] for f in fields if f["read_only"]} >= {"owner", "team"}
    schemas = alice.get("/api/v1/openapi.json").get_json()["components"]["schemas"]
    owner = schemas["x_line.Record"]["properties"]["owner"]
    assert owner["readOnly"] and owner["type"] == ["integer", "null"]
    assert "owner" not in schemas["x_line.RecordCreate"]["properties"]
    assert "owner" in schemas["x_order.RecordCreate"]["properties"]


def test_lists_of_parts_are_filtered_by_owner(instance, ben):
    order_of(instance, ben)
    with instance.reading():
        his = {"filter": {"field": "owner", "value": ben[0]}}
        asked = query.from_json("x_line", his, actor=instance.alice)
        assert len(query.page(asked).records) == 2


# -- trash and undo -------------------------------------------------------------------------
def test_a_part_out_of_the_trash_belongs_to_whom_its_whole_belongs_by_then(instance, ben):
    order = order_of(instance, ben)
    line = instance.sql("SELECT id FROM x_line ORDER BY id")[0].id
    delete(instance, "x_line", line)
    update(instance, "x_order", order, owner=instance.bob.user_id)
    [outcome] = instance.write(records.restore, "x_line", [{"id": line}])
    assert outcome.version == instance.get("x_line", line)["version"] == 4
    assert set(whose(instance, "x_line", "x_bit")) == {(instance.bob.user_id, None)}
    delete(instance, "x_line", line)
    update(instance, "x_order", order, owner=ben[0])
    undo(instance, newest(instance) - 1)
    assert set(whose(instance, "x_line", "x_bit")) == {ben}


def test_undo_gives_a_whole_back_with_its_parts_and_again(instance, ben):
    order = order_of(instance, ben)
    given = update(instance, "x_order", order, owner=instance.bob.user_id)
    assert set(look(instance, given)) == {order}
    undone = undo(instance, given)
    assert set(whose(instance, "x_order", "x_line", "x_bit")) == {ben}
    undo(instance, undone)
    assert set(whose(instance, "x_order", "x_line", "x_bit")) == {(instance.bob.user_id, None)}


def test_parts_that_were_made_or_left_out_since_follow_an_undo(instance, ben):
    order = order_of(instance, ben)
    given = update(instance, "x_order", order, owner=instance.bob.user_id)
    update(instance, "x_order", order, lines=[{"name": "new"}])
    undo(instance, given)
    assert set(whose(instance, "x_order", "x_line")) == {ben}


def test_a_part_that_went_to_another_whole_since_stays_there(instance, ben):
    order = order_of(instance, ben)
    [other] = instance.create("x_order", {"name": "2"})
    line = instance.sql("SELECT id FROM x_line ORDER BY id")[0].id
    given = update(instance, "x_order", order, owner=instance.bob.user_id)
    update(instance, "x_line", line, order=other)
    undo(instance, given)
    assert whose(instance, "x_line") == [(instance.alice.user_id, None), ben]


# -- the data model -------------------------------------------------------------------------
def loose(instance: Any, ben: Any) -> tuple[int, int]:
    """Make notes that point to orders and are no parts yet; return an order and its note."""
    link_ = link("order", "x_order", required=True, inverse="notes", on_delete="cascade")
    instance.make_type("x_note", TEXT, link_)
    order = order_of(instance, ben)
    [note] = instance.create("x_note", {"name": "n", "order": order})
    return order, int(note)


BECOME = {"op": "change_field", "type": "x_note", "field": "order", "settings": {"part": True}}


def test_records_that_become_parts_get_the_owner_of_their_whole(instance, ben):
    loose(instance, ben)
    plan = instance.apply(BECOME)
    assert "1 existing rows get the owner and team" in " ".join(plan.steps[0].notes)
    assert whose(instance, "x_note") == [ben]


def test_no_plan_gives_more_records_another_owner_than_may_be_filled(instance, ben):
    loose(instance, ben)
    with instance.configured(fill_limit=0), pytest.raises(RelatumError) as caught:
        instance.apply(BECOME)
    assert caught.value.problems[0].code == "belonging_limit"


def test_parts_whose_link_was_in_the_trash_follow_when_it_comes_back(instance, ben):
    _, note = loose(instance, ben)
    instance.apply(BECOME)
    instance.apply({"op": "trash_field", "type": "x_note", "field": "order"})
    update(instance, "x_note", note, owner=instance.bob.user_id)
    instance.apply({"op": "restore_field", "type": "x_note", "field": "order"})
    assert whose(instance, "x_note") == [ben]


def test_nobody_is_part_of_something_as_a_user(instance, ben):
    place = link("order", "x_order", required=True, part=True, inverse="people")
    instance.apply(
        {"op": "add_field", "type": "user", "existing": "keep", **place, "name": "x_order"}
    )
    with instance.reading():
        users = catalog.current().type("user")
        assert users.part_of is None and not users.fields["team"].read_only


def test_doctor_names_parts_that_are_astray_and_mends_them(instance, ben):
    order_of(instance, ben)
    with instance.app.app_context():
        assert doctor.examine() == []
        damage = "UPDATE x_line SET owner_id = NULL WHERE name = 'a'"
        db.transact(lambda: db.for_writing().connection.exec_driver_sql(damage))
        found, bits = doctor.examine()
        assert bits.text.startswith("1 records of 'x_bit'")
        assert (found.code, found.text.partition(" (")[0]) == (
            "part", "1 records of 'x_line' belong to others than what they are part of"
        )  # fmt: skip
        [repair] = doctor.repair()
        assert repair.text == "Gave 1 records of x_line to whom their wholes belong"
        assert doctor.examine() == []
    assert set(whose(instance, "x_order", "x_line", "x_bit")) == {ben}


def test_only_parts_of_what_changes_hands_follow(instance, ben):
    first, other = order_of(instance, ben), order_of(instance, ben)
    damage = f'UPDATE x_line SET owner_id = NULL WHERE "order" = {other}'
    with instance.app.app_context():
        db.transact(lambda: db.for_writing().connection.exec_driver_sql(damage))
    update(instance, "x_order", first, owner=instance.bob.user_id)
    rows = instance.sql(f'SELECT owner_id FROM x_line WHERE "order" = {other}')
    assert [row.owner_id for row in rows] == [None, None]


# -- others write meanwhile -----------------------------------------------------------------
def test_a_line_made_while_its_order_changes_hands_belongs_to_the_new_owner(instance, ben):
    [order] = instance.create("x_order", {"name": "1"})
    written, done = threading.Event(), threading.Event()

    def make() -> None:
        def work(actor: Any) -> None:
            records.create("x_line", [{"order": order}], actor=actor)
            written.set()
            done.wait(1)

        instance.write(work)

    maker = threading.Thread(target=make)
    maker.start()
    written.wait(5)
    threading.Timer(0.2, done.set).start()
    update(instance, "x_order", order, owner=ben[0])
    maker.join()
    assert whose(instance, "x_line") == [ben]

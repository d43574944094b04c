"""The verbs on records where it hurts: huge ids, odd names, races, half of a batch, cycles."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from relatum.core import db, records
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared

NODE = (
    {"name": "name", "kind": "text", "unique": True},
    {"name": "ref", "kind": "text", "unique": True},
    {"name": "parent", "kind": "lookup", "settings": {"target": "x_node"}},
)
LEAF = (
    {"name": "code", "kind": "text", "unique": True},
    {"name": "node", "kind": "lookup", "settings": {"target": "x_node"}},
    {"name": "friend", "kind": "lookup", "settings": {"target": "x_node", "on_delete": "clear"}},
)


@prepared
def tree(instance):
    """An instance with nodes (a parent each) and leaves that hang on them."""
    instance.make_type("x_node", *NODE)
    instance.make_type("x_leaf", *LEAF, title="code")


def refused(instance, verb, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        instance.write(verb, *args, **kwargs)
    return caught.value


def count(instance, table):
    return instance.sql(f"SELECT count(*) FROM {table}")[0][0]


# -- numbers and names beyond all measure ------------------------------------------------------
@pytest.mark.parametrize("id_", [0, -1, 2**31, 2**63 - 1, 2**63, 10**30])
def test_an_id_that_no_record_can_have_is_unknown(tree, id_):
    for verb in (records.update, records.delete, records.restore):
        assert refused(tree, verb, "x_node", [{"id": id_}]).code == "record_unknown"
    for look in (records.get, records.history):
        with pytest.raises(RelatumError) as caught:
            tree.read(look, "x_node", id_)
        assert caught.value.code == "record_unknown"
    assert refused(tree, records.create, "x_node", [{"parent": id_ or 7}]).status == 422


@pytest.mark.parametrize("version", [0, -1, 10**30])
def test_a_version_that_no_record_has_does_not_match(tree, version):
    (id_,) = tree.create("x_node", {"name": "A"})
    error = refused(tree, records.update, "x_node", [{"id": id_, "version": version, "ref": "R"}])
    assert error.code == "version_mismatch"


@pytest.mark.parametrize("id_", [None, True, 1.0, "1", [1]])
def test_a_row_to_change_needs_an_id_that_is_a_number(tree, id_):
    error = refused(tree, records.update, "x_node", [{"id": id_}])
    assert [p.code for p in error.problems] == ["id_missing"]


@pytest.mark.parametrize("row", [None, [], "a", 5, {1: 2}])
def test_a_row_that_is_no_object_of_fields_is_refused(tree, row):
    error = refused(tree, records.create, "x_node", [row])
    assert {p.code for p in error.problems} <= {"row_invalid", "unknown_key"}


def test_a_name_of_a_million_characters_is_refused_at_once(tree):
    error = refused(tree, records.create, "x_node", [{"n" * 1_000_000: 1}])
    assert [p.code for p in error.problems] == ["unknown_key"]
    assert len(str(error)) < 1000


WORDS = (
    "select order group user table where from rowid oid load fields dump opts context validate "
    "declared_fields name_k items keys values pattern column index default null"
).split()


def test_fields_may_be_named_like_words_of_sql_and_of_our_libraries(instance):
    fields = [{"name": word, "kind": "text", "sortable": True} for word in WORDS]
    instance.make_type("x_select", *fields, keys=[WORDS[:2]], title="{order} {user}")
    for size in (1, 150):
        ids = instance.create(
            "x_select", *({w: f"{w} {size} {n}" for w in WORDS} for n in range(size))
        )
        assert instance.get("x_select", ids[-1])["rowid"] == f"rowid {size} {size - 1}"
    (outcome,) = instance.write(records.update, "x_select", [{"id": ids[0], "fields": "x"}])
    assert outcome.status == "updated"


@pytest.mark.parametrize("name", ["xmin", "ctid", "tableoid", "cmax"])
def test_a_name_that_postgresql_keeps_for_itself_is_reserved_on_both_databases(instance, name):
    change = {"op": "create_type", "name": "x_t", "fields": [{"name": name, "kind": "text"}]}
    with pytest.raises(RelatumError) as caught:
        instance.apply(change)
    assert caught.value.code == "name_reserved"


# -- trash and restore -------------------------------------------------------------------------
def test_a_chain_is_deleted_in_one_batch_whatever_the_order(tree):
    (a,) = tree.create("x_node", {"name": "A"})
    (b,) = tree.create("x_node", {"name": "B", "parent": a})
    (c,) = tree.create("x_node", {"name": "C", "parent": b})
    tree.write(records.delete, "x_node", [{"id": a}, {"id": c}, {"id": b}])
    assert tree.sql("SELECT id FROM x_node WHERE trashed_at IS NULL") == []


def test_what_a_refused_row_of_a_partial_batch_still_points_to_stays(tree):
    (a,) = tree.create("x_node", {"name": "A"})
    (b,) = tree.create("x_node", {"name": "B", "parent": a})
    (c,) = tree.create("x_node", {"name": "C", "parent": b})
    tree.create("x_leaf", {"code": "L", "node": c})
    rows = [{"id": a}, {"id": b}, {"id": c}]
    outcomes = tree.write(records.delete, "x_node", rows, partial=True)
    assert [o.status for o in outcomes] == ["refused"] * 3
    assert {o.problems[0].code for o in outcomes} == {"still_referenced"}


def test_a_partial_batch_of_nothing_leaves_no_change_set(tree):
    before = count(tree, "core_change_set")
    for verb in (records.delete, records.restore, records.update):
        assert tree.write(verb, "x_node", [{"id": 424242}], partial=True)[0].status == "refused"
    for verb in (records.create, records.delete, records.restore, records.update):
        assert tree.write(verb, "x_node", []) == []
    assert count(tree, "core_change_set") == before


def test_a_record_may_come_back_while_what_it_points_to_is_in_the_trash(tree):
    (a,) = tree.create("x_node", {"name": "A"})
    (b,) = tree.create("x_node", {"name": "B", "parent": a})
    tree.write(records.delete, "x_node", [{"id": b}])
    tree.write(records.delete, "x_node", [{"id": a}])
    tree.write(records.restore, "x_node", [{"id": b}])
    assert tree.get("x_node", b)["parent"] == a
    (outcome,) = tree.write(records.update, "x_node", [{"id": b, "ref": "R", "parent": a}])
    assert outcome.status == "updated"
    assert refused(tree, records.create, "x_node", [{"parent": a}]).problems[0].code == (
        "reference_unknown"
    )


def test_two_records_that_conflict_only_with_each_other_dont_come_back_together(tree):
    ids = []
    for _ in range(2):
        (id_,) = tree.create("x_node", {"name": "A"})
        tree.write(records.delete, "x_node", [{"id": id_}])
        ids.append({"id": id_})
    outcomes = tree.write(records.restore, "x_node", ids, partial=True)
    assert [o.status for o in outcomes] == ["restored", "refused"]


def test_a_record_is_deleted_and_restored_once(tree):
    (a,) = tree.create("x_node", {"name": "A"})
    assert refused(tree, records.restore, "x_node", [{"id": a}]).code == "record_unknown"
    assert refused(tree, records.delete, "x_node", [{"id": a}, {"id": a}]).problems[0].code == (
        "row_twice"
    )
    tree.write(records.delete, "x_node", [{"id": a}])
    assert refused(tree, records.delete, "x_node", [{"id": a}]).code == "record_unknown"
    assert (
        refused(tree, records.update, "x_node", [{"id": a, "name": "B"}]).code == "record_unknown"
    )
    assert tree.read(records.get, "x_node", a, trashed=True)["name"] == "A"


def test_a_record_that_points_to_itself_can_be_deleted(tree):
    (a,) = tree.create("x_node", {"name": "A"})
    tree.write(records.update, "x_node", [{"id": a, "parent": a}])
    (outcome,) = tree.write(records.delete, "x_node", [{"id": a}])
    assert outcome.status == "deleted"


# -- unique keys -------------------------------------------------------------------------------
def test_a_link_can_be_unique_and_part_of_a_key(instance):
    instance.make_type("x_a", {"name": "name", "kind": "text"})
    to_a = {"kind": "lookup", "settings": {"target": "x_a"}}
    instance.make_type(
        "x_b",
        {"name": "one", "unique": True, **to_a},
        {"name": "two", **to_a},
        {"name": "on", "kind": "datetime"},
        {"name": "size", "kind": "decimal"},
        {"name": "day", "kind": "date"},
        keys=[["two", "on", "size", "day"]],
    )
    a, b = instance.create("x_a", {"name": "A"}, {"name": "B"})
    row = {"two": a, "on": "2026-01-01T00:00:00Z", "size": "1.5", "day": "2026-01-01"}
    instance.create("x_b", {**row, "one": a})
    assert refused(instance, records.create, "x_b", [{"one": a}]).code == "duplicate"
    again = {**row, "on": "2026-01-01T01:00:00+01:00", "size": 1.50}
    assert refused(instance, records.create, "x_b", [again]).code == "duplicate"
    instance.create("x_b", {**row, "two": b}, {**row, "day": None}, {**row, "day": None})
    (outcome,) = instance.write(
        records.upsert, "x_b", [{**again, "one": b}], key=["day", "two", "size", "on"]
    )
    assert outcome.status == "updated"


def test_values_that_fold_to_nothing_still_collide(tree):
    tree.create("x_node", {"name": "\u0301"})
    assert refused(tree, records.create, "x_node", [{"name": "\u0302"}]).code == "duplicate"


def test_texts_of_a_key_that_are_too_long_together_are_refused_on_both_databases(instance):
    names = ("a", "b")
    instance.make_type("x_t", *({"name": n, "kind": "text"} for n in names), keys=[list(names)])
    long = "".join(chr(0x4E00 + n * 37 % 20_000) for n in range(500))
    instance.create("x_t", {"a": long, "b": "short"})
    error = refused(instance, records.create, "x_t", [{"a": long, "b": long[::-1]}])
    assert [p.code for p in error.problems] == ["key_too_long"]


def test_two_records_cant_swap_a_unique_value_in_one_batch(tree):
    a, b = tree.create("x_node", {"name": "A", "ref": "1"}, {"name": "B", "ref": "2"})
    rows = [{"id": a, "ref": "2"}, {"id": b, "ref": "1"}]
    assert refused(tree, records.update, "x_node", rows).code == "duplicate"
    assert tree.get("x_node", a)["ref"] == "1"


# -- upsert ------------------------------------------------------------------------------------
def test_an_upsert_names_every_problem_of_new_and_known_rows(tree):
    tree.create("x_node", {"name": "A"})
    rows = [{"name": "A", "parent": 424242}, {"name": "B", "parent": 424242}, {"ref": "x"}]
    error = refused(tree, records.upsert, "x_node", rows, key=["name"])
    assert [(p.row, p.code) for p in error.problems] == [
        (0, "reference_unknown"),
        (1, "reference_unknown"),
        (2, "key_missing"),
    ]


def test_an_upsert_that_fails_in_a_later_row_of_the_same_key_writes_nothing(tree):
    rows = [{"name": "A"}, {"name": "B"}, {"name": "a", "parent": 424242}]
    assert refused(tree, records.upsert, "x_node", rows, key=["name"]).code == "invalid"
    assert count(tree, "x_node") == 0


def test_whoever_goes_on_after_a_refused_upsert_has_written_nothing(tree):
    def work():
        with pytest.raises(Invalid):
            rows: list[Any] = [{"name": "A"}, {"name": "a", "parent": 424242}]
            records.upsert("x_node", rows, key=["name"], actor=tree.alice)

    with tree.app.app_context():
        db.transact(work)
    assert count(tree, "x_node") == 0


def test_a_partial_upsert_writes_the_rows_around_a_bad_one_of_the_same_key(tree):
    rows = [{"name": "A"}, {"name": "a", "parent": 424242}, {"name": "A", "ref": "R"}]
    outcomes = tree.write(records.upsert, "x_node", rows, key=["name"], partial=True)
    assert [o.status for o in outcomes] == ["created", "refused", "updated"]


def test_an_upsert_leaves_fields_that_were_not_sent_alone(tree):
    tree.create("x_node", {"name": "A", "ref": "R"})
    (outcome,) = tree.write(records.upsert, "x_node", [{"name": "A"}], key=["name"])
    assert outcome.status == "unchanged"
    assert tree.get("x_node", outcome.id)["ref"] == "R"


def test_an_upsert_never_meets_records_in_the_trash(tree):
    (id_,) = tree.create("x_node", {"name": "A"})
    tree.write(records.delete, "x_node", [{"id": id_}])
    (outcome,) = tree.write(records.upsert, "x_node", [{"name": "A"}], key=["name"])
    assert (outcome.status, outcome.id != id_) == ("created", True)


def test_a_dry_run_finds_the_problems_and_leaves_no_trace(tree):
    tree.create("x_node", {"name": "A"})
    tables = ("core_record", "core_change", "core_change_set", "x_node")
    before = [count(tree, table) for table in tables]
    rows = [{"name": "a", "ref": "R"}, {"name": "B"}, {"name": "C", "parent": 424242}]
    outcomes = tree.write(records.upsert, "x_node", rows, key=["name"], partial=True, dry_run=True)
    assert [o.status for o in outcomes] == ["updated", "created", "refused"]
    assert [count(tree, table) for table in tables] == before


# -- many at once ------------------------------------------------------------------------------
@pytest.mark.slow
def test_twenty_thousand_rows_go_in_and_change_in_one_batch(tree):
    ids = tree.create("x_node", *({"name": f"N{n}"} for n in range(20_000)))
    assert ids == sorted(ids)
    rows = [{"id": id_, "parent": ids[0]} for id_ in ids]
    outcomes = tree.write(records.update, "x_node", rows)
    assert {(o.status, o.version) for o in outcomes} == {("updated", 2)}
    assert count(tree, "core_change") - 3 == 40_000
    tree.write(records.delete, "x_node", [{"id": id_} for id_ in ids])
    assert tree.sql("SELECT 1 FROM x_node WHERE trashed_at IS NULL") == []


def test_of_a_deleter_and_a_writer_who_points_there_one_is_told(tree):
    for _ in range(5):
        (a,) = tree.create("x_node", {})
        told: list[str] = []
        barrier = threading.Barrier(2)

        def act(verb, *args, told=told, barrier=barrier):
            barrier.wait()
            try:
                tree.write(verb, *args)
                told.append("done")
            except RelatumError as error:
                told.append(error.problems[0].code)

        acts = [(records.delete, "x_node", [{"id": a}]), (records.create, "x_leaf", [{"node": a}])]
        threads = [threading.Thread(target=act, args=one) for one in acts]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert sorted(told) in (["done", "still_referenced"], ["done", "reference_unknown"])
    dangling = (
        "SELECT 1 FROM x_leaf l JOIN x_node n ON n.id = l.node WHERE n.trashed_at IS NOT NULL"
    )
    assert tree.sql(dangling) == []


def test_fields_that_are_called_as_those_of_users_are_as_free_as_others(instance):
    instance.make_type(
        "x_site", {"name": "timezone", "kind": "text"}, {"name": "service", "kind": "boolean"},
        {"name": "email", "kind": "email"},
    )  # fmt: skip
    row = {"timezone": "the usual one", "service": True, "email": "site@example.org"}
    [id_] = instance.create("x_site", row)
    instance.change("x_site", id_, service=False)
    assert instance.get("x_site", id_)["timezone"] == "the usual one"

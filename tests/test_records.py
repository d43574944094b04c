"""The verbs on records: batches, checks, versions, trash and history."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from relatum.core import db, records
from relatum.core.actor import Actor
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared

COMPANY = (
    {"name": "name", "kind": "text", "required": True, "unique": True},
    {"name": "parent", "kind": "lookup", "settings": {"target": "x_company"}},
)
DEAL = (
    {"name": "code", "kind": "text", "unique": True},
    {
        "name": "company",
        "kind": "lookup",
        "settings": {"target": "x_company", "on_delete": "clear"},
    },
    {"name": "amount", "kind": "money"},
    {
        "name": "stage",
        "kind": "choice",
        "options": [{"value": "open"}, {"value": "won"}],
        "default": "open",
    },
    {"name": "paid", "kind": "boolean"},
    {"name": "opened", "kind": "date", "default": "today"},
    {"name": "seller", "kind": "user", "default": "me"},
)


@prepared
def crm(instance):
    """An instance with companies and deals."""
    instance.make_type("x_company", *COMPANY)
    instance.make_type("x_deal", *DEAL, title="code")


def problems(caught):
    return [(p.row, p.field, p.code) for p in caught.value.problems]


def test_a_record_reads_back_as_it_was_written(crm):
    (company,) = crm.create("x_company", {"name": "Äcme"})
    (id_,) = crm.create(
        "x_deal", {"code": "A", "company": company, "amount": "12.5", "opened": "2026-01-31"}
    )
    deal = crm.get("x_deal", id_)
    assert (deal["company"], deal["amount"], deal["stage"], deal["paid"]) == (
        company,
        "12.50",
        "open",
        False,
    )
    assert deal["opened"].isoformat() == "2026-01-31"
    assert (deal["owner"], deal["seller"], deal["version"]) == (
        crm.alice.user_id,
        crm.alice.user_id,
        1,
    )


def test_every_problem_of_every_row_is_named(crm):
    with pytest.raises(Invalid) as caught:
        crm.create(
            "x_deal", {"stage": "wn", "amount": "x"}, {"company": 99999, "nam": 1}, {"version": 3}
        )
    assert sorted(problems(caught), key=str) == sorted(
        [
            (0, "stage", "option_unknown"),
            (0, "amount", "not_decimal"),
            (1, "company", "reference_unknown"),
            (1, "nam", "unknown_key"),
            (2, "version", "read_only"),
        ],
        key=str,
    )
    assert crm.sql("SELECT count(*) FROM x_deal")[0][0] == 0
    assert crm.sql("SELECT count(*) FROM core_record")[0][0] == 3


def test_a_partial_batch_writes_the_sound_rows(crm):
    outcomes = crm.write(
        records.create, "x_company", [{"name": "A"}, {}, {"name": "a"}], partial=True
    )
    assert [o.status for o in outcomes] == ["created", "refused", "refused"]
    assert [o.problems[0].code for o in outcomes[1:]] == ["required", "duplicate_in_batch"]


def test_a_duplicate_names_the_other_record_whatever_case_and_accents(crm):
    (id_,) = crm.create("x_company", {"name": "Ärger"})
    with pytest.raises(RelatumError) as caught:
        crm.create("x_company", {"name": "arger"})
    assert caught.value.code == "duplicate"
    assert caught.value.status == 409
    assert f"x_company {id_} (Ärger)" in str(caught.value)


def test_a_large_batch_is_checked_by_the_same_rules_as_a_small_one(crm):
    rows = [{"code": f"c{i}", "amount": "1.00"} for i in range(150)]
    rows[120] = {"code": "c120", "amount": "1.00001", "stage": "gone"}
    with pytest.raises(Invalid) as caught:
        crm.create("x_deal", *rows)
    assert sorted(problems(caught)) == [
        (120, "amount", "too_many_digits"),
        (120, "stage", "option_unknown"),
    ]


def test_an_update_writes_only_what_differs_and_keeps_history(crm):
    (id_,) = crm.create("x_deal", {"code": "A", "amount": "1.00"})
    (outcome,) = crm.write(records.update, "x_deal", [{"id": id_, "code": "A", "amount": "2"}])
    assert (outcome.status, outcome.version) == ("updated", 2)
    newest = crm.read(records.history, "x_deal", id_)[0]
    assert (newest["op"], newest["changes"], newest["actor"]) == (
        "update",
        {"amount": ["1.00", "2.00"]},
        crm.alice.user_id,
    )


def test_an_update_that_changes_nothing_leaves_no_trace(crm):
    (id_,) = crm.create("x_deal", {"code": "A"})
    (outcome,) = crm.write(records.update, "x_deal", [{"id": id_, "code": "A"}])
    assert (outcome.status, outcome.version) == ("unchanged", 1)
    assert len(crm.read(records.history, "x_deal", id_)) == 1


def test_an_old_version_is_refused(crm):
    (id_,) = crm.create("x_deal", {"code": "A"})
    crm.write(records.update, "x_deal", [{"id": id_, "version": 1, "code": "B"}])
    with pytest.raises(RelatumError) as caught:
        crm.write(records.update, "x_deal", [{"id": id_, "version": 1, "code": "C"}])
    assert (caught.value.code, caught.value.status) == ("version_mismatch", 412)


def test_a_record_that_is_not_there_is_unknown(crm):
    with pytest.raises(RelatumError) as caught:
        crm.write(records.update, "x_deal", [{"id": 424242, "code": "B"}])
    assert caught.value.code == "record_unknown"


def test_a_required_field_cant_be_emptied(crm):
    (id_,) = crm.create("x_company", {"name": "A"})
    with pytest.raises(Invalid) as caught:
        crm.write(records.update, "x_company", [{"id": id_, "name": ""}])
    assert problems(caught) == [(0, "name", "required")]


def test_upsert_creates_updates_and_leaves_alone(crm):
    crm.create("x_deal", {"code": "A", "amount": "1"}, {"code": "B", "amount": "1"})
    rows = [
        {"code": "a", "amount": "2"},
        {"code": "B", "amount": "1"},
        {"code": "C"},
        {"code": "c", "amount": "9"},
    ]
    outcomes = crm.write(records.upsert, "x_deal", rows, key=["code"])
    assert [o.status for o in outcomes] == ["updated", "unchanged", "created", "updated"]
    assert outcomes[2].id == outcomes[3].id


def test_upsert_needs_a_unique_key_of_the_type(crm):
    with pytest.raises(RelatumError) as caught:
        crm.write(records.upsert, "x_deal", [{"amount": "1"}], key=["amount"])
    assert caught.value.code == "key_unknown"


def test_upsert_refuses_a_row_without_its_key(crm):
    with pytest.raises(Invalid) as caught:
        crm.write(records.upsert, "x_deal", [{"amount": "1"}], key=["code"])
    assert problems(caught) == [(0, "code", "key_missing")]


def test_a_deleted_record_is_gone_frees_its_key_and_can_come_back(crm):
    (id_,) = crm.create("x_company", {"name": "A"})
    crm.write(records.delete, "x_company", [{"id": id_}])
    with pytest.raises(RelatumError):
        crm.get("x_company", id_)
    (other,) = crm.create("x_company", {"name": "A"})
    with pytest.raises(RelatumError) as caught:
        crm.write(records.restore, "x_company", [{"id": id_}])
    assert caught.value.code == "restore_conflict"
    assert f"x_company {other}" in str(caught.value)
    crm.write(records.delete, "x_company", [{"id": other}])
    crm.write(records.restore, "x_company", [{"id": id_}])
    assert crm.get("x_company", id_)["version"] == 3


def test_a_link_that_restricts_keeps_the_record_it_points_to(crm):
    (parent,) = crm.create("x_company", {"name": "A"})
    (child,) = crm.create("x_company", {"name": "B", "parent": parent})
    with pytest.raises(RelatumError) as caught:
        crm.write(records.delete, "x_company", [{"id": parent}])
    assert caught.value.code == "still_referenced"
    outcomes = crm.write(records.delete, "x_company", [{"id": parent}, {"id": child}])
    assert [o.status for o in outcomes] == ["deleted", "deleted"]


def test_a_link_that_clears_is_emptied_in_the_same_change_set(crm):
    (company,) = crm.create("x_company", {"name": "A"})
    (deal,) = crm.create("x_deal", {"code": "D", "company": company})
    crm.write(records.delete, "x_company", [{"id": company}])
    assert crm.get("x_deal", deal)["company"] is None
    emptied = crm.read(records.history, "x_deal", deal)[0]
    gone = crm.read(records.history, "x_company", company)[0]
    assert emptied["change_set"] == gone["change_set"]


def test_the_team_of_a_record_is_the_owners_and_follows_a_new_owner(crm):
    north, south = crm.create("team", {"name": "North"}, {"name": "South"})
    bob, carol = crm.create("user", {"name": "B", "team": north}, {"name": "C", "team": south})
    (deal,) = crm.create("x_deal", {"code": "A", "owner": bob})
    assert crm.get("x_deal", deal)["team"] == north
    crm.write(records.update, "x_deal", [{"id": deal, "owner": carol}])
    assert crm.get("x_deal", deal)["team"] == south


def test_the_last_administrator_stays(crm):
    for verb, row in (
        (records.update, {"admin": False}),
        (records.update, {"active": False}),
        (records.delete, {}),
    ):
        with pytest.raises(RelatumError) as caught:
            crm.write(verb, "user", [{"id": crm.alice.user_id, **row}])
        assert caught.value.code == "last_admin"


def test_a_team_cant_be_its_own_ancestor(crm):
    a, b = crm.create("team", {"name": "A"}, {"name": "B"})
    crm.write(records.update, "team", [{"id": b, "parent": a}])
    with pytest.raises(RelatumError) as caught:
        crm.write(records.update, "team", [{"id": a, "parent": b}])
    assert caught.value.code == "circular"


def test_a_user_needs_neither_email_nor_password_and_owns_records(crm):
    (agent,) = crm.create("user", {"name": "Agent"})
    (deal,) = crm.create("x_deal", {"code": "A", "owner": agent})
    assert crm.get("x_deal", deal)["owner"] == agent


def test_money_sums_exactly(crm):
    crm.create("x_deal", *({"amount": "0.10"} for _ in range(3)))
    total = sum(
        Decimal(crm.get("x_deal", row.id)["amount"]) for row in crm.sql("SELECT id FROM x_deal")
    )
    assert total == Decimal("0.30")


def test_of_two_writers_with_one_key_one_wins_and_the_other_is_told(crm):
    results: list[str] = []
    barrier = threading.Barrier(4)

    def add():
        barrier.wait()
        try:
            crm.create("x_company", {"name": "Same"})
            results.append("created")
        except RelatumError as error:
            results.append(error.code)

    threads = [threading.Thread(target=add) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(results) == ["created", "duplicate", "duplicate", "duplicate"]


def test_of_two_writers_of_one_record_no_update_is_lost(crm):
    (id_,) = crm.create("x_deal", {"code": "A", "amount": "0"})
    barrier = threading.Barrier(4)

    def add():
        barrier.wait()
        for _ in range(5):
            while True:
                deal = crm.get("x_deal", id_)
                more = {
                    "id": id_,
                    "version": deal["version"],
                    "amount": str(Decimal(deal["amount"]) + 1),
                }
                try:
                    crm.write(records.update, "x_deal", [more])
                    break
                except RelatumError as error:
                    assert error.code == "version_mismatch"

    threads = [threading.Thread(target=add) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert crm.get("x_deal", id_)["amount"] == "20.00"


def test_a_stranger_may_do_nothing(crm):
    charlie = Actor(user_id=3, name="Charlie")
    for call in (
        lambda: crm.read(records.get, "x_deal", 1, actor=charlie),
        lambda: crm.read(records.history, "x_deal", 1, actor=charlie),
        lambda: crm.write(records.create, "x_deal", [{"code": "X"}], actor=charlie),
        lambda: crm.write(records.update, "x_deal", [{"id": 1}], actor=charlie),
        lambda: crm.write(records.delete, "x_deal", [{"id": 1}], actor=charlie),
        lambda: crm.write(records.restore, "x_deal", [{"id": 1}], actor=charlie),
        lambda: crm.write(records.upsert, "x_deal", [{"code": "X"}], key=["code"], actor=charlie),
    ):
        with pytest.raises(RelatumError) as caught:
            call()
        assert caught.value.code == "forbidden"


def test_a_write_verb_outside_a_writing_transaction_is_a_bug(crm):
    with pytest.raises(RuntimeError, match="only reads"), crm.app.app_context(), db.reading():
        records.create("x_company", [{"name": "A"}], actor=crm.alice)


def test_a_failure_in_the_middle_writes_nothing(crm):
    with pytest.raises(ZeroDivisionError), crm.app.app_context(), db.writing():
        records.create("x_company", [{"name": "A"}], actor=crm.alice)
        _ = 1 / 0
    assert crm.sql("SELECT count(*) FROM x_company")[0][0] == 0
    assert crm.sql("SELECT count(*) FROM core_change_set")[0][0] == 1

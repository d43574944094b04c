"""Who may write which records, assign them to others, and undo what was done."""

from __future__ import annotations

import pytest

from relatum.core import records, roles
from relatum.core.errors import RelatumError

from .instances import prepared
from .officing import SCOPES, actor, build, expected, give, ids, write


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


# -- writing ---------------------------------------------------------------------------------
@pytest.mark.parametrize("scope", SCOPES, ids=str)
@pytest.mark.parametrize("person", ["nora", "cora", "nobody"])
@pytest.mark.parametrize("action", ["update", "delete", "restore"])
def test_every_way_of_writing_reaches_the_same_records(instance, office, action, person, scope):
    line = {"read": "all"} | ({action: scope} if scope is not None else {})
    give(instance, office, person, line)
    who = actor(instance, office, person)
    if action == "restore":
        instance.write(records.delete, "x_deal", [{"id": id_} for id_ in office.rows])
    rows = [{"id": id_, "amount": 5} if action == "update" else {"id": id_} for id_ in office.rows]
    if scope is None:
        with pytest.raises(RelatumError) as caught:
            write(instance, who, action, *rows)
        assert caught.value.code == "forbidden"
        return
    before = instance.sql("SELECT id, version FROM x_deal ORDER BY id")
    outcomes = write(instance, who, action, *rows)
    wanted = expected(office, person, [line], action)
    assert ids(outcomes) == wanted
    refused = {problem.code for each in outcomes for problem in each.problems}
    assert refused <= {"record_forbidden"}
    after = {row.id: row.version for row in instance.sql("SELECT id, version FROM x_deal")}
    assert {row.id for row in before if after[row.id] != row.version} == wanted


def test_what_is_not_seen_is_not_there_for_a_write(instance, office):
    give(instance, office, "nora", {"read": "own", "update": "all", "delete": "all"})
    who = actor(instance, office, "nora")
    hidden = office.deals["sam large"]
    for verb, row in (("update", {"amount": 5}), ("update", {"version": 99}), ("delete", {})):
        [outcome] = write(instance, who, verb, {"id": hidden, **row})
        [gone] = write(instance, who, verb, {"id": 10**9, **row})
        told = [str(problem.as_json()).replace(str(hidden), "?") for problem in outcome.problems]
        assert told == [str(p.as_json()).replace(str(10**9), "?") for p in gone.problems]


def test_a_link_to_a_hidden_record_is_a_link_to_none(instance, office):
    give(instance, office, "nora", {"read": "all", "create": "all", "update": "all"})
    only = {"x_deal": {"read": "all", "create": "all"}, "x_firm": {"read": "own"}}
    instance.write(roles.save, "nora_0", {"types": only | {"user": {"read": "all"}}})
    who = actor(instance, office, "nora")
    theirs = office.rows[office.deals["sam large"]]["firm"]
    [outcome] = write(instance, who, "create", {"name": "new", "firm": theirs})
    assert [problem.code for problem in outcome.problems] == ["reference_unknown"]
    own = office.rows[office.deals["nora large"]]["firm"]
    [outcome] = write(instance, who, "create", {"name": "new", "firm": own})
    assert outcome.status == "created"


@pytest.mark.parametrize("action", ["create", "update"])
def test_records_are_given_to_others_only_by_who_may_assign(instance, office, action):
    line = {"read": "all", "create": "all", "update": "all"}
    give(instance, office, "nora", line)
    who = actor(instance, office, "nora")
    row = {"name": "new"} if action == "create" else {"id": office.deals["nora large"]}
    [outcome] = write(instance, who, action, {**row, "owner": office.people["sam"]})
    assert [problem.code for problem in outcome.problems] == ["assign_forbidden"]
    give(instance, office, "nora", {**line, "assign": "own"})
    [outcome] = write(instance, who, action, {**row, "owner": office.people["sam"]})
    assert outcome.status != "refused"


def test_nobody_makes_himself_an_administrator(instance, office):
    instance.write(roles.hold, "user", office.people["nora"], ["manager"])
    who = actor(instance, office, "nora")
    with pytest.raises(RelatumError) as caught:
        row = {"id": office.people["nora"], "admin": True}
        instance.write(records.update, "user", [row], actor=who)
    assert caught.value.code == "forbidden"


def test_what_follows_from_a_deletion_needs_no_right_of_its_own(instance, office):
    field = {"name": "about", "kind": "lookup",
             "settings": {"target": "x_deal", "on_delete": "clear"}}  # fmt: skip
    instance.make_type("x_note", {"name": "name", "kind": "text"}, field, title="name")
    deal = office.deals["nora large"]
    [note] = instance.create("x_note", {"name": "n", "about": deal})
    give(instance, office, "nora", {"read": "all", "delete": "own"})
    [outcome] = write(instance, actor(instance, office, "nora"), "delete", {"id": deal})
    assert outcome.status == "deleted"
    assert instance.get("x_note", note)["about"] is None


def test_a_hidden_record_that_is_in_the_way_of_a_deletion_is_not_named(instance, office):
    field = {"name": "about", "kind": "lookup", "settings": {"target": "x_deal"}}
    instance.make_type("x_note", {"name": "name", "kind": "text"}, field, title="name")
    deal = office.deals["nora large"]
    [note] = instance.create("x_note", {"name": "n", "about": deal})
    give(instance, office, "nora", {"read": "all", "delete": "own"})
    [outcome] = write(instance, actor(instance, office, "nora"), "delete", {"id": deal})
    [problem] = outcome.problems
    assert problem.code == "still_needed"
    assert str(note) not in str(problem.as_json()).replace(str(deal), "")


# -- undo ------------------------------------------------------------------------------------
def test_one_undoes_what_one_did_and_nobody_else_s_changes(instance, office):
    give(instance, office, "nora", {"read": "all", "update": "own"})
    who = actor(instance, office, "nora")
    deal = office.deals["nora large"]
    write(instance, who, "update", {"id": deal, "amount": 1})
    with instance.reading():
        mine = records.changes_by(who.user_id, actor=who)[0]["id"]
    instance.write(records.undo, mine, actor=who)
    assert instance.get("x_deal", deal)["amount"] == 900
    instance.write(records.update, "x_deal", [{"id": deal, "amount": 2}])
    with instance.reading():
        theirs = records.changes_by(instance.alice.user_id, actor=instance.alice)[0]["id"]
    with pytest.raises(RelatumError) as caught:
        instance.write(records.undo, theirs, actor=who)
    assert caught.value.code == "forbidden"
    with instance.reading(), pytest.raises(RelatumError):
        records.changes_by(instance.alice.user_id, actor=who)


def test_undo_does_not_write_what_one_may_not_write_any_more(instance, office):
    give(instance, office, "nora", {"read": "all", "update": "all"})
    who = actor(instance, office, "nora")
    deal = office.deals["sam large"]
    write(instance, who, "update", {"id": deal, "amount": 1})
    with instance.reading():
        mine = records.changes_by(who.user_id, actor=who)[0]["id"]
    give(instance, office, "nora", {"read": "all", "update": "own"})
    with pytest.raises(RelatumError) as caught:
        instance.write(records.undo, mine, actor=who)
    assert caught.value.code in ("undo_conflict", "record_forbidden")
    assert instance.get("x_deal", deal)["amount"] == 1

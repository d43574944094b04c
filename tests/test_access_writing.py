"""Who may write which records, assign them to others, and undo what was done."""

from __future__ import annotations

import pytest

from relatum.core import db, imports, jobs, query, records, roles
from relatum.core.errors import RelatumError

from .instances import prepared
from .officing import SCOPES, actor, build, expected, give, ids, listed, write


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


def test_one_undoes_what_one_has_made_and_deleted(instance, office):
    may = {"read": "all", "create": "all", "delete": "own", "restore": "own"}
    give(instance, office, "nora", may)
    who = actor(instance, office, "nora")
    [made] = write(instance, who, "create", {"name": "New"})

    def last():
        with instance.reading():
            return records.changes_by(who.user_id, actor=who)[0]["id"]

    instance.write(records.undo, last(), actor=who)
    assert "New" not in listed(instance, who)
    write(instance, who, "delete", {"id": office.deals["nora large"]})
    instance.write(records.undo, last(), actor=who)
    assert "nora large" in listed(instance, who)
    assert made.id is not None


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


# -- more than one at once -------------------------------------------------------------------
def test_a_bulk_change_reaches_only_what_may_be_changed_together(instance, office):
    give(instance, office, "nora", {"read": "all", "update": "all", "bulk": "own"})
    who = actor(instance, office, "nora")
    asked = {"type": "x_deal", "filter": {"and": []}, "values": {"amount": 7}}
    done = instance.write(jobs.at_once, "bulk_update", asked, actor=who)
    assert done["updated"] == 2
    assert done["refused"] == len(office.rows) - 2
    give(instance, office, "nora", {"read": "all", "update": "all"})
    with pytest.raises(RelatumError) as caught:
        instance.write(jobs.at_once, "bulk_update", asked, actor=who)
    assert caught.value.code == "forbidden"


def test_an_export_holds_only_what_may_be_exported(instance, office):
    give(instance, office, "nora", {"read": "all", "export": "own"})
    who = actor(instance, office, "nora")
    with instance.reading():
        asked = query.from_json("x_deal", {"fields": ["name"], "count": True}, actor=who)
        page = query.page(query.narrowed(asked, "export"))
        assert {row["name"] for row in page.records} == {"nora large", "nora small"}
        assert page.count == {"value": 2, "exact": True}
    give(instance, office, "nora", {"read": "all"})
    with instance.reading(), pytest.raises(RelatumError) as caught:
        query.narrowed(query.from_json("x_deal", {}, actor=who), "export")
    assert caught.value.code == "forbidden"


def test_an_import_needs_a_right_of_its_own(instance, office):
    line = {"read": "all", "create": "all", "update": "all"}
    mapping = imports.load_map({"relatum_map": 1})
    for given, allowed in (({}, False), ({"import": "all"}, True)):
        give(instance, office, "nora", line | given)
        who = actor(instance, office, "nora")
        with instance.app.app_context(), db.writing():
            if allowed:
                imports.Loading("x_deal", ["name"], mapping=mapping, actor=who)
                continue
            with pytest.raises(RelatumError) as caught:
                imports.Loading("x_deal", ["name"], mapping=mapping, actor=who)
            assert caught.value.code == "forbidden"


def test_an_import_finds_only_records_that_are_seen(instance, office):
    everything = {"read": "all", "create": "all", "update": "all", "import": "all"}
    give(instance, office, "nora", everything)
    firms = {"x_firm": {"read": "own"}, "x_deal": everything, "user": {"read": "all"}}
    instance.write(roles.save, "nora_0", {"types": firms})
    who = actor(instance, office, "nora")
    mapping = imports.load_map({"relatum_map": 1, "columns": {"firm": "firm"}})
    lines = [(2, ["a", "nora and sons"]), (3, ["b", "sam and sons"])]
    with instance.app.app_context(), db.writing():
        loading = imports.Loading("x_deal", ["name", "firm"], mapping=mapping, actor=who)
        first, second = loading.bring(lines)
    assert first.status == "created"
    assert [each.problem.code for each in second.problems] == ["lookup_unmatched"]
    assert "sam" not in second.problems[0].problem.message.replace("sam and sons", "", 1)


def test_a_dry_run_says_nothing_of_hidden_fields(instance, office):
    field = {"name": "rank", "kind": "text", "default": "first"}
    instance.apply({"op": "add_field", "type": "x_deal", **field})
    hidden = {"read": False, "update": False, "create": False}
    line = {"read": "all", "create": "all"}
    give(instance, office, "nora", line, fields={"x_deal.rank": hidden})
    who = actor(instance, office, "nora")
    [told] = instance.write(records.create, "x_deal", [{"name": "n"}], actor=who, dry_run=True)
    assert "name" in told.changes
    assert "rank" not in told.changes


def test_a_key_with_a_hidden_field_is_not_told(instance, office):
    instance.apply({"op": "add_key", "type": "x_deal", "fields": ["amount", "secret"]})
    hidden = {"read": False, "update": False, "create": False}
    line = {"read": "all", "update": "all"}
    give(instance, office, "nora", line, fields={"x_deal.secret": hidden})
    who = actor(instance, office, "nora")
    instance.write(records.update, "x_deal", [{"id": office.deals["sam large"], "secret": None}])
    instance.apply({"op": "change_field", "type": "x_deal", "field": "secret", "unique": False})
    instance.write(records.update, "x_deal", [
        {"id": office.deals["sam large"], "secret": "hush nora large", "amount": 1}])  # fmt: skip
    [outcome] = write(instance, who, "update", {"id": office.deals["nora large"], "amount": 1})
    [problem] = outcome.problems
    assert problem.code == "duplicate_hidden"
    assert "hush" not in str(problem.as_json())

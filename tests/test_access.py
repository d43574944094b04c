"""Who may read and write which records: scopes, roles that add up, hidden fields, shares."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest

from relatum.core import access, clock, positions, query, records, roles
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared
from .officing import PEOPLE, Office, actor, allowed, build, give, listed, write

SCOPES: list[Any] = [
    None, "own", "team", "tree", "all", {"filter": {"field": "amount", "op": "gt", "value": 500}},
]  # fmt: skip


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


def ids(outcomes: list[records.Outcome]) -> set[int]:
    return {each.id for each in outcomes if each.status != "refused" and each.id is not None}


def expected(office: Office, person: str, lines: list[dict[str, Any]], action: str) -> set[int]:
    return {id_ for id_ in office.rows if allowed(office, person, lines, action, id_)}


# -- reading ---------------------------------------------------------------------------------
@pytest.mark.parametrize("scope", SCOPES[1:], ids=str)
@pytest.mark.parametrize("person", PEOPLE)
def test_every_way_of_reading_shows_the_same_records(instance, office, person, scope):
    give(instance, office, person, {"read": scope})
    who = actor(instance, office, person)
    wanted = expected(office, person, [{"read": scope}], "read")
    names = sorted(office.rows[id_]["name"] for id_ in wanted)
    with instance.app.app_context():
        positions.settle()
    assert sorted(listed(instance, who)) == names
    with instance.reading():
        asked = query.from_json("x_deal", {"sort": ["-amount"], "count": True}, actor=who)
        assert query.count(asked)["value"] == len(wanted)
        groups = query.aggregate(query.from_json("x_deal", {"group": ["tags"]}, actor=who)).groups
        assert sum(group["count"] for group in groups) == len(wanted)
        assert {int(id_) for id_ in query.labels(office.rows, actor=who)} == wanted
        found = query.suggest("x_deal", "tags", actor=who)
        assert sum(each["count"] for each in found) == len(wanted)
        for id_ in office.rows:
            assert _is_there(records.get, id_, who) == (id_ in wanted)
            assert _is_there(records.history, id_, who) == (id_ in wanted)
        feed = records.feed("0", actor=who, type_name="x_deal", limit=500)["changes"]
        assert {change["id"] for change in feed} == wanted


def _is_there(verb: Any, id_: int, who: Any) -> bool:
    try:
        verb("x_deal", id_, actor=who)
    except RelatumError as error:
        assert error.code == "record_unknown"
        return False
    return True


def test_roles_add_up_to_the_most_that_any_allows(instance, office):
    lines: list[dict[str, Any]] = [
        {"read": "own"},
        {"read": {"filter": {"field": "amount", "op": "gt", "value": 500}}},
    ]
    give(instance, office, "cora", *lines)
    who = actor(instance, office, "cora")
    wanted = expected(office, "cora", lines, "read")
    assert sorted(listed(instance, who)) == sorted(office.rows[id_]["name"] for id_ in wanted)
    assert 1 < len(wanted) < len(office.rows)


def test_roles_of_a_team_are_those_of_everybody_in_it(instance, office):
    instance.write(roles.hold, "team", office.teams["Coast"], ["read_only"])
    who = actor(instance, office, "cora")
    assert len(listed(instance, who)) == len(office.rows)
    with pytest.raises(RelatumError) as caught:
        listed(instance, actor(instance, office, "nora"))
    assert caught.value.code == "forbidden"


def test_without_any_role_nothing_is_there(instance, office):
    who = actor(instance, office, "nobody")
    with pytest.raises(RelatumError) as caught:
        listed(instance, who)
    assert caught.value.code == "forbidden"
    with instance.reading():
        assert access.seen(who).types == {}


def test_records_are_not_reached_over_links_to_hidden_ones(instance, office):
    give(instance, office, "nora", {"read": "all"})
    instance.write(roles.save, "nora_0", {"types": {
        "x_deal": {"read": "all"}, "x_firm": {"read": "own"}, "user": {"read": "all"},
    }})  # fmt: skip
    who = actor(instance, office, "nora")
    over = {"field": "firm.name", "op": "contains", "value": "son"}
    assert set(listed(instance, who, filter=over)) == {
        "nora large", "nora small",
    }  # fmt: skip
    with instance.reading():
        page = query.page(query.from_json("x_deal", {"fields": ["name", "firm.name"]}, actor=who))
    shown = {row["name"]: row["firm.name"] for row in page.records}
    assert shown["nora large"] == "nora and sons"
    assert shown["sam large"] is None


def test_a_list_of_lines_holds_only_what_is_seen(instance, office):
    give(instance, office, "nora", {"read": "own"})
    who = actor(instance, office, "nora")
    with instance.reading():
        asked = query.from_json("x_firm", {"fields": ["name"], "expand": ["deals"]}, actor=who)
        firms = {row["name"]: row["deals"] for row in query.page(asked).records}
        has = query.from_json("x_firm", {"filter": {"has": "deals"}}, actor=who)
        assert [row["name"] for row in query.page(has).records] == ["nora and sons"]
    assert len(firms["nora and sons"]) == 2
    assert firms["sam and sons"] == []


# -- fields ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "asked",
    [
        {"fields": ["secret"]},
        {"sort": ["secret"]},
        {"filter": {"field": "secret", "op": "contains", "value": "hush"}},
        {"filter": {"not": {"field": "secret", "op": "empty", "value": True}}},
        {"group": ["secret"]},
        {"select": ["count(secret)"]},
    ],
    ids=str,
)
def test_a_hidden_field_is_an_unknown_one(instance, office, asked):
    _without_secret(instance, office, "nora")
    who = actor(instance, office, "nora")
    with instance.reading(), pytest.raises(RelatumError) as caught:
        made = query.from_json("x_deal", asked, actor=who)
        query.aggregate(made) if "group" in asked else query.page(made)
    assert caught.value.code == "field_unknown"
    assert "hush" not in str(caught.value)


def _without_secret(instance: Any, office: Office, person: str) -> None:
    hidden = {"read": False, "update": False, "create": False}
    line = {"read": "all", "create": "all", "update": "all", "assign": "all", "delete": "all"}
    give(instance, office, person, line, fields={"x_deal.secret": hidden})


def test_a_hidden_field_is_nowhere_in_what_is_read(instance, office):
    _without_secret(instance, office, "nora")
    who = actor(instance, office, "nora")
    id_ = office.deals["sam large"]
    instance.write(records.update, "x_deal", [{"id": id_, "secret": "hush again"}])
    with instance.reading():
        told = [
            records.get("x_deal", id_, actor=who),
            records.history("x_deal", id_, actor=who),
            records.feed("0", actor=who, limit=500),
            query.page(query.from_json("x_deal", {}, actor=who)).records,
        ]
    assert "hush" not in str(told)
    assert "secret" not in str(told)


def test_a_hidden_field_can_not_be_written(instance, office):
    _without_secret(instance, office, "nora")
    who = actor(instance, office, "nora")
    for row, verb in (({"name": "new"}, "create"), ({"id": office.deals["nora large"]}, "update")):
        [outcome] = write(instance, who, verb, {**row, "secret": "mine"})
        assert [problem.code for problem in outcome.problems] == ["unknown_key"]
    [row] = instance.sql(f"SELECT secret FROM x_deal WHERE id = {office.deals['nora large']}")
    assert row.secret == "hush nora large"


def test_a_locked_field_is_read_and_not_written(instance, office):
    locked = {"read": True, "update": False, "create": True}
    line = {"read": "all", "create": "all", "update": "all"}
    give(instance, office, "nora", line, fields={"x_deal.secret": locked})
    who = actor(instance, office, "nora")
    id_ = office.deals["nora large"]
    [outcome] = write(instance, who, "update", {"id": id_, "secret": "mine"})
    assert [problem.code for problem in outcome.problems] == ["read_only"]
    [outcome] = write(instance, who, "create", {"name": "new", "secret": "mine"})
    assert outcome.status == "created"
    assert instance.get("x_deal", outcome.id)["secret"] == "mine"


def test_a_taken_value_of_a_hidden_record_names_no_record(instance, office):
    give(instance, office, "nora", {"read": "own", "create": "all", "update": "own"})
    who = actor(instance, office, "nora")
    [outcome] = write(instance, who, "create", {"name": "sam large"})
    [problem] = outcome.problems
    assert problem.code == "duplicate_hidden"
    assert str(office.deals["sam large"]) not in str(problem.as_json())


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


# -- shares ----------------------------------------------------------------------------------
def test_a_share_lets_one_record_be_read_and_another_be_changed(instance, office):
    give(instance, office, "sam", {"read": "own", "update": "own"})
    who = actor(instance, office, "sam")
    large, small = office.deals["nora large"], office.deals["nora small"]
    instance.write(roles.share, "x_deal", large, user=office.people["sam"])
    instance.write(roles.share, "x_deal", small, user=office.people["sam"], update=True)
    assert {"nora large", "nora small"} < set(listed(instance, who))
    outcomes = write(
        instance, who, "update", {"id": large, "amount": 1}, {"id": small, "amount": 1}
    )
    assert [each.status for each in outcomes] == ["refused", "updated"]
    with pytest.raises(RelatumError):
        write(instance, who, "delete", {"id": small})


def test_a_share_with_a_team_reaches_those_beneath_and_ends_in_time(instance, office):
    give(instance, office, "cora", {"read": "own"})
    who = actor(instance, office, "cora")
    until = clock.now() + timedelta(hours=1)
    deal = office.deals["sam large"]
    instance.write(roles.share, "x_deal", deal, team=office.teams["North"], expires_at=until)
    assert "sam large" in listed(instance, who)
    with clock.frozen(until):
        assert "sam large" not in listed(instance, who)
        with instance.reading():
            assert roles.shares("x_deal", deal, actor=instance.alice) == []


def test_only_who_may_share_shares_and_never_more_than_he_may_himself(instance, office):
    give(instance, office, "nora", {"read": "all", "share": "own"})
    who = actor(instance, office, "nora")
    mine, theirs, sam = office.deals["nora large"], office.deals["cora large"], office.people["sam"]
    instance.write(roles.share, "x_deal", mine, user=sam, actor=who)
    for id_, more in ((theirs, {}), (mine, {"update": True})):
        with pytest.raises(RelatumError) as caught:
            instance.write(roles.share, "x_deal", id_, user=sam, actor=who, **more)
        assert caught.value.code == "record_forbidden"
    with pytest.raises(Invalid):
        instance.write(roles.share, "x_deal", mine, actor=who)


def test_a_share_is_taken_back(instance, office):
    give(instance, office, "sam", {"read": "own"})
    deal = office.deals["nora large"]
    made = instance.write(roles.share, "x_deal", deal, user=office.people["sam"])
    who = actor(instance, office, "sam")
    assert "nora large" in listed(instance, who)
    instance.write(roles.unshare, made["id"])
    assert "nora large" not in listed(instance, who)
    with pytest.raises(RelatumError) as caught:
        instance.write(roles.unshare, made["id"])
    assert caught.value.code == "share_unknown"


# -- at once, and why ------------------------------------------------------------------------
def test_a_change_of_roles_is_obeyed_by_the_next_transaction(instance, office):
    give(instance, office, "nora", {"read": "all"})
    who = actor(instance, office, "nora")
    assert len(listed(instance, who)) == len(office.rows)
    instance.write(roles.save, "nora_0", {"types": {"x_deal": {"read": "own"}}})
    assert len(listed(instance, who)) == 2
    instance.write(roles.hold, "user", office.people["nora"], [])
    with pytest.raises(RelatumError):
        listed(instance, who)


def test_a_team_that_moves_takes_its_records_out_of_sight(instance, office):
    give(instance, office, "nora", {"read": "tree"})
    who = actor(instance, office, "nora")
    assert "cora large" in listed(instance, who)
    instance.write(records.update, "team", [{"id": office.teams["Coast"], "parent": None}])
    assert "cora large" not in listed(instance, who)


def test_random_roles_and_shares_decide_as_the_model_does(instance, office):
    chance = random.Random(11)  # choices, no secrets
    for _ in range(12):
        person = chance.choice(list(PEOPLE))
        lines = [
            {a: s for a in ("read", "update", "delete") if (s := chance.choice(SCOPES)) is not None}
            for _ in range(chance.randint(1, 3))
        ]
        give(instance, office, person, *lines)
        instance.sql("SELECT 1")
        shared = _shares(instance, office, chance)
        who = actor(instance, office, person)
        with instance.reading():
            entity_type = instance.catalog.type("x_deal")
            for action, id_ in itertools.product(("read", "update", "delete"), office.rows):
                found = id_ in records.seen([id_], who) and bool(
                    records.admitted(entity_type, [id_], action, who)
                )
                given = any(action in line for line in lines)
                model = allowed(office, person, lines, action, id_, shared.get(id_, ()))
                assert (found and given) == model, (person, lines, action, office.rows[id_])
                told = roles.why(office.people[person], action, "x_deal", id_, actor=instance.alice)
                assert told["allowed"] == model, told


def _shares(instance: Any, office: Office, chance: random.Random) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for id_ in office.rows:
        with instance.reading():
            before = [each["id"] for each in roles.shares("x_deal", id_, actor=instance.alice)]
        for share_id in before:
            instance.write(roles.unshare, share_id)
        if chance.random() < 0.3:
            whom = chance.choice([*PEOPLE, "North", "South"])
            update = chance.random() < 0.5
            kind = "user" if whom in PEOPLE else "team"
            where = {kind: office.people.get(whom) or office.teams[whom]}
            instance.write(roles.share, "x_deal", id_, update=update, **where)
            found[id_] = [(whom, update)]
    return found

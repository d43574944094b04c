"""Who may read and write which records: scopes, roles that add up, hidden fields, shares."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import access, clock, positions, query, records, roles
from relatum.core.errors import RelatumError
from relatum.core.query import compiling, density

from .instances import prepared
from .officing import PEOPLE, SCOPES, Office, actor, build, expected, give, listed, write


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


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


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ({"field": "name", "op": "starts", "value": "sam"}, "sam"),
        ({"field": "name", "value": "cora large"}, "cora large"),
        ({"field": "firm.name", "op": "contains", "value": "cora"}, "cora"),
        ({"field": "owner", "value": "me"}, "nora"),
        ({"field": "owner", "op": "in", "value": ["me"]}, "nora"),
        ({"not": {"field": "owner", "op": "nin", "value": ["me", 1]}}, "nora"),
        ({"field": "tags", "op": "has", "value": "large"}, "large"),
        ({"not": {"field": "amount", "op": "lt", "value": 100}}, "large"),
        ({"field": "secret", "op": "empty", "value": True}, "nothing"),
        ({"field": "firm", "op": "empty", "value": False}, ""),
    ],
    ids=str,
)
def test_a_filter_of_any_kind_says_which_records_are_seen(instance, office, criteria, found):
    names = {row["name"] for row in office.rows.values() if found in row["name"]}
    hidden = {"read": False, "update": False, "create": False}
    line = {"read": {"filter": criteria}, "update": {"filter": criteria}}
    give(instance, office, "nora", line, fields={"x_deal.secret": hidden})
    who = actor(instance, office, "nora")
    assert set(listed(instance, who)) == names
    assert set(listed(instance, who, sort=["-name"], count=True)) == names
    with instance.reading():
        assert {row["name"] for id_, row in office.rows.items()
                if records.may("update", "x_deal", id_, actor=who)} == names  # fmt: skip


def test_a_filter_by_owners_lets_whoever_asks_stand_among_others(instance, office):
    owners = {"field": "owner", "op": "in", "value": ["me", office.people["sam"]]}
    give(instance, office, "nora", {"read": {"filter": owners}})
    theirs = {row["name"] for row in office.rows.values() if row["person"] in ("nora", "sam")}
    assert set(listed(instance, actor(instance, office, "nora"))) == theirs


def test_what_is_seen_by_few_and_by_many_is_the_same(instance, office, monkeypatch):
    large = {"filter": {"field": "amount", "op": "gt", "value": 500}}
    give(instance, office, "cora", {"read": "own"}, {"read": large})
    who = actor(instance, office, "cora")
    instance.write(roles.share, "x_deal", office.deals["sam small"], user=office.people["cora"])
    few = listed(instance, who, sort=["name"])
    monkeypatch.setattr(density, "is_few", lambda _: False)
    assert listed(instance, who, sort=["name"]) == few
    assert {"sam small", "cora small", "sam large"} < set(few)


def test_who_sees_what_is_his_own_sees_himself_among_few_and_many_users(
    instance, office, monkeypatch
):
    own = {"user": {"read": "own"}}
    give(instance, office, "sam", {"read": "own"}, types=own)
    who = actor(instance, office, "sam")
    for few in (True, False):
        monkeypatch.setattr(density, "is_few", lambda _, few=few: few)
        with instance.reading():
            made = query.from_json("user", {"fields": ["name"]}, actor=who)
            assert [row["name"] for row in query.page(made).records] == ["sam"]


def test_what_somebody_sees_few_of_is_found_by_indexes(instance, office):
    if instance.dialect != "sqlite":
        pytest.skip("a table of a page or two is read whole on PostgreSQL, whatever indexes it has")
    large = {"filter": {"field": "amount", "op": "gt", "value": 500}}
    give(instance, office, "cora", {"read": "own"}, {"read": large})
    who = actor(instance, office, "cora")
    with instance.reading() as tx:
        for branch in compiling.branches(access.seen(who).type("x_deal")):
            made = branch.compile(tx.connection, compile_kwargs={"render_postcompile": True})
            explained = tx.connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {made}", tuple(0 for _ in made.positiontup or ())
            )
            told = [row[-1] for row in explained]
            assert not [line for line in told if line.startswith("SCAN x_deal")], told
            assert any(line.startswith("SEARCH") for line in told), told


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


def test_a_link_to_a_hidden_record_is_a_number_without_a_name(instance, office):
    give(instance, office, "nora", {"read": "all"})
    instance.write(roles.save, "nora_0", {"types": {
        "x_deal": {"read": "all"}, "x_firm": {"read": "own"}, "user": {"read": "all"},
    }})  # fmt: skip
    who, theirs = actor(instance, office, "nora"), office.deals["sam large"]
    firm = office.rows[theirs]["firm"]
    assert instance.read(records.get, "x_deal", theirs, actor=who)["firm"] == firm
    with instance.reading():
        asked = query.from_json("x_deal", {"fields": ["name", "firm"]}, actor=who)
        names = query.labels((row["firm"] for row in query.page(asked).records), actor=who)
    assert set(names) == {str(office.rows[office.deals["nora large"]]["firm"])}
    with pytest.raises(RelatumError, match="There is no"):
        instance.read(records.get, "x_firm", firm, actor=who)


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


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"all_types": {"read": "all"}}, ["name"]),
        ({"types": {"x_person": {"read": "all"}}}, ["name", "phone"]),
        ({"types": {"x_person": {"read": "all"}}, "fields": {"x_person.pin": True}},
         ["name", "phone", "pin"]),
        ({"all_types": {"read": "all"}, "fields": {"x_person.phone": True}}, ["name", "phone"]),
        ({"types": {"x_person": {"read": "all"}}, "fields": {"x_person.name": False}}, ["phone"]),
    ],
    ids=str,
)  # fmt: skip
def test_personal_and_encrypted_fields_join_no_line_for_all_types(instance, office, given, names):
    instance.make_type(
        "x_person",
        {"name": "name", "kind": "text"},
        {"name": "phone", "kind": "text", "personal": True},
        {"name": "pin", "kind": "encrypted"},
        title="name",
    )
    fields = {
        path: dict.fromkeys(("read", "update", "create"), said)
        for path, said in given.get("fields", {}).items()
    }
    instance.write(roles.save, "nora_0", {**given, "fields": fields})
    instance.write(roles.hold, "user", office.people["nora"], ["nora_0"])
    who = actor(instance, office, "nora")
    with instance.reading():
        known = access.seen(who).type("x_person")
        own = {name for name, field in known.fields.items() if field.owner != "system"}
    assert own == set(names)


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


def test_a_taken_value_of_a_record_that_is_seen_names_it_as_it_is_seen(instance, office):
    line = {"read": "all", "create": "all", "update": "all"}
    give(instance, office, "nora", line)
    [outcome] = write(instance, actor(instance, office, "nora"), "create", {"name": "sam large"})
    [problem] = outcome.problems
    assert (problem.code, problem.params["fields"]) == ("duplicate", "name")
    assert problem.params["label"] == "sam large"
    hidden = {"read": False, "update": False, "create": False}
    give(instance, office, "nora", line, fields={"x_deal.name": hidden})
    row = {"id": office.deals["nora large"], "secret": "hush sam large"}
    [outcome] = write(instance, actor(instance, office, "nora"), "update", row)
    [problem] = outcome.problems
    assert (problem.code, problem.params["fields"]) == ("duplicate", "secret")
    assert "sam large" not in problem.params["label"]


def test_a_taken_value_of_a_hidden_field_or_type_names_neither(instance, office):
    part = {"target": "x_deal", "inverse": "items", "part": True}
    instance.make_type(
        "x_item",
        {"name": "code", "kind": "text", "unique": True},
        {"name": "deal", "kind": "lookup", "required": True, "settings": part},
    )
    mine, other = office.deals["nora large"], office.deals["sam large"]
    instance.create("x_item", {"code": "A", "deal": mine})
    instance.write(records.delete, "x_deal", [{"id": mine}, {"id": office.deals["nora small"]}])
    instance.create("x_item", {"code": "A", "deal": other})
    instance.write(records.update, "x_deal", [{"id": other, "secret": "hush nora small"}])
    hidden = {"read": False, "update": False, "create": False}
    line = {"read": "all", "restore": "all"}
    give(instance, office, "nora", line, fields={"x_deal.secret": hidden})
    who = actor(instance, office, "nora")
    for name in ("nora large", "nora small"):
        [outcome] = write(instance, who, "restore", {"id": office.deals[name]})
        [problem] = outcome.problems
        assert problem.code == "duplicate_hidden"
        assert problem.params == {"fields": "Values", "value": ""}


def test_what_was_is_for_those_who_see_the_record_today(instance, office):
    give(instance, office, "nora", {"read": "own"})
    who = actor(instance, office, "nora")
    before = clock.now()
    mine, theirs = office.deals["nora large"], office.deals["sam large"]
    rows = [{"id": mine, "owner": office.people["sam"]}, {"id": theirs, "amount": 1}]
    instance.write(records.update, "x_deal", rows)
    asked = {"as_of": before.isoformat(), "fields": ["name"]}
    with instance.reading():
        shown = query.page(query.from_json("x_deal", asked, actor=who)).records
        assert [row["name"] for row in shown] == ["nora small"]
        for id_ in (mine, theirs):
            with pytest.raises(RelatumError) as caught:
                records.get("x_deal", id_, actor=who, as_of=before)
            assert caught.value.code == "record_unknown"

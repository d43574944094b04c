"""What is shared, how soon a change of rights is obeyed, and decisions against the model."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest

from relatum.core import clock, query, records, roles
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared
from .officing import PEOPLE, SCOPES, Office, actor, allowed, build, give, listed, write


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


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


def test_a_share_reaches_the_parts_whether_their_link_is_seen_or_not(instance, office):
    link = {"target": "x_deal", "part": True, "inverse": "lines"}
    instance.make_type(
        "x_line",
        {"name": "deal", "kind": "lookup", "required": True, "settings": link},
        {"name": "name", "kind": "text"},
        title="name",
    )
    deal = office.deals["nora large"]
    [line] = instance.create("x_line", {"deal": deal, "name": "Pump"})
    instance.write(roles.share, "x_deal", deal, user=office.people["sam"])
    hidden = {"x_line.deal": {"read": False, "update": False, "create": False}}
    for types, fields in (({}, {}), ({"x_deal": {"read": "own"}}, hidden)):
        given = {"types": {"x_line": {"read": "own"}, **types}, "fields": fields}
        instance.write(roles.save, "lines", given)
        instance.write(roles.hold, "user", office.people["sam"], ["lines"])
        who = actor(instance, office, "sam")
        with instance.reading():
            assert records.get("x_line", line, actor=who)["name"] == "Pump"
            page = query.page(query.from_json("x_line", {"fields": ["name"]}, actor=who))
        assert [row["name"] for row in page.records] == ["Pump"]


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

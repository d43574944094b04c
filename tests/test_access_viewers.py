"""Who sees a record, who holds a role, and what a change of a role leaves alone."""

from __future__ import annotations

import json
import random

import pytest

from relatum.core import auth, clock, records, roles, serve
from relatum.core.errors import RelatumError

from .desk_record import counted
from .homes import Shell
from .instances import prepared
from .officing import PEOPLE, SCOPES, actor, build, give

MINE = {"filter": {"field": "owner", "value": "me"}}


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


def seen_by(instance, id_, type_name="x_deal"):
    """Return the names of those who see a record, by what the verb says."""
    found = instance.read(roles.who_sees, type_name, id_)
    return {user["label"] for user in found["users"]}


@pytest.mark.parametrize("seed", range(3))
def test_those_who_are_named_are_those_who_see_it(instance, office, seed):
    chance = random.Random(seed)
    scopes = [*SCOPES, MINE]
    for person in PEOPLE:
        lines = [{"read": s} for s in chance.sample(scopes, 2) if s is not None]
        give(instance, office, person, *(lines if person != "nobody" else ()))
    instance.write(
        roles.hold, "team", office.teams["Coast"], [f"{chance.choice(['sam', 'nora'])}_0"]
    )
    for name, id_ in office.deals.items():
        if chance.random() < 0.3:
            whom = {"user": office.people["sam"]}
            if chance.random() < 0.5:
                whom = {"team": office.teams["North"]}
            instance.write(roles.share, "x_deal", id_, **whom)
        expected = {"Alice"}
        for person in PEOPLE:
            who = actor(instance, office, person)
            with instance.reading():
                if id_ in records.seen([id_], who):
                    expected.add(person)
        assert seen_by(instance, id_) == expected, name


def test_every_reason_is_named(instance, office):
    give(instance, office, "cora", {"read": "tree"}, {"read": "own"})
    deal = office.deals["cora small"]
    instance.write(roles.share, "x_deal", deal, team=office.teams["North"])
    found = instance.read(roles.who_sees, "x_deal", deal)["users"]
    [cora] = [user for user in found if user["label"] == "cora"]
    assert [(each["role"], str(each["reason"])) for each in cora["reasons"]] == [
        ("cora_0", "it allows read on records of the team and of all teams beneath it"),
        ("cora_1", "it allows read on records that one owns"),
        (None, "the record is shared with the user's team, or one above it"),
    ]


def test_who_sees_a_record_costs_no_query_per_user(instance, office):
    for person in PEOPLE:
        give(instance, office, person, {"read": "tree"}, {"read": SCOPES[-1]})
    deal = office.deals["cora large"]
    with instance.reading():
        roles.who_sees("x_deal", deal, actor=instance.alice)
        with counted() as few:
            roles.who_sees("x_deal", deal, actor=instance.alice)
    instance.create("user", *({"name": f"u{n}", "email": f"u{n}@example.org"} for n in range(30)))
    with instance.reading():
        roles.who_sees("x_deal", deal, actor=instance.alice)
        with counted() as many:
            roles.who_sees("x_deal", deal, actor=instance.alice)
    assert len(many) == len(few)


def test_no_more_than_two_hundred_are_named(instance, office):
    rows = ({"name": f"u{n}", "email": f"u{n}@example.org", "admin": True} for n in range(201))
    instance.create("user", *rows)
    found = instance.read(roles.who_sees, "x_deal", office.deals["sam large"])
    assert (len(found["users"]), found["more"]) == (200, True)


def test_only_administrators_ask_who_sees_a_record_and_who_holds_a_role(instance, office):
    give(instance, office, "nora", {"read": "all", "share": "all"})
    who = actor(instance, office, "nora")
    for verb, args in (
        (roles.who_sees, ("x_deal", office.deals["nora large"])), (roles.holders, ("nora_0",)),
    ):  # fmt: skip
        with pytest.raises(RelatumError) as caught:
            instance.read(verb, *args, actor=who)
        assert caught.value.code == "forbidden"


def test_the_holders_of_a_role_are_named_but_those_in_the_trash(instance, office):
    nora, sam = office.people["nora"], office.people["sam"]
    for id_ in (nora, sam):
        instance.write(roles.hold, "user", id_, ["member"])
    instance.write(roles.hold, "team", office.teams["South"], ["member"])
    instance.write(records.delete, "user", [{"id": sam}])
    assert instance.read(roles.holders, "member") == {
        "users": [{"id": nora, "label": "nora"}],
        "teams": [{"id": office.teams["South"], "label": "South"}],
    }
    with pytest.raises(RelatumError) as caught:
        instance.read(roles.holders, "membr")
    assert caught.value.params["nearest"] == " Did you mean 'member'?"


def test_lines_of_a_type_in_the_trash_stay_when_the_role_is_saved(instance, office):
    """Else the type, restored, would go by the line for all types."""
    closed = {
        "all_types": {"read": "all"}, "types": {"x_deal": {}},
        "fields": {"x_deal.secret": {"read": False, "update": False, "create": False}},
    }  # fmt: skip
    instance.write(roles.save, "clerk", closed)
    instance.write(roles.hold, "user", office.people["sam"], ["clerk"])
    instance.apply({"op": "trash_type", "type": "x_deal"})
    shown = instance.read(roles.get, "clerk")
    assert (shown["types"], shown["fields"]) == ({}, {})
    instance.write(roles.save, "clerk", {w: shown[w] for w in ("all_types", "types", "fields")})
    instance.apply({"op": "restore_type", "type": "x_deal"})
    shown = instance.read(roles.get, "clerk")
    assert (shown["types"], shown["fields"]) == ({"x_deal": {}}, closed["fields"])


@pytest.mark.parametrize(
    ("given", "said"),
    [({"label": " "}, "it can't be empty"), ({"label": "x" * 101}, "at most 100 characters"),
     ({"description": "x" * 501}, "at most 500 characters")],
)  # fmt: skip
def test_a_label_or_description_that_is_none_is_refused(instance, given, said):
    with pytest.raises(RelatumError) as caught:
        instance.write(roles.save, "clerk", given)
    assert said in caught.value.params["reason"]


def test_the_clock_ends_a_share_for_who_sees_it_too(instance, office):
    give(instance, office, "sam", {"read": "own"})
    until = clock.now().replace(microsecond=0)
    deal = office.deals["nora large"]
    with clock.frozen(until.replace(year=until.year - 1)):
        instance.write(roles.share, "x_deal", deal, user=office.people["sam"], expires_at=until)
        assert "sam" in seen_by(instance, deal)
    assert "sam" not in seen_by(instance, deal)


def test_people_who_may_not_enter_see_nothing(instance, office):
    give(instance, office, "sam", {"read": "all"})
    assert "sam" in seen_by(instance, office.deals["nora large"])
    instance.write(records.update, "user", [{"id": office.people["sam"], "active": False}])
    with instance.reading():
        assert auth.actor_of_user(office.people["sam"], source="api") is None
    assert "sam" not in seen_by(instance, office.deals["nora large"])


# -- over HTTP and on the machine --------------------------------------------------------------
def test_the_viewers_are_told_over_http_and_on_the_machine(instance, office):
    give(instance, office, "cora", {"read": "tree"})
    deal = office.deals["cora small"]
    instance.write(roles.share, "x_deal", deal, user=office.people["sam"])
    give(instance, office, "sam", {"read": "own"})
    answer = instance.client(instance.alice).get(f"/api/v1/records/x_deal/{deal}/viewers")
    assert answer.status_code == 200
    found = answer.get_json()
    assert ([user["label"] for user in found["users"]], found["more"]) == (
        ["Alice", "cora", "sam"], False,
    )  # fmt: skip
    assert found["users"][2]["reasons"] == [
        {"allows": True, "role": None, "reason": "the record is shared with the user"}
    ]
    relatum = Shell(serve.environment(instance.config))
    assert json.loads(relatum.said("access", "who", "x_deal", str(deal), "--json")) == found
    told = relatum.said("access", "who", "x_deal", str(deal)).splitlines()
    assert told[2:4] == [
        f"cora ({office.people['cora']})",
        "  + role cora_0: it allows read on records of the team and of all teams beneath it",
    ]


def test_only_who_may_explain_asks_for_the_viewers_over_http(instance, office, refused):
    give(instance, office, "cora", {"read": "all"})
    deal = office.deals["cora small"]
    cora = instance.client(actor(instance, office, "cora"))
    refused(cora.get(f"/api/v1/records/x_deal/{deal}/viewers"), 403, "forbidden")
    alice = instance.client(instance.alice)
    refused(alice.get("/api/v1/records/x_deal/999/viewers"), 404, "record_unknown")
    refused(alice.get("/api/v1/records/x_dael/1/viewers"), 404, "type_unknown")


def test_more_than_can_be_named_is_said(instance, office, monkeypatch):
    monkeypatch.setattr(roles.explaining, "MOST_SEEN", 1)
    give(instance, office, "cora", {"read": "all"})
    deal = office.deals["cora small"]
    found = instance.client(instance.alice).get(f"/api/v1/records/x_deal/{deal}/viewers")
    assert (len(found.get_json()["users"]), found.get_json()["more"]) == (1, True)


def test_who_of_many_sees_a_record_is_told_by_as_few_statements_as_of_one(instance, office):
    deal = office.deals["cora small"]
    for person in PEOPLE:
        give(instance, office, person, {"read": "all"})
    costs, (first, second, *others) = [], PEOPLE
    for some in ([first], [second], others):  # the first one reads what is kept for all
        users = [office.people[person] for person in some]
        with counted() as seen:
            found = instance.read(lambda users=users, **_: roles.seers({deal: users}))
        assert set(found[deal]) == set(users)
        costs.append(len(seen))
    assert costs[1] == costs[2]

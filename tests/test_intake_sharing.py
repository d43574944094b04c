"""Sharing out: selected records go to the members of a team, and each one says why."""

from __future__ import annotations

import html
import re

import pytest

from relatum.core import auth, changes, records, roles
from relatum.core.errors import RelatumError
from relatum.plugins.intake import sharing

from .desk import Browser, at_desk
from .instances import PASSWORD, prepared
from .plugged import client, served

#: The preset of the instance.
PRESET = "sales"
AT = "/x/intake/share-out/lead"


@prepared
def crm(instance):
    """Give a team of two, of whom Ida has an open lead, and five leads of alice's."""
    instance.enable("intake")
    [team, empty] = instance.create("team", {"name": "North"}, {"name": "Empty"})
    people = [
        {"name": name, "email": f"{name.lower()}@example.org", "team": team, "active": active}
        for name, active in (("Ida", True), ("Jon", True), ("Gone", False))
    ]
    ida, jon, _ = instance.create("user", *people)
    [busy] = instance.create("lead", {"subject": "Busy", "owner": ida})
    leads = instance.create("lead", *({"subject": f"Lead {n}"} for n in range(5)))
    return {"team": team, "empty": empty, "ida": ida, "jon": jon, "busy": busy, "leads": leads}


def owners(instance, leads):
    """Return who owns leads, in order."""
    return [instance.get("lead", id_)["owner"] for id_ in leads]


def code_of(work, *args, **how):
    """Return the code by which a verb refuses."""
    with pytest.raises(RelatumError) as caught:
        work(*args, **how)
    return caught.value.code


def test_turns_give_everybody_as_many_and_begin_with_the_least_busy(instance, crm):
    made = instance.write(sharing.share, "lead", crm["leads"], crm["team"])
    ida, jon = crm["ida"], crm["jon"]
    assert owners(instance, crm["leads"]) == [jon, ida, jon, ida, jon]
    assert made.counts() == {ida: 2, jon: 3}
    assert instance.get("lead", crm["leads"][0])["team"] == crm["team"]
    assert {each.because for each in made.given.values()} == {
        "Turn of Ida in North", "Turn of Jon in North",
    }  # fmt: skip


def test_least_open_work_makes_the_open_work_of_all_level(instance, crm):
    ida, jon = crm["ida"], crm["jon"]
    instance.create("lead", {"subject": "More", "owner": ida}, {"subject": "Most", "owner": ida})
    made = instance.write(sharing.share, "lead", crm["leads"], crm["team"], "least_open")
    assert made.counts() == {ida: 1, jon: 4}
    first = made.given[crm["leads"][0]]
    assert first == (jon, "Jon has the least open work in North: 0")


def test_what_is_shared_out_does_not_count_as_work_that_one_has_already(instance, crm):
    made = instance.write(
        sharing.share, "lead", [crm["busy"], *crm["leads"][:1]], crm["team"], "least_open"
    )
    assert made.counts() == {crm["ida"]: 1, crm["jon"]: 1}


def test_all_of_it_is_one_change_and_one_undo(instance, crm):
    def work(*, actor):
        sharing.share("lead", crm["leads"], crm["team"], actor=actor)
        return changes.number()

    instance.write(records.undo, instance.write(work))
    assert set(owners(instance, crm["leads"])) == {instance.alice.user_id}


def test_looking_writes_nothing(instance, crm):
    looked = instance.read(sharing.look, "lead", crm["leads"], crm["team"], "round_robin")
    assert looked.counts() == {crm["ida"]: 2, crm["jon"]: 3}
    assert set(owners(instance, crm["leads"])) == {instance.alice.user_id}


def test_what_cannot_be_shared_out_is_refused_with_the_reason(instance, crm):
    def share(type_name="lead", ids=crm["leads"], team=crm["team"], by="round_robin"):
        return code_of(instance.write, sharing.share, type_name, ids, team, by)

    assert share(by="luck") == "intake_way_unknown"
    assert share(team=crm["empty"]) == "intake_team_empty"
    assert share(team=crm["leads"][0]) == "record_unknown"
    assert share(ids=[crm["leads"][0], crm["team"]]) == "record_unknown"
    assert share(ids=range(1, 502)) == "intake_too_many"
    assert share(type_name="user") == "forbidden"
    assert set(owners(instance, crm["leads"])) == {instance.alice.user_id}


def bob(instance, *, permissions=("desk.use", "intake.share"), **lead):
    """Let bob do with leads what is said, and see people and teams."""
    lines = {"lead": lead, "user": {"read": "all"}, "team": {"read": "all"}}
    instance.write(
        roles.save, "sharer", {"types": lines, "fields": {}, "permissions": list(permissions)}
    )
    instance.write(roles.hold, "user", instance.bob.user_id, ["sharer"])
    instance.write(auth.set_password, instance.bob.user_id, auth.hash_password(PASSWORD))
    with instance.reading():
        return auth.actor_of_user(instance.bob.user_id, source="api")


@pytest.mark.parametrize(
    ("rights", "code"),
    [
        ({"read": "all", "update": "all"}, "forbidden"),
        ({"read": "all", "assign": "all"}, "forbidden"),
        ({"read": "own", "update": "all", "assign": "all"}, "record_unknown"),
        ({"read": "all", "update": "own", "assign": "own"}, "record_forbidden"),
    ],
)
def test_who_may_not_assign_or_see_them_is_refused_and_nothing_is_written(
    instance, crm, rights, code
):
    actor = bob(instance, **rights)
    args = ("lead", crm["leads"], crm["team"])
    assert code_of(instance.write, sharing.share, *args, actor=actor) == code
    assert set(owners(instance, crm["leads"])) == {instance.alice.user_id}


def test_the_work_that_one_does_not_see_is_not_counted(instance, crm):
    actor = bob(instance, read="own", update="own", assign="all")
    instance.change("lead", crm["leads"][0], owner=actor.user_id)
    args = ("lead", crm["leads"][:1], crm["team"], "least_open")
    looked = instance.read(sharing.look, *args, actor=actor)
    assert looked.given[crm["leads"][0]] == (crm["ida"], "Ida has the least open work in North: 0")


# -- the desk, the call and the command -----------------------------------------------------------
def chosen(crm, **words):
    """Return the words of the page."""
    return {"id": [str(id_) for id_ in crm["leads"]], "back": "_view=all", **words}


def test_in_the_desk_one_looks_then_shares_out_and_may_undo_it(instance, crm):
    with at_desk(instance) as desk:
        bar = desk.get("/records/lead").text.partition('<form class="bulk"')[2]
        assert f'formaction="{AT}"' in bar
        assert "/x/intake/share-out/" not in desk.get("/records/user").text
        page = desk.get(AT, query_string=chosen(crm)).text
        assert ("North" in page, "Who gets what" in page) == (True, False)
        looked = desk.get(AT, query_string=chosen(crm, team=crm["team"], by="least_open")).text
        assert "Jon has the least open work in North: 0" in looked
        form = chosen(crm, team=str(crm["team"]), by="round_robin")
        done = desk.post(AT, data=form)
        assert (done.status_code, done.headers["Location"]) == (303, "/records/lead?_view=all")
        page = desk.get(done.headers["Location"]).text
        assert "Shared out: Ida 2, Jon 3" in html.unescape(page)
        undo = re.search(r"/changes/[0-9]+/undo", page)
        assert undo is not None
        desk.post(undo[0])
    assert set(owners(instance, crm["leads"])) == {instance.alice.user_id}


def test_the_page_says_what_is_wrong_and_writes_nothing(instance, crm):
    with at_desk(instance) as desk:
        assert desk.get(AT).status_code == 400
        assert desk.get(AT, query_string={"id": ["x"]}).status_code == 400
        refused = desk.post(AT, data=chosen(crm, team=str(crm["empty"])))
        assert (refused.status_code, "has no active member" in refused.text) == (409, True)
        assert desk.post(AT, data=chosen(crm, team="north")).status_code == 400
    assert set(owners(instance, crm["leads"])) == {instance.alice.user_id}


def test_who_may_not_assign_is_not_offered_it(instance, crm):
    bob(instance, read="all", update="all")
    with served(instance) as application:
        desk = Browser(application)
        assert desk.sign_in(email="bob@example.org").status_code == 303
        assert f'formaction="{AT}"' not in desk.get("/records/lead").text
        assert desk.get(AT, query_string=chosen(crm)).status_code == 403
        assert desk.post(AT, data=chosen(crm, team=str(crm["team"]))).status_code == 403


def test_the_call_shares_out_and_tries_without_writing(instance, crm):
    sent = {"type": "lead", "ids": crm["leads"], "team": crm["team"]}
    with served(instance) as application:
        alice = client(application, instance.token(instance.alice))
        tried = alice.post("/api/x/intake/share-out?_dry_run=1", json=sent)
        assert [each["owner"] for each in tried.json["shared"]].count(crm["jon"]) == 3
        assert set(owners(instance, crm["leads"])) == {instance.alice.user_id}
        done = alice.post("/api/x/intake/share-out", json=sent)
        assert (done.status_code, done.json["by"]) == (200, "round_robin")
        assert done.json["change_set"] is not None
        for wrong in ({}, {**sent, "ids": "1"}, {**sent, "more": 1}, {**sent, "by": "luck"}):
            assert alice.post("/api/x/intake/share-out", json=wrong).status_code == 422
        assert client(application).post("/api/x/intake/share-out", json=sent).status_code == 401
    assert owners(instance, crm["leads"]).count(crm["jon"]) == 3

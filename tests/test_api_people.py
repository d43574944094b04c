"""People over HTTP: invited, leaving, coming back, and where they are signed in."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import auth, jobs

from .counting import run


@pytest.fixture
def alice(instance):
    return instance.client(instance.alice)


@pytest.fixture
def bob(instance):
    return instance.client(instance.bob)


def test_people_are_invited_with_links_that_lead_to_the_address_that_is_set(instance, alice):
    [team] = instance.create("team", {"name": "North"})
    rows = [
        {"email": "eve@example.org", "name": "Eve", "team": "North", "roles": ["member"]},
        {"email": "bob@example.org"},
        {"email": "dan@example.org", "team": team},
    ]
    with instance.configured(base_url="https://crm.example.org"):
        answer = alice.post("/api/v1/users/invitations", json={"people": rows})
    assert answer.status_code == 201
    eve, known, dan = answer.json["people"]
    assert (eve["row"], eve["status"], eve["team"], eve["roles"]) == (
        0,
        "invited",
        team,
        ["member"],
    )
    assert eve["link"].startswith("https://crm.example.org/sign-in/")
    assert (known["status"], known["user"], known["link"]) == ("known", instance.bob.user_id, None)
    assert dan["team"] == team


def test_what_is_wrong_is_named_with_its_row_and_field(alice):
    rows = [{"email": "a@example.org"}, {"email": "b", "roles": ["x"]}]
    answer = alice.post("/api/v1/users/invitations", json={"people": rows})
    assert answer.status_code == 422
    assert [(e["row"], e["field"], e["code"]) for e in answer.json["errors"]] == [
        (1, "email", "not_email"), (1, "roles", "role_unknown")
    ]  # fmt: skip
    person = {"email": "a@example.org"}
    lists: list[Any] = [None, [], [{**person, "size": 1}], [{**person, "team": True}]]
    for people in lists:
        answer = alice.post("/api/v1/users/invitations", json={"people": people})
        assert answer.status_code == 422
    assert len(alice.get("/api/v1/records/user").json["records"]) == 3


def test_a_dry_run_writes_nobody_and_shows_no_link(instance, alice):
    asked = {"people": [{"email": "eve@example.org"}], "dry_run": True}
    [eve] = alice.post("/api/v1/users/invitations", json=asked).json["people"]
    assert (eve["status"], eve["user"], eve["link"]) == ("new", None, None)


def test_a_mailed_link_never_leads_to_the_host_that_the_request_names(instance, alice):
    asked = {"people": [{"email": "eve@example.org"}], "mail": True}
    with instance.configured(smtp_url="smtp://localhost:1025", mail_from="crm@example.org"):
        answer = alice.post("/api/v1/users/invitations", json=asked)
    assert answer.json["code"] == "mail_without_base"


def test_links_are_shown_once_whatever_key_the_request_repeats(alice):
    asked = {"people": [{"email": "eve@example.org"}]}
    key = {"Idempotency-Key": "one"}
    first = alice.post("/api/v1/users/invitations", json=asked, headers=key)
    again = alice.post("/api/v1/users/invitations", json=asked, headers=key)
    assert (first.status_code, again.json["code"]) == (201, "idempotency_secret")


def test_leaving_is_looked_at_done_and_undone(instance, alice):
    instance.make_type("x_note", {"name": "name", "kind": "text"})
    user, heir = instance.bob.user_id, instance.alice.user_id
    [note] = instance.create("x_note", {"name": "n", "owner": user})
    told = alice.get(f"/api/v1/users/{user}/leaving").json
    assert (told["records"], told["types"][0]["type"], told["user"]["name"]) == (1, "x_note", "Bob")
    left = alice.post(f"/api/v1/users/{user}/disable", json={"transfer_to": heir}).json
    assert (left["status"], left["sessions"]) == ("updated", 0)
    assert run(instance, left["job"]) == "done"
    assert instance.get("x_note", note)["owner"] == heir
    undo = alice.post(f"/api/v1/jobs/{left['job']}/undo")
    assert undo.status_code in (201, 202), undo.json
    assert run(instance, undo.json["id"]) == "done"
    assert instance.get("x_note", note)["owner"] == user
    assert alice.post(f"/api/v1/users/{user}/enable").json == {"user": user, "status": "updated"}
    assert alice.post(f"/api/v1/users/{user}/enable").json["status"] == "unchanged"


@pytest.mark.parametrize(
    ("body", "field"),
    [({"transfer_to": 999_999}, "transfer_to"), ({"heirs": {"user": 999_999}}, "heirs.user")],
)
def test_an_heir_who_can_not_be_one_is_named_and_nobody_is_disabled(instance, alice, body, field):
    user = instance.bob.user_id
    answer = alice.post(f"/api/v1/users/{user}/disable", json=body)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
    assert instance.get("user", user)["active"] is True
    assert instance.read(jobs.list_jobs) == []


def test_sessions_are_listed_and_ended_by_their_user_and_by_administrators(instance, alice, bob):
    for _ in range(3):
        instance.write(lambda **_: auth.sign_in(instance.bob.user_id))
    listed = bob.get("/api/v1/sessions").json["sessions"]
    assert [each["current"] for each in listed] == [False] * 3
    assert bob.delete(f"/api/v1/sessions/{listed[0]['id']}").status_code == 204
    assert bob.delete(f"/api/v1/sessions/{listed[0]['id']}").json["code"] == "session_unknown"
    path = f"/api/v1/users/{instance.bob.user_id}/sessions"
    assert len(alice.get(path).json["sessions"]) == 2
    assert alice.delete(f"{path}/{listed[1]['id']}").status_code == 204
    assert alice.delete(path).json == {"ended": 1}
    assert bob.delete("/api/v1/sessions").json == {"ended": 0}


def test_a_browser_knows_its_own_session_and_keeps_it_when_all_others_end(instance):
    made = [instance.write(lambda **_: auth.sign_in(instance.bob.user_id)) for _ in range(2)]
    client = instance.client()
    client.set_cookie("relatum_session", made[0].cookie)
    headers = {"X-CSRF-Token": made[0].csrf}
    listed = client.get("/api/v1/sessions").json["sessions"]
    assert sorted(each["current"] for each in listed) == [False, True]
    assert client.delete("/api/v1/sessions", headers=headers).json == {"ended": 1}
    assert [each["current"] for each in client.get("/api/v1/sessions").json["sessions"]] == [True]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/users/invitations", {"people": [{"email": "eve@example.org"}]}),
        ("get", "/users/1/leaving", None),
        ("post", "/users/1/disable", {}),
        ("post", "/users/1/enable", None),
        ("get", "/users/1/sessions", None),
        ("delete", "/users/1/sessions", None),
        ("delete", "/users/1/sessions/0123456789abcdef", None),
    ],
)
def test_who_is_no_administrator_does_none_of_it_to_others(bob, method, path, body):
    answer = getattr(bob, method)(f"/api/v1{path}", json=body)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")

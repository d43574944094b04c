"""Looking as somebody else: an administrator sees what a user sees, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import audit, auth, records
from relatum.core.actor import Actor
from relatum.core.auth import second_factor

from .instances import PASSWORD, prepared
from .officing import build, give


@prepared
def office(instance):
    return build(instance)


class Visitor:
    """Somebody with a session at the API."""

    def __init__(self, instance: Any, email: str = "alice@example.org") -> None:
        self.client = instance.client()
        sent = {"email": email, "password": PASSWORD}
        made = self.client.post("/api/v1/session", json=sent)
        assert made.status_code == 200
        self.headers = {"X-CSRF-Token": made.get_json()["csrf"]}

    def ask(self, method: str, path: str, **body: Any) -> Any:
        json = body or None
        return self.client.open(f"/api/v1{path}", method=method, json=json, headers=self.headers)

    def who(self) -> tuple[int, int | None]:
        found = self.ask("GET", "/session").get_json()
        return found["user"]["id"], found["behind"]


@pytest.fixture
def nora(instance, office):
    """Return nora, who reads her own deals."""
    give(instance, office, "nora", {"read": "own", "update": "own"})
    return office.people["nora"]


def test_an_administrator_sees_what_the_user_sees_and_no_more(instance, office, nora):
    alice = Visitor(instance)
    everything = alice.ask("GET", "/records/x_deal?_limit=100").get_json()["records"]
    assert alice.ask("POST", "/session/view", user=nora).status_code == 204
    assert alice.who() == (nora, instance.alice.user_id)
    seen = alice.ask("GET", "/records/x_deal?_limit=100").get_json()["records"]
    assert 0 < len(seen) < len(everything)
    assert {deal["owner"] for deal in seen} == {nora}
    assert alice.ask("GET", "/roles").status_code == 403
    assert alice.ask("DELETE", "/session/view").status_code == 204
    assert alice.who() == (instance.alice.user_id, None)
    assert len(alice.ask("GET", "/records/x_deal?_limit=100").get_json()["records"]) == len(
        everything
    )


def test_nothing_is_changed_so_not_even_what_the_user_may_change(instance, nora):
    [deal] = instance.sql("SELECT id FROM x_deal WHERE owner_id = :id LIMIT 1", id=nora)
    alice = Visitor(instance)
    alice.ask("POST", "/session/view", user=nora)
    refused = alice.ask("PATCH", f"/records/x_deal/{deal.id}", name="Mine now")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "view_only")
    for method, path in (
        ("PUT", f"/users/{nora}/password"), ("POST", f"/users/{nora}/tokens"),
        ("POST", "/second-factor"), ("POST", "/session/view"), ("PUT", "/my/preferences/a.b"),
    ):  # fmt: skip
        assert alice.ask(method, path, password="x" * 12).status_code in (403, 404, 405), path


def test_the_log_names_the_administrator_for_all_that_happens_meanwhile(instance, nora):
    alice = Visitor(instance)
    alice.ask("POST", "/session/view", user=nora)
    alice.ask("DELETE", "/session/view")
    off, on = instance.read(audit.entries, limit=2, event="view_as")
    assert (on["actor"], on["subject"], on["after"]) == (
        instance.alice.user_id, f"user:{nora}", {"on": True},
    )  # fmt: skip
    assert (off["actor"], off["source"], off["after"]) == (
        instance.alice.user_id, "view_as", {"on": False},
    )  # fmt: skip


def test_nobody_else_may_and_a_token_has_no_session_to_do_it_by(instance, office, nora):
    secret = auth.hash_password(PASSWORD)
    instance.write(auth.set_password, nora, secret)
    other = Visitor(instance, "nora@example.org")
    refused = other.ask("POST", "/session/view", user=instance.alice.user_id)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    by_token = instance.client(instance.alice).post("/api/v1/session/view", json={"user": nora})
    assert (by_token.status_code, by_token.get_json()["code"]) == (409, "view_refused")
    alice = Visitor(instance)
    assert alice.ask("POST", "/session/view", user=instance.alice.user_id).status_code == 409
    assert alice.ask("POST", "/session/view", user=999_999).status_code == 404


def test_it_ends_with_the_rights_of_whoever_looks(instance, nora):
    [carol] = instance.create(
        "user", {"name": "Carol", "email": "carol@example.org", "admin": True}
    )
    instance.write(auth.set_password, carol, auth.hash_password(PASSWORD))
    visitor = Visitor(instance, "carol@example.org")
    visitor.ask("POST", "/session/view", user=nora)
    assert visitor.who() == (nora, carol)
    instance.write(records.update, "user", [{"id": carol, "admin": False}])
    assert visitor.ask("GET", "/session").status_code == 401


def test_signing_out_ends_the_session_of_whoever_looks(instance, nora):
    alice = Visitor(instance)
    alice.ask("POST", "/session/view", user=nora)
    assert alice.ask("DELETE", "/session").status_code == 204
    assert alice.ask("GET", "/session").status_code == 401


def test_the_secret_of_a_second_factor_that_is_begun_is_not_shown(instance, office, nora):
    instance.write(second_factor.set_up, actor=Actor(user_id=nora))
    behind = Actor(user_id=nora, reads_only=True, behind=instance.alice.user_id)
    assert instance.read(second_factor.begun, actor=behind) is None
    assert instance.read(second_factor.begun, actor=Actor(user_id=nora)) is not None

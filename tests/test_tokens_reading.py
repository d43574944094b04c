"""Tokens that only read: they see what their user sees and change nothing, on any way."""

from __future__ import annotations

import re

import pytest

from relatum.core import access, auth, catalog, records, serve
from relatum.core.api.operations import OPERATIONS, PREFIX, READ
from relatum.core.errors import RelatumError

from .desk import at_desk
from .homes import Shell
from .instances import prepared
from .plugged import client, served

PRESET = "desk"


@prepared
def reader(instance):
    """The text of a token of alice's that only reads."""
    _, text = instance.write(
        auth.make_token, instance.alice.user_id, "report", None, reads_only=True
    )
    return {"text": text}


@pytest.fixture
def reading(instance, reader):
    made = instance.app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {reader['text']}"
    return made


def state(instance):
    names = ("core_user", "core_change_set", "core_link", "core_session", "core_job")
    return [instance.sql(f"SELECT count(*) FROM {name}")[0][0] for name in names]


def test_it_reads_what_its_user_reads(instance, reading):
    other = instance.client(instance.alice)
    for path in ("records/user", "entity-types", "openapi.json", "session"):
        answer = reading.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.data) == (200, other.get(f"/api/v1/{path}").data)
    found = reading.post("/api/v1/records/user/query", json={})
    assert found.status_code == 200


WRITES = [o for o in OPERATIONS if o.method not in ("GET", "HEAD") and o.mode != READ]


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
def test_no_route_that_writes_lets_it(instance, reading, refused, operation):
    path = PREFIX + re.sub(r"<(\w+:)?(\w+)>", _argument, operation.path)
    before = state(instance)
    body: dict[str, str] | None = {} if operation.body is not None else None
    answer = reading.open(path, method=operation.method, json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "token_reads_only")
    assert state(instance) == before


def _argument(found):
    return "user" if found[2] == "type" else "1"


def test_neither_do_the_verbs(instance, reader):
    with instance.reading():
        actor = auth.actor_of_token(reader["text"])
        entity_type = catalog.current().type("user")
        assert (actor.reads_only, actor.admin) == (True, True)
        assert access.may(actor, "read", "user")
        assert access.rule(actor, "read", entity_type) is None
        for action in ("create", "update", "delete", "assign", "share"):
            assert not access.may(actor, action, "user")
            assert access.rule(actor, action, entity_type) is not None
    with pytest.raises(RelatumError, match="may not create"):
        instance.write(records.create, "user", [{"name": "Dora"}], actor=actor)


def test_it_looks_at_pages_and_sends_no_form(instance, reader):
    with served(instance) as application:
        browser = client(application, reader["text"])
        assert browser.get("/account").status_code == 200
        answer = browser.post("/account/tokens", data={"name": "more", "days": "30"})
        assert answer.status_code == 403
    assert len(instance.read(auth.list_tokens, instance.alice.user_id)) == 1


def test_it_is_made_over_http_on_the_machine_and_at_the_desk_and_is_listed(instance, refused):
    alice = instance.client(instance.alice)
    path = f"/api/v1/users/{instance.alice.user_id}/tokens"
    sent = {"name": "http", "reads_only": True}
    assert alice.post(path, json=sent).status_code == 201
    refused(alice.post(path, json={"name": "x", "reads_only": "yes"}), 422, "invalid")
    relatum = Shell(serve.environment(instance.config))
    relatum.said("tokens", "create", "cli", "--user", "alice@example.org", "--read-only")
    with at_desk(instance) as desk:
        desk.post("/account/tokens", data={"name": "desk", "days": "30", "may": "read"})
        desk.post("/account/tokens", data={"name": "whole", "days": "30", "may": "all"})
        assert "only read" in desk.get("/account").text
    listed = {each["name"]: each["reads_only"] for each in alice.get(path).get_json()["tokens"]}
    assert listed == {"test": False, "http": True, "cli": True, "desk": True, "whole": False}

"""The last administrator who can sign in stays one, whatever way somebody tries to change that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from relatum.core import imports, jobs, records, roles
from relatum.core.errors import Invalid, RelatumError
from relatum.core.own_jobs import UNDO

from .counting import run
from .undoing import newest

#: Jobs are of a kind once its module is imported.
JOB = UNDO.name


def refused(instance, verb, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        instance.write(verb, *args, **kwargs)
    return caught.value


@pytest.fixture
def alone(instance):
    """Return the id of alice, who is the only administrator; the test leaves her one."""
    alice = instance.alice.user_id
    yield alice
    found = instance.get("user", alice)
    assert (found["admin"], found["active"], found["email"]) == (True, True, "alice@example.org")


def second(instance, **values):
    row = {"name": "Second", "email": "second@example.org", "admin": True, **values}
    [id_] = instance.create("user", row)
    return id_


def office_with_cascade(instance, user_id):
    """Make a type that takes users along to the trash, with a record that a user is in."""
    instance.make_type("x_office", {"name": "name", "kind": "text"})
    settings = {"target": "x_office", "on_delete": "cascade"}
    link = {"name": "x_office", "kind": "lookup", "settings": settings}
    instance.apply({"op": "add_field", "type": "user", **link})
    [office] = instance.create("x_office", {"name": "Main"})
    instance.write(records.update, "user", [{"id": user_id, "x_office": office}])
    return office


@pytest.mark.parametrize("values", [{"admin": False}, {"active": False}, {"email": None}])
def test_no_verb_takes_from_her_what_lets_her_in(instance, alone, values):
    assert refused(instance, records.update, "user", [{"id": alone, **values}]).code == "last_admin"


def test_who_can_not_sign_in_is_no_administrator_that_is_left(instance, alone):
    second(instance, active=False)
    second(instance, email=None)
    assert refused(instance, records.delete, "user", [{"id": alone}]).code == "last_admin"


def test_she_does_not_go_to_the_trash_with_something_else(instance, alone):
    office = office_with_cascade(instance, alone)
    error = refused(instance, records.delete, "x_office", [{"id": office}])
    assert error.code == "last_admin"
    assert instance.get("x_office", office)["name"] == "Main"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "/records/user/{id}", {"admin": False}),
        ("patch", "/records/user/{id}", {"active": False}),
        ("patch", "/records/user/{id}", {"email": None}),
        ("delete", "/records/user/{id}", None),
        ("patch", "/records/user/bulk?_partial=1", {"records": [{"id": 0, "active": False}]}),
        ("delete", "/records/user/bulk?_partial=1", {"records": [{"id": 0}]}),
    ],
)
def test_no_request_does(instance, alone, method, path, body):
    for row in (body or {}).get("records", ()):
        row["id"] = alone
    client = instance.client(instance.alice)
    version = {"If-Match": f'"{instance.get("user", alone)["version"]}"'}
    answer = getattr(client, method)(f"/api/v1{path.format(id=alone)}", json=body, headers=version)
    assert (answer.status_code, answer.json["code"]) == (422, "last_admin")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("bulk_update", {"values": {"admin": False}}),
        ("bulk_update", {"values": {"active": False}}),
        ("bulk_delete", {}),
    ],
)
def test_no_job_on_many_users_does(instance, alone, kind, more):
    asked = {"type": "user", "filter": {"field": "id", "op": "gt", "value": 0}, **more}
    job = instance.write(jobs.enqueue, kind, asked)
    assert run(instance, job) == "failed"
    assert instance.read(jobs.get, job)["error"]["code"] == "last_admin"


@pytest.mark.parametrize("partial", [False, True])
def test_no_import_does(instance, alone, tmp_path, partial):
    file = tmp_path / "people.csv"
    file.write_text("email,name,admin\nalice@example.org,Alice,no\n")
    asked = {"key": ("email",), "partial": partial, "actor": instance.alice}
    with instance.app.app_context(), pytest.raises(RelatumError) as caught:
        imports.run("user", file, **asked)
    assert caught.value.code == "last_admin"


def test_no_undo_of_what_made_an_administrator_does(instance, alone):
    bob = instance.bob.user_id
    instance.write(records.update, "user", [{"id": bob, "admin": True}])
    made = newest(instance)
    instance.write(records.update, "user", [{"id": alone, "active": False}])
    for partial in (False, True):
        error = refused(instance, records.undo, made, partial=partial)
        assert error.problems[0].code == "last_admin"
    job = instance.write(jobs.enqueue, JOB, {"change_set": made})
    assert run(instance, job) == "failed"
    assert instance.get("user", bob)["admin"] is True
    instance.write(records.update, "user", [{"id": alone, "active": True}])


def test_no_role_lets_anybody_make_himself_or_others_administrators(instance, alone):
    bob = instance.bob
    every = dict.fromkeys(("read", "create", "update", "delete", "assign", "bulk"), "all")
    instance.write(roles.save, "staff", {"types": {"user": every}})
    instance.write(roles.hold, "user", bob.user_id, ["staff"])
    for verb, row in (
        (records.update, {"id": bob.user_id, "admin": True}),
        (records.create, {"name": "Eve", "email": "eve@example.org", "admin": True}),
    ):
        with pytest.raises(Invalid) as caught:
            instance.write(verb, "user", [row], actor=bob)
        assert caught.value.problems[0].field == "admin"
    assert instance.get("user", bob.user_id)["admin"] is False


@pytest.mark.parametrize(
    "values", [{"admin": False}, {"active": False}, {"email": "bob@evil.example"}]
)
def test_no_role_lets_anybody_touch_an_administrator(instance, alone, values):
    bob = instance.bob
    second(instance)
    every = dict.fromkeys(("read", "update", "delete"), "all")
    instance.write(roles.save, "staff", {"types": {"user": every}})
    instance.write(roles.hold, "user", bob.user_id, ["staff"])
    for verb, row in ((records.update, values), (records.delete, {})):
        with pytest.raises(Invalid) as caught:
            instance.write(verb, "user", [{"id": alone, **row}], actor=bob)
        assert caught.value.problems[0].code == "admin_only"


def test_whoever_may_write_users_writes_what_gives_nobody_rights(instance):
    [team] = instance.create("team", {"name": "Staff"})
    instance.write(records.update, "user", [{"id": instance.bob.user_id, "team": team}])
    bob, other = replace(instance.bob, team_id=team), second(instance)
    every = dict.fromkeys(("read", "create", "update", "delete"), "all")
    instance.write(roles.save, "staff", {"types": {"user": every, "team": {"read": "all"}}})
    instance.write(roles.hold, "user", bob.user_id, ["staff"])
    rows = [{"name": "Dave", "team": team}, {"name": "Eve", "email": "eve@example.org"}]
    dave, eve = (each.id for each in instance.write(records.create, "user", rows, actor=bob))
    changed = [
        {"id": other, "timezone": "Europe/Paris"},
        {"id": bob.user_id, "email": "bobby@example.org"},
        {"id": dave, "admin": False, "team": None, "active": False},
    ]
    instance.write(records.update, "user", changed, actor=bob)
    instance.write(records.update, "user", [{"id": eve, "team": team}], actor=bob)
    instance.write(records.delete, "user", [{"id": dave}, {"id": eve}], actor=bob)
    instance.write(records.delete, "user", [{"id": other}])


def test_no_change_of_the_model_takes_away_what_makes_an_administrator(instance, alone):
    for name in ("admin", "active", "email"):
        with pytest.raises(RelatumError):
            instance.apply({"op": "trash_field", "type": "user", "name": name})
    with pytest.raises(RelatumError):
        instance.apply({"op": "trash_type", "type": "user"})


@pytest.mark.parametrize("field", ["email", "team"])
def test_a_role_on_users_is_no_way_to_the_rights_of_others(instance, field):
    """By a changed address somebody is sent another's link; by a team he has its roles."""
    [strong] = instance.create("team", {"name": "Strong"})
    every = dict.fromkeys(("read", "create", "update", "assign"), "all")
    rights = {"types": {"user": every, "team": {"read": "all"}}}
    instance.write(roles.save, "hr", rights)
    instance.write(roles.hold, "user", instance.bob.user_id, ["hr"])
    [carol] = instance.create("user", {"name": "Carol", "email": "carol@example.org"})
    value = {"email": "bobs.own@example.org", "team": strong}[field]
    tries: list[tuple[Any, dict[str, Any]]] = [(records.update, {"id": carol, field: value})]
    if field == "team":
        tries += [
            (records.update, {"id": instance.bob.user_id, "team": strong}),
            (records.create, {"name": "Dave", "email": "bobs.own@example.org", "team": strong}),
        ]
    for verb, row in tries:
        with pytest.raises(Invalid) as caught:
            instance.write(verb, "user", [row], actor=instance.bob)
        assert [(p.code, p.field) for p in caught.value.problems] == [("admin_only", field)]
    instance.write(records.update, "user", [{"id": carol, "name": "Caro"}], actor=instance.bob)

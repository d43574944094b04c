"""Tokens with a scope: what their user may, and of that only what the scope says, on every way."""

from __future__ import annotations

import random
import re
from datetime import timedelta

import pytest

from relatum.core import (
    access,
    auth,
    catalog,
    clock,
    db,
    jobs,
    positions,
    query,
    records,
    roles,
    serve,
)
from relatum.core.api.operations import OPERATIONS, PREFIX
from relatum.core.errors import Invalid, RelatumError

from .homes import Shell
from .instances import prepared
from .officing import PEOPLE, SCOPES, actor, build, give

READ = {"x_deal": ["read"]}
EVERYTHING = {"*": [*access.ACTIONS, "admin"]}


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


def narrow(instance, user_id, scope, days=None):
    """Return who acts by a new token with a scope."""
    _, text = instance.write(auth.make_token, user_id, "narrow", days, scope=scope)
    with instance.reading():
        return auth.actor_of_token(text)


def client(instance, user_id, scope):
    """Return an HTTP client with a new token with a scope."""
    _, text = instance.write(auth.make_token, user_id, "narrow", None, scope=scope)
    made = instance.app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    return made


def code_of(verb, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        verb(*args, **kwargs)
    return caught.value.code


# -- the model ---------------------------------------------------------------------------------
def left(scope, action, type_name):
    """Say whether a scope leaves an action on a type: people and teams are only read by '*'."""
    line = scope.get(type_name, scope.get("*", ()))
    core = type_name in ("user", "team") and type_name not in scope
    return action in line and "read" in line and (not core or action in ("read", "export"))


def any_scope(chance):
    """Return a scope that somebody could have written."""
    scope = {}
    for name in chance.sample(["*", "x_deal", "x_firm", "user"], chance.randint(1, 3)):
        actions = chance.sample(access.ACTIONS[1:], chance.randint(0, 8))
        scope[name] = ["read", *actions] if chance.random() < 0.9 else []
    return scope


@pytest.mark.parametrize("seed", range(8))
def test_what_a_token_decides_is_what_its_user_may_and_its_scope_says(instance, office, seed):
    chance = random.Random(seed)
    people = {"alice": instance.alice}
    for person in PEOPLE:
        line = {action: chance.choice(SCOPES[1:]) for action in ("read", "update", "delete")}
        give(instance, office, person, {**line, "create": "all", "export": "all", "bulk": "own"})
        people[person] = actor(instance, office, person)
        instance.write(roles.share, "x_deal", chance.choice([*office.rows]), update=True,
                       user=office.people[person])  # fmt: skip
    for whole in people.values():
        scope = any_scope(chance)
        token = narrow(instance, whole.user_id, scope)
        with instance.reading():
            for name in ("x_deal", "x_firm", "user", "team"):
                entity_type = catalog.current().type(name)
                some = [*office.rows] if name == "x_deal" else [*office.people.values()]
                some = some if name in ("x_deal", "user") else []
                for action in access.ACTIONS:
                    may = left(scope, action, name) and access.may(whole, action, name)
                    assert access.may(token, action, name) is may, (scope, action, name)
                    wide = records.admitted(entity_type, some, action, whole)
                    narrowed = records.admitted(entity_type, some, action, token)
                    assert narrowed == (wide if left(scope, action, name) else set())
                    for id_ in some:
                        expected = left(scope, action, name) and records.may(
                            action, name, id_, actor=whole
                        )
                        assert records.may(action, name, id_, actor=token) is expected
            known = access.seen(whole).types
            assert set(access.seen(token).types) == {n for n in known if left(scope, "read", n)}
            for name, entity_type in access.seen(token).types.items():
                writes = left(scope, "update", name)
                for field in entity_type.fields.values():
                    wide_field = known[name].fields[field.name]
                    own = field.owner != "system"
                    assert field.read_only is (wide_field.read_only or (own and not writes))
            for word in ("customise", "make", "explain"):
                assert not access.may(token, word)


def test_a_scope_that_says_all_leaves_an_administrator_all(instance, office):
    token, alice = narrow(instance, instance.alice.user_id, EVERYTHING), instance.alice
    with instance.reading():
        assert {*access.seen(token).types} == {*access.seen(alice).types}
        for word in ("customise", "make", "explain", "read"):
            assert access.may(token, word)
        for name in ("x_deal", "x_firm"):
            fields = access.seen(token).type(name).fields.values()
            assert [f.read_only for f in fields] == [
                f.read_only for f in access.seen(alice).type(name).fields.values()
            ]


def test_admin_in_the_scope_of_somebody_else_opens_nothing(instance, office):
    give(instance, office, "sam", {"read": "all"})
    token = narrow(instance, office.people["sam"], EVERYTHING)
    with instance.reading():
        assert not access.may(token, "customise")
        assert not access.may(token, "create", "x_firm")


def test_whoever_is_no_administrator_any_more_has_a_token_that_says_so(instance, office):
    [dora] = instance.create("user", {"name": "Dora", "email": "d@example.org", "admin": True})
    _, text = instance.write(auth.make_token, dora, "t", None, scope=EVERYTHING)
    instance.write(records.update, "user", [{"id": dora, "admin": False}])
    with instance.reading():
        token = auth.actor_of_token(text)
        assert not access.may(token, "customise")
        assert access.seen(token).types == {}


# -- over HTTP ---------------------------------------------------------------------------------
def test_an_administrators_token_for_one_type_sees_that_one_alone(instance, office, refused):
    with instance.app.app_context():
        positions.settle()
    mine = client(instance, instance.alice.user_id, {"x_deal": ["read", "update"]})
    deal = office.deals["sam large"]
    assert mine.get("/api/v1/records/x_deal").get_json()["records"]
    record = mine.get(f"/api/v1/records/x_deal/{deal}").get_json()
    assert {"firm", "owner", "team"}.isdisjoint(record)
    for path in ("records/x_firm", "records/user", f"records/x_firm/{deal}"):
        refused(mine.get(f"/api/v1/{path}"), 404, "type_unknown")
    refused(mine.get("/api/v1/records/x_deal?firm.name=x"), 404, "field_unknown")
    refused(mine.get("/api/v1/records/x_deal?_sort=owner"), 404, "field_unknown")
    listed = mine.get("/api/v1/entity-types").get_json()["types"]
    assert [each["name"] for each in listed] == ["x_deal"]
    spec = mine.get("/api/v1/openapi.json").text
    assert "/records/x_deal" in spec
    assert "x_firm" not in spec
    changes = mine.get("/api/v1/changes?since=0&_limit=500").get_json()["changes"]
    assert {each["type"] for each in changes} == {"x_deal"}
    history = mine.get(f"/api/v1/records/x_deal/{deal}/history").get_json()["changes"]
    assert {"firm", "owner"}.isdisjoint(history[0]["changes"])


def test_it_writes_what_its_scope_says_and_nothing_else(instance, office, refused):
    mine = client(instance, instance.alice.user_id, {"x_deal": ["read", "create"]})
    made = mine.post("/api/v1/records/x_deal", json={"name": "New", "amount": 3})
    assert made.status_code == 201
    deal = office.deals["sam large"]
    before = instance.get("x_deal", deal)
    place = f"/api/v1/records/x_deal/{deal}"
    refused(mine.patch(place, json={"amount": 1}), 403, "token_out_of_scope")
    refused(mine.delete(place), 403, "token_out_of_scope")
    refused(mine.post(f"{place}/shares", json={"user": 1}), 403, "token_out_of_scope")
    refused(mine.post("/api/v1/records/x_firm", json={"name": "F"}), 404, "type_unknown")
    number = made.headers["Relatum-Change"]
    refused(mine.post(f"/api/v1/changes/{number}/undo"), 403, "token_out_of_scope")
    assert instance.get("x_deal", deal) == before
    link = {"name": "Linked", "firm": 1}
    refused(mine.post("/api/v1/records/x_deal", json=link), 422, "invalid")


def test_it_undoes_its_own_changes_where_its_scope_lets_it_write(instance, office):
    mine = client(instance, instance.alice.user_id, {"x_deal": ["read", "update"]})
    place = f"/api/v1/records/x_deal/{office.deals['sam large']}"
    number = mine.patch(place, json={"amount": 7}).headers["Relatum-Change"]
    assert mine.post(f"/api/v1/changes/{number}/undo").status_code == 200
    assert mine.get(place).get_json()["amount"] == 900


#: Who one is, and what one may do, a token may ask.
OPEN = ("read_session", "end_session", "get_profile", "get_user_roles", "unshare_record")
SETTINGS = [
    o
    for o in OPERATIONS
    if o.tag in ("access", "sign-in", "plugins", "own", "mail", "audit", "privacy") and not o.public
    and "<type>" not in o.path and o.name not in OPEN
]  # fmt: skip


@pytest.mark.parametrize("operation", SETTINGS, ids=lambda operation: operation.name)
def test_settings_people_and_ones_own_account_are_closed_to_it(instance, operation):
    mine = client(instance, instance.alice.user_id, {"*": [*access.ACTIONS]})
    needed = "&".join(f"{p.name}=x" for p in operation.query if p.required)
    path = re.sub(r"<(\w+:)?(\w+)>", "1", f"{PREFIX}{operation.path}?{needed}")
    body = BODIES.get(operation.body or "", {})
    answer = mine.open(path, method=operation.method, json=body if operation.body else None)
    code = (answer.get_json() or {}).get("code")
    assert code == "token_out_of_scope", (operation.name, answer.status_code, code)


BODIES = {
    "Password": {"password": "correct horse battery"},
    "Token": {"name": "more"},
    "HeldRoles": {"roles": []}, "Preference": {"value": 1}, "ProfileChange": {"name": "Me"},
    "TestMail": {"to": "ada@example.org"}, "PluginSettingsChange": {"values": {}},
    "Code": {"code": "123456"}, "ViewAs": {"user": 1},
    "PrivacyRequest": {"records": [{"type": "user", "id": 1}]},
    "Erasure": {"records": [{"type": "user", "id": 1}], "sure": True},
}  # fmt: skip


def test_no_token_with_a_scope_makes_itself_a_wider_one(instance, office, refused):
    sam = office.people["sam"]
    mine = client(instance, sam, READ)
    refused(
        mine.post(f"/api/v1/users/{sam}/tokens", json={"name": "all"}), 403, "token_out_of_scope"
    )
    refused(
        mine.put(f"/api/v1/users/{sam}/password", json={"password": "correct horse battery 2"}),
        403,
        "token_out_of_scope",
    )
    refused(mine.put("/api/v1/my/views/x_deal/my_one", json={}), 403, "token_out_of_scope")
    [token] = instance.read(auth.list_tokens, sam)
    refused(mine.delete(f"/api/v1/tokens/{token['id']}"), 403, "token_out_of_scope")


def test_what_one_token_was_answered_is_not_told_to_another(instance, office, refused):
    alice = instance.client(instance.alice)
    mine = client(instance, instance.alice.user_id, {"x_deal": ["read", "create"]})
    key = {"Idempotency-Key": "same"}
    sent = {"name": "Once"}
    made = alice.post("/api/v1/records/x_deal", json=sent, headers=key)
    assert made.status_code == 201
    answer = mine.post("/api/v1/records/x_deal", json=sent, headers=key)
    refused(answer, 409, "idempotency_mismatch")


# -- jobs --------------------------------------------------------------------------------------
def run(instance, job_id):
    with instance.app.app_context():
        return jobs.run(job_id, by="me", pause=lambda: False)


def test_a_job_keeps_the_limits_of_the_token_that_began_it(instance, office):
    scope = {"x_deal": ["read", "update", "bulk"]}
    mine = client(instance, instance.alice.user_id, scope)
    asked = {"type": "x_deal", "ids": [*office.rows], "values": {"amount": 1}}
    began = mine.post("/api/v1/jobs", json={"kind": "bulk_update", "arguments": asked})
    assert began.status_code == 201
    job_id = began.get_json()["id"]
    assert run(instance, job_id) == "done"
    told = mine.get(f"/api/v1/jobs/{job_id}").get_json()
    assert (told["state"], told["result"]["updated"]) == ("done", len(office.rows))


def test_a_job_of_a_token_is_judged_by_its_scope_when_it_runs(instance, office):
    """The row is written by hand, as if what it does had been checked by a wider token."""
    asked = {"type": "x_deal", "ids": [office.deals["sam large"]], "values": {"amount": 1}}
    job_id = instance.write(jobs.enqueue, "bulk_update", asked)
    instance.write(_narrow_job, job_id)
    run(instance, job_id)
    assert instance.get("x_deal", office.deals["sam large"])["amount"] == 900
    told = instance.read(jobs.get, job_id)
    assert "updated" not in (told["result"] or {}), told


def _narrow_job(job_id, actor):
    jobs.rows.change(job_id, scope='{"x_deal":["read"]}')


def test_it_sees_the_jobs_of_its_own_scope_alone(instance, office, refused):
    job_id = instance.write(jobs.enqueue, "forget")
    sam, other = (client(instance, instance.alice.user_id, s) for s in (READ, {"*": ["read"]}))
    assert sam.get("/api/v1/jobs").get_json()["jobs"] == []
    refused(sam.get(f"/api/v1/jobs/{job_id}"), 404, "job_unknown")
    refused(other.post(f"/api/v1/jobs/{job_id}/cancel"), 404, "job_unknown")
    refused(sam.post("/api/v1/jobs", json={"kind": "forget"}), 403, "token_out_of_scope")


def test_a_schedule_that_a_token_made_starts_jobs_with_its_limits(instance, office):
    scope = {"x_deal": ["read", "update", "bulk"], "*": ["admin"]}
    mine = client(instance, instance.alice.user_id, scope)
    asked = {"type": "x_deal", "ids": [office.deals["sam large"]], "values": {"amount": 1}}
    wish = {
        "name": "nightly",
        "kind": "bulk_update",
        "rule": "every 1 day",
        "arguments": asked,
    }
    assert mine.post("/api/v1/job-schedules", json=wish).status_code == 201
    later = clock.now() + timedelta(days=2)
    with instance.app.app_context():
        db.transact(lambda: jobs.schedules.fire("nightly", later))
    [found] = instance.sql("SELECT scope FROM core_job WHERE schedule = 'nightly'")
    assert found.scope == '{"*":["admin"],"x_deal":["bulk","read","update"]}'


# -- its life ----------------------------------------------------------------------------------
def test_it_ends_at_the_second_and_is_revoked_at_once(instance, office, refused):
    now = clock.now().replace(microsecond=0)
    with clock.frozen(now):
        id_, text = instance.write(auth.make_token, instance.alice.user_id, "t", 1, scope=READ)
    mine = instance.app.test_client()
    mine.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
    end = now + timedelta(days=1)
    with clock.frozen(end - timedelta(seconds=1)):
        assert mine.get("/api/v1/records/x_deal").status_code == 200
    with clock.frozen(end):
        refused(mine.get("/api/v1/records/x_deal"), 401, "token_invalid")
    assert mine.get("/api/v1/records/x_deal").status_code == 200
    instance.write(auth.revoke_token, id_)
    refused(mine.get("/api/v1/records/x_deal"), 401, "token_invalid")


def test_its_use_is_noted_once_within_the_hour(instance, office):
    mine = client(instance, instance.alice.user_id, READ)
    path = f"/api/v1/users/{instance.alice.user_id}/tokens"

    def last():
        [token] = instance.read(auth.list_tokens, instance.alice.user_id)
        return token["last_used_at"]

    assert last() is None
    now = clock.now().replace(microsecond=0)
    with clock.frozen(now):
        mine.get("/api/v1/records/x_deal")
    with clock.frozen(now + timedelta(minutes=59)):
        mine.get("/api/v1/records/x_deal")
        mine.get(path)
    assert last() == now


# -- how it is made ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scope", "code", "field"),
    [
        ({}, "required", "scope"),
        ({"x_dael": ["read"]}, "type_unknown", "scope.x_dael"),
        ({"x_deal": ["read", "erase"]}, "scope_action_unknown", "scope.x_deal"),
        ({"x_deal": ["create"]}, "scope_without_read", "scope.x_deal"),
        ({"x_deal": ["read", "admin"]}, "scope_action_unknown", "scope.x_deal"),
        ({"x_deal": ["read", "desk.use"]}, "scope_action_unknown", "scope.x_deal"),
        ({"*": ["Desk.Use"]}, "scope_action_unknown", "scope.*"),
        ({f"x_{n}": [] for n in range(101)}, "scope_too_many_types", "scope"),
    ],
    ids=str,
)
def test_a_scope_names_types_and_actions_that_are_there(instance, office, scope, code, field):
    with pytest.raises(Invalid) as caught:
        instance.write(auth.make_token, instance.alice.user_id, "t", None, scope=scope)
    [problem] = caught.value.problems
    assert (problem.code, problem.field) == (code, field)
    assert instance.read(auth.list_tokens, instance.alice.user_id) == []


def test_it_is_made_over_http_and_on_the_machine_and_is_listed(instance, office, refused):
    alice = instance.client(instance.alice)
    path = f"/api/v1/users/{instance.alice.user_id}/tokens"
    scope = {"x_deal": ["create", "read"], "*": ["desk.use", "read"]}
    assert alice.post(path, json={"name": "http", "scope": scope}).status_code == 201
    refused(alice.post(path, json={"name": "x", "scope": {"x_deal": "read"}}), 422, "invalid")
    relatum = Shell(serve.environment(instance.config))
    words = ["tokens", "create", "cli", "--user", "alice@example.org"]
    relatum.said(*words, "--scope", "x_deal: read, create", "--scope", "x_firm:")
    found = {each["name"]: each["scope"] for each in alice.get(path).get_json()["tokens"]}
    assert found == {"test": None, "http": scope,
                     "cli": {"x_deal": ["create", "read"], "x_firm": []}}  # fmt: skip
    shown = relatum.said("tokens", "list", "--user", "alice@example.org")
    assert "x_deal:create,read x_firm:" in shown


def test_a_line_without_actions_closes_its_type(instance, office):
    token = narrow(instance, instance.alice.user_id, {"*": ["read"], "x_firm": []})
    with instance.reading():
        assert "x_firm" not in access.seen(token).types
        assert "x_deal" in access.seen(token).types
        assert code_of(query.from_json, "x_firm", {}, actor=token) == "type_unknown"

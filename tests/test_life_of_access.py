"""What ends a session, a token or a right ends it at once: at every door, in every process.

Bob asks a server in processes of its own; what ends his rights is written by this one. The next
request obeys, as do a job that acts for him, the feed, and a file that is being sent.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, NamedTuple

import pyotp
import pytest
import sqlalchemy as sa

from relatum.core import auth, clock, db, jobs, records, roles, serve
from relatum.core.actor import Actor
from relatum.core.auth import second_factor
from relatum.core.errors import RelatumError
from relatum.plugins.transfer import exporting

from .counting import run
from .instances import prepared
from .test_schemathesis import serving

PRESET: Final = "all"
LINE: Final = {"read": "team", "update": "team", "delete": "team", "export": "team", "bulk": "team"}


class Bob(NamedTuple):
    """Bob's credentials, and a record of his team's."""

    id: int
    team: int
    other: int
    cookie: str
    csrf: str
    token: str
    token_id: int
    thing: int


@prepared
def bob(instance):
    instance.make_type("x_thing", {"name": "name", "kind": "text", "required": True})
    given = {"types": {"x_thing": LINE}, "permissions": ["desk.use", "transfer.export"]}
    instance.write(roles.save, "teamwork", given)
    north, south = (instance.create("team", {"name": name})[0] for name in ("North", "South"))
    me = instance.bob.user_id
    instance.write(records.update, "user", [{"id": me, "team": north}])
    instance.write(roles.hold, "user", me, ["teamwork"])
    [thing] = instance.create("x_thing", {"name": "a thing"})
    instance.write(records.update, "x_thing", [{"id": thing, "team": north}])
    token_id, token = instance.write(auth.make_token, me, "his", 30)
    with instance.app.app_context():
        session = db.transact(lambda: auth.sign_in(me))
    return Bob(me, north, south, session.cookie, session.csrf, token, token_id, thing)


# -- doors ----------------------------------------------------------------------------------------
def ask(port: int, bob: Bob, path: str, door: str) -> tuple[int, str]:
    """Ask the server for something as bob."""
    headers = {"Accept": "text/html" if not path.startswith("/api") else "application/json"}
    headers |= (
        {"Authorization": f"Bearer {bob.token}"} if door == "token"
        else {"Cookie": f"relatum_session={bob.cookie}"}
    )  # fmt: skip
    connection = http.client.HTTPConnection(serve.LOOPBACK, port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    told = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, told


def seen(port: int, bob: Bob) -> dict[str, bool]:
    """Return at which doors bob sees the thing."""
    found = {}
    for door in ("cookie", "token"):
        _, told = ask(port, bob, "/api/v1/records/x_thing", door)
        found[f"list by {door}"] = "a thing" in told
        _, told = ask(port, bob, "/api/v1/changes?since=0&type=x_thing", door)
        found[f"feed by {door}"] = "a thing" in told
        _, told = ask(port, bob, "/api/x/transfer/export/x_thing", door)
        found[f"file by {door}"] = "a thing" in told
    _, told = ask(port, bob, f"/records/x_thing/{bob.thing}", "cookie")
    found["page"] = "a thing" in told
    return found


# -- what ends ------------------------------------------------------------------------------------
def _disabled(instance: Any, bob: Bob) -> None:
    instance.write(records.update, "user", [{"id": bob.id, "active": False}])


def _team(instance: Any, bob: Bob) -> None:
    instance.write(records.update, "user", [{"id": bob.id, "team": bob.other}])


def _role(instance: Any, _: Bob) -> None:
    instance.write(roles.save, "teamwork", {"types": {"x_thing": {}}})


def _sql(statement: str) -> Callable[[Any, Bob], Any]:
    def change(instance: Any, bob: Bob) -> None:
        past = clock.now() - timedelta(hours=1)
        with instance.app.app_context(), db.engine().begin() as connection:
            given = past if instance.dialect == "postgresql" else int(past.timestamp() * 1_000_000)
            connection.execute(sa.text(statement), {"past": given, "bob": bob.id})

    return change


def _password(instance: Any, bob: Bob) -> None:
    secret = auth.hash_password("quite another password")
    instance.write(auth.set_password, bob.id, secret)


def _second_factor(instance: Any, bob: Bob) -> None:
    himself = Actor(user_id=bob.id)
    made = instance.write(second_factor.set_up, actor=himself)
    code = pyotp.TOTP(made.secret).now()
    instance.write(second_factor.confirm, code, actor=himself, keep=bob.cookie)
    instance.write(second_factor.reset, bob.id)


def _sign_out(instance: Any, bob: Bob) -> None:
    with instance.app.app_context():
        db.transact(lambda: auth.sign_out(bob.cookie))


EVENTS: Final[dict[str, tuple[Callable[[Any, Bob], Any], set[str]]]] = {
    "sign-out": (_sign_out, {"cookie"}),
    "another password": (_password, {"cookie"}),
    "second factor reset": (_second_factor, {"cookie"}),
    "session over": (
        _sql("UPDATE core_session SET expires_at = :past WHERE user_id = :bob"), {"cookie"}
    ),
    "token revoked": (
        lambda instance, bob: instance.write(auth.revoke_token, bob.token_id), {"token"}
    ),
    "token over": (
        _sql("UPDATE core_token SET expires_at = :past WHERE user_id = :bob"), {"token"}
    ),
    "disabled": (_disabled, {"cookie", "token"}),
    "in the trash": (
        lambda instance, bob: instance.write(records.delete, "user", [{"id": bob.id}]),
        {"cookie", "token"},
    ),
    "role taken": (
        lambda instance, bob: instance.write(roles.hold, "user", bob.id, []), {"cookie", "token"}
    ),
    "role changed": (_role, {"cookie", "token"}),
    "another team": (_team, {"cookie", "token"}),
}  # fmt: skip


@pytest.fixture
def server(instance, config):
    with serving(config, workers=1) as port:
        yield port


def test_what_ends_a_way_in_ends_it_at_once_in_another_process(instance, bob, server):
    """One server for all: each event begins with somebody new."""
    wrong = []
    for name, (event, ended) in EVENTS.items():
        mine = fresh(instance, bob)
        before = seen(server, mine)
        assert all(before.values()), (name, before)
        event(instance, mine)
        after = seen(server, mine)
        wanted = {door: ("token" if "token" in door else "cookie") not in ended for door in after}
        if after != wanted:
            wrong.append((name, {door for door in after if after[door] != wanted[door]}))
        instance.write(roles.save, "teamwork", {"types": {"x_thing": LINE}})
    assert not wrong, wrong


def fresh(instance: Any, bob: Bob) -> Bob:
    """Return somebody new who is as bob was."""
    [me] = instance.create("user", {"name": "Bob", "team": bob.team})
    instance.write(roles.hold, "user", me, ["teamwork"])
    token_id, token = instance.write(auth.make_token, me, "his", 30)
    with instance.app.app_context():
        session = db.transact(lambda: auth.sign_in(me))
    return bob._replace(
        id=me, cookie=session.cookie, csrf=session.csrf, token=token, token_id=token_id
    )


def test_an_administrator_who_is_none_any_more_sees_what_he_may(instance, bob, server):
    mine = fresh(instance, bob)
    instance.write(roles.hold, "user", mine.id, [])
    instance.write(records.update, "user", [{"id": mine.id, "admin": True}])
    assert all(seen(server, mine).values())
    assert ask(server, mine, "/api/v1/roles", "token")[0] == 200
    instance.write(records.update, "user", [{"id": mine.id, "admin": False}])
    assert not any(seen(server, mine).values())
    assert ask(server, mine, "/api/v1/roles", "token")[0] == 403


def test_a_session_is_a_new_one_at_each_sign_in_and_the_old_one_stays(instance, bob):
    """Somebody may be signed in on two machines; a new password ends both but the one in use."""
    with instance.app.app_context():
        again = db.transact(lambda: auth.sign_in(bob.id))
    assert {again.cookie, again.csrf}.isdisjoint({bob.cookie, bob.csrf})
    for cookie in (bob.cookie, again.cookie):
        assert instance.read(_who, cookie) == bob.id
    _password(instance, bob)
    for cookie in (bob.cookie, again.cookie):
        with pytest.raises(RelatumError):
            instance.read(_who, cookie)


def _who(cookie: str, *, actor: Actor) -> int | None:
    return auth.actor_of_session(cookie)[0].user_id


# -- what goes on for a while ---------------------------------------------------------------------
def acting(instance: Any, bob: Bob) -> Actor:
    with instance.reading():
        return auth.actor_of_token(bob.token)


@pytest.mark.parametrize("event", ["disabled", "in the trash", "role taken", "another team"])
def test_a_job_does_only_what_its_user_may_when_it_runs(instance, bob, event):
    asked = {"type": "x_thing", "ids": [bob.thing], "values": {"name": "changed"}}
    job = instance.write(jobs.enqueue, "bulk_update", asked, actor=acting(instance, bob))
    EVENTS[event][0](instance, bob)
    run(instance, job)
    assert instance.get("x_thing", bob.thing)["name"] == "a thing"


@pytest.mark.parametrize("event", ["disabled", "in the trash", "role taken", "another team"])
@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_file_that_is_being_sent_holds_nothing_from_then_on(
    instance, bob, event, form, monkeypatch
):
    monkeypatch.setattr(exporting, "PAGE", 2)
    made = instance.create("x_thing", *({"name": f"thing {n}"} for n in range(6)))
    instance.write(records.update, "x_thing", [{"id": id_, "team": bob.team} for id_ in made])
    who = acting(instance, bob)
    with instance.reading():
        file = exporting.Export("x_thing", [], form, actor=who).stream()
    with instance.app.app_context():
        pieces = [next(file)]
        EVENTS[event][0](instance, bob)
        try:
            pieces += list(file)
        except RelatumError as error:
            assert error.code in ("not_signed_in", "forbidden", "type_unknown")
    told = b"".join(pieces).decode()
    assert "thing 0" in told
    assert "thing 1" not in told
    assert json.dumps("thing 5") not in told

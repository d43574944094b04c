"""`relatum demo`: one command gives a served instance whose data make sense."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from datetime import date
from typing import Any

import orjson
import pytest

from relatum.core import catalog, clock, db, demo, doctor, faults, serve
from relatum.core.app import create_app
from relatum.core.config import load

from . import homes, nursery
from .homes import Shell


@pytest.fixture
def environment(database, tmp_path):
    """Return the environment of an instance that is not there yet."""
    with homes.bare(database, tmp_path / "instance") as made:
        yield made
        db.dispose(load(environ=made))


@contextmanager
def started(environment, *words):
    """Start a demonstration and give what it prints, once it answers."""
    server = subprocess.Popen(
        [nursery.command(), "demo", "--preset", "bare", *words],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    said = ""
    while "Ctrl+C" not in said:
        line = server.stdout.readline()
        assert line, f"it ended after: {said}"
        said += line
    try:
        yield said
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
        assert server.returncode == 0


def port():
    return str(serve.free_port(serve.LOOPBACK, 26_000 + os.getpid() % 6_000))


def shown(said, name):
    found = re.search(rf"^ +{name} +(.+)$", said, re.MULTILINE)
    assert found, said
    return found[1]


def fetched(address, **headers):
    """Return status and body of an address."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, headers=headers), timeout=10
        ) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def carried_out(curl):
    """Return the JSON that a printed curl command answers."""
    if shutil.which("curl"):
        done = subprocess.run(
            f"{curl} --silent --fail", shell=True, check=True, capture_output=True
        )
        return orjson.loads(done.stdout)
    _, _, header, address = shlex.split(curl)
    name, _, value = header.partition(": ")
    return orjson.loads(fetched(address, **{name: value})[1])


def test_the_first_start_prints_what_lets_a_person_in(environment):
    with started(environment, "--port", port()) as said:
        address = shown(said, "Address")
        assert fetched(f"{address}/api/v1/health")[0] == 200
        assert fetched(shown(said, "Sign in"))[0] == 200
        sent = {"email": shown(said, "E-mail"), "password": shown(said, "Password")}
        request = urllib.request.Request(
            f"{address}/api/v1/session",
            data=orjson.dumps(sent),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status in (200, 201)
        found = carried_out(shown(said, "Try"))["records"]
        assert len(found) == 5
        assert all(deal["company.name"] for deal in found)


def test_the_second_start_makes_nothing_anew_and_gives_new_keys(environment):
    with started(environment, "--port", port()) as said:
        first = said
        assert "Make an instance" in said
    with started(environment, "--port", port()) as said:
        assert "Make an instance" not in said
        assert carried_out(shown(said, "Try"))["records"]
        assert shown(said, "Sign in") != shown(first, "Sign in")
        assert f"relatum users set-password {demo.ADMIN_EMAIL}" in said
        assert shown(first, "Password") not in said


def test_a_taken_port_gives_the_next_free_one_and_says_so(environment):
    with closing(socket.create_server((serve.LOOPBACK, 0))) as listener:
        taken = listener.getsockname()[1]
        with started(environment, "--port", str(taken)) as said:
            assert f"Port {taken} is in use" in said
            assert fetched(f"{shown(said, 'Address')}/api/v1/health")[0] == 200
            assert f":{taken}" not in shown(said, "Address")


def test_an_instance_of_ones_own_is_served_as_it_is(config):
    with started(serve.environment(config), "--port", port()) as said:
        assert shown(said, "E-mail") == "alice@example.org"
        names = [user["name"] for user in carried_out(shown(said, "Try"))["records"]]
    assert names == ["Alice", "Bob", "Charlie"]


@pytest.mark.fault
@pytest.mark.parametrize("point", ["apply.after_ddl", "apply.after_rows", "apply.after_indexes"])
def test_a_first_start_that_is_killed_leaves_nothing_and_the_next_one_is_whole(environment, point):
    assert point in faults.POINTS
    killed = subprocess.run(
        [nursery.command(), "demo", "--preset", "bare", "--port", port()],
        env=os.environ | environment | {"RELATUM_FAULTS": f"{point}=kill"},
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL
    assert Shell(environment).error("users", "list").startswith("not_initialised: ")
    with started(environment, "--port", port()):
        assert Shell(environment).json("doctor")["findings"] == []


# -- the data -------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def klarwerk(request, tmp_path_factory):
    """Return a way to ask the API of the demonstration."""
    with homes.bare(request.param, tmp_path_factory.mktemp("klarwerk")) as made:
        config = load(environ=made)
        app = create_app(config)
        with app.app_context():
            demo.found()
            with db.reading():
                today = clock.today(catalog.current().zone)
            assert doctor.examine() == []
        token = Shell(made).json("tokens", "create", "t", "--user", demo.ADMIN_EMAIL)["token"]
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"

        def ask(type_name: str, **words: str) -> list[dict[str, Any]]:
            answer = client.get(
                f"/api/v1/records/{type_name}", query_string={"_limit": "500", **words}
            )
            assert answer.status_code == 200, answer.text
            found: list[dict[str, Any]] = orjson.loads(answer.data)["records"]
            return found

        yield ask, today
        db.dispose(config)


def test_every_type_has_enough_records_to_look_at(klarwerk):
    ask, _ = klarwerk
    counts = {name: len(ask(name)) for name in ("x_company", "x_person", "x_deal", "x_ticket")}
    assert all(30 <= count <= 200 for count in counts.values()), counts
    assert len(ask("user")) == len(demo.USERS) + 1


def test_open_deals_close_in_the_future_and_decided_ones_closed_in_the_past(klarwerk):
    ask, today = klarwerk
    for deal in ask("x_deal", _fields="stage,opened,closes"):
        is_open = deal["stage"] not in ("won", "lost")
        assert (date.fromisoformat(deal["closes"]) > today) == is_open
        assert deal["opened"] <= min(deal["closes"], today.isoformat())


def test_a_customer_has_won_deals_and_is_one_since_the_first(klarwerk):
    ask, _ = klarwerk
    won: dict[int, list[str]] = {}
    for deal in ask("x_deal", stage="won"):
        won.setdefault(deal["company"], []).append(deal["closes"])
    for company in ask("x_company"):
        first = min(won.get(company["id"], []), default=None)
        assert company["customer_since"] == first
        assert (company["status"] == "customer") == (first is not None)


def test_people_deals_and_tickets_belong_together(klarwerk):
    ask, _ = klarwerk
    fields = "company,contact.company,owner,company.owner,owner.team.name"
    for deal in ask("x_deal", _fields=fields):
        assert deal["contact.company"] == deal["company"]
        assert deal["owner"] == deal["company.owner"]
        assert deal["owner.team.name"].startswith("Sales ")
    fields = "company,reported_by.company,company.customer_since,opened,solved,state"
    for ticket in ask("x_ticket", _fields=fields):
        assert ticket["reported_by.company"] == ticket["company"]
        assert ticket["company.customer_since"] <= ticket["opened"][:10]
        assert (ticket["solved"] is not None) == (ticket["state"] == "solved")
        assert ticket["solved"] is None or ticket["solved"] > ticket["opened"]


def test_nothing_happens_after_now(klarwerk):
    ask, _ = klarwerk
    moments = [t[n] for t in ask("x_ticket") for n in ("opened", "solved") if t[n]]
    assert max(moments) <= clock.now().isoformat()


@pytest.mark.parametrize("day", ["2024-02-29", "2026-12-31", "2027-01-01"])
def test_the_story_is_coherent_on_any_day(day):
    from relatum.core.demo.story import Story

    ids = iter(range(1, 10_000))
    story = Story(date.fromisoformat(day), {team: [next(ids), next(ids)] for team, _ in demo.TEAMS})
    story.companies = [next(ids) for _ in story.company_rows()]
    story.people = [next(ids) for _ in story.person_rows()]
    assert all(row["closes"] < day for row in story.deal_rows() if row["stage"] == "won")
    assert all(row["opened"][:10] <= day for row in story.ticket_rows())

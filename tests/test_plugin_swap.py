"""Plugins are enabled and disabled while an instance serves: no request fails, none is stale."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import replace
from io import BytesIO

import pytest

from relatum.core import auth, db, newest, plugin_host, records
from relatum.core.config import Config
from relatum.core.dispatch import Application, _Body
from relatum.core.errors import RelatumError

from .instances import prepared
from .plugged import (
    client,
    disable,
    enable,
    own,
    put,
    served,
    small,
    token_of,
    with_loyalty,
)
from .test_schemathesis import serving

HELLO = "/x/loyalty/hello"


@prepared
def loyal(instance):
    """Return an instance with companies and loyalty cards."""
    with_loyalty(instance)


@pytest.fixture
def application(loyal):
    """Return the application of the instance, as a server calls it."""
    with served(loyal) as made:
        yield made


def test_a_page_answers_until_its_plugin_is_disabled_and_then_says_so(loyal, application):
    anybody = client(application)
    assert anybody.get(HELLO).text == "Hello from loyalty 1.0.0"
    disable(loyal, "loyalty")
    gone = anybody.get(HELLO)
    assert (gone.status_code, gone.json["code"]) == (404, "plugin_off")
    assert "plugin 'loyalty', which is disabled" in gone.json["detail"]
    enable(loyal, "loyalty")
    assert anybody.get(HELLO).status_code == 200


def test_enabling_by_the_api_is_served_by_the_next_request_of_every_worker(loyal, application):
    disable(loyal, "loyalty")
    token = token_of(loyal)
    with served(loyal) as other:
        assert client(other, token).get("/api/v1/plugins").status_code == 200
        planned = client(application, token).post("/api/v1/plugins/loyalty/enable?_plan=1").json
        assert (planned["applied"], planned["action"]) == (False, "enable")
        url = f"/api/v1/plugins/loyalty/enable?_expect={planned['plan']}"
        answer = client(application, token).post(url)
        assert (answer.status_code, answer.json["applied"]) == (200, True), answer.text
        generation = answer.headers["Relatum-Generation"]
        for worker in (application, other):
            assert client(worker, token).get("/api/x/loyalty/count").json == {"count": 0}
            assert worker.generation == int(generation)


def test_who_has_seen_a_newer_set_is_not_answered_by_an_older_one(loyal, application):
    pages = client(application)
    assert pages.get("/help/").status_code == 200
    before = application.generation
    disable(loyal, "loyalty")
    pages.get("/help/", headers={"Relatum-Generation": str(before + 1)})
    assert application.generation == before + 1


def test_routes_ask_for_what_they_declare(loyal, application):
    count = "/api/x/loyalty/count"
    assert client(application).get(count).json["code"] == "not_signed_in"
    assert client(application, token_of(loyal)).get(count).json == {"count": 0}
    _, bobs = loyal.write(auth.make_token, loyal.bob.user_id, "test", None)
    refused = client(application, bobs).get(count)
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


def test_a_request_that_comes_too_late_is_run_again_with_its_body(loyal, application):
    token = token_of(loyal)
    assert client(application, token).get("/api/v1/plugins").status_code == 200
    disable(loyal, "loyalty")
    row = {"name": "Ä" * 100}
    made = client(application, token).post("/api/v1/records/x_company", json=row)
    assert made.status_code == 201, made.text
    assert loyal.sql("SELECT count(*) AS n FROM x_company")[0].n == 1


def test_what_has_committed_is_never_run_again(loyal, application):
    put(loyal, "small", small("small"))
    client(application).get(HELLO)
    with application.newest.app.app_context():
        db.transact(lambda: records.create("x_company", [{"name": "A"}], actor=loyal.alice))
        enable_elsewhere = threading.Thread(target=enable, args=(loyal, "small"))
        enable_elsewhere.start()
        enable_elsewhere.join()
        with db.reading():
            pass
    with application.newest.app.app_context(), pytest.raises(db.Stale), db.reading():
        pass


def test_a_plugin_that_can_not_be_mounted_is_left_out_and_the_rest_serves(loyal, application):
    text = (
        "from flask import Blueprint\nfrom relatum import Routes, requires\n"
        "pages = Blueprint('pages', __name__)\n"
        "@pages.get('/here')\n@requires(public=True)\ndef here(): return 'here'\n"
        "@hookimpl\ndef relatum_routes(): return Routes(pages=pages)\n"
    )
    put(loyal, "broken", small("broken", text))
    enable(loyal, "broken")
    assert client(application).get("/x/broken/here").text == "here"
    put(loyal, "broken", small("broken", "raise SystemExit('not today')\n"))
    enable_and_disable = (disable, enable)
    for verb in enable_and_disable:
        verb(loyal, "loyalty")
    assert client(application).get(HELLO).status_code == 200
    off = client(application).get("/x/broken/here")
    assert (off.status_code, off.json["code"]) == (404, "plugin_off")
    application.close()
    fault = loyal.read(plugin_host.show, "broken")
    assert (fault["state"], fault["fault"]) == ("enabled", "quarantined")
    assert "not today" in fault["reason"]


@pytest.mark.parametrize(
    ("routes", "reason"),
    [
        ("@pages.get('/open')\ndef view(): ...", "does not say who may use it"),
        ("@pages.get('/open')\n@requires('broken.no')\ndef view(): ...", "is not declared"),
        ("@pages.before_request\ndef early(): ...", "before it is known who asks"),
        ("@pages.before_app_request\ndef early(): ...", "changes requests"),
        ("@pages.app_errorhandler(404)\ndef lost(e): ...", "changes requests"),
        (
            "@pages.get('/a')\n@requires(public=True)\ndef a(): ...\n"
            "@pages.get('/a')\n@requires(public=True)\ndef b(): ...",
            "two views answer GET /x/broken/a",
        ),
    ],
)
def test_routes_that_break_a_rule_are_refused(instance, routes, reason):
    text = (
        "from flask import Blueprint\nfrom relatum import Routes, requires\n"
        f"pages = Blueprint('pages', __name__)\n{routes}\n"
        "@hookimpl\ndef relatum_routes(): return Routes(pages=pages)\n"
    )
    put(instance, "broken", small("broken", text))
    with pytest.raises(RelatumError, match=reason):
        enable(instance, "broken")


def test_a_set_that_could_not_be_built_is_tried_again(loyal, application, monkeypatch, caplog):
    assert client(application).get(HELLO).status_code == 200
    token, working = token_of(loyal), application.newest._made
    monkeypatch.setattr(application.newest, "_made", lambda _loaded: 1 / 0)
    disable(loyal, "loyalty")
    assert client(application, token).get("/api/v1/records/x_company").status_code == 200
    assert client(application).get(HELLO).status_code == 200
    assert "can't be built" in caplog.text
    monkeypatch.setattr(application.newest, "_made", working)
    monkeypatch.setattr(newest, "AGAIN_EVERY", 0.0)
    assert client(application).get(HELLO).status_code == 404


def test_safe_mode_runs_no_plugin_and_forgets_none(loyal):
    with loyal.configured(safe_mode=1):
        made = Application(loyal.app.extensions["relatum"])
        off = client(made).get(HELLO)
        assert (off.status_code, off.json["code"]) == (404, "plugin_off")
        assert "safe mode is on" in off.json["detail"]
        made.close()
    [found] = own(loyal.read(plugin_host.list_plugins))
    assert (found["state"], found["fault"]) == ("enabled", None)


def test_without_a_database_it_answers_as_before(tmp_path):
    made = Application(Config(home=tmp_path / "none", database_url="postgresql://127.0.0.1:1/x"))
    answer = client(made).get("/api/v1/health")
    assert (answer.status_code, answer.json["code"]) == (503, "database_gone")
    made.close()


def test_a_body_is_read_again_whatever_the_way_of_reading():
    body = _Body(BytesIO(b"one\ntwo\nthree"))
    assert (body.read(2), body.readline()) == (b"on", b"e\n")
    body.rewind()
    assert (body.readlines(), body.read()) == ([b"one\n", b"two\n", b"three"], b"")
    body.rewind()
    assert (body.read(5), body.read(-1)) == (b"one\nt", b"wo\nthree")


TOGGLES = 20
WORKERS = 3


def test_twenty_toggles_under_load_fail_no_request(loyal):
    put(loyal, "small", small("small"))
    token = token_of(loyal)
    # How long a write waits is not what this is about, and machines differ.
    patient = replace(loyal.config, busy_timeout=60.0)
    workers = [Application(patient) for _ in range(WORKERS)]
    done = threading.Event()
    failed: list[tuple[int, str]] = []
    latest: list[int] = []

    def load(worker, number):
        mine = client(worker, token)
        count = 0
        while not done.is_set():
            count += 1
            row = {"name": f"{number}-{count}"}
            answers = [
                mine.get("/api/v1/records/x_company?_limit=5"),
                mine.post("/api/v1/records/x_company", data=json.dumps(row),
                          content_type="application/json"),
                mine.get(HELLO),
            ]  # fmt: skip
            failed.extend((a.status_code, a.text) for a in answers if a.status_code >= 300)
        latest.append(count)

    threads = [
        threading.Thread(target=load, args=(worker, number))
        for number, worker in enumerate(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        for number in range(TOGGLES):
            (disable if number % 2 else enable)(loyal, "small")
            time.sleep(0.05)
    finally:
        done.set()
        for thread in threads:
            thread.join()
        for worker in workers:
            worker.close()
    assert failed == []
    assert loyal.sql("SELECT count(*) AS n FROM x_company")[0].n == sum(latest)
    assert all(client(worker).get(HELLO).status_code == 200 for worker in workers)
    for worker in workers:
        worker.close()
    [epoch] = loyal.sql("SELECT plugins FROM core_epoch")
    assert [worker.generation for worker in workers] == [epoch.plugins] * WORKERS


@pytest.mark.slow
def test_a_server_of_three_workers_is_toggled_without_a_failed_or_a_stale_answer(loyal):
    token = token_of(loyal)
    counted: list[int] = []
    with serving(loyal.config, workers=WORKERS) as port:
        ask = _asking(port, token)
        done = threading.Event()
        threads = [
            threading.Thread(target=_load, args=(_asking(port, token), done, counted))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        delays = []
        for number in range(TOGGLES):
            verb = "enable" if number % 2 else "disable"
            status, seen = ask("POST", f"/api/v1/plugins/loyalty/{verb}")
            assert status == 200
            begun = time.monotonic()
            for _ in range(6):
                # Whoever toggled sees it at once, whichever worker answers.
                wanted = 200 if verb == "enable" else 404
                assert ask("GET", HELLO, {"Relatum-Generation": seen})[0] == wanted
            delays.append(time.monotonic() - begun)
            time.sleep(0.1)
        done.set()
        for thread in threads:
            thread.join()
        serving_now = loyal.read(plugin_host.show, "loyalty")["workers"]["processes"]
        assert [each["kind"] for each in serving_now].count("web") == WORKERS
    assert len(counted) == 4 and min(counted) > TOGGLES
    assert max(delays) < 6 * 2


def _asking(port, token):
    """Return a way to ask the server, by a connection of its own per request."""

    def ask(method, path, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, answer.getheader("Relatum-Generation")

    return ask


def _load(ask, done, counted):
    """Read and write until told to stop; an answer that is none ends it without a count."""
    count = 0
    while not done.is_set():
        count += 1
        assert ask("GET", "/api/v1/records/x_company?_limit=5")[0] == 200
        row = json.dumps({"name": str(count)})
        assert ask("POST", "/api/v1/records/x_company", body=row)[0] == 201
        assert ask("GET", "/help/")[0] == 200
    counted.append(count)


def test_the_first_application_never_takes_the_place_of_a_newer_one(instance, monkeypatch):
    """Two first requests at once: one makes the application without plugins, one the real one."""
    held = newest.Newest(instance.config)
    begun, go_on, make = threading.Event(), threading.Event(), held._made

    def made(loaded):
        if loaded.generation == 0:
            begun.set()
            go_on.wait(10)
        return make(loaded)

    monkeypatch.setattr(held, "_made", made)
    first = threading.Thread(target=lambda: held.app)
    second = threading.Thread(target=held.build, args=(held.epoch(),))
    first.start()
    assert begun.wait(10)
    second.start()
    second.join(0.5)
    go_on.set()
    first.join()
    second.join()
    assert held.generation > 0
    assert held.app.extensions["relatum.plugins"].generation == held.generation

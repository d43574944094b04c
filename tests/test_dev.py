"""`relatum serve --dev`: what is saved is served, what fails is shown with whose code it is."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relatum.core import devel, plugin_host, serve
from relatum.core.dispatch import Application
from relatum.core.errors import RelatumError
from relatum.core.plugin_host import Development

from .instances import prepared
from .plugged import client, enable, put, small, token_of
from .workers import until

PAGES = """
from flask import Blueprint, render_template
from relatum import Routes, requires
pages = Blueprint("pages", __name__, template_folder="templates")

@pages.get("/word")
@requires(public=True)
def word():
    return answer()

@hookimpl
def relatum_routes():
    return Routes(pages=pages)

def answer():
    return {answer}
"""
WORD = "/x/small/word"
HTML = {"Accept": "text/html"}


@prepared
def with_small(instance):
    """Return an instance with companies, and a plugin with a page."""
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    save(instance, "'one'")
    enable(instance, "small")


def save(instance, answer, more=""):
    put(instance, "small", small("small", PAGES.format(answer=answer) + more))


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(devel, "_LOOK_MS", 50)
    monkeypatch.setattr(devel, "_LOOK", 0.05)


@pytest.fixture(params=[False, True], ids=["watchfiles", "polling"])
def follows(request, monkeypatch):
    """Follow files by either way."""
    if request.param:
        monkeypatch.setattr(devel, "_watch", None)


@pytest.fixture
def application(with_small):
    """Return an application for developers that follows what they save."""
    made = Application(with_small.config, beating=True)
    made.develop()
    assert client(made).get(WORD).text == "one"
    assert made.heart.first.wait(10)
    yield made
    made.close()


def word(application):
    return client(application).get(WORD).text


@pytest.mark.usefixtures("follows")
def test_what_is_saved_is_served_and_a_mistake_leaves_the_last_good_one(with_small):
    application = Application(with_small.config, beating=True)
    development = application.develop()
    try:
        assert word(application) == "one"
        save(with_small, "'two'")
        until(lambda: word(application) == "two")
        save(with_small, "'two")
        until(lambda: "unterminated string" in development.problems.get("small", ""))
        assert word(application) == "two"
        save(with_small, "'three'")
        until(lambda: word(application) == "three")
        until(lambda: not development.problems)
    finally:
        application.close()


@pytest.mark.usefixtures("follows")
def test_what_is_taken_away_and_put_back_while_plugins_are_looked_for_is_served(
    with_small, monkeypatch
):
    saving, look = threading.Event(), devel.Watch._places

    def saved_meanwhile(watch):
        if not saving.is_set():
            return look(watch)
        saving.clear()
        (with_small.config.home / "plugins" / "small.py").unlink()
        found = look(watch)
        save(with_small, "'two'")
        return found

    monkeypatch.setattr(devel.Watch, "_places", saved_meanwhile)
    application = Application(with_small.config, beating=True)
    application.develop()
    try:
        assert word(application) == "one"
        saving.set()
        until(lambda: word(application) == "two")
    finally:
        application.close()


@pytest.mark.usefixtures("follows")
def test_a_place_that_goes_away_before_it_is_followed_ends_nothing(with_small, monkeypatch):
    look, looks = devel.Watch._places, itertools.count()

    def gone(watch):
        found = look(watch)
        if next(looks) == 1:  # the first look of the thread
            (with_small.config.home / "plugins" / "small.py").unlink()
        return found

    monkeypatch.setattr(devel.Watch, "_places", gone)
    application = Application(with_small.config, beating=True)
    assert word(application) == "one"
    development = application.develop()
    try:
        until(lambda: "small" in development.problems)
        save(with_small, "'two'")
        until(lambda: word(application) == "two")
    finally:
        application.close()


@pytest.mark.parametrize("error", [OSError("OS file watch limit reached"), RuntimeError("inner")])
def test_files_that_can_not_be_followed_are_looked_at(with_small, monkeypatch, error):
    def refused(*places: Path, **options: Any) -> Iterator[set[tuple[int, str]]]:
        yield from ()
        raise error

    monkeypatch.setattr(devel, "_watch", refused)
    monkeypatch.setattr(devel, "_LOOK", 0.05)
    application = Application(with_small.config, beating=True)
    application.develop()
    try:
        assert word(application) == "one"
        save(with_small, "'two'")
        until(lambda: word(application) == "two")
    finally:
        application.close()


def test_a_failure_is_answered_with_plugin_hook_and_traceback(with_small, application):
    save(with_small, "1 / 0")
    pages = client(application)
    shown = until(lambda: (found := pages.get(WORD, headers=HTML)).status_code == 500 and found)
    assert "plugin small, in word (small.py, line" in shown.text
    assert "ZeroDivisionError" in shown.text and "return 1 / 0" in shown.text


def test_a_hook_that_fails_is_named_over_http(with_small, application):
    more = "\n@hookimpl\ndef relatum_before_write(batch):\n    look_at(batch)\n"
    more += "\ndef look_at(batch):\n    raise KeyError('tier')\n"
    save(with_small, "'two'", more)
    api = client(application, token_of(with_small))
    until(lambda: word(application) == "two")
    told = api.post("/api/v1/records/x_company", json={"name": "A"})
    assert (told.status_code, told.json["code"]) == (500, "hook_failed")
    assert (told.json["plugin"], told.json["hook"]) == ("small", "relatum_before_write")
    assert "KeyError: 'tier'" in told.json["traceback"]


def test_what_declares_something_else_than_is_enabled_says_so(with_small, application):
    fields = "[{'name': 'number', 'kind': 'text'}]"
    declared = f"{{'types': [{{'name': 'small_card', 'label': 'Card', 'fields': {fields}}}]}}"
    save(with_small, "'two'", f"\n@hookimpl\ndef relatum_declare():\n    return {declared}\n")
    problems = application.newest.development.problems
    until(lambda: "relatum plugins enable small" in problems.get("small", ""))
    assert word(application) == "two"


def test_templates_are_read_anew(with_small, application):
    folder = with_small.config.home / "plugins" / "templates" / "small"
    folder.mkdir(parents=True)
    (folder / "word.html").write_text("first")
    save(with_small, "render_template('small/word.html')")
    until(lambda: word(application) == "first")
    (folder / "word.html").write_text("second")
    until(lambda: word(application) == "second")


def test_nobody_else_sees_tracebacks(with_small):
    save(with_small, "1 / 0")
    plain = Application(with_small.config)
    try:
        shown = client(plain).get(WORD)
        assert shown.status_code == 500 and "ZeroDivisionError" not in shown.text
    finally:
        plain.close()


def test_a_slot_of_a_plugin_is_blamed_by_the_function_that_was_called_first(with_small):
    with with_small.app.app_context():
        assert plugin_host.development() is None
        assert plugin_host.blame(ValueError("nobody's")) is None
    assert Development().problems == {}


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])
def test_it_serves_nobody_but_this_machine(with_small, host):
    with pytest.raises(RelatumError) as refused:
        serve.serve(with_small.config, host, dev=True)
    assert refused.value.code == "dev_exposed"

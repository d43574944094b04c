"""What plugins of others are tested with: the fixtures, and that they cost nobody anything else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from relatum.core import mail, plugin_host, records
from relatum.core.errors import RelatumError
from relatum.core.testing.matching import matching
from relatum.core.testing.people import OURS
from relatum.core.testing.subjects import find

from .plugged import small

PAGE = Path(__file__).resolve().parents[1] / "core" / "help" / "testing-plugins.md"
#: A run of pytest that knows nothing but what stands in its folder.
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "relatum.testing", "-p", "no:cacheprovider")


def run(folder, *words, **environment):
    """Run pytest in a folder; return its exit status and what it printed."""
    left_out = {"PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "RELATUM_TEST_POSTGRESQL"}
    given = {k: v for k, v in os.environ.items() if k not in left_out}
    given |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment}
    done = subprocess.run(
        [*PYTEST, *words], cwd=folder, env=given, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


# -- what it costs who does not use it --------------------------------------------------------
def test_a_run_that_asks_for_nothing_loads_nothing(tmp_path):
    (tmp_path / "test_alone.py").write_text(
        "import sys\n"
        "def test_alone():\n"
        "    ours = {n for n in sys.modules if n.split('.')[0] == 'relatum'}\n"
        "    assert ours == {'relatum', 'relatum.testing'}\n"
        "    assert not {'flask', 'sqlalchemy', 'marshmallow'} & set(sys.modules)\n",
        encoding="utf-8",
    )
    status, said = run(tmp_path)
    assert status == 0, said
    assert "1 passed" in said


# -- the example ------------------------------------------------------------------------------
@pytest.mark.slow
def test_the_example_of_the_help_page_passes_its_tests_and_conforms(tmp_path):
    ini, plugin, tests = re.findall(r"```(?:ini|python)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for name, text in (("pytest.ini", ini), ("loyalty.py", plugin), ("test_loyalty.py", tests)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    status, said = run(tmp_path, "-m", "not slow", "-rs")
    assert status == 0, said
    assert re.search(r"\b21 passed, 4 skipped, 2 deselected", said), said


def test_a_wrong_word_in_the_ini_file_says_what_to_write(tmp_path):
    with pytest.raises(ValueError, match="write an id, or the path to its folder or file"):
        find("loyal", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nrelatum_databases = mysql\n")
    _, said = run(tmp_path)
    assert "relatum_databases knows sqlite and postgresql, not mysql" in said


# -- fixtures ---------------------------------------------------------------------------------
def test_people_stand_where_their_names_say(relatum_app, relatum_users):
    relatum_app.make_type("x_asset", {"name": "name", "kind": "text"})
    [asset] = relatum_app.create("x_asset", {"name": "Pump"})
    changed = relatum_app.change("x_asset", asset, actor=relatum_users.bob.actor, name="Hose")
    assert changed["name"] == "Hose"
    for stranger in (relatum_users.charlie, relatum_users.guest):
        with pytest.raises(RelatumError):
            relatum_app.change("x_asset", asset, actor=stranger.actor, name="Mine")
    dora = relatum_users.make("Dora", team=OURS)
    assert relatum_app.change("x_asset", asset, actor=dora.actor, name="Valve")["name"] == "Valve"
    assert relatum_users.alice.actor.admin
    with pytest.raises(LookupError, match="nobody is called Ernst"):
        relatum_users.named("Ernst")


def test_a_client_is_whoever_it_is_asked_to_be(relatum_app, relatum_client):
    relatum_app.make_type("x_asset", {"name": "name", "kind": "text"})
    address = "/api/v1/records/x_asset"
    assert relatum_client.post(address, json={"name": "Pump"}).status_code == 201
    assert relatum_client.of("bob").get(address).status_code == 200
    assert relatum_client.of("bob", reads_only=True).post(address, json={}).status_code == 403
    assert relatum_client.of("guest").get(address).status_code == 403
    assert relatum_client.anonymous().get(address).status_code == 401
    session = relatum_client.signed_in("bob")
    assert session.post(address, json={"name": "Hose"}).status_code == 201
    assert "Pump" in session.get("/records/x_asset").text


def test_records_of_any_type_are_made_with_what_it_requires(relatum_app, relatum_make):
    needs = {"kind": "text", "required": True}
    relatum_app.make_type("x_firm", {"name": "code", **needs, "settings": {"pattern": "[A-Z]{3}"}})
    relatum_app.make_type(
        "x_asset",
        {"name": "number", **needs, "unique": True},
        {"name": "firm", "kind": "lookup", "required": True, "settings": {"target": "x_firm"}},
        {"name": "price", "kind": "money", "required": True, "settings": {"min": "5000"}},
        {"name": "state", "kind": "choice", "required": True, "options": [{"value": "new"}]},
        {"name": "note", "kind": "text"},
    )
    first, second = relatum_make.many("x_asset", 2, note="Mine")
    assert first["number"] != second["number"]
    assert first["firm"] != second["firm"]
    assert (first["state"], first["note"]) == ("new", "Mine")
    assert set(relatum_make.row("x_firm")) == {"code"}


def test_who_asks_for_what_can_not_be_made_is_told_what_to_give(relatum_app, relatum_make):
    never = {"kind": "text", "required": True, "settings": {"pattern": "(?!)"}}
    relatum_app.make_type("x_asset", {"name": "name", **never})
    with pytest.raises(LookupError, match=r"x_asset\.name is known .* give one, name="):
        relatum_make("x_asset")


@pytest.mark.parametrize("pattern", ["[A-Z]{3}", "[A-Z]{2}-[0-9]+", r"(INV|BILL)-\d{4}", "[^a]x?"])
def test_texts_that_match_a_pattern_differ(pattern):
    found = {next(matching(pattern, turn)) for turn in range(1, 6)}
    assert all(re.fullmatch(pattern, each) for each in found)


def test_the_clock_stands_still_moves_and_runs_again(relatum_clock):
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert relatum_clock.freeze(moment) == relatum_clock.now == moment
    assert relatum_clock.move(days=1, hours=2).day == 2
    relatum_clock.release()
    assert relatum_clock.now != relatum_clock.now


def test_mails_are_seen_and_not_sent(relatum_app, relatum_outbox):
    assert len(relatum_outbox) == 0
    for name in ("ada", "bob"):
        words = mail.Words(f"Hello {name}", "A text.")
        relatum_app.write(mail.send, f"{name}@example.org", words)
    assert [each.subject for each in relatum_outbox] == ["Hello ada", "Hello bob"]
    [one] = relatum_outbox.to("Ada@example.org")
    assert (one.text.strip(), one.state) == ("A text.", "kept")
    assert relatum_outbox.last.to == "bob@example.org"


def test_the_next_request_is_served_by_the_next_set_of_plugins(
    relatum_client, relatum_generations, relatum_app
):
    page = (
        "from flask import Blueprint\nfrom relatum import Routes, requires\n"
        "pages = Blueprint('pages', __name__)\n"
        "@pages.get('/word')\n@requires(public=True)\ndef word(): return '{}'\n"
        "@hookimpl\ndef relatum_routes(): return Routes(pages=pages)\n"
    )
    relatum_generations.update(small("small", page.format("one")), "small")
    assert relatum_client.get("/x/small/word").text == "one"
    before = relatum_generations.number
    relatum_generations.update(small("small", page.format("two"), version="2.0"), "small")
    assert relatum_client.get("/x/small/word").text == "two"
    assert relatum_generations.served == relatum_generations.number > before
    relatum_generations.disable("small")
    assert relatum_client.get("/x/small/word").status_code == 404


def test_jobs_run_when_a_test_says_so(relatum_app, relatum_jobs, relatum_clock):
    relatum_clock.freeze()
    relatum_jobs.run_due()
    assert relatum_jobs.run_due() == []
    relatum_clock.move(days=40)
    assert {job["state"] for job in relatum_jobs.run_due()} == {"done"}
    relatum_app.write(records.create, "team", [{"name": "Later"}])
    assert relatum_app.read(plugin_host.list_plugins)

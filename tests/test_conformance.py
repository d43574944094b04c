"""The conformance suite finds what it looks for: a plugin that breaks each promise is told so."""

from __future__ import annotations

import pytest

from relatum.core.testing import Asked, Kit, checks_hooks, importing
from relatum.core.testing import checks_doors as doors
from relatum.core.testing import checks_life as life
from relatum.core.testing import checks_words as words
from relatum.core.testing.bench import Bench, NotAsked, NotConforming

HEAD = """
from relatum import Plugin, Routes, fields, hookimpl, Permission, records, requires, query
plugin = Plugin(id="hostile", name="Hostile", version="1.0", capabilities=["public"])
"""
#: A type that needs a number.
TYPE = """
@hookimpl
def relatum_declare():
    number = {"name": "number", "kind": "text", "required": True}
    return {"types": [{"name": "hostile_card", "label": "Card", "fields": [number, *MORE]}]}
MORE = []
"""


@pytest.fixture(scope="module")
def _kit(tmp_path_factory):
    kit = Kit(Asked(base=tmp_path_factory.mktemp("base")))
    yield kit
    kit.close()


@pytest.fixture
def bench(tmp_path, _kit):
    """Return a way to put the text of a plugin on the bench."""

    def put(text, folder=None):
        path = tmp_path / "hostile"
        path.mkdir()
        code = text if "Plugin(" in text else HEAD + text
        (path / "__init__.py").write_text(code, encoding="utf-8")
        for name, content in (folder or {}).items():
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(content, encoding="utf-8")
        return Bench(_kit, str(path), "sqlite")

    return put


def told(check, bench):
    """Return what a check says against a plugin."""
    with pytest.raises(NotConforming) as caught:
        check(bench)
    return str(caught.value)


def test_importing_it_is_watched(bench, monkeypatch):
    monkeypatch.setenv("HOSTILE", "0")
    text = (
        "import os, socket, sqlite3, threading\n"
        "os.environ['HOSTILE'] = '1'\n"
        "open(os.path.join(os.path.dirname(__file__), 'log.txt'), 'w').close()\n"
        "sqlite3.connect(':memory:').close()\n"
        "with socket.socket() as s: s.bind(('127.0.0.1', 0))\n"
        "threading.Thread(target=str).start()\n"
    )
    watched = "\n".join(importing.watched(bench(text).subject.found))
    for place, what in (
        (5, "sets HOSTILE in the environment"), (6, "writes the file"), (7, "opens the database"),
        (8, "opens a socket"), (9, "starts a thread"),
    ):  # fmt: skip
        assert f"__init__.py:{place}: it {what}" in watched


def test_what_is_another_plugin_each_time_is_found(bench):
    text = (
        "import itertools\nturn = itertools.count()\n@hookimpl\ndef relatum_permissions():\n"
        "    return [Permission(f'hostile.p{next(turn)}', 'Do')]\n"
    )
    assert "permissions" in told(life.two_builds_in_one_process_are_alike, bench(text))


def test_what_declares_something_else_each_time_is_found(bench):
    turn = (
        "import itertools\nturn = itertools.count()\n@hookimpl\ndef relatum_declare():\n"
        "    names = ['name', f'f{next(turn)}']\n"
        "    fields = [{'name': name, 'kind': 'text'} for name in names]\n"
        "    return {'types': [{'name': 'hostile_card', 'fields': fields}]}\n"
    )
    check = life.disabled_and_enabled_again_it_finds_everything_as_it_was
    assert "core_field has more rows than before" in told(check, bench(turn))


def test_what_changes_records_of_others_leaves_something_behind(bench):
    text = TYPE + (
        "@hookimpl\ndef relatum_after_write(batch, ctx):\n"
        "    if batch.type == 'hostile_card':\n"
        "        asked = query.from_json('team', {}, actor=ctx.as_plugin())\n"
        "        teams = query.page(asked).records\n"
        "        rows = [{'id': team['id'], 'name': f'Hostile {team[\"id\"]}'} for team in teams]\n"
        "        records.update('team', rows, actor=ctx.as_plugin())\n"
    )
    check = life.purged_it_leaves_the_database_as_it_was_before_it_came
    assert "core_team has lost of its rows" in told(check, bench(text))


def test_what_refuses_a_record_with_all_that_is_required_is_found(bench):
    text = TYPE + (
        "@hookimpl\ndef relatum_before_write(batch):\n"
        "    numbers = batch.column('number') if batch.type == 'hostile_card' else []\n"
        "    for place in range(len(numbers)):\n"
        "        batch.reject(place, 'No card without a colour', field='number')\n"
    )
    check = life.a_record_of_each_of_its_types_can_be_made_changed_and_deleted
    said = told(check, bench(text))
    assert "hostile_card: " in said
    assert "No card without a colour" in said
    assert "Mark what a hook demands as required" in said


STEP = """
def upgrade(op):
    op.create_table("ledger", op.integer("points"), op.text("reason"))
    op.create_index("ledger", "points")


def downgrade(op):
    op.drop_table("ledger")
"""


def test_steps_with_a_way_back_conform(bench):
    made = bench(HEAD.replace("public", "tables"), {"migrations/0001_ledger.py": STEP})
    life.its_steps_go_forth_back_and_forth_again(made)
    life.purged_it_leaves_the_database_as_it_was_before_it_came(made)


def test_a_plugin_json_that_is_out_of_date_is_found(bench):
    text = TYPE.replace("MORE = []", "MORE = [{'name': 'colour', 'kind': 'colour'}]")
    manifest = (
        '{"manifest": 1, "id": "hostile", "name": "Hostile", "version": "1.0", "license": "", '
        '"capabilities": ["public"], "provides": {"types": ["hostile_card"], '
        '"hooks": ["relatum_declare"]}}'
    )
    check = doors.what_it_declares_is_what_it_brings
    said = told(check, bench(text, {"plugin.json": manifest}))
    assert "this file is out of date" in said
    assert "Run: relatum plugins manifest" in said


def test_a_public_address_that_breaks_is_found(bench):
    text = (
        "from flask import Blueprint\npages = Blueprint('pages', __name__)\n"
        "@pages.get('/<int:number>/<name>')\n@requires(public=True)\n"
        "def page(number, name): raise KeyError(name)\n"
        "@hookimpl\ndef relatum_routes(): return Routes(pages=pages)\n"
    )
    check = doors.its_addresses_ask_for_a_sign_in_unless_they_are_public
    assert "is public, and answers 500" in told(check, bench(text))


def test_an_address_that_breaks_for_who_sees_no_type_is_found(bench):
    text = TYPE + (
        "from flask import Blueprint\nfrom relatum import plugin_host, seen\n"
        "pages = Blueprint('pages', __name__)\n"
        "@pages.get('/')\n@requires('hostile.use')\n"
        "def page():\n"
        "    known = seen(plugin_host.asking()).types\n"
        "    return known['hostile_card'].label\n"
        "@hookimpl\ndef relatum_permissions(): return [Permission('hostile.use', 'Use')]\n"
        "@hookimpl\ndef relatum_routes(): return Routes(pages=pages)\n"
    )
    made = bench(text)
    doors.its_addresses_refuse_who_has_no_rights(made)
    said = told(doors.its_addresses_answer_who_sees_none_of_its_records, made)
    assert "GET /x/hostile/ answers 500" in said
    assert "Ask seen(actor)" in said


def test_what_is_known_of_people_and_not_personal_is_found(bench):
    people = "MORE = [{'name': 'holder', 'kind': 'person_name'}, {'name': 'mail', 'kind': 'email'}]"
    check = doors.what_it_knows_of_people_is_marked_as_personal
    said = told(check, bench(TYPE.replace("MORE = []", people)))
    assert "hostile_card.holder (person_name)" in said
    assert "hostile_card.mail (email)" in said


def test_a_hook_that_asks_for_each_row_is_found(bench, monkeypatch):
    for name in ("_ROWS", "_ROWS_WITHOUT"):
        monkeypatch.setattr(checks_hooks, name, 200)
    monkeypatch.setattr(checks_hooks, "_BATCH", 100)
    text = TYPE + (
        "@hookimpl\ndef relatum_before_write(batch, ctx):\n"
        "    for number in batch.column('number'):\n"
        "        query.page(query.from_json('team', {'limit': 1}, actor=ctx.as_plugin()))\n"
    )
    check = checks_hooks.ten_thousand_rows_cost_little_more_than_without_it
    said = told(check, bench(text))
    assert "more statements for 200 rows in 2 batches; 20 per batch are allowed" in said


def test_translations_that_lack_a_text_are_found(bench):
    catalog = 'msgid "Hostile"\nmsgstr "Feindlich"\n\nmsgid "Card"\nmsgstr ""\n'
    check = words.its_translations_are_complete
    said = told(check, bench(TYPE, {"translations/de.po": catalog}))
    assert "de.po: 'Number' is missing" in said
    assert "de.po: 'Card' is empty" in said
    assert "'Hostile'" not in said


def test_a_help_page_without_words_is_found(bench):
    check = words.its_help_page_can_be_read
    assert "nothing but a title" in told(check, bench("", {"help.md": "# Hostile\n"}))


def test_example_data_that_is_refused_is_found(bench):
    text = TYPE + "@hookimpl\ndef relatum_demo(demo): demo.create('hostile_card', [{}])\n"
    check = words.its_example_data_loads_and_goes_away_again
    assert "its example data is refused" in told(check, bench(text))


def test_what_is_not_there_is_not_asked_for(bench):
    plain = bench("")
    for check in (
        words.its_translations_are_complete, words.its_help_page_can_be_read,
        words.its_example_data_loads_and_goes_away_again,
        doors.its_addresses_refuse_who_has_no_rights,
        doors.its_addresses_answer_who_sees_none_of_its_records,
        checks_hooks.a_hook_that_fails_leaves_the_core_working,
        checks_hooks.ten_thousand_rows_cost_little_more_than_without_it,
    ):  # fmt: skip
        with pytest.raises(NotAsked):
            check(plain)


def test_hooks_of_one_type_with_a_unique_field_are_made_to_fail_one_after_the_other(bench):
    text = (
        TYPE.replace('"required": True', '"required": True, "unique": True')
        + "@hookimpl\ndef relatum_after_write(batch): ...\n"
        "@hookimpl\ndef relatum_after_commit(changes): ...\n"
    )
    checks_hooks.a_hook_that_fails_leaves_the_core_working(bench(text))

"""The bundled plugins: of one shape, chosen by presets, and every type of theirs at work."""

from __future__ import annotations

import ast
import shutil

import orjson
import pytest

from relatum.core import backup, plugin_host, query, records
from relatum.core.errors import RelatumError
from relatum.core.plugin_host import discovery
from relatum.core.testing import Make

from . import bundled
from .homes import Shell, bare
from .plugged import client, put, served, small, token_of
from .sources import sources

INIT = ("init", "--currency", "EUR", "--timezone", "UTC", "--admin-email", "you@example.org")
_FILES = {"__init__.py", "plugin.json", "help.md"}


#: The preset of the instance.
PRESET = "all"


def provided(plugin_id):
    """Return what a bundled plugin says to bring."""
    return plugin_host.discover(None)[plugin_id].sound.provides or {}


# -- shape ----------------------------------------------------------------------------------
@pytest.mark.parametrize("plugin_id", bundled.IDS)
def test_a_bundled_plugin_has_the_files_that_every_plugin_has(plugin_id):
    folder = bundled.FOLDER / plugin_id
    there = {path.name for path in folder.iterdir()}
    assert there >= _FILES
    assert ("entities.py" in there) == bool(provided(plugin_id)["types"])
    assert len((folder / "__init__.py").read_text().splitlines()) <= 80


@pytest.mark.parametrize("plugin_id", bundled.IDS)
def test_plugin_json_says_what_the_code_brings(plugin_id):
    # If this fails: relatum plugins manifest plugins/ID
    assert not plugin_host.write_manifest(bundled.FOLDER / plugin_id, only_look=True)


def test_the_core_names_no_bundled_plugin_and_none_of_its_types():
    found = plugin_host.discover(None)
    names = set(bundled.IDS)
    for plugin_id in bundled.IDS:
        names |= set((found[plugin_id].sound.provides or {})["types"])
    # Sign-in is counted for each account of a user, which is another thing; so are records that
    # are meeting a rule, a note beside what is wrong, the currency of the instance, and the
    # connection to its database.
    names -= {"account", "connection", "currency", "meeting", "note"}
    # The demonstration without plugins has types of its own, with fields that are called so.
    files = [p for p in sources("core", "schemas") if "demo" not in p.parts]
    named = [
        f"{path.name}:{node.lineno} {node.value}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert named == []


# -- presets --------------------------------------------------------------------------------
def test_presets_are_what_plugins_name_and_bring_what_those_require():
    known = plugin_host.presets(None)
    assert (known["none"], known["bare"]) == ((), ("desk",))
    assert set(known["all"]) == set(bundled.IDS)
    found = plugin_host.discover(None)
    for ids in known.values():
        for place, plugin_id in enumerate(ids):
            assert set(found[plugin_id].sound.plugin.requires) <= set(ids[:place])


def test_a_plugin_of_the_home_may_be_part_of_a_preset_or_found_one(instance):
    put(instance, "small", small("small").replace("requires", "presets=['tiny', 'all'], requires"))
    known = plugin_host.presets(instance.config)
    assert known["tiny"] == ("small",)
    assert "small" in known["all"]


def test_init_enables_the_plugins_of_a_preset_and_without_one_the_desk_alone(database, tmp_path):
    with bare(database, tmp_path / "home") as environment:
        shell = Shell(environment)
        assert shell.error(*INIT, "--preset", "sale").startswith("preset_unknown: ")
        assert shell.error("users", "list").startswith("not_initialised: ")
        made = shell.json(*INIT, "--preset", "all")
        assert set(made["plugins"]) == set(bundled.IDS)
        listed = shell.json("plugins", "list")
        assert {p["state"] for p in listed} == {"enabled"}
        assert shell.json("doctor")["findings"] == []
    with bare("sqlite", tmp_path / "other") as environment:
        shell = Shell(environment)
        assert shell.json(*INIT)["plugins"] == ["desk"]
        assert [p["id"] for p in shell.json("plugins", "list") if p["state"] == "enabled"] == [
            "desk"
        ]
    with bare("sqlite", tmp_path / "third") as environment:
        shell = Shell(environment)
        assert shell.json(*INIT, "--preset", "none")["plugins"] == []


def test_init_on_a_terminal_offers_all_plugins(tmp_path, monkeypatch):
    monkeypatch.setattr("relatum.core.commands.instance.is_terminal", lambda: True)
    with bare("sqlite", tmp_path / "home") as environment:
        done = Shell(environment)(*INIT, "--language", "en", "--admin-name", "You", given="\n")
        assert done.exit_code == 0, done.output
        assert "Plugins to begin with (none, bare, " in done.stdout
        assert "Enabled " in done.stdout


# -- plugin.json ----------------------------------------------------------------------------
def test_a_manifest_is_written_from_the_code_and_checked(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    declared = {"types": [{"name": "small_thing", "fields": [{"name": "name", "kind": "text"}]}]}
    code = small("small", f"@hookimpl\ndef relatum_declare(): return {declared}\n")
    (folder / "__init__.py").write_text(code, encoding="utf-8")
    shell = Shell({"RELATUM_HOME": str(tmp_path / "home")})
    shell.said("plugins", "manifest", str(folder), "--check", status=3)
    shell.said("plugins", "manifest", str(folder))
    document = orjson.loads((folder / "plugin.json").read_bytes())
    assert document["provides"]["types"] == ["small_thing"]
    assert document["provides"]["hooks"] == ["relatum_declare"]
    shell.said("plugins", "manifest", str(folder), "--check")
    (folder / "__init__.py").write_text("raise ValueError('no')", encoding="utf-8")
    assert shell.error("plugins", "manifest", str(folder)).startswith("plugin_unfit: ")


# -- gone -----------------------------------------------------------------------------------
@pytest.fixture
def folder_of_plugins(original, tmp_path, monkeypatch):
    """Return a copy of the folder of bundled plugins, from which one can be taken.

    The instance is installed before: a process enables no plugin that it runs from elsewhere.
    """
    copy = tmp_path / "bundled"
    shutil.copytree(bundled.FOLDER, copy)
    monkeypatch.setattr(discovery, "_FOLDER", copy)
    return copy


@pytest.mark.parametrize("plugin_id", bundled.IDS)
def test_without_a_plugins_folder_its_data_stay_readable_exportable_and_deletable(
    plugin_id, folder_of_plugins, instance, tmp_path
):
    make = Make(instance)
    types = [t.name for t in instance.catalog.types.values() if t.owner == plugin_id]
    made = {name: bundled.record_of(instance, make, name) for name in types}
    shutil.rmtree(folder_of_plugins / plugin_id)
    with served(instance) as application:
        alice = client(application, token_of(instance))
        assert alice.get("/api/v1/records/user").status_code == 200
        for name, id_ in made.items():
            assert alice.get(f"/api/v1/records/{name}/{id_}").status_code == 200
            listed_ids = [r["id"] for r in alice.get(f"/api/v1/records/{name}").json["records"]]
            assert id_ in listed_ids
        application.close()
    faults = {p["id"]: p["fault"] for p in instance.read(plugin_host.list_plugins)}
    assert faults[plugin_id] == "missing"
    with instance.app.app_context():
        exported = backup.backup(tmp_path / "everything.zip")
        assert all(exported["tables"][name] for name in types)
    assert delete_all(instance, types) == dict.fromkeys(types, 0)


def delete_all(instance, types):
    """Delete all records of types, each once nothing needs it any more; return what is left."""
    while True:
        gone = 0
        left = {}
        for name in types:
            found = instance.sql(f"SELECT id FROM {name} WHERE trashed_at IS NULL")
            rows = [{"id": row.id} for row in found]
            outcomes = instance.write(records.delete, name, rows, partial=True)
            gone += sum(outcome.status == "deleted" for outcome in outcomes)
            left[name] = sum(outcome.status != "deleted" for outcome in outcomes)
        if not gone:
            return left


# -- every type -----------------------------------------------------------------------------
def test_every_bundled_type_takes_a_record_through_its_whole_life(instance):
    make = Make(instance)
    mine = [t for t in instance.catalog.types.values() if t.owner in bundled.IDS]
    mine = [entity_type for entity_type in mine if entity_type.name not in bundled.FOLLOWING]
    assert mine
    for entity_type in mine:
        name = entity_type.name
        minimal = make.row(name)
        [least] = instance.create(name, minimal)
        row = make.row(name, full=True)
        [whole] = instance.create(name, row)
        for field, value in row.items():
            if value is not None:
                assert instance.get(name, whole)[field] is not None, f"{name}.{field}"
        _is_filtered_by_every_field(instance, entity_type, whole)
        instance.write(records.delete, name, [{"id": least}])
        with pytest.raises(RelatumError):
            instance.get(name, least)
        instance.write(records.restore, name, [{"id": least}])
        assert instance.get(name, least)["version"] == 3


def _is_filtered_by_every_field(instance, entity_type, id_):
    record = instance.get(entity_type.name, id_)
    for field in entity_type.fields.values():
        value = record.get(field.name)
        if value is None or "eq" not in field.operators:
            continue
        condition = {"field": field.name, "op": "eq", "value": value}
        sort = [field.name] if field.sortable else ["id"]
        found = instance.read(listed, entity_type.name, {"filter": condition, "sort": sort})
        assert id_ in {each["id"] for each in found.records}, f"{entity_type.name}.{field.name}"


def listed(type_name, asked, *, actor):
    """Return a page of a query in JSON."""
    return query.page(query.from_json(type_name, asked, actor=actor))


def test_every_list_that_a_bundled_plugin_brings_opens(instance):
    found = [view for views in instance.catalog.views.values() for view in views]
    assert {view.owner for view in found} == {id_ for id_ in bundled.IDS if provided(id_)["types"]}
    for view in found:
        page = instance.client(instance.alice).get(f"/api/v1/records/{view.type}?_view={view.name}")
        assert (page.status_code, page.json["records"]) == (200, []), page.text

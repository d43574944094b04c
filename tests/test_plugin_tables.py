"""Own tables of a plugin: made by numbered steps, kept by the ledger, dropped without a trace."""

from __future__ import annotations

import pytest

from relatum.core import ddl, doctor, jobs, plugin_host, privacy
from relatum.core.errors import RelatumError
from relatum.core.plugin_host import tables

from .plugged import disable, enable
from .tabled import (
    DROPPED,
    LEDGER,
    MARKED,
    STEPS,
    filled,
    findings,
    insert,
    look,
    loyal,
    people,
    put,
    rows,
    schema,
    table,
    work,
)

__all__ = ["loyal", "people"]


def refused(instance, **options):
    """Return why the plugin can't be enabled."""
    with pytest.raises(RelatumError) as refusal:
        enable(instance, "loyalty", **options)
    assert refusal.value.code == "plugin_unfit"
    return str(refusal.value)


# -- steps ----------------------------------------------------------------------------------
def test_enabling_makes_the_tables_and_notes_each_step(loyal):
    [row] = loyal.sql("SELECT plugin, number, name, state FROM core_plugin_migration")
    assert tuple(row) == ("loyalty", 1, "ledger", "applied")
    assert look(loyal, tables.names, "loyalty") == ["ledger"]
    [found] = [p for p in loyal.read(plugin_host.list_plugins) if p["id"] == "loyalty"]
    assert found["state"] == "enabled"
    assert loyal.read(plugin_host.show, "loyalty")["tables"] == ["ledger"]
    assert findings(loyal) == []


def test_a_plan_shows_each_step_with_its_sql_and_makes_nothing(instance):
    instance.make_type("x_person", {"name": "name", "kind": "text"})
    instance.make_type("x_firm", {"name": "name", "kind": "text"})
    put(instance, {**STEPS, "0002_marked": MARKED})
    plan = instance.read(plugin_host.plan_enable, "loyalty").as_json()
    first, second = plan["steps"]
    assert (first["target"], first["risk"]) == ("loyalty 0001_ledger", "safe")
    assert first["summary"] == "Tables of the plugin, step 1: ledger"
    assert "CREATE TABLE plugin__loyalty__ledger" in first["sql"][0]
    assert second["sql"] == ["ALTER TABLE plugin__loyalty__ledger ADD COLUMN mark " + (
        "INTEGER" if instance.dialect == "sqlite" else "BIGINT")]  # fmt: skip
    assert second["notes"] == ["its data step runs afterwards as a job"]
    assert plan["provides"]["tables"] == ["ledger"]
    assert "plugin__" not in schema(instance)


def test_an_update_does_the_new_steps_alone(loyal):
    put(loyal, {**STEPS, "0002_marked": MARKED}, "1.1")
    plan = enable(loyal, "loyalty").as_json()
    assert [step["target"] for step in plan["steps"]] == ["loyalty 0002_marked"]
    assert "mark" in work(loyal, lambda: table(loyal).columns)
    assert findings(loyal) == []


def test_steps_that_go_for_good_are_marked_so_with_their_rows(loyal, people):
    insert(loyal, {"person": people[0], "points": 1})
    put(loyal, {**STEPS, "0002_drop": DROPPED}, "1.1")
    plan = enable(loyal, "loyalty").as_json()
    assert plan["risk"] == "destructive"
    assert [(step["risk"], step["rows"]) for step in plan["steps"]] == [("destructive", 1)]


def test_a_refused_plan_leaves_nothing(loyal):
    before = schema(loyal)
    put(loyal, {**STEPS, "0002_marked": MARKED}, "1.1")
    with pytest.raises(RelatumError):
        enable(loyal, "loyalty", expect="0" * 16)
    assert schema(loyal) == before


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({}, "0001_ledger was done here and is not in this version"),
        ({"0001_ledger": LEDGER + "\n# other"}, "0001_ledger was changed after it was done here"),
        ({"0001_book": LEDGER}, "0001_ledger was done here, and is called 0001_book now"),
        ({**STEPS, "0003_marked": MARKED}, "0003_marked stands where 0002 should be"),
        ({**STEPS, "2_marked": MARKED}, "2_marked.py must be called like 0001_name.py"),
        ({**STEPS, "0002_marked": "def upgrade(op): pass"}, "has no function downgrade(op)"),
        ({**STEPS, "0002_marked": "1 / 0"}, "0002_marked: ZeroDivisionError"),
        (
            {**STEPS, "0002_marked": MARKED.replace('op.drop_column("ledger", "mark")', "pass")},
            "downgrade() does not lead back to what was before upgrade(): look at ledger",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_steps_that_do_not_fit_those_that_were_done_are_refused(loyal, steps, said):
    before = schema(loyal)
    put(loyal, steps, "1.1")
    assert said in refused(loyal)
    assert schema(loyal) == before


def test_a_step_may_refer_to_types_that_there_are(loyal):
    text = LEDGER.replace('"ledger"', '"other"').replace('"x_firm"', '"x_none"')
    put(loyal, {**STEPS, "0002_other": text}, "1.1")
    assert "0002_other refers to the entity type 'x_none', which is not there" in refused(loyal)


def test_code_whose_steps_are_not_done_does_not_run(loyal):
    put(loyal, {**STEPS, "0002_marked": MARKED})
    with loyal.reading() as tx:
        found = plugin_host.load(plugin_host.states(tx.connection), 99, loyal.config)
    fault = found.faults["loyalty"]
    assert fault.kind == "incompatible"
    assert "0002_marked is to be done; run: relatum plugins enable loyalty" in fault.reason


def test_a_plugin_with_tables_must_say_so(instance):
    folder = put(instance, {"0001_ledger": LEDGER})
    code = (folder / "__init__.py").read_text().replace(', capabilities=["tables"]', "")
    (folder / "__init__.py").write_text(code)
    said = '{"manifest": 1, "id": "loyalty", "name": "Loyalty", "version": "1.0", "provides": {%s}}'
    (folder / "plugin.json").write_text(said % '"tables": ["ledger"]')
    assert "tables: it keeps tables of its own beside the records" in refused(instance)


def test_what_a_manifest_says_of_tables_must_be_so(instance):
    folder = put(instance, {"0001_ledger": LEDGER})
    plugin_host.write_manifest(folder)
    text = (folder / "plugin.json").read_text()
    assert '"tables": [\n      "ledger"\n    ]' in text
    (folder / "plugin.json").write_text(text.replace('"ledger"', '"book"'))
    assert "it brings tables that its plugin.json does not list: ledger" in refused(instance)


# -- data steps -----------------------------------------------------------------------------
def test_a_data_step_runs_as_a_job_in_chunks(loyal, people):
    insert(loyal, *({"person": people[0], "points": n} for n in range(5)))
    put(loyal, {**STEPS, "0002_marked": MARKED}, "1.1")
    enable(loyal, "loyalty")
    [row] = loyal.sql("SELECT state, filled FROM core_plugin_migration WHERE number = 2")
    assert tuple(row) == ("filling", 0)
    assert filled(loyal) == [1] * 5
    [row] = loyal.sql("SELECT state, filled FROM core_plugin_migration WHERE number = 2")
    assert tuple(row) == ("applied", 5)


def test_a_data_step_goes_on_where_it_was_with_another_job(loyal, people):
    insert(loyal, *({"person": people[0], "points": n} for n in range(5)))
    put(loyal, {**STEPS, "0002_marked": MARKED}, "1.1")
    enable(loyal, "loyalty")
    [job] = loyal.read(jobs.list_jobs)
    with loyal.app.app_context():
        jobs.run(job["id"], by="test", pause=lambda: True)
    loyal.write(jobs.cancel, job["id"])
    assert findings(loyal) == ["fill_stopped"]
    enable(loyal, "loyalty")
    assert findings(loyal) == []
    assert filled(loyal) == [1] * 5


def test_the_job_of_a_disabled_plugin_ends_and_begins_again_with_it(loyal, people):
    insert(loyal, *({"person": people[0], "points": n} for n in range(3)))
    put(loyal, {**STEPS, "0002_marked": MARKED}, "1.1")
    enable(loyal, "loyalty")
    disable(loyal, "loyalty")
    assert filled(loyal) == [None] * 3
    enable(loyal, "loyalty")
    assert filled(loyal) == [1] * 3


def test_a_data_step_is_done_before_a_later_step_drops_something(loyal, people):
    insert(loyal, {"person": people[0], "points": 1, "reason": "gift"})
    moved = MARKED.replace("mark", "why").replace("op.integer", "op.text")
    moved = moved.partition("def fill")[0] + (
        "def fill(chunk):\n"
        "    ledger = context().table('ledger')\n"
        "    rows = ledger.select(limit=100)\n"
        "    ledger.update([{'id': r['id'], 'why': r['reason']} for r in rows])\n"
        "    return chunk.finish(done=len(rows))\n"
    )
    put(loyal, {**STEPS, "0002_moved": moved, "0003_drop": DROPPED}, "1.1")
    plan = enable(loyal, "loyalty").as_json()
    assert plan["steps"][0]["notes"] == [
        "its data step runs at once, while writers wait, since 0003_drop drops something"
    ]
    assert [row["why"] for row in rows(loyal)] == ["gift"]
    assert loyal.read(jobs.list_jobs) == []


# -- what may go wrong ----------------------------------------------------------------------
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_index_of_a_large_table_is_built_after_the_commit(loyal, monkeypatch):
    monkeypatch.setattr(ddl, "CONCURRENT_FROM", -2)
    indexed = (
        "def upgrade(op):\n    op.create_index('ledger', 'reason')\n\n\n"
        "def downgrade(op):\n    op.drop_index('ledger', 'reason')\n"
    )
    put(loyal, {**STEPS, "0002_indexed": indexed}, "1.1")
    built = []
    monkeypatch.setattr(ddl, "build_indexes", lambda _, missing: built.extend(missing))
    enable(loyal, "loyalty")
    assert [index.columns for index in built] == [("reason",)]
    assert findings(loyal) == ["index_missing"]
    monkeypatch.undo()
    with loyal.app.app_context():
        doctor.repair()
    assert findings(loyal) == []


def test_a_data_step_may_write_rows_before_a_later_step_drops_something(loyal, people):
    copied = MARKED.partition("def fill")[0] + (
        "def fill(chunk):\n"
        f"    context().table('ledger').insert([{{'person': {people[0]}, 'points': 3}}])\n"
        "    return chunk.finish(done=1)\n"
    )
    put(loyal, {**STEPS, "0002_copied": copied, "0003_drop": DROPPED}, "1.1")
    enable(loyal, "loyalty")
    assert [row["points"] for row in rows(loyal)] == [3]


def test_a_unique_index_that_the_rows_do_not_fit_is_refused_and_leaves_all(loyal, people):
    insert(loyal, *({"person": people[0], "points": 1} for _ in range(2)))
    before = schema(loyal)
    single = (
        "def upgrade(op):\n    op.create_index('ledger', 'person', unique=True)\n\n\n"
        "def downgrade(op):\n    op.drop_index('ledger', 'person', unique=True)\n"
    )
    put(loyal, {**STEPS, "0002_single": single}, "1.1")
    assert "migration 0002_single does not fit the rows that are there" in refused(loyal)
    assert schema(loyal) == before


def test_a_certificate_of_erasure_names_tables_of_plugins_which_were_not_searched(loyal, people):
    certificate = loyal.write(privacy.erase, [("x_person", people[0])])
    assert "Tables of plugins were not searched: plugin__loyalty__ledger." in certificate["left"]

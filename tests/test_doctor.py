"""doctor: nothing is found in a sound instance, and every kind of damage is."""

from __future__ import annotations

import pytest

from relatum.core import db, doctor, migrations, records
from relatum.core.app import create_app
from relatum.core.ddl import expected_indexes
from relatum.core.errors import RelatumError

from .damaging import codes, damage, sound, whole

__all__ = ["sound", "whole"]


def index_of(instance, type_name, column):
    indexes = expected_indexes(instance.catalog.type(type_name))
    return next(index.name for index in indexes if index.columns[0] == column and index.unique)


def test_nothing_is_found_in_a_sound_instance(sound):
    assert doctor.examine() == []


def test_nothing_is_found_while_types_fields_and_records_are_in_the_trash(sound):
    sound.write(records.delete, "x_thing", [{"id": sound.sql("SELECT id FROM x_thing")[0].id}])
    sound.apply({"op": "trash_type", "type": "x_goal"})
    sound.apply({"op": "trash_type", "type": "x_thing"})
    assert doctor.examine() == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE core_field SET kind = 'mystery' WHERE name = 'size'", "metadata"),
        ("UPDATE core_field SET kind = 'lookup' WHERE name = 'size'", "metadata"),
        ("UPDATE core_field SET kind = 'choice' WHERE name = 'name'", "metadata"),
        ("UPDATE core_field SET kind = 'datetime' WHERE name = 'stage'", "metadata"),
        ("UPDATE core_field SET settings = 'x' WHERE name = 'size'", "metadata"),
        ("UPDATE core_field SET settings = '[]' WHERE name = 'size'", "metadata"),
        ("UPDATE core_field SET settings = '{\"target\":\"x\"}' WHERE name = 'goal'", "metadata"),
        ("UPDATE core_field SET type_id = 4242 WHERE name = 'size'", "metadata"),
        ("UPDATE core_option SET field_id = 4242", "metadata"),
        ("INSERT INTO core_key VALUES (9999, 1, 'name,gone', 'local', NULL)", "metadata"),
        ("UPDATE core_setting SET value = '5' WHERE name = 'next_metadata_id'", "metadata"),
        ("UPDATE core_epoch SET catalog = 1", "metadata"),
        ("DELETE FROM core_epoch", "metadata"),
        ("UPDATE core_migration SET version_num = '0000'", "revision"),
        ("DELETE FROM core_migration", "revision_lost"),
        ("UPDATE core_epoch SET core = 99", "schema_newer"),
        ("DROP TABLE core_link", "table_missing"),
        ("CREATE TABLE x_stray (id integer)", "table_unknown"),
        ("ALTER TABLE x_thing ADD COLUMN stray text", "column_unknown"),
        ("UPDATE core_field SET column_name = 'gone' WHERE name = 'size'", "column_missing"),
        ("UPDATE core_field SET kind = 'boolean' WHERE name = 'size'", "column_type"),
        ("CREATE INDEX ix_0123456789ab ON x_thing (size)", "index_unknown"),
        ("UPDATE core_field SET settings = '{\"target\":\"team\"}' WHERE name = 'goal'",
         "foreign_key_missing"),
        ("DELETE FROM x_thing WHERE name = 'A'", "spine"),
        ("DELETE FROM core_record WHERE id IN (SELECT id FROM x_thing)", "spine"),
        ("UPDATE x_thing SET version = 7 WHERE name = 'A'", "history"),
        ("DELETE FROM core_change", "history"),
        ("UPDATE x_thing SET name__k = NULL WHERE name = 'A'", "sort_key"),
    ],
)  # fmt: skip
def test_every_damage_is_found_and_named(sound, statement, code):
    damage(statement)
    assert code in codes()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_reference_to_nothing_is_found(sound):
    damage("UPDATE x_thing SET goal = 4242 WHERE name = 'A'")
    assert codes() == {"reference"}


def test_every_finding_says_what_to_do(sound):
    damage(
        "DROP TABLE core_link", "UPDATE x_thing SET version = 7", "CREATE TABLE x_s (id integer)"
    )
    found = doctor.examine()
    assert len(found) == 3
    assert all(finding.text and finding.remedy for finding in found)


def test_a_missing_index_is_found_and_repaired(sound):
    name = index_of(sound, "x_thing", "name__k")
    damage(f"DROP INDEX {name}")
    assert codes() == {"index_missing"}
    [built] = doctor.repair()
    assert (built.name, built.text) == (name, f"Built index {name}")
    assert doctor.examine() == []
    assert doctor.repair() == []


def test_an_index_that_rows_make_impossible_is_refused_with_the_reason(sound):
    damage(
        f"DROP INDEX {index_of(sound, 'x_thing', 'name__k')}",
        "UPDATE x_thing SET name = 'A', name__k = 'a'",
    )
    with pytest.raises(RelatumError) as caught:
        doctor.repair()
    assert (caught.value.code, "x_thing" in str(caught.value)) == ("index_refused", True)
    damage("UPDATE x_thing SET name = 'B', name__k = 'b' WHERE size IS NULL")
    doctor.repair()
    assert doctor.examine() == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_an_index_that_a_broken_build_left_invalid_counts_as_missing(sound):
    name = index_of(sound, "x_thing", "name__k")
    damage(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass")
    assert codes() == {"index_missing"}
    doctor.repair()
    assert doctor.examine() == []


def test_little_room_on_the_disk_is_a_finding(sound, monkeypatch):
    monkeypatch.setattr(doctor.database, "LOW_DISK", 10**18)
    assert codes() == {"disk_low"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_damaged_file_is_found(sound):
    for n in range(20):
        sound.create("x_goal", *({"name": f"{n} {m} " + "x" * 400} for m in range(20)))
    db.dispose(sound.config)
    path = sound.config.home / "relatum.db"
    content = bytearray(path.read_bytes())
    for page in range(len(content) // 4096 - 60, len(content) // 4096 - 2):
        content[page * 4096 : page * 4096 + 8] = b"\x00" * 8
    path.write_bytes(content)
    assert codes() & {"file_damaged", "database_gone"}


def test_tables_of_another_revision_are_held_to_nothing_else(sound, monkeypatch):
    damage("ALTER TABLE core_link RENAME TO gone")
    monkeypatch.setattr(migrations, "known", lambda: ("0001", "9999"))
    [found] = doctor.examine()
    assert (found.code, found.remedy) == ("revision", "Run: relatum upgrade")
    monkeypatch.setattr(migrations, "known", lambda: ("9999",))
    assert [each.remedy for each in doctor.examine()] == ["Use the version that made them."]


def test_without_an_instance_that_is_the_finding(blank, database):
    config = blank(database)
    config.home.mkdir()
    with create_app(config).app_context():
        assert [finding.code for finding in doctor.examine()] == ["not_initialised"]

"""Making an instance: all of it or nothing, and wrong answers by name."""

from __future__ import annotations

import stat
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from relatum.core import auth, catalog, db, doctor, install, migrations, records
from relatum.core.actor import system
from relatum.core.errors import Invalid, RelatumError

ANSWERS: dict[str, Any] = {
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "language": "en",
    "admin_email": "alice@example.org",
}


@pytest.fixture
def fresh(blank, database):
    """An application on an empty database, inside its context."""
    config = blank(database)
    app = Flask("relatum.test")
    db.init_app(app, config)
    with app.app_context():
        yield config


def refused(work, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        work(*args, **kwargs)
    return caught.value


def schema():
    """Return every table and index of the database with its columns."""
    with db.engine().connect() as connection:
        inspector = sa.inspect(connection)
        return {
            table: (
                sorted(column["name"] for column in inspector.get_columns(table)),
                sorted(str(index["name"]) for index in inspector.get_indexes(table)),
            )
            for table in inspector.get_table_names()
        }


def test_a_new_instance_is_sound_and_its_administrator_signs_in(fresh):
    made = install.install(**ANSWERS)
    assert doctor.examine() == []
    with db.reading():
        credential = auth.find_credential("ALICE@example.org")
        settings = catalog.current().settings
    assert auth.check_password(credential, made.password) == made.user_id
    assert (settings["currency"], settings["timezone"], settings["language"]) == (
        "EUR",
        "Europe/Berlin",
        "en",
    )


def test_the_password_that_is_given_is_used_and_a_weak_one_leaves_nothing(fresh):
    assert refused(install.install, **ANSWERS, password="short").code == "password_weak"
    assert not fresh.home.exists()
    assert install.install(**ANSWERS, password="a good long one").password == "a good long one"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_home_and_database_are_the_owners_alone(fresh):
    install.install(**ANSWERS)
    assert stat.S_IMODE(fresh.home.stat().st_mode) == 0o700
    assert stat.S_IMODE((fresh.home / "relatum.db").stat().st_mode) == 0o600


def test_a_second_installation_is_refused_and_changes_nothing(fresh):
    install.install(**ANSWERS)
    before = schema()
    assert refused(install.install, **ANSWERS).code == "instance_exists"
    assert schema() == before


def test_an_installation_that_fails_at_the_end_leaves_an_empty_database(fresh):
    def fail(actor):
        records.create("user", [{"name": "Bob"}], actor=actor)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        install.install(**ANSWERS, then=fail)
    assert schema() == {}
    with pytest.raises(RelatumError) as caught, db.reading():
        pass
    assert caught.value.code == "not_initialised"
    install.install(**ANSWERS)
    assert doctor.examine() == []


def test_every_wrong_answer_is_named_at_once(fresh):
    with pytest.raises(Invalid) as caught:
        install.install(currency="Euro", timezone="Berlin", language="German", admin_email="bob")
    assert [p.field for p in caught.value.problems] == [
        "currency",
        "timezone",
        "language",
        "admin_email",
    ]
    assert "'Europe/Berlin'" in caught.value.problems[1].message
    assert not fresh.home.exists()


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("currency", " usd ", "USD"),
        ("language", "pt-BR", "pt-BR"),
        ("timezone", "UTC ", "UTC"),
        ("admin_email", " Alice@EXAMPLE.org", "Alice@example.org"),
    ],
)
def test_answers_are_read_kindly(name, answer, told):
    assert install.check(**{**ANSWERS, name: answer})[name] == told


@pytest.mark.parametrize("answer", ["", " ", "a b", "Ünï", "EURO", "E1R", "\x00\x00\x00"])
def test_a_currency_is_three_letters(answer):
    with pytest.raises(Invalid):
        install.check(**{**ANSWERS, "currency": answer})


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_home_that_is_a_file_can_be_no_home(fresh):
    fresh.home.write_text("")
    assert refused(install.install, **ANSWERS).code == "home_unusable"


def test_upgrading_what_is_current_changes_nothing(fresh):
    install.install(**ANSWERS)
    before = schema()
    revision = migrations.known()[-1]
    assert install.upgrade() == (revision, revision)
    assert schema() == before


def test_there_is_nothing_to_upgrade_without_an_instance(fresh):
    assert refused(install.upgrade).code == "not_initialised"
    assert not (fresh.home / "relatum.db").exists()


def test_an_instance_of_a_newer_program_is_not_upgraded(fresh):
    install.install(**ANSWERS)
    db.transact(
        lambda: db.current().connection.exec_driver_sql(
            "UPDATE core_migration SET version_num = '9999'"
        )
    )
    assert refused(install.upgrade).code == "schema_newer"


def test_upgrading_builds_the_indexes_that_are_missing(fresh):
    install.install(**ANSWERS)
    with db.reading():
        indexes = [i.name for i in _indexes() if i.table == "core_user"]
    db.transact(lambda: db.current().connection.exec_driver_sql(f'DROP INDEX "{indexes[0]}"'))
    assert [finding.code for finding in doctor.examine()] == ["index_missing"]
    install.upgrade()
    assert doctor.examine() == []


def _indexes():
    from relatum.core.ddl import expected_indexes

    for entity_type in catalog.current().types.values():
        yield from sorted(expected_indexes(entity_type), key=lambda index: index.name)


def test_the_migrations_make_the_tables_that_the_models_describe(fresh):
    install.install(**ANSWERS)
    found = schema()
    for table in db.db.metadata.sorted_tables:
        assert set(table.c.keys()) <= set(found[table.name][0]), table.name


def test_the_system_itself_may_write(fresh):
    install.install(**ANSWERS)
    (made,) = db.transact(lambda: records.create("team", [{"name": "North"}], actor=system("cli")))
    with db.reading():
        (change,) = records.history("team", made.id or 0, actor=system())
    assert (change["actor"], change["source"]) == (None, "cli")

"""The instance as a whole: init, doctor, upgrade, backup, restore, and commands without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from relatum.core import db, serve
from relatum.core.app import create_app
from relatum.core.config import load

from . import homes
from .homes import Shell

COMMAND = str(Path(sys.executable).with_name("relatum"))
TOLD = {
    "--currency": "EUR", "--timezone": "Europe/Berlin", "--admin-email": "alice@example.org",
}  # fmt: skip


def words(**changed):
    """Return the words of `init`, some changed."""
    told = TOLD | {f"--{name}": value for name, value in changed.items()}
    return [word for pair in told.items() for word in pair]


@pytest.fixture
def relatum(config):
    """Return a shell on a freshly installed instance."""
    return Shell(serve.environment(config))


@pytest.fixture
def bare(database, tmp_path):
    """Return a shell where there is no instance yet."""
    with homes.bare(database, tmp_path / "home") as environment:
        yield Shell(environment)
        db.dispose(load(environ=environment))


def spoil(instance, statement):
    """Run a statement that no program of ours would."""
    with instance.app.app_context(), db.engine().begin() as connection:
        connection.exec_driver_sql(statement)


# -- init -----------------------------------------------------------------------------------
def test_init_makes_an_instance_whose_administrator_can_sign_in(bare):
    admin = bare.json("init", *words())["admin"]
    client = create_app(load(environ=bare.environment)).test_client()
    sent = {"email": "alice@example.org", "password": admin["password"]}
    assert client.post("/api/v1/session", json=sent).status_code in (200, 201)
    assert bare.json("doctor")["findings"] == []


def test_init_says_the_password_and_what_comes_next(bare):
    said = bare.said("init", *words())
    assert "alice@example.org with the password " in said
    assert said.rstrip().endswith("Next: relatum serve")


def test_init_without_a_terminal_names_what_it_was_not_told(bare):
    line = bare.error("init", "--currency", "EUR", status=2)
    assert "--timezone, --admin-email" in line


def test_init_asks_on_a_terminal_and_offers_answers(bare, monkeypatch):
    monkeypatch.setattr("relatum.core.commands.instance.is_terminal", lambda: True)
    # An empty line takes what is offered; the address is asked for until there is one.
    done = bare(
        "init", "--currency", "USD", given="America/New_York\n\n\nalice@example.org\nAlice\nbare\n"
    )
    assert done.exit_code == 0, done.output
    assert "Time zone (such as Europe/Berlin) [UTC]: " in done.stdout
    assert "Currency" not in done.stdout
    [alice] = bare.json("users", "list")["records"]
    assert (alice["name"], alice["email"]) == ("Alice", "alice@example.org")


@pytest.mark.parametrize(
    ("name", "value"),
    [("currency", "Euro"), ("timezone", "Europe/Berlinn"), ("admin-email", "a"), ("language", "1")],
)
def test_a_wrong_answer_is_refused_by_name_and_nothing_is_made(bare, name, value):
    line = bare.error("init", *words(**{name: value}))
    assert name.replace("-", "_") in line and value in line
    assert bare.error("users", "list").startswith("not_initialised: ")


def test_a_second_init_is_refused_and_changes_nothing(relatum):
    assert relatum.error("init", *words()).startswith("instance_exists: ")
    assert len(relatum.json("users", "list")["records"]) == 3


def test_a_home_that_cannot_be_made_is_refused_by_its_path(tmp_path):
    (tmp_path / "file").write_text("")
    shell = Shell({"RELATUM_HOME": str(tmp_path / "file" / "home")})
    line = shell.error("init", *words())
    assert line.startswith("home_unusable: ") and str(tmp_path) in line


def test_home_is_chosen_by_option_before_the_environment(bare, tmp_path):
    if "RELATUM_DATABASE_URL" in bare.environment:
        pytest.skip("the home of a SQLite instance is its database")
    bare.said("--home", str(tmp_path / "other"), "init", *words())
    assert (tmp_path / "other" / "relatum.db").exists()
    assert bare.error("users", "list").startswith("not_initialised: ")


# -- without an instance, or with another one -----------------------------------------------
@pytest.mark.parametrize(
    "command",
    [
        "doctor", "upgrade", "backup", "serve", "users list", "tokens list --user 1",
        "records list user", "records create user name=A", "records import user nowhere.csv",
        "entity-types list", "schema export",
    ],
)  # fmt: skip
def test_without_an_instance_every_command_says_how_to_make_one(bare, command):
    line = bare.error(*command.split())
    assert line.startswith("not_initialised: ") and line.endswith("Run: relatum init.")


@pytest.mark.parametrize("command", ["serve", "users list", "records create user name=A", "demo"])
@pytest.mark.parametrize(("core", "code"), [(0, "schema_older"), (99, "schema_newer")])
def test_an_instance_of_another_version_is_refused_with_what_helps(
    instance, relatum, command, core, code
):
    spoil(instance, f"UPDATE core_epoch SET core = {core}")
    line = relatum.error(*command.split())
    assert line.startswith(f"{code}: ")
    assert ("relatum upgrade" if code == "schema_older" else "newer relatum") in line


def test_a_driver_that_is_not_installed_is_named_with_the_command_that_helps(tmp_path):
    environment = {
        **os.environ, "RELATUM_HOME": str(tmp_path), "PYTHONPATH": str(tmp_path),
        "RELATUM_DATABASE_URL": "postgresql://nobody:secret@127.0.0.1/nothing",
    }  # fmt: skip
    (tmp_path / "psycopg.py").write_text("raise ImportError('not installed')")
    done = subprocess.run(
        [COMMAND, "users", "list"], env=environment, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("Error driver_missing: ")
    assert "relatum[postgres]" in done.stderr and "secret" not in done.stderr


@pytest.mark.parametrize(
    ("url", "code"),
    [("mysql://localhost/x", "database_unsupported"), ("nonsense", "setting_invalid")],
)
def test_an_address_of_no_database_of_ours_is_refused(tmp_path, url, code):
    shell = Shell({"RELATUM_HOME": str(tmp_path), "RELATUM_DATABASE_URL": url})
    assert shell.error("users", "list").startswith(f"{code}: ")


def test_a_server_that_does_not_answer_is_one_line(tmp_path):
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    shell = Shell({"RELATUM_HOME": str(tmp_path), "RELATUM_DATABASE_URL": url})
    assert shell.error("users", "list").startswith("database_gone: ")


def test_a_wrong_setting_is_named_with_the_nearest_one(tmp_path):
    (tmp_path / "settings.toml").write_text("page_limt = 5\n")
    line = Shell({"RELATUM_HOME": str(tmp_path)}).error("users", "list")
    assert line.startswith("setting_unknown: ") and "page_limit" in line


# -- doctor, upgrade ------------------------------------------------------------------------
def test_doctor_finds_nothing_in_a_sound_instance(relatum):
    assert relatum.said("doctor") == "Nothing is wrong.\n"


def test_doctor_names_what_is_wrong_with_status_3_and_repairs_indexes(instance, relatum):
    instance.make_type("x_asset", {"name": "serial", "kind": "text", "unique": True})
    [name] = [i.name for i in _indexes(instance) if i.columns == ("serial__k",)]
    spoil(instance, f"DROP INDEX {name}")
    [found] = relatum.json("doctor", status=3)["findings"]
    assert (found["code"], found["remedy"]) == ("index_missing", "Run: relatum doctor --repair")
    assert f"Built index {name}." in relatum.said("doctor", "--repair")
    assert relatum.json("doctor")["findings"] == []


def _indexes(instance):
    from relatum.core import ddl

    return ddl.expected_indexes(instance.catalog.types["x_asset"])


def test_upgrade_of_an_instance_of_this_version_does_nothing(relatum):
    said = relatum.json("upgrade")
    assert said["before"] == said["after"]


# -- backup, restore ------------------------------------------------------------------------
def test_a_backup_restored_elsewhere_is_the_same_instance(relatum, tmp_path):
    relatum.said("records", "create", "team", "name=North")
    archive = str(tmp_path / "crm.zip")
    assert relatum.json("backup", archive)["path"] == archive
    other = Shell({"RELATUM_HOME": str(tmp_path / "other")})
    other.said("restore", archive)
    same = ("records", "list", "team")
    assert other.json(*same)["records"] == relatum.json(*same)["records"]
    assert other.json("doctor")["findings"] == []


def test_a_backup_without_a_name_is_a_new_file_here(relatum, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    relatum.said("backup")
    assert [path.suffix for path in here.iterdir()] == [".zip"]


def test_nothing_is_overwritten_unless_forced(relatum, tmp_path):
    archive = tmp_path / "crm.zip"
    relatum.said("backup", str(archive))
    assert relatum.error("backup", str(archive)).startswith("backup_failed: ")
    relatum.said("records", "create", "team", "name=North")
    line = relatum.error("restore", str(archive))
    assert line.startswith("restore_refused: ") and "--force" in line
    assert len(relatum.json("records", "list", "team")["records"]) == 1
    relatum.said("restore", str(archive), "--force")
    assert relatum.json("records", "list", "team")["records"] == []


@pytest.mark.parametrize("content", [None, b"", b"PK nonsense"])
def test_what_is_no_backup_is_refused_and_the_instance_stays(relatum, tmp_path, content):
    archive = tmp_path / "crm.zip"
    if content is not None:
        archive.write_bytes(content)
    assert relatum.error("restore", str(archive), "--force").startswith("restore_refused: ")
    assert len(relatum.json("users", "list")["records"]) == 3


def test_a_folder_that_cannot_be_written_is_refused(relatum, tmp_path):
    line = relatum.error("backup", str(tmp_path / "nowhere" / "crm.zip"))
    assert line.startswith("backup_failed: ")

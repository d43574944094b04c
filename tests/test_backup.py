"""Backup and restore: everything comes back, on either database, or nothing changes."""

from __future__ import annotations

import shutil
import stat
import threading
import zipfile

import orjson
import pytest
from flask import Flask

from relatum.core import auth, backup, catalog, db, doctor, entities, keys, records
from relatum.core.actor import system
from relatum.core.errors import RelatumError
from relatum.core.fields import FIELD_TYPES

from .instances import prepared
from .samples import needed

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}


@pytest.fixture(autouse=True)
def _ring(monkeypatch, tmp_path_factory):
    """Keep the key ring apart, so that an instance that is copied or restored has it, too."""
    path = tmp_path_factory.getbasetemp() / "apart" / "ring"
    monkeypatch.setattr(keys, "path", lambda: path)


@prepared
def full(instance):
    """An instance with every field type, trash of every kind, cycles, history and a password."""
    fields = [
        {
            "name": f"f_{kind}",
            "kind": kind,
            "settings": needed(kind, "x_all"),
        }
        for kind in FIELD_TYPES
        if not FIELD_TYPES[kind].HAS_OPTIONS
    ]
    options = [{"value": "a", "category": "open"}, {"value": "b"}]
    choice = {"name": "f_choice", "kind": "choice", "options": options}
    several = {"name": "f_multi_choice", "kind": "multi_choice", "options": options}
    unique = {"name": "code", "kind": "text", "unique": True, "sortable": True}
    instance.make_type(
        "x_all", unique, choice, several, *fields, keys=[["f_date", "f_integer"]], title="code"
    )
    ids = instance.create("x_all", {"code": "A"}, {"code": "B"}, {"code": "C"})
    instance.write(
        records.update,
        "x_all",
        [
            {
                "id": ids[0], "f_lookup": ids[1], "f_text": "Zoë 😀", "f_long_text": "a\r\n\tb",
                "f_integer": -(2**53) + 1, "f_decimal": "-0.01", "f_money": "999999999999.9999",
                "f_boolean": True, "f_date": "0001-01-01", "f_user": instance.alice.user_id,
                "f_datetime": "9999-12-31T23:59:59.999999Z", "f_choice": "a",
                "f_email": "zoë@bücher.example", "f_time": "23:59:59", "f_duration": "1h 30m",
                "f_rating": 5, "f_percent": "-12.50", "f_colour": "#2f6fed",
                "f_phone": "030 123456", "f_url": "bücher.example",
                "f_rich_text": "<p>Zoë &amp; <b>Bob</b></p>",
                "f_person_name": {"first": "Zoë", "last": "Bücher"},
                "f_geo": {"lat": -33.9, "lng": 18},
                "f_address": {"street": "1\n2", "city": "Köln", "country": "DE"},
                "f_encrypted": "secret", "f_multi_choice": ["b", "a"], "f_tags": ["Zoë", "vip"],
                "f_json": {"b": [1, 2.5, None, "😀"], "a": {}},
            },
            {"id": ids[1], "f_lookup": ids[0]},
        ],
    )  # fmt: skip
    instance.write(records.delete, "x_all", [{"id": ids[2]}])
    instance.make_type("x_gone", {"name": "name", "kind": "text"})
    instance.create("x_gone", {"name": "G"})
    instance.apply({"op": "trash_type", "type": "x_gone"})
    instance.apply({"op": "trash_field", "type": "x_all", "field": "f_money"})
    instance.apply({"op": "add_field", "type": "x_all", "name": "f_money", "kind": "integer"})
    instance.apply({"op": "add_field", "type": "user", "name": "x_size", "kind": "integer"})
    hashed = auth.hash_password("correct horse battery")
    instance.write(lambda actor: auth.set_password(actor.user_id, hashed, actor=actor))
    instance.write(lambda actor: auth.sign_in(actor.user_id))


def saved(instance, folder):
    """Back an instance up and return the archive."""
    with instance.app.app_context():
        return folder / backup.backup(folder / "saved.zip")["path"]


def opened(config):
    """Return an application on the database of some settings."""
    app = Flask("relatum.test")
    db.init_app(app, config)
    return app


def contents(app):
    """Return every row of every table but sessions, in Python values, and the data model."""
    with app.app_context(), db.reading(timed=False) as tx:
        known = catalog.current()
        rows = {
            name: sorted(map(repr, tx.connection.execute(table.select())))
            for name, table in doctor.tables(known).items()
            if name not in backup.TRANSIENT and name != "core_epoch"
        }
        return rows, entities.export(known)


def refused(work, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        work(*args, **kwargs)
    return caught.value


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_all_comes_back_on_either_database(full, blank, tmp_path, target):
    archive = saved(full, tmp_path)
    app = opened(blank(target))
    with app.app_context():
        told = backup.restore(archive)
        assert doctor.examine() == []
    assert contents(app) == contents(full.app)
    assert told["tables"]["x_all"] == 3


@pytest.mark.postgres
def test_what_was_restored_goes_on_working(full, blank, database, tmp_path):
    archive = saved(full, tmp_path)
    with opened(blank(OTHER[database])).app_context():
        backup.restore(archive)
        (made,) = db.transact(lambda: records.create("x_all", [{"code": "D"}], actor=system()))
        add = {"op": "add_field", "type": "x_all", "name": "more", "kind": "text"}
        db.transact(lambda: entities.apply([add], actor=system()), exclusive=True)
        back = {"op": "restore_type", "type": "x_gone"}
        db.transact(lambda: entities.apply([back], actor=system()), exclusive=True)
        with db.reading():
            credential = auth.find_credential("alice@example.org")
            newest = records.history("x_all", made.id or 0, actor=system())
        assert auth.check_password(credential, "correct horse battery") == full.alice.user_id
        assert (len(newest), doctor.examine()) == (1, [])


def test_a_backup_of_a_backup_holds_the_same(full, blank, database, tmp_path):
    archive = saved(full, tmp_path)
    with opened(blank(database)).app_context():
        backup.restore(archive)
        again = backup.backup(tmp_path / "again.zip")["path"]
    with zipfile.ZipFile(archive) as one, zipfile.ZipFile(again) as two:
        members = [
            n for n in one.namelist() if n not in ("manifest.json", "tables/core_epoch.ndjson")
        ]
        assert [n for n in members if one.read(n) != two.read(n)] == []


def test_a_backup_taken_while_others_write_is_one_moment(instance, blank, database, tmp_path):
    instance.make_type("x_pair", {"name": "name", "kind": "text"})
    stop = threading.Event()

    def write():
        while not stop.is_set():
            instance.create("x_pair", {"name": "left"}, {"name": "right"})

    threads = [threading.Thread(target=write) for _ in range(2)]
    [thread.start() for thread in threads]
    try:
        archives = []
        for n in range(3):
            with instance.app.app_context():
                archives.append(backup.backup(tmp_path / f"{n}.zip")["path"])
    finally:
        stop.set()
        [thread.join() for thread in threads]
    for archive in archives:
        with opened(blank(database)).app_context():
            told = backup.restore(archive)
            assert doctor.examine() == []
        assert told["tables"]["x_pair"] % 2 == 0
        assert told["tables"]["core_change"] >= told["tables"]["x_pair"]


def test_an_archive_is_its_owners_alone_and_holds_nobodys_session(full, tmp_path):
    archive = saved(full, tmp_path)
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with zipfile.ZipFile(archive) as packed:
        assert "tables/core_session.ndjson" not in packed.namelist()
    assert [path.name for path in tmp_path.glob("*.zip*")] == [archive.name]


def test_a_backup_never_overwrites_and_says_so_where_it_cant_write(instance, tmp_path):
    archive = saved(instance, tmp_path)
    with instance.app.app_context():
        assert refused(backup.backup, archive).code == "backup_failed"
        assert refused(backup.backup, tmp_path / "no" / "a.zip").code == "backup_failed"
        (tmp_path / "folder").mkdir()
        assert backup.backup(tmp_path / "folder")["path"].endswith(".zip")


def test_an_instance_that_is_there_is_replaced_only_by_force(full, tmp_path):
    archive, before = saved(full, tmp_path), contents(full.app)
    full.create("x_all", {"code": "Z"})
    with full.app.app_context():
        assert refused(backup.restore, archive).code == "restore_refused"
        generation = full.catalog.generation
        backup.restore(archive, force=True)
        assert doctor.examine() == []
    assert contents(full.app) == before
    assert full.catalog.generation > generation


def test_an_archive_restored_over_another_instance_leaves_none_of_its_tables(full, blank, tmp_path):
    archive = saved(full, tmp_path)
    with full.app.app_context():
        full.make_type("x_more", {"name": "name", "kind": "text"})
        backup.restore(archive, force=True)
        with db.reading() as tx:
            assert "x_more" not in doctor.columns_of(tx.connection)


# -- damaged -------------------------------------------------------------------------------------
def rewritten(archive, change):
    """Write an archive anew, each member's bytes as `change` gives them (None: left out)."""
    target = archive.with_suffix(".changed.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def manifest(**more):
    def change(name, content):
        return orjson.dumps(orjson.loads(content) | more) if name == "manifest.json" else content

    return change


def flip(archive):
    """Change one bit of the users' rows."""
    with zipfile.ZipFile(archive) as packed:
        member = packed.getinfo("tables/core_user.ndjson")
    content = bytearray(archive.read_bytes())
    content[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 1
    archive.write_bytes(content)


DAMAGE = {
    "nothing": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no zip"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "flipped": flip,
    "a table short": lambda path: shutil.move(
        rewritten(path, lambda n, c: None if n == "tables/core_user.ndjson" else c), path
    ),
    "a row short": lambda path: shutil.move(
        rewritten(
            path, lambda n, c: c[: c.rindex(b"\n[")] if n == "tables/core_user.ndjson" else c
        ),
        path,
    ),
    "no manifest": lambda path: shutil.move(
        rewritten(path, lambda n, c: None if n == "manifest.json" else c), path
    ),
    "foreign": lambda path: shutil.move(rewritten(path, manifest(format="other")), path),
    "other format": lambda path: shutil.move(rewritten(path, manifest(version=99)), path),
    "newer": lambda path: shutil.move(rewritten(path, manifest(revision="9999")), path),
    "no tables": lambda path: shutil.move(rewritten(path, manifest(tables=[])), path),
    "evil name": lambda path: shutil.move(
        rewritten(
            path, manifest(tables=[{"name": "x; drop", "columns": [], "rows": 0, "sha256": ""}])
        ),
        path,
    ),
    "a list": lambda path: shutil.move(
        rewritten(path, lambda n, c: b"[]" if n == "manifest.json" else c), path
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("force", [False, True])
def test_a_damaged_archive_is_refused_and_changes_nothing(instance, tmp_path, damage, force):
    archive, before = saved(instance, tmp_path), contents(instance.app)
    DAMAGE[damage](archive)
    with instance.app.app_context():
        assert refused(backup.restore, archive, force=force).code == "restore_refused"
    assert contents(instance.app) == before


def test_rows_that_dont_fit_together_are_refused_and_the_old_instance_stays(full, tmp_path):
    """Checksums may be right and the content wrong: somebody edited it on purpose."""
    import hashlib

    archive, before = saved(full, tmp_path), contents(full.app)
    with zipfile.ZipFile(archive) as packed:
        told = orjson.loads(packed.read("manifest.json"))
        entry = next(e for e in told["tables"] if e["name"] == "x_all")
        rows = [orjson.loads(line) for line in packed.read("tables/x_all.ndjson").splitlines()]
    place = [c["name"] for c in entry["columns"]].index("f_lookup")
    rows[0][place] = 424242
    lines = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    entry["sha256"] = hashlib.sha256(lines).hexdigest()
    told["tables"] = [entry if e["name"] == "x_all" else e for e in told["tables"]]
    changed = {"tables/x_all.ndjson": lines, "manifest.json": orjson.dumps(told)}
    evil = rewritten(archive, changed.get)
    with full.app.app_context():
        assert refused(backup.restore, evil, force=True).code == "restore_refused"
        assert doctor.examine() == []
    assert contents(full.app) == before


def test_an_archive_that_is_not_there_is_named(instance, tmp_path):
    with instance.app.app_context():
        error = refused(backup.restore, tmp_path / "none.zip")
    assert (error.code, "none.zip" in str(error)) == ("restore_refused", True)


# -- settings ------------------------------------------------------------------------------------
def test_settings_come_back_without_the_address_of_the_old_database(instance, blank, tmp_path):
    text = '# mine\npage_limit = 100\ndatabase_url = "postgresql://elsewhere/db"\n'
    (instance.config.home / "settings.toml").write_text(text)
    archive, config = saved(instance, tmp_path), blank("sqlite")
    with opened(config).app_context():
        backup.restore(archive)
    assert (config.home / "settings.toml").read_text() == "# mine\npage_limit = 100\n"


def test_settings_that_are_there_stay(instance, blank, tmp_path):
    (instance.config.home / "settings.toml").write_text("page_limit = 100\n")
    archive, config = saved(instance, tmp_path), blank("sqlite")
    config.home.mkdir()
    (config.home / "settings.toml").write_text("page_limit = 7\n")
    with opened(config).app_context():
        backup.restore(archive)
    assert (config.home / "settings.toml").read_text() == "page_limit = 7\n"

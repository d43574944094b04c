"""Secrets in the settings of plugins: they go in, the plugin has them, and nobody else sees one."""

from __future__ import annotations

import logging

import pytest

from relatum.core import audit, backup, db, doctor, jobs, keys, plugin_host
from relatum.core.errors import Invalid, RelatumError
from relatum.core.plugin_host import settings
from relatum.core.plugin_host.discovery import at

from .instances import prepared
from .parcels import KEY, PARCEL, fault, one, put_in, shown, values, waits, wrong
from .plugged import client, enable, put, served


@prepared
def ready(instance):
    """An instance in which the plugin runs."""
    waits(instance)
    put_in(instance, api_key=KEY)


# -- secrets --------------------------------------------------------------------------------
def test_a_secret_is_nowhere_to_be_seen(ready, caplog):
    caplog.set_level(logging.DEBUG)
    put_in(ready, api_key=f"{KEY}-2")
    rows = ready.sql("SELECT * FROM core_plugin_setting") + ready.sql("SELECT * FROM core_audit")
    told = repr(rows) + repr(shown(ready)) + repr(ready.read(plugin_host.show, "parcel"))
    with ready.reading() as tx:
        told += repr(plugin_host.current()) + repr(plugin_host.states(tx.connection))
        told += repr(settings.rows("parcel"))
    assert KEY not in told + caplog.text
    assert (shown(ready)["api_key"]["set"], shown(ready)["api_key"]["value"]) == (True, None)
    [last] = ready.read(audit.entries, limit=1)
    assert (last["event"], last["subject"]) == ("plugin_settings", "plugin:parcel")
    assert (last["before"], last["after"]) == (
        {"api_key": "a secret"}, {"api_key": "another secret"},
    )  # fmt: skip


def test_the_plugins_own_words_on_a_secret_are_told_without_it(instance):
    field = (
        "def check(text):\n        from marshmallow import ValidationError\n"
        "        if text != 'right': raise ValidationError(f'{text.upper()} is no key.')\n"
        "    x = fields.String(required=True, validate=check, metadata={'secret': True})"
    )
    put(instance, "wrong", one(field))
    with pytest.raises(Invalid) as refused:
        enable(instance, "wrong", values={"x": KEY})
    assert str(refused.value) == "Refused: x: … is no key."
    assert KEY not in str(refused.value.as_json()).lower()


def test_a_rule_that_fails_by_itself_tells_nothing_of_the_secret(instance):
    rule = "validate=lambda text: {}[text]"
    field = f"x = fields.String(required=True, {rule}, metadata={{'secret': True}})"
    put(instance, "wrong", one(field))
    with pytest.raises(RelatumError, match="KeyError") as refused:
        enable(instance, "wrong", values={"x": KEY})
    assert (refused.value.code, KEY in str(refused.value)) == ("plugin_unfit", False)


FAILS = """
@hookimpl
def relatum_after_write(batch, ctx):
    raise OSError(f"https://shop.example/?key={ctx.settings['api_key']}")
"""


def test_what_fails_with_a_secret_in_its_message_tells_the_rest(ready, caplog):
    ready.make_type("x_thing", {"name": "name", "kind": "text"})
    put(ready, "parcel", PARCEL.replace("1.0.0", "1.1.0") + FAILS)
    enable(ready, "parcel")
    with pytest.raises(RelatumError) as refused:
        ready.create("x_thing", {"name": "a"})
    assert "OSError: https://shop.example/?key=…" in str(refused.value)
    assert "relatum_after_write" in caplog.text
    assert KEY not in caplog.text + str(refused.value)


def test_a_job_that_fails_with_a_secret_in_its_message_tells_the_rest(ready, caplog):
    says = "raise OSError(context().settings['api_key'])"
    broken = PARCEL.replace("return chunk.finish(seen(context().settings))", says)
    put(ready, "parcel", broken.replace("1.0.0", "1.1.0"))
    enable(ready, "parcel")
    job = ready.write(jobs.enqueue, "parcel_send")
    with ready.app.app_context():
        jobs.run(job, by="me", pause=lambda: False)
    assert "OSError: …" in ready.read(jobs.get, job)["error"]["message"]
    assert KEY not in caplog.text


def test_a_secret_is_a_capability_that_a_plugin_must_say(instance):
    folder = instance.config.home / "plugins" / "parcel"
    folder.mkdir(parents=True)
    text = PARCEL.replace('capabilities=["secrets"]', "capabilities=[]")
    (folder / "__init__.py").write_text(text, encoding="utf-8")
    with pytest.raises(plugin_host.Unfit, match="keeps secrets of other systems"):
        plugin_host.write_manifest(folder)
    (folder / "__init__.py").write_text(PARCEL, encoding="utf-8")
    plugin_host.write_manifest(folder)
    manifest = at(folder).sound
    assert manifest.plugin.capabilities == ("secrets",)
    assert b'"api_key"' in (folder / "plugin.json").read_bytes()


def test_a_secret_may_come_from_the_environment_and_is_never_stored(ready, monkeypatch):
    monkeypatch.setenv("PARCEL_KEY", "from-outside")
    put_in(ready, api_key="env:PARCEL_KEY")
    assert values(ready)["api_key"] == "from-outside"
    assert shown(ready)["api_key"]["variable"] == "PARCEL_KEY"
    assert "from-outside" not in repr(ready.sql("SELECT * FROM core_plugin_setting"))
    [last] = ready.read(audit.entries, limit=1)
    assert last["after"] == {"api_key": "env:PARCEL_KEY"}


def test_where_the_variable_is_not_set_the_plugin_waits(ready):
    put_in(ready, api_key="env:PARCEL_NOWHERE")
    with served(ready) as application:
        client(application).get("/x/parcel")
        application.close()
    assert fault(ready)[0] == "needs_config"
    assert "The variable PARCEL_NOWHERE of the environment" in fault(ready)[1]


def test_a_lost_key_makes_the_plugin_wait_and_a_new_value_lets_it_run(ready):
    with ready.app.app_context():
        keys.path().unlink()
        [told] = [f.text for f in doctor.examine() if f.code == "key_lost"]
    assert "'plugin.settings'" in told
    assert wrong(ready) == ["setting_key_lost"]
    put_in(ready, api_key="again")
    assert values(ready)["api_key"] == "again"


def test_rotating_the_key_ring_encrypts_secrets_anew_and_backups_name_their_key(ready, tmp_path):
    with ready.app.app_context():
        new = keys.rotate().current
        assert db.transact(plugin_host.reseal) == 1
        assert backup.backup(tmp_path / "b.zip")["keys_needed"] == [new]
        assert backup.restore(tmp_path / "b.zip", force=True)["keys_missing"] == []
    assert values(ready)["api_key"] == KEY


def test_a_sealed_value_is_bound_to_its_plugin_and_name(ready):
    with ready.app.app_context(), db.engine().begin() as connection:
        connection.exec_driver_sql("UPDATE core_plugin_setting SET name = 'sender'")
    assert shown(ready)["sender"]["value"] is None
    assert wrong(ready) == ["required"]


def test_what_becomes_a_secret_in_a_newer_version_is_encrypted_when_that_is_enabled(ready):
    put_in(ready, sender="ada@example.org")
    newer = PARCEL.replace("1.0.0", "1.1.0").replace(
        "sender = fields.Email()", 'sender = fields.String(metadata={"secret": True})'
    )
    put(ready, "parcel", newer)
    enable(ready, "parcel")
    assert values(ready)["sender"] == "ada@example.org"
    assert "ada@example.org" not in repr(ready.sql("SELECT * FROM core_plugin_setting"))

"""Settings of plugins: stored, seen by the plugin, and what becomes of one that lacks some."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import pytest

from relatum.core import db, jobs, plugin_host, roles
from relatum.core.actor import Actor, TokenScope
from relatum.core.api.operations import OPERATIONS, PREFIX
from relatum.core.errors import Invalid, RelatumError
from relatum.core.plugin_host import settings

from .instances import prepared
from .parcels import KEY, PARCEL, fault, problems, put_in, shown, values, waits
from .plugged import change, client, disable, enable, put, served, small, token_of


@prepared
def waiting(instance):
    """An instance in which the plugin is enabled, and waits for its key."""
    waits(instance)


@prepared
def ready(waiting):
    """The same with the key, so that the plugin runs."""
    put_in(waiting, api_key=KEY)


# -- what a plugin sees ---------------------------------------------------------------------
def test_a_plugin_sees_its_settings_loaded_with_defaults_and_can_not_change_them(ready):
    seen = values(ready)
    assert (seen["carrier"], seen["most"], seen["address"]) == ("post", 10, None)
    assert (str(seen["heaviest"]), seen["insured"]) == ("2.50", False)
    put_in(ready, most="20", heaviest="0.1", since="2026-01-31", zones=["eu", "us"], insured="yes")
    seen = values(ready)
    assert (seen["most"], seen["since"].year, seen["zones"]) == (20, 2026, ("eu", "us"))
    assert (seen["heaviest"].as_tuple().exponent, seen["insured"]) == (-1, True)
    with ready.reading():
        given = plugin_host.current().hooks.context("parcel").settings
        with pytest.raises(TypeError):
            given["most"] = 1  # type: ignore[index]
        assert KEY not in repr(given) + repr(plugin_host.current().hooks.context("parcel"))


def test_it_sees_them_in_hooks_routes_jobs_and_commands(ready):
    put_in(ready, most=1, carrier="rail")
    ready.make_type("x_thing", {"name": "name", "kind": "text"})
    with pytest.raises(RelatumError, match="At most 1 at once"):
        ready.create("x_thing", {"name": "a"}, {"name": "b"})
    with served(ready) as application:
        answer = client(application, token_of(ready)).get("/api/x/parcel/settings")
        assert (answer.json["carrier"], answer.json["api_key"]) == ("rail", len(KEY))
    job = ready.write(jobs.enqueue, "parcel_send")
    with ready.app.app_context():
        assert jobs.run(job, by="me", pause=lambda: False) == "done"
    assert ready.read(jobs.get, job)["result"]["most"] == "1"


def test_a_change_is_there_on_the_next_request_of_every_worker(ready):
    token = token_of(ready)
    with served(ready) as one_worker, served(ready) as other:
        for application in (one_worker, other):
            seen = client(application, token).get("/api/x/parcel/settings").json
            assert seen["carrier"] == "post"
        changed = client(one_worker, token).patch(
            "/api/v1/plugins/parcel/settings", json={"values": {"carrier": "rail"}}
        )
        assert changed.status_code == 200, changed.text
        assert int(changed.headers["Relatum-Generation"]) == one_worker.generation + 1
        for application in (one_worker, other):
            seen = client(application, token).get("/api/x/parcel/settings").json
            assert seen["carrier"] == "rail"


def test_what_changes_nothing_begins_no_new_set_of_plugins(ready):
    with ready.reading() as tx:
        before = tx.epochs.plugins
    assert put_in(ready, api_key=KEY, copies=None) is False
    with ready.reading() as tx:
        assert tx.epochs.plugins == before


# -- needs_config ---------------------------------------------------------------------------
def test_enabled_without_what_it_needs_it_does_not_run_and_says_what_is_missing(waiting):
    waiting.make_type("x_thing", {"name": "name", "kind": "text"})
    kind, reason = fault(waiting)
    assert kind == "needs_config"
    assert reason == (
        "setting 'api_key': A value is required; run: relatum plugins settings parcel"
    )
    assert values(waiting) == {}
    waiting.create("x_thing", *({"name": str(n)} for n in range(20)))
    with served(waiting) as application:
        alice = client(application, token_of(waiting))
        off = alice.get("/api/x/parcel/settings")
        assert (off.status_code, off.json["code"]) == (404, "plugin_off")
        assert "lacks settings that it needs" in off.json["detail"]
        assert alice.get("/api/v1/records/x_thing").status_code == 200


def test_the_plan_of_enabling_says_which_settings_are_needed(instance):
    put(instance, "parcel", PARCEL)
    plan = instance.read(plugin_host.plan_enable, "parcel")
    assert plan.needs == ("api_key",)
    assert plan.as_json()["provides"]["settings"] == sorted(
        "api_key carrier address sender most heaviest insured since zones copies".split()
    )
    assert any("right: api_key" in note for note in plan.notes)
    given = instance.read(plugin_host.plan_enable, "parcel", values={"api_key": KEY})
    assert (given.needs, given.fingerprint != plan.fingerprint) == ((), True)
    assert KEY not in repr(given)


def test_values_are_set_in_the_transaction_that_enables(instance):
    put(instance, "parcel", PARCEL)
    with pytest.raises(Invalid, match="at most 100"):
        enable(instance, "parcel", values={"api_key": KEY, "most": 200})
    assert instance.sql("SELECT id FROM core_plugin") == []
    enable(instance, "parcel", values={"api_key": KEY, "most": "20"})
    assert (fault(instance), values(instance)["most"]) == ((None, None), 20)


def test_set_right_it_runs_and_set_wrong_by_an_upgrade_it_waits_again(ready):
    assert fault(ready) == (None, None)
    put_in(ready, most=80, carrier="rail")
    put(ready, "parcel", PARCEL.replace("1.0.0", "1.1.0").replace("max=100", "max=20"))
    plan = enable(ready, "parcel")
    assert plan.needs == ("most",)
    assert fault(ready)[0] == "needs_config"
    assert "'most': Must be at most 20" in fault(ready)[1]
    assert problems(ready, carrier="post") == [("most", "too_large")]
    put_in(ready, most=20)
    assert values(ready)["most"] == 20


def test_what_is_stored_by_hand_and_makes_no_sense_fails_no_boot(ready):
    with ready.app.app_context(), db.engine().begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO core_plugin_setting (plugin, name, value) "
            "VALUES ('parcel', 'most', '{\"a\": 1}'), ('parcel', 'gone', '5')"
        )
        connection.exec_driver_sql("UPDATE core_epoch SET plugins = plugins + 1")
    with served(ready) as application:
        assert client(application).get("/api/v1/health").status_code == 200
        application.close()
    assert fault(ready)[0] == "needs_config"
    put_in(ready, most=5)
    assert values(ready)["most"] == 5


def test_a_plugin_that_requires_one_that_waits_does_not_run_either(waiting):
    put(waiting, "upper", small("upper", requires={"parcel": ">=1.0"}))
    with pytest.raises(RelatumError, match="it requires 'parcel', which does not run"):
        enable(waiting, "upper")
    put_in(waiting, api_key=KEY)
    enable(waiting, "upper")


# -- with the plugin itself -----------------------------------------------------------------
def test_disabled_and_enabled_again_a_plugin_has_its_settings(ready):
    put_in(ready, most=7)
    disable(ready, "parcel")
    enable(ready, "parcel")
    assert (values(ready)["most"], values(ready)["api_key"]) == (7, KEY)


def test_settings_are_archived_without_secrets_put_back_and_forgotten(ready):
    put_in(ready, most=7)

    def kept(actor):
        return settings.rows("parcel")

    def again(actor):
        settings.forget("parcel")
        assert settings.rows("parcel") == []
        return settings.put_back("parcel", found)

    found = ready.read(kept)
    assert found == [
        {"name": "api_key", "value": None, "secret": True},
        {"name": "most", "value": 7, "secret": False},
    ]
    assert ready.write(again) == ["api_key"]
    assert ready.read(kept) == found[1:]


def test_removed_with_its_data_kept_a_plugin_comes_back_with_its_settings(ready):
    change(ready, plugin_host.uninstall, "parcel")
    enable(ready, "parcel")
    assert values(ready)["api_key"] == KEY


def test_purged_and_restored_it_has_its_settings_but_for_secrets(ready):
    put_in(ready, most=7)
    made = change(ready, plugin_host.uninstall, "parcel", purge=True)
    assert "its settings go; the archive has them, but none of their secrets" in made.notes
    with ready.app.app_context():
        assert made.job is not None
        assert jobs.run(made.job, by="me", pause=lambda: False) == "done"
    assert ready.sql("SELECT * FROM core_plugin_setting") == []
    [archive] = ready.read(plugin_host.archives)
    file = ready.config.home / plugin_host.ARCHIVES / archive["name"]
    assert KEY.encode() not in file.read_bytes()
    with ready.app.app_context():
        told = db.transact(
            lambda: plugin_host.restore(archive["name"], actor=ready.alice), exclusive=True
        )
    assert "the secret 'api_key' is in no archive; set it again" in told["left_out"]
    assert (fault(ready)[0], shown(ready)["most"]["value"]) == ("needs_config", 7)


# -- over HTTP ------------------------------------------------------------------------------
def test_settings_are_read_and_changed_over_http_with_a_problem_per_field(ready):
    alice = ready.client(ready.alice)
    at_ = "/api/v1/plugins/parcel/settings"
    with served(ready) as application:
        alice = client(application, token_of(ready))
        read = alice.get(at_).json
        assert (read["plugin"], read["ready"]) == ("parcel", True)
        [carrier] = [each for each in read["settings"] if each["name"] == "carrier"]
        assert carrier["options"][1] == {"value": "rail", "label": "By rail"}
        refused = alice.patch(at_, json={"values": {"most": 0, "sender": "x"}})
        assert (refused.status_code, refused.json["code"]) == (422, "invalid")
        assert {error["field"] for error in refused.json["errors"]} == {"most", "sender"}
        changed = alice.patch(at_, json={"values": {"most": 3}}).json
        [most] = [each for each in changed["settings"] if each["name"] == "most"]
        assert (most["value"], most["set"]) == (3, True)
        back = alice.patch(at_, json={"values": {"most": None}}).json
        [most] = [each for each in back["settings"] if each["name"] == "most"]
        assert (most["value"], most["set"]) == (10, False)


#: All that is done with settings: the verbs, and what the API offers.
VERBS: Final = (
    plugin_host.show_settings, partial(plugin_host.change_settings, values={"most": 3}),
    partial(plugin_host.plan_enable, values={"most": 3}),
    partial(plugin_host.enable, values={"most": 3}),
)  # fmt: skip
OFFERED: Final = [o for o in OPERATIONS if o.path.startswith("/plugins/<plugin>/settings")]


def without_customise(instance):
    """Return actors who may not customise: nobody's, members', narrowed and reading ones."""
    instance.write(roles.hold, "user", instance.bob.user_id, ["member", "manager"])
    scope = TokenScope.read('{"*": ["read", "update"]}')
    return [
        instance.bob,
        Actor(user_id=None),
        replace(instance.alice, scope=scope),
        replace(instance.alice, reads_only=True),
    ]


def test_who_does_not_customise_sees_and_changes_nothing(ready):
    before = ready.sql("SELECT * FROM core_plugin_setting")
    for actor in without_customise(ready):
        for verb in VERBS:
            with pytest.raises(RelatumError) as refused:
                ready.write(verb, "parcel", actor=actor)
            assert refused.value.code in ("forbidden", "token_out_of_scope")
            assert KEY not in str(refused.value)
    assert ready.sql("SELECT * FROM core_plugin_setting") == before


@pytest.mark.parametrize("operation", OFFERED, ids=lambda operation: operation.name)
def test_who_does_not_customise_is_refused_by_each_operation(ready, operation):
    path = f"{PREFIX}{operation.path.replace('<plugin>', 'parcel')}"
    sent = {"json": {"values": {"most": 3}}} if operation.body else {}
    answer = ready.client(ready.bob).open(path, method=operation.method, **sent)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    assert ready.client().open(path, method=operation.method, **sent).status_code == 401
    assert shown(ready)["most"]["set"] is False

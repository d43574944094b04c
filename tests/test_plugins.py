"""Plugins: found, enabled, at work in every write, served, and disabled; on both databases."""

from __future__ import annotations

import pytest

from relatum.core import entities, plugin_host, records
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared
from .plugged import (
    LOYALTY,
    client,
    disable,
    enable,
    own,
    put,
    served,
    small,
    token_of,
    with_loyalty,
)


@prepared
def loyal(instance):
    """Return an instance with companies and loyalty cards."""
    with_loyalty(instance)


def code_of(work):
    """Return the code of the refusal of some work."""
    with pytest.raises(RelatumError) as refusal:
        work()
    return refusal.value.code


def test_a_plugin_in_the_home_is_found_without_being_run(instance):
    put(instance, "loyalty", LOYALTY + "\nraise SystemExit('it was run')\n")
    [found] = own(instance.read(plugin_host.list_plugins))
    assert (found["id"], found["version"], found["source"]) == ("loyalty", "1.0.0", "home")
    assert (found["state"], found["reason"]) == ("available", None)


def test_enabling_makes_what_the_plugin_declares_and_it_owns_that(loyal):
    card = loyal.catalog.type("loyalty_card")
    assert (card.owner, card.fields["number"].owner) == ("loyalty", "loyalty")
    assert loyal.catalog.type("x_company").fields["loyalty_tier"].owner == "loyalty"
    assert card.fields["points"].kind == "loyalty_points"


def test_the_plan_says_what_comes_with_its_sql_and_writes_nothing(instance):
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    put(instance, "loyalty", LOYALTY)
    plan = instance.read(plugin_host.plan_enable, "loyalty").as_json()
    assert (plan["action"], plan["plugins"]) == ("enable", ["loyalty"])
    assert plan["provides"]["fields"] == ["x_company.loyalty_tier"]
    assert plan["provides"]["routes"] == [
        "GET /api/x/loyalty/count", "GET /x/loyalty/hello", "POST /api/x/loyalty/cards",
    ]  # fmt: skip
    assert "CREATE TABLE loyalty_card" in plan["steps"][0]["sql"][0]
    assert "loyalty_card" not in instance.catalog.types


def test_a_plan_that_is_out_of_date_is_not_carried_out(instance):
    put(instance, "small", small("small"))
    assert code_of(lambda: enable(instance, "small", expect="0" * 16)) == "plan_stale"
    assert instance.sql("SELECT id FROM core_plugin") == []


def test_a_hook_refuses_a_row_and_names_itself_row_and_field(loyal):
    rows = [{"number": "a1"}, {"number": "01"}]
    with pytest.raises(Invalid) as refusal:
        loyal.create("loyalty_card", *rows)
    [problem] = refusal.value.problems
    assert (problem.code, problem.row, problem.field) == ("rejected", 1, "number")
    assert problem.message == "No card begins with 0, as 01 does (says plugin 'loyalty')."
    assert loyal.sql("SELECT count(*) AS n FROM loyalty_card")[0].n == 0


def test_a_hook_sets_values_before_the_rules_are_checked(loyal):
    [id_] = loyal.create("loyalty_card", {"number": "ab"})
    assert loyal.get("loyalty_card", id_)["number"] == "AB"
    with pytest.raises(Invalid, match="is already used"):
        loyal.create("loyalty_card", {"number": "Ab"})


def test_a_partial_batch_is_written_without_the_rows_a_hook_refuses(loyal):
    rows = [{"number": "a1"}, {"number": "01"}]
    outcomes = loyal.write(records.create, "loyalty_card", rows, partial=True)
    assert [outcome.status for outcome in outcomes] == ["created", "refused"]


def test_a_field_type_of_a_plugin_checks_its_values(loyal):
    with pytest.raises(Invalid) as refusal:
        loyal.create("loyalty_card", {"number": "a1", "points": -1})
    assert refusal.value.problems[0].code == "too_small"


def test_disabled_the_code_runs_no_more_and_the_data_stay(loyal):
    [id_] = loyal.create("loyalty_card", {"number": "a1", "points": 7})
    disable(loyal, "loyalty")
    assert loyal.get("loyalty_card", id_)["points"] == 7
    loyal.create("loyalty_card", {"number": "01"})
    loyal.write(records.delete, "loyalty_card", [{"id": id_}])
    assert code_of(lambda: disable(loyal, "loyalty")) == "plugin_not_enabled"


def test_a_plugin_that_is_gone_from_disk_leaves_its_data_readable(loyal):
    [id_] = loyal.create("loyalty_card", {"number": "a1", "points": 7})
    (loyal.config.home / "plugins" / "loyalty.py").unlink()
    with served(loyal) as application:
        alice = client(application, token_of(loyal))
        got = alice.get(f"/api/v1/records/loyalty_card/{id_}")
        assert (got.status_code, got.json["points"]) == (200, 7)
        off = alice.get("/x/loyalty/hello")
        assert (off.status_code, off.json["code"]) == (404, "plugin_off")
        application.close()
    [found] = own(loyal.read(plugin_host.list_plugins))
    assert (found["state"], found["fault"]) == ("enabled", "missing")
    catalog_ = loyal.catalog
    assert catalog_.type("loyalty_card").fields["points"].value_type.name == "integer"
    loyal.write(records.delete, "loyalty_card", [{"id": id_}])


def test_enabled_again_it_finds_what_it_had(loyal):
    [id_] = loyal.create("loyalty_card", {"number": "a1"})
    disable(loyal, "loyalty")
    plan = enable(loyal, "loyalty")
    assert (plan.action, plan.model) == ("enable", None)
    assert loyal.get("loyalty_card", id_)["number"] == "A1"


def test_a_newer_version_changes_what_it_declared_and_keeps_the_rest(loyal):
    [id_] = loyal.create("loyalty_card", {"number": "a1", "state": "open"})
    newer = (
        LOYALTY.replace('version="1.0.0"', 'version="1.1.0"')
        .replace('"label": "Card"', '"label": "Loyalty card"')
        .replace('{"name": "number",', '{"name": "colour", "kind": "text"}, {"name": "number",')
        .replace('{"value": "blocked", "label": "Blocked"},', "")
        .replace('{"name": "loyalty_tier", "kind": "text", "label": "Tier"}', "")
    )
    put(loyal, "loyalty", newer)
    plan = enable(loyal, "loyalty")
    assert (plan.action, plan.before, plan.version) == ("update", "1.0.0", "1.1.0")
    card = loyal.catalog.type("loyalty_card")
    assert (card.label, "colour" in card.fields) == ("Loyalty card", True)
    assert [(o.value, o.retired) for o in card.fields["state"].options] == [
        ("open", False), ("blocked", True),
    ]  # fmt: skip
    assert "loyalty_tier" not in loyal.catalog.type("x_company").fields
    assert loyal.get("loyalty_card", id_)["state"] == "open"
    put(loyal, "loyalty", LOYALTY)
    enable(loyal, "loyalty")
    assert "loyalty_tier" in loyal.catalog.type("x_company").fields
    assert "colour" not in loyal.catalog.type("loyalty_card").fields


def test_a_plugin_that_declares_the_same_again_changes_nothing(instance):
    price = {"name": "price", "kind": "decimal", "settings": {"scale": 3}, "default": "1"}
    types = [{"name": "small_item", "fields": [price]}]
    declared = f"@hookimpl\ndef relatum_declare(): return {{'types': {types}}}\n"
    put(instance, "small", small("small", declared))
    enable(instance, "small")
    assert instance.read(plugin_host.plan_enable, "small").as_json()["steps"] == []
    put(instance, "small", small("small", declared.replace("'1'", "'1.5'")))
    [step] = instance.read(plugin_host.plan_enable, "small").as_json()["steps"]
    assert step["summary"] == "Change default of Price"


def test_other_code_than_was_enabled_does_not_run(loyal):
    put(loyal, "loyalty", LOYALTY.replace('version="1.0.0"', 'version="1.1.0"'))
    with served(loyal) as application:
        assert client(application).get("/x/loyalty/hello").status_code == 404
        application.close()
    [found] = own(loyal.read(plugin_host.list_plugins))
    assert found["fault"] == "incompatible"
    assert "version 1.1.0 is there, 1.0.0 is enabled" in found["reason"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise SystemExit", "SystemExit"),
        ("import nothing_of_that_name", "No module named"),
        ("@hookimpl\ndef relatum_befor_write(batch): ...", "unknown hook"),
        ("@hookimpl\ndef relatum_before_write(rows): ...", "rows"),
        ("@hookimpl(tryfirst=True)\ndef relatum_before_write(batch): ...", "tryfirst"),
        ("@hookimpl\ndef relatum_declare(): return 1 / 0", "division by zero"),
        ("@hookimpl\ndef relatum_declare(): return []", "must be a dict"),
        ("@hookimpl\ndef relatum_routes(): return []", "must return Routes"),
        ("plugin = None", "plugin = Plugin"),
    ],
)
def test_a_plugin_that_does_not_work_is_refused_with_the_reason(instance, text, reason):
    put(instance, "wrong", small("wrong", f"\n{text}\n"))
    with pytest.raises(RelatumError, match=reason) as refusal:
        enable(instance, "wrong")
    assert refusal.value.code in ("plugin_unfit", "definition_invalid")
    assert instance.sql("SELECT id FROM core_plugin") == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("wrong_thing", None),
        ("thing", "name_prefix_plugin"),
        ("x_thing", "name_prefix_plugin"),
        ("wrongthing", "name_prefix_plugin"),
    ],
)
def test_a_types_name_begins_with_the_id_of_its_plugin(instance, name, code):
    declared = {"types": [{"name": name, "fields": [{"name": "name", "kind": "text"}]}]}
    put(instance, "wrong", small("wrong", f"@hookimpl\ndef relatum_declare(): return {declared}\n"))
    if code is None:
        enable(instance, "wrong")
    else:
        assert code_of(lambda: enable(instance, "wrong")) == code


def test_a_field_on_anothers_type_begins_with_the_id_too(instance):
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    declared = {"extensions": [{"type": "x_company", "fields": [{"name": "tier", "kind": "text"}]}]}
    put(instance, "wrong", small("wrong", f"@hookimpl\ndef relatum_declare(): return {declared}\n"))
    assert code_of(lambda: enable(instance, "wrong")) == "name_prefix_plugin"


def test_a_name_that_two_plugins_want_names_both(loyal):
    declared = {
        "extensions": [{"type": "loyalty_card", "fields": [{"name": "other_x", "kind": "text"}]}]
    }
    newer = LOYALTY.replace(
        '{"name": "number",', '{"name": "other_x", "kind": "text"}, {"name": "number",'
    )
    put(loyal, "loyalty", newer)
    enable(loyal, "loyalty")
    put(loyal, "other", small("other", f"@hookimpl\ndef relatum_declare(): return {declared}\n"))
    with pytest.raises(RelatumError, match="by loyalty; other can't have it too"):
        enable(loyal, "other")


def test_what_a_plugin_requires_must_be_enabled_and_stays_enabled(instance):
    put(instance, "base", small("base"))
    put(instance, "upper", small("upper", requires={"base": ">=1.0"}))
    assert code_of(lambda: enable(instance, "upper")) == "plugin_requires"
    enable(instance, "base")
    enable(instance, "upper")
    with pytest.raises(RelatumError, match="is required by upper"):
        disable(instance, "base")
    assert disable(instance, "base", cascade=True).plugins == ("upper", "base")
    put(instance, "upper", small("upper", requires={"base": ">=2"}))
    enable(instance, "base")
    assert code_of(lambda: enable(instance, "upper")) == "plugin_requires"


def test_an_id_that_could_clash_is_reserved(instance):
    for word in ("core", "api", "std", "user", "records"):
        put(instance, word, small(word))
    found = instance.read(plugin_host.list_plugins)
    assert {plugin["id"] for plugin in found if "is reserved" in (plugin["reason"] or "")} == {
        "core", "api", "std", "user", "records",
    }  # fmt: skip
    assert code_of(lambda: enable(instance, "core")) == "plugin_unfit"


def test_only_administrators_see_and_change_plugins(instance):
    put(instance, "small", small("small"))
    for verb in (plugin_host.show, plugin_host.plan_enable, plugin_host.plan_disable):
        assert code_of(lambda verb=verb: instance.read(verb, "small", actor=instance.bob)) == (
            "forbidden"
        )
    assert code_of(lambda: instance.read(plugin_host.show, "smal")) == "plugin_unknown"


def test_a_failing_hook_undoes_the_write_and_is_named(instance):
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    text = "@hookimpl\ndef relatum_after_write(batch): return 1 / 0\n"
    put(instance, "wrong", small("wrong", text))
    enable(instance, "wrong")
    with pytest.raises(RelatumError, match="Plugin 'wrong' failed in relatum_after_write") as error:
        instance.create("x_company", {"name": "A"})
    assert (error.value.code, error.value.status) == ("hook_failed", 500)
    assert instance.sql("SELECT count(*) AS n FROM x_company")[0].n == 0


def test_hooks_that_call_each_other_for_ever_are_stopped(instance):
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    text = (
        "from relatum import records\n@hookimpl\ndef relatum_after_write(batch, ctx):\n"
        "    records.create('x_company', [{'name': 'again'}], actor=ctx.actor)\n"
    )
    put(instance, "wrong", small("wrong", text))
    enable(instance, "wrong")
    assert code_of(lambda: instance.create("x_company", {"name": "A"})) == "hook_depth"


HEARD = """
heard = []
@hookimpl
def relatum_before_write(batch): heard.append(("before", batch.type, batch.operation, len(batch)))
@hookimpl
def relatum_after_write(batch): heard.append(("after", batch.type, batch.operation, len(batch)))
@hookimpl
def relatum_after_commit(changes):
    heard.append([(c.type, c.operation, len(c.ids)) for c in changes])
"""


def heard_by(instance):
    """Return what the listening plugin has heard."""
    with instance.reading():
        return plugin_host.current().active["listening"].module.heard


def test_hooks_are_called_once_per_type_and_operation_whatever_the_number_of_rows(instance):
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    instance.make_type(
        "x_branch",
        {
            "name": "company", "kind": "lookup",
            "settings": {"target": "x_company", "on_delete": "cascade"},
        },
    )  # fmt: skip
    put(instance, "listening", small("listening", HEARD))
    enable(instance, "listening")
    ids = instance.create("x_company", *({"name": str(n)} for n in range(150)))
    instance.create("x_branch", {"company": ids[0]})
    instance.write(records.update, "x_company", [{"id": ids[0], "name": "new"}])
    instance.write(records.delete, "x_company", [{"id": ids[0]}])
    assert heard_by(instance) == [
        ("before", "x_company", "create", 150), ("after", "x_company", "create", 150),
        [("x_company", "create", 150)],
        ("before", "x_branch", "create", 1), ("after", "x_branch", "create", 1),
        [("x_branch", "create", 1)],
        ("before", "x_company", "update", 1), ("after", "x_company", "update", 1),
        [("x_company", "update", 1)],
        ("before", "x_company", "delete", 1), ("before", "x_branch", "delete", 1),
        ("after", "x_branch", "delete", 1), ("after", "x_company", "delete", 1),
        [("x_branch", "delete", 1), ("x_company", "delete", 1)],
    ]  # fmt: skip


def test_what_fails_after_the_commit_hurts_nobody(instance):
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    put(instance, "wrong", small("wrong", "@hookimpl\ndef relatum_after_commit(changes): 1 / 0\n"))
    put(instance, "listening", small("listening", HEARD))
    enable(instance, "wrong")
    enable(instance, "listening")
    assert len(instance.create("x_company", {"name": "A"})) == 1
    assert [("x_company", "create", 1)] in heard_by(instance)


def test_a_plugins_own_writes_say_so_in_the_history(loyal):
    with served(loyal) as application:
        alice = client(application, token_of(loyal))
        made = alice.post("/api/x/loyalty/cards", json={})
        assert made.status_code == 201, made.text
    [change] = loyal.read(records.history, "loyalty_card", made.json["id"])
    assert change["source"] == "plugin"


def test_the_export_of_the_local_layer_leaves_out_what_plugins_declare(loyal):
    exported = entities.export(loyal.catalog)
    assert [t["name"] for t in exported["types"]] == ["x_company"]
    assert exported["extensions"] == []

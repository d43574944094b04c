"""Hooks: few, documented, called with what they want, in the order of the requirements."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

import relatum
from relatum.cli import COMMANDS
from relatum.core import entities, hooks, jobs, plugin_host, records
from relatum.core import help as manual
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError
from relatum.core.plugin_host import manifest
from relatum.core.records.hooking import Changes

from .parcels import put_in
from .plugged import enable, put, small

ALICE = Actor(user_id=1, name="Alice", admin=True)


def made(**functions):
    """Return a module that implements hooks."""
    return SimpleNamespace(**{name: hooks.hookimpl(work) for name, work in functions.items()})


@pytest.mark.parametrize("name", sorted(hooks.POLICIES))
def test_every_hook_is_documented_with_its_exact_arguments(name):
    spec = getattr(hooks.specs, name)
    arguments = ", ".join(inspect.signature(spec).parameters)
    shown = f"`{name}({arguments})`" if name != "relatum_commands" else f"`{name}(ctx)`"
    assert shown in manual.text("plugins")
    text = inspect.getdoc(spec) or ""
    assert "Called" in text and "exception" in text.lower(), "say when, and what a failure does"


def test_hooks_stay_few():
    assert len(hooks.POLICIES) <= 20


def test_a_hook_is_given_what_it_wants_and_knows_for_which_plugin_it_runs():
    called = hooks.Hooks()
    seen = []

    def hear(batch):
        seen.append(batch)

    called.register("first", made(relatum_before_write=lambda ctx: seen.append(ctx.plugin)))
    called.register("second", made(relatum_before_write=hear))
    called.strict("relatum_before_write", actor=ALICE, batch=["rows"])
    assert seen == ["first", ["rows"]]


def test_a_hook_is_called_for_the_types_that_it_is_narrowed_to(instance):
    more = """
@hookimpl(only={"types": ["x_note"], "fields": ["text"]})
def relatum_before_write(batch):
    for place in range(len(batch)):
        batch.reject(place, "No " + batch.operation)
"""
    for name in ("x_note", "x_other"):
        instance.make_type(name, {"name": "text", "kind": "text"}, {"name": "more", "kind": "text"})
    [old] = instance.create("x_note", {"text": "old"})
    put(instance, "narrow", small("narrow", more))
    enable(instance, "narrow")
    assert instance.create("x_other", {"text": "of another type"})
    update = {"id": old, "more": "another field"}
    instance.write(records.update, "x_note", [update], actor=instance.alice)
    with pytest.raises(RelatumError, match="No update"):
        instance.write(records.update, "x_note", [{**update, "text": "new"}], actor=instance.alice)
    with pytest.raises(RelatumError, match="No create"):
        instance.create("x_note", {"text": "new"})


def test_what_was_committed_is_told_to_those_alone_who_asked_for_its_type():
    called, seen = hooks.Hooks(), []

    @hooks.hookimpl(only={"types": ["card"]})
    def relatum_after_commit(changes):
        seen.append([change.type for change in changes])

    called.register("first", SimpleNamespace(relatum_after_commit=relatum_after_commit))
    for types in (["card", "other"], ["other"]):
        changes = Changes(records.Committed(name, "create", (1,)) for name in types)
        called.isolated("relatum_after_commit", actor=ALICE, changes=changes)
    assert seen == [["card"]]


def test_a_hook_is_narrowed_by_types_and_fields_alone():
    with pytest.raises(ValueError, match="types and fields, not records"):
        hooks.hookimpl(only={"records": ["1"]})


def test_what_comes_after_a_write_goes_backwards():
    called, seen = hooks.Hooks(), []
    for name in ("base", "upper"):
        called.register(
            name,
            made(
                relatum_before_write=lambda ctx: seen.append(f"before {ctx.plugin}"),
                relatum_after_write=lambda ctx: seen.append(f"after {ctx.plugin}"),
            ),
        )
    called.strict("relatum_before_write", actor=ALICE, batch=[])
    called.strict("relatum_after_write", actor=ALICE, batch=[])
    assert seen == ["before base", "before upper", "after upper", "after base"]


def test_a_refusal_passes_a_strict_hook_and_anything_else_is_named():
    def refuse():
        raise RelatumError("forbidden", action="write", thing="this")

    called = hooks.Hooks()
    called.register("strictly", made(relatum_before_write=refuse))
    with pytest.raises(RelatumError) as refusal:
        called.strict("relatum_before_write", actor=ALICE, batch=[])
    assert refusal.value.code == "forbidden"


def test_one_that_fails_in_isolation_does_not_stop_the_others():
    called, seen, told = hooks.Hooks(), [], []

    def fail():
        raise IndexError("nothing is there")

    def hear(changes):
        seen.append(changes)

    called.on_failure = lambda plugin, hook, error: told.append((plugin, hook, str(error)))
    called.register("wrong", made(relatum_after_commit=fail))
    called.register("sound", made(relatum_after_commit=hear))
    called.isolated("relatum_after_commit", actor=ALICE, changes=("one",))
    assert seen == [("one",)]
    assert told == [("wrong", "relatum_after_commit", "nothing is there")]


def test_a_plugin_that_is_refused_leaves_nothing_behind():
    def look():
        raise NotImplementedError

    def other():
        raise NotImplementedError

    called = hooks.Hooks()
    with pytest.raises(ValueError, match="unknown hook"):
        called.register("wrong", made(relatum_before_write=look, relatum_no=other))
    assert not called.implemented("relatum_before_write")


def test_the_face_has_every_name_that_it_lists_and_no_other():
    for name in dir(relatum):
        assert getattr(relatum, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(relatum, "nothing")  # noqa: B009  # the checker knows that there is none
    tree = ast.parse(inspect.getsource(relatum))
    typed = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
             for alias in node.names}  # fmt: skip
    assert typed - {"annotations", "TYPE_CHECKING", "Any", "Final"} == set(dir(relatum))


def test_the_command_line_loads_no_database_for_the_face():
    code = "import relatum, sys; print('sqlalchemy' in sys.modules, 'flask' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout == "False False\n"


def test_reserved_ids_are_the_words_that_names_and_commands_begin_with():
    words = {re.split("[-_]", name)[0] for name in COMMANDS}
    assert words == manifest.COMMAND_WORDS
    for word in words | {"x", "core", "api", "admin", "std", "user", "team"}:
        with pytest.raises(manifest.Unfit):
            manifest.check_id(word, ())
    bundled = manifest.parse(
        {
            "manifest": 1, "id": "sales", "name": "Sales", "version": "1.0",
            "provides": {"types": ["price_list"], "fields": ["account.credit_limit"]},
        }
    )  # fmt: skip
    reserved = manifest.words_of([bundled])
    assert reserved == {"sales", "price", "credit"}
    with pytest.raises(manifest.Unfit, match="reserved"):
        manifest.check_id("credit", reserved)


def test_a_bundled_plugin_needs_no_prefix(instance):
    changes = [{"op": "create_type", "name": "account", "fields": []}]
    owner = entities.Owner("contacts", bundled=True)
    with instance.reading():
        made_plan = entities.plan(changes, actor=instance.alice, owner=owner)
        assert not made_plan.blocked
        with pytest.raises(RelatumError) as refusal:
            entities.plan(
                [{"op": "create_type", "name": "x_account", "fields": []}],
                actor=instance.alice, owner=owner,
            )  # fmt: skip
    assert refusal.value.code == "name_reserved"


def test_the_plugin_in_the_help_does_what_the_help_says(instance):
    texts = re.findall(r"^```python\n(.*?)^```$", manual.text("plugins"), re.MULTILINE | re.DOTALL)
    put(instance, "loyalty", "\n".join(texts))
    enable(instance, "loyalty")
    instance.create("loyalty_card", {"number": "a1"})
    with pytest.raises(RelatumError, match="No card begins with 0"):
        instance.create("loyalty_card", {"number": "01"})
    instance.create("loyalty_card", {"number": "trial 1"})
    job_id = instance.write(jobs.enqueue, "loyalty_trials")
    with instance.app.app_context():
        assert jobs.run(job_id, by="test", pause=lambda: False) == "done"
    assert instance.read(jobs.get, job_id)["result"] == {"dropped": 1}
    [schedule] = [s for s in instance.read(jobs.list_schedules) if s["owner"] == "loyalty"]
    assert (schedule["kind"], schedule["rule"]) == ("loyalty_trials", "every 1 day")


def test_the_settings_in_the_help_are_those_that_the_plugin_goes_by(instance):
    texts = re.findall(r"^```python\n(.*?)^```$", manual.text("plugins"), re.MULTILINE | re.DOTALL)
    put(instance, "loyalty", "\n".join(texts))
    enable(instance, "loyalty")
    cards = [{"number": "a1"}, {"number": "a2"}]
    instance.create("loyalty_card", *cards)
    put_in(instance, "loyalty", points=0, api_key="hidden")
    with pytest.raises(RelatumError, match="One card at a time"):
        instance.create("loyalty_card", {"number": "a3"}, {"number": "a4"})
    shown = instance.read(plugin_host.show_settings, "loyalty")["settings"]
    assert {each["name"]: each["value"] for each in shown} == {
        "points": 0, "shop": None, "api_key": None,
    }  # fmt: skip


def test_the_manifest_in_the_help_can_be_read():
    import orjson

    [text] = re.findall(r"^```json\n(.*?)^```$", manual.text("plugins"), re.MULTILINE | re.DOTALL)
    found = manifest.parse(orjson.loads(text))
    assert found.provides is not None
    assert found.provides["types"] == ("loyalty_card",)

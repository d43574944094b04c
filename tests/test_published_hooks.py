"""Hooks that plugins publish for others to implement, and what holds them to what they say."""

from __future__ import annotations

import re

import pytest

from relatum.core import hooks, plugin_host
from relatum.core.errors import RelatumError

from .plugged import enable, put, small

PUBLISHER = """
from relatum import hookspec, plugin_host
def check(value, active):
    if not value:
        raise ValueError("give something")
    return [active.found.id, *value]
@hookspec("collect", read=check)
def base_words(ctx):
    raise NotImplementedError
@hookspec("isolated")
def base_heard(word, ctx):
    raise NotImplementedError
@hookimpl
def relatum_hookspecs():
    return [base_words, base_heard]
"""
ANSWER = "@hookimpl\ndef base_words(ctx): return [ctx.plugin + ' says hello']\n"


def test_a_plugin_publishes_hooks_that_others_implement(instance):
    put(instance, "base", small("base", PUBLISHER))
    put(instance, "upper", small("upper", ANSWER, requires={"base": ""}))
    enable(instance, "base")
    plan = enable(instance, "upper")
    assert plan.provides["hooks"] == ["base_words"]
    with instance.reading():
        assert plugin_host.answers("base_words") == [("upper", ["upper", "upper says hello"])]
        active = plugin_host.current().active["base"]
    assert active.brings()["hookspecs"] == ("base_heard", "base_words")


def test_what_a_publisher_can_not_use_leaves_the_other_plugin_out(instance):
    put(instance, "base", small("base", PUBLISHER))
    put(instance, "upper", small("upper", ANSWER.replace("[ctx.plugin + ' says hello']", "[]"),
                                 requires={"base": ""}))  # fmt: skip
    enable(instance, "base")
    with pytest.raises(RelatumError, match="base_words: give something"):
        enable(instance, "upper")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("@hookspec('collect')\ndef other_words(ctx): ...", "must begin with 'base_'"),
        ("@hookspec('never')\ndef base_words(ctx): ...", "marked by @hookspec"),
        ("@hookspec('collect')\ndef relatum_words(ctx): ...", "must begin with 'base_'"),
    ],
)
def test_a_hook_that_can_not_be_published_is_refused(instance, spec, reason):
    name = re.findall(r"def (\w+)", spec)[0]
    text = (
        f"from relatum import hookspec\n{spec}\n@hookimpl\ndef relatum_hookspecs(): return [{name}]"
    )
    put(instance, "base", small("base", text))
    with pytest.raises(RelatumError, match=reason):
        enable(instance, "base")


def test_an_optional_hook_waits_until_somebody_publishes_it():
    called = hooks.Hooks()

    @hooks.hookimpl(optionalhook=True)
    def base_words(ctx):
        return [ctx.plugin]

    module = type("module", (), {"base_words": staticmethod(base_words)})
    with pytest.raises(ValueError, match="does not require"):
        called.register("upper", module)
    assert called.register("upper", module, listed=["base_words"]) == ("base_words",)


def test_a_published_hook_is_called_by_its_policy_for_whoever_asks(instance):
    heard = "@hookimpl\ndef base_heard(word, ctx): raise IndexError(word + ctx.actor.name)\n"
    put(instance, "base", small("base", PUBLISHER))
    put(instance, "upper", small("upper", heard, requires={"base": ""}))
    enable(instance, "base")
    enable(instance, "upper")
    with instance.reading():
        found = hooks.current()
        told = []
        found.on_failure = lambda *what: told.append((what[0], what[1], str(what[2])))
        found.isolated("base_heard", actor=instance.alice, word="x")
    assert told == [("upper", "base_heard", "xAlice")]


PLACES = """
from relatum import hookspec
def read(value, active): return tuple(value)
@hookspec("collect", read=read, places=frozenset)
def base_places(ctx):
    raise NotImplementedError
@hookimpl
def relatum_hookspecs(): return [base_places]
"""


def test_the_places_that_a_plugin_fills_are_its_slots(instance):
    put(instance, "base", small("base", PLACES))
    fill = "@hookimpl\ndef base_places(ctx): return ['side', 'head']\n"
    put(instance, "upper", small("upper", fill, requires={"base": ""}))
    enable(instance, "base")
    assert enable(instance, "upper").provides["slots"] == ["head", "side"]

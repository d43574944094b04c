"""Who sees a new type is chosen with the plan that adds it, for plugins too."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from relatum.core import access, db, entities, roles
from relatum.core.errors import RelatumError

from .plugged import change, put, small

from relatum.core import plugin_host  # isort: skip

NEW = {
    "op": "create_type", "name": "x_secret", "label": "Secret",
    "fields": [{"name": "name", "kind": "text"}],
}  # fmt: skip


def line(instance: Any, role: str, type_name: str) -> Any:
    """Return what a role says of a type; None: nothing, so that its line for all types holds."""
    with instance.reading():
        return roles.get(role, actor=instance.alice)["types"].get(type_name)


@pytest.mark.parametrize(
    ("opening", "member", "read_only"),
    [
        ("usual", None, None),
        ("closed", {}, {}),
        ("read", {"read": "all"}, {"read": "all"}),
        (
            "own",
            {
                "read": "own", "create": "all", "update": "own", "delete": "own", "restore": "own",
                "share": "own", "assign": "own", "bulk": "own",
            },
            {"read": "own"},
        ),
    ],
)  # fmt: skip
def test_a_new_type_is_seen_by_those_that_were_chosen(instance, opening, member, read_only):
    instance.apply({**NEW, "access": opening})
    assert line(instance, "member", "x_secret") == member
    assert line(instance, "read_only", "x_secret") == read_only


def test_a_plan_says_who_will_see_a_type_and_writes_nothing(instance):
    with instance.reading():
        made = entities.plan([{**NEW, "access": "closed"}], actor=instance.alice)
        assert made.steps[0].notes == [
            "only administrators will see it, until a role says otherwise"
        ]
    assert line(instance, "member", "x_secret") is None


def test_what_is_closed_is_closed_from_the_first_moment(instance):
    instance.apply({**NEW, "access": "closed"})
    with instance.reading() as tx:
        assert tx.connection
        assert not access.may(instance.bob, "read", "x_secret")


def test_the_types_of_a_plugin_are_opened_as_was_chosen(instance):
    more = """
@hookimpl
def relatum_declare():
    return {"types": [{"name": "upper_note", "label": "Note",
                       "fields": [{"name": "name", "kind": "text"}]}],
            "grants": {"member": ["upper_note"]}}
"""
    put(instance, "upper", small("upper", more))
    made = change(instance, plugin_host.enable, "upper", opening="closed")
    assert made.notes[0] == (
        "upper_note: only administrators will see it, until a role says otherwise"
    )
    assert line(instance, "member", "upper_note") == {}


def test_a_plan_that_opens_otherwise_is_another_plan(instance):
    put(instance, "upper", small("upper", """
@hookimpl
def relatum_declare():
    return {"types": [{"name": "upper_note", "label": "Note",
                       "fields": [{"name": "name", "kind": "text"}]}]}
"""))  # fmt: skip
    with instance.reading():
        seen = plugin_host.plan_enable("upper", actor=instance.alice).fingerprint
    with pytest.raises(RelatumError) as refused, instance.app.app_context():
        enable = partial(plugin_host.enable, "upper", actor=instance.alice)
        db.transact(partial(enable, expect=seen, opening="own"), exclusive=True)
    assert refused.value.code == "plan_stale"


def test_an_opening_that_there_is_none_of_is_named(instance):
    put(instance, "upper", small("upper"))
    with pytest.raises(RelatumError, match=r"access.*usual, own, read, closed"):
        change(instance, plugin_host.enable, "upper", opening="wide")


def test_the_api_takes_the_choice_with_the_type(instance):
    body = {k: v for k, v in NEW.items() if k != "op"}
    made = instance.client(instance.alice).post("/api/v1/entity-types?_access=closed", json=body)
    assert made.status_code == 201
    assert line(instance, "member", "x_secret") == {}

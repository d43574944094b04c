"""How large a data model may grow: every limit is a setting that the refusal names."""

from __future__ import annotations

import pytest

from relatum.core import entities
from relatum.core.errors import RelatumError

NAME = {"name": "name", "kind": "text"}


def refused(instance, *changes):
    with pytest.raises(RelatumError) as caught:
        instance.plan(*changes)
    return caught.value


def add(name, kind="text", **more):
    return {"op": "add_field", "type": "x_thing", "name": name, "kind": kind, **more}


@pytest.mark.parametrize(
    ("setting", "limit", "change"),
    [
        ("type_limit", 3, {"op": "create_type", "name": "x_other"}),
        ("field_limit", 1, add("more")),
        ("link_limit", 0, add("who", "user")),
        ("key_limit", 0, add("code", unique=True)),
        ("option_limit", 1, add("state", "choice", options=[{"value": "a"}, {"value": "b"}])),
    ],
)
def test_a_model_that_grows_beyond_a_limit_is_refused_by_its_setting(
    instance, setting, limit, change
):
    instance.make_type("x_thing", NAME)
    with instance.configured(**{setting: limit}):
        error = refused(instance, change)
    assert error.code == "model_limit"
    assert setting in str(error)
    assert str(limit) in str(error)
    instance.plan(change)


def test_what_is_larger_than_a_limit_already_can_still_be_changed(instance):
    instance.make_type("x_thing", NAME, {"name": "size", "kind": "integer"})
    with instance.configured(field_limit=1):
        instance.apply({"op": "change_field", "type": "x_thing", "field": "size", "label": "S"})
        instance.apply({"op": "trash_field", "type": "x_thing", "field": "size"})
        assert refused(instance, add("a"), add("b")).code == "model_limit"


def test_a_table_without_columns_left_is_named_in_the_plan(instance, monkeypatch):
    instance.make_type("x_thing", NAME)
    monkeypatch.setattr(entities.limits, "COLUMNS", {"postgresql": 13, "sqlite": 13})
    error = refused(instance, add("more"))
    assert error.code == "columns_spent"
    assert "x_thing" in str(error)

"""Errors: one registry, sentences that say it all, and codes that the code really uses."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from importlib import import_module
from string import Formatter

import pytest

from relatum.core.errors import REGISTRY, Invalid, Problem, RelatumError, nearest

from .sources import ROOT, forgotten, tree

__all__ = ["forgotten"]

FOLDERS = [ROOT / name for name in ("core", "schemas", "plugins")]
SOURCES = [ROOT / "cli.py", *(path for folder in FOLDERS for path in folder.rglob("*.py"))]
for plugin in sorted(each.parent.name for each in ROOT.glob("plugins/*/__init__.py")):
    import_module(f"relatum.plugins.{plugin}")  # they bring codes of their own
#: What is called with a code first and the values of its sentence as keywords.
RAISERS = {"RelatumError", "Refused", "refuse", "Problem"}


def trees() -> dict[str, ast.Module]:
    """Return the syntax trees of all sources by path."""
    return {
        path.relative_to(ROOT).as_posix(): tree(path)
        for path in SOURCES
        if not path.name.endswith("_codes.py")
    }


def needed(code: str) -> set[str]:
    """Return the values that the sentence of a code needs."""
    return {name for _, name, _, _ in Formatter().parse(REGISTRY[code].template) if name}


def raised() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield (place, code, names of values) of each literal use; None where they are not literal."""
    for path, whole in trees().items():
        for node in ast.walk(whole):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            code = getattr(node.args[0], "value", None)
            if name in RAISERS and isinstance(code, str):
                yield f"{path}:{node.lineno}", code, given(node, problem=name == "Problem")


def given(node: ast.Call, *, problem: bool) -> set[str] | None:
    """Return the names of the values that a call gives; None if they can't be read off."""
    if not problem:
        names = {keyword.arg for keyword in node.keywords}
        return None if None in names else {name for name in names if name}
    values = node.args[1] if len(node.args) > 1 else ast.Dict([], [])
    if not isinstance(values, ast.Dict) or None in values.keys:
        return None
    return {key.value for key in values.keys if isinstance(key, ast.Constant)}  # type: ignore[misc]


def test_every_code_that_is_raised_is_in_the_registry():
    unknown = [(place, code) for place, code, _ in raised() if code not in REGISTRY]
    assert unknown == []


def test_every_raise_gives_the_values_that_its_sentence_needs():
    lacking = [
        (place, code, needed(code) - names)
        for place, code, names in raised()
        # `nearest` may be left out: nothing is near.
        if names is not None and needed(code) - names - {"nearest"}
    ]
    assert lacking == []


def test_every_code_of_the_registry_is_used_somewhere():
    words = {
        node.value
        for whole in trees().values()
        for node in ast.walk(whole)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(set(REGISTRY) - words) == []


@pytest.mark.parametrize("code", sorted(REGISTRY))
def test_every_entry_has_a_name_a_status_a_title_and_a_sentence(code):
    entry = REGISTRY[code]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    assert entry.code == code
    assert 400 <= entry.status < 600
    assert entry.title[0].isupper() and not entry.title.endswith(".")
    assert re.search(r"(\.|\}|Run: [a-z '\[\]]+)$", entry.template)


def test_a_value_that_is_missing_shows_as_a_question_mark_and_raises_nothing():
    assert REGISTRY["too_long"].sentence({"max": 5}) == ("Has ? characters; at most 5 are allowed.")


def test_a_value_may_hold_braces():
    assert "{x}" in str(RelatumError("type_unknown", type="{x}", nearest=""))


def test_an_error_is_a_problem_document():
    error = RelatumError("type_unknown", type="x_a", nearest="")
    assert error.as_json() == {
        "type": "/help/errors#type_unknown",
        "title": "Unknown entity type",
        "status": 404,
        "code": "type_unknown",
        "detail": "There is no entity type 'x_a'.",
        "errors": [],
    }


def required(row, field="name"):
    return Problem("required", {}, field, row)


def duplicate(row):
    params = {"fields": "name", "value": "A", "type": "x_a", "id": 7, "label": "A"}
    return Problem("duplicate", params, "name", row)


def test_one_problem_is_named_with_its_field():
    error = Invalid([required(0)])
    assert (error.code, error.status, str(error)) == (
        "invalid",
        422,
        "Refused: name: A value is required.",
    )


def test_many_problems_say_the_first_and_how_many_more():
    assert str(Invalid([required(0), required(3)])).endswith("(and 1 more)")


def test_problems_of_one_telling_code_speak_for_the_whole():
    error = Invalid([duplicate(0), duplicate(1)])
    assert (error.code, error.status) == ("duplicate", 409)
    assert "x_a 7 (A)" in str(error)


def test_conflicts_of_several_kinds_are_a_conflict():
    other = Problem("still_referenced", {}, None, 1)
    assert (Invalid([duplicate(0), other]).code, Invalid([duplicate(0), other]).status) == (
        "conflict",
        409,
    )


def test_a_conflict_beside_a_wrong_value_is_a_wrong_value():
    assert Invalid([duplicate(0), required(1)]).status == 422


def test_every_problem_keeps_row_field_code_sentence_and_values():
    (item,) = Invalid([duplicate(4)]).as_json()["errors"]
    assert (item["row"], item["field"], item["code"]) == (4, "name", "duplicate")
    assert item["params"]["id"] == 7
    assert "x_a 7 (A)" in item["message"]
    json.dumps(item)


@pytest.mark.parametrize(
    ("word", "said"),
    [("amuont", " Did you mean 'amount'?"), ("zzz", ""), ("", ""), ("a" * 10**6, "")],
)
def test_the_nearest_known_word_is_named(word, said):
    assert nearest(word, ["amount", "stage"]) == said


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("nam", ["person_name", "name", "later"], "name"),
        ("city", ["billing_city", "phone"], "billing_city"),
        ("berlin", ["Bern", "Berlin"], "Berlin"),
        ("zzz", ["name", "phone"], None),
    ],
)
def test_a_mistyped_word_is_nearest_to_the_whole_word_before_a_part_of_another(word, known, near):
    assert nearest(word, known) == (f" Did you mean '{near}'?" if near else "")

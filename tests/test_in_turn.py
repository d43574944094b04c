"""Which tests run on both databases, and that those which take turns leave nothing out."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

from . import in_turn

HERE = Path(__file__).parent


class Item(NamedTuple):
    """A test that was collected."""

    nodeid: str


def items(*addresses: str) -> list[Item]:
    return [Item(f"tests/{address}") for address in addresses]


def on_both(*cases: str) -> list[Item]:
    return items(*(case.replace("*", name) for name in in_turn.DATABASES for case in cases))


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(in_turn, "LONG", False)


def test_cases_of_a_page_take_turns():
    asked = on_both("test_desk.py::test_a[*]", "test_desk.py::test_b[*-x]", "test_desk.py::c[y-*]")
    kept, out = in_turn.split(asked)
    assert [item.nodeid.partition("::")[2] for item in kept] == [
        "test_b[sqlite-x]", "test_a[postgresql]", "c[y-postgresql]",
    ]  # fmt: skip
    assert {*kept, *out} == {*asked}


def test_cases_of_the_kernel_run_on_both():
    asked = on_both("test_records.py::test_a[*]", "test_undo.py::test_b[*-x]")
    assert in_turn.split(asked) == (asked, [])


def test_a_case_that_is_asked_for_on_one_database_runs_there():
    for name in in_turn.DATABASES:
        asked = items(f"test_desk.py::test_a[{name}]", f"test_desk.py::test_b[{name}]")
        assert in_turn.split(asked) == (asked, [])


def test_a_case_with_two_databases_or_none_is_left_alone():
    asked = on_both("test_api_x.py::test_a[*-sqlite]", "test_api_x.py::test_b")
    assert in_turn.split(asked) == (asked, [])


def test_a_long_search_runs_all_on_both(monkeypatch):
    monkeypatch.setattr(in_turn, "LONG", True)
    asked = on_both("test_desk.py::test_a[*]")
    assert in_turn.split(asked) == (asked, [])


def test_checks_of_conformance_take_turns():
    asked = [Item(f"setup.cfg::desk[{name}]::check") for name in in_turn.DATABASES]
    assert len(in_turn.split(asked)[0]) == 1


@pytest.mark.parametrize("pattern", in_turn.IN_TURN[:-1])
def test_every_pattern_names_modules(pattern):
    assert [path for path in HERE.glob("test_*.py") if fnmatch(path.name, pattern)]

"""The oracle property: what one may not see changes no byte of what one is told.

Twins differ in one secret: values of hidden fields, hidden records (what they hold, whether they
are there, whether they are in the trash), what somebody else keeps for himself. Nora asks both the
same: every route, in sequences at random, from lists and files to forms, jobs, imports and undo.
All bytes of the answers, the lines of the log and what became of jobs must be equal.

RELATUM_ORACLE_LIVES says how many pairs of twins are asked, RELATUM_ORACLE_REQUESTS how much each
time, and RELATUM_ORACLE_SEED where to begin: for a night rather than for a minute.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from typing import Any, Final, NamedTuple
from unittest import mock

import pytest

from relatum.core.catalog import TypeSight

from .oracle_requests import Curious, Route, routes_of
from .oracle_secrets import SECRETS
from .oracle_twins import Answer, Pairs, Request, Twins
from .oracle_world import SCOPES

SEED: Final = int(os.environ.get("RELATUM_ORACLE_SEED", "1"))
LIVES: Final = int(os.environ.get("RELATUM_ORACLE_LIVES", "20"))
#: On PostgreSQL it takes five times as long to make twins.
FEWER: Final = int(os.environ.get("RELATUM_ORACLE_LIVES", "6"))
#: Sequences that one pair of twins is asked, and requests of each.
SEQUENCES: Final = 5
REQUESTS: Final = int(os.environ.get("RELATUM_ORACLE_REQUESTS", "5"))
#: What may differ, by the words that one of the twins alone gives, or of more records, and why that
#: can't be mended. After it the twins are two: what follows in that life is not compared.
PERMITTED: Final = {
    # A unique value that a hidden record has can't be given to another. The refusal names neither
    # the record nor anything of it; whoever guesses the whole value learns that it is taken.
    "is already used by a record that you may not see": "a unique value is taken",
    # A record that a hidden one must point to can't be deleted. The other way would be to change
    # or delete what the actor may neither see nor write. How many, and of what, is not said.
    "Records that you may not see point to this one": "a hidden record holds on to this one",
}


class Leak(NamedTuple):
    """An answer that told the twins apart, and what had been asked before."""

    asked: list[Request]
    first: Answer
    second: Answer

    def __str__(self) -> str:
        parts = [f"{name}\n{told}" for name, told in _differences(self.first, self.second)]
        return "\n".join([*map(str, self.asked), *parts])


def _differences(first: Answer, second: Answer) -> list[tuple[str, str]]:
    found = []
    for name in ("status", "headers", "log", "jobs", "body"):
        one, other = getattr(first, name), getattr(second, name)
        if one == other:
            continue
        if name == "body":
            pairs = enumerate(zip(one, other, strict=False))
            at = next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
            one, other = (each[max(0, at - 300) : at + 300] for each in (one, other))
        found.append((name, f"{one}\n{other}"[:3000]))
    return found


def told_apart(twins: Twins, request: Request) -> tuple[Answer, Leak | None]:
    """Ask both; return what they say, and a leak if they say two things."""
    first, second = twins.ask(request)
    if first == second:
        return first, None
    if any(told(first).count(each) != told(second).count(each) for each in PERMITTED):
        raise StopIteration
    return first, Leak([*twins.asked], first, second)


def told(answer: Answer) -> str:
    """Return all that was told."""
    return " ".join([answer.text, *answer.jobs])


class Tried(NamedTuple):
    """What came of lives: sequences, statuses by route, and the first leak."""

    sequences: int
    statuses: Counter[tuple[str, int]]
    leak: Leak | None


def life(pairs: Pairs, scope: str, secret: str, seed: int) -> Tried:
    """Ask one pair of twins some sequences."""
    statuses: Counter[tuple[str, int]] = Counter()
    with pairs.twins(scope, secret) as twins:
        routes = known_routes(twins)
        for number in range(SEQUENCES):
            curious = Curious(seed * 1000 + number, routes, twins.known["ids"])
            for _ in range(REQUESTS):
                request = curious.request()
                try:
                    answer, leak = told_apart(twins, request)
                except StopIteration:
                    return Tried(number + 1, statuses, None)
                if leak is not None:
                    return Tried(number + 1, statuses, shortened(pairs, scope, secret, leak))
                statuses[request.rule, answer.status] += 1
                curious.heed(request, answer)
    return Tried(SEQUENCES, statuses, None)


def known_routes(twins: Twins) -> list[Route]:
    """Return the routes of the application that both serve."""
    twins.ask(Request("GET", "/x/"))
    return routes_of(twins.worlds[0].application.newest.app)


def shortened(pairs: Pairs, scope: str, secret: str, leak: Leak) -> Leak:
    """Return the leak as it comes from fewer requests, if it does."""
    *before, last = leak.asked
    for some in ([], [each for each in before if each.method != "GET"]):
        with pairs.twins(scope, secret) as twins:
            for each in some:
                twins.ask(each)
            first, second = twins.ask(last)
            if first != second:
                return Leak([*some, last], first, second)
    return leak


def lives(pairs: Pairs, number: int, secrets: Any = SECRETS) -> Tried:
    """Ask pairs of twins, of every scope and secret in turn, until one tells."""
    kinds = itertools.cycle(itertools.product(SCOPES, secrets))
    total, statuses = 0, Counter[tuple[str, int]]()
    for place, (scope, secret) in zip(range(number), kinds, strict=False):
        tried = life(pairs, scope, secret, SEED + place)
        total, statuses = total + tried.sequences, statuses + tried.statuses
        if tried.leak is not None:
            return Tried(total, statuses, tried.leak)
    return Tried(total, statuses, None)


pytestmark = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=False
)


@pytest.fixture
def pairs(database, _originals, tmp_path):
    return Pairs(_originals, database, tmp_path)


def test_what_one_may_not_see_changes_no_byte_of_what_one_is_told(pairs, database):
    number = LIVES if database == "sqlite" else FEWER
    tried = lives(pairs, number)
    assert tried.leak is None, str(tried.leak)
    assert tried.sequences >= number


@pytest.mark.parametrize(
    ("secret", "scope"), [(each, ("team", "own")[place % 2]) for place, each in enumerate(SECRETS)]
)
def test_every_route_is_asked_and_none_tells(pairs, secret, scope):
    with pairs.twins(scope, secret) as twins:
        routes = known_routes(twins)
        curious = Curious(SEED, routes, twins.known["ids"])
        asked = curious.every_route()
        assert {each.rule for each in asked} == set(map(str, routes))
        for request in asked:
            try:
                answer, leak = told_apart(twins, request)
            except StopIteration:  # told on a page: nothing was written, so the twins are alike
                assert request.method == "GET", str(request)
                continue
            assert leak is None, str(leak)
            assert answer.status < 500, f"{request}\n{answer.text[:300]}"


def _all_of_them(ids: Any, actor: Any) -> set[int]:
    return set(ids)


def _not_in_the_trash(entity_type: Any, table: Any) -> Any:
    return table.c.trashed_at.is_(None)


def _nothing_hidden(rule: Any, hidden: Any, locked: Any) -> TypeSight:
    return TypeSight(rule, frozenset(), locked)


@pytest.mark.parametrize(
    ("place", "planted", "secrets"),
    [
        ("relatum.core.records.feed.seeing.seen", _all_of_them, ("gone", "other_content")),
        ("relatum.core.query.suggesting.live", _not_in_the_trash, ("other_content", "gone")),
        ("relatum.core.access.TypeSight", _nothing_hidden, ("other_fields",)),
    ],
    ids=["history", "suggestions", "fields"],
)
def test_a_predicate_that_is_missing_from_one_place_is_found(pairs, place, planted, secrets):
    with mock.patch(place, planted):
        tried = lives(pairs, 40, secrets)
    assert tried.leak is not None, f"nothing found in {tried.sequences} sequences"
    assert tried.sequences <= 200

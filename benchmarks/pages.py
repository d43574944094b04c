"""Single requests over HTTP: lists, one record, writes, groups; and one list at three sizes."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from relatum.benchmarks import data
from relatum.benchmarks.instance import SIZES, Instance, grow
from relatum.benchmarks.report import Figure, Say, compared, times
from relatum.benchmarks.web import Ask, Server, alternate

#: §6.
LIST, CREATE, GROWTH = 1.6, 3.0, 1.5
_ROOT: Final = "/api/v1/records"
_FIELDS: Final = "name,email,phone,city"
_STEP: Final = 500

Pair = tuple[Sequence[Ask], Sequence[Ask]]
Servers = tuple[Server, Server]


def measure(
    servers: Servers, folder: Path, ids: dict[str, list[int]], count: int, say: Say
) -> list[Figure]:
    """Return the figures of all single requests."""
    cities = Counter(row["city"] for row in data.rows(folder, "contacts"))
    chosen = [city for city, _ in cities.most_common()][::5]
    people = ids["x_contact"][:: max(1, len(ids["x_contact"]) // 500)]
    cases: list[tuple[str, Pair, float | None]] = [
        ("list 50 of 100,000, filtered and sorted, first page", _first(chosen), LIST),
        (
            "the same list, page in the middle",
            _deep(servers, [c for c, _ in cities.most_common(3)]),
            LIST,
        ),
        ("read one record", _one(people), None),
        ("read one record with its account's label", _one_with_label(people), None),
        ("create one record", _created(ids["x_account"], count), CREATE),
        ("update one record", _updated(people, count), None),
        ("count and sum 20,000 records in 6 groups", _grouped(), None),
    ]
    figures = []
    for name, asked, target in cases:
        figures.append(compared(name, *alternate(servers, asked, count), target))
        say(f"  {name}: {figures[-1].shown}")
    return figures


def _first(cities: Sequence[str]) -> Pair:
    return (
        [
            Ask(f"{_ROOT}/x_contact?city={quote(c)}&_sort=name&_limit=50&_fields={_FIELDS},account")
            for c in cities
        ],
        [Ask(f"/contacts?city={quote(c)}") for c in cities],
    )


def _deep(servers: Servers, cities: Sequence[str]) -> Pair:
    product, baseline = [], []
    for city in cities:
        steady = f"{_ROOT}/x_contact?city={quote(city)}&_sort=name&_fields={_FIELDS},account"
        total = _total(servers[0], city)
        after = ""
        for _ in range(total // 2 // _STEP):
            _, page = servers[0].ask(Ask(f"{steady}&_limit={_STEP}{after}"))
            after = f"&_after={quote(page['next'])}"
        product.append(Ask(f"{steady}&_limit=50{after}"))
        following = ""
        for _ in range(total // 2 // _STEP * _STEP // 50):
            _, page = servers[1].ask(Ask(f"/contacts?city={quote(city)}{following}"))
            following = f"&after={quote(page['next'])}"
        baseline.append(Ask(f"/contacts?city={quote(city)}{following}"))
        _agree(servers, product[-1], baseline[-1])
    return product, baseline


def _total(server: Server, city: str) -> int:
    _, found = server.ask(Ask(f"{_ROOT}/x_contact/aggregate?city={quote(city)}&_select=count"))
    return int(found["groups"][0]["count"])


def _agree(servers: Servers, product: Ask, baseline: Ask) -> None:
    """Make sure that both answer with the same records."""
    pages = [
        server.ask(asked)[1]["records"]
        for server, asked in zip(servers, (product, baseline), strict=True)
    ]
    ids = [[row["id"] for row in page] for page in pages]
    if ids[0] != ids[1]:
        raise RuntimeError(f"{product} and {baseline} differ: {ids[0][:5]}… and {ids[1][:5]}…")


def _one(ids: Sequence[int]) -> Pair:
    return [Ask(f"{_ROOT}/x_contact/{i}") for i in ids], [Ask(f"/contacts/{i}") for i in ids]


def _one_with_label(ids: Sequence[int]) -> Pair:
    fields = f"{_FIELDS},account"
    return (
        [Ask(f"{_ROOT}/x_contact?id={i}&_fields={fields}") for i in ids],
        [Ask(f"/contacts/{i}") for i in ids],
    )


def _created(accounts: Sequence[int], count: int) -> Pair:
    def body(number: int) -> dict[str, Any]:
        return {
            "name": f"New Person {number}", "email": f"new.{number}@example.com",
            "phone": "+49301234567", "city": "Berlin", "account": accounts[number % len(accounts)],
        }  # fmt: skip

    bodies = [body(number) for number in range(count)]
    return (
        [Ask(f"{_ROOT}/x_contact", "POST", b) for b in bodies],
        [Ask("/contacts", "POST", b) for b in bodies],
    )


def _updated(ids: Sequence[int], count: int) -> Pair:
    # Twice the number of requests, so that no request writes what is there already.
    phones = [f"+4930{number:07}" for number in range(2 * count)]
    bodies = [(i, {"phone": p}) for i, p in zip(itertools.cycle(ids), phones, strict=False)]
    return (
        [Ask(f"{_ROOT}/x_contact/{i}", "PATCH", b) for i, b in bodies],
        [Ask(f"/contacts/{i}", "PATCH", b) for i, b in bodies],
    )


def _grouped() -> Pair:
    return (
        [Ask(f"{_ROOT}/x_opportunity/aggregate?_group=stage&_select=count,sum(amount)")],
        [Ask("/deals/by-stage")],
    )


def sizes(
    instance: Instance, servers: Servers, folder: Path, count: int, say: Say, largest: int
) -> list[Figure]:
    """Return the same list over tables of growing size, side by side."""
    cities = Counter(row["city"] for row in data.rows(folder, "contacts"))
    chosen = [city for city, _ in cities.most_common()][::5]
    asked: dict[int, Pair] = {}
    for size in (s for s in SIZES if s <= largest):
        name = grow(instance, size)
        steady = f"&_sort=name&_limit=50&_fields={_FIELDS}"
        asked[size] = (
            [Ask(f"{_ROOT}/{name}?city={quote(c)}{steady}") for c in chosen],
            [Ask(f"/sizes/{size}?city={quote(c)}") for c in chosen],
        )
        say(f"  {name}: made")
    instance.settle()
    return _grown({size: alternate(servers, pair, count) for size, pair in asked.items()})


def _grown(taken: dict[int, tuple[list[float], list[float]]]) -> list[Figure]:
    figures, smallest = [], statistics.median(taken[min(taken)][0])
    for size, (product, baseline) in taken.items():
        growth = statistics.median(product) / smallest
        figure = Figure(
            f"the same list of {size:,}, against {min(taken):,}", times(product), times(baseline)
        )
        figures.append(
            replace(
                figure,
                value=growth,
                shown=f"{growth:.2f} ×",
                target=GROWTH if growth != 1 else None,
            )
        )
    return figures

"""What a list at the desk may cost: statements per page, and bytes on the way to the browser."""

from __future__ import annotations

import gzip
import json
import re
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, event

from relatum.core import views
from relatum.plugins.desk import assets

from .desk import FRAGMENT, at_desk
from .instances import prepared

#: §4 of the issue: statements besides one per reference field, and kilobytes.
STATEMENTS, FIRST, LATER = 4, 120_000, 25_000
EITHER = '{"or": [{"field": "state", "value": "pump"}, {"field": "plant", "value": 1}]}'
WORDS = "Northern Harbour Cold Water Works Supply Station Pump Filter Valve Meadow River".split()


#: The desk alone: what a plugin adds is drawn in a savepoint, which is two statements more.
PRESET = "bare"


@prepared
def works(instance):
    """An instance with 3,000 pumps that point to plants, and some views."""
    instance.make_type("x_plant", {"name": "name", "kind": "text"}, label="Plant", plural="Plants")
    to = {"kind": "lookup", "settings": {"target": "x_plant"}}
    instance.make_type(
        "x_pump",
        {"name": "name", "kind": "text", "required": True, "sortable": True},
        {"name": "state", "kind": "choice", "options": [{"value": w.lower()} for w in WORDS]},
        {"name": "email", "kind": "email"}, {"name": "price", "kind": "money"},
        {"name": "bought", "kind": "date"}, {"name": "plant", **to}, {"name": "spare", **to},
        label="Pump", plural="Pumps",
    )  # fmt: skip
    plants = instance.create("x_plant", *({"name": f"{word} Ltd"} for word in WORDS))
    rows = [
        {
            "name": f"{WORDS[n % 12]} {WORDS[n // 12 % 12]} {n}", "state": WORDS[n % 12].lower(),
            "email": f"{WORDS[n % 12]}.{n}@example.org", "price": f"{n * 7 % 1000}.50",
            "bought": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}", "plant": plants[n % 12],
            "spare": plants[n % 7],
        }
        for n in range(3000)
    ]  # fmt: skip
    instance.create("x_pump", *rows)
    for number in range(5):
        instance.write(views.save, "x_pump", f"my_{number}", {"query": {"sort": ["name"]}})
    shared = {"op": "set_view", "type": "x_pump", "view": "all"}
    instance.apply({**shared, "query": {"sort": ["name"]}})


@pytest.fixture
def desk(works):
    """Return a browser at the desk of that instance."""
    with at_desk(works) as browser:
        browser.get("/records/x_pump")  # what is read once is read
        yield browser


@contextmanager
def statements():
    """Note what is asked of any database in the block, but for who asks and under which fence."""
    found: list[str] = []

    def note(*told: Any) -> None:
        text = str(told[2])
        if not re.search(r"core_(epoch|session)|^(BEGIN|PRAGMA|SET|COMMIT)", text):
            found.append(text)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("words", "references"),
    [
        ("", 2), ("_sort=-name", 2), ("_fields=name,price", 0), ("state=pump&_sort=name", 2),
        ("price__gt=100&_search=filter&_sort=-price", 2), ("plant=1&_fields=name", 1),
        ("plant.name__contains=pump&_sort=name", 2), ("_view=my_1&_fields=name,plant.name", 1),
        (f"_filter={quote(EITHER)}", 2),
        ("_trashed=1", 2),
    ],
)  # fmt: skip
def test_a_page_costs_four_statements_and_one_per_reference_field(desk, words, references):
    with statements() as found:
        assert desk.get(f"/records/x_pump?{words}").status_code == 200
    assert len(found) <= STATEMENTS + references, "\n".join(found)


def test_a_later_page_costs_no_more(desk):
    page = desk.get("/records/x_pump?_sort=name")
    following = re.findall(r'href="([^"]*_after[^"]*)"', page.text)[0].replace("&amp;", "&")
    with statements() as found:
        assert desk.get(following).status_code == 200
    assert len(found) <= STATEMENTS + 2, "\n".join(found)


def packed(response):
    assert response.status_code == 200
    return len(gzip.compress(response.data, 6))


def test_a_list_is_small(desk):
    page = desk.get("/records/x_pump?_sort=name")
    assert page.text.count("<tr id=") == 50
    manifest = json.loads((assets.FOLDER / "manifest.json").read_text(encoding="utf-8"))
    sent = [manifest["files"][name] + ".gz" for name in ("app.js", "style.css")]
    sizes = [(assets.FOLDER / name).stat().st_size for name in (*sent, *manifest["fonts"])]
    assert packed(page) <= LATER
    assert packed(desk.get("/records/x_pump?_sort=name", headers=FRAGMENT)) <= LATER
    assert sum(sizes) + packed(page) <= FIRST, sizes

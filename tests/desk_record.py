"""Companies, people and what ties them, for tests of the page of a record."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from .desk import EMAIL, Browser
from .instances import PASSWORD

NAME = {"name": "name", "kind": "text", "required": True, "sortable": True}


def lookup(name: str, target: str, **more: Any) -> dict[str, Any]:
    """Return the definition of a link; `required` and `unique` beside its settings."""
    names: tuple[str, ...] = ("required", "unique")
    rules = {word: more.pop(word) for word in names if word in more}
    return {"name": name, "kind": "lookup", **rules, "settings": {"target": target, **more}}


def firms(instance: Any) -> None:
    """Make a tree of firms, people who belong to one, ties of both, and a seat for each firm."""
    state = {"name": "state", "kind": "choice", "options": [{"value": "new"}, {"value": "old"}]}
    instance.make_type(
        "x_firm", NAME, {"name": "code", "kind": "text", "unique": True}, state,
        {"name": "price", "kind": "money"}, label="Firm", plural="Firms",
    )  # fmt: skip
    instance.make_type("x_person", NAME, label="Person", plural="People")
    instance.make_type(
        "x_tie", {"name": "role", "kind": "text"}, label="Tie", plural="Ties", title=""
    )
    instance.make_type("x_seat", NAME, label="Seat", plural="Seats")
    parent = lookup("parent", "x_firm", tree=True, inverse="daughters", on_delete="clear")
    ends = [
        lookup("firm", "x_firm", required=True, on_delete="cascade", inverse="advisers"),
        lookup("person", "x_person", required=True, on_delete="cascade", inverse="advises"),
    ]
    instance.apply(
        {"op": "add_field", "type": "x_firm", **parent},
        {
            "op": "add_field", "type": "x_person",
            **lookup("firm", "x_firm", inverse="people", on_delete="clear"),
        },
        *({"op": "add_field", "type": "x_tie", **end} for end in ends),
        {
            "op": "add_field", "type": "x_seat",
            **lookup("firm", "x_firm", unique=True, inverse="seat"),
        },
    )  # fmt: skip
    instance.apply({"op": "add_key", "type": "x_tie", "fields": ["firm", "person"]})


def another(browser: Browser) -> Browser:
    """Return a second browser, in which bob is signed in as an administrator."""
    made = Browser(browser.application)
    made.instance = browser.instance
    answer = made.post("/sign-in", data={"email": "bob@example.org", "password": PASSWORD})
    assert answer.status_code == 303
    return made


def section(page: Any, name: str) -> str:
    """Return the list of a page that is called so, as HTML."""
    found = re.search(rf'<section[^>]*id="rel-{name}".*?</section>', page.text, re.DOTALL)
    return html.unescape(found[0]) if found else ""


def links(page: Any, label: str) -> list[str]:
    """Return where the links or buttons of a page lead that are called so."""
    found = re.findall(r"<a ([^>]*)>((?:(?!</a>).)*)</a>", page.text, re.DOTALL)
    return [
        html.unescape(re.findall(r'href="([^"]*)"', attributes)[0])
        for attributes, inside in found
        if label in html.unescape(inside)
    ]


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements of all engines that are run in the block."""
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)


__all__ = ["EMAIL", "another", "counted", "firms", "links", "lookup", "section"]

"""Helpers for tests of the designer: an instance with deals, forms that are sent, the draft."""

from __future__ import annotations

import html
import re
from typing import Any

from werkzeug.test import TestResponse

from relatum.core import preferences
from relatum.core.testing.instances import Instance
from relatum.plugins.desk.pages.model import draft as drafts

from .desk import Browser, fields_of


def deals(instance: Instance) -> None:
    """Give an instance deals, which are at a stage and worth something."""
    stages = [
        {"value": "new", "label": "Fresh", "category": "open"},
        {"value": "won", "label": "Won", "category": "won"},
    ]
    instance.make_type(
        "x_deal",
        {"name": "name", "kind": "text", "required": True, "sortable": True},
        {"name": "stage", "kind": "choice", "options": stages},
        {"name": "price", "kind": "text"},
        label="Deal",
        plural="Deals",
    )


def draft_of(desk: Browser) -> list[dict[str, Any]]:
    """Return the changes that alice has collected."""
    kept = desk.instance.read(preferences.get, drafts.NAME) or {"entries": []}
    return [change for entry in kept["entries"] for change in entry["changes"]]


def publish(desk: Browser) -> TestResponse:
    """Send the form of the plan page."""
    page = desk.get("/model/plan").text
    form = page[page.index('action="/model/publish"') :]
    return desk.post("/model/publish", data=fields_of(form))


def sent(desk: Browser, address: str, **values: Any) -> TestResponse:
    """Post a form of the designer that must be taken in."""
    answer = desk.post(address, data=values)
    said = re.findall(r'class="(?:error|refused)"[^>]*>(?:<svg.*?</svg>)?([^<]+)', answer.text)
    assert answer.status_code == 303, said
    return answer


def said(page: TestResponse) -> list[str]:
    """Return what a page says is wrong."""
    return [html.unescape(each) for each in re.findall(r'class="error"[^>]*>([^<]+)', page.text)]


def steps(desk: Browser) -> list[str]:
    """Return the headings of the plan."""
    page = desk.get("/model/plan").text
    return [html.unescape(each) for each in re.findall(r"<h2>([^<]*)</h2>", page)]


def form_of(desk: Browser, name: str) -> dict[str, Any]:
    """Return what the form of a field would send as it is, with all its lines of options."""
    page = desk.get(f"/model/x_deal?field={name}").text
    inside = page[page.index(f'id="f-{name}"') :]
    inside = inside[: inside.index("</form>")]
    boxes = re.findall(r'type="checkbox" name="([^"]*)" value="([^"]*)" checked', inside)
    several = {name: [value for each, value in boxes if each == name] for name, _ in boxes}
    return {
        **fields_of(inside), **several, "o": re.findall(r'name="o" value="([^"]*)"', inside),
    }  # fmt: skip

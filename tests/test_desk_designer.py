"""The designer: an administrator changes the data model in a draft, looks at its plan, publishes."""

from __future__ import annotations

import html
import re

import pytest

from relatum.core import preferences
from relatum.plugins.desk import draft as drafts

from .desk import FRAGMENT, Browser, at_desk, fields_of
from .instances import prepared


@pytest.fixture
def preset():
    """Return the preset of the instance: the desk alone."""
    return "desk"


@prepared
def equipped(instance):
    """An instance with deals, which are at a stage and worth something."""
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


@pytest.fixture
def desk(equipped):
    """Return a browser at the desk of that instance."""
    with at_desk(equipped) as browser:
        browser.instance = equipped
        yield browser


def draft_of(desk):
    """Return the changes that alice has collected."""
    kept = desk.instance.read(preferences.get, drafts.NAME) or {"entries": []}
    return [change for entry in kept["entries"] for change in entry["changes"]]


def publish(desk):
    """Send the form of the plan page."""
    page = desk.get("/model/plan").text
    form = page[page.index('action="/model/publish"') :]
    return desk.post("/model/publish", data=fields_of(form))


def test_all_pages(desk):
    for a in ("/model","/model/new","/model/plan","/model/x_deal","/model/x_deal/relationships","/model/x_deal/layout","/model/x_deal/views","/model/x_deal/settings","/model/x_deal?field=stage","/model/x_deal?field=price&retype=money","/model/x_deal/relationships?relate=many_to_many"):
        r = desk.get(a)
        assert r.status_code == 200, (a, r.text[:3000])
    from relatum.core.fields import FIELD_TYPES
    for k in FIELD_TYPES:
        assert desk.get(f"/model/x_deal?add={k}").status_code == 200, k

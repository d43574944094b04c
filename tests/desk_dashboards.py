"""Dashboards made and looked at by the forms of the desk, for tests of them."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from relatum.plugins.desk import ui

from .desk import FRAGMENT, Browser

#: With what the form of a new widget begins.
NEW = ui.digest(None)


def make(browser: Browser, label: str = "Mine", *widgets: dict[str, Any]) -> str:
    """Make a dashboard with widgets by its forms; return its address."""
    edit = browser.post("/dashboards", data={"label": label}).location
    at = edit.removesuffix("/edit")
    for widget in widgets:
        done = browser.post(f"{at}/widget", data={"type": "x_deal", "expect": NEW, **widget})
        assert done.status_code == 303, done.text
    return at


def expected(browser: Browser, address: str) -> str:
    """Return by what a form says with what it began."""
    return first(r'name="expect" value="([^"]*)"', browser.get(address).text)


def save(browser: Browser, at: str, given: dict[str, Any]) -> Any:
    """Name a dashboard and share it, by the form as it is now."""
    return browser.post(f"{at}/save", data={"expect": expected(browser, f"{at}/edit"), **given})


def shown(browser: Browser, at: str, name: str = "w1", words: str = "") -> Any:
    """Return a widget as a page fetches it."""
    return browser.get(f"{at}/w/{name}{words}", headers=FRAGMENT)


def first(pattern: str, text: str) -> str:
    """Return what the first match of a pattern has within its brackets."""
    return html.unescape(re.findall(pattern, text)[0])


def figure(page: Any) -> tuple[str, str]:
    """Return the number of a widget, and where it leads."""
    [(href, shown_)] = re.findall(r'class="w-fig num" href="([^"]*)">([^<]*)<', page.text)
    return html.unescape(shown_), html.unescape(href)


def spec(page: Any) -> Any:
    """Return what the script of a chart draws."""
    [text] = re.findall(r'<script type="application/json">(.*?)</script>', page.text)
    return json.loads(text)

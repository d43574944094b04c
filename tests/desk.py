"""A browser without scripts for tests of the desk: it keeps cookies and reads forms."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.test import Client, TestResponse

from relatum.core import auth

from .instances import PASSWORD
from .officing import give
from .plugged import served

EMAIL = "alice@example.org"
#: What htmx says of itself.
FRAGMENT = {"HX-Request": "true"}


class Browser(Client):
    """A client that asks for pages; `instance` is what it is signed in to, `ids` what is there."""

    instance: Any = None
    ids: Any = None

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs["headers"] = {"Accept": "text/html", **kwargs.get("headers", {})}
        # Read whole and closed, as a server does: until then its application is at work.
        kwargs.setdefault("buffered", True)
        return super().open(*args, **kwargs)

    def sign_in(self, **more: str) -> TestResponse:
        """Send the form."""
        return self.post("/sign-in", data={"email": EMAIL, "password": PASSWORD, **more})

    def form(self, address: str) -> dict[str, str]:
        """Return what the form of a page would send as it is."""
        page = self.get(address).text
        inside = page[page.index('<form class="sheet') :]
        return fields_of(inside[: inside.index("</form>")])


@contextmanager
def at_desk(instance: Any) -> Iterator[Browser]:
    """Give a browser in which alice is signed in."""
    with served(instance) as application:
        browser = Browser(application)
        browser.instance = instance
        assert browser.sign_in().status_code == 303
        yield browser


def as_person(desk: Browser, person: str, *lines: dict[str, Any]) -> Browser:
    """Return a browser of somebody in the office of `desk`, who holds a role for each line."""
    give(desk.instance, desk.ids, person, *lines, permissions=["desk.use"])
    secret = auth.hash_password(PASSWORD)
    desk.instance.write(auth.set_password, desk.ids.people[person], secret)
    other = Browser(desk.application)
    assert other.sign_in(email=f"{person}@example.org").status_code == 303
    return other


def fields_of(text: str) -> dict[str, str]:
    """Return the values of a form: the last of each name, chosen options, ticked boxes."""
    found: dict[str, str] = {}
    text = re.sub(r"<template>.*?</template>", "", text, flags=re.DOTALL)
    for tag in re.findall(r"<(?:input|textarea|select)[^>]*>", text):
        name = attribute(tag, "name")
        unticked = re.search(r'type="(checkbox|radio)"', tag) and " checked" not in tag
        if name and tag.startswith("<input") and not unticked:
            found[name] = attribute(tag, "value") or ""
    for opening, inside in re.findall(r"<select([^>]*)>(.*?)</select>", text, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', inside)
        found[attribute(opening, "name") or ""] = html.unescape(chosen[1]) if chosen else ""
    for opening, inside in re.findall(r"<textarea([^>]*)>(.*?)</textarea>", text, re.DOTALL):
        found[attribute(opening, "name") or ""] = html.unescape(inside)
    return found


def attribute(tag: str, name: str) -> str | None:
    """Return an attribute of a tag."""
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else None

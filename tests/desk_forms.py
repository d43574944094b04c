"""Forms of a page as a browser without scripts sends them: all controls, in order."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from werkzeug.test import TestResponse


class Form(HTMLParser):
    """The form with an id; `sent` is what it would send: [name, value] in order."""

    def __init__(self, browser: Any, page: TestResponse, id_: str) -> None:
        super().__init__()
        self.browser, self.id = browser, id_
        self.sent: list[list[str]] = []
        self.action, self.buttons = "", list[str]()
        #: The options of each select, and its place among what is sent.
        self.options: dict[str, list[str]] = {}
        self._in = self._select = False
        self.feed(page.text)
        assert self.action, f"the page has no form {id_}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._in = given.get("id") == self.id
            self.action = given["action"] if self._in else self.action
        elif not self._in:
            return
        elif tag == "button":
            self.buttons.append(given.get("value", ""))
        elif tag == "select":
            self._select = True
            self._name, self._chosen = given["name"], False
            self.options.setdefault(self._name, [])
            self.sent.append([self._name, ""])
        elif tag == "option":
            self._option(given)
        elif tag == "input" and given.get("name") and not _is_unticked(given):
            self.sent.append([given["name"], given.get("value", "on")])

    def _option(self, given: dict[str, str]) -> None:
        self.options[self._name].append(given["value"])
        if "selected" in given or not self._chosen:
            self.sent[-1][1], self._chosen = given["value"], True

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in = False

    def all(self, name: str) -> list[str]:
        """Return the values that are sent by a name."""
        return [value for known, value in self.sent if known == name]

    def put(self, name: str, value: str, place: int = -1) -> Form:
        """Fill in a control, the last one of that name; return the form."""
        same = [pair for pair in self.sent if pair[0] == name]
        assert same, f"there is no {name} in {self.sent}"
        assert value in self.options.get(name, [value]), self.options[name]
        same[place][1] = value
        return self

    def tick(self, name: str, value: str) -> Form:
        """Tick a box."""
        self.sent.append([name, value])
        return self

    def press(self, do: str = "") -> TestResponse:
        """Press the button of that value and return the answer; without one: draw anew."""
        assert not do or do in self.buttons, self.buttons
        pairs = [*map(tuple, self.sent), *([("_do", do)] if do else [])]
        answer: TestResponse = self.browser.get(self.action, query_string=_Pairs(pairs))
        return answer

    def again(self, do: str = "") -> Form:
        """Press a button and return the form as it is drawn then."""
        return Form(self.browser, self.press(do), self.id)


class _Pairs(dict[str, list[str]]):
    """Pairs as werkzeug sends them, in order by name."""

    def __init__(self, pairs: list[Any]) -> None:
        super().__init__()
        for name, value in pairs:
            self.setdefault(name, []).append(value)


def _is_unticked(given: dict[str, str]) -> bool:
    return given.get("type") in ("checkbox", "radio") and "checked" not in given

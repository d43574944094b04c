"""Requests at random over every route of the URL map, as somebody curious would send them.

What is sent comes from the routes, from the description of the API and from what earlier answers
held (links, forms, cursors, ids), so a new route or body is tried the moment it exists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from relatum.core.api.operations import OPERATIONS, PREFIX

from .desk import attribute, fields_of
from .oracle_twins import Answer, Request
from .oracle_words import TYPES, Words

_ARGUMENT: Final = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<given>[^)]*)\))?:)?(?P<name>\w+)>")
_FORM: Final = re.compile(r"<form([^>]*)>(.*?)</form>", re.DOTALL)
_LINK: Final = re.compile(r"(?:href|hx-get|hx-post|hx-patch|formaction)=\"(/[^\"]*)\"")
_BY_BODY: Final = {
    (each.method, PREFIX + each.path): each for each in OPERATIONS
}  # fmt: skip
#: Requests of one sequence that ended a session were of little use to the rest.
LAST_THINGS: Final = (
    "/sign-out", "/account/password", "/sign-in", "/account/tokens", f"{PREFIX}/session",
    f"{PREFIX}/tokens", f"{PREFIX}/my/second-factor", "/account/second-factor",
)  # fmt: skip


#: Fields of several values, whose values are suggested: one that nora sees, one that she does not.
SETS: Final = ("tags", "tags", "traits")


class Route(NamedTuple):
    """A method of a rule of the URL map."""

    method: str
    rule: str

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


def routes_of(app: Any) -> list[Route]:
    """Return all routes of an application."""
    return sorted(
        Route(method, str(rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


class Curious(Words):
    """Thinks of requests; remembers what answers offer."""

    def __init__(self, seed: int, routes: list[Route], ids: dict[str, int]) -> None:
        super().__init__(seed, ids)
        self.routes = routes
        self.waiting: list[Route] = []
        self.links: list[str] = []
        self.forms: list[tuple[str, str, dict[str, str]]] = []

    # -- what is asked ------------------------------------------------------------------------
    def request(self) -> Request:
        """Return the next request."""
        self.type, self.of_record = self.rng.choice(TYPES), True
        kinds: list[Callable[[], Request]] = [self._routed] * 5 + [self._listed] * 4
        kinds += [self._started, self._sent_file, self._written, self._written]
        if self.links:
            kinds += [self._followed] * 2
        if self.forms:
            kinds += [self._filled] * 3
        return self.rng.choice(kinds)()

    def every_route(self) -> list[Request]:
        """Return a request for each route, in any order."""
        found = []
        for route in self.rng.sample(self.routes, len(self.routes)):
            self.type = self.rng.choice(TYPES)
            found.append(self._to(route))
        return found

    def _routed(self) -> Request:
        if not self.waiting:
            self.waiting = [*self.routes]
            self.rng.shuffle(self.waiting)
        route = self.waiting.pop()
        if route.rule.startswith(LAST_THINGS) and self.rng.random() < 0.95:
            return self._routed()
        return self._to(route)

    def _to(self, route: Route) -> Request:
        operation = _BY_BODY.get((route.method, route.rule.replace("<type:type>", "<type>")))
        operation = operation or _BY_BODY.get((route.method, route.rule))
        self.of_record = "<type" in route.rule
        path = _ARGUMENT.sub(self.argument, route.rule)
        self.of_record = True
        more: dict[str, Any] = {"rule": str(route), "door": self.door(), "headers": self.headers()}
        if operation is not None:
            names = [
                each.name for each in operation.query if self.rng.random() < 0.3 or each.required
            ]
            words = [(name, self.word(name)) for name in names]
            if operation.filters and self.rng.random() < 0.6:
                words.append(self.condition())
            if operation.body is not None:
                more["json"] = self.body(operation.body)
            return Request(route.method, path, tuple(words), **more)
        if route.method == "GET" or route.rule.startswith("/api/"):
            if route.method in ("PUT", "POST"):
                more["json"] = {"relatum_map": 1, "columns": {"Name": self.field()}}
            return Request(route.method, path, self.page_words(), **more)
        pairs = tuple((self.field(), self.text()) for _ in range(3))
        return Request(route.method, path, self.page_words(), form=pairs, **more)

    def _listed(self) -> Request:
        """Ask for a list, groups or a file by words of every sort."""
        name = self.type
        words = [(each, self.word(each)) for each in self.some(
            ("_sort", "_filter", "_fields", "_limit", "_expand", "_count", "_trashed", "_after"), 3
        )]  # fmt: skip
        if self.rng.random() < 0.6:
            words.append(self.condition())
        address = f"{PREFIX}/records/{name}"
        match self.rng.randrange(6):
            case 0:
                words = [(n, v) for n, v in words if n in ("_filter", "_trashed") or n[0] != "_"]
                words += [("_group", self.word("_group")), ("_select", self.word("_select"))]
                address = f"{address}/aggregate"
            case 1:
                words.append(("_format", self.rng.choice(("csv", "xlsx", "json", "ndjson"))))
                address = f"/api/x/transfer/export/{name}"
            case 2:
                address = f"/records/{name}{self.rng.choice(('', '', '/board', '/calendar'))}"
            case 3:
                words = [("since", str(self.rng.randrange(60))), ("_limit", self.word("_limit"))]
                address = f"{PREFIX}/changes"
            case 4:
                words, address = [], f"{PREFIX}/records/x_deal/values/{self.rng.choice(SETS)}"
        return Request("GET", address, tuple(words), door=self.door(), rule="list")

    def _written(self) -> Request:
        """Write a record: one that nora has more likely than not."""
        name = self.type
        id_ = self.rng.choice((13, 16, *self.ids))
        verb = self.rng.choice(("POST", "PATCH", "DELETE", "restore", "bulk", "shares", "undo"))
        more: dict[str, Any] = {"door": self.door(), "rule": "write", "headers": self.headers()}
        at = f"{PREFIX}/records/{name}"
        if verb == "undo":
            number = self.rng.randrange(1, 80)
            words = (("_plan", self.rng.choice("01")),)
            return Request("POST", f"{PREFIX}/changes/{number}/undo", words, **more)
        if verb == "shares":
            return Request("POST", f"{at}/{id_}/shares", json={"user": self.an_id()}, **more)
        if verb == "bulk":
            rows = [{"id": self.an_id(), **self.row()} for _ in range(2)]
            return Request(
                "PATCH", f"{at}/bulk", (("_partial", "1"),), json={"records": rows}, **more
            )
        if verb == "restore":
            return Request("POST", f"{at}/{id_}/restore", **more)
        if verb == "POST":
            return Request("POST", at, json=self.row(), **more)
        sent = self.row() if verb == "PATCH" else None
        return Request(verb, f"{at}/{id_}", json=sent, **more)

    def _started(self) -> Request:
        """Start a job, or only look at what it would do."""
        kind = self.rng.choice(("bulk_update", "bulk_delete", "bulk_restore", "bulk_link", "undo",
                                "empty_trash", "bulk_update"))  # fmt: skip
        given: dict[str, Any] = {"type": self.type}
        if self.rng.random() < 0.5:
            given["filter"] = self.filter()
        else:
            given["ids"] = [self.an_id() for _ in range(3)]
        if kind in ("bulk_update", "bulk_link"):
            given["values"] = self.row()
        if kind == "bulk_link":
            given["list"] = self.listed()
        if kind == "undo":
            given = {self.rng.choice(("change_set", "job")): self.rng.randrange(1, 60)}
        if kind == "empty_trash":
            given = {}
        words = (("_plan", "1"),) if self.rng.random() < 0.5 else ()
        sent = {"kind": kind, "arguments": given}
        return Request("POST", f"{PREFIX}/jobs", words, json=sent, door=self.door(), rule="job")

    def _sent_file(self) -> Request:
        """Send a file, or import one that was sent: look-ups by name, and keys of records."""
        if self.rng.random() < 0.4:
            rows = [",".join(self.text().replace(",", " ") for _ in range(4)) for _ in range(4)]
            text = "\n".join(["name,friend,firm,code", *rows])
            return Request(
                "POST", "/api/x/transfer/uploads", (("name", "a.csv"),), body=text.encode(),
                door=self.door(), rule="import",
            )  # fmt: skip
        asked: dict[str, Any] = {
            "upload": self.rng.randrange(1, 4), "type": self.rng.choice(("x_deal", "x_person")),
            "map": {"relatum_map": 1, "columns": {"name": "name", "firm": "firm", "code": "code"}},
        }  # fmt: skip
        if asked["type"] == "x_deal":
            asked["map"]["columns"]["friend"] = "friend"
        if self.rng.random() < 0.6:
            key = self.rng.choice((["name"], ["code", "secret"], ["secret"]))
            asked["map"] |= {"key": key, "mode": self.rng.choice(("upsert", "update", "create"))}
        if self.rng.random() < 0.5:
            asked["dry_run"] = True
        sent = {"kind": "transfer_import", "arguments": asked}
        return Request("POST", f"{PREFIX}/jobs", json=sent, door=self.door(), rule="import")

    def _followed(self) -> Request:
        found = urlsplit(self.rng.choice(self.links))
        headers = (("HX-Request", "true"),) if self.rng.random() < 0.4 else ()
        words = tuple(parse_qsl(found.query, keep_blank_values=True))
        return Request("GET", found.path, words, headers, door=self.session, rule="link")

    def _filled(self) -> Request:
        """Send a form of a page, with a value or two of one's own."""
        method, address, values = self.rng.choice(self.forms)
        given = {**values}
        for name in self.some(list(values), 2):
            if name not in ("once", "version"):
                given[name] = self.text()
        found = urlsplit(address)
        words = tuple(parse_qsl(found.query, keep_blank_values=True))
        if method == "GET":
            return Request(
                "GET", found.path, (*words, *given.items()), door=self.session, rule="form"
            )
        return Request(
            method, found.path, words, form=tuple(given.items()), door=self.session, rule="form"
        )

    # -- what answers offer ---------------------------------------------------------------------
    def heed(self, request: Request, answer: Answer) -> None:
        """Remember the links, forms, cursors and ids of an answer; what ends a session, too."""
        if answer.status == 401 and request.door == "cookie":
            self.session = "token"
        text = answer.text
        self.tags += [value for name, value in answer.headers if name == "ETag"]
        self.cursors += re.findall(r'"(?:next|previous)":"([^"]+)"', text)
        self.cursors += re.findall(r"_(?:after|before)=([\w.-]+)", text)
        found = [int(each) for each in re.findall(r'"id":(\d+)', text)[:3]]
        self.new = [*self.new, *(each for each in found if answer.status == 201)][-12:]
        if "<" not in text[:200]:
            return
        links = [each.replace("&amp;", "&") for each in _LINK.findall(text)]
        self.links = [*self.links, *self.some(links, 8)][-200:]
        for opening, inside in _FORM.findall(text):
            action = attribute(opening, "action") or attribute(opening, "hx-post")
            method = (attribute(opening, "method") or "post").upper()
            if action and action.startswith("/") and not action.startswith(LAST_THINGS):
                self.forms = [*self.forms, (method, action, fields_of(inside))][-60:]

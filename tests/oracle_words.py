"""Words, values, filters and rows that somebody curious sends: guesses, and what answers held."""

from __future__ import annotations

import json
import random
import re
from typing import Any, Final
from urllib.parse import quote

from relatum.core.api.components import MARSHMALLOW

from .oracle_world import HERE, THERE

TYPES: Final = (
    "x_deal", "x_deal", "x_deal", "x_deal", "x_firm", "x_firm", "x_item", "x_person", "x_role",
    "x_vault", "user", "team", "account", "x_nothing",
)  # fmt: skip
#: What nora sees of each type, and what she does not, is of another type, or is not there.
SEEN: Final = {
    "x_deal": ("name", "amount", "closed", "stage", "tags", "code", "locked", "number", "firm",
               "friend", "firm.name", "friend.name", "friend.firm.name"),
    "x_firm": ("name", "above", "above.name"), "x_item": ("product", "quantity", "deal.name"),
    "x_person": ("name", "firm", "firm.name"), "x_role": ("part", "deal", "person.name"),
}  # fmt: skip
FIELDS: Final = (
    "name", "amount", "stage", "tags", "firm", "friend", "owner", "team", "id", "version",
    "created_at", "updated_by", "trashed_at", "secret", "pay", "traits", "margin", "firm.secret",
    "deal.secret", "firm.pay", "deal.name", "items", "people", "owner.name", "vaults", "nothing",
)  # fmt: skip
LISTS: Final = {
    "x_deal": ("items", "people"), "x_firm": ("deals", "staff", "below"),
    "x_person": ("favourites", "roles"),
}  # fmt: skip
TEXTS: Final = (
    HERE, THERE, f"{HERE} sam large", f"{THERE}  sam large", "sam large", "sam small", "ned small",
    "nora large", "cora small", "sam's friend", "aaa", "small", "new", "won", "sam", "x", "", "-1",
    "50", "900.00", "2026-01-01", "2027-04-04", "D-0007", "pump", "a", "o",
)  # fmt: skip
OPERATORS: Final = (
    "eq", "ne", "gt", "gte", "lt", "lte", "contains", "starts", "in", "empty", "has", "has_any",
    "has_none", "between", "ieq",
)  # fmt: skip


#: How the names end of what is of a type.
ENDS: Final = {
    "x_deal": (" large", " small"), "x_firm": ("and sons",), "x_person": ("friend",),
    "x_role": (" role",),
}  # fmt: skip


class Words:
    """Thinks of what to send; `type` is the entity type at hand."""

    def __init__(self, seed: int, ids: dict[str, int]) -> None:
        self.rng = random.Random(seed)
        self.ids: list[int] = [*ids.values(), *range(1, 60), 999_999]
        self.new: list[int] = []
        named = {
            kind: [i for n, i in ids.items() if n.endswith(ends)] for kind, ends in ENDS.items()
        }
        #: The ids of each type; the line of a deal is made right after it.
        self.of_type = {**named, "x_item": [each + 1 for each in named["x_deal"]]}
        #: Whether a number is that of a record, rather than of a job, a change or a file.
        self.of_record = True
        self.cursors: list[str] = []
        self.tags: list[str] = ['"1"', '"2"', "*"]
        self.type = "x_deal"
        self.session = "cookie"

    def door(self) -> str:
        """Return a door: the session's, the token's, seldom none."""
        return self.rng.choice((self.session,) * 5 + ("token",) * 5 + ("none",))

    def text(self) -> str:
        """Return something to send: a word, an id, a name of a field."""
        return self.rng.choice((self.rng.choice(TEXTS), str(self.an_id()), self.field()))

    def field(self) -> str:
        """Return a field: mostly one of the type at hand that nora sees."""
        seen = SEEN.get(self.type, ("name",))
        return self.rng.choice(seen if self.rng.random() < 0.8 else FIELDS)

    def listed(self) -> str:
        """Return a list of records that point to one: mostly of the type at hand."""
        known = LISTS.get(self.type, ("items",))
        return self.rng.choice(known if self.rng.random() < 0.85 else ("vaults", "items", "deals"))

    def an_id(self) -> int:
        """Return an id: mostly of a record of the type at hand, or of what was just made."""
        chance = self.rng.random()
        if not self.of_record:
            return self.rng.choice(self.new) if self.new and chance < 0.3 else int(chance * 20) + 1
        if self.type in self.of_type and chance < 0.6:
            return self.rng.choice(self.of_type[self.type])
        if self.new and chance < 0.75:
            return self.rng.choice(self.new)
        return self.rng.choice(self.ids)

    def some(self, known: Any, most: int) -> list[Any]:
        return self.rng.sample(known, min(len(known), self.rng.randint(0, most)))

    def headers(self) -> tuple[tuple[str, str], ...]:
        name = self.rng.choice(("If-Match", "If-None-Match", "HX-Request", "Idempotency-Key", ""))
        value = {"HX-Request": "true", "Idempotency-Key": self.rng.choice("ab")}
        chance = self.rng.random() < 0.25
        return ((name, value.get(name, self.rng.choice(self.tags))),) if name and chance else ()

    def argument(self, found: re.Match[str]) -> str:
        kind, name = found["kind"], found["name"]
        if kind == "any":
            return self.rng.choice([each.strip() for each in found["given"].split(",")])
        if kind in ("id", "int"):
            return str(self.an_id())
        if name in ("type", "type_name", "other") or kind == "type":
            return self.type if self.rng.random() < 0.9 else self.rng.choice(TYPES)
        if name in ("field", "link", "name", "view", "plugin", "schedule", "secret"):
            pool = [
                self.field(),
                self.field(),
                self.field(),
                self.listed(),
                "my_own",
                "openapi",
                "access",
                "empty_trash",
                "forget",
                "member",
                "desk",
            ]
            return quote(self.rng.choice(pool))
        return quote(self.text() or "x")

    def word(self, name: str) -> str:
        """Return a value of a word that steers."""
        field, other = self.field(), self.field()
        known: dict[str, Any] = {
            "_sort": f"{self.rng.choice(('', '-'))}{field}", "_fields": f"name,{field},{other}",
            "_limit": self.rng.choice("1238"), "_expand": self.listed(), "_count": "1",
            "_trashed": "1", "_filter": json.dumps(self.filter()),
            "_group": f"{field}{self.rng.choice(('', '', '.month', ',stage'))}",
            "_select": self.rng.choice(("count", f"count,sum({field})", f"max({field})")),
            "_as_of": self.rng.choice(("2026-12-01", "2035-01-01", "2020-01-01")),
            "_key": self.rng.choice(("name", "code,secret", "secret", "person,deal")),
            "_view": self.rng.choice(("my_own", "all", "mine")), "_plan": "1", "_partial": "1",
            "since": self.rng.choice(("0", "now", str(self.rng.randrange(70)))),
            "type": self.rng.choice(TYPES), "_starts": self.rng.choice(("", "a", "s", "o")),
            "_tz": "Europe/Berlin", "user": str(self.an_id()), "action": "read",
        }  # fmt: skip
        if name in ("_after", "_before") and self.cursors:
            return self.rng.choice(self.cursors)
        return str(known.get(name, self.text()))

    def condition(self) -> tuple[str, str]:
        field, operator = self.field(), self.rng.choice(("", *OPERATORS))
        return f"{field}__{operator}" if operator else field, self.text()

    def page_words(self) -> tuple[tuple[str, str], ...]:
        names = ("q", "type", "_sort", "_at", "_do", "_tab", "_d", "_k", "_p", "before", "state",
                 "_as_of", "_filter", "_group", "_format", "_fields", "_trashed",
                 "kind")  # fmt: skip
        return tuple((name, self.word(name)) for name in self.some(names, 3))

    def filter(self, depth: int = 0) -> dict[str, Any]:
        """Return a filter in JSON."""
        if depth < 2 and self.rng.random() < 0.25:
            parts = [self.filter(depth + 1) for _ in range(2)]
            return self.rng.choice(({"and": parts}, {"or": parts}, {"not": parts[0]}))
        if self.rng.random() < 0.2:
            named = self.listed()
            return {"has": named, "filter": self.filter(depth + 1)}
        operator = self.rng.choice(OPERATORS)
        value: Any = self.text()
        if operator in ("in", "has_any", "has_none", "between"):
            value = [value, self.text()]
        if operator == "empty":
            value = self.rng.random() < 0.5
        return {"field": self.field(), "op": operator, "value": value}

    def row(self) -> dict[str, Any]:
        """Return values of a record: mostly such as it takes."""
        made: dict[str, Any] = {
            "name": self.rng.choice((f"new {self.rng.randrange(9)}", "mine", self.text())),
            "amount": self.rng.choice(("10.00", "700.00", None)), "stage": "won", "tags": ["small"],
            "firm": self.an_id(), "friend": self.an_id(), "code": self.rng.choice(("c", "c3large")),
            "closed": "2026-05-05", "owner": self.an_id(), "secret": self.text(), "locked": "x",
            "items": [{"product": "p", "quantity": 1}], "person": self.an_id(),
            "deal": self.an_id(),
        }  # fmt: skip
        kept = self.some(list(made), 3)
        return {name: value for name, value in made.items() if name in ("name", *kept)}

    def body(self, name: str) -> Any:
        """Return a body by the name of its schema."""
        if name.startswith("BulkRecord"):
            rows = [self.row() | {"id": self.an_id()} for _ in range(2)]
            return (
                {"ids": [self.an_id(), self.an_id()]} if name.endswith("Ids") else {"records": rows}
            )
        if name.startswith("Record"):
            return self.row()
        if name in ("Query", "AggregateQuery"):
            words = {"filter": self.filter(), "sort": [self.field()], "limit": 3}
            if name == "Query":
                return words | {"fields": ["id", self.field()], "count": True}
            return {"group": [self.field()], "select": ["count"], "filter": self.filter()}
        schema = MARSHMALLOW.get(name)
        fields = schema().fields if schema is not None else {}
        return {field: self._value(each) for field, each in fields.items() if not each.dump_only}

    def _value(self, field: Any) -> Any:
        match type(field).__name__:
            case "Integer":
                return self.an_id()
            case "Boolean":
                return self.rng.random() < 0.5
            case "Dict":
                return {}
            case "List":
                return [self._value(field.inner)]
        return self.text()

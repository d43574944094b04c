"""What the clients know of the data model, and how the administrator takes something back.

A writer borrows the fields of a type for one request; the administrator withdraws a field,
waits until nobody uses it, and only then trashes it. So an orderly client is never refused.
The racer does without this, and has to explain every refusal.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

#: Field types with the settings that the soak gives them.
KINDS: dict[str, dict[str, Any]] = {
    "text": {},
    "long_text": {},
    "integer": {"settings": {"min": 0, "max": 1_000_000}},
    "decimal": {"settings": {"scale": 3}},
    "money": {},
    "boolean": {},
    "date": {},
    "datetime": {},
    "choice": {
        "options": [{"value": "open"}, {"value": "won", "category": "won"}, {"value": "lost"}]
    },
    "email": {},
    "lookup": {"settings": {"target": "x_firm", "on_delete": "clear"}},
    "user": {},
}
_numbers = itertools.count(1)
_WORDS = ("Äcme", "Beta", "Gamma", "Ost", "Süd", "Nørd", "West", "Ζeta", "Müller", "O'Neil", "東京")


@dataclass(eq=False)
class FieldUse:
    """One incarnation of a field: after trash and a new one of the same name it is another."""

    type_name: str
    name: str
    kind: str
    #: Which field of that name in that type this is, counted from 0 over all times.
    number: int = 0
    unique: bool = False
    trashed: bool = False
    #: Its type was changed: there are more fields of its name than incarnations.
    retyped: bool = False
    purged: bool = False
    offered: bool = True
    users: int = 0


@dataclass(eq=False)
class TypeUse:
    """An entity type whose fields, beyond the steady ones, come and go."""

    name: str
    fields: list[FieldUse] = field(default_factory=list)
    #: The type itself may be trashed.
    volatile: bool = False
    trashed: bool = False
    offered: bool = True
    users: int = 0
    keyed: bool = False

    def next_number(self, name: str) -> int:
        """Return the number of a new field of that name."""
        return sum(each.name == name for each in self.fields)


class Model:
    """The types and fields on offer."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.types: dict[str, TypeUse] = {}

    @contextmanager
    def borrow(self, name: str | None = None) -> Iterator[tuple[TypeUse, list[FieldUse]] | None]:
        """Use a type (a volatile one if not named) and some of its fields for one request."""
        with self._changed:
            found = self.types[name] if name else self._volatile()
            fields = [f for f in found.fields if f.offered and not f.trashed] if found else []
            taken = random.sample(fields, min(len(fields), random.randint(0, 6)))
            for use in self._used(found, taken):
                use.users += 1
        try:
            yield (found, taken) if found else None
        finally:
            with self._changed:
                for use in self._used(found, taken):
                    use.users -= 1
                self._changed.notify_all()

    @staticmethod
    def _used(found: TypeUse | None, taken: list[FieldUse]) -> list[TypeUse | FieldUse]:
        return [found, *taken] if found else []

    def _volatile(self) -> TypeUse | None:
        on_offer = [t for t in self.types.values() if t.volatile and t.offered and not t.trashed]
        return random.choice(on_offer) if on_offer else None

    def withdraw(self, use: FieldUse | TypeUse) -> None:
        """Take a field or type off the offer and wait until nobody uses it."""
        with self._changed:
            use.offered = False
            if not self._changed.wait_for(lambda: use.users == 0, timeout=120):
                raise RuntimeError(f"{use.name} is in use for two minutes")

    def offer(self, use: FieldUse | TypeUse) -> None:
        """Put a field or type on offer."""
        with self._changed:
            use.offered = True


class Firms:
    """Ids of firms that are there for good, for lookups to point to."""

    def __init__(self) -> None:
        self._ids: list[int] = []

    def add(self, ids: list[int]) -> None:
        """Remember firms whose creation was acknowledged."""
        self._ids.extend(ids[: max(0, 5000 - len(self._ids))])

    def any(self) -> int | None:
        """Return one of them."""
        return random.choice(self._ids) if self._ids else None


#: How a value of each field type is made from a number that never comes again.
_VALUES: dict[str, Callable[[int], Any]] = {
    "text": lambda n: f"{random.choice(_WORDS)} {n}",
    "long_text": lambda n: f"{random.choice(_WORDS)}\n{n} " + "lorem " * random.randint(0, 40),
    "integer": lambda n: n % 1_000_000,
    "decimal": lambda n: f"{n % 90_000}.{random.randint(0, 999):03}",
    "money": lambda n: f"{n % 90_000}.{random.randint(0, 99):02}",
    "boolean": lambda n: bool(n % 2),
    "date": lambda n: (date(2020, 1, 1) + timedelta(days=n % 3000)).isoformat(),
    "datetime": lambda n: (
        f"2026-0{n % 9 + 1}-11T12:{n % 60:02}:30.{random.randint(1, 999_999):06}Z"
    ),
    "choice": lambda n: ("open", "won", "lost")[n % 3],
    "email": lambda n: f"somebody{n}@example.org",
}


def value_for(kind: str, firms: Firms, user_id: int) -> Any:
    """Return a value in the form it comes back in; texts and numbers never repeat."""
    if kind == "lookup":
        return firms.any()
    if kind == "user":
        return user_id
    return _VALUES[kind](next(_numbers))


def _link(name: str, target: str, *, required: bool = False, **settings: Any) -> dict[str, Any]:
    return {
        "name": name, "kind": "lookup", "required": required,
        "settings": {"target": target, **settings},
    }  # fmt: skip


#: The types whose steady fields are never touched.
STEADY: list[dict[str, Any]] = [
    {
        "op": "create_type", "name": "x_firm", "fields": [
            {"name": "code", "kind": "text", "required": True, "unique": True},
            {"name": "name", "kind": "text", "sortable": True},
            {"name": "score", "kind": "integer", "indexed": True, "sortable": True},
        ],
    },
    {
        "op": "create_type", "name": "x_deal", "title": "code", "fields": [
            {"name": "code", "kind": "text", "required": True, "unique": True},
            {"name": "firm", "kind": "lookup", "settings": {"target": "x_firm"}},
            {"name": "stage", "kind": "choice", "default": "open", **KINDS["choice"]},
            {"name": "amount", "kind": "money", "sortable": True},
        ],
    },
    {
        "op": "create_type", "name": "x_race", "fields": [
            {"name": "code", "kind": "text", "required": True, "unique": True},
            {"name": "tag", "kind": "text"},
            *({"name": f"f{n}", "kind": "integer"} for n in range(4)),
        ],
    },
    {"op": "create_type", "name": "x_gone", "fields": [{"name": "code", "kind": "text"}]},
    {
        "op": "create_type", "name": "x_order", "title": "code", "fields": [
            {"name": "code", "kind": "text", "required": True, "unique": True},
            _link("firm", "x_firm", inverse="orders"),
        ],
    },
    {
        "op": "create_type", "name": "x_item", "title": "product", "keys": [["order", "product"]],
        "fields": [
            {"name": "product", "kind": "text", "required": True},
            {"name": "amount", "kind": "integer"},
            {"name": "position", "kind": "integer"},
            _link("order", "x_order", required=True, part=True, inverse="lines"),
        ],
    },
    {
        "op": "create_type", "name": "x_tie", "title": "role", "keys": [["order", "firm"]],
        "fields": [
            {"name": "role", "kind": "text"},
            _link("order", "x_order", required=True, on_delete="cascade", inverse="ties"),
            _link("firm", "x_firm", required=True, on_delete="cascade", inverse="ties"),
        ],
    },
]  # fmt: skip
STEADY_FIELDS = {
    "x_firm": {"code": "code", "name": "text", "score": "integer"},
    "x_deal": {"code": "code", "firm": "lookup", "stage": "choice", "amount": "money"},
}

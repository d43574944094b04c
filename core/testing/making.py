"""Records of any type, made from the catalog: what a type demands gets values that it takes."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, Final, cast

import orjson

from ..actor import Actor
from ..catalog import EntityType
from ..fields import FIELD_TYPES, Field, Money, Refused
from .instances import Instance
from .matching import matching

#: Where unique dates begin.
_FIRST: Final = date(2026, 1, 1)


class Make:
    """Makes records: `make("loyalty_card", number="A1")` returns one as it is stored.

    Fields that the type requires and that are not given get valid values, another one each time
    where a value must be unique; a link gets a record of its own, made the same way.
    """

    def __init__(self, app: Instance, *, shared: bool = False) -> None:
        self._app = app
        #: Whether links of many records lead to the same one, where that is allowed.
        self._shared = shared
        self._known: dict[str, int] = {}
        self._busy: list[str] = []
        self._turn = itertools.count(1)
        #: Those of fields whose values differ: a pattern has not many.
        self._turns: dict[int, itertools.count[int]] = {}

    def __call__(
        self, type_name: str, *, actor: Actor | None = None, **values: Any
    ) -> dict[str, Any]:
        """Make a record and return it, as `records.get` shows it."""
        [made] = self.many(type_name, 1, actor=actor, **values)
        return made

    def many(
        self, type_name: str, count: int, *, actor: Actor | None = None, **values: Any
    ) -> list[dict[str, Any]]:
        """Make some records in one write, and return them."""
        rows = self.rows(type_name, count, **values)
        made = self._app.create(type_name, *rows, actor=actor)
        return [self._app.get(type_name, id_) for id_ in made]

    def row(self, type_name: str, *, full: bool = False, **values: Any) -> dict[str, Any]:
        """Return a row that can be created, and make nothing but what its links need.

        `full` gives every field a value, not those alone that are required.
        """
        return self._row(self._app.catalog.type(type_name), values, full=full)

    def rows(self, type_name: str, count: int, **values: Any) -> list[dict[str, Any]]:
        """Return some rows that can be created; what its links need is made."""
        entity_type = self._app.catalog.type(type_name)
        return [self._row(entity_type, values) for _ in range(count)]

    def _row(
        self, entity_type: EntityType, values: dict[str, Any], *, full: bool = False
    ) -> dict[str, Any]:
        wanted = [f for f in entity_type.own_fields if f.name not in values and _asks(f, full)]
        # What another choice decides is chosen when that is.
        wanted.sort(key=lambda field: field.controlled_by is not None)
        row = dict(values)
        for field in wanted:
            self._fill(field, entity_type, row)
        for choice, options, _ in entity_type.entailing:
            option = options.get(row.get(choice.name, choice.default_value()))
            for name in option.needs if option is not None else ():
                if row.get(name) is None:
                    self._fill(entity_type.fields[name], entity_type, row)
        return row

    def _fill(self, field: Field, entity_type: EntityType, row: dict[str, Any]) -> None:
        value = self.value(field, entity_type, row)
        if value is not None:
            row[field.name] = value

    def value(self, field: Field, entity_type: EntityType, row: dict[str, Any]) -> Any:
        """Return a value that a field takes, in JSON; another one each time if it is unique.

        Raises `LookupError` with what to do if none is found.
        """
        if field.is_link:
            return self._target(field, entity_type, row)
        if any(
            isinstance(f, Money) and f.currency_by == field.name for f in entity_type.own_fields
        ):
            return field.currency  # of any other one a rate would be needed
        reasons = []
        for value in self._values(field, row):
            try:
                field.check(value)
            except Refused as refused:
                reasons.append(refused.problem.message)
            else:
                return value
        place = f"{entity_type.name}.{field.name}"
        why = reasons[-1] if reasons else "there is none"
        raise LookupError(f"no value for {place} is known ({why}): give one, {field.name}=…")

    # -- links --------------------------------------------------------------------------------
    def _target(self, field: Field, entity_type: EntityType, row: dict[str, Any]) -> int | None:
        """Return the id of a record that a link may lead to."""
        # What is open to every type may lead to a user, too.
        target = str(next(iter(cast("Any", field).targets), "user"))
        if target == entity_type.name:
            return None
        if target == "user":
            # Links that are open may stand for two that differ, as the ends of a tie do.
            taken = field.kind == "reference" and self._app.alice.user_id in row.values()
            return self._app.bob.user_id if taken else self._app.alice.user_id
        alone = field.unique or any(field.name in key.fields for key in entity_type.keys)
        if self._shared and not alone and target in self._known:
            return self._known[target]
        self._known[target] = self._made(target)
        return self._known[target]

    def _made(self, target: str) -> int:
        if target in self._busy:
            circle = " → ".join([*self._busy, target])
            raise LookupError(f"these types require each other ({circle}): give one of the links")
        self._busy.append(target)
        try:
            [id_] = self._app.create(target, self.row(target))
        finally:
            self._busy.pop()
        return id_

    # -- values -------------------------------------------------------------------------------
    def _values(self, field: Field, row: dict[str, Any]) -> Iterator[Any]:
        """Yield values that a field might take, the likely one first."""
        if field.options:
            yield from self._options(field, row)
            return
        turn = next(self._turn_of(field))
        if "example" in field.settings and not field.unique:
            yield field.settings["example"]
        if "pattern" in field.settings:
            yield from matching(str(field.settings["pattern"]), turn)
        kind = _kind(field)
        if kind in _OTHERS:
            yield _OTHERS[kind](turn)
        example = orjson.loads(field.EXAMPLE)
        if isinstance(example, str) and kind == "text":
            yield self._text(field, f"{example} {_letters(turn)}")
        yield example
        yield from (field.settings[name] for name in ("min", "max") if name in field.settings)

    def _turn_of(self, field: Field) -> itertools.count[int]:
        """Return the turns of a field; a unique one goes on behind the records that there are."""
        if not (field.unique and "pattern" in field.settings):
            return self._turn
        if field.id not in self._turns:
            table = self._app.catalog.by_id[field.type_id].table_name
            [row] = self._app.sql(f"SELECT count(*) AS n FROM {table}")  # a name of ours
            self._turns[field.id] = itertools.count(row.n + 1)
        return self._turns[field.id]

    def _options(self, field: Field, row: dict[str, Any]) -> Iterator[Any]:
        decided = row.get(field.controlled_by or "")
        several = _kind(field) == "multi_choice"
        for option in field.options:
            if not option.retired and (not option.when or decided in option.when):
                yield [option.value] if several else option.value

    def _text(self, field: Field, text: str) -> str:
        least, most = field.settings.get("min_length", 0), field.settings.get("max_length", 500)
        return text.ljust(least, "x")[-most:]


def _asks(field: Field, full: bool) -> bool:  # the word of the caller
    if field.NUMBERED or field.read_only or field.computed:
        return False
    if full:
        return field.name not in ("owner", "team")
    return field.required and field.default is None


def _kind(field: Field) -> str:
    """Return the core's field type that a field is of, or that its own one builds on."""
    known = FIELD_TYPES.values()
    return next((c.kind for c in type(field).__mro__ if c in known), field.kind)  # type: ignore[attr-defined]


def _letters(number: int) -> str:
    """Return a number in letters: what sorts, and stands for no digit."""
    text = ""
    while number:
        number, place = divmod(number - 1, 26)
        text = string.ascii_uppercase[place] + text
    return text


#: Values that differ from one time to the next, by the core's field type.
_OTHERS: Final[dict[str, Callable[[int], Any]]] = {
    "email": lambda turn: f"person{turn}@example.org",
    "url": lambda turn: f"https://example.org/{turn}",
    "phone": lambda turn: f"+4930{1000000 + turn}",
    "integer": lambda turn: turn,
    "decimal": lambda turn: f"{turn}.00",
    "money": lambda turn: f"{turn}.00",
    "date": lambda turn: (_FIRST + timedelta(days=turn)).isoformat(),
    "person_name": lambda turn: {"first": "Ada", "last": f"Lovelace {_letters(turn)}"},
}

"""The board of a type: its records in columns by a choice, moved from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, request

from relatum import RelatumError, catalog, fields, query

from ... import ui, values, words
from ...words import translated
from ..records import around
from . import lists, moving
from .filters import Args

#: Records that a column shows at first, and fetches when the last of them comes into sight.
_TILES: Final = 20
#: The words of the address that name the choice, and the option of the one that decides on it.
BY: Final = "_by"
OF: Final = "_of"
#: Those of the address that fetches more of a column: which, where to go on, how many are left.
_COLUMN, _AFTER, _LEFT = "_column", "_after", "_left"
_OWN: Final = (BY, OF, _COLUMN, _AFTER, _LEFT)
_DIGITS: Final = 15
#: What OF says for all options.
ALL: Final = "*"


@dataclass(frozen=True, slots=True)
class Column:
    """One option with its records: how many there are, what they sum up to, the first ones.

    `next` is where more of them are fetched, which are `more`.
    """

    option: fields.Option
    count: int
    sum: str
    records: list[dict[str, Any]]
    next: str | None = None

    @property
    def more(self) -> int:
        """How many records the column does not show."""
        return max(0, self.count - len(self.records))


def amount(entity_type: catalog.EntityType) -> fields.Money | None:
    """Return the amount of money that columns sum up."""
    return next((f for f in entity_type.own_fields if isinstance(f, fields.Money)), None)


@ui.page("/records/<type_name>/board")
def board(type_name: str) -> Response:
    """Show the records of a type in columns."""
    found = _asked(type_name)
    sums = found.sums()
    columns, labels = list[Column](), dict[str, Any]()
    for option in _possible(found.by, found.within):
        count, total = sums.get(option.value, (0, None))
        column, called = found.column(option, count, _shown(found.money, total))
        columns.append(column)
        labels |= called
    return ui.render(
        "board.html", opened=found.opened, choices=values.boards(found.type), columns=columns,
        labels=labels, within=found.within, **found.shown(),
    )  # fmt: skip


@ui.page("/records/<type_name>/board/more")
def more_of_board(type_name: str) -> Response:
    """Return the next records of a column."""
    found, value = _asked(type_name), request.args.get(_COLUMN)
    option = next((o for o in found.by.options if o.value == value), None)
    left = request.args.get(_LEFT, "")
    if option is None or not left.isdecimal() or len(left) > _DIGITS:
        reason = translated("'{name}' is no column", name=str(value)[:80])
        raise RelatumError("bad_parameter", name=_COLUMN, reason=reason)
    column, labels = found.column(option, int(left), "", request.args.get(_AFTER))
    back = around.of_list(f"/board?{urlencode(found.words)}")
    return ui.render("board_more.html", column=column, labels=labels, back=back, **found.shown())


@dataclass(frozen=True, slots=True)
class _Board:
    """What the address of a board means."""

    opened: lists.Opened
    by: fields.Field
    within: Within | None
    money: fields.Money | None
    #: The filter and the order of what it shows.
    base: dict[str, Any]
    #: The words of the address that a list understands.
    args: Args

    @property
    def type(self) -> catalog.EntityType:
        """The type of its records."""
        return self.opened.type

    @property
    def words(self) -> Args:
        """The words of its address."""
        within = self.within
        of = [(OF, within.value or ALL)] if within is not None else []
        return [*self.args, (BY, self.by.name), *of]

    @property
    def paths(self) -> list[str]:
        """The fields that its records show."""
        return [p for p in self.opened.paths if p != self.by.name and "." not in p][:4]

    def shown(self) -> dict[str, Any]:
        """Return what every part of the page is drawn with."""
        titled = {field.name for field in self.type.title_fields}
        money = self.money.name if self.money else None
        rest = [path for path in self.paths if path not in titled and path != money]
        return {
            "type": self.type, "by": self.by, "paths": rest, "money": self.money,
            "kept": urlencode(self.args),
        }  # fmt: skip

    def sums(self) -> dict[str, tuple[int, Any]]:
        """Return how many records each option has, and the sum of their amounts, at once."""
        total = f"sum({self.money.name})" if self.money else "count"
        asked = {
            "group": [self.by.name], "select": ["count", *([total] if self.money else [])],
            **{name: self.base[name] for name in ("filter",) if name in self.base},
        }  # fmt: skip
        found = query.aggregate(query.from_json(self.type.name, asked, actor=ui.actor()))
        name = self.by.name
        return {row[name]: (row["count"], row.get(total)) for row in found.groups if row[name]}

    def column(
        self, option: fields.Option, count: int, total: str, after: str | None = None
    ) -> tuple[Column, dict[str, Any]]:
        """Return a column of `count` records, those from a place on, and what links are called."""
        if not count:
            return Column(option, 0, total, []), {}
        named = [field.name for field in self.type.title_fields]
        amounts = [*self.paths, *([self.money.name] if self.money else [])]
        codes = values.code_paths(self.type, amounts)
        wanted = dict.fromkeys([*named, *amounts, *codes, self.by.name, "version"])
        condition = {"filter": {"field": self.by.name, "value": option.value}}
        asked = {**query.over(self.base, condition), "fields": list(wanted), "limit": _TILES}
        if after is not None:
            asked["after"] = after
        page = query.page(query.from_json(self.type.name, asked, actor=ui.actor()))
        left = max(0, count - len(page.records))
        further = [
            *self.words, (_COLUMN, option.value), (_AFTER, page.next or ""), (_LEFT, str(left))
        ]  # fmt: skip
        to = f"/records/{self.type.name}/board/more?{urlencode(further)}" if page.next else None
        return Column(option, count, total, page.records, to), page.labels


def _asked(type_name: str) -> _Board:
    args = [pair for pair in lists.args() if pair[0] not in _OWN]
    opened = lists.opened(type_name, args)
    by = _by(opened.type, request.args.get(BY))
    within = _within(opened.type, by)
    base = _narrowed(opened.body, within)
    return _Board(opened, by, within, amount(opened.type), base, args)


@dataclass(frozen=True, slots=True)
class Within:
    """The choice that decides which columns there are, and its option that the board shows."""

    choice: fields.Field
    #: None: all of them.
    value: str | None


def _within(entity_type: catalog.EntityType, by: fields.Field) -> Within | None:
    """Return what the columns depend on, if they do: as asked, else what a new record has."""
    choice = entity_type.fields.get(by.controlled_by or "")
    if choice is None:
        return None
    asked = request.args.get(OF)
    if asked == ALL or (asked is None and choice.default is None):
        return Within(choice, None)
    value = choice.default_value() if asked is None else asked
    if all(option.value != value for option in choice.options):
        said = translated("'{name}' is no option of {field}", name=value[:80], field=choice.label)
        raise RelatumError("bad_parameter", name=OF, reason=said)
    return Within(choice, value)


def _narrowed(body: dict[str, Any], within: Within | None) -> dict[str, Any]:
    """Return filter and order of a list, narrowed to the records that the board shows."""
    base = {k: v for k, v in body.items() if k in ("filter", "sort")}
    if within is None or within.value is None:
        return base
    return query.over(base, {"filter": {"field": within.choice.name, "value": within.value}})


def _possible(by: fields.Field, within: Within | None) -> list[fields.Option]:
    """Return the options that are columns."""
    found = values.options(by)
    return found if within is None or within.value is None else values.possible(found, within.value)


def _by(entity_type: catalog.EntityType, name: str | None) -> fields.Field:
    known = values.boards(entity_type)
    found = next((field for field in known if field.name == name), None)
    if found is None and name:
        raise RelatumError(
            "bad_parameter",
            name=BY,
            reason=translated("'{name}' is no choice to go by", name=name[:80]),
        )
    if not known:
        reason = translated(
            "{types} have no choice of 2 to {most} options",
            types=entity_type.plural,
            most=values.COLUMNS,
        )
        raise RelatumError("bad_parameter", name=BY, reason=reason)
    return found or known[0]


def _shown(money: fields.Money | None, total: Any) -> str:
    return (
        ""
        if money is None or total is None
        else words.money(total, values.sum_code(money), short=True)
    )


@ui.page("/records/<type_name>/board/move", "POST")
def move(type_name: str) -> Response:
    """Give a record another option; a refusal says why, and the board puts it back."""
    entity_type = words.known().type(type_name)
    by = _by(entity_type, request.args.get(BY))
    value = request.form.get("stage", "")

    def said(_: dict[str, Any], __: dict[str, Any]) -> str:
        option = next(option for option in by.options if option.value == value)
        return translated("{field} is {value}", field=by.label, value=option.label)

    found = moving.moved(entity_type, by, lambda _: {by.name: value}, said)
    if isinstance(found, dict) and (money := amount(entity_type)) is not None:
        sums = _asked(type_name).sums()
        found["sums"] = {
            option.value: _shown(money, sums.get(option.value, (0, None))[1])
            for option in values.options(by)
        }
    return moving.answer(found)

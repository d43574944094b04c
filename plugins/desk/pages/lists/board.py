"""The board of a type: its records in columns by a choice, moved from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, request

from relatum import RelatumError, catalog, fields, query

from ... import ui, values, words
from ...words import translated
from . import lists, moving

#: Records that a column shows; more are in the list.
_TILES: Final = 30
#: The word of the address that names the choice.
BY: Final = "_by"


@dataclass(frozen=True, slots=True)
class Column:
    """One option with its records: how many there are, what they sum up to, the first ones."""

    option: fields.Option
    count: int
    sum: str
    records: list[dict[str, Any]]

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
    args = [pair for pair in lists.args() if pair[0] != BY]
    opened = lists.opened(type_name, args)
    entity_type = opened.type
    by = _by(entity_type, request.args.get(BY))
    money = amount(entity_type)
    sums = _sums(entity_type, opened.body.get("filter"), by, money)
    shown = [p for p in opened.paths if p != by.name and "." not in p][:4]
    columns: list[Column] = []
    labels: dict[str, Any] = {}
    for option in values.options(by):
        count, total = sums.get(option.value, (0, None))
        found = _tiles(opened, by, option, shown, money) if count else None
        labels |= found.labels if found else {}
        columns.append(Column(option, count, _shown(money, total), found.records if found else []))
    titled = {field.name for field in entity_type.title_fields}
    rest = [path for path in shown if path not in titled and (money is None or path != money.name)]
    return ui.render(
        "board.html", type=entity_type, opened=opened, by=by, choices=values.boards(entity_type),
        columns=columns, labels=labels, paths=rest, money=money, kept=urlencode(args),
    )  # fmt: skip


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


def _sums(
    entity_type: catalog.EntityType, narrowed: Any, by: fields.Field, money: fields.Money | None
) -> dict[str, tuple[int, Any]]:
    """Return how many records each option has, and the sum of their amounts, in one statement."""
    total = f"sum({money.name})" if money else "count"
    asked = {"group": [by.name], "select": ["count", *([total] if money else [])]}
    if narrowed is not None:
        asked["filter"] = narrowed
    found = query.aggregate(query.from_json(entity_type.name, asked, actor=ui.actor()))
    return {row[by.name]: (row["count"], row.get(total)) for row in found.groups if row[by.name]}


def _shown(money: fields.Money | None, total: Any) -> str:
    return "" if money is None or total is None else words.money(total, money.code, short=True)


def _tiles(
    opened: lists.Opened,
    by: fields.Field,
    option: fields.Option,
    shown: list[str],
    money: fields.Money | None,
) -> query.Page:
    named = [field.name for field in opened.type.title_fields]
    wanted = dict.fromkeys([*named, *shown, by.name, *([money.name] if money else []), "version"])
    base = {k: v for k, v in opened.body.items() if k in ("filter", "sort")}
    condition = {"filter": {"field": by.name, "value": option.value}}
    asked = {**query.over(base, condition), "fields": list(wanted), "limit": _TILES}
    return query.page(query.from_json(opened.type.name, asked, actor=ui.actor()))


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
        opened = lists.opened(type_name, [pair for pair in lists.args() if pair[0] != BY])
        sums = _sums(entity_type, opened.body.get("filter"), by, money)
        found["sums"] = {
            option.value: _shown(money, sums.get(option.value, (0, None))[1])
            for option in values.options(by)
        }
    return moving.answer(found)

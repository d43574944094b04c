"""The pages of reports in the desk, and their tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import Response, request

from relatum import RelatumError, imports, may, plugin_host, query, requires

from ..converting.pages import PAGES
from . import questions
from .asked import COMMON, Asked
from .doors import SEE
from .shapes import MONEY, PERCENT, TEXT, Cell, Column, Row, Table, Where

AT: Final = "/x/sales/reports"
#: So many people and teams are offered to choose from; others are named in the address.
_OFFERED: Final = 200


@PAGES.get("/reports")
@requires(SEE)
def reports() -> Response:
    """Lead to the first report."""
    return plugin_host.away(f"{AT}/{next(iter(questions.REPORTS))}")


@PAGES.get("/reports/<name>")
@requires(SEE)
def report(name: str) -> Response:
    """Draw a report; what is wrong with its words is said above its filters."""
    kind, say = questions.kind(name), plugin_host.translated
    words = {word: text for word, text in request.args.items() if text}
    if "period" in words:  # a period that is chosen goes before days that were typed earlier
        words = {word: text for word, text in words.items() if word not in ("from", "to")}
    language, actor = plugin_host.language(), plugin_host.asking()
    refused = found = None
    try:
        asked, found = questions.ask(name, words, actor=actor, language=language, say=say)
    except RelatumError as error:
        if error.status not in (422, 403):
            raise
        refused, asked = error, Asked({}, actor, language=language, say=say)
    return plugin_host.page(
        "report.html", refused.status if refused else 200, within="desk",
        name=name, labels=questions.labels(say), kind=kind, asked=asked, report=found,
        refused=refused, words_=words, kept=_kept(words), choices=_choices(asked),
        drawing=Drawing(asked, f"{AT}/{name}", words),
    )  # fmt: skip


@PAGES.get("/reports/<name>/<table>.csv")
@requires(SEE)
def table_as_csv(name: str, table: str) -> Response:
    """Send a table of a report as CSV, as programs read it."""
    words = {word: text for word, text in request.args.items() if text}
    _, found = questions.ask(name, words, actor=plugin_host.asking())
    known = {each.name: each for each in found.tables}
    if table not in known:
        raise RelatumError(
            "sales_table_unknown", report=name, name=table[:80], possible=", ".join(known)
        )
    made = Response(_csv(known[table]), mimetype="text/csv")
    made.headers["Content-Disposition"] = f'attachment; filename="{name}-{table}.csv"'
    return made


def _csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([table.head, *(column.label for column in table.columns)])
    for row in [*table.rows, *([table.total] if table.total else [])]:
        shown = questions.cells(table, row)
        texts = (imports.quoted(shown[c.name] or "") if c.kind == TEXT else shown[c.name]
                 for c in table.columns)  # fmt: skip
        writer.writerow([imports.quoted(row.label), *texts])
    return text.getvalue()


# -- what the page offers -------------------------------------------------------------------------
def _kept(words: dict[str, str]) -> str:
    """Return the words that other reports take, too, for their addresses."""
    return urlencode({word: text for word, text in words.items() if word in COMMON})


def _choices(asked: Asked) -> dict[str, list[tuple[str, str]]]:
    """Return what there is to choose from, as (value, label), by the word of the address."""
    say = plugin_host.translated
    made = {"pipeline": [(o.value, o.label) for o in asked.options("pipeline").values()]}
    for word, type_name, own, label in (
        ("owner", "user", "me", say("My own")), ("team", "team", "mine", say("My team")),
    ):  # fmt: skip
        if may(asked.actor, "read", type_name):
            mine = asked.actor.team_id if word == "team" else asked.actor.user_id
            made[word] = [(own, label)] if mine is not None else []
            made[word] += _records(asked, type_name)
    return made


def _records(asked: Asked, type_name: str) -> Iterator[tuple[str, str]]:
    known = asked.type(type_name)
    titled = [field.name for field in known.title_fields]
    body = {"fields": titled, "sort": titled[:1], "limit": _OFFERED}
    for row in query.page(query.from_json(type_name, body, actor=asked.actor)).records:
        yield str(row["id"]), known.label_of_wire(row)


class Drawing:
    """Draws what a report holds: addresses of lists, numbers by the reader's customs, charts."""

    def __init__(self, asked: Asked, at: str, words: dict[str, str]) -> None:
        self.asked, self.at, self.words = asked, at, words

    def href(self, where: Where | None) -> str:
        """Return the address of the list of some records; empty without one."""
        if where is None:
            return ""
        kept = [("_view", "_all")]
        if where.filters:
            kept.append(("_filter", orjson.dumps({"and": list(where.filters)}).decode()))
        if where.as_of is not None:
            kept.append(("_as_of", where.as_of))
        return f"/records/{where.type}?{urlencode(kept)}"

    def csv(self, table: Table) -> str:
        """Return the address of a table as CSV."""
        kept = urlencode(self.words)
        return f"{self.at}/{table.name}.csv{'?' if kept else ''}{kept}"

    def cell(self, row: Row, column: Column) -> Cell:
        """Return the cell of a column; an empty one where the row has none."""
        return row.cells.get(column.name) or Cell()

    def shown(self, value: Any, kind: str, words: Any) -> str:
        """Return a number as people read it; `words` are those of the desk."""
        if value is None:
            return "–"
        if kind == TEXT:
            return str(value)
        if kind == MONEY:
            return str(words.money(value, self.asked.currency, short=True))
        said = str(words.number(value))
        return f"{said} %" if kind == PERCENT else said

    def chart(self, table: Table, words: Any) -> dict[str, Any] | None:
        """Return what the chart of a table draws; None for nothing."""
        drawn = [column for column in table.columns if column.name in table.drawn]
        cells = [[self.cell(row, column) for row in table.rows] for column in drawn]
        if not any(Decimal(str(c.value or 0)) for column in cells for c in column):
            return None
        return {
            "labels": [row.label for row in table.rows],
            "series": [
                {
                    "name": column.label,
                    "data": [None if c.value is None else str(c.value) for c in held],
                    "shown": [self.shown(c.value, column.kind, words) for c in held],
                    "hrefs": [self.href(c.where) for c in held],
                }
                for column, held in zip(drawn, cells, strict=True)
            ],
        }


def _links() -> list[dict[str, str]]:
    return [{"label": plugin_host.translated("Reports"), "href": AT, "icon": "report-analytics"}]


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "menu.plugin", "draw": _links, "permission": SEE},
    {"place": "palette.commands", "draw": _links, "permission": SEE},
]

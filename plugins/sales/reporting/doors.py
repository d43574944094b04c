"""The calls and the command of reports."""

from __future__ import annotations

from typing import Any, Final

import click
import orjson
from flask import Response, jsonify, request

from relatum import Permission, context, plugin_host, reading, requires

from ..converting.api import API
from . import questions
from .asked import plain
from .shapes import DAYS, MONEY, PERCENT, Report, Row, Table

#: Who sees the reports; in them everybody sees the figures of what he may see.
SEE: Final = "sales.report"
PERMISSIONS: Final = [
    Permission(SEE, "See sales reports", roles=("manager", "member", "read_only"))
]


@API.get("/reports")
@requires(SEE)
def list_reports() -> Response:
    """Say which reports there are, and which words each takes."""
    labels = questions.labels(plain)
    return jsonify(
        reports=[
            {"name": name, "label": labels[name], "words": list(kind.words)}
            for name, kind in questions.REPORTS.items()
        ]
    )


@API.get("/reports/<name>")
@requires(SEE)
def show_report(name: str) -> Response:
    """Return a report, narrowed by the words of the address."""
    asked, report = questions.ask(name, request.args.to_dict(), actor=plugin_host.asking())
    return jsonify(questions.as_json(name, asked, report))


@click.command("report")
@click.argument("name", metavar="NAME")
@click.option("--pipeline", metavar="NAME", help="The deals of one pipeline.")
@click.option("--owner", metavar="USER", help="An id, a name, an e-mail address, or me.")
@click.option("--team", metavar="TEAM", help="An id, a name, or mine.")
@click.option("--period", metavar="PERIOD", help="Such as this_month; usual: last_12_months.")
@click.option("--from", "from_", metavar="DAY", help="The first day instead of a period.")
@click.option("--to", metavar="DAY", help="The last day instead of a period.")
@click.option("--at", metavar="DAY", help="The day of the pipeline; usual: today.")
@click.option("--since", metavar="DAY", help="An earlier day to compare the pipeline with.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def report(name: str, from_: str | None, as_json: bool, **words: str | None) -> None:
    """Print a report: pipeline, winloss, velocity, conversion or ageing.

    \b
    Examples:
      relatum sales report winloss --period last_quarter
      relatum sales report pipeline --at 2026-06-30 --since 2026-03-31 --json
    """
    given = {word: text for word, text in {**words, "from": from_}.items() if text is not None}
    actor = context().actor
    assert actor is not None  # a command is always somebody's
    with reading():
        asked, found = questions.ask(name, given, actor=actor)
    if as_json:
        click.echo(orjson.dumps(questions.as_json(name, asked, found), option=orjson.OPT_INDENT_2))
        return
    _print(found, asked.currency)


def _print(found: Report, currency: str) -> None:
    for figure in found.figures:
        click.echo(f"{figure.label}: {_text(figure.cell.value, figure.kind, currency)}")
    for table in found.tables:
        click.echo(f"\n{table.label}")
        rows = [*table.rows, *([table.total] if table.total else [])]
        lines = [[table.head, *(column.label for column in table.columns)]]
        lines += [_line(table, row, currency) for row in rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for first, *others in lines:
            told = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
            click.echo("  ".join([first.ljust(widths[0]), *told]).rstrip())
    for note in found.notes:
        click.echo(f"\n{note}")


def _line(table: Table, row: Row, currency: str) -> list[str]:
    shown = ((row.cells.get(column.name), column.kind) for column in table.columns)
    return [row.label, *(_text(cell and cell.value, kind, currency) for cell, kind in shown)]


def _text(value: Any, kind: str, currency: str) -> str:
    """Return a number as a terminal shows it."""
    if value is None:
        return "-"
    unit = {MONEY: f" {currency}".rstrip(), PERCENT: " %", DAYS: " d"}.get(kind, "")
    return f"{value}{unit}"


COMMANDS: Final[list[click.Command]] = [report]

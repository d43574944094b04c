"""The reports by their names: what each takes, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from relatum import Actor, RelatumError, context

from . import ageing, conversion, pipeline, velocity, winning
from .asked import COMMON, DAY, PERIOD, Asked, Say, plain
from .shapes import Report


class Kind(NamedTuple):
    """A report: what it takes, and how it is answered."""

    words: tuple[str, ...]
    answer: Callable[[Asked], Report]


def _usual() -> list[str]:
    return list(context().settings["usual_days"])


REPORTS: Final[Mapping[str, Kind]] = {
    "pipeline": Kind((*COMMON, *DAY), pipeline.report),
    "winloss": Kind((*COMMON, *PERIOD), winning.report),
    "velocity": Kind((*COMMON, *PERIOD), lambda asked: velocity.report(asked, _usual())),
    "conversion": Kind((*COMMON, *PERIOD), conversion.report),
    "ageing": Kind(COMMON, lambda asked: ageing.report(asked, _usual())),
}


def labels(say: Say) -> dict[str, str]:
    """Return what the reports are called."""
    translated = say
    return {
        "pipeline": translated("Pipeline"),
        "winloss": translated("Won and lost"),
        "velocity": translated("Velocity"),
        "conversion": translated("Conversion"),
        "ageing": translated("Ageing"),
    }


def kind(name: str) -> Kind:
    """Return a report by its name; raise `sales_report_unknown`."""
    found = REPORTS.get(name)
    if found is None:
        raise RelatumError("sales_report_unknown", name=name[:80], possible=", ".join(REPORTS))
    return found


def ask(
    name: str, words: Mapping[str, str], *, actor: Actor, language: str = "en", say: Say = plain
) -> tuple[Asked, Report]:
    """Return a report as an actor asks it; raise what is wrong with its words.

    It is English unless another language is asked for, with who says texts in it.
    """
    found = kind(name)
    for word in words:
        if word not in found.words:
            raise RelatumError(
                "sales_report_word", report=name, name=word[:80], possible=", ".join(found.words)
            )
    asked = Asked(words, actor, language=language, say=say)
    return asked, found.answer(asked)


def as_json(name: str, asked: Asked, report: Report) -> dict[str, Any]:
    """Return a report as programs read it: amounts and shares as text, days and counts as such."""
    return {
        "report": name, "label": labels(plain)[name], "asked": _said(name, asked),
        "currency": asked.currency or None,
        "figures": {each.name: _wire(each.cell.value) for each in report.figures},
        "tables": {
            table.name: {
                "label": table.label,
                "columns": [c.name for c in table.columns],
                "rows": [
                    {"key": row.key, "label": row.label, **cells(table, row)} for row in table.rows
                ],
                "total": None if table.total is None else cells(table, table.total),
            }
            for table in report.tables
        },
        "notes": list(report.notes),
    }  # fmt: skip


def cells(table: Any, row: Any) -> dict[str, Any]:
    """Return the numbers of a row by the names of the columns."""
    return {c.name: _wire(row.cells[c.name].value) if c.name in row.cells else None
            for c in table.columns}  # fmt: skip


def _said(name: str, asked: Asked) -> dict[str, Any]:
    """Return what was asked, with the days that it means."""
    made: dict[str, Any] = {
        "pipeline": asked.pipeline, "owner": asked.owner, "team": asked.team,
    }  # fmt: skip
    words = REPORTS[name].words
    if "period" in words:
        made |= {"from": asked.span.first.isoformat(), "to": asked.span.last.isoformat()}
    if "at" in words:
        made |= {"at": asked.at.isoformat(), "since": asked.since and asked.since.isoformat()}
    return made


def _wire(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str) else format(value, "f")

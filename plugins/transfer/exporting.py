"""Exports: the records of a query as CSV, XLSX, JSON or NDJSON, page by page."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import xlsxwriter

from relatum import Actor, RelatumError, catalog, imports, query, reading, views

from .cells import columns_of, is_number, text_of, value_of

#: What each format is called on the wire.
TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
}
PAGE: Final = 500
#: What a sheet holds: rows below the names, and characters of a cell.
_ROWS, _CHARACTERS = 1_048_575, 32_767
#: Digits that a spreadsheet keeps of a number.
_DIGITS: Final = 15
_PIECE: Final = 1 << 16

Pages = Iterator[query.Page]
Args = list[tuple[str, str]]


class Export:
    """What is exported of one type, for one reader; made in an open transaction.

    `args` are the words of a list's address: view, filters, sort and fields. Raises what asking
    raises, so a wrong word is refused before anything is sent.
    """

    def __init__(self, type_name: str, args: Args, *, actor: Actor) -> None:
        self.actor, self.type_name = actor, type_name
        kept = [(n, v) for n, v in args if n not in ("_limit", "_after", "_before", "_count")]
        chosen = views.from_url(type_name, kept, actor=actor)
        self.type: catalog.EntityType = chosen.type
        asked = [path.text for path in chosen.fields] if ("_fields" in dict(args)) else None
        self.columns = columns_of(self.type, asked)
        self.links = [path for path, f in self.columns if f.is_link]
        wanted = sorted({path.partition(".")[0] for path, _ in self.columns})
        self.args = [(n, v) for n, v in kept if n != "_fields"]
        self.args += [("_fields", ",".join(wanted)), ("_limit", str(PAGE))]
        self.first = self._page(None)

    def _page(self, after: str | None) -> query.Page:
        more = [] if after is None else [("_after", after)]
        asked = views.from_url(self.type_name, [*self.args, *more], actor=self.actor)
        return query.page(asked)

    def pages(self) -> Pages:
        """Yield every page; opens its own transactions after the first."""
        page = self.first
        yield page
        while page.next is not None:
            with reading():
                page = self._page(page.next)
            yield page

    def stream(self, form: str) -> Iterator[bytes]:
        """Return the file in pieces; raise `bad_parameter` for a format that there is not."""
        ways = {"csv": self.csv, "xlsx": self.xlsx, "json": self.json, "ndjson": self.ndjson}
        if form not in ways:
            reason = f"it must be one of {', '.join(ways)}"
            raise RelatumError("bad_parameter", name="_format", reason=reason)
        return ways[form]()

    # -- formats ---------------------------------------------------------------------------
    def csv(self) -> Iterator[bytes]:
        """Yield CSV in UTF-8; beside each link stands what its record is called."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        names = [path for path, _ in self.columns]
        writer.writerow([*names, *(f"_{path}" for path in self.links)])
        shown = [(path, field, is_number(field)) for path, field in self.columns]
        for page in self.pages():
            for record in page.records:
                row = []
                for path, field, plain in shown:
                    text = text_of(field, value_of(record, path))
                    row.append(text if plain else imports.quoted(text))
                writer.writerow([*row, *map(imports.quoted, self._labels(page, record))])
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()

    def _labels(self, page: query.Page, record: dict[str, Any]) -> Iterable[str]:
        for path in self.links:
            found = page.labels.get(str(record.get(path)))
            yield found["label"] if found else ""

    def ndjson(self) -> Iterator[bytes]:
        """Yield an object per line, values as the API gives them."""
        for page in self.pages():
            yield b"".join(orjson.dumps(each, option=_JSON) + b"\n" for each in self._objects(page))

    def json(self) -> Iterator[bytes]:
        """Yield one list of objects."""
        yield b"["
        between = b"\n"
        for page in self.pages():
            for each in self._objects(page):
                yield between + orjson.dumps(each, option=_JSON)
                between = b",\n"
        yield b"\n]\n"

    def _objects(self, page: query.Page) -> Iterator[dict[str, Any]]:
        names = list(dict.fromkeys(path.partition(".")[0] for path, _ in self.columns))
        for record in page.records:
            yield {name: record.get(name) for name in names}

    def xlsx(self) -> Iterator[bytes]:
        """Yield a workbook, written row by row into a file beside; cells are typed."""
        with tempfile.TemporaryFile() as file:
            options = {
                "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                "strings_to_numbers": False, "remove_timezone": True,
            }  # fmt: skip
            with xlsxwriter.Workbook(file, options) as book:
                self._sheet(book)
            file.seek(0)
            while piece := file.read(_PIECE):
                yield piece

    def _sheet(self, book: Any) -> None:
        sheet = book.add_worksheet(self.type_name[:31])
        bold = book.add_format({"bold": True})
        forms = {
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "datetime": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        for place, name in enumerate([p for p, _ in self.columns] + [f"_{p}" for p in self.links]):
            sheet.write_string(0, place, name, bold)
        sheet.freeze_panes(1, 0)
        line = 0
        for page in self.pages():
            for record in page.records:
                line += 1
                if line > _ROWS:
                    reason = f"a sheet holds {_ROWS:,} rows. Export CSV instead"
                    raise RelatumError("bad_parameter", name="_format", reason=reason)
                for place, (path, field) in enumerate(self.columns):
                    self._cell(sheet, line, place, field, value_of(record, path), forms)
                for place, label in enumerate(self._labels(page, record), len(self.columns)):
                    sheet.write_string(line, place, label)

    def _cell(
        self, sheet: Any, line: int, place: int, field: Any, wire: Any, forms: dict[str, Any]
    ) -> None:
        text = text_of(field, wire)
        if not text:
            return
        if isinstance(wire, bool):
            sheet.write_boolean(line, place, wire)
        elif isinstance(wire, datetime) and wire.year >= 1900:
            local = wire.astimezone(ZoneInfo(field.zone)).replace(tzinfo=None)
            sheet.write_datetime(line, place, local, forms["datetime"])
        elif isinstance(wire, date) and not isinstance(wire, datetime) and wire.year >= 1900:
            sheet.write_datetime(line, place, datetime(*wire.timetuple()[:3]), forms["date"])  # noqa: DTZ001
        elif is_number(field) and sum(c.isdigit() for c in text) <= _DIGITS:
            sheet.write_number(line, place, float(Decimal(text)))
        elif len(text) > _CHARACTERS:
            reason = f"a cell holds {_CHARACTERS:,} characters. Export CSV instead"
            raise RelatumError("bad_parameter", name="_format", reason=reason)
        else:
            sheet.write_string(line, place, text)


_JSON: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS

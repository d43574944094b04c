"""Exports: the records of a query as CSV, XLSX, JSON, NDJSON or vCards, page by page."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

import orjson
import xlsxwriter

from relatum import (
    Actor,
    RelatumError,
    audit,
    catalog,
    fields,
    imports,
    query,
    reading,
    renewed,
    transact,
    views,
)

from .cards import Cards
from .cells import columns_of, is_number, lists_in, text_of, value_of

#: What each format is called on the wire.
TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "vcard": "text/vcard; charset=utf-8",
}
#: How names of files end, where that is not what the format is called.
ENDINGS: Final = {"vcard": "vcf"}
PAGE: Final = 500
#: What a sheet holds: rows below the names, and characters of a cell.
_ROWS, _CHARACTERS = 1_048_575, 32_767
#: Digits that a spreadsheet keeps of a number.
_DIGITS: Final = 15
_PIECE: Final = 1 << 16

Pages = Iterator[query.Page]
Args = list[tuple[str, str]]
#: The fields of a row, with their values.
Row = list[tuple[fields.Field, Any]]
#: Words of an address that are about pages.
_LEFT_OUT: Final = ("_limit", "_after", "_before", "_count")


class Export:
    """What is exported of one type, for one reader; made in an open transaction.

    `args` are the words of a list's address: view, filters, sort and fields. Lists of lines are
    among the fields by their names; documents have all of them if no fields are named. Raises
    what asking raises, so a wrong word is refused before anything is sent.
    """

    def __init__(self, type_name: str, args: Args, form: str, *, actor: Actor) -> None:
        if form not in TYPES:
            reason = f"it must be one of {', '.join(TYPES)}"
            raise RelatumError("bad_parameter", name="_format", reason=reason)
        self.actor, self.type_name, self.form = actor, type_name, form
        entity_type = views.from_url(type_name, (), actor=actor).type
        self._cards = Cards(entity_type)
        if form == "vcard" and not self._cards.are_possible:
            reason = f"'{type_name}' has no e-mail and no phone, so there are no vCards of it"
            raise RelatumError("bad_parameter", name="_format", reason=reason)
        lists = {each.name: each for each in lists_in(entity_type, None)}
        shown = [n for n in dict(args).get("_fields", "").split(",") if n.strip() in lists]
        kept = [_without(n, v, lists) for n, v in args if n not in _LEFT_OUT]
        chosen = views.from_url(type_name, kept, actor=actor)
        self.type: catalog.EntityType = chosen.type
        named = [p.text for p in chosen.fields] if "_fields" in dict(args) else None
        if form == "vcard":
            named, shown = self._cards.fields, self._cards.further(lists.values())
        self.columns = columns_of(self.type, named)
        if named is None and form in ("json", "ndjson"):
            shown = list(lists)
        self.lists = [lists[name.strip()] for name in shown]
        every = [*self.columns, *(path for each in self.lists for path in each.paths)]
        self.names = [path for path, _ in every]
        self.links = [path for path, f in every if f.is_link]
        wanted = sorted({path.partition(".")[0] for path, _ in self.columns})
        self.args = [(n, v) for n, v in kept if n != "_fields"]
        self.args += [("_fields", ",".join(wanted)), ("_limit", str(PAGE))]
        if self.lists:
            self.args.append(("_expand", ",".join(each.name for each in self.lists)))
        self.first = self._page(None)

    def _page(self, after: str | None) -> query.Page:
        more = [] if after is None else [("_after", after)]
        asked = views.from_url(self.type_name, [*self.args, *more], actor=self.actor)
        return query.page(query.narrowed(asked, "export"))

    def pages(self) -> Pages:
        """Yield every page; opens its own transactions after the first.

        Each is for the reader as he stands then: whoever may not enter any more gets no more.
        """
        page = self.first
        yield page
        while page.next is not None:
            with reading():
                self.actor = renewed(self.actor)
                page = self._page(page.next)
            yield page

    def stream(self) -> Iterator[bytes]:
        """Return the file in pieces."""
        ways = {
            "csv": self.csv, "xlsx": self.xlsx, "json": self.json, "ndjson": self.ndjson,
            "vcard": self.vcard,
        }  # fmt: skip
        return ways[self.form]()

    def rows(self, page: query.Page) -> Iterator[Row]:
        """Yield the rows of a table: one for each record, or for each of its lines.

        Rows below the first of a record hold lines alone, as an import reads them.
        """
        for record in page.records:
            lines = [each.items(record) for each in self.lists]
            for place in range(max(1, *map(len, lines)) if lines else 1):
                own = record if place == 0 else {}
                row = [(field, value_of(own, path)) for path, field in self.columns]
                for each, items in zip(self.lists, lines, strict=True):
                    line = items[place] if place < len(items) else {}
                    row += [(field, value_of(line, path)) for path, field in each.columns]
                yield row

    def noted(self, args: Args) -> Self:
        """Note in the audit log that somebody exports this, in a transaction of its own."""
        told = {"format": self.form, "asked": [list(each) for each in args]}
        subject = f"type:{self.type.name}"
        transact(lambda: audit.note("exported", subject, actor=self.actor, after=told))
        return self

    # -- formats ---------------------------------------------------------------------------
    def csv(self) -> Iterator[bytes]:
        """Yield CSV in UTF-8; beside each link stands what its record is called."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([*self.names, *(f"_{path}" for path in self.links)])
        for page in self.pages():
            for row in self.rows(page):
                cells = []
                for field, wire in row:
                    text = text_of(field, wire)
                    cells.append(text if is_number(field) else imports.quoted(text))
                writer.writerow([*cells, *map(imports.quoted, _labels(page, row))])
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()

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

    def vcard(self) -> Iterator[bytes]:
        """Yield a vCard of each record, with its further addresses and numbers."""
        for page in self.pages():
            yield b"".join(self._cards.written(page, self._further))

    def _further(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        return [line for each in self.lists for line in each.items(record)]

    def _objects(self, page: query.Page) -> Iterator[dict[str, Any]]:
        names = list(dict.fromkeys(path.partition(".")[0] for path, _ in self.columns))
        for record in page.records:
            lists = {each.name: each.items(record) for each in self.lists}
            yield {name: record.get(name) for name in names} | lists

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
        for place, name in enumerate([*self.names, *(f"_{path}" for path in self.links)]):
            sheet.write_string(0, place, name, bold)
        sheet.freeze_panes(1, 0)
        line = 0
        for page in self.pages():
            for row in self.rows(page):
                line += 1
                if line > _ROWS:
                    reason = f"a sheet holds {_ROWS:,} rows. Export CSV instead"
                    raise RelatumError("bad_parameter", name="_format", reason=reason)
                for place, (field, wire) in enumerate(row):
                    self._cell(sheet, line, place, field, wire, forms)
                for place, label in enumerate(_labels(page, row), len(row)):
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


def _labels(page: query.Page, row: Row) -> Iterator[str]:
    """Yield what the records are called that the links of a row point to."""
    for field, wire in row:
        if field.is_link:
            found = page.labels.get(str(wire))
            yield found["label"] if found else ""


def _without(name: str, words: str, lists: Iterable[str]) -> tuple[str, str]:
    """Return a word of the address without lists of lines, which are no fields to ask for.

    Of records that are asked for nothing else, the id says whose lines they are.
    """
    named = [each.strip() for each in words.split(",")]
    if name != "_fields" or not set(named) & set(lists):
        return name, words
    return name, ",".join(each for each in named if each not in lists) or "id"


_JSON: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS

"""The reader of workbooks, run as a program: FILE SHEET MOST; writes a line of JSON per row.

The first line says which sheets there are and which one is read. Ends with 3 and a sentence if
the file is no workbook. It imports nothing of Relatum, and may use so much memory and no more.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from python_calamine import CalamineWorkbook

#: Bytes of memory, which is what some fifty million cells take.
MEMORY = 2_000_000_000


def text(value: Any) -> str:
    """Return a cell as the text that a field reads."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(int(value.total_seconds()))
    return str(value)


def main(path: str, wanted: str, most: int) -> None:
    """Write the rows of a sheet, the first one with any if none is named."""
    book = CalamineWorkbook.from_path(path)
    names = list(book.sheet_names)
    if wanted and wanted not in names:
        raise ValueError(f"has no sheet '{wanted}'; it has {', '.join(names)}")
    chosen = wanted or next((n for n in names if book.get_sheet_by_name(n).height), names[0])
    out = sys.stdout
    out.write(json.dumps({"sheets": names, "sheet": chosen}) + "\n")
    sheet = book.get_sheet_by_name(chosen)
    rows = sheet.iter_rows() if sheet.height else ()
    # Rows come from the first of the sheet on, columns from the first with a cell.
    for line, row in enumerate(rows, 1):
        cells = [text(cell) for cell in row]
        if any(cells):
            out.write(json.dumps([line, cells]) + "\n")
        if line == most:
            return


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    except MemoryError:
        sys.exit(4)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what is wrong with the file
        sys.stderr.write(" ".join(str(error).split()) or type(error).__name__)
        sys.exit(3)

"""Tell what a file is by how it begins; its name may say anything."""

from __future__ import annotations

import json
from typing import Final

from .table import refusal

#: Bytes that are looked at.
SAMPLE: Final = 262_144
BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
#: How names of files end that have a record in each line.
_BY_LINE: Final = (".ndjson", ".jsonl")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER: Final = {
    b"%PDF": "is a PDF document", b"\x1f\x8b": "is compressed by gzip; unpack it first",
    b"\x89PNG": "is a picture", b"\xff\xd8\xff": "is a picture", b"GIF8": "is a picture",
    b"SQLite format 3": "is a database", b"7z\xbc\xaf": "is an archive; unpack it first",
    b"Rar!": "is an archive; unpack it first", b"BZh": "is compressed; unpack it first",
}  # fmt: skip


def kind_of(start: bytes, name: str) -> str:
    """Return the format of a file that begins so; raise `file_unreadable`."""
    if not start.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise refusal(name, "holds nothing")
    if start.startswith((b"PK\x03\x04", _OLE)):
        return "workbook"
    for magic, reason in _OTHER.items():
        if start.startswith(magic):
            raise refusal(
                name, f"{reason}; CSV, XLSX, ODS, XLS, JSON, NDJSON and vCards can be imported"
            )
    lowered = start[:400].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if lowered.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise refusal(name, "is a page or XML, not a table; export it as CSV or XLSX")
    if lowered.startswith(b"begin:vcard"):
        return "vcard"
    return _document(start, name) or "csv"


def _document(start: bytes, name: str) -> str | None:
    bare = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if bare.startswith(b"["):
        inside = bare[1:].lstrip()
        return "json" if inside.startswith((b"{", b"]")) else None
    if bare.startswith(b"{"):
        try:
            first, _, rest = bare.partition(b"\n")
            record = json.loads(first)
            lists = [value for value in record.values() if isinstance(value, list)]
            # One record with a list of lines looks like an object with a list of records.
            if name.lower().endswith(_BY_LINE):
                return "ndjson"
            alone = not rest.strip() and any(isinstance(v, dict) for each in lists for v in each)
            return "json" if alone else "ndjson"
        except ValueError:
            return "json" if bare[1:].lstrip().startswith((b'"', b"}")) else None
    return None

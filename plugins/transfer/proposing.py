"""Propose where the columns of a file go: by name, label and nearest match, with their styles.

What a file with the same columns was imported by last goes before all that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rapidfuzz import fuzz, process

from relatum import catalog, fields, imports

from . import lines

#: From so much likeness on (of 100) a column is proposed a field that is not called like it.
_LIKE: Final = 86
_SKIPPED: Final = "_"
#: What other systems call fields; both sides are compared without case, blanks and signs.
_ALSO: Final = {
    "mail": "email", "emailaddress": "email", "e_mail": "email", "firstname": "name.first",
    "lastname": "name.last", "surname": "name.last", "givenname": "name.first",
    "familyname": "name.last", "company": "account", "companyname": "account",
    "accountname": "account",
    "organization": "account", "organisation": "account", "telephone": "phone",
    "phonenumber": "phone", "mobilephone": "mobile", "cell": "mobile", "street": "address.street",
    "city": "address.city", "zip": "address.postal_code", "postcode": "address.postal_code",
    "postalcode": "address.postal_code", "country": "address.country", "title": "job_title",
    "jobtitle": "job_title", "notes": "description", "url": "website", "web": "website",
}  # fmt: skip
_DATES: Final = {
    "YYYY-MM-DD": "%Y-%m-%d", "D.M.YYYY": "%d.%m.%Y", "M/D/YYYY": "%m/%d/%Y",
    "D/M/YYYY": "%d/%m/%Y", "YYYY/MM/DD": "%Y/%m/%d", "YYYYMMDD": "%Y%m%d",
    "D-M-YYYY": "%d-%m-%Y", "M-D-YYYY": "%m-%d-%Y",
}  # fmt: skip


def propose(
    entity_type: catalog.EntityType, header: Sequence[str], sample: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Return an import map for a file: what was used for it last, else what fits best."""
    known = imports.remembered(entity_type.name, header)
    if known is not None:
        return known
    targets = targets_of(entity_type)
    taken: set[str] = set()
    columns: dict[str, Any] = {}
    for rank in (_exactly, _nearly):
        for place, name in enumerate(header):
            if columns.get(name) is not None or name.startswith(_SKIPPED):
                continue
            found = rank(name, targets)
            if found is None or found in taken or found.partition(".")[0] in taken:
                columns.setdefault(name, None)
                continue
            texts = [row[place] for row in sample if row[place:]]
            column = column_for(entity_type, found, texts)
            if column.get("by") == "id" and f"{_SKIPPED}{name}" not in header:
                # Numbers of another system would be taken for ours; only our exports have both.
                columns.setdefault(name, None)
                continue
            taken.add(found)
            columns[name] = column
    for name, path, line in lines.proposed(entity_type, header, columns, _ALSO):
        texts = [row[header.index(name)] for row in sample if row[header.index(name) :]]
        columns[name] = column_for(entity_type, path, texts) | line
    return {"relatum_map": 1, "columns": {name: columns.get(name) for name in header}}


def targets_of(entity_type: catalog.EntityType) -> dict[str, Any]:
    """Return the fields, and members of fields, that a column may go to, by path."""
    return {
        path: field
        for field in entity_type.with_members
        for path in [field.name]
        if not field.read_only and not (field.NUMBERED and not field.settings.get("importable"))
    }


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", fields.fold(text))


def _exactly(name: str, targets: dict[str, Any]) -> str | None:
    wanted = _bare(name)
    for path, field in targets.items():
        if wanted in (_bare(path), _bare(field.label)):
            return path
    also = _ALSO.get(wanted)
    return also if also in targets else None


def _nearly(name: str, targets: dict[str, Any]) -> str | None:
    wanted = _bare(name)
    called = {_bare(f.label): path for path, f in targets.items()}
    called |= {_bare(path): path for path in targets}
    best = process.extractOne(wanted, list(called), scorer=fuzz.ratio, score_cutoff=_LIKE)
    return called[best[0]] if best and len(wanted) > 3 else None


def column_for(entity_type: catalog.EntityType, path: str, texts: Sequence[str]) -> dict[str, Any]:
    """Return what a map says of a column, with the styles that its texts are written in."""
    field = imports.target_of(catalog.current(), entity_type, path).field
    made: dict[str, Any] = {"field": path}
    filled = [text.strip() for text in texts if text.strip()]
    if field.kind in ("date", "datetime") and filled:
        style = date_style(filled)
        if style not in (None, "YYYY-MM-DD"):
            made["date_format"] = style
    elif field.kind in imports.NUMBERS and filled:
        sign = decimal_sign(filled)
        if sign is not None:
            made["decimal"] = sign
    elif isinstance(field, fields.Lookup) and filled:
        by = _finder(field, filled)
        if by is not None:
            made["by"] = by
    return made


def _finder(field: Any, texts: Sequence[str]) -> str | None:
    """Return what records are found by, where it is not their title."""
    if all(text.isdecimal() for text in texts):
        return "id"
    if field.target == "user" and all("@" in text for text in texts):
        return "email"
    return None


def date_style(texts: Sequence[str]) -> str | None:
    """Return the style that reads most texts, the likelier one of two; None: it reads too few."""
    counts = {style: sum(_is(t, form) for t in texts) for style, form in _DATES.items()}
    best = max(counts, key=lambda style: counts[style])
    return best if counts[best] * 2 >= len(texts) else None


def _is(text: str, form: str) -> bool:
    if form == "%Y%m%d" and len(text) != 8:
        return False
    try:
        datetime.strptime(text, form)  # noqa: DTZ007  # a date has no zone
    except ValueError:
        return False
    return True


def decimal_sign(texts: Sequence[str]) -> str | None:
    """Return the sign before the decimals if the texts show one that needs to be said."""
    commas = sum(bool(re.search(r",\d{1,2}%?$|\.\d{3},|,\d{4,}", text)) for text in texts)
    points = sum(bool(re.search(r"\.\d{1,2}%?$|,\d{3}\.", text)) for text in texts)
    if commas > points:
        return ","
    return "." if any("," in text or "'" in text for text in texts) else None

"""Propose where the columns of a file go: by name, label and nearest match, with their styles."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rapidfuzz import fuzz, process

from relatum import RelatumError, catalog, fields, imports

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
    entity_type: catalog.EntityType,
    header: Sequence[str],
    sample: Sequence[Sequence[str]],
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return an import map for a file: what fits best for the columns that `given` leaves open."""
    document: dict[str, Any] = {"relatum_map": 1, **(given or {})}
    targets = targets_of(entity_type)
    decided: dict[str, Any] = document.get("columns", {})
    taken = filled_by(document)
    columns: dict[str, Any] = {}
    for rank in (_exactly, _nearly):
        for place, name in enumerate(header):
            if name in decided or columns.get(name) is not None or name.startswith(_SKIPPED):
                continue
            found = rank(name, targets)
            if found is None or clashes(found, taken):
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
    made = {name: decided.get(name, columns.get(name)) for name in header}
    left = [name for name in header if name not in decided]
    for name, path, line in lines.proposed(entity_type, left, made, taken, _ALSO):
        texts = [row[header.index(name)] for row in sample if row[header.index(name) :]]
        made[name] = column_for(entity_type, path, texts) | line
    return {**document, "columns": made}


def filled_by(document: Mapping[str, Any]) -> set[str]:
    """Return the fields, and members of fields, that a map fills."""
    columns = (document.get("columns") or {}).values()
    named = {c if isinstance(c, str) else c["field"] for c in columns if c}
    return named | set(document.get("composed") or ()) | set(document.get("fixed") or ())


def clashes(path: str, taken: Collection[str]) -> bool:
    """Say whether a field is filled already: itself, the whole of it, or members of it."""
    within = "." not in path and any(name.startswith(f"{path}.") for name in taken)
    return path in taken or path.partition(".")[0] in taken or within


def fitted(
    document: Mapping[str, Any], entity_type: catalog.EntityType, header: Sequence[str]
) -> dict[str, Any]:
    """Return what of a map holds for this file and this type: all else is left out."""
    made = dict(document)
    columns = {n: c for n, c in (document.get("columns") or {}).items() if n in header}
    made["columns"] = {n: c if _is_there(c, entity_type) else None for n, c in columns.items()}
    made["composed"] = {
        path: text
        for path, text in (document.get("composed") or {}).items()
        if _is_there(_in_full(text) | {"field": path}, entity_type)
        and set(imports.Template(_in_full(text)["text"]).columns) <= set(header)
    }
    made["lines"] = lines.fitted(document.get("lines") or {}, made["columns"])
    made["only"] = {n: texts for n, texts in (document.get("only") or {}).items() if n in header}
    made["fixed"] = {
        path: value
        for path, value in (document.get("fixed") or {}).items()
        if _is_there({"field": path}, entity_type)
    }
    filled = filled_by(made)
    made["key"] = [name for name in document.get("key") or () if name in filled]
    if len(made["key"]) < len(document.get("key") or ()):
        made["key"] = []
    return {name: value for name, value in made.items() if value or name == "columns"}


def _in_full(text: Any) -> dict[str, Any]:
    return {"text": text} if isinstance(text, str) else dict(text)


def _is_there(column: Any, entity_type: catalog.EntityType) -> bool:
    """Say whether the field of a column is there, its line, and what a link is found by."""
    if not column:
        return False
    given = {"field": column} if isinstance(column, str) else column
    try:
        target = imports.target_of(catalog.around(entity_type), entity_type, given["field"])
    except RelatumError:
        return False
    field = target.field
    if not lines.can_be(entity_type, target, given):
        return False
    if not isinstance(field, fields.Lookup) or "by" not in given:
        return "by" not in given
    other = catalog.around(entity_type).types.get(field.target)
    return other is not None and given["by"] in other.fields


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
    field = imports.target_of(catalog.around(entity_type), entity_type, path).field
    made = {"field": path, **styles_of(field.kind, texts)}
    filled = [text.strip() for text in texts if text.strip()]
    if isinstance(field, fields.Lookup) and filled:
        by = _finder(field, filled)
        if by is not None:
            made["by"] = by
    return made


def styles_of(kind: str, texts: Sequence[str]) -> dict[str, str]:
    """Return how dates or numbers are written in texts, as far as that must be said."""
    filled = [text.strip() for text in texts if text.strip()]
    if kind in ("date", "datetime") and filled:
        style = date_style(filled)
        return {"date_format": style} if style not in (None, "YYYY-MM-DD") else {}
    if kind in imports.NUMBERS and filled:
        sign = decimal_sign(filled)
        return {"decimal": sign} if sign is not None else {}
    return {}


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

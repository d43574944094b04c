"""The second step of an import in the desk: where the columns go, by which map, what is missing."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import orjson
from flask import Response, request

from relatum import (
    RelatumError,
    catalog,
    fields,
    imports,
    jobs,
    may,
    reading,
    requires,
    transact,
)

from . import lines, offering
from .api import IMPORT, how_of
from .formats import How
from .formats.texts import ENCODINGS
from .frame import PAGES, asking, away, known, render
from .inspecting import LAST, NAMES, SAVED, SYSTEM, Look, look
from .proposing import column_for, filled_by, targets_of

_SAMPLES: Final = 3
#: The name of the form's field for the column at a place, and of what is said of it.
_TO, _BY, _STYLE, _MAKE, _VALUES = "to-{}", "by-{}", "style-{}", "make-{}", "values-{}"
_SPARE: Final = "spare-{}"
_LINE: Final = "line-{}-{}"
#: What a map says that the form has no field for; it stays as long as the field does.
_KEPT: Final = ("first", "convert", "add")
#: So many values that mean others are shown at once.
_OPEN: Final = 3


@PAGES.get("/files/<int:upload>")
@requires(IMPORT, own=True)
def columns(upload: int) -> Response:
    """Show the columns of a file, and where each is proposed to go."""
    type_name = request.args.get("type", "")
    use = request.args.get("use") or None
    found = look(upload, actor=asking(), type_name=type_name, how=how_of(request.args), use=use)
    return _columns(found, found.map or {})


def _columns(
    found: Look, document: dict[str, Any], refused: RelatumError | None = None
) -> Response:
    with reading():
        status, type_name = refused.status if refused else 200, str(found.type)
        beside = {**_beside(found), "refused": refused, "found": found}
        if type_name not in known().types:
            return render("make.html", status, **beside)
        entity_type = known().type(type_name)
        groups = lines.groups_of(entity_type, known())
        keys = [f for f in entity_type.own_fields if f.value_type.ordered and not f.members]
        asked = document.get("key") or _unique(entity_type, document)
        return render(
            "columns.html", status, type=entity_type,
            rows=[
                _row(entity_type, found, document, i, n) | _line(groups, document, n)
                for i, n in enumerate(found.header)
            ],
            line_lists=groups, lists=lines.asked_of(groups, document),
            mixed=_mixed(entity_type, document), only=document.get("only", {}),
            base=orjson.dumps(document).decode(), targets=targets_of(entity_type), keys=keys,
            key=asked, styles=list(fields.STYLES), encodings=_encodings(found.how.encoding),
            mode=request.form.get("mode", "upsert" if asked else "create"),
            answer=request.form.get("answer") or imports.ANSWERS[0], **beside,
        )  # fmt: skip


def _beside(found: Look) -> dict[str, Any]:
    """Return what is said of other systems, of maps that are kept, and where all that leads."""
    offer, types = found.offer, known().types
    can = may(asking(), offering.CUSTOMISE)
    plans, refused = {}, None
    try:
        if offer is not None:
            plans = {
                "missing": offering.plan_of(offer.missing, asking()),
                "further": offering.plan_of(offer.further, asking()),
            }
    except RelatumError as error:
        refused = error
    return {
        "offer": offer, "plans": plans, "no_plan": refused, "can": can,
        "others": [types.get(name) or name for name in found.others],
        "also": [types[name] for name in (offer.also if offer else ()) if name in types],
        "first": [(types[n], c) for n, c in (offer.first if offer else {}).items() if n in types],
        "further": [change["label"] for change in (offer.further if offer else ())],
        "saved": [name.removeprefix(SAVED) for name in found.maps if name.startswith(SAVED)],
        "chosen": (found.used or "").removeprefix(SAVED)
        if (found.used or "").startswith(SAVED) else "",
        "words_of_maps": {"last": LAST, "system": SYSTEM, "names": NAMES, "saved": SAVED},
        "how": _how_words(found.how), "at": lambda **words: _address(found, **words),
    }  # fmt: skip


def _how_words(how: How) -> dict[str, str]:
    """Return how a file is read as the words of an address."""
    said = {name: how.as_json().get(name) for name in ("encoding", "delimiter", "sheet", "header")}
    said["delimiter"] = "tab" if said["delimiter"] == "\t" else said["delimiter"]
    return {name: str(value) for name, value in said.items() if value is not None}


def _address(found: Look, **words: str) -> str:
    """Return where the columns of a file are shown, read as they are now."""
    asked = {"type": found.type, **_how_words(found.how), **words}
    return f"/x/transfer/files/{found.upload.id}?{urlencode(asked)}"


def _encodings(now: str | None) -> list[str]:
    """Return the encodings to choose from, the one at hand among them."""
    return list(dict.fromkeys([*([now] if now else []), "utf-8-sig", "utf-16", *ENCODINGS]))


def _unique(entity_type: catalog.EntityType, document: dict[str, Any]) -> list[str]:
    """Return the unique key that the columns of a file fill, by which records are found."""
    filled = filled_by(document)
    return next((list(k.fields) for k in entity_type.keys if set(k.fields) <= filled), [])


def _row(
    entity_type: catalog.EntityType, found: Look, document: dict[str, Any], place: int, name: str
) -> dict[str, Any]:
    given = _in_full((document.get("columns") or {}).get(name))
    texts = [cells[place] for cells in found.sample if place < len(cells) and cells[place].strip()]
    field = imports.target_of(known(), entity_type, given["field"]).field if given else None
    link, values = isinstance(field, fields.Lookup), given.get("values", {})
    return {
        "name": name, "samples": list(dict.fromkeys(texts))[:_SAMPLES], "given": given,
        "field": field, "link": link,
        "finders": _finders(field) if link else [],
        "dates": field is not None and field.kind in ("date", "datetime"),
        "numbers": field is not None and field.kind in imports.NUMBERS,
        "values": "\n".join(f"{a} = {b or ''}" for a, b in values.items()),
        "open": 0 < len(values) <= _OPEN, "count": len(values),
    }  # fmt: skip


def _line(groups: list[lines.Group], document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return which lines the column of a name may belong to, and to which it does."""
    given = _in_full((document.get("columns") or {}).get(name))
    path = given.get("field", "")
    group = next((g for g in groups if path.startswith(f"{g.name}.")), None)
    if group is None:
        return {"group": None}
    now = lines.said_of(given)
    return {"group": group, "lines": lines.choices_of(group, now), "line": lines.words_of(now)}


def _in_full(column: Any) -> dict[str, Any]:
    return {"field": column} if isinstance(column, str) else dict(column or {})


def _mixed(entity_type: catalog.EntityType, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields that are put together of several columns."""
    return [
        {
            "path": path, "label": entity_type.path(path).label,
            "text": given if isinstance(given, str) else given["text"],
        }
        for path, given in (document.get("composed") or {}).items()
    ]  # fmt: skip


def _finders(field: Any) -> list[Any]:
    """Return the fields that records of the other type can be found by."""
    target = known().type(field.target)
    texts = ("text", "email", "phone", "url", "auto_number", "integer")
    return [f for f in target.fields.values() if f.kind in texts or f.name == "id"]


# -- what a form says -----------------------------------------------------------------------------
@PAGES.post("/files/<int:upload>")
@requires(IMPORT, own=True)
def begin(upload: int) -> Response:
    """Take the map, and start a dry run; or keep it, or show the columns anew."""
    type_name = request.args.get("type", "")
    found = look(upload, actor=asking(), type_name=type_name, how=how_of(request.form))
    document = _map(found, type_name)
    if "again" in request.form:
        kept = {n: c for n, c in document["columns"].items() if c is not None}
        return _columns(found, document if kept else found.map or {})
    document["key"] = [name for name in request.form.getlist("key") if name]
    document = {name: value for name, value in document.items() if value}
    try:
        if "save" in request.form or "drop" in request.form:
            return _keep(found, type_name, document)
        return _tried(found, type_name, document)
    except RelatumError as error:
        return _columns(found, document, error)


def _tried(found: Look, type_name: str, document: dict[str, Any]) -> Response:
    """Start a dry run by a map."""
    asked: dict[str, Any] = {
        "upload": found.upload.id, "type": type_name, "map": document, "how": found.how.as_json(),
        "key": document.get("key", []), "mode": request.form.get("mode", "upsert"),
        "answer": request.form.get("answer") or imports.ANSWERS[0],
        "whole": request.form.get("whole") == "1", "dry_run": True,
    }  # fmt: skip
    with reading():
        imports.Loading(
            type_name, found.header, mapping=imports.load_map(document), actor=asking(),
            key=asked["key"], mode=asked["mode"], loose=True,
        )  # fmt: skip
    job_id = transact(lambda: jobs.enqueue("transfer_import", asked, actor=asking()))
    return away(f"/x/transfer/jobs/{job_id}")


def _keep(found: Look, type_name: str, document: dict[str, Any]) -> Response:
    """Keep the map under a name, or forget the one of a name."""
    gone, name = request.form.get("drop", ""), request.form.get("saved-name", "").strip()
    if gone:
        transact(lambda: imports.drop_saved(type_name, gone, actor=asking()))
        return away(_address(found))
    replace = request.form.get("replace") == "1"
    transact(lambda: imports.save(type_name, name, document, actor=asking(), replace=replace))
    return away(_address(found, use=f"{SAVED}{name}"))


def _map(found: Look, type_name: str) -> dict[str, Any]:
    """Return the import map that the form says; what it does not say is found out."""
    with reading():
        entity_type, base = known().type(type_name), _base()
        given = base.get("columns") or {}
        said = {
            name: _said(entity_type, found, i, _in_full(given.get(name)))
            for i, name in enumerate(found.header)
        }
    made = {"relatum_map": 1, "columns": said, **lines.read(request.form, said)}
    for word in ("composed", "only"):
        kept = set(request.form.getlist(f"keep-{word}"))
        made[word] = {name: v for name, v in (base.get(word) or {}).items() if name in kept}
    return made | {word: base[word] for word in ("fixed",) if base.get(word)}


def _base() -> dict[str, Any]:
    """Return the map that the form was drawn for."""
    try:
        document = orjson.loads(request.form.get("base") or "{}")
        imports.load_map({"relatum_map": 1, **document})
    except (orjson.JSONDecodeError, TypeError):
        reason = "it must be the map that the page came with"
        raise RelatumError("bad_parameter", name="base", reason=reason) from None
    return dict(document)


def _said(
    entity_type: catalog.EntityType, found: Look, place: int, before: dict[str, Any]
) -> dict[str, Any] | None:
    """Return what the form says of the column at a place; None for one that is left out."""
    form, target = request.form, request.form.get(_TO.format(place), "")
    if not target:
        return None
    same = before.get("field") == target
    kept: dict[str, Any] = {word: before[word] for word in _KEPT if same and word in before}
    if _STYLE.format(place) not in form and _BY.format(place) not in form:
        # The field was chosen on this page, which had nothing to ask about it yet.
        texts = [cells[place] for cells in found.sample if place < len(cells)]
        guessed = column_for(entity_type, target, texts) | kept
        return guessed | _of_line(entity_type, found, place, target) | _values(place)
    column = {"field": target, **kept} | _of_line(entity_type, found, place, target)
    if by := form.get(_BY.format(place)):
        column["by"] = by
    style = form.get(_STYLE.format(place), "")
    if style in fields.STYLES:
        column["date_format"] = style
    elif style in (".", ","):
        column["decimal"] = style
    for name, word in ((_MAKE, "create"), (_SPARE, "optional")):
        if form.get(name.format(place)):
            column[word] = True
    return column | _values(place)


def _of_line(
    entity_type: catalog.EntityType, found: Look, place: int, target: str
) -> dict[str, Any]:
    """Return which line the column at a place belongs to; if that was not asked yet, a guess."""
    said = request.form.get(_LINE.format(place, target.partition(".")[0]))
    if said is None:
        return lines.guess(entity_type, target, found.header[place])
    return lines.read_words(said)


def _values(place: int) -> dict[str, Any]:
    """Return the texts of a column that mean others, as a map says them."""
    texts = request.form.get(_VALUES.format(place), "").splitlines()
    pairs = (text.partition("=") for text in texts)
    values = {a.strip(): b.strip() or None for a, sign, b in pairs if sign and a.strip()}
    return {"values": values} if values else {}


# -- what is missing ------------------------------------------------------------------------------
@PAGES.post("/files/<int:upload>/fields")
@requires(IMPORT, own=True)
def add_fields(upload: int) -> Response:
    """Apply the plan that was looked at: fields, or the type, that the file needs."""
    type_name, which = request.args.get("type", ""), request.form.get("which", "")
    found = look(upload, actor=asking(), type_name=type_name, how=how_of(request.form))
    changes = found.offer.further if found.offer and which == "further" else []
    changes = found.offer.missing if found.offer and which == "missing" else changes
    if not changes:
        # Somebody else has added it meanwhile.
        return away(_address(found))
    try:
        offering.add(changes, actor=asking(), expect=request.form.get("plan", ""))
    except RelatumError as error:
        if error.status not in (400, 403, 409, 422):
            raise
        return _columns(found, found.map or {}, error)
    return away(_address(found, use=SYSTEM))

"""Records and pages that match what somebody types: for links in forms, and for the palette."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from flask import Response, request

from relatum import catalog, may, query

from ... import menu, ui, words

#: Matches that are offered of one type, and types that the palette looks through.
_FEW, _TYPES, _MOST = 8, 12, 10
#: Who owns the types that are made on pages of their own.
_CORE: Final = "core"
#: From so many letters on records are looked for.
_LETTERS: Final = 2
#: What records are called, by id: {type, label, trashed}.
Labels = dict[str, dict[str, Any]]


@ui.page("/lookup/<type_name>")
def lookup(type_name: str) -> Response:
    """Offer the records of a type whose title holds a text, as options of a list."""
    text = request.args.get("q", "").strip()
    entity_type = words.known().type(type_name)
    make = entity_type if "make" in request.args and can_make(entity_type) else None
    found = matches(type_name, text, _FEW)
    return ui.render("_options.html", options=found, query=text, make=make)


def can_make(entity_type: catalog.EntityType) -> bool:
    """Say whether records of a type are made from within a form."""
    return entity_type.owner != _CORE and may(ui.actor(), "create", entity_type.name)


@ui.page("/search")
def search() -> Response:
    """Offer the records of any type whose title holds a text."""
    text = request.args.get("q", "").strip()
    found: list[dict[str, Any]] = []
    if len(text) >= _LETTERS:
        for group in menu.groups()[:_TYPES]:
            for item in group.items:
                if len(found) < _MOST:
                    found += matches(item.name, text, 3)
    return ui.render("_search.html", found=found)


def matches(type_name: str, text: str, most: int) -> list[dict[str, Any]]:
    """Return {id, label, type, hue} of the records of a type that match a text, best first."""
    entity_type = words.known().type(type_name)
    names = [field.name for field in entity_type.title_fields]
    asked: dict[str, Any] = {"fields": names or ["id"], "limit": most}
    if text:
        condition = query.titled(entity_type, text)
        if condition is None:
            return []
        asked["filter"] = condition
    page = query.page(query.from_json(type_name, asked, actor=ui.actor()))
    return [
        {
            "id": record["id"], "label": entity_type.label_of_wire(record),
            "type": entity_type, "hue": entity_type.hue,
        }
        for record in page.records
    ]  # fmt: skip


def labels_of(type_name: str, ids: Iterable[int | None]) -> Labels:
    """Return what the records of a type are called, in one query; those in the trash are left out.

    `ids` are at most as many as a page may have.
    """
    wanted = sorted({id_ for id_ in ids if id_})
    if not wanted:
        return {}
    entity_type = words.known().type(type_name)
    asked = {
        "filter": {"field": "id", "op": "in", "value": wanted}, "limit": len(wanted),
        "fields": [field.name for field in entity_type.title_fields] or ["id"],
    }  # fmt: skip
    page = query.page(query.from_json(type_name, asked, actor=ui.actor()))
    return {
        str(record["id"]): {
            "type": type_name, "label": entity_type.label_of_wire(record), "trashed": False,
        }
        for record in page.records
    }  # fmt: skip

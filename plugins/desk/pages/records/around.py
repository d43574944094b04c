"""The list that a record was opened from: where it leads back to, and the records beside it.

A link in a list hands on where it stands, as `in`: what follows /records/TYPE in the address of the
list. So the way back leads to the same page of the same list, and next means next in that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from flask import request

from relatum import RelatumError, query

from ... import ui
from ..lists import lists

#: The word of the address of a record.
IN: Final = "in"
#: Words of a list's address that decide which records it holds, in which order; fields do as well.
_TELLING: Final = ("_view", lists.SEARCH, lists.INSTEAD, "_filter", "_sort", "_trashed")
_KEPT = re.compile(r"(/[a-z_]{1,40})?(\?[^#]*)?")


@dataclass(frozen=True, slots=True)
class Around:
    """The way back to a list, and the records before and after one in it."""

    back: str
    #: What the list is called: the label of its view.
    view: str | None = None
    previous: str | None = None
    next: str | None = None
    position: int | None = None
    count: int = 0
    exact: bool = True


def here(found: lists.Opened | None = None) -> str:
    """Return what a link to a record adds, on the page of a list: which one that is.

    Without a list it is the page that is asked for.
    """
    if found is None:
        kept = request.full_path.rstrip("?").partition("/records/")[2]
        return of_list("".join(re.split(r"(?=[/?])", kept, maxsplit=1)[1:]))
    place = {word: cursor for word, cursor in found.args if word in lists.PLACE}
    return of_list(found.address(**place).removeprefix(f"/records/{found.type.name}"))


def of_list(kept: str) -> str:
    """Return what a link to a record adds; `kept` follows /records/TYPE in the list's address."""
    return f"?{urlencode({IN: kept or '?'}, quote_via=quote)}"


def given() -> str | None:
    """Return the list that the address of a record names; None if it names none."""
    kept = request.values.get(IN, "")
    return kept if kept and _KEPT.fullmatch(kept) else None


def still() -> str:
    """Return what a further page on the record adds, so that its list is not forgotten."""
    kept = given()
    return of_list(kept) if kept is not None else ""


def back(type_name: str) -> str:
    """Return the address of the list that a record was opened from, or of all of its type."""
    return f"/records/{type_name}" + (given() or "").removesuffix("?")


def around(type_name: str, id_: int) -> Around:
    """Return what stands around a record in the list that it was opened from."""
    kept, to = given(), back(type_name)
    if kept is None:
        return Around(to)
    args = [
        (name, value)
        for name, value in parse_qsl(kept.partition("?")[2])
        if name in _TELLING or not name.startswith("_")
    ]
    try:
        found = lists.opened(type_name, args)
        words = {k: v for k, v in found.body.items() if k in ("filter", "sort", "trashed")}
        beside = query.neighbours(query.from_json(type_name, words, actor=ui.actor()), id_)
    except RelatumError:
        # The list is not what it was; the way back says how.
        return Around(to)

    def address(other: int | None) -> str | None:
        return None if other is None else f"/records/{type_name}/{other}{of_list(kept)}"

    view = found.view.label if found.view is not None else None
    count, exact = beside.count["value"], beside.count["exact"]
    before, after = address(beside.previous), address(beside.next)
    return Around(to, view, before, after, beside.position, count, exact)


@ui.BLUEPRINT.record
def _globals(state: Any) -> None:
    """Give the templates of lists and records what their links add."""
    state.app.jinja_env.globals.update(here=here, still=still)

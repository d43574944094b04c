"""Where everybody starts: what plugins put there, pinned views, and what was at hand last.

What was looked at is kept by the browser, in a cookie of ids: looking writes nothing. What the
ids are called is read for whoever asks, so an id that he does not see says nothing to him.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, catalog, preferences, query, records

from .. import days, menu, ui, words
from ..words import translated
from .dashboards import shown as dashboards
from .lists import tabs
from .lists.tabs import Tab

#: The cookie of what was looked at, and how long it is kept.
_SEEN, _SEEN_SECONDS = "desk_seen", 30 * 24 * 3600
_SEEN_FORM: Final = re.compile(r"([0-9]{1,16}):([0-9]{1,16}(?:\.[0-9]{1,16})*)")
#: Records of a card, pinned views that are counted, and changes that are looked through.
_RECORDS, PINNED, _CHANGES = 6, 6, 60
#: The hour from which on it is morning, afternoon, evening.
_MORNING, _AFTERNOON, _EVENING = 4, 12, 18


@dataclass(frozen=True, slots=True)
class Pinned:
    """A view that was pinned: its type, its tab, and how many records it has, capped."""

    type: catalog.EntityType
    tab: Tab
    count: str


@dataclass(frozen=True, slots=True)
class Known:
    """A record among those that were at hand last."""

    id: int
    label: str
    type: catalog.EntityType


@ui.page("/")
def start() -> Response:
    """Show the home page; without any type of records say where to begin."""
    found = [group for group in menu.groups() if group.items]
    if not any(group.items[0].name not in ("user", "team") for group in found):
        return ui.render("start.html")
    seen, written = _seen(), records.written(actor=ui.actor(), limit=_CHANGES)
    known = _known([*seen, *written])
    looked = [known[id_] for id_ in seen if id_ in known][:_RECORDS]
    changed = [known[id_] for id_ in written if id_ in known][:_RECORDS]
    return ui.render(
        "home.html", greeting=greeting(), today=days.today(), pinned=_pinned(),
        looked=looked, changed=changed, groups=found, scenes=dashboards.at_home(),
    )  # fmt: skip


def greeting() -> str:
    """Return what one says at this time of day where the reader is."""
    hour = words.now().astimezone(words.zone()).hour
    if _MORNING <= hour < _AFTERNOON:
        return translated("Good morning, {name}", name=ui.actor().name)
    if _AFTERNOON <= hour < _EVENING:
        return translated("Good afternoon, {name}", name=ui.actor().name)
    return translated("Good evening, {name}", name=ui.actor().name)


# -- views that were pinned ---------------------------------------------------------------------
def _pinned() -> list[Pinned]:
    """Return the first views that were pinned, each counted by one query."""
    known, found = words.known().types, preferences.get(tabs.PINS, actor=ui.actor()) or {}
    made: list[Pinned] = []
    for name, pins in found.items():
        if name not in known or not pins or len(made) >= PINNED:
            continue
        for tab in tabs.tabs(name):
            if tab.pinned and not tab.broken and len(made) < PINNED:
                made.append(Pinned(known[name], tab, _count(name, tab)))
    return made


def _count(type_name: str, tab: Tab) -> str:
    try:
        found = query.count(query.from_json(type_name, tab.query, actor=ui.actor()))
    except RelatumError:
        # A view may have become too costly; its list says so.
        return "–"
    return f"{words.number(found['value'])}{'' if found['exact'] else '+'}"


# -- what was at hand ---------------------------------------------------------------------------
def _known(ids: list[int]) -> dict[int, Known]:
    """Return those of some records that are shown as such, by id."""
    types = words.known().types
    made: dict[int, Known] = {}
    for text, label in query.labels(ids, actor=ui.actor()).items():
        entity_type = types.get(label["type"])
        if entity_type is not None and not label["trashed"] and not menu.is_inner(entity_type):
            made[int(text)] = Known(int(text), label["label"], entity_type)
    return made


def _seen() -> list[int]:
    """Return the ids of the records that were looked at in this browser by whoever asks."""
    found = _SEEN_FORM.fullmatch(request.cookies.get(_SEEN, ""))
    if found is None or found[1] != str(ui.actor().user_id):
        return []
    return [int(text) for text in found[2].split(".")][:_RECORDS]


def look_at(answer: Response, record: dict[str, Any]) -> Response:
    """Note that a record was looked at, in the cookie of the browser."""
    ids = list(dict.fromkeys([int(record["id"]), *_seen()]))[:_RECORDS]
    kept = f"{ui.actor().user_id}:{'.'.join(map(str, ids))}"
    answer.set_cookie(_SEEN, kept, max_age=_SEEN_SECONDS, httponly=True, samesite="Lax")
    return answer

"""The timeline of a record: entries of many sources, merged by time, page by page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from relatum import RelatumError, plugin_host

from .entries import Asked, Before, Entry, Source, activities_timeline
from .sources import SOURCES

#: Entries of a page.
PAGE: Final = 12
#: More than any id.
_EVERY: Final = (1 << 53) - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR: Final = re.compile(r"(\d{1,17})\.([a-z][a-z0-9_]{0,39})\.(\d{1,16})")
_OWN: Final = "activities"


class Brought(NamedTuple):
    """A source and the plugin that brings it."""

    plugin: str
    source: Source


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of a timeline; `older` is the word for the next one."""

    entries: list[tuple[Brought, Entry]]
    older: str | None
    #: The plugins and sources that failed, and why.
    failed: list[plugin_host.PartFailed]


def sources() -> list[Brought]:
    """Return the sources of all plugins, in order."""
    found = [(_OWN, SOURCES), *plugin_host.answers(activities_timeline.__name__)]
    return [Brought(plugin, source) for plugin, some in found for source in some]


def chosen(kinds: Sequence[str], *, internal: bool = False) -> list[Brought]:
    """Return the sources that a reader wants: those of some names, else all but those among others.

    Raises `bad_parameter` for a name that none has.
    """
    known = sources()
    names = {brought.source.name for brought in known}
    for kind in kinds:
        if kind not in names:
            reason = f"there is no '{kind[:80]}'; there are {', '.join(sorted(names))}"
            raise RelatumError("bad_parameter", name="kind", reason=reason)
    found = [b for b in known if b.source.name in kinds or not (kinds or b.source.among)]
    return [b for b in found if b.source.internal] if internal else found


# -- a page ---------------------------------------------------------------------------------------
def page(asked: Asked, wanted: Sequence[Brought], cursor: str = "") -> Timeline:
    """Return the entries of sources merged by time, newest first; `cursor` is where a page ended.

    Of one instant come first those of the source that is known first, then those of larger ids.
    Raises `bad_parameter` for a cursor that is none.
    """
    place = _read_cursor(cursor) if cursor else None
    ranks = {brought.source.name: rank for rank, brought in enumerate(sources())}
    found: list[tuple[Brought, Entry]] = []
    failed: list[plugin_host.PartFailed] = []
    for brought in wanted:
        before = _before(place, brought.source.name, ranks) if place else None
        try:
            found += _asked(brought, asked, before)
        except plugin_host.PartFailed as error:
            failed.append(error)

    def order(pair: tuple[Brought, Entry]) -> tuple[Any, ...]:
        return (_micros(pair[1].at), -ranks[pair[0].source.name], pair[1].id)

    found.sort(key=order, reverse=True)
    shown = found[: asked.limit]
    older = _cursor(*shown[-1]) if len(found) > asked.limit else None
    return Timeline(shown, older, failed)


def _asked(brought: Brought, asked: Asked, before: Before | None) -> list[tuple[Brought, Entry]]:
    given = Asked(
        ctx=asked.ctx, actor=asked.actor, type=asked.type, id=asked.id, ids=asked.ids,
        limit=asked.limit + 1, before=before,
    )  # fmt: skip
    part = f"activities_timeline: {brought.source.name}"
    entries = plugin_host.draw(brought.plugin, part, partial(brought.source.read, given))
    return [(brought, entry) for entry in entries[: given.limit]]


def _before(place: tuple[datetime, str, int], name: str, ranks: dict[str, int]) -> Before:
    """Return where a source goes on after the last entry of a page, which may be another's."""
    at, last, id_ = place
    if name == last:
        return Before(at, id_)
    # Of the same instant, all of a source that comes later is still to come; else nothing is.
    return Before(at, _EVERY if ranks[name] > ranks.get(last, 0) else 0)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _cursor(brought: Brought, entry: Entry) -> str:
    return f"{_micros(entry.at)}.{brought.source.name}.{entry.id}"


def day_of(cursor: str, zone: ZoneInfo) -> date | None:
    """Return the day in a zone on which a page ended; None without a cursor."""
    return _read_cursor(cursor)[0].astimezone(zone).date() if cursor else None


def _read_cursor(text: str) -> tuple[datetime, str, int]:
    found = _CURSOR.fullmatch(text)
    if found is not None:
        return _EPOCH + timedelta(microseconds=int(found[1])), found[2], int(found[3])
    reason = "it is no place in a timeline. Begin with the newest entries"
    raise RelatumError("bad_parameter", name="before", reason=reason)

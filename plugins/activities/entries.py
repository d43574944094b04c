"""What a timeline is made of: entries, sources of them, and the hook that brings more.

A source is asked for a page of entries of some records at once; what it returns it has read by the
rights of whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from relatum import Actor, Context, catalog, hookspec, plugin_host

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happened: a line, and beneath it, if there is more to say, a box.

    `id` tells it from the others of its source. `who` is the id of a user, whose name is put in
    front of `verb`; None: the system. `heading` leads to `href`, an address here. `text` is
    plain; `body` draws more of an entry that is shown, given what the records in `links` are
    called: {"id": {type, label, trashed}}. `record` is the record that it is about.
    """

    at: datetime
    id: int
    verb: str
    who: int | None = None
    heading: str = ""
    href: str = ""
    text: str = ""
    tags: tuple[tuple[str, int | None], ...] = ()
    body: Callable[[Mapping[str, Any]], Markup] | None = None
    links: tuple[int, ...] = ()
    record: int | None = None


class Before(NamedTuple):
    """Where a page begins: at what is older, or of the same instant with a smaller id."""

    at: datetime
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a source is asked: at most `limit` entries of some records, newest first.

    `type` and `id` name the record whose timeline it is; `ids` holds it and, if the reader wants
    them, those one step away. Entries are older than `before`, by (`at`, `id`).
    """

    ctx: Context
    actor: Actor
    type: catalog.EntityType
    id: int
    ids: tuple[int, ...]
    limit: int
    before: Before | None = None

    def older(self, name: str) -> list[dict[str, Any]]:
        """Return the conditions of a filter of records whose instant is a field; may be none."""
        if self.before is None:
            return []
        at = self.before.at.isoformat()
        same = {"field": name, "op": "eq", "value": at}, {
            "field": "id", "op": "lt", "value": self.before.id
        }  # fmt: skip
        return [{"or": [{"field": name, "op": "lt", "value": at}, {"and": [*same]}]}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A kind of entries: what it is called, how it is drawn, and what reads it.

    `internal` says that nobody but colleagues took part in it. One whose entries are `among` those
    of another source is asked only where the reader has chosen it. `read` returns `Entry`s.
    """

    name: str
    label: str
    read: Callable[[Asked], Sequence[Entry]]
    icon: str = "point"
    hue: int | None = None
    internal: bool = True
    among: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"'{self.name[:80]}' is no name: a letter, then a-z, 0-9 and _")


# -- the hook -------------------------------------------------------------------------------------
def _read(value: Iterable[Any], active: plugin_host.Active) -> tuple[Source, ...]:
    """Return the sources of a plugin; ValueError says which one can't be."""
    prefix, made = f"{active.found.sound.plugin.id}_", tuple(value)
    for source in made:
        if not isinstance(source, Source):
            raise ValueError("it must return Source(name=..., label=..., read=...)")
        if not source.name.startswith(prefix):
            raise ValueError(f"the name of the source '{source.name}' must begin with '{prefix}'")
    return made


@hookspec("collect", read=_read)
def activities_timeline(ctx: Context) -> Iterable[Source]:
    """Return what the plugin adds to the timeline of records, as `Source`s.

    Called when an application is built, outside any transaction. An exception leaves the plugin
    out. A source that fails later is left out of the page that it failed on, and noted.
    """
    raise NotImplementedError

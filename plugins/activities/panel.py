"""What stands on a record's page: the composer, what is coming up, and the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from flask import render_template, request
from markupsafe import Markup

from relatum import Context, RelatumError, catalog, clock, query

from . import composing, near, sources, timeline
from .entries import Asked, Entry
from .frame import USE, asking, known, zone
from .timeline import Brought

#: Tasks, meetings and pinned notes that stand above the timeline.
_COMING: Final = 5
#: Words of the address of a record's page, and of the timeline alone.
KIND, NEAR, INTERNAL, BEFORE = "_kind", "_near", "_internal", "_before"
_OPEN: Final = {"field": "status", "op": "category", "value": ["open"]}
Row = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """Something that is coming up, late, or pinned: a task, a meeting or a note."""

    type: str
    row: Row
    label: str

    @property
    def href(self) -> str:
        """Where it leads."""
        return f"/records/{self.type}/{self.row['id']}"


@dataclass(frozen=True)
class Panel:
    """The timeline of a record as an address asks for it."""

    type: catalog.EntityType
    id: int
    kind: str
    near: bool
    internal: bool
    ctx: Context

    @cached_property
    def asked(self) -> Asked:
        """What every source is asked."""
        ids = [self.id, *(near.of(self.type, self.id, asking()) if self.near else ())]
        return Asked(
            ctx=self.ctx, actor=asking(), type=self.type, id=self.id, ids=tuple(ids),
            limit=timeline.PAGE,
        )  # fmt: skip

    @property
    def base(self) -> str:
        """The address of the timeline alone."""
        return f"/x/activities/timeline/{self.type.name}/{self.id}"

    @property
    def post(self) -> str:
        """Where the composer sends to."""
        return f"/x/activities/on/{self.type.name}/{self.id}"

    @cached_property
    def kinds(self) -> list[Brought]:
        """The kinds of entries that a reader may choose."""
        return timeline.sources()

    @cached_property
    def offered(self) -> list[str]:
        """What the reader may write here."""
        return composing.offered(asking())

    @property
    def outcomes(self) -> list[Any]:
        """What may come of a call, as far as the reader knows."""
        field = getattr(known().types.get("call"), "fields", {}).get("outcome")
        return [each for each in field.options if not each.retired] if field is not None else []

    @property
    def has_near(self) -> bool:
        """Whether there can be records one step away."""
        return bool(near.ways(self.type, asking()))

    def words(self, **other: str) -> str:
        """Return the words of the address with some other than they are."""
        now = {KIND: self.kind, NEAR: "1" if self.near else "",
               INTERNAL: "1" if self.internal else ""}  # fmt: skip
        return urlencode([(n, v) for n, v in {**now, **other}.items() if v])

    def page(self, cursor: str = "") -> timeline.Timeline:
        """Return a page of entries; raises `bad_parameter`."""
        kinds = [self.kind] if self.kind else []
        return timeline.page(self.asked, timeline.chosen(kinds, internal=self.internal), cursor)

    @cached_property
    def today(self) -> date:
        """The day that it is for the reader."""
        return clock.now().astimezone(zone()).date()

    @cached_property
    def pinned(self) -> list[Item]:
        """The notes that stay on top."""
        if "pinned" not in getattr(known().types.get("note"), "fields", {}):
            return []
        only = {"field": "pinned", "op": "eq", "value": True}
        return self._items("note", only, ["-id"], ["subject", "text", "pinned"])

    @cached_property
    def coming(self) -> list[Item]:
        """The open tasks, the late ones first, and the meetings that are not over."""
        tasks = self._items(
            "task", _OPEN, ["due_date"], ["subject", "due_date", "due_time", "owner", "status"]
        )
        soon = {"and": [_OPEN, {"field": "ends_at", "op": "gte", "value": "now"}]}
        meetings = self._items(
            "meeting", soon, ["starts_at"], ["subject", "starts_at", "place", "status"]
        )
        return [*tasks, *meetings]

    def _items(self, type_name: str, only: Row, sort: list[str], names: list[str]) -> list[Item]:
        """Return activities about the record; none to who does not see what they are chosen by."""
        about = sources.about(type_name, (self.id,), asking())
        entity_type = known().types.get(type_name)
        if about is None or entity_type is None:
            return []
        wanted = [name for name in names if name in entity_type.fields]
        body = {
            "filter": {"and": [about, only]}, "sort": sort, "limit": _COMING,
            "fields": [*wanted, *(["updated_at"] if not wanted else [])],
        }  # fmt: skip
        try:
            found = query.page(query.from_json(type_name, body, actor=asking())).records
        except RelatumError as error:
            if error.code != "field_unknown":
                raise
            return []
        return [Item(type_name, row, entity_type.label_of_wire(row)) for row in found]


def of(ctx: Context, entity_type: catalog.EntityType, id_: int, args: Mapping[str, str]) -> Panel:
    """Return the panel of a record as the words of an address ask for it."""
    kind = args.get(KIND, "")
    return Panel(entity_type, id_, kind, args.get(NEAR) == "1", args.get(INTERNAL) == "1", ctx)


def grouped(
    entries: Iterable[tuple[Brought, Entry]], after: date | None = None
) -> list[tuple[date | None, Brought, Entry]]:
    """Return entries, each with its day for the reader if that is another than the one before."""
    found, last = [], after
    for brought, entry in entries:
        day = entry.at.astimezone(zone()).date()
        found.append((day if day != last else None, brought, entry))
        last = day
    return found


def labels(panel: Panel, entries: Iterable[tuple[Brought, Entry]]) -> dict[str, Any]:
    """Return what users and records that entries speak of are called, in one query per type."""
    some = list(entries)
    ids = {entry.who for _, entry in some} | {
        entry.record for _, entry in some if entry.record != panel.id
    }
    ids |= {id_ for _, entry in some for id_ in entry.links}
    return query.labels([id_ for id_ in ids if id_ is not None], actor=asking())


def shown(panel: Panel, cursor: str = "") -> dict[str, Any]:
    """Return what the template of a page of entries is given."""
    found = panel.page(cursor)
    return {
        "panel": panel, "page": found, "labels": labels(panel, found.entries),
        "entries": grouped(found.entries, timeline.day_of(cursor, zone())),
        "yesterday": panel.today - timedelta(days=1),
    }  # fmt: skip


def draw(ctx: Context, type: catalog.EntityType, record: dict[str, Any]) -> Markup:  # noqa: A002
    """Draw composer, what is coming up and the timeline of a record."""
    panel = of(ctx, type, record["id"], request.args)
    values = shown(panel, request.args.get(BEFORE, ""))
    return Markup(render_template("activities/_panel.html", form={}, **values))  # noqa: S704


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "record.timeline", "draw": draw, "permission": USE},
]

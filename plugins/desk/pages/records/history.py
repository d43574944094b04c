"""What happened to a record: who, when, from where, before and after; and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Response, request

from relatum import catalog, changes, fields, query, records

from ... import ui, values, words
from ...words import translated
from .lookups import Labels

#: Changes of a page of history.
PAGE: Final = 15
#: The words of the address: the last change of the page before, and the field that is looked for.
BEFORE, CHANGED = "before", "changed"
_ICONS: Final = {
    "create": "plus", "update": "pencil", "delete": "trash", "restore": "arrow-back-up",
}  # fmt: skip


def _done(op: str) -> str:
    """Return what was done, as a sentence goes on after a name."""
    known = {
        "create": translated("made it"),
        "update": translated("changed it"),
        "delete": translated("put it in the trash"),
        "restore": translated("restored it"),
    }
    return known.get(op, op)


def source_of(name: str) -> str:
    """Return where a change came from, in words."""
    known = {
        "ui": translated("Web interface"), "import": translated("Import"), "job": translated("Job"),
        "plugin": translated("Plugin"), "cli": translated("Command line"), "api": "API",
        "plan": translated("Data model"), "demo": translated("Example data"),
    }  # fmt: skip
    return known.get(name, name)


@dataclass(frozen=True, slots=True)
class Value:
    """A field with what it was and became; `fits` says whether its type still takes that."""

    field: fields.Field
    before: Any
    after: Any
    fits: tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a record, as its history shows it."""

    change: dict[str, Any]
    values: list[Value]
    #: Labels of the fields that are not there any more.
    gone: list[str]
    #: Other records that the same change set wrote.
    others: int
    #: The record that it was done to, if that was merged into the one that is shown.
    of: int | None = None

    @property
    def icon(self) -> str:
        """What stands for the kind of change."""
        if self.change["undoes"] is not None:
            return "arrow-back-up"
        if self.change.get("merged"):
            return "git-merge"
        return _ICONS.get(self.change["op"], "point")

    @property
    def verb(self) -> str:
        """What was done."""
        if self.change["undoes"] is not None and self.change["op"] == "update":
            return translated("took a change back")
        if self.change.get("merged"):
            return translated("merged")
        if self.change["op"] == "update" and not (self.values or self.gone):
            return translated("changed its parts")
        return _done(self.change["op"])

    @property
    def source(self) -> str | None:
        """Where it came from; None if it was done here."""
        return None if self.change["source"] == "ui" else source_of(self.change["source"])


@dataclass(frozen=True, slots=True)
class History:
    """A page of a record's history; `older` is the word for the next one."""

    entries: list[Entry]
    labels: Labels
    changed: str
    older: int | None


def read(entity_type: catalog.EntityType, id_: int) -> History:
    """Return the page of a record's history that the address asks for."""
    before, changed = request.args.get(BEFORE, ""), request.args.get(CHANGED, "")
    changed = changed if changed in entity_type.fields else ""
    found = records.history(
        entity_type.name, id_, actor=ui.actor(), limit=PAGE + 1, field=changed or None,
        before=ui.whole(before),
    )  # fmt: skip
    older = found[PAGE - 1]["id"] if len(found) > PAGE else None
    found = found[:PAGE]
    counts = changes.counts([change["change_set"] for change in found]) if found else {}
    entries = [
        replace(each, of=each.change["record"] if each.change["record"] != id_ else None)
        for each in (_entry(entity_type, change, counts) for change in found)
    ]
    return History(entries, query.labels(ids(entries), actor=ui.actor()), changed, older)


def _entry(
    entity_type: catalog.EntityType, change: dict[str, Any], counts: dict[int, Any]
) -> Entry:
    shown = [
        Value(
            entity_type.fields[name], before, after, _fits(entity_type.fields[name], before, after)
        )
        for name, (before, after) in change["changes"].items()
    ]
    trashed = {field.name: field.label for field in entity_type.trashed_fields}
    gone = [trashed.get(name, name.replace("_", " ").capitalize()) for name in change["gone"]]
    written = counts.get(change["change_set"], {}).values()
    others = sum(n for ops in written for n in ops.values()) - 1
    return Entry(change, shown, gone, max(0, others))


def _fits(field: fields.Field, before: Any, after: Any) -> tuple[bool, bool]:
    """Say of two values whether the field can still show them; its type may have changed since."""
    return values.may_hold(field, before), values.may_hold(field, after)


def entry(entity_type: catalog.EntityType, record: dict[str, Any]) -> Entry:
    """Return what became of a record of a change set, or would, as its history shows it."""
    return _entry(
        entity_type, {"gone": [], "change_set": 0, "undoes": None, "actor": None, **record}, {}
    )


def ids(entries: Iterable[Entry]) -> Iterator[int]:
    """Yield the records that entries speak of: who made them, and what links pointed to."""
    for entry in entries:
        if entry.change["actor"] is not None:
            yield entry.change["actor"]
        yield from entry.change.get("merged", ())
        if entry.of is not None:
            yield entry.of
        for value in entry.values:
            if value.field.is_link:
                yield from (v for v in (value.before, value.after) if isinstance(v, int))


@ui.page("/records/<type_name>/<int:id_>/history")
def show_history(type_name: str, id_: int) -> Response:
    """Show a page of a record's history, to be put into its page."""
    entity_type = words.known().type(type_name)
    found = read(entity_type, id_)
    if not ui.is_fragment():
        return ui.away(f"/records/{type_name}/{id_}?{request.query_string.decode('ascii')}#hist")
    base = f"/records/{type_name}/{id_}"
    template = "_changes.html" if BEFORE in request.args else "_history.html"
    return ui.render(template, history=found, type=entity_type, base=base)


@ui.page("/changes/<int:number>")
def show_change(number: int) -> Response:
    """Show all that one change set wrote."""
    after = request.args.get("after", "")
    known = words.known()
    found = records.change_set(
        number, actor=ui.actor(), after=int(after) if after.isdecimal() else 0, limit=100
    )
    shown = []
    for record in found["records"]:
        entity_type = known.types.get(record["type"])
        if entity_type is None:
            continue
        shown.append((record, entity_type, entry(entity_type, {**found, **record})))
    linked = list(ids(each for _, _, each in shown))
    labels = query.labels(
        [*linked, *([found["actor"]] if found["actor"] else [])], actor=ui.actor()
    )
    return ui.render(
        "change.html", number=number, change=found, shown=shown, labels=labels,
        source=source_of(found["source"]),
    )  # fmt: skip

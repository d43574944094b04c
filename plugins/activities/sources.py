"""What the timeline shows by itself: activities, the history of records, and mail about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from flask import current_app, render_template
from markupsafe import Markup

from relatum import Actor, catalog, fields, mail, plugin_host, query, records, seen

from .entities import WHEN
from .entries import Asked, Entry, Source
from .words import translated

Row = dict[str, Any]
#: Most characters of a text that a page shows of an entry; the rest is on its own page.
_SHOWN: Final = 600
_OVER: Final = {"field": "status", "op": "category", "value": ["done", "canceled"]}
#: What a page of each type asks for; what somebody does not see of it is left out.
_FIELDS: Final = {
    "task": ("subject", "status", "owner", "description", "regarding"),
    "call": ("subject", "direction", "outcome", "duration", "notes", "owner", "regarding"),
    "meeting": ("subject", "place", "status", "organiser", "description", "regarding"),
    "note": ("subject", "text", "pinned", "created_by", "regarding"),
}


# -- activities -----------------------------------------------------------------------------------
def about(type_name: str, ids: Sequence[int], actor: Actor) -> dict[str, Any] | None:
    """Return the filter of the activities of a type about some records; None: nobody may ask.

    Who does not see what activities are about, or when they were, sees none of them here.
    """
    known = seen(actor).types.get(type_name)
    if known is None or not {"regarding", WHEN[type_name]} <= known.fields.keys():
        return None
    ways: list[dict[str, Any]] = [{"field": "regarding", "op": "in", "value": [*ids]}]
    if "contact" in known.fields:
        ways.append({"field": "contact", "op": "in", "value": [*ids]})
    if type_name == "meeting" and "attendees" in seen(actor).inverses("meeting"):
        there = seen(actor).type("meeting_attendee").fields
        if "contact" in there:
            where = {"field": "contact", "op": "in", "value": [*ids]}
            ways.append({"has": "attendees", "where": where})
    return ways[0] if len(ways) == 1 else {"or": ways}


def read(type_name: str, asked: Asked, *more: dict[str, Any]) -> query.Page | None:
    """Return a page of activities by their time, newest first; None: nobody may ask."""
    narrowed, when = about(type_name, asked.ids, asked.actor), WHEN[type_name]
    if narrowed is None:
        return None
    known = seen(asked.actor).type(type_name).fields
    given = {
        "filter": {"and": [narrowed, *more, *asked.older(when)]}, "sort": [f"-{when}", "-id"],
        "limit": asked.limit, "fields": [n for n in (*_FIELDS[type_name], when) if n in known],
    }  # fmt: skip
    # What they point to is asked for once, of all sources together.
    bare = replace(query.from_json(type_name, given, actor=asked.actor), labelled=False)
    return query.page(bare)


def _entries(
    type_name: str, make: Callable[[Row, catalog.EntityType], dict[str, Any]], asked: Asked,
    *more: dict[str, Any],
) -> list[Entry]:  # fmt: skip
    page = read(type_name, asked, *more)
    if page is None:
        return []
    known = seen(asked.actor, plugin_host.language()).type(type_name)
    return [
        Entry(
            at=row[WHEN[type_name]], id=row["id"], heading=known.label_of_wire(row),
            href=f"/records/{type_name}/{row['id']}", record=row["regarding"], **make(row, known),
        )
        for row in page.records
    ]  # fmt: skip


def _notes(asked: Asked) -> list[Entry]:
    verb, pinned = translated("wrote a note"), ((translated("Pinned"), 50),)

    def make(row: Row, _: catalog.EntityType) -> dict[str, Any]:
        return {
            "who": row.get("created_by"), "verb": verb, "text": shortened(row.get("text")),
            "tags": pinned if row.get("pinned") else (),
        }  # fmt: skip

    return _entries("note", make, asked)


def _calls(asked: Asked) -> list[Entry]:
    verbs = {
        "incoming": translated("took a call"), "outgoing": translated("logged a call"),
    }  # fmt: skip

    def make(row: Row, known: catalog.EntityType) -> dict[str, Any]:
        seconds = row.get("duration")
        took = translated("{count} min", count=-(-seconds // 60)) if seconds else ""
        tags = (_tag(known, row, "outcome"), (took, None) if took else None)
        return {
            "who": row.get("owner"), "text": shortened(row.get("notes")),
            "verb": verbs.get(str(row.get("direction")), verbs["outgoing"]),
            "tags": tuple(each for each in tags if each),
        }  # fmt: skip

    return _entries("call", make, asked)


def _meetings(asked: Asked) -> list[Entry]:
    verb = translated("had a meeting")

    def make(row: Row, known: catalog.EntityType) -> dict[str, Any]:
        place = row.get("place")
        tags = (_tag(known, row, "status"), (place, None) if place else None)
        return {
            "who": row.get("organiser"), "verb": verb,
            "text": shortened(row.get("description")), "tags": tuple(t for t in tags if t),
        }  # fmt: skip

    past = {"field": "starts_at", "op": "lte", "value": "now"}
    return _entries("meeting", make, asked, past)


def _tasks(asked: Asked) -> list[Entry]:
    verbs = {"done": translated("completed a task"), "canceled": translated("canceled a task")}

    def make(row: Row, known: catalog.EntityType) -> dict[str, Any]:
        category = {o.value: o.category or "" for o in known.fields["status"].options}
        return {
            "who": row.get("owner"), "verb": verbs[category[row["status"]]],
            "text": shortened(row.get("description")),
        }  # fmt: skip

    if "status" not in getattr(seen(asked.actor).types.get("task"), "fields", {}):
        return []
    filled = {"field": "completed_at", "op": "empty", "value": False}
    return _entries("task", make, asked, _OVER, filled)


def _tag(known: catalog.EntityType, row: Row, name: str) -> tuple[str, int | None] | None:
    found = known.fields.get(name)
    options = {option.value: option for option in found.options} if found is not None else {}
    option = options.get(str(row.get(name)))
    return (option.label, option.hue) if option is not None else None


def shortened(text: str | None) -> str:
    """Return the beginning of a text, as a timeline shows it."""
    given = text or ""
    if len(given) <= _SHOWN:
        return given
    return f"{fields.without_marks(given)[:_SHOWN].rpartition(' ')[0]}…"


# -- history --------------------------------------------------------------------------------------
def stages(known: catalog.Catalog) -> list[str]:
    """Return the names of the choices that are stages or statuses, of all types."""
    return sorted({name for each in known.types.values() for name in stages_of(each)})


def _changes(asked: Asked, *, moves: bool = False) -> list[Entry]:
    having = stages(seen(asked.actor)) if moves else []
    if moves and not having:
        return []
    found = records.histories(
        asked.ids, actor=asked.actor, limit=asked.limit, before=asked.before, having=having
    )
    known = seen(asked.actor, plugin_host.language())
    verbs, undone = _verbs(), ((translated("taken back"), None),)
    made = []
    for change in found:
        entity_type = known.type(change["type"])
        moved = [n for n in stages_of(entity_type) if n in change["changes"]]
        updates = change["op"] == "update"
        shown = moved if moves else [n for n in change["changes"] if n in entity_type.fields]
        values = [(entity_type.fields[n], *change["changes"][n]) for n in shown]
        made.append(Entry(
            at=change["at"], id=change["id"], who=change["actor"], record=change["record"],
            verb=verbs["move" if moved and updates else change["op"]],
            tags=undone if change["undone_by"] else (),
            body=partial(_diff, values) if updates else None,
            links=tuple(id_ for field, *both in values if field.is_link for id_ in both if id_),
        ))  # fmt: skip
    return made


def stages_of(known: catalog.EntityType) -> list[str]:
    """Return the names of the choices of a type whose options have several categories."""
    return [
        field.name
        for field in known.fields.values()
        if len({option.category for option in field.options if option.category}) > 1
    ]


def _verbs() -> dict[str, str]:
    return {
        "create": translated("made it"), "update": translated("changed it"),
        "delete": translated("put it in the trash"), "restore": translated("restored it"),
        "move": translated("moved it"), "purge": translated("deleted it for good"),
    }  # fmt: skip


def _diff(values: list[tuple[fields.Field, Any, Any]], labels: Mapping[str, Any]) -> Markup:
    """Draw what fields were and became; without the desk nobody draws values."""
    if "values" not in current_app.jinja_env.globals:
        return Markup()
    drawn = render_template("activities/_diff.html", fields=values, labels=labels)
    return Markup(drawn)  # noqa: S704  # of a template


# -- mail -----------------------------------------------------------------------------------------
def _mails(asked: Asked) -> list[Entry]:
    visible = records.seen(asked.ids, asked.actor)
    found = mail.outward(sorted(visible), limit=asked.limit, before=asked.before) if visible else []
    failed = ((translated("Failed"), 0),)
    return [
        Entry(
            at=each["at"], id=each["id"], who=each["actor"], verb=translated("sent a mail"),
            heading=each["subject"], record=each["record"],
            tags=failed if each["state"] == "failed" else (),
        )
        for each in found
    ]  # fmt: skip


SOURCES: Final = (
    Source(name="note", label="Notes", read=_notes, icon="note", hue=50),
    Source(name="call", label="Calls", read=_calls, icon="phone", hue=150, internal=False),
    Source(
        name="meeting", label="Meetings", read=_meetings, icon="calendar-event", hue=30,
        internal=False,
    ),
    Source(name="task", label="Tasks", read=_tasks, icon="square-check", hue=260),
    Source(name="mail", label="Mail", read=_mails, icon="mail", hue=200, internal=False),
    Source(
        name="stage", label="Stage moves", read=partial(_changes, moves=True),
        icon="arrow-right", hue=285, among="change",
    ),
    Source(name="change", label="Changes", read=_changes, icon="pencil"),
)  # fmt: skip

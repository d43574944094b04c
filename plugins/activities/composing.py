"""The composer: what somebody types beside a record becomes a note, a call, a task or a meeting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from relatum import Actor, RelatumError, catalog, may, records

from .logic import headline

#: What can be made, in the order in which it is offered, and how a task may repeat.
KINDS: Final = ("note", "call", "task", "meeting")
REPEATS: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
#: Minutes that a meeting is offered to take.
LASTS: Final = ("15", "30", "60", "90", "120", "240")
Row = dict[str, Any]
Form = Mapping[str, str]


def offered(actor: Actor) -> list[str]:
    """Return the kinds that the actor may make."""
    return [kind for kind in KINDS if may(actor, "create", kind)]


def contact_of(entity_type: catalog.EntityType, record: Mapping[str, Any]) -> int | None:
    """Return the person whom an activity about a record is with, if that is plain."""
    if entity_type.name == "contact":
        return int(record["id"])
    field = entity_type.fields.get("contact")
    leads = field is not None and field.is_link and getattr(field, "target", "") == "contact"
    return record.get("contact") if leads else None


def save(form: Form, about: int, contact: int | None, *, actor: Actor, zone: ZoneInfo) -> str:
    """Make what a form says about a record, in the open transaction; return its kind.

    A call brings its next step along, a task. Raises `Invalid` naming the fields, `forbidden`,
    `bad_parameter` for another kind.
    """
    kind = form.get("kind", KINDS[0])
    if kind not in KINDS:
        raise RelatumError("bad_parameter", name="kind", reason=f"one of {', '.join(KINDS)}")
    row = _ROWS[kind](_stripped(form), zone) | {"regarding": about}
    if contact is not None and kind in ("call", "task"):
        row["contact"] = contact
    if kind == "meeting":
        row["attendees"] = [{"user": actor.user_id, "answer": "accepted"}]
        row["attendees"] += [{"contact": contact}] if contact is not None else []
    records.create(kind, [row], actor=actor)
    next_step = _stripped(form).get("next_subject") if kind == "call" else None
    if next_step:
        task = {
            "subject": next_step, "due_date": form.get("next_date") or None, "regarding": about,
            "contact": contact,
        }  # fmt: skip
        records.create("task", [task], actor=actor)
    return kind


def _stripped(form: Form) -> dict[str, str]:
    return {name: value.strip() for name, value in form.items() if value.strip()}


def _note(given: dict[str, str], zone: ZoneInfo) -> Row:
    return {"text": given.get("text"), "pinned": given.get("pinned") == "1"}


def _call(given: dict[str, str], zone: ZoneInfo) -> Row:
    took = given.get("minutes", "")
    row: Row = {
        "subject": given.get("subject") or headline(given.get("text")),
        "direction": given.get("direction", "outgoing"), "outcome": given.get("outcome"),
        "duration": f"{took}m" if took.isdigit() else took, "notes": given.get("text"),
    }  # fmt: skip
    if given.get("started"):
        row["started_at"] = _instant(given["started"], zone)
    return row


def _task(given: dict[str, str], zone: ZoneInfo) -> Row:
    repeat = given.get("repeat", "")
    row: Row = {
        "subject": given.get("subject") or headline(given.get("text")),
        "description": given.get("text") if given.get("subject") else None,
        "due_date": given.get("due_date"), "due_time": given.get("due_time"),
        "priority": given.get("priority", "normal"),
        "recurrence": f"FREQ={repeat}" if repeat in REPEATS else None,
    }  # fmt: skip
    if given.get("remind"):
        row["remind_at"] = _instant(given["remind"], zone)
    return row


def _meeting(given: dict[str, str], zone: ZoneInfo) -> Row:
    row: Row = {
        "subject": given.get("subject") or headline(given.get("text")),
        "description": given.get("text") if given.get("subject") else None,
        "place": given.get("place"), "starts_at": None,
    }  # fmt: skip
    if given.get("starts"):
        row["starts_at"] = starts = _instant(given["starts"], zone)
        lasts = given.get("lasts", "")
        if isinstance(starts, datetime) and lasts in LASTS:
            row["ends_at"] = starts + timedelta(minutes=int(lasts))
    return row


def _instant(text: str, zone: ZoneInfo) -> datetime | str:
    """Return the instant that somebody typed by the clocks of his zone.

    What is none the field refuses, which says why.
    """
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return text


_ROWS: Final = {"note": _note, "call": _call, "task": _task, "meeting": _meeting}

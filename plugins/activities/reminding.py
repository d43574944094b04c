"""Reminders: each minute a job tells whoever has a task to do, or a meeting to go to.

A reminder that was given is taken off its record in the transaction that gives it, so a process
that is killed in between gives it once all the same, and only what is to come is in the index.
"""

from __future__ import annotations

from typing import Any, Final

from relatum import Actor, clock, hookimpl, jobs, query, records
from relatum.plugins.notifications import Kind, Notice, notify_each


def translated(text: str) -> str:
    """Return a text as it is: it is said in the language of whoever reads it."""
    return text


#: What people choose how they hear of.
REMINDER: Final = "activities_reminder"
KINDS: Final = (
    Kind(name=REMINDER, label=translated("A task or a meeting that you are reminded of")),
)
TEXT: Final = translated("Reminder")
_PLUGIN: Final = "activities"
#: The types with reminders, in the order in which a job takes them.
_TYPES: Final = ("task", "meeting")
#: Reminders that are given in one transaction at most.
_MOST: Final = 100
Row = dict[str, Any]


def run(chunk: jobs.Chunk) -> jobs.Step:
    """Give the next reminders that are due; each type costs one query that its index answers."""
    given = 0
    for type_name in _TYPES:
        most = min(chunk.size, _MOST)
        rows = _due(type_name, most, chunk.actor)
        if rows:
            _give(type_name, rows, chunk.actor)
        given += len(rows)
        if len(rows) == most:
            return chunk.more(None, done=given)
    return chunk.finish({"reminders": chunk.done + given}, done=given)


def _due(type_name: str, limit: int, actor: Actor) -> list[Row]:
    """Return what is due by now and still open, the oldest first."""
    asked = {
        "filter": {
            "and": [
                {"field": "remind_at", "op": "lte", "value": clock.now().isoformat()},
                {"field": "status", "op": "category", "value": ["open"]},
            ]
        },
        "fields": ["subject", "owner", "remind_at"], "sort": ["remind_at"], "limit": limit,
    }  # fmt: skip
    return query.page(query.from_json(type_name, asked, actor=actor)).records


def _give(type_name: str, rows: list[Row], actor: Actor) -> None:
    people = _attending([row["id"] for row in rows], actor) if type_name == "meeting" else {}
    # What it is called each one is told as he may see it.
    notify_each([
        Notice(person=user, kind=REMINDER, record=row["id"], plugin=_PLUGIN, text=TEXT)
        for row in rows
        for user in dict.fromkeys([row["owner"], *people.get(row["id"], ())])
        if user is not None
    ])  # fmt: skip
    changed = [
        {"id": row["id"], "remind_at": None, "reminded_at": row["remind_at"]} for row in rows
    ]
    records.update(type_name, changed, actor=actor, check_required=False)


def _attending(meetings: list[int], actor: Actor) -> dict[int, list[int]]:
    """Return the users who are asked to meetings and have not declined."""
    asked = {
        "filter": {
            "and": [
                {"field": "user", "op": "empty", "value": False},
                {"not": {"field": "answer", "op": "eq", "value": "declined"}},
            ]
        },
        "fields": ["meeting", "user"],
    }  # fmt: skip
    found: dict[int, list[int]] = {}
    among = ("meeting", meetings)
    for row in query.every("meeting_attendee", asked, among=among, actor=actor):
        found.setdefault(row["meeting"], []).append(row["user"])
    return found


JOB: Final = jobs.Kind(
    name="activities_remind", title="Give the reminders that are due", run=run,
    schedule="every 1 minute", chunk=100,
)  # fmt: skip


@hookimpl
def notifications_kinds() -> tuple[Kind, ...]:
    """Name what people choose how they hear of."""
    return KINDS

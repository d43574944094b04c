"""What follows from what is written: completed tasks and their series, meetings, notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from relatum import Actor, Context, WriteBatch, catalog, clock, fields, query, records

from . import repeating
from .words import translated

#: How long a meeting takes that nobody gave an end.
_HOUR: Final = timedelta(hours=1)
#: Most characters of a note's subject that is taken from its text.
_LINE: Final = 80
#: What the next task of a series does not have from the one before.
_FRESH: Final = (
    "status", "completed_at", "due_date", "remind_at", "reminded_at", "recurrence", "previous",
)  # fmt: skip
#: Records that are read at once.
_MANY: Final = 200


def follow(batch: WriteBatch) -> None:
    """Let what follows from status, start and text of rows follow it; refuse what can't be."""
    _FOLLOW[batch.type](batch)


# -- before a write -------------------------------------------------------------------------------
def _tasks(batch: WriteBatch) -> None:
    moment = clock.now()
    for place in range(len(batch)):
        sent = batch.changed(place)
        if "status" in sent and "completed_at" not in sent:
            over = batch.category(place, "status") in ("done", "canceled")
            batch.set(place, "completed_at", moment if over else None)
        if batch.value(place, "recurrence") and sent & {"recurrence", "due_date"}:
            _check_series(batch, place)


def _check_series(batch: WriteBatch, place: int) -> None:
    due = batch.value(place, "due_date")
    if due is None:
        batch.reject(place, translated("A task that repeats needs a due date"), field="due_date")
        return
    rule = batch.value(place, "recurrence")
    try:
        next_ = repeating.following(rule, due, due)
    except ValueError:
        message = translated(
            "It must be a rule such as FREQ=WEEKLY;BYDAY=MO, FREQ=MONTHLY;COUNT=12 or "
            "FREQ=DAILY;UNTIL=20271231"
        )
        batch.reject(place, message, field="recurrence")
        return
    parts = repeating.read(rule)
    if next_ is None and not parts.keys() & {"COUNT", "UNTIL"}:
        message = translated("The rule names no day of the next years")
        batch.reject(place, message, field="recurrence")


def _meetings(batch: WriteBatch) -> None:
    for place in range(len(batch)):
        starts, ends = batch.value(place, "starts_at"), batch.value(place, "ends_at")
        was = batch.before(place, "starts_at")
        if starts is None:
            continue
        sent = batch.changed(place)
        if ends is None:
            batch.set(place, "ends_at", starts + _HOUR)
        elif was is not None and "starts_at" in sent and "ends_at" not in sent:
            # Who moves the start alone moves the meeting.
            batch.set(place, "ends_at", ends + (starts - was))
        elif ends < starts:
            batch.reject(place, translated("It ends before it starts"), field="ends_at")


def _notes(batch: WriteBatch) -> None:
    for place in range(len(batch)):
        given = batch.value(place, "subject")
        derived = given is None or given == headline(batch.before(place, "text"))
        if derived and "text" in batch.changed(place):
            batch.set(place, "subject", headline(batch.value(place, "text")))


def headline(text: str | None) -> str | None:
    """Return how a text begins, in one line that is cut between words."""
    lines = fields.without_marks(text or "").splitlines()
    line = " ".join(next((each for each in lines if each.strip()), "").split())
    if len(line) <= _LINE:
        return line or None
    cut = line[:_LINE]
    return f"{cut.rpartition(' ')[0] or cut}…"


_FOLLOW: Final[dict[str, Callable[[WriteBatch], None]]] = {
    "task": _tasks, "meeting": _meetings, "note": _notes,
}  # fmt: skip


# -- series ---------------------------------------------------------------------------------------
def repeat(batch: WriteBatch, ctx: Context) -> None:
    """Make the next task of each series of which one was completed, in the same change set."""
    ids = [
        batch.id(place)
        for place in range(len(batch))
        if batch.value(place, "recurrence")
        and batch.category(place, "status") == "done"
        and batch.category_before(place, "status") != "done"
    ]
    _succeed([id_ for id_ in ids if id_ is not None], ctx.as_plugin())


def _succeed(ids: list[int], plugin: Actor) -> None:
    """Make the successors of completed tasks: of as many as a page holds, and then of the rest."""
    if not ids:
        return
    done = _of("id", ids[:_MANY], plugin)
    # Who opens a task again and completes it once more has its successor already.
    known = {task["previous"] for task in _of("previous", ids[:_MANY], plugin)}
    rows = [_next(task, zone) for task, zone in _zoned(done, plugin) if task["id"] not in known]
    made = [row for row in rows if row is not None]
    if made:
        records.create("task", made, actor=plugin)
    _succeed(ids[_MANY:], plugin)


def _of(field: str, ids: list[int], actor: Actor) -> list[dict[str, Any]]:
    return [*query.every("task", {}, among=(field, ids), actor=actor)]


def _zoned(tasks: list[dict[str, Any]], actor: Actor) -> Iterable[tuple[dict[str, Any], ZoneInfo]]:
    """Yield tasks, each with the time zone of whoever does it."""
    owners = [task["owner"] for task in tasks]
    found = query.every("user", {"fields": ["timezone"]}, among=("id", owners), actor=actor)
    zones = {user["id"]: user["timezone"] for user in found}
    for task in tasks:
        yield task, catalog.zone_of(zones.get(task["owner"]))


def _next(task: dict[str, Any], zone: ZoneInfo) -> dict[str, Any] | None:
    due = _date(task["due_date"])
    if due is None:
        return None
    found = repeating.following(task["recurrence"], due, clock.today(zone.key))
    if found is None:
        return None
    fields = catalog.current().type("task").own_fields
    kept = {
        field.name: task[field.name]
        for field in fields
        if field.name not in _FRESH and not field.unique and not field.NUMBERED
    }
    remind = task["remind_at"] or task["reminded_at"]
    if remind is not None:
        # At the same time of the day there, whatever the clocks did in between.
        local = remind.astimezone(zone).replace(tzinfo=None) + (found.due - due)
        kept["remind_at"] = local.replace(tzinfo=zone)
    return {
        **kept, "owner": task["owner"], "due_date": found.due, "recurrence": found.rule,
        "previous": task["id"],
    }  # fmt: skip


def _date(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value

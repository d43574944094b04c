"""What came of a call: the call itself and the target's new state, in one change set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from relatum import (
    Actor,
    RelatumError,
    catalog,
    clock,
    fields,
    plugin_host,
    query,
    records,
    seen,
)

from . import hours, people, queueing
from .entities import NEVER
from .frame import TARGET, Row, list_of, plugin_actor, translated

#: Categories of outcomes, and the state that a target has then; what is not here stays open.
STATES: Final = {
    "later": "call_back", "done": "done", "won": "done", "lost": "done", "never": "done",
    "unreachable": "given_up",
}  # fmt: skip
RETRY, LATER, WON, REFUSED, UNREACHABLE = "retry", "later", "won", "never", "unreachable"
#: Categories in which somebody was talked to.
TALKED: Final = frozenset({LATER, "done", WON, "lost", REFUSED})
#: What a call's own field has, by the category of the outcome.
_OF_CALL: Final = {RETRY: "no_answer", UNREACHABLE: "wrong_number"}
_REACHED: Final = "reached"


@dataclass(frozen=True, slots=True)
class Noted:
    """What was written of a call: the call, the target as it is now, and what category it has."""

    target: int
    call: int
    person: tuple[str, int]
    state: str
    category: str | None
    next_call_at: datetime | None


def options() -> list[fields.Option]:
    """Return the outcomes that may be chosen."""
    field = catalog.current().type(TARGET).fields["outcome"]
    return [option for option in field.options if not option.retired]


def note(
    target_id: int,
    outcome: str,
    *,
    actor: Actor,
    note: str | None = None,
    next_call_at: Any = None,
    duration: Any = None,
    version: int | None = None,
) -> Noted:
    """Write what came of a call: a call, and the target's new state, in the open transaction.

    `next_call_at` is when somebody wants to be called back; `duration` what the field of calls
    takes; `version` that of the target as it was read. Raises `record_unknown`,
    `calling_target_over`, `calling_held`, `calling_outcome_unknown`, `calling_outside_hours`,
    `calling_time_past`, `invalid`.
    """
    target = records.get(TARGET, target_id, actor=actor)
    row, person = _callable(target, actor)
    option = _option(outcome)
    later = _moment(next_call_at) if option.category == LATER else None
    if isinstance(later, datetime):
        _require_within(row, later)
    changes = _follows(row, target, option, later)
    # Who sees no users has no such field.
    changes |= {"caller": actor.user_id} if "caller" in seen(actor).type(TARGET).fields else {}
    changes |= {"note": note} if note else {}
    changes |= {"version": version} if version is not None else {}
    call = _call(row, target, person, option, note=note, duration=duration, actor=actor)
    records.update(TARGET, [{"id": target_id, "outcome": outcome, **changes}], actor=actor)
    whom = (person[0], int(person[1]["id"]))
    if option.category == REFUSED:
        _never_again(*whom, actor)
    queueing.let_go(target_id)
    return Noted(
        target_id, call, whom, changes["state"], option.category, changes["next_call_at"]
    )  # fmt: skip


def _callable(target: Row, actor: Actor) -> tuple[Row, tuple[str, Row]]:
    """Return the list of a target and whom it is about; raise what stands against a call."""
    row = list_of(target["list"], actor)
    queueing.require_active(row)
    _require_open(target, actor)
    found = people.person_of(target, actor)
    if found is None:
        raise RelatumError("record_unknown", type=TARGET, id=target["id"])
    return row, found


def _require_open(target: Row, actor: Actor) -> None:
    states = catalog.current(plugin_host.language()).type(TARGET).fields["state"].options
    state = next((each for each in states if each.value == target["state"]), None)
    if state is None or state.category != "open":
        label = state.label if state is not None else target["state"]
        raise RelatumError("calling_target_over", id=target["id"], state=label)
    hold = queueing.holder(target["id"])
    if hold is not None and hold["user"] != actor.user_id:
        called = query.labels([hold["user"]], actor=actor).get(str(hold["user"]), {})
        raise RelatumError(
            "calling_held", id=target["id"], who=called.get("label") or translated("somebody else"),
            until=hold["until"].isoformat(" ", "minutes"),
        )  # fmt: skip


def _option(value: str) -> fields.Option:
    known = options()
    found = next((each for each in known if each.value == value), None)
    if found is None:
        possible = ", ".join(each.value for each in known)
        raise RelatumError("calling_outcome_unknown", value=str(value)[:100], possible=possible)
    return found


def _moment(value: Any) -> Any:
    """Return an instant that was sent; what is none the field refuses, which says why."""
    if isinstance(value, str) and value:
        try:
            value = catalog.current().type(TARGET).fields["next_call_at"].check(value)
        except fields.Refused:
            return value
    return value or None


def _require_within(row: Row, moment: datetime) -> None:
    told = moment.astimezone(hours.zone_of(row)).isoformat(" ", "minutes")
    if moment <= clock.now():
        raise RelatumError("calling_time_past", moment=told)
    if not hours.is_open(row, moment):
        raise RelatumError(
            "calling_outside_hours", moment=told, id=row["id"], label=row["name"],
            hours=hours.told(row),
        )  # fmt: skip


def _follows(row: Row, target: Row, option: fields.Option, later: Any) -> Row:
    """Return what an outcome makes of a target, by its category."""
    now, attempts = clock.now(), int(target["attempts"] or 0) + 1
    made: Row = {"attempts": attempts, "last_call_at": now, "next_call_at": None}
    if option.category in STATES:
        return {**made, "state": STATES[option.category], "next_call_at": later}
    if attempts >= row["tries"]:
        return {**made, "state": "given_up"}
    again = now + timedelta(hours=row["retry_hours"])
    return {**made, "state": "open", "next_call_at": again}


def _call(
    row: Row, target: Row, found: tuple[str, Row], option: fields.Option, *, note: str | None,
    duration: Any, actor: Actor,
) -> int:  # fmt: skip
    """Log the call; return its id."""
    type_name, person = found
    known = seen(actor).type("call").fields
    outcomes = {each.value for each in known["outcome"].options} if "outcome" in known else set()
    plain = _OF_CALL.get(option.category or RETRY, _REACHED)
    began, took = clock.now(), _seconds(duration)
    made: Row = {
        "subject": f"{row['name']}: {option.label}", "direction": "outgoing",
        "number": people.number(person, target), "regarding": person["id"],
        "contact": person["id"] if type_name == "contact" else person.get("contact"),
        "started_at": began - timedelta(seconds=took) if took else began,
        "duration": duration or None, "notes": note or None, "call_target": target["id"],
        "outcome": option.value if option.value in outcomes else plain,
    }  # fmt: skip
    [done] = records.create("call", [made], actor=actor)
    assert done.id is not None
    return done.id


def _seconds(duration: Any) -> int:
    """Return how many seconds a call took; 0 for what the field refuses, which says why."""
    try:
        field = catalog.current().type("call").fields["duration"]
        return int(field.check(duration)) if duration else 0
    except fields.Refused:
        return 0


def _never_again(type_name: str, id_: int, actor: Actor) -> None:
    """Note at somebody that he wants no more calls.

    That has to be kept whoever was told it: where the caller may not write it, the plugin does.
    """
    own = seen(actor).type(type_name).fields.get(NEVER[0])
    may = own is not None and records.may("update", type_name, id_, actor=actor)
    writer = actor if may and own is not None and not own.read_only else plugin_actor()
    records.update(type_name, [{"id": id_, NEVER[0]: True}], actor=writer)


def as_json(noted: Noted) -> Mapping[str, Any]:
    """Return what was written as answers show it."""
    return {
        "target": noted.target, "call": noted.call, "state": noted.state,
        "category": noted.category, "next_call_at": noted.next_call_at,
        "person": {"type": noted.person[0], "id": noted.person[1]},
    }  # fmt: skip

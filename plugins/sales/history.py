"""The stage history: one record for each stay of a deal in a stage, in the deal's change set.

People read it. It follows the deal: written when the stage or the pipeline changes, owned by whom
the deal is, in the trash with it. An undo puts both back, so nothing is written for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Final

from relatum import WriteBatch, clock, query, records

TYPE: Final = "stage_change"
#: What a stay has of the deal as it is entered.
_COPIED: Final = ("pipeline", "stage", "currency", "amount", "amount_base", "probability")
#: What a deal has of its lines, if it says so.
_WORTH: Final = ("currency", "amount", "amount_base")
_writing: ContextVar[bool] = ContextVar("writing", default=False)

Row = dict[str, Any]


def protect(batch: WriteBatch) -> None:
    """Refuse what people write into the history, but administrators; undo has its way."""
    if batch.undoing:
        _keep_one_open(batch)
    elif not _writing.get() and batch.operation in ("create", "update"):
        for place in range(len(batch)):
            if batch.operation == "update" and batch.changed(place) == {"opportunity"}:
                # Two deals become one: what the other one went through has an end.
                if batch.value(place, "left_at") is None:
                    batch.set(place, "left_at", clock.now())
                continue
            if not batch.actor.admin:  # who may bring in the history of another system
                text = "The stage history follows the deals; change the stage of the deal"
                batch.reject(place, text)


def _keep_one_open(batch: WriteBatch) -> None:
    """Refuse to open a stay again whose deal has moved on since."""
    if batch.operation != "update":
        return
    reopened = {
        batch.value(place, "opportunity"): place
        for place in range(len(batch))
        if "left_at" in batch.changed(place) and batch.value(place, "left_at") is None
    }
    for stay in _stays(batch, reopened, is_open=True):
        if stay["id"] != batch.id(reopened[stay["opportunity"]]):
            batch.reject(
                reopened[stay["opportunity"]], "The deal has moved on since", field="left_at"
            )


def follow(batch: WriteBatch) -> None:
    """Write what became of deals into their history."""
    if batch.undoing or batch.operation not in ("create", "update"):
        return
    moved, timed, given = list[int](), list[int](), list[int]()
    for place in range(len(batch)):
        changed = batch.changed(place)
        if batch.operation == "create" or changed & {"stage", "pipeline"}:
            moved.append(place)
        elif "stage_changed_at" in changed:
            timed.append(place)
        if batch.operation == "update" and changed & {"owner", "team"}:
            given.append(place)
    with _as_written():
        if batch.operation == "update":
            _leave(batch, moved)
            _correct(batch, timed)
            _hand_on(batch, given)
        if moved:
            summed = _summed(batch, moved)
            rows = [_entered(batch, place) | summed.get(batch.id(place), {}) for place in moved]
            records.create(TYPE, rows, actor=batch.actor.unbound())


@contextmanager
def _as_written() -> Iterator[None]:
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def _entered(batch: WriteBatch, place: int) -> Row:
    """Return the stay that begins."""
    fields = batch.entity_type.fields
    made = {name: fields[name].wire(batch.value(place, name)) for name in _COPIED}
    return {
        **made, "opportunity": batch.id(place), "category": batch.category(place, "stage"),
        "entered_at": _since(batch, place), "owner": batch.value(place, "owner"),
        "team": batch.value(place, "team"),
    }  # fmt: skip


def _summed(batch: WriteBatch, places: Iterable[int]) -> dict[Any, Row]:
    """Return what deals are worth that sum up lines: those of a new one are written before this."""
    ids = [batch.id(place) for place in places if batch.value(place, "amount_from_lines")]
    asked = {"fields": list(_WORTH)}
    found = query.every("opportunity", asked, among=("id", ids), actor=batch.actor.unbound())
    return {row["id"]: {name: row[name] for name in _WORTH} for row in found}


def _since(batch: WriteBatch, place: int) -> datetime:
    found: datetime | None = batch.value(place, "stage_changed_at")
    return found or clock.now()


def _leave(batch: WriteBatch, places: Sequence[int]) -> None:
    """End the stays that deals are in; none ends before it began."""
    until = {batch.id(place): _since(batch, place) for place in places}
    _update(batch, [_ended(stay, until[stay["opportunity"]]) for stay in _stays(batch, until)])


def _ended(stay: Row, until: datetime) -> Row:
    left = max(until, stay["entered_at"])
    return {"id": stay["id"], "left_at": left, "duration": _seconds(left - stay["entered_at"])}


def _seconds(time: timedelta) -> int:
    return int(time.total_seconds())


def _correct(batch: WriteBatch, places: Sequence[int]) -> None:
    """Let stays begin when somebody says that the deals entered, and those before end there."""
    since = {batch.id(place): _since(batch, place) for place in places}
    begun = {stay["opportunity"]: stay for stay in _stays(batch, since)}
    before = [
        _ended(stay, since[stay["opportunity"]])
        for stay in _stays(batch, begun, is_open=False)
        if stay["left_at"] == begun[stay["opportunity"]]["entered_at"]
    ]
    now = [{"id": stay["id"], "entered_at": since[deal]} for deal, stay in begun.items()]
    _update(batch, [*before, *now])


def _hand_on(batch: WriteBatch, places: Sequence[int]) -> None:
    """Let the history belong to whom the deals belong now."""
    whose = {batch.id(p): {n: batch.value(p, n) for n in ("owner", "team")} for p in places}
    found = [*_stays(batch, whose), *_stays(batch, whose, is_open=False)]
    _update(batch, [{"id": stay["id"], **whose[stay["opportunity"]]} for stay in found])


def _update(batch: WriteBatch, rows: Sequence[Row]) -> None:
    if rows:
        records.update(TYPE, list(rows), actor=batch.actor.unbound())


def _stays(
    batch: WriteBatch, deals: Mapping[Any, Any] | Iterable[Any], *, is_open: bool = True
) -> Iterator[Row]:
    """Return the stays of deals that are not over, or those that are."""
    asked = {
        "filter": {"field": "left_at", "op": "empty", "value": is_open},
        "fields": ["opportunity", "entered_at", "left_at"],
    }  # fmt: skip
    return query.every(TYPE, asked, among=("opportunity", deals), actor=batch.actor.unbound())

"""What must hold of call lists, whoever writes them and however."""

from __future__ import annotations

from relatum import Context, WriteBatch

from . import hours, people
from .frame import translated


def check(batch: WriteBatch) -> None:
    """Refuse lists with hours, a zone or a script that can't be."""
    for place in range(len(batch)):
        _check(batch, place)


def _check(batch: WriteBatch, place: int) -> None:
    zone, script = batch.value(place, "timezone"), batch.value(place, "script")
    if zone and not hours.is_zone(zone):
        text = translated("There is no such time zone; write one such as Europe/Berlin")
        batch.reject(place, text, field="timezone")
    begins, ends = batch.value(place, "hours_from"), batch.value(place, "hours_to")
    if begins is not None and ends is not None and ends < begins:
        text = translated("It must be later than when calls begin, on the same day")
        batch.reject(place, text, field="hours_to")
    if script and "script" in batch.changed(place):
        unknown = people.unknown_places(script)
        if unknown:
            names = ", ".join(f"{{{name}}}" for name in unknown)
            text = translated("Nothing is known that could be filled in for: {names}")
            batch.reject(place, text, field="script", names=names)


def prepare(batch: WriteBatch, ctx: Context) -> None:
    """Give new lists the row by which their callers take turns."""
    rows = [{"list": id_} for place in range(len(batch)) if (id_ := batch.id(place)) is not None]
    ctx.table("turn").insert(rows)

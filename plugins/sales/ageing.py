"""How long open deals are in their stage, and which ones nobody touches: on cards, in lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from flask import get_template_attribute
from markupsafe import Markup

from relatum import Context, catalog, clock, query

from .settings import usual_days

#: The fields that an age takes; without the first two there is none.
_TAKEN: Final = ("stage", "stage_changed_at", "updated_at")

Row = dict[str, Any]


def draw(records: list[Row], type: catalog.EntityType, ctx: Context) -> dict[int, Markup]:  # noqa: A002  # the word of the slot
    """Return what is said of each open deal that the page shows, by its id."""
    if any(name not in type.fields for name in _TAKEN):
        return {}  # hidden from whoever asks
    options = {option.value: option for option in type.fields["stage"].options}
    usual = usual_days(ctx.settings["usual_days"])
    made, now = {}, clock.now()
    # A template that is drawn anew for each card takes as long as the rest of the card.
    age: Any = get_template_attribute("sales/age.html", "age")
    for deal in _deals([record["id"] for record in records], ctx):
        option = options.get(deal["stage"])
        if option is None or option.category != "open" or deal["stage_changed_at"] is None:
            continue
        days = (now - deal["stage_changed_at"]).days
        most = usual.get(option.value, usual.get("open"))
        idle = (now - deal["updated_at"]).days
        said = {
            "days": days, "most": most, "long": most is not None and days > most,
            "idle": idle if idle >= ctx.settings["idle_days"] else None,
        }  # fmt: skip
        made[deal["id"]] = Markup(age(**said))  # noqa: S704  # of a template
    return made


def _deals(ids: Sequence[int], ctx: Context) -> Iterator[Row]:
    """Yield the deals of a page with what an age takes: one query, whatever the page shows."""
    if ctx.actor is not None:
        asked = {"fields": [*_TAKEN]}
        yield from query.every("opportunity", asked, among=("id", ids), actor=ctx.actor)


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "board.card", "draw": draw, "types": ("opportunity",)},
    {"place": "list.column", "draw": draw, "types": ("opportunity",), "label": "In the stage"},
]

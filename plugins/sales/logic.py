"""What follows from the stage of a deal, as far as options can't say it; and leads with a deal."""

from __future__ import annotations

from typing import Any, Final

from relatum import Actor, RelatumError, WriteBatch, clock, fields

from . import history, lines
from .converting import leads

#: The lost reason of a deal that comes from where none was recorded.
_UNKNOWN: Final = "unknown"
#: The forecast category and the probability of a decided deal, by the category of its stage.
_DECIDED: Final = {"won": ("closed", 100), "lost": ("omitted", 0)}


def follow(batch: WriteBatch, actor: Actor) -> None:
    """Complete rows that are created or changed, by what their type goes by."""
    if batch.type == "opportunity_line":
        lines.price(batch, actor)
    elif batch.type == "lead":
        keep_dealt(batch)
    else:
        follow_stages(batch)
        lines.settle_deals(batch, actor)


def follow_on(batch: WriteBatch, actor: Actor) -> None:
    """Write what follows from rows that were written: sums, prices, the history of stages."""
    if batch.type == "opportunity_line":
        lines.sum_up(batch, actor)
        return
    if batch.operation == "update":
        lines.price_again(batch, actor)
    history.follow(batch)


def follow_stages(batch: WriteBatch) -> None:
    """Note when rows enter a stage, and give those of an administrator's stage what is missing.

    Stages say themselves what they set. Of one that does not, the category says it: won is
    certain, lost is out of the question, open keeps the probability that there was. What is sent
    along with the stage is kept.
    """
    moment = clock.now()
    options = {option.value: option for option in batch.entity_type.fields["stage"].options}
    for place in range(len(batch)):
        _keep_recorded(batch, place)
        changed = batch.changed(place)
        if not changed & {"stage", "pipeline"} or batch.undoing:
            continue
        follows: dict[str, Any] = {"stage_changed_at": moment}
        if "stage" in changed:
            option = options.get(batch.value(place, "stage"))
            more = _by_category(batch, place, moment)
            follows |= {n: v for n, v in more.items() if option is None or n not in option.sets}
            for name, value in _unrecorded(batch, place, option).items():
                batch.set(place, name, value)
        for name, value in follows.items():
            if name not in changed:
                batch.set(place, name, value)


def _keep_recorded(batch: WriteBatch, place: int) -> None:
    """Keep what a decided deal needs, where an import brings it once more without."""
    if batch.actor.source != "import" or batch.category_before(place, "stage") not in _DECIDED:
        return
    for name in ("lost_reason", "close_date"):
        emptied = name in batch.changed(place) and batch.value(place, name) is None
        if emptied and batch.before(place, name) is not None:
            batch.set(place, name, batch.before(place, name))


def _unrecorded(batch: WriteBatch, place: int, option: fields.Option | None) -> dict[str, Any]:
    """Return what a decided deal needs that an import brings from where it was not recorded."""
    if batch.actor.source != "import" or option is None or option.category not in _DECIDED:
        return {}
    closed = batch.value(place, "closed_at")
    made = {"lost_reason": _UNKNOWN, "close_date": closed.date() if closed else None}
    return {
        name: value
        for name, value in made.items()
        if name in option.needs and batch.value(place, name) is None and value is not None
    }


def _by_category(batch: WriteBatch, place: int, moment: object) -> dict[str, Any]:
    category = batch.category(place, "stage") or ""
    if category in _DECIDED:
        forecast, probability = _DECIDED[category]
        return {
            "forecast_category": forecast, "probability": probability, "closed_at": moment
        }  # fmt: skip
    made: dict[str, Any] = {"closed_at": None}
    if batch.before(place, "forecast_category") is None or (
        batch.category_before(place, "stage") in _DECIDED
    ):
        made["forecast_category"] = "pipeline"
    return made


def keep_dealt(batch: WriteBatch) -> None:
    """Refuse to disqualify leads that have become a deal, whoever does it and however.

    Undoing a conversion is left alone: the deal goes with it, after the lead.
    """
    if batch.undoing:
        return
    lost = {
        id_: place
        for place in range(len(batch))
        if "status" in batch.changed(place)
        and batch.category(place, "status") == "lost" != batch.category_before(place, "status")
        and (id_ := batch.id(place)) is not None
    }
    for id_ in leads.deals_of(lost, actor=batch.actor) if lost else ():
        told = {"id": id_, "label": batch.value(lost[id_], "subject")}
        batch.reject(lost[id_], str(RelatumError("sales_lead_has_deals", **told)), field="status")

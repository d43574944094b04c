"""What follows from the stage of an opportunity."""

from __future__ import annotations

from typing import Final

from relatum import WriteBatch, clock

from .entities import PROBABILITIES

#: The forecast category of a decided opportunity, by the category of its stage.
_DECIDED: Final = {"won": "closed", "lost": "omitted"}
_CERTAIN: Final = {"won": 100, "lost": 0}


def follow_stages(batch: WriteBatch) -> None:
    """Give rows that enter a stage its probability, forecast category and dates.

    What is sent along with the stage is kept. Stages that an administrator adds go by their
    category: won is certain, lost is out of the question, open keeps the probability it had.
    """
    moment = clock.now()
    for place in range(len(batch)):
        sent = batch.changed(place)
        if "stage" not in sent:
            continue
        stage, category = batch.value(place, "stage"), batch.category(place, "stage")
        follows = {
            "stage_changed_at": moment,
            "closed_at": moment if category in _DECIDED else None,
            "probability": _CERTAIN.get(category or "", PROBABILITIES.get(stage)),
            "forecast_category": _forecast(batch, place, category),
        }
        for name, value in follows.items():
            unknown = name == "probability" and value is None
            if name not in sent and not unknown:
                batch.set(place, name, value)


def _forecast(batch: WriteBatch, place: int, category: str | None) -> str:
    """Return the forecast category: decided by the stage, else what a person has chosen."""
    if category in _DECIDED:
        return _DECIDED[category]
    before: str | None = batch.before(place, "forecast_category")
    was_open = batch.category_before(place, "stage") not in _DECIDED
    return before if before and was_open else "pipeline"

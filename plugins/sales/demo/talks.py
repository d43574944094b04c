"""What is talked about and still to be done on young deals, where there are activities."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from relatum import Demo, catalog

#: Days that a deal is young for, and days before today on which people talked.
_YOUNG: Final = 90
_AGO: Final = (60, 30, 12, 3)
_SAID: Final = (
    ("First call about the need", "Two lines, one of them new. Decides with the plant manager."),
    ("Talked about the samples", "The analysis is in. Hardness is higher than they thought."),
    ("Went through the offer", "Wants the service for two years and a price for three."),
    ("Asked for the decision", "Is on the agenda of the board. No competitor left, they say."),
)
_NEXT: Final = ("Send the revised offer", "Call about the decision", "Bring the samples to the lab")


def fill(demo: Demo) -> None:
    """Make calls about young deals, and a next step for each; nothing without activities."""
    if not {"call", "task"} <= catalog.current().types.keys():
        return
    chance = demo.chance("talks")
    young = [
        deal
        for deal in demo.made("opportunity")
        if demo.today - demo.made_on(deal["id"]) <= timedelta(days=_YOUNG)
    ]
    for ago, (subject, notes) in zip(_AGO, _SAID, strict=True):
        day = demo.today - timedelta(days=ago)
        there = [deal for deal in young if demo.made_on(deal["id"]) < day]
        with demo.on(day, 14, ago % 50):
            demo.create("call", [
                {**_about(deal), "subject": subject, "notes": notes, "outcome": "reached",
                 "direction": chance.choice(("outgoing", "incoming")),
                 "started_at": f"{day}T{chance.randint(8, 13):02}:15:00Z",
                 "duration": chance.randint(3, 45) * 60}
                for deal in there
            ])  # fmt: skip
    with demo.on(demo.today - timedelta(days=1), 15):
        demo.create("task", [
            {**_about(deal), "subject": chance.choice(_NEXT),
             "due_date": str(demo.today + timedelta(days=chance.randint(-2, 10)))}
            for deal in young
        ])  # fmt: skip


def _about(deal: dict[str, Any]) -> dict[str, Any]:
    return {"regarding": deal["id"], "contact": deal["contact"], "owner": deal["owner"]}

"""A call list on which people of Klarwerk have called for two weeks, and one to begin with."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from relatum import Demo

Row = dict[str, Any]
_SCRIPT: Final = """Good morning {name}, this is {caller} of Klarwerk.

You have shown interest in "{subject}". Have you got two minutes?

1. What do you do about your water today, and what does that cost {company} in a year?
2. Who decides about it besides you?
3. May we take a sample, free of charge, and talk about what we find?

If not now: when may I call again?"""
#: What came of calls, as often as it stands here, with what was noted.
_CAME: Final = (
    ("not_reached", None), ("not_reached", None), ("not_reached", None), ("busy", None),
    ("call_back", "Is in a meeting until noon, asks for a call tomorrow."),
    ("reached", "Has a contract until next year. Sent him the brochure."),
    ("interested", "Wants a sample taken from the cooling tower. Decides with the plant manager."),
    ("not_interested", "Has just bought a plant from somebody else."),
    ("wrong_number", None),
)  # fmt: skip
_STATE: Final = {"call_back": "call_back", "wrong_number": "given_up"}
#: Days before today on which was called, and targets of each of them.
_DAYS: Final = (11, 8, 5, 4, 1)
_EACH, _LEFT = 9, 30


def fill(demo: Demo) -> None:
    """Make the lists, and the calls so far; nothing without leads that have a number."""
    chance = demo.chance("calling")
    there = [lead for lead in demo.made("lead") if lead.get("phone")]
    young = [lead for lead in there if demo.made_on(lead["id"]) < _day(demo, max(_DAYS))]
    if len(young) < _EACH * len(_DAYS):
        return
    leads = chance.sample(young, min(len(young), _EACH * len(_DAYS) + _LEFT))
    with demo.on(_day(demo, max(_DAYS) + 1), 9):
        [spring, _] = demo.create("call_list", [
            {"name": "Water check, autumn", "status": "active", "script": _SCRIPT,
             "tries": 4, "retry_hours": 4},
            {"name": "Renewals of service contracts", "status": "draft", "hours_from": "09:00",
             "hours_to": "17:00", "days": ["mon", "tue", "wed", "thu", "fri"]},
        ])  # fmt: skip
        targets = demo.create(
            "call_target", [{"list": spring["id"], "lead": lead["id"]} for lead in leads]
        )
    callers = sorted({lead["owner"] for lead in leads if lead.get("owner")})
    for place, ago in enumerate(_DAYS):
        some = [*zip(targets, leads, strict=True)][place * _EACH : (place + 1) * _EACH]
        with demo.on(_day(demo, ago), 16):
            _called(demo, some, callers[place % len(callers)], _day(demo, ago))


def _called(demo: Demo, some: list[tuple[Row, Row]], caller: int, day: date) -> None:
    """Note what came of the calls of a day."""
    calls, rows = list[Row](), list[Row]()
    for place, ((outcome, note), (target, lead)) in enumerate(zip(_CAME, some, strict=False)):
        at = datetime.combine(day, time(8, 5 * place), UTC)
        talked = outcome not in ("not_reached", "busy", "wrong_number")
        calls.append({
            "subject": f"Water check, autumn: {outcome.replace('_', ' ')}", "regarding": lead["id"],
            "direction": "outgoing", "number": lead["phone"], "started_at": at.isoformat(),
            "duration": 60 * (2 + place) if talked else None, "notes": note, "owner": caller,
            "outcome": "reached" if talked else
            {"not_reached": "no_answer"}.get(outcome, outcome), "call_target": target["id"],
        })  # fmt: skip
        rows.append({
            "id": target["id"], "outcome": outcome, "attempts": 1, "caller": caller,
            "last_call_at": at.isoformat(), "note": note, "next_call_at": _next(outcome, at),
            "state": _STATE.get(outcome, "open" if outcome in ("not_reached", "busy") else "done"),
        })  # fmt: skip
    demo.create("call", calls)
    demo.update("call_target", rows)


def _next(outcome: str, at: datetime) -> str | None:
    if outcome == "call_back":
        return (at + timedelta(days=1)).isoformat()
    again = outcome in ("not_reached", "busy")
    return (at + timedelta(hours=4)).isoformat() if again else None


def _day(demo: Demo, ago: int) -> date:
    return demo.today - timedelta(days=ago)

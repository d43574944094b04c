"""What the people of Klarwerk did and still have to do: calls, meetings, notes and tasks."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from relatum import Demo

Row = dict[str, Any]
_PEOPLE: Final = 160
#: Days before today on which something was done.
_DAYS: Final = (120, 75, 40, 18, 9, 4, 2, 1)
_CALLS: Final = (
    ("Called about the water analysis", "Wants a second sample from the cooling tower first."),
    ("Asked how the plant runs", "Runs well. The filter was changed in spring, no complaints."),
    ("Talked about the offer", "Too expensive with the service contract. Asks for both apart."),
    ("Agreed on a visit", "A visit on site suits them. Safety briefing takes half an hour."),
    ("Called about the open invoice", "Was paid yesterday, the bank is slow."),
)
_NOTES: Final = (
    "Prefers short summaries and decides together with purchasing.",
    "Budget is approved for this year, not for the next one.",
    "Two sites need service before winter. Ask about the third one in spring.",
    "Knows the competitor's plant from the former job and did not like its service.",
)
_TASKS: Final = (
    ("Send the offer", "high"), ("Call back about the samples", "normal"),
    ("Ask for the drawings of the plant room", "normal"), ("Plan the visit on site", "normal"),
    ("Send the brochure", "low"), ("Check the terms with purchasing", "high"),
)  # fmt: skip
_MEETINGS: Final = (
    ("Visit on site", "At the customer's"), ("Presentation of the offer", "By video"),
    ("Yearly talk", "Klarwerk, room 2"),
)  # fmt: skip
_OUTCOMES: Final = ("reached", "reached", "reached", "left_message", "no_answer")


def fill(demo: Demo) -> None:
    """Bring half a year of activities, and what is due in these days."""
    chance = demo.chance("activities")
    contacts = [each for each in demo.made("contact") if each.get("account")]
    people = chance.sample(contacts, min(_PEOPLE, len(contacts)))
    for ago in _DAYS:
        day = demo.today - timedelta(days=ago)
        some = [p for p in chance.sample(people, len(people) // 2) if demo.made_on(p["id"]) <= day]
        with demo.on(day, 15):
            _done(demo, chance, some, day)
    with demo.on(demo.today - timedelta(days=1), 16):
        _planned(demo, chance, people)


def _done(demo: Demo, chance: random.Random, people: list[Row], day: date) -> None:
    calls, notes, tasks = list[Row](), list[Row](), list[Row]()
    for person in people:
        given = {"regarding": person["id"], "owner": person["owner"]}
        subject, text = chance.choice(_CALLS)
        outcome = chance.choice(_OUTCOMES)
        calls.append({
            **given, "subject": subject, "contact": person["id"], "number": person.get("phone"),
            "direction": chance.choice(("outgoing", "outgoing", "incoming")),
            "started_at": _at(day, chance.randint(7, 14), chance.randint(0, 59)),
            "duration": chance.randint(2, 40) * 60 if outcome == "reached" else None,
            "outcome": outcome, "notes": text if outcome == "reached" else None,
        })  # fmt: skip
        if chance.random() < 0.3:
            notes.append({**given, "text": chance.choice(_NOTES)})
        if chance.random() < 0.3:
            subject, priority = chance.choice(_TASKS)
            tasks.append({
                **given, "subject": subject, "priority": priority, "contact": person["id"],
                "status": "completed", "due_date": day.isoformat(),
            })  # fmt: skip
    demo.create("call", calls)
    demo.create("note", notes)
    demo.create("task", tasks)


def _planned(demo: Demo, chance: random.Random, people: list[Row]) -> None:
    """Plan what is overdue, due today and in the next two weeks, and the team's own dates."""
    tasks, meetings = list[Row](), list[Row]()
    for person in chance.sample(people, len(people) // 2):
        subject, priority = chance.choice(_TASKS)
        tasks.append({
            "subject": subject, "priority": priority, "contact": person["id"],
            "regarding": person["id"], "owner": person["owner"],
            "due_date": (demo.today + timedelta(days=chance.randint(-3, 12))).isoformat(),
        })  # fmt: skip
        if chance.random() < 0.3:
            subject, place = chance.choice(_MEETINGS)
            day = demo.today + timedelta(days=chance.randint(0, 14))
            start = chance.randint(7, 14)
            meetings.append({
                "subject": subject, "place": place, "regarding": person["id"],
                "owner": person["owner"], "organiser": person["owner"],
                "starts_at": _at(day, start), "ends_at": _at(day, start + 1),
                "attendees": [
                    {"contact": person["id"], "answer": "accepted"}, {"user": person["owner"]}
                ],
            })  # fmt: skip
    for owner in sorted({person["owner"] for person in people}):
        tasks.append({
            "subject": "Write the report of the week", "owner": owner,
            "due_date": (demo.today + timedelta(days=4 - demo.today.weekday())).isoformat(),
            "recurrence": "FREQ=WEEKLY;BYDAY=FR",
        })  # fmt: skip
    demo.create("task", [*tasks, *_own(demo, people)])
    demo.create("meeting", [*meetings, {
        "subject": "Planning of the week", "place": "Klarwerk, room 1",
        "starts_at": _at(demo.today, 13), "ends_at": _at(demo.today, 14),
    }])  # fmt: skip


def _own(demo: Demo, people: list[Row]) -> list[Row]:
    """Return tasks of whoever looks at the demonstration: what has no owner is his."""
    days = (-1, 0, 0, 2, 5)
    return [
        {"subject": subject, "priority": priority, "regarding": person["id"],
         "contact": person["id"], "due_date": (demo.today + timedelta(days=day)).isoformat()}
        for (subject, priority), person, day in zip(_TASKS, people, days, strict=False)
    ]  # fmt: skip


def _at(day: date, hour: int, minute: int = 0) -> str:
    return datetime.combine(day, time(hour, minute), UTC).isoformat()

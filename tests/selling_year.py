"""A year of a sales team of twenty, as a list of events, and the sums that follow from it.

Nothing here knows the program: what each month must show is added up from the events alone.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

YEAR: Final = 2027
TEAMS: Final = ("north", "south", "east", "west")
#: Of each team the first is its manager.
PEOPLE: Final = tuple(f"{team}{n}" for team in TEAMS for n in range(5))
OPEN: Final = ("qualify", "develop", "propose", "negotiate")
SOURCES: Final = ("website", "referral", "trade_fair", "call")
REASONS: Final = ("price", "competitor", "no_budget", "timing")


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody does at an instant; `to` names the lead, deal or company that it is done to."""

    at: datetime
    kind: str
    who: str
    to: int
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Deal:
    """A deal as the events have left it."""

    owner: str
    amount: Decimal
    source: str
    stage: str = "qualify"
    reason: str | None = None
    closed: datetime | None = None


@dataclass(slots=True)
class Sums:
    """What the year comes to; months are first days, money is in the instance's currency."""

    #: At the end of each month: {stage: (deals, sum)} of what is open.
    pipeline: dict[date, dict[str, tuple[int, Decimal]]] = field(default_factory=dict)
    #: {(month, stage): (deals, sum)} of what was decided in it and stayed so.
    decided: dict[tuple[str, str], tuple[int, Decimal]] = field(default_factory=dict)
    won_by: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    lost_for: dict[str, int] = field(default_factory=dict)
    converted: dict[str, int] = field(default_factory=dict)


class Year:
    """Makes the events in their order, and keeps what they come to."""

    def __init__(self, seed: int, leads: int) -> None:
        self._chance = random.Random(seed)  # a seeded example, nothing secret
        self._leads = leads
        self.events = sorted(self._made(), key=lambda event: event.at)

    # -- what happens -------------------------------------------------------------------------
    def _made(self) -> Iterator[Event]:
        for number in range(self._leads):
            yield from self._life(number)
        # Two of the companies turn out to be one; somebody wins a deal by mistake and undoes it.
        yield Event(_on(12, 20), "merge", "alice", 1, {"other": 2})

    def _life(self, number: int) -> Iterator[Event]:
        chance = self._chance
        days = 330 if number > 2 else 30
        at = _on(1, 2) + timedelta(hours=chance.randrange(0, 24 * days), minutes=number % 60)
        who = chance.choice(PEOPLE)
        source, amount = chance.choice(SOURCES), Decimal(chance.randrange(100, 90_000)) / 4
        lead = {"company": f"Company {number}", "source": source, "amount": amount}
        yield Event(at, "lead", who, number, lead)
        at += self._later(1, 96)
        yield Event(at, "contacted", who, number)
        at += self._later(1, 200)
        if number > 2 and chance.random() < 0.35:
            yield Event(at, "disqualified", who, number)
            return
        yield Event(at, "converted", who, number, lead)
        yield from self._sold(number, who, at, amount)

    def _sold(self, number: int, who: str, at: datetime, amount: Decimal) -> Iterator[Event]:
        chance, stage, owner = self._chance, 0, who
        while at < _on(12, 10):
            at += self._later(24, 24 * 25)
            what = chance.random()
            if what < 0.12:
                boss = f"{owner[:-1]}0"
                owner = chance.choice([p for p in PEOPLE if p[:-1] == owner[:-1]])
                yield Event(at, "reassigned", boss, number, {"owner": owner})
            elif what < 0.24:
                amount = (amount * chance.choice((9, 11, 12)) / 10).quantize(Decimal("0.01"))
                yield Event(at, "amount", owner, number, {"amount": amount})
            elif what < 0.30:
                # Won by mistake: seen at once, and undone.
                yield Event(at, "mistaken", owner, number)
            elif stage < len(OPEN) - 1 and what < 0.80:
                stage += 1
                yield Event(at, "stage", owner, number, {"stage": OPEN[stage]})
            elif what < 0.90:
                yield Event(at, "stage", owner, number, {"stage": "won"})
                return
            else:
                given = {"stage": "lost", "lost_reason": chance.choice(REASONS)}
                yield Event(at, "stage", owner, number, given)
                return

    def _later(self, least: int, most: int) -> timedelta:
        return timedelta(hours=self._chance.randrange(least, most), minutes=1)

    # -- what it comes to ---------------------------------------------------------------------
    def sums(self) -> Sums:
        """Return what the events add up to, up to the end of the year."""
        told, deals = Sums(), dict[int, Deal]()
        converted: Counter[str] = Counter()
        ends = [_end(month) for month in range(1, 13)]
        events = iter([*self.events, Event(_end(12) + timedelta(days=1), "end", "", 0)])
        event = next(events)
        for end in ends:
            while event.at <= end:
                if event.kind == "converted":
                    converted[event.given["source"]] += 1
                _happen(deals, event)
                event = next(events)
            told.pipeline[end.date().replace(day=1)] = _pipeline(deals)
        told.converted = dict(converted)
        _decided(told, deals)
        return told


def _happen(deals: dict[int, Deal], event: Event) -> None:
    given = event.given
    match event.kind:
        case "converted":
            deals[event.to] = Deal(event.who, given["amount"], given["source"])
        case "reassigned":
            deals[event.to].owner = given["owner"]
        case "amount":
            deals[event.to].amount = given["amount"]
        case "stage":
            deal = deals[event.to]
            deal.stage, deal.reason = given["stage"], given.get("lost_reason")
            if deal.stage in ("won", "lost"):
                deal.closed = event.at


def _pipeline(deals: dict[int, Deal]) -> dict[str, tuple[int, Decimal]]:
    found = defaultdict[str, list[Decimal]](list)
    for deal in deals.values():
        if deal.stage in OPEN:
            found[deal.stage].append(deal.amount)
    return {stage: (len(some), sum(some, Decimal(0))) for stage, some in found.items()}


def _decided(told: Sums, deals: dict[int, Deal]) -> None:
    by_month = defaultdict[tuple[str, str], list[Decimal]](list)
    by_owner = defaultdict[str, list[Decimal]](list)
    reasons: Counter[str] = Counter()
    for deal in deals.values():
        if deal.closed is None:
            continue
        by_month[deal.closed.strftime("%Y-%m"), deal.stage].append(deal.amount)
        if deal.stage == "won":
            by_owner[deal.owner].append(deal.amount)
        else:
            reasons[str(deal.reason)] += 1
    told.decided = {key: (len(some), sum(some, Decimal(0))) for key, some in by_month.items()}
    told.won_by = {key: (len(some), sum(some, Decimal(0))) for key, some in by_owner.items()}
    told.lost_for = dict(reasons)


def _on(month: int, day: int) -> datetime:
    return datetime(YEAR, month, day, 8, tzinfo=UTC)


def _end(month: int) -> datetime:
    following = datetime(YEAR + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return following - timedelta(microseconds=1)

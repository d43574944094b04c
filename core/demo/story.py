"""What happened at Klarwerk until today: rows for the verbs, the same on every day but moved along.

The rules that keep it coherent: a company's deals and tickets belong to its own people and
its own owner; a customer has won deals, and is one since the first; tickets come from
customers, after that day; open deals close in the future, decided ones in the past.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from .names import (
    COMPANIES,
    FIRST,
    LAST,
    OFFERS,
    POSITIONS,
    SERVICE_OFFER,
    TROUBLES,
    Company,
    is_south,
)

Rows = list[dict[str, Any]]

_SEED: Final = 1871
_OPEN: Final = ("lead", "survey", "offer", "talks")
_SOURCES: Final = ("fair", "referral", "website", "call")
#: How the deals of a company went, oldest first; companies take these in turn.
_COURSES: Final = (
    ("won", "open"), ("open",), ("lost", "open"), ("won", "won"), ("lost",), ("won",),
    ("open", "open"), ("won", "lost", "open"), ("lost", "won"), (), ("won", "open", "open"),
)  # fmt: skip
_TICKETS: Final = 90


class Story:
    """The rows, made in order; ids of written records are handed in between."""

    def __init__(self, today: date, users: Mapping[str, Sequence[int]]) -> None:
        """Begin with the ids of the users of each team."""
        self.today, self.users = today, users
        self.chance = random.Random(_SEED)  # noqa: S311  # a story, not a secret
        #: Ids of the companies in the order of `COMPANIES`, and of their people.
        self.companies: list[int] = []
        self.people: list[int] = []
        self._at: list[int] = []
        self._since: dict[int, date] = {}

    def company_rows(self) -> Rows:
        """Return the companies, each with its salesperson; parents follow in `customer_rows`."""
        return [
            {
                "name": company.name, "city": company.city, "country": company.country,
                "industry": company.industry, "employees": company.employees,
                "website": f"https://www.{_plain(company.name)}.example/",
                "owner": self._seller(place),
            }
            for place, company in enumerate(COMPANIES)
        ]  # fmt: skip

    def _seller(self, company: int) -> int:
        team = self.users["Sales South" if is_south(COMPANIES[company]) else "Sales North"]
        return team[company % len(team)]

    def person_rows(self) -> Rows:
        """Return one to four people for each company, no two with the same name."""
        names = [(first, last) for last in LAST for first in FIRST]
        self.chance.shuffle(names)
        rows: Rows = []
        for place, company in enumerate(COMPANIES):
            for position in POSITIONS[: 1 + (place * 7 + company.employees) % len(POSITIONS)]:
                first, last = names.pop()
                number = self.chance.randint(10_000, 99_999)
                rows.append(
                    {
                        "name": {"first": first, "last": last},
                        "company": self.companies[place],
                        "position": position, "owner": self._seller(place),
                        "email": f"{_plain(first)}.{_plain(last)}@{_plain(company.name)}.example",
                        "phone": f"{_CODES[company.country]} {number}",
                        "newsletter": self.chance.random() < 0.4,
                    }
                )  # fmt: skip
                self._at.append(place)
        return rows

    def _contact(self, company: int) -> int:
        there = [id_ for id_, place in zip(self.people, self._at, strict=True) if place == company]
        return self.chance.choice(there)

    def deal_rows(self) -> Rows:
        """Return the deals of each company, in the order in which they were opened."""
        rows = [
            row
            for place, company in enumerate(COMPANIES)
            for row in self._deals(place, company, _COURSES[place % len(_COURSES)])
        ]
        return sorted(rows, key=lambda row: row["opened"])

    def _deals(
        self, place: int, company: Company, course: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        offers = (*OFFERS[company.industry], SERVICE_OFFER)
        # One after the other; the last decision is behind us.
        day = self.today - timedelta(days=self.chance.randint(150, 230) * len(course))
        for turn, outcome in enumerate(course):
            what, price = offers[(place + turn) % len(offers)]
            opened = day + timedelta(days=self.chance.randint(0, 30))
            if outcome == "open":
                opened = self.today - timedelta(days=self.chance.randint(1, 60))
                closes = self.today + timedelta(days=self.chance.randint(5, 120))
                stage = self.chance.choice(_OPEN)
            else:
                closes, stage = opened + timedelta(days=self.chance.randint(30, 110)), outcome
            if stage == "won":
                self._since.setdefault(place, closes)
            day = closes
            yield {
                "name": f"{what} for {company.name}", "company": self.companies[place],
                "contact": self._contact(place), "stage": stage, "owner": self._seller(place),
                "amount": self._price(price, company.employees), "opened": opened.isoformat(),
                "closes": closes.isoformat(), "source": self.chance.choice(_SOURCES),
            }  # fmt: skip

    def _price(self, base: int, employees: int) -> str:
        # Large companies pay less for each head.
        heads = 10 + employees**0.8
        return f"{round(base * heads * self.chance.uniform(0.8, 1.2), -2):.2f}"

    def customer_rows(self) -> Rows:
        """Return what the deals made of the companies, and who belongs to whom."""
        ids = dict(zip((c.name for c in COMPANIES), self.companies, strict=True))
        rows: Rows = []
        for place, company in enumerate(COMPANIES):
            row: dict[str, Any] = {"id": self.companies[place]}
            if place in self._since:
                row |= {"status": "customer", "customer_since": self._since[place].isoformat()}
            if company.parent is not None:
                row["parent"] = ids[company.parent]
            rows.append(row)
        return rows

    def ticket_rows(self) -> Rows:
        """Return the tickets of the customers, oldest first; most are solved."""
        customers = [place for place, since in self._since.items() if since < self.today]
        rows: Rows = []
        for turn in range(_TICKETS):
            place = customers[turn % len(customers)]
            days = max(1, (self.today - self._since[place]).days)
            day = self.today - timedelta(days=self.chance.randint(0, min(days, 200) - 1))
            rows.append(self._ticket(turn, place, day))
        rows.sort(key=lambda row: row["opened"])
        for number, row in enumerate(rows, 1):
            row["number"] = f"T-{number:04}"
        return rows

    def _ticket(self, turn: int, place: int, day: date) -> dict[str, Any]:
        subject, priority, hours = TROUBLES[turn % len(TROUBLES)]
        opened = datetime.combine(
            day, time(self.chance.randint(6, 14), self.chance.choice((5, 20, 40))), UTC
        )
        if day == self.today:
            opened -= timedelta(days=1)
        row: dict[str, Any] = {
            "subject": subject, "priority": priority, "company": self.companies[place],
            "reported_by": self._contact(place), "opened": opened.isoformat(),
            "owner": self.users["Service"][turn % len(self.users["Service"])],
        }  # fmt: skip
        age = (self.today - opened.date()).days
        if age > 14 or (self.chance.random() < 0.3 and age > 4):
            took = timedelta(days=self.chance.randint(0, 3), hours=self.chance.randint(1, 3))
            row |= {
                "state": "solved", "solved": (opened + took).isoformat(), "hours": f"{hours:.2f}",
                "notes": f"{subject}: looked into and solved on site.",
            }  # fmt: skip
        else:
            row["state"] = self.chance.choice(("new", "planned", "waiting"))
        return row


#: International dialling codes.
_CODES: Final = {
    "Germany": "+49 30 555", "Austria": "+43 1 555", "Netherlands": "+31 20 55",
    "France": "+33 1 990",
}  # fmt: skip


def _plain(name: str) -> str:
    """Return a name as it stands in an address: no marks, no blanks, small letters."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in parts if c.isascii() and c.isalnum())

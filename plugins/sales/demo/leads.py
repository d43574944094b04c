"""Leads: whoever asked, month by month; old ones are decided."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, Final

from relatum import Demo

SOURCES: Final = (
    ("website", 30), ("referral", 18), ("trade_fair", 16), ("call", 10), ("campaign", 10),
    ("partner", 8), ("tender", 6), ("other", 2),
)  # fmt: skip
_SUBJECTS: Final = (
    "Softening for {}", "Water analysis at {}", "Waste water of {}", "Pure water for {}",
    "Legionella at {}", "New well at {}", "Service for {}", "Recycling at {}",
)  # fmt: skip
_LOST: Final = ("lost", "cannot_contact", "no_longer_interested", "canceled")
_MONTHS: Final = 24
_EACH: Final = 16


#: Account → the qualified leads there, each with the day on which it was.
Qualified = dict[int, list[tuple[date, int]]]


def fill(demo: Demo) -> Qualified:
    """Make the leads of each month; most are decided within weeks, those of late not yet."""
    chance = demo.chance("leads")
    qualified: Qualified = {}
    accounts = [a for a in demo.made("account") if a["type"] in ("prospect", "customer")]
    marketing = demo.users["Marketing"]
    for month in range(_MONTHS):
        begun = demo.today - timedelta(days=720 - month * 30)
        there = [account for account in accounts if demo.made_on(account["id"]) <= begun]
        rows = [
            _lead(demo, chance, chance.choice(there), marketing[place % len(marketing)])
            for place in range(_EACH)
        ]
        with demo.on(begun, 9, month):
            demo.create("lead", rows)
        decided = begun + timedelta(days=chance.randint(9, 26))
        if decided < demo.today:
            with demo.on(decided, 14, month * 2):
                demo.update("lead", [_decided(chance, row, month) for row in rows])
            for row in rows:
                if row.get("status") == "qualified":
                    qualified.setdefault(row["account"], []).append((decided, row["id"]))
    return qualified


def _lead(demo: Demo, chance: random.Random, account: dict[str, Any], owner: int) -> dict[str, Any]:
    first, last = demo.person(chance)
    domain = account["website"].removeprefix("https://www.").rstrip("/")
    amount = round(account["employees"] ** 0.7 * chance.uniform(200, 900), -2)
    return {
        "subject": chance.choice(_SUBJECTS).format(account["name"]), "owner": owner,
        "name": {"first": first, "last": last}, "company": account["name"],
        "email": f"office@{domain}", "phone": account["phone"], "employees": account["employees"],
        "source": choose(chance, SOURCES), "rating": chance.choice(("hot", "warm", "warm", "cold")),
        "estimated_amount": f"{max(amount, 500):.2f}",
        "address": {"city": account["billing_address"]["city"],
                    "country": account["billing_address"]["country"]},
        "account": account["id"],
    }  # fmt: skip


def _decided(chance: random.Random, lead: dict[str, Any], month: int) -> dict[str, Any]:
    if month >= _MONTHS - 2 and chance.random() < 0.6:
        return {"id": lead["id"], "status": "contacted"}
    status = "qualified" if chance.random() < 0.5 else chance.choice(_LOST)
    lead["status"] = status
    return {"id": lead["id"], "status": status}


def choose(chance: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    """Return one of some words, each as often as its weight says."""
    words, weights = zip(*weighted, strict=True)
    return str(chance.choices(words, weights)[0])

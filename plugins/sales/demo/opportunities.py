"""Opportunities: opened, moved from stage to stage and decided, week by week.

Small accounts decide fast and often for Klarwerk, large ones slowly and on larger amounts. What is
written in a week is a change of that week, so that history and dates belong together.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from relatum import Demo

from .leads import SOURCES, Qualified, choose

Row = dict[str, Any]
_COUNT: Final = 1_500
_WEEKS: Final = 104
_PATH: Final = ("develop", "propose", "negotiate")
_RENEWING: Final = {"develop": "review", "propose": "talks", "negotiate": "offered"}
_REASONS: Final = (
    ("price", 30), ("competitor", 24), ("no_decision", 18), ("no_budget", 14), ("timing", 9),
    ("missing_feature", 5),
)  # fmt: skip
_NEXT: Final = {
    "qualify": "Call back about the need", "develop": "Visit the site, take samples",
    "propose": "Present the offer", "negotiate": "Agree on terms with purchasing",
}  # fmt: skip
_STANDINGS: Final = (
    ("Cheaper by a tenth", "No service within two hours"),
    ("Delivers within a week", "Pumps need a larger base"),
    ("Supplied the last plant", "Slow with spare parts"),
)
#: The currencies of those who do not pay in that of the instance.
_CURRENCIES: Final = {"CH": "CHF", "GB": "GBP", "US": "USD", "JP": "JPY"}
_ROLES: Final = ("decision_maker", "evaluator", "influencer", "technical", "user", "sponsor")


class Segment(NamedTuple):
    """How accounts up to a size buy."""

    employees: int
    won: float
    days: tuple[int, int]
    lines: tuple[int, int]
    quantity: int
    #: Lowest and highest list price of what they buy first.
    price: tuple[float, float]
    discount: tuple[int, ...]


_SEGMENTS: Final = (
    Segment(50, 0.46, (18, 70), (1, 3), 2, (180, 7_000), (0, 0, 0, 3, 5)),
    Segment(400, 0.37, (35, 120), (2, 4), 4, (1_000, 30_000), (0, 0, 3, 5, 8)),
    Segment(10**9, 0.29, (70, 210), (2, 5), 6, (4_000, 220_000), (0, 3, 5, 8, 12)),
)  # fmt: skip


class Course(NamedTuple):
    """An opportunity to come: its row, and what happens to it on which days."""

    opened: date
    row: Row
    steps: tuple[tuple[date, Row], ...]


def fill(demo: Demo, leads: Qualified) -> None:
    """Make the opportunities of two years, with lines, roles and every step of theirs."""
    chance = demo.chance("opportunities")
    courses = sorted(_courses(demo, chance), key=lambda course: course.opened)
    _origins(chance, courses, leads)
    days = list(_days(demo.today))
    opened: dict[date, list[Course]] = {}
    moves: dict[date, list[tuple[Course, Row]]] = {}
    for course in courses:
        opened.setdefault(days[bisect_left(days, course.opened)], []).append(course)
        for day, step in course.steps:
            if day < demo.today:
                moves.setdefault(days[bisect_left(days, day)], []).append((course, step))
    for place, day in enumerate(days):
        with demo.on(day, 8 + place % 9, place * 13 % 60):
            _week(demo, chance, opened.get(day, []), moves.get(day, []))
    _accounts(demo, courses)


def _days(today: date) -> Iterator[date]:
    """Yield the days on which things are written: one a week, not always the same one."""
    for week in range(_WEEKS):
        yield today - timedelta(weeks=_WEEKS - week, days=week * 3 % 5)
    yield today


def _week(
    demo: Demo, chance: random.Random, opened: list[Course], moves: list[tuple[Course, Row]]
) -> None:
    if opened:
        demo.create("opportunity", [course.row for course in opened])
        demo.create("opportunity_contact", _roles(demo, chance, opened))
        demo.create("opportunity_competitor", _rivals(demo, chance, opened))
    # A course may take two steps in a week; each is a change of its own in the order of days.
    while moves:
        seen: set[int] = set()
        rest = []
        now = []
        for course, step in moves:
            if course.row["id"] in seen:
                rest.append((course, step))
            else:
                seen.add(course.row["id"])
                now.append({"id": course.row["id"], **step})
        demo.update("opportunity", now)
        moves = rest


# -- courses --------------------------------------------------------------------------------
def _courses(demo: Demo, chance: random.Random) -> Iterator[Course]:
    known = [a for a in demo.made("account") if a["type"] in ("prospect", "customer")]
    # One in six is only known so far.
    buyers = [account for place, account in enumerate(known) if place % 6]
    products = [p for p in demo.made("product") if p["status"] == "active"]
    rivals = [a["id"] for a in demo.made("account") if a["type"] == "competitor"]
    lists = {row["valid_from"][:4]: row["id"] for row in reversed(demo.made("price_list"))}
    people: dict[int, list[Row]] = {}
    for contact in demo.made("contact"):
        people.setdefault(contact.get("account", 0), []).append(contact)
    weights = [1 + account["employees"] ** 0.35 for account in buyers]
    for account in chance.choices(buyers, weights, k=_COUNT):
        segment = next(s for s in _SEGMENTS if account["employees"] <= s.employees)
        row = _row(chance, account, segment, products)
        row["contact"] = chance.choice(people[account["id"]])["id"]
        course = _course(demo, chance, segment, row, rivals)
        if row["currency"] is None:
            row["price_list"] = lists.get(str(course.opened.year))
        yield course


def _origins(chance: random.Random, courses: list[Course], leads: Qualified) -> None:
    """Say of each, in the order of time, whether it is new business and which lead it came of."""
    won: dict[int, date] = {}
    for course in courses:
        account = course.row["account"]
        if won.get(account, course.opened) < course.opened:
            course.row["type"] = chance.choice(("expansion", "expansion", "renewal"))
            course.row["source"] = "existing_customer"
            if course.row["type"] == "renewal":
                _renew(course)
        else:
            course.row["type"] = "new_business"
            course.row["lead"] = _lead(course, leads.get(account, []))
        day, step = course.steps[-1]
        if step.get("stage") == "won":
            won[account] = min(won.get(account, day), day)


def _renew(course: Course) -> None:
    """Let a deal go the way of renewals."""
    course.row["pipeline"] = "renewal"
    course.row["next_step"] = "Ask whether all went well"
    for _, step in course.steps:
        step["stage"] = _RENEWING.get(step["stage"], step["stage"])


def _lead(course: Course, qualified: list[tuple[date, int]]) -> int | None:
    """Take a lead of the half year before."""
    for each in qualified:
        if 0 <= (course.opened - each[0]).days <= 180:
            qualified.remove(each)
            return each[1]
    return None


def _row(chance: random.Random, account: Row, segment: Segment, products: list[Row]) -> Row:
    low, high = segment.price
    main = [p for p in products if low <= float(p["list_price"]) <= high and p["type"] == "goods"]
    count = chance.randint(*segment.lines)
    first, *others = [chance.choice(main), *chance.sample(products, count - 1)]
    lines = []
    for product in (first, *others):
        price = float(product["list_price"])
        most = max(1, round(segment.quantity * (1 if price > 5_000 else 3)))
        lines.append(
            {
                "product": product["id"],
                "quantity": str(1 if price > 40_000 else chance.randint(1, most)),
                "discount": str(chance.choice(segment.discount)),
            }
        )  # fmt: skip
    return {
        "name": f"{first['name']} for {account['name']}", "account": account["id"],
        "amount_from_lines": True, "owner": account["owner"], "lines": lines,
        "currency": _CURRENCIES.get(account["billing_address"]["country"]),
        "source": choose(chance, SOURCES), "next_step": _NEXT["qualify"],
    }  # fmt: skip


def _course(
    demo: Demo, chance: random.Random, segment: Segment, row: Row, rivals: list[int]
) -> Course:
    since = (demo.today - demo.made_on(row["account"])).days
    opened = demo.today - timedelta(days=chance.randint(1, min(_WEEKS * 7, max(since - 1, 1))))
    length = chance.randint(*segment.days)
    wins = chance.random() < segment.won
    # Who loses may be out at any stage; who wins goes all the way.
    path = _PATH if wins else _PATH[: chance.choice((0, 1, 2, 2, 3, 3))]
    days = sorted(chance.sample(range(2, length), len(path))) if length > 6 else [2, 3, 4]
    steps: list[tuple[date, Row]] = [
        (opened + timedelta(days=day), {"stage": stage, "next_step": _NEXT[stage]})
        for day, stage in zip(days, path, strict=False)
    ]
    closes = opened + timedelta(days=length)
    row["close_date"] = (closes + timedelta(days=chance.choice((-14, 0, 0, 10, 30)))).isoformat()
    decided: Row = {"stage": "won" if wins else "lost", "next_step": None}
    decided["close_date"] = closes.isoformat()
    if not wins:
        decided["lost_reason"] = choose(chance, _REASONS)
        if decided["lost_reason"] in ("competitor", "price") and rivals:
            decided["competitor"] = chance.choice(rivals)
    if closes >= demo.today:
        # Open ones are expected to close in the future.
        later = max(closes, demo.today + timedelta(days=3))
        row["close_date"] = later.isoformat()
        row["forecast_category"] = chance.choice(("pipeline", "pipeline", "best_case"))
        if wins and chance.random() < 0.7:
            steps[-1][1]["forecast_category"] = "commit"
    return Course(opened, row, (*steps, (closes, decided)))


def _roles(demo: Demo, chance: random.Random, opened: list[Course]) -> list[Row]:
    by_account: dict[int, list[int]] = {}
    for contact in demo.made("contact"):
        by_account.setdefault(contact.get("account", 0), []).append(contact["id"])
    rows = []
    for course in opened:
        there = by_account[course.row["account"]]
        for place, id_ in enumerate(chance.sample(there, min(len(there), chance.randint(0, 3)))):
            role = _ROLES[0] if place == 0 else chance.choice(_ROLES[1:])
            rows.append(
                {"opportunity": course.row["id"], "contact": id_, "role": role,
                 "owner": course.row["owner"]}
            )  # fmt: skip
    return rows


def _rivals(demo: Demo, chance: random.Random, opened: list[Course]) -> list[Row]:
    """Let some deals have competitors, the large ones two of them."""
    known = [a["id"] for a in demo.made("account") if a["type"] == "competitor"]
    rows = []
    for course in opened:
        count = (chance.random() < 0.3) + (len(course.row["lines"]) > 3)
        for rival in chance.sample(known, min(count, len(known))):
            strength, weakness = chance.choice(_STANDINGS)
            rows.append(
                {"opportunity": course.row["id"], "competitor": rival, "strengths": strength,
                 "weaknesses": weakness, "threat": chance.choice(("high", "medium", "low")),
                 "owner": course.row["owner"]}
            )  # fmt: skip
    return rows


def _accounts(demo: Demo, courses: list[Course]) -> None:
    """Make customers of who bought, former ones of who did long ago; the rest are prospects."""
    last: dict[int, date] = {}
    for course in courses:
        day, step = course.steps[-1]
        if step.get("stage") == "won" and day < demo.today:
            account = course.row["account"]
            last[account] = max(last.get(account, day), day)
    long_ago = demo.today - timedelta(days=540)
    rows = []
    for account in demo.made("account"):
        if account["type"] in ("prospect", "customer"):
            won = last.get(account["id"])
            kind = "prospect" if won is None else "former" if won < long_ago else "customer"
            rows.append({"id": account["id"], "type": kind})
    with demo.on(demo.today - timedelta(days=1), 17):
        demo.update("account", rows)

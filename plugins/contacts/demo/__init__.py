"""Whom Klarwerk deals with: organisations of all sizes, the people there, and some households."""

from __future__ import annotations

import random
import unicodedata
from datetime import date, timedelta
from typing import Any

from relatum import Demo

from .names import CITIES, HEADS, INDUSTRIES, OTHERS, SALUTATIONS, STREETS, TITLES

Row = dict[str, Any]
_ACCOUNTS, _CONTACTS, _HOUSEHOLDS = 200, 1_000, 25
#: Two years in as many steps: what was there at first, and what came along.
_STEPS = 24
_THERE_AT_FIRST = 0.55


def fill(demo: Demo) -> None:
    """Make 200 accounts and 1,000 contacts, over the last two years."""
    chance = demo.chance("contacts")
    accounts = _accounts(demo, chance)
    people = _sizes(accounts, _CONTACTS - 3 * _HOUSEHOLDS)
    start = 0
    for step, count in enumerate(_counts()):
        part = accounts[start : start + count]
        with demo.on(_day(demo, step), 8 + step % 8, step * 7 % 60):
            demo.create("account", part)
            _contacts(demo, chance, part, people[start : start + count])
        start += count
    with demo.on(demo.today - timedelta(days=20), 15):
        _families(demo, chance)
        _households(demo, chance)
        _roles(demo, chance)
        _further(demo, chance)


def _day(demo: Demo, step: int) -> date:
    return demo.today - timedelta(days=730 - step * 30)


def _counts() -> list[int]:
    """Return how many accounts come with each step."""
    first = int(_ACCOUNTS * _THERE_AT_FIRST)
    each, rest = divmod(_ACCOUNTS - first, _STEPS - 1)
    return [first, *(each + (step < rest) for step in range(_STEPS - 1))]


# -- accounts -------------------------------------------------------------------------------
def _accounts(demo: Demo, chance: random.Random) -> list[Row]:
    names = [
        (f"{head} {tail}", industry)
        for industry, tails in INDUSTRIES.items()
        for tail in tails
        for head in HEADS
    ]
    chance.shuffle(names)
    # At most a few of one name, as in life.
    known: dict[str, int] = {}
    rows: list[Row] = []
    for name, industry in names:
        head = name.partition(" ")[0]
        known[head] = known.get(head, 0) + 1
        if known[head] <= 5 and len(rows) < _ACCOUNTS:
            rows.append(_account(demo, chance, name, industry, len(rows)))
    return rows


def _account(demo: Demo, chance: random.Random, name: str, industry: str, place: int) -> Row:
    city, code, country, north, phone = CITIES[place % len(CITIES)]
    employees = max(2, round(chance.lognormvariate(4.4, 1.3)))
    sellers = demo.users["Sales North" if north else "Sales South"]
    domain = f"{_plain(name)}.example"
    other = {6: "competitor", 17: "supplier", 29: "partner"}.get(place % 33)
    return {
        "name": name, "industry": industry, "employees": employees,
        "type": other or ("customer" if chance.random() < 0.4 else "prospect"),
        "annual_revenue": f"{round(employees * chance.uniform(80, 240)) * 1000:.2f}",
        "website": f"https://www.{domain}/", "email": f"info@{domain}",
        "phone": phone.format(chance.randint(0, 99)),
        "billing_address": {
            "street": f"{chance.choice(STREETS)} {chance.randint(1, 140)}", "city": city,
            "postal_code": code, "country": country,
        },
        "owner": sellers[place % len(sellers)],
    }  # fmt: skip


def _families(demo: Demo, chance: random.Random) -> None:
    """Let large accounts have smaller ones that bear their name."""
    by_head: dict[str, list[Row]] = {}
    for account in demo.made("account"):
        by_head.setdefault(account["name"].partition(" ")[0], []).append(account)
    rows = []
    for same in by_head.values():
        head = max(same, key=lambda account: account["employees"])
        rows += [
            {"id": a["id"], "parent": head["id"]}
            for a in same
            if a is not head and a["type"] == head["type"] and chance.random() < 0.5
        ]
    demo.update("account", rows)


# -- people ---------------------------------------------------------------------------------
def _sizes(accounts: list[Row], total: int) -> list[int]:
    """Return how many people are known at each account; more at larger ones, all in all `total`."""
    weights = [1 + min(account["employees"], 2_000) ** 0.45 for account in accounts]
    scale = (total - len(accounts)) / sum(weights)
    counts = [1 + int(weight * scale) for weight in weights]
    for place in range(total - sum(counts)):
        counts[place % len(counts)] += 1
    return counts


def _contacts(demo: Demo, chance: random.Random, accounts: list[Row], counts: list[int]) -> None:
    """Make the people of accounts: first who is asked first, then who reports to him."""
    heads = [_contact(demo, chance, account, TITLES[0]) for account in accounts]
    demo.create("contact", heads)
    demo.update(
        "account",
        [
            {"id": account["id"], "primary_contact": head["id"]}
            for account, head in zip(accounts, heads, strict=True)
        ],
    )
    rows = []
    for account, head, count in zip(accounts, heads, counts, strict=True):
        for place in range(1, count):
            row = _contact(demo, chance, account, TITLES[place % len(TITLES)])
            if chance.random() < 0.6:
                row["reports_to"] = head["id"]
            rows.append(row)
    demo.create("contact", rows)


def _contact(demo: Demo, chance: random.Random, account: Row, title: tuple[str, str]) -> Row:
    first, last = demo.person(chance)
    domain = account["website"].removeprefix("https://www.").rstrip("/")
    refuses = chance.random() < 0.03
    row: Row = {
        "name": {"first": first, "last": last}, "job_title": title[0], "department": title[1],
        "account": account["id"], "email": f"{_plain(first)}.{_plain(last)}@{domain}",
        "phone": account["phone"][:-2] + f"{chance.randint(0, 99):02}",
        "consent_email": not refuses and chance.random() < 0.45,
        "consent_phone": not refuses and chance.random() < 0.2,
        "do_not_contact": refuses, "owner": account["owner"],
    }  # fmt: skip
    if chance.random() < 0.06:
        row["name"]["salutation"] = chance.choice(SALUTATIONS)
    if chance.random() < 0.5:
        row["mobile"] = f"+49 171 39200{chance.randint(0, 99):02}"
    if chance.random() < 0.3:
        born = demo.today - timedelta(days=chance.randint(24 * 365, 63 * 365))
        row["birthday"] = born.isoformat()
    return row


def _households(demo: Demo, chance: random.Random) -> None:
    households, people = [], []
    for place in range(_HOUSEHOLDS):
        city, code, country, north, _ = CITIES[place * 5 % len(CITIES)]
        sellers = demo.users["Sales North" if north else "Sales South"]
        address = {
            "street": f"{chance.choice(STREETS)} {chance.randint(1, 90)}", "city": city,
            "postal_code": code, "country": country,
        }  # fmt: skip
        last = demo.person(chance)[1]
        owner = sellers[place % len(sellers)]
        households.append({"name": f"{last} household", "address": address, "owner": owner})
        people.append([(demo.person(chance)[0], last, address, owner) for _ in range(3)])
    demo.create("household", households)
    demo.create(
        "contact",
        [
            {
                "name": {"first": first, "last": last}, "address": address, "owner": owner,
                "household": household["id"],
                "email": f"{_plain(first)}.{_plain(last)}@{OTHERS}",
            }
            for household, members in zip(households, people, strict=True)
            for first, last, address, owner in members
        ],
    )  # fmt: skip


def _roles(demo: Demo, chance: random.Random) -> None:
    """Let some people have a role in another account too."""
    accounts, contacts = demo.made("account"), demo.made("contact")
    roles = ("board_member", "consultant", "influencer", "technical", "billing")
    rows = []
    for place in range(0, len(contacts), 23):
        contact, account = contacts[place], accounts[place * 7 % len(accounts)]
        if contact.get("account") != account["id"]:
            begun = demo.today - timedelta(days=chance.randint(100, 2_000))
            ended = begun + timedelta(days=chance.randint(90, 900))
            past = ended < demo.today and chance.random() < 0.4
            rows.append(
                {
                    "account": account["id"], "contact": contact["id"],
                    "role": chance.choice(roles), "valid_from": begun.isoformat(),
                    "valid_to": ended.isoformat() if past else None,
                }
            )  # fmt: skip
    demo.create("account_contact", rows)


def _further(demo: Demo, chance: random.Random) -> None:
    """Let some people have a private e-mail or phone too, and large accounts a branch."""
    emails, phones, addresses = [], [], []
    for contact in demo.made("contact")[::9]:
        name = contact["name"]
        private = f"{_plain(name['first'])}.{_plain(name['last'])}@{OTHERS}"
        if contact["email"] != private:
            emails.append({"contact": contact["id"], "label": "home", "email": private})
        number = f"+49 171 39201{chance.randint(0, 99):02}"
        phones.append({"contact": contact["id"], "label": "home", "phone": number})
    for place, account in enumerate(a for a in demo.made("account") if a["employees"] > 150):
        city, code, country, _, _ = CITIES[(place * 3 + 1) % len(CITIES)]
        street = f"{chance.choice(STREETS)} {chance.randint(1, 140)}"
        address = {"street": street, "city": city, "postal_code": code, "country": country}
        addresses.append({"account": account["id"], "label": "branch", "address": address})
    demo.create("contact_email", emails)
    demo.create("contact_phone", phones)
    demo.create("account_address", addresses)


def _plain(name: str) -> str:
    """Return a name as it stands in an address: no marks, no blanks, small letters."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in parts if c.isascii() and c.isalnum())

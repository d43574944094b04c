"""The data of a run: three CSV files of one shape, made here or given by the caller.

| file | rows | columns |
|---|---|---|
| accounts.csv | 5,000 | id, name, city, phone, email, created_at |
| contacts.csv | 100,000 | id, first_name, last_name, name, email, phone, city, account_id, … |
| opportunities.csv | 20,000 | id, name, account_id, contact_id, stage, amount, close_date, … |

The same seed gives the same bytes. Cities are skewed: the first has about 6 % of the contacts,
the last about 0.1 %.
"""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

SEED: Final = 7_041_776
ACCOUNTS, CONTACTS, OPPORTUNITIES = 5_000, 100_000, 20_000
STAGES: Final = {
    "New": 10,
    "Qualified": 25,
    "Proposal": 50,
    "Negotiation": 75,
    "Won": 100,
    "Lost": 0,
}
_GIVEN: Final = (
    "Ada Amir Anna Aylin Ben Bilal Carla Chen Dana David Elif Emma Farid Fiona Georg Grace Hana "
    "Hugo Ines Ivan Jana Jonas Kaja Karim Lena Liam Maria Mateo Nadia Noah Olga Omar Paula Pavel "
    "Rosa Ravi Sara Sven Tara Tomas Uma Viktor Wanda Xenia Yusuf Zoe Änne Émile Øystein Łucja"
).split()
_FAMILY: Final = (
    "Abel Adler Almeida Bauer Becker Bianchi Brandt Castro Conti Dahl Diaz Eriksen Falk Fischer "
    "Garcia Gruber Hansen Hofer Ito Jansen Kaya Keller Kowalski Lang Larsen Lopez Maier Marino "
    "Meyer Moreau Müller Nagy Novak Olsen Patel Petit Popov Ricci Romero Rossi Santos Schmid "
    "Silva Singh Tanaka Vogel Wagner Weber Yilmaz Ziegler"
).split()
_PLACE: Final = (
    "Alten Blau Eichen Fels Grün Hohen Linden Mühl Neu Ober Rosen See Stein Tannen Unter Wald"
).split()
_KIND: Final = "bach berg brück burg dorf feld hausen heim ried stadt tal".split()
_TRADE: Final = (
    "Analytik Bau Chemie Design Energie Foto Glas Holz Import Kabel Logistik Medien Optik Papier"
).split()
_FORM: Final = "GmbH AG Ltd Inc SARL Oy".split()


def prepare(folder: Path) -> Path:
    """Write the three files into `folder` and return it."""
    draw = random.Random(SEED)
    accounts = [_account(draw, number) for number in range(1, ACCOUNTS + 1)]
    contacts = [_contact(draw, number, accounts) for number in range(1, CONTACTS + 1)]
    _write(folder / "accounts.csv", accounts)
    _write(folder / "contacts.csv", contacts)
    opportunities = [_opportunity(draw, number, contacts) for number in range(1, OPPORTUNITIES + 1)]
    _write(folder / "opportunities.csv", opportunities)
    return folder


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of `<name>.csv`."""
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(path: Path, made: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(made[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(made)


_CITIES: Final = [place + kind for place in _PLACE for kind in _KIND]
_WEIGHTS: Final = [1 / (rank + 5) for rank in range(len(_CITIES))]


def _city(draw: random.Random) -> str:
    return draw.choices(_CITIES, _WEIGHTS)[0]


def _phone(draw: random.Random) -> str:
    return f"+49{draw.randint(30, 999)}{draw.randrange(10**6, 10**7)}"


def _moment(draw: random.Random) -> str:
    moment = datetime(2021, 1, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(150_000_000))
    return moment.replace(tzinfo=None).isoformat(" ")


def _account(draw: random.Random, number: int) -> dict[str, Any]:
    name = f"{draw.choice(_FAMILY)} {draw.choice(_TRADE)} {draw.choice(_FORM)} {number:04}"
    return {
        "id": number, "name": name, "city": _city(draw), "phone": _phone(draw),
        "email": f"office{number}@account{number}.example.com", "created_at": _moment(draw),
    }  # fmt: skip


def _contact(draw: random.Random, number: int, accounts: list[dict[str, Any]]) -> dict[str, Any]:
    first, last, account = draw.choice(_GIVEN), draw.choice(_FAMILY), draw.choice(accounts)
    return {
        "id": number, "first_name": first, "last_name": last, "name": f"{first} {last}",
        "email": f"contact.{number}@example.com", "phone": _phone(draw), "city": _city(draw),
        "account_id": account["id"], "account_name": account["name"], "created_at": _moment(draw),
    }  # fmt: skip


def _opportunity(
    draw: random.Random, number: int, contacts: list[dict[str, Any]]
) -> dict[str, Any]:
    contact, stage = draw.choice(contacts), draw.choice(list(STAGES))
    return {
        "id": number, "name": f"Deal {number:05}", "account_id": contact["account_id"],
        "contact_id": contact["id"], "stage": stage,
        "amount": f"{draw.randint(50_000, 25_000_000) / 100:.2f}", "probability": STAGES[stage],
        "close_date": _moment(draw)[:10], "created_at": _moment(draw),
    }  # fmt: skip

"""What Klarwerk sells: water treatment, from the filter cartridge to the plant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from relatum import Demo

from .catalogue import FAMILIES, PRODUCTS, UNITS

#: Currencies abroad: what one was worth two years ago, and by how much that changes in a quarter.
_ABROAD: Final = (
    ("GBP", 1, Decimal("1.149"), Decimal("1.002")),
    ("CHF", 1, Decimal("1.041"), Decimal("1.004")),
    ("USD", 1, Decimal("0.921"), Decimal("0.993")),
    ("JPY", 100, Decimal("0.612"), Decimal("1.006")),
)
_RATE: Final = Decimal("0.000001")
#: Price lists abroad: what one in the own currency costs there.
_EXPORT: Final = (("GBP", 0.87), ("CHF", 0.98))


def fill(demo: Demo) -> None:
    """Make families, units, products, currencies and price lists of three years and abroad."""
    with demo.on(demo.today - timedelta(days=740)):
        families, units = _families(demo), _units(demo)
        products = demo.create("product", _products(families, units))
        _currencies(demo)
        year = demo.today.year
        lists = [
            *(_list(f"List prices {y}", "EUR", y) for y in (year - 2, year - 1, year)),
            *(_list(f"Export prices {year} {code}", code, year) for code, _ in _EXPORT),
        ]
        abroad = dict(_EXPORT)
        for place, each in enumerate(lists):
            rate = abroad.get(each["currency"]) or 0.97 ** (2 - place)
            each["items"] = [item for p in products for item in _items(p, units, rate)]
        demo.create("price_list", lists)


def _units(demo: Demo) -> dict[str, int]:
    groups = demo.create("unit_group", [{"name": name} for name, _ in UNITS])
    rows = [
        {"unit_group": group["id"], "name": name, "factor": factor, "digits": digits}
        for group, (_, units) in zip(groups, UNITS, strict=True)
        for name, factor, digits in units
    ]
    return {str(row["name"]).casefold(): row["id"] for row in demo.create("unit", rows)}


def _currencies(demo: Demo) -> None:
    made = demo.create("currency", [{"code": code} for code, *_ in _ABROAD])
    rates = []
    for currency, (_, per, rate, step) in zip(made, _ABROAD, strict=True):
        for quarter in range(9):
            day = demo.today - timedelta(days=740 - quarter * 91)
            worth = (rate * step**quarter).quantize(_RATE)
            rates.append(
                {"currency": currency["id"], "valid_from": day.isoformat(), "rate": str(worth),
                 "per": per}
            )  # fmt: skip
    demo.create("exchange_rate", rates)


def _items(product: dict[str, Any], units: dict[str, int], rate: float) -> Iterator[dict[str, Any]]:
    """Yield the prices of a product: spare parts by the box, too, and for less from ten on."""
    if product["status"] != "active":
        return
    price = float(product["list_price"]) * rate
    yield {"product": product["id"], "unit": product["unit"], "price": f"{_nice(price):.2f}"}
    if product["unit"] == units["piece"] and price < 50:
        box = {"product": product["id"], "unit": units["box of 12"]}
        yield {**box, "price": f"{_nice(price * 11):.2f}"}
    elif product["unit"] == units["piece"] and price < 1000:
        more = {"product": product["id"], "unit": product["unit"], "from_quantity": "10"}
        yield {**more, "price": f"{_nice(price * 0.95):.2f}"}


def _families(demo: Demo) -> dict[str, int]:
    ids: dict[str, int] = {}
    for parents in (True, False):
        rows = [
            {"name": name, "parent": ids.get(parent), "description": about}
            for name, parent, about in FAMILIES
            if (parent == "") is parents
        ]
        ids |= {row["name"]: row["id"] for row in demo.create("product_family", rows)}
    return ids


def _products(families: dict[str, int], units: dict[str, int]) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(PRODUCTS, 1):
        name, family, kind, unit, price = line
        rows.append(
            {
                "name": name, "sku": f"KW-{families[family] % 100:02}{number:03}",
                "family": families[family], "type": kind, "unit": units[unit],
                "list_price": f"{price:.2f}", "cost": f"{price * 0.58:.2f}",
                "tax_rate": "19",
                # One in fifteen is not sold any more.
                "status": "active" if number % 15 else "retired",
            }
        )  # fmt: skip
    return rows


def _list(name: str, currency: str, year: int) -> dict[str, Any]:
    return {
        "name": name, "currency": currency, "valid_from": date(year, 1, 1).isoformat(),
        "valid_to": date(year, 12, 31).isoformat(), "active": True,
    }  # fmt: skip


def _nice(price: float) -> float:
    """Round as price lists do: to whole units from a hundred on."""
    return round(price) if price >= 100 else round(price * 2) / 2

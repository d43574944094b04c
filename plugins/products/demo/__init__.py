"""What Klarwerk sells: water treatment, from the filter cartridge to the plant."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from relatum import Demo

from .catalogue import FAMILIES, PRODUCTS

#: Prices of the list abroad, for one in the currency of the instance.
_POUNDS = 0.87


def fill(demo: Demo) -> None:
    """Make families, products, and a price list for each of three years and one for abroad."""
    with demo.on(demo.today - timedelta(days=740)):
        families = _families(demo)
        products = demo.create("product", _products(families))
        year = demo.today.year
        lists = [
            *(_list(f"List prices {y}", "EUR", y) for y in (year - 2, year - 1, year)),
            _list(f"Export prices {year} GBP", "GBP", year),
        ]
        for place, each in enumerate(lists):
            rate = _POUNDS if each["currency"] == "GBP" else 0.97 ** (2 - place)
            each["items"] = [
                {"product": p["id"], "price": f"{_nice(float(p['list_price']) * rate):.2f}"}
                for p in products
                if p["active"]
            ]
        demo.create("price_list", lists)


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


def _products(families: dict[str, int]) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(PRODUCTS, 1):
        name, family, kind, unit, price = line
        rows.append(
            {
                "name": name, "sku": f"KW-{families[family] % 100:02}{number:03}",
                "family": families[family], "type": kind, "unit": unit,
                "list_price": f"{price:.2f}", "cost": f"{price * 0.58:.2f}",
                # One in fifteen is not sold any more.
                "active": number % 15 != 0,
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

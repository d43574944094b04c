"""What a product costs: by a price list, by units and quantities, in any currency, on a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from relatum import Actor, query

from .money import rounded, stepped
from .rates import Rate, Rates

Row = dict[str, Any]
_HUNDRED: Final = Decimal(100)
_ONE: Final = Decimal(1)
_PRODUCT: Final = (
    "name", "status", "valid_from", "valid_to", "list_price", "cost", "standard_cost", "tax_rate",
    "unit",
)  # fmt: skip
_LIST: Final = ("currency", "active", "valid_from", "valid_to", "rounding", "rounding_step")
_ITEM: Final = ("price_list", "product", "unit", "from_quantity", "method", "price", "percent")


class Wanted(NamedTuple):
    """What is to be priced: so many of a product, in a unit (None: its own), on a day."""

    product: int
    unit: int | None
    quantity: Decimal
    currency: str
    price_list: int | None
    day: date


class Price(NamedTuple):
    """A price for one unit, and where it is from: `price_list`, `list_price` or None."""

    amount: Decimal | None = None
    source: str | None = None


def by_id(type_name: str, ids: Iterable[int | None], names: Sequence[str], actor: Actor) -> Any:
    """Return records by their ids, with some of their fields as they go out."""
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    asked = {"fields": ["id", *names]}
    found = query.every(type_name, asked, among=("id", wanted), actor=actor)
    return {row["id"]: row for row in found}


def is_valid(row: Row, day: date) -> bool:
    """Say whether something that has a first and a last day holds on a day."""
    begins, ends = row["valid_from"], row["valid_to"]
    return (begins is None or begins <= day) and (ends is None or day <= ends)


class Catalogue:
    """What some products cost: what is needed for all of them is read in a query of each type."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        base: str,
        *,
        actor: Actor,
        units: Iterable[int | None] = (),
    ) -> None:
        """Read products, price lists and rates for `wanted`; `base` is the own currency.

        `units` are read beside those of what is wanted.
        """
        self.base = base
        self.products = by_id("product", (w.product for w in wanted), _PRODUCT, actor)
        lists = by_id("price_list", (w.price_list for w in wanted), _LIST, actor)
        self.lists: dict[int, Row] = lists
        self.items = self._items(wanted, actor) if lists else {}
        asked = {*units, *(w.unit for w in wanted), *(p["unit"] for p in self.products.values())}
        asked |= {item["unit"] for some in self.items.values() for item in some}
        self.units = by_id("unit", asked, ("name", "unit_group", "factor", "digits"), actor)
        abroad = {(w.currency, w.day) for w in wanted if w.currency != base}
        self.rates = Rates(abroad, actor=actor)

    def _items(self, wanted: Sequence[Wanted], actor: Actor) -> dict[tuple[int, int], list[Row]]:
        found: dict[tuple[int, int], list[Row]] = {}
        asked = {"fields": ["id", *_ITEM]}
        among = ("product", sorted({w.product for w in wanted if w.price_list is not None}))
        for row in query.every("price_list_item", asked, among=among, actor=actor):
            if row["price_list"] in self.lists:
                found.setdefault((row["price_list"], row["product"]), []).append(row)
        return found

    def price(self, wanted: Wanted) -> Price:
        """Return what one unit costs; nothing if nobody has said so."""
        product = self.products.get(wanted.product)
        if product is None:
            return Price()
        unit = wanted.unit or product["unit"]
        held = self.lists.get(wanted.price_list or 0)
        if held and self._holds(held, wanted):
            found = self._by_list(held, wanted, product, unit)
            if found is not None:
                return Price(found, "price_list")
        listed = self._abroad(product["list_price"], wanted)
        if listed is None:
            return Price()
        amount = listed * self._ratio(unit, product["unit"])
        exact = wanted.currency == self.base
        return Price(
            amount.quantize(Decimal("0.0001")) if exact else rounded(amount, wanted.currency),
            "list_price",
        )

    def _holds(self, held: Row, wanted: Wanted) -> bool:
        same = held["currency"] == wanted.currency
        return bool(held["active"]) and same and is_valid(held, wanted.day)

    def _by_list(self, held: Row, wanted: Wanted, product: Row, unit: int | None) -> Decimal | None:
        """Return the price by the item for the unit itself, else by that for the product's."""
        items = self.items.get((held["id"], wanted.product), [])
        for of in dict.fromkeys((unit, product["unit"])):
            ratio = self._ratio(unit, of)
            reached = [
                item
                for item in items
                if (item["unit"] or product["unit"]) == of
                and Decimal(item["from_quantity"]) <= wanted.quantity * ratio
            ]
            if reached:
                item = max(reached, key=lambda row: (Decimal(row["from_quantity"]), row["id"]))
                amount = self._amount(item, product, wanted, self._ratio(of, product["unit"]))
                if amount is not None:
                    step = held["rounding_step"]
                    return stepped(
                        amount * ratio, wanted.currency, Decimal(step) if step else None,
                        held["rounding"],
                    ) if item["method"] != "amount" or ratio != 1 else amount  # fmt: skip
        return None

    def _amount(self, item: Row, product: Row, wanted: Wanted, ratio: Decimal) -> Decimal | None:
        """Return the price of an item for one of its unit, `ratio` of the product's."""
        if item["method"] == "amount" or item["percent"] is None:
            return Decimal(item["price"]) if item["price"] is not None else None
        percent = Decimal(item["percent"]) / _HUNDRED
        if item["method"] == "list_percent":
            of, factor = product["list_price"], percent
        else:
            of = product["cost"] or product["standard_cost"]
            factor = _ONE + percent if item["method"] == "markup" else _ONE / (_ONE - percent)
        amount = self._abroad(of, wanted)
        return None if amount is None else amount * factor * ratio

    def _abroad(self, amount: str | None, wanted: Wanted) -> Decimal | None:
        """Return an amount of the own currency in that which is wanted; None without a rate."""
        if amount is None or wanted.currency == self.base:
            return None if amount is None else Decimal(amount)
        rate: Rate | None = self.rates.on(wanted.currency, wanted.day)
        return None if rate is None else rate.costs(Decimal(amount))

    def _ratio(self, unit: int | None, of: int | None) -> Decimal:
        """Return how many of a unit another one is; units of different groups are as one."""
        first, second = self.units.get(unit or 0), self.units.get(of or 0)
        if not first or not second or first["unit_group"] != second["unit_group"]:
            return _ONE
        return Decimal(first["factor"]) / Decimal(second["factor"])

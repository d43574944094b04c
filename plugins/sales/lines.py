"""Lines of deals: their prices, what they come to, and what that makes of their deals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from relatum import Actor, WriteBatch, catalog, clock, fields, query, records, slices
from relatum.plugins.products import Catalogue, Price, Wanted, by_id, figures, is_valid

Row = dict[str, Any]
TYPED: Final = "typed"
#: What a deal sums up of its lines, by their fields.
_SUMS: Final = {
    "lines_discount": "discount_total", "lines_net": "net", "lines_tax": "tax",
    "lines_total": "total",
}  # fmt: skip
_DEAL: Final = ("currency", "price_list")
#: Lines or deals that are looked at or written at once.
_SLICE: Final = 200
#: Fields of a line that decide on its price.
_DECIDE: Final = {"product", "unit", "quantity", "price"}


def _own_currency() -> str:
    field = catalog.current().type("opportunity").fields["amount"]
    assert isinstance(field, fields.Money)
    return field.currency


# -- a line ---------------------------------------------------------------------------------
def price(batch: WriteBatch, actor: Actor) -> None:
    """Give lines unit, description and tax of their products, prices, and their figures."""
    base, places = _own_currency(), range(len(batch))
    deals = by_id("opportunity", batch.column("opportunity"), _DEAL, actor)
    currencies = [
        (deals.get(deal, {}).get("currency") or base) for deal in batch.column("opportunity")
    ]
    wanted = [_wanted(batch, place, deals, currencies[place]) for place in places]
    asked = [each for each in wanted if each]
    known = Catalogue(asked, base, actor=actor, units=batch.column("unit"))
    for place in places:
        each = wanted[place]
        if each is not None and each.product in known.products and not batch.undoing:
            _from_product(batch, place, known)
            _set_price(batch, place, known.price(each))
        elif each is None:
            _set_source(batch, place, TYPED if batch.value(place, "price") is not None else None)
        _check_quantity(batch, place, known)
        _figures(batch, place, currencies[place])


def _wanted(batch: WriteBatch, place: int, deals: dict[int, Row], currency: str) -> Wanted | None:
    product = batch.value(place, "product")
    if product is None:
        return None
    deal = deals.get(batch.value(place, "opportunity") or 0, {})
    quantity = batch.value(place, "quantity")
    return Wanted(
        product, batch.value(place, "unit"), Decimal(0) if quantity is None else quantity,
        currency, deal.get("price_list"), clock.today(catalog.current().zone),
    )  # fmt: skip


def _from_product(batch: WriteBatch, place: int, known: Catalogue) -> None:
    """Fill in what a line has from its product; refuse one that is not sold now."""
    if "product" not in batch.changed(place):
        return
    product = known.products[batch.value(place, "product")]
    sold = product["status"] in (None, "active")
    if not (sold and is_valid(product, clock.today(catalog.current().zone))):
        if batch.actor.source != "import":
            text = f"'{product['name']}' is not sold now. Choose another product, or activate it"
            batch.reject(place, text, field="product")
        return
    filled = {
        "description": product["name"], "unit": product["unit"], "tax_rate": product["tax_rate"],
    }  # fmt: skip
    for name, value in filled.items():
        if value is not None and batch.value(place, name) is None:
            batch.set(place, name, value)


def _set_price(batch: WriteBatch, place: int, found: Price) -> None:
    """Give a line its price, unless somebody has typed another one."""
    changed, now = batch.changed(place), batch.value(place, "price")
    if now is not None and "price" in changed:
        same = found.amount is not None and now == found.amount
        _set_source(batch, place, found.source if same else TYPED)
    elif now is None or (changed & _DECIDE and batch.value(place, "price_source") != TYPED):
        if found.amount != now:
            batch.set(place, "price", found.amount)
        _set_source(batch, place, found.source)


def _set_source(batch: WriteBatch, place: int, source: str | None) -> None:
    if batch.value(place, "price_source") != source:
        batch.set(place, "price_source", source)


def _check_quantity(batch: WriteBatch, place: int, known: Catalogue) -> None:
    """Refuse a unit of another group than the product's, and parts of what is counted whole."""
    unit = known.units.get(batch.value(place, "unit") or 0)
    quantity = batch.value(place, "quantity")
    if unit is None or quantity is None or not batch.changed(place) & _DECIDE:
        return
    product = known.products.get(batch.value(place, "product") or 0)
    own = known.units.get(product["unit"] or 0) if product else None
    if own is not None and own["unit_group"] != unit["unit_group"]:
        text = f"'{unit['name']}' is no unit of this product. Choose one of the group of its own"
        batch.reject(place, text, field="unit")
    if quantity != quantity.quantize(Decimal(1).scaleb(-(unit["digits"] or 0))):
        text = f"Quantities in '{unit['name']}' have at most {unit['digits'] or 0} decimals"
        batch.reject(place, text, field="quantity")


def _figures(batch: WriteBatch, place: int, currency: str) -> None:
    """Work out what a line comes to."""
    taken = ("quantity", "price", "discount", "discount_amount", "tax_rate")
    made = figures(currency, *(batch.value(place, name) for name in taken))
    names = ("discount_total", "net", "tax", "total")
    for name, value in zip(names, made, strict=True):
        if batch.value(place, name) != value:
            batch.set(place, name, value)


# -- a deal ---------------------------------------------------------------------------------
def settle_deals(batch: WriteBatch, actor: Actor) -> None:
    """Give deals the currency of their price list, and the amount of their lines if they say so."""
    base = _own_currency()
    lists = by_id("price_list", batch.column("price_list"), ("name", "currency"), actor)
    for place in range(len(batch)):
        changed, held = batch.changed(place), lists.get(batch.value(place, "price_list") or 0)
        currency = batch.value(place, "currency")
        if held is not None and changed & {"price_list", "currency"}:
            if currency is None and held["currency"] != base and "currency" not in changed:
                batch.set(place, "currency", held["currency"])
            elif (currency or base) != held["currency"]:
                text = (
                    f"Price list '{held['name']}' is in '{held['currency']}', the deal in "
                    f"'{currency or base}'. Choose another price list, or the same currency"
                )
                batch.reject(place, text, field="price_list")
        net = batch.value(place, "lines_net")
        if batch.value(place, "amount_from_lines") and net is not None:
            batch.set(place, "amount", net)


def sum_up(batch: WriteBatch, actor: Actor) -> None:
    """Let deals sum up their lines, in the transaction that wrote these."""
    ids = set(batch.column("opportunity"))
    ids |= {batch.before(place, "opportunity") for place in range(len(batch))}
    for some in slices(sorted(id_ for id_ in ids if id_ is not None), _SLICE):
        live = sorted(by_id("opportunity", some, (), actor))
        # Held first, then asked: of two who write lines at once the second one sees both.
        records.update(
            "opportunity", [{"id": id_} for id_ in live], actor=actor
        )  # relatum: allow RLT014 per slice of ids
        sums = _sums(live, actor)  # relatum: allow RLT014 per slice of ids
        rows = [
            {"id": id_, **{name: sums.get(id_, {}).get(f"sum({of})") for name, of in _SUMS.items()}}
            for id_ in live
        ]
        records.update(
            "opportunity", rows, actor=actor, check_required=False
        )  # relatum: allow RLT014 per slice of ids


def _sums(ids: list[int], actor: Actor) -> dict[int, Row]:
    if not ids:
        return {}
    asked = {
        "filter": {"field": "opportunity", "op": "in", "value": ids}, "group": ["opportunity"],
        "select": [f"sum({of})" for of in _SUMS.values()],
    }  # fmt: skip
    found = query.aggregate(query.from_json("opportunity_line", asked, actor=actor))
    return {row["opportunity"]: row for row in found.groups}


def price_again(batch: WriteBatch, actor: Actor) -> None:
    """Price lines anew whose deal got another currency or price list; typed prices stay."""
    moved = [batch.id(place) for place in range(len(batch)) if batch.changed(place) & set(_DEAL)]
    asked = {"fields": ["id", "price_source", "net"]}
    found = query.every("opportunity_line", asked, among=("opportunity", moved), actor=actor)
    for some in slices(found, _SLICE):
        rows = [_again(row) for row in some]
        records.update(
            "opportunity_line", rows, actor=actor
        )  # relatum: allow RLT014 per slice of lines


def _again(row: Row) -> Row:
    """Return a change of a line after which its price and its figures are worked out anew."""
    made: Row = {"id": row["id"], "net": None}
    return made if row["price_source"] == TYPED else {**made, "price": None}

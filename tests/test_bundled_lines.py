"""Lines of deals: units, prices by list and by hand, and what they come to, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relatum.core import records
from relatum.core.fields import currency_digits
from relatum.plugins.products import figures
from relatum.plugins.products.money import rounded, stepped, summed

from .desk_record import counted
from .shopping import changed, deal, ids, lines_of, newest, refusal, shop

__all__ = ["shop"]
#: The preset of the instance.
PRESET = "sales"


# -- lines ----------------------------------------------------------------------------------
def test_a_line_takes_unit_price_and_tax_of_its_product_and_works_out_what_it_comes_to(shop):
    pump = ids(shop, "product")["Pump"]
    id_ = deal(shop, lines=[{"product": pump, "quantity": "3", "discount": "10"}])
    [line] = lines_of(shop, id_)
    assert line["description"] == "Pump"
    assert (line["price"], line["price_source"], line["tax_rate"]) == (
        "100.00", "list_price", "19.00",
    )  # fmt: skip
    assert [line[name] for name in ("discount_total", "net", "tax", "total")] == [
        "30.00", "270.00", "51.30", "321.30",
    ]  # fmt: skip
    found = shop.get("opportunity", id_)
    assert [found[f"lines_{name}"] for name in ("discount", "net", "tax", "total")] == [
        "30.00", "270.00", "51.30", "321.30",
    ]  # fmt: skip
    assert found["amount"] is None


def test_an_amount_follows_the_lines_if_the_deal_says_so(shop):
    pump = ids(shop, "product")["Pump"]
    id_ = deal(shop, amount="5", amount_from_lines=True, lines=[{"product": pump}])
    assert shop.get("opportunity", id_)["amount"] == "100.00"
    [line] = lines_of(shop, id_)
    changed(shop, "opportunity_line", line["id"], quantity="2")
    assert shop.get("opportunity", id_)["amount"] == "200.00"
    shop.write(records.delete, "opportunity_line", [{"id": line["id"]}])
    assert shop.get("opportunity", id_)["lines_net"] is None
    assert (
        changed(shop, "opportunity", id_, amount_from_lines=False, amount="7")["amount"] == "7.00"
    )


def test_a_new_deal_with_lines_says_the_version_that_it_has(shop):
    row = {"name": "x", "lines": [{"description": "By hand", "price": "1"}]}
    [made] = shop.write(records.create, "opportunity", [row])
    assert shop.get("opportunity", made.id)["version"] == made.version


def test_one_undo_takes_back_lines_and_what_the_deal_sums_up(shop):
    pump = ids(shop, "product")["Pump"]
    id_ = deal(shop, amount_from_lines=True, lines=[{"product": pump}])
    [line] = lines_of(shop, id_)
    new = [{"id": line["id"], "quantity": "5"}, {"description": "More", "price": "8"}]
    changed(shop, "opportunity", id_, lines=new)
    assert shop.get("opportunity", id_)["lines_net"] == "508.00"
    shop.write(records.undo, newest(shop))
    found = shop.get("opportunity", id_)
    assert (found["lines_net"], found["amount"]) == ("100.00", "100.00")
    assert [n["quantity"] for n in lines_of(shop, id_)] == ["1.000"]


def priced(crm, code="EUR", **more):
    """Return the id of a price list with prices of the pump, by the piece, the box and the lot."""
    products, units = ids(crm, "product"), ids(crm, "unit")
    pump = products["Pump"]
    items = [
        {"product": pump, "price": "90"},
        {"product": pump, "price": "80", "from_quantity": "10"},
        {"product": products["Filter"], "unit": units["Box of 12"], "price": "100"},
    ]
    [made] = crm.create(
        "price_list", {"name": f"List {code}", "currency": code, "items": items, **more}
    )
    return made


def price_of(crm, id_):
    """Return price and where it is from of the only line of a deal."""
    [line] = lines_of(crm, id_)
    return line["price"], line["price_source"]


def test_the_price_list_of_the_deal_goes_first_by_unit_and_quantity(shop):
    products, units = ids(shop, "product"), ids(shop, "unit")
    list_ = priced(shop)
    id_ = deal(shop, price_list=list_, lines=[{"product": products["Pump"]}])
    assert price_of(shop, id_) == ("90.00", "price_list")
    [line] = lines_of(shop, id_)
    changed(shop, "opportunity_line", line["id"], quantity="10")
    assert price_of(shop, id_) == ("80.00", "price_list")
    changed(shop, "opportunity_line", line["id"], quantity="1", unit=units["Box of 12"])
    assert price_of(shop, id_) == ("960.00", "price_list")  # 12 pieces reach the price from ten on
    box = [{"product": products["Filter"], "unit": units["Box of 12"]}]
    assert price_of(shop, deal(shop, price_list=list_, lines=box)) == ("100.00", "price_list")
    piece = [{"product": products["Filter"]}]
    assert price_of(shop, deal(shop, price_list=list_, lines=piece)) == ("10.00", "list_price")


def test_a_price_list_that_does_not_hold_today_leaves_the_list_price(shop):
    pump = [{"product": ids(shop, "product")["Pump"]}]
    list_ = priced(shop, valid_to="2026-06-14")
    assert price_of(shop, deal(shop, price_list=list_, lines=pump)) == ("100.00", "list_price")


def test_a_typed_price_stays_until_it_is_emptied(shop):
    pump = ids(shop, "product")["Pump"]
    id_ = deal(shop, price_list=priced(shop), lines=[{"product": pump, "price": "85"}])
    assert price_of(shop, id_) == ("85.00", "typed")
    [line] = lines_of(shop, id_)
    changed(shop, "opportunity_line", line["id"], quantity="10")
    assert price_of(shop, id_) == ("85.00", "typed")
    changed(shop, "opportunity_line", line["id"], price=None)
    assert price_of(shop, id_) == ("80.00", "price_list")
    changed(shop, "opportunity_line", line["id"], price="80")
    assert price_of(shop, id_) == ("80.00", "price_list")


@pytest.mark.parametrize(
    ("item", "price"),
    [
        ({"method": "list_percent", "percent": "87.5"}, "87.50"),
        ({"method": "markup", "percent": "33.333"}, "80.00"),
        ({"method": "margin", "percent": "25"}, "80.00"),
        ({"method": "margin", "percent": "31"}, "86.95"),
    ],
)
def test_prices_by_percent_are_worked_out_and_rounded_to_the_step(shop, item, price):
    pump = ids(shop, "product")["Pump"]
    [list_] = shop.create("price_list", {
        "name": "By percent", "currency": "EUR", "rounding_step": "0.05",
        "items": [{"product": pump, **item}],
    })  # fmt: skip
    assert price_of(shop, deal(shop, price_list=list_, lines=[{"product": pump}]))[0] == price


def test_a_deal_has_the_currency_of_its_price_list_and_no_other(shop):
    pump = ids(shop, "product")["Pump"]
    list_ = priced(shop, "USD")
    id_ = deal(shop, price_list=list_, lines=[{"product": pump}])
    assert shop.get("opportunity", id_)["currency"] == "USD"
    assert price_of(shop, id_) == ("90.00", "price_list")
    row = {"name": "x", "price_list": list_, "currency": "JPY"}
    [problem] = refusal(shop, "opportunity", row)
    assert "is in 'USD', the deal in 'JPY'" in problem.message


def test_list_prices_go_by_the_rate_in_another_currency_and_again_when_that_changes(shop):
    pump = ids(shop, "product")["Pump"]
    id_ = deal(shop, currency="USD", lines=[{"product": pump}])
    assert price_of(shop, id_) == ("125.00", "list_price")
    changed(shop, "opportunity", id_, currency="JPY")
    assert price_of(shop, id_) == ("16000.00", "list_price")
    assert shop.get("opportunity", id_)["lines_net"] == "16000.00"


def test_units_and_quantities_that_do_not_fit_and_products_that_are_not_sold_are_refused(shop):
    pump = ids(shop, "product")["Pump"]
    [hours] = shop.create("unit_group", {"name": "Time", "units": [{"name": "Hour", "digits": 2}]})
    hour = ids(shop, "unit")["Hour"]
    for line, field in (
        ({"unit": hour}, "unit"), ({"quantity": "1.5"}, "quantity"),
    ):  # fmt: skip
        row = {"name": "x", "lines": [{"product": pump, **line}]}
        [problem] = refusal(shop, "opportunity", row)
        assert problem.field == f"lines.0.{field}"
    changed(shop, "product", pump, status="retired")
    [problem] = refusal(shop, "opportunity", {"name": "x", "lines": [{"product": pump}]})
    assert "'Pump' is not sold now" in problem.message
    assert hours


def test_many_lines_are_priced_by_as_many_statements_as_few(shop):
    pump = ids(shop, "product")["Pump"]
    list_ = priced(shop)
    counts = []
    for size in (2, 30):
        lines = [{"product": pump, "quantity": str(n + 1)} for n in range(size)]
        with counted() as statements:
            deal(shop, price_list=list_, lines=lines)
        counts.append(len(statements))
    assert counts[1] == counts[0]


# -- to the cent ----------------------------------------------------------------------------
CODES = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])


def of(code, line):
    """Return what a line comes to."""
    names = ("quantity", "price", "discount", "discount_amount", "tax_rate")
    return figures(code, *(line[name] for name in names))


def scaled(most: int, places: int):
    """Return decimals from 0 on with some places."""
    return st.integers(0, most * 10**places).map(lambda n: Decimal(n).scaleb(-places))


LINE = st.fixed_dictionaries({
    "quantity": scaled(9999, 3), "price": scaled(99999, 4), "discount": scaled(100, 2),
    "discount_amount": scaled(500, 4), "tax_rate": scaled(100, 2),
})  # fmt: skip


@given(CODES, st.lists(LINE, max_size=5))
def test_a_document_is_the_sum_of_its_lines_to_the_cent(code, lines):
    made = [of(code, line) for line in lines]
    whole = summed(made)
    assert whole.net + whole.tax == whole.total
    for line, each in zip(lines, made, strict=True):
        assert all(value == rounded(value, code) >= 0 for value in each)
        gross = rounded(line["quantity"] * line["price"], code)
        assert each.net + each.discount == gross
        assert (
            abs(each.tax - each.net * line["tax_rate"] / 100)
            <= Decimal(10) ** -currency_digits(code) / 2
        )


@given(scaled(1000, 4), st.sampled_from(["0.01", "0.05", "0.25", "1", "10"]).map(Decimal))
def test_steps_of_rounding_lie_around_an_amount(amount, step):
    down, up = (stepped(amount, "EUR", step, way) for way in ("down", "up"))
    assert down <= amount <= up
    assert up - down in (0, step)
    assert stepped(amount, "EUR", step, "nearest") in (down, up)


def test_currencies_have_the_decimals_that_they_have():
    assert [currency_digits(code) for code in ("JPY", "EUR", "KWD", "CLF")] == [0, 2, 3, 4]
    assert rounded(Decimal("0.5"), "JPY") == 1


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(code=st.sampled_from(["EUR", "JPY"]), lines=st.lists(LINE, min_size=1, max_size=4))
def test_the_database_sums_up_lines_as_exactly_as_they_are(shop, code, lines):
    made = summed(of(code, line) for line in lines)
    rows = [{name: str(value) for name, value in line.items()} for line in lines]
    id_ = deal(shop, currency=None if code == "EUR" else code, lines=rows)
    found = shop.get("opportunity", id_)
    assert [Decimal(found[f"lines_{name}"]) for name in made._fields] == list(made)

"""The desk with several currencies: lists, boards and records say each its own; lines add up."""

from __future__ import annotations

import re

import orjson

from relatum.core import clock

from .desk import at_desk
from .shopping import DAY, changed, deal, ids, lines_of, shop

__all__ = ["shop"]
#: The preset of the instance.
PRESET = "all"


def text_of(page: str) -> str:
    """Return what a page says, without tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def figures(desk, form, words: str = ""):
    """Return what a form says that its lines come to."""
    return orjson.loads(desk.post(f"/records/opportunity/figures/lines{words}", data=form).data)


def test_lists_boards_and_records_show_amounts_in_their_own_currency(shop):
    id_ = deal(shop, name="Abroad", amount="1250.50", currency="USD")
    deal(shop, name="Home", amount="100")
    with at_desk(shop) as desk:
        listed = text_of(desk.get("/records/opportunity?_fields=name,amount").text)
        assert "$1,250" in listed and "€100" in listed
        board = desk.get("/records/opportunity/board").text
        assert "$1,250" in text_of(board)
        assert (
            '<span class="sum num" title="In EUR, at the rates of their dates">€1,100</span>'
            in board
        )
        page = text_of(desk.get(f"/records/opportunity/{id_}").text)
        assert "Amount: $1,250.50" in page
        assert "Amount in own currency €1,000.40" in page
        home = text_of(desk.get("/records/account?_fields=name,annual_revenue").text)
        assert "Companies" in home


def test_what_is_computed_is_no_field_of_a_form(shop):
    id_ = deal(shop, lines=[{"product": ids(shop, "product")["Pump"]}])
    with at_desk(shop) as desk:
        form = desk.form(f"/records/opportunity/{id_}/edit")
    assert "amount" in form and "lines.0.price" in form
    assert not {"amount_base", "lines_net", "lines.0.net", "lines.0.price_source"} & form.keys()


def test_a_form_says_what_its_lines_come_to_before_it_is_saved(shop):
    pump = ids(shop, "product")["Pump"]
    id_ = deal(shop, currency="USD", lines=[{"product": pump}])
    [line] = lines_of(shop, id_)
    with at_desk(shop) as desk, clock.frozen(DAY):
        form = desk.form(f"/records/opportunity/{id_}/edit")
        form |= {"lines.0.quantity": "3", "lines.1.id": "", "lines.1.description": "More",
                 "lines.1.quantity": "2", "lines.1.price": "1.25"}  # fmt: skip
        told = figures(desk, form, f"?id={id_}")
        assert told["sums"] == {
            "discount_total": "$0.00", "net": "$377.50", "tax": "$71.25", "total": "$448.75",
        }  # fmt: skip
        assert ["Price from", "List price"] in told["lines"]["0"]
        assert ["Net", "$2.50"] in told["lines"]["1"]
        form["lines.0.quantity"] = "1.5"
        told = figures(desk, form, f"?id={id_}")
        assert told == {"lines": {}, "sums": {}}
    assert lines_of(shop, id_) == [line]
    more = {"description": "More", "quantity": "2", "price": "1.25"}
    new = [{"id": line["id"], "quantity": "3"}, more]
    saved = changed(shop, "opportunity", id_, lines=new)
    assert saved["lines_total"] == "448.75"


def test_a_new_deal_says_what_its_lines_come_to(shop):
    pump = ids(shop, "product")["Pump"]
    with at_desk(shop) as desk, clock.frozen(DAY):
        form = desk.form("/records/opportunity/new")
        form |= {
            "name": "New",
            "currency": "JPY",
            "lines.0.product": str(pump),
            "lines.0.quantity": "2",
        }
        told = figures(desk, form)
    assert told["sums"]["net"] == "¥32,000"


def test_a_record_shows_what_its_lines_come_to_and_leaves_out_what_nobody_filled(shop):
    id_ = deal(shop, lines=[{"product": ids(shop, "product")["Pump"], "quantity": "2"}])
    with at_desk(shop) as desk:
        page = desk.get(f"/records/opportunity/{id_}").text
    card = text_of(
        page[
            page.index('id="lines-lines"') : page.index(
                "</section>", page.index('id="lines-lines"')
            )
        ]
    )
    assert "Net €200.00 Tax €38.00 Total €238.00" in card
    assert "Tax rate" in card and "Discount, amount" not in card

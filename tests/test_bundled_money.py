"""Several currencies in contacts, products and sales."""

from __future__ import annotations

import dataclasses

from relatum.core import jobs, query, records

from .counting import run
from .shopping import changed, deal, ids, page, refusal, set_of, shop

__all__ = ["shop"]
#: The preset of the instance.
PRESET = "sales"


# -- several currencies ---------------------------------------------------------------------
def test_an_amount_in_the_own_currency_is_worth_itself(shop):
    assert shop.get("opportunity", deal(shop, amount="50"))["amount_base"] == "50.00"
    assert shop.get("opportunity", deal(shop, amount="50", currency="eur"))["currency"] == "EUR"
    assert shop.get("opportunity", deal(shop))["amount_base"] is None


def test_an_amount_is_worth_what_the_rate_of_its_date_says(shop):
    id_ = deal(shop, amount="100", currency="usd", close_date="2026-03-01")
    assert shop.get("opportunity", id_)["amount_base"] == "90.00"
    assert changed(shop, "opportunity", id_, close_date="2026-09-01")["amount_base"] == "80.00"
    assert changed(shop, "opportunity", id_, amount="200.01")["amount_base"] == "160.01"
    assert changed(shop, "opportunity", id_, currency=None)["amount_base"] == "200.01"
    assert changed(shop, "opportunity", id_, amount=None)["amount_base"] is None


def test_without_a_date_the_day_on_which_it_was_made_counts(shop):
    assert shop.get("opportunity", deal(shop, amount="10", currency="USD"))["amount_base"] == "8.00"
    [account] = shop.create(
        "account", {"name": "Tokyo", "annual_revenue": "1000000", "currency": "JPY"}
    )
    assert shop.get("account", account)["annual_revenue_base"] == "6250.00"


def test_without_a_rate_an_amount_is_refused_with_the_next_step(shop):
    row = {"name": "Old", "amount": "1", "currency": "USD", "close_date": "2025-12-31"}
    [problem] = refusal(shop, "opportunity", row)
    assert (problem.field, problem.code) == ("currency", "rate_missing")
    assert "no rate of USD for 2025-12-31. Add an exchange rate" in problem.message


def test_a_currency_that_is_none_or_not_active_is_refused(shop):
    [problem] = refusal(shop, "opportunity", {"name": "x", "amount": "1", "currency": "ABC"})
    assert problem.code == "currency_unknown"
    changed(shop, "currency", ids(shop, "currency", "code")["USD"], active=False)
    [problem] = refusal(shop, "opportunity", {"name": "x", "amount": "1", "currency": "USD"})
    assert "'USD' is not active" in problem.message


def test_who_sends_what_is_computed_is_told_so_but_an_import_is_not(shop):
    [problem] = refusal(shop, "opportunity", {"name": "x", "amount": "1", "amount_base": "7"})
    assert (problem.code, problem.field) == ("read_only", "amount_base")
    row = {"name": "x", "amount": "1", "amount_base": "7"}
    [made] = shop.write(records.create, "opportunity", [row], actor=imported(shop))
    assert shop.get("opportunity", made.id)["amount_base"] == "1.00"


def imported(shop):
    """Return alice as an import acts for her."""
    return dataclasses.replace(shop.alice, source="import")


def test_records_are_sorted_and_summed_up_by_what_they_are_worth(shop):
    deal(shop, name="Yen", amount="9000", currency="JPY")
    deal(shop, name="Euro", amount="70")
    deal(shop, name="Dollar", amount="80", currency="USD")
    assert [d["name"] for d in page(shop, "opportunity", sort=["-amount"])] == [
        "Euro", "Dollar", "Yen",
    ]  # fmt: skip
    first = shop.read(lambda *, actor: query.page(query.from_json(
        "opportunity", {"sort": ["-amount"], "limit": 1}, actor=actor)))  # fmt: skip
    [second] = page(shop, "opportunity", sort=["-amount"], limit=1, after=first.next)
    assert second["name"] == "Dollar"
    asked = {"select": ["sum(amount)", "max(amount)", "count(amount)"]}
    found = shop.read(lambda *, actor: query.aggregate(
        query.from_json("opportunity", asked, actor=actor)))  # fmt: skip
    [sums] = found.groups
    assert found.currencies == {"sum(amount)": "EUR", "max(amount)": "EUR"}
    assert sums == {"sum(amount)": "190.25", "max(amount)": "70.00", "count(amount)": 3}


def test_a_new_rate_values_open_deals_anew_and_that_can_be_undone(shop):
    open_ = deal(shop, amount="100", currency="USD")
    won = deal(shop, amount="100", currency="USD", stage="won", close_date="2026-06-15")
    dollar = ids(shop, "currency", "code")["USD"]
    rate = {"currency": dollar, "valid_from": "2026-06-10", "rate": "0.7"}
    shop.create("exchange_rate", rate)
    told = shop.write(jobs.look, "products_revalue", {})
    assert told == {"complete": True, "types": [
        {"type": "opportunity", "field": "amount", "records": 1, "before": "80.00",
         "after": "70.00"},
    ]}  # fmt: skip
    id_ = shop.write(jobs.enqueue, "products_revalue", {})
    assert run(shop, id_) == "done"
    assert shop.read(jobs.get, id_)["result"] == {"changed": 1}
    assert shop.get("opportunity", open_)["amount_base"] == "70.00"
    assert shop.get("opportunity", won)["amount_base"] == "80.00"
    shop.write(records.undo, set_of(shop, id_))
    assert shop.get("opportunity", open_)["amount_base"] == "80.00"

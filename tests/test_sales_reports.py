"""The figures of sales reports: added up by hand from a few events, equal on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import g

from relatum.core import clock, db, query
from relatum.core.plugin_host import context_of
from relatum.plugins.sales.reporting import ageing, questions

from .instances import prepared

#: The preset of the instance.
PRESET = "sales"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Deals by name: the owner, the amount, and on which days they came where, from the first on.
DEALS = {
    "Brewery": ("alice", "1000", {0: "qualify", 10: "propose", 20: "won"}),
    "Bakery": ("alice", "3000", {0: "qualify", 6: "develop", 16: "lost"}),
    "Dairy": ("bob", "2000", {5: "qualify", 15: "develop"}),
    "Mill": ("bob", "500", {12: "propose", 18: "qualify"}),
    "Farm": ("zoe", "4000", {2: "qualify", 22: "won", 25: "negotiate"}),
    "Vineyard": ("zoe", "700", {14: "qualify", 24: "won"}),
}
NOW = START + timedelta(days=40)


def on(day):
    """Let the clock stand at a day after the first one."""
    return clock.frozen(START + timedelta(days=day))


@prepared
def crm(instance):
    """Live through the events; return the people and the deals by their names."""
    [team] = instance.create("team", {"name": "North"})
    [other] = instance.create("team", {"name": "South"})
    [zoe] = instance.create("user", {"name": "Zoe", "email": "zoe@example.org", "team": other})
    people = {"alice": instance.alice.user_id, "bob": instance.bob.user_id, "zoe": zoe}
    instance.change("user", people["bob"], team=team)
    events = sorted((day, name) for name, (*_, moves) in DEALS.items() for day in moves)
    made: dict[str, int] = {}
    for day, name in events:
        owner, amount, moves = DEALS[name]
        values = {"stage": moves[day], "close_date": "2026-04-30"}
        values |= {"lost_reason": "price"} if moves[day] == "lost" else {}
        with on(day):
            if name in made:
                instance.change("opportunity", made[name], **values)
            else:
                values |= {"name": name, "amount": amount, "owner": people[owner]}
                [made[name]] = instance.create("opportunity", values)
    _leads(instance, people)
    return {"people": people, "deals": made, "team": team}


def _leads(instance, people):
    rows = [
        ("website", "alice", "new"), ("website", "alice", "qualified"), ("website", "bob", "lost"),
        ("call", "bob", "qualified"),
    ]  # fmt: skip
    with on(3):
        for number, (source, owner, status) in enumerate(rows):
            instance.create("lead", {
                "subject": f"Lead {number}", "source": source, "owner": people[owner],
                "status": status,
            })  # fmt: skip


def asked(instance, name, actor=None, now=NOW, **words):
    """Return a report as programs read it; `from_` is the word from."""
    words = {word.rstrip("_"): str(value) for word, value in words.items()}

    def answer(*, actor):
        return questions.ask(name, words, actor=actor)

    with clock.frozen(now), instance.app.test_request_context():

        def work(*, actor):
            g.relatum = context_of("sales", actor)
            return questions.as_json(name, *answer(actor=actor))

        return instance.read(work, actor=actor or instance.alice)


def rows(found, table, *names):
    """Return the rows of a table by their labels, with some of their numbers."""
    return {
        row["label"]: tuple(row[name] for name in names) for row in found["tables"][table]["rows"]
    }


# -- the pipeline ---------------------------------------------------------------------------------
def test_the_pipeline_is_what_is_open_now_with_what_it_is_worth(instance, crm):
    found = asked(instance, "pipeline")
    assert rows(found, "stages", "number", "amount", "weighted")["Develop"] == (
        1, "2000.00", "600.00",
    )  # fmt: skip
    assert found["tables"]["stages"]["total"] == {
        "number": 3, "amount": "6500.00", "weighted": "3850.00",
    }  # fmt: skip


def test_the_pipeline_of_a_day_in_the_past_is_as_it_stood_then(instance, crm):
    found = asked(instance, "pipeline", at="2026-03-13")
    stages = {k: v for k, v in rows(found, "stages", "number", "amount").items() if v[0]}
    assert stages == {
        "Qualify": (2, "6000.00"), "Develop": (1, "3000.00"), "Propose": (2, "1500.00"),
    }  # fmt: skip
    assert found["figures"]["weighted"] == "2250.00"


def test_amounts_of_a_day_are_those_of_then_whatever_became_of_them(instance, crm):
    with on(30):
        instance.change("opportunity", crm["deals"]["Dairy"], amount="9000")
    assert asked(instance, "pipeline", at="2026-03-20")["figures"]["amount"] == "8200.00"
    assert asked(instance, "pipeline")["figures"]["amount"] == "13500.00"


def test_deals_whose_history_was_brought_in_count_with_what_they_entered_with(instance, crm):
    with on(35):
        [deal] = instance.create("opportunity", {"name": "Old", "amount": "80", "owner": 1})
        at = (START - timedelta(days=50)).isoformat()
        stay = {"opportunity": deal, "pipeline": "standard", "stage": "develop",
                "category": "open", "entered_at": at, "left_at": START.isoformat(),
                "amount": "70", "amount_base": "70", "probability": "30"}  # fmt: skip
        instance.create("stage_change", stay)
    found = asked(instance, "pipeline", at="2026-02-01")
    assert rows(found, "stages", "number", "amount", "weighted")["Develop"] == (
        1, "70.00", "21.00",
    )  # fmt: skip
    assert found["notes"] == ["Amounts are those with which the deals entered their stages."]


def test_two_days_are_compared_by_what_became_of_each_deal(instance, crm):
    found = asked(instance, "pipeline", since="2026-03-13", at="2026-03-24")
    moves = {k: v for k, v in rows(found, "moves", "number", "amount").items() if v[0]}
    assert moves == {
        "Came in": (1, "700.00"), "Moved forward": (1, "2000.00"), "Moved back": (1, "500.00"),
        "Won": (2, "5000.00"), "Lost": (1, "3000.00"),
    }  # fmt: skip
    both = found["tables"]["stages"]["total"]
    assert (both["number"], both["number_before"]) == (3, 5)
    assert (both["amount"], both["amount_before"], both["change"]) == (
        "3200.00", "10500.00", "-7300.00",
    )  # fmt: skip
    assert rows(found, "moves", "amount")["Amounts changed meanwhile"] == ("0.00",)


def test_a_deal_that_was_won_and_is_open_again_was_opened_again(instance, crm):
    found = asked(instance, "pipeline", since="2026-03-24", at="2026-03-30")
    moves = {k: v[0] for k, v in rows(found, "moves", "number").items() if v[0]}
    assert moves == {"Opened again": 1, "Won": 1, "Stayed in the stage": 2}


# -- won and lost ---------------------------------------------------------------------------------
def test_won_and_lost_deals_of_a_period_have_rates_by_number_and_amount(instance, crm):
    found = asked(instance, "winloss", from_="2026-03-01", to="2026-03-31")
    assert found["figures"] == {
        "won": 2, "lost": 1, "rate": "66.7", "won_amount": "1700.00", "amount_rate": "36.2",
    }  # fmt: skip
    owners = rows(found, "owner", "won", "lost", "rate", "won_amount", "lost_amount")
    assert owners == {
        "Alice": (1, 1, "50.0", "1000.00", "3000.00"), "Zoe": (1, 0, "100.0", "700.00", "0.00"),
    }  # fmt: skip
    assert rows(found, "reasons", "number", "share", "amount") == {"Price": (1, "100.0", "3000.00")}


def test_days_of_a_period_are_those_where_one_is(instance, crm):
    found = asked(instance, "winloss", from_="2026-03-18", to="2026-03-21")
    assert (found["figures"]["won"], found["figures"]["lost"]) == (1, 0)
    assert asked(instance, "winloss", period="this_month")["figures"]["won"] == 0
    assert asked(instance, "winloss", period="last_month")["figures"]["won"] == 2


def _abroad(instance):
    """Win a deal in another currency, of which two are worth one of ours; return its id."""
    [franc] = instance.create("currency", {"code": "CHF", "name": "Swiss franc"})
    rate = {"currency": franc, "rate": "0.5", "valid_from": "2026-01-01"}
    instance.create("exchange_rate", rate)
    with on(26):
        row = {"name": "Abroad", "amount": "50", "currency": "CHF", "close_date": "2026-03-27"}
        [deal] = instance.create("opportunity", row)
        instance.change("opportunity", deal, stage="won")
    return deal


def test_amounts_of_several_currencies_are_summed_up_in_that_of_the_instance(instance, crm):
    deal = _abroad(instance)
    assert asked(instance, "winloss")["figures"]["won_amount"] == "1725.00"
    stays = {"filter": {"field": "opportunity", "value": deal}, "sort": ["-entered_at"]}
    last = instance.read(lambda actor: next(query.every("stage_change", stays, actor=actor)))
    assert (last["amount"], last["currency"], last["amount_base"]) == ("50.00", "CHF", "25.00")


def test_amounts_have_the_decimals_of_the_currency_of_the_instance(instance, crm):
    def work(**_):
        settings = sa.table("core_setting", sa.column("name"), sa.column("value"))
        change = settings.update().where(settings.c.name == "currency").values(value="JPY")
        db.current().connection.execute(change)

    instance.write(work)
    instance.make_type("x_other")  # so that the catalog is read anew
    figures = asked(instance, "velocity")["figures"]
    assert (figures["mean"], figures["mean_won"], figures["velocity"]) == ("1567", "850", "111")


def test_amounts_without_a_worth_in_the_own_currency_are_counted_and_said(instance, crm):
    deal = _abroad(instance)
    table = sa.text(f"UPDATE opportunity SET amount_base = NULL WHERE id = {deal}")
    instance.write(lambda **_: db.current().connection.execute(table))
    found = asked(instance, "winloss")
    assert (found["figures"]["won"], found["figures"]["won_amount"]) == (3, "1700.00")
    assert found["notes"][0].startswith("1 deal has an amount in a currency without a rate")


# -- velocity -------------------------------------------------------------------------------------
def test_velocity_is_open_deals_by_rate_by_amount_by_days(instance, crm):
    figures = asked(instance, "velocity")["figures"]
    # Brewery took 20 days, Bakery 16 and Vineyard 10.
    days = Decimal(46) / 3
    assert figures["velocity"] == str(
        (3 * Decimal(2) / 3 * (Decimal(1700) / 2) / days).quantize(Decimal("0.01"))
    )
    assert figures == {
        "decided": 3, "rate": "66.7", "mean": "1566.67", "mean_won": "850.00", "cycle": "15.3",
        "open": 3, "velocity": figures["velocity"],
    }  # fmt: skip


def test_stages_have_the_mean_and_the_median_of_their_time(instance, crm):
    found = asked(instance, "velocity")
    assert rows(found, "stages", "stays", "mean", "median") == {
        "Qualify": (3, "8.7", "10.0"), "Develop": (1, "10.0", "10.0"),
        "Propose": (1, "10.0", "10.0"),
    }  # fmt: skip


# -- conversion -----------------------------------------------------------------------------------
def test_deals_that_entered_a_stage_are_followed_to_the_next_one(instance, crm):
    found = asked(instance, "conversion")
    stages = rows(found, "stages", "entered", "reached", "lost", "there", "back")
    assert stages == {
        "Qualify": (6, 5, 0, 1, 0), "Develop": (2, 0, 1, 1, 0), "Propose": (2, 1, 0, 0, 1),
        "Negotiate": (1, 0, 0, 1, 0),
    }  # fmt: skip
    assert rows(found, "stages", "rate")["Qualify"] == ("83.3",)


def test_leads_are_counted_by_what_became_of_them(instance, crm):
    found = asked(instance, "conversion")
    assert found["figures"] == {
        "made": 4, "converted": 2, "rate": "50.0", "disqualified": 1, "open": 1,
    }  # fmt: skip
    assert rows(found, "leads_by_source", "made", "converted", "disqualified") == {
        "Website": (3, 1, 1),
        "Call": (1, 1, 0),
    }
    assert rows(found, "leads_by_owner", "made", "rate") == {
        "Alice": (2, "50.0"),
        "Bob": (2, "50.0"),
    }


# -- ageing ---------------------------------------------------------------------------------------
def test_open_deals_stand_in_bands_of_what_is_usual_in_their_stage(instance, crm):
    found = asked(instance, "ageing")
    # Usual are 14 days in Qualify, 21 in Negotiate, 30 elsewhere; their ages are 22, 15 and 25.
    bands = ("usual", "long", "longer", "longest")
    stages = {k: v for k, v in rows(found, "stages", *bands).items() if any(v)}
    assert stages == {
        "Qualify": (0, 1, 0, 0), "Develop": (1, 0, 0, 0), "Negotiate": (1, 0, 0, 0),
    }  # fmt: skip
    oldest = rows(found, "oldest", "stage", "days", "owner")
    assert next(iter(oldest.items())) == ("Dairy", ("Develop", 25, "Bob"))


@pytest.mark.parametrize(
    ("day", "band"),
    [
        (32, "usual"), (33, "long"), (46, "long"), (47, "longer"), (60, "longer"),
        (61, "longest"),
    ],
)  # fmt: skip
def test_the_edges_of_bands_are_whole_days_as_on_the_cards(instance, crm, day, band):
    found = asked(instance, "ageing", now=START + timedelta(days=day))
    [row] = [r for r in found["tables"]["stages"]["rows"] if r["label"] == "Qualify"]
    assert [name for name in ageing._BANDS if row[name]] == [band]

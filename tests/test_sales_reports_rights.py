"""Whose figures reports show, how they are narrowed, and what they refuse."""

from __future__ import annotations

import pytest

from relatum.core import auth, clock, records, roles
from relatum.core.errors import RelatumError
from relatum.plugins.sales.reporting import questions
from relatum.plugins.sales.reporting.asked import Asked

from .test_desk_list_budget import statements
from .test_sales_reports import NOW, asked, crm, on, rows

__all__ = ["crm"]
#: The preset of the instance.
PRESET = "sales"


def let(instance, user, fields=None, scope="own"):
    """Give somebody one role with what reports take, and return him as he acts."""
    types = {name: {"read": scope} for name in ("opportunity", "stage_change", "lead")}
    types |= {name: {"read": "all"} for name in ("user", "team")}
    given = {"types": types, "fields": fields or {}, "permissions": ["sales.report"]}
    instance.write(roles.save, "seller", given)
    instance.write(roles.hold, "user", user, ["seller"])
    with instance.reading():
        return auth.actor_of_user(user, source="api")


HIDDEN = dict.fromkeys(("read", "update", "create"), False)


def test_reports_are_narrowed_by_owner_team_and_pipeline(instance, crm):
    def number(**words):
        return asked(instance, "pipeline", **words)["figures"]["number"]

    assert (number(owner="Zoe"), number(owner=crm["people"]["bob"])) == (1, 2)
    assert (number(owner="me"), number(owner="zoe@example.org")) == (0, 1)
    assert (number(team="North"), number(pipeline="renewal"), number(pipeline="standard")) == (
        2, 0, 3,
    )  # fmt: skip
    conversion = asked(instance, "conversion", owner="Bob")
    assert rows(conversion, "stages", "entered") == {
        "Qualify": (2,),
        "Develop": (1,),
        "Propose": (1,),
    }


def test_who_sees_his_own_deals_has_the_report_of_his_own(instance, crm):
    bob = let(instance, crm["people"]["bob"])
    assert asked(instance, "pipeline", bob)["figures"]["amount"] == "2500.00"
    past = asked(instance, "pipeline", bob, at="2026-03-13", since="2026-03-10")
    assert past["figures"]["amount"] == "2500.00"
    assert rows(past, "moves", "number")["Came in"] == (1,)
    assert asked(instance, "winloss", bob)["figures"]["won"] == 0
    assert asked(instance, "velocity", bob)["tables"]["stages"]["rows"] == []
    assert rows(asked(instance, "conversion", bob), "leads_by_owner", "made") == {"Bob": (2,)}
    assert set(rows(asked(instance, "ageing", bob), "oldest", "days")) == {"Dairy", "Mill"}


def test_who_sees_his_team_has_the_report_of_his_team(instance, crm):
    [dan] = instance.create("user", {"name": "Dan", "team": crm["team"]})
    member = let(instance, dan, scope="team")
    assert asked(instance, "pipeline", member)["figures"]["number"] == 2


def test_a_stranger_has_empty_reports(instance, crm):
    [found] = instance.sql("SELECT id FROM core_user WHERE name = 'Charlie'")
    charlie = let(instance, found.id)
    assert asked(instance, "pipeline", charlie, at="2026-03-13")["figures"]["number"] == 0
    assert asked(instance, "winloss", charlie)["tables"]["owner"]["rows"] == []
    assert asked(instance, "velocity", charlie)["figures"]["velocity"] is None


@pytest.mark.parametrize("name", questions.REPORTS)
@pytest.mark.parametrize("hidden", ["amount", "amount_base"])
def test_amounts_that_are_hidden_are_in_no_column_and_no_figure(instance, crm, name, hidden):
    fields = {f"opportunity.{hidden}": HIDDEN}
    bob = let(instance, crm["people"]["bob"], fields, scope="all")
    words = {"at": "2026-03-24", "since": "2026-03-13"} if name == "pipeline" else {}
    text = str(asked(instance, name, bob, **words))
    assert [
        word for word in ("amount", "weighted", "mean_won", "2000", "500.") if word in text
    ] == []


def test_amounts_of_stays_that_are_hidden_are_not_shown_as_nothing(instance, crm):
    bob = let(instance, crm["people"]["bob"], {"stage_change.amount_base": HIDDEN}, scope="all")
    found = asked(instance, "pipeline", bob, at="2026-03-24", since="2026-03-13")
    assert found["tables"]["moves"]["columns"] == ["number"]


def test_a_field_that_is_hidden_has_no_table(instance, crm):
    bob = let(instance, crm["people"]["bob"], {"opportunity.lost_reason": HIDDEN}, scope="all")
    assert "reasons" not in asked(instance, "winloss", bob)["tables"]


# -- what is wrong --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("nothing", {}, "sales_report_unknown"),
        ("winloss", {"from_": "2026-04-01", "to": "2026-03-01"}, "sales_days_reversed"),
        ("winloss", {"from_": "soon"}, "sales_day_invalid"),
        ("winloss", {"to": "9999-12-31"}, "sales_day_invalid"),
        ("winloss", {"period": "next_year"}, "sales_period_unknown"),
        ("winloss", {"period": "this_year", "to": "2026-03-01"}, "sales_period_twice"),
        ("winloss", {"at": "2026-03-01"}, "sales_report_word"),
        ("winloss", {"owner": "Nobody"}, "lookup_unmatched"),
        ("winloss", {"owner": "99999999"}, "lookup_unmatched"),
        ("winloss", {"owner": "9" * 30}, "not_integer"),
        ("winloss", {"team": "mine"}, "sales_own_missing"),
        ("pipeline", {"pipeline": "oil"}, "sales_pipeline_unknown"),
        ("pipeline", {"at": "2027-01-01"}, "sales_day_ahead"),
        ("pipeline", {"at": "2026-03-01", "since": "2026-03-02"}, "sales_days_reversed"),
    ],
)
def test_what_can_not_be_asked_is_refused_by_a_code(instance, crm, name, words, code):
    with pytest.raises(RelatumError) as caught:
        asked(instance, name, **words)
    assert (caught.value.code, 400 <= caught.value.status < 500) == (code, True)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("this_month", "2026-04-01", "2026-04-30"), ("last_month", "2026-03-01", "2026-03-31"),
        ("this_quarter", "2026-04-01", "2026-06-30"), ("last_quarter", "2026-01-01", "2026-03-31"),
        ("this_year", "2026-01-01", "2026-12-31"), ("last_year", "2025-01-01", "2025-12-31"),
        ("last_12_months", "2025-05-01", "2026-04-30"),
    ],
)  # fmt: skip
def test_periods_have_whole_days(instance, period, first, last):
    with clock.frozen(NOW):
        span = instance.read(lambda actor: Asked({"period": period}, actor).span)
    assert (span.first.isoformat(), span.last.isoformat()) == (first, last)


# -- how it is asked ------------------------------------------------------------------------------
@pytest.mark.parametrize("name", questions.REPORTS)
def test_a_report_takes_as_many_statements_for_many_deals_as_for_few(instance, crm, name):
    words = {"at": "2026-03-24", "since": "2026-03-13"} if name == "pipeline" else {}
    with statements() as few:
        asked(instance, name, **words)
    with on(13):
        more = [{"name": f"Deal {n}", "amount": "1", "stage": "qualify"} for n in range(60)]
        ids = instance.create("opportunity", *more)
    with on(20):
        given = {"stage": "lost", "lost_reason": "price"}
        instance.write(records.update, "opportunity", [{"id": id_, **given} for id_ in ids[:30]])
    with statements() as many:
        asked(instance, name, **words)
    assert len(many) <= len(few) + 1

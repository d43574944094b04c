"""Conversion: a lead becomes an account, a contact and a deal, in one change set."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from relatum.core import changes, db, records
from relatum.core.errors import Invalid, RelatumError
from relatum.plugins.sales import convert, disqualify, look

from .instances import prepared
from .transacting import in_thread

#: The preset of the instance.
PRESET = "sales"
LEAD = {
    "subject": "Pumps for a brewery", "name": {"first": "Jo", "last": "Averill"},
    "company": "Averill Ales", "email": "jo@averill.example", "phone": "+44 20 7946 0000",
    "website": "https://averill.example/", "estimated_amount": "52500", "source": "trade_fair",
    "estimated_close_date": "2027-03-31", "address": {"city": "London", "country": "GB"},
    "description": "<p>Wants three.</p>",
}  # fmt: skip


@prepared
def crm(instance):
    """Return an instance with a lead of alice's."""
    return instance.create("lead", LEAD)


@pytest.fixture
def lead(crm):
    """Return the id of the lead."""
    return crm[0]


def converted(instance, lead, choices=None, **how):
    """Convert a lead and return what became of it."""
    return instance.write(convert, lead, choices, **how)


def code_of(work, *args, **how):
    """Return the code and the error by which a verb refuses."""
    with pytest.raises(RelatumError) as caught:
        work(*args, **how)
    return caught.value.code, str(caught.value)


def count(instance, type_name):
    """Return the number of live records."""
    [row] = instance.sql(f"SELECT count(*) AS n FROM {type_name} WHERE trashed_at IS NULL")
    return row.n


# -- what it makes --------------------------------------------------------------------------------
def test_a_lead_becomes_a_company_a_person_and_a_deal_that_know_each_other(instance, lead):
    done = converted(instance, lead)
    assert done.made == ("account", "contact", "opportunity")
    account = instance.get("account", done.ids["account"])
    contact = instance.get("contact", done.ids["contact"])
    deal = instance.get("opportunity", done.ids["opportunity"])
    kept = instance.get("lead", lead)
    assert (account["name"], account["website"]) == ("Averill Ales", "https://averill.example/")
    assert account["billing_address"]["city"] == "London"
    assert (contact["name"]["last"], contact["email"]) == ("Averill", "jo@averill.example")
    assert contact["account"] == account["id"]
    assert (deal["name"], deal["amount"]) == ("Pumps for a brewery", "52500.00")
    assert (str(deal["close_date"]), deal["source"]) == ("2027-03-31", "trade_fair")
    assert (deal["account"], deal["contact"]) == (account["id"], contact["id"])
    assert deal["lead"] == lead
    assert (kept["account"], kept["contact"]) == (account["id"], contact["id"])
    assert kept["status"] == "qualified"


def test_all_of_it_is_one_change_set_and_one_undo_takes_it_back(instance, lead):
    def work(*, actor):
        done = convert(lead, actor=actor)
        return done, changes.number()

    done, number = instance.write(work)
    found = instance.read(records.change_set, number)
    assert [(r["type"], r["op"]) for r in found["records"]] == [
        ("account", "create"), ("contact", "create"), ("opportunity", "create"),
        ("stage_change", "create"), ("lead", "update"),
    ]  # fmt: skip
    instance.write(records.undo, number)
    kept = instance.get("lead", lead)
    assert (kept["status"], kept["account"], kept["contact"]) == ("new", None, None)
    assert [count(instance, n) for n in ("account", "contact", "opportunity")] == [0, 0, 0]
    assert converted(instance, lead).ids.keys() == done.ids.keys()


def test_a_disqualified_lead_is_disqualified_again_when_its_conversion_is_undone(instance, lead):
    def work(*, actor):
        convert(lead, actor=actor)
        return changes.number()

    instance.write(disqualify, lead, "lost")
    instance.write(records.undo, instance.write(work))
    assert instance.get("lead", lead)["status"] == "lost"
    assert count(instance, "opportunity") == 0


def test_undoing_says_what_others_have_changed_since(instance, lead):
    def work(*, actor):
        return convert(lead, actor=actor), changes.number()

    done, number = instance.write(work)
    instance.change("opportunity", done.ids["opportunity"], amount="1")
    found = instance.read(records.look, number)
    told = [(r["type"], [p["code"] for p in r["conflicts"]]) for r in found["records"]]
    assert any(type_ == "opportunity" and codes for type_, codes in told), told


def test_a_person_alone_is_possible_and_so_is_no_deal(instance):
    [lead] = instance.create("lead", {"subject": "Garden", "name": {"last": "Bloom"}})
    done = converted(instance, lead, {"opportunity": "none"})
    assert (done.made, list(done.ids)) == (("contact",), ["contact"])
    assert instance.get("contact", done.ids["contact"])["account"] is None


def test_a_lead_without_a_company_or_a_name_becomes_nothing(instance):
    [lead] = instance.create("lead", {"subject": "Somebody", "email": "x@example.org"})
    code, _ = code_of(converted, instance, lead)
    assert code == "sales_nothing_made"
    assert instance.get("lead", lead)["status"] == "new"


def test_what_is_chosen_goes_before_what_the_lead_has(instance, lead):
    choices = {"contact": "none", "values": {"opportunity": {"name": "Line 2", "amount": None}}}
    done = converted(instance, lead, choices)
    assert done.made == ("account", "opportunity")
    deal = instance.get("opportunity", done.ids["opportunity"])
    assert (deal["name"], deal["amount"], deal["contact"]) == ("Line 2", None, None)


@pytest.mark.parametrize(
    "choices",
    [
        {"account": "all"}, {"opportunity": 7}, {"account": True}, {"deal": "new"}, [],
        {"matches": "guess"}, {"values": {"lead": {}}}, {"values": ["name"]}, {"contact": -1},
    ],
    ids=str,
)  # fmt: skip
def test_choices_that_mean_nothing_are_refused(instance, lead, choices):
    assert code_of(converted, instance, lead, choices or [1])[0] == "sales_choice_invalid"


def test_of_records_that_are_there_only_what_is_empty_is_filled(instance, lead):
    [account] = instance.create("account", {"name": "Averill & Sons", "employees": 12})
    [contact] = instance.create(
        "contact", {"name": {"last": "Averill"}, "phone": "+44 20 7946 0999"}
    )
    done = converted(instance, lead, {"account": account, "contact": contact})
    assert done.made == ("opportunity",)
    kept, person = instance.get("account", account), instance.get("contact", contact)
    assert (kept["name"], kept["employees"]) == ("Averill & Sons", 12)
    assert kept["website"] == "https://averill.example/"
    assert person["phone"].endswith("0999")
    assert (person["email"], person["account"]) == ("jo@averill.example", account)
    assert person["name"]["first"] is None


def test_the_company_of_a_person_who_is_chosen_is_the_one(instance, lead):
    [account] = instance.create("account", {"name": "Elsewhere"})
    [contact] = instance.create("contact", {"name": {"last": "Averill"}, "account": account})
    done = converted(instance, lead, {"contact": contact})
    assert done.ids["account"] == account
    assert count(instance, "account") == 1


def test_owner_and_team_are_carried_over(instance):
    [team] = instance.create("team", {"name": "North"})
    given = {**LEAD, "owner": instance.bob.user_id, "team": team}
    [lead] = instance.create("lead", given)
    done = converted(instance, lead)
    for name, id_ in done.ids.items():
        found = instance.get(name, id_)
        assert (found["owner"], found["team"]) == (instance.bob.user_id, team), name


# -- twice ----------------------------------------------------------------------------------------
def test_a_lead_is_not_converted_twice_and_says_what_it_became(instance, lead):
    done = converted(instance, lead)
    code, told = code_of(converted, instance, lead)
    assert code == "sales_lead_converted"
    assert f"account {done.ids['account']} (Averill Ales)" in told
    assert count(instance, "account") == 1


def test_two_who_convert_one_lead_at_once_leave_one_company(instance, lead):
    """The second waits for the first, and hears what the lead became."""
    inside, go, codes = threading.Event(), threading.Event(), []

    def first():
        def work():
            convert(lead, actor=instance.alice)
            inside.set()
            go.wait(10)

        db.transact(work)

    def second():
        try:
            db.transact(lambda: convert(lead, actor=instance.alice))
        except RelatumError as error:
            codes.append((error.code, error.status))

    threads = [in_thread(instance, first)]
    assert inside.wait(10)
    threads.append(in_thread(instance, second))
    go.set()
    for each in threads:
        each.join(20)
    assert codes == [("sales_lead_converted", 409)]
    assert count(instance, "account") == 1


def test_an_old_version_is_refused(instance, lead):
    instance.change("lead", lead, rating="hot")
    code, _ = code_of(converted, instance, lead, versions={lead: 1})
    assert code == "version_mismatch"


# -- matches --------------------------------------------------------------------------------------
@pytest.fixture
def account(instance):
    """Return the id of a company that the lead may be."""
    return instance.create("account", {"name": "Averill Ales Ltd"})[0]


def test_records_that_match_are_asked_about(instance, lead, account):
    code, told = code_of(converted, instance, lead)
    assert (code, f"account {account} (Averill Ales Ltd" in told) == ("sales_lead_matches", True)
    found = instance.read(look, lead)
    assert found["error"]["code"] == code
    [match] = found["account"]["matches"]
    assert (match["id"], match["score"] >= 80, bool(match["reasons"])) == (account, True, True)
    assert converted(instance, lead, {"account": account}).ids["account"] == account


def test_records_that_match_are_linked_or_ignored_if_that_is_said(instance, lead, account):
    [other] = instance.create("lead", {**LEAD, "name": {"last": "Miller"}, "email": None,
                                       "phone": None})  # fmt: skip
    assert converted(instance, lead, {"matches": "link"}).ids["account"] == account
    assert converted(instance, other, {"matches": "new"}).ids["account"] != account


def test_the_company_that_the_lead_names_is_not_asked_about(instance, lead, account):
    [mine] = instance.create("account", {"name": "Mine"})
    instance.change("lead", lead, account=mine)
    assert converted(instance, lead).ids["account"] == mine


# -- many -----------------------------------------------------------------------------------------
def test_many_leads_are_converted_and_those_that_cannot_be_say_why(instance, lead, account):
    more = instance.create(
        "lead", {"subject": "A", "company": "New one", "name": {"last": "A"}},
        {"subject": "B"}, {"subject": "C", "company": "New One ", "name": {"last": "C"}},
    )  # fmt: skip
    found = converted(instance, [lead, *more], {"matches": "link"}, partial=True)
    assert [each.error and each.error.code for each in found] == [
        None, None, "sales_nothing_made", None,
    ]  # fmt: skip
    assert found[0].ids["account"] == account
    assert found[1].ids["account"] == found[3].ids["account"]
    assert count(instance, "opportunity") == 3


def test_a_record_that_is_refused_leaves_nothing_of_its_lead_and_all_of_the_others(instance):
    instance.apply({"op": "change_field", "type": "contact", "field": "email", "unique": True})
    rows = [
        {"subject": n, "company": f"{n} Ltd", "name": {"last": n}, "email": f"{e}@example.org"}
        for n, e in (("Ann", "a"), ("Ben", "b"), ("Cid", "a"))
    ]
    ids = instance.create("lead", *rows)
    instance.create("contact", {"name": {"last": "Zed"}, "email": "b@example.org"})
    found = converted(instance, ids, {"matches": "new"}, partial=True)
    refused = [each.lead for each in found if each.error]
    assert ids[1] in refused
    assert len(refused) == 2
    assert count(instance, "account") == count(instance, "opportunity") == 1
    assert code_of(converted, instance, refused, {"matches": "new"})[0] in ("duplicate", "invalid")


def test_more_leads_than_the_limit_are_refused(instance, lead):
    assert code_of(converted, instance, range(1, 502))[0] == "sales_too_many_leads"


@contextmanager
def counted(instance):
    """Give the statements that are run in the block."""
    found = []

    def note(*args):
        found.append(args[2])

    with instance.app.app_context():
        engine = db.engine()
    sa.event.listen(engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(engine, "before_cursor_execute", note)


def test_queries_do_not_grow_with_the_number_of_leads(instance, crm):
    costs = []
    for number in (3, 30):
        rows = [
            {
                "subject": f"S{n}",
                "company": f"Firm {number} {n}",
                "name": {"last": f"N{n}x{number}"},
            }
            for n in range(number)
        ]
        ids = instance.create("lead", *rows)
        with counted(instance) as statements:
            converted(instance, ids, {"matches": "link"})
        costs.append(len(statements))
    assert costs[1] <= costs[0] + 6, costs


# -- disqualify -----------------------------------------------------------------------------------
def test_a_lead_is_disqualified_for_a_reason_and_that_can_be_undone(instance, lead):
    def work(*, actor):
        disqualify(lead, "no_longer_interested", actor=actor)
        return changes.number()

    number = instance.write(work)
    assert instance.get("lead", lead)["status"] == "no_longer_interested"
    instance.write(records.undo, number)
    assert instance.get("lead", lead)["status"] == "new"
    for status in ("", "qualified", "rubbish"):
        assert code_of(instance.write, disqualify, lead, status)[0] == "sales_choice_invalid"


def test_a_lead_with_a_deal_is_not_disqualified_by_any_way(instance, lead):
    done = converted(instance, lead)
    assert code_of(instance.write, disqualify, lead, "lost")[0] == "sales_lead_has_deals"
    with pytest.raises(Invalid, match="has a deal"):
        instance.change("lead", lead, status="lost")
    instance.write(records.delete, "opportunity", [{"id": done.ids["opportunity"]}])
    instance.write(disqualify, lead, "lost")

"""Converting the selected leads of a list in the desk: a look at each, one button, one undo."""

from __future__ import annotations

import re

import pytest

from relatum.core import auth

from .desk import Browser, at_desk
from .instances import PASSWORD, prepared
from .plugged import served
from .test_conversion import LEAD, count
from .test_conversion_rights import ALL, let

#: The preset of the instance.
PRESET = "all"
AT = "/x/sales/leads/convert"


def named(subject, company, **more):
    """Return a lead of its own name and company."""
    return {"subject": subject, "company": company, "name": {"last": subject}, **more}


@prepared
def crm(instance):
    """Return the ids of three leads, of which one matches a company that is there."""
    [account] = instance.create("account", {"name": "Averill Ales Ltd"})
    leads = instance.create(
        "lead", LEAD, named("Softening", "Kirchbach"), named("Recycling", "Rauschen")
    )
    return {"leads": leads, "account": account}


@pytest.fixture
def desk(instance):
    """Return a browser in which alice is signed in."""
    with at_desk(instance) as browser:
        yield browser


def asked(leads, **words):
    """Return the words of the page for some leads."""
    return {"id": [str(id_) for id_ in leads], "back": "_view=open", **words}


def statuses(instance, leads):
    """Return the statuses of leads."""
    return [instance.get("lead", id_)["status"] for id_ in leads]


def test_the_list_offers_to_convert_what_is_selected(crm, desk):
    bar = desk.get("/records/lead").text.partition('id="bulk"')[2]
    assert f'formaction="{AT}"' in bar
    assert f'formaction="{AT}"' not in desk.get("/records/account").text


def test_the_page_says_what_each_lead_becomes_and_writes_nothing(instance, crm, desk):
    page = desk.get(AT, query_string=asked(crm["leads"])).text
    assert "3 of 3 will be converted" in page
    assert f'href="/records/account/{crm["account"]}">Averill Ales Ltd</a>' in page
    assert re.search(r"Kirchbach\s*<span class=\"tag\">new", page)
    assert re.search(r"Jo Averill\s*<span class=\"tag\">new", page)
    assert statuses(instance, crm["leads"]) == ["new"] * 3


def test_matches_are_linked_made_anew_or_left_out_as_chosen(instance, crm, desk):
    left = desk.get(AT, query_string=asked(crm["leads"], policy="ask")).text
    assert "2 of 3 will be converted" in left
    assert "may be there already" in left
    new = desk.get(AT, query_string=asked(crm["leads"], policy="new")).text
    assert "3 of 3 will be converted" in new
    assert re.search(r"Averill Ales\s*<span class=\"tag\">new", new)


def test_one_button_converts_all_and_one_undo_takes_it_back(instance, crm, desk):
    done = desk.post(AT, data=asked(crm["leads"]))
    assert (done.status_code, done.headers["Location"]) == (303, "/records/lead?_view=open")
    assert statuses(instance, crm["leads"]) == ["qualified"] * 3
    assert (count(instance, "account"), count(instance, "opportunity")) == (3, 3)
    page = desk.get(done.headers["Location"]).text
    assert "Converted leads: 3" in page
    undo = re.search(r"/changes/[0-9]+/undo", page)
    assert undo is not None
    desk.post(undo[0])
    assert statuses(instance, crm["leads"]) == ["new"] * 3
    assert (count(instance, "account"), count(instance, "opportunity")) == (1, 0)


def test_those_that_can_are_converted_and_the_others_stay_as_they_are(instance, crm, desk):
    done = desk.post(AT, data=asked(crm["leads"], policy="ask", deal="none"))
    assert statuses(instance, crm["leads"]) == ["new", "qualified", "qualified"]
    assert count(instance, "opportunity") == 0
    assert "Converted leads: 2. Left as they are: 1" in desk.get(done.headers["Location"]).text


def test_where_none_can_be_converted_the_page_says_why_and_nothing_is_written(instance, crm, desk):
    refused = desk.post(AT, data=asked(crm["leads"][:1], policy="ask"))
    assert refused.status_code == 409
    assert "may be there already" in refused.text
    assert "0 of 1 will be converted" in refused.text
    assert statuses(instance, crm["leads"]) == ["new"] * 3


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"id": []}, 400),
        ({"id": ["one"]}, 400),
        ({"id": [str(n) for n in range(1, 502)]}, 422),
        ({"id": ["1"], "policy": "rubbish"}, 422),
    ],
)
def test_what_is_no_selection_is_refused(crm, desk, words, status):
    assert desk.get(AT, query_string=words).status_code == status
    assert desk.post(AT, data=words).status_code == status


def test_leads_that_are_hidden_are_neither_named_nor_converted(instance, crm):
    let(instance, permissions=["desk.use", "sales.convert"], lead={**ALL, "read": "own"})
    secret = auth.hash_password(PASSWORD)
    instance.write(auth.set_password, instance.bob.user_id, secret)
    [own] = instance.create("lead", named("Mine", "Mine Ltd"), actor=instance.bob)
    leads = [*crm["leads"], own]
    with served(instance) as application:
        desk = Browser(application)
        assert desk.sign_in(email="bob@example.org").status_code == 303
        page = desk.get(AT, query_string=asked(leads)).text
        assert ("Softening" in page, "Kirchbach" in page) == (False, False)
        assert "1 of 1 will be converted" in page
        desk.post(AT, data=asked(leads))
    assert statuses(instance, leads) == ["new", "new", "new", "qualified"]


def test_several_leads_of_one_company_become_people_of_one_company(instance, crm, desk):
    leads = instance.create("lead", *(named(n, "Elmstead Works") for n in ("Ada", "Bea", "Cleo")))
    desk.post(AT, data=asked(leads))
    accounts = {instance.get("lead", id_)["account"] for id_ in leads}
    assert len(accounts) == 1

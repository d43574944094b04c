"""The doors of sales reports: pages without scripts, in German too, CSV, the API, the command."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from relatum.core import auth, clock
from relatum.plugins.sales.reporting import questions

from .desk import Browser, at_desk
from .homes import Shell
from .instances import PASSWORD
from .plugged import client, served
from .test_sales_reports import NOW, crm
from .test_sales_reports_rights import HIDDEN, let

__all__ = ["crm"]
#: The preset of the instance.
PRESET = "sales"
AT = "/x/sales/reports"
API = "/api/x/sales/reports"


@pytest.fixture(autouse=True)
def today():
    """Let it be the day after all that happens."""
    with clock.frozen(NOW):
        yield


@pytest.fixture
def desk(instance, crm):
    """Return a browser in which alice is signed in."""
    with at_desk(instance) as browser:
        yield browser


def links(page, label):
    """Return the numbers of the row of a table with their addresses."""
    row = re.search(rf'<th scope="row">{label}</th>(.*?)</tr>', page, re.DOTALL)
    assert row is not None, label
    found = re.findall(r'href="([^"]*)">([^<]*)<', row[1])
    return [(shown, html.unescape(href)) for href, shown in found]


def as_(desk, instance, user, **rights):
    """Return a browser in which somebody with one role is signed in."""
    let(instance, user, **rights)
    instance.write(auth.set_password, user, auth.hash_password(PASSWORD))
    found = instance.get("user", user)
    other = Browser(desk.application)
    assert other.sign_in(email=found["email"]).status_code == 303
    return other


@pytest.mark.parametrize("name", questions.REPORTS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_report_is_drawn_without_scripts_and_in_german(desk, name, language):
    desk.set_cookie("language", language)
    page = desk.get(f"{AT}/{name}")
    assert page.status_code == 200
    head = {"en": "Sales reports", "de": "Vertriebsberichte"}[language]
    assert f'<span class="trunc">{head}</span>' in page.text
    assert page.text.count("<table") >= 1
    if language == "de":
        inside = page.text[page.text.index("<main") :]
        for text in ("Open deals", "Win rate", "Amount", "Number", "Reached", "Leads by", "Show"):
            assert f">{text}" not in inside, text


def test_the_menu_leads_to_the_reports_below_sales(desk):
    page = desk.get("/").text
    group = page[page.index(">Sales</div>") :]
    assert f'href="{AT}"' in group[: group.index('class="nav-h"')]
    assert desk.get(AT).location == f"{AT}/pipeline"


def test_numbers_lead_to_the_lists_of_their_records(desk):
    page = desk.get(f"{AT}/pipeline?at=2026-03-13").text
    [(number, href), *_] = links(page, "Qualify")
    listed = desk.get(href).text
    assert (number, listed.count("<tr id=")) == ("2", 2)
    assert ("Dairy" in listed, "Farm" in listed) == (True, True)
    [(number, href), *_] = links(desk.get(f"{AT}/winloss").text, "Alice")
    assert (number, desk.get(href).text.count("<tr id=")) == ("1", 1)
    [(number, href), *_] = links(desk.get(f"{AT}/conversion").text, "Propose")
    assert (number, desk.get(href).text.count("<tr id=")) == ("2", 2)


@pytest.mark.parametrize("name", questions.REPORTS)
def test_every_address_of_a_list_can_be_opened(desk, name):
    words = "?at=2026-03-24&since=2026-03-13" if name == "pipeline" else ""
    page = desk.get(f"{AT}/{name}{words}").text
    inside = page[page.index("<main") :]
    addresses = {html.unescape(a) for a in re.findall(r'href="(/records/[^"]*)"', inside)}
    assert addresses
    assert {desk.get(address).status_code for address in addresses} == {200}


def test_a_chart_has_the_numbers_of_its_table(desk):
    page = desk.get(f"{AT}/winloss").text
    spec = json.loads(re.findall(r'<script type="application/json">(.*?)</script>', page)[0])
    assert spec["labels"] == ["Alice", "Zoe"]
    assert [each["data"] for each in spec["series"]] == [["1", "1"], ["1", "0"]]


def test_what_is_wrong_is_said_above_the_filters_that_stay(desk):
    page = desk.get(f"{AT}/winloss?from=2026-04-01&to=2026-03-01")
    assert page.status_code == 422
    assert "2026-04-01 is after 2026-03-01" in page.text
    assert 'name="from" value="2026-04-01"' in page.text
    assert desk.get(f"{AT}/winloss?owner=99999999").status_code == 422
    assert desk.get(f"{AT}/nothing").status_code == 404
    assert desk.get(f"{AT}/winloss/nothing.csv").status_code == 404


def test_a_period_that_is_chosen_goes_before_days_that_stand_there(desk):
    page = desk.get(f"{AT}/winloss?period=last_month&from=2020-01-01&to=2020-02-01").text
    assert "Mar 1, 2026 to Mar 31, 2026" in page


def test_a_table_is_sent_as_csv_with_the_filters_of_the_page(desk):
    page = desk.get(f"{AT}/winloss?owner=me").text
    [address, *_] = re.findall(r'href="([^"]*\.csv[^"]*)"', page)
    assert parse_qs(urlsplit(address).query) == {"owner": ["me"]}
    sent = desk.get(address)
    assert sent.headers["Content-Disposition"] == 'attachment; filename="winloss-owner.csv"'
    assert list(csv.reader(io.StringIO(sent.text))) == [
        ["Owner", "Won", "Lost", "Win rate", "Won amount", "Lost amount", "Win rate by amount"],
        ["Alice", "1", "1", "50.0", "1000.00", "3000.00", "25.0"],
    ]


def test_no_label_of_a_csv_is_taken_for_a_formula(desk, instance, crm):
    instance.change("opportunity", crm["deals"]["Dairy"], name="=cmd()")
    assert "\r\n'=cmd()," in desk.get(f"{AT}/ageing/oldest.csv").text


def test_who_sees_no_amounts_has_pages_and_tables_without(desk, instance, crm):
    fields = {"opportunity.amount": HIDDEN, "opportunity.amount_base": HIDDEN}
    given = {"fields": fields, "scope": "all"}
    bob = as_(desk, instance, crm["people"]["bob"], **given)
    for name in questions.REPORTS:
        page = bob.get(f"{AT}/{name}")
        assert (page.status_code, "€" in page.text, "mount" in page.text) in (
            (200, False, False), (403, False, False),
        )  # fmt: skip


# -- API and command ------------------------------------------------------------------------------
def test_the_api_says_the_same_as_the_command(instance, crm):
    with served(instance) as application:
        alice = client(application, instance.token())
        words = {"at": "2026-03-24", "since": "2026-03-13"}
        found = alice.get(f"{API}/pipeline", query_string=words).get_json()
        assert {"name": "ageing", "label": "Ageing", "words": ["pipeline", "owner", "team"]} in (
            alice.get(API).get_json()["reports"]
        )
    shell = Shell({"RELATUM_HOME": str(instance.home), "RELATUM_DATABASE_URL": instance.config.url})
    asked = ["sales", "report", "pipeline", "--at", "2026-03-24", "--since", "2026-03-13"]
    assert shell.json(*asked) == found
    assert "Open deals by stage" in shell.said(*asked)


def test_the_api_refuses_by_codes_and_who_may_not_see_reports(instance, crm):
    let(instance, crm["people"]["bob"])
    with served(instance) as application:
        alice = client(application, instance.token())
        refused = alice.get(f"{API}/winloss?from=2026-04-01&to=2026-03-01")
        assert (refused.status_code, refused.get_json()["code"]) == (422, "sales_days_reversed")
        assert alice.get(f"{API}/nothing").status_code == 404
        bob = client(application, instance.token(instance.bob))
        assert bob.get(f"{API}/winloss").get_json()["figures"]["won"] == 0
        charlie = client(application, instance.token(_charlie(instance)))
        assert charlie.get(f"{API}/winloss").status_code == 403


def _charlie(instance):
    [found] = instance.sql("SELECT id FROM core_user WHERE name = 'Charlie'")
    with instance.reading():
        return auth.actor_of_user(found.id, source="api")

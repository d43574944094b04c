"""Call lists over HTTP, by command, and in the desk without scripts."""

from __future__ import annotations

import html
import re

import pytest

from relatum.core import clock, records, serve
from relatum.plugins import calling

from .desk import Browser, at_desk, fields_of
from .homes import Shell
from .plugged import client, served
from .telephoning import (
    HOUR,
    crm,
    filled,
    give_password,
    make_leads,
    make_list,
    note,
    office,
    person,
    put,
    take,
    targets,
)

__all__ = ["crm", "office"]
#: The preset of the instance.
PRESET = "sales"


@pytest.fixture
def desk(office):
    """Return a browser in which alice is signed in."""
    with at_desk(office) as browser:
        yield browser


def as_bob(desk, office):
    """Return a browser in which Bob is signed in."""
    other = Browser(desk.application)
    assert other.sign_in(email=give_password(office, "Bob")).status_code == 303
    other.instance = office
    return other


def outcome_form(page):
    """Return the fields of the form of a call, and where it is sent."""
    at = page.index('id="cl-form"')
    address = re.search(r'action="([^"]+)"', page[at:])
    assert address is not None
    return fields_of(page[at : page.index("</form>", at)]), address[1]


def text_of(page):
    """Return the words of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


# -- over HTTP ------------------------------------------------------------------------------------
def test_a_program_fills_a_list_and_calls_from_it(office):
    spring = make_list(office, script="Hello {first}, about {subject}")
    ash, _ = make_leads(office, "Ash", "Birch")
    wanted = {"type": "lead", "filter": {"field": "company", "value": "Ash Ltd"}}
    with served(office) as application:
        api = client(application, office.token())
        to = f"/api/x/calling/lists/{spring}"
        look = api.post(f"{to}/fill?_dry_run=1", json=wanted).json
        assert (look["added"], look["found"], targets(office, spring)) == (1, 1, [])
        done = api.post(f"{to}/fill", json=wanted).json
        assert (done["added"], done["change_set"] is None) == (1, False)
        given = api.post(f"{to}/next").json
        assert given["person"] == {"type": "lead", "id": ash, "label": "Pumps for Ash"}
        assert (given["phone"], given["script"]) == (
            "+49301234500",
            "Hello Jo, about Pumps for Ash",
        )
        body = {"outcome": "interested", "note": "Soon", "version": given["version"]}
        noted = api.post(f"/api/x/calling/targets/{given['target']}/outcome", json=body).json
        assert (noted["state"], noted["category"]) == ("done", "won")
        assert api.post(f"{to}/next").json["target"] is None
        told = api.get(f"{to}/progress").json
        assert (told["total"], told["open"], told["success"]) == (1, 0, 1)
        assert api.delete(f"{to}/next").status_code == 204
        undone = api.post(f"/api/v1/changes/{noted['change_set']}/undo")
        assert undone.status_code == 200
        assert api.post(f"{to}/next").json["target"] == given["target"]


@pytest.mark.parametrize(
    ("address", "body", "status", "code"),
    [
        ("lists/{list}/fill", {}, 422, "invalid"),
        ("lists/{list}/fill", {"type": "lead", "filters": {}}, 422, "invalid"),
        ("lists/{list}/fill", {"type": "user"}, 422, "calling_type_unknown"),
        ("lists/{list}/fill", {"type": "lead", "view": "gossip"}, 404, "view_unknown"),
        ("lists/{list}/fill", {"type": "lead", "filter": {"field": "x", "value": 1}}, 404,
         "field_unknown"),
        ("lists/999999/fill", {"type": "lead"}, 404, "record_unknown"),
        ("lists/999999/next", {}, 404, "record_unknown"),
        ("targets/{target}/outcome", {}, 422, "invalid"),
        ("targets/{target}/outcome", {"outcome": "gossip"}, 422, "calling_outcome_unknown"),
        ("targets/{target}/outcome", {"outcome": "reached", "version": "one"}, 422, "invalid"),
        ("targets/{target}/outcome", {"outcome": "reached", "duration": "long"}, 422, "invalid"),
        ("targets/999999/outcome", {"outcome": "reached"}, 404, "record_unknown"),
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    office, refused, address, body, status, code
):
    spring = make_list(office)
    who = filled(office, spring, "Ash")
    with served(office) as application:
        api = client(application, office.token())
        to = address.format(list=spring, target=who["Ash"])
        refused(api.post(f"/api/x/calling/{to}", json=body), status, code)
    [target] = targets(office, spring)
    assert (target["version"], target["outcome"]) == (1, None)


def test_who_lacks_the_permission_or_does_not_see_a_list_gets_nothing(office, refused):
    spring = make_list(office, team=office.teams["North"])
    filled(office, spring, "Ash", team=office.teams["North"])
    with served(office) as application:
        bob, charlie = (
            client(application, office.token(person(office, name))) for name in ("Bob", "Charlie")
        )
        to = f"/api/x/calling/lists/{spring}"
        assert bob.get(f"{to}/progress").json["total"] == 1
        refused(charlie.get(f"{to}/progress"), 404, "record_unknown")
        refused(charlie.post(f"{to}/next"), 404, "record_unknown")
    nobody = office.create("user", {"name": "Nina", "email": "nina@example.org"})
    assert nobody
    with served(office) as application:
        nina = client(application, office.token(person(office, "Nina")))
        refused(nina.post(f"/api/x/calling/lists/{spring}/next"), 403, "forbidden")


# -- by command -----------------------------------------------------------------------------------
def test_commands_fill_a_list_and_tell_how_far_it_is(office):
    spring = make_list(office)
    make_leads(office, "Ash", "Birch")
    make_leads(office, "Cedar", phone=None)
    shell = Shell(serve.environment(office.config))
    look = shell("calling", "fill", "Spring", "lead", "--dry-run").stdout
    assert look.splitlines() == [
        "2 of 3 would be put on the list", "  1 left out: without a number that you see",
    ]  # fmt: skip
    assert targets(office, spring) == []
    done = shell.json("calling", "fill", "Spring", "lead", "company__starts=Ash", "--view", "all")
    assert (done["added"], done["left_out"]) == (1, {})
    assert shell.error("calling", "fill", "Summer", "lead").startswith("lookup_unmatched: ")
    assert shell.error("calling", "fill", "Spring", "user").startswith("calling_type_unknown: ")
    assert shell("calling", "fill", "Spring", "lead", "Ash").exit_code == 2
    note(office, take(office, spring), "interested", duration="2m")
    told = shell("calling", "progress", "Spring").stdout
    assert "1 on the list: 0 open" in told
    assert "Alice: 1 calls, 1 reached, 1 interested" in told


# -- in the desk, without scripts -----------------------------------------------------------------
def test_a_caller_goes_from_call_to_call(desk, office):
    spring = make_list(office, script="Good morning {name} of {company}, {caller} here.")
    who = filled(office, spring, "Ash", "Birch")
    page = f"/x/calling/{spring}/next"
    assert "Ready" in desk.get(page).text
    assert f'action="{page}"' in desk.get(f"/records/call_list/{spring}").text
    assert desk.post(page).location == page
    shown = desk.get(page).text
    assert 'href="tel:+49301234500"' in shown
    assert "Good morning Jo Ash of Ash Ltd, Alice here." in text_of(shown)
    form, address = outcome_form(shown)
    sent = {**form, "outcome": "not_interested", "note": "Bought one", "minutes": "3"}
    answer = desk.post(address, data=sent)
    assert answer.location == page
    assert "Jo Birch" in desk.get(page).text
    [first, _] = targets(office, spring)
    assert (first["outcome"], first["note"], first["id"]) == ("not_interested", "Bought one",
                                                              who["Ash"])  # fmt: skip
    twice = desk.post(address, data=sent)
    assert (twice.status_code, "noted the outcome already" in twice.text) == (409, True)
    desk.post(f"/x/calling/{spring}/leave")
    assert "Ready" in desk.get(page).text


def test_who_is_interested_is_offered_to_be_converted_on_the_next_page(desk, office):
    spring = make_list(office)
    who = filled(office, spring, "Ash")
    desk.post(f"/x/calling/{spring}/next")
    form, address = outcome_form(desk.get(f"/x/calling/{spring}/next").text)
    answer = desk.post(address, data={**form, "outcome": "interested"})
    lead = targets(office, spring)[0]["lead"]
    assert answer.location == f"/x/calling/{spring}/next?after={lead}"
    page = desk.get(answer.location).text
    assert f'href="/x/sales/leads/{lead}/convert"' in page
    assert "Jo Ash is interested." in text_of(page)
    assert "All called" in page
    [ada] = office.create("contact", {"name": {"last": "Ada"}, "phone": "+49 30 1234567"})
    put(office, spring, [ada], "contact")
    page = desk.get(f"/x/calling/{spring}/next?after={ada}").text
    assert f'href="/records/opportunity/new?contact={ada}"' in page
    for wrong in (spring, who["Ash"], "x", "9" * 30):
        assert desk.get(f"/x/calling/{spring}/next?after={wrong}").status_code == 200


def test_what_was_typed_stays_when_it_is_refused(desk, office):
    spring = make_list(office, hours_from="00:00", hours_to="23:59")
    filled(office, spring, "Ash")
    desk.post(f"/x/calling/{spring}/next")
    form, address = outcome_form(desk.get(f"/x/calling/{spring}/next").text)
    for more, said in (
        ({"outcome": "call_back"}, "needs"),
        ({"outcome": "call_back", "next_call_at": "2020-01-01T10:00"}, "is past"),
        ({"outcome": "call_back", "next_call_at": "tomorrow"}, ""),
        ({"outcome": "reached", "minutes": "many"}, ""),
        ({"outcome": ""}, "is no outcome"),
    ):
        page = desk.post(address, data={**form, "note": "Asks for Monday", **more})
        assert page.status_code == 422
        assert "Asks for Monday" in page.text
        assert said in text_of(page.text)
    assert targets(office, spring)[0]["attempts"] == 0


def test_a_list_says_why_nobody_is_called(desk, office):
    draft = make_list(office, status="draft")
    assert "This list is not active" in desk.get(f"/x/calling/{draft}/next").text
    assert desk.post(f"/x/calling/{draft}/next").status_code == 409
    never = make_list(office, name="Nights", hours_from="00:00", hours_to="00:01",
                      days=[DAYS[(clock.now().weekday() + 3) % 7]])  # fmt: skip
    assert "Outside of the calling hours" in desk.get(f"/x/calling/{never}/next").text


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def test_what_a_list_of_leads_shows_is_put_on_a_call_list_after_a_look(desk, office):
    spring = make_list(office)
    make_leads(office, "Ash", "Birch")
    make_leads(office, "Cedar", phone=None)
    page = desk.get("/records/lead?_view=all&company__starts=Ash").text
    way = re.search(r'href="(/x/calling/fill/lead[^"]*)"', page)
    assert way is not None
    to = html.unescape(way[1])
    assert "Spring" in desk.get(to).text
    assert "1 of 1 will be put on the list" in text_of(desk.get(f"{to}&_list={spring}").text)
    every = text_of(desk.get(f"/x/calling/fill/lead?_view=all&_list={spring}").text)
    assert "2 of 3 will be put on the list" in every
    assert "1 without a number that you see" in every
    done = desk.post(to, data={"_list": str(spring)})
    assert done.location == f"/records/call_list/{spring}"
    assert len(targets(office, spring)) == 1
    made = desk.post("/x/calling/fill/lead?_view=all&_search=Birch",
                     data={"_list": "new", "_name": "Birches"})  # fmt: skip
    birches = int(made.location.rpartition("/")[2])
    assert len(targets(office, birches)) == 1
    shown = desk.get(made.location).text
    assert "Progress" in shown
    for form, status in (({"_list": "new"}, 422), ({"_list": "x"}, 400), ({"_list": "99999"}, 404)):
        assert desk.post("/x/calling/fill/lead", data=form).status_code == status
    assert desk.get("/x/calling/fill/account").status_code == 422
    assert desk.get(f"/x/calling/fill/lead?_as_of=2026-01-01&_list={spring}").status_code == 400


def test_the_leads_that_are_selected_are_put_on_a_call_list(desk, office):
    spring = make_list(office)
    make_leads(office, "Ash", "Birch", "Cedar")
    bar = desk.get("/records/lead?_view=all").text.partition('<form class="bulk"')[2]
    assert 'formaction="/x/calling/fill/lead"' in bar
    ids = [row.id for row in office.sql("SELECT id FROM lead ORDER BY id")][:2]
    chosen = {"id": [str(id_) for id_ in ids], "back": "_view=all&_sort=id"}
    page = desk.get("/x/calling/fill/lead", query_string=chosen).text
    form = page[page.index('action="/x/calling/fill/lead"') :].partition("</form>")[0]
    looked = desk.get("/x/calling/fill/lead", query_string=fields_of(form) | {"_list": spring})
    assert "2 of 2 will be put on the list" in text_of(looked.text)
    way = re.search(r'method="post" action="(/x/calling/fill/lead[^"]*)"', looked.text)
    assert way is not None
    assert desk.post(html.unescape(way[1]), data={"_list": str(spring)}).status_code == 303
    assert {row.lead for row in office.sql("SELECT lead FROM call_target")} == set(ids)


def test_home_shows_the_call_backs_that_one_has_promised(desk, office):
    spring = make_list(office, team=office.teams["North"])
    who = filled(office, spring, "Ash", "Birch", team=office.teams["North"])
    now = clock.now()
    bob = person(office, "Bob")
    office.write(
        calling.note, who["Ash"], "call_back", next_call_at=now + HOUR / 3600, actor=bob
    )  # fmt: skip
    assert "Call backs that you have promised" not in desk.get("/").text
    page = as_bob(desk, office).get("/").text
    assert "Call backs that you have promised today" in page
    assert "Pumps for Ash" in page
    assert f'action="/x/calling/{spring}/next"' in page


def test_a_colleague_of_another_team_sees_neither_list_nor_buttons(desk, office):
    south = make_list(office, team=office.teams["South"])
    bob = as_bob(desk, office)
    assert bob.get(f"/x/calling/{south}/next").status_code == 404
    assert bob.post(f"/x/calling/{south}/next").status_code == 404
    assert bob.post(f"/x/calling/{south}/leave").status_code == 404
    assert "Spring" not in bob.get("/").text


def test_the_pages_speak_german(desk, office):
    spring = make_list(office, hours_from="09:00", days=["mon", "tue", "wed"], status="draft")
    filled(office, spring, "Ash")
    desk.post("/account/profile", data={"language": "de"})
    assert "Diese Liste ist nicht aktiv" in desk.get(f"/x/calling/{spring}/next").text
    assert "hat den Status Entwurf" in desk.post(f"/x/calling/{spring}/next").text
    office.write(records.update, "call_list",
                 [{"id": spring, "status": "active", "hours_from": None, "days": []}])  # fmt: skip
    desk.post(f"/x/calling/{spring}/next")
    page = desk.get(f"/x/calling/{spring}/next").text
    for said in ("Nicht erreicht", "Zurückrufen", "Wie ging es aus?", "Leitfaden"):
        assert said in page or said == "Leitfaden"
    assert "Fortschritt" in desk.get(f"/records/call_list/{spring}").text
    assert "Auf eine Anrufliste setzen" in desk.get("/records/lead").text

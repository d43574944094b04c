"""Web forms: what anybody sends becomes a record, and who gets it is said with the reason."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest

from relatum.core import clock, query, records
from relatum.core.errors import Invalid

from .desk import at_desk
from .instances import prepared
from .plugged import client, served

#: The preset of the instance.
PRESET = "sales"

QUESTIONS = [
    {"field": "name", "required": True}, {"field": "email", "required": True},
    {"field": "subject", "required": True}, {"field": "source", "value": "website"},
]  # fmt: skip
ANSWER = {
    "name.first": "Ada", "name.last": "Lovelace", "email": "ada@example.org",
    "subject": "Looms", "consent_": "1",
}  # fmt: skip
PAGE = "/x/intake/contact-us"


@prepared
def crm(instance):
    """An instance with a form, and a team of three."""
    instance.enable("intake")
    [team] = instance.create("team", {"name": "North"})
    for name in ("Ida", "Jon", "Kim"):
        user = {"name": name, "email": f"{name.lower()}@example.org", "team": team}
        instance.create("user", user)
    form = {
        "name": "Contact", "makes": "lead", "heading": "Tell us", "address": "contact-us",
        "consent": "You may write to me.", "for_team": team, "questions": QUESTIONS,
    }  # fmt: skip
    instance.create("web_form", form)


@pytest.fixture
def asking(crm):
    """Return a client that is not signed in."""
    with served(crm) as application:
        yield client(application)


def page(crm, type_name, **asked):
    """Return records of a type, oldest first."""

    def found(*, actor):
        words = {"sort": ["id"], **asked}
        return query.page(query.from_json(type_name, words, actor=actor)).records

    return crm.read(found)


def sealed(asking, address=PAGE):
    """Return the seal of the form's page."""
    found = re.search(r'name="seal" value="([^"]+)"', asking.get(address).text)
    assert found is not None
    return found[1]


def send(asking, seconds=5, **more):
    """Look at the page, and send an answer so many seconds later."""
    seal = sealed(asking)
    with clock.frozen(clock.now() + timedelta(seconds=seconds)):
        return asking.post(PAGE, data={**ANSWER, "seal": seal, **more})


def users(crm):
    """Return the names of users by id."""
    return {row["id"]: row["name"] for row in page(crm, "user", fields=["name"])}


# -- what comes in --------------------------------------------------------------------------
def test_an_answer_becomes_a_record_and_an_entry_with_what_was_agreed_to(crm, asking):
    answer = send(asking, utm_source="fair", utm_campaign="spring")
    assert (answer.status_code, "Thank you" in answer.text) == (200, True)
    [lead] = page(crm, "lead")
    assert (lead["name"]["last"], lead["email"]) == ("Lovelace", "ada@example.org")
    assert (lead["subject"], lead["source"]) == ("Looms", "website")
    [entry] = page(crm, "web_form_entry")
    assert (entry["made_type"], entry["made_id"]) == ("lead", lead["id"])
    assert entry["consent"] == "You may write to me."
    assert entry["campaign"] == "fair / spring"


def test_what_was_agreed_to_stays_as_it_was_when_the_words_change(crm, asking):
    send(asking)
    [form] = page(crm, "web_form")
    crm.write(records.update, "web_form", [{"id": form["id"], "consent": "Other words."}])
    assert page(crm, "web_form_entry")[0]["consent"] == "You may write to me."


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"email": "nowhere"}, "q-3"),
        ({"name.last": ""}, "q-2"),
        ({"subject": " "}, "q-4"),
        ({"consent_": ""}, "consent"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_at_its_question_and_nothing_of_the_answer_is_lost(
    crm, asking, sent, said
):
    answer = send(asking, **sent)
    assert answer.status_code == 422
    assert f'id="{said}-e"' in answer.text
    assert 'value="Ada"' in answer.text
    assert page(crm, "lead") == []
    assert page(crm, "web_form_entry") == []


@pytest.mark.parametrize(
    ("seconds", "sent"),
    [(0, {}), (90_000, {}), (5, {"website_": "buy"}), (5, {"seal": "made up"}), (5, {"seal": ""})],
    ids=str,
)
def test_a_machine_is_thanked_like_a_person_and_nothing_is_kept(crm, asking, seconds, sent):
    answer = send(asking, seconds, **sent)
    assert (answer.status_code, "Thank you" in answer.text) == (200, True)
    assert page(crm, "lead") == []


def test_the_seal_of_another_form_is_none(crm, asking):
    other = {"name": "Other", "makes": "lead", "heading": "Other", "address": "other",
             "questions": QUESTIONS}  # fmt: skip
    crm.create("web_form", other)
    send(asking, seal=sealed(asking, "/x/intake/other"))
    assert page(crm, "lead") == []


def test_one_address_sends_so_much_and_no_more(crm, asking):
    codes = [send(asking).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


def test_a_closed_form_says_so_and_one_that_is_not_there_is_missing(crm, asking):
    [form] = page(crm, "web_form")
    crm.write(records.update, "web_form", [{"id": form["id"], "active": False}])
    assert "closed" in asking.get(PAGE).text
    assert send_closed(asking) == 409
    assert asking.get("/x/intake/nothing-here").status_code == 404
    assert page(crm, "lead") == []


def send_closed(asking):
    """Send an answer to a form without having seen its questions; return the status."""
    return asking.post(PAGE, data=ANSWER).status_code


def test_values_that_nobody_asked_for_are_not_taken(crm, asking):
    send(asking, rating="hot", owner="1", id="1", source="referral")
    [lead] = page(crm, "lead")
    assert (lead["rating"], lead["source"]) == (None, "website")
    assert users(crm)[lead["owner"]] == "Ida"


def test_only_named_sites_may_show_the_page_within_their_own(crm, asking):
    assert "frame-ancestors 'none'" in asking.get(PAGE).headers["Content-Security-Policy"]
    [form] = page(crm, "web_form")
    sites = "https://www.example.org/shop, javascript:alert(1), https://b.example"
    crm.write(records.update, "web_form", [{"id": form["id"], "sites": sites}])
    answer = asking.get(PAGE)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors https://www.example.org https://b.example")
    assert "script-src" not in policy


# -- who gets it ----------------------------------------------------------------------------
def test_members_of_a_team_take_turns_and_the_entry_says_so(crm, asking):
    for _ in range(4):
        send(asking)
    names = [users(crm)[lead["owner"]] for lead in page(crm, "lead")]
    assert names == ["Ida", "Jon", "Kim", "Ida"]
    assert page(crm, "web_form_entry")[1]["assigned"] == "Turn of Jon in North"


def test_whoever_is_not_active_is_passed_over(crm, asking):
    [jon] = [id_ for id_, name in users(crm).items() if name == "Jon"]
    crm.write(records.update, "user", [{"id": jon, "active": False}])
    for _ in range(2):
        send(asking)
    assert [users(crm)[lead["owner"]] for lead in page(crm, "lead")] == ["Ida", "Kim"]


def test_whoever_has_the_least_open_work_gets_it(crm, asking):
    [form] = page(crm, "web_form")
    crm.write(records.update, "web_form", [{"id": form["id"], "turns": "least_open"}])
    ida, jon, kim = (id_ for id_, name in users(crm).items() if name in ("Ida", "Jon", "Kim"))
    open_, over = {"subject": "Open"}, {"subject": "Over", "status": "lost"}
    crm.create("lead", {**open_, "owner": ida}, {**open_, "owner": jon}, {**over, "owner": kim})
    send(asking)
    entry = page(crm, "web_form_entry")[0]
    assert entry["assigned"] == "Kim has the least open work in North: 0"
    assert page(crm, "lead")[-1]["owner"] == kim


def test_two_that_come_at_once_have_two_turns(crm):
    with served(crm) as application:
        seal = sealed(client(application))
        later = clock.now() + timedelta(seconds=5)
        together = threading.Barrier(4)

        def post():
            asking = client(application)
            with clock.frozen(later):
                together.wait()
                asking.post(PAGE, data={**ANSWER, "seal": seal})

        threads = [threading.Thread(target=post) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    names = sorted(users(crm)[lead["owner"]] for lead in page(crm, "lead"))
    assert names == ["Ida", "Ida", "Jon", "Kim"]


# -- making forms ---------------------------------------------------------------------------
def test_a_form_is_given_an_address_that_nobody_guesses(crm):
    crm.create("web_form", {"name": "Another", "makes": "lead", "heading": "Another"})
    assert len(page(crm, "web_form")[-1]["address"]) == 12


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"makes": "nothing"}, "makes"),
        ({"makes": "user"}, "makes"),
        ({"consent_field": "email"}, "consent_field"),
        ({"address": "a b"}, "address"),
    ],
    ids=str,
)
def test_a_form_that_cannot_be_is_refused_by_name(crm, values, field):
    form = {"name": "Bad", "makes": "lead", "heading": "Bad", **values}
    with pytest.raises(Invalid) as caught:
        crm.create("web_form", form)
    assert caught.value.problems[0].field == field


@pytest.mark.parametrize(
    "question", [{"field": "nothing"}, {"field": "account"}, {"field": "created_at"}], ids=str
)
def test_a_question_that_no_form_can_ask_is_refused(crm, question):
    [form] = page(crm, "web_form")
    with pytest.raises(Invalid) as caught:
        crm.create("web_form_field", {"form": form["id"], **question})
    assert caught.value.problems[0].field == "field"


def test_a_value_that_the_field_refuses_is_refused_when_it_is_set(crm):
    [form] = page(crm, "web_form")
    with pytest.raises(Invalid) as caught:
        crm.create("web_form_field", {"form": form["id"], "field": "rating", "value": "lukewarm"})
    assert caught.value.problems[0].field == "value"


def test_a_question_whose_field_is_gone_since_is_left_out(crm, asking):
    crm.apply({"op": "add_field", "type": "lead", "name": "x_shoe", "kind": "text"})
    [form] = page(crm, "web_form")
    crm.create("web_form_field", {"form": form["id"], "field": "x_shoe"})
    assert 'name="x_shoe"' in asking.get(PAGE).text
    crm.apply({"op": "trash_field", "type": "lead", "field": "x_shoe"})
    assert 'name="x_shoe"' not in asking.get(PAGE).text
    assert send(asking).status_code == 200
    assert len(page(crm, "lead")) == 1


def test_the_record_of_a_form_says_where_its_page_is(crm):
    [form] = page(crm, "web_form")
    crm.enable("desk")
    with at_desk(crm) as desk:
        shown = desk.get(f"/records/web_form/{form['id']}").text
        [address] = re.findall(rf'href="(http[^"]+{PAGE})"', shown)
        assert "Anybody reaches it here" in shown
        assert "Tell us" in desk.get(address).text
        crm.change("web_form", form["id"], active=False)
        assert "It is closed and says so" in desk.get(f"/records/web_form/{form['id']}").text

"""People at the desk: invited, leaving, let in again, and signed out elsewhere."""

from __future__ import annotations

import html
import io
import re

import pytest

from relatum.core import auth, jobs, roles

from .counting import run
from .desk import Browser
from .desk_office import desk, office
from .instances import PASSWORD

__all__ = ["desk", "office"]
PRESET = "desk"


def as_sam(desk, *actions):
    """Return a browser of sam, who reads all users and may do more with them."""
    sam = desk.ids.people["sam"]
    line = dict.fromkeys(("read", *actions), "all")
    said = {"types": {"user": line}, "permissions": ["desk.use"]}
    desk.instance.write(roles.save, "staff", said)
    desk.instance.write(roles.hold, "user", sam, ["staff"])
    desk.instance.write(auth.set_password, sam, auth.hash_password(PASSWORD))
    browser = Browser(desk.application)
    assert browser.sign_in(email="sam@example.org").status_code == 303
    return browser


def user_named(desk, email):
    return desk.instance.sql("SELECT id FROM core_user WHERE email = :email", email=email)


def links_of(page):
    return re.findall(r'readonly value="([^"]*/sign-in/[^"]+)"', page.text)


def text_of(page):
    return html.unescape(re.sub(r"<[^>]+>", " ", page.text))


# -- inviting -------------------------------------------------------------------------------
def test_the_list_of_users_leads_administrators_to_the_invitation(desk):
    assert 'href="/users/_invite"' in desk.get("/records/user").text
    assert 'href="/users/_invite"' not in desk.get("/records/team").text
    sam = as_sam(desk)
    assert 'href="/users/_invite"' not in sam.get("/records/user").text
    assert sam.get("/users/_invite").status_code == 403
    assert sam.post("/users/_invite", data={"what": "one"}).status_code == 403


def test_one_person_is_invited_and_the_link_lets_in_once(desk):
    [team] = desk.instance.create("team", {"name": "Mars"})
    form = {"what": "one", "email": "eve@example.org", "name": "Eve", "role": ["member"]}
    page = desk.post("/users/_invite", data={**form, "team": team, "team~text": "Mars",
                                             "team~was": "Mars"})  # fmt: skip
    [link] = links_of(page)
    [row] = user_named(desk, "eve@example.org")
    assert desk.instance.get("user", row.id)["team"] == team
    assert desk.instance.read(roles.held, "user", row.id) == ["member"]
    eve = Browser(desk.application)
    path = "/sign-in/" + link.rpartition("/")[2]
    assert eve.post(path).status_code == 303
    assert Browser(desk.application).post(path).status_code != 303


def test_a_team_may_be_typed_and_what_is_wrong_is_said_beside_the_field(desk):
    form = {"what": "one", "email": "eve", "team~text": "Nowhere", "team": ""}
    page = desk.post("/users/_invite", data=form)
    assert page.status_code == 422
    assert 'id="email-e" role="alert"' in page.text and 'id="team-e" role="alert"' in page.text
    assert 'value="Nowhere"' in page.text
    desk.instance.create("team", {"name": "Mars"})
    done = desk.post("/users/_invite", data={**form, "email": "eve@x.de", "team~text": "mars"})
    assert done.status_code == 200 and len(links_of(done)) == 1


def test_a_list_is_looked_at_first_and_then_invited(desk):
    text = "name,email,role\nEve,eve@example.org,member\nAlice,alice@example.org,\n"
    looked = desk.post("/users/_invite", data={"what": "list", "text": text})
    assert "Nothing is written yet" in looked.text and links_of(looked) == []
    assert user_named(desk, "eve@example.org") == []
    assert "is there already" in text_of(looked)
    done = desk.post("/users/_invite", data={"what": "list", "text": text, "step": "do"})
    assert len(links_of(done)) == 1
    assert len(user_named(desk, "eve@example.org")) == 1


def test_a_list_may_be_a_file_and_stays_in_the_form(desk):
    file = (io.BytesIO("Name;E-Mail\nZoë;zoe@example.org\n".encode("cp1252")), "people.csv")
    page = desk.post("/users/_invite", data={"what": "list", "file": file})
    assert page.status_code == 200
    assert "Zoë" in text_of(page) and "Name;E-Mail" in page.text


def test_every_problem_of_a_list_is_said_with_its_line_and_nobody_is_invited(desk):
    text = "email,role\neve@example.org,membr\nbad,\n"
    for step in ("", "do"):
        page = desk.post("/users/_invite", data={"what": "list", "text": text, "step": step})
        said = text_of(page)
        assert page.status_code == 422
        assert "Line 2, Roles: There is no role 'membr'" in said
        assert "Line 3, E-mail address: 'bad' is not" in said
        assert text.splitlines()[1] in page.text
    assert user_named(desk, "eve@example.org") == []


@pytest.mark.parametrize("text", ["", "colour\nred\n", "x" * 400_001])
def test_what_is_no_list_is_said(desk, text):
    page = desk.post("/users/_invite", data={"what": "list", "text": text})
    assert page.status_code in (413, 422) and 'id="list-e"' in page.text


# -- leaving --------------------------------------------------------------------------------
def leaver(desk, notes=2):
    """Return sam, who owns some notes, and nora."""
    desk.instance.make_type("x_note", {"name": "name", "kind": "text"}, plural="Notes")
    sam, eve = desk.ids.people["sam"], desk.ids.people["nora"]
    made = desk.instance.create("x_note", *({"name": "n", "owner": sam} for _ in range(notes)))
    return sam, eve, made


def form_of(desk, user_id):
    page = desk.get(f"/users/{user_id}/disable").text
    offered = re.findall(r'name="offered" value="([^"]+)"', page)
    return {"offered": offered, "type": offered, "which": "open", "name": "Sam"}


def test_the_menu_of_a_user_leads_to_what_disabling_means(desk):
    sam, *_ = leaver(desk)
    assert f'href="/users/{sam}/disable"' in desk.get(f"/records/user/{sam}").text
    said = text_of(desk.get(f"/users/{sam}/disable"))
    assert "Notes" in said and "Sessions that end: 0" in said


def test_who_is_disabled_without_an_heir_keeps_what_he_owns(desk):
    sam, _, [note, *_] = leaver(desk)
    answer = desk.post(f"/users/{sam}/disable", data=form_of(desk, sam))
    assert answer.location == f"/records/user/{sam}"
    assert desk.instance.get("user", sam)["active"] is False
    assert desk.instance.get("x_note", note)["owner"] == sam
    assert desk.instance.read(jobs.list_jobs, kind="hand_over") == []


def test_what_he_owns_goes_to_whom_is_named_and_only_types_that_are_ticked(desk):
    sam, eve, notes = leaver(desk)
    form = form_of(desk, sam)
    form["type"] = ["x_note"]
    answer = desk.post(f"/users/{sam}/disable", data={**form, "transfer_to": eve})
    job = int(answer.location.rpartition("/")[2])
    assert run(desk.instance, job) == "done"
    assert [desk.instance.get("x_note", note)["owner"] for note in notes] == [eve, eve]
    heirs = desk.instance.read(jobs.get, job)["arguments"]["heirs"]
    assert "x_note" not in heirs and set(heirs.values()) <= {None}
    # The page of the job offers to take it back.
    assert "Undo" in desk.get(answer.location).text


def test_a_type_goes_to_an_heir_of_its_own(desk):
    sam, eve, [note, *_] = leaver(desk)
    form = {**form_of(desk, sam), "heir:x_note": eve}
    answer = desk.post(f"/users/{sam}/disable", data=form)
    run(desk.instance, int(answer.location.rpartition("/")[2]))
    assert desk.instance.get("x_note", note)["owner"] == eve


@pytest.mark.parametrize("name", ["transfer_to", "heir:x_note"])
def test_an_heir_who_can_not_be_one_is_said_beside_the_field(desk, name):
    sam, *_ = leaver(desk)
    for sent in ({name: str(sam)}, {f"{name}~text": "Nobody of that name"}):
        page = desk.post(f"/users/{sam}/disable", data={**form_of(desk, sam), **sent})
        mark = f'id="h-{name.replace(":", "-")}-e" role="alert"'
        assert (page.status_code, mark in page.text) == (422, True)
    assert desk.instance.get("user", sam)["active"] is True


def test_the_last_administrator_reads_why_she_stays(desk):
    alice = desk.instance.alice.user_id
    page = desk.post(f"/users/{alice}/disable", data=form_of(desk, alice))
    assert page.status_code == 422 and "last administrator" in page.text


def test_a_disabled_user_is_let_in_again_and_may_hand_over_later(desk):
    sam, eve, [note, *_] = leaver(desk)
    desk.post(f"/users/{sam}/disable", data=form_of(desk, sam))
    page = desk.get(f"/records/user/{sam}").text
    assert f'action="/users/{sam}/enable"' in page and "Hand over records" in page
    answer = desk.post(f"/users/{sam}/disable", data={**form_of(desk, sam), "transfer_to": eve})
    run(desk.instance, int(answer.location.rpartition("/")[2]))
    assert desk.instance.get("x_note", note)["owner"] == eve
    desk.post(f"/users/{sam}/enable")
    assert desk.instance.get("user", sam)["active"] is True


def test_who_is_no_administrator_disables_nobody(desk):
    sam = as_sam(desk, "update")
    eve = desk.ids.people["nora"]
    for answer in (
        sam.get(f"/users/{eve}/disable"),
        sam.post(f"/users/{eve}/disable", data={"which": "open"}),
        sam.post(f"/users/{eve}/sessions/end"),
    ):
        assert answer.status_code == 403
    assert "/disable" not in sam.get(f"/records/user/{eve}").text
    assert desk.instance.get("user", eve)["active"] is True


# -- sessions -------------------------------------------------------------------------------
def test_a_users_page_shows_administrators_sessions_and_tokens_and_ends_them(desk):
    sam = as_sam(desk)
    id_ = desk.ids.people["sam"]
    desk.instance.write(auth.make_token, id_, "Nightly report", 30, reads_only=True)
    said = text_of(desk.get(f"/records/user/{id_}"))
    for word in ("Last sign-in", "Sessions  1", "Nightly report", "only read", "never used"):
        assert word in said
    assert "Nightly report" not in sam.get(f"/records/user/{id_}").text
    assert desk.post(f"/users/{id_}/sessions/end").location == f"/records/user/{id_}"
    assert sam.get("/account").status_code == 303
    assert "Signed in nowhere" in desk.get(f"/records/user/{id_}").text


def test_ones_own_sessions_are_ended_one_by_one_or_all_but_this(desk):
    others = [Browser(desk.application) for _ in range(3)]
    for other in others:
        other.sign_in()
    page = desk.get("/account").text
    assert page.count("this browser") == 1
    addresses = re.findall(r'action="(/account/sessions/[0-9a-f]{16}/end)"', page)
    assert len(addresses) == 3
    assert desk.post(addresses[0]).location == "/account#sessions"
    assert desk.post(addresses[0]).status_code == 303
    assert sorted(other.get("/account").status_code for other in others) == [200, 200, 303]
    desk.post("/account/sessions/end")
    assert {other.get("/account").status_code for other in others} == {303}
    assert desk.get("/account").status_code == 200

"""The bell, the list and the button in the desk, without scripts; and the calls beside them."""

from __future__ import annotations

import re

import pytest

from relatum.core.fields import mention_parts, mentions

from .desk import FRAGMENT, as_person
from .desk_office import desk
from .notifying import ALL, change, office
from .officing import actor, give

__all__ = ["desk", "office"]
#: The preset of the instance.
PRESET = "desk"
USE = ["desk.use", "notifications.use"]


@pytest.fixture
def sam(desk):
    """Return the browser of sam, who owns two deals."""
    made = as_person(desk, "sam", ALL)
    give(desk.instance, desk.ids, "sam", ALL, permissions=USE)
    made.instance, made.ids = desk.instance, desk.ids
    return made


def address(browser, deal):
    return f"/records/x_deal/{browser.ids.deals[deal]}"


# -- the bell -------------------------------------------------------------------------------
def test_the_bell_counts_in_sidebar_and_bar_and_answers_304_until_something_is_new(sam, desk):
    page = sam.get("/records/x_deal").text
    assert 'src="/x/notifications/bell"' in page
    assert re.search(r'class="nt-bar"[^§]*data-nt-count aria-hidden="true" hidden', page)
    first = sam.get("/x/notifications/bell", headers=FRAGMENT)
    assert ('data-unread="0"' in first.text, "<html" in first.text) == (True, False)
    known = {**FRAGMENT, "If-None-Match": first.headers["ETag"]}
    assert sam.get("/x/notifications/bell", headers=known).status_code == 304
    change(sam.instance, sam.ids, "nora", "sam large", amount=1)
    again = sam.get("/x/notifications/bell", headers=known)
    assert (again.status_code, 'data-unread="1"' in again.text) == (200, True)
    assert re.search(r'class="n hot num" aria-hidden="true">1<', sam.get("/records/x_deal").text)


def test_opening_one_leads_to_its_record_and_reads_it(sam, desk):
    change(sam.instance, sam.ids, "nora", "sam large", amount=1)
    page = sam.get("/x/notifications/").text
    [form] = re.findall(r'action="(/x/notifications/\d+/open)"', page)
    answer = sam.post(form)
    assert (answer.status_code, answer.headers["Location"]) == (303, address(sam, "sam large"))
    assert "nt-line is-new" not in sam.get("/x/notifications/").text
    assert "Nothing unread" in sam.get("/x/notifications/?new=1").text


def test_one_and_all_are_marked_in_place(sam, desk):
    for amount in (1, 2):
        change(sam.instance, sam.ids, "nora", "sam large", amount=amount)
    panel = sam.get("/x/notifications/panel", headers=FRAGMENT).text
    assert ("<html" in panel, panel.count("is-new")) == (False, 2)
    first = re.findall(r"/x/notifications/(\d+)/read", panel)[0]
    line = sam.post(f"/x/notifications/{first}/read", headers=FRAGMENT).text
    assert ("is-new" in line, 'name="unread"' in line) == (False, True)
    line = sam.post(f"/x/notifications/{first}/read", data={"unread": "1"}, headers=FRAGMENT).text
    assert "is-new" in line
    assert "is-new" not in sam.post("/x/notifications/read", headers=FRAGMENT).text


def test_those_of_others_are_not_there(sam, desk):
    change(sam.instance, sam.ids, "nora", "sam large", amount=1)
    [row] = sam.instance.sql("SELECT id FROM plugin__notifications__notice")
    for way in ("open", "read"):
        assert desk.post(f"/x/notifications/{row.id}/{way}").status_code == 404
    token = {"Authorization": f"Bearer {sam.instance.token()}", "Accept": "application/json"}
    for way in ("read", "unread"):
        answer = desk.post(f"/api/x/notifications/{row.id}/{way}", headers=token)
        assert answer.status_code == 404
    assert desk.get("/api/x/notifications/", headers=token).json["notifications"] == []


def test_without_the_permission_there_is_neither_bell_nor_page(sam, desk):
    give(sam.instance, sam.ids, "sam", ALL, permissions=["desk.use"])
    page = sam.get(address(sam, "sam large")).text
    assert ("nt-bell" in page, "nt-follow" in page) == (False, False)
    assert sam.get("/x/notifications/").status_code == 403
    assert (
        sam.post(f"/x/notifications/follow/x_deal/{sam.ids.deals['sam large']}").status_code == 403
    )


# -- following ------------------------------------------------------------------------------
def test_the_button_follows_and_stops_on_the_page_of_every_record(sam, desk):
    deal = address(sam, "nora large")
    assert 'aria-pressed="false"' in sam.get(deal).text
    form = f"/x/notifications/follow/x_deal/{sam.ids.deals['nora large']}"
    assert sam.post(form).headers["Location"] == deal
    assert 'aria-pressed="true"' in sam.get(deal).text
    part = sam.post(form, data={"stop": "1"}, headers=FRAGMENT).text
    assert ('aria-pressed="false"' in part, "<html" in part) == (True, False)
    assert 'aria-pressed="true"' in sam.get(address(sam, "sam large")).text


def test_what_one_does_not_see_can_not_be_followed(sam, desk):
    give(sam.instance, sam.ids, "sam", {**ALL, "read": "own"}, permissions=USE)
    nora = sam.ids.deals["nora large"]
    assert sam.post(f"/x/notifications/follow/x_deal/{nora}").status_code == 404
    assert sam.post("/x/notifications/follow/x_deal/99999999").status_code == 404
    assert sam.post(f"/x/notifications/follow/x_nothing/{nora}").status_code == 404
    # Not by the name of another type, either.
    assert sam.post(f"/x/notifications/follow/user/{nora}").status_code == 404
    headers = bearer(sam)
    for method in (sam.get, sam.put, sam.delete):
        answer = method(f"/api/x/notifications/follows/x_deal/{nora}", headers=headers)
        assert answer.status_code == 404
    assert sam.instance.sql("SELECT id FROM plugin__notifications__follow") == []


def bearer(browser):
    """Return the headers of calls by sam."""
    who = actor(browser.instance, browser.ids, "sam")
    return {"Authorization": f"Bearer {browser.instance.token(who)}", "Accept": "application/json"}


def test_calls_follow_list_count_and_choose(sam, desk):
    headers, deal = bearer(sam), sam.ids.deals["nora large"]
    base = "/api/x/notifications"
    follows = f"{base}/follows/x_deal/{deal}"
    assert sam.get(follows, headers=headers).json == {"follows": False}
    assert sam.put(follows, headers=headers).json == {"follows": True}
    assert sam.get(follows, headers=headers).json == {"follows": True}
    change(sam.instance, sam.ids, "nora", "nora large", owner=sam.ids.people["sam"])
    counted = sam.get(f"{base}/count", headers=headers)
    assert counted.json == {"unread": 1, "more": False}
    known = {**headers, "If-None-Match": counted.headers["ETag"]}
    assert sam.get(f"{base}/count", headers=known).status_code == 304
    [line] = sam.get(f"{base}/?unread=1&limit=5", headers=headers).json["notifications"]
    assert (line["kind"], line["read"], line["address"]) == (
        "assigned",
        False,
        address(sam, "nora large"),
    )
    assert sam.post(f"{base}/{line['id']}/read", headers=headers).json["read"]
    assert sam.post(f"{base}/read", headers=headers).json == {"read": 0}
    choices = sam.get(f"{base}/choices", headers=headers).json["choices"]
    assert choices["mention"] == {"label": "Somebody mentions you", "desk": True, "mail": "never"}
    given = {"choices": {"mention": {"desk": False, "mail": "daily"}}}
    answer = sam.put(f"{base}/choices", json=given, headers=headers)
    assert answer.json["choices"]["mention"]["mail"] == "daily"
    assert sam.put(f"{base}/choices", json={"choices": 1}, headers=headers).status_code == 400
    assert sam.get(f"{base}/?limit=0", headers=headers).status_code == 400
    assert sam.delete(follows, headers=headers).json == {"follows": False}


def test_pages_speak_the_language_of_their_reader_and_calls_english(sam, desk):
    change(sam.instance, sam.ids, "nora", "sam large", amount=1)
    sam.set_cookie("language", "de")
    assert "nora hat Amount geändert" in sam.get("/x/notifications/").text
    [line] = sam.get("/api/x/notifications/", headers=bearer(sam)).json["notifications"]
    assert line["text"] == "nora changed Amount"


def test_choices_are_made_on_a_page(sam, desk):
    page = sam.get("/x/notifications/choices").text
    assert "Somebody mentions you" in page
    data = {"desk-mention": "1", "mail-mention": "daily"}
    data |= {f"mail-{kind}": "never" for kind in ("assigned", "stage", "change", "added", "unseen")}
    assert sam.post("/x/notifications/choices", data=data).status_code == 303
    change(sam.instance, sam.ids, "nora", "sam large", amount=1)
    assert "Nothing yet" in sam.get("/x/notifications/").text


# -- mentions -------------------------------------------------------------------------------
def test_people_are_offered_by_what_is_written_and_it_says_who_does_not_see_the_record(sam, desk):
    asked = f"/x/notifications/people?q=no&type=x_deal&id={sam.ids.deals['sam large']}"
    found = sam.get(asked).json["people"]
    assert [(each["name"], each["sees"]) for each in found] == [("nobody", False), ("nora", True)]
    everybody = sam.get("/x/notifications/people?q=").json["people"]
    assert all(each["sees"] for each in everybody)


def test_offers_tell_nothing_of_a_record_that_one_does_not_see(sam, desk):
    give(sam.instance, sam.ids, "sam", {**ALL, "read": "own"}, permissions=USE)
    asked = f"/x/notifications/people?q=no&type=x_deal&id={sam.ids.deals['nora large']}"
    assert [each["sees"] for each in sam.get(asked).json["people"]] == [True, True]


def test_a_mention_is_drawn_as_a_link_to_the_person(sam, desk):
    nora = sam.ids.people["nora"]
    text = f"Ask @[nora](user:{nora}) <b>first</b>"
    change(sam.instance, sam.ids, "nora", "sam large", note=text)
    page = sam.get(address(sam, "sam large")).text
    assert f'Ask <a class="mention" href="/records/user/{nora}">@nora</a> &lt;b&gt;first' in page
    assert (
        text.replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;")
        in sam.get(f"{address(sam, 'sam large')}/edit").text
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@[Ada](user:7) and @[Bob](user:8), @[Ada](user:7)", [7, 8]),
        ('<p><a href="/records/user/7" rel="noopener noreferrer">@Ada</a></p>', [7]),
        ('<a href="/records/user/7">Ada</a> @Ada @[Ada](user:0) @[Ada] (user:7)', []),
        ("@[](user:7) @[a\nb](user:7) [Ada](user:7) @[Ada](deal:7)", []),
        (None, []),
    ],
)
def test_texts_name_whom_they_mention(text, found):
    assert mentions(text) == found


def test_long_texts_fall_into_parts_that_are_the_whole_again():
    text = "Ask @[Ada](user:7), @[Bob](user:8)"
    parts = list(mention_parts(text))
    assert [part for part in parts if isinstance(part, str)] == ["Ask ", ", "]
    assert [(part.name, part.user) for part in parts if not isinstance(part, str)] == [
        ("Ada", 7), ("Bob", 8),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["@[" * 50_000, "@[a](user:" * 10_000, '<a href="/records/user/7"' * 4_000]
)
def test_no_text_takes_long_to_be_looked_through(text):
    assert mentions(f"{text * 4_000}@") == []

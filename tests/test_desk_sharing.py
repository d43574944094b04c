"""Rights on one record at the desk: with whom it is shared, and who sees it and why."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from relatum.core import roles

from .desk import as_person, fields_of
from .desk_office import desk, office
from .officing import give

__all__ = ["desk", "office"]
#: The preset of the instance.
PRESET = "desk"


# -- shares ---------------------------------------------------------------------------------------
def shares(desk, deal):
    return desk.instance.read(roles.shares, "x_deal", deal)


def test_a_record_is_shared_with_whom_the_text_means_until_the_end_of_a_day(desk):
    person = as_person(desk, "nora", {"read": "own", "share": "own", "update": "own"})
    deal = desk.ids.deals["nora large"]
    address = f"/records/x_deal/{deal}/share"
    assert f'href="{address}"' in person.get(f"/records/x_deal/{deal}").text
    given = {"whom~type": "user", "whom~text": "sam", "whom~was": "", "whom": "", "update": "1",
             "until": "2999-12-31"}  # fmt: skip
    assert person.post(address, data=given).location == address
    [made] = shares(desk, deal)
    assert (made["user"], made["update"]) == (desk.ids.people["sam"], True)
    page = person.get(address).text
    assert "Dec 31, 2999" in page
    assert "may change it" in page
    assert person.post(f"{address}/{made['id']}/take").status_code == 303
    assert shares(desk, deal) == []


def test_a_record_is_shared_with_a_team_that_was_chosen_to_be_read(desk):
    deal, team = desk.ids.deals["nora large"], desk.ids.teams["South"]
    given = {"whom~type": "team", "whom~text": "South", "whom~was": "South", "whom": str(team)}
    assert desk.post(f"/records/x_deal/{deal}/share", data=given).status_code == 303
    [made] = shares(desk, deal)
    assert (made["team"], made["update"], made["expires_at"]) == (team, False, None)
    page = desk.get(f"/records/x_deal/{deal}/share").text
    assert '<span class="dim">may read it' in page


def test_the_form_of_a_share_begins_without_the_right_to_change(desk):
    page = desk.get(f"/records/x_deal/{desk.ids.deals['nora large']}/share").text
    assert "update" not in fields_of(page)


@pytest.mark.parametrize(
    ("given", "place"),
    [({}, "whom-e"), ({"whom~text": "nobody else"}, "whom-e"),
     ({"whom~text": "sam", "until": "soon"}, "until-e"),
     ({"whom~text": "sam", "until": "9999-12-31"}, "until-e"),
     ({"whom~text": "sam", "until": "2001-01-01"}, "until-e"),
     ({"whom~text": "x", "whom~was": "x", "whom": "999999"}, "whom-e"),
     ({"whom~text": "x", "whom~was": "x", "whom": "-1"}, "whom-e")],
)  # fmt: skip
def test_a_share_that_can_not_be_is_refused_where_it_was_typed(desk, given, place):
    deal = desk.ids.deals["nora large"]
    answer = desk.post(f"/records/x_deal/{deal}/share", data=given)
    assert 400 <= answer.status_code < 500
    assert f'id="{place}"' in answer.text
    assert shares(desk, deal) == []


def test_who_may_not_share_is_offered_nothing_and_refused(desk):
    person = as_person(desk, "nora", {"read": "all", "share": "own"})
    deal = desk.ids.deals["sam large"]
    desk.instance.write(roles.share, "x_deal", deal, user=desk.ids.people["cora"])
    [made] = shares(desk, deal)
    address = f"/records/x_deal/{deal}/share"
    assert address not in person.get(f"/records/x_deal/{deal}").text
    assert "whom~text" not in person.get(address).text
    assert person.post(address, data={"whom~text": "nobody"}).status_code == 403
    assert person.post(f"{address}/{made['id']}/take").status_code == 403
    assert shares(desk, deal) == [made]


def test_a_share_is_taken_back_at_its_own_record_only(desk):
    deal, other = desk.ids.deals["nora large"], desk.ids.deals["nora small"]
    desk.instance.write(roles.share, "x_deal", deal, user=desk.ids.people["sam"])
    [made] = shares(desk, deal)
    answer = desk.post(f"/records/x_deal/{other}/share/{made['id']}/take")
    assert (answer.status_code, len(shares(desk, deal))) == (404, 1)


# -- who sees it ----------------------------------------------------------------------------------
def test_administrators_see_who_sees_a_record_and_why(desk):
    give(desk.instance, desk.ids, "sam", {"read": "own"})
    deal = desk.ids.deals["sam large"]
    page = desk.get(f"/records/x_deal/{deal}/access").text
    assert ">sam<" in page
    assert "records that one owns" in page
    assert ">nora<" not in page
    sam = desk.ids.people["sam"]
    for asked in (f"user={sam}", "user~text=sam&user~was=&user="):
        explained = desk.get(f"/records/x_deal/{deal}/access?action=delete&{asked}").text
        assert "Delete: sam" in explained
        assert "has no delete" in explained
    unknown = desk.get(f"/records/x_deal/{deal}/access?user~text=nobody else&user~was=&user=")
    assert (unknown.status_code, 'id="user-e"' in unknown.text) == (200, True)


def test_others_see_what_they_may_do_themselves(desk):
    person = as_person(desk, "nora", {"read": "all", "update": "own"})
    deal, sam = desk.ids.deals["sam large"], desk.ids.people["sam"]
    address = f"/records/x_deal/{deal}/access"
    assert address in person.get(f"/records/x_deal/{deal}").text
    page = person.get(f"{address}?action=update&user={sam}").text
    assert "and this is none of them" in page
    assert "Who sees it" not in page
    person.set_cookie("language", "de")
    assert (
        "„ändern“ bei Datensätzen, die einem gehören" in person.get(f"{address}?action=update").text
    )


def test_who_does_not_see_a_record_learns_nothing_of_its_rights(desk):
    person = as_person(desk, "nora", {"read": "own"})
    deal = desk.ids.deals["sam large"]
    for page in ("share", "access"):
        assert person.get(f"/records/x_deal/{deal}/{page}").status_code == 404


def test_a_share_ends_in_the_zone_of_who_shares(desk):
    deal = desk.ids.deals["nora large"]
    given = {"whom~text": "sam", "until": "2030-06-30"}
    desk.post(f"/records/x_deal/{deal}/share", data=given)
    [made] = shares(desk, deal)
    ends = made["expires_at"].astimezone(ZoneInfo(str(desk.instance.catalog.zone)))
    assert ends.isoformat()[:19] == "2030-07-01T00:00:00"

"""Roles at the desk: what they allow as a matrix, making and dropping them, and who holds them."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from relatum.core import roles

from .desk import FRAGMENT, as_person, fields_of
from .desk_office import desk, office

__all__ = ["desk", "office"]
#: The preset of the instance.
PRESET = "desk"
LARGE = {"field": "amount", "op": "gt", "value": 500}


def role(desk, name):
    return desk.instance.read(roles.get, name)


def sent(desk, name, **more):
    """Return what the form of a role sends as it is, with changes."""
    page = desk.get(f"/roles/{name}").text
    inside = page[page.index('id="role"') :]
    inside = inside[: inside.index("</form>")]
    form: dict[str, Any] = {k: v for k, v in fields_of(inside).items() if not k.startswith("new:")}
    for many in ("line", "section", "field"):
        form[many] = re.findall(rf'name="{many}" value="([^"]*)"', inside)
    form["permission"] = re.findall(r'name="permission" value="([^"]*)" checked', inside)
    for path in form["field"]:
        form[f"r:{path}"] = re.findall(rf'name="r:{path}" value="([^"]*)" checked', inside)
    return {**form, **more}


def save(desk, name, **more):
    return desk.post(f"/roles/{name}", data=sent(desk, name, **more))


# -- looking --------------------------------------------------------------------------------------
def test_the_list_names_roles_and_how_many_hold_them(desk):
    desk.instance.write(roles.hold, "user", desk.ids.people["sam"], ["member"])
    page = desk.get("/roles").text
    for text in ("Manager", "Sees everything and changes nothing.", "Users: 1", "nobody holds it"):
        assert text in page
    assert 'href="/roles" aria-current' not in desk.get("/").text
    assert '<a href="/roles">' in desk.get("/plugins").text


def test_roles_that_came_with_relatum_speak_german_and_own_ones_do_not(desk):
    desk.instance.write(roles.save, "clerk", {"label": "Member"})
    desk.set_cookie("language", "de")
    page = desk.get("/roles").text
    assert ("<b>Mitglied</b>" in page, "<b>Member</b>" in page) == (True, True)


def test_people_who_are_no_administrators_see_no_page_of_roles(desk):
    person = as_person(desk, "nora", {"read": "all"})
    user = desk.ids.people["sam"]
    for address in ("/roles", "/roles/member", "/roles/_new", f"/records/user/{user}/roles"):
        assert person.get(address).status_code == 403, address
    for address in ("/roles/member", "/roles/_new", "/roles/member/drop",
                    f"/records/user/{user}/roles"):  # fmt: skip
        assert person.post(address, data={"label": "x", "role": "manager"}).status_code == 403
    assert "/roles" not in person.get(f"/records/user/{user}").text
    assert role(desk, "member")["label"] == "Member"


# -- the matrix -----------------------------------------------------------------------------------
def test_a_form_that_is_saved_as_it_is_changes_nothing(desk):
    given = {
        "description": "For <clerks>",
        "all_types": {"read": "all", "create": "all", "update": "tree"},
        "types": {"x_deal": {"read": {"filter": LARGE}, "update": "own"}, "x_firm": {}},
        "fields": {"x_deal.secret": {"read": True, "update": False, "create": True}},
        "permissions": ["desk.use", "gone.word"],
    }
    before = desk.instance.write(roles.save, "clerk", given)
    assert save(desk, "clerk").status_code == 303
    assert role(desk, "clerk") == before


def test_cells_fields_and_permissions_are_saved_by_one_form(desk):
    desk.instance.write(roles.save, "clerk", {})
    answer = save(
        desk, "clerk", label="Clerks", line=["x_deal"], section=["x_deal"],
        field=["x_deal.secret"], permission=["desk.use"],
        **{"s:*:read": "all", "s:x_deal:read": "team", "s:x_deal:update": "filter",
           "f:x_deal:update": orjson.dumps(LARGE).decode(), "r:x_deal.secret": ["read"]},
    )  # fmt: skip
    assert (answer.status_code, answer.location) == (303, "/roles/clerk")
    found = role(desk, "clerk")
    assert found["label"] == "Clerks"
    assert found["all_types"] == {"read": "all"}
    assert found["types"] == {"x_deal": {"read": "team", "update": {"filter": LARGE}}}
    assert found["fields"] == {"x_deal.secret": {"read": True, "update": False, "create": False}}
    assert found["permissions"] == ["desk.use"]
    assert "Clerks is saved and obeyed" in desk.get("/roles/clerk").text


def test_a_type_gets_a_line_of_its_own_that_begins_as_that_for_all_types(desk):
    answer = save(desk, "member", **{"_do": "line", "new:line": "x_deal"})
    assert answer.status_code == 200
    assert "Not saved yet." in answer.text
    form = fields_of(answer.text)
    assert (form["s:x_deal:read"], form["s:x_deal:update"]) == ("all", "team")
    assert "x_deal" not in role(desk, "member")["types"]
    people = fields_of(save(desk, "member", **{"_do": "line", "new:line": "user"}).text)
    assert (people["s:user:read"], people["s:user:update"]) == ("all", "")


def test_a_line_is_taken_away(desk):
    desk.instance.write(roles.save, "clerk", {"types": {"x_deal": {"read": "all"}}})
    drawn = save(desk, "clerk", _do="unline:x_deal").text
    assert 's:x_deal:read"' not in drawn
    assert save(desk, "clerk", line=[]).status_code == 303
    assert role(desk, "clerk")["types"] == {}


def test_a_field_begins_to_differ_and_goes_with_its_line_again(desk):
    desk.instance.write(roles.save, "clerk", {})
    drawn = save(desk, "clerk", **{"_do": "section", "new:section": "x_deal"}).text
    assert 'name="new:x_deal"' in drawn
    more = {"section": ["x_deal"], "_do": "field:x_deal", "new:x_deal": "secret"}
    drawn = save(desk, "clerk", **more).text
    assert 'name="r:x_deal.secret" value="read" autofocus' in drawn
    more = {"section": ["x_deal"], "field": ["x_deal.secret"], "_do": "unfield:x_deal.secret"}
    assert 'name="r:x_deal.secret"' not in save(desk, "clerk", **more).text


def test_as_a_part_of_a_page_the_form_comes_alone(desk):
    form = sent(desk, "member", **{"_do": "line", "new:line": "x_deal"})
    page = desk.post("/roles/member", data=form, headers=FRAGMENT).text
    assert page.lstrip().startswith('<form class="role-f"')
    saved = desk.post("/roles/member", data=sent(desk, "member"), headers=FRAGMENT)
    assert (saved.status_code, saved.headers["HX-Redirect"]) == (204, "/roles/member")


def test_a_filter_is_the_address_of_a_list(desk):
    desk.instance.write(roles.save, "clerk", {"types": {"x_deal": {}}})
    address = "http://localhost/records/x_deal?_view=_all&amount__gt=500"
    cell = {"s:x_deal:read": "filter", "f:x_deal:read": address}
    assert save(desk, "clerk", **cell).status_code == 303
    assert role(desk, "clerk")["types"]["x_deal"] == {"read": {"filter": LARGE}}
    page = desk.get("/roles/clerk").text
    assert "Amount is more than 500" in page
    [link] = re.findall(r'<a class="link" href="([^"]*)">Show the records', page)
    assert desk.get(link.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "make the filter, or paste the address"), ("{", "This is no JSON"),
     ("/records/x_firm?name=x", "the address of a list of Deals"), ("http://[", "Paste the"),
     ("/records/x_deal?_view=_all", "This list has no filter"),
     ('{"field": "nmae", "value": 1}', "name"), ('{"field": "amount", "value": "x"}', "amount"),
     ("/records/x_deal?_view=nope&name=x", "nope")],
)  # fmt: skip
def test_what_is_wrong_with_a_filter_is_said_beside_it(desk, text, said):
    desk.instance.write(roles.save, "clerk", {"types": {"x_deal": {"read": "own"}}})
    cell = {"s:x_deal:read": "filter", "f:x_deal:read": text}
    answer = save(desk, "clerk", **cell)
    assert answer.status_code == 422
    [problem] = re.findall(r'id="e:x_deal:read" role="alert">.*?</svg>([^<]*)<', answer.text)
    assert said.lower() in problem.lower()
    assert role(desk, "clerk")["types"]["x_deal"] == {"read": "own"}


@pytest.mark.parametrize(
    ("cell", "scope"),
    [("s:*:create", "own"), ("s:x_deal:import", "team"), ("s:*:read", "filter"),
     ("s:x_deal:read", "nonsense")],
)  # fmt: skip
def test_a_scope_that_an_action_has_not_is_refused(desk, cell, scope):
    desk.instance.write(roles.save, "clerk", {"types": {"x_deal": {}}})
    answer = save(desk, "clerk", **{cell: scope})
    assert answer.status_code == 422
    assert "This can&#39;t be chosen here." in answer.text


def test_what_is_changed_is_also_read(desk):
    desk.instance.write(roles.save, "clerk", {})
    more = {"section": ["x_deal"], "field": ["x_deal.secret"], "r:x_deal.secret": ["update"]}
    answer = save(desk, "clerk", **more)
    assert (answer.status_code, 'id="e:x_deal.secret"' in answer.text) == (422, True)


@pytest.mark.parametrize("label", ["", "  ", "x" * 101])
def test_a_role_needs_a_label(desk, label):
    assert save(desk, "member", label=label).status_code == 422
    assert role(desk, "member")["label"] == "Member"


def test_two_who_change_a_role_at_once_are_told(desk):
    form = sent(desk, "member", **{"s:*:export": "own"})
    desk.instance.write(roles.save, "member", {"description": "Changed meanwhile"})
    answer = desk.post("/roles/member", data=form)
    assert answer.status_code == 409
    assert "Somebody has changed this meanwhile." in answer.text
    assert role(desk, "member")["description"] == "Changed meanwhile"
    again = {**form, "expect": fields_of(answer.text)["expect"]}
    assert desk.post("/roles/member", data=again).status_code == 303
    assert role(desk, "member")["all_types"]["export"] == "own"


def test_a_stored_filter_about_a_field_that_is_gone_is_said_beside_it(desk):
    desk.instance.write(roles.save, "clerk", {"types": {"x_deal": {"read": {"filter": LARGE}}}})
    desk.instance.apply({"op": "trash_field", "type": "x_deal", "field": "amount"})
    page = desk.get("/roles/clerk")
    assert (page.status_code, 'id="e:x_deal:read"' in page.text) == (200, True)


# -- making and dropping --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("label", "name"),
    [("Deal desk", "deal_desk"), ("Büro-Größe", "buro_grosse"), ("2nd line", "role_2nd_line"),
     ("x" * 60, "x" * 40), ("☃", "role")],
)  # fmt: skip
def test_a_new_role_is_named_after_its_label(desk, label, name):
    answer = desk.post("/roles/_new", data={"label": label, "copy": ""})
    assert (answer.status_code, answer.location) == (303, f"/roles/{name}")
    assert role(desk, name)["label"] == label


def test_a_new_role_begins_as_a_copy(desk):
    desk.post("/roles/_new", data={"label": "Seniors", "copy": "member"})
    old, new = role(desk, "member"), role(desk, "seniors")
    for word in ("description", "all_types", "types", "fields", "permissions"):
        assert new[word] == old[word]


@pytest.mark.parametrize(
    ("label", "copy", "status"), [("Member", "", 409), ("", "", 422),
                                  ("New", "nope", 404), ("x" * 101, "", 422)],
)  # fmt: skip
def test_a_new_role_that_can_not_be_is_refused_with_what_was_typed(desk, label, copy, status):
    before = desk.instance.read(roles.list_roles)
    answer = desk.post("/roles/_new", data={"label": label, "copy": copy})
    assert (answer.status_code, 'id="label-e"' in answer.text) == (status, True)
    assert desk.instance.read(roles.list_roles) == before


def test_a_role_that_is_held_is_not_dropped_and_the_page_says_by_whom(desk):
    desk.instance.write(roles.hold, "team", desk.ids.teams["South"], ["member"])
    page = desk.get("/roles/member/drop").text
    assert "is held by 0 users and 1 teams" in page
    assert ">South<" in re.sub(r"<svg.*?</svg>", "", page)
    assert desk.post("/roles/member/drop").status_code == 409
    desk.instance.write(roles.hold, "team", desk.ids.teams["South"], [])
    assert desk.post("/roles/member/drop").status_code == 303
    assert desk.get("/roles/member").status_code == 404


# -- who holds what -------------------------------------------------------------------------------
def test_the_page_of_a_user_says_what_he_holds_himself_and_by_the_team(desk):
    sam, south = desk.ids.people["sam"], desk.ids.teams["South"]
    desk.instance.write(roles.hold, "user", sam, ["manager"])
    desk.instance.write(roles.hold, "team", south, ["read_only"])
    for address in (f"/records/user/{sam}", f"/records/user/{sam}/roles"):
        page = desk.get(address).text
        assert "Manager" in page
        assert "by the team" in page
    assert "Read only" in desk.get(f"/records/team/{south}").text
    assert 'id="held-h"' not in desk.get(f"/records/x_deal/{desk.ids.deals['sam large']}").text


@pytest.mark.parametrize("kind", ["user", "team"])
def test_ticked_roles_are_held_and_no_others(desk, kind):
    id_ = {"user": desk.ids.people["sam"], "team": desk.ids.teams["South"]}[kind]
    address = f"/records/{kind}/{id_}/roles"
    assert desk.post(address, data={"role": ["manager", "member"]}).status_code == 303
    assert 'value="manager" checked' in desk.get(address).text
    assert desk.post(address, data={"role": ["read_only"]}).location == f"/records/{kind}/{id_}"
    assert desk.instance.read(roles.held, kind, id_) == ["read_only"]
    assert desk.post(address, data={"role": ["nope"]}).status_code == 404
    assert desk.instance.read(roles.held, kind, id_) == ["read_only"]


def test_only_users_and_teams_have_a_page_of_roles(desk):
    deal = desk.ids.deals["sam large"]
    assert desk.get(f"/records/x_deal/{deal}/roles").status_code == 404
    assert desk.get("/records/user/999999/roles").status_code == 404

"""Two browsers on one record: no edit is lost, neither in forms nor in place."""

from __future__ import annotations

import html
import re
from typing import Any

import orjson
import pytest

from relatum.core import auth, records
from relatum.core.testing import Make

from .desk import FRAGMENT, Browser, at_desk, fields_of
from .desk_record import another, firms
from .instances import PASSWORD, prepared
from .samples import every_kind

#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    """An instance with firms, and bob an administrator with a password."""
    firms(instance)
    instance.write(records.update, "user", [{"id": instance.bob.user_id, "admin": True}])
    instance.write(auth.set_password, instance.bob.user_id, auth.hash_password(PASSWORD))


@pytest.fixture
def bob(desk):
    """Return the browser of bob."""
    return another(desk)


@pytest.fixture
def firm(desk):
    """Return the address of a firm."""
    row = {"name": "Acme", "state": "new", "price": "5"}
    [id_] = desk.instance.create("x_firm", row)
    return f"/records/x_firm/{id_}"


def stored(browser: Browser, address: str) -> dict[str, Any]:
    record: dict[str, Any] = browser.instance.get("x_firm", int(address.rsplit("/", 1)[1]))
    return record


def picked(page: Any, **picks: str) -> dict[str, str]:
    """Return what the form of a conflict sends, with what is chosen."""
    inside = page.text[page.text.index('<form class="clash"') :].partition("</form>")[0]
    hidden = "".join(re.findall(r'<input type="hidden"[^>]*>', inside))
    return {**fields_of(hidden), **{f"~pick.{name}": pick for name, pick in picks.items()}}


def shown(page: Any) -> dict[str, list[str]]:
    """Return the values that a conflict shows, by the label of the field."""
    found = {}
    for inside in re.findall(r"<fieldset class=\"clash-f\">(.*?)</fieldset>", page.text, re.DOTALL):
        legend = re.findall(r"<legend>(.*?)</legend>", inside)[0]
        values = re.findall(r'<span class="val">(.*?)</span></label>', inside, re.DOTALL)
        found[legend] = [html.unescape(re.sub(r"<[^>]*>", "", value)) for value in values]
    return found


# -- forms ------------------------------------------------------------------------------------
def test_what_only_one_of_two_people_changed_is_merged_without_a_word(desk, bob, firm):
    mine, theirs = desk.form(f"{firm}/edit"), bob.form(f"{firm}/edit")
    bob.post(f"{firm}/edit", data={**theirs, "price": "9"})
    saved = desk.post(f"{firm}/edit", data={**mine, "name": "Acme 2"})
    assert saved.status_code == 303
    now = stored(desk, firm)
    assert (now["name"], now["price"]) == ("Acme 2", "9.00")
    assert "What others changed is kept: Price" in desk.get(firm).text


def test_what_both_changed_is_shown_as_mine_stored_and_original_with_who_did_it(desk, bob, firm):
    mine, theirs = desk.form(f"{firm}/edit"), bob.form(f"{firm}/edit")
    bob.post(f"{firm}/edit", data={**theirs, "name": "Theirs", "state": "old"})
    page = desk.post(f"{firm}/edit", data={**mine, "name": "Mine", "price": "7"})
    assert (page.status_code, shown(page)) == (409, {"Name": ["Mine", "Theirs", "Acme"]})
    assert "Bob, <time" in page.text
    assert stored(desk, firm)["name"] == "Theirs"


@pytest.mark.parametrize(
    ("pick", "name"), [("mine", "Mine"), ("stored", "Theirs"), ("original", "Acme")]
)
def test_what_was_chosen_is_saved_with_what_was_not_in_conflict(desk, bob, firm, pick, name):
    mine, theirs = desk.form(f"{firm}/edit"), bob.form(f"{firm}/edit")
    bob.post(f"{firm}/edit", data={**theirs, "name": "Theirs", "state": "old"})
    page = desk.post(f"{firm}/edit", data={**mine, "name": "Mine", "price": "7"})
    saved = desk.post(f"{firm}/edit", data=picked(page, name=pick))
    assert saved.status_code == 303
    now = stored(desk, firm)
    assert (now["name"], now["price"], now["state"]) == (name, "7.00", "old")


def test_nothing_is_saved_before_it_is_chosen(desk, bob, firm):
    mine, theirs = desk.form(f"{firm}/edit"), bob.form(f"{firm}/edit")
    bob.post(f"{firm}/edit", data={**theirs, "name": "Theirs", "state": "old"})
    page = desk.post(f"{firm}/edit", data={**mine, "name": "Mine", "state": ""})
    assert list(shown(page)) == ["Name", "State"]
    for given in ({}, {"name": "mine"}, {"name": "mine", "state": "nonsense"}):
        page = desk.post(f"{firm}/edit", data=picked(page, **given))
        assert (page.status_code, shown(page)["Name"]) == (409, ["Mine", "Theirs", "Acme"])
    assert stored(desk, firm)["name"] == "Theirs"


def test_a_third_change_while_one_chooses_is_shown_again(desk, bob, firm):
    mine, theirs = desk.form(f"{firm}/edit"), bob.form(f"{firm}/edit")
    bob.post(f"{firm}/edit", data={**theirs, "name": "Theirs"})
    page = desk.post(f"{firm}/edit", data={**mine, "name": "Mine"})
    bob.post(f"{firm}/edit", data={**bob.form(f"{firm}/edit"), "name": "Third"})
    page = desk.post(f"{firm}/edit", data=picked(page, name="mine"))
    assert (page.status_code, shown(page)) == (409, {"Name": ["Mine", "Third", "Theirs"]})
    assert desk.post(f"{firm}/edit", data=picked(page, name="mine")).status_code == 303
    assert stored(desk, firm)["name"] == "Mine"


def test_two_people_who_mean_the_same_are_not_asked(desk, bob, firm):
    mine, theirs = desk.form(f"{firm}/edit"), bob.form(f"{firm}/edit")
    bob.post(f"{firm}/edit", data={**theirs, "price": "7.0"})
    assert desk.post(f"{firm}/edit", data={**mine, "price": "7.00"}).status_code == 303
    assert stored(desk, firm)["price"] == "7.00"


def test_what_was_changed_and_changed_back_is_no_conflict(desk, bob, firm):
    mine = desk.form(f"{firm}/edit")
    for name in ("Theirs", "Acme"):
        bob.post(f"{firm}/edit", data={**bob.form(f"{firm}/edit"), "name": name})
    assert desk.post(f"{firm}/edit", data={**mine, "name": "Mine"}).status_code == 303
    assert stored(desk, firm)["name"] == "Mine"


def test_links_in_conflict_are_shown_by_what_they_are_called(desk, bob, firm):
    one, two = desk.instance.create("x_firm", {"name": "One"}, {"name": "Two"})
    mine, theirs = desk.form(f"{firm}/edit"), bob.form(f"{firm}/edit")
    bob.post(f"{firm}/edit", data={**theirs, "parent": str(two), "parent~text": ""})
    bob.post(f"{firm}/edit", data={**theirs, "parent~text": "Two"})
    page = desk.post(f"{firm}/edit", data={**mine, "parent~text": "One"})
    assert [value[-3:] for value in shown(page)["Parent"][:2]] == ["One", "Two"]
    desk.post(f"{firm}/edit", data=picked(page, parent="mine"))
    assert stored(desk, firm)["parent"] == one


def test_values_of_every_field_type_are_told_apart_and_none_is_told_apart_from_itself(instance):
    plain, links = every_kind()
    instance.make_type("x_all", {"name": "name", "kind": "text"}, *plain)
    instance.apply(*({"op": "add_field", "type": "x_all", **field} for field in links))
    with at_desk(instance) as desk:
        make = Make(instance)
        [id_] = instance.create("x_all", make.row("x_all", full=True))
        form = desk.form(f"/records/x_all/{id_}/edit")
        fields = instance.catalog.type("x_all").own_fields
        empty = {f.name: None for f in fields if not f.required and not f.NUMBERED}
        instance.write(records.update, "x_all", [{"id": id_, **empty}])
        emptied = instance.get("x_all", id_)
        # The stale form changes nothing by itself: what somebody emptied stays empty.
        saved = desk.post(f"/records/x_all/{id_}/edit", data=form)
        assert (saved.status_code, instance.get("x_all", id_)) == (303, emptied)


# -- in place -----------------------------------------------------------------------------------
def cell(browser: Browser, firm: str, name: str) -> dict[str, str]:
    """Return what the script sends of a cell besides its value."""
    page = browser.get(firm).text
    tag = re.findall(rf'<button[^>]*data-edit="{firm}/cell/{name}"[^>]*>', page)[0]
    return {"version": re.findall(r'data-version="(\d+)"', tag)[0]}


def test_the_same_value_changed_in_place_by_two_opens_the_conflict_in_a_dialog(desk, bob, firm):
    mine, theirs = cell(desk, firm, "price"), cell(bob, firm, "price")
    bob.patch(f"{firm}/cell/price", data={**theirs, "price": "9"}, headers=FRAGMENT)
    asked = {**FRAGMENT, "HX-Target": "dd#p-price"}
    answer = desk.patch(f"{firm}/cell/price", data={**mine, "price": "7"}, headers=asked)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#conflict")
    assert 'hx-target="#p-price"' in answer.text and "<html" not in answer.text
    assert shown(answer) == {"Price": ["€7.00", "€9.00", "€5.00"]}
    assert stored(desk, firm)["price"] == "9.00"
    chosen = picked(answer, price="mine")
    answer = desk.patch(f"{firm}/cell/price", data=chosen, headers=asked)
    assert ("€7" in answer.text, stored(desk, firm)["price"]) == (True, "7.00")


def test_another_value_of_the_same_record_is_changed_in_place_though_the_page_is_old(
    desk, bob, firm
):
    mine, theirs = cell(desk, firm, "price"), cell(bob, firm, "state")
    bob.patch(f"{firm}/cell/state", data={**theirs, "state": "old"}, headers=FRAGMENT)
    answer = desk.patch(f"{firm}/cell/price", data={**mine, "price": "7"}, headers=FRAGMENT)
    assert answer.status_code == 200
    assert (stored(desk, firm)["price"], stored(desk, firm)["state"]) == ("7.00", "old")
    now = re.findall(r'data-version="(\d+)"', answer.text)
    assert now == [str(stored(desk, firm)["version"])]


def test_an_editor_that_the_server_sends_knows_the_version_it_was_drawn_from(desk, bob, firm):
    editor = desk.get(f"{firm}/cell/parent/edit", headers=FRAGMENT)
    assert fields_of(editor.text)["version"] == "1"
    bob.patch(f"{firm}/cell/price", data={"price": "9"}, headers=FRAGMENT)
    editor = desk.get(f"{firm}/cell/price/edit?version=1", headers=FRAGMENT)
    assert fields_of(editor.text)["version"] == "1"
    wrong = desk.patch(f"{firm}/cell/price", data={"version": "1", "price": "x"}, headers=FRAGMENT)
    assert (wrong.status_code, fields_of(wrong.text)["version"]) == (422, "1")


def test_a_cell_can_be_drawn_anew_when_one_cancels(desk, firm):
    answer = desk.get(f"{firm}/cell/price", headers={**FRAGMENT, "HX-Target": "dd#p-price"})
    assert ('class="cell"' in answer.text, "€5.00" in answer.text) == (True, True)


def test_a_merged_change_can_be_undone_alone(desk, bob, firm):
    mine, theirs = desk.form(f"{firm}/edit"), bob.form(f"{firm}/edit")
    bob.post(f"{firm}/edit", data={**theirs, "price": "9"})
    saved = desk.post(f"{firm}/edit", data={**mine, "name": "Acme 2"})
    [undo] = re.findall(r'data-undo="([^"]*)"', desk.get(saved.location).text)
    answer = desk.post(undo, headers={"Accept": "application/json"})
    assert orjson.loads(answer.data) == {"text": "Undone"}
    assert (stored(desk, firm)["name"], stored(desk, firm)["price"]) == ("Acme", "9.00")

"""The desk without scripts: sign in, lists, records, forms, of every type and every field type."""

from __future__ import annotations

import html
import re
from typing import Any

import orjson
import pytest

from relatum.core import records
from relatum.core.fields import FIELD_TYPES
from relatum.core.testing import Make

from .desk import EMAIL, FRAGMENT, Browser, at_desk
from .instances import prepared
from .plugged import served
from .samples import every_kind

HOSTILE = "\"'><script>alert(1)</script>{{7*7}}"
FIELDS: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "sortable": True},
    {
        "name": "state", "kind": "choice",
        "options": [{"value": "new", "label": "New"}, {"value": "old"}],
    },
    {"name": "price", "kind": "money"},
]  # fmt: skip
PARENT = {
    "name": "parent", "kind": "lookup", "settings": {"target": "x_asset", "inverse": "children"},
}  # fmt: skip


#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    """An instance with assets."""
    instance.make_type("x_asset", *FIELDS, label="Asset", plural="Assets")
    instance.apply({"op": "add_field", "type": "x_asset", **PARENT})


# -- signing in -----------------------------------------------------------------------------
def test_a_stranger_signs_in_and_is_led_to_the_page_that_he_wanted(desk):
    stranger = Browser(desk.application)
    asked = stranger.get("/records/x_asset?state=new")
    assert (asked.status_code, asked.location) == (
        303, "/sign-in?next=%2Frecords%2Fx_asset%3Fstate%3Dnew",
    )  # fmt: skip
    assert (
        stranger.sign_in(next="/records/x_asset?state=new").location == "/records/x_asset?state=new"
    )
    assert stranger.get("/records/x_asset").status_code == 200


@pytest.mark.parametrize(
    "to", ["//evil.example", "/\\evil.example", "https://evil.example/", "x", "/a\nb"]
)
def test_signing_in_leads_to_no_other_host(desk, to):
    assert Browser(desk.application).sign_in(next=to).location == "/"


def test_a_wrong_password_is_said_in_the_form_and_keeps_the_address(desk):
    page = Browser(desk.application).post("/sign-in", data={"email": EMAIL, "password": "no"})
    assert (page.status_code, f'value="{EMAIL}"' in page.text) == (401, True)


def test_signing_out_ends_the_session(desk):
    assert desk.post("/sign-out").location == "/sign-in"
    assert desk.get("/records/x_asset").status_code == 303


def test_another_site_sends_no_form(desk):
    sent = {"Sec-Fetch-Site": "cross-site"}
    answer = desk.post("/records/x_asset/new", data={"name": "x"}, headers=sent)
    assert answer.status_code == 403
    assert desk.instance.sql("SELECT count(*) FROM x_asset") == [(0,)]


def test_who_has_no_rights_sees_no_page(instance):
    with served(instance) as application:
        instance.write(records.update, "user", [{"id": instance.alice.user_id, "name": "Alice"}])
        bob = Browser(application)
        assert bob.get("/records/user").status_code == 303


# -- lists ----------------------------------------------------------------------------------
def names(page):
    return re.findall(r'<a class="name"[^>]*>.*?<span>([^<]*)</span></a>', page.text)


def test_a_list_shows_its_records_filtered_sorted_and_paged_by_the_address(desk):
    rows = [
        {"name": f"A{n:03}", "state": "new" if n % 2 else "old", "price": n} for n in range(120)
    ]
    desk.instance.create("x_asset", *rows)
    page = desk.get("/records/x_asset?state=new&_sort=-name")
    assert names(page)[:2] == ["A119", "A117"]
    assert "60 Assets" in page.text
    [following] = set(re.findall(r' href="([^"]*_after[^"]*)"', page.text))
    assert names(desk.get(html.unescape(following))) == [f"A{n:03}" for n in range(19, 0, -2)]


def test_what_is_wrong_with_the_address_is_said_and_the_list_is_shown_without(desk):
    desk.instance.create("x_asset", {"name": "One"})
    page = desk.get("/records/x_asset?nonsense=1")
    assert (page.status_code, names(page)) == (422, ["One"])
    assert "has no field &#39;nonsense&#39;" in page.text


def test_a_filter_is_a_chip_that_leads_to_the_list_without_it(desk):
    page = desk.get("/records/x_asset?state=new&price__gt=5")
    assert (
        '<span class="k">State</span> <span class="op">is</span> <span class="v">New</span>'
        in page.text
    )
    assert 'href="/records/x_asset?price__gt=5"' in page.text


def test_the_quick_search_finds_parts_of_the_title(desk):
    desk.instance.create("x_asset", {"name": "Blue pump"}, {"name": "Red pump"})
    assert names(desk.get("/records/x_asset?_search=blue")) == ["Blue pump"]


def test_columns_are_chosen_by_the_address(desk):
    desk.instance.create("x_asset", {"name": "One", "price": "5"})
    page = desk.get("/records/x_asset?_fields=name&_fields=price")
    assert re.findall(r"<th[^>]*scope=\"col\"[^>]*>.*?>([A-Z][a-z]+)<", page.text) == [
        "Name",
        "Price",
    ]


def test_a_list_is_kept_as_a_view_of_ones_own(desk):
    saved = desk.post("/records/x_asset/views?state=new&_sort=-name", data={"label": "Fresh ones"})
    assert saved.location == "/records/x_asset?_view=my_fresh_ones"
    desk.instance.create("x_asset", {"name": "A", "state": "new"}, {"name": "B", "state": "old"})
    assert names(desk.get(saved.location)) == ["A"]
    assert "Fresh ones" in desk.get("/records/x_asset").text
    desk.post("/records/x_asset/views/my_fresh_ones/drop")
    assert "Fresh ones" not in desk.get("/records/x_asset").text


def test_a_part_of_a_page_is_the_page_without_its_frame(desk):
    part = desk.get("/records/x_asset", headers=FRAGMENT).text
    assert part.lstrip().startswith("<ui-list")
    assert (
        part.strip() in re.sub(r"\n\s*\n", "\n\n", desk.get("/records/x_asset").text)
        or "<ui-list" in part
    )


# -- records --------------------------------------------------------------------------------
def test_a_record_is_made_changed_trashed_and_restored_by_forms(desk):
    form = desk.form("/records/x_asset/new")
    made = desk.post("/records/x_asset/new", data={**form, "name": "Pump", "price": "12.50"})
    page = desk.get(made.location)
    assert (made.status_code, "<h2>Pump</h2>" in page.text) == (303, True)
    form = desk.form(f"{made.location}/edit")
    assert (form["name"], form["price"], form["version"]) == ("Pump", "12.50", "1")
    desk.post(f"{made.location}/edit", data={**form, "name": "Pump 2"})
    assert "<h2>Pump 2</h2>" in desk.get(made.location).text
    assert "goes to the trash" in desk.get(f"{made.location}/delete").text
    assert desk.post(f"{made.location}/delete").location == "/records/x_asset"
    assert "This record is in the trash" in desk.get(made.location).text
    desk.post(f"{made.location}/restore")
    assert "This record is in the trash" not in desk.get(made.location).text


def test_a_form_with_something_wrong_comes_back_as_it_was_sent(desk):
    page = desk.post(
        "/records/x_asset/new", data={"name": "", "price": "a lot", "parent~text": "Nobody"}
    )
    assert page.status_code == 422
    for said in ("number", "There is no", "No x_asset has"):
        assert said in page.text or said == "There is no"
    assert 'value="a lot"' in page.text
    assert 'value="Nobody"' in page.text


def test_a_required_field_is_named_where_it_is_missing(desk):
    page = desk.post("/records/x_asset/new", data={"name": " "})
    assert (page.status_code, 'id="f-name-e"' in page.text) == (422, True)


def test_a_link_is_found_by_what_the_other_record_is_called(desk):
    [parent] = desk.instance.create("x_asset", {"name": "Plant"})
    made = desk.post("/records/x_asset/new", data={"name": "Pump", "parent~text": "plant"})
    record = desk.instance.get("x_asset", int(made.location.rsplit("/", 1)[1]))
    assert record["parent"] == parent
    assert "Pump" in desk.get(f"/records/x_asset/{parent}").text


def test_somebody_elses_change_in_between_is_not_overwritten(desk):
    [id_] = desk.instance.create("x_asset", {"name": "Pump"})
    form = desk.form(f"/records/x_asset/{id_}/edit")
    desk.instance.write(records.update, "x_asset", [{"id": id_, "name": "Theirs"}])
    page = desk.post(f"/records/x_asset/{id_}/edit", data={**form, "name": "Mine"})
    assert (page.status_code, 'value="Mine"' in page.text) == (409, True)
    assert desk.instance.get("x_asset", id_)["name"] == "Theirs"


def test_a_field_is_changed_in_place_and_the_answer_is_what_it_shows(desk):
    [id_] = desk.instance.create("x_asset", {"name": "Pump"})
    address = f"/records/x_asset/{id_}/cell/price"
    cell = desk.patch(address, data={"price": "1200"}, headers=FRAGMENT)
    assert ("1,200" in cell.text, orjson.loads(cell.headers["HX-Trigger"])["ui:toast"]["kind"]) == (
        True, "ok",
    )  # fmt: skip
    wrong = desk.patch(address, data={"price": "dear"}, headers=FRAGMENT)
    assert (wrong.status_code, 'value="dear"' in wrong.text) == (422, True)
    assert desk.instance.get("x_asset", id_)["price"] == "1200.00"


def test_the_trash_of_a_type_is_a_list_as_well(desk):
    [id_] = desk.instance.create("x_asset", {"name": "Pump"})
    assert "The trash is empty" in desk.get("/records/x_asset?_trashed=1").text
    desk.post(f"/records/x_asset/{id_}/delete")
    page = desk.get("/records/x_asset?_trashed=1")
    assert (names(page), "In the trash" in page.text) == (["Pump"], True)


# -- undo -----------------------------------------------------------------------------------
def undo_in(page):
    """Return where the page posts to take back what the one before has done."""
    [address] = re.findall(r'data-undo="([^"]*)"', page.text)
    return address


def test_every_write_is_said_on_the_next_page_with_the_way_back(desk):
    made = desk.post("/records/x_asset/new", data={"name": "Pump"})
    page = desk.get(made.location)
    assert "Asset is made" in page.text
    assert "data-undo" not in desk.get(made.location).text
    back = desk.post(undo_in(page), headers={"Referer": "http://localhost/records/x_asset"})
    assert back.location == "/records/x_asset"
    assert "This record is in the trash" in desk.get(made.location).text


def test_a_deletion_is_taken_back(desk):
    [id_] = desk.instance.create("x_asset", {"name": "Pump"})
    gone = desk.post(f"/records/x_asset/{id_}/delete")
    desk.post(undo_in(desk.get(gone.location)))
    assert desk.instance.get("x_asset", id_)["name"] == "Pump"


def test_a_change_in_place_is_taken_back_by_a_script(desk):
    [id_] = desk.instance.create("x_asset", {"name": "Pump", "price": "5"})
    address = f"/records/x_asset/{id_}/cell/price"
    cell = desk.patch(address, data={"price": "7"}, headers=FRAGMENT)
    undo = orjson.loads(cell.headers["HX-Trigger"])["ui:toast"]["undo"]
    answer = desk.post(undo, headers={"Accept": "*/*"})
    assert (answer.status_code, desk.instance.get("x_asset", id_)["price"]) in (
        (200, "5.00"), (303, "5.00"),
    )  # fmt: skip


def test_what_somebody_changed_since_stays_and_is_shown(desk):
    [id_] = desk.instance.create("x_asset", {"name": "Pump", "price": "5"})
    form = desk.form(f"/records/x_asset/{id_}/edit")
    saved = desk.post(f"/records/x_asset/{id_}/edit", data={**form, "name": "New", "price": "7"})
    undo = undo_in(desk.get(saved.location))
    desk.instance.write(records.update, "x_asset", [{"id": id_, "price": "9"}])
    page = desk.post(undo)
    assert (page.status_code, "Undo the rest" in page.text) == (409, True)
    desk.post(undo, data={"partial": "1"})
    found = desk.instance.get("x_asset", id_)
    assert (found["name"], found["price"]) == ("Pump", "9.00")


def test_a_forged_way_back_leads_nowhere(desk):
    desk.set_cookie("desk_said", "WyJ4IiwgImh0dHBzOi8vZXZpbC5leGFtcGxlLyJd")
    assert "evil.example" not in desk.get("/records/x_asset").text


def test_the_history_says_who_changed_what(desk):
    [id_] = desk.instance.create("x_asset", {"name": "Pump", "state": "new"})
    desk.patch(f"/records/x_asset/{id_}/cell/state", data={"state": "old"})
    page = desk.get(f"/records/x_asset/{id_}").text
    history = page[page.index('id="hist"') :]
    assert ("Alice" in history, "<del>" in history, "New" in history) == (True, True, True)


def test_an_unknown_record_or_type_is_a_page_that_says_so(desk):
    for address in ("/records/x_asset/4711", "/records/x_nothing", "/nowhere"):
        page = desk.get(address)
        assert (page.status_code, "About this error" in page.text) == (404, True)


def test_the_palette_and_links_find_records_by_their_title(desk):
    [id_] = desk.instance.create("x_asset", {"name": "Blue pump"})
    assert f"/records/x_asset/{id_}" in desk.get("/search?q=pump").text
    assert f'data-id="{id_}"' in desk.get("/lookup/x_asset?q=blue").text


# -- every type -----------------------------------------------------------------------------
def test_a_type_with_every_field_type_is_listed_shown_made_and_changed(instance):
    plain, links = every_kind()
    instance.make_type("x_all", {"name": "name", "kind": "text"}, *plain)
    instance.apply(*({"op": "add_field", "type": "x_all", **field} for field in links))
    with at_desk(instance) as desk:
        make = Make(instance)
        [id_] = instance.create("x_all", make.row("x_all", full=True))
        before = instance.get("x_all", id_)
        every = ",".join(instance.catalog.type("x_all").fields)
        for address in (f"/records/x_all?_fields={every}", f"/records/x_all/{id_}"):
            assert desk.get(address).status_code == 200
        form = desk.form(f"/records/x_all/{id_}/edit")
        saved = desk.post(f"/records/x_all/{id_}/edit", data=form)
        assert saved.status_code == 303, re.findall(r'class="error"[^>]*>([^<]*)', saved.text)
        after = instance.get("x_all", id_)
        assert {n: v for n, v in after.items() if v != before[n]} == {}
        assert set(FIELD_TYPES) <= {f.kind for f in instance.catalog.type("x_all").fields.values()}


def test_hostile_texts_are_shown_and_run_nowhere(desk):
    change = {"op": "change_type", "type": "x_asset", "label": HOSTILE[:30], "plural": HOSTILE[:30]}
    desk.instance.apply(change)
    [id_] = desk.instance.create("x_asset", {"name": HOSTILE})
    for address in (
        "/records/x_asset", f"/records/x_asset/{id_}", f"/records/x_asset/{id_}/edit",
        f"/records/x_asset/{id_}/delete", "/search?q=alert", "/lookup/x_asset?q=alert",
        f"/records/x_asset?name={HOSTILE}", f"/records/x_asset?_search={HOSTILE}",
    ):  # fmt: skip
        page = desk.get(address).text
        assert "<script>alert" not in page, address
        assert "49" not in re.findall(r"&gt;\{\{7\*7\}\}|>49<", page), address

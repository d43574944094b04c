"""The wizard and the API with files of other systems and with saved mappings."""

from __future__ import annotations

import html
import io
import re
from functools import partial
from pathlib import Path

import pytest
from werkzeug.test import Client

from relatum.core import auth, jobs

from .counting import run
from .desk import fields_of
from .instances import prepared
from .transferring import MAP

#: The preset of the instance.
PRESET = "sales"
FOLDER = Path(__file__).parent / "exports"


@prepared
def equipped(instance):
    """An instance with the types of selling."""


def send(desk, name, type_name=""):
    """Send a file of the folder; return where the browser goes."""
    file = (io.BytesIO((FOLDER / f"{name}.csv").read_bytes()), f"{name}.csv")
    data = {"type": type_name, "file": file}
    answer = desk.post("/x/transfer/", data=data, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def form_of(page, action):
    """Return the fields of the form of a page that goes to an address."""
    inside = page[page.index(f'action="{action}') :]
    return fields_of(inside[: inside.index("</form>")])


def options(page):
    """Return the maps that a page offers, and the one that is chosen."""
    select = page[page.index('id="use"') :]
    select = select[: select.index("</select>")]
    found = re.findall(r'<option value="([^"]*)"( selected)?', select)
    return [html.unescape(v) for v, _ in found], next(html.unescape(v) for v, now in found if now)


def columns_form(page):
    """Return what the form of the columns would send as it is."""
    inside = page[page.index('class="tr-form"') :]
    return fields_of(inside[: inside.index("</form>")])


def tried(desk, address, **more):
    """Send the columns as they are proposed; return the job of the dry run."""
    data = {**columns_form(desk.get(address).text), **more}
    for button in ("again", "save", "drop"):
        data.pop(button, None)
    answer = desk.post(address.partition("?")[0] + "?type=" + type_in(address), data=data)
    assert answer.status_code == 303, answer.text
    job_id = int(answer.headers["Location"].rpartition("/")[2])
    run(desk.instance, job_id)
    return desk.instance.read(jobs.get, job_id)


def type_in(address):
    [found] = re.findall(r"type=(\w+)", address)
    return found


def add(desk, address):
    """Press the button that adds what is missing."""
    page = desk.get(address).text
    action = address.partition("?")[0] + "/fields"
    data = form_of(page, action)
    return desk.post(f"{action}?type={type_in(address)}", data=data)


# -- files of other systems -----------------------------------------------------------------------
def test_what_is_missing_is_shown_added_by_one_button_and_then_mapped(desk):
    address = send(desk, "salesforce_account")
    assert "type=account" in address
    page = desk.get(address).text
    assert "This looks like an export of Salesforce: Accounts" in page
    assert "4 fields are missing for it:" in page
    assert "Salesforce ID, Fax, Account number, Ticker symbol" in page
    added = add(desk, address)
    assert added.status_code == 303, added.text
    page = desk.get(added.headers["Location"]).text
    assert "are missing for it" not in page
    assert '<option value="x_salesforce_id" selected>' in page
    job = tried(desk, added.headers["Location"])
    assert job["arguments"]["key"] == ["x_salesforce_id"]
    result = job["result"]
    assert (result["created"], result["skipped"], result["refused"]) == (2, 1, 0)
    columns = job["arguments"]["map"]["columns"]
    assert columns["ParentId"] == {
        "field": "parent", "by": "x_salesforce_id", "convert": "salesforce_id",
    }  # fmt: skip
    assert columns["Industry"]["values"]["Electronics"] == "technology"


def test_a_plan_that_is_not_true_any_more_is_shown_anew(desk):
    address = send(desk, "salesforce_account")
    action = address.partition("?")[0] + "/fields"
    data = {**form_of(desk.get(address).text, action), "plan": "0" * 16}
    answer = desk.post(f"{action}?type=account", data=data)
    assert answer.status_code == 409
    assert "4 fields are missing for it:" in answer.text
    assert add(desk, address).status_code == 303
    again = desk.post(f"{action}?type=account", data=data)
    assert again.status_code == 303


def test_fields_for_columns_of_its_own_are_added_apart(desk):
    address = send(desk, "salesforce_contact")
    page = desk.get(address).text
    assert "Level, Languages" in page
    action = address.partition("?")[0] + "/fields"
    inside = page[page.index('value="further"') - 300 :]
    data = form_of(inside, action)
    assert data["which"] == "further"
    assert desk.post(f"{action}?type=contact", data=data).status_code == 303
    known = desk.instance.catalog.type("contact").fields
    assert (known["x_languages"].kind, "x_salesforce_id" in known) == ("tags", False)


def test_a_file_for_another_type_offers_to_switch(desk):
    address = send(desk, "salesforce_opportunity", "contact")
    page = desk.get(address).text
    assert "Its rows are hardly People." in page
    [other] = re.findall(r'href="([^"]*type=opportunity[^"]*)"[^>]*>.*?Switch to Deals', page)
    page = desk.get(html.unescape(other)).text
    assert options(page)[1] == "system"
    assert "Switch to" not in page


def test_a_type_that_is_not_there_is_made_and_the_file_goes_in(desk):
    address = send(desk, "salesforce_case")
    assert type_in(address) == "x_ticket"
    page = desk.get(address).text
    assert "Its rows go into a type that is not there yet:" in page
    added = add(desk, address)
    job = tried(desk, added.headers["Location"])
    refused = desk.get(f"/x/transfer/jobs/{job['id']}").text
    assert job["result"]["refused"] == 1
    assert "AccountId" in refused
    assert "CreatedDate" not in refused


def test_leads_get_a_subject_of_several_columns_unless_that_is_unticked(desk):
    address = add(desk, send(desk, "salesforce_lead")).headers["Location"]
    assert "Several columns fill Subject" in desk.get(address).text
    job = tried(desk, address)
    assert job["arguments"]["map"]["composed"]["subject"]["text"].startswith("{FirstName}")
    data = {**columns_form(desk.get(address).text)}
    data = {n: v for n, v in data.items() if n not in ("keep-composed", "again", "save", "drop")}
    answer = desk.post(address.partition("?")[0] + "?type=lead", data=data)
    run(desk.instance, job_id := int(answer.headers["Location"].rpartition("/")[2]))
    assert desk.instance.read(jobs.get, job_id)["result"]["refused"] == 2


def test_a_file_of_unknown_columns_must_be_said_what_it_is(desk):
    data = {"type": "", "file": (io.BytesIO(b"a,b\n1,2\n"), "x.csv")}
    answer = desk.post("/x/transfer/", data=data, content_type="multipart/form-data")
    assert (answer.status_code, "Choose it" in answer.text) == (400, True)


def test_a_form_whose_map_is_no_map_is_refused(desk):
    address = send(desk, "hubspot_products", "product")
    for base in ("{", "[]", '{"columns": 1}', '{"relatum_map": 7}'):
        answer = desk.post(address, data={"base": base, "to-0": "name", "mode": "create"})
        assert answer.status_code in (400, 422), base


# -- saved mappings -------------------------------------------------------------------------------
def test_a_mapping_is_saved_chosen_replaced_and_deleted_in_the_wizard(desk):
    address = send(desk, "hubspot_products", "product")
    data = {"to-1": "name", "to-2": "sku", "key": "sku", "mode": "upsert"}
    saved = desk.post(address, data={**data, "save": "1", "saved-name": "Ours & theirs"})
    page = desk.get(saved.headers["Location"]).text
    assert options(page) == (["system", "names", "saved:Ours & theirs"], "saved:Ours & theirs")
    assert 'value="Ours &amp; theirs"' in page
    assert columns_form(page)["key"] == "sku"
    twice = desk.post(address, data={**data, "save": "1", "saved-name": "ours & THEIRS"})
    assert (twice.status_code, "already saved" in twice.text) == (409, True)
    again = {**data, "save": "1", "saved-name": "ours & THEIRS", "replace": "1"}
    assert desk.post(address, data=again).status_code == 303
    assert options(desk.get(address).text)[0][2:] == ["saved:ours & THEIRS"]
    gone = desk.post(address, data={**data, "drop": "Ours & theirs"})
    assert gone.status_code == 303
    assert options(desk.get(address).text)[0] == ["system", "names"]


def test_a_saved_mapping_fits_a_file_with_other_columns(desk):
    address = send(desk, "hubspot_products", "product")
    data = {"to-1": "name", "to-3": "list_price", "mode": "create"}
    desk.post(address, data={**data, "save": "1", "saved-name": "Ours"})
    file = (io.BytesIO(b"Name,SKU,Description,Colour\nA,1,nice,red\n"), "x.csv")
    other = desk.post(
        "/x/transfer/", data={"type": "product", "file": file}, content_type="multipart/form-data"
    ).headers["Location"]
    page = desk.get(f"{other}&use=saved:Ours").text
    assert "The file lacks columns of this mapping: Unit price" in page
    form = columns_form(page)
    assert [form[f"to-{at}"] for at in range(4)] == ["name", "", "description", ""]
    assert desk.get(f"{other}&use=saved:Nobody").status_code == 404
    assert desk.get(f"{other}&use=other").status_code == 400


def test_what_was_used_last_is_proposed_first_and_no_field_that_is_gone(desk):
    desk.instance.apply(
        {"op": "add_field", "type": "product", "name": "x_gone", "kind": "text", "label": "Gone"}
    )
    address = send(desk, "hubspot_products", "product")
    job = tried(desk, address, **{"to-7": "x_gone"})
    desk.post(f"/x/transfer/jobs/{job['id']}/run")
    run(desk.instance, job["id"] + 1)
    page = desk.get(send(desk, "hubspot_products", "product")).text
    assert (options(page)[1], columns_form(page)["to-7"]) == ("last", "x_gone")
    desk.instance.apply({"op": "trash_field", "type": "product", "field": "x_gone"})
    page = desk.get(send(desk, "hubspot_products", "product")).text
    assert (options(page)[1], columns_form(page)["to-7"]) == ("last", "")


# -- over HTTP ------------------------------------------------------------------------------------
@pytest.fixture
def alice(desk):
    """Return a client of the API, and the file that it has sent."""
    _, token = desk.instance.write(auth.make_token, desk.instance.alice.user_id, "test", None)
    client = Client(desk.application)
    content = (FOLDER / "salesforce_contact.csv").read_bytes()
    ask = partial(_asked, client, {"Authorization": f"Bearer {token}"})
    sent = ask("post", "/api/x/transfer/uploads?name=c.csv", data=content)
    return ask, sent.get_json()["id"]


def _asked(client, headers, method, address, **words):
    return getattr(client, method)(address, headers=headers, **words)


def test_the_api_says_what_is_missing_and_its_changes_can_be_applied(alice):
    ask, upload = alice
    found = ask("get", f"/api/x/transfer/uploads/{upload}?type=contact").get_json()
    missing = found["offer"]["missing"]
    assert (found["offer"]["system"], found["used"]) == ("Salesforce", "system")
    assert {"account", "contact"} == {change["type"] for change in missing["changes"]}
    assert missing["plan"]["risk"] == "safe"
    asked = {"changes": missing["changes"], "plan": missing["plan"]["plan"]}
    assert ask("post", "/api/v1/entity-types/apply", json=asked).status_code == 200
    found = ask("get", f"/api/x/transfer/uploads/{upload}?type=contact").get_json()
    assert (found["offer"]["missing"]["changes"], found["map"]["key"]) == ([], ["x_salesforce_id"])
    plain = ask("get", f"/api/x/transfer/uploads/{upload}?type=contact&use=names").get_json()
    assert "key" not in plain["map"]
    none = ask("get", f"/api/x/transfer/uploads/{upload}").get_json()
    assert none["looks_like"] == [{"system": "Salesforce", "file": "Contacts", "type": "contact"}]


def test_saved_maps_have_addresses(alice):
    ask, _ = alice
    url = "/api/x/transfer/maps/contact"
    made = ask("put", f"{url}/A/B fair", json={**MAP, "columns": {"E": "email"}})
    assert (made.status_code, made.get_json()["name"]) == (200, "A/B fair")
    assert ask("put", f"{url}/a/b FAIR", json=MAP).status_code == 409
    assert ask("put", f"{url}/a/b FAIR?replace=1", json=MAP).status_code == 200
    assert [m["name"] for m in ask("get", url).get_json()["maps"]] == ["a/b FAIR"]
    assert ask("get", f"{url}/A/B fair").get_json()["map"] == MAP
    assert ask("put", f"{url}/x", data="{").status_code == 415
    wrong = ask("put", f"{url}/x", data="{", content_type="application/json")
    assert (wrong.status_code, wrong.get_json()["code"]) == (400, "bad_json")
    assert ask("put", f"{url}/x", json=[]).status_code == 400
    assert ask("delete", f"{url}/A/B fair").status_code == 204
    assert ask("delete", f"{url}/A/B fair").status_code == 404
    assert ask("get", "/api/x/transfer/maps/nothing").status_code == 404

"""Lines of records in the pages of transfer: offered, proposed, and shown before they go in."""

from __future__ import annotations

import html
import io
import re
from typing import Any

from relatum.core import catalog, imports
from relatum.plugins.transfer.proposing import propose

from .counting import run
from .desk import Browser, fields_of
from .instances import prepared

#: The preset of the instance, which has contacts and deals with lines.
PRESET = "sales"
PEOPLE = (
    "First name,Last name,E-mail,Business Phone,Home Phone,Other Phone 2,Home City\n"
    "Ada,Lovelace,ada@example.org,+49 30 1234567,+49 30 1234568,+49 30 1234569,Berlin\n"
)


@prepared
def equipped(instance):
    """An instance with the types of sales."""


def send(desk: Browser, type_name: str, content: str, name: str = "people.csv"):
    data = {"type": type_name, "file": (io.BytesIO(content.encode()), name)}
    sent = desk.post("/x/transfer/", data=data, content_type="multipart/form-data")
    assert sent.status_code == 303, sent.text
    return sent.headers["Location"]


def form_of(desk: Browser, address: str) -> dict[str, str]:
    """Return what the form of the columns would send as it is."""
    page = desk.get(address).text
    inside = page[page.index('class="tr-form"') :]
    return fields_of(inside[: inside.index("</form>")])


def worked(desk: Browser, answer):
    """Run the job that an answer leads to, and return its address and page."""
    address = answer.headers["Location"]
    run(desk.instance, int(address.rpartition("/")[2]))
    return address, html.unescape(desk.get(address).text)


def test_columns_that_are_called_like_lines_are_proposed_and_the_first_is_the_record_s_own(desk):
    header = PEOPLE.splitlines()[0].split(",")
    with desk.instance.reading():
        found = propose(catalog.current().type("contact"), header, [])["columns"]
    assert found["E-mail"] == {"field": "email"}
    assert found["Business Phone"] == {"field": "phone"}
    assert found["Home Phone"] == {"field": "phones.phone", "line": {"label": "home"}}
    assert found["Other Phone 2"] == {"field": "phones.phone", "line": {"label": "other"}, "nth": 2}
    assert found["Home City"] == {"field": "address.city"}


def test_parts_of_one_address_are_proposed_together(desk):
    header = ["Business Street", "Home Street", "Home City", "Business City"]
    with desk.instance.reading():
        found = propose(catalog.current().type("contact"), header, [])["columns"]
    assert [found[name]["field"] for name in header] == [
        "address.street", "addresses.address.street", "addresses.address.city", "address.city",
    ]  # fmt: skip


def test_a_contact_with_three_phones_goes_in_through_the_form_as_it_is(desk):
    address = send(desk, "contact", PEOPLE)
    page = desk.get(address).text
    assert '<optgroup label="Person phones">' in page
    assert re.search(r'<option value="[^"]*home[^"]*" selected>Home</option>', page)
    form = form_of(desk, address)
    shown, preview = worked(desk, desk.post(address, data={**form, "mode": "create"}))
    assert "+49301234568" in preview
    assert "<h3>Person phones</h3>" in preview
    assert desk.instance.sql("SELECT count(*) FROM contact_phone")[0][0] == 0
    worked(desk, desk.post(f"{shown}/run"))
    rows = desk.instance.sql("SELECT label, phone FROM contact_phone ORDER BY position")
    assert [tuple(row) for row in rows] == [("home", "+49301234568"), ("other", "+49301234569")]


def test_a_deal_goes_in_with_a_line_of_each_row_and_is_found_by_what_the_form_says(desk):
    text = "name,lines.description,lines.quantity\nPumps,Pump,2\n,Hose,3\n"
    address = send(desk, "opportunity", text, "deals.csv")
    form = {**form_of(desk, address), "key": "name", "mode": "upsert"}
    assert "lines-key-lines" in form
    shown, preview = worked(desk, desk.post(address, data=form))
    assert "new" in preview
    assert "Hose" in preview
    worked(desk, desk.post(f"{shown}/run"))
    again = send(desk, "opportunity", text.replace(",3", ",5").replace("Pump,2", ","), "deals.csv")
    form = {**form_of(desk, again), "key": "name", "mode": "upsert"}
    form |= {"lines-key-lines": "description", "lines-replace-lines": "1"}
    shown, preview = worked(desk, desk.post(again, data=form))
    assert "removed" in preview
    worked(desk, desk.post(f"{shown}/run"))
    rows = desk.instance.sql("SELECT description FROM opportunity_line WHERE trashed_at IS NULL")
    assert [row.description for row in rows] == ["Hose"]


def test_what_is_wrong_with_a_further_row_is_said_with_its_line(desk):
    text = "name,lines.description,lines.quantity\nPumps,Pump,2\n,Hose,many\n"
    address = send(desk, "opportunity", text, "deals.csv")
    _, preview = worked(desk, desk.post(address, data=form_of(desk, address)))
    assert "Line 3, lines.quantity: " in preview
    assert "Import 0 of 2 rows" in preview


def test_a_saved_mapping_with_lines_goes_through_the_form_as_it_is(desk):
    mapping: dict[str, Any] = {
        "relatum_map": 1,
        "columns": {
            "E-mail": "email",
            "Home": {"field": "phones.phone", "line": {"label": "home"}, "first": ";"},
            "Kind": None, "First": None, "Last": None,
            "Other": "phones.phone", "Label": "phones.label",
        },
        "composed": {"name": "{First} {Last}"},
        "only": {"Kind": ["person"]},
        "lines": {"phones": {"key": ["phone", "label"], "replace": True}},
    }  # fmt: skip
    text = (
        "Kind,First,Last,E-mail,Home,Other,Label\n"
        "person,Ada,Lovelace,ada@example.org,+49 30 1234567; 9,+49 30 1234568,other\n"
        ",,,,,+49 30 1234569,other\nfirm,B,,b@example.org,,+49 30 1,other\n"
    )
    desk.instance.write(imports.save, "contact", "Ours", mapping)
    address = send(desk, "contact", text)
    form = form_of(desk, f"{address}&use=saved:Ours")
    sent: dict[str, Any] = {n: v for n, v in form.items() if n not in ("again", "save", "drop")}
    # The fields of the key stand in the form one by one, the first to choose.
    sent["lines-key-phones"] = ["phone", "label"]
    shown, preview = worked(desk, desk.post(address, data=sent))
    assert "<h3>Person phones</h3>" in preview
    worked(desk, desk.post(f"{shown}/run"))
    rows = desk.instance.sql("SELECT label, phone FROM contact_phone ORDER BY position")
    assert [row.phone for row in rows] == ["+49301234567", "+49301234568", "+49301234569"]
    assert desk.instance.sql("SELECT count(*) FROM contact")[0][0] == 1
    saved = desk.post(address, data={**sent, "save": "1", "saved-name": "Again"})
    assert saved.status_code == 303, saved.text
    again = desk.instance.read(imports.get_saved, "contact", "Again").map
    assert (again["lines"], again["only"]) == (mapping["lines"], mapping["only"])
    assert again["composed"] == mapping["composed"]
    assert again["columns"]["Home"] == mapping["columns"]["Home"]

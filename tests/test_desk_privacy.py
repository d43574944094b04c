"""The desk's page of personal data: what is found, a copy of it, and its erasure."""

from __future__ import annotations

import pytest

from .instances import prepared

PRESET = "contacts"


@prepared
def equipped(instance):
    row = {"name": {"first": "Ada", "last": "Lovelace"}, "email": "ada@lovelace.example"}
    instance.create("contact", row, {"name": {"last": "Byron"}, "email": "ada@lovelace.example"})


@pytest.fixture
def places(desk):
    """Return the addresses of both people's pages of personal data."""
    rows = desk.instance.sql("SELECT id FROM contact ORDER BY id")
    return [f"/records/contact/{row.id}/person" for row in rows]


def test_the_menu_of_a_person_leads_to_all_records_that_share_an_address(desk, places):
    assert f'href="{places[0]}"' in desk.get(places[0].removesuffix("/person")).text
    page = desk.get(places[0]).text
    assert "Ada Lovelace" in page and "Byron" in page
    assert page.count(" checked") == 1


def test_a_copy_is_sent_as_a_file(desk, places):
    record = places[0].split("/")[3]
    answer = desk.post(f"{places[0]}/export", data={"record": f"contact:{record}"})
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.json["records"][0]["values"]["email"] == "ada@lovelace.example"
    assert desk.post(f"{places[0]}/export", data={}).status_code == 400


def test_it_is_erased_once_somebody_is_sure_and_a_certificate_is_shown(desk, places):
    record = places[0].split("/")[3]
    data = {"record": f"contact:{record}"}
    unsure = desk.post(f"{places[0]}/erase", data=data)
    assert (unsure.status_code, "Say that you know" in unsure.text) == (422, True)
    page = desk.post(f"{places[0]}/erase", data={**data, "sure": "1"}).text
    assert "Certificate of erasure" in page and "&#34;signature&#34;" in page
    left = desk.instance.get("contact", int(record))
    assert (left["name"]["last"], left["email"]) == ("Erased", None)

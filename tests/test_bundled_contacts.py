"""What the contacts plugin knows of people beyond one e-mail, one phone and one address."""

from __future__ import annotations

import pytest

from relatum.core import query, records
from relatum.core.errors import Invalid

from .instances import prepared

JO = {
    "name": {"first": "Jo", "last": "Lindqvist"},
    "email": "jo@work.example",
    "emails": [
        {"label": "home", "email": "jo@home.example"},
        {"label": "billing", "email": "pay@work.example"},
    ],
    "phones": [{"label": "mobile", "phone": "+49 171 3920012"}],
    "addresses": [{"label": "home", "address": {"city": "Kiel", "country": "DE"}}],
}


#: The preset of the instance.
PRESET = "contacts"


@prepared
def jo(instance):
    """Return the id of a contact with further e-mails, a phone and an address."""
    [id_] = instance.create("contact", JO)
    return id_


def whole(instance, id_):
    """Return a contact with its lists."""

    def found(*, actor):
        asked = {
            "filter": {"field": "id", "value": id_}, "expand": ["emails", "phones", "addresses"],
        }  # fmt: skip
        [record] = query.page(query.from_json("contact", asked, actor=actor)).records
        return record

    return instance.read(found)


def test_a_contact_is_saved_with_every_way_to_reach_it_in_its_order(instance, jo):
    found = whole(instance, jo)
    assert [(e["label"], e["email"], e["position"]) for e in found["emails"]] == [
        ("home", "jo@home.example", 1), ("billing", "pay@work.example", 2),
    ]  # fmt: skip
    assert [p["phone"] for p in found["phones"]] == ["+491713920012"]
    assert [a["address"]["city"] for a in found["addresses"]] == ["Kiel"]


def test_another_e_mail_becomes_the_primary_one_in_one_request(instance, jo):
    [home, billing] = whole(instance, jo)["emails"]
    swapped = {
        "id": jo, "email": home["email"],
        "emails": [{"id": home["id"], "label": "work", "email": "jo@work.example"},
                   {"id": billing["id"]}],
    }  # fmt: skip
    [outcome] = instance.write(records.update, "contact", [swapped])
    found = whole(instance, jo)
    assert (outcome.version, found["email"]) == (found["version"], "jo@home.example")
    assert [e["email"] for e in found["emails"]] == ["jo@work.example", "pay@work.example"]


def test_a_wrong_e_mail_of_a_list_refuses_the_contact_by_its_place(instance):
    row = {"name": {"last": "Jo"}, "emails": [{"email": "jo@home.example"}, {"email": "nobody"}]}
    with pytest.raises(Invalid) as caught:
        instance.write(records.create, "contact", [row])
    assert [(p.code, p.field) for p in caught.value.problems] == [("not_email", "emails.1.email")]
    assert instance.sql("SELECT count(*) FROM contact") == [(0,)]


def test_an_e_mail_stands_once_in_the_list_of_a_contact(instance, jo):
    with pytest.raises(Invalid) as caught:
        again = {"contact": jo, "email": "JO@home.example"}
        instance.write(records.create, "contact_email", [again])
    assert caught.value.problems[0].code == "duplicate"


def test_contacts_are_found_by_any_of_their_e_mails(instance, jo):
    def found(*, actor):
        has = {"has": "emails", "where": {"field": "email", "value": "pay@work.example"}}
        asked = {"filter": {"or": [{"field": "email", "value": "pay@work.example"}, has]}}
        return [r["id"] for r in query.page(query.from_json("contact", asked, actor=actor)).records]

    assert instance.read(found) == [jo]


def test_the_lists_go_and_come_back_with_the_contact(instance, jo):
    instance.write(records.delete, "contact", [{"id": jo}])
    instance.write(records.restore, "contact", [{"id": jo}])
    found = whole(instance, jo)
    assert [len(found[name]) for name in ("emails", "phones", "addresses")] == [2, 1, 1]

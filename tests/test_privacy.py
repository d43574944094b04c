"""Personal data of a person: found everywhere, exported as one document, erased with history."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import audit, auth, db, mail, privacy, records
from relatum.core.errors import RelatumError

from .instances import PASSWORD, prepared

PRESET = "contacts"
ADDRESS = "ada@lovelace.example"


@prepared
def ids(instance):
    """An instance with Ada as a person with lists, and as an applicant of a type of its own."""
    instance.make_type(
        "x_applicant",
        {"name": "name", "kind": "text", "label": "Name", "required": True, "personal": True},
        {"name": "mail", "kind": "email", "label": "Mail", "personal": True, "indexed": True},
        {"name": "score", "kind": "integer", "label": "Score"},
        {"name": "pin", "kind": "encrypted", "label": "Pin"},
        label="Applicant", title="name",
    )  # fmt: skip
    [ada] = instance.create(
        "contact",
        {
            "name": {"first": "Augusta", "last": "Lovelace"}, "email": ADDRESS,
            "mobile": "+49 170 1234567", "job_title": "Analyst",
            "address": {"street": "Horsley Towers", "city": "East Horsley"},
            "emails": [{"email": "countess@ockham.example"}],
        },
    )  # fmt: skip
    instance.write(records.update, "contact", [{"id": ada, "mobile": "+49 170 7654321"}])
    [applicant] = instance.create(
        "x_applicant", {"name": "Ada L.", "mail": ADDRESS.upper(), "score": 9, "pin": "Zauberwort"}
    )
    [other] = instance.create(
        "contact", {"name": {"last": "Babbage"}, "email": "charles@engine.example"}
    )
    return {"ada": ada, "applicant": applicant, "other": other}


@pytest.fixture
def crm(instance, ids):
    """Return the instance with those people."""
    return instance


def everything(instance: Any) -> str:
    """Return every text of every table, but of the audit log's own digests."""
    names = instance.sql(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'"
        if instance.config.database_url
        else "SELECT name FROM sqlite_master WHERE type = 'table'"
    )
    told = []
    for row in names:
        told += [str(tuple(each)) for each in instance.sql(f'SELECT * FROM "{row.name}"')]
    return "\n".join(told)


# -- finding --------------------------------------------------------------------------------
def test_the_records_of_a_person_are_found_by_what_they_share_lists_and_trash_included(crm, ids):
    crm.write(records.delete, "x_applicant", [{"id": ids["applicant"]}])
    found = crm.read(privacy.traces, "contact", ids["ada"])
    assert [(t.type, t.id, t.trashed) for t in found] == [
        ("contact", ids["ada"], False), ("x_applicant", ids["applicant"], True),
    ]  # fmt: skip
    assert set(found[0].fields) >= {"name", "email", "mobile", "emails"}
    assert set(found[1].fields) == {"name", "mail", "pin"}
    by_list = crm.read(privacy.find, "Countess@Ockham.example")
    assert [(t.type, t.id) for t in by_list] == [("contact", ids["ada"])]
    by_number = crm.read(privacy.find, "+49 170 7654321")
    assert [t.id for t in by_number] == [ids["ada"]]
    assert crm.read(privacy.find, "nobody@nowhere.example") == []


def test_nobody_but_administrators_finds_exports_or_erases(crm, ids):
    some = [("contact", ids["ada"])]
    for verb, given in (
        (privacy.find, ADDRESS), (privacy.export, some), (privacy.erase, some),
    ):  # fmt: skip
        with pytest.raises(RelatumError) as caught:
            crm.write(verb, given, actor=crm.bob)
        assert caught.value.code == "forbidden"


# -- exporting ------------------------------------------------------------------------------
def test_the_export_has_values_lists_history_and_mails_and_is_noted(crm, ids):
    with crm.app.app_context():
        db.transact(lambda: mail.send_test(ADDRESS, actor=crm.alice))
    document = crm.write(privacy.export, [("contact", ids["ada"])])
    [record] = document["records"]
    assert record["values"]["job_title"] == "Analyst"
    assert record["lists"]["emails"][0]["email"] == "countess@ockham.example"
    assert "+491701234567" in str(record["history"])
    assert [each["address"] for each in document["mails"]] == [ADDRESS]
    [entry] = crm.read(audit.entries, limit=5, event="person_exported")
    assert entry["subject"] == f"contact:{ids['ada']}"


# -- erasing --------------------------------------------------------------------------------
def test_what_is_personal_is_gone_everywhere_and_the_rest_stays(crm, ids):
    with crm.app.app_context():
        db.transact(lambda: mail.send_test(ADDRESS, actor=crm.alice))
        while db.transact(audit.seal_some):
            pass
    some = [("contact", ids["ada"]), ("x_applicant", ids["applicant"])]
    certificate = crm.write(privacy.erase, some)
    left = everything(crm).lower()
    for secret in (
        "augusta",
        "lovelace",
        "countess",
        "zauberwort",
        "1701234567",
        "1707654321",
        "horsley",
    ):
        assert secret not in left, secret
    ada = crm.get("contact", ids["ada"])
    assert {value for value in ada["name"].values() if value} == {"Erased"}
    assert (ada["email"], ada["address"], ada["job_title"]) == (None, None, "Analyst")
    applicant = crm.get("x_applicant", ids["applicant"])
    assert (applicant["name"], applicant["mail"], applicant["score"]) == ("Erased", None, 9)
    assert crm.get("contact", ids["other"])["email"] == "charles@engine.example"
    assert (certificate["parts"], certificate["mails"]) == (1, 1)
    assert certificate["fields"]["x_applicant"] == ["mail", "name", "pin"]


def test_the_chain_over_the_history_goes_on_after_an_erasure(crm, ids):
    with crm.app.app_context():
        while db.transact(audit.seal_some):
            pass
    crm.write(privacy.erase, [("contact", ids["ada"])])
    verdict = crm.read(audit.verify)
    assert (verdict.findings, verdict.erased > 0) == ([], True)
    with crm.app.app_context():
        while db.transact(audit.seal_some):
            pass
    assert crm.read(audit.verify).findings == []


def test_neither_undo_nor_the_past_brings_anything_back(crm, ids):
    numbers = [
        row.id
        for row in crm.sql(
            "SELECT DISTINCT change_set_id AS id FROM core_change WHERE record_id = :id",
            id=ids["ada"],
        )
    ]
    crm.write(privacy.erase, [("contact", ids["ada"]), ("x_applicant", ids["applicant"])])
    for number in sorted(numbers, reverse=True):
        try:
            crm.write(records.undo, number, partial=True)
        except RelatumError:
            continue
    assert "lovelace" not in everything(crm).lower()


def test_a_record_in_the_trash_is_erased_and_stays_there(crm, ids):
    crm.write(records.delete, "x_applicant", [{"id": ids["applicant"]}])
    crm.write(privacy.erase, [("x_applicant", ids["applicant"])])
    row = crm.read(records.get, "x_applicant", ids["applicant"], trashed=True)
    assert row["name"] == "Erased"
    with pytest.raises(RelatumError):
        crm.get("x_applicant", ids["applicant"])
    assert "ada l." not in everything(crm).lower()


def test_the_certificate_is_known_again_unless_it_was_changed(crm, ids):
    certificate = crm.write(privacy.erase, [("contact", ids["ada"])])
    with crm.reading():
        assert privacy.is_genuine(certificate)
        assert not privacy.is_genuine({**certificate, "mails": 7})
        assert not privacy.is_genuine({})


def test_a_user_is_erased_once_he_can_not_sign_in_any_more(crm):
    [carol] = crm.create("user", {"name": "Carol Danvers", "email": "carol@danvers.example"})
    crm.write(auth.set_password, carol, auth.hash_password(PASSWORD))
    with pytest.raises(RelatumError) as caught:
        crm.write(privacy.erase, [("user", carol)])
    assert caught.value.code == "person_active"
    crm.write(records.update, "user", [{"id": carol, "active": False}])
    with crm.app.app_context():
        while db.transact(audit.seal_some):
            pass
    crm.write(privacy.erase, [("user", carol)])
    assert "danvers" not in everything(crm).lower()
    assert crm.read(audit.verify).findings == []


def test_what_a_wrong_record_refuses_leaves_everything_as_it_was(crm, ids):
    before = everything(crm)
    for wrong in ([("contact", 999_999)], [("contact", ids["ada"]), ("x_nothing", 1)], []):
        with pytest.raises(RelatumError):
            crm.write(privacy.erase, wrong)
    assert everything(crm) == before


def test_every_part_of_a_long_list_is_exported_and_erased(crm, ids):
    emails = [{"email": f"ada{number:03}@ockham.example"} for number in range(120)]
    many = {"last": "Byron"}
    [byron] = crm.create("contact", {"name": many, "emails": emails})
    [record] = crm.write(privacy.export, [("contact", byron)])["records"]
    assert len(record["lists"]["emails"]) == 120
    assert crm.write(privacy.erase, [("contact", byron)])["parts"] == 120
    assert "@ockham.example" not in everything(crm).replace("countess@ockham.example", "")


def test_a_person_is_found_however_small_pages_are(crm, ids):
    with crm.configured(page_limit=20, page_default=20):
        found = crm.read(privacy.find, ADDRESS)
    assert {(t.type, t.id) for t in found} == {
        ("contact", ids["ada"]), ("x_applicant", ids["applicant"]),
    }  # fmt: skip

"""vCards: people of any address book come in, and go out as other programs read them."""

from __future__ import annotations

import pytest
import vobject

from relatum.core import query, roles
from relatum.core.errors import RelatumError
from relatum.plugins.transfer.exporting import Export
from relatum.plugins.transfer.inspecting import look

from .instances import prepared
from .test_transfer_formats import read, refused
from .transferring import bring, counts, export, send

#: The preset of the instance.
PRESET = "contacts"

NEW = """BEGIN:VCARD
VERSION:4.0
N:Lovelace;Ada;Augusta;Dr.;
FN:Dr. Ada Lovelace
ORG:Acme;Engines;Looms
TITLE:Analyst
EMAIL;PREF=1:ada@acme.example
EMAIL;TYPE=home:ada@home.example
TEL;VALUE=uri;TYPE="voice,work":tel:+49-30-1234567
TEL;TYPE=cell:+49 170 1234567
TEL;TYPE=home:+49 30 7654321
ADR;TYPE=work:;;Main Street 1;Berlin;BE;10115;Germany
BDAY:19801231
NOTE:first\\nsecond
END:VCARD
"""
OLD = (
    b"begin:vcard\r\nversion:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg"
    b"\r\nTEL;CELL:+49 171 111\r\nPHOTO;ENCODING=BASE64;TYPE=JPEG:/9j/4AAQ\r\n SkZJRg\r\n"
    b"EMAIL:joerg@example.org\r\nend:vcard\r\n"
)


@prepared
def crm(instance):
    """An instance with a company."""
    instance.enable("transfer")
    instance.create("account", {"name": "Acme"})


def proposed(instance, cards=NEW):
    """Return the map that is proposed for cards of people."""
    upload = send(instance, cards, "people.vcf")
    with instance.app.app_context():
        return look(upload, actor=instance.alice, type_name="contact").map


def people(instance, *names):
    """Return the people of an instance with some fields, in the order of their names."""

    def asked(*, actor):
        words = {"fields": list(names), "sort": ["name"]}
        return query.page(query.from_json("contact", words, actor=actor)).records

    return instance.read(asked)


# -- in -------------------------------------------------------------------------------------
def test_each_card_is_a_row_and_what_there_is_more_of_has_rows_below():
    how, header, [ada, joerg] = read(NEW.encode() + b"\r\n" + OLD, "people.vcf")
    assert how.format == "vcard"
    line, cells, [further] = ada
    first = dict(zip(header, cells, strict=True))
    assert line == 1
    assert (first["name.salutation"], first["name.last"]) == ("Dr.", "Lovelace")
    assert (first["company"], first["department"]) == ("Acme", "Engines, Looms")
    assert (first["email"], first["birthday"]) == ("ada@acme.example", "1980-12-31")
    assert (first["phone"], first["mobile"]) == ("+49-30-1234567", "+49 170 1234567")
    assert first["description"] == "first\nsecond"
    more = dict(zip(header, further[1], strict=True))
    assert (more["emails.label"], more["emails.email"]) == ("home", "ada@home.example")
    assert (more["phones.label"], more["phones.phone"]) == ("home", "+49 30 7654321")
    old = dict(zip(header, joerg[1], strict=True))
    assert (old["name.first"], old["name.last"], old["mobile"]) == ("Jörg", "Müller", "+49 171 111")


def test_a_card_with_a_full_name_alone_has_a_last_name():
    _, header, [(_, cells, _)] = read("BEGIN:VCARD\nVERSION:3.0\nFN:Ada K. Lovelace\nEND:VCARD\n")
    assert dict(zip(header, cells, strict=True)) == {
        "name.first": "Ada K.", "name.last": "Lovelace",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BEGIN:VCARD\nVERSION:3.0\nFN:A\n", "the card in line 1 has no end"),
        (f"BEGIN:VCARD\nNOTE:{'x' * 1_100_000}\nEND:VCARD\n", "is longer than 1,048,576 bytes"),
    ],
)
def test_a_card_that_is_none_is_refused_with_its_line(text, said):
    assert said in refused(text, "people.vcf")


def test_cards_find_their_fields_by_themselves_and_the_company_by_its_name(crm):
    job = bring(crm, "contact", NEW.encode() + OLD, name="people.vcf", map=proposed(crm))
    assert counts(job) == (2, 0, 0, 0), job["result"]
    ada, joerg = people(crm, "name", "account", "email", "mobile", "address", "birthday")
    [account] = crm.sql("SELECT id FROM account")
    assert (ada["account"], ada["email"]) == (account.id, "ada@acme.example")
    assert (ada["mobile"], ada["address"]["country"]) == ("+491701234567", "DE")
    assert joerg["name"]["last"] == "Müller"
    further = crm.sql("SELECT email FROM contact_email")
    assert [row.email for row in further] == ["ada@home.example"]


# -- out ------------------------------------------------------------------------------------
def test_a_card_that_was_written_is_read_by_others_and_by_an_import(crm):
    bring(crm, "contact", NEW, name="people.vcf", map=proposed(crm))
    body = export(crm, "contact", "vcard")
    card = vobject.readOne(body.decode())
    assert card.version.value == "3.0"
    assert card.fn.value == "Dr. Ada Augusta Lovelace"
    assert (card.n.value.family, card.n.value.given) == ("Lovelace", "Ada")
    assert card.org.value == ["Acme", "Engines, Looms"]
    assert [each.value for each in card.email_list] == ["ada@acme.example", "ada@home.example"]
    assert {each.value: each.type_param for each in card.tel_list} == {
        "+49301234567": "WORK", "+491701234567": "CELL", "+49307654321": "HOME",
    }  # fmt: skip
    assert (card.adr.value.city, card.adr.value.country) == ("Berlin", "Germany")
    assert (card.bday.value, card.note.value) == ("1980-12-31", "first second")
    _, header, [(_, cells, [_])] = read(body, "again.vcf")
    again = dict(zip(header, cells, strict=True))
    assert (again["email"], again["company"]) == ("ada@acme.example", "Acme")


def test_a_company_is_a_card_that_says_it_is_one(crm):
    card = vobject.readOne(export(crm, "account", "vcard").decode())
    assert (card.fn.value, card.org.value) == ("Acme", ["Acme"])
    assert card.x_abshowas.value == "COMPANY"


def test_fields_that_somebody_does_not_see_are_not_in_a_card(crm):
    hidden = {"read": False, "update": False, "create": False}
    contacts = {"contact": {"read": "all", "export": "all"}}
    outside = {"types": contacts, "fields": {"contact.mobile": hidden}}
    bring(crm, "contact", NEW, name="people.vcf", map=proposed(crm))
    crm.write(roles.save, "outside", outside)
    crm.write(roles.hold, "user", crm.bob.user_id, ["outside"])
    with crm.reading():
        made = Export("contact", [], "vcard", actor=crm.bob)
    with crm.app.app_context():
        body = b"".join(made.stream()).decode()
    assert "ada@acme.example" in body
    assert "1701234567" not in body
    assert "Acme" not in body  # a company, of which he sees none


def test_there_are_no_cards_of_what_cannot_be_reached(crm):
    with crm.reading(), pytest.raises(RelatumError, match="no e-mail and no phone"):
        Export("team", [], "vcard", actor=crm.alice)

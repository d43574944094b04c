"""Duplicates: what is found, what is asked on saving, and what nobody may learn by it."""

from __future__ import annotations

import pytest

from relatum.core import catalog, db, imports, jobs, records, roles
from relatum.plugins.duplicates import matching, pairs, rules

from .duplicating import ADA, BLOCK, ada, asked, fill, found, person, run
from .instances import prepared

#: The preset of the instance.
PRESET = "sales"


@prepared
def crm(instance):
    """Return an instance with contacts, sales, duplicates, and Ada."""
    fill(instance)


def codes(crm):
    """Return how many keys there are."""
    with crm.reading():
        return rules.table("key").count()


# -- found ----------------------------------------------------------------------------------
def test_a_person_is_found_by_his_mailbox_however_it_is_written(crm):
    [match] = found(crm, email="Ada+news@ENGINE.example")
    assert (match.label, match.score, match.reasons, match.blocks) == (
        "Ada Lovelace", 80, ("E-mail",), False,
    )  # fmt: skip


def test_a_person_is_found_by_name_and_phone_swapped_and_mistyped(crm):
    [match] = found(crm, name={"first": "Lovlace", "last": "Ada"}, mobile="030 1234567 ")
    assert match.score >= 80
    assert match.reasons == ("Phone", "Name")


def test_colleagues_with_one_switchboard_and_one_address_are_not_one(crm):
    [firm] = crm.create("account", {"name": "Engine"})
    where = {"street": "Platz 1", "city": "Bonn"}
    same = {"account": firm, "phone": "+49 30 99", "address": where}
    crm.create("contact", {"name": {"first": "Bea", "last": "Kranz"}, **same})
    assert found(crm, name={"first": "Olaf", "last": "Witt"}, **same) == []
    assert found(crm, name={"first": "Bea", "last": "Krantz"}, **same)


def test_a_name_alone_is_nobody(crm):
    assert found(crm, name=ADA["name"]) == []


def test_a_lead_is_found_among_people(crm):
    [match] = found(crm, "lead", against="contact", email="ada@engine.example")
    assert (match.type, match.label) == ("contact", "Ada Lovelace")
    assert found(crm, "lead", email="ada@engine.example") == []


def test_a_lead_is_found_among_companies_by_name_and_by_domain(crm):
    crm.create("account", {"name": "Müller & Söhne GmbH", "website": "https://www.mueller.example"})
    [by_name] = found(crm, "lead", against="account", company="Mueller und Soehne")
    [by_domain] = found(crm, "lead", against="account", email="info@mueller.example")
    assert by_name.label == by_domain.label == "Müller & Söhne GmbH"


def test_a_value_that_does_not_fit_is_no_value(crm):
    assert found(crm, email="no address", name=ADA["name"], phone=ADA["phone"])


def test_without_the_plugin_nothing_is_found(crm):
    crm.disable("duplicates", cascade=True)
    assert found(crm, email="ada@engine.example") == []


# -- asked on saving ------------------------------------------------------------------------
def test_a_row_that_is_likely_to_be_there_is_asked_about_with_the_other_record(crm):
    [problem] = asked(crm, **ADA)
    assert (problem.code, problem.params["key"]) == ("confirm_needed", "duplicates")
    assert problem.params["records"][0]["label"] == "Ada Lovelace"
    assert "Ada Lovelace" in problem.message


def test_whoever_accepts_it_saves_anyway(crm):
    crm.write(records.create, "contact", [ADA], accept={"duplicates"})
    assert len(found(crm, email="ada@engine.example")) == 2


def test_an_unrelated_field_of_a_duplicate_is_changed_without_a_word(crm):
    [twin] = crm.write(records.create, "contact", [ADA], accept={"duplicates"})
    crm.change("contact", twin.id, job_title="Countess")
    # A field that is compared, but by which it was a duplicate before.
    crm.change("contact", twin.id, phone="+49 30 7654321")


def test_a_change_that_makes_a_duplicate_is_asked_about(crm):
    [id_] = crm.create("contact", {"name": {"last": "King"}})
    [problem] = asked(crm, verb=records.update, id=id_, email=ADA["email"])
    assert problem.code == "confirm_needed"


def test_a_pair_that_is_not_one_is_not_asked_about_again(crm):
    [id_] = crm.create("contact", {"name": {"last": "King"}})
    crm.write(pairs.dismiss, id_, ada(crm))
    crm.change("contact", id_, email=ADA["email"])


def test_undo_brings_a_duplicate_back_without_a_question(crm):
    [id_] = crm.create("contact", {"name": {"last": "King"}, "email": "king@engine.example"})
    crm.change("contact", ada(crm), email="other@engine.example")
    crm.change("contact", id_, email=ADA["email"])
    changed = crm.read(records.history, "contact", id_)[0]["change_set"]
    crm.change("contact", id_, email=None)
    crm.write(records.undo, crm.read(records.history, "contact", id_)[0]["change_set"])
    assert crm.get("contact", id_)["email"] == ADA["email"]
    assert changed


def test_a_rule_that_refuses_is_not_talked_out_of_it(crm):
    crm.create("duplicate_rule", BLOCK)
    [problem] = asked(crm, **ADA, accept={"duplicates"})
    assert problem.code == "rejected"
    assert problem.params["records"][0]["label"] == "Ada Lovelace"


# -- what nobody may learn ------------------------------------------------------------------
@pytest.mark.parametrize("action", ["warn", "block"])
def test_who_does_not_see_the_other_record_learns_nothing_of_it(crm, action):
    crm.create("duplicate_rule", {**BLOCK, "action": action})
    charlie = person(crm, "Charlie")
    assert found(crm, email=ADA["email"], actor=charlie) == []
    assert crm.write(records.create, "contact", [ADA], actor=charlie)
    assert asked(crm, **ADA, actor=person(crm, "Bob"))


def test_a_field_that_is_hidden_finds_nobody(crm):
    """He may know that there is an Ada, but not her mailbox, nor learn it by trying."""
    given = {"types": {"contact": {"read": "all", "create": "all"}}}
    crm.write(
        roles.save,
        "narrow",
        {**given, "fields": {"contact.email": dict.fromkeys(("read", "update", "create"), False)}},
    )
    bob = person(crm, "Bob")
    crm.write(roles.hold, "user", bob.user_id, ["narrow"])
    assert found(crm, email=ADA["email"], actor=bob) == []


# -- keys -----------------------------------------------------------------------------------
def test_keys_follow_every_write(crm):
    before, id_ = codes(crm), ada(crm)
    crm.write(records.delete, "contact", [{"id": id_}])
    assert codes(crm) == 0
    assert found(crm, email=ADA["email"]) == []
    crm.write(records.restore, "contact", [{"id": id_}])
    assert codes(crm) == before
    crm.change("contact", id_, email="countess@engine.example")
    assert codes(crm) == before
    assert found(crm, email=ADA["email"]) == []
    assert found(crm, email="countess@engine.example")


def test_a_key_that_too_many_share_finds_nobody(crm, monkeypatch):
    monkeypatch.setattr(matching, "CANDIDATES", 2)
    rows = [{"name": {"last": f"{n}"}, "email": "info@engine.example"} for n in "abc"]
    crm.write(records.create, "contact", rows, accept={"duplicates"})
    assert found(crm, email="info@engine.example") == []
    assert found(crm, email=ADA["email"])


def test_a_rule_for_a_type_of_ones_own_finds_what_was_there_before(crm):
    crm.make_type("x_boat", {"name": "hull", "kind": "text"})
    crm.create("x_boat", {"hull": "AB 12-34"})
    condition = {"fields": "hull", "comparison": "same", "points": 100}
    crm.create("duplicate_rule", {
        "name": "Boats", "entity_type": "x_boat", "conditions": [condition]})  # fmt: skip
    assert found(crm, "x_boat", hull="ab 12 34") == []
    assert run(crm)["duplicates_keys"] == "done"
    assert len(found(crm, "x_boat", hull="ab 12 34")) == 1
    assert asked(crm, "x_boat", hull="AB 12 34")


def test_a_type_that_is_purged_leaves_no_key(crm):
    before = codes(crm)
    crm.make_type("x_boat", {"name": "hull", "kind": "text"})
    condition = {"fields": "hull", "comparison": "same", "points": 100}
    crm.create("duplicate_rule", {
        "name": "Boats", "entity_type": "x_boat", "conditions": [condition]})  # fmt: skip
    crm.create("x_boat", {"hull": "AB 12-34"})
    assert codes(crm) == before + 1
    crm.apply({"op": "trash_type", "type": "x_boat"})
    crm.apply({"op": "purge_type", "type": "x_boat"})
    assert codes(crm) == before


def test_a_rule_stands_for_the_shipped_one_until_it_is_deleted(crm):
    [id_] = crm.create("duplicate_rule", {**BLOCK, "active": False})
    assert found(crm, email=ADA["email"]) == []
    crm.write(records.delete, "duplicate_rule", [{"id": id_}])
    assert found(crm, email=ADA["email"])


def test_a_rule_for_a_type_that_is_not_there_is_idle(crm):
    crm.create("duplicate_rule", {**BLOCK, "entity_type": "ship"})
    with crm.reading():
        [rule] = rules.idle(catalog.current())
    assert rule.type == "ship"


def test_a_field_that_goes_leaves_the_rest_of_a_rule(crm):
    crm.apply({"op": "trash_field", "type": "contact", "field": "phone"})
    assert found(crm, email=ADA["email"])


# -- pairs ----------------------------------------------------------------------------------
def test_a_search_lists_pairs_for_those_who_see_both(crm):
    bob, charlie = person(crm, "Bob"), person(crm, "Charlie")
    crm.write(records.create, "contact", [ADA], actor=bob, accept={"duplicates"})
    crm.create("contact", ADA, actor=charlie)
    crm.write(jobs.enqueue, "duplicates_search", {"type": "contact"})
    assert run(crm)["duplicates_search"] == "done"
    listed = {
        who.name: crm.read(pairs.listed, "contact", actor=who)[0]
        for who in (crm.alice, bob, charlie)
    }
    assert {name: len(some) for name, some in listed.items()} == {
        "Alice": 3, "Bob": 1, "Charlie": 0,
    }  # fmt: skip
    [pair] = listed["Bob"]
    assert (pair.labels, pair.score) == (("Ada Lovelace", "Ada Lovelace"), 100)
    crm.write(pairs.dismiss, pair.one, pair.other, actor=bob)
    assert crm.read(pairs.listed, "contact", actor=bob) == ([], None)
    # It stays so when all is searched again.
    crm.write(jobs.enqueue, "duplicates_search", {"type": "contact"})
    run(crm)
    assert crm.read(pairs.listed, "contact", actor=bob) == ([], None)


def test_pairs_go_page_by_page(crm, monkeypatch):
    monkeypatch.setattr(pairs, "_READ", 2)
    rows = [{"name": {"last": f"{n}"}, "email": ADA["email"]} for n in "abcd"]
    crm.write(records.create, "contact", rows, accept={"duplicates"})
    crm.write(jobs.enqueue, "duplicates_search", {"type": "contact"})
    run(crm)
    some, after = crm.read(pairs.listed, "contact", limit=3)
    seen = [(pair.one, pair.other) for pair in some]
    while after:
        some, after = crm.read(pairs.listed, "contact", limit=3, after=after)
        seen += [(pair.one, pair.other) for pair in some]
    assert len(seen) == len(set(seen)) == 10


# -- many at once ---------------------------------------------------------------------------
def test_rows_of_one_batch_are_compared_with_each_other(crm):
    king = {"name": {"first": "Bea", "last": "King"}, "email": "bea@engine.example"}
    outcomes = crm.write(
        records.create, "contact", [king, {"name": {"last": "Other"}}, king], partial=True
    )
    assert [each.status for each in outcomes] == ["created", "created", "refused"]
    [problem] = outcomes[2].problems
    assert (problem.code, problem.params["row"]) == ("confirm_needed", 0)


@pytest.mark.parametrize("answer", ["refuse", "accept", "skip"])
def test_an_import_refuses_takes_or_leaves_out_what_is_there(crm, answer):
    header = ["name.first", "name.last", "email"]
    people = (["Ada", "Lovelace", ADA["email"]], ["Bea", "King", "b@engine.example"])
    lines = list(enumerate(people, 2))
    with crm.app.app_context():
        rows = db.transact(lambda: bring(crm, header, lines, answer))
    refused = [row for row in rows if row.problems]
    statuses = [row.status for row in rows]
    expected = {"refuse": 1, "accept": 0, "skip": 0}[answer]
    assert len(refused) == expected
    assert (statuses.count("created"), statuses.count("skipped")) == {
        "refuse": (1, 0), "accept": (2, 0), "skip": (1, 1),
    }[answer]  # fmt: skip


def bring(crm, header, lines, answer):
    """Bring lines into people."""
    loading = imports.Loading(
        "contact", header, mapping=imports.ImportMap(), actor=crm.alice, answer=answer
    )
    return loading.bring(lines)

"""`relatum records`: what a person types, what comes back, what is refused."""

from __future__ import annotations

import json

import pytest

from relatum.core import serve

from .homes import Shell
from .instances import prepared


@prepared
def companies(instance):
    """An instance with companies: Acme in Berlin, its daughter Beta, and Gamma in Rome."""
    instance.make_type(
        "x_company",
        {"name": "name", "kind": "text", "required": True, "unique": True, "sortable": True},
        {"name": "city", "kind": "text"},
        {"name": "parent", "kind": "lookup", "settings": {"target": "x_company"}},
        {"name": "size", "kind": "integer"},
        label="Company",
    )
    acme, *_ = instance.create("x_company", {"name": "Acme", "city": "Berlin", "size": 5})
    instance.create("x_company", {"name": "Beta", "parent": acme, "size": 7})
    instance.create("x_company", {"name": "Gamma", "city": "Rome"})


@pytest.fixture
def relatum(companies):
    return Shell(serve.environment(companies.config))


def names(relatum, *words):
    return [record["name"] for record in relatum.json("records", "list", *words)["records"]]


def id_of(relatum, name):
    return relatum.json("records", "get", "x_company", name)["id"]


def test_a_list_is_filtered_sorted_and_paged_as_in_the_address_of_the_api(relatum):
    assert names(relatum, "x_company", "--sort", "-name") == ["Gamma", "Beta", "Acme"]
    assert names(relatum, "x_company", "parent.name=Acme") == ["Beta"]
    assert names(relatum, "x_company", "city__in=Berlin,Rome", "size__gt=1") == ["Acme"]
    page = relatum.json("records", "list", "x_company", "--sort", "name", "--limit", "2")
    rest = names(relatum, "x_company", "--sort", "name", "--limit", "2", "--after", page["next"])
    assert rest == ["Gamma"]


def test_a_table_shows_the_label_of_what_a_link_points_to(relatum):
    table = relatum.said("records", "list", "x_company", "name=Beta", "--fields", "name,parent")
    assert table.splitlines()[1].split()[1:] == ["Beta", "Acme"]


def test_values_of_members_are_typed_by_their_path_and_shown_as_people_read_them(relatum, instance):
    fields = [
        {"name": "name", "kind": "person_name", "required": True},
        {"name": "home", "kind": "address"},
        {"name": "phone", "kind": "phone"},
        {"name": "works", "kind": "duration"},
    ]
    instance.make_type("x_person", *fields)
    given = ("name=Dr. Ada Lovelace", "home.city=Berlin", "home.country=germany", "works=1:30")
    relatum.said("records", "create", "x_person", *given, "phone=030 123456")
    relatum.said("records", "update", "x_person", "ada lovelace", "home.postal_code=10119")
    shown = relatum.said("records", "list", "x_person", "--fields", "name,home,phone,works")
    line = shown.splitlines()[1]
    assert "Dr. Ada Lovelace  10119 Berlin, Germany  +49 30 123456  1h 30m" in line


def test_a_count_is_printed_below_the_table(relatum):
    assert "3 records match." in relatum.said("records", "list", "x_company", "--count")


def test_groups_are_counted_and_summed(relatum):
    found = relatum.json(
        "records", "aggregate", "x_company", "--group", "city", "--select", "count,sum(size)"
    )
    assert {g["city"]: (g["count"], g["sum(size)"]) for g in found["groups"]} == {
        None: (1, 7), "Berlin": (1, 5), "Rome": (1, None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["list", "x_compny"], "type_unknown", "x_company"),
        (["list", "x_company", "citty=Rome"], "field_unknown", "city"),
        (["list", "x_company", "size__contains=5"], "operator_unknown", "contains"),
        (["list", "x_company", "city.name=Rome"], "path_invalid", "city"),
        (["list", "x_company", "size=many"], "operand_invalid", "size"),
        (["list", "x_company", "--limit", "9999"], "page_limit", "page_limit"),
        (["list", "x_company", "--after", "xyz"], "bad_cursor", "_after"),
        (["aggregate", "x_company", "--select", "sum(name)"], "not_aggregable", "name"),
        (["get", "x_company", "Delta"], "lookup_unmatched", "Delta"),
        (["get", "x_company", "999"], "record_unknown", "999"),
        (["create", "x_company", "name=Acme"], "duplicate", "Acme"),
        (["create", "x_company", "city=Rome"], "invalid", "name"),
        (["create", "x_company", "name=D", "size=big"], "invalid", "size"),
        (["create", "x_company", "name=D", "parent=Acmee"], "invalid", "Acme"),
        (["create", "x_company", "name=D", "id=4"], "read_only", "id"),
        (["create", "x_company", "name=D", "nam=4"], "field_unknown", "name"),
        (["update", "x_company", "Acme", "city=Rome", "--version", "7"], "version_mismatch", "7"),
        (["upsert", "x_company", "--key", "city", "city=Rome"], "key_unknown", "name"),
        (["delete", "x_company", "Acme"], "still_referenced", "parent"),
        (["restore", "x_company", "999"], "record_unknown", "999"),
        (["history", "x_company", "999"], "record_unknown", "999"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_thing_and_the_rule(relatum, words, code, named):
    line = relatum.error("records", *words)
    assert line.startswith(f"{code}: ")
    assert named in line


@pytest.mark.parametrize(
    "words",
    [
        ["list", "x_company", "Rome"],
        ["create", "x_company", "Rome"],
        ["create", "x_company"],
        ["create", "x_company", "name=D", "--file", "many.json"],
        ["create", "x_company", "name=D", "name=E"],
        ["update", "x_company", "Acme"],
        ["upsert", "x_company", "name=D"],
    ],
)
def test_what_is_not_a_command_as_written_ends_with_status_2(relatum, words):
    assert relatum.error("records", *words, status=2).startswith("usage: ")


def test_a_record_is_created_from_texts_and_links_are_found_by_name_or_id(relatum):
    relatum.said("records", "create", "x_company", "name=Delta", "parent=acme", "size=12")
    relatum.said("records", "create", "x_company", "name=Eps", f"parent={id_of(relatum, 'Acme')}")
    relatum.said("records", "create", "x_company", "name=Zeta", "owner=bob@example.org")
    assert names(relatum, "x_company", "parent.name=Acme") == ["Beta", "Delta", "Eps"]
    assert names(relatum, "x_company", "owner.name=Bob") == ["Zeta"]


def test_a_file_with_many_records_goes_in_whole_or_not_at_all(relatum, tmp_path):
    file = tmp_path / "many.json"
    file.write_text(json.dumps([{"name": "Delta"}, {"name": "Acme"}]))
    assert relatum.error("records", "create", "x_company", "--file", str(file)).startswith("dupl")
    assert names(relatum, "x_company", "name=Delta") == []


def test_partial_writes_the_sound_ones_and_says_so_with_status_3(relatum):
    given = json.dumps({"records": [{"name": "Delta"}, {"name": "Acme"}]})
    words = ("records", "create", "x_company", "--file", "-", "--partial")
    results = relatum.json(*words, status=3, given=given)["results"]
    assert [result["status"] for result in results] == ["created", "refused"]


@pytest.mark.parametrize("text", ["nonsense", "[]", '"text"'])
def test_a_file_that_holds_no_records_is_refused(relatum, tmp_path, text):
    file = tmp_path / "many.json"
    file.write_text(text)
    line = relatum.error("records", "create", "x_company", "--file", str(file))
    assert line.startswith(("file_unreadable: ", "definition_invalid: "))


def test_a_file_that_is_not_there_is_refused(relatum):
    line = relatum.error("records", "create", "x_company", "--file", "nowhere.json")
    assert line.startswith("file_unreadable: nowhere.json")


def test_an_update_changes_what_is_given_and_an_empty_value_empties(relatum):
    said = relatum.said(
        "records", "update", "x_company", "Acme", "city=", "size=6", "--version", "1"
    )
    assert said.strip().endswith("(version 2)")
    record = relatum.json("records", "get", "x_company", "Acme")
    assert (record["city"], record["size"], record["version"]) == (None, 6, 2)


def test_an_upsert_changes_the_record_with_the_key_or_creates_one(relatum):
    words = ("records", "upsert", "x_company", "--key", "name")
    assert relatum.json(*words, "name=Acme", "city=Bonn")["results"][0]["status"] == "updated"
    assert relatum.json(*words, "name=Delta")["results"][0]["status"] == "created"


def test_a_record_goes_to_the_trash_and_comes_back(relatum):
    gamma = str(id_of(relatum, "Gamma"))
    relatum.said("records", "delete", "x_company", "Gamma")
    assert names(relatum, "x_company", "--trashed") == ["Gamma"]
    assert relatum.json("records", "get", "x_company", gamma, "--trashed")["name"] == "Gamma"
    relatum.said("records", "restore", "x_company", gamma)
    assert names(relatum, "x_company", "--trashed") == []


def test_history_says_what_happened_newest_first(relatum):
    relatum.said("records", "update", "x_company", "Gamma", "city=Pisa")
    table = relatum.said("records", "history", "x_company", "Gamma").splitlines()
    assert "city: Rome → Pisa" in table[1]
    assert "name: Gamma" in table[2]


def test_whoever_is_named_by_as_acts_and_only_administrators_may(relatum):
    relatum.said("--as", "alice@example.org", "records", "create", "x_company", "name=Delta")
    [change] = relatum.json("records", "history", "x_company", "Delta")
    assert change["actor"] is not None
    line = relatum.error("--as", "bob@example.org", "records", "list", "x_company")
    assert line.startswith("forbidden: ")
    line = relatum.error("--as", "eve@example.org", "records", "list", "x_company")
    assert line.startswith("lookup_unmatched: ")


def test_records_are_merged_after_a_look_and_their_history_is_one(relatum):
    acme, gamma = id_of(relatum, "Acme"), id_of(relatum, "Gamma")
    look = relatum.said("records", "merge", "x_company", "Gamma", "Acme", "--plan")
    assert "Berlin" in look and "x_company.parent" in look
    assert relatum.json("records", "get", "x_company", "Acme")["id"] == acme
    words = ("Gamma", "Acme", "--from", "city=Acme", "--set", "size=9")
    done = relatum.json("records", "merge", "x_company", *words)
    assert (done["id"], done["moved"]) == (gamma, {"x_company.parent": 1})
    found = relatum.json("records", "get", "x_company", "Gamma")
    assert (found["city"], found["size"]) == ("Berlin", 9)
    history = relatum.said("records", "history", "x_company", "Gamma")
    assert f"merge {acme}" in history and f"create {acme}" in history
    assert "record_merged" in relatum.error("records", "get", "x_company", str(acme))

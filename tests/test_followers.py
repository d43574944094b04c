"""What follows values, so that they are found: doctor compares it with them and writes it anew."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import doctor, keys, query, records, serve
from relatum.core.doctor import repairing
from relatum.core.errors import RelatumError
from relatum.core.records import followers

from .damaging import codes, damage
from .homes import Shell
from .instances import prepared

FIELDS: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "unique": True, "sortable": True},
    {"name": "who", "kind": "person_name", "sortable": True},
    {"name": "note", "kind": "rich_text"},
    {"name": "pin", "kind": "encrypted", "settings": {"filterable": True}},
    {"name": "ways", "kind": "multi_choice", "options": [{"value": "mail"}, {"value": "fax"}]},
    {"name": "tags", "kind": "tags"},
]
ADA = {
    "name": "Ada", "who": {"first": "Ada", "last": "Lovelace"}, "note": "<p>First</p>",
    "pin": "1815", "ways": ["mail", "fax"], "tags": ["VIP", "Zoë"],
}  # fmt: skip


@prepared
def three(instance):
    """An instance with Ada, Bob who has one tag, and Eve who has only a name."""
    instance.make_type("x_person", *FIELDS)
    bob = {"name": "Bob", "tags": ["vip"], "ways": ["fax"]}
    instance.create("x_person", ADA, bob, {"name": "Eve"})


@pytest.fixture
def people(three):
    """That instance; the test runs in its context."""
    with three.app.app_context():
        yield three


def asked(instance: Any, **words: str) -> list[str]:
    with instance.reading():
        page = query.page(query.from_url("x_person", words.items()), actor=instance.alice)
    return sorted(record["name"] for record in page.records)


def stored(instance: Any) -> list[Any]:
    tables = ("x_person", "x_person__tags", "x_person__ways", "core_change")
    return [sorted(map(repr, instance.sql(f"SELECT * FROM {table}"))) for table in tables]


ADAS = "(SELECT id FROM x_person WHERE name = 'Ada')"


@pytest.mark.parametrize(
    ("field", "statement"),
    [
        ("name", "UPDATE x_person SET name__k = NULL"),
        ("name", "UPDATE x_person SET name__k = NULL WHERE name = 'Ada'"),
        ("who", "UPDATE x_person SET who__k = NULL"),
        ("who", "UPDATE x_person SET who__t = NULL"),
        ("who", "UPDATE x_person SET who__t = 'of nobody' WHERE name = 'Eve'"),
        ("who.last", "UPDATE x_person SET who__last__k = NULL"),
        ("note", "UPDATE x_person SET note__k = 'nothing' WHERE name = 'Eve'"),
        ("pin", "UPDATE x_person SET pin__h = NULL"),
        ("tags", "DELETE FROM x_person__tags"),
        ("tags", "DELETE FROM x_person__tags WHERE value = 'Zoë'"),
        ("tags", "UPDATE x_person__tags SET value = 'Vip' WHERE value = 'VIP'"),
        ("tags", "UPDATE x_person__tags SET value__k = 'VIP' WHERE value = 'VIP'"),
        ("tags", f"INSERT INTO x_person__tags SELECT id, 'more', 'more' FROM {ADAS} ada"),
        ("tags", "INSERT INTO x_person__tags SELECT id, 'lone', 'lone' FROM x_person "
                 "WHERE name = 'Eve'"),
        ("ways", "DELETE FROM x_person__ways WHERE value = 'fax'"),
        ("ways", "UPDATE x_person__ways SET value = 'pigeon' WHERE value = 'mail'"),
    ],
)  # fmt: skip
def test_what_differs_from_its_value_is_found_and_written_anew(people, field, statement):
    before = stored(people)
    damage(statement)
    [found] = doctor.examine()
    assert (found.code, found.remedy) == ("sort_key", "Run: relatum doctor --repair")
    assert f"'x_person.{field}'" in found.text
    [made] = doctor.repair()
    assert made.name == f"x_person.{field}"
    assert doctor.examine() == []
    assert stored(people) == before
    assert doctor.repair() == []


def test_records_are_found_again_by_what_was_written_anew(people):
    damage("DELETE FROM x_person__tags", "UPDATE x_person SET name__k = NULL")
    assert (asked(people, tags="vip"), asked(people, name__starts="a")) == ([], [])
    doctor.repair()
    assert (asked(people, tags="vip"), asked(people, name__starts="a")) == (["Ada", "Bob"], ["Ada"])


def test_writing_the_same_values_again_is_no_repair(people):
    """So the advice to do that was taken back."""
    damage("DELETE FROM x_person__tags", "UPDATE x_person SET name__k = NULL")
    rows = [{"id": row.id, "name": row.name} for row in people.sql("SELECT * FROM x_person")]
    people.write(records.update, "x_person", [{**rows[0], "tags": ADA["tags"]}, *rows[1:]])
    assert codes() == {"sort_key"}


def test_many_records_are_written_anew_in_several_transactions(people, monkeypatch):
    monkeypatch.setattr(repairing, "CHUNK", 2)
    monkeypatch.setattr(followers, "_TEXTS", 2)
    people.create("x_person", *({"name": f"n{n}", "tags": [f"T{n}"]} for n in range(5)))
    before = stored(people)
    damage("UPDATE x_person__tags SET value__k = value")
    damage("UPDATE x_person SET name__k = NULL")
    texts = {made.name: made.text for made in doctor.repair()}
    assert "8 records" in texts["x_person.name"]
    assert "6 records" in texts["x_person.tags"]
    assert (stored(people), doctor.examine()) == (before, [])


def test_records_in_the_trash_and_of_trashed_types_are_written_anew(people):
    people.write(
        records.delete,
        "x_person",
        [{"id": people.sql("SELECT id FROM x_person WHERE name = 'Ada'")[0].id}],
    )
    people.apply({"op": "trash_type", "type": "x_person"})
    before = stored(people)
    damage("DELETE FROM x_person__tags", "UPDATE x_person SET name__k = NULL")
    assert {made.name for made in doctor.repair()} == {"x_person.name", "x_person.tags"}
    assert (stored(people), doctor.examine()) == (before, [])


def test_what_follows_a_text_that_cant_be_decrypted_stays(people):
    damage("UPDATE x_person SET pin__h = NULL")
    keys.path().unlink()
    before = stored(people)
    doctor.repair()
    assert stored(people) == before
    assert codes() == {"key_lost", "sort_key"}


def test_two_values_that_are_one_are_refused_with_the_reason(people):
    damage(
        "UPDATE x_person SET name__k = NULL WHERE name = 'Ada'",
        "UPDATE x_person SET name = 'ada', name__k = 'ada' WHERE name = 'Bob'",
    )
    with pytest.raises(RelatumError) as caught:
        doctor.repair()
    assert (caught.value.code, "name__k" in str(caught.value)) == ("index_refused", True)


def test_a_list_that_is_no_list_stops_nothing_else(people):
    damage("UPDATE x_person SET tags = 'no list' WHERE name = 'Ada'")
    damage("UPDATE x_person SET name__k = NULL")
    assert codes() == {"unexamined", "sort_key"}
    assert [made.name for made in doctor.repair()] == ["x_person.name"]


def test_the_command_says_what_it_wrote_anew(people):
    damage("DELETE FROM x_person__tags")
    said = Shell(serve.environment(people.config)).said("doctor", "--repair")
    assert "Wrote anew what follows the values of x_person.tags in 2 records.\n" in said
    assert "Nothing is wrong." in said

"""Encrypted fields: nobody reads them in the database, and a lost key hurts nothing else."""

from __future__ import annotations

import stat
from typing import Any

import pytest

from relatum.core import backup, db, doctor, keys, query, records
from relatum.core.errors import Invalid, RelatumError
from relatum.core.records import sealed

from .instances import prepared

IBAN = "DE02 1203 0000 0000 2020 51"


@prepared
def people(instance):
    instance.make_type(
        "x_person",
        {"name": "name", "kind": "text"},
        {"name": "iban", "kind": "encrypted"},
        {"name": "pin", "kind": "encrypted", "settings": {"filterable": True}, "unique": True},
    )


@prepared
def ada(people):
    (id_,) = people.create("x_person", {"name": "Ada", "iban": IBAN, "pin": "1234"})
    return id_


def asked(instance: Any, **words: str) -> list[str]:
    with instance.reading():
        page = query.page(query.from_url("x_person", words.items(), actor=instance.alice))
    return [record["name"] for record in page.records]


def everything(instance: Any) -> str:
    rows = instance.sql("SELECT * FROM x_person") + instance.sql("SELECT data FROM core_change")
    return repr(rows)


def test_text_goes_in_and_comes_back_and_the_database_shows_none_of_it(people, ada):
    found = people.get("x_person", ada)
    assert (found["iban"], found["pin"]) == (IBAN, "1234")
    people.write(records.update, "x_person", [{"id": ada, "iban": "NL91 ABNA"}])
    assert people.get("x_person", ada)["iban"] == "NL91 ABNA"
    assert "1203" not in everything(people) and "1234" not in everything(people)
    assert "ABNA" not in everything(people)


def test_history_shows_the_text_to_who_may_read_it(people, ada):
    people.write(records.update, "x_person", [{"id": ada, "iban": None}])
    [last, first] = people.read(records.history, "x_person", ada)
    assert last["changes"] == {"iban": [IBAN, None]}
    assert first["changes"]["pin"] == [None, "1234"]


def test_the_same_text_is_no_change(people, ada):
    same = [{"id": ada, "iban": f" {IBAN} ", "pin": "1234"}]
    assert people.write(records.update, "x_person", same)[0].status == "unchanged"


def test_only_a_filterable_field_is_compared_and_kept_unique(people, ada):
    people.create("x_person", {"name": "Bob", "iban": IBAN, "pin": "5678"})
    assert asked(people, pin="1234") == ["Ada"]
    assert asked(people, pin__in="1234,5678", _sort="name") == ["Ada", "Bob"]
    assert asked(people, pin__ne="1234") == ["Bob"]
    assert asked(people, iban__empty="0", _sort="name") == ["Ada", "Bob"]
    for word in ({"iban": IBAN}, {"pin__contains": "1"}, {"_sort": "pin"}):
        with pytest.raises(RelatumError):
            asked(people, **word)
    with pytest.raises(Invalid) as caught:
        people.create("x_person", {"pin": "1234"})
    assert caught.value.problems[0].code == "duplicate"


@pytest.mark.parametrize("flags", [{"unique": True}, {"sortable": True}, {"indexed": True}])
def test_what_nobody_can_read_has_no_order_and_no_key(people, flags):
    with pytest.raises(RelatumError) as caught:
        people.apply(
            {"op": "add_field", "type": "x_person", "name": "x", "kind": "encrypted", **flags}
        )
    assert caught.value.code == "definition_invalid"


def test_a_value_moved_to_another_record_can_not_be_read_there(people, ada):
    (bob,) = people.create("x_person", {"name": "Bob", "iban": "other"})
    with people.app.app_context(), db.engine().begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE x_person SET iban = (SELECT iban FROM x_person WHERE id = {ada}) "
            f"WHERE id = {bob}"
        )
    assert people.get("x_person", bob)["iban"] is None


def places(actor: Any) -> list[tuple[int, int]]:
    assert actor.admin
    return sealed.places()


def findings(instance: Any) -> list[str]:
    with instance.app.app_context():
        return [f"{f.code}: {f.text}" for f in doctor.examine() if f.code != "disk_low"]


@pytest.fixture
def lost(people, ada):
    """The key is lost; a value was written since with a new one."""
    with people.app.app_context():
        keys.path().unlink()
    people.create("x_person", {"name": "Bob", "iban": "new"})
    return people


def test_a_lost_key_is_named_and_hurts_only_its_values(lost, ada):
    found = lost.get("x_person", ada)
    assert (found["name"], found["iban"], found["pin"]) == ("Ada", None, None)
    told = findings(lost)
    assert len(told) == 2 and all(text.startswith("key_lost: Key k") for text in told)
    assert "1 values of 'x_person.iban' read as empty" in told[0]


def test_what_can_not_be_read_survives_changes_of_other_fields(lost, ada):
    before = lost.sql(f"SELECT iban, pin FROM x_person WHERE id = {ada}")
    row = {"id": ada, "name": "Ada L.", "iban": None, "pin": None}
    lost.write(records.update, "x_person", [row])
    assert lost.sql(f"SELECT iban, pin FROM x_person WHERE id = {ada}") == before
    lost.write(records.update, "x_person", [{"id": ada, "iban": "again"}])
    assert lost.get("x_person", ada)["iban"] == "again"


def test_rotating_encrypts_all_with_a_new_key_and_the_history_stays_readable(
    people, ada, monkeypatch
):
    monkeypatch.setattr(sealed, "CHUNK", 2)
    people.create("x_person", *({"name": f"n{n}", "iban": f"i{n}"} for n in range(5)))
    with people.app.app_context():
        old = keys.ring().current
        new = keys.rotate().current
    moved = 0
    for type_id, field_id in people.read(places):
        after: int | None = 0
        while after is not None:
            count, after = people.write(sealed.reseal, type_id, field_id, after)
            moved += count
    assert (moved, old != new) == (7, True)
    with people.reading() as tx:
        assert {use.key for use in sealed.uses(tx.connection, people.catalog)} == {new}
    assert people.get("x_person", ada)["iban"] == IBAN
    assert people.read(records.history, "x_person", ada)[0]["changes"]["iban"] == [None, IBAN]
    assert (people.get("x_person", ada)["version"], asked(people, pin="1234")) == (1, ["Ada"])


def test_the_ring_is_for_its_owner_alone(people, ada):
    with people.app.app_context():
        file = keys.path()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_keys_may_come_as_a_setting(people, ada):
    with people.app.app_context():
        text = keys.path().read_text().strip().replace("\n", ",")
        keys.path().unlink()
    with people.configured(keys=text):
        assert people.get("x_person", ada)["iban"] == IBAN


@pytest.mark.parametrize("text", ["nonsense", "k123456 AAAA", "k123456", "x " + "A" * 43 + "="])
def test_a_ring_that_can_not_be_read_is_refused_with_its_place(people, text):
    with people.configured(keys=text), pytest.raises(RelatumError) as caught:
        people.create("x_person", {"iban": "x"})
    assert caught.value.code == "keys_unreadable"


def test_a_backup_holds_no_key_and_a_restore_says_which_are_missing(people, ada, tmp_path):
    with people.app.app_context():
        made = backup.backup(tmp_path / "b.zip")
        secret = keys.path().read_bytes().split()[1]
        assert made["keys_needed"] == [keys.ring().current]
        assert secret not in (tmp_path / "b.zip").read_bytes()
        assert backup.restore(tmp_path / "b.zip", force=True)["keys_missing"] == []
        keys.path().unlink()
        assert backup.restore(tmp_path / "b.zip", force=True)["keys_missing"] == made["keys_needed"]

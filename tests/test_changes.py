"""Change sets: whatever writes records says so in the same transaction, whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from relatum.core import catalog, clock, db, records, spine
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError

from .instances import prepared

MOMENT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


@prepared
def crm(instance):
    """An instance with companies, and deals whose link to them is emptied on delete."""
    instance.make_type("x_company", {"name": "name", "kind": "text", "unique": True})
    link = {"target": "x_company", "on_delete": "clear"}
    instance.make_type(
        "x_deal",
        {"name": "code", "kind": "text"},
        {"name": "amount", "kind": "money"},
        {"name": "day", "kind": "date"},
        {"name": "at", "kind": "datetime"},
        {"name": "company", "kind": "lookup", "settings": link},
    )


def stored(instance):
    """Return (change set, record, op, version, data) of all changes but those of people."""
    rows = instance.sql(
        "SELECT c.change_set_id, c.record_id, c.op, c.version, c.data FROM core_change c "
        "JOIN core_record r ON r.id = c.record_id WHERE r.type_id > 2 ORDER BY c.id"
    )
    return [(*row[:4], orjson.loads(row.data)) for row in rows]


def test_the_life_of_a_record_is_its_history_newest_first(crm):
    (id_,) = crm.create("x_deal", {"code": "A", "amount": "1.5"})
    crm.write(records.update, "x_deal", [{"id": id_, "amount": None, "day": "2026-01-31"}])
    crm.write(records.delete, "x_deal", [{"id": id_}])
    crm.write(records.restore, "x_deal", [{"id": id_}])
    found = crm.read(records.history, "x_deal", id_)
    assert [(c["op"], c["version"]) for c in found] == [
        ("restore", 4),
        ("delete", 3),
        ("update", 2),
        ("create", 1),
    ]
    assert found[2]["changes"] == {"amount": ["1.50", None], "day": [None, "2026-01-31"]}
    assert found[3]["changes"] == {
        "code": [None, "A"],
        "amount": [None, "1.50"],
        "owner": [None, crm.alice.user_id],
    }
    assert len({c["change_set"] for c in found}) == 4


def test_a_change_set_says_who_when_from_where_and_by_which_data_model(crm):
    bot = Actor(user_id=crm.alice.user_id, name="Alice", admin=True, source="job")
    with clock.frozen(MOMENT):
        outcomes = crm.write(records.create, "x_deal", [{"at": "2026-01-01T00:00:00Z"}], actor=bot)
    (change,) = crm.read(records.history, "x_deal", outcomes[0].id)
    assert (change["at"], change["actor"], change["source"]) == (MOMENT, bot.user_id, "job")
    newest = crm.sql("SELECT generation FROM core_change_set ORDER BY id DESC LIMIT 1")
    assert newest[0].generation == crm.catalog.generation
    assert change["changes"]["at"] == [None, "2026-01-01T00:00:00Z"]


def test_all_that_one_transaction_writes_is_one_change_set(crm):
    def work(actor):
        (company,) = records.create("x_company", [{"name": "A"}], actor=actor)
        rows = [{"code": f"D{n}", "company": company.id} for n in range(3)]
        deals = records.create("x_deal", rows, actor=actor)
        records.update("x_deal", [{"id": deals[0].id, "code": "E"}], actor=actor)
        records.delete("x_company", [{"id": company.id}], actor=actor)

    crm.write(work)
    found = stored(crm)
    assert len({row[0] for row in found}) == 1
    assert [row[2] for row in found] == ["create"] * 4 + ["update"] * 4 + ["delete"]


def test_emptied_links_are_in_the_change_set_of_the_delete(crm):
    (company,) = crm.create("x_company", {"name": "A"})
    (deal,) = crm.create("x_deal", {"code": "D", "company": company})
    crm.write(records.delete, "x_company", [{"id": company}])
    emptied, gone = stored(crm)[-2:]
    assert emptied[1:] == (deal, "update", 2, {"company": [company, None]})
    assert gone[1:] == (company, "delete", 2, {})
    assert emptied[0] == gone[0]
    trashed_in = crm.sql("SELECT trashed_in FROM x_company")[0].trashed_in
    assert trashed_in == gone[0]


def test_a_batch_is_one_change_set_with_a_change_per_record(crm):
    ids = crm.create("x_deal", *({"code": f"D{n}"} for n in range(150)))
    found = stored(crm)
    assert [row[1] for row in found] == ids
    assert len({row[0] for row in found}) == 1


@pytest.mark.parametrize("verb", [records.create, records.update, records.delete, records.restore])
def test_what_is_rolled_back_leaves_neither_record_nor_change(crm, verb):
    a, b = crm.create("x_deal", {"code": "A"}, {"code": "B"})
    crm.write(records.delete, "x_deal", [{"id": b}])
    before = (
        stored(crm),
        crm.sql("SELECT * FROM x_deal ORDER BY id"),
        crm.sql("SELECT count(*) FROM core_change_set"),
    )
    row = {"code": "C"} if verb is records.create else {"id": b if verb is records.restore else a}
    if verb is records.update:
        row["code"] = "C"

    def work(actor):
        verb("x_deal", [row], actor=actor)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crm.write(work)
    after = (
        stored(crm),
        crm.sql("SELECT * FROM x_deal ORDER BY id"),
        crm.sql("SELECT count(*) FROM core_change_set"),
    )
    assert after == before


def test_a_refused_row_of_a_partial_batch_leaves_no_change(crm):
    crm.create("x_company", {"name": "A"})
    crm.write(records.create, "x_company", [{"name": "a"}, {"name": "B"}], partial=True)
    assert [row[4]["name"] for row in stored(crm)] == [[None, "A"], [None, "B"]]


def test_history_is_read_in_pages(crm):
    (id_,) = crm.create("x_deal", {"code": "0"})
    for n in range(1, 5):
        crm.write(records.update, "x_deal", [{"id": id_, "code": str(n)}])
    first = crm.read(records.history, "x_deal", id_, limit=2)
    second = crm.read(records.history, "x_deal", id_, limit=2, before=first[-1]["id"])
    assert [c["version"] for c in first + second] == [5, 4, 3, 2]


def test_history_knows_no_field_that_is_in_the_trash_and_shows_it_again_after(crm):
    (id_,) = crm.create("x_deal", {"code": "A", "amount": "1"})
    crm.apply({"op": "trash_field", "type": "x_deal", "field": "amount"})
    assert "amount" not in crm.read(records.history, "x_deal", id_)[0]["changes"]
    crm.apply({"op": "restore_field", "type": "x_deal", "field": "amount"})
    assert crm.read(records.history, "x_deal", id_)[0]["changes"]["amount"] == [None, "1.00"]


def test_history_of_a_record_of_another_type_is_unknown(crm):
    (id_,) = crm.create("x_company", {"name": "A"})
    with pytest.raises(RelatumError) as caught:
        crm.read(records.history, "x_deal", id_)
    assert caught.value.code == "record_unknown"


def test_the_spine_tells_the_type_of_every_record_for_ever(crm):
    (id_,) = crm.create("x_company", {"name": "A"})
    crm.write(records.delete, "x_company", [{"id": id_}])
    with crm.reading():
        company = catalog.current().type("x_company").id
        assert spine.type_of(id_) == company
        assert spine.type_of(424242) is None
        assert spine.types_of({id_, 424242}) == {company: [id_]}
        assert spine.types_of([]) == {}


def test_ids_rise_and_are_never_used_twice(crm):
    first = crm.create("x_company", {"name": "A"}, {"name": "B"})
    with pytest.raises(ZeroDivisionError), crm.app.app_context(), db.writing():
        records.create("x_company", [{"name": "C"}], actor=crm.alice)
        _ = 1 / 0
    second = crm.create("x_deal", {"code": "D"})
    assert first == sorted(first)
    assert second[0] > first[-1]

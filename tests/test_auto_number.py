"""Numbers that the kernel gives: no doubles, no gaps, and what a mask means."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from relatum.core import clock, doctor, imports, records
from relatum.core.errors import Invalid, RelatumError
from relatum.core.records.batch import Row

MASK = {"mask": "INV-{year}-{number:5}"}


def number(**settings: Any) -> dict[str, Any]:
    return {"name": "number", "kind": "auto_number", "settings": settings}


@pytest.fixture
def bills(instance, year):
    year(2026)
    instance.make_type(
        "x_bill",
        {"name": "name", "kind": "text", "unique": True},
        number(**MASK, restart="year", importable=True),
    )
    return instance


@pytest.fixture
def year(monkeypatch):
    """Return a way to move to the middle of a year."""

    def move(number: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime(number, 7, 1, tzinfo=UTC))
        monkeypatch.setattr(clock, "today", lambda _: datetime(number, 7, 1, tzinfo=UTC).date())

    return move


def numbers(instance: Any, type_name: str = "x_bill") -> list[Any]:
    return [row[0] for row in instance.sql(f"SELECT number FROM {type_name} ORDER BY id")]


def names(*words: str) -> list[dict[str, Any]]:
    return [{"name": word} for word in words]


def test_new_records_are_numbered_in_the_order_of_the_batch(bills):
    bills.create("x_bill", *names("b", "a", "c"))
    assert numbers(bills) == ["INV-2026-00001", "INV-2026-00002", "INV-2026-00003"]
    history = bills.read(records.history, "x_bill", bills.sql("SELECT min(id) FROM x_bill")[0][0])
    assert history[0]["changes"]["number"] == [None, "INV-2026-00001"]


def test_a_year_begins_at_one_and_an_old_year_goes_on(bills, year):
    bills.create("x_bill", *names("a"))
    year(2027)
    bills.create("x_bill", *names("b"))
    year(2026)
    bills.create("x_bill", *names("c"))
    assert numbers(bills) == ["INV-2026-00001", "INV-2027-00001", "INV-2026-00002"]


def test_what_is_refused_undone_or_only_checked_takes_no_number(bills):
    bills.create("x_bill", *names("a"))
    with pytest.raises(Invalid):
        bills.create("x_bill", *names("b", "a"))
    bills.write(records.create, "x_bill", names("b", "A"), partial=True)
    bills.write(records.create, "x_bill", names("x"), dry_run=True)

    def fail(rows: Any, actor: Any) -> None:
        records.create("x_bill", rows, actor=actor)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        bills.write(fail, names("y", "z"))
    bills.create("x_bill", *names("c"))
    assert numbers(bills) == ["INV-2026-00001", "INV-2026-00002", "INV-2026-00003"]


@pytest.mark.parametrize("sent", ["INV-2026-00009", "x", None])
def test_nobody_changes_a_number(bills, sent):
    (id_,) = bills.create("x_bill", *names("a"))
    with pytest.raises(Invalid) as caught:
        bills.write(records.update, "x_bill", [{"id": id_, "number": sent}])
    assert caught.value.problems[0].code == "read_only"
    same = [{"id": id_, "number": "INV-2026-00001"}]
    assert bills.write(records.update, "x_bill", same)[0].status == "unchanged"


def test_nobody_sends_a_number_with_a_new_record(bills):
    with pytest.raises(Invalid) as caught:
        bills.create("x_bill", {"name": "a", "number": "INV-2026-00001"})
    assert caught.value.problems[0].code == "read_only"
    assert bills.create("x_bill", {"name": "a", "number": None})


def test_writers_at_the_same_time_get_numbers_without_doubles_and_gaps(bills):
    barrier = threading.Barrier(4)

    def work(worker: int) -> None:
        barrier.wait()
        for turn in range(5):
            bills.create("x_bill", *names(*(f"{worker}-{turn}-{n}" for n in range(3))))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert sorted(numbers(bills)) == [f"INV-2026-{n:05}" for n in range(1, 61)]


def test_records_that_are_there_are_numbered_in_the_order_of_their_ids(instance):
    instance.make_type("x_bill", {"name": "name", "kind": "text"})
    made = instance.create("x_bill", *names("a", "b", "c"))
    instance.write(records.delete, "x_bill", [{"id": made[1]}])
    step = {"op": "add_field", "type": "x_bill", **number()}
    assert instance.plan(step).steps[0].rows == 3
    instance.apply(step)
    instance.write(records.restore, "x_bill", [{"id": made[1]}])
    instance.create("x_bill", *names("d"))
    assert numbers(instance) == ["1", "2", "3", "4"]
    with instance.app.app_context():
        assert [f.code for f in doctor.examine() if f.code != "disk_low"] == []


def test_more_records_than_are_filled_at_once_are_not_numbered_silently(instance):
    instance.make_type("x_bill", {"name": "name", "kind": "text"})
    instance.create("x_bill", *names("a", "b", "c"))
    with instance.configured(fill_limit=2), pytest.raises(RelatumError) as caught:
        instance.apply({"op": "add_field", "type": "x_bill", **number()})
    assert caught.value.problems[0].code == "fill_limit"


def change(instance: Any, **settings: Any) -> None:
    step = {"op": "change_field", "type": "x_bill", "field": "number", "settings": settings}
    instance.apply(step)


def test_a_new_mask_is_for_new_records_and_counting_goes_on(bills):
    bills.create("x_bill", *names("a", "b"))
    change(bills, mask="R{number}/{year}")
    bills.create("x_bill", *names("c"))
    assert numbers(bills) == ["INV-2026-00001", "INV-2026-00002", "R3/2026"]


@pytest.mark.parametrize(
    "settings",
    [
        {"mask": "INV"},
        {"mask": "{number}{number}"},
        {"mask": "{number:0}"},
        {"mask": "{amount}-{number}"},
        {"mask": "{year}{number}"},
        {"mask": "1{number}"},
        {"mask": 5},
        {"mask": "x" * 90 + "{number}"},
        {"restart": "year"},
        {"restart": "daily", "mask": "{year}-{number}"},
        {"importable": 1},
    ],
)
def test_a_mask_that_can_not_be_read_back_is_refused(instance, settings):
    with pytest.raises(RelatumError) as caught:
        instance.make_type("x_bill", number(**settings))
    assert caught.value.code == "definition_invalid"


@pytest.mark.parametrize("flag", [{"required": True}, {"default": "1"}, {"unique": False}])
def test_an_auto_number_is_unique_and_neither_required_nor_has_a_default(instance, flag):
    with pytest.raises(RelatumError) as caught:
        instance.make_type("x_bill", number() | flag)
    assert caught.value.code == "definition_invalid"


def load(instance: Any, path: Any, text: str, **words: Any) -> Any:
    path.write_text(text)
    with instance.app.app_context():
        made = imports.load_map({"relatum_map": 1, "delimiter": ","})
        return imports.run("x_bill", path, actor=instance.alice, mapping=made, **words)


def test_an_import_may_bring_numbers_and_none_of_them_is_given_again(bills, tmp_path):
    bills.create("x_bill", *names("a"))
    text = "name,number\nb,inv-2026-00007\nc,\nd,OLD 12\ne,INV-2025-00003\n"
    report = load(bills, tmp_path / "f.csv", text)
    assert report.created == 4
    bills.create("x_bill", *names("f"))
    assert numbers(bills) == [
        "INV-2026-00001", "inv-2026-00007", "INV-2026-00008", "OLD 12", "INV-2025-00003",
        "INV-2026-00009",
    ]  # fmt: skip


def test_an_import_without_a_number_leaves_the_one_that_is_there(bills, tmp_path):
    bills.create("x_bill", *names("a"))
    assert load(bills, tmp_path / "f.csv", "name,number\na,\n", key=["name"]).unchanged == 1
    assert numbers(bills) == ["INV-2026-00001"]


def test_numbers_that_a_new_mask_would_give_are_passed_over(bills, tmp_path):
    load(bills, tmp_path / "f.csv", "name,number\nb,R-5\n")
    change(bills, mask="r-{number}", restart="never")
    bills.create("x_bill", *names("a"))
    assert numbers(bills) == ["R-5", "r-6"]


def test_an_import_brings_no_numbers_unless_the_field_says_so(bills, tmp_path):
    change(bills, importable=None)
    with pytest.raises(RelatumError) as caught:
        load(bills, tmp_path / "f.csv", "name,number\na,INV-2026-00001\n")
    assert caught.value.code == "read_only"


def test_a_number_finds_its_record_whatever_its_case(bills):
    (id_,) = bills.create("x_bill", *names("a"))
    found = bills.client(bills.alice).get("/api/v1/records/x_bill?number__ieq=inv-2026-00001")
    assert [record["id"] for record in found.get_json()["records"]] == [id_]


def test_a_hook_can_not_set_a_number(bills):
    bill = bills.catalog.type("x_bill")
    batch = records.WriteBatch(bill, "create", [Row(0)], bills.alice)
    with pytest.raises(ValueError, match="can only be read"):
        batch.set(0, "number", "x")

"""Undo of jobs and of large change sets: a job of its own, from the last change to the first."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from marshmallow import Schema, fields

from relatum.core import changes, jobs, own_jobs, records
from relatum.core.errors import RelatumError
from relatum.core.jobs import kinds as kinds_module

from .counting import run
from .instances import prepared
from .undoing import live, newest, shop_in, undo, update

#: What tells when and how often a record was written, not what it is.
_WHEN = {"updated_at", "updated_by", "version", "trashed_in"}


@prepared
def shop(instance):
    shop_in(instance)
    for each in instance.read(jobs.list_schedules):
        instance.write(jobs.change_schedule, each["name"], enabled=False)
    instance.create("x_company", *({"name": f"c{n}", "city": "Bonn", "size": n} for n in range(6)))


class Writes(Schema):
    """Writes of a test job: verb, type, rows; each is a chunk."""

    writes = fields.List(fields.Raw())


def write(chunk: jobs.Chunk) -> jobs.Step:
    """Do the next write."""
    at = chunk.checkpoint or 0
    if at == len(chunk.arguments["writes"]):
        return chunk.finish()
    verb, type_name, rows = chunk.arguments["writes"][at]
    getattr(records, verb)(type_name, rows, actor=chunk.actor)
    return chunk.more(at + 1, done=len(rows))


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    """Let tests write by jobs, and undo by chunks of four changes."""
    kind = jobs.Kind(name="write", title="Write", run=write, arguments=Writes)
    small = dataclasses.replace(own_jobs.UNDO, chunk=4)
    monkeypatch.setattr(kinds_module, "_OWN", {**kinds_module._OWN, "write": kind, "undo": small})


def finished(instance: Any, kind: str, **arguments: Any) -> dict[str, Any]:
    job_id = instance.write(jobs.enqueue, kind, arguments)
    assert run(instance, job_id) == "done"
    job: dict[str, Any] = instance.read(jobs.get, job_id)
    return job


def written(instance: Any, *writes: Any) -> int:
    """Write by a job; return its id."""
    return int(finished(instance, "write", writes=list(writes))["id"])


def undone(instance: Any, job: int) -> dict[str, Any]:
    result: dict[str, Any] = finished(instance, "undo", job=job)["result"]
    return result


def rows_of(instance: Any, type_name: str, *, trashed: bool = False) -> list[dict[str, Any]]:
    """Return the live rows of a table as they are, without when they were written last."""
    state = "" if trashed else "WHERE trashed_at IS NULL"
    rows = instance.sql(f"SELECT * FROM {type_name} {state} ORDER BY id")
    return [{k: v for k, v in row._mapping.items() if k not in _WHEN} for row in rows]


def ids(instance: Any) -> list[int]:
    return live(instance, "x_company")


def values(instance: Any, **given: Any) -> list[dict[str, Any]]:
    return [{"id": id_, **given} for id_ in ids(instance)]


# -- a job ----------------------------------------------------------------------------------
def test_everything_that_a_job_wrote_is_as_it_was_byte_for_byte(shop):
    before = rows_of(shop, "x_company"), rows_of(shop, "x_deal")
    first, second, *_ = ids(shop)
    job = written(
        shop,
        ["create", "x_deal", [{"name": f"d{n}", "company": first} for n in range(7)]],
        ["update", "x_company", values(shop, city="Rome")],
        ["create", "x_company", [{"name": "new", "parent": second}]],
        ["update", "x_company", values(shop, city=None, size=7)],
        ["delete", "x_company", [{"id": second}]],
    )
    assert (rows_of(shop, "x_company"), rows_of(shop, "x_deal")) != before
    assert undone(shop, job)["conflicts"] == []
    assert (rows_of(shop, "x_company"), rows_of(shop, "x_deal")) == before


def test_the_undo_of_a_job_can_be_undone_as_often_as_one_likes(shop):
    job = written(
        shop,
        ["update", "x_company", values(shop, city="Rome")],
        ["create", "x_company", [{"name": "new"}]],
    )
    after = rows_of(shop, "x_company")
    for _ in range(2):
        job = finished(shop, "undo", job=job)["id"]
        assert len(ids(shop)) == 6
        job = finished(shop, "undo", job=job)["id"]
        assert rows_of(shop, "x_company") == after


def test_what_others_changed_since_is_kept_and_named_and_the_rest_is_put_back(shop):
    first, *_ = ids(shop)
    job = written(
        shop,
        ["update", "x_company", values(shop, city="Rome", size=1)],
        ["create", "x_company", [{"name": "new"}, {"name": "other"}]],
    )
    update(shop, "x_company", first, city="Oslo")
    update(shop, "x_company", ids(shop)[-1], city="Kiel")
    result = undone(shop, job)
    assert (result["put_back"], result["kept"]) == (7, 2)
    named = {(each["label"], each["field"], each["code"]) for each in result["conflicts"]}
    assert named == {("c0", "city", "undo_changed"), ("other", "city", "undo_changed")}
    found = [(row["name"], row["city"], row["size"]) for row in rows_of(shop, "x_company")]
    assert found[:2] == [("c0", "Oslo", 0), ("c1", "Bonn", 1)]
    assert found[6:] == [("other", "Kiel", None)]


def test_one_record_that_refuses_does_not_keep_the_others(shop):
    top, low, *_ = ids(shop)
    update(shop, "x_company", low, parent=top)
    job = written(shop, ["update", "x_company", values(shop, parent=None, city="Rome")])
    update(shop, "x_company", top, parent=low)
    result = undone(shop, job)
    assert [(each["id"], each["code"]) for each in result["conflicts"]] == [(low, "circular")]
    assert [row["city"] for row in rows_of(shop, "x_company")] == ["Bonn", "Rome", *["Bonn"] * 4]


def test_a_change_set_that_is_undone_already_is_passed_over(shop):
    job = written(
        shop,
        ["update", "x_company", values(shop, city="Rome")],
        ["update", "x_company", values(shop, city="Kiel")],
    )
    undo(shop, newest(shop))
    assert undone(shop, job) == {"put_back": 6, "kept": 0, "conflicts": []}
    assert {row["city"] for row in rows_of(shop, "x_company")} == {"Bonn"}


def test_a_killed_undo_goes_on_after_its_last_chunk(shop):
    before = rows_of(shop, "x_company")
    job = written(shop, *([["update", "x_company", values(shop, size=n)] for n in (9, 8, 7)]))
    undoing = shop.write(jobs.enqueue, "undo", {"job": job})
    assert run(shop, undoing, chunks=2) == "queued"
    assert shop.read(jobs.get, undoing)["done"] == 8
    assert run(shop, undoing) == "done"
    assert rows_of(shop, "x_company") == before
    found = shop.read(jobs.get, undoing)
    assert (found["done"], found["total"]) == (18, 18)


def test_a_cancelled_undo_is_finished_by_another(shop):
    before = rows_of(shop, "x_company")
    job = written(shop, ["update", "x_company", values(shop, size=9)])
    half = shop.write(jobs.enqueue, "undo", {"job": job})
    run(shop, half, chunks=1)
    shop.write(jobs.cancel, half)
    assert rows_of(shop, "x_company") != before
    assert undone(shop, job)["kept"] == 0
    assert rows_of(shop, "x_company") == before


def test_what_a_job_purged_is_said_to_be_gone(shop):
    first, *_ = ids(shop)
    shop.write(records.delete, "x_company", [{"id": first}])
    job = written(
        shop,
        ["update", "x_company", values(shop, city="Rome")],
        ["purge", "x_company", [{"id": first}]],
    )
    result = undone(shop, job)
    assert [each["code"] for each in result["conflicts"]] == ["undo_purged"]
    assert {row["city"] for row in rows_of(shop, "x_company")} == {"Bonn"}


def test_what_is_not_over_or_wrote_nothing_or_is_undone_is_refused(shop):
    waiting = shop.write(jobs.enqueue, "write", {"writes": []})
    done = written(shop, ["create", "x_deal", [{"name": "D"}]])
    undone(shop, done)
    for job, reason in ((waiting, "queued"), (written(shop), "no records"), (done, "already")):
        with pytest.raises(RelatumError, match=reason) as refused:
            shop.write(jobs.enqueue, "undo", {"job": job})
        assert refused.value.code == "undo_nothing"
    for arguments in ({}, {"job": done, "change_set": 1}):
        with pytest.raises(RelatumError, match="one of job and change_set"):
            shop.write(jobs.enqueue, "undo", arguments)


def test_only_who_may_undo_does(shop):
    job = written(shop, ["create", "x_deal", [{"name": "D"}]])
    with pytest.raises(RelatumError) as refused:
        shop.write(jobs.enqueue, "undo", {"job": job}, actor=shop.bob)
    assert refused.value.code == "forbidden"
    with pytest.raises(RelatumError):
        shop.read(records.look_at, job=job, actor=shop.bob)


# -- looking --------------------------------------------------------------------------------
def test_looking_counts_by_type_and_names_what_was_changed_since(shop):
    first, second, *_ = ids(shop)
    job = written(
        shop,
        ["create", "x_deal", [{"name": "a"}, {"name": "b"}]],
        ["update", "x_company", [{"id": first, "city": "Rome"}]],
        ["delete", "x_company", [{"id": second}]],
    )
    nothing = shop.read(records.look_at, job=job)
    assert nothing == {
        "change_sets": 3,
        "records": {"x_deal": {"delete": 2}, "x_company": {"update": 1, "restore": 1}},
        "changed": 0,
        "conflicts": [],
    }
    update(shop, "x_company", first, city="Kiel")
    found = shop.read(records.look_at, job=job)
    assert found["changed"] == 1
    [conflict] = found["conflicts"]
    assert (conflict["id"], conflict["fields"]) == (first, {"city": ["Kiel", "Bonn"]})


# -- a large change set ---------------------------------------------------------------------
def test_a_change_set_beyond_the_limit_is_undone_in_pieces_and_only_once(shop):
    before = rows_of(shop, "x_company")
    shop.write(records.update, "x_company", values(shop, city="Rome"))
    large = newest(shop)
    with shop.configured(undo_limit=5):
        with pytest.raises(RelatumError, match="--job"):
            undo(shop, large)
        job = finished(shop, "undo", change_set=large)
        assert rows_of(shop, "x_company") == before
        with pytest.raises(RelatumError) as refused:
            shop.write(jobs.enqueue, "undo", {"change_set": large})
        assert refused.value.code == "undo_done"
        with shop.reading():
            assert changes.header(large).undone_by == newest(shop)
        undone(shop, job["id"])
        assert {row["city"] for row in rows_of(shop, "x_company")} == {"Rome"}


def test_a_record_that_came_and_changed_in_different_pieces_goes(shop):
    def build(*, actor):
        for n in range(4):
            [made] = records.create("x_order", [{"name": f"o{n}"}], actor=actor)
            lines = [{"product": "a"}, {"product": "b"}]
            records.update("x_order", [{"id": made.id, "lines": lines}], actor=actor)

    shop.write(build)
    job = finished(shop, "undo", change_set=newest(shop))
    assert job["result"]["conflicts"] == []
    assert (live(shop, "x_order"), live(shop, "x_line")) == ([], [])
    undone(shop, job["id"])
    assert (len(live(shop, "x_order")), len(live(shop, "x_line"))) == (4, 8)

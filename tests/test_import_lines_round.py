"""Lines of records in JSON, and out and in again; many of them take no more statements."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from relatum.core import db, jobs, records
from relatum.core.errors import RelatumError

from .counting import run
from .instances import prepared
from .lined import ORDERS, PEOPLE, PHONES, lines, phones, shop_in, to
from .transferring import begin, bring, counts, export

#: The preset of the instance.
PRESET = "desk"


@prepared
def shop(instance):
    """An instance with orders that have lines, and phones with a label each."""
    shop_in(instance)


# -- JSON -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_objects_under_the_name_of_a_list_are_its_lines(shop, form):
    records = [
        {
            "code": "A",
            "lines": [{"item": "Pump", "quantity": 2}, {"item": "Hose", "product": "Big"}],
            "phones": [{"number": "1", "place": {"city": "Kiel"}}],
        },
        {"code": "A2", "lines": []},
        {"code": "B", "phones": [{"number": "2"}, {"number": "3", "label": "home"}]},
    ]  # fmt: skip
    body = json.dumps(records) if form == "json" else "\n".join(map(json.dumps, records))
    job = bring(shop, "x_order", body, name=f"x.{form}", key=["code"])
    assert counts(job) == (3, 0, 0, 0)
    assert lines(shop) == {"A": [("Pump", "2.000"), ("Hose", "None")], "A2": [], "B": []}
    assert phones(shop)["B"] == [("work", "2"), ("home", "3")]
    assert "Kiel" in phones(shop, "place", "number")["A"][0][0]


def test_records_whose_lists_are_all_empty_and_a_file_of_one_record_are_read_too(shop):
    records_ = '{"code": "A", "lines": []}\n{"code": "B", "lines": null}\n'
    assert counts(bring(shop, "x_order", records_, name="x.ndjson")) == (2, 0, 0, 0)
    alone = '{"code": "C", "lines": [{"item": "Pump"}]}\n'
    assert counts(bring(shop, "x_order", alone, name="x.ndjson")) == (1, 0, 0, 0)
    assert lines(shop, "item") == {"A": [], "B": [], "C": ["Pump"]}


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "xlsx"])
def test_what_is_exported_with_lines_goes_in_again_without_a_change(shop, form):
    bring(shop, "x_order", ORDERS, key=["code"])
    bring(shop, "x_order", PEOPLE, map={"columns": PHONES}, key=["code"])
    links = {name: to(name, by="id") for name in ("inside", "owner", "lines.product")}
    fields = "id,code,stage,inside,owner,lines,phones"
    body = export(shop, "x_order", form, ("_fields", fields))
    before = lines(shop, "item", "product", "quantity"), phones(shop, "label", "number", "place")
    job = bring(shop, "x_order", body, name=f"x.{form}", key=["id"], map={"columns": links})
    assert counts(job) == (0, 0, 3, 0)
    shop.write(
        records.delete, "x_order", [{"id": r.id} for r in shop.sql("SELECT id FROM x_order")]
    )
    columns = links | {"id": None, "lines.id": None, "phones.id": None}
    job = bring(shop, "x_order", body, name=f"x.{form}", key=["code"], map={"columns": columns})
    assert counts(job) == (3, 0, 0, 0)
    assert (
        lines(shop, "item", "product", "quantity"),
        phones(shop, "label", "number", "place"),
    ) == before


def test_an_export_of_lines_alone_says_by_the_id_whose_they_are(shop):
    bring(shop, "x_order", ORDERS, key=["code"])
    header, *rows = export(shop, "x_order", "csv", ("_fields", "lines")).decode().splitlines()
    assert header.startswith("id,lines.id,lines.item,")
    assert [row.split(",")[2] for row in rows] == ["Pump", "Hose", "Valve", "Pipe", ""]
    [first, *_] = json.loads(export(shop, "x_order", "json", ("_fields", "code, lines")))
    assert list(first) == ["code", "lines"]
    assert [line["item"] for line in first["lines"]] == ["Pump", "Hose"]
    assert "order" not in first["lines"][0]
    assert b"lines" not in export(shop, "x_order", "csv").splitlines()[0]
    with pytest.raises(RelatumError):
        export(shop, "x_order", "csv", ("_fields", "lines,nothing"))


# -- many, and all --------------------------------------------------------------------------------
def statements(instance, work):
    """Return how many statements a piece of work takes."""
    seen: list[Any] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    with instance.app.app_context():
        engine = db.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


@pytest.mark.parametrize("words", [{}, {"dry_run": True}, {"key": ["code"]}])
def test_many_records_with_lines_take_as_many_statements_as_a_few(shop, words):
    def text(name, orders):
        rows = [f"{name}{n},Pump\n,Hose\n" for n in range(orders)]
        return "code,lines.item\n" + "".join(rows)

    jobs_ = [begin(shop, "x_order", text(f"N{n}-", n), **words) for n in (5, 60)]
    few, many_ = (statements(shop, lambda id_=id_: run(shop, id_)) for id_ in jobs_)
    assert counts(shop.read(jobs.get, jobs_[1])) == (60, 0, 0, 0)
    assert many_ <= few + 2


def test_a_refused_line_costs_no_statement_for_each_of_the_others(shop):
    good = "".join(f"G{n},Pump,Big\n,Hose,\n" for n in range(60))
    text = "code,lines.item,lines.product\nB1,,Big\n" + good + "B2,,Big\n"
    job_id = begin(shop, "x_order", text, key=["code"])
    assert statements(shop, lambda: run(shop, job_id)) < 150
    assert counts(shop.read(jobs.get, job_id)) == (60, 0, 0, 2)


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8
)  # fmt: skip
LINE = st.fixed_dictionaries(
    {"item": TEXT, "quantity": st.none() | st.decimals(0, 999, places=3).map(str)},
    optional={"day": st.dates().map(str), "product": st.sampled_from(["Big", "Small"])},
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(orders=st.lists(st.lists(LINE, max_size=4), min_size=1, max_size=5))
@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_any_lines_come_back_as_they_were(shop, form, orders):
    orders = [*orders, [{"item": "Pump", "product": "Big"}]]
    made = [{"code": f"P{uuid.uuid4().hex}", "lines": lines_} for lines_ in orders]
    body = "\n".join(map(json.dumps, made))
    assert counts(bring(shop, "x_order", body, name="x.ndjson")) == (len(made), 0, 0, 0)
    before = lines(shop, "item", "quantity", "day", "product")
    sent = export(shop, "x_order", form, ("_fields", "id,code,lines"))
    columns: dict[str, Any] = {"lines.product": to("lines.product", by="id")}
    for key in ("id", "code"):
        job = bring(shop, "x_order", sent, name=f"x.{form}", key=[key], map={"columns": columns})
        assert counts(job) == (0, 0, len(before), 0)
        columns |= {"id": None, "lines.id": None}
    assert lines(shop, "item", "quantity", "day", "product") == before

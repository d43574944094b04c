"""Lines of records in imports: from columns, from a row each, from JSON; none lost or doubled."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from relatum.core import db, imports, jobs, records
from relatum.core.errors import RelatumError
from relatum.core.jobs import running
from relatum.plugins.transfer import reading, rejects

from .counting import run
from .instances import prepared
from .transferring import begin, bring, counts, export

#: The preset of the instance.
PRESET = "desk"
LABELS = [{"value": "work", "label": "Work"}, {"value": "home", "label": "Home"}]
ORDERS = """code,stage,lines.item,lines.quantity,lines.product
A,open,Pump,2,Big
,,Hose,3.5,
B,won,Valve,1,small
B,won,Pipe,4,
C,open,,,
"""


def link(name, target, **words):
    """Return a link to another type; words other than `required` are settings."""
    made = {"name": name, "kind": "lookup", "required": words.pop("required", False)}
    return {**made, "settings": {"target": target, **words}}


@prepared
def shop(instance):
    """An instance with orders that have lines, and phones with a label each."""
    instance.make_type(
        "x_product", {"name": "name", "kind": "text", "required": True, "unique": True}
    )
    instance.make_type(
        "x_order",
        {"name": "code", "kind": "text", "required": True, "unique": True},
        {"name": "stage", "kind": "text"},
        {"name": "inside", "kind": "lookup", "settings": {"target": "x_order"}},
        title="code",
    )
    instance.make_type(
        "x_line",
        link("order", "x_order", required=True, part=True, inverse="lines"),
        {"name": "position", "kind": "integer"},
        {"name": "item", "kind": "text", "required": True},
        {"name": "quantity", "kind": "decimal", "settings": {"scale": 3}},
        {"name": "day", "kind": "date"},
        {"name": "price", "kind": "money"},
        link("product", "x_product"),
        title="item",
    )
    instance.make_type(
        "x_phone",
        link("order", "x_order", required=True, part=True, inverse="phones"),
        {"name": "position", "kind": "integer"},
        {
            "name": "label", "kind": "choice", "required": True, "default": "work",
            "options": LABELS,
        },
        {"name": "number", "kind": "text", "required": True},
        {"name": "place", "kind": "address"},
        title="number",
    )  # fmt: skip
    instance.apply({"op": "add_key", "type": "x_phone", "fields": ["order", "number"]})
    instance.create("x_product", {"name": "Big"}, {"name": "Small"})


def parts(instance, type_name, *names):
    """Return {code: values of the lines of each order, in their order}."""
    orders = instance.sql("SELECT id, code FROM x_order WHERE trashed_at IS NULL")
    found: dict[int, tuple[str, list[Any]]] = {order.id: (order.code, []) for order in orders}
    rows = instance.sql(
        f"SELECT id FROM {type_name} WHERE trashed_at IS NULL ORDER BY position, id"
    )
    for row in rows:
        record = instance.get(type_name, row.id)
        values = tuple(str(record[name]) for name in names)
        found[record["order"]][1].append(values if len(names) > 1 else values[0])
    return dict(found.values())


def lines(instance, *names):
    return parts(instance, "x_line", *(names or ("item", "quantity")))


def phones(instance, *names):
    return parts(instance, "x_phone", *(names or ("label", "number")))


def noted(instance, job, state=imports.REFUSED):
    with instance.reading():
        return imports.lines(job["id"], state)


def refused_file(instance, job):
    with instance.app.app_context():
        return b"".join(rejects.stream(job)).decode("utf-8-sig")


def to(field, **words):
    return {"field": field, **words}


# -- a row per line -------------------------------------------------------------------------------
def test_rows_with_the_same_key_or_none_are_one_record_with_a_line_each(shop):
    job = bring(shop, "x_order", ORDERS, key=["code"])
    assert counts(job) == (3, 0, 0, 0)
    assert lines(shop) == {
        "A": [("Pump", "2.000"), ("Hose", "3.500")],
        "B": [("Valve", "1.000"), ("Pipe", "4.000")],
        "C": [],
    }
    [made] = shop.sql("SELECT count(DISTINCT change_set_id) AS n FROM core_change c "
                      "JOIN x_line l ON l.id = c.record_id")  # fmt: skip
    assert made.n == 1


def test_the_same_file_again_changes_nothing(shop):
    bring(shop, "x_order", ORDERS, key=["code"])
    before = shop.sql("SELECT count(*) FROM core_change")[0][0]
    assert counts(bring(shop, "x_order", ORDERS, key=["code"])) == (0, 0, 3, 0)
    assert shop.sql("SELECT count(*) FROM core_change")[0][0] == before


def test_without_a_key_rows_that_hold_lines_alone_belong_to_the_record_above(shop):
    text = "code,lines.item\nA,Pump\n,Hose\nB,Valve\n"
    assert counts(bring(shop, "x_order", text)) == (2, 0, 0, 0)
    assert lines(shop, "item") == {"A": ["Pump", "Hose"], "B": ["Valve"]}


def test_lines_that_there_are_stay_and_others_come_behind_them(shop):
    bring(shop, "x_order", "code,lines.item\nA,Pump\n,Hose\n", key=["code"])
    job = bring(shop, "x_order", "code,lines.item\nA,Valve\n,hose\n", key=["code"])
    assert counts(job) == (0, 1, 0, 0)
    assert lines(shop, "item") == {"A": ["Pump", "hose", "Valve"]}


def test_lines_are_changed_by_the_key_that_the_map_names(shop):
    bring(shop, "x_order", ORDERS, key=["code"])
    mapping = {"lines": {"lines": {"key": ["item"]}}}
    text = "code,lines.item,lines.quantity\nA,pump,7\n,Valve,1\n"
    assert counts(bring(shop, "x_order", text, key=["code"], map=mapping)) == (0, 1, 0, 0)
    assert lines(shop)["A"] == [("pump", "7.000"), ("Hose", "3.500"), ("Valve", "1.000")]


def test_a_list_that_is_to_be_replaced_is_that_of_the_file(shop):
    bring(shop, "x_order", ORDERS, key=["code"])
    mapping = {"lines": {"lines": {"key": ["item"], "replace": True}}}
    text = "code,lines.item,lines.quantity\nA,Valve,1\n,Hose,9\nB,,\n"
    assert counts(bring(shop, "x_order", text, key=["code"], map=mapping)) == (0, 2, 0, 0)
    assert lines(shop) == {"A": [("Valve", "1.000"), ("Hose", "9.000")], "B": [], "C": []}


def test_a_row_that_says_something_else_of_its_record_is_refused_with_all_rows_of_it(shop):
    text = "code,stage,lines.item\nA,open,Pump\nA,won,Hose\nB,,Valve\n"
    job = bring(shop, "x_order", text, key=["code"])
    assert counts(job) == (1, 0, 0, 2)
    [kept] = noted(shop, job)
    [problem] = kept.data["problems"]
    assert (kept.line, problem["line"], problem["code"]) == (2, 3, "row_disagrees")
    assert (problem["column"], problem["value"], problem["params"]) == ("stage", "won", {"line": 2})


def test_a_line_that_is_refused_refuses_its_record_and_the_file_of_refusals_has_all_of_its_rows(
    shop,
):
    text = ORDERS.replace("3.5", "many").replace("Pipe", "")
    job = bring(shop, "x_order", text, key=["code"])
    assert counts(job) == (1, 0, 0, 4)
    assert sorted(lines(shop)) == ["C"]
    out = refused_file(shop, job)
    rows = [row.split(",") for row in out.splitlines()]
    assert [(row[0], row[-5], row[-3]) for row in rows[1:]] == [
        ("2", "A", "Pump"), ("3", "", "Hose"), ("4", "B", "Valve"), ("5", "B", ""),
    ]  # fmt: skip
    assert [row[1] == "" for row in rows[1:]] == [True, False, True, False]
    again = out.replace("many", "3.5").replace("won,,4", "won,Pipe,4")
    assert counts(bring(shop, "x_order", again, key=["code"])) == (2, 0, 0, 0)
    assert lines(shop)["A"] == [("Pump", "2.000"), ("Hose", "3.500")]


def test_what_the_kernel_refuses_of_a_line_is_named_with_line_column_and_text(shop):
    text = "code,lines.item,lines.product\nA,Pump,Big\n,,small\n"
    job = bring(shop, "x_order", text, key=["code"])
    [kept] = noted(shop, job)
    [problem] = kept.data["problems"]
    assert (problem["line"], problem["column"], problem["code"]) == (3, "lines.item", "required")
    assert problem["field"] == "lines.1.item"


def test_links_of_lines_are_found_created_and_missed_like_others(shop):
    text = "code,lines.item,lines.product\nA,Pump,Huge\n"
    job = bring(shop, "x_order", text, key=["code"])
    assert [p["code"] for p in noted(shop, job)[0].data["problems"]] == ["lookup_unmatched"]
    made = {"columns": {"lines.product": to("lines.product", create=True)}}
    assert counts(bring(shop, "x_order", text, map=made, dry_run=True)) == (1, 0, 0, 0)
    assert len(shop.sql("SELECT id FROM x_product")) == 2
    assert counts(bring(shop, "x_order", text, map=made)) == (1, 0, 0, 0)
    assert lines(shop, "product")["A"] == [str(shop.sql("SELECT max(id) FROM x_product")[0][0])]


def test_texts_of_lines_are_read_by_the_styles_of_their_columns(shop):
    columns = {
        "Nr": "code", "What": "lines.item", "When": to("lines.day", date_format="D.M.YYYY"),
        "Price": to("lines.price", decimal=","), "Qty": to("lines.quantity", values={"some": "3"}),
    }  # fmt: skip
    text = 'Nr,What,When,Price,Qty\nA,Pump,31.1.2026,"1.234,50",some\n'
    assert counts(bring(shop, "x_order", text, map={"columns": columns})) == (1, 0, 0, 0)
    assert lines(shop, "day", "price", "quantity")["A"] == [("2026-01-31", "1234.50", "3.000")]


# -- chunks ---------------------------------------------------------------------------------------
@pytest.fixture
def small(monkeypatch):
    """Let chunks have two rows."""
    chunk = running._Turn._chunk

    def two(self, kind):
        self.size = 2
        return chunk(self, kind)

    monkeypatch.setattr(running._Turn, "_chunk", two)


def many(orders):
    """Return a file in which order n has n % 4 + 1 lines."""
    rows = [
        f"{f'C{n}' if i == 0 or n % 2 else ''},I{n}-{i}"
        for n in range(orders)
        for i in range(n % 4 + 1)
    ]
    return "code,lines.item\n" + "\n".join(rows) + "\n"


def wanted(orders):
    return {f"C{n}": [f"I{n}-{i}" for i in range(n % 4 + 1)] for n in range(orders)}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("words", [{}, {"whole": True}])
def test_no_chunk_ends_within_a_record(shop, words):
    job = bring(shop, "x_order", many(9), key=["code"], **words)
    assert counts(job) == (9, 0, 0, 0)
    assert lines(shop, "item") == wanted(9)
    assert job["done"] == job["total"]
    assert job["result"]["rows"] == len(many(9).splitlines()) - 1


@pytest.mark.usefixtures("small")
def test_an_import_that_goes_on_in_another_process_neither_loses_nor_doubles_a_line(shop):
    job_id = begin(shop, "x_order", many(9), key=["code"])
    paused = []

    def pause():
        # What this process knew of the file is gone, as if another one went on.
        reading.done(job_id)
        paused.append(1)
        return True

    with shop.app.app_context():
        while jobs.run(job_id, by="one", pause=pause) == "queued":
            pass
    assert len(paused) > 3
    assert counts(shop.read(jobs.get, job_id)) == (9, 0, 0, 0)
    assert lines(shop, "item") == wanted(9)


def test_a_record_of_too_many_rows_stops_the_import_with_the_setting_that_says_so(shop):
    text = "code,lines.item\nA,1\n" + ",2\n" * 10_000
    job_id = begin(shop, "x_order", text, key=["code"])
    run(shop, job_id)
    job = shop.read(jobs.get, job_id)
    assert (job["state"], job["error"]["code"]) == ("failed", "record_rows_limit")
    assert "import_record_rows" in job["error"]["message"]
    assert lines(shop) == {}


# -- columns of a line ----------------------------------------------------------------------------
PHONES = {
    "code": "code",
    "Work": to("phones.number", line={"label": "work"}),
    "Home": to("phones.number", line={"label": "Home"}),
    "Home 2": to("phones.number", line={"label": "Home"}, nth=2),
    "Home city": to("phones.place.city", line={"label": "Home"}),
}
KEYED = {"lines": {"phones": {"key": ["label"]}}}
PEOPLE = "code,Work,Home,Home 2,Home city\nA,1,2,3,Kiel\nB,,5,,\n"


def test_columns_of_a_record_make_a_line_each(shop):
    assert counts(bring(shop, "x_order", PEOPLE, map={"columns": PHONES})) == (2, 0, 0, 0)
    assert phones(shop) == {
        "A": [("work", "1"), ("home", "2"), ("home", "3")],
        "B": [("home", "5")],
    }
    assert "Kiel" in phones(shop, "place", "number")["A"][1][0]


def test_lines_that_match_by_their_label_are_changed_and_the_others_stay(shop):
    mapping = {"columns": PHONES, "key": ["code"]}
    bring(shop, "x_order", PEOPLE, map=mapping)
    assert counts(bring(shop, "x_order", PEOPLE, map=mapping)) == (0, 0, 2, 0)
    text = "code,Work,Home,Home 2,Home city\nA,8,3,,\nB,7,,,\n"
    assert counts(bring(shop, "x_order", text, map=mapping)) == (0, 2, 0, 0)
    assert phones(shop) == {
        "A": [("work", "8"), ("home", "2"), ("home", "3")],
        "B": [("home", "5"), ("work", "7")],
    }


def test_lines_of_columns_and_of_rows_come_together(shop):
    text = "code,Work,lines.item\nA,1,Pump\n,,Hose\nB,2,\n"
    columns = {"Work": PHONES["Work"]}
    assert counts(bring(shop, "x_order", text, map={"columns": columns}, key=["code"])) == (
        2,
        0,
        0,
        0,
    )
    assert phones(shop) == {"A": [("work", "1")], "B": [("work", "2")]}
    assert lines(shop, "item") == {"A": ["Pump", "Hose"], "B": []}


@pytest.mark.parametrize(
    ("mapping", "place"),
    [
        ({"columns": {"a": to("code", line={"label": "work"})}}, "columns.a.line"),
        ({"columns": {"a": to("code", nth=1)}}, "columns.a.nth"),
        ({"columns": {"a": to("phones.number"), "b": to("phones.number")}}, "columns.b"),
        (
            {"columns": {"a": to("phones.number", nth=1), "b": to("phones.number", nth=1)}},
            "columns.b",
        ),
        ({"columns": {"a": to("phones.label", line={"label": "work"}), "b": None}}, "columns.a"),
        ({"columns": {"a": "code", "b": None}, "lines": {"phones": {}}}, "lines.phones"),
        (
            {"columns": {"a": "code", "b": "phones.number"}, **KEYED},
            "lines.phones.key",
        ),
    ],
)  # fmt: skip
def test_a_map_that_can_not_be_meant_is_refused_at_its_place(shop, mapping, place):
    made = imports.load_map({"relatum_map": 1, **mapping})
    with shop.reading(), pytest.raises(RelatumError) as caught:
        imports.Loading("x_order", ["a", "b"], mapping=made, actor=shop.alice)
    assert (caught.value.code, caught.value.params["place"]) == ("map_invalid", place)


@pytest.mark.parametrize("path", ["lines.order", "lines.position", "lines.owner", "lines.version"])
def test_what_the_record_says_of_its_lines_has_no_column(shop, path):
    made = imports.load_map({"relatum_map": 1, "columns": {"a": path}})
    with shop.reading(), pytest.raises(RelatumError) as caught:
        imports.Loading("x_order", ["a"], mapping=made, actor=shop.alice)
    assert caught.value.code == "read_only"


# -- a dry run ------------------------------------------------------------------------------------
def test_a_dry_run_checks_lines_writes_nothing_and_shows_what_becomes_of_them(shop):
    bring(shop, "x_order", ORDERS, key=["code"])
    before = lines(shop)
    sets = shop.sql("SELECT count(*) FROM core_change_set")[0][0]
    mapping = {"lines": {"lines": {"key": ["item"]}}}
    text = (
        "code,stage,lines.item,lines.quantity\nA,open,Pump,9\n,,Nut,1\nB,lost,,\nC,open,,3\n"
        "D,new,Nut,1\n"
    )
    job = bring(shop, "x_order", text, key=["code"], map=mapping, dry_run=True)
    assert counts(job) == (1, 2, 0, 1)
    assert lines(shop) == before
    assert shop.sql("SELECT count(*) FROM core_change_set")[0][0] == sets
    shown = {each.line: each.data for each in noted(shop, job, imports.SHOWN)}
    changed, added = shown[2]["lines"]["lines"]
    assert (changed["status"], changed["changes"]) == ("updated", {"quantity": ["2.000", "9.000"]})
    assert (added["status"], added["changes"]["item"]) == ("created", [None, "Nut"])
    assert shown[4]["lines"] == {}
    new = shown[6]
    assert (new["status"], new["id"], new["lines"]["lines"][0]["id"]) == ("created", None, None)
    [refused] = noted(shop, job)
    assert refused.data["problems"][0]["field"] == "lines.0.item"


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

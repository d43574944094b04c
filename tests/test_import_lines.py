"""Lines of records in imports: from columns, or from a row each; none is lost or doubled."""

from __future__ import annotations

import pytest

from relatum.core import imports, jobs
from relatum.core.errors import RelatumError
from relatum.core.jobs import running
from relatum.plugins.transfer import reading

from .counting import run
from .instances import prepared
from .lined import KEYED, ORDERS, PEOPLE, PHONES, lines, noted, phones, refused_file, shop_in, to
from .transferring import begin, bring, counts

#: The preset of the instance.
PRESET = "desk"


@prepared
def shop(instance):
    """An instance with orders that have lines, and phones with a label each."""
    shop_in(instance)


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

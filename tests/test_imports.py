"""Importing files: what a map means, what is refused, and that nothing is half-done."""

from __future__ import annotations

import pytest

from relatum.core import imports
from relatum.core.errors import RelatumError

from .instances import prepared


@prepared
def shop(instance):
    """Return an instance with companies (a parent each), products and deals."""
    name = {"name": "name", "kind": "text", "required": True, "unique": True}
    instance.make_type(
        "x_company", name, {"name": "parent", "kind": "lookup", "settings": {"target": "x_company"}}
    )
    instance.make_type(
        "x_product", name | {"unique": False}, {"name": "code", "kind": "text", "unique": True}
    )
    stage = {
        "name": "stage",
        "kind": "choice",
        "options": [{"value": "open", "label": "Open"}, {"value": "won", "label": "Won"}],
    }
    instance.make_type(
        "x_deal",
        {"name": "code", "kind": "text", "unique": True},
        {"name": "company", "kind": "lookup", "settings": {"target": "x_company"}},
        {"name": "product", "kind": "lookup", "settings": {"target": "x_product"}},
        stage,
        {"name": "closes", "kind": "date", "label": "Close date"},
        {"name": "amount", "kind": "money"},
        {"name": "reference", "kind": "text", "unique": True},
        title="code",
    )
    instance.create(
        "x_product",
        {"name": "GTX Pro", "code": "p1"},
        {"name": "MG", "code": "p2"},
        {"name": "Twin", "code": "p3"},
        {"name": "Twin", "code": "p4"},
    )
    instance.create("x_company", {"name": "Acme"})


@pytest.fixture
def load(shop, tmp_path):
    """Import text as a file; keyword arguments go to the map, `_` ones to the import."""

    def run(type_name, text, *, key=(), partial=False, dry_run=False, encoding="utf-8", **mapping):
        path = tmp_path / "file.csv"
        path.write_bytes(text.encode(encoding))
        made = imports.load_map({"relatum_map": 1, **mapping})
        with shop.app.app_context():
            return imports.run(
                type_name,
                path,
                actor=shop.alice,
                mapping=made,
                key=key,
                partial=partial,
                dry_run=dry_run,
            )

    return run


def rows(instance, type_name, *names):
    """Return the values of all records, in the order they were made."""
    found = instance.sql(f"SELECT id FROM {type_name} WHERE trashed_at IS NULL ORDER BY id")
    made = (instance.get(type_name, row.id) for row in found)
    return [
        tuple(record[name] for name in names) if len(names) > 1 else record[names[0]]
        for record in made
    ]


def change_sets(instance):
    return instance.sql("SELECT count(*) FROM core_change_set")[0][0]


def problems(report):
    return [(p.line, p.column, p.value, p.problem.code) for p in report.problems]


def refused(load, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        load(*args, **kwargs)
    return caught.value


def test_columns_match_fields_by_name_or_label_whatever_case(shop, load):
    report = load("x_deal", "CODE,Close Date,amount\nA1,2026-01-31,12.50\n")
    assert (report.created, report.refused) == (1, 0)
    assert [str(v) for v in rows(shop, "x_deal", "code", "closes", "amount")[0]] == [
        "A1",
        "2026-01-31",
        "12.50",
    ]


def test_a_column_that_matches_nothing_is_refused_with_the_nearest_field(load):
    error = refused(load, "x_deal", "code,amuont\nA1,1\n")
    assert (error.code, "'amount'" in str(error)) == ("column_unknown", True)


def test_a_column_mapped_to_null_is_left_out(shop, load):
    load("x_deal", "code,noise\nA1,1\n", columns={"noise": None})
    assert rows(shop, "x_deal", "code") == ["A1"]


def test_a_map_renames_columns_and_reads_dates_in_its_format(shop, load):
    load(
        "x_deal",
        "id_no,when\nA1,3/1/2017\n",
        columns={"id_no": "code", "when": "closes"},
        date_format="M/D/YYYY",
    )
    assert str(rows(shop, "x_deal", "closes")[0]) == "2017-03-01"


def test_the_date_format_of_a_column_goes_before_that_of_the_map(shop, load):
    when = {"field": "closes", "date_format": "D.M.YYYY"}
    load("x_deal", "code,when\nA1,3.1.2017\n", columns={"when": when}, date_format="M/D/YYYY")
    assert str(rows(shop, "x_deal", "closes")[0]) == "2017-01-03"


def test_an_empty_cell_is_an_empty_value(shop, load):
    load("x_deal", "code,amount\nA1,5\n", key=["code"])
    load("x_deal", "code,amount\nA1, \n", key=["code"])
    assert rows(shop, "x_deal", "amount") == [None]


def test_fixed_values_go_to_every_row_and_texts_are_read_like_cells(shop, load):
    load("x_deal", "code\nA1\nA2\n", fixed={"stage": "Won", "company": "acme", "amount": 3})
    acme = shop.sql("SELECT id FROM x_company")[0].id
    assert rows(shop, "x_deal", "stage", "company", "amount") == [("won", acme, "3.00")] * 2


def test_a_link_is_found_by_title_whatever_case_and_accents(shop, load):
    report = load("x_deal", "code,company\nA1,ÀCME\n")
    assert report.created == 1


def test_a_link_is_found_by_the_field_that_the_map_names(shop, load):
    load("x_deal", "code,product\nA1,P2\n", columns={"product": {"field": "product", "by": "code"}})
    product = shop.sql("SELECT id FROM x_product WHERE code = 'p2'")[0].id
    assert rows(shop, "x_deal", "product") == [product]


def test_a_link_can_be_found_by_id(shop, load):
    acme = shop.sql("SELECT id FROM x_company")[0].id
    load(
        "x_deal",
        f"code,company\nA1,{acme}\n",
        columns={"company": {"field": "company", "by": "id"}},
    )
    assert rows(shop, "x_deal", "company") == [acme]


def test_a_link_that_matches_nothing_names_line_column_value_and_nearest(shop, load):
    report = load("x_deal", "code,product\nA1,MG\nA2,GTXPro\n")
    assert problems(report) == [(3, "product", "GTXPro", "lookup_unmatched")]
    assert str(report.problems[0]) == (
        "line 3, column 'product': No x_product has name 'GTXPro'. Did you mean 'GTX Pro'?"
    )


def test_one_refused_row_refuses_the_file(shop, load):
    report = load("x_deal", "code,product\nA1,MG\nA2,GTXPro\n")
    assert (report.written, rows(shop, "x_deal", "code")) == (False, [])


def test_a_value_map_cures_a_text(shop, load):
    column = {"field": "product", "values": {"GTXPro": "GTX Pro", "none": None}}
    report = load("x_deal", "code,product\nA1,GTXPro\nA2,none\n", columns={"product": column})
    assert report.created == 2
    assert [bool(p) for p in rows(shop, "x_deal", "product")] == [True, False]


def test_a_link_that_several_records_match_is_refused(load):
    report = load("x_deal", "code,product\nA1,twin\n")
    assert problems(report) == [(2, "product", "twin", "lookup_ambiguous")]


def test_every_problem_of_a_row_is_named(load):
    report = load("x_deal", "code,amount,closes,stage\nA1,abc,31.1.2026,Wonn\n")
    assert [p[1] for p in problems(report)] == ["amount", "closes", "stage"]
    assert report.refused == 1


def test_partial_writes_the_sound_rows(shop, load):
    report = load("x_deal", "code,amount\nA1,x\nA2,2\nA3,3\n", partial=True)
    assert (report.created, report.refused, report.written) == (2, 1, True)
    assert rows(shop, "x_deal", "code") == ["A2", "A3"]


def test_a_dry_run_counts_and_writes_nothing(shop, load):
    load("x_deal", "code,amount\nA1,1\n")
    before = change_sets(shop)
    report = load("x_deal", "code,amount\nA1,1\nA2,2\n", key=["code"], dry_run=True)
    assert (report.created, report.unchanged, report.written) == (1, 1, False)
    assert (rows(shop, "x_deal", "code"), change_sets(shop)) == (["A1"], before)


def test_a_second_import_by_key_changes_nothing(shop, load):
    text = "name,parent\nBeta,Gamma\nGamma,Acme\n"
    load("x_company", text, key=["name"])
    before = change_sets(shop)
    report = load("x_company", text, key=["name"])
    assert (report.unchanged, report.updated, change_sets(shop)) == (2, 0, before)


def test_a_later_row_with_the_same_key_updates(shop, load):
    report = load("x_deal", "code,amount\nA1,1\na1,2\n", key=["code"])
    assert (report.created, report.updated) == (1, 1)
    assert rows(shop, "x_deal", "amount") == ["2.00"]


def test_without_a_key_a_row_that_exists_is_refused(load):
    load("x_deal", "code\nA1\n")
    assert problems(load("x_deal", "code\nA1\n")) == [(2, "code", "A1", "duplicate")]


def test_the_map_can_name_the_key(shop, tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("code\nA1\n")
    mapping = imports.load_map({"relatum_map": 1, "key": ["code"]})
    with shop.app.app_context():
        reports = [imports.run("x_deal", path, actor=shop.alice, mapping=mapping) for _ in range(2)]
    assert (reports[0].created, reports[1].unchanged) == (1, 1)


def test_a_key_that_is_not_unique_is_refused(load):
    assert refused(load, "x_deal", "code,stage\nA1,won\n", key=["stage"]).code == "key_unknown"


def test_a_key_without_a_column_is_refused(load):
    assert refused(load, "x_deal", "stage\nwon\n", key=["code"]).code == "map_invalid"


def test_a_parent_may_stand_further_down_in_the_file(shop, load):
    report = load("x_company", "name,parent\nBeta,Gamma\nGamma,\n", key=["name"])
    ids = {row.name: row.id for row in shop.sql("SELECT id, name FROM x_company")}
    assert (report.created, report.refused) == (2, 0)
    assert shop.get("x_company", ids["Beta"])["parent"] == ids["Gamma"]


def test_a_parent_that_stands_nowhere_is_refused_with_the_nearest_of_the_file(shop, load):
    report = load("x_company", "name,parent\nBeta,Gama\nGamma,\n", key=["name"])
    assert problems(report) == [(2, "parent", "Gama", "lookup_unmatched")]
    assert "'Gamma'" in str(report.problems[0])
    assert rows(shop, "x_company", "name") == ["Acme"]


def test_a_child_of_a_refused_row_is_written_without_its_link_in_a_partial_import(shop, load):
    report = load(
        "x_company", f"name,parent\nBeta,{'G' * 600}\nDelta,Acme\n", key=["name"], partial=True
    )
    assert (report.created, report.refused) == (1, 1)
    assert rows(shop, "x_company", "name") == ["Acme", "Delta"]


def test_a_unique_value_twice_in_the_file_is_refused_across_chunks(shop, load):
    text = "code,reference\n" + "".join(f"C{i},R{i}\n" for i in range(1200)) + "last,r0\n"
    report = load("x_deal", text, key=["code"])
    assert problems(report) == [(1202, "reference", "r0", "duplicate_in_file")]
    assert "line 2" in str(report.problems[0])


def test_a_unique_value_of_a_stored_record_is_refused(shop, load):
    load("x_deal", "code,reference\nA1,R1\n")
    report = load("x_deal", "code,reference\nA2,R1\n", key=["code"])
    assert problems(report) == [(2, "reference", "R1", "duplicate")]


def test_a_required_field_without_a_value_is_refused_with_its_line(load):
    report = load("x_company", "name,parent\n,Acme\n")
    assert problems(report) == [(2, "name", "", "required")]


def test_a_line_with_too_few_cells_is_refused(load):
    report = load("x_deal", "code,amount\nA1\n")
    assert problems(report) == [(2, None, None, "cells_mismatch")]


def test_lines_are_counted_through_quoted_line_breaks_and_blank_lines(shop, load):
    shop.apply({"op": "add_field", "type": "x_deal", "name": "notes", "kind": "long_text"})
    report = load("x_deal", 'code,notes,amount\nA1,"one\ntwo",1\n\nA2,x,bad\n')
    assert problems(report) == [(5, "amount", "bad", "not_decimal")]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_found_in_the_first_line(shop, load, delimiter):
    load("x_deal", f"code{delimiter}amount\nA1{delimiter}1\n")
    assert rows(shop, "x_deal", "amount") == ["1.00"]


def test_a_byte_order_mark_is_passed_over(shop, load):
    load("x_deal", "code\nA1\n", encoding="utf-8-sig")
    assert rows(shop, "x_deal", "code") == ["A1"]


def test_a_file_in_another_encoding_says_how_to_name_it(load):
    error = refused(load, "x_deal", "code\nÄ1\n", encoding="cp1252")
    assert (error.code, "cp1252" in str(error)) == ("file_unreadable", True)


def test_the_encoding_of_the_map_is_used(shop, load):
    path_text = "code\nÄ1\n"
    made = {"relatum_map": 1, "encoding": "cp1252"}
    assert imports.load_map(made).encoding == "cp1252"
    load("x_deal", path_text, encoding="utf-8")
    assert rows(shop, "x_deal", "code") == ["Ä1"]


@pytest.mark.parametrize(
    "text",
    ["", "code,code\nA,B\n", "code,\nA,B\n", 'code\n"A"B\n'],
    ids=["empty", "twice", "nameless", "quotes"],
)
def test_a_file_that_is_no_table_is_refused(load, text):
    assert refused(load, "x_deal", text).code == "file_unreadable"


@pytest.mark.parametrize(
    "columns",
    [
        {"code": {"field": "code", "by": "name"}},
        {"company": {"field": "company", "by": "parent"}},
        {"company": "code"},
    ],
    ids=["by-on-text", "by-a-link", "field-twice"],
)
def test_a_map_that_does_not_fit_the_type_is_refused(load, columns):
    assert refused(load, "x_deal", "code,company\nA1,Acme\n", columns=columns).code == "map_invalid"


def test_a_mapped_column_that_the_file_lacks_is_refused(load):
    error = refused(load, "x_deal", "code,ammount\nA1,1\n", columns={"amount": "amount"})
    assert (error.code, "'ammount'" in str(error)) == ("column_missing", True)


def test_a_system_field_is_refused(load):
    assert refused(load, "x_deal", "id,code\n1,A1\n").code == "read_only"


def test_what_others_write_between_check_and_write_stops_the_import_cleanly(shop, load, tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("code,reference\nA1,R1\n")
    done: list[bool] = []

    def meddle(stage, count):
        if stage == "checked" and not done:
            done.append(True)
            shop.create("x_deal", {"code": "Z", "reference": "R1"})

    with shop.app.app_context():
        report = imports.run("x_deal", path, actor=shop.alice, key=["code"], progress=meddle)
    assert (report.stopped, report.written, rows(shop, "x_deal", "code")) == (2, False, ["Z"])


def test_the_changes_are_marked_as_an_import(shop, load):
    load("x_deal", "code\nA1\n")
    assert (
        shop.sql("SELECT source FROM core_change_set ORDER BY id DESC LIMIT 1")[0].source
        == "import"
    )


def test_a_row_that_is_in_without_its_link_is_among_the_refused_lines(shop, load):
    text = "name,parent\nA,B\nB,missing\nC,A\n"
    report = load("x_company", text, key=["name"], partial=True)
    assert (report.created, report.refused) == (2, 1)
    assert [(line, code) for line, _, _, code in problems(report)] == [
        (3, "lookup_unmatched"), (2, "lookup_unmatched"),
    ]  # fmt: skip
    assert report.refused_lines == {2, 3}


def test_lines_of_records_come_from_further_rows_and_a_refused_one_refuses_all_of_them(shop, load):
    link = {"target": "x_deal", "part": True, "inverse": "items"}
    shop.make_type("x_item", {"name": "what", "kind": "text", "required": True})
    shop.apply({
        "op": "add_field", "type": "x_item", "name": "deal", "kind": "lookup", "required": True,
        "settings": link,
    })  # fmt: skip
    text = "code,items.what\nA1,Pump\n,Hose\nA2,\xa0\n,Tap\nA3,Ring\nA3,Nut\n"
    report = load("x_deal", text, key=["code"])
    assert (report.rows, report.created, report.refused) == (6, 3, 0)
    assert rows(shop, "x_item", "what") == ["Pump", "Hose", "Tap", "Ring", "Nut"]
    text = f"code,items.what\nA1,New\n,{'x' * 30_000}\nA4,Tap\n"
    report = load("x_deal", text, key=["code"], partial=True)
    assert (report.rows, report.created, report.refused) == (3, 1, 2)
    assert problems(report)[0][:2] == (3, "items.what")
    assert report.refused_lines == {2, 3}

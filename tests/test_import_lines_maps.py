"""Lines of records with what else maps say: several columns in one, which rows are meant."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import catalog, imports
from relatum.core.errors import RelatumError
from relatum.plugins.transfer.proposing import fitted, propose

from .instances import prepared
from .lined import PHONES, lines, phones, refused_file, shop_in, to
from .transferring import bring, counts

#: The preset of the instance.
PRESET = "desk"
COMPOSED = {
    "columns": {"Shop": None, "Nr": None, "Item": "lines.item"},
    "composed": {"code": "{Shop}-{Nr}"},
}
TYPED = {"columns": {"Type": None}, "only": {"Type": ["order"]}}


@prepared
def shop(instance):
    """An instance with orders that have lines, and phones with a label each."""
    shop_in(instance)


def fit(shop, document, header):
    """Return what of a map holds for a file."""
    with shop.reading():
        return fitted(document, catalog.current().type("x_order"), header)


# -- several columns in one -----------------------------------------------------------------------
def test_rows_are_one_record_by_a_key_of_several_columns(shop):
    text = "Shop,Nr,Item\nN,1,Pump\nN,1,Hose\n,,Belt\nN,2,Valve\n"
    assert counts(bring(shop, "x_order", text, key=["code"], map=COMPOSED)) == (2, 0, 0, 0)
    assert lines(shop, "item") == {"N-1": ["Pump", "Hose", "Belt"], "N-2": ["Valve"]}


def test_without_a_key_a_row_that_fills_a_composed_field_is_another_record(shop):
    text = "Shop,Nr,Item\nN,1,Pump\n,,Hose\nN,2,Valve\n"
    assert counts(bring(shop, "x_order", text, map=COMPOSED)) == (2, 0, 0, 0)
    assert lines(shop, "item") == {"N-1": ["Pump", "Hose"], "N-2": ["Valve"]}


def test_a_row_that_composes_another_text_is_refused_with_its_record(shop):
    mapping = {
        "columns": {"Stage": None, "More": None, "Item": "lines.item"},
        "composed": {"stage": "{Stage} {More}"},
    }
    text = "code,Stage,More,Item\nA,open,now,Pump\nA,won,,Hose\nB,won,,Valve\n"
    job = bring(shop, "x_order", text, key=["code"], map=mapping)
    assert counts(job) == (1, 0, 0, 2)
    assert "{Stage} {More}: Differs from line 2" in refused_file(shop, job)


@pytest.mark.parametrize("word", [{"line": {"label": "work"}}, {"nth": 2}])
def test_what_is_composed_is_of_the_record_and_of_no_line(shop, word):
    given = {"text": "{A}", **word}
    with pytest.raises(RelatumError) as raised:
        imports.load_map({"relatum_map": 1, "composed": {"stage": given}})
    assert raised.value.code == "map_invalid"


def test_a_field_that_is_composed_and_has_a_column_is_refused_beside_lines_of_its_name(shop):
    mapping = {
        "columns": {"a": "stage", "b": to("phones.label"), "c": "phones.number"},
        "composed": {"stage": "{a} {b}"},
    }
    with shop.reading(), pytest.raises(RelatumError) as raised:
        imports.Loading(
            "x_order", ["a", "b", "c"], mapping=imports.load_map({"relatum_map": 1, **mapping}),
            actor=shop.alice,
        )  # fmt: skip
    assert raised.value.params["place"] == "composed.stage"
    assert "column 'a'" in str(raised.value)


def test_rows_are_one_record_by_a_key_that_is_fixed_in_part(shop):
    mapping = {"fixed": {"stage": "open"}, "lines": {"lines": {"replace": True}}}
    text = "code,lines.item\nA,Pump\nA,Hose\nB,Valve\n"
    for made in ((2, 0, 0, 0), (0, 0, 2, 0)):
        assert counts(bring(shop, "x_order", text, key=["code", "stage"], map=mapping)) == made
        assert lines(shop, "item") == {"A": ["Pump", "Hose"], "B": ["Valve"]}


# -- rows that are meant --------------------------------------------------------------------------
@pytest.mark.parametrize("whole", [False, True])
def test_a_record_is_meant_by_its_first_row_and_left_out_with_all_rows(shop, whole):
    text = (
        "Type,code,lines.item\norder,A,Pump\n,,Hose\noffer,B,Valve\n,,Pipe\norder,C,Belt\n"
        "order,C,Nut\n"
    )
    job = bring(shop, "x_order", text, key=["code"], map=TYPED, whole=whole)
    assert counts(job) == (2, 0, 0, 0)
    assert job["result"]["skipped"] == 2
    assert lines(shop, "item") == {"A": ["Pump", "Hose"], "C": ["Belt", "Nut"]}


def test_a_row_without_a_key_that_is_meant_otherwise_is_no_line_of_the_record_above(shop):
    text = "Type,code,lines.item\norder,A,Pump\noffer,,Hose\n,,Pipe\norder,B,Valve\n"
    for key in (["code"], []):
        job = bring(shop, "x_order", text.replace("A", f"A{len(key)}").replace("B", f"B{len(key)}"),
                    key=key, map=TYPED)  # fmt: skip
        assert (counts(job), job["result"]["skipped"]) == ((2, 0, 0, 0), 2)
    assert lines(shop, "item") == {"A1": ["Pump"], "B1": ["Valve"], "A0": ["Pump"], "B0": ["Valve"]}


def test_a_file_that_is_run_from_the_core_counts_rows_that_are_left_out_so_too(shop, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("Type,code,lines.item\noffer,B,Valve\n,,Pipe\norder,C,Belt\n")
    mapping = imports.load_map({"relatum_map": 1, **TYPED})
    with shop.app.app_context():
        report = imports.run("x_order", path, actor=shop.alice, mapping=mapping, key=["code"])
    assert (report.rows, report.created, report.skipped) == (3, 1, 2)
    assert lines(shop, "item") == {"C": ["Belt"]}


# -- columns of lines -----------------------------------------------------------------------------
def test_cells_of_lines_are_cut_converted_and_may_name_what_is_not_there(shop):
    mapping = {
        "columns": {
            "Item": to("lines.item", first=";"),
            "Quantity": to("lines.quantity", convert="fraction"),
            "Product": to("lines.product", optional=True),
        }
    }
    text = "code,Item,Quantity,Product\nA,Pump;Hose,0.25,Big\nB,Valve,1,None such\n"
    assert counts(bring(shop, "x_order", text, key=["code"], map=mapping)) == (2, 0, 0, 0)
    [big] = shop.sql("SELECT id FROM x_product WHERE name = 'Big'")
    assert lines(shop, "item", "quantity", "product") == {
        "A": [("Pump", "25.000", str(big.id))],
        "B": [("Valve", "100.000", "None")],
    }


# -- maps that were made before -------------------------------------------------------------------
def test_a_map_with_lines_holds_for_a_file_as_far_as_its_columns_and_fields_are_there(shop):
    document = {
        "relatum_map": 1,
        "columns": {**PHONES, "Gone": to("phones.number", line={"colour": "red"}),
                    "Lost": "phones.colour", "Odd": to("stage", nth=2)},
        "lines": {"phones": {"key": ["label", "number"], "replace": True},
                  "lines": {"replace": True}},
    }  # fmt: skip
    found = fit(shop, document, [*PHONES, "Gone", "Lost", "Odd"])
    assert found["columns"] == {**PHONES, "Gone": None, "Lost": None, "Odd": None}
    assert found["lines"] == {"phones": {"replace": True}}
    assert "lines" not in fit(shop, document, ["code"])


def test_columns_that_a_map_decides_stay_and_others_are_proposed_as_lines_beside_them(shop):
    given: dict[str, Any] = {
        "columns": {"Phones number": None, "Work": PHONES["Work"], "A": "lines.item"},
        "fixed": {"stage": "open"},
    }
    header = ["Phones number", "Work", "A", "Lines item", "Lines quantity", "Stage", "Home number"]
    with shop.reading():
        found = propose(catalog.current().type("x_order"), header, [], given)
    assert found["columns"] == {
        **given["columns"],
        "Lines item": None,
        "Lines quantity": {"field": "lines.quantity"},
        "Stage": None,
        "Home number": to("phones.number", line={"label": "home"}),
    }
    assert found["fixed"] == {"stage": "open"}


def test_a_map_that_was_used_goes_in_again_with_its_lines(shop):
    text = "code,Work,Home,Home 2,Home city\nA,1,2,3,Kiel\n"
    document = {"columns": PHONES, "lines": {"phones": {"key": ["number"]}}}
    bring(shop, "x_order", text, key=["code"], map=document)
    with shop.reading():
        kept = imports.remembered("x_order", text.splitlines()[0].split(","))
    given = fit(shop, kept, text.splitlines()[0].split(","))
    assert counts(bring(shop, "x_order", text, key=["code"], map=given)) == (0, 0, 1, 0)
    assert phones(shop, "number") == {"A": ["1", "2", "3"]}

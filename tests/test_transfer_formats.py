"""Files of every kind and every kind of trouble: each is read rightly or refused in a sentence."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import pytest
import xlsxwriter

from relatum.core.errors import RelatumError
from relatum.core.imports.numbers import plain_number
from relatum.plugins.transfer import formats
from relatum.plugins.transfer.proposing import date_style, decimal_sign

TEXT = "Name;Straße\r\nÄnne;Weg 1\r\nJörg;Gasse 2\r\n"


def read(content, name="file.csv", **how):
    """Return how a file is written, its header and its rows."""
    file = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    found = formats.detect(file, name, formats.How(**how))
    with formats.opened(file, name, found) as table:
        rows = list(table.rows())
        assert table.count == len(rows)
        assert list(table.rows(1)) == rows[1:]
        return found, table.header, rows


def refused(content, name="file.csv", **how):
    """Return the sentence that a file is refused with."""
    with pytest.raises(RelatumError) as error:
        read(content, name, **how)
    assert error.value.code == "file_unreadable"
    return str(error.value)


@pytest.fixture(scope="module")
def book():
    """Return a workbook with typed cells that do not begin in the first one, and two sheets."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        sheet = made.add_worksheet("One")
        sheet.write_row(1, 1, ["Name", "Day", "Price", "Open", "Sum"])
        sheet.write_row(2, 1, ["Änne", None, 1.5, True])
        sheet.write_datetime(2, 2, datetime(2026, 1, 31), made.add_format({"num_format": "d.m."}))  # noqa: DTZ001
        sheet.write_formula(2, 5, "=1+1", None, 2)
        sheet.write_string(5, 1, "=1+1")
        sheet.write_string(5, 2, "x")
        made.add_worksheet("Two")
    return out.getvalue()


def packed(**members):
    """Return a zip of members, named with _ for / and a dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


# -- CSV ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_an_encoding_is_found_out(encoding):
    _, header, rows = read(TEXT.encode(encoding))
    assert (header, rows[0]) == (["Name", "Straße"], (2, ["Änne", "Weg 1"]))


def test_cyrillic_of_old_systems_is_found_out():
    text = "Имя;Город\nИван;Москва\nАнна Петрова;Санкт-Петербург\n"
    assert read(text.encode("cp1251"))[2][0] == (2, ["Иван", "Москва"])


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_sign_between_cells_is_found_out(sign):
    found, header, _ = read(f'a{sign}b{sign}c\n"x,y;z"{sign}2{sign}3\n4{sign}5{sign}6\n')
    assert (found.delimiter, header) == (sign, ["a", "b", "c"])


def test_line_breaks_in_cells_count_as_an_editor_counts_them():
    assert read('a,b\n"x\ny",2\n"q""z",3\n')[2] == [(2, ["x\ny", "2"]), (4, ['q"z', "3"])]


def test_titles_above_the_names_are_passed_over_and_a_file_without_names_gets_some():
    assert read("Report\n\nname,mail,city\nA,a@b.c,X\nB,b@b.c,Y\n")[1] == ["name", "mail", "city"]
    assert read("1,a@b.c,X\n2,b@c.d,Y\n")[1] == ["Column 1", "Column 2", "Column 3"]
    assert read("sep=;\na;b\n1;2\n")[1] == ["a", "b"]
    assert read("a,b\n1,2\n", header=0)[2][0] == (1, ["a", "b"])


def test_names_that_stand_twice_or_are_missing_are_told_apart():
    assert read("a,,a\n1,2,3\n")[1] == ["a", "Column 2", "a (2)"]


def test_ragged_rows_and_300_columns_are_read_as_they_are():
    assert read("a,b,c\n1,2\n1,2,3,4\n")[2] == [(2, ["1", "2"]), (3, ["1", "2", "3", "4"])]
    wide = ",".join(f"c{n}" for n in range(300))
    assert len(read(f"{wide}\n{wide}\n")[1]) == 300


def test_an_apostrophe_that_keeps_a_formula_from_being_one_is_taken_away():
    assert read("a,b\n'=1+1,'quoted'\n''=x,-1\n")[2] == [
        (2, ["=1+1", "'quoted'"]), (3, ["'=x", "-1"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "nothing"), (b"\n \n", "nothing"), (b"%PDF-1.4", "PDF"), (b"\x1f\x8b\x08", "gzip"),
        (b"\x89PNG\r\n", "picture"), (b"<html><table>", "XML"), (bytes(range(256)) * 20, "no text"),
        (b'a,b\n"x,2\n', "line 2"), (",".join("a" * 2001).encode() + b"\n", "columns"),
        (packed(a_xml="x"), "archive"), (b"PK\x03\x04 cut off", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 3000, "format"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (packed(xl__workbook_xml="x", big_xml=b"0" * 60_000_000), "unpacks to"),
        (b'[{"a":1},', "not JSON"), (b'{"a":1}\n{"a"\n', "line 2"),
        (b'[{"a":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}]", "deeper"), (b"[1, 2]", ""),
    ],
)  # fmt: skip
def test_what_is_no_file_of_records_is_refused_in_a_sentence(content, said):
    if said:
        assert said in refused(content)
    else:
        read(content)


# -- workbooks ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["people.xlsx", "people.csv"])
def test_a_workbook_is_read_whatever_its_name_says(book, name):
    found, header, rows = read(book, name)
    assert (found.format, found.sheet, found.header) == ("workbook", "One", 2)
    assert header == ["Name", "Day", "Price", "Open", "Sum"]
    assert rows == [
        (3, ["Änne", "2026-01-31", "1.5", "true", "2"]), (6, ["=1+1", "x", "", "", ""]),
    ]  # fmt: skip


def test_a_sheet_that_is_not_there_is_named(book):
    assert "One, Two" in refused(book, sheet="Three")


def test_a_sheet_that_says_it_is_endless_takes_no_memory(book):
    source = zipfile.ZipFile(io.BytesIO(book))
    out = io.BytesIO()
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            made.writestr(name, source.read(name).replace(b"</sheetData>", far))
    assert "memory" in refused(out.getvalue())


# -- JSON -----------------------------------------------------------------------------------------
def test_json_is_read_as_a_list_as_the_list_of_an_object_and_line_by_line():
    listed = read('[{"a":1,"b":{"c":"x"}},{"a":null,"d":["p;q","r"],"e":true}]')
    assert listed[1] == ["a", "b.c", "d", "e"]
    assert listed[2] == [(1, ["1", "x", "", ""]), (2, ["", "", "p\\;q; r", "true"])]
    assert read('{"records": [{"a": 1.50}]}')[2] == [(1, ["1.50"])]
    assert read('{"a": 1}\n\n{"b": 2}\n')[2] == [(1, ["1", ""]), (3, ["", "2"])]


# -- values ---------------------------------------------------------------------------------------
def test_styles_of_dates_and_numbers_are_found_out():
    assert date_style(["3.1.2026", "31.12.2025", "30.2.2026"]) == "D.M.YYYY"
    assert date_style(["12/31/2025", "1/2/2026"]) == "M/D/YYYY"
    assert date_style(["31/12/2025"]) == "D/M/YYYY"
    assert date_style(["soon"]) is None
    assert [decimal_sign(t) for t in (["1.234,50"], ["1,234.50"], ["12.5"], ["3,5"])] == [
        ",", ".", None, ",",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sign", "plain"),
    [
        ("1.234.567,8", ",", "1234567.8"), ("€ 12,50", ",", "12.50"), ("1 234,5", ",", "1234.5"),
        ("1,234.50", ".", "1234.50"), ("12,5 %", ",", "12.5"), ("1.23,5", ",", "1.23,5"),
        ("-3", ",", "-3"), ("abc", ",", "abc"),
    ],
)  # fmt: skip
def test_a_number_is_read_by_its_sign_or_left_to_the_field_to_refuse(text, sign, plain):
    assert plain_number(text, sign) == plain

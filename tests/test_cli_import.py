"""`relatum records import`: what goes in, what is refused and where it is written."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from relatum.core import serve

from . import homes, pages
from .homes import Shell
from .instances import prepared

GOOD, BAD = "C1,5\nC2,7\n", "C3,many\nC4,9\n"


@prepared
def cases(instance):
    """An instance with cases, and two cities that they may point to."""
    instance.make_type("x_city", {"name": "name", "kind": "text", "unique": True})
    instance.make_type(
        "x_case",
        {"name": "code", "kind": "text", "required": True, "unique": True, "sortable": True},
        {"name": "size", "kind": "integer"},
        {"name": "city", "kind": "lookup", "settings": {"target": "x_city"}},
    )
    instance.create("x_city", {"name": "Rome"}, {"name": "Bonn"})


@pytest.fixture
def relatum(cases):
    return Shell(serve.environment(cases.config))


@pytest.fixture
def file(tmp_path):
    """Return a way to write a CSV file of cases."""

    def write(rows, name="cases.csv", head="code,size"):
        path = tmp_path / name
        path.write_text(f"{head}\n{rows}", encoding="utf-8")
        return str(path)

    return write


def codes(relatum):
    return [
        r["code"] for r in relatum.json("records", "list", "x_case", "--sort", "code")["records"]
    ]


def test_a_file_goes_in_by_the_names_of_its_columns(relatum, file):
    said = relatum.said("records", "import", "x_case", file(GOOD))
    assert said.endswith("cases.csv: 2 created, 0 updated, 0 unchanged; 0 refused.\n")
    assert codes(relatum) == ["C1", "C2"]


def test_by_a_key_the_same_file_again_changes_nothing(relatum, file):
    words = ("records", "import", "x_case", file(GOOD), "--key", "code")
    relatum.said(*words)
    report = relatum.json(*words)
    assert (report["unchanged"], report["created"], report["updated"]) == (2, 0, 0)


def test_a_refused_row_refuses_the_file_and_names_line_column_text_and_rule(relatum, file):
    done = relatum("records", "import", "x_case", file(BAD))
    assert done.exit_code == 3
    assert "line 2, column 'size': Must be a whole number; got 'many'.\n" in done.stdout
    assert "1 would be created" in done.stdout and "Nothing is written." in done.stdout
    assert done.stderr.startswith("Error import_refused: 1 of 2 rows of ")
    assert codes(relatum) == []


def test_the_nearest_match_of_a_text_is_named(relatum, file):
    done = relatum("records", "import", "x_case", file("C1,Rom\n", head="code,city"))
    assert "column 'city': No x_city has name 'Rom'. Did you mean 'Rome'?" in done.stdout


def test_partial_writes_the_others_and_still_ends_with_status_3(relatum, file):
    report = relatum.json("records", "import", "x_case", file(BAD), "--partial", status=3)
    assert (report["created"], report["refused"], report["written"]) == (1, 1, True)
    assert codes(relatum) == ["C4"]


def test_a_dry_run_writes_nothing(relatum, file):
    report = relatum.json("records", "import", "x_case", file(GOOD), "--dry-run")
    assert (report["created"], report["written"]) == (2, False)
    assert codes(relatum) == []


def test_refused_rows_are_written_as_they_stood_and_go_in_once_corrected(relatum, file, tmp_path):
    rejects = tmp_path / "rejects.csv"
    words = ("records", "import", "x_case", file(BAD), "--partial", "--rejects", str(rejects))
    relatum.said(*words, status=3)
    with rejects.open(encoding="utf-8-sig", newline="") as written:
        [row] = csv.DictReader(written)
    assert (row["_line"], row["code"], row["size"]) == ("2", "C3", "many")
    assert row["_problem"] == "size: Must be a whole number; got 'many'."
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("C3,many", "C3,8"))
    relatum.said("records", "import", "x_case", str(rejects))
    assert codes(relatum) == ["C3", "C4"]


def test_no_file_of_rejects_is_made_if_nothing_is_refused(relatum, file, tmp_path):
    rejects = tmp_path / "rejects.csv"
    relatum.said("records", "import", "x_case", file(GOOD), "--rejects", str(rejects))
    assert not rejects.exists()


def test_the_imported_file_is_never_overwritten_by_its_own_rejects(relatum, file):
    path = file(BAD)
    words = ("records", "import", "x_case", path, "--rejects", path)
    assert relatum.error(*words).startswith("file_unreadable: ")
    assert BAD in Path(path).read_text(encoding="utf-8")


def test_many_problems_are_shown_in_part_and_counted(relatum, file):
    done = relatum("records", "import", "x_case", file("".join(f"D{n},x\n" for n in range(30))))
    assert done.stdout.count("column 'size'") == 20
    assert "… and 10 more problems; --rejects FILE lists them." in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["x_cases", "cases.csv"], "type_unknown", "x_case"),
        (["x_case", "nowhere.csv"], "file_unreadable", "nowhere.csv"),
        (["x_case", "cases.csv", "--key", "size"], "key_unknown", "code"),
        (["x_case", "cases.csv", "--key", "sizes"], "field_unknown", "size"),
        (["x_case", "cases.csv", "--map", "nowhere.json"], "file_unreadable", "nowhere.json"),
        (["x_case", "cases.csv", "--map", "bad.json"], "map_invalid", "relatum_map"),
        (["x_case", "cases.csv", "--map", "field.json"], "field_unknown", "size"),
        (["x_case", "cases.csv", "--map", "column.json"], "column_missing", "sice"),
        (["x_case", "strange.csv"], "column_unknown", "colour"),
    ],
)
def test_what_is_wrong_as_a_whole_is_one_line(
    relatum, file, tmp_path, monkeypatch, words, code, named
):
    monkeypatch.chdir(tmp_path)
    file(GOOD)
    file("C1,red\n", name="strange.csv", head="code,colour")
    maps = {"bad": {}, "field": {"code": "sise"}, "column": {"sice": "size"}}
    for name, columns in maps.items():
        told = {"relatum_map": 1, "columns": columns} if columns else {}
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    line = relatum.error("records", "import", *words)
    assert line.startswith(f"{code}: ") and named in line
    assert codes(relatum) == []


@pytest.mark.slow
def test_every_command_of_the_page_on_maps_does_what_the_page_says(database, tmp_path):
    with homes.bare(database, tmp_path / "instance") as environment:
        port = serve.free_port(serve.LOOPBACK, 20_000 + os.getpid() % 10_000)
        known = pages.commands("import-maps")
        done = pages.run(known, tmp_path, environment, port)
    assert pages.unlike(known, done) == []
    listed = next(one.output for one in done if one.text.startswith("relatum records list"))
    assert listed.splitlines()[1].split() == [
        "4", "V1", "Hamburg", "2026-01-31", "Ada", "Lovelace", "yes", "repair", "120.50",
    ]  # fmt: skip

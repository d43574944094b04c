"""`relatum transfer`: what a file of another system is, what is missing for it, saved maps."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from relatum.core import serve

from .homes import Shell
from .instances import prepared

#: The preset of the instance.
PRESET = "sales"
FOLDER = Path(__file__).parent / "exports"
ACCOUNTS, CONTACTS = (str(FOLDER / f"salesforce_{name}.csv") for name in ("account", "contact"))


@prepared
def selling(instance):
    """An instance with the types of selling."""


@pytest.fixture
def relatum(selling):
    return Shell(serve.environment(selling.config))


def looked(relatum, *words):
    """Look into a file; return what it says for programs and for people."""
    done = relatum("transfer", "look", *words)
    assert done.exit_code == 0, done.output
    return orjson.loads(done.stdout), done.stderr


def test_look_says_what_a_file_is_and_adds_what_is_missing_if_asked(relatum):
    found, said = looked(relatum, "account", ACCOUNTS)
    assert "This looks like Salesforce: Accounts." in said
    assert "Missing for it (4): Salesforce ID, Fax, Account number, Ticker symbol." in said
    assert "--add-fields" in said
    assert found["offer"]["missing"]["plan"]["risk"] == "safe"
    found, said = looked(relatum, "account", ACCOUNTS, "--add-fields", "--further", "--yes")
    assert said.count("Applied:") == 2
    assert "Missing" not in said
    assert found["map"]["columns"]["Regions__c"] == {"field": "x_regions"}
    _, said = looked(relatum, "account", ACCOUNTS, "--add-fields")
    assert "Applied" not in said


def test_files_go_in_by_the_map_of_their_system_and_what_is_in_the_way_is_said(relatum):
    done = relatum("transfer", "import", "contact", CONTACTS)
    assert "None of the Companies that AccountId names is there." in done.stderr
    for type_name, file in (("account", ACCOUNTS), ("contact", CONTACTS)):
        looked(relatum, type_name, file, "--add-fields", "--yes")
    said = relatum.said("transfer", "import", "account", ACCOUNTS)
    assert "2 created, 0 updated, 0 unchanged; 0 refused. 1 left out." in said
    assert "3 created" in relatum.said("transfer", "import", "contact", CONTACTS)
    assert "3 unchanged" in relatum.said("transfer", "import", "contact", CONTACTS)


def test_a_file_of_another_type_is_told(relatum):
    _, said = looked(relatum, "contact", ACCOUNTS)
    assert "which are Companies and not People. Say account instead." in said


def test_maps_are_saved_listed_used_shown_and_forgotten(relatum, tmp_path):
    file, given = tmp_path / "fair.csv", tmp_path / "map.json"
    file.write_text("Who,Mail,Stand\nAda Byron,ada@example.org,7\n")
    given.write_text(
        '{"relatum_map": 1, "key": ["email"], '
        '"columns": {"Who": "name", "Mail": "email", "Hall": "department"}}'
    )
    relatum.said("transfer", "maps", "save", "contact", "Fair", str(given))
    assert "already saved" in relatum.error(
        "transfer", "maps", "save", "contact", "FAIR", str(given)
    )
    relatum.said("transfer", "maps", "save", "contact", "fair", str(given), "--replace")
    assert relatum.said("transfer", "maps", "list", "contact").startswith("fair  (3 columns, by ")
    assert relatum.json("transfer", "maps", "list", "contact")[0]["name"] == "fair"
    assert orjson.loads(relatum.said("transfer", "maps", "show", "contact", "Fair"))["key"]
    done = relatum("transfer", "import", "contact", str(file), "--saved", "FAIR")
    assert "1 created" in done.stdout
    assert "The file lacks columns of the map: Hall." in done.stderr
    assert "1 unchanged" in relatum.said(
        "transfer", "import", "contact", str(file), "--saved", "fair"
    )
    relatum.said("transfer", "maps", "delete", "contact", "fair")
    assert "No mapping" in relatum.error(
        "transfer", "import", "contact", str(file), "--saved", "fair"
    )
    both = ("--saved", "fair", "--map", str(given))
    assert "not both" in relatum.error("transfer", "import", "contact", str(file), *both, status=2)

"""Relatum with types of one's own alone: what a club needs, and no contact and no sale in sight.

Nearly the whole suite runs on an instance of the preset `bare`; this is one from its beginning.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from relatum.core.config import load
from relatum.core.dispatch import Application

from .desk import Browser
from .homes import Shell, bare
from .test_bundled import INIT

#: Members of a club with their boats, and races with the crews that took part.
CLUB: list[tuple[str, ...]] = [
    ("create", "x_member", "--label", "Member", "--title", "name",
     "--field", "name:person_name:required", "--field", "email:email:unique",
     "--field", "number:auto_number"),
    ("create", "x_boat", "--label", "Boat", "--field", "name:text:required,unique"),
    ("add-field", "x_boat", "owner_member", "lookup", "--target", "x_member",
     "--set", "inverse=boats", "--set", "on_delete=clear"),
    ("create", "x_race", "--label", "Race", "--field", "name:text:required", "--field", "day:date"),
    ("create", "x_start", "--label", "Start", "--title", "place", "--field", "place:integer"),
    ("add-field", "x_start", "race", "lookup", "--target", "x_race", "--required",
     "--set", "part=true", "--set", "inverse=starts"),
    ("add-field", "x_start", "boat", "lookup", "--target", "x_boat", "--set", "inverse=starts"),
]  # fmt: skip


@pytest.fixture
def shell(database, tmp_path):
    """Return a way to run commands on a new instance of the preset."""
    with bare(database, tmp_path / "home") as environment:
        shell = Shell(environment)
        shell.password = shell.json(*INIT, "--preset", "bare")["admin"]["password"]
        for words in CLUB:
            shell.said("entity-types", *words, "--yes")
        yield shell


def create(shell: Shell, name: str, *rows: dict[str, Any]) -> list[int]:
    made = shell.json("records", "create", name, "--file", "-", given=json.dumps(rows))
    return [each["id"] for each in made["results"]]


def fill(shell: Shell) -> list[int]:
    """Enter two members, their boats and a race; return the boats."""
    ada, ben = create(
        shell, "x_member",
        {"name": {"first": "Ada", "last": "Lovelace"}, "email": "ada@example.org"},
        {"name": {"first": "Ben", "last": "Ali"}},
    )  # fmt: skip
    boats = create(
        shell,
        "x_boat",
        {"name": "Petrel", "owner_member": ada},
        {"name": "Tern", "owner_member": ben},
    )
    starts = [{"boat": boats[1], "place": 1}, {"boat": boats[0], "place": 2}]
    create(shell, "x_race", {"name": "Spring", "day": "2026-04-01", "starts": starts})
    return boats


def test_a_club_enters_finds_and_groups_its_own_records(shell):
    fill(shell)
    won = shell.json(
        "records", "list", "x_start", "place=1", "--fields", "boat.owner_member.name.first"
    )
    assert won["records"][0]["boat.owner_member.name.first"] == "Ben"
    members = shell.json("records", "list", "x_member", "--sort", "id", "--fields", "number")
    assert [each["number"] for each in members["records"]] == ["1", "2"]
    assert shell.json("doctor")["findings"] == []


def test_there_is_no_type_but_its_own_and_those_of_people(shell):
    types = {each["name"] for each in shell.json("entity-types", "list")}
    assert types == {"user", "team", "x_member", "x_boat", "x_race", "x_start"}
    enabled = {p["id"] for p in shell.json("plugins", "list") if p["state"] == "enabled"}
    assert enabled == {"desk"}


def test_its_data_model_goes_to_another_club_as_a_file(shell, tmp_path):
    exported = shell.said("schema", "export")
    file = tmp_path / "club.json"
    file.write_text(exported, encoding="utf-8")
    with bare("sqlite", tmp_path / "other") as environment:
        other = Shell(environment)
        other.json(*INIT, "--preset", "bare")
        other.said("schema", "apply", str(file), "--yes")
        assert other.said("schema", "export") == exported


def test_it_has_pages_for_them(shell):
    fill(shell)
    application = Application(load(environ={k: v for k, v in shell.environment.items() if v}))
    try:
        browser = Browser(application)
        form = {"email": "you@example.org", "password": shell.password}
        assert browser.post("/sign-in", data=form).status_code == 303
        page = browser.get("/records/x_boat").text
        assert "Petrel" in page and "Ada Lovelace" in page
    finally:
        application.close()

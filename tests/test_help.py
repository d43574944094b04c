"""The help pages: all is there, links lead somewhere, and every command does what it says."""

from __future__ import annotations

import re
import shutil
import socket
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from relatum.core import errors, fields, types
from relatum.core import help as manual_pages
from relatum.core.api import manual
from relatum.core.config import SETTINGS
from relatum.core.errors import RelatumError

from . import commands_page, pages
from .homes import Shell, bare

#: Pages whose commands are run by the tests of what they are about.
ELSEWHERE = {"your-types-your-data", "import-maps"}
WITH_COMMANDS = [
    n for n in manual_pages.ORDER if n not in ELSEWHERE and "```sh" in manual_pages.text(n)
]
_LINK = re.compile(r"\]\((/[^)#]*)(?:#[^)]*)?\)")
INIT = (
    "init", "--currency", "EUR", "--timezone", "Europe/Berlin", "--admin-email", "you@example.org",
)  # fmt: skip


def test_every_file_is_a_page_and_every_page_has_a_title():
    files = {f.name for f in resources.files("relatum.core.help").iterdir()}
    assert {f"{name}.md" for name in manual_pages.ORDER} >= {f for f in files if f.endswith(".md")}
    assert all(manual_pages.titles().values())


def test_links_between_pages_lead_somewhere():
    known = {f"/help/{name}" for name in manual_pages.ORDER} | {"/api/docs", "/api/v1/openapi.json"}
    for name in manual_pages.ORDER:
        assert set(_LINK.findall(manual_pages.text(name))) <= known, name


def test_every_error_has_an_entry_that_its_address_leads_to():
    html = manual.read("errors").html
    for code, entry in errors.REGISTRY.items():
        assert f'id="{code}"' in html
        assert entry.title in manual_pages.text("errors")


def test_every_setting_is_documented_with_its_default():
    text = manual_pages.text("settings")
    for setting in SETTINGS:
        assert f"| `{setting.name}` |" in text


def test_every_field_type_its_settings_and_every_operator_are_documented():
    text = manual_pages.text("field-types")
    for kind, field_type in fields.FIELD_TYPES.items():
        section = text.split(f"## `{kind}`\n")[1].split("\n## ")[0]
        assert field_type.summary in section
        assert all(f"| `{name}` |" in section for name in field_type.SETTINGS)
    assert all(f"| `{name}` |" in text for name in types.OPERATORS)


def test_the_page_of_commands_is_what_the_commands_say():
    # If this fails: python tests/commands_page.py
    assert manual_pages.text("commands") == commands_page.page()


def test_every_command_says_what_it_does_with_an_example():
    for name, command in commands_page.commands():
        assert command.help or command.short_help, name
        if not hasattr(command, "commands"):
            assert "Example" in (command.help or ""), name


def test_an_unknown_page_names_the_nearest():
    with pytest.raises(RelatumError) as caught:
        manual_pages.text("list")
    assert "lists" in str(caught.value)


def run(name: str, folder: Path, database: str) -> None:
    """Run a page's commands, on an instance made before unless the page makes its own."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    with bare(database, folder / "instance") as environment:
        token = ""
        if "relatum init" not in manual_pages.text(name):
            shell = Shell(environment)
            shell.said(*INIT)
            words = ("tokens", "create", "page", "--user", "you@example.org", "--json")
            token = re.findall(r'"token": "([^"]+)"', shell.said(*words))[0]
        done = pages.run(name, folder, {**environment, "TOKEN": token}, port)
    wanted = [(command.text, command.status) for command in pages.commands(name)]
    found = [(each.text, each.status) for each in done]
    if shutil.which("curl") is None:
        wanted = [each for each in wanted if not each[0].startswith("curl")]
    assert found == wanted, [each for each in done if each.status]


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_the_commands_of_a_page_do_what_it_says(name, tmp_path):
    run(name, tmp_path, "sqlite")


@pytest.mark.parametrize("database", ["postgresql"])
def test_the_commands_of_operations_work_on_postgresql(database, tmp_path):
    run("operations", tmp_path, database)

"""The help pages: all is there, links lead somewhere, and every command does what it says."""

from __future__ import annotations

import re
import socket
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from relatum.core import errors, fields, types
from relatum.core import help as manual_pages
from relatum.core.api import manual
from relatum.core.commands.pages import for_terminal
from relatum.core.config import SETTINGS
from relatum.core.errors import RelatumError

from . import commands_page, pages
from .homes import Shell, bare

#: Pages whose commands are run by the tests of what they are about.
ELSEWHERE = {"your-types-your-data", "import-maps"}
WITH_COMMANDS = [
    n for n in manual_pages.titles() if n not in ELSEWHERE and "```sh" in manual_pages.text(n)
]
#: The pages of bundled plugins with commands, by plugin.
OF_PLUGINS = {
    page.parent.name: text
    for page in sorted(Path(manual_pages.__file__).parents[2].glob("plugins/*/help.md"))
    if "```sh" in (text := page.read_text(encoding="utf-8"))
}
#: The page of the fewest commands, each of which is a process that takes a second.
SHORT = "plugins"
_LINK = re.compile(r"\]\((/[^)]*)\)")
_ANCHOR = re.compile(r'<h\d id="([^"]+)"')
INIT = (
    "init", "--currency", "EUR", "--timezone", "Europe/Berlin", "--admin-email", "you@example.org",
)  # fmt: skip


def test_every_file_is_a_page_and_every_page_has_a_title():
    files = {f.name for f in resources.files("relatum.core.help").iterdir()}
    assert {f"{name}.md" for name in manual_pages.ORDER} >= {f for f in files if f.endswith(".md")}
    assert all(manual_pages.titles().values())


def test_a_long_page_begins_with_its_sections_and_a_short_one_does_not():
    sections = manual.read("commands").sections
    assert sections["relatum-records-list"] == "records list"
    assert 'id="relatum-records-list"' in manual.read("commands").html
    assert manual.read("start").sections == {}


def test_links_to_pages_are_commands_on_a_terminal():
    shown = for_terminal("See [Lists\nand groups](/help/lists#order), [docs](/api/docs).")
    assert shown == "See Lists\nand groups (`relatum help lists`), [docs](/api/docs)."


def test_names_in_a_sentence_may_break_between_their_words():
    assert "<code>sort_<wbr>cap</code>" in manual.read("lists").html
    assert "<code>_after</code>" in manual.read("lists").html


def test_links_between_pages_lead_somewhere():
    known = {"/api/docs", "/api/v1/openapi.json"}
    for name in manual_pages.titles():
        known.add(f"/help/{name}")
        known |= {f"/help/{name}#{anchor}" for anchor in _ANCHOR.findall(manual.read(name).html)}
    for name in manual_pages.titles():
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
        assert f"- Example: `{field_type.EXAMPLE}`." in section
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


def unlike(
    known: list[pages.Command], folder: Path, database: str, curl: str | None = None
) -> list[str]:
    """Run commands, on an instance made before unless they make their own."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    with bare(database, folder / "instance") as environment:
        if not any(command.text.startswith("relatum init") for command in known):
            Shell(environment).said(*INIT)
        return pages.unlike(known, pages.run(known, folder, environment, port, curl=curl))


@pytest.mark.parametrize(
    "name", [n if n == SHORT else pytest.param(n, marks=pytest.mark.slow) for n in WITH_COMMANDS]
)
def test_the_commands_of_a_page_do_what_it_says(name, tmp_path):
    assert unlike(pages.commands(name), tmp_path, "sqlite") == []


@pytest.mark.slow
@pytest.mark.parametrize("plugin", OF_PLUGINS)
def test_the_commands_of_a_page_of_a_plugin_do_what_it_says(plugin, tmp_path):
    assert unlike(pages.commands_in(OF_PLUGINS[plugin]), tmp_path, "sqlite") == []


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"])
def test_the_commands_of_operations_work_on_postgresql(database, tmp_path):
    assert unlike(pages.commands("operations"), tmp_path, database) == []


@pytest.mark.slow
def test_the_pages_can_be_tried_without_curl(tmp_path):
    assert unlike(pages.commands("http"), tmp_path, "sqlite", str(pages.CURL)) == []


def test_a_page_that_shows_another_answer_is_found():
    known = pages.commands_in('```sh\nrelatum doctor\n```\n```json answer\n{"a": ["…"]}\n```\n')
    for output, alike in (('{"a": [1]}', True), ('{"a": []}', False), ('{"b": [1]}', False)):
        done = [pages.Done(known[0].text, output, 0)]
        assert (pages.unlike(known, done) == []) == alike

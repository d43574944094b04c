"""The command `relatum` as a whole: help, exit statuses, one line for whatever goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from relatum import cli
from relatum.core import records, serve

from .homes import Shell

COMMAND = str(Path(sys.executable).with_name("relatum"))
#: Commands that print no data: they serve, show pages, or write text to a file.
NO_JSON = {"serve", "demo", "help", "schema export", "worker"}


def commands(
    group: click.Group = cli.main, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its words, groups left out."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))
        else:
            yield " ".join((*path, name)), found


ALL = dict(commands())


@pytest.fixture
def relatum(config):
    return Shell(serve.environment(config))


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_help_with_an_example_of_itself(name):
    said = Shell({}).said(*name.split(), "--help")
    examples = [line.strip() for line in said.partition("Example")[2].splitlines()[1:]]
    assert any(line.startswith("relatum") and name in line for line in examples), said


@pytest.mark.parametrize("name", sorted(set(ALL) - NO_JSON))
def test_every_command_that_prints_data_prints_json_too(name):
    assert any("--json" in option.opts for option in ALL[name].params)


@pytest.mark.parametrize("name", ALL)
def test_every_option_says_what_it_is_for(name):
    options = [p for p in ALL[name].params if isinstance(p, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_the_list_of_commands_needs_none_of_them(monkeypatch):
    for name in ("records", "users"):
        monkeypatch.setitem(sys.modules, f"relatum.core.commands.{name}", None)
    assert "records" in Shell({}).said("--help")


@pytest.mark.parametrize(
    "words",
    [
        ["recrods"],
        ["records", "lst"],
        ["users", "list", "--colour"],
        ["--home"],
        ["records", "get"],
    ],
)
def test_what_is_not_a_command_ends_with_status_2_and_where_to_look(words):
    line = Shell({}).error(*words, status=2)
    assert line.startswith("usage: ") and line.endswith("--help")


def test_what_nobody_foresaw_is_one_line_and_the_log_has_the_rest(relatum, config, monkeypatch):
    monkeypatch.setattr(records, "get", lambda *_, **__: 1 / 0)
    line = relatum.error("records", "get", "user", "1")
    assert line.startswith("crashed: ") and str(config.home / "errors.log") in line
    log = (config.home / "errors.log").read_text()
    assert "ZeroDivisionError" in log and "relatum records\n" in log


def test_a_reader_that_has_enough_is_no_error(config):
    # head closes the pipe after one line.
    done = subprocess.run(
        f"'{COMMAND}' entity-types list | head -n 1",
        shell=True,
        env=os.environ | serve.environment(config),
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("name")


def test_the_command_and_the_module_are_the_same():
    for command in ([COMMAND], [sys.executable, "-m", "relatum.cli"]):
        done = subprocess.run(
            [*command, "users", "lst"], check=False, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert done.stderr.startswith("Error usage: ")

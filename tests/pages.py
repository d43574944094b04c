"""Run the commands of a text in Markdown as they stand, in one shell, and look at its answers.

A block of `sh` holds commands; "sh exit=3" promises that status for its last one. A block of
"json answer" after it is what that last command prints, where "…" stands for anything.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from relatum.core import help as help_pages

from . import nursery

#: The program that stands in for curl on a machine without it.
CURL = Path(__file__).with_name("curl.py")
_BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEREDOC = re.compile(r"<<'(\w+)'")
_MARK = re.compile(r"@@(\d+)@@\n")
#: Programs that a text speaks of and a test can't run: they install, or run this very test.
_NOT_RUN = ("make", "pip")
#: Serves in the background, as a reader's other terminal does, and goes on once it answers.
_SERVE = """relatum serve --port {port} &
SERVING=$!
trap 'kill $SERVING' EXIT
curl --silent --retry 60 --retry-delay 1 --retry-connrefused http://127.0.0.1:{port}/api/v1/health
"""


class Command(NamedTuple):
    """A command of a text, the exit status that it promises, and the answer that it shows."""

    text: str
    status: int = 0
    answer: Any = None


class Done(NamedTuple):
    """A command that was run: what it printed on both channels, and its exit status."""

    text: str
    output: str
    status: int


def commands(page: str) -> list[Command]:
    """Return the commands of a help page, in order."""
    return commands_in(help_pages.text(page))


def commands_in(text: str) -> list[Command]:
    """Return the commands of a text, in order."""
    found: list[Command] = []
    for about, block in _BLOCK.findall(text):
        language, _, more = about.partition(" ")
        if language == "sh":
            found += [Command(command) for command in _parted(block)]
            found[-1] = found[-1]._replace(status=int(more.removeprefix("exit=") or 0))
        elif about == "json answer":
            found[-1] = found[-1]._replace(answer=orjson.loads(block))
    return [command for command in found if command.text.split()[0] not in _NOT_RUN]


def _parted(block: str) -> list[str]:
    """Part a block into commands: lines that go on with a backslash, or up to the end of a text."""
    found: list[str] = []
    waiting, end = "", ""
    for line in block.splitlines():
        waiting += f"{line}\n"
        opened = _HEREDOC.search(line)
        if opened and not end:
            end = opened[1]
        elif end:
            end = "" if line == end else end
        if not end and not line.endswith("\\") and waiting.strip():
            found.append(waiting)
            waiting = ""
    return found


def run(
    known: list[Command],
    folder: Path,
    environment: dict[str, str],
    port: int,
    *,
    curl: str | None = None,
) -> list[Done]:
    """Run commands in a folder; their server listens at `port` instead of 8000.

    `curl` is the program to use for it: the machine's, or else the test suite's own.
    """
    programs = folder / "programs"
    programs.mkdir()
    program = curl or shutil.which("curl") or str(CURL)
    if program == str(CURL):
        program = f'{sys.executable}" "{program}'
    (programs / "curl").write_text(f'#!/bin/sh\nexec "{program}" "$@"\n', encoding="utf-8")
    (programs / "curl").chmod(0o755)
    script = "".join(f"{_runnable(command.text)}echo '@@'$?'@@'\n" for command in known)
    folders = [programs, *(Path(each).parent for each in (nursery.command(), sys.executable))]
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-s"],
        input=script.replace("8000", str(port)),
        cwd=folder,
        env={**os.environ, **environment, "PATH": path},
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    parts = _MARK.split(done.stdout)
    return [
        Done(command.text, output, int(status))
        for command, output, status in zip(known, parts[::2], parts[1::2], strict=False)
    ]


def _runnable(text: str) -> str:
    return _SERVE.format(port=8000) if text == "relatum serve\n" else text


def unlike(known: list[Command], done: list[Done]) -> list[str]:
    """Return what is not as the text says: a sentence per command."""
    found = [
        f"{each.text}ends with {each.status}, not {command.status}: {each.output}"
        for command, each in zip(known, done, strict=False)
        if each.status != command.status
    ]
    found += [
        f"{each.text}answers {each.output}, not {command.answer}"
        for command, each in zip(known, done, strict=False)
        if command.answer is not None and not shows(command.answer, _answer(each.output))
    ]
    if len(done) < len(known):
        found.append(f"{known[len(done)].text}does not end")
    return found


def _answer(output: str) -> Any:
    """Return the JSON at the end of an output, after headers and the words of a server."""
    start = re.search(r"^[\[{]", output, re.MULTILINE)
    return None if start is None else orjson.loads(output[start.start() :])


def shows(shown: Any, found: Any) -> bool:
    """Say whether an answer is as it is shown; it may hold more than that."""
    if shown == "…":
        return True
    if isinstance(shown, dict) and isinstance(found, dict):
        return all(name in found and shows(value, found[name]) for name, value in shown.items())
    if isinstance(shown, list) and isinstance(found, list):
        return len(shown) == len(found) and all(map(shows, shown, found))
    return bool(shown == found)

"""Run the commands of a help page as they stand, in one shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```(\w*)(?: exit=(\d))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEREDOC = re.compile(r"<<'(\w+)'")


class Command(NamedTuple):
    """A command of a page and the exit status that the page promises."""

    text: str
    status: int


class Done(NamedTuple):
    """A command that was run: what it printed on both channels, and its exit status."""

    text: str
    output: str
    status: int


def commands(page: str) -> list[Command]:
    """Return the commands in the `sh` blocks of a page, in order.

    A block that begins with "sh exit=3" promises that status for its last command.
    """
    text = resources.files("relatum.core.help").joinpath(f"{page}.md").read_text(encoding="utf-8")
    found = []
    for language, status, block in _BLOCK.findall(text):
        if language == "sh":
            *first, last = _parted(block)
            found += [Command(command, 0) for command in first]
            found.append(Command(last, int(status or 0)))
    return found


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


def run(page: str, folder: Path, environment: dict[str, str], port: int) -> list[Done]:
    """Run a page's commands in a folder; its server listens at `port` instead of 8000."""
    known = commands(page)
    if shutil.which("curl") is None:
        known = [command for command in known if not command.text.startswith("curl")]
    script = "".join(f"{command.text}echo '@@'$?'@@'\n" for command in known)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
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
    parts = re.split(r"@@(\d+)@@\n", done.stdout)
    return [
        Done(command.text, output, int(status))
        for command, output, status in zip(known, parts[::2], parts[1::2], strict=False)
    ]

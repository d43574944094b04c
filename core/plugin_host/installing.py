"""Bring a plugin's package into this environment by the installer that it has, pip or uv.

Only wheels, since building one would run its code; and nothing that Relatum itself stands on may
change, so that what was tested together stays together. Where that can't be done here, the
refusal names the command that does it elsewhere.
"""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any, Final, NamedTuple

from marshmallow import Schema, fields
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .. import access, audit, db, jobs
from ..actor import Actor
from ..errors import RelatumError
from ..jobs import Chunk, Kind, Step
from .discovery import discover

#: Seconds after which an installer that hangs is given up.
_PATIENCE: Final = 600
#: Lines of what an installer said that an error repeats.
_LINES: Final = 5
_PACKAGE: Final = "relatum"
#: A line by which pip or uv says that it would install something.
_WOULD: Final = re.compile(
    r"^(?:Would install|Successfully installed) (.+)$|^ ?\+ (\S+)$", re.MULTILINE
)


class Installed(NamedTuple):
    """What an installer did, or would do: its command, packages, and plugins that are new."""

    command: str
    packages: tuple[str, ...]
    plugins: tuple[str, ...]


def install(requirement: str, *, actor: Actor, dry_run: bool = False) -> Installed:
    """Install a package by name and range, or a wheel at a path; in no transaction.

    `dry_run` only says what would come. Raises `forbidden`, `install_refused` for what is no
    requirement, and `install_failed` with the command that was, or would have been, run.
    """
    access.require(actor, "customise", "plugins")
    wanted = _checked(requirement)
    before = set(discover(None))
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "constraints.txt"
        pins.write_text("".join(f"{line}\n" for line in constraints()), encoding="utf-8")
        command = _command(wanted, pins, dry_run=dry_run)
        said = _run(command, shown := shlex.join(_command(wanted, Path("constraints.txt"))))
    importlib.invalidate_caches()
    packages = tuple(
        sorted(word for found in _WOULD.finditer(said) for word in (found[1] or found[2]).split())
    )
    new = () if dry_run else tuple(sorted(set(discover(None)) - before))
    return Installed(shown, packages, new)


def note_installed(done: Installed, *, actor: Actor) -> None:
    """Note in the audit log what was installed, in the open writing transaction."""
    audit.note(
        "plugin_installed", "plugins", actor=actor,
        after={"command": done.command, "plugins": list(done.plugins)},
    )  # fmt: skip


class _InstallArguments(Schema):
    """The package to install."""

    requirement = fields.String(required=True)


def installs_from_the_web() -> bool:
    """Say whether the instance lets administrators install packages from the web."""
    return bool(db.settings().plugin_install)


def _allowed(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Refuse unless the instance lets the web install packages."""
    if not installs_from_the_web():
        raise RelatumError("install_off")
    return {**arguments, "requirement": _checked(arguments["requirement"])}


def _prepare(chunk: Chunk) -> Installed:
    return install(chunk.arguments["requirement"], actor=chunk.actor)


def _finish(chunk: Chunk) -> Step:
    done: Installed = chunk.prepared
    note_installed(done, actor=chunk.actor)
    for package in done.packages:
        chunk.log(package)
    return chunk.finish(done._asdict())


#: Installing from the web is a job: it takes longer than a request may, and outlives it.
INSTALL: Final = jobs.register(
    Kind(
        name="install_plugin", title="Install a package of plugins", run=_finish,
        prepare=_prepare, arguments=_InstallArguments, check=_allowed, permission="customise",
        attempts=1, limit=1,
    )
)  # fmt: skip


def _checked(requirement: str) -> str:
    """Return a requirement that is no option and no address; raise `install_refused`."""
    path = Path(requirement)
    if requirement.endswith(".whl"):
        if not path.is_file():
            raise RelatumError("install_refused", what=requirement[:200], reason="no such wheel")
        return str(path.resolve())
    try:
        parsed = Requirement(requirement)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise RelatumError("install_refused", what=requirement[:200], reason=reason) from None
    if parsed.url is not None:
        reason = "name a package or a wheel on this machine, no address"
        raise RelatumError("install_refused", what=requirement[:200], reason=reason)
    if canonicalize_name(parsed.name) == _PACKAGE:
        reason = "relatum is upgraded by itself: see relatum help operations"
        raise RelatumError("install_refused", what=requirement[:200], reason=reason)
    return str(parsed)


def constraints() -> list[str]:
    """Return a pin for all that Relatum stands on here: `name==version`."""
    seen: dict[str, str] = {}
    waiting = [_PACKAGE]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # an extra that is not installed
        seen[name] = found.version
        waiting += _requires(found)
    return sorted(f"{name}=={version}" for name, version in seen.items())


def _requires(found: Distribution) -> Iterator[str]:
    for line in found.requires or ():
        requirement = Requirement(line)
        extras = ("", *requirement.extras)
        if requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in extras
        ):
            yield requirement.name


def _command(wanted: str, pins: Path, *, dry_run: bool = False) -> list[str]:
    uv = shutil.which("uv")
    if not _has_pip() and uv is not None:
        begin = [uv, "pip", "install", "--python", sys.executable, "--no-build"]
    else:
        begin = [sys.executable, "-m", "pip", "install", "--only-binary=:all:", "--no-input"]
    dry = ["--dry-run"] if dry_run else []
    return [*begin, *dry, "--upgrade", "--constraint", str(pins), wanted]


def _has_pip() -> bool:
    """Say whether pip is here; who looks for its module is taken for a run of pip by setuptools."""
    return any(distributions(name="pip"))


def _run(command: Sequence[str], shown: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # the installer; its only free word was checked
            command, capture_output=True, text=True, timeout=_PATIENCE, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RelatumError("install_failed", reason=str(error), command=shown) from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        reason = " ".join(lines[-_LINES:]) or f"exit {done.returncode}"
        raise RelatumError("install_failed", reason=reason, command=shown)
    return f"{done.stdout}\n{done.stderr}"

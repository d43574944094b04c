"""The first five minutes of somebody who writes a plugin, as a script on a real server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from .homes import Shell, bare
from .workers import until

COMMAND = Path(sys.executable).with_name("relatum")
VIEW = '''

pages = Blueprint("pages", __name__)


@pages.get("/hello")
@requires(public=True)
def hello() -> str:
    """Greet."""
    return WORD


@hookimpl
def relatum_routes() -> Routes:
    """Bring the page."""
    return Routes(pages=pages)
'''


def asked(address: str) -> str:
    """Return what an address answers, whatever its status."""
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


@contextmanager
def developing(environment, folder):
    """Run `relatum serve --dev` for plugins in a folder, and give its address."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    words = [str(COMMAND), "serve", "--dev", "--port", str(port), "--plugins-dir", str(folder)]
    given = {n: v for n, v in os.environ.items() if not n.startswith("RELATUM_")} | environment
    server = subprocess.Popen(words, env=given, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert "Relatum serves" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=30)


@pytest.mark.slow
def test_from_nothing_to_a_plugin_that_is_checked(tmp_path):
    with bare("sqlite", tmp_path / "home") as environment:
        folder = tmp_path / "work"
        environment["RELATUM_PLUGINS_DIR"] = str(folder)
        shell = Shell(environment)
        shell.said(
            "init", "--currency", "EUR", "--timezone", "UTC", "--language", "en",
            "--admin-email", "dev@example.org", "--preset", "bare",
        )  # fmt: skip
        # A package from the template, served while it is written.
        project = folder / "loyalty"
        folder.mkdir()
        shell.said("plugins", "new", "loyalty", "--entity", "card", "--folder", str(project))
        module = project / "relatum_loyalty"
        (folder / "relatum_loyalty").symlink_to(module)
        with developing(environment, folder) as address:
            shell.said("plugins", "enable", "loyalty", "--yes")
            main = module / "__init__.py"
            good = main.read_text(encoding="utf-8")
            page = good.replace("WriteBatch, hookimpl", "Routes, WriteBatch, hookimpl, requires")
            flask = "\nfrom flask import Blueprint\n\nfrom relatum import"
            page = page.replace("\nfrom relatum import", flask)
            page = page.replace("license=", 'capabilities=["public"],\n    license=')
            main.write_text(page + VIEW.replace("WORD", '"Good morning"'), encoding="utf-8")
            shell.said("plugins", "manifest", str(module))
            shell.said("plugins", "enable", "loyalty", "--yes")
            hello = f"{address}/x/loyalty/hello"
            until(lambda: asked(hello) == "Good morning", seconds=30)
            # Broken on purpose: it is named, with where.
            main.write_text(page + VIEW.replace("WORD", "good_morning"), encoding="utf-8")
            until(lambda: "good_morning" in asked(hello), seconds=30)
            told = asked(hello)
            assert "NameError" in told and "loyalty" in told
            # Mended: it is there again, by itself.
            main.write_text(page + VIEW.replace("WORD", '"Good evening"'), encoding="utf-8")
            until(lambda: asked(hello) == "Good evening", seconds=30)
        shell.said("plugins", "check", str(project))
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("RELATUM_", "PYTEST_"))}
    # Installed it goes by its id; here its folder does.
    lines = [f"--override-ini=relatum_{n}=relatum_loyalty" for n in ("plugin", "conformance")]
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *lines, "."]
    done = subprocess.run(
        tests, cwd=project, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]

"""The trial of `relatum plugins check`: what running a plugin shows that reading it does not."""

from __future__ import annotations

import pytest

from relatum.core import plugin_check, plugin_host
from relatum.core.trial import Trial

from . import bundled
from .check_snippets import HEAD, MANIFEST, saying
from .plugged import LOYALTY

_VIEW = """from flask import Blueprint
from relatum import Permission, Routes, requires
p = Blueprint('p', __name__)
@hookimpl
def relatum_routes(): return Routes(pages=p)
@hookimpl
def relatum_permissions(): return [Permission('loyalty.see', 'See')]
"""
_PUBLIC = "capabilities=['public']"
_FIELDS = "[{'name': 'name', 'kind': 'text'}]"
_TYPE = f"{{'types': [{{'name': 'loyalty_card', 'label': LABEL, 'fields': {_FIELDS}}}]}}"


@pytest.fixture
def tried(blank):
    """Return a way to try a plugin in this process; what is shown is (rule, line, message)."""

    def run(text, files=()):
        config = blank("sqlite")
        text = text if "plugin = " in text else HEAD.format(more="") + text
        place = config.home / "plugins" / ("loyalty" if files else "loyalty.py")
        main = place / "__init__.py" if files else place
        for path, content in {main: text, **{place / n: t for n, t in dict(files).items()}}.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        found = Trial(config, "loyalty", place).run()
        return [(each.rule, each.line, each.message) for each in found]

    return run


@pytest.mark.parametrize("plugin_id", bundled.IDS)
def test_bundled_plugins_do_well(plugin_id, blank):
    place = plugin_host.discover(None)[plugin_id].path
    assert Trial(blank("sqlite"), plugin_id, place).run() == []


def test_a_plugin_of_one_instance_finds_the_types_of_its_administrator(tried):
    assert "x_company" in LOYALTY
    assert tried(LOYALTY) == []


def test_settings_that_a_plugin_needs_are_given_to_it(tried):
    text = (
        "from marshmallow import Schema, fields, validate\n"
        "class Settings(Schema):\n"
        "    key = fields.String(required=True, metadata={'label': 'Key'})\n"
        "    mails = fields.List(fields.Email(), required=True, metadata={'label': 'To'})\n"
        "    mode = fields.String(required=True, validate=validate.OneOf(['a', 'b']),\n"
        "                         metadata={'label': 'Mode'})\n"
        "@hookimpl\ndef relatum_settings(): return Settings\n"
    )
    assert tried(text) == []


@pytest.mark.parametrize(
    ("text", "rule", "line", "said"),
    [
        ("import nothing_of_that_name", "RLT008", 3, "No module named"),
        ("\n\nraise SystemExit('no')", "RLT008", 5, "SystemExit: no"),
        ("@hookimpl\ndef relatum_jobs():\n    return 1 / 0", "RLT008", 5, "division by zero"),
        (saying("requires={'points': ''}")["loyalty.py"], "RLT008", 0, "requires points"),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=[.2]).start()",
         "RLT027", 4, "It starts a thread"),
        (f"import time\n@hookimpl\ndef relatum_declare():\n    LABEL = str(time.time())\n"
         f"    return {_TYPE}", "RLT009", 0, "Enabled once more"),
        ("from relatum import Permission\nseen = []\n@hookimpl\ndef relatum_permissions():\n"
         "    seen.append(1)\n    return [Permission(f'loyalty.p{len(seen)}', 'P')]",
         "RLT009", 0, "second build"),
        (saying(_PUBLIC, _VIEW + "@p.get('/a/<int:n>')\n@requires(public=True)\n"
         "def a(n): return 1 / 0")["loyalty.py"], "RLT024", 0, "GET /x/loyalty/a/<int:n> ans"),
        (_VIEW + "from relatum import RelatumError\n@p.errorhandler(RelatumError)\n"
         "def all_is_well(error): return 'secret'\n@p.post('/a')\n@requires('loyalty.see')\n"
         "def a(): return ''", "RLT024", 0, "answers 200 to somebody who is not signed in"),
    ],
    ids=lambda value: value if str(value).startswith("RLT") else "",
)  # fmt: skip
def test_what_only_shows_when_it_runs_is_found(tried, text, rule, line, said):
    [(found, at, message)] = tried(text)
    assert (found, at) == (rule, line), message
    assert said in message
    assert message.endswith(".")


def test_a_manifest_that_lists_other_things_than_the_plugin_brings_is_found(tried):
    found = tried("", {"plugin.json": MANIFEST % ("Loyalty", "loyalty_card")})
    assert found[0][0] == "RLT003"
    assert "lists ['loyalty_card'] as types, the plugin brings []" in found[0][2]


NASTY = """
import os, socket, subprocess
from pathlib import Path
Path("made").write_text("x", encoding="utf-8")
os.environ["LOYALTY"] = "1"
subprocess.Popen(["sleep", "600"])
socket.socket().bind(("127.0.0.1", 0))
if os.environ.get("PYTHONHASHSEED"):
    print("noise on standard output")
"""


@pytest.mark.slow
def test_what_the_import_does_is_seen_in_a_process_of_its_own(tmp_path):
    # 6 s: two processes.
    file = tmp_path / "loyalty.py"
    file.write_text(HEAD.format(more=", capabilities=['network', 'files', 'processes']") + NASTY)
    report = plugin_check.check(file)
    seen = {each.line for each in report.findings if each.rule == "RLT027"}
    assert (report.tried, seen >= {6, 7, 8, 9}) == (True, True), report.findings
    assert not (tmp_path / "made").exists()
    file.write_text(HEAD.format(more="") + "import os\nos._exit(7)\n")
    report = plugin_check.check(file)
    assert [(each.rule, each.message[:34]) for each in report.findings] == [
        ("RLT010", "The process ended with status 7."),
    ]  # fmt: skip

"""`relatum plugins check`: what it finds in code, what it lets pass, and how it says so."""

from __future__ import annotations

import re
import zipfile

import orjson
import pytest

from relatum.core import help as manual
from relatum.core import plugin_check
from relatum.core.errors import RelatumError
from relatum.core.plugin_check import RULES

from . import bundled
from .check_snippets import HEAD, MANIFEST, SNIPPETS, packed
from .homes import Shell
from .plugged import SOURCES


def written(folder, snippet):
    """Write a snippet, and return the path that is checked."""
    if isinstance(snippet, str):
        snippet = {"loyalty.py": HEAD.format(more="") + snippet}
    for name, text in snippet.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if "pyproject.toml" in snippet:
        return folder
    main = next(n for n in snippet if n.endswith("/__init__.py") or "/" not in n)
    return folder / main.removesuffix("/__init__.py")


def found(folder, snippet):
    """Return the ids of the rules that find something in a snippet, which is only read."""
    report = plugin_check.check(written(folder, snippet), static=True)
    return {each.rule for each in report.findings}


# -- the rules --------------------------------------------------------------------------------
def test_every_rule_of_the_code_has_its_snippets():
    assert {rule.id for rule in RULES.values() if rule.look is not None} == set(SNIPPETS)
    assert all(bad and good for bad, good in SNIPPETS.values())


@pytest.mark.parametrize("rule", SNIPPETS)
def test_a_rule_finds_what_it_is_about_and_nothing_else(rule, tmp_path):
    for kind, snippets in zip(("bad", "good"), SNIPPETS[rule], strict=True):
        for number, snippet in enumerate(snippets):
            rules = found(tmp_path / kind / str(number), snippet)
            assert (rule in rules) == (kind == "bad"), (snippet, rules)


@pytest.mark.parametrize(
    "path",
    [*(bundled.FOLDER / plugin_id for plugin_id in bundled.IDS), *sorted(SOURCES.glob("*.py"))],
    ids=lambda path: path.stem,
)
def test_plugins_that_are_known_to_be_good_are_clean(path):
    assert plugin_check.check(path, static=True).findings == ()


def test_a_finding_has_the_line_and_the_nearest_name(tmp_path):
    path = written(tmp_path, "\n@hookimpl\ndef relatum_befor_write(batch): ...")
    [each] = plugin_check.check(path, static=True).findings
    assert (each.path, each.line) == ("loyalty.py", 4)
    assert "Did you mean 'relatum_before_write'?" in each.message


def test_every_rule_is_in_the_help_with_its_reason_and_fix():
    text = manual.text("checking-plugins")
    for rule in RULES.values():
        assert f"### `{rule.id}` {rule.title}\n\n{rule.why} {rule.fix}" in text
        assert re.fullmatch(r"RLT\d{3}", rule.id) and rule.level in ("error", "warning")
        assert rule.why.endswith(".") and rule.fix.endswith("."), rule.id
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


# -- allowing ---------------------------------------------------------------------------------
ALLOWED = "from relatum import records\n{}import httpx{}\n"


@pytest.mark.parametrize(
    ("comment", "stands"),
    [
        ("  # relatum: allow RLT028 a proxy is set up by the machine", False),
        ("  # relatum: allow RLT014, RLT028: two reasons", False),
        ("  # relatum: allow RLT028", True),
        ("  # relatum: allow RLT014 the wrong rule", True),
    ],
)
def test_a_line_allows_itself_a_rule_by_a_reason(tmp_path, comment, stands):
    path = written(tmp_path, f"import httpx{comment}\n")
    report = plugin_check.check(path, static=True)
    assert bool(report.findings) == stands
    assert bool(report.silenced) != stands
    if comment.endswith("RLT028"):
        assert "allowed without a reason" in report.findings[0].message


def test_a_template_allows_itself_a_rule_too(tmp_path):
    path = written(tmp_path, {
        "loyalty/__init__.py": HEAD.format(more=""), "loyalty/help.md": "# Loyalty",
        "loyalty/templates/a.html": "{{ x|safe }}{# relatum: allow RLT023 made by nh3 #}",
    })  # fmt: skip
    report = plugin_check.check(path, static=True)
    assert report.findings == ()
    assert [each.reason for each in report.silenced] == ["made by nh3"]


# -- what is checked --------------------------------------------------------------------------
def wheel(folder, **changed):
    """Write a wheel, and return its path."""
    path = folder / "relatum_loyalty-1.0.0-py3-none-any.whl"
    files = {
        "relatum_loyalty/__init__.py": HEAD.format(more=""),
        "relatum_loyalty/plugin.json": MANIFEST % ("Loyalty", "loyalty_card"),
        "relatum_loyalty/help.md": "# Loyalty",
        "relatum_loyalty-1.0.0.dist-info/METADATA":
            "Metadata-Version: 2.4\nName: relatum-loyalty\nVersion: 1.0.0\n"
            "License-Expression: MIT\nRequires-Dist: relatum>=0.1\n",
        "relatum_loyalty-1.0.0.dist-info/entry_points.txt":
            "[relatum.plugins]\nloyalty = relatum_loyalty\n",
        **changed,
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_a_wheel_is_held_against_its_metadata(tmp_path):
    report = plugin_check.check(wheel(tmp_path), static=True)
    assert (report.plugin, report.version, report.findings) == ("loyalty", "1.0.0", ())
    name = "relatum_loyalty-1.0.0.dist-info/METADATA"
    changed = {name: "Name: relatum-loyalty\nVersion: 2.0\nRequires-Dist: click == 8.1.7\n"}
    report = plugin_check.check(wheel(tmp_path, **changed), static=True)
    assert [(e.rule, e.path, e.line) for e in report.findings] == [
        ("RLT005", name, 0), ("RLT005", name, 2), ("RLT006", name, 3),
    ]  # fmt: skip


def test_a_project_in_setup_cfg_is_read_as_one_in_pyproject(tmp_path):
    files = packed(**{"setup.cfg": (
        "[metadata]\nname = relatum-loyalty\nversion = 1.0.1\nlicense = MIT\n[options]\n"
        "install_requires =\n    relatum\n[options.entry_points]\nrelatum.plugins =\n"
        "    loyalty = relatum_loyalty\n"
    )}, **{"pyproject.toml": "[build-system]\nrequires = []\n",
           "relatum_loyalty/help.md": "# Loyalty"})  # fmt: skip
    [each] = plugin_check.check(written(tmp_path, files), static=True).findings
    assert (each.rule, each.path, each.line) == ("RLT005", "setup.cfg", 3)


@pytest.mark.parametrize("name", ["empty", "not.whl", "notes.txt"])
def test_what_is_no_plugin_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_text("?") if "." in name else path.mkdir()
    with pytest.raises(RelatumError) as refusal:
        plugin_check.check(path, static=True)
    assert refusal.value.code == "check_unreadable"


def test_reading_runs_nothing(tmp_path):
    path = written(tmp_path, f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()")
    plugin_check.check(path, static=True)
    assert not (tmp_path / "ran").exists()


# -- the command ------------------------------------------------------------------------------
def test_the_command_ends_with_the_status_of_its_findings(tmp_path):
    shell = Shell({})
    good = written(tmp_path / "good", "x = 1")
    assert shell.said("plugins", "check", str(good), "--static") == (
        "loyalty 1.0.0, read: nothing is wrong.\n"
    )
    warned = written(tmp_path / "warned", SNIPPETS["RLT019"][0][0])
    shell.said("plugins", "check", str(warned), "--static")
    shell.said("plugins", "check", str(warned), "--static", "--strict", status=1)
    bad = written(tmp_path / "bad", "import httpx")
    said = shell.said("plugins", "check", str(bad), "--static", status=1)
    assert "loyalty.py:3: error RLT028 capability-unsaid: import of httpx" in said
    assert "loyalty 1.0.0, read: 1 error." in said
    document = shell.json("plugins", "check", str(bad), "--static", status=1)
    assert (document["errors"], document["warnings"], document["tried"]) == (1, 0, False)
    [each] = document["findings"]
    assert (each["rule"], each["line"]) == ("RLT028", 3)
    assert each["help"] == "/help/checking-plugins#rlt028"
    assert shell.error("plugins", "check", str(tmp_path), "--static").startswith("check_unread")


def test_sarif_has_what_its_schema_demands(tmp_path):
    code = "import httpx\nimport subprocess  # relatum: allow RLT028 it prints labels\n"
    path = written(tmp_path, {"loyalty.py": HEAD.format(more="") + code})
    path.write_text(path.read_text() + "def f(): open('x', 'w')\nfrom relatum.core import db\n")
    said = Shell({}).said("plugins", "check", str(path), "--static", "--sarif", status=1)
    document = orjson.loads(said)
    assert (document["version"], document["$schema"].startswith("https://")) == ("2.1.0", True)
    [run] = document["runs"]
    driver = run["tool"]["driver"]
    rules = [rule["id"] for rule in driver["rules"]]
    assert rules == sorted(RULES) and driver["name"] and driver["version"]
    for rule in driver["rules"]:
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note", "none")
        assert all(rule[word]["text"] for word in ("shortDescription", "fullDescription", "help"))
    bases = run["originalUriBaseIds"]
    assert all(base["uri"].startswith("file:///") and base["uri"].endswith("/")
               for base in bases.values())  # fmt: skip
    for result in run["results"]:
        assert result["ruleId"] == rules[result["ruleIndex"]]
        assert result["level"] in ("error", "warning") and result["message"]["text"]
        [where] = result["locations"]
        place = where["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "loyalty.py", "uriBaseId": "PLUGIN"}
        assert place["region"]["startLine"] >= 1
    suppressed = [r["suppressions"] for r in run["results"] if "suppressions" in r]
    assert suppressed == [[{"kind": "inSource", "justification": "it prints labels"}]]

"""`relatum plugins new`: a package that is complete, clean and tested before a word is changed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
import pytest
from babel.messages import pofile

from relatum.core import plugin_check, plugin_host, scaffold
from relatum.core.config import Config
from relatum.core.errors import RelatumError

from .homes import Shell

ROOT = Path(__file__).resolve().parents[1]
#: What can be asked for, in the ways that differ.
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "entities": {"entities": ["card", "loyalty_stamp"], "license": "MIT"},
    "extends": {"extends": ["contact", "account"], "license": "none"},
    "all": {"entities": ["card"], "extends": ["contact"], "panel": True},
    "kernel": {"extends": ["user"], "panel": True},
}


def new(folder, **asked):
    """Write the package of a plugin, and return its folder."""
    scaffold.write(scaffold.asked("loyalty", **asked), folder)
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_a_new_package_is_clean_whatever_was_asked_for(way, tmp_path):
    folder = new(tmp_path / "loyalty", **WAYS[way])
    assert not [p for p in folder.rglob("*") if p.name == "__pycache__" or p.suffix == ".jinja"]
    assert plugin_check.check(folder, static=True).findings == ()
    module = folder / "relatum_loyalty"
    assert not plugin_host.write_manifest(module, only_look=True)
    assert (folder / "LICENSE").exists() == (WAYS[way].get("license") != "none")
    assert (module / "panel.py").exists() == WAYS[way].get("panel", False)
    with (module / "translations" / "de.po").open("rb") as source:
        assert len(pofile.read_po(source, locale="de", abort_invalid=True)) > 3
    assert not [p for p in tmp_path.iterdir() if p != folder]
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", "--line-length=100", str(folder)]
    for command in (["check", "--select=E,F,I,B,UP"], ["format", "--check"]):
        subprocess.run([*ruff, *command, *options], check=True, capture_output=True)


def test_the_manifest_is_what_was_asked_for(tmp_path):
    folder = new(tmp_path / "loyalty", **WAYS["all"])
    said = orjson.loads((folder / "relatum_loyalty" / "plugin.json").read_bytes())
    assert said["requires"] == {"contacts": ">=0.1,<1"}
    assert said["provides"]["types"] == ["loyalty_card"]
    assert said["provides"]["fields"] == ["contact.loyalty_level", "contact.loyalty_until"]
    assert said["provides"]["slots"] == ["record.side"]


def test_its_folder_lies_in_a_home_as_it_is(tmp_path):
    new(tmp_path / "loyalty")
    (tmp_path / "loyalty").rename(tmp_path / "plugins")
    found = plugin_host.discover(Config(home=tmp_path))["loyalty"]
    assert (found.problem, found.path.name) == (None, "relatum_loyalty")
    assert plugin_check.check(found.path, static=True).findings == ()


def test_the_command_says_what_it_wrote_and_what_comes_next(tmp_path):
    shell, folder = Shell({}), tmp_path / "here"
    said = shell.said("plugins", "new", "loyalty", "--entity", "card", "--folder", str(folder))
    assert "12 files of relatum-loyalty" in said
    assert "relatum plugins check ." in said
    other = str(tmp_path / "there")
    document = shell.json("plugins", "new", "points", "--panel", "--folder", other)
    assert "relatum_points/plugin.json" in document["files"]
    assert ".github/workflows/check.yml" in document["files"]


@pytest.mark.parametrize(
    ("name", "asked", "code", "said"),
    [
        ("core", {}, "scaffold_refused", "is reserved"),
        ("sales", {}, "scaffold_refused", "'sales'"),
        ("account", {}, "scaffold_refused", "is reserved"),
        ("Loyalty-Cards", {}, "scaffold_refused", "3 to 30 characters"),
        ("ab", {}, "scaffold_refused", "3 to 30 characters"),
        ("loyalty", {"entities": ["Card"]}, "name_invalid", "loyalty_Card"),
        ("loyalty", {"entities": ["c" * 40]}, "name_invalid", "ccc"),
        ("loyalty", {"extends": ["contakt"]}, "type_unknown", "Did you mean 'contact'?"),
        ("loyalty", {"extends": ["x_asset"]}, "scaffold_refused", "of one instance"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_written(name, asked, code, said):
    with pytest.raises(RelatumError) as refusal:
        scaffold.asked(name, **asked)
    assert refusal.value.code == code
    assert said in str(refusal.value)


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(RelatumError, match="is not empty"):
        new(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert (new(empty) / "pyproject.toml").exists()


def test_a_package_that_can_not_be_finished_leaves_nothing(tmp_path, monkeypatch):
    def fail(folder):
        assert (folder / "__init__.py").exists()
        raise plugin_host.Unfit("the disk is full")

    monkeypatch.setattr(plugin_host, "write_manifest", fail)
    with pytest.raises(plugin_host.Unfit):
        new(tmp_path / "loyalty")
    assert list(tmp_path.iterdir()) == []


def test_the_licence_that_it_writes_is_that_of_relatum():
    text = resources.files("relatum.core.scaffold").joinpath("files/apache.jinja").read_text()
    assert text.strip() == (ROOT / "LICENSE").read_text(encoding="utf-8").strip()


@pytest.mark.slow
def test_a_new_package_passes_check_as_a_wheel_and_its_tests_untouched(tmp_path):
    # 25 s: two trials, a build, and the tests with the conformance suite.
    folder = new(tmp_path / "loyalty", **WAYS["all"])
    assert run(folder, "relatum.cli", "plugins", "check", ".", "--strict").endswith("is wrong.\n")
    run(folder, "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path))
    [wheel] = tmp_path.glob("*.whl")
    said = run(tmp_path, "relatum.cli", "plugins", "check", str(wheel), "--strict")
    assert said.endswith("loyalty 0.1.0, read and tried: nothing is wrong.\n")
    if find_spec("relatum.testing") is not None:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tmp_path / "site")
        said = run(folder, "pytest", "-q", ".", "pyproject.toml", PYTHONPATH=str(tmp_path / "site"))
        assert " passed" in said


def run(folder, *words, **variables):
    """Run a module in a folder, and return what it prints; a failure shows it."""
    own = {n: v for n, v in os.environ.items() if not n.startswith(("RELATUM_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env={**own, **variables},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

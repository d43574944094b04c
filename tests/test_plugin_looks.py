"""Looking closely at plugins: their order, whose a name is, whether they run; installing one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from relatum.core import plugin_host
from relatum.core.errors import RelatumError
from relatum.core.plugin_host import discovery, installing

from .installed import installed
from .plugged import enable, put, small, with_loyalty

HOOK = """
@hookimpl
def relatum_before_write(batch): pass
@hookimpl
def relatum_after_write(batch): pass
"""


def test_plugins_are_called_after_those_that_they_build_on_and_backwards_afterwards(instance):
    put(instance, "zebra", small("zebra", HOOK))
    put(instance, "ant", small("ant", HOOK, requires={"zebra": ""}))
    enable(instance, "zebra")
    enable(instance, "ant")
    found = instance.read(plugin_host.order)
    assert found["plugins"] == [{"id": "zebra", "after": []}, {"id": "ant", "after": ["zebra"]}]
    assert found["hooks"]["relatum_before_write"] == ["zebra", "ant"]
    assert found["hooks"]["relatum_after_write"] == ["ant", "zebra"]


@pytest.mark.parametrize(
    ("name", "what", "plugin", "others"),
    [
        ("loyalty_card", "entity type", "loyalty", []),
        ("x_company", "entity type", "local", ["loyalty"]),
        ("x_company.loyalty_tier", "field", "loyalty", []),
        ("loyalty_points", "field type", "loyalty", []),
        ("relatum_before_write", "hook", "relatum", ["loyalty"]),
        ("/api/x/loyalty/count", "route", "loyalty", []),
        ("loyalty.count", "permission", "loyalty", []),
    ],
)
def test_whose_a_name_is_and_who_takes_part(instance, name, what, plugin, others):
    with_loyalty(instance)
    [found] = instance.read(plugin_host.why, name)
    assert (found["what"], found["plugin"], found["others"]) == (what, plugin, others)


def test_a_name_that_nobody_brings_is_nobodys(instance):
    with pytest.raises(RelatumError) as refused:
        instance.read(plugin_host.why, "no_such_name")
    assert refused.value.code == "name_unowned"


def test_verifying_finds_an_enabled_plugin_that_does_not_run(instance):
    put(instance, "upper", small("upper"))
    enable(instance, "upper")
    assert instance.read(plugin_host.verify) == []
    put(instance, "upper", "raise OSError('no license')\n" + small("upper"))
    [found] = instance.read(plugin_host.verify)
    assert (found.plugin, "no license" in found.text, found.bad) == ("upper", True, True)


def test_whoever_will_not_run_after_an_upgrade_is_named_before_it(instance):
    put(instance, "upper", small("upper"))
    enable(instance, "upper")
    assert instance.read(plugin_host.examine) == []
    [found] = instance.read(plugin_host.examine, target="2.0")
    assert "written for hooks >=1.0,<2, not for 2.0" in found.text


# -- installing -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "requirement",
    ["--index-url=http://evil", "x @ https://evil/x.whl", "relatum>=9", "a b", "nowhere.whl", ""],
)
def test_only_a_package_by_name_or_a_wheel_is_installed(instance, requirement):
    with pytest.raises(RelatumError) as refused, instance.reading():
        plugin_host.install(requirement, actor=instance.alice)
    assert refused.value.code == "install_refused"


def test_who_may_not_shape_the_instance_installs_nothing(instance):
    with pytest.raises(RelatumError) as refused, instance.reading():
        plugin_host.install("relatum-loyalty", actor=instance.bob)
    assert refused.value.code == "forbidden"


def test_what_relatum_stands_on_is_pinned():
    pins = dict(line.split("==") for line in installing.constraints())
    assert {"relatum", "flask", "sqlalchemy", "pluggy", "werkzeug"} <= pins.keys()


@pytest.mark.parametrize("settled", [-1, 10**18])
def test_distributions_are_seen_whenever_they_come_change_and_go(tmp_path, monkeypatch, settled):
    """Whether what was written counts as settled at once, or is read anew each time."""
    monkeypatch.setattr(discovery, "_SETTLED", settled)
    monkeypatch.syspath_prepend(tmp_path)
    for came in ("early", "later"):
        assert came not in discovery.discover(None)
        installed(tmp_path, came, "1.0")
        assert discovery.discover(None)[came].problem is None
    about = tmp_path / "early-1.0.dist-info"
    (about / "entry_points.txt").write_text("[other]\nearly = early\n", encoding="utf-8")
    assert "early" not in discovery.discover(None)
    installed(tmp_path, "later", "1.1")
    assert discovery.discover(None)["later"].sound.plugin.version == "1.1"
    shutil.rmtree(tmp_path / "later-1.1.dist-info")
    assert "later" not in discovery.discover(None)


def test_what_was_just_installed_is_not_taken_as_known(tmp_path, monkeypatch):
    """A file may be written on within one tick of the clock of files."""
    monkeypatch.syspath_prepend(tmp_path)
    installed(tmp_path, "early", "1.0")
    points = tmp_path / "early-1.0.dist-info" / "entry_points.txt"
    whole, written = points.read_text(encoding="utf-8"), points.stat()
    points.write_text("", encoding="utf-8")
    for text, there in (("", False), (whole, True)):
        points.write_text(text, encoding="utf-8")
        os.utime(points, ns=(written.st_atime_ns, written.st_mtime_ns))
        assert ("early" in discovery.discover(None)) is there


def wheel(folder: Path, requires: str = "") -> Path:
    """Write a wheel of a plugin, without building anything."""
    path = folder / "relatum_tiny-1.0-py3-none-any.whl"
    info = "relatum_tiny-1.0.dist-info"
    more = f"Requires-Dist: {requires}\n" if requires else ""
    plugin = small("tiny") + HOOK
    manifest = {
        "manifest": 1, "id": "tiny", "name": "tiny", "version": "1.0",
        "provides": {"hooks": ["relatum_after_write", "relatum_before_write"]},
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("relatum_tiny/__init__.py", plugin)
        made.writestr("relatum_tiny/plugin.json", json.dumps(manifest))
        made.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: relatum-tiny\nVersion: 1.0\n{more}"
        )
        made.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        made.writestr(f"{info}/entry_points.txt", "[relatum.plugins]\ntiny = relatum_tiny\n")
        made.writestr(f"{info}/RECORD", "")
    return path


def test_a_package_that_would_change_what_relatum_stands_on_is_not_installed(instance, tmp_path):
    with pytest.raises(RelatumError) as refused, instance.reading():
        plugin_host.install(str(wheel(tmp_path, "pluggy<1")), actor=instance.alice, dry_run=True)
    assert refused.value.code == "install_failed"
    assert "--constraint constraints.txt" in refused.value.params["command"]


def test_a_dry_run_says_what_would_come_and_installs_nothing(instance, tmp_path):
    with instance.reading():
        done = plugin_host.install(str(wheel(tmp_path)), actor=instance.alice, dry_run=True)
    assert (done.packages, done.plugins) == (("relatum-tiny-1.0",), ())
    asked = [sys.executable, "-m", "pip", "show", "relatum-tiny"]
    assert subprocess.run(asked, capture_output=True, check=False).returncode != 0

"""Plugins in folders beside the home: found, run and watched like those in it."""

from __future__ import annotations

import os

from relatum.core import plugin_host, serve
from relatum.core.config import Config, load

from .homes import Shell
from .plugged import put, small


def test_folders_are_told_by_a_setting_and_a_process_is_told_all_of_them(tmp_path):
    given = os.pathsep.join([str(tmp_path / "one"), "", str(tmp_path / "two")])
    made = load(tmp_path, {"RELATUM_PLUGINS_DIR": given})
    assert made.plugin_folders == (tmp_path / "plugins", tmp_path / "one", tmp_path / "two")
    assert load(environ=serve.environment(made)).plugin_folders == made.plugin_folders
    assert Config(home=tmp_path).plugin_folders == (tmp_path / "plugins",)


def test_a_plugin_beside_the_home_is_enabled_and_run_like_one_in_it(instance, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "small.py").write_text(small("small"))
    settings = serve.environment(instance.config)
    shell = Shell({**settings, "RELATUM_PLUGINS_DIR": str(tmp_path / "more")})
    assert "Nobody serves" in shell.said("plugins", "enable", "small", "--yes")
    shown = shell.json("plugins", "show", "small")
    assert (shown["source"], shown["path"]) == ("home", str(tmp_path / "more" / "small.py"))
    gone = Shell(settings).json("plugins", "show", "small")
    assert (gone["state"], gone["source"]) == ("enabled", None)


def test_two_of_one_id_in_two_folders_are_named(instance, tmp_path):
    put(instance, "small", small("small"))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "small.py").write_text(small("small"))
    config = load(instance.config.home, {"RELATUM_PLUGINS_DIR": str(tmp_path / "more")})
    problem = plugin_host.discover(config)["small"].problem or ""
    assert "there are two of that id" in problem and str(tmp_path / "more") in problem


def test_a_folder_that_is_not_there_is_wrong_usage(instance):
    shell = Shell(serve.environment(instance.config))
    assert "--plugins-dir" in shell.error("serve", "--plugins-dir", "/no/such", status=2)

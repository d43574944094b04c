"""`relatum plugins`, and the commands that a plugin brings."""

from __future__ import annotations

import pytest

from .homes import Shell, bare
from .plugged import LOYALTY, own, small


@pytest.fixture
def shell(database, tmp_path):
    """Return a shell on an instance with companies and a plugin in its home."""
    with bare(database, tmp_path / "home") as environment:
        shell = Shell(environment)
        shell.said(
            "init", "--currency", "EUR", "--timezone", "UTC", "--admin-email", "you@example.org"
        )
        shell.said("entity-types", "create", "x_company", "--field", "name:text", "--yes")
        folder = tmp_path / "home" / "plugins"
        folder.mkdir()
        (folder / "loyalty.py").write_text(LOYALTY, encoding="utf-8")
        yield shell


def test_from_list_to_disable(shell):
    assert "loyalty" in shell.said("plugins", "list")
    planned = shell.said("plugins", "plan", "loyalty")
    assert "Enable loyalty 1.0.0" in planned
    assert "CREATE TABLE loyalty_card" in planned
    said = shell.said("plugins", "enable", "loyalty")
    assert said.endswith("Enabled loyalty.\nNobody serves the instance now.\n")
    [listed] = own(shell.json("plugins", "list"))
    assert (listed["state"], listed["enabled_version"]) == ("enabled", "1.0.0")
    assert "types: loyalty_card" in shell.said("plugins", "show", "loyalty")
    assert "loyalty_card and its records stay" in shell.said("plugins", "disable", "loyalty")
    assert shell.error("plugins", "disable", "loyalty").startswith("plugin_not_enabled")


def test_a_plugin_checks_what_is_written_by_commands_too(shell):
    shell.said("plugins", "enable", "loyalty")
    assert "says plugin 'loyalty'" in shell.error("records", "create", "loyalty_card", "number=01")
    shell.said("records", "create", "loyalty_card", "number=a1")
    shell.said("plugins", "disable", "loyalty")
    shell.said("records", "create", "loyalty_card", "number=01")


def test_the_commands_of_a_plugin_go_by_its_id_while_it_is_enabled(shell):
    assert shell.error("loyalty", "count", status=2).startswith("usage")
    shell.said("plugins", "enable", "loyalty")
    shell.said("records", "create", "loyalty_card", "number=a1")
    assert shell.said("loyalty", "count") == "1 cards\n"
    assert "count" in shell.said("loyalty", "--help")
    assert shell.error("loyalty", "cuont", status=2).startswith("usage")


def test_what_is_wrong_with_a_plugin_is_one_line(shell, tmp_path):
    folder = tmp_path / "home" / "plugins"
    (folder / "wrong.py").write_text(small("wrong", "raise SystemExit('no')\n"))
    (folder / "named.py").write_text(small("other"))
    assert "SystemExit: no" in shell.error("plugins", "enable", "wrong")
    assert "it calls itself 'other'" in shell.error("plugins", "enable", "named")
    assert "Did you mean 'loyalty'?" in shell.error("plugins", "show", "loyalti")


def test_a_folder_with_a_manifest_must_bring_what_it_says(shell, tmp_path):
    folder = tmp_path / "home" / "plugins" / "parcel"
    folder.mkdir()
    hook = "@hookimpl\ndef relatum_before_write(batch): ...\n"
    (folder / "__init__.py").write_text(small("parcel", hook))
    written = (
        '{"manifest": 1, "id": "parcel", "name": "parcel", "version": "1.0", "provides": '
        '{"hooks": [%s]}}'
    )
    (folder / "plugin.json").write_text(written % "")
    assert "does not list: relatum_before_write" in shell.error("plugins", "enable", "parcel")
    (folder / "plugin.json").write_text(written % '"relatum_before_write", "relatum_routes"')
    assert "does not bring: relatum_routes" in shell.error("plugins", "enable", "parcel")
    (folder / "plugin.json").write_text(written % '"relatum_before_write"')
    assert "Enabled parcel." in shell.said("plugins", "enable", "parcel")


def test_an_upgrade_brings_enabled_plugins_up_to_date(shell, tmp_path):
    shell.said("plugins", "enable", "loyalty")
    file = tmp_path / "home" / "plugins" / "loyalty.py"
    file.write_text(LOYALTY.replace("1.0.0", "1.1.0").replace('"Card"', '"Karte"'))
    assert "Brought plugin loyalty up to date." in shell.said("upgrade")
    assert shell.json("entity-types", "show", "loyalty_card")["label"] == "Karte"
    assert shell.json("upgrade")["plugins"] == []

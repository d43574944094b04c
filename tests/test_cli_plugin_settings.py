"""`relatum plugins settings`: looked at and set on the command line, secrets typed."""

from __future__ import annotations

import pytest

from .homes import Shell, bare
from .parcels import KEY, PARCEL


@pytest.fixture
def shell(database, tmp_path):
    """Return a shell on an instance with the plugin of parcels in its home."""
    with bare(database, tmp_path / "home") as environment:
        shell = Shell(environment)
        shell.said(
            "init", "--currency", "EUR", "--timezone", "UTC", "--admin-email", "you@example.org"
        )
        folder = tmp_path / "home" / "plugins"
        folder.mkdir()
        (folder / "parcel.py").write_text(PARCEL, encoding="utf-8")
        yield shell


def test_enabled_without_its_settings_a_plugin_waits_and_says_the_next_step(shell):
    assert "relatum plugins settings parcel" in shell.said("plugins", "enable", "parcel", "--yes")
    assert "setting 'api_key': A value is required" in shell.said("plugins", "list")
    said = shell.said("plugins", "settings", "parcel", status=3)
    assert "does not run: api_key: A value is required." in said
    assert "needs" not in shell.error("parcel", "settings", status=1)
    said = shell.said("plugins", "settings", "parcel", "api_key=-", "most=5", given=f"{KEY}\n")
    assert "(secret)" in said and KEY not in said
    assert shell.said("parcel", "settings") == "post 5\n"


def test_settings_are_given_as_the_plugin_is_enabled(shell):
    words = ("--set", "api_key=-", "--set", "carrier=rail", "--yes")
    assert KEY not in shell.said("plugins", "enable", "parcel", *words, given=KEY)
    assert shell.said("parcel", "settings") == "rail 10\n"
    found = {s["name"]: s for s in shell.json("plugins", "settings", "parcel")["settings"]}
    assert (found["api_key"]["set"], found["api_key"]["value"]) == (True, None)


def test_a_secret_is_no_argument(shell):
    for words in (("enable", "parcel", "--set"), ("settings", "parcel")):
        refused = shell.error("plugins", *words, f"api_key={KEY}", status=2)
        assert "'api_key' is a secret" in refused and KEY not in refused
        shell("plugins", "enable", "parcel", "--yes")
    shell.said("plugins", "settings", "parcel", "api_key=env:HOME")
    assert "env:HOME" in shell.said("plugins", "settings", "parcel")


def test_lists_are_parted_by_commas_and_values_are_taken_back(shell):
    shell.said("plugins", "enable", "parcel", "--set", "api_key=env:HOME", "--yes")
    shell.said("plugins", "settings", "parcel", "zones=eu, us", 'copies=["a@example.org"]')
    found = {s["name"]: s for s in shell.json("plugins", "settings", "parcel")["settings"]}
    assert (found["zones"]["value"], found["copies"]["value"]) == (["eu", "us"], ["a@example.org"])
    shell.said("plugins", "settings", "parcel", "most=7", "--unset", "zones")
    found = {s["name"]: s for s in shell.json("plugins", "settings", "parcel")["settings"]}
    assert (found["zones"]["set"], found["most"]["value"]) == (False, 7)
    assert "zones.0: 'mars' is not an option" in shell.error(
        "plugins", "settings", "parcel", "zones=mars"
    )
    assert shell.error("plugins", "settings", "parcel", "most", status=2).startswith("usage")
    said = shell.error("plugins", "settings", "parcel", "mots=5")
    assert "has no setting 'mots'. Did you mean 'most'?" in said


def test_several_secrets_come_one_line_each(shell):
    shell.said("plugins", "enable", "parcel", "--yes")
    words = ("plugins", "settings", "parcel", "api_key=-", "sender=-")
    assert shell.error(*words, given=KEY, status=2).startswith("usage")
    assert "ada@example.org" in shell.said(*words, given=f"{KEY}\nada@example.org\n")


def test_rotated_keys_encrypt_the_secrets_of_plugins_too(shell):
    shell.said("plugins", "enable", "parcel", "--set", "api_key=-", "--yes", given=KEY)
    assert shell.json("keys", "rotate")["values"] == 1
    assert [row["state"] for row in shell.json("keys", "list") if row["values"]] == ["current"]

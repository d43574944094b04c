"""The plugin of parcels, which has settings of every kind, and short ways to set and see them."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import db, plugin_host
from relatum.core.errors import Invalid

from .plugged import SOURCES, enable, put, small

PARCEL = (SOURCES / "parcel.py").read_text(encoding="utf-8")
KEY = "hunter2-of-parcels"
#: A plugin that has one setting, a field that a test writes down.
ONE = """
from marshmallow import Schema, fields, validate
class Settings(Schema):
    {field}
@hookimpl
def relatum_settings():
    return {returned}
"""


def one(field: str, returned: str = "Settings") -> str:
    """Return the text of a plugin with one setting."""
    text = small("wrong", ONE.format(field=field, returned=returned))
    return text.replace("requires={}", "requires={}, capabilities=['secrets']")


def waits(instance: Any) -> None:
    """Enable the plugin, which waits for its key."""
    put(instance, "parcel", PARCEL)
    enable(instance, "parcel")


def put_in(instance: Any, plugin: str = "parcel", **values: Any) -> bool:
    """Set settings as alice."""
    with instance.app.app_context():
        return db.transact(
            lambda: plugin_host.change_settings(plugin, values, actor=instance.alice),
            exclusive=True,
        )


def shown(instance: Any) -> dict[str, Any]:
    """Return what is shown of each setting."""
    found = instance.read(plugin_host.show_settings, "parcel")
    return {each["name"]: each for each in found["settings"]}


def values(instance: Any) -> dict[str, Any]:
    """Return what the plugin sees; nothing if it does not run."""
    with instance.reading():
        loaded = plugin_host.current()
        return dict(loaded.hooks.settings.get("parcel", {}))


def problems(instance: Any, **given: Any) -> list[tuple[str | None, str]]:
    """Return what values are refused for."""
    with pytest.raises(Invalid) as refused:
        put_in(instance, **given)
    return [(problem.field, problem.code) for problem in refused.value.problems]


def wrong(instance: Any) -> list[str]:
    """Return the codes of what keeps the plugin from running."""
    found = instance.read(plugin_host.show_settings, "parcel")["problems"]
    return [problem["code"] for problem in found]


def fault(instance: Any) -> Any:
    """Return the fault of the plugin with its reason."""
    [found] = [p for p in instance.read(plugin_host.list_plugins) if p["id"] == "parcel"]
    return found["fault"], found["reason"]

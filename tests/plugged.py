"""Plugins in the home of an instance, and the application that serves them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.test import Client

from relatum.core import plugin_host
from relatum.core.dispatch import Application
from relatum.core.testing import levers

SOURCES = Path(__file__).parent / "plugins"
LOYALTY = (SOURCES / "loyalty.py").read_text(encoding="utf-8")
#: A plugin of the fewest words.
SMALL = """
from relatum import Plugin, hookimpl
plugin = Plugin(id="{id}", name="{id}", version="{version}", requires={requires})
"""


def put(instance: Any, plugin_id: str, text: str) -> Path:
    """Write a one-file plugin into the home."""
    return levers.put(instance.config.home, plugin_id, text)


def small(
    plugin_id: str, more: str = "", *, version: str = "1.0", requires: dict[str, str] | None = None
) -> str:
    """Return the text of a small plugin."""
    return SMALL.format(id=plugin_id, version=version, requires=requires or {}) + more


def enable(instance: Any, plugin_id: str, **options: Any) -> plugin_host.PluginPlan:
    """Enable a plugin as alice."""
    return change(instance, plugin_host.enable, plugin_id, **options)


def disable(instance: Any, plugin_id: str, **options: Any) -> plugin_host.PluginPlan:
    """Disable a plugin as alice."""
    return change(instance, plugin_host.disable, plugin_id, **options)


def change(instance: Any, verb: Any, plugin_id: str, **options: Any) -> plugin_host.PluginPlan:
    """Run a verb on a plugin as alice."""
    made: plugin_host.PluginPlan = instance.turn(verb, plugin_id, **options)
    return made


def with_loyalty(instance: Any) -> Any:
    """Make companies, and enable loyalty cards; return the instance."""
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    put(instance, "loyalty", LOYALTY)
    enable(instance, "loyalty")
    return instance


def own(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those of listed plugins that are not bundled."""
    return [plugin for plugin in listed if plugin["source"] != "bundled"]


@contextmanager
def served(instance: Any) -> Iterator[Application]:
    """Give the application that a server would call."""
    with instance.served() as application:
        yield application


def client(application: Application, token: str | None = None) -> Any:
    """Return a client of the application, with a bearer token or without."""
    made = Client(application)
    if token is not None:
        made = _Bearer(application, token)
    return made


class _Bearer(Client):
    def __init__(self, application: Application, token: str) -> None:
        super().__init__(application)
        self._token = token

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("headers", {})["Authorization"] = f"Bearer {self._token}"
        return super().open(*args, **kwargs)


def token_of(instance: Any) -> str:
    """Return a bearer token of alice."""
    return str(instance.token())

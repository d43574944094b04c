"""What all modules of the plugin share: its permission, tables, words and lists."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from relatum import Actor, OwnTable, plugin_host, records

from .settings import ID

#: What people need to call from lists; whom they call goes by their other rights.
USE: Final = "calling.use"
LIST, TARGET = "call_list", "call_target"
translated: Final = partial(plugin_host.translated_of, ID)
Row = dict[str, Any]


def table(name: str) -> OwnTable:
    """Return a table of the plugin in the open transaction."""
    found: OwnTable = plugin_host.context_of(ID).table(name)
    return found


def plugin_actor() -> Actor:
    """Return the plugin itself, which knows what somebody who asks may not see."""
    return plugin_host.context_of(ID).as_plugin()


def list_of(list_id: int, actor: Actor) -> Row:
    """Return a call list that the actor sees; raise `record_unknown`."""
    return records.get(LIST, list_id, actor=actor)

"""What pages, calls and verbs share: who asks, the plugin's tables, a page in the desk."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from relatum import Actor, Context, Permission, RelatumError, context, plugin_host

from .kinds import ID

#: What people need to have notifications.
USE: Final = "notifications.use"
PERMISSIONS: Final = [
    Permission(
        USE, "Have notifications and follow records", roles=("manager", "member", "read_only")
    )
]
away, is_fragment = plugin_host.away, plugin_host.is_fragment
#: Draws a page in the frame of the desk; without the desk there are no pages.
render: Final = partial(plugin_host.page, within="desk")


def own() -> Context:
    """Return the plugin's own context, whoever calls it."""
    return plugin_host.context_of(ID)


def table(name: str) -> Any:
    """Return a table of the plugin in the open transaction."""
    return own().table(name)


def asking() -> Actor:
    """Return who asks; only where a user is signed in."""
    found = context().actor
    if found is None or found.user_id is None:
        raise RelatumError("not_signed_in")
    return found


def me() -> int:
    """Return the id of the user who asks."""
    found = asking().user_id
    assert found is not None
    return found

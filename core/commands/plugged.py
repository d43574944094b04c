"""`relatum ID COMMAND`: the commands of a plugin, run if it is enabled."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click
from flask import g

from .. import hooks, plugin_host
from ..errors import RelatumError
from .terminal import Instance


class Plugged(click.Group):
    """The commands of one plugin, asked of it when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the plugin's commands."""
        return sorted(self._found(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the plugin, run in the instance."""
        return self._found(ctx).get(cmd_name)

    def _found(self, ctx: click.Context) -> dict[str, click.Command]:
        given = ctx.find_root().params
        instance = Instance(given.get("home"), given.get("acting"))
        plugin_id = str(self.name)
        with instance.app.app_context():
            made = instance.read(plugin_host.commands_of, plugin_id)
        for command in made:
            _enter(instance, plugin_id, command)
        return {str(command.name): command for command in made}


def _enter(instance: Instance, plugin_id: str, command: click.Command) -> None:
    """Let a command run in the instance, and all commands of a group."""
    command.callback = _inside(instance, plugin_id, command.callback)
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        _enter(instance, plugin_id, each)


def _inside(
    instance: Instance, plugin_id: str, callback: Callable[..., Any] | None
) -> Callable[..., Any]:
    """Return a command's function that runs in the instance, as whoever runs `relatum`."""
    # A command is one object for ever; its function is wrapped once more for each instance.
    bare = getattr(callback, "relatum_bare", callback)

    @functools.wraps(bare or (lambda: None))
    def run(*args: Any, **kwargs: Any) -> Any:
        with instance.app.app_context():
            actor = instance.actor  # its transaction brings the plugins that are enabled
            g.relatum = hooks.current().context(plugin_id, actor)
            return bare(*args, **kwargs) if bare else None

    run.relatum_bare = bare  # type: ignore[attr-defined]
    return run


def find(home: str | None, name: str) -> click.Command | None:
    """Return the commands of an enabled plugin of that id; None if there is no such plugin."""
    instance = Instance(home)
    try:
        with instance.app.app_context():
            enabled = instance.read(plugin_host.is_enabled, name)
    except RelatumError:
        return None
    return Plugged(name=name, help=f"Commands of plugin {name}.") if enabled else None

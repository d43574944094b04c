"""How an application keeps to the set of plugins that is enabled, transaction by transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Flask, current_app

from .. import db, hooks, languages
from .loading import Loaded, load, states

#: Where an application keeps its plugins.
EXTENSION: Final = "relatum.plugins"


def follow(app: Flask) -> None:
    """Let an application without routes of plugins run whatever is enabled, from now on."""
    app.extensions[db.FOLLOW] = _follow


def _follow(tx: db.Transaction) -> None:
    known: Loaded | None = current_app.extensions.get(EXTENSION)
    if known is not None and known.generation == tx.epochs.plugins:
        return
    config = db.settings()
    loaded = load(states(tx.connection), tx.epochs.plugins, config, safe=bool(config.safe_mode))
    adopt(current_app, loaded)


def adopt(app: Any, loaded: Loaded) -> None:
    """Give an application its plugins."""
    app.extensions[EXTENSION] = loaded
    app.extensions[hooks.EXTENSION] = loaded.hooks


def pin(app: Flask, loaded: Loaded, *, accepted: Callable[[], int]) -> None:
    """Let an application serve one set of plugins: a transaction that sees another is `Stale`.

    `accepted` returns a generation that is served all the same, because building it failed.
    What has committed something is carried through.
    """

    def check(tx: db.Transaction) -> None:
        if tx.epochs.plugins not in (loaded.generation, accepted()) and not db.has_committed():
            raise db.Stale(tx.epochs.plugins)

    adopt(app, loaded)
    app.extensions[db.FOLLOW] = check


def current() -> Loaded:
    """Return the plugins of the current application."""
    found: Loaded = current_app.extensions.get(EXTENSION) or Loaded()
    return found


def language() -> str:
    """Return the language of the reader of a page, as the shell says it."""
    shell = current().shell
    return languages.FIRST if shell is None else shell.language()

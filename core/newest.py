"""The application of the newest set of plugins: what web workers and the jobs process keep to.

Applications are immutable. A transaction that sees a newer set of plugins than its application
has stops before any work (`db.Stale`); then the next application is built, by one thread, and
takes its place.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from flask import Flask

from . import db, plugin_host
from .api import plugin_routes
from .app import create_app
from .config import Config
from .plugin_host import Loaded

#: Seconds after which a set of plugins that could not be built is tried again.
AGAIN_EVERY: Final = 10.0
_log = logging.getLogger("relatum.plugins")


class Newest:
    """Holds the application of the newest set of plugins; `built` hears of each new one."""

    def __init__(self, config: Config, built: Callable[[], None] = lambda: None) -> None:
        self.config, self._built = config, built
        self._building = threading.Lock()
        #: The newest generation that could not be built, and when: the one before it serves on.
        self._failed, self._failed_at = -1, float("-inf")
        self.loaded = Loaded(generation=0)
        self._app: Flask | None = None
        #: For transactions that must work whatever set of plugins there is.
        self.aside = Flask("relatum.aside")
        db.init_app(self.aside, config)

    @property
    def generation(self) -> int:
        """The set of plugins that is held; 0 before the first transaction."""
        return self.loaded.generation

    @property
    def app(self) -> Flask:
        """The application that is held.

        Before anything is known of the database it is one without plugins: its first transaction
        finds out, and it says so if there is none to be had.
        """
        if self._app is None:
            with self._building:  # another thread may be making a newer one just now
                if self._app is None:
                    self._app = self._made(self.loaded)
        return self._app

    def epoch(self) -> int:
        """Return the newest set of plugins that there is."""
        with self.aside.app_context(), db.reading(timed=False) as tx:
            return tx.epochs.plugins

    def build(self, generation: int) -> None:
        """Hold a generation, or a newer one, from now on; one thread builds, others wait."""
        if self._settled(generation):
            return
        with self._building:
            if self._settled(generation):  # by the thread that this one waited for
                return
            try:
                loaded, app = self._newest()
            except Exception:  # noqa: BLE001  # whatever it is, the application before it serves
                # Nothing is wrong with a plugin, or it would have been left out.
                _log.exception("generation %s of plugins can't be built", generation)
                self._failed, self._failed_at = generation, time.monotonic()
                return
            self.loaded, self._app = loaded, app
            self._built()

    def _settled(self, generation: int) -> bool:
        """Whether a generation is held, or failed a moment ago."""
        failed = generation == self._failed and time.monotonic() - self._failed_at < AGAIN_EVERY
        return failed or generation == self.generation

    def _newest(self) -> tuple[Loaded, Flask]:
        with self.aside.app_context(), db.reading(timed=False) as tx:
            generation, known = tx.epochs.plugins, plugin_host.states(tx.connection)
        left_out: dict[str, str] = {}
        while True:
            loaded = plugin_host.load(
                known, generation, self.config.home, left_out=left_out,
                safe=bool(self.config.safe_mode),
            )  # fmt: skip
            loaded.hooks.on_failure = _failed_hook
            try:
                return loaded, self._made(loaded)
            except plugin_routes.NotMounted as broken:
                left_out[broken.plugin] = broken.reason

    def _made(self, loaded: Loaded) -> Flask:
        with plugin_host.PARSING:  # werkzeug makes syntax trees of its rules
            return create_app(self.config, loaded, accepted=lambda: self._failed)


def _failed_hook(plugin: str, hook: str, error: Exception) -> None:
    _log.warning("plugin %s failed in %s: %s", plugin, hook, error)

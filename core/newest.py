"""The application of the newest set of plugins: what web workers and the jobs process keep to.

Applications are immutable. A transaction that sees a newer set of plugins than its application
has stops before any work (`db.Stale`); then the next application is built, by one thread, and
takes its place.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from flask import Flask

from . import clock, db, plugin_host
from .api import plugin_routes
from .app import create_app
from .config import Config
from .plugin_host import Development, Fault, Loaded

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
        #: What is served, together; `_counting` is held to look at it and to change it.
        self._held: tuple[Loaded, Flask | None] = (Loaded(generation=0), None)
        self._counting = threading.Lock()
        #: How much of what is served by each generation has not ended yet.
        self._at_work: Counter[int] = Counter()
        self.since = clock.now()
        #: Whether another process takes the place of this one when there is new code of plugins.
        self.is_replaced = False
        #: For the developers of plugins.
        self.development: Development | None = None
        #: For transactions that must work whatever set of plugins there is.
        self.aside = Flask("relatum.aside")
        db.init_app(self.aside, config)

    @property
    def generation(self) -> int:
        """The set of plugins that is held; 0 before the first transaction."""
        return self.loaded.generation

    @property
    def loaded(self) -> Loaded:
        """The plugins that are held."""
        return self._held[0]

    @property
    def oldest(self) -> int:
        """The oldest set of plugins by which something still works."""
        with self._counting:
            return min((*self._at_work, self.generation))

    @contextmanager
    def at_work(self) -> Iterator[Flask]:
        """Give the application that is held, and count what works by it until the block ends."""
        _ = self.app
        with self._counting:
            loaded, app = self._held
            self._at_work[loaded.generation] += 1
        assert app is not None
        try:
            yield app
        finally:
            with self._counting:
                self._at_work[loaded.generation] -= 1
                if not self._at_work[loaded.generation]:
                    del self._at_work[loaded.generation]

    @property
    def app(self) -> Flask:
        """The application that is held.

        Before anything is known of the database it is one without plugins: its first transaction
        finds out, and it says so if there is none to be had.
        """
        app = self._held[1]
        if app is None:
            with self._building:  # another thread may be making a newer one just now
                loaded, app = self._held
                if app is None:
                    app = self._made(loaded)
                    self._hold(loaded, app)
        return app

    def _hold(self, loaded: Loaded, app: Flask) -> None:
        with self._counting:
            self._held = loaded, app
            self.since = clock.now()

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
            self._hold(loaded, app)
            self._built()

    def trial(self) -> Mapping[str, Fault]:
        """Build what is held from the files as they are; return why what runs would not any more.

        What is held stays.
        """
        with self._building:
            loaded, _ = self._newest()
        return {i: f for i, f in loaded.faults.items() if i in self.loaded.active}

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
                known, generation, self.config, left_out=left_out,
                safe=bool(self.config.safe_mode), until_replaced=self.is_replaced,
            )  # fmt: skip
            loaded.hooks.on_failure = _failed_hook
            try:
                return loaded, self._made(loaded)
            except plugin_routes.NotMounted as broken:
                left_out[broken.plugin] = broken.reason

    def _made(self, loaded: Loaded) -> Flask:
        with plugin_host.PARSING:  # werkzeug makes syntax trees of its rules
            return create_app(
                self.config, loaded, accepted=lambda: self._failed, development=self.development
            )


def _failed_hook(plugin: str, hook: str, error: Exception) -> None:
    _log.warning("plugin %s failed in %s: %s", plugin, hook, error)

"""What a server calls: each request is served by the application of the newest set of plugins.

Applications are immutable. A transaction that sees a newer set of plugins than its application
serves stops before any work (`db.Stale`); then the next application is built, by one thread,
takes its place, and the request is run again on it. Requests in flight finish where they began.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import exc as sa_exc

from . import clock, db, models, plugin_host
from .api import plugin_routes, problems
from .app import create_app
from .config import Config
from .errors import RelatumError
from .plugin_host import Loaded

#: Seconds after which a request that needs no database asks for newer plugins all the same.
LOOK_EVERY: Final = 1.0
#: Seconds between two signs of life of a worker, and when a silent one is forgotten.
SEEN_EVERY: Final = 30.0
_FORGOTTEN: Final = timedelta(days=1)
#: Seconds for which a request is run again, each time because somebody has enabled a plugin.
_PATIENCE: Final = 30.0
#: Seconds after which a set of plugins that could not be built is tried again.
AGAIN_EVERY: Final = 10.0
_log = logging.getLogger("relatum.dispatch")


class Application:
    """The WSGI application of a process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.worker = uuid.uuid4().hex
        self._building = threading.Lock()
        #: Built, although nothing is known of the database: it finds out with the first request.
        self._loaded = Loaded(generation=0)
        self._app = self._made(self._loaded)
        #: The newest generation that could not be built, and when: the one before it serves on.
        self._failed, self._failed_at = -1, float("-inf")
        self._looked = self._seen = float("-inf")
        self._aside = Flask("relatum.dispatch")
        db.init_app(self._aside, config)
        self._reports: list[threading.Thread] = []

    @property
    def generation(self) -> int:
        """The set of plugins that is served; 0 before the first request."""
        return self._loaded.generation

    def _made(self, loaded: Loaded) -> Flask:
        with plugin_host.PARSING:  # werkzeug makes syntax trees of its rules
            return create_app(self.config, loaded, accepted=lambda: self._failed)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serve a request."""
        self._look(environ)
        body, given_up = _Body(environ["wsgi.input"]), time.monotonic() + _PATIENCE
        environ["wsgi.input"] = body
        while True:
            try:
                return self._app.wsgi_app(environ.copy(), start_response)
            except db.Stale as stale:
                body.rewind()
                self.build(stale.generation)
            if time.monotonic() > given_up:
                refusal = problems.document(RelatumError("plugins_busy", seconds=int(_PATIENCE)))
                return refusal(environ, start_response)

    def _look(self, environ: dict[str, Any]) -> None:
        """Build what is newer, where the request itself might not notice."""
        path, now = environ.get("PATH_INFO", ""), time.monotonic()
        owned = f"{path}/".startswith(("/x/", "/api/x/"))
        if not (owned or now - self._looked > LOOK_EVERY or _wanted(environ) > self.generation):
            return
        self._looked = now
        with contextlib.suppress(RelatumError, sa_exc.SQLAlchemyError):
            newest = self._epoch()
            self.build(newest)
        if now - self._seen > SEEN_EVERY:
            self._report()

    def _epoch(self) -> int:
        with self._aside.app_context(), db.reading(timed=False) as tx:
            return tx.epochs.plugins

    # -- building ---------------------------------------------------------------------------
    def build(self, generation: int) -> None:
        """Serve a generation, or a newer one, from now on; one thread builds, others wait."""
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
            self._loaded, self._app = loaded, app
            self._report()

    def _settled(self, generation: int) -> bool:
        """Whether a generation is served, or failed a moment ago."""
        failed = generation == self._failed and time.monotonic() - self._failed_at < AGAIN_EVERY
        return failed or generation == self.generation

    def _newest(self) -> tuple[Loaded, Flask]:
        with self._aside.app_context(), db.reading(timed=False) as tx:
            generation, known = tx.epochs.plugins, plugin_host.states(tx.connection)
        left_out: dict[str, str] = {}
        while True:
            loaded = plugin_host.load(
                known, generation, self.config.home, left_out=left_out,
                safe=bool(self.config.safe_mode),
            )  # fmt: skip
            loaded.hooks.on_failure = self._failed_hook
            try:
                return loaded, self._made(loaded)
            except plugin_routes.NotMounted as broken:
                left_out[broken.plugin] = broken.reason

    def _failed_hook(self, plugin: str, hook: str, error: Exception) -> None:
        _log.warning("plugin %s failed in %s: %s", plugin, hook, error)

    # -- telling ----------------------------------------------------------------------------
    def _report(self) -> None:
        """Note, beside the requests, that this worker lives, what it serves, and what failed."""
        self._seen = time.monotonic()
        thread = threading.Thread(target=self._note, args=(self._loaded,), daemon=True)
        self._reports = [each for each in self._reports if each.is_alive()]
        self._reports.append(thread)
        thread.start()

    def _note(self, loaded: Loaded) -> None:
        for plugin_id, fault in loaded.faults.items():
            _log.warning("plugin %s does not run: %s", plugin_id, fault.reason)
        try:
            with self._aside.app_context():
                db.transact(lambda: self._written(loaded))
        except Exception as error:  # noqa: BLE001  # a request needs none of this
            _log.info("the state of this worker is not noted: %s", error)

    def _written(self, loaded: Loaded) -> None:
        table, now = models.Worker.__table__, clock.now()
        connection = db.current().connection
        connection.execute(
            sa.delete(table).where(
                sa.or_(table.c.id == self.worker, table.c.seen_at < now - _FORGOTTEN)
            )
        )
        row = {"id": self.worker, "generation": loaded.generation, "seen_at": now}
        connection.execute(sa.insert(table), row)
        plugin_host.note_faults(loaded)

    def close(self) -> None:
        """Wait until nothing runs beside the requests."""
        for thread in self._reports:
            thread.join()


def _wanted(environ: dict[str, Any]) -> int:
    """Return the generation that a client has seen; what is no number wants none."""
    given = environ.get("HTTP_RELATUM_GENERATION", "")
    try:
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(plugin_routes.COOKIE)
    except CookieError:
        cookie = None
    for text in (given, cookie.value if cookie else ""):
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
    return -1


class _Body:
    """The body of a request, kept as it is read, so that the request can be run again."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._kept = bytearray()
        self._place = 0

    def rewind(self) -> None:
        """Begin again."""
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        """Return bytes: those read before first, then new ones."""
        again = bytes(self._kept[self._place :] if size < 0 else self._kept[self._place :][:size])
        self._place += len(again)
        if 0 <= size <= len(again):
            return again
        fresh: bytes = self._source.read(size - len(again) if size >= 0 else -1)
        self._kept += fresh
        self._place += len(fresh)
        return again + fresh

    def readline(self, size: int = -1) -> bytes:
        """Return one line."""
        line = bytearray()
        while (size < 0 or len(line) < size) and not line.endswith(b"\n"):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)

    def readlines(self, hint: int = -1) -> list[bytes]:
        """Return all lines."""
        return list(self)

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

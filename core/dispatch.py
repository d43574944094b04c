"""What a server calls: each request is served by the application of the newest set of plugins.

A transaction that sees a newer set of plugins than its application serves stops before any work
(`db.Stale`); then the request is run again on the newer application. Requests in flight finish
where they began.
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
from sqlalchemy import exc as sa_exc

from . import clock, db, models, plugin_host
from .api import plugin_routes, problems
from .config import Config
from .errors import RelatumError
from .newest import Newest
from .plugin_host import Loaded

#: Seconds after which a request that needs no database asks for newer plugins all the same.
LOOK_EVERY: Final = 1.0
#: Seconds between two signs of life of a worker, and when a silent one is forgotten.
SEEN_EVERY: Final = 30.0
_FORGOTTEN: Final = timedelta(days=1)
#: Seconds for which a request is run again, each time because somebody has enabled a plugin.
_PATIENCE: Final = 30.0
_log = logging.getLogger("relatum.dispatch")


class Application:
    """The WSGI application of a process."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.worker = uuid.uuid4().hex
        self._looked = self._seen = float("-inf")
        self._reports: list[threading.Thread] = []
        self.newest = Newest(config, self._report)

    @property
    def generation(self) -> int:
        """The set of plugins that is served; 0 before the first request."""
        return self.newest.generation

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serve a request."""
        self._look(environ)
        body, given_up = _Body(environ["wsgi.input"]), time.monotonic() + _PATIENCE
        environ["wsgi.input"] = body
        while True:
            try:
                return self.newest.app.wsgi_app(environ.copy(), start_response)
            except db.Stale as stale:
                body.rewind()
                self.newest.build(stale.generation)
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
            self.newest.build(self.newest.epoch())
        if now - self._seen > SEEN_EVERY:
            self._report()

    # -- telling ----------------------------------------------------------------------------
    def _report(self) -> None:
        """Note, beside the requests, that this worker lives, what it serves, and what failed."""
        self._seen = time.monotonic()
        thread = threading.Thread(target=self._note, args=(self.newest.loaded,), daemon=True)
        self._reports = [each for each in self._reports if each.is_alive()]
        self._reports.append(thread)
        thread.start()

    def _note(self, loaded: Loaded) -> None:
        for plugin_id, fault in loaded.faults.items():
            _log.warning("plugin %s does not run: %s", plugin_id, fault.reason)
        try:
            with self.newest.aside.app_context():
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

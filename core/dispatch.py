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
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from http.cookies import CookieError, SimpleCookie
from multiprocessing.util import Finalize
from typing import Any, Final

from sqlalchemy import exc as sa_exc

from . import db, succession
from .api import plugin_routes, problems
from .config import Config
from .devel import Watch
from .errors import RelatumError
from .heartbeat import Heartbeat
from .newest import Newest
from .plugin_host import Development, workers
from .succession import Line

#: Seconds after which a request that needs no database asks for newer plugins all the same.
LOOK_EVERY: Final = 1.0
#: Seconds for which a request is run again, each time because somebody has enabled a plugin.
_PATIENCE: Final = 30.0
_log = logging.getLogger("relatum.dispatch")


class Application:
    """The WSGI application of a process."""

    def __init__(self, config: Config, *, beating: bool = False) -> None:
        self.config = config
        self._looked = float("-inf")
        self._reports: list[threading.Thread] = []
        self.newest = Newest(config, self._report)
        self.heart = Heartbeat(self.newest, workers.WEB)
        self._line: Line | None = None
        self._watch: Watch | None = None
        self._beating = beating
        #: Whether this process ends soon: every answer closes its connection, so that whoever
        #: asks again comes to another process.
        self.is_leaving = False

    @property
    def generation(self) -> int:
        """The set of plugins that is served; 0 before the first request."""
        return self.newest.generation

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Serve a request."""
        if self._beating and not self.heart.beats:
            self.heart.start()  # here, since a thread would not survive a fork before
        self._look(environ)
        body, given_up = _Body(environ["wsgi.input"]), time.monotonic() + _PATIENCE
        environ["wsgi.input"] = body
        while True:
            try:
                return self._answered(environ.copy(), start_response)
            except db.Stale as stale:
                body.rewind()
                self.newest.build(stale.generation)
            if time.monotonic() > given_up:
                refusal = problems.document(RelatumError("plugins_busy", seconds=int(_PATIENCE)))
                return refusal(environ, start_response)

    def _answered(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        with ExitStack() as stack:
            app = stack.enter_context(self.newest.at_work())
            begin = partial(_close_after, start_response) if self.is_leaving else start_response
            return _Answer(app.wsgi_app(environ, begin), stack.pop_all)

    def _look(self, environ: dict[str, Any]) -> None:
        """Build what is newer, where the request itself might not notice."""
        path, now = environ.get("PATH_INFO", ""), time.monotonic()
        owned = f"{path}/".startswith(("/x/", "/api/x/"))
        if not (owned or now - self._looked > LOOK_EVERY or _wanted(environ) > self.generation):
            return
        self._looked = now
        with contextlib.suppress(RelatumError, sa_exc.SQLAlchemyError):
            self.newest.build(self.newest.epoch())

    def _report(self) -> None:
        """Note, beside the requests, what this worker serves, and what failed."""
        if self._line is not None:
            self._line.tell(succession.SERVES, self._serves())
        if self._beating:
            self.heart.wake()
            return
        thread = threading.Thread(target=self.heart.sign, daemon=True)
        self._reports = [each for each in self._reports if each.is_alive()]
        self._reports.append(thread)
        thread.start()

    # -- beside others ----------------------------------------------------------------------
    def serve(self, line: Line, *, dev: bool = False) -> None:
        """Begin to serve as a worker of a supervisor: return when what is enabled is built."""
        self._line = line
        self.newest.is_replaced = True
        if dev:
            self.develop()
        self.heart.is_silent = True
        self.heart.outdated = partial(line.tell, succession.REPLACE)
        self.heart.start()
        line.listen(self._told)
        Finalize(self, self.heart.stop, exitpriority=10)  # runs as this process ends
        self.heart.first.wait(_PATIENCE)
        line.tell(succession.READY, self._serves())

    def develop(self) -> Development:
        """Serve developers of plugins: follow what they save, show what fails; not for others."""
        made = self.newest.development = Development()
        self._watch = Watch(self.newest, self.heart, made)
        self._watch.start()
        return made

    def _serves(self) -> succession.Serves:
        loaded = self.newest.loaded
        reasons = {i: fault.reason for i, fault in loaded.faults.items()}
        return succession.Serves(tuple(loaded.active), reasons)

    def _told(self, word: str, what: Any) -> None:
        """Heed what the supervisor says."""
        if word == succession.LEAVE:
            self.is_leaving = True
            return
        if word == succession.TAKE:
            self.heart.is_silent = False
            self.heart.sign()
            return
        self.heart.held_back = dict(what)
        if self.newest.development is not None:
            self.newest.development.problems.update(what)
        self.heart.sign()

    def close(self) -> None:
        """Wait until nothing runs beside the requests; a worker that ends takes its sign away."""
        for thread in self._reports:
            thread.join()
        if self._watch is not None:
            self._watch.stop()
        self.heart.stop()


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


def _close_after(
    start_response: Callable[..., Any], status: str, headers: list[tuple[str, str]], *more: Any
) -> Any:
    return start_response(status, [*headers, ("Connection", "close")], *more)


class _Answer:
    """The body of an answer; what it was made by is at work until the server is done with it."""

    def __init__(self, body: Iterable[bytes], kept: Callable[[], ExitStack]) -> None:
        self._body, self._next = body, iter(body).__next__
        self._kept: ExitStack | None = kept()

    def __iter__(self) -> _Answer:
        return self

    def __next__(self) -> bytes:
        return self._next()

    def close(self) -> None:
        """End it."""
        kept, self._kept = self._kept, None
        if kept is not None:
            with kept:
                getattr(self._body, "close", lambda: None)()

    #: A server that loses its client may never close.
    __del__ = close


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

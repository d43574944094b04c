"""Watch what the import of a plugin does, and find the line of it that something comes from."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple
from unittest import mock

#: What an audit event means, with what it is told of; what is not named is nobody's business.
_EVENTS: Final = {
    "socket.connect": "it connects to {}", "socket.bind": "it opens a socket on {}",
    "socket.getaddrinfo": "it looks up the host {}",
    "socket.gethostbyname": "it looks up the host {}",
    "sqlite3.connect": "it opens the database {}", "subprocess.Popen": "it starts {}",
    "os.system": "it starts {}", "os.exec": "it becomes {}", "os.posix_spawn": "it starts {}",
    "os.fork": "it starts a process", "os.putenv": "it sets {} in the environment",
    "os.unsetenv": "it takes {} out of the environment", "os.mkdir": "it makes the folder {}",
    "os.rename": "it renames {}", "os.remove": "it removes {}", "os.rmdir": "it removes {}",
    "os.truncate": "it writes {}", "os.chmod": "it changes {}", "os.symlink": "it links to {}",
    "os.chdir": "it changes the folder of the process to {}",
}  # fmt: skip
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


class Seen(NamedTuple):
    """Something that was done, and the line of the plugin that did it; 0 if no line of its did."""

    what: str
    path: str
    line: int


class _Watch:
    """Notes what is done while it is switched on; the interpreter never lets go of it."""

    def __init__(self) -> None:
        self.place: Path | None = None
        self.seen: list[Seen] = []
        self._installed = False

    def install(self) -> None:
        """Hear of what is done in this process from now on, for good."""
        if not self._installed:
            sys.addaudithook(self._hear)
            self._installed = True

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if self.place is None:
            return
        what = _opened(*args) if event == "open" else _told(event, args)
        if what is not None:
            self.note(what)

    def note(self, what: str) -> None:
        """Note something at the line of the plugin that is running."""
        place, self.place = self.place, None  # what looks for the line is not to be heard
        assert place is not None
        frame: FrameType | None = sys._getframe()  # noqa: SLF001  # there is no other way to ask
        while frame is not None and _below(frame.f_code.co_filename, place) is None:
            frame = frame.f_back
        if frame is None:
            self.seen.append(Seen(what, "", 0))
        else:
            at = _below(frame.f_code.co_filename, place) or ""
            self.seen.append(Seen(what, at, frame.f_lineno))
        self.place = place


def _opened(path: Any, mode: Any, flags: Any) -> str | None:
    writes = any(c in str(mode or "") for c in "wax+") or int(flags or 0) & _WRITES
    if not writes or not isinstance(path, str | bytes) or os.fsdecode(path) == os.devnull:
        return None
    return f"it writes the file {os.fsdecode(path)}"


def _told(event: str, args: tuple[Any, ...]) -> str | None:
    template = _EVENTS.get(event)
    if template is None:
        return None
    of = next((each for each in args if isinstance(each, str | bytes | tuple)), "something")
    return template.format(os.fsdecode(of) if isinstance(of, bytes) else of)


_watch: Final = _Watch()


def install() -> None:
    """Let this process tell what is done in it; without that, `watched` sees threads alone."""
    _watch.install()


@contextmanager
def watched(place: Path) -> Iterator[list[Seen]]:
    """Give what is done in the block, by the code at a place or by what it calls."""
    start = threading.Thread.start

    def noted(thread: threading.Thread) -> None:
        if _watch.place is not None:
            _watch.note(f"it starts a thread, {thread.name}")
        start(thread)

    _watch.seen, _watch.place = [], place
    try:
        with mock.patch.object(threading.Thread, "start", noted):  # older Pythons audit no threads
            yield _watch.seen
    finally:
        _watch.place = None


def place_of(error: BaseException | None, place: Path) -> tuple[str, int]:
    """Return the line of the code at a place that an exception comes from; ("", 0) if none is."""
    found = "", 0
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        trace = error.__traceback__
        while trace is not None:
            below = _below(trace.tb_frame.f_code.co_filename, place)
            found = found if below is None else (below, trace.tb_lineno)
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return found


def _below(file: str, place: Path) -> str | None:
    """Return the path of a file below a place; its name, if the place is a file."""
    path = Path(file)
    if path == place:
        return path.name
    return path.relative_to(place).as_posix() if path.is_relative_to(place) else None

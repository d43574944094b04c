"""What a worker of `relatum serve --dev` does beside: follow the files of plugins.

What was saved is built on trial first. If a plugin that runs would not run any more, the last good
application serves on, and the reason is shown; else all processes are told that there is something
newer: a set of plugins if files can be read anew, new code if that needs a new process.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from . import db, plugin_host
from .actor import system
from .errors import RelatumError
from .heartbeat import PASSING, Heartbeat
from .newest import Newest
from .plugin_host import Development, Found, discovery, imported, workers

try:
    from watchfiles import watch as _watch
except ImportError:  # an extra: without it files are looked at twice a second
    _watch = None  # type: ignore[assignment]

#: Milliseconds for which a look lasts, and seconds between two looks without watchfiles.
_LOOK_MS: Final = 500
_LOOK: Final = 0.5
_IGNORED: Final = frozenset({"__pycache__", ".git", "node_modules", ".venv"})
_DECLARES: Final = "It declares something else than is enabled. Run: relatum plugins enable {}"
_log = logging.getLogger("relatum.dev")


class Watch:
    """Follows the files of an instance's plugins for one process, in a thread."""

    def __init__(self, newest: Newest, heart: Heartbeat, development: Development) -> None:
        self.newest, self.heart, self.development = newest, heart, development
        self.over = threading.Event()

    def start(self) -> None:
        """Follow them from now on."""
        (self.newest.config.home / "plugins").mkdir(exist_ok=True)
        self._known = _stamps(self._places())
        self._thread = threading.Thread(target=self._run, name="relatum-dev", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Follow them no more."""
        self.over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self.over.is_set():
            try:
                self._look_after(self._places())
            except Exception:  # noqa: BLE001  # what is saved next may be served
                _log.exception("the files of plugins could not be followed")
                self.over.wait(_LOOK)

    def _look_after(self, places: tuple[Path, ...]) -> None:
        """Serve what is saved in some places, until there are others."""
        first = True
        for changed in _changes(places, self.over):
            if changed or first:  # first: what was saved before anybody looked
                first = False
                now = _stamps(places)
                changed |= {path for path, _ in self._known ^ now}
                # Before anything is done: what is saved meanwhile differs from this.
                self._known = now
            if changed:
                self._take(changed)
            if self._places() != places:
                return

    def _places(self) -> tuple[Path, ...]:
        """Return what is watched: folders of plugins, and the plugins that are elsewhere."""
        config = self.newest.config
        found = plugin_host.discover(config).values()
        places = {*config.plugin_folders, *(each.path for each in found)}
        return tuple(sorted(each for each in places if each.exists()))

    def _take(self, changed: set[Path]) -> None:
        """Let what was saved be served, or say why it can't be."""
        try:
            self._follow(changed)
        except PASSING as error:
            _log.error("what was saved is not served: %s", error)

    def _follow(self, changed: set[Path]) -> None:
        found = plugin_host.discover(self.newest.config)
        touched = [each for each in found.values() if _holds(each, changed)]
        loaded = self.newest.loaded
        if touched and not any(each.id in {*loaded.active, *loaded.faults} for each in touched):
            return  # none of them is enabled
        for each in touched:
            self.development.problems.pop(each.id, None)
        started = time.monotonic()
        if any(each.source != discovery.HOME and imported.is_other(each) for each in touched):
            if self._can_be_read(touched, changed):
                self._ask(workers.ask)
                _log.info("saved: %s; new workers take over", _names(touched))
            return
        lost = self.newest.trial()
        for plugin_id, fault in lost.items():
            self._say(plugin_id, fault.reason, fault.trace)
        if not lost:
            self._ask(plugin_host.next_generation)
            took = (time.monotonic() - started) * 1000
            _log.info("saved: %s; built in %d ms", _names(touched), took)
            self._look_at_declarations(touched)

    def _ask(self, verb: Callable[[], None]) -> None:
        with self.newest.aside.app_context():
            db.transact(verb)
        self.heart.wake()

    def _say(self, plugin_id: str, reason: str, trace: str = "") -> None:
        self.development.problems[plugin_id] = reason
        _log.error("plugin %s: %s. The last good one serves.\n%s", plugin_id, reason, trace)

    def _can_be_read(self, touched: Iterable[Found], changed: set[Path]) -> bool:
        """Say whether Python can read what was saved, so that a new process is worth its while."""
        good = True
        for each in touched:
            for file in sorted(changed):
                if file.suffix == ".py" and file.exists() and file.is_relative_to(each.path):
                    try:
                        with plugin_host.PARSING:
                            compile(file.read_bytes(), str(file), "exec")
                    except (SyntaxError, ValueError) as error:
                        self._say(each.id, f"{type(error).__name__}: {error}")
                        good = False
        return good

    def _look_at_declarations(self, touched: Iterable[Found]) -> None:
        """Say which plugins declare another data model than the one that is enabled."""
        for each in touched:
            with self.newest.aside.app_context(), db.reading(timed=False):
                try:
                    plan = plugin_host.plan_enable(each.id, actor=system("cli"))
                except RelatumError as error:
                    self._say(each.id, str(error))
                    continue
            if plan.model is not None and plan.model.steps:
                self.development.problems[each.id] = _DECLARES.format(each.id)
                _log.warning("plugin %s: %s", each.id, _DECLARES.format(each.id))


def _names(touched: Iterable[Found]) -> str:
    return ", ".join(each.id for each in touched) or "a plugin"


def _holds(found: Found, changed: set[Path]) -> bool:
    return any(path == found.path or path.is_relative_to(found.path) for path in changed)


def _changes(places: tuple[Path, ...], over: threading.Event) -> Iterator[set[Path]]:
    """Yield the files that have changed, twice a second an empty set, until it is over."""
    following: Callable[..., Any] | None = _watch
    if following is None:
        yield from _polled(places, over)
        return
    told = {"yield_on_timeout": True, "rust_timeout": _LOOK_MS, "step": 50, "debounce": 400}
    try:
        for changed in following(*places, stop_event=over, **told):
            yield {Path(name) for _, name in changed}
    except FileNotFoundError:
        return  # a place went away since it was found: they are looked for anew
    except (OSError, RuntimeError) as error:  # no more files may be followed, say
        _log.warning("files are looked at twice a second: they can't be followed: %s", error)
        yield from _polled(places, over)


def _polled(places: tuple[Path, ...], over: threading.Event) -> Iterator[set[Path]]:
    before = _stamps(places)
    while not over.wait(_LOOK):
        now = _stamps(places)
        yield {path for path, _ in before ^ now}
        before = now


def _stamps(places: Iterable[Path]) -> frozenset[tuple[Path, int]]:
    found = set()
    for place in places:
        for file in place.rglob("*") if place.is_dir() else [place]:
            if not _IGNORED & set(file.parts) and file.is_file():
                with contextlib.suppress(OSError):  # it is gone again
                    found.add((file, file.stat().st_mtime_ns))
    return frozenset(found)

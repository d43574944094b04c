"""What a test moves (the clock, jobs, the set of plugins) and what it watches (mail)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from .. import clock, jobs, mail, plugin_host
from ..actor import Actor
from ..dispatch import Application
from ..worker import Worker
from .instances import Instance

#: Most mails that are looked at.
_MAILS: Final = 1000


class Clock:
    """The time that the program goes by: it runs until a test holds or moves it."""

    def __init__(self) -> None:
        self._held = ExitStack()

    @property
    def now(self) -> datetime:
        """The instant that it is now, in UTC."""
        return clock.now()

    def freeze(self, moment: datetime | None = None) -> datetime:
        """Hold the clock, at an instant or where it is; return the instant.

        One without a zone is meant in UTC.
        """
        held = moment or clock.now()
        held = held if held.tzinfo else held.replace(tzinfo=UTC)
        self._held.close()
        self._held.enter_context(clock.frozen(held))
        return clock.now()

    def move(self, **by: float) -> datetime:
        """Hold the clock a while from where it is: `days`, `hours`, as `timedelta` has them."""
        return self.freeze(clock.now() + timedelta(**by))

    def release(self) -> None:
        """Let the clock run again, from what it is in the world."""
        self._held.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that was written: `state` is kept, without a server; `record` what it is about."""

    id: int
    to: str
    name: str | None
    subject: str
    text: str
    html: str | None
    state: str
    template: str | None
    record: Mapping[str, Any] | None


class Outbox:
    """The mails that would be sent, in the order in which they were written."""

    def __init__(self, app: Instance) -> None:
        self._app = app

    def __iter__(self) -> Iterator[Mail]:
        listed = self._app.read(mail.list_mails, limit=_MAILS)
        for each in reversed(listed):
            found = self._app.read(mail.get, each["id"])
            yield Mail(
                id=found["id"], to=found["address"], name=found["name"], state=found["state"],
                subject=found["subject"], text=found["text"] or "", html=found["html"],
                template=found["template"], record=found["record"],
            )  # fmt: skip

    def __len__(self) -> int:
        return len(self._app.read(mail.list_mails, limit=_MAILS))

    def to(self, address: str) -> list[Mail]:
        """Return the mails to an address."""
        return [each for each in self if each.to.lower() == address.lower()]

    @property
    def last(self) -> Mail:
        """The newest mail; raises `LookupError` if none was written."""
        found = list(self)
        if not found:
            raise LookupError("no mail was written")
        return found[-1]


class Jobs:
    """Runs jobs when a test says so: nothing runs beside it."""

    def __init__(self, app: Instance) -> None:
        self._app = app

    @cached_property
    def _worker(self) -> Worker:
        return Worker(self._app.config)

    def run_due(self) -> list[dict[str, Any]]:
        """Run all that is due by the clock, and what that starts; return the jobs, oldest first.

        Each is as `jobs.get` shows it, with its `kind`, `state`, `result` and `error`.
        """
        before = self._states()
        self._worker.run_due()
        changed = [id_ for id_, seen in self._states().items() if before.get(id_) != seen]
        return [self.get(id_) for id_ in changed]

    def _states(self) -> dict[int, Any]:
        text = "SELECT id, state, done, attempts FROM core_job ORDER BY id"
        return {row.id: tuple(row) for row in self._app.sql(text)}

    def run(
        self,
        kind: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        actor: Actor | None = None,
    ) -> dict[str, Any]:
        """Start a job of a kind, run what is due, and return that job."""
        job_id = self._app.write(jobs.enqueue, kind, arguments, actor=actor or self._app.alice)
        self.run_due()
        return self.get(job_id)

    def get(self, job_id: int) -> dict[str, Any]:
        """Return a job."""
        found: dict[str, Any] = self._app.read(jobs.get, job_id)
        return found


class Generations:
    """Changes the set of plugins: the next request, job or verb is served by the new one."""

    def __init__(self, app: Instance, application: Application, plugin_id: str = "") -> None:
        self._app, self._application, self._own = app, application, plugin_id

    @property
    def number(self) -> int:
        """The set of plugins that is enabled; it grows with each change."""
        return int(self._app.sql("SELECT plugins FROM core_epoch")[0].plugins)

    @property
    def served(self) -> int:
        """The set of plugins that the last request was served by; 0 before the first."""
        return self._application.generation

    def enable(self, plugin_id: str = "", **options: Any) -> plugin_host.PluginPlan:
        """Enable a plugin, by itself the one under test, or bring it up to date."""
        return self._app.enable(plugin_id or self._own, **options)

    def disable(self, plugin_id: str = "", **options: Any) -> plugin_host.PluginPlan:
        """Disable a plugin, by itself the one under test."""
        return self._app.disable(plugin_id or self._own, **options)

    def update(self, source: str | Path, plugin_id: str = "") -> plugin_host.PluginPlan:
        """Put other code in the place of a plugin of the home, and enable it.

        `source` is a path to a file or folder, or the text of a one-file plugin. Only a plugin
        that lies in the home, as one named by its path does, can be put there.
        """
        wanted = plugin_id or self._own
        put(self._app.home, wanted, source)
        return self.enable(wanted)


def put(home: Path, plugin_id: str, source: str | Path) -> Path:
    """Write a plugin into a home, in the place of what is there of that id; return where it is."""
    folder = home / "plugins"
    folder.mkdir(exist_ok=True)
    single, whole = folder / f"{plugin_id}.py", folder / plugin_id
    for old in (single, whole):
        if old.is_symlink() or old.is_file():
            old.unlink()
        elif old.is_dir():
            shutil.rmtree(old)
    if isinstance(source, str):
        single.write_text(source, encoding="utf-8")
        return single
    if source.is_dir():
        shutil.copytree(source, whole)
        return whole
    shutil.copyfile(source, single)
    return single

"""Twins: two instances that differ in one secret, asked the same things, in step."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from unittest import mock

from werkzeug.test import Client

from relatum.core import clock, db, jobs
from relatum.core.auth import tokens
from relatum.core.config import Config
from relatum.core.dispatch import Application
from relatum.core.testing.instances import Instance
from relatum.core.testing.originals import Original, Originals, Step

from .oracle_secrets import SECRETS
from .oracle_world import build, enter

PRESET: Final = "all"
#: More than any sequence tries: how many were left would go by the clock of the machine.
LIMITS: Final[dict[str, Any]] = {
    "sign_in_limit": "100000 per minute",
    "reset_limit": "100000 per hour",
}


@dataclass(frozen=True)
class Request:
    """A request, and the door it comes by: cookie, token, or none."""

    method: str
    path: str
    words: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    json: Any = None
    form: tuple[tuple[str, str], ...] | None = None
    body: bytes | None = None
    door: str = "cookie"
    #: What it is of the URL map, to tell what was tried.
    rule: str = ""

    def __str__(self) -> str:
        sent = self.json if self.json is not None else self.form or self.body
        return f"{self.method} {self.path} {self.words} {sent!r} {self.headers} by {self.door}"


@dataclass(frozen=True)
class Answer:
    """All that comes back, and what was logged and became of jobs meanwhile."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    log: tuple[str, ...]
    jobs: tuple[str, ...]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if " is slow in " not in record.msg:  # goes by the clock of the machine
            self.lines.append(f"{record.name} {record.levelname} {record.getMessage()}")


class World:
    """One of the twins."""

    def __init__(self, config: Config, known: dict[str, Any]) -> None:
        self.instance = Instance(config)
        self.application = Application(config)
        self.client = Client(self.application, use_cookies=False)
        self.known = known

    def ask(self, request: Request, step: int) -> Answer:
        """Send a request and carry out the jobs that it started."""
        # This process notes that it has noted the use of a token, which both worlds have.
        tokens._used.clear()
        log = _Log()
        loggers = [logging.getLogger()]
        with frozen(self.known["now"] + timedelta(seconds=step), step):
            for logger in loggers:
                logger.addHandler(log)
            try:
                answer = self._sent(request)
                done = self._jobs()
            finally:
                for logger in loggers:
                    logger.removeHandler(log)
        status, headers, body = answer
        return Answer(status, headers, body, tuple(log.lines), done)

    def _sent(self, request: Request) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        headers = dict(request.headers)
        if request.door == "token":
            headers["Authorization"] = f"Bearer {self.known['token']}"
        elif request.door == "cookie":
            headers["Cookie"] = f"relatum_session={self.known['cookie']}"
            headers["X-CSRF-Token"] = self.known["csrf"]
        sent: dict[str, Any] = {}
        if request.json is not None:
            sent["json"] = request.json
        elif request.form is not None:
            sent["data"] = _as_form(request.form)
        elif request.body is not None:
            sent["data"] = request.body
        found = self.client.open(
            request.path, method=request.method, query_string=list(request.words),
            headers=headers, **sent,
        )  # fmt: skip
        # The clock of the machine stands in both: the cookies' own ends are relative to it.
        kept = tuple(
            (name, re.sub(r"Expires=[^;]*; ", "", value))
            for name, value in found.headers if name != "Date"
        )  # fmt: skip
        body = found.data
        found.close()
        return found.status_code, kept, _readable(kept, body)

    def _jobs(self) -> tuple[str, ...]:
        """Carry out what waits but alice's own, and say what became of it."""
        mine = f"FROM core_job WHERE actor_id = {self.known['ids']['nora']}"
        with self.instance.app.app_context():
            for row in self.instance.sql(f"SELECT id {mine} AND state = 'queued' ORDER BY id"):
                jobs.run(row.id, by="me", pause=lambda: False)
        told = self.instance.sql(f"SELECT * {mine} ORDER BY id")
        return tuple(str(dict(row._mapping)) for row in told)

    def close(self) -> None:
        """Let go of the instance."""
        self.application.close()


def _as_form(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, value in pairs:
        made.setdefault(name, []).append(value)
    return made


def _readable(headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    """Return what is in a workbook: the archive itself says when it was packed."""
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        parts = [name.encode() + b"\n" + packed.read(name) for name in packed.namelist()]
    stamped = rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>"
    return re.sub(stamped, b"", b"\n".join(parts))


@contextmanager
def frozen(moment: Any, step: int) -> Iterator[None]:
    """Hold the clock, and let what is drawn at random follow from the step alone."""
    drawn = iter(range(1_000_000))

    def some(size: int | None = None) -> bytes:
        made = hashlib.shake_256(f"{step} {next(drawn)}".encode())
        return made.digest(size or 32)

    def text(size: int | None = None) -> str:
        return base64.urlsafe_b64encode(some(size)).rstrip(b"=").decode()

    def number(size: int | None = None) -> str:
        return some(size).hex()

    def word(length: int = 32) -> str:
        return base64.b32encode(some(length)).decode()[:length]

    with (
        clock.frozen(moment),
        mock.patch("secrets.token_bytes", some),
        mock.patch("secrets.token_urlsafe", text),
        mock.patch("secrets.token_hex", number),
        mock.patch("pyotp.random_base32", word),
    ):
        yield


@dataclass
class Twins:
    """Two worlds in step."""

    worlds: tuple[World, World]
    known: dict[str, Any]
    step: int = 0
    asked: list[Request] = field(default_factory=list)

    def ask(self, request: Request) -> tuple[Answer, Answer]:
        """Ask both the same; return both answers."""
        self.step += 1
        self.asked.append(request)
        first, second = (world.ask(request, self.step) for world in self.worlds)
        return first, second


class Pairs:
    """Makes twins, as often as one wants, from originals that are made once."""

    def __init__(self, originals: Originals, database: str, folder: Path) -> None:
        self._originals, self._database, self._folder = originals, database, folder
        self._made = 0

    @contextmanager
    def twins(self, scope: str, secret: str) -> Iterator[Twins]:
        """Give two fresh instances that differ in a secret."""
        base = Step("oracle", build, None)
        inside = Step(f"oracle {scope}", _enters(scope), base)
        other = Step(f"oracle {scope} {secret}", _differs(scope, secret), inside)
        with ExitStack() as stack:
            worlds = []
            for step in (inside, other):
                original = self._originals.get(self._database, PRESET, step)
                worlds.append(stack.enter_context(self._world(original, scope)))
            yield Twins((worlds[0], worlds[1]), worlds[0].known)

    @contextmanager
    def _world(self, original: Original, scope: str) -> Iterator[World]:
        self._made += 1
        values = original.values
        known = {**values["oracle"], **values[f"oracle {scope}"], "scope": scope}
        with self._originals.copied(original, self._folder / f"w{self._made}") as config:
            world = World(replace(config, **LIMITS), known)
            try:
                yield world
            finally:
                world.close()
                db.dispose(world.instance.config)


_STEPS: Final[dict[str, Any]] = {}


def _enters(scope: str) -> Any:
    return _STEPS.setdefault(scope, enter(scope))


def _differs(scope: str, secret: str) -> Any:
    def differ(instance: Any) -> None:
        ids = {row.name: row.id for row in instance.sql(_NAMES)}
        with instance.app.app_context(), db.engine().begin() as connection:
            SECRETS[secret](connection, ids, scope)

    return _STEPS.setdefault(f"{scope} {secret}", differ)


_NAMES: Final = (
    "SELECT id, name FROM x_deal UNION ALL SELECT id, name FROM x_person "
    "UNION ALL SELECT id, name FROM x_firm"
)

"""Serve an instance over HTTP: worker processes with request threads, under a supervisor.

The supervisor (this process) never answers a request and holds no database connection. It
replaces a worker that dies, and one that asks for it (see succession). SIGTERM, SIGINT and a
closed terminal stop it: workers finish the requests they have, and are killed only if that takes
longer than `STOP_SECONDS`.
"""

from __future__ import annotations

import errno
import importlib
import logging
import multiprocessing
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from . import db, plugin_host
from .beside import Beside
from .config import SETTINGS, Config
from .errors import RelatumError
from .signals import Ending, Waking
from .succession import Line, Server

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 8000
#: Seconds that requests in flight get when the server stops.
STOP_SECONDS: Final = 30
_APPLICATION: Final = "wsgi"
_EVERYWHERE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # compared, never a default
#: Where nobody but this machine can ask.
_OWN: Final = frozenset({LOOPBACK, "localhost", "::1"})
_LAST_PORT: Final = 65535
_PORTS_TRIED: Final = 100
_ACCESS_LINE: Final = "%(addr)s %(method)s %(path)s %(status)d %(dt_ms).1f ms"
_LINK: Final = re.compile(r"(/sign-in/)\S+")
_JOBS: Final = "from relatum.core.worker import supervised; supervised({})"
_log = logging.getLogger("relatum.serve")


def serve(
    config: Config,
    host: str = LOOPBACK,
    port: int = PORT,
    workers: int = 1,
    *,
    access_log: bool = False,
    jobs: bool = True,
    dev: bool = False,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serve the instance until a signal says stop; return once every worker has ended.

    With `jobs` a process that runs jobs lives beside the workers. `ready` is called once, in a
    thread, when the first worker serves. SIGUSR2 replaces the workers one by one. `dev` is for
    developers of plugins: what they save is served, what fails is shown. Raises `dev_exposed`,
    `port_in_use` or `port_refused` before anything is started; exits with status 1 if no
    worker can start.
    """
    if dev and host not in _OWN:
        raise RelatumError("dev_exposed", host=host)
    _refuse_port(host, port)
    db.dispose(config)  # a connection must not cross the fork
    os.environ.update(environment(config))
    if plugin_host.has_run():
        # A fork would inherit code of plugins that may be another by then.
        multiprocessing.set_start_method("spawn", force=True)
    beside = Beside(_JOBS.format(os.getpid()) if jobs else None)

    def up() -> None:
        server.respawn_failed_workers = True  # from now on; one that can't even start ends all
        beside.start()
        (ready or partial(_log.info, "listening at %s", address(host, port)))()

    server = _server(config, host, port, workers, access_log=access_log, ready=up)
    # Granian's own loader would put the working directory on sys.path.
    try:
        server.serve(target_loader=partial(_load, dev), wrap_loader=False)
    finally:
        beside.stop(STOP_SECONDS)


def environment(config: Config) -> dict[str, str]:
    """Return the variables that give another process exactly these settings."""
    given = {f"RELATUM_{s.name.upper()}": str(getattr(config, s.name)) for s in SETTINGS}
    return {"RELATUM_HOME": str(config.home), **given}


def address(host: str, port: int) -> str:
    """Return the address that a browser on this machine can open."""
    shown = LOOPBACK if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def free_port(host: str, wanted: int) -> int:
    """Return `wanted`, or the next port after it that is free; the caller says which.

    Raises `port_in_use` if a hundred in a row are taken, `port_refused` if none may be opened.
    """
    for port in range(wanted, wanted + _PORTS_TRIED):
        try:
            _refuse_port(host, port)
        except RelatumError as refused:
            if refused.code != "port_in_use":
                raise
        else:
            return port
    raise RelatumError("port_in_use", host=host, port=wanted)


def _refuse_port(host: str, port: int) -> None:
    """Raise if nobody can listen there; Granian would share a port with another server."""
    if not 1 <= port <= _LAST_PORT:
        reason = f"ports go from 1 to {_LAST_PORT}"
        raise RelatumError("port_refused", host=host, port=port, reason=reason)
    try:
        family, kind, proto, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen()
    except OSError as error:
        code = "port_in_use" if error.errno == errno.EADDRINUSE else "port_refused"
        raise RelatumError(code, host=host, port=port, reason=error.strerror) from None


def _server(
    config: Config,
    host: str,
    port: int,
    workers: int,
    *,
    access_log: bool,
    ready: Callable[[], None],
) -> Server:
    server = Server(
        _APPLICATION,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=config.threads,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=_logging(),
        log_access=access_log,
        log_access_format=_ACCESS_LINE,
        ready=ready,
    )
    server.main_loop_interrupt = Waking()  # type: ignore[assignment]
    server.on_startup(partial(_heed, server, signal.getsignal(signal.SIGHUP)))
    return server


def _heed(server: Server, inherited: Any) -> None:
    """Hear of SIGUSR2; let a closed terminal stop the server, unless told to survive that (nohup).

    So SIGHUP never means anything else.
    """
    ignored = inherited is signal.SIG_IGN
    signal.signal(signal.SIGHUP, inherited if ignored else server.signal_handler_interrupt)
    signal.signal(signal.SIGUSR2, server.replace_all)


def _load(
    dev: bool,
    connection: Connection,
) -> Callable[..., Any]:
    """Make the application of this worker; runs in the worker.

    It ends when the supervisor says so or is gone: a Ctrl+C in the terminal reaches the supervisor
    alone, and a killed one leaves no orphan that keeps the port.
    """
    os.setpgrp()
    line = Line(connection, Ending(STOP_SECONDS).begin)
    try:
        module = importlib.import_module(f".{_APPLICATION}", __package__)
    except RelatumError as error:
        sys.exit(str(error))
    application: Any = module.application
    application.serve(line, dev=dev)
    made: Callable[..., Any] = application
    return made


class HideSecrets(logging.Filter):
    """Leave the secrets of one-time links out of the access lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _LINK.sub(r"\1…", record.getMessage()), None
        return True


def _logging() -> dict[str, Any]:
    """Return one quiet format for the server, the application and the access lines."""
    line = {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    console = {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
    return {
        "filters": {"secrets": {"()": HideSecrets}},
        "formatters": {"line": line},
        "handlers": {"console": console},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            "relatum": {"level": "INFO"},
            "granian.access": {"level": "INFO", "filters": ["secrets"]},
            "_granian": {"level": "ERROR"},
        },
    }

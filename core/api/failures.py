"""What a server for developers answers when something failed: whose code, and its traceback."""

from __future__ import annotations

from flask import Response, current_app

from .. import plugin_host
from ..errors import RelatumError
from . import pages, wire

#: From this status on it is no refusal but a failure.
_FAILURES = 500


def answer(error: Exception, known: RelatumError, *, as_page: bool) -> Response | None:
    """Return an answer with the traceback; None for a refusal, and on any other server."""
    if plugin_host.development() is None or known.status != _FAILURES:
        return None
    blamed, trace = plugin_host.blame(error), plugin_host.trace(error)
    if blamed is not None:
        current_app.logger.error("%s: %s", blamed, error)
    if as_page:
        return pages.failure(known, str(blamed or "no plugin"), trace)
    told = {
        "plugin": blamed.plugin if blamed else None, "hook": blamed.function if blamed else None,
        "place": blamed.place if blamed else None, "traceback": trace.splitlines(),
    }  # fmt: skip
    document = wire.dump({**known.as_json(), **told})
    return Response(document, known.status, content_type=wire.PROBLEM)

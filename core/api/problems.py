"""Every error as one shape: a problem document, or a plain page where a browser asks for one."""

from __future__ import annotations

import secrets
from functools import partial

import sqlalchemy.exc
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
    SecurityError,
    UnsupportedMediaType,
)

from .. import db, dialects
from ..errors import RelatumError
from ..plugin_host import Shell
from . import failures, gate, pages, plugin_routes, wire


def install(app: Flask, shell: Shell | None = None) -> None:
    """Answer every error of `app`: with a problem document, or a page that the shell draws."""
    app.register_error_handler(Exception, partial(answer, shell=shell))


def answer(error: Exception, shell: Shell | None = None) -> Response:
    """Return the response for anything that was raised."""
    known = _known(error)
    as_page = not f"{request.path}/".startswith("/api/") and request.accept_mimetypes.accept_html
    told = failures.answer(error, known, as_page=as_page)
    if told is not None:
        return told
    response = _page(known, shell) if as_page else document(known)
    if known.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="relatum"'
    if known.code in ("database_busy", "apply_busy", "idempotency_busy"):
        response.headers["Retry-After"] = "1"
    if known.code == "too_many_tries":
        response.headers["Retry-After"] = str(known.params["seconds"])
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _page(error: RelatumError, shell: Shell | None) -> Response:
    if shell is not None:
        try:
            return shell.refusal(error)
        except Exception:  # a page that fails to say what failed is no reason to say nothing
            current_app.logger.exception("the shell can't draw the error '%s'", error.code)
    return pages.refusal(error)


def document(error: RelatumError) -> Response:
    """Return an error as a problem document."""
    return Response(wire.dump(error.as_json()), status=error.status, content_type=wire.PROBLEM)


def _known(error: Exception) -> RelatumError:
    if isinstance(error, RelatumError):
        return _discreet(error)
    if isinstance(error, (dialects.Retry, sqlalchemy.exc.TimeoutError)):
        # A lock that was not given in time, or no free connection in the pool.
        return RelatumError("database_busy", seconds=db.settings().busy_timeout)
    if isinstance(error, HTTPException):
        found = _of_http(error)
        if found is not None:
            return found
    number = secrets.token_hex(4)
    current_app.logger.error(
        "internal error %s at %s %s", number, request.method, request.path, exc_info=error
    )
    return RelatumError("internal", id=number)


def _discreet(error: RelatumError) -> RelatumError:
    """Keep from strangers where the database is; the log has it."""
    if error.code not in ("database_gone", "not_initialised"):
        return error
    current_app.logger.error("%s", error)
    return RelatumError(
        error.code, url="the configured address", reason="the log of the server says why"
    )


def _of_http(error: HTTPException) -> RelatumError | None:
    path = request.path[:200]
    if isinstance(error, SecurityError):
        return RelatumError("host_not_trusted")
    if isinstance(error, NotFound):
        off = plugin_routes.off(path)
        if off is not None:
            return off
        if f"{path}/".startswith("/api/") and not gate.has_credential():
            return RelatumError("not_signed_in")
        return RelatumError("not_found", path=path)
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or []))
        return RelatumError(
            "method_unknown", method=request.method[:20], path=path, allowed=allowed
        )
    if isinstance(error, RequestEntityTooLarge):
        return RelatumError("body_too_large", limit=db.settings().body_limit)
    if isinstance(error, UnsupportedMediaType):
        return RelatumError("media_type", got=(request.content_type or "nothing")[:100])
    if error.code is not None and 400 <= error.code < 500:
        return RelatumError("bad_request", reason=(error.description or error.name)[:200])
    return None

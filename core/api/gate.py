"""From a request to a response: who asks, what he sent, one transaction, bytes after commit."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from collections.abc import MutableMapping
from typing import Any, Final, NamedTuple

from flask import Response, request
from werkzeug.datastructures import Headers

from .. import auth, changes, db
from ..actor import Actor
from ..auth import second_factor
from ..errors import RelatumError
from . import idempotency, wire
from .operations import CHANGE, EXCLUSIVE, OWN, READ, SAFE_METHODS, Call, Operation, Sealed

#: Name of the session cookie.
COOKIE = "relatum_session"
#: Who asks where nobody needs to be known.
STRANGER = Actor(user_id=None, name="anonymous")


class Who(NamedTuple):
    """Who sent the request, and the session or the bearer token that he came by."""

    actor: Actor
    csrf: str | None = None
    cookie: str | None = None
    token: str | None = None


NOBODY: Final = Who(STRANGER)


def answer(operation: Operation, path: dict[str, Any]) -> Response:
    """Carry out one operation for the current request.

    The bytes of the answer are made inside the transaction and sent after its commit, so a
    commit that fails can't have answered with success.
    """
    who = NOBODY
    try:
        if not operation.only_reads:
            who = identify(public=operation.public, setting_up=operation.setting_up)
            if not operation.public:
                confirm(who)
            call = _call(operation, who)
            leaves = operation.leaving and who.actor.behind is not None
            if operation.mode_of(call) != READ and not leaves:
                may_write(who)
            return _response(_run(operation, call, path))
        _claimed(public=operation.public)
        # Nothing is waited for but the database: one snapshot says who asks and what he sees.
        with db.reading():
            who = _known(public=operation.public, setting_up=operation.setting_up)
            return _response(operation.work(_call(operation, who), **path).sealed())
    finally:
        if who.token is not None:
            auth.note_use(who.token)


def _call(operation: Operation, who: Who) -> Call:
    _known_parameters(operation)
    raw, body = b"", None
    if operation.body is not None:
        raw, body = wire.read_json(request, plain_text="Record" not in operation.body)
    return Call(
        actor=who.actor,
        method=request.method,
        path=request.full_path,
        args=list(request.args.items(multi=True)),
        body=body,
        headers=request.headers,
        csrf=who.csrf,
        cookie=who.cookie,
        digest=hashlib.sha256(raw).hexdigest() if "Idempotency-Key" in request.headers else "",
    )


def _run(operation: Operation, call: Call, path: dict[str, Any]) -> Sealed:
    mode = operation.mode_of(call)
    if mode == OWN:
        return operation.work(call, **path).sealed()
    if mode == READ:
        with db.reading():
            return operation.work(call, **path).sealed()

    def work() -> Sealed:
        sealed = operation.work(call, **path).sealed()
        sign(sealed.headers)
        return sealed

    return db.transact(lambda: idempotency.once(operation, call, work), exclusive=mode == EXCLUSIVE)


def sign(headers: MutableMapping[str, str] | Headers) -> None:
    """Name in the headers of an answer the change set of the open transaction, if it has one."""
    number = changes.number()
    if number is not None:
        headers.setdefault(CHANGE, str(number))


def _response(sealed: Sealed) -> Response:
    response = Response(sealed.body or b"", status=sealed.status)
    if sealed.body is None:
        del response.headers["Content-Type"]
    else:
        response.headers["Content-Type"] = wire.JSON
    for name, value in sealed.headers.items():
        response.headers.add(name, value)
    return response


def has_credential() -> bool:
    """Say whether the request claims to be from somebody."""
    return "Authorization" in request.headers or COOKIE in request.cookies


def identify(*, public: bool, setting_up: bool = False) -> Who:
    """Return who asks; raise `not_signed_in` or `token_invalid`. Where `public`, nobody need ask.

    A bearer token goes before a cookie: another site can't make a browser send it. Whoever came by
    a cookie and must set up a second factor first is nobody, and refused (`second_factor_required`)
    where one must be known, unless it is for `setting_up`.
    """
    if not _claimed(public=public):
        return NOBODY
    with db.reading():
        return _known(public=public, setting_up=setting_up)


def _claimed(*, public: bool) -> bool:
    """Say whether the database must be asked who this is; raise `not_signed_in` without it."""
    if not has_credential() and not public:
        raise RelatumError("not_signed_in")
    return has_credential()


def _known(*, public: bool, setting_up: bool) -> Who:
    given = request.headers.get("Authorization")
    if given is not None:
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise RelatumError("not_signed_in")
        return Who(_here(auth.actor_of_token(token.strip())), token=token.strip())
    cookie = request.cookies.get(COOKIE, "")
    try:
        actor, csrf = auth.actor_of_session(cookie)
    except RelatumError as error:
        if not public or error.status != 401:
            raise
        return NOBODY
    if not setting_up and actor.behind is None and second_factor.must_set_up(actor):
        if public:
            return NOBODY
        raise RelatumError("second_factor_required")
    return Who(_here(actor), csrf, cookie)


def _here(actor: Actor) -> Actor:
    return dataclasses.replace(actor, address=request.remote_addr)


def confirm(who: Who) -> None:
    """Refuse a write by a session's cookie without its CSRF token (`csrf_failed`)."""
    if who.csrf is None or request.method in SAFE_METHODS:
        return
    if not hmac.compare_digest(request.headers.get("X-CSRF-Token", "").encode(), who.csrf.encode()):
        raise RelatumError("csrf_failed")


def may_write(who: Who) -> None:
    """Refuse what is no reading by whoever may only read.

    That is a token (`token_reads_only`), or an administrator who looks as somebody else
    (`view_only`).
    """
    if who.actor.reads_only and request.method not in SAFE_METHODS:
        code = "token_reads_only" if who.actor.behind is None else "view_only"
        raise RelatumError(code, method=request.method, path=request.path[:200])


def _known_parameters(operation: Operation) -> None:
    known = [parameter.name for parameter in operation.query]
    for name in request.args:
        filters = operation.filters and not name.startswith("_")
        if name not in known and not filters:
            listed = ", ".join(known) or "none"
            raise RelatumError(
                "bad_parameter", name=name[:80], reason=f"it is not known here; known: {listed}"
            )

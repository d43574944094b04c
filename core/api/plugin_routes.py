"""Routes of plugins: mounted below /x/ID and /api/x/ID, each behind the permission it declares."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Flask, Response, current_app, g, request

from .. import access, db, hooks, plugin_host
from ..actor import Actor
from ..errors import RelatumError
from ..hooks import costs, reason_of
from ..plugin_host import Access, Loaded
from . import gate, guard
from .operations import SAFE_METHODS

#: What an administrator's answer says of the set of plugins that it made.
GENERATION: Final = "Relatum-Generation"
COOKIE: Final = "relatum_generation"
#: From this status on an answer says that something was refused or has failed.
_ERRORS: Final = 400
_WHY: Final = {
    "missing": "is not on this machine any more", "safe_mode": "rests: safe mode is on",
    "needs_config": "lacks settings that it needs",
}  # fmt: skip


class _Refused(Exception):
    """A view says by its answer that it refuses: what it wrote before is undone."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


class NotMounted(Exception):
    """The routes of a plugin can't be taken in; the application that was begun is of no use."""

    def __init__(self, plugin: str, reason: str) -> None:
        super().__init__(plugin, reason)
        self.plugin, self.reason = plugin, reason


def install(app: Flask, loaded: Loaded) -> None:
    """Give `app` the routes of the plugins that run; raise `NotMounted`."""
    for plugin_id, active in loaded.active.items():
        if active.routes is None:
            continue
        try:
            for blueprint, prefix, name in plugin_host.mounts(plugin_id, active.routes):
                app.register_blueprint(blueprint, url_prefix=prefix or None, name=name)
                _close(app, plugin_id, name, is_api=prefix.startswith("/api/"))
                _keep(app, blueprint, f"{name}.static")
        except Exception as error:
            raise NotMounted(plugin_id, reason_of(error)) from error


def _keep(app: Flask, blueprint: Blueprint, endpoint: str) -> None:
    """Let browsers keep a file of a blueprint for good where the address says what is in it."""
    send: Any = app.view_functions.get(endpoint)
    if send is None:
        return

    @functools.wraps(send)
    def answer(filename: str) -> Response:
        made = current_app.make_response(send(filename=filename))
        wanted = request.args.get(plugin_host.WORD)
        if wanted and wanted == plugin_host.digest(blueprint, filename):
            made.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return made

    app.view_functions[endpoint] = answer


def _close(app: Flask, plugin_id: str, name: str, *, is_api: bool) -> None:
    """Put every view of a blueprint behind its gate."""
    for endpoint, view in app.view_functions.items():
        if not endpoint.startswith(f"{name}.") or endpoint == f"{name}.static":
            continue
        allowed = plugin_host.access_of(view)
        if allowed is None:
            raise ValueError(f"the view {endpoint} does not say who may use it")
        app.view_functions[endpoint] = _gated(plugin_id, view, allowed, is_api=is_api)


def _gated(
    plugin_id: str, view: Callable[..., Any], allowed: Access, *, is_api: bool
) -> Callable[..., Response]:
    @functools.wraps(view)
    def answer(**path: Any) -> Response:
        who = gate.identify(public=allowed.public, setting_up=allowed.setting_up)
        if not (allowed.public and who.actor.behind is not None):
            gate.may_write(who)
        if is_api:
            gate.confirm(who)
        else:
            guard.confirm_origin()
        g.relatum = hooks.current().context(plugin_id, who.actor)
        if allowed.own:
            if not (allowed.public or who.actor.admin):
                with db.reading():
                    _let_in(plugin_id, allowed, who.actor)
            return current_app.make_response(_called(plugin_id, view, path))

        def work() -> Response:
            _let_in(plugin_id, allowed, who.actor)
            return _made(plugin_id, view, path)

        if request.method in SAFE_METHODS:
            with db.reading():
                return work()
        return _written(work)

    return answer


def _let_in(plugin_id: str, allowed: Access, actor: Actor) -> None:
    """Refuse who has no permission of a view; in the transaction that it works in."""
    if allowed.permission is not None and not access.may(actor, allowed.permission):
        thing = f"plugin '{plugin_id}' ({allowed.permission})"
        raise RelatumError("forbidden", action="use", thing=thing)


def _called(plugin_id: str, view: Callable[..., Any], path: dict[str, Any]) -> Any:
    part = f"{request.method} {request.url_rule}"
    with costs.measured(plugin_id, part, strict=True, budget=None):
        return view(**path)


def _made(plugin_id: str, view: Callable[..., Any], path: dict[str, Any]) -> Response:
    made = current_app.make_response(_called(plugin_id, view, path))
    if not made.direct_passthrough:
        made.get_data()  # made inside the transaction, sent after it
    return made


def _written(work: Callable[[], Response]) -> Response:
    """Return the answer of a view that writes; one that refuses leaves nothing written."""

    def signed() -> Response:
        made = work()
        if made.status_code >= _ERRORS:
            raise _Refused(made)
        gate.sign(made.headers)
        return made

    try:
        return db.transact(signed)
    except _Refused as refused:
        return refused.answer


def off(path: str) -> RelatumError | None:
    """Return the refusal of an address of a plugin that does not run; None for any other."""
    parts = path.removeprefix("/api").split("/")
    if len(parts) < 3 or parts[1] != "x":
        return None
    loaded, plugin_id = plugin_host.current(), parts[2]
    if plugin_id in loaded.disabled:
        return RelatumError("plugin_off", plugin=plugin_id, why="is disabled")
    if plugin_id in loaded.faults:
        why = _WHY.get(loaded.faults[plugin_id].kind, "has failed and was left out")
        return RelatumError("plugin_off", plugin=plugin_id, why=why)
    return None

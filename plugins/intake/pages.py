"""The page of a form: the only one on which somebody without an account writes anything."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, render_template, request

from relatum import (
    RelatumError,
    context,
    count_public,
    plugin_host,
    reading,
    requires,
    transact,
)
from relatum import catalog as catalogs

from . import shaping, taking

PAGES: Final = Blueprint("pages", __name__, template_folder="templates", static_folder="static")
#: How often somebody's turn is asked for again, where two were sent at once.
_TRIES: Final = 20
_INVALID: Final = 422


@PAGES.get("/<address>")
@requires(public=True, own=True)
def show(address: str) -> Response:
    """Show a form."""
    with reading():
        form = taking.form_at(address, context().as_plugin())
        return _page(form, request.args)


@PAGES.post("/<address>")  # relatum: allow RLT021 forms are for anybody, and limited
@requires(public=True, own=True)
def send(address: str) -> Response:
    """Take what was filled in; a machine is thanked as a person is, and nothing is kept."""
    count_public()
    actor, sent = context().as_plugin(), request.form
    for _ in range(_TRIES):
        with reading():
            form = taking.form_at(address, actor)
            asked = _asked(form)
            if not form["active"]:
                return _page(form, sent, 409)
            if taking.is_spam(form, sent):
                return _page(form, sent, done=True)
            lacking = taking.missing(form, asked, sent)
            if lacking:
                problems = dict.fromkeys(lacking, plugin_host.translated("Please fill this in."))
                return _page(form, sent, _INVALID, problems=problems)
        try:
            transact(partial(
                taking.take, form, sent, actor, address=request.remote_addr or "",
                referrer=_without_words(sent.get("referrer", "")),
            ))  # fmt: skip
        except RelatumError as error:
            if error.code == "version_mismatch":
                continue
            with reading():
                return _page(form, sent, _INVALID, problems=_problems(error))
        with reading():
            return _page(form, sent, done=True)
    raise RelatumError("too_many_tries", seconds=1)


def _asked(form: dict[str, Any]) -> list[shaping.Question]:
    return shaping.questions(catalogs.current().type(form["makes"]), form["questions"])


def _problems(error: RelatumError) -> dict[str, str]:
    """Return what is wrong, by the path of the question; what is at none of them stands above."""
    found = getattr(error, "problems", None) or []
    return {p.field or "": p.message for p in found} or {"": str(error)}


def _page(
    form: dict[str, Any],
    sent: Mapping[str, str],
    status: int = 200,
    *,
    done: bool = False,
    problems: Mapping[str, str] | None = None,
) -> Response:
    asked = _asked(form)
    known = {q.path for q in asked} | {"consent_"}
    above = [text for path, text in (problems or {}).items() if path not in known]
    body = render_template(
        "intake/form.html", form=form, asked=asked, sent=sent, done=done, above=above,
        problems=problems or {}, seal=taking.seal(form), referrer=_referrer(sent),
        lang=plugin_host.language(), _=plugin_host.translated,
        css=plugin_host.static_url(plugin_host.current().active["intake"], "form.css"),
    )  # fmt: skip
    answer = current_app.make_response((body, status))
    answer.headers["Content-Security-Policy"] = _policy(form)
    if form["sites"]:
        # The policy says who may; that other word can't, and browsers take the policy first.
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _policy(form: dict[str, Any]) -> str:
    sites = (each.strip() for each in (form["sites"] or "").split(","))
    within = [each for each in sites if urlsplit(each).scheme in ("https", "http")]
    names = " ".join(f"{urlsplit(each).scheme}://{urlsplit(each).netloc}" for each in within)
    ancestors = names or "'none'"
    return (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {ancestors}"
    )


def _referrer(sent: Mapping[str, str]) -> str:
    return sent.get("referrer") or _without_words(request.referrer or "")


def _without_words(address: str) -> str:
    """Return an address without what stands behind it, which may tell of somebody."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""

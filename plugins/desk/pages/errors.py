"""The page of an error: what is wrong, why, and the next step."""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

from flask import Response, request

from relatum import RelatumError

from .. import ui, words


def refusal(error: RelatumError) -> Response:
    """Draw an error; who is not signed in is asked to do that first."""
    if error.status == 401 and not ui.is_fragment():
        wanted = _wanted()
        return ui.away(f"/sign-in?{urlencode({'next': wanted})}" if wanted != "/" else "/sign-in")
    if error.code == "second_factor_required":
        return ui.away("/account/second-factor")
    if ui.is_fragment():
        made = ui.render("_refused.html", error.status, error=error)
        return ui.toast(made, words.said(error), kind="bad")
    return ui.render(
        "error.html", error.status, error=error, bare=True, help=f"/help/errors#{quote(error.code)}"
    )


def _wanted() -> str:
    """Return the page to go on with after signing in: of what was sent, the one with the form."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    come_from = urlsplit(request.headers.get("Referer", ""))
    if come_from.netloc != request.host:
        return "/"
    return f"{come_from.path}?{come_from.query}".rstrip("?")

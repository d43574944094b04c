"""Signing in by password or by a one-time link, signing out, and one's own account."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from relatum import RelatumError, sessions

from .. import ui, words

_MORE: Final = ("sign_in_failed", "too_many_tries", "link_invalid")


def after() -> str:
    """Return the page of ours that was wanted before; anything else is the first page."""
    wanted = request.values.get("next", "")
    # A second slash, or a backslash that browsers take for one, would lead to another host.
    own = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if own else "/"


@ui.page("/sign-in", public=True, own=True)
def sign_in_form() -> Response:
    """Ask for address and password."""
    return ui.render("sign_in.html", next=after(), email="", refused=None)


@ui.page("/sign-in", "POST", public=True, own=True)
def sign_in() -> Response:
    """Sign in by the form."""
    email = request.form.get("email", "")
    try:
        made = sessions.by_password(email, request.form.get("password", ""))
    except RelatumError as error:
        if error.code not in _MORE:
            raise
        if ui.is_fragment():
            return ui.render("_refused.html", error.status, error=error)
        page = ui.render(
            "sign_in.html", error.status, next=after(), email=email[:254], refused=str(error)
        )
        if error.code == "too_many_tries":
            page.headers["Retry-After"] = str(error.params["seconds"])
        return page
    answer = ui.away(after())
    # A page that waits for this goes on only if it is the same person.
    answer.headers["Relatum-User"] = str(made.user_id)
    return _with(answer, sessions.cookie_of(made))


@ui.page("/sign-in/<secret>", public=True, own=True)
def link(secret: str) -> Response:
    """Ask before a one-time link is used: whoever scans mail opens links, but sends no form."""
    return ui.render("link.html")


@ui.page("/sign-in/<secret>", "POST", public=True, own=True)
def use_link(secret: str) -> Response:
    """Sign in by a one-time link."""
    return _with(ui.away("/"), sessions.cookie_of(sessions.by_link(secret)))


@ui.page("/sign-out", "POST", public=True, own=True)
def sign_out() -> Response:
    """End the session of this browser."""
    sessions.end()
    return _with(ui.away("/sign-in"), sessions.no_cookie())


@ui.page("/account")
def account() -> Response:
    """Show what somebody can change of himself and of this browser."""
    return ui.render("account.html", refused=None, done=request.args.get("done"))


@ui.page("/account/password", "POST", own=True)
def set_password() -> Response:
    """Set one's own password."""
    actor = ui.actor()
    assert actor.user_id is not None
    try:
        sessions.set_password(actor.user_id, request.form.get("password", ""), actor=actor)
    except RelatumError as error:
        if error.code != "password_weak":
            raise
        return ui.render("account.html", error.status, refused=str(error), done=None)
    return ui.away("/account?done=password")


@ui.page("/account/looks", "POST")
def set_looks() -> Response:
    """Keep theme, language and density for this browser."""
    answer = ui.away("/account?done=looks")
    for name, known in (
        ("theme", ("light", "dark")), (words.COOKIE, words.LANGUAGES), ("density", ("compact",)),
    ):  # fmt: skip
        value = request.form.get(name, "")
        if value in known:
            answer.set_cookie(name, value, max_age=31_536_000, samesite="Lax", path="/")
        else:
            answer.delete_cookie(name, path="/")
    return answer


def _with(answer: Response, cookie: str) -> Response:
    answer.headers.add("Set-Cookie", cookie)
    return answer

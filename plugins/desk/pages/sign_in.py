"""Signing in by password, one-time link or provider, with a code where needed; signing out."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request

from relatum import Actor, CodeNeeded, RelatumError, provider, reading, sessions

from .. import looks, ui, words

_MORE: Final = ("sign_in_failed", "too_many_tries", "link_invalid")


def after() -> str:
    """Return the page of ours that was wanted before; anything else is the first page."""
    return provider.own(request.values.get("next", ""))


@ui.page("/sign-in", public=True, own=True)
def sign_in_form() -> Response:
    """Ask for address and password."""
    return _form(200, email="", refused=None)


@ui.page("/sign-in", "POST", public=True, own=True)
def sign_in() -> Response:
    """Sign in by the form."""
    email = request.form.get("email", "")
    try:
        made = sessions.by_password(email, request.form.get("password", ""))
    except CodeNeeded as needed:
        return ask_code(needed.ticket, after())
    except RelatumError as error:
        if error.code not in _MORE:
            raise
        if ui.is_fragment():
            return ui.render("_refused.html", error.status, error=error)
        return _refused(error, email)
    return welcome(made, after())


@ui.page("/sign-in/code", "POST", public=True, own=True)
def sign_in_code() -> Response:
    """Finish signing in by a code of the second factor."""
    form = request.form
    ticket = form.get("ticket", "")
    try:
        made = sessions.by_code(ticket, form.get("code", ""))
    except RelatumError as error:
        if error.code == "ticket_invalid" and not ui.is_fragment():
            return _refused(error, "")
        if error.code not in ("code_failed", "too_many_tries", "ticket_invalid"):
            raise
        if not ui.is_fragment():
            return ask_code(ticket, after(), error)
        part = ui.render("_refused.html", error.status, error=error)
        if error.code == "ticket_invalid":
            part.headers["Relatum-Ticket"] = ""  # the dialog asks for the password again
        return part
    return welcome(made, after())


def ask_code(ticket: str, to: str, error: RelatumError | None = None) -> Response:
    """Ask for a code; a dialog on another page does that itself, and needs the ticket alone."""
    if ui.is_fragment():
        return Response(status=401, headers={"Relatum-Ticket": ticket})
    page = _door(
        "sign_in_code.html", error.status if error else 200, next=to, ticket=ticket[:100],
        refused=words.said(error) if error else None,
    )  # fmt: skip
    return patient(page, error)


@ui.page("/sign-in/provider", public=True, own=True)
def depart() -> Response:
    """Send the browser to the sign-in provider."""
    try:
        return provider.depart(after())
    except RelatumError as error:
        return _without_provider(error)


@ui.page("/sign-in/provider/back", public=True, own=True)
def arrive() -> Response:
    """Sign in whoever comes back from the sign-in provider."""
    try:
        came = provider.arrive()
        try:
            answer = welcome(sessions.by_identity(came.identity), came.to)
        except CodeNeeded as needed:
            answer = ask_code(needed.ticket, came.to)
    except RelatumError as error:
        return _without_provider(error)
    return _with(answer, provider.no_cookie())


def _without_provider(error: RelatumError) -> Response:
    """Show the form with what is wrong: a password does without the provider."""
    if error.code not in provider.REFUSALS:
        raise error
    return _refused(error, "")


@ui.page("/sign-in/<secret>", public=True, own=True)
def link(secret: str) -> Response:
    """Ask before a one-time link is used: whoever scans mail opens links, but sends no form."""
    return _door("link.html")


@ui.page("/sign-in/<secret>", "POST", public=True, own=True)
def use_link(secret: str) -> Response:
    """Sign in by a one-time link; one that is used up leads to the form, which says so."""
    try:
        made = sessions.by_link(secret)
    except CodeNeeded as needed:
        return ask_code(needed.ticket, "/")
    except RelatumError as error:
        if error.code not in _MORE:
            raise
        return _refused(error, "")
    return welcome(made, "/")


def _refused(error: RelatumError, email: str) -> Response:
    """Ask once more, and say why."""
    return patient(_form(error.status, email=email[:254], refused=words.said(error)), error)


def _form(status: int, **values: Any) -> Response:
    return _door("sign_in.html", status, next=after(), provider=provider.label(), **values)


def patient(page: Response, error: RelatumError | None) -> Response:
    """Say to programs how long to wait, where that is what is wrong."""
    if error is not None and error.code == "too_many_tries":
        page.headers["Retry-After"] = str(error.params["seconds"])
    return page


@ui.page("/sign-out", "POST", public=True, own=True)
def sign_out() -> Response:
    """End the session of this browser."""
    sessions.end()
    return _with(ui.away("/sign-in"), sessions.no_cookie())


def welcome(made: Any, to: str) -> Response:
    """Lead to a page with a new session, drawn as its user has it set."""
    answer = ui.away(to)
    with reading():
        looks.remember(answer, Actor(user_id=made.user_id))
    # A page that waits for this goes on only if it is the same person.
    answer.headers["Relatum-User"] = str(made.user_id)
    return _with(answer, sessions.cookie_of(made))


def _door(template: str, status: int = 200, **values: Any) -> Response:
    """Return a page without the frame, which needs a transaction; who is in may look at it, too."""
    return ui.render(template, status, bare=True, **values)


def _with(answer: Response, cookie: str) -> Response:
    answer.headers.add("Set-Cookie", cookie)
    return answer

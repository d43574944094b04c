"""The plain pages of an instance without a shell: home, sign-in, one-time links, help, refusals.

A form is safe from other sites by `guard.confirm_origin`, and a cookie is not sent along with
one from there. No page needs a script.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, Response, render_template, request

from ...version import __version__
from ..errors import CodeNeeded, RelatumError
from . import gate, guard, manual, provider, sessions

#: Where the files of these pages are.
STATIC: Final = "/api/static"


@dataclass(frozen=True)
class Home:
    """What the first page shows: who is signed in, why sign-in was refused, the help pages."""

    who: gate.Who | None
    refused: str | None
    email: str
    pages: dict[str, str]
    version: str
    #: What the button of the sign-in provider says; None: there is none.
    provider: str | None


def install(app: Flask) -> None:
    """Give `app` its plain pages."""
    for address, name, work, method in (
        ("/", "home", home, "GET"),
        ("/sign-in", "sign_in_form", home, "GET"),
        ("/sign-in", "sign_in", sign_in, "POST"),
        ("/sign-in/code", "sign_in_code", sign_in_code, "POST"),
        ("/sign-in/provider", "sign_in_by_provider", depart, "GET"),
        ("/sign-in/provider/back", "back_from_provider", arrive, "GET"),
        ("/sign-out", "sign_out", sign_out, "POST"),
        ("/password", "password", password, "POST"),
        ("/sign-in/<secret>", "link", link, "GET"),
        ("/sign-in/<secret>", "use_link", use_link, "POST"),
        ("/reset/<secret>", "new_password", new_password, "GET"),
        ("/reset/<secret>", "use_reset", use_reset, "POST"),
        ("/help/", "help", help_list, "GET"),
        ("/help/<name>", "help_page", help_page, "GET"),
    ):
        app.add_url_rule(address, name, work, methods=[method])
    app.jinja_env.globals.update(static=STATIC)


def _page(template: str, status: int = 200, **context: Any) -> Response:
    return Response(render_template(template, **context), status=status, mimetype="text/html")


def _signed_in() -> gate.Who | None:
    try:
        who = gate.identify(public=True, setting_up=True)
    except RelatumError as error:
        if error.status != 401:
            raise
        return None
    return None if who.actor is gate.STRANGER else who


def home() -> Response:
    """Show who is signed in, or the form to sign in, and where things are."""
    return _home(_signed_in())


def _home(who: gate.Who | None, refused: RelatumError | None = None, email: str = "") -> Response:
    context = Home(
        who,
        str(refused) if refused else None,
        email,
        manual.titles(),
        __version__,
        provider.label(),
    )
    answer = _page("home.html", refused.status if refused else 200, home=context)
    return _patient(answer, refused)


def _patient(answer: Response, refused: RelatumError | None) -> Response:
    """Say to programs how long to wait, where that is what is wrong."""
    if refused is not None and refused.code == "too_many_tries":
        answer.headers["Retry-After"] = str(refused.params["seconds"])
    return answer


def sign_in() -> Response:
    """Sign in by the form."""
    guard.confirm_origin()
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        made = sessions.by_password(email, password)
    except CodeNeeded as needed:
        return _ask_code(needed.ticket)
    except RelatumError as error:
        if error.code not in ("sign_in_failed", "too_many_tries"):
            raise
        return _home(None, error, email[:254])
    return _away(sessions.cookie_of(made))


def sign_in_code() -> Response:
    """Finish signing in by a code of the second factor."""
    guard.confirm_origin()
    ticket = request.form.get("ticket", "")
    try:
        made = sessions.by_code(ticket, request.form.get("code", ""))
    except RelatumError as error:
        if error.code not in ("code_failed", "too_many_tries"):
            raise
        return _ask_code(ticket, error)
    return _away(sessions.cookie_of(made))


def _ask_code(ticket: str, refused: RelatumError | None = None) -> Response:
    said, status = (None, 200) if refused is None else (str(refused), refused.status)
    answer = _page("code.html", status, ticket=ticket[:100], refused=said)
    return _patient(answer, refused)


def depart() -> Response:
    """Send the browser to the sign-in provider."""
    try:
        return provider.depart("/")
    except RelatumError as error:
        return _without_provider(error)


def arrive() -> Response:
    """Sign in whoever comes back from the sign-in provider."""
    try:
        made = sessions.by_identity(provider.arrive().identity)
    except CodeNeeded as needed:
        answer = _ask_code(needed.ticket)
    except RelatumError as error:
        return _without_provider(error)
    else:
        answer = _away(sessions.cookie_of(made))
    answer.headers.add("Set-Cookie", provider.no_cookie())
    return answer


def _without_provider(error: RelatumError) -> Response:
    if error.code not in provider.REFUSALS:
        raise error
    return _home(None, error)


def sign_out() -> Response:
    """End the session of the cookie."""
    guard.confirm_origin()
    sessions.end()
    return _away(sessions.no_cookie())


def password() -> Response:
    """Set one's own password by the form, as somebody does who was invited by a link."""
    guard.confirm_origin()
    who = _signed_in()
    if who is None or who.cookie is None or who.actor.user_id is None:
        raise RelatumError("not_signed_in")
    try:
        sessions.set_password(who.actor.user_id, request.form.get("password", ""), actor=who.actor)
    except RelatumError as error:
        if error.code != "password_weak":
            raise
        return _home(who, error)
    return redirect("/")


def link(secret: str) -> Response:
    """Ask before a one-time link is used: whoever scans mail opens links, but sends no form."""
    return _page("link.html")


def use_link(secret: str) -> Response:
    """Sign in by a one-time link."""
    guard.confirm_origin()
    try:
        return _away(sessions.cookie_of(sessions.by_link(secret)))
    except CodeNeeded as needed:
        return _ask_code(needed.ticket)


def new_password(secret: str) -> Response:
    """Ask for a new password; looking at the page does not use the link up."""
    return _page("new_password.html", refused=None)


def use_reset(secret: str) -> Response:
    """Set a new password by a link that was mailed, and sign in."""
    guard.confirm_origin()
    try:
        made = sessions.by_reset(secret, request.form.get("password", ""))
    except CodeNeeded as needed:
        return _ask_code(needed.ticket)
    except RelatumError as error:
        if error.code not in ("password_weak", "too_many_tries"):
            raise
        return _patient(_page("new_password.html", error.status, refused=str(error)), error)
    return _away(sessions.cookie_of(made))


def redirect(address: str) -> Response:
    """Return the answer to a form that was taken: look there, by GET."""
    return Response(status=303, headers={"Location": address})


def _away(cookie: str) -> Response:
    answer = redirect("/")
    answer.headers.add("Set-Cookie", cookie)
    return answer


def help_list() -> Response:
    """List the help pages."""
    return _page("help_list.html", pages=manual.titles())


def help_page(name: str) -> Response:
    """Show a help page."""
    return _page("help.html", page=manual.read(name))


def refusal(error: RelatumError) -> Response:
    """Return the page that says why something was refused; it asks no database."""
    return _page("refusal.html", error.status, error=error)


def failure(error: RelatumError, blamed: str, trace: str) -> Response:
    """Return the page that shows developers what failed; it asks no database."""
    return _page("failure.html", error.status, error=error, blamed=blamed, trace=trace)

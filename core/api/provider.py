"""Signing in by a provider, for whoever serves pages: the button, the way there, the way back.

A page at `/sign-in/provider` sends the browser to `depart`, one at `/sign-in/provider/back` takes
`arrive` and opens a session by `sessions.by_identity`. What ties the two together is a cookie for
this browser alone, so nobody is signed in by an answer that another browser has asked for.
"""

from __future__ import annotations

from flask import Response, request
from werkzeug.http import dump_cookie

from .. import db
from ..auth import oidc
from . import limits, sessions

#: The cookie of a sign-in that is under way.
COOKIE = "relatum_provider"
#: Where it is sent along.
_PATH = "/sign-in/provider"
#: What people can do nothing about but begin again, or sign in by password: said beside the form.
REFUSALS = frozenset(
    "provider_off provider_failed provider_refused sign_in_over identity_unknown identity_taken "
    "too_many_tries".split()
)


def label() -> str | None:
    """Return what the button says, empty: by the page's own words; None: there is no button."""
    return db.settings().oidc_label if oidc.is_offered() else None


def own(address: str) -> str:
    """Return the address of a page of ours that was wanted; anything else is the first page."""
    # A second slash, or a backslash that browsers take for one, would lead to another host.
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours and address.isprintable() else "/"


def depart(to: str) -> Response:
    """Return the way to the provider; `to` is the page of ours that is wanted after that.

    Opens no transaction. Raises `provider_off`, `provider_failed`.
    """
    begun = oidc.depart(own(to))
    answer = Response(status=303, headers={"Location": begun.address})
    answer.headers.add("Set-Cookie", _cookie(begun.sealed, oidc.BEGUN_SECONDS))
    return answer


def arrive() -> oidc.Arrival:
    """Return who has come back from the provider, and the page that was wanted.

    Opens no transaction. Raises `too_many_tries`, `sign_in_over`, `provider_refused`,
    `provider_failed`, `provider_off`.
    """
    limits.count_address()
    return oidc.arrive(request.cookies.get(COOKIE, ""), request.args)


def no_cookie() -> str:
    """Return the Set-Cookie header that ends what is under way."""
    return _cookie("", 0)


def _cookie(value: str, seconds: int) -> str:
    # Lax: the provider leads here from elsewhere.
    return dump_cookie(
        COOKIE, value, max_age=seconds, path=_PATH, httponly=True, samesite="Lax",
        secure=sessions.is_secure(),
    )  # fmt: skip

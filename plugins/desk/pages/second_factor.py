"""One's own second factor: set up by a QR code, with recovery codes; switched off by a code."""

from __future__ import annotations

from typing import Any

import segno
from flask import Response, request
from markupsafe import Markup

from relatum import RelatumError, reading, second_factor, sessions, transact

from .. import ui, words
from ..words import translated

_PAGE = "/account/second-factor"


@ui.page(_PAGE, setting_up=True)
def show_second_factor() -> Response:
    """Show how the second factor stands, or what an app is told to make codes."""
    return _page()


def _page(status: int = 200, **more: Any) -> Response:
    actor = ui.actor()
    begun = second_factor.begun(actor=actor)
    return ui.render(
        "second_factor.html", status, state=second_factor.look(actor=actor), begun=begun,
        square=None if begun is None else _square(begun.uri), **more,
    )  # fmt: skip


def _square(uri: str) -> Markup:
    """Return a QR code as SVG, dark on light in every theme: cameras want it so."""
    made = segno.make(uri, micro=False, error="m")
    return Markup(made.svg_inline(dark="#000", light="#fff", border=4, omitsize=True))  # noqa: S704  # made of squares


@ui.page(_PAGE, "POST", setting_up=True)
def begin_second_factor() -> Response:
    """Make a secret for an app; the page shows it."""
    second_factor.set_up(actor=ui.actor())
    return ui.away(_PAGE)


@ui.page(f"{_PAGE}/confirm", "POST", own=True, setting_up=True)
def confirm_second_factor() -> Response:
    """Switch the second factor on by a code of the app; the answer alone shows recovery codes."""
    actor, cookie = ui.actor(), sessions.cookie()
    code = request.form.get("code", "")
    return _coded(
        lambda: transact(lambda: second_factor.confirm(code, actor=actor, keep=cookie)), "confirm"
    )


@ui.page(f"{_PAGE}/codes", "POST", own=True)
def renew_recovery_codes() -> Response:
    """Make new recovery codes; the answer alone shows them."""
    actor = ui.actor()
    user_id = actor.user_id
    assert user_id is not None
    code = request.form.get("code", "")

    def renew() -> list[str]:
        return second_factor.new_recovery_codes(user_id, actor=actor)

    return _coded(lambda: sessions.proved(code, renew, actor=actor), "codes")


@ui.page(f"{_PAGE}/off", "POST", own=True)
def switch_second_factor_off() -> Response:
    """Switch one's own second factor off."""
    actor = ui.actor()
    user_id = actor.user_id
    assert user_id is not None

    def switch_off() -> None:
        second_factor.switch_off(user_id, actor=actor)

    try:
        sessions.proved(request.form.get("code", ""), switch_off, actor=actor)
    except RelatumError as error:
        return _refused(error, "off")
    return ui.tell(ui.away(_PAGE), translated("The second factor is off"))


def _coded(make: Any, form: str) -> Response:
    """Return the page with the recovery codes that were made, or with the reason why none were."""
    try:
        made = make()
    except RelatumError as error:
        return _refused(error, form)
    with reading():
        return _page(codes=made)


def _refused(error: RelatumError, form: str) -> Response:
    if error.status not in (409, 422, 429):
        raise error
    with reading():
        return _page(error.status, refused={form: words.said(error)})

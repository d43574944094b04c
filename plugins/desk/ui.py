"""What every page of the desk has: its blueprint, its surroundings, fragments and toasts."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

import orjson
from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from relatum import (
    Actor,
    RelatumError,
    catalog,
    changes,
    context,
    plugin_host,
    requires,
    roles,
)

from . import assets, filling, menu, values, words

F = TypeVar("F", bound=Callable[..., Any])

#: What people need to see any page of the desk.
USE: Final = "desk.use"
#: The cookie by which one page tells the next what it has done, and how long it waits for that.
_SAID, _SAID_SECONDS = "desk_said", 20
_UNDO = re.compile(r"/changes/[0-9]{1,16}/undo")
BLUEPRINT: Final = Blueprint("desk", __name__, template_folder="templates")
actor, away, is_fragment = plugin_host.asking, plugin_host.away, plugin_host.is_fragment


def page(
    rule: str, *methods: str, public: bool = False, own: bool = False, setting_up: bool = False
) -> Callable[[F], F]:
    """Add a page of the desk, for those who may use it or for everybody; GET by default.

    `setting_up` is as with `requires`.
    """

    def add(view: F) -> F:
        marked = requires(None if public else USE, public=public, own=own, setting_up=setting_up)(
            view
        )
        BLUEPRINT.add_url_rule(rule, view.__name__, marked, methods=list(methods or ("GET",)))
        return view

    return add


def render(template: str, status: int = 200, **values: Any) -> Response:
    """Return a page or a part of one."""
    body = render_template(f"desk/{template}", **values)
    made = Response(body, status, mimetype="text/html")
    if _SAID in request.cookies and not is_fragment():
        made.delete_cookie(_SAID)
    return made


def beside(
    part: str,
    title: str,
    entity_type: catalog.EntityType,
    address: str,
    status: int = 200,
    **values: Any,
) -> Response:
    """Return what stands beside a list: to be put into the page, or as a page of its own.

    `address` is that of the list.
    """
    if is_fragment():
        return render(part, status, type=entity_type, **values)
    return render(
        "beside.html", status, part=f"desk/{part}", title=title, type=entity_type,
        address=address,
        **values,
    )  # fmt: skip


def toast(response: Response, text: str, *, undo: str | None = None, kind: str = "ok") -> Response:
    """Let a short message appear; `undo` is where to post to take the change back."""
    said = {"ui:toast": {"text": text, "undo": undo, "kind": kind}}
    response.headers["HX-Trigger"] = orjson.dumps(said).decode("ascii", "backslashreplace")
    return response


def way_back() -> str | None:
    """Return where to post to take back what was just written; None if nothing was."""
    number = changes.number()
    return f"/changes/{number}/undo" if number is not None else None


def done(response: Response, text: str) -> Response:
    """Say what was just written, with the way to take it back: at once, or on the next page."""
    return tell(response, text, undo=way_back())


def tell(response: Response, text: str, *, undo: str | None = None) -> Response:
    """Say something at once, or on the next page."""
    if is_fragment() and "HX-Redirect" not in response.headers:
        return toast(response, text, undo=undo)
    packed = urlsafe_b64encode(orjson.dumps([text, undo or ""])).decode()
    response.set_cookie(_SAID, packed, max_age=_SAID_SECONDS, httponly=True, samesite="Lax")
    return response


def said() -> tuple[str, str] | None:
    """Return what the page before has done, and where to post to take it back."""
    try:
        text, undo = orjson.loads(urlsafe_b64decode(request.cookies.get(_SAID, "")))
    except (ValueError, TypeError):
        return None
    return str(text), str(undo) if _UNDO.fullmatch(str(undo)) else ""


def whole(text: str) -> int | None:
    """Return the number that an address or a form says; None for what is no number of a row."""
    return int(text) if text.isdecimal() and len(text) <= 16 else None


def digest(said: Any) -> str:
    """Return a mark of what something says: another one if somebody has changed it meanwhile."""
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]


def as_begun(said: Any) -> None:
    """Raise `desk_form_outdated` unless what there is says what the form that was sent expects."""
    if request.form.get("expect") != digest(said):
        raise RelatumError("desk_form_outdated")


@lru_cache(maxsize=4096)
def hue(name: str) -> int:
    """Return a hue that is always the same for a name."""
    return sum(place * ord(letter) for place, letter in enumerate(name, 1)) * 47 % 360


def initials(name: str) -> str:
    """Return one or two letters that stand for a name."""
    parts = [part for part in name.split() if part[:1].isalnum()]
    return "".join(part[0] for part in (parts if len(parts) < 2 else (parts[0], parts[-1]))).upper()


@BLUEPRINT.record
def _globals(state: Any) -> None:
    """Give the templates of the desk, and of plugins that build on them, what they draw with."""
    state.app.jinja_env.globals.update(
        _=words.translated, asset=assets.url, demo=is_demo, done=done, hue=hue, icon=assets.icon,
        initials=initials, may=menu.may, menu=menu.groups,
        mergeable=menu.mergeable, number=words.number,
        preload=assets.fonts, openings_known=roles.OPENINGS,
        development=plugin_host.development,
        resting=menu.resting, said=said, settings=menu.settings, slots=filling, theme=theme,
        values=values, who=_who, words=words,
        Markup=Markup,
    )  # fmt: skip


def _who() -> Actor | None:
    """Return who is signed in, for the frame of a page."""
    try:
        found = context().actor
    except RuntimeError:
        return None
    return found if found is not None and found.user_id is not None else None


def is_demo() -> bool:
    """Say whether the instance holds the data of the demonstration."""
    return "demo" in catalog.current().settings


def theme() -> str:
    """Return the theme that this browser was set to; empty: the system's."""
    found = request.cookies.get("theme", "")
    return found if found in ("light", "dark") else ""


BLUEPRINT.add_url_rule(
    "/assets/<path:name>", "assets", requires(public=True, own=True)(assets.send)
)


@page("/assets/plugins.css", public=True, own=True)
def plugin_styles() -> Response:
    """Send the style sheet that brings the styles of plugins along; its address says which."""
    made = Response(filling.styles(), mimetype="text/css")
    made.headers["Cache-Control"] = assets.FOR_GOOD
    return made

"""How somebody has the desk: theme, density, keys, language.

It is kept for the user, on every machine the same; a page is drawn from cookies, which say it
without a query.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Response, request

from relatum import Actor, preferences, profile

from . import words

#: What can be chosen, by the name of its cookie; what is none of these is as by default.
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "theme": ("light", "dark"),
    "density": ("compact",),
    "keys": ("off",),
}
_YEAR: Final = 31_536_000


def look(name: str) -> str:
    """Return what this browser was set to; empty: as by default."""
    found = request.cookies.get(name, "")
    return found if found in CHOICES[name] else ""


def keep(answer: Response, chosen: Mapping[str, str], *, actor: Actor) -> None:
    """Keep what the actor has chosen for himself and for this browser, in the transaction."""
    for name, value in chosen.items():
        sound = value if value in CHOICES[name] else ""
        preferences.put(f"desk.{name}", sound or None, actor=actor)
        _cookie(answer, name, sound)


def remember(answer: Response, actor: Actor) -> None:
    """Let this browser draw pages as somebody has them, who has signed in."""
    known = preferences.of(actor=actor)
    for name, values in CHOICES.items():
        value = known.get(f"desk.{name}")
        _cookie(answer, name, value if value in values else "")
    speak(answer, profile.read(actor=actor)["language"])


def speak(answer: Response, language: str | None) -> None:
    """Let this browser speak a user's language; without one, or another, the instance's."""
    spoken = (language or "").partition("-")[0]
    chosen = spoken if spoken in words.LANGUAGES else ""
    words.speak(chosen)
    _cookie(answer, words.COOKIE, chosen)


def _cookie(answer: Response, name: str, value: str) -> None:
    if value:
        answer.set_cookie(name, value, max_age=_YEAR, samesite="Lax", path="/")
    else:
        answer.delete_cookie(name, path="/")

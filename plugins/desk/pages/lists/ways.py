"""The ways to look at a list, and how a form beside one leads back to the way that it came from."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Response, request

from ... import ui
from . import lists
from .filters import Args

#: Words of the address of a form: the way that it leads back to, and that page's own words.
PAGE: Final = "_page"
WORDS: Final = (PAGE, "_by", "_to", "_as", "_day")
#: The ways besides the list itself.
PAGES: Final = ("board", "calendar")


def asked() -> Args:
    """Return the words of the address that say where a form leads back to."""
    return [(name, value) for name, value in request.args.items(multi=True) if name in WORDS]


def back(type_name: str, address: str, words: Args) -> Response:
    """Show a list by its address, in the way that a form was opened from."""
    page = dict(words).get(PAGE)
    if page not in PAGES:
        return lists.show(type_name, address)
    kept = [*parse_qsl(urlsplit(address).query), *(pair for pair in words if pair[0] != PAGE)]
    return ui.away(f"/records/{type_name}/{page}?{urlencode(kept)}")

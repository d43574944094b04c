"""Mentions: people whom a text names after an @, by their ids, so that a new name breaks nothing.

In long text one is written `@[Ada Lovelace](user:7)`, in formatted text it is a link to the user:
`<a href="/records/user/7">@Ada Lovelace</a>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

_LONG: Final = re.compile(r"@\[([^\[\]\n]{1,200})\]\(user:([1-9][0-9]{0,15})\)")
_RICH: Final = re.compile(r'<a href="/records/user/([1-9][0-9]{0,15})"[^<>]{0,200}>\s{0,9}@')


class Mention(NamedTuple):
    """A user whom a text mentions, by the name that he had then."""

    name: str
    user: int


def mentions(text: Any) -> list[int]:
    """Return the ids of the users whom a long or formatted text mentions, each once, in order."""
    if not isinstance(text, str) or "@" not in text:
        return []
    found = [int(each[2]) for each in _LONG.finditer(text)]
    found += [int(each[1]) for each in _RICH.finditer(text)]
    return list(dict.fromkeys(found))


def mention_parts(text: str) -> Iterator[str | Mention]:
    """Yield a long text in parts, in order: text, and each mention in it."""
    at = 0
    for each in _LONG.finditer(text):
        if each.start() > at:
            yield text[at : each.start()]
        yield Mention(each[1], int(each[2]))
        at = each.end()
    if at < len(text):
        yield text[at:]


def without_marks(text: str) -> str:
    """Return a long text as people read it in one piece: whom it mentions by names, as `@Ada`."""
    parts = mention_parts(text)
    return "".join(each if isinstance(each, str) else f"@{each.name}" for each in parts)

"""The help pages as HTML."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .. import help as pages

_STRANGE: Final = re.compile(r"[^a-z0-9_]+")


class HelpPage(NamedTuple):
    """A help page; `html` is safe, since raw HTML in Markdown is shown as text."""

    name: str
    title: str
    html: str


def titles() -> dict[str, str]:
    """Return the title of each help page by its name, in the order of reading."""
    return pages.titles()


@cache
def read(name: str) -> HelpPage:
    """Return a help page; raise `page_unknown`."""
    text = pages.text(name)
    return HelpPage(name, titles()[name], _html(text))


def _html(text: str) -> str:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    for opening, inside in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(inside))
    return str(reader.renderer.render(tokens, reader.options, {}))


def anchor(heading: Token) -> str:
    """Return a heading's id: its words, or the code that it begins with, such as `bad_json`."""
    parts = heading.children or []
    first = parts[0] if parts else None
    words = first.content if first is not None and first.type == "code_inline" else heading.content
    return _STRANGE.sub("-", words.lower()).strip("-")

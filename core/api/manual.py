"""The help pages as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token

from .. import help as pages

_STRANGE: Final = re.compile(r"[^a-z0-9_]+")
_BETWEEN: Final = re.compile(r"(?<=[a-z])_(?=[a-z])")
#: A page of more sections than this begins with a list of them.
_FEW: Final = 8


class HelpPage(NamedTuple):
    """A help page; `html` is safe, since raw HTML in Markdown is shown as text.

    `sections` are the titles of its sections by their anchors; none on a short page.
    """

    name: str
    title: str
    html: str
    sections: dict[str, str]


def titles(home: Path | None = None) -> dict[str, str]:
    """Return the title of each help page by its name, in the order of reading."""
    return pages.titles(home)


def read(name: str, home: Path | None = None) -> HelpPage:
    """Return a help page; raise `page_unknown`."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.add_render_rule("code_inline", _code)
    # The page shows its title itself, before the list of sections.
    tokens = reader.parse(pages.text(name, home).partition("\n")[2])
    sections = {}
    for opening, inside in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(inside))
            if opening.tag == "h2":
                words = inside.content.replace("`", "")
                sections[anchor(inside)] = words.removeprefix("relatum ")
    html = str(reader.renderer.render(tokens, reader.options, {}))
    return HelpPage(name, titles(home)[name], html, sections if len(sections) > _FEW else {})


def _code(_: object, tokens: Sequence[Token], place: int, *__: object) -> str:
    """Return code within a sentence; names may break between their words."""
    return f"<code>{_BETWEEN.sub('_<wbr>', escapeHtml(tokens[place].content))}</code>"


def anchor(heading: Token) -> str:
    """Return a heading's id: its words, or the code that it begins with, such as `bad_json`."""
    parts = heading.children or []
    first = parts[0] if parts else None
    words = first.content if first is not None and first.type == "code_inline" else heading.content
    return _STRANGE.sub("-", words.lower()).strip("-")

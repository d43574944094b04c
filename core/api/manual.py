"""The help pages as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import Final, NamedTuple

from flask import has_app_context
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token

from .. import db
from .. import help as pages
from ..config import Config

_STRANGE: Final = re.compile(r"[^a-z0-9_]+")
_BETWEEN: Final = re.compile(r"(?<=[a-z])_(?=[a-z])")
#: A page of more sections than this begins with a list of them.
_FEW: Final = 8
#: Words that are looked for at most; letters of an extract, and of them before the first word.
_WORDS, _EXTRACT, _BEFORE = 8, 180, 50


class HelpPage(NamedTuple):
    """A help page; `html` is safe, since raw HTML in Markdown is shown as text.

    `sections` are the titles of its sections by their anchors; none on a short page.
    """

    name: str
    title: str
    html: str
    sections: dict[str, str]


def titles() -> dict[str, str]:
    """Return the title of each help page by its name, in the order of reading.

    Those of the plugins of an instance are among them in an application of one.
    """
    return pages.titles(_settings())


def _settings() -> Config | None:
    return db.settings() if has_app_context() else None


def read(name: str) -> HelpPage:
    """Return a help page; raise `page_unknown`."""
    reader = _reader()
    reader.add_render_rule("code_inline", _code)
    # The page shows its title itself, before the list of sections.
    tokens = reader.parse(pages.text(name, _settings()).partition("\n")[2])
    sections = {}
    for opening, inside in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(inside))
            if opening.tag == "h2":
                words = inside.content.replace("`", "")
                sections[anchor(inside)] = words.removeprefix("relatum ")
    html = str(reader.renderer.render(tokens, reader.options, {}))
    return HelpPage(name, titles()[name], html, sections if len(sections) > _FEW else {})


class Passage(NamedTuple):
    """A section of a help page that was searched for; the first of a page has no anchor."""

    page: str
    page_title: str
    anchor: str
    title: str
    #: The words around the first that was looked for.
    extract: str


def search(words: str, *, most: int = 30) -> list[Passage]:
    """Return the sections that hold all of some words, those with them in the heading first."""
    wanted = words.lower().split()[:_WORDS]
    found: list[tuple[int, Passage]] = []
    config = _settings()
    for page, page_title in titles().items() if wanted else ():
        for place, title, text in _passages(pages.text(page, config)):
            low, heading = f"{title} {text}".lower(), f"{page_title} {title}".lower()
            if all(word in f"{page_title.lower()} {low}" for word in wanted):
                named = sum(word in heading for word in wanted)
                extract = _around(text, wanted)
                found.append((-named, Passage(page, page_title, place, title, extract)))
    return [passage for _, passage in sorted(found, key=itemgetter(0))[:most]]


@lru_cache(maxsize=128)
def _passages(text: str) -> tuple[tuple[str, str, str], ...]:
    """Return (anchor, title, text without markup) of each section of a page, read once."""
    at, title, heading = "", "", False
    held: list[str] = []
    made: list[tuple[str, str, str]] = []
    for token in _reader().parse(text):
        if heading:
            made.append((at, title, " ".join(held)))
            at, title, held = anchor(token), token.content.replace("`", ""), []
            heading = False
        elif token.type == "heading_open" and token.tag != "h1":
            heading = True
        elif token.type == "inline":
            held.append("".join(_shown(part) for part in token.children or ()))
        elif token.type == "fence":
            held.append(token.content)
    return (*made, (at, title, " ".join(held)))


def _shown(part: Token) -> str:
    return " " if part.type in ("softbreak", "hardbreak") else part.content


def _around(text: str, wanted: Sequence[str]) -> str:
    """Return a piece of a text, from a little before the first word that was looked for."""
    text = " ".join(text.split())
    places = [place for word in wanted if (place := text.lower().find(word)) >= 0]
    begin = max(min(places, default=0) - _BEFORE, 0)
    begin = text.rfind(" ", 0, begin) + 1 if begin else 0
    piece = text[begin : begin + _EXTRACT]
    if begin + _EXTRACT < len(text):
        piece = f"{piece.rpartition(' ')[0]} …"
    return f"… {piece}" if begin else piece


def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _code(_: object, tokens: Sequence[Token], place: int, *__: object) -> str:
    """Return code within a sentence; names may break between their words."""
    return f"<code>{_BETWEEN.sub('_<wbr>', escapeHtml(tokens[place].content))}</code>"


def anchor(heading: Token) -> str:
    """Return a heading's id: its words, or the code that it begins with, such as `bad_json`."""
    parts = heading.children or []
    first = parts[0] if parts else None
    words = first.content if first is not None and first.type == "code_inline" else heading.content
    return _STRANGE.sub("-", words.lower()).strip("-")

"""The help pages as HTML: Markdown files of `core.help`, and the errors of the registry."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ..errors import REGISTRY, RelatumError, nearest

_PACKAGE: Final = f"{__package__.rpartition('.')[0]}.help"
_ERRORS: Final = "errors"
_STRANGE: Final = re.compile(r"[^a-z0-9_]+")
_VALUE: Final = re.compile(r"\{(\w+)\}")
#: Values that are half a sentence, or nothing.
_ADDED: Final = re.compile(r"\{(nearest|where|why)\}")


class HelpPage(NamedTuple):
    """A help page; `html` is safe, since raw HTML in Markdown is shown as text."""

    name: str
    title: str
    html: str


@cache
def titles() -> dict[str, str]:
    """Return the title of each help page by its name, in order."""
    found = {_ERRORS: "Errors"}
    for file in resources.files(_PACKAGE).iterdir():
        if file.name.endswith(".md"):
            first = file.read_text(encoding="utf-8").partition("\n")[0]
            found[file.name.removesuffix(".md")] = first.lstrip("# ").strip()
    return dict(sorted(found.items()))


@cache
def read(name: str) -> HelpPage:
    """Return a help page; raise `page_unknown`."""
    known = titles()
    if name not in known:
        raise RelatumError("page_unknown", page=name[:80], nearest=nearest(name, list(known)))
    file = resources.files(_PACKAGE).joinpath(f"{name}.md")
    text = file.read_text(encoding="utf-8") if file.is_file() else _errors()
    return HelpPage(name, known[name], _html(text))


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


def _errors() -> str:
    """Return the list of errors as Markdown; a heading begins with its code."""
    lines = ["# Errors", "", "Every refusal has one of these codes. They never change."]
    status = 0
    for entry in sorted(REGISTRY.values(), key=lambda e: (e.status, e.code)):
        if entry.status != status:
            status = entry.status
            lines += ["", f"## Status {status}"]
        sentence = _VALUE.sub(r"*\1*", _ADDED.sub("", entry.template))
        lines += ["", f"### `{entry.code}` {entry.title}", "", sentence]
    return "\n".join(lines)

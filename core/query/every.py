"""All records of a question, page after page, for code that needs them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import db
from ..actor import Actor
from ..storage import slices
from .lists import page
from .parse import from_json, over


def every(
    type_name: str,
    asked: Mapping[str, Any],
    *,
    actor: Actor,
    among: tuple[str, Iterable[Any]] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the records of all pages of a question, each page read when it is come to.

    `asked` has the words of `from_json`; its `limit` is the size of the pages, as many as a page
    may have if it has none. With `among=(path, values)` only records that have one of some values
    there are yielded, for any number of values: those of the first ones first. None and a value
    that was there before ask for nothing. Raises what `from_json` and `page` raise.
    """
    words = {"limit": db.settings().page_limit, **asked}
    if among is None:
        yield from _pages(type_name, words, actor)
        return
    path, values = among
    once = dict.fromkeys(value for value in values if value is not None)
    for some in slices(once, min(words["limit"], db.settings().filter_values)):
        these = {"filter": {"field": path, "op": "in", "value": some}}
        yield from _pages(type_name, over(words, these), actor)


def _pages(type_name: str, words: dict[str, Any], actor: Actor) -> Iterator[dict[str, Any]]:
    after: str | None = None
    while True:
        found = page(from_json(type_name, {**words, "after": after}, actor=actor))
        yield from found.records
        after = found.next
        if after is None:
            return

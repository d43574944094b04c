"""The filter of a cell of a role, made in the builder that lists have, within the role's form.

All of the form is sent with each step, so nothing is kept between two: `_edit` says LINE:ACTION of
the cell, and the builder's controls have the names that they have beside a list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import orjson
from werkzeug.datastructures import MultiDict

from relatum import RelatumError, catalog, query

from ... import ui, words
from ...words import translated
from ..lists import builder, filters
from ..lists.drafts import CONDITION, DEPTH, GROUP, Draft, drafted, node_of
from ..records.lookups import Labels
from .matrix import FILTER, Cell, Matrix

#: Where the form says which cell is edited.
EDIT: Final = "_edit"
#: Records that are shown of those that a filter admits.
SHOWN: Final = 5
#: What the builder does to its rows, and what ends it.
_BUILDS: Final = frozenset({"add", "group", "has", "drop"})
APPLY, CLOSE, DRAW = "apply", "close", "draw"


@dataclass(slots=True)
class Editing:
    """A cell whose filter is being made, with what it would admit now."""

    type: catalog.EntityType
    action: str
    cell: Cell
    root: Draft
    labels: Labels = field(default_factory=dict)
    #: How many records it admits, in signs of the language, and what the first ones are called.
    count: str = ""
    first: list[str] = field(default_factory=list)
    problem: str | None = None
    #: Groups in groups that can be made.
    depth: int = DEPTH

    @property
    def place(self) -> str:
        """Which cell it is, as the form calls it."""
        return f"{self.type.name}:{self.action}"


def step(made: Matrix, form: MultiDict[str, str], do: str) -> Editing | None:
    """Do a step of the form in the cell that is edited, or open one; None: none is open."""
    what, _, place = do.partition(":")
    if what == CLOSE:
        return None
    found = _begun(made, place) if what == "edit" else _sent(made, form)
    if found is None:
        return None
    if what in _BUILDS:
        builder.change(found.root, what, place)
    applied = what in (APPLY, "save")
    if applied and _applied(found):
        return None
    _look(found, loud=applied)
    return found


def _cell(made: Matrix, place: str) -> tuple[catalog.EntityType, str, Cell] | None:
    """Return the type, the action and the cell at LINE:ACTION; None if a filter has none there."""
    name, _, action = place.partition(":")
    line = made.lines.get(name)
    if line is None or line.type is None or action not in line.cells:
        return None
    return (line.type, action, line.cells[action]) if FILTER in line.scopes(action) else None


def _begun(made: Matrix, place: str) -> Editing | None:
    """Open a cell; it takes a filter from now on."""
    at = _cell(made, place)
    if at is None:
        return None
    entity_type, action, cell = at
    if cell.scope != FILTER:
        cell.scope, cell.filter = FILTER, ""
    sound = bool(cell.filter) and not cell.problem
    if not cell.filter:
        cell.problem = None
    parts = filters.parts(entity_type, orjson.loads(cell.filter)) if sound else ()
    root = drafted(entity_type, parts)
    root.new = bool(parts)
    if not parts:
        root.parts.append(Draft(CONDITION, entity_type, new=True))
    return Editing(entity_type, action, cell, root)


def _sent(made: Matrix, form: MultiDict[str, str]) -> Editing | None:
    """Return the cell that the form edits, as it was sent."""
    at = _cell(made, form.get(EDIT, ""))
    if at is None or at[2].scope != FILTER:
        return None
    entity_type, action, cell = at
    if not cell.filter:
        cell.problem = None
    root = builder.read(entity_type, form) if "_node" in form else Draft(GROUP, entity_type)
    return Editing(entity_type, action, cell, root)


def _applied(found: Editing) -> bool:
    """Put the filter into its cell; say what keeps it from that."""
    node = node_of(found.root)
    if any(draft.problem for draft in builder.numbered(found.root)):
        return False
    if node is None:
        found.problem = translated("This filter has no condition, so it would admit all. Add one.")
        return False
    body = filters.whole(builder.top(node))
    try:
        query.from_json(found.type.name, {"filter": body}, actor=ui.actor())
    except RelatumError as error:
        found.problem = words.said(error)
        return False
    found.cell.filter, found.cell.problem = orjson.dumps(body).decode(), None
    return True


def _look(found: Editing, *, loud: bool) -> None:
    """Say what the rows that are complete admit now; unless `loud`, others wait to be complete."""
    rows = builder.numbered(found.root)
    before = [draft.problem for draft in rows]
    node = node_of(found.root)
    for draft, problem in zip(rows, before, strict=True):
        if not loud and draft.kind == CONDITION and node_of(draft) is None:
            draft.problem = problem
    found.labels = builder.labels(rows)
    if node is None or any(draft.problem for draft in rows):
        return
    asked = {"filter": filters.whole(builder.top(node)), "limit": SHOWN, "count": True}
    try:
        page = query.page(query.from_json(found.type.name, asked, actor=ui.actor()))
    except RelatumError as error:
        found.problem = found.problem or words.said(error)
        return
    assert page.count is not None
    found.count = f"{words.number(page.count['value'])}{'' if page.count['exact'] else '+'}"
    found.first = [found.type.label_of_wire(record) for record in page.records]

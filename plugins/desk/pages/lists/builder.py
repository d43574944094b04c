"""The form of a filter: rows and groups, drawn anew by GET until it is applied.

Each node has a number. `_node` says `NUMBER.PARENT.KIND` for each in order, and the controls of a
node are named by a letter and its number: `k` how a group holds, `r` which records, `f` the steps
of a path and `p` the path that was drawn, `o` the comparison, `v` its values, `u` their units.
"""

from __future__ import annotations

from typing import Final

from flask import Response, request
from werkzeug.datastructures import MultiDict

from relatum import RelatumError, catalog, fields, imports

from ... import inputs, ui, words
from ...words import translated
from ..records.lookups import Labels, labels_of
from . import lists, ways
from .drafts import CONDITION, DEPTH, GROUP, HAS, Draft, drafted, joined, node_of
from .filters import ALL, ANY, HOWS, Group, Node

Sent = MultiDict[str, str]
#: What a button adds.
_ADDS: Final = {"add": CONDITION, "group": GROUP, "has": HAS}
#: Nodes of a form that are read; more than a filter may have are not.
_MOST: Final = 256


def read(entity_type: catalog.EntityType, sent: Sent) -> Draft:
    """Return the form that was sent."""
    known: dict[str, Draft] = {}
    root = Draft(GROUP, entity_type)
    for place, text in enumerate(sent.getlist("_node")[:_MOST]):
        number, _, rest = text.partition(".")
        parent, _, kind = rest.partition(".")
        above = known.get(parent)
        if place and (above is None or above.kind == CONDITION):
            continue
        scope = above.inner if above is not None else entity_type
        made = _row(scope, number, sent) if kind == CONDITION else _frame(scope, number, kind, sent)
        known[number] = made
        if above is not None:
            above.parts.append(made)
        else:
            root = made
    return root


def _frame(scope: catalog.EntityType, number: str, kind: str, sent: Sent) -> Draft:
    how = sent.get(f"k{number}", ALL)
    made = Draft(HAS if kind == HAS else GROUP, scope, how=how if how in HOWS else ALL)
    if made.kind == HAS:
        made.there = sent.get(f"t{number}", "1") == "1"
        wanted = sent.get(f"r{number}", "")
        made.relation = wanted if wanted in dict(made.relations) else ""
    return made


def _row(scope: catalog.EntityType, number: str, sent: Sent) -> Draft:
    made = Draft(CONDITION, scope, path=joined(scope, sent.getlist(f"f{number}")))
    found = made.field
    if found is None:
        return made
    known = [name for name, _ in made.operators]
    if sent.get(f"p{number}", made.path) != made.path:
        made.operator = _usual(found, known)
        return made
    operator = sent.get(f"o{number}", "")
    made.operator = operator if operator in known else _usual(found, known)
    made.units = sent.getlist(f"u{number}")
    made.values = _values(made, number, sent)
    return made


def _usual(found: fields.Field, known: list[str]) -> str:
    """Return the comparison that a row begins with."""
    for name in ("contains",) if found.value_type.name in ("text", "name") else ():
        if name in known:
            return name
    return found.value_type.plain if found.value_type.plain in known else known[0]


def _values(draft: Draft, number: str, sent: Sent) -> list[str]:
    """Return the values of a row; a record may be named by what it is called."""
    name = f"v{number}"
    given = sent.getlist(name)
    typed = sent.get(f"{name}{inputs.TYPED}", "").strip()
    target = draft.target
    if draft.control not in ("record", "records") or target is None:
        return given
    if typed and typed != sent.get(f"{name}{inputs.WAS}", "").strip():
        try:
            return [*given[:-1], str(imports.find(target, typed, actor=ui.actor()))]
        except (RelatumError, fields.Refused) as error:
            draft.problem = words.said(error)
            return given[:-1]
    return list(dict.fromkeys(value for value in given if value))


# -- the page -----------------------------------------------------------------------------------
#: Words of the form itself.
_STEERING: Final = ("_node", "_do", "_at")


@ui.page("/records/<type_name>/filter")
def filter_form(type_name: str) -> Response:
    """Draw the filter of a list as a form, with what was asked of it, or lead to the list."""
    sent = "_node" in request.args
    back = ways.asked()
    given = [(n, v) for n, v in lists.args() if n not in (*_STEERING, *ways.WORDS)]
    found = lists.opened(type_name, [p for p in given if not sent or p[0].startswith("_")])
    root = read(found.type, request.args) if sent else drafted(found.type, found.parts)
    do, _, number = request.args.get("_do", "").partition(":")
    if do == "apply":
        made = node_of(root)
        if not any(draft.problem for draft in numbered(root)):
            return ways.back(type_name, found.filtered(top(made)), back)
    change(root, do, number)
    rows = numbered(root)
    mark(root, request.args.get("_at", ""))
    return ui.beside(
        "_filter.html", translated("Filter"), found.type, found.address(),
        422 if any(draft.problem for draft in rows) else 200,
        opened=found, root=root, labels=labels(rows), depth=DEPTH, back=back,
    )  # fmt: skip


def top(node: Node | None) -> tuple[Node, ...]:
    """Return the filters that must hold all together."""
    if node is None:
        return ()
    return node.parts if isinstance(node, Group) and node.how == ALL else (node,)


def numbered(root: Draft) -> list[Draft]:
    """Return the nodes of a form in order, and give them their numbers."""
    found: list[Draft] = []

    def take(draft: Draft) -> None:
        draft.number = len(found)
        found.append(draft)
        for part in draft.parts:
            take(part)

    take(root)
    return found


def change(root: Draft, do: str, number: str) -> None:
    """Add a row or a group to a group, or take a node away."""
    rows = {str(draft.number): draft for draft in numbered(root)}
    chosen = rows.get(number)
    if chosen is None:
        return
    if do in _ADDS and chosen.kind != CONDITION:
        made = Draft(_ADDS[do], chosen.inner, new=True)
        if made.kind == GROUP:
            made.how = ALL if chosen.how == ANY else ANY
            made.parts.append(Draft(CONDITION, chosen.inner))
        elif made.kind == HAS and made.relations:
            made.relation = made.relations[0][0]
        chosen.parts.append(made)
    elif do == "drop":
        for draft in rows.values():
            draft.parts = [part for part in draft.parts if part is not chosen]


def mark(root: Draft, place: str) -> None:
    """Let the focus go to one of the filters that were there."""
    if place.isdecimal() and int(place) < len(root.parts):
        root.parts[int(place)].new = True


def labels(rows: list[Draft]) -> Labels:
    """Return what the records are called that rows name."""
    wanted: dict[str, set[int]] = {}
    for draft in rows:
        if draft.control in ("record", "records") and draft.target is not None:
            ids = (int(value) for value in draft.values if value.isdecimal())
            wanted.setdefault(draft.target, set()).update(ids)
    made: Labels = {}
    for target, found in wanted.items():
        made |= labels_of(target, found)
    return made

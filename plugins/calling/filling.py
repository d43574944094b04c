"""Put the leads or people of a question on a call list, but for those who must not be called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from relatum import Actor, RelatumError, may, query, records, seen, slices

from . import people
from .entities import PEOPLE
from .frame import TARGET, Row, list_of, plugin_actor, translated
from .settings import of

#: Why somebody is left out, in the order in which it is told.
THERE, NO_NUMBER, FORBIDDEN, UNTOLD = "there", "no_number", "no_calls", "untold"
_SLICE: Final = 1_000


@dataclass(slots=True)
class Filled:
    """Who is put on a list: ids of records in order, and how many are left out by reason."""

    list_id: int
    type: str
    found: int = 0
    ids: list[int] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> Row:
        """Return it as answers show it."""
        return {
            "list": self.list_id, "type": self.type, "found": self.found, "added": len(self.ids),
            "left_out": self.left_out,
        }  # fmt: skip

    def leave_out(self, reason: str) -> None:
        """Count somebody who is left out."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def said(reason: str) -> str:
    """Return why somebody is left out, in the reader's language."""
    return {
        THERE: translated("on the list already"),
        NO_NUMBER: translated("without a number that you see"),
        FORBIDDEN: translated("not to be called: no consent, or wants no calls"),
        UNTOLD: translated("for a reason that you don't see"),
    }[reason]


def require_type(type_name: str) -> None:
    """Raise `calling_type_unknown` for a type whose records are not called."""
    if type_name not in PEOPLE:
        possible = ", ".join(PEOPLE)
        raise RelatumError("calling_type_unknown", type=str(type_name)[:40], possible=possible)


def look(list_id: int, type_name: str, words: Mapping[str, Any], *, actor: Actor) -> Filled:
    """Say who of a question would be put on a list, and write nothing.

    `words` are those of `query.from_json`: a filter and an order, in which people are called.
    Raises `calling_type_unknown`, `calling_too_many`, `record_unknown`, and what asking raises.
    """
    require_type(type_name)
    row = list_of(list_id, actor)
    made, rows = Filled(list_id, type_name), _rows(type_name, words, actor)
    made.found = len(rows)
    there = _there(list_id, type_name)
    against = people.forbidden(
        type_name, rows, needs_consent=bool(row["needs_consent"]), among=actor
    )  # fmt: skip
    for id_, person in rows.items():
        if id_ in there:
            made.leave_out(THERE)
        elif id_ in against:
            made.leave_out(FORBIDDEN if against[id_] else UNTOLD)
        elif people.number(person) is None:
            made.leave_out(NO_NUMBER)
        else:
            made.ids.append(id_)
    return made


def _rows(type_name: str, words: Mapping[str, Any], actor: Actor) -> dict[int, Row]:
    """Return the records of a question with their numbers, by id, in order."""
    known, limit = seen(actor).type(type_name).fields, of("fill_limit")
    asked = {n: v for n, v in words.items() if n in ("filter", "sort")}
    asked["fields"] = ["id", *(name for name in people.NUMBERS if name in known)]
    found: dict[int, Row] = {}
    for person in query.every(type_name, asked, actor=actor):
        found[person["id"]] = person
        if len(found) > limit:
            raise RelatumError("calling_too_many", limit=limit)
    return found


def _there(list_id: int, type_name: str) -> set[int]:
    """Return who is on a list, whoever put him there: nobody stands there twice."""
    of_list = {"field": "list", "op": "eq", "value": list_id}
    asked = {"filter": of_list, "fields": [type_name], "sort": ["id"]}
    found = query.every(TARGET, asked, actor=plugin_actor())
    return {row[type_name] for row in found if row[type_name] is not None}


def fill(list_id: int, type_name: str, words: Mapping[str, Any], *, actor: Actor) -> Filled:
    """Put people on a list, in the open transaction: one change set, which one undo takes back.

    Raises what `look` and `records.create` raise.
    """
    made = look(list_id, type_name, words, actor=actor)
    owned = _owned(list_of(list_id, actor), actor)
    for ids in slices(made.ids, _SLICE):
        rows = [{"list": list_id, type_name: id_, **owned} for id_ in ids]
        records.create(TARGET, rows, actor=actor)
    return made


def _owned(row: Row, actor: Actor) -> Row:
    """Return whose the targets are: the list's owner and team, whose members call them."""
    own = {name: row.get(name) for name in ("owner", "team") if row.get(name) is not None}
    mine = {"owner": actor.user_id, "team": actor.team_id}
    if all(mine[name] == value for name, value in own.items()) or may(actor, "assign", TARGET):
        return own
    return {}

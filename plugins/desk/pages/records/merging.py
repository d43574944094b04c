"""Merge records: side by side, field by field what survives, and what moves along."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, request

from relatum import RelatumError, catalog, fields, query, records

from ... import ui, values, words
from ...words import translated
from ..lists.selecting import selected
from . import around
from .lookups import Labels

#: What the address and the form say: the other records, and what survives of a field.
WITH, KEEP = "with", "keep"
_PICK: Final = "pick."


@dataclass(frozen=True)
class Line:
    """A field, with what each of the records says of it."""

    field: fields.Field
    values: dict[int, Any]
    #: The record whose value is chosen.
    chosen: int
    writable: bool
    #: What people call the list that keeps further values; None: there is none.
    further: str | None
    is_kept: bool

    def fits(self, id_: int) -> bool:
        """Say whether the field can still show a value; its type may have changed since."""
        return values.may_hold(self.field, self.values[id_])


@dataclass(frozen=True)
class Sheet:
    """Records that become one, and what comes of that."""

    type: catalog.EntityType
    plan: dict[str, Any]
    sent: bool = False

    @property
    def id(self) -> int:
        """The record that is left."""
        return int(self.plan["id"])

    @property
    def others(self) -> list[int]:
        """The records that are merged into it."""
        return [record["id"] for record in self.plan["records"][1:]]

    def address(self, id_: int) -> str:
        """Return the address of the same page, where another record is left."""
        every = (record["id"] for record in self.plan["records"])
        pairs = [(WITH, other) for other in every if other != id_]
        return f"/records/{self.type.name}/{id_}/merge?{urlencode(pairs)}"

    @cached_property
    def lines(self) -> list[Line]:
        """The fields that the records say different things of."""
        return [self._line(found) for found in self.plan["fields"] if found["differs"]]

    @cached_property
    def same(self) -> list[Line]:
        """The fields that they agree about."""
        return [self._line(found) for found in self.plan["fields"] if not found["differs"]]

    def _line(self, found: dict[str, Any]) -> Line:
        name = found["name"]
        picked = ui.whole(request.form.get(f"{_PICK}{name}", "")) if self.sent else None
        keep = not self.sent or name in request.form.getlist(KEEP)
        several = sum(value not in (None, "", []) for value in found["values"].values()) > 1
        return Line(
            self.type.fields[name], found["values"],
            picked if picked and picked in found["values"] else found["from"], found["writable"],
            self._called(found["list"]) if several else None, keep,
        )  # fmt: skip

    def _called(self, name: str | None) -> str | None:
        return None if name is None else words.known().inverse(self.type.name, name).label

    @property
    def labels(self) -> Labels:
        """What the records are called that values point to."""
        every = [line for line in (*self.lines, *self.same) if line.field.is_link]
        ids = {id_ for line in every for id_ in line.values.values() if id_ is not None}
        return query.labels(ids, actor=ui.actor())


def lead(type_name: str, id_: int) -> Response | None:
    """Lead to the record that one was merged into; None if it was not."""
    into = records.merged_into(type_name, id_, actor=ui.actor())
    if into is None:
        return None
    text = translated("It was merged into the record that you see")
    return ui.tell(ui.away(f"/records/{type_name}/{into}"), text)


@ui.page("/records/<type_name>/merge")
def choose_merge(type_name: str) -> Response:
    """Lead from records that were selected in a list to what merging them would do."""
    ids = selected()
    if len(ids) < 2:
        reason = "select at least two records"
        raise RelatumError("bad_parameter", name="id", reason=reason)
    words.known().type(type_name)
    pairs = [(WITH, id_) for id_ in ids[1:]]
    return ui.away(f"/records/{type_name}/{ids[0]}/merge?{urlencode(pairs)}")


@ui.page("/records/<type_name>/<int:id_>/merge")
def ask_merge(type_name: str, id_: int) -> Response:
    """Show records side by side, and what would move; or ask with which one to merge."""
    entity_type, others = words.known().type(type_name), _others()
    if not others:
        record = records.get(type_name, id_, actor=ui.actor())
        missed = bool(request.args.get(f"{WITH}~text"))
        return ui.render(
            "merge_with.html", 422 if missed else 200, type=entity_type, id=id_,
            label=entity_type.label_of_wire(record), missed=missed,
        )  # fmt: skip
    plan = records.merging(type_name, id_, others, actor=ui.actor())
    return ui.render("merge.html", sheet=Sheet(entity_type, plan), problems=[])


def _others() -> list[int]:
    """Return the other records: each its own word, or with commas between."""
    given = ",".join(request.values.getlist(WITH)).split(",")
    return list(dict.fromkeys(found for text in given if (found := ui.whole(text))))


@ui.page("/records/<type_name>/<int:id_>/merge", "POST")
def do_merge(type_name: str, id_: int) -> Response:
    """Merge records; what is in the way is shown where it was chosen."""
    entity_type, others = words.known().type(type_name), _others()
    chosen = {
        name.removeprefix(_PICK): {"from": picked}
        for name, text in request.form.items()
        if name.startswith(_PICK) and (picked := ui.whole(text)) is not None
    }
    try:
        records.merge(
            type_name, id_, others, actor=ui.actor(), values=chosen,
            keep=request.form.getlist(KEEP), version=ui.whole(request.form.get("version", "")),
        )  # fmt: skip
    except RelatumError as error:
        if error.status not in (409, 412, 422):
            raise
        return _again(entity_type, id_, others, error)
    answer = ui.away(f"/records/{type_name}/{id_}{around.still()}")
    text = translated("{records} merged", records=values.type_label(type_name, len(others) + 1))
    return ui.done(answer, text)


def _again(
    entity_type: catalog.EntityType, id_: int, others: list[int], error: RelatumError
) -> Response:
    plan = records.merging(entity_type.name, id_, others, actor=ui.actor())
    told = list(dict.fromkeys(map(words.said, error.problems))) or [words.said(error)]
    sheet = Sheet(entity_type, plan, sent=True)
    return ui.render("merge.html", error.status, sheet=sheet, problems=told)

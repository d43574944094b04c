"""The page of a record: what it is, what points to it, and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from flask import Response, request

from relatum import RelatumError, catalog, fields, query, records

from ... import ui, values, words
from .. import home
from ..access import holding
from ..lists.opened import AS_OF
from ..people import visits
from . import around, history, layouts, lines, merging
from .lines import Lines
from .lookups import Labels
from .related import Related, all_of

#: Levels of a tree that are shown above a record.
_ABOVE: Final = 20
#: Fields that a page shows open, and that a section without a name holds.
_MANY: Final = 30
#: Field types whose value says much in few words.
_TELLING: Final = ("choice", "money", "date", "user", "lookup", "percent", "rating")


class Section(NamedTuple):
    """Fields under a heading; those further down begin closed."""

    label: str
    fields: list[fields.Field]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A record with all that its page shows."""

    type: catalog.EntityType
    record: dict[str, Any]
    labels: Labels
    trashed: bool
    lines: list[Lines] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)
    #: The records above it in its tree, the topmost first.
    ancestors: list[tuple[int, str]] = field(default_factory=list)
    #: The instant or the date that it is shown as of; None: now.
    then: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether it can be changed: not in the trash, and not of the past."""
        return not self.trashed and self.then is None

    @property
    def label(self) -> str:
        """What the record is called."""
        return self.type.label_of_wire(self.record)

    def can(self, action: str) -> bool:
        """Say whether the reader may do something with the record."""
        return records.may(action, self.type.name, self.record["id"], actor=ui.actor())

    @property
    def sections(self) -> list[Section]:
        """The fields of the type itself, in the sections of its layout; the rest comes last."""
        made: list[Section] = []
        before = 0
        for label, found in layouts.sections(self.type, self.own):
            for place in range(0, len(found), _MANY):
                some = found[place : place + _MANY]
                made.append(Section(label, some, before < _MANY))
                before += len(some)
        return made

    @property
    def is_large(self) -> bool:
        """Whether so many fields are shown that people look for one by its name."""
        return len(self.own) > _MANY

    @property
    def own(self) -> list[fields.Field]:
        """The fields of the type itself, in order."""
        return [field for field in self.type.fields.values() if field.owner != "system"]

    @property
    def highlights(self) -> list[fields.Field]:
        """What is seen first: what the layout says, else the first fields that are telling."""
        chosen = [self.type.fields[n] for n in self.type.layout.highlights if n in self.type.fields]
        if chosen:
            return chosen
        named = {field.name for field in self.type.title_fields}
        return [f for f in self.own if values.kind(f) in _TELLING and f.name not in named][:4]

    @property
    def about(self) -> list[fields.Field]:
        """The fields that every record has and that say something to people."""
        names = ("owner", "team", "created_at", "created_by", "updated_at", "updated_by")
        # Who does not see people and teams has no link to them.
        return [self.type.fields[name] for name in names if name in self.type.fields]


def sheet(type_name: str, id_: int) -> Sheet:
    """Return a record with its fields; one in the trash too. Raises `record_unknown`."""
    entity_type = words.known().type(type_name)
    record, labels, trashed = _one(type_name, id_)
    return Sheet(entity_type, record, labels, trashed)


def sheet_then(type_name: str, id_: int, text: str) -> Sheet:
    """Return a record as it stood at the instant that an address names.

    Raises `bad_parameter`, `record_unknown`, `record_unknown_then`.
    """
    entity_type, at = words.known().type(type_name), query.instant(text)
    record = records.get(type_name, id_, actor=ui.actor(), as_of=at)
    linked = [record[field.name] for field in entity_type.fields.values() if field.is_link]
    labels = query.labels([id_ for id_ in linked if id_ is not None], actor=ui.actor())
    return Sheet(entity_type, record, labels, trashed=False, then=text)


def _one(type_name: str, id_: int) -> tuple[dict[str, Any], Labels, bool]:
    for trashed in (False, True):
        asked = {"filter": {"field": "id", "value": id_}, "trashed": trashed, "limit": 1}
        page = query.page(query.from_json(type_name, asked, actor=ui.actor()))
        if page.records:
            return page.records[0], page.labels, trashed
    raise RelatumError("record_unknown", type=type_name, id=id_)


def _ancestors(entity_type: catalog.EntityType, record: dict[str, Any]) -> list[tuple[int, str]]:
    """Return id and label of what is above a record, in one query."""
    tree = entity_type.tree
    if tree is None or record.get(tree.name) is None:
        return []
    titled = [title.name for title in entity_type.title_fields]
    asked = {
        "filter": {"field": "id", "op": "above", "value": record["id"]}, "limit": _ABOVE,
        "fields": list(dict.fromkeys([*titled, tree.name])),
    }  # fmt: skip
    page = query.page(query.from_json(entity_type.name, asked, actor=ui.actor()))
    known = {each["id"]: each for each in page.records}
    found: list[tuple[int, str]] = []
    at = record[tree.name]
    while at in known:
        each = known.pop(at)
        found.insert(0, (each["id"], entity_type.label_of_wire(each)))
        at = each[tree.name]
    return found


@ui.page("/records/<type_name>/<int:id_>")
def show_record(type_name: str, id_: int) -> Response:
    """Show a record; as a drawer beside a list if a part is asked for."""
    text = request.args.get(AS_OF)
    try:
        found = sheet(type_name, id_) if text is None else sheet_then(type_name, id_, text)
    except RelatumError as error:
        led = merging.lead(type_name, id_) if error.code == "record_unknown" else None
        if led is None:
            raise
        return led
    if found.trashed and (led := merging.lead(type_name, id_)) is not None:
        return led
    if ui.is_fragment():
        return ui.render("_peek.html", sheet=found)
    if found.is_live:
        found = replace(
            found, lines=lines.of_record(found.type, id_, actor=ui.actor()),
            related=all_of(found.type, id_), ancestors=_ancestors(found.type, found.record),
        )  # fmt: skip
    answer = ui.render(
        "record.html", sheet=found, history=history.read(found.type, id_),
        around=around.around(type_name, id_),
        held=holding.card(type_name, found.record) if found.is_live else None,
        door=visits.card(type_name, found.record) if found.is_live else None,
    )  # fmt: skip
    return home.look_at(answer, found.record) if found.is_live else answer

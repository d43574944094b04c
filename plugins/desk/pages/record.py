"""The page of a record: what it is, what points to it, and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from flask import Response

from relatum import RelatumError, catalog, fields, plugin_host, query, records

from .. import layouts, lines, menu, ui, values
from ..lines import Lines
from .lookups import Labels, labels_of

#: Records of a related list that are shown at once.
_RELATED: Final = 6
_HISTORY: Final = 20
_NOTHING: Final = query.Page([], {}, None, None, {"value": 0, "exact": True})
#: Field types whose value says much in few words.
_TELLING: Final = ("choice", "money", "date", "user", "lookup", "percent", "rating")


@dataclass(frozen=True, slots=True)
class Related:
    """A list of records that point to this one."""

    name: str
    target: str
    type: catalog.EntityType
    link: fields.Field
    paths: list[str]
    page: query.Page
    #: Why it can't be read.
    problem: str | None = None

    @property
    def label(self) -> str:
        """What the list is called: its own name where the type's would not tell it apart."""
        return values.relation_label(self.target, self.name)

    @property
    def all(self) -> str:
        """Where all of them are."""
        return f"/records/{self.type.name}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A record with all that its page shows."""

    type: catalog.EntityType
    record: dict[str, Any]
    labels: Labels
    related: list[Related]
    history: list[dict[str, Any]]
    trashed: bool
    lines: list[Lines]

    @property
    def label(self) -> str:
        """What the record is called."""
        return self.type.label_of_wire(self.record)

    @property
    def sections(self) -> list[tuple[str, list[fields.Field]]]:
        """The fields of the type itself, in the sections of its layout; the rest comes last."""
        return layouts.sections(self.type, self.own)

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
        return [self.type.fields[name] for name in names]


def sheet(type_name: str, id_: int) -> Sheet:
    """Return a record with what its page shows; one in the trash too. Raises `record_unknown`."""
    entity_type = catalog.current().type(type_name)
    record, labels, trashed = _one(type_name, id_)
    related = [] if trashed else _related(entity_type, id_)
    history = records.history(type_name, id_, actor=ui.actor(), limit=_HISTORY)
    known = labels_of("user", (change["actor"] for change in history))
    held = [] if trashed else lines.of_record(entity_type, id_, actor=ui.actor())
    return Sheet(entity_type, record, {**known, **labels}, related, history, trashed, held)


def _one(type_name: str, id_: int) -> tuple[dict[str, Any], Labels, bool]:
    for trashed in (False, True):
        asked = {"filter": {"field": "id", "value": id_}, "trashed": trashed, "limit": 1}
        page = query.page(query.from_json(type_name, asked), actor=ui.actor())
        if page.records:
            return page.records[0], page.labels, trashed
    raise RelatumError("record_unknown", type=type_name, id=id_)


def _related(entity_type: catalog.EntityType, id_: int) -> list[Related]:
    """Return the lists of what points to a record; one that can't be read says so in its place."""
    made = []
    for name, relation in catalog.current().inverses(entity_type.name).items():
        link = relation.link.name
        if relation.link.part:
            continue  # shown as lines
        shown = values.shown_fields(relation.type, 7, short=not menu.is_inner(relation.type))
        paths = [path for path in shown if path not in (link, "position")][:4]
        known = Related(name, entity_type.name, relation.type, relation.link, paths, _NOTHING)
        owner = relation.type.owner
        try:
            page = plugin_host.draw(
                owner, f"{relation.type.name}.{link}", partial(_page, known, id_)
            )
            made.append(replace(known, page=page))
        except plugin_host.PartFailed as failed:
            made.append(replace(known, problem=failed.reason))
    return made


def _page(related: Related, id_: int) -> query.Page:
    title = [f.name for f in related.type.title_fields if f.name not in related.paths]
    asked = {
        "filter": {"field": related.link.name, "value": id_}, "limit": _RELATED, "count": True,
        "fields": [*related.paths, *title],
    }  # fmt: skip
    return query.page(query.from_json(related.type.name, asked), actor=ui.actor())


@ui.page("/records/<type_name>/<int:id_>")
def show_record(type_name: str, id_: int) -> Response:
    """Show a record; as a drawer beside a list if a part is asked for."""
    found = sheet(type_name, id_)
    template = "_peek.html" if ui.is_fragment() else "record.html"
    return ui.render(template, sheet=found)

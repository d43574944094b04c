"""The data model as the draft would make it: all types, and the parts of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, catalog, entities, fields, query, views

from ... import menu, ui
from ...words import translated
from . import draft as drafts
from . import entailing, shaping

#: The parts of a type; the first one is at the address of the type itself.
TABS: Final = ("fields", "relationships", "layout", "views", "settings")
_OTHERS: Final = f"any({', '.join(TABS[1:])})"


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands beside the list: a form, with what was sent and what is wrong with that."""

    name: str
    kind: shaping.Kind | None = None
    field: fields.Field | None = None
    sent: Any = None
    problems: dict[str, str] | None = None
    #: What a relationship is to be.
    shape: str = ""

    def said(self, name: str, now: Any = "") -> Any:
        """Return what stands in a control: what was sent, else what holds."""
        if self.sent is not None:
            return self.sent.get(name, "")
        return "" if now is None else now

    def ticked(self, name: str, now: Any = None) -> bool:
        """Say whether a box is ticked."""
        return name in self.sent if self.sent is not None else bool(now)

    def problem(self, name: str) -> str | None:
        """Return what is wrong with a control."""
        return (self.problems or {}).get(name)


@dataclass(frozen=True)
class Scene:
    """A page of the designer."""

    draft: drafts.Draft
    type: catalog.EntityType | None = None
    tab: str = TABS[0]
    panel: Panel | None = None

    @property
    def after(self) -> catalog.Catalog:
        """The data model as it will be."""
        return self.draft.after

    @cached_property
    def groups(self) -> list[tuple[str, list[catalog.EntityType]]]:
        """All types by who brings them."""
        by_owner: dict[str, list[catalog.EntityType]] = {}
        for entity_type in self.after.types.values():
            by_owner.setdefault(entity_type.owner, []).append(entity_type)
        return [(label, by_owner[owner]) for owner, label in menu.owners(by_owner)]

    @property
    def own(self) -> list[fields.Field]:
        """The fields of the type in their order, without those of the system."""
        assert self.type is not None
        return [field for field in self.type.fields.values() if field.owner != "system"]

    @property
    def links(self) -> list[fields.Link]:
        """The links of the type to others."""
        return [field for field in self.own if isinstance(field, fields.Link)]

    @property
    def pointing(self) -> tuple[Any, ...]:
        """The links of all types that point to this one."""
        assert self.type is not None
        return self.after.referrers(self.type.name)

    @property
    def choices(self) -> list[fields.Field]:
        """The choices of the type, on which options of others can depend."""
        return [field for field in self.own if isinstance(field, fields.Choice)]

    @cached_property
    def becoming(self) -> dict[str, Any]:
        """How far the changes of type are that run now, by field."""
        known = catalog.current().types.get(self.type.name) if self.type is not None else None
        shadows = known.shadows if known is not None else ()
        return {s.old.name: entities.progress(known.name, s.old.name) for s in shadows if known}

    @property
    def trashed(self) -> list[fields.Field]:
        """The fields of the type in the trash, the last one of each name."""
        assert self.type is not None
        return list({field.name: field for field in self.type.in_trash}.values())

    @property
    def shared(self) -> tuple[catalog.View, ...]:
        """The views that everybody can open."""
        assert self.type is not None
        return self.after.views.get(self.type.name, ())

    @property
    def private(self) -> list[dict[str, Any]]:
        """The administrator's own views, of a type that is there already."""
        assert self.type is not None
        if self.type.name not in catalog.current().types:
            return []
        found = views.list_views(self.type.name, actor=ui.actor())
        return [view for view in found if view["private"]]

    @property
    def base(self) -> str:
        """The address of the type."""
        return f"/model/{self.type.name}" if self.type is not None else "/model"

    @property
    def here(self) -> str:
        """The address of the page."""
        return self.base if self.tab == TABS[0] else f"{self.base}/{self.tab}"

    def count(self, entity_type: catalog.EntityType) -> Any:
        """Return how many records a type has, counted up to a bound; None if it is new."""
        if entity_type.name not in catalog.current().types:
            return None
        asked = {"limit": 1, "count": True, "fields": ["id"]}
        return query.page(query.from_json(entity_type.name, asked, actor=ui.actor())).count

    def facts(self, field: fields.Field) -> str:
        """Return in few words what is special about a field."""
        if isinstance(field, fields.Link):
            if field.is_open:
                return translated("Every type")
            names = [self.after.types[t].label for t in field.targets if t in self.after.types]
            return ", ".join(names)
        if field.HAS_OPTIONS:
            count = sum(not option.retired for option in field.options)
            return translated("{count} options", count=count)
        said = [(shaping.setting_label(name), value) for name, value in field.settings.items()]
        return ", ".join(
            f"{label}: {value}" if value is not True else label for label, value in said
        )

    @property
    def layout(self) -> list[tuple[str, str, list[fields.Field]]]:
        """The sections of the layout as (key, label, fields); the last one holds the rest."""
        assert self.type is not None
        known = {field.name: field for field in self.own}
        made = [
            (f"s.{at}", section.label, [known.pop(n) for n in section.fields if n in known])
            for at, section in enumerate(self.type.layout.sections)
        ]
        return [*made, ("rest", translated("In no section"), list(known.values()))]


def scene(type_name: str | None = None, tab: str = TABS[0], panel: Panel | None = None) -> Scene:
    """Return a page of the designer; raise `type_unknown`, `forbidden`."""
    draft = drafts.current(actor=ui.actor())
    found = draft.after.type(type_name) if type_name is not None else None
    return Scene(draft, found, tab, panel)


def draw(shown: Scene, status: int = 200, **more: Any) -> Response:
    """Return a page of the designer, or the part of it that changes."""
    part = "_designer.html" if ui.is_fragment() else "designer.html"
    body = "desk/_designer_types.html" if shown.type is None else f"desk/_designer_{shown.tab}.html"
    return ui.render(
        part, status, scene=shown, body=body, shaping=shaping, kinds=shaping.kinds(),
        entailing=entailing, fixed=entities.FIXED_SETTINGS, blank=Panel(""),
        conversions=fields.CONVERSIONS, **more,
    )  # fmt: skip


# -- pages ------------------------------------------------------------------------------------
@ui.page("/model")
def show_types() -> Response:
    """Show all types: who brings them, how many fields and records they have."""
    return draw(scene())


@ui.page("/model/new")
def new_type() -> Response:
    """Ask for a new type."""
    return draw(scene(panel=Panel("type")))


@ui.page("/model/<type_name>")
def show_fields(type_name: str) -> Response:
    """Show the fields of a type; beside them the form of one, of a new one, or of a new type."""
    return draw(_with_panel(scene(type_name)))


@ui.page(f"/model/<type_name>/<{_OTHERS}:tab>")
def show_part(type_name: str, tab: str) -> Response:
    """Show relationships, layout, views or settings of a type."""
    return draw(_with_panel(scene(type_name, tab)))


def _with_panel(shown: Scene) -> Scene:
    """Return a page with the form that the address asks for."""
    asked, known = request.args, shaping.kinds()
    panel = None
    assert shown.type is not None
    if asked.get("relate") in SHAPES:
        panel = Panel("relate", shape=asked["relate"])
    elif asked.get("add") in known:
        panel = Panel("field", known[asked["add"]])
    elif "field" in asked:
        field = own_field(shown.type, asked["field"])
        to = asked.get("retype", "")
        if to in fields.CONVERSIONS.get(field.kind, ()):
            panel = Panel("retype", known[to], field)
        else:
            panel = Panel("field", known[field.kind], field)
    return Scene(shown.draft, shown.type, shown.tab, panel)


#: What two types can be to each other.
SHAPES: Final = ("many_to_one", "one_to_one", "one_to_many", "many_to_many")


def own_field(entity_type: catalog.EntityType, name: str) -> fields.Field:
    """Return a field that is not the system's; raise `field_unknown`."""
    field = entity_type.field(name)
    if field.owner == "system":
        raise RelatumError("not_yours", name=name, owner="the system", verb="changed")
    return field


@ui.page("/model/<type_name>/fields/<name>/progress")
def show_progress(type_name: str, name: str) -> Response:
    """Say how far a change of type is that runs."""
    running = entities.running(type_name, name)
    found = entities.progress(type_name, name) if running else None
    return ui.render("_designer_progress.html", type_name=type_name, name=name, progress=found)

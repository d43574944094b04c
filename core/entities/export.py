"""Entity types as JSON: described for the API, exported as text, turned back into changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..catalog import Catalog, EntityType, Layout, Relation, View
from ..errors import RelatumError
from ..fields import Field, Option
from ..types import OPERATORS
from .views import changes as view_changes
from .views import described

#: Kinds of fields that need other types to be there.
LINKS = ("lookup", "reference")
#: Version of the format that `relatum schema export` writes.
FORMAT = 1
#: What a definition says of a type itself.
_PROPERTIES: Final = ("name", "label", "plural", "icon", "hue", "description", "title", "layout")


def describe(entity_type: EntityType, catalog: Catalog) -> dict[str, Any]:
    """Return everything a client needs to know of a type: fields, operators, keys, lists."""
    becoming = {shadow.old.id: shadow.new.kind for shadow in entity_type.shadows}
    return {
        **{name: property_of(entity_type, name) for name in _PROPERTIES},
        "owner": entity_type.owner,
        "trashed": entity_type.trashed_in is not None,
        "fields": [
            {
                **describe_field(field),
                "owner": field.owner,
                "read_only": field.read_only,
                "becoming": becoming.get(field.id),
                "operators": _operators(field),
                "parts": list(field.PARTS),
                "members": [
                    {"name": m.name, "label": m.label, "operators": _operators(m)}
                    for m in field.members.values()
                ],
            }
            for field in entity_type.fields.values()
        ],
        "trashed_fields": sorted({f.name for f in entity_type.in_trash}),
        "keys": [list(key.fields) for key in entity_type.keys],
        "lists": [_list_info(*item) for item in catalog.inverses(entity_type.name).items()],
    }


def property_of(entity_type: EntityType, name: str) -> Any:
    """Return a property of a type as a definition writes it; None if it has no such property."""
    found = getattr(entity_type, name, None)
    return found.as_json() if isinstance(found, Layout) else found


def _operators(field: Field) -> list[dict[str, str]]:
    return [
        {"name": name, "label": OPERATORS[name].label, "operands": OPERATORS[name].operands}
        for name in field.operators
    ]


def _list_info(name: str, relation: Relation) -> dict[str, Any]:
    return {
        "name": name,
        "type": relation.type.name,
        "field": relation.link.name,
        "label": relation.label,
        "part": relation.link.part,
    }


def describe_field(field: Field) -> dict[str, Any]:
    """Return a field as a definition writes it, with every property."""
    found: dict[str, Any] = {
        "name": field.name,
        "kind": field.kind,
        "label": field.label,
        "help": field.help,
        "required": field.required,
        "unique": field.unique,
        "indexed": field.indexed,
        "sortable": field.sortable,
        "personal": field.personal,
        "default": field.default_value(),
        "settings": dict(field.settings),
        "position": field.position,
    }
    if field.HAS_OPTIONS:
        found["options"] = [_option(option) for option in field.options]
    return found


def _option(option: Option) -> dict[str, Any]:
    return {
        "value": option.value,
        "label": option.label,
        "hue": option.hue,
        "category": option.category,
        "retired": option.retired,
        "when": list(option.when),
        "needs": list(option.needs),
        "sets": dict(option.sets),
    }


def export(catalog: Catalog) -> dict[str, Any]:
    """Return the local layer: an administrator's types, and what he added to others' types."""
    types, extensions = [], []
    for entity_type in sorted(catalog.types.values(), key=lambda t: t.id):
        fields = [describe_field(f) for f in entity_type.fields.values() if f.owner == "local"]
        keys = [list(key.fields) for key in entity_type.keys if key.id and key.owner == "local"]
        shared = catalog.views.get(entity_type.name, ())
        views = [described(view) for view in shared if view.owner == "local"]
        if entity_type.owner == "local":
            properties = {
                name: said
                for name in _PROPERTIES
                if (said := property_of(entity_type, name)) or name != "layout"
            }
            types.append({**properties, "fields": fields, "keys": keys, "views": views})
        elif fields or keys or views:
            parts = {"fields": fields, "keys": keys, "views": views}
            extensions.append({"type": entity_type.name, **parts})
    made: dict[str, Any] = {"relatum": FORMAT, "types": types, "extensions": extensions}
    patches = changed_here(catalog)
    return {**made, "patches": patches} if patches else made


def changed_here(catalog: Catalog) -> list[dict[str, Any]]:
    """Return what was changed here of what plugins own: a type or a field, and its properties."""
    names: dict[tuple[str, int], set[str]] = {}
    holders = {
        option.id: field.id
        for entity_type in catalog.types.values()
        for field in (*entity_type.fields.values(), *entity_type.trashed_fields)
        for option in field.options
        if option.owner == "local" and field.owner != "local"
    }
    for option_id, field_id in holders.items():
        names.setdefault(("field", field_id), set()).add(f"options.{option_id}")
    for patch in catalog.patches:
        key = (patch.kind, patch.target_id)
        if patch.kind == "option":
            key = ("field", _field_of(catalog, patch.target_id))
        names.setdefault(key, set()).add(
            "options" if patch.kind == "option" else patch.name.partition(".")[0]
        )
    return [
        made
        for entity_type in catalog.types.values()
        for made in (
            *_changes_of(entity_type, names),
            *_view_changes(catalog.views.get(entity_type.name, ()), names),
        )
    ]


def _view_changes(
    views: tuple[View, ...], names: dict[tuple[str, int], set[str]]
) -> Iterator[dict[str, Any]]:
    for view in views:
        changed = names.get(("view", view.id), set())
        if changed:
            known = {**described(view), "hidden": view.hidden}
            made = {"type": view.type, "view": view.name}
            yield {**made, **{name: known[name] for name in sorted(changed)}}


def _field_of(catalog: Catalog, option_id: int) -> int:
    return next(
        field.id
        for entity_type in catalog.types.values()
        for field in (*entity_type.fields.values(), *entity_type.trashed_fields)
        if any(option.id == option_id for option in field.options)
    )


#: Properties whose column has another name.
_COLUMNS = {"is_unique": "unique", "default_value": "default"}


def _changes_of(
    entity_type: EntityType, names: dict[tuple[str, int], set[str]]
) -> Iterator[dict[str, Any]]:
    own = names.get(("type", entity_type.id))
    if own:
        said = {name: property_of(entity_type, name) for name in sorted(own)}
        yield {"type": entity_type.name, **said}
    for field in (*entity_type.fields.values(), *entity_type.trashed_fields):
        changed = {_COLUMNS.get(n, n).partition(".")[0] for n in names.get(("field", field.id), ())}
        made = {"type": entity_type.name, "field": field.name}
        if "trashed_in" in changed:
            yield {**made, "hidden": True}
        elif changed:
            described = describe_field(field)
            yield {**made, **{name: described[name] for name in sorted(changed)}}


def to_changes(
    catalog: Catalog, wanted: dict[str, Any], *, prune: bool = False
) -> list[dict[str, Any]]:
    """Return the changes that bring the catalog to an exported text.

    Nothing that the text does not name is touched, unless `prune` asks to trash it.
    """
    if wanted.get("relatum") != FORMAT:
        raise RelatumError(
            "definition_invalid",
            what="schema",
            reason=f'must be an export with "relatum": {FORMAT}',
        )
    return _Difference(catalog).changes(wanted, prune)


class _Difference:
    """Collects changes in an order that lets types point to each other."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.made: list[dict[str, Any]] = []
        self.fields: list[dict[str, Any]] = []
        self.later: list[dict[str, Any]] = []
        self.views: list[dict[str, Any]] = []

    def changes(self, wanted: dict[str, Any], prune: bool) -> list[dict[str, Any]]:
        known = _list(wanted, "types")
        for given in known:
            self._type(given)
        for given in _list(wanted, "extensions"):
            self._members(given.get("type", ""), given)
            self._views(given.get("type", ""), given)
        for given in _list(wanted, "patches"):
            self._patch(given)
        if prune:
            self._prune({t.get("name") for t in known})
        return [*self.made, *self.fields, *self.later, *self.views]

    def _type(self, given: dict[str, Any]) -> None:
        name = given.get("name", "")
        own = {k: v for k, v in given.items() if k not in ("fields", "keys", "views", "name")}
        self._views(name, given)
        existing = self.catalog.types.get(name)
        if existing is None:
            # Links wait until every type is made; so does a title that may need the fields.
            plain = [f for f in _list(given, "fields") if f.get("kind") not in LINKS]
            links = [f for f in _list(given, "fields") if f.get("kind") in LINKS]
            layout = own.pop("layout", None)  # it may name the links
            self.made.append({"op": "create_type", "name": name, **own, "fields": plain})
            self.fields += [{"op": "add_field", "type": name, **f} for f in links]
            self.later += [
                {"op": "add_key", "type": name, "fields": k} for k in given.get("keys", [])
            ]
            if layout:
                self.later.append({"op": "change_type", "type": name, "layout": layout})
            return
        changed = changed_properties(existing, own)
        if changed:
            self.later.append({"op": "change_type", "type": name, **changed})
        self._members(name, given)

    def _views(self, name: str, given: dict[str, Any]) -> None:
        self.views += view_changes(self.catalog.views.get(name, ()), name, _list(given, "views"))

    def _members(self, name: str, given: dict[str, Any]) -> None:
        entity_type = self.catalog.type(name)
        for field in _list(given, "fields"):
            known = entity_type.fields.get(field.get("name", ""))
            if known is None:
                self.fields.append({"op": "add_field", "type": name, **field})
                continue
            if known.kind != field.get("kind", known.kind):
                self.fields.append(_retyped(name, known, field))
                continue
            changed = _changed(known, {k: v for k, v in field.items() if k != "kind"})
            if changed:
                self.fields.append(
                    {"op": "change_field", "type": name, "field": known.name, **changed}
                )
        for key in given.get("keys", []):
            if tuple(key) not in {k.fields for k in entity_type.keys}:
                self.later.append({"op": "add_key", "type": name, "fields": key})

    def _patch(self, given: dict[str, Any]) -> None:
        """Change what a plugin owns as it was changed elsewhere."""
        entity_type = self.catalog.type(given.get("type", ""))
        name = given.get("field")
        if "view" in given:
            wanted = {k: v for k, v in given.items() if k not in ("type", "view")}
            self._views(entity_type.name, {"views": [{"name": given["view"], **wanted}]})
            return
        new = {k: v for k, v in given.items() if k not in ("type", "field", "hidden")}
        if name is None:
            changed = changed_properties(entity_type, new)
            if changed:
                self.later.append({"op": "change_type", "type": entity_type.name, **changed})
            return
        if any(field.name == name for field in entity_type.in_trash):
            if given.get("hidden"):
                return
            self.fields.append({"op": "restore_field", "type": entity_type.name, "field": name})
            changed = new
        elif given.get("hidden"):
            change = {"op": "trash_field", "type": entity_type.name, "field": name}
            self.later.append(change)
            return
        else:
            changed = _changed(entity_type.field(name), new)
        if changed:
            change = {"op": "change_field", "type": entity_type.name, "field": name, **changed}
            self.fields.append(change)

    def _prune(self, named: set[Any]) -> None:
        for entity_type in self.catalog.types.values():
            if entity_type.owner == "local" and entity_type.name not in named:
                self.later.append({"op": "trash_type", "type": entity_type.name})


def changed_properties(entity_type: EntityType, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the properties that a type does not have yet."""
    return {
        name: value for name, value in wanted.items() if property_of(entity_type, name) != value
    }


def _retyped(type_name: str, known: Field, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the change that gives a field another type; its other properties follow it."""
    names = ("kind", "settings", "options", "default")
    shape: dict[str, Any] = {name: wanted[name] for name in names if name in wanted}
    return {"op": "retype_field", "type": type_name, "field": known.name, **shape}


def _changed(field: Field, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the properties that a field does not have yet; what is left out stays as it is."""
    now = describe_field(field)
    changed = {k: v for k, v in wanted.items() if now.get(k) != v}
    settings = wanted.get("settings")
    if isinstance(settings, dict) and {**now["settings"], **settings} == now["settings"]:
        changed.pop("settings", None)
    if "options" in now and _says(wanted.get("options"), now["options"]):
        changed.pop("options", None)
    return changed


def _says(given: Any, now: list[dict[str, Any]]) -> bool:
    """Say whether a list of options, each with what was left out, is the one there is."""
    if not isinstance(given, list) or not all(isinstance(option, dict) for option in given):
        return False
    here, rest = now[: len(given)], now[len(given) :]
    alike = [
        {**known, "retired": False, **option} == known
        for known, option in zip(here, given, strict=False)
    ]
    return len(here) == len(given) and all(alike) and all(option["retired"] for option in rest)


def _list(given: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = given.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise RelatumError("definition_invalid", what=name, reason="must be a list of objects")
    return found

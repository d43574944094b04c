"""What a plugin declares, turned into changes of what it has: the same text as an export.

Only the plugin's own rows are compared, as it declared them; what an administrator laid over
them is left alone. What the plugin no longer declares goes to the trash, and comes back from
there if a later version declares it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import db
from ..catalog import Catalog, EntityType, build, read_rows
from ..errors import RelatumError
from ..fields import Field
from . import definitions
from .export import LINKS, changed_properties, describe_field
from .owners import Owner
from .views import changes

Change = dict[str, Any]
_PARTS = ("fields", "keys", "views", "name")
_KEYS = frozenset({"relatum", "types", "extensions"})


def declared_changes(document: Any, owner: Owner) -> list[Change]:
    """Return the changes that bring what a plugin has to what it declares.

    Joins the open transaction. Raises `definition_invalid`, `type_unknown`.
    """
    tx = db.current()
    rows = read_rows(tx.connection).without_patches()
    known = build(rows, tx.epochs.catalog)
    return _Declared(known, owner, rows.keys.values()).changes(_checked(document))


def _checked(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise _wrong("declarations", "must be a dict with types and extensions")
    strange = sorted(str(key) for key in document if key not in _KEYS)
    if strange:
        raise _wrong("declarations", f"know types and extensions, not {', '.join(strange)}")
    return document


def _wrong(what: str, reason: str) -> RelatumError:
    return RelatumError("definition_invalid", what=what, reason=reason)


def _objects(given: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = list(given.get(name) or ())
    if not all(isinstance(item, Mapping) for item in found):
        raise _wrong(name, "must be a list of dicts")
    return found


class _Declared:
    """Collects changes in an order that lets types point to each other."""

    def __init__(
        self, catalog: Catalog, owner: Owner, keys: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self.catalog, self.owner = catalog, owner
        #: Unique keys that are in the trash: the type, the fields, and when they went.
        self.trashed_keys = [
            (key["type_id"], tuple(key["fields"].split(",")), key["trashed_in"])
            for key in keys
            if key["trashed_in"] is not None
        ]
        self.made: list[Change] = []
        self.fields: list[Change] = []
        self.later: list[Change] = []
        self.gone: list[Change] = []
        self.views: list[Change] = []
        #: The fields, keys and views that are declared, by type.
        self.named: dict[str, set[str]] = {}
        self.seen: dict[str, set[str]] = {}
        self.keys: dict[str, set[tuple[str, ...]]] = {}

    def changes(self, document: Mapping[str, Any]) -> list[Change]:
        types = _objects(document, "types")
        for given in types:
            self._type(given)
        made = {given.get("name") for given in types}
        for given in _objects(document, "extensions"):
            name = str(given.get("type", ""))
            self._note(name, given)
            if name not in made:
                self._members(self.catalog.type(name), given)
        self._drop({str(name) for name in made})
        return [*self.made, *self.fields, *self.later, *self.views, *self.gone]

    def _note(self, name: str, given: Mapping[str, Any]) -> None:
        self.named.setdefault(name, set()).update(
            str(field.get("name")) for field in _objects(given, "fields")
        )
        self.keys.setdefault(name, set()).update(tuple(key) for key in given.get("keys") or ())
        wanted = _objects(given, "views")
        self.seen.setdefault(name, set()).update(str(view.get("name")) for view in wanted)
        mine = tuple(v for v in self.catalog.views.get(name, ()) if v.owner == self.owner.name)
        self.views += changes(mine, name, [dict(view) for view in wanted])

    def _type(self, given: Mapping[str, Any]) -> None:
        name = str(given.get("name", ""))
        self._note(name, given)
        own = {k: v for k, v in given.items() if k not in _PARTS}
        known = self.catalog.types.get(name)
        if known is None:
            known = self._trashed(name)
            if known is None:
                self._new(name, own, given)
                return
            self.made.append({"op": "restore_type", "type": name})
        elif known.owner != self.owner.name:
            self._new(name, own, given)  # the plan refuses it, and names both owners
            return
        changed = changed_properties(known, own)
        if changed:
            self.later.append({"op": "change_type", "type": name, **changed})
        self._members(known, given)

    def _trashed(self, name: str) -> EntityType | None:
        found = [
            t for t in self.catalog.trashed_types if t.name == name and t.owner == self.owner.name
        ]
        return max(found, key=lambda t: t.trashed_in or 0, default=None)

    def _new(self, name: str, own: Change, given: Mapping[str, Any]) -> None:
        # Links are added later, but stand where they are declared.
        declared = _objects(given, "fields")
        fields = [{"position": place, **field} for place, field in enumerate(declared)]
        plain = [field for field in fields if field.get("kind") not in LINKS]
        layout = own.pop("layout", None)  # it may name the links
        if layout:
            self.later.append({"op": "change_type", "type": name, "layout": layout})
        self.made.append({"op": "create_type", "name": name, **own, "fields": plain})
        self.fields += [
            {"op": "add_field", "type": name, **field}
            for field in fields
            if field.get("kind") in LINKS
        ]
        self.later += [
            {"op": "add_key", "type": name, "fields": list(key)} for key in given.get("keys") or ()
        ]

    def _members(self, known: EntityType, given: Mapping[str, Any]) -> None:
        back: set[tuple[str, int | None]] = set()
        for wanted in _objects(given, "fields"):
            name = str(wanted.get("name", ""))
            field = known.fields.get(name)
            if field is not None and field.owner == self.owner.name:
                self._field(known, field, wanted)
                continue
            trashed = [
                f
                for f in known.in_trash
                if (f.name, f.owner, f.kind) == (name, self.owner.name, wanted.get("kind"))
            ]
            if field is None and trashed:
                last = max(trashed, key=lambda f: f.trashed_in or 0)
                self.fields.append({"op": "restore_field", "type": known.name, "field": name})
                back.add((name, last.trashed_in))
                self._field(known, last, wanted)
            else:
                self.fields.append({"op": "add_field", "type": known.name, **wanted})
        # A key comes back along with a field that it went with.
        present = {key.fields for key in known.keys} | {
            fields
            for type_id, fields, went in self.trashed_keys
            if type_id == known.id and any((name, went) in back for name in fields)
        }
        self.later += [
            {"op": "add_key", "type": known.name, "fields": list(key)}
            for key in given.get("keys") or ()
            if tuple(key) not in present
        ]

    def _field(self, known: EntityType, field: Field, wanted: Mapping[str, Any]) -> None:
        if wanted.get("kind") != field.kind:
            reason = f"is a {field.kind} field; its type can't be changed to {wanted.get('kind')}"
            raise _wrong(f"{known.name}.{field.name}", reason)
        now = {**describe_field(field), **self._options(field)}
        settings = {**now["settings"], **(wanted.get("settings") or {})}
        changed = {
            key: value
            for key, value in wanted.items()
            if key not in ("name", "kind", "settings") and now.get(key) != value
        }
        if "options" in changed and _filled(changed["options"]) == now["options"]:
            del changed["options"]
        if "default" in changed and _is_default(field, changed["default"]):
            del changed["default"]
        if settings != now["settings"]:
            changed["settings"] = dict(wanted["settings"])
        if changed:
            change = {"op": "change_field", "type": known.name, "field": field.name}
            self.fields.append({**change, **changed})

    def _options(self, field: Field) -> Change:
        """Return the options that are the plugin's, without those that it retired."""
        if not field.options:
            return {}
        own = [o for o in field.options if o.owner == self.owner.name and not o.retired]
        return {
            "options": [
                {
                    "value": o.value, "label": o.label, "hue": o.hue, "category": o.category,
                    "when": list(o.when), "needs": list(o.needs), "sets": dict(o.sets),
                }
                for o in own
            ]
        }  # fmt: skip

    def _drop(self, made: set[str]) -> None:
        """Trash what the plugin has and no longer declares."""
        for known in self.catalog.types.values():
            if known.owner == self.owner.name and known.name not in made:
                self.gone.append({"op": "trash_type", "type": known.name})
                continue
            seen = self.seen.get(known.name, set())
            self.gone += [
                {"op": "drop_view", "type": known.name, "view": view.name}
                for view in self.catalog.views.get(known.name, ())
                if view.owner == self.owner.name and view.name not in seen
            ]
            named, keys = self.named.get(known.name, set()), self.keys.get(known.name, set())
            self.gone += [
                {"op": "trash_key", "type": known.name, "fields": list(key.fields)}
                for key in known.keys
                if key.id is not None and key.owner == self.owner.name and key.fields not in keys
            ]
            self.gone += [
                {"op": "trash_field", "type": known.name, "field": field.name}
                for field in known.fields.values()
                if field.owner == self.owner.name and field.name not in named
            ]


def _filled(options: Any) -> Any:
    """Return declared options with what they leave out, in the order of the list."""
    if not isinstance(options, list) or not all(isinstance(o, Mapping) for o in options):
        return options
    return [
        {
            "value": o.get("value"), "label": o.get("label") or o.get("value"),
            "hue": o.get("hue"), "category": o.get("category"), "when": o.get("when", []),
            "needs": o.get("needs", []), "sets": o.get("sets", {}),
        }
        for o in options
    ]  # fmt: skip


def _is_default(field: Field, wanted: Any) -> bool:
    """Say whether a field has a default already: 1 of a scale of three is stored as 1.000."""
    try:
        return definitions.check_default(field, wanted) == field.default
    except RelatumError:
        return False  # one that is new with it, such as an option

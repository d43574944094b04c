"""What is offered for the file of another system: a map, and the fields that are missing for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from relatum import Actor, RelatumError, catalog, entities, fields, imports, may, seen, transact

from .guessing import definition_of
from .proposing import clashes, column_for, fitted, propose, styles_of
from .systems import SystemFile

#: What rules say besides what an import map says.
_OURS: Final = ("if_fits", "otherwise")
CUSTOMISE: Final = "customise"


@dataclass(slots=True)
class Offer:
    """A file of another system: the map for it, and what has to be added before all of it holds."""

    file: SystemFile
    type: str
    map: dict[str, Any]
    #: Operations of a plan that add what the map needs, and those for fields of its own.
    missing: list[dict[str, Any]] = field(default_factory=list)
    #: What is missing, as people call it.
    labels: list[str] = field(default_factory=list)
    further: list[dict[str, Any]] = field(default_factory=list)
    #: Other types that the same file holds records of.
    also: list[str] = field(default_factory=list)
    #: Types whose records this file names, of which none is there yet: {type: column}.
    first: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.file.system}: {self.file.label}"

    def as_json(self, actor: Actor) -> dict[str, Any]:
        """Return it as the API does; in a reading transaction."""
        return {
            "system": self.file.system, "file": self.file.label, "type": self.type,
            "also": self.also, "first": list(self.first),
            "missing": _planned(self.missing, actor), "further": _planned(self.further, actor),
        }  # fmt: skip


def _planned(changes: list[dict[str, Any]], actor: Actor) -> dict[str, Any]:
    try:
        found, refused = plan_of(changes, actor), None
    except RelatumError as error:
        found, refused = None, error.as_json()
    plan = found.as_json() if found is not None else None
    return {"changes": changes, "plan": plan, "refused": refused}


def _labels(changes: Sequence[Mapping[str, Any]], type_name: str) -> list[str]:
    """Return the labels of what operations add; fields of another type have its name in front."""
    known, own, others = catalog.current().types, list[str](), list[str]()
    for change in changes:
        if change["op"] == "create_type":
            own.append(str(change["plural"]))
        elif change["type"] == type_name:
            own.append(str(change["label"]))
        else:
            others.append(f"{known[change['type']].plural}: {change['label']}")
    return own + others


def plan_of(changes: list[dict[str, Any]], actor: Actor) -> entities.Plan | None:
    """Return the plan of what has to be added, for those who may; None if there is none."""
    if not changes or not may(actor, CUSTOMISE):
        return None
    return entities.plan(changes, actor=actor)


def add(changes: list[dict[str, Any]], *, actor: Actor, expect: str | None = None) -> entities.Plan:
    """Add what is missing, in an exclusive transaction of its own; raise as `entities.apply`."""
    return transact(lambda: entities.apply(changes, actor=actor, expect=expect), exclusive=True)


def offer(
    files: Sequence[SystemFile],
    type_name: str,
    header: Sequence[str],
    sample: Sequence[Sequence[str]],
    *,
    actor: Actor,
) -> Offer | None:
    """Return what is offered for a file that may be one of `files`, and goes into a type."""
    file = next((f for f in files if type_name in f.types), None)
    if file is None:
        return None
    made = _Offering(file, type_name, header, sample, actor).made()
    others = (f.types[0] for f in files if f is not file and f.label == file.label)
    made.also = [name for name in others if name in seen(actor).types]
    return made


class _Offering:
    """One offer on its way."""

    def __init__(
        self,
        file: SystemFile,
        type_name: str,
        header: Sequence[str],
        sample: Sequence[Sequence[str]],
        actor: Actor,
    ) -> None:
        self.file, self.actor, self.header, self.sample = file, actor, header, sample
        self.known = seen(actor)
        self.type = self.known.types.get(type_name)
        self.offer = Offer(file, type_name, {"relatum_map": 1})
        #: Fields that are filled so far, and those that have to be added: {(type, name)}.
        self.taken: set[str] = set()
        self.added: dict[tuple[str, str], None] = {}

    def made(self) -> Offer:
        """Return the offer."""
        document = self.offer.map
        columns = self._columns()
        document["composed"] = self._composed()
        document["only"] = {n: list(self.file.only[c]) for c, n in self._named(self.file.only)}
        document["columns"] = columns
        if self.file.id in self.taken:
            document["key"] = [self.file.id]
        if self.type is not None:
            document["columns"] = self._others(columns)
        self.offer.missing = self._changes()
        self.offer.labels = _labels(self.offer.missing, self.offer.type)
        self.offer.map = {n: value for n, value in document.items() if value}
        return self.offer

    def _named(self, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return (name in the source, name in the file) of columns, in the order of the source."""
        there = {name: name for name in self.header}
        there |= {fields.fold(name): name for name in reversed(self.header)} | there
        found = [(name, there.get(name) or there.get(fields.fold(name))) for name in wanted]
        return [(name, given) for name, given in found if given is not None]

    def _texts(self, column: str) -> list[str]:
        place = list(self.header).index(column)
        texts = (cells[place].strip() for cells in self.sample if place < len(cells))
        return list(dict.fromkeys(text for text in texts if text))

    # -- columns -------------------------------------------------------------------------------
    def _columns(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for column, name in self._named(self.file.columns):
            rule = self.file.columns[column]
            if made.get(name) is None:
                made[name] = self._column(rule, self._texts(name), name) if rule else None
        return made

    def _column(self, rule: dict[str, Any], texts: list[str], name: str) -> dict[str, Any] | None:
        """Return what the map says of a column; None where its field can't be or is filled."""
        first = rule.get("first")
        texts = [text.partition(first)[0].strip() for text in texts] if first else texts
        if clashes(rule["field"], self.taken):
            return None
        if rule.get("if_fits") and not self._fits(rule, texts):
            other = rule.get("otherwise")
            return self._column({"field": other}, texts, name) if other else None
        kind = self._kind(rule["field"])
        if kind is None or not self._links(rule, texts, name):
            return None
        styles = {} if rule.get("convert") else styles_of(kind, texts)
        self._take(rule["field"])
        said = {word: value for word, value in rule.items() if word not in _OURS}
        if self.type is not None and rule["field"] == "owner":
            said = {**column_for(self.type, "owner", texts), **said}
        return {**styles, **said}

    def _kind(self, path: str) -> str | None:
        """Return the kind of a field that is there or can be added; None for no such field."""
        whole = path.partition(".")[0]
        if self.type is not None and whole in self.type.fields:
            try:
                return str(self.type.path(path).kind)
            except RelatumError:
                return None
        definition = self.file.fields.get(whole)
        return str(definition["kind"]) if definition is not None and path == whole else None

    def _take(self, path: str) -> None:
        self.taken.add(path)
        whole = path.partition(".")[0]
        if self.type is None or whole not in self.type.fields:
            self.added[self.offer.type, whole] = None

    def _links(self, rule: Mapping[str, Any], texts: Sequence[str], name: str) -> bool:
        """Say whether a link can be found by what the rule says, if that is added."""
        if "by" not in rule:
            return True
        target = self._target(rule["field"])
        if target is None or rule["by"] not in {**self.file.fields, **target.fields}:
            return False
        if rule["by"] not in target.fields:
            self.added[target.name, rule["by"]] = None
            missing = bool(texts)
        else:
            meant = [imports.converted(rule.get("convert"), text) for text in texts]
            by = rule["by"]
            unfound = self._unfound(target.name, meant, by)
            missing = bool(meant) and len(unfound) == len(meant)
        if missing and target.name != self.offer.type and not rule.get("optional"):
            self.offer.first.setdefault(target.name, name)
        return True

    def _unfound(self, type_name: str, texts: Sequence[str], by: str | None) -> Sequence[str]:
        """Return the texts that mean no record; all of them to who may not read the type."""
        try:
            return imports.unfound(type_name, texts, actor=self.actor, by=by)
        except RelatumError:
            return texts

    def _target(self, path: str) -> catalog.EntityType | None:
        if self.type is not None and path in self.type.fields:
            found = self.type.fields[path]
            return self.known.types.get(found.target) if isinstance(found, fields.Lookup) else None
        settings = self.file.fields.get(path, {}).get("settings", {})
        return self.known.types.get(settings.get("target", ""))

    def _fits(self, rule: Mapping[str, Any], texts: Sequence[str]) -> bool:
        """Say whether every text of the sample can be read."""
        if self.type is None or rule["field"] not in self.type.fields or not texts:
            return False
        found = self.type.path(rule["field"])
        if isinstance(found, fields.Lookup):
            by = column_for(self.type, rule["field"], texts).get("by")
            return by != "id" and not self._unfound(found.target, texts, by)
        values = rule.get("values", {})
        style = styles_of(found.kind, texts).get("date_format")
        try:
            for text in texts:
                meant = values.get(text, text)
                if meant:
                    found.parse(meant, style)
        except fields.Refused:
            return False
        return True

    # -- the rest ------------------------------------------------------------------------------
    def _composed(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for path, choices in self.file.composed.items():
            given = next((c for c in choices if self._named_all(c["text"])), None)
            if given is None or clashes(path, self.taken) or self._kind(path) is None:
                continue
            names = dict(self._named(dict.fromkeys(imports.Template(given["text"]).columns)))
            texts = self._texts(next(iter(names.values())))
            if self._links({"field": path, **given}, texts, next(iter(names.values()))):
                self._take(path)
                made[path] = {**given, "text": _renamed(given["text"], names)}
        return made

    def _named_all(self, text: str) -> bool:
        wanted = dict.fromkeys(imports.Template(text).columns)
        return len(self._named(wanted)) == len(wanted)

    def _others(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Return columns with those that the source does not know: by name, or a field more."""
        assert self.type is not None
        own = self.file.own
        mine = [n for n in self.header if own and n.endswith(own) and n not in columns]
        given: dict[str, Any] = {**self.offer.map, "columns": columns}
        made: dict[str, Any] = propose(
            self.type, [n for n in self.header if n not in mine], self.sample_without(mine), given
        )["columns"]
        for name in mine:
            texts = self._texts(name)
            change = definition_of(name.removesuffix(own or ""), texts, self.offer.type)
            if change["name"] in self.type.fields:
                made[name] = column_for(self.type, change["name"], texts)
            elif texts and all(change["name"] != other["name"] for other in self.offer.further):
                self.offer.further.append(change)
        return {name: made.get(name) for name in self.header}

    def sample_without(self, names: Sequence[str]) -> list[list[str]]:
        """Return the sample without some columns."""
        kept = [i for i, name in enumerate(self.header) if name not in names]
        return [[row[i] for i in kept if i < len(row)] for row in self.sample]

    def _changes(self) -> list[dict[str, Any]]:
        """Return the operations that add what is missing."""
        made: list[dict[str, Any]] = []
        if self.type is None:
            own = self.file.fields
            linked = {n: d for n, d in own.items() if self._can_be(d) and not n.startswith("x_")}
            linked[self.file.id] = own[self.file.id]
            wanted = [{"name": name, **definition} for name, definition in linked.items()]
            named = {"name": self.offer.type, **(self.file.make or {})}
            made.append({"op": "create_type", **named, "fields": wanted})
        for type_name, name in self.added:
            if self.type is not None or type_name != self.offer.type:
                definition = self.file.fields[name]
                made.append({"op": "add_field", "type": type_name, "name": name, **definition})
        return made

    def _can_be(self, definition: Mapping[str, Any]) -> bool:
        target = definition.get("settings", {}).get("target")
        return target is None or target in self.known.types


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """Return a template with the columns as the file writes them."""

    def place(found: re.Match[str]) -> str:
        return "{" + "|".join(names.get(name, name) for name in found[1].split("|")) + "}"

    return re.sub(r"\{([^{}]+)\}", place, text)


def usable(made: Offer, header: Sequence[str], actor: Actor) -> dict[str, Any] | None:
    """Return what of the map holds as long as nothing is added; None without its type."""
    entity_type = seen(actor).types.get(made.type)
    return None if entity_type is None else fitted(made.map, entity_type, header)

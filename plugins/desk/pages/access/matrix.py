"""What a role allows as a form shows it: lines of types, fields, permissions; right or not yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from werkzeug.datastructures import MultiDict

from relatum import RelatumError, catalog, fields, plugin_host, query, roles

from ... import ui, words
from ...words import translated
from ..lists import filters
from ..lists.opened import opened
from ..lists.tabs import EVERYTHING
from ..records.lookups import Labels, labels_of

#: The line for all types without their own, as the form calls it.
EVERY: Final = "*"
#: The scope of a cell with a filter, as the form calls it.
FILTER: Final = "filter"
RIGHTS: Final = ("read", "update", "create")
#: What of a role is given with each form.
_SAID: Final = ("label", "description", "all_types", "types", "fields", "permissions")
_CORE: Final = "core"


@dataclass(slots=True)
class Cell:
    """What is allowed of one action: nothing, a scope, or what meets a filter."""

    scope: str = ""
    #: JSON as it was typed, or the address of a list.
    filter: str = ""
    problem: str | None = None


@dataclass(slots=True)
class Line:
    """What is allowed on the records of a type; without a type, on all that have no line."""

    type: catalog.EntityType | None
    cells: dict[str, Cell]

    @property
    def name(self) -> str:
        """What the form calls it."""
        return self.type.name if self.type is not None else EVERY

    def scopes(self, action: str) -> list[str]:
        """Return the scopes that may be chosen for an action; nothing is the first one."""
        if action in roles.WHOLE:
            return ["", "all"]
        plain = ["", *(scope for scope in roles.SCOPES if scope != "criteria")]
        return [*plain, FILTER] if self.type is not None else plain

    def said(self, action: str) -> str | None:
        """Return the filter of an action in words; None of what can't be read."""
        found = self._parts(action)
        if self.type is None or found is None:
            return None
        labels: Labels = {}
        for target, ids in filters.pointed_to(self.type, found).items():
            labels |= labels_of(target, ids)
        joint = f" {translated('and')} "
        return joint.join(filters.said(self.type, part, labels) for part in found)

    def address(self, action: str) -> str:
        """Return the address of the list of what meets the filter of an action."""
        found = self._parts(action)
        if self.type is None or found is None:
            return ""
        asked = [("_view", EVERYTHING), *filters.as_words(self.type, found)]
        return f"/records/{self.type.name}?{urlencode(asked)}"

    def _parts(self, action: str) -> tuple[filters.Node, ...] | None:
        cell = self.cells[action]
        if self.type is None or cell.scope != FILTER or cell.problem or not cell.filter:
            return None
        return filters.parts(self.type, orjson.loads(cell.filter))


@dataclass(slots=True)
class Rights:
    """What is allowed of one field, instead of what its line says."""

    field: fields.Field
    given: dict[str, bool]
    problem: str | None = None


@dataclass(slots=True)
class Section:
    """The fields of a type that differ from their line."""

    type: catalog.EntityType
    rights: dict[str, Rights] = field(default_factory=dict)

    @property
    def others(self) -> list[fields.Field]:
        """The fields that go with their line."""
        every = self.type.fields.values()
        return [f for f in every if f.owner != "system" and f.name not in self.rights]


@dataclass(slots=True)
class Matrix:
    """A role in a form."""

    label: str
    description: str
    lines: dict[str, Line]
    sections: dict[str, Section]
    permissions: set[str]
    #: What is wrong with it as a whole.
    problems: list[str] = field(default_factory=list)
    #: What was added last: the focus goes there.
    new: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether something in it can't be saved."""
        cells = [cell.problem for line in self.lines.values() for cell in line.cells.values()]
        rights = [each.problem for s in self.sections.values() for each in s.rights.values()]
        return bool(self.problems) or any((*cells, *rights))

    def as_json(self) -> dict[str, Any]:
        """Return it as `roles.save` takes it."""
        lines = {
            name: {a: _scope(cell) for a, cell in line.cells.items() if cell.scope}
            for name, line in self.lines.items()
        }
        return {
            "label": self.label, "description": self.description or None,
            "all_types": lines.pop(EVERY), "types": lines,
            "fields": {
                f"{name}.{each.field.name}": each.given
                for name, section in self.sections.items()
                for each in section.rights.values()
            },
            "permissions": sorted(self.permissions),
        }  # fmt: skip


def _scope(cell: Cell) -> Any:
    return {"filter": orjson.loads(cell.filter)} if cell.scope == FILTER else cell.scope


def said(role: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form of a role says of it."""
    return {word: role[word] for word in _SAID}


# -- from a role ----------------------------------------------------------------------------------
def of_role(role: Mapping[str, Any]) -> Matrix:
    """Return a role as its form begins."""
    known = words.known()
    lines = {EVERY: _line(None, role["all_types"])}
    for name, line in role["types"].items():
        lines[name] = _line(known.type(name), line)
    made = Matrix(role["label"], role["description"] or "", lines, {}, set(role["permissions"]))
    for path, given in role["fields"].items():
        type_name, _, name = path.partition(".")
        section = add_section(made, type_name)
        section.rights[name] = Rights(section.type.field(name), dict(given))
    return made


def _line(entity_type: catalog.EntityType | None, given: Mapping[str, Any]) -> Line:
    made = Line(entity_type, {action: _cell(given.get(action)) for action in roles.ACTIONS})
    for action in roles.ACTIONS:
        _check(made, action)  # a filter may be about a field that is not there any more
    return made


def _cell(given: Any) -> Cell:
    if isinstance(given, Mapping):
        return Cell(FILTER, orjson.dumps(given["filter"]).decode())
    return Cell(given or "")


# -- changing it before it is saved ---------------------------------------------------------------
def add_line(made: Matrix, type_name: str) -> None:
    """Give a type a line of its own, which begins with what it had from that for all types."""
    entity_type = words.known().type(type_name)
    every = made.lines[EVERY].cells
    open_ = ("read", "export") if entity_type.owner == _CORE else roles.ACTIONS
    cells = {a: dataclasses.replace(every[a]) if a in open_ else Cell() for a in roles.ACTIONS}
    made.lines.setdefault(type_name, Line(entity_type, cells))


def add_section(made: Matrix, type_name: str) -> Section:
    """Return the section of a type's fields; begin it if there is none."""
    return made.sections.setdefault(type_name, Section(words.known().type(type_name)))


def add_field(made: Matrix, type_name: str, name: str) -> None:
    """Let a field differ from its line: at first, it is hidden."""
    section = add_section(made, type_name)
    section.rights.setdefault(name, Rights(section.type.field(name), dict.fromkeys(RIGHTS, False)))


# -- from a form ----------------------------------------------------------------------------------
def of_form(form: MultiDict[str, str]) -> Matrix:
    """Return what a form holds, with what is wrong beside it; raise `type_unknown` and the like.

    What is sent of each line: `s:LINE:ACTION`, its scope, and `f:LINE:ACTION`, its filter; of each
    field `r:TYPE.FIELD`, the rights that are ticked.
    """
    made = Matrix(
        form.get("label", "").strip(), form.get("description", "").strip(), {}, {},
        set(form.getlist("permission")),
    )  # fmt: skip
    known = words.known()
    for name in dict.fromkeys((EVERY, *form.getlist("line"))):
        entity_type = None if name == EVERY else known.type(name)
        made.lines[name] = Line(entity_type, {a: _sent(form, name, a) for a in roles.ACTIONS})
        for action in roles.ACTIONS:
            _check(made.lines[name], action)
    for name in form.getlist("section"):
        add_section(made, name)
    for path in form.getlist("field"):
        type_name, _, name = path.partition(".")
        section = add_section(made, type_name)
        ticked = form.getlist(f"r:{path}")
        given = {right: right in ticked for right in RIGHTS}
        section.rights[name] = Rights(section.type.field(name), given, _unread(given))
    if not made.label:
        made.problems.append(translated("A role needs a label: what people call it."))
    return made


def _unread(given: Mapping[str, bool]) -> str | None:
    if given["read"] or not (given["update"] or given["create"]):
        return None
    return translated("What is changed or filled in is also read: tick Read, too.")


def _sent(form: MultiDict[str, str], line: str, action: str) -> Cell:
    scope = form.get(f"s:{line}:{action}", "")
    return Cell(scope, form.get(f"f:{line}:{action}", "").strip() if scope == FILTER else "")


def _check(line: Line, action: str) -> None:
    """Say what is wrong with a cell beside it; a filter becomes the JSON that it means."""
    cell = line.cells[action]
    if cell.scope not in line.scopes(action):
        cell.problem = translated("This can't be chosen here.")
    if cell.scope != FILTER or line.type is None:
        return
    try:
        cell.filter = orjson.dumps(_filter(line.type, cell.filter)).decode()
    except RelatumError as error:
        cell.problem = words.said(error)
    except ValueError as error:
        cell.problem = str(error)


def _filter(entity_type: catalog.EntityType, text: str) -> Any:
    """Return the JSON of a filter that was typed, or that the address of a list has.

    Raises ValueError with a sentence, and what is wrong with the filter itself.
    """
    if not text:
        told = translated("Say which records: make the filter, or paste the address of a list.")
        raise ValueError(told)
    if not text.startswith("{"):
        return _listed(entity_type, text)
    try:
        node = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        told = translated("This is no JSON: {reason}.", reason=str(error))
        raise ValueError(told) from None
    query.from_json(entity_type.name, {"filter": node}, actor=ui.actor())
    return node


def _listed(entity_type: catalog.EntityType, text: str) -> Any:
    """Return the filter of the list at an address."""
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.path != f"/records/{entity_type.name}":
        raise ValueError(
            translated(
                "Paste the address of a list of {types}, or the JSON of a filter.",
                types=entity_type.plural,
            )
        )
    node = opened(entity_type.name, parse_qsl(parts.query)).body.get("filter")
    if node is None:
        raise ValueError(translated("This list has no filter. Choose All instead."))
    return node


# -- what can be chosen ---------------------------------------------------------------------------
def actions() -> dict[str, str]:
    """Return what the actions are called."""
    return {
        "read": translated("Read"), "create": translated("Create"),
        "update": translated("Change"), "delete": translated("Delete"),
        "restore": translated("Restore"), "purge": translated("Purge"),
        "import": translated("Import"), "export": translated("Export"),
        "share": translated("Share"), "assign": translated("Assign"),
        "bulk": translated("Change many"),
    }  # fmt: skip


def scopes() -> dict[str, tuple[str, str]]:
    """Return what the scopes are called, and what each means."""
    return {
        "": ("–", translated("nothing")),
        "own": (translated("own"), translated("records that one owns")),
        "team": (translated("team"), translated("those of one's own and of the team")),
        "tree": (
            translated("beneath"), translated("those of the team and of all teams beneath it"),
        ),
        "all": (translated("all"), translated("all records")),
        FILTER: (translated("filter"), translated("those that meet a filter")),
    }  # fmt: skip


def permissions(held: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (plugin, [(permission, label)]) of the plugins that run; then what else is held."""
    made = []
    left = set(held)
    for plugin, active in plugin_host.current().active.items():
        found = [(each.name, words.by(plugin, each.label)) for each in active.permissions]
        left -= {name for name, _ in found}
        if found:
            made.append((words.by(plugin, active.found.sound.plugin.name), found))
    if left:
        made.append((translated("Plugins that do not run"), [(n, n) for n in sorted(left)]))
    return made

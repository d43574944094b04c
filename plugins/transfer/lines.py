"""Lines of records in the wizard: where columns may go in them, and to which line each belongs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson
from werkzeug.datastructures import MultiDict

from relatum import catalog, fields, imports

#: Numbered lines to choose from, and options of a choice that name lines.
_NUMBERED: Final = 4
_OPTIONS: Final = 20
#: The names of the form's fields for a list: what lines are found by, and whether others go.
_KEY, _REPLACE = "lines-key-{}", "lines-replace-{}"
#: What a map says of the line that a column belongs to.
_WORDS: Final = ("line", "nth")
#: What other systems call lines.
_LABELS: Final = {"business": "work", "office": "work", "private": "home", "personal": "home"}
_NUMBER: Final = re.compile(r"(\d{1,2})\D*$")


class Group(NamedTuple):
    """A list of lines: its name, what people call it, and where columns may go in it."""

    name: str
    label: str
    targets: list[imports.Target]
    relation: Any


def groups_of(entity_type: catalog.EntityType, known: catalog.Catalog) -> list[Group]:
    """Return the lists of lines of a type, called as in a catalog."""
    return [
        Group(name, relation.label, list(imports.line_targets(name, relation)), relation)
        for name, relation in imports.lists_of(known, entity_type).items()
    ]


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", fields.fold(text))


# -- which line -----------------------------------------------------------------------------------
def words_of(line: dict[str, Any]) -> str:
    """Return what a map says of a line as the value of an option in a form."""
    return orjson.dumps(line, option=orjson.OPT_SORT_KEYS).decode() if line else ""


def read_words(text: str) -> dict[str, Any]:
    """Return what the value of an option says of a line; what is none of them says nothing."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return {n: v for n, v in found.items() if n in _WORDS} if isinstance(found, dict) else {}


def said_of(column: dict[str, Any]) -> dict[str, Any]:
    """Return what a column of a map says of its line."""
    return {name: column[name] for name in _WORDS if column.get(name)}


def named(group: Group) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the lines that an option of a choice names: what a map says, what people say."""
    for field in group.relation.type.own_fields:
        if isinstance(field, fields.Choice) and field.required and len(field.options) <= _OPTIONS:
            for option in field.options:
                if not option.retired:
                    yield {"line": {field.name: option.value}}, option.label


def choices_of(group: Group, now: dict[str, Any]) -> list[tuple[str, str | int]]:
    """Return the lines that a column may belong to: (value, label or number), and the one at hand.

    A number is that of a line without a name.
    """
    made: list[tuple[str, str | int]] = [(words_of(line), label) for line, label in named(group)]
    made += [(words_of({"nth": n}), n) for n in range(1, _NUMBERED + 1)]
    current = words_of(now)
    if current and current not in dict(made):
        line = now.get("line") or {}
        name = dict(made).get(words_of({"line": line}), ", ".join(map(str, line.values())))
        made.append((current, f"{name} {now.get('nth', '')}".strip()))
    return made


def guess(entity_type: catalog.EntityType, path: str, column: str) -> dict[str, Any]:
    """Return which line a column may belong to by its name; nothing: a line of each row."""
    groups = {group.name: group for group in groups_of(entity_type, catalog.around(entity_type))}
    group, wanted = groups.get(path.partition(".")[0]), _bare(column)
    targets = {target.path: target for target in group.targets} if group else {}
    if group is None or path not in targets or wanted == _bare(path):
        return {}
    number = _NUMBER.search(column)
    nth = {"nth": int(number[1])} if number and int(number[1]) > 1 else {}
    for line, label in named(group):
        if any(word in wanted for word in _words(line, label)):
            return {**line, **nth}
    return nth


def _words(line: dict[str, Any], label: str) -> set[str]:
    """Return what a line may be called in files."""
    values = set(line["line"].values())
    return {_bare(label), *values, *(word for word, value in _LABELS.items() if value in values)}


# -- proposals ------------------------------------------------------------------------------------
def proposed(
    entity_type: catalog.EntityType,
    header: Sequence[str],
    columns: dict[str, Any],
    filled: Collection[str],
    also: dict[str, str],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (column, path, line) for those of some columns that go nowhere and are called so.

    The first of several ("Work phone", "Home phone") goes to the record's own field of that
    name, if there is one that nothing fills. `filled` are the fields that a map fills, and
    `also` further names of fields.
    """
    groups = groups_of(entity_type, catalog.around(entity_type))
    own_filled = {path.partition(".")[0] for path in filled} - {group.name for group in groups}
    taken = {path for path in filled if path.partition(".")[0] in own_filled}
    taken.update(map(_place, filter(None, columns.values())))
    #: Which of the lines of the file the record's own field stands for.
    first: dict[str, str] = {}
    for name in header:
        if columns.get(name) is not None or name.startswith("_"):
            continue
        found = next(filter(None, (_called(group, name, also) for group in groups)), None)
        if found is None:
            continue
        target, line, own = *found, found[0].path.partition(".")[2]
        whole, words = own.partition(".")[0], words_of(line)
        if line and whole not in own_filled and _is_own(entity_type, own, target.field):
            first.setdefault(whole, words)
        path = own if line and first.get(whole) == words else target.path
        column = {"field": path} | ({} if path == own else line)
        if _place(column) not in taken:
            taken.add(_place(column))
            yield name, path, {} if path == own else line


def _place(column: str | dict[str, Any]) -> str:
    """Return where a column goes: a field, and which line it is one of."""
    if isinstance(column, str):
        return column
    return f"{column['field']} {words_of(said_of(column))}".rstrip()


def _is_own(entity_type: catalog.EntityType, path: str, field: fields.Field) -> bool:
    """Say whether a record has a field as its lines do."""
    own = {each.name: each for each in entity_type.with_members}.get(path)
    return own is not None and own.kind == field.kind and not own.read_only


def _called(
    group: Group, column: str, also: dict[str, str]
) -> tuple[imports.Target, dict[str, Any]] | None:
    """Return where a column goes in a list by what it is called."""
    wanted, number = _bare(column), _NUMBER.search(column)
    base = _bare(column[: number.start()]) if number else wanted
    nth = {"nth": int(number[1])} if number and int(number[1]) > 1 else {}
    for target in group.targets:
        if wanted in (_bare(target.path), _bare(target.label)) and target.field.name != "id":
            return target, {}
    for target in group.targets:
        own = target.path.partition(".")[2]
        names = {_bare(own), _bare(own.rpartition(".")[2]), _bare(target.field.label)}
        names |= {name for name, path in also.items() if path == own}
        for line, label in named(group):
            words = _words(line, label)
            if any(base in (word + name, name + word) for word in words for name in names):
                return target, {**line, **nth}
        if nth and base in names:
            return target, nth
    return None


# -- maps that were made before --------------------------------------------------------------------
def can_be(entity_type: catalog.EntityType, target: imports.Target, column: dict[str, Any]) -> bool:
    """Say whether the line that a map says of a column can be."""
    said = said_of(column)
    if target.list is None:
        return not said
    relation = imports.lists_of(catalog.around(entity_type), entity_type)[target.list]
    known = {field.name for field in relation.type.with_members}
    return set(said.get("line") or ()) <= known


def fitted(lists: dict[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
    """Return what of the words of a map on lists holds for the columns that are left."""
    paths = {c if isinstance(c, str) else c["field"] for c in columns.values() if c}
    used = {path.partition(".")[0] for path in paths if "." in path}
    made: dict[str, Any] = {}
    for name, said in lists.items():
        if name in used:
            sound = all(f"{name}.{field}" in paths for field in said.get("key") or ())
            made[name] = {n: v for n, v in said.items() if n != "key" or sound}
    return {name: said for name, said in made.items() if said}


# -- the form -------------------------------------------------------------------------------------
def asked_of(
    groups: Sequence[Group], document: dict[str, Any]
) -> list[tuple[Group, dict[str, Any], list[fields.Field]]]:
    """Return the lists that columns of a map go to, what it says of each, and possible keys."""
    columns = (document.get("columns") or {}).values()
    paths = [each["field"] if isinstance(each, dict) else each for each in columns if each]
    used = {path.partition(".")[0] for path in paths if "." in path}
    said = document.get("lines") or {}
    return [
        (
            group,
            said.get(group.name, {}),
            [t.field for t in group.targets if f"{group.name}.{t.field.name}" in paths],
        )
        for group in groups
        if group.name in used
    ]


def read(form: MultiDict[str, str], columns: dict[str, Any]) -> dict[str, Any]:
    """Return what the form says of the lists that columns go to, as a map says it."""
    made: dict[str, Any] = {}
    for name in {c["field"].partition(".")[0] for c in columns.values() if c and "." in c["field"]}:
        said: dict[str, Any] = {}
        # The page asks for the first field, and keeps those that a map names beside it.
        if form.get(_KEY.format(name)):
            said["key"] = list(dict.fromkeys(filter(None, form.getlist(_KEY.format(name)))))
        if form.get(_REPLACE.format(name)):
            said["replace"] = True
        if said:
            made[name] = said
    return {"lines": made} if made else {}

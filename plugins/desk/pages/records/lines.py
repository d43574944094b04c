"""Lines: the parts of a record in their order, as a page shows them and as a form sends them.

A form calls the field `quantity` of a line `lines.2.quantity`. The numbers only tell lines apart:
their order is the one in which they stand in the form.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from relatum import Actor, RelatumError, catalog, fields, query

from ... import inputs, values, words

#: A whole number of this name is the place of a line, and set by the kernel.
_POSITION: Final = "position"
#: Columns beyond which lines are cards.
_COLUMNS: Final = 8
#: Widths of columns by kind: words need more room than numbers, percents less.
_SHARES: Final = {
    **dict.fromkeys(("text", "lookup", "email", "url", "user"), "1.7fr"),
    "money": "1.25fr", "percent": ".9fr",
}  # fmt: skip
_COUNTS: Final = ("integer", "decimal")
_AMOUNTS: Final = ("money", "duration")
#: What a form says of a list of lines besides them: what it was when it was drawn.
DRAWN: Final = "~drawn"
#: Lines that a form without scripts gets at once.
_MORE: Final = 3
#: Most digits of the number of a line, and the number of the one that scripts copy.
_NUMBERS, TEMPLATE = 6, 999_999


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a form: its number there, what is stored of it, and what is wrong with it."""

    number: int
    record: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    #: Whether a form held it: it is drawn as it was sent.
    sent: bool = False
    #: The version that the form was drawn of.
    version: str = ""

    @property
    def problem(self) -> str | None:
        """What is wrong with the line as a whole."""
        return self.problems.get("")


@dataclass(frozen=True)
class Lines:
    """A list of parts of a record. `beyond` is how many it may have where it has more."""

    name: str
    relation: catalog.Relation
    lines: list[Line]
    labels: dict[str, Any] = field(default_factory=dict)
    beyond: int | None = None
    #: What tells the stored lines from those that somebody else may store meanwhile.
    state: str = ""
    #: What is needed of the record that they are parts of.
    whole: Mapping[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> catalog.EntityType:
        """The entity type of the lines."""
        return self.relation.type

    @property
    def label(self) -> str:
        """What the list is called."""
        return self.relation.label

    @cached_property
    def ordered(self) -> bool:
        """Whether lines have a place that people choose."""
        return isinstance(self.type.fields.get(_POSITION), fields.Integer)

    @cached_property
    def shown(self) -> list[fields.Field]:
        """The fields that a page shows of a line: those that the kernel sets as well."""
        left_out = {self.relation.link.name, *((_POSITION,) if self.ordered else ())}
        own = (each for each in self.type.fields.values() if each.owner != "system")
        return [each for each in own if each.name not in left_out]

    @cached_property
    def columns(self) -> list[fields.Field]:
        """The fields that a line is asked for."""
        return [each for each in self.shown if values.asks(each)]

    @property
    def filled(self) -> list[fields.Field]:
        """The fields that a page shows: of what plugins work out the last amount, and no blanks."""
        left_out = {each.name for each in self.computed[:-1]}
        return [
            each
            for each in self.shown
            if each.name not in left_out
            and (not self.computed or any(self._is_held(each, line) for line in self.lines))
        ]

    @staticmethod
    def _is_held(column: fields.Field, line: Line) -> bool:
        """Say whether a line has something in a column; a discount of nothing is nothing."""
        value = line.record[column.name]
        number = values.kind(column) in values.FRACTIONS
        return value not in (None, "") and not (number and values.exact(value) == 0)

    def code(self, column: fields.Field) -> str | None:
        """Return the currency of the amounts of a column; None for what is no money."""
        if not isinstance(column, fields.Money):
            return None
        by = column.currency_by
        own = by is None or "." not in by
        return column.code if own else str(self.whole.get(_beyond(by)) or column.currency)

    def sum_of(self, column: fields.Field, records: Iterable[Mapping[str, Any]]) -> str:
        """Return the sum of a column of money as people read it."""
        held = (values.exact(each.get(column.name) or 0) for each in records)
        return words.money(sum(held, values.exact(0)), self.code(column) or "")

    def said(self, record: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return label and value of what a plugin says of a line."""
        made = []
        for each in self.shown:
            value = record.get(each.name)
            if not each.computed or value is None:
                continue
            if not isinstance(each, fields.Money):
                made.append((each.label, each.text(value)))
            elif values.exact(value):
                made.append((each.label, words.money(value, self.code(each) or "")))
        return made

    @property
    def widths(self) -> str:
        """The widths of the columns of a table, as CSS has them: words need more room."""
        parts = (_SHARES.get(values.kind(each), "1fr") for each in self.columns)
        return " ".join(f"minmax(0, {part})" for part in parts)

    @property
    def tall(self) -> bool:
        """Whether a line is a card: it has more or larger fields than a table has room for."""
        return len(self.columns) > _COLUMNS or any(values.is_tall(f) for f in self.columns)

    @property
    def sums(self) -> dict[str, Any]:
        """The sums of the columns of numbers, by field; none of a single line."""
        if len(self.lines) < 2:
            return {}
        return {f.name: self._sum(f) for f in self.shown if f.name in self.summed}

    @cached_property
    def summed(self) -> frozenset[str]:
        """The columns whose sum says something.

        An amount that stands beside a count is that of one, and sums up to nothing; a number is a
        count where lines are a list that somebody has put in order.
        """
        counts = (
            {f.name for f in self.shown if values.kind(f) in _COUNTS} if self.ordered else set()
        )
        amounts = {f.name for f in self.shown if values.kind(f) in _AMOUNTS}
        if counts:
            amounts -= {f.name for f in self.columns if values.kind(f) == "money"}
        if self.computed:
            counts = set()  # what lines come to says more than how many of different things
        return frozenset(counts | amounts)

    @cached_property
    def computed(self) -> list[fields.Field]:
        """The amounts that a plugin works out of what is typed."""
        return [f for f in self.shown if f.computed and isinstance(f, fields.Money)]

    def _sum(self, column: fields.Field) -> Any:
        held = (line.record.get(column.name) for line in self.lines)
        return sum((values.exact(value) for value in held if value is not None), values.exact(0))

    @cached_property
    def template(self) -> Line:
        """A new line, with a number that no line of a form has: scripts copy it."""
        return Line(TEMPLATE, _fresh(self.columns))


def _beyond(path: str | None) -> str:
    """Return the name of the field of the whole that a path from a line leads to."""
    return (path or "").rpartition(".")[2]


def _said_by_whole(names: Iterable[str], entity_type: catalog.EntityType) -> list[str]:
    """Return the fields of a whole that say the currencies of its lines."""
    known = relations(entity_type)
    money = (f for n in names for f in known[n].type.own_fields if isinstance(f, fields.Money))
    said = (_beyond(f.currency_by) for f in money if "." in (f.currency_by or ""))
    return [name for name in dict.fromkeys(said) if name in entity_type.fields]


def _fresh(columns: Iterable[fields.Field]) -> dict[str, Any]:
    """Return what a new line begins with; what is computed waits until it is saved."""
    return {f.name: None if f.default in f.DEFAULTS else f.default_value() for f in columns}


def relations(entity_type: catalog.EntityType) -> dict[str, catalog.Relation]:
    """Return the lists of parts of a type, by what it calls them."""
    known = words.known().inverses(entity_type.name)
    return {name: each for name, each in known.items() if each.link.part}


def relation(entity_type: catalog.EntityType, name: str) -> catalog.Relation:
    """Return one list of parts of a type; raise `inverse_unknown`."""
    found = relations(entity_type).get(name)
    if found is None:
        raise RelatumError("inverse_unknown", type=entity_type.name, name=name, nearest="")
    return found


def of_record(
    entity_type: catalog.EntityType, id_: int, names: Iterable[str] | None = None, *, actor: Actor
) -> list[Lines]:
    """Return the lists of parts of a record, all of them unless `names` says which.

    A list that is longer than the kernel gives at once has no lines here; `beyond` says so.
    """
    wanted = [name for name in relations(entity_type) if names is None or name in names]
    try:
        return _stored(entity_type, id_, wanted, actor)
    except RelatumError as error:
        if error.code != "expand_limit":
            raise
        if len(wanted) == 1:
            beyond = int(error.params["limit"])
            return [Lines(wanted[0], relation(entity_type, wanted[0]), [], beyond=beyond)]
        apart = (of_record(entity_type, id_, [name], actor=actor) for name in wanted)
        return [found for each in apart for found in each]


def _stored(
    entity_type: catalog.EntityType, id_: int, names: list[str], actor: Actor
) -> list[Lines]:
    if not names:
        return []
    asked = {
        "filter": {"field": "id", "value": id_}, "expand": names, "limit": 1,
        "fields": ["id", *_said_by_whole(names, entity_type)],
    }  # fmt: skip
    page = query.page(query.from_json(entity_type.name, asked, actor=actor))
    if not page.records:
        raise RelatumError("record_unknown", type=entity_type.name, id=id_)
    found = page.records[0]
    return [_listed(name, relation(entity_type, name), found, page.labels) for name in names]


def _listed(
    name: str, known: catalog.Relation, whole: dict[str, Any], labels: dict[str, Any]
) -> Lines:
    stored = whole[name]
    made = [Line(n, each, version=str(each["version"])) for n, each in enumerate(stored)]
    state = " ".join(f"{record['id']}.{record['version']}" for record in stored)
    return Lines(name, known, made, labels, state=state, whole=whole)


def begun(entity_type: catalog.EntityType) -> list[Lines]:
    """Return the lists of parts of a new record, without a line."""
    made = [Lines(name, known, []) for name, known in relations(entity_type).items()]
    return [dataclasses.replace(each, lines=[Line(0, _fresh(each.columns))]) for each in made]


def numbers(form: MultiDict[str, str], name: str) -> list[int]:
    """Return the numbers of the lines that a form sent, in their order there."""
    named = re.compile(rf"{re.escape(name)}\.([0-9]{{1,{_NUMBERS}}})\.")
    found = (named.match(key) for key in form)
    return list(dict.fromkeys(int(each[1]) for each in found if each))


def is_sent(form: MultiDict[str, str], name: str) -> bool:
    """Say whether a form held a list of lines, be it an empty one."""
    return f"{name}{DRAWN}" in form


def is_stale(lines: Lines, form: MultiDict[str, str]) -> bool:
    """Say whether somebody else has changed the lines since a form was drawn."""
    return form.get(f"{lines.name}{DRAWN}") != lines.state


def sent_numbers(lines: Lines, form: MultiDict[str, str]) -> list[int]:
    """Return the numbers of the lines that a form sent, without new ones that nobody touched."""
    return [
        number
        for number in numbers(form, lines.name)
        if form.get(f"{lines.name}.{number}.id")
        or not all(inputs.is_blank(f, form, f"{lines.name}.{number}.") for f in lines.columns)
    ]


def read(lines: Lines, form: MultiDict[str, str]) -> list[dict[str, Any]]:
    """Return the lines that a form sent; raise `inputs.Misread`.

    New lines in which nothing was typed are none.
    """
    made: list[dict[str, Any]] = []
    problems: dict[str, str] = {}
    for number in sent_numbers(lines, form):
        at = f"{lines.name}.{number}."
        id_, version = form.get(f"{at}id", ""), form.get(f"{at}version", "")
        names = [each.name for each in lines.columns if inputs.is_sent(each, form, at)]
        row: dict[str, Any] = {"id": int(id_)} if id_.isdecimal() else {}
        if row and version.isdecimal():
            row["version"] = int(version)
        try:
            made.append(row | inputs.read(lines.type, form, names, at))
        except inputs.Misread as misread:
            problems |= misread.problems
    if problems:
        raise inputs.Misread(problems, {})
    return made


def again(
    lines: Lines, form: MultiDict[str, str], problems: Mapping[str, str] | None = None
) -> Lines:
    """Return the lines as a form sent them, each with what is wrong with it.

    Whoever was told that somebody else has changed them sends them again as of now.
    """
    told, state = lines.name in (problems or {}), form.get(f"{lines.name}{DRAWN}", "")
    stored = {str(line.record["id"]): line.record for line in lines.lines if "id" in line.record}
    fresh = _fresh(lines.columns)
    made = []
    for number in numbers(form, lines.name):
        at = f"{lines.name}.{number}"
        record = stored.get(form.get(f"{at}.id", ""), fresh)
        own = {
            name.removeprefix(at).removeprefix("."): said
            for name, said in (problems or {}).items()
            if name == at or name.startswith(f"{at}.")
        }
        held = form.get(f"{at}.version")
        version = str(record.get("version", "")) if told else held or ""
        made.append(Line(number, record, own, held is not None, version))
    return dataclasses.replace(lines, lines=made, state=lines.state if told else state)


def of_whole(lines: Lines, whole: Mapping[str, Any]) -> Lines:
    """Return lines as those of a record that holds something else."""
    return dataclasses.replace(lines, whole=whole)


def acted(form: MultiDict[str, str], act: str) -> MultiDict[str, str]:
    """Return a form after a button in it: `lines.add`, `lines.remove.2`, `lines.up.2`, ...down."""
    name, verb, number = [*act.split("."), "", ""][:3]
    order = numbers(form, name)
    if verb == "add":
        first = max(order, default=-1) + 1
        more = [(f"{name}.{n}.id", "") for n in range(first, first + _MORE)]
        return MultiDict([*form.items(multi=True), *more])
    at = int(number) if number.isdecimal() else -1
    if at not in order:
        return form
    place = order.index(at)
    order.remove(at)
    if verb != "remove":
        order.insert(max(0, place + (1 if verb == "down" else -1)), at)
    return _in_order(form, name, order)


def _in_order(form: MultiDict[str, str], name: str, order: list[int]) -> MultiDict[str, str]:
    """Return a form with the lines of a list in an order; those that it leaves out are gone."""
    rest: list[tuple[str, str]] = []
    by_line: dict[int, list[tuple[str, str]]] = {number: [] for number in order}
    named = re.compile(rf"{re.escape(name)}\.([0-9]{{1,{_NUMBERS}}})\.")
    for key, value in form.items(multi=True):
        found = named.match(key)
        if found is None:
            rest.append((key, value))
        elif int(found[1]) in by_line:
            by_line[int(found[1])].append((key, value))
    return MultiDict([*rest, *(pair for pairs in by_line.values() for pair in pairs)])

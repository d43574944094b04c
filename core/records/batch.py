"""What a batch is: rows on their way in, what became of them, and their values checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from marshmallow import Schema, ValidationError

from ...schemas.records import build
from .. import catalog
from ..catalog import EntityType
from ..errors import Invalid, Problem, nearest
from ..fields import Field, Refused, kind_of

#: From so many rows on, values are checked column by column instead of row by row (D16).
COLUMNS_FROM = 100
_MISSING: Any = object()
#: Most characters of an unknown name that are said back.
_SHOWN = 80


class Led(NamedTuple):
    """A link: whose it is, its name, and where it leads."""

    id: int | None
    name: str
    to: int


@dataclass(slots=True)
class Row:
    """One row of a batch. `values` holds stored values of the fields that were sent."""

    place: int
    values: dict[str, Any] = field(default_factory=dict)
    id: int | None = None
    expected: int | None = None
    before: Mapping[str, Any] | None = None
    problems: list[Problem] = field(default_factory=list)
    #: What was sent for lists of parts, such as lines: rows by the name of the list.
    parts: dict[str, list[Any] | Merge] = field(default_factory=dict)
    #: The names of the fields that whoever writes it has sent; others the kernel filled in.
    sent: Collection[str] = ()
    #: Of a record that goes to the trash, or comes back: what it is, or was, merged into.
    into: int | None = None
    #: Links that may lead into the trash, as they did before.
    spared: Collection[Led] = ()

    def refuse(self, code: str, name: str | None = None, /, **params: Any) -> None:
        """Note a problem of this row."""
        self.problems.append(Problem(code, params, name, self.place))

    @property
    def version(self) -> int:
        """The version that was locked."""
        assert self.before is not None
        return int(self.before["version"])

    def after(self, name: str) -> Any:
        """Return the value a field will have."""
        if name in self.values:
            return self.values[name]
        return self.before.get(name) if self.before else None


def is_empty(value: Any) -> bool:
    """Say whether a stored value is none: nothing, or a set without a member."""
    return value is None or value == ()


class Merge(NamedTuple):
    """Parts that come in among those that there are, which stay unless the list is to `replace`.

    A row with an id is that part. Others are compared by the fields of `by`, one set of them
    after the other: what agrees is the same part, the rest is new.
    """

    rows: list[Any]
    by: tuple[tuple[str, ...], ...] = ()
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row: created, updated, unchanged, deleted, restored or refused."""

    row: int
    status: str
    id: int | None = None
    version: int | None = None
    problems: tuple[Problem, ...] = ()
    #: Of a dry run: {field: (wire value before, and after)} of what would be written.
    changes: Mapping[str, tuple[Any, Any]] | None = None
    #: Of a dry run: what would become of the parts that are not left as they are, by their list.
    parts: Mapping[str, Sequence[Outcome]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the item of a bulk answer."""
        return {
            "row": self.row,
            "status": self.status,
            "id": self.id,
            "version": self.version,
            "errors": [problem.as_json() for problem in self.problems],
        }


def read(
    entity_type: EntityType,
    sent: Sequence[Any],
    *,
    with_id: bool,
    checked: frozenset[str] = frozenset(),
) -> list[Row]:
    """Return rows with their values checked by the fields; problems are noted in the rows.

    `checked` names fields whose values were checked before.
    """
    rows, plain = [], []
    for place, given in enumerate(sent):
        row = Row(place)
        rows.append(row)
        known = _names(entity_type, row, given, with_id)
        row.sent = known.keys()
        if checked:
            row.values = {name: value for name, value in known.items() if name in checked}
            known = {} if len(row.values) == len(known) else known
        plain.append(known)
    if checked:
        _by_column(entity_type, rows, plain, checked)
        _fill_empty(entity_type, rows)
        return rows
    if len(rows) < COLUMNS_FROM:
        _by_schema(entity_type, rows, plain)
    else:
        _by_column(entity_type, rows, plain)
    _fill_empty(entity_type, rows)
    return rows


def _fill_empty(entity_type: EntityType, rows: list[Row]) -> None:
    """Store what an empty value counts as, unless the field demands one."""
    for field_ in entity_type.own_fields:
        if field_.empty is None or field_.required:
            continue
        for row in rows:
            if row.values.get(field_.name, _MISSING) is None:
                row.values[field_.name] = field_.empty


def _names(entity_type: EntityType, row: Row, given: Any, with_id: bool) -> dict[str, Any]:
    if not isinstance(given, dict):
        row.refuse("row_invalid", got=kind_of(given))
        return {}
    if not with_id and given.keys() <= entity_type.writable:
        return given
    known = {}
    for name, value in given.items():
        target = entity_type.fields.get(name)
        if with_id and name in ("id", "version"):
            continue
        if target is None:
            _part(entity_type, row, name, value)
        elif target.read_only:
            row.refuse("read_only", name, field=name)
        else:
            known[name] = value
    if with_id:
        row.id, row.expected = given.get("id"), given.get("version")
        if isinstance(row.id, bool) or not isinstance(row.id, int):
            row.id = None
            row.refuse("id_missing", "id")
        if row.expected is not None and (
            isinstance(row.expected, bool) or not isinstance(row.expected, int)
        ):
            row.refuse("not_integer", "version", got=kind_of(row.expected))
    return known


def _part(entity_type: EntityType, row: Row, name: Any, value: Any) -> None:
    """Take what was sent for a list of parts; note a name that is none."""
    known = catalog.around(entity_type).inverses(entity_type.name)
    if name in known and known[name].link.part:
        if isinstance(value, (list, Merge)):
            row.parts[name] = value
        else:
            row.refuse("not_list", name, got=kind_of(value))
        return
    shown = str(name)[:_SHOWN]
    near = nearest(shown, [*(f.name for f in entity_type.own_fields), *known])
    row.refuse("unknown_key", shown, type=entity_type.name, field=shown, nearest=near)


_schemas: WeakKeyDictionary[EntityType, Schema] = WeakKeyDictionary()


def schema_of(entity_type: EntityType) -> Schema:
    """Return the marshmallow schema of a type's writable fields."""
    made = _schemas.get(entity_type)
    if made is None:
        made = build({f.name: f.schema() for f in entity_type.own_fields})
        _schemas[entity_type] = made
    return made


def _by_schema(entity_type: EntityType, rows: list[Row], plain: list[dict[str, Any]]) -> None:
    schema = schema_of(entity_type)
    for row, given in zip(rows, plain, strict=True):
        try:
            row.values = schema.load(given)
        except ValidationError as error:
            row.values = dict(error.valid_data or {})
            for name, problems in error.normalized_messages().items():  # type: ignore[no-untyped-call]
                row.problems += [p.at(field=p.field or name, row=row.place) for p in problems]


def _by_column(
    entity_type: EntityType,
    rows: list[Row],
    plain: list[dict[str, Any]],
    known: frozenset[str] = frozenset(),
) -> None:
    """Check each field over all rows at once, each distinct value once."""
    names = {name for given in plain for name in given} - known
    for field_ in entity_type.own_fields:
        if field_.name not in names:
            continue
        name, check = field_.name, _memoised(field_)
        for row, given in zip(rows, plain, strict=True):
            value = given.get(name, _MISSING)
            if value is _MISSING:
                continue
            checked = check(value)
            if isinstance(checked, Problem):
                row.problems.append(checked.at(field=checked.field or name, row=row.place))
            else:
                row.values[name] = checked


def _memoised(field_: Field) -> Any:
    seen: dict[Any, Any] = {}

    def check(value: Any) -> Any:
        if value is None or value == "":
            return None
        try:
            # True, 1 and 1.0 are equal in Python, but not to a field; nor are 0.0 and -0.0.
            key = (type(value), str(value) if value == 0 else value)
            found = seen.get(key, _MISSING)
        except TypeError:
            return _checked(field_, value)
        if found is _MISSING:
            found = seen[key] = _checked(field_, value)
        return found

    return check


def _checked(field_: Field, value: Any) -> Any:
    try:
        return field_.check(value)
    except Refused as refused:
        return refused.problem


def told(
    entity_type: EntityType,
    row: Row,
    status: str,
    version: int,
    *,
    parts: Mapping[str, Sequence[Outcome]],
    dry_run: bool,
) -> Outcome:
    """Return the outcome of a sound row, with what it would change if it is a dry run."""
    if not dry_run:
        return Outcome(row.place, status, row.id, version)
    id_ = None if row.before is None else row.id  # one that was given for the try is nobody's
    return Outcome(row.place, status, id_, version, changes=_changes(entity_type, row), parts=parts)


def _changes(entity_type: EntityType, row: Row) -> dict[str, tuple[Any, Any]]:
    """Return what a row changes, of the fields of a type as the actor sees it."""
    made = {}
    for name, value in row.values.items():
        field_ = entity_type.fields.get(name)
        if field_ is None:
            continue
        before = row.before[name] if row.before is not None else None
        if value is not None or before is not None:
            made[name] = (field_.wire(before), field_.wire(value))
    return made


def settle(entity_type: EntityType, rows: Iterable[Row]) -> None:
    """Complete values by what is stored: members and texts that were not sent stay."""
    for field_ in entity_type.merging:
        name = field_.name
        for row in rows:
            if row.values.get(name) is None:
                continue
            try:
                before = row.before[name] if row.before is not None else None
                row.values[name] = field_.merge(before, row.values[name])
            except Refused as refused:
                del row.values[name]
                problem = refused.problem
                row.problems.append(problem.at(field=problem.field or name, row=row.place))


def reduce(rows: Iterable[Row]) -> None:
    """Leave in each row what differs from what is stored."""
    for row in rows:
        if row.before is not None:
            row.values = {n: v for n, v in row.values.items() if v != row.before[n]}


def good(rows: Iterable[Row], *, partial: bool) -> list[Row]:
    """Return the rows without problems; raise `Invalid` for the others unless `partial`."""
    rows = list(rows)
    problems = [problem for row in rows for problem in row.problems]
    if problems and not partial:
        raise Invalid(problems)
    return [row for row in rows if not row.problems]


def refused(rows: Iterable[Row]) -> list[Outcome]:
    """Return the outcomes of rows with problems."""
    return [
        Outcome(r.place, "refused", r.id, problems=tuple(r.problems)) for r in rows if r.problems
    ]


def in_order(*parts: list[Outcome]) -> list[Outcome]:
    """Return outcomes in the order of the rows that were sent."""
    return sorted((o for part in parts for o in part), key=lambda outcome: outcome.row)

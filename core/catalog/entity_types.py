"""What a catalog holds: entity types with their fields and keys, immutable."""

from __future__ import annotations

import copy
import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from string import Formatter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import sqlalchemy as sa

from ..errors import RelatumError, nearest
from ..fields import AutoNumber, Conversion, Field, Link, Lookup, Reference, Several
from ..storage import Instant, Int64
from .choices import Dependent, Entailing, dependent_on, entailed_by
from .layouts import Layout, View
from .patches import Patch

if TYPE_CHECKING:
    from .sight import Rule

#: Physical system columns of every record table.
SYSTEM_COLUMNS = (
    "id", "owner_id", "team_id", "created_at", "created_by", "updated_at", "updated_by",
    "version", "trashed_at", "trashed_in",
)  # fmt: skip
#: The system fields that a part has from its whole.
INHERITED = ("owner", "team")
#: Statements that a type remembers, those that read and those that write.
STATEMENTS = 96


@dataclass(frozen=True, slots=True)
class Key:
    """A unique key: one or more fields whose values together name one live record."""

    id: int | None
    fields: tuple[str, ...]
    owner: str


@dataclass(frozen=True, eq=False)
class EntityType:
    """One entity type; `fields` holds system fields first, then its own by position."""

    id: int
    name: str
    table_name: str
    owner: str
    label: str
    plural: str
    icon: str | None
    hue: int | None
    description: str | None
    title: str
    layout: Layout
    fields: Mapping[str, Field]
    trashed_fields: tuple[Field, ...]
    keys: tuple[Key, ...]
    trashed_in: int | None
    fingerprint: str
    #: Which records are seen, in the catalog as somebody sees it; None: all.
    rule: Rule | None = None

    @cached_property
    def table(self) -> sa.Table:
        """The table to query: no MetaData in common with others, no ForeignKey objects."""
        columns: list[sa.Column[Any]] = []
        for field in (*self.fields.values(), *self.trashed_fields):
            columns += field.columns()
        columns += [sa.Column("trashed_at", Instant), sa.Column("trashed_in", Int64)]
        return sa.Table(self.table_name, sa.MetaData(), *columns)

    def field(self, name: str) -> Field:
        """Return a live field; raise `field_unknown` naming the nearest one."""
        found = self.fields.get(name)
        if found is None:
            near = nearest(name, list(self.fields))
            raise RelatumError("field_unknown", type=self.name, field=name, nearest=near)
        return found

    def path(self, name: str) -> Field:
        """Return a live field, or a member of one (`address.city`); raise `field_unknown`."""
        first, _, member = name.partition(".")
        found = self.field(first if member else name)
        if not member:
            return found
        if member not in found.members:
            known = [each.name for each in found.members.values()]
            near = nearest(name, known or list(self.fields))
            raise RelatumError("field_unknown", type=self.name, field=name[:80], nearest=near)
        return found.members[member]

    @cached_property
    def with_members(self) -> tuple[Field, ...]:
        """The live fields, then the members of the composite ones."""
        live = tuple(self.fields.values())
        return (*live, *(member for field in live for member in field.members.values()))

    @cached_property
    def merging(self) -> tuple[Field, ...]:
        """The fields that a caller may write for which the stored value counts, too."""
        return tuple(field for field in self.own_fields if type(field).merge is not Field.merge)

    @cached_property
    def dependent(self) -> tuple[Dependent, ...]:
        """The fields with options that are possible only with some values of a choice."""
        return dependent_on(self.own_fields)

    @cached_property
    def entailing(self) -> tuple[Entailing, ...]:
        """The choices some of whose options need values of other fields, or set them."""
        return entailed_by(self.own_fields)

    @cached_property
    def own_fields(self) -> tuple[Field, ...]:
        """The fields that a caller may write."""
        return tuple(f for f in self.fields.values() if not f.read_only)

    @cached_property
    def writable(self) -> frozenset[str]:
        """The names of the fields that a caller may write."""
        return frozenset(field.name for field in self.own_fields)

    @cached_property
    def part_of(self) -> Lookup | None:
        """The link to the whole, if the records are parts."""
        return part_link(self.owner, self.fields.values())

    @cached_property
    def inherited(self) -> tuple[Field, ...]:
        """The fields that a part has from its whole, whoever writes it."""
        return tuple(self.fields[name] for name in INHERITED) if self.part_of else ()

    @cached_property
    def written(self) -> tuple[tuple[Field, tuple[str, ...]], ...]:
        """The fields that a caller may write or a part inherits, each with its columns' names."""
        every = (*self.inherited, *self.own_fields)
        return tuple((f, tuple(column.name for column in f.columns())) for f in every)

    @cached_property
    def columns_of(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the columns of each field in `written`."""
        return {field.name: names for field, names in self.written}

    @cached_property
    def in_trash(self) -> tuple[Field, ...]:
        """The trashed fields that can come back: not those that are only being filled."""
        return tuple(field for field in self.trashed_fields if field.conversion is None)

    @cached_property
    def shadows(self) -> tuple[Conversion, ...]:
        """The changes of type that are running: writers fill both fields, readers see the old."""
        live = {field.id: field for field in self.fields.values()}
        found = []
        for field in self.trashed_fields:
            if field.conversion is not None and field.retypes in live:
                said = orjson.loads(field.conversion)
                how = {name: said[name] for name in ("style", "lossy", "fill")}
                found.append(Conversion(live[field.retypes], field, **how))
        return tuple(found)

    @cached_property
    def _statements(self) -> OrderedDict[Hashable, Any]:
        return OrderedDict()

    def statement(self, shape: Hashable, make: Callable[[], Any]) -> Any:
        """Return what was made for a shape of statement before, or make it.

        Building a statement takes longer than running it (kernel T18). They live as long as the
        type; the one that was used longest ago is forgotten.
        """
        known = self._statements
        found = known.get(shape)
        if found is None:
            found = known[shape] = make()
            if len(known) > STATEMENTS:
                known.popitem(last=False)
        else:
            with suppress(KeyError):  # another thread may have let it go just now
                known.move_to_end(shape)
        return found

    @cached_property
    def lookups(self) -> tuple[Lookup, ...]:
        """The live links to one record, system ones included."""
        return tuple(f for f in self.fields.values() if isinstance(f, Lookup))

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """The live links to a record of any of several types."""
        return tuple(f for f in self.fields.values() if isinstance(f, Reference))

    @cached_property
    def sets(self) -> tuple[Several, ...]:
        """The live fields whose values have a table beside the records."""
        return tuple(f for f in self.fields.values() if isinstance(f, Several))

    @cached_property
    def numbered(self) -> tuple[AutoNumber, ...]:
        """The live fields whose values the kernel gives."""
        return tuple(f for f in self.fields.values() if isinstance(f, AutoNumber))

    @cached_property
    def value_tables(self) -> tuple[sa.Table, ...]:
        """The tables of values beside the records, those of trashed fields too."""
        every = (*self.fields.values(), *self.trashed_fields)
        return tuple(f.values for f in every if isinstance(f, Several))

    @cached_property
    def tree(self) -> Lookup | None:
        """The link to the parent, if the records form a tree."""
        return next((f for f in self.lookups if f.is_tree), None)

    @cached_property
    def title_fields(self) -> tuple[Field, ...]:
        """The fields in the title pattern, in order."""
        return tuple(self.fields[n] for n in title_names(self.title) if n in self.fields)

    def index_of(self, field: Field) -> tuple[str, ...]:
        """Return the columns of the index that filters by a field use.

        Records of one value lie in the order of the title, if that is one sortable field: a list
        of them is read from its beginning, however many there are.
        """
        title = self.fields.get(self.title)
        if title is None or not title.sortable or title.name in ("id", field.name):
            return (field.column, "id")
        return (field.column, title.key_column, "id")

    def label_of(self, values: Mapping[str, Any]) -> str:
        """Return a record's label from the stored values of its title fields."""
        shown = {f.name: f.text(f.wire(values.get(f.name))) for f in self.title_fields}
        return self._called(shown, values)

    def label_of_wire(self, values: Mapping[str, Any]) -> str:
        """Return a record's label from the wire values of its title fields."""
        shown = {f.name: f.text(values.get(f.name)) for f in self.title_fields}
        return self._called(shown, values)

    def _called(self, shown: Mapping[str, str], values: Mapping[str, Any]) -> str:
        if not any(shown.values()):
            return f"{self.label} {values.get('id', '')}".strip()
        if "{" in self.title:
            return " ".join(self.title.format_map(_Blank(shown)).split())
        return " ".join(shown[self.title].split())


_REMEMBERED = frozenset(
    name for name, value in vars(EntityType).items() if isinstance(value, cached_property)
)


def copied(entity_type: EntityType, *shared: str) -> EntityType:
    """Return a copy of a type that finds anew what it remembers, but for what both share."""
    made = copy.copy(entity_type)
    remembered = vars(made)
    for each in _REMEMBERED.difference(shared):
        remembered.pop(each, None)
    for each in shared:
        remembered[each] = getattr(entity_type, each)
    return made


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def part_link(owner: str, fields: Iterable[Field]) -> Lookup | None:
    """Return the link that makes records parts, of several the first made; none of the core's are.

    A user is where he works, whatever somebody has tied him to.
    """
    links = [field for field in fields if isinstance(field, Lookup) and field.part]
    return min(links, key=lambda link: link.id, default=None) if owner != "core" else None


def title_names(title: str) -> list[str]:
    """Return the field names in a title: a bare name, or a pattern with {names}.

    Raises ValueError if the pattern can't be read.
    """
    if "{" not in title and "}" not in title:
        return [title]
    parts = [
        (name, spec, conv) for _, name, spec, conv in Formatter().parse(title) if name is not None
    ]
    if any(spec or conv for _, spec, conv in parts):
        raise ValueError("a title pattern takes plain {field} names only")
    return [name for name, _, _ in parts]


class Relation(NamedTuple):
    """A link as seen from what it points to: the type whose records have it, and its field."""

    type: EntityType
    link: Link

    @property
    def name(self) -> str:
        """What data calls the list of these records on the other side."""
        return self.link.inverse or self.type.name

    @property
    def label(self) -> str:
        """What people call the list of these records on the other side."""
        return self.link.inverse_label or self.type.plural


@dataclass(frozen=True, eq=False)
class Catalog:
    """All live entity types of one generation, and the instance's settings."""

    generation: int
    types: Mapping[str, EntityType]
    trashed_types: tuple[EntityType, ...]
    settings: Mapping[str, str]
    #: What an administrator changed of what plugins own.
    patches: tuple[Patch, ...] = ()
    #: The generation of plugins whose field types are in it.
    plugins: int = 0
    #: The shared views of each live type that has some, in order.
    views: Mapping[str, tuple[View, ...]] = dataclasses.field(default_factory=dict)

    @cached_property
    def by_id(self) -> Mapping[int, EntityType]:
        """Types, the trashed included, by the number that the spine holds."""
        return {t.id: t for t in (*self.trashed_types, *self.types.values())}

    def type(self, name: str) -> EntityType:
        """Return a live type; raise `type_unknown` naming the nearest one."""
        found = self.types.get(name)
        if found is None:
            raise RelatumError("type_unknown", type=name, nearest=nearest(name, list(self.types)))
        return found

    def targets(self, link: Link) -> tuple[str, ...]:
        """Return the names of the types that a link may point to, in order."""
        return tuple(self.types) if link.is_open else link.targets

    @cached_property
    def _pointing(self) -> Mapping[str, tuple[Relation, ...]]:
        found: dict[str, list[Relation]] = {}
        for entity_type in self.types.values():
            for link in (*entity_type.lookups, *entity_type.references):
                if link.owner != "system":
                    for target in self.targets(link):
                        found.setdefault(target, []).append(Relation(entity_type, link))
        return {name: tuple(relations) for name, relations in found.items()}

    def referrers(self, name: str) -> tuple[Relation, ...]:
        """Return the live links that point to a type, system links left out."""
        return self._pointing.get(name, ())

    def inverses(self, name: str) -> dict[str, Relation]:
        """Return the links that point to a type, by what this side calls them."""
        return {
            relation.link.inverse: relation
            for relation in self.referrers(name)
            if relation.link.inverse
        }

    def inverse(self, name: str, inverse: str) -> Relation:
        """Return the link that a type's side calls so; raise `inverse_unknown`."""
        known = self.inverses(name)
        if inverse not in known:
            near = nearest(inverse, list(known))
            raise RelatumError("inverse_unknown", type=name, name=inverse, nearest=near)
        return known[inverse]

    @property
    def zone(self) -> str:
        """The instance's time zone."""
        return self.settings.get("timezone", "UTC")

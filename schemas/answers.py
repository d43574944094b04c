"""Wire formats of what the API answers, written down for its description.

Answers are built as plain values and never dumped through these; a test holds both together.
"""

from __future__ import annotations

from marshmallow import Schema, fields

from .base import OPEN, SET, said
from .entity_types import LayoutSchema, OptionSchema
from .errors import ErrorItemSchema


class ViewSchema(Schema):
    """A saved list of an entity type."""

    type = fields.String(**SET)
    name = fields.String(**SET)
    label = fields.String(**SET)
    query = fields.Dict(
        required=True, metadata={"description": "The words filter, sort and fields of a query."}
    )
    position = fields.Integer(**SET)
    owner = fields.String(**said("local, or the plugin that brought it."))
    private = fields.Boolean(**said("One's own, seen by nobody else."))
    broken = fields.String(
        required=True, allow_none=True,
        metadata={"description": "Why it can't be opened any more; null: it can."},
    )  # fmt: skip


class ViewsSchema(Schema):
    """The views of a type that one can open, in order."""

    views = fields.List(fields.Nested(ViewSchema), **SET)


class PreferencesSchema(Schema):
    """What pages and programs keep for somebody, by name."""

    preferences = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True), **SET)


class HealthSchema(Schema):
    """A well instance."""

    status = fields.String(**said("ok"))
    database = fields.String(**said("sqlite or postgresql"))
    version = fields.String(**said("Version of the program."))


# -- the data model -------------------------------------------------------------------------
class OperatorSchema(Schema):
    """A comparison that a field knows."""

    name = fields.String(**SET)
    label = fields.String(**SET)
    operands = fields.String(**said("one, many, pair, circle or flag"))


class MemberSchema(Schema):
    """A member of a composite field, such as the city of an address."""

    name = fields.String(**said("Its path: address.city."))
    label = fields.String(**SET)
    operators = fields.List(fields.Nested(OperatorSchema), **SET)


class FieldInfoSchema(Schema):
    """A field as it is."""

    name = fields.String(**SET)
    kind = fields.String(**said("The field type."))
    label = fields.String(**SET)
    help = fields.String(**OPEN)
    required = fields.Boolean(**SET)
    unique = fields.Boolean(**SET)
    indexed = fields.Boolean(**SET)
    sortable = fields.Boolean(**SET)
    personal = fields.Boolean(**SET)
    default = fields.Raw(**OPEN)
    settings = fields.Dict(keys=fields.String(), **SET)
    position = fields.Integer(**SET)
    options = fields.List(
        fields.Nested(OptionSchema), metadata={"description": "Choice fields only."}
    )
    owner = fields.String(**said("Who declared it: system, a plugin, or local."))
    read_only = fields.Boolean(**SET)
    becoming = fields.String(
        **said("The type that it is becoming, while its values are converted.")
        | {"allow_none": True}
    )
    operators = fields.List(fields.Nested(OperatorSchema), **SET)
    parts = fields.List(fields.String(), **said("What it can be grouped by besides itself."))
    members = fields.List(
        fields.Nested(MemberSchema),
        **said("What it is made of: each a path to filter and sort by."),
    )


class RetypeProgressSchema(Schema):
    """How far a change of a field's type has come."""

    old = fields.String(**said("The type that readers see."))
    new = fields.String(**said("The type that it is becoming."))
    done = fields.Integer(**said("Records converted."))
    total = fields.Integer(**said("Records there were when it began."))
    filled = fields.Boolean(**said("Whether all are converted and it is about to be switched."))


class ListInfoSchema(Schema):
    """Records of a type that point to this one, by what this side calls them."""

    name = fields.String(**SET)
    type = fields.String(**SET)
    field = fields.String(**said("The link by which they point."))
    label = fields.String(**SET)
    part = fields.Boolean(**said("Whether they are parts: written and deleted with it."))


class EntityTypeInfoSchema(Schema):
    """An entity type as it is."""

    name = fields.String(**SET)
    label = fields.String(**SET)
    plural = fields.String(**SET)
    icon = fields.String(**OPEN)
    hue = fields.Integer(**OPEN)
    description = fields.String(**OPEN)
    title = fields.String(**SET)
    layout = fields.Nested(LayoutSchema, **SET)
    owner = fields.String(**SET)
    trashed = fields.Boolean(**SET)
    fields_ = fields.List(
        fields.Nested(FieldInfoSchema), data_key="fields", attribute="fields", required=True
    )
    trashed_fields = fields.List(fields.String(), **SET)
    keys = fields.List(fields.List(fields.String()), **said("Unique keys."))
    lists = fields.List(fields.Nested(ListInfoSchema), **SET)


class EntityTypesSchema(Schema):
    """Entity types."""

    types = fields.List(fields.Nested(EntityTypeInfoSchema), **SET)


class DeletionSchema(Schema):
    """What deleting a record would do."""

    deleted = fields.Dict(
        keys=fields.String(), values=fields.Integer(), **said("Records by type, it included.")
    )
    emptied = fields.Dict(
        keys=fields.String(), values=fields.Integer(), **said("Links by type.field.")
    )
    errors = fields.List(fields.Nested(ErrorItemSchema), **said("What refuses it."))


class ExportSchema(Schema):
    """The local layer of the data model."""

    relatum = fields.Integer(**said("Version of the format."))
    types = fields.List(fields.Dict(keys=fields.String()), **SET)
    extensions = fields.List(fields.Dict(keys=fields.String()), **SET)
    patches = fields.List(
        fields.Dict(keys=fields.String()),
        metadata={"description": "Changes of what plugins own; left out if there are none."},
    )


class StepSchema(Schema):
    """One operation of a plan."""

    op = fields.String(**SET)
    target = fields.String(**SET)
    summary = fields.String(**SET)
    risk = fields.String(**said("safe, lossy or destructive"))
    rows = fields.Integer(**said("Rows that it touches or counted."))
    offenders = fields.List(fields.Integer(), **said("Some ids of records that break the rule."))
    uses = fields.List(fields.String(), **SET)
    notes = fields.List(fields.String(), **SET)
    question = fields.Nested(ErrorItemSchema, **OPEN)
    sql = fields.List(fields.String(), **said("What the database executes."))


class PlanInfoSchema(Schema):
    """What changes mean."""

    plan = fields.String(**said("Fingerprint: send it with apply."))
    generation = fields.Integer(**said("Generation of the data model with these changes."))
    blocked = fields.Boolean(**said("Whether a question is open."))
    risk = fields.String(**said("safe, lossy or destructive"))
    steps = fields.List(fields.Nested(StepSchema), **SET)
    applied = fields.Boolean(**SET)


class PlanAnswerSchema(PlanInfoSchema):
    """A plan, and the entity types that it is about as they are now."""

    types = fields.List(fields.Nested(EntityTypeInfoSchema), **SET)


class ChangedTypeSchema(PlanInfoSchema):
    """A plan of one change, and its entity type as it is now; null if there is none."""

    type = fields.Nested(EntityTypeInfoSchema, **OPEN)


# -- records --------------------------------------------------------------------------------
class OutcomeSchema(Schema):
    """What became of one row."""

    row = fields.Integer(**said("Place in the batch, from 0."))
    status = fields.String(**said("created, updated, unchanged, deleted, restored or refused"))
    id = fields.Integer(**OPEN)
    version = fields.Integer(**OPEN)
    errors = fields.List(fields.Nested(ErrorItemSchema), **SET)


class BulkResultSchema(Schema):
    """What became of every row."""

    results = fields.List(fields.Nested(OutcomeSchema), **SET)


class ReferenceSchema(Schema):
    """What a record that is pointed to is called."""

    type = fields.String(**SET)
    label = fields.String(**SET)
    trashed = fields.Boolean(**SET)


class CountSchema(Schema):
    """How many records match."""

    value = fields.Integer(**SET)
    exact = fields.Boolean(**said("False: there are more than count_cap."))


class ValueSchema(Schema):
    """A value that records have, and how many."""

    value = fields.String(**SET)
    count = fields.Integer(**SET)


class ValuesSchema(Schema):
    """Values that records have in a field, in order."""

    values = fields.List(fields.Nested(ValueSchema), **SET)


class GroupsSchema(Schema):
    """Groups of records, with what was computed of each."""

    groups = fields.List(fields.Dict(keys=fields.String()), **SET)
    labels = fields.Dict(
        keys=fields.String(), values=fields.Nested(ReferenceSchema), **said("By record id.")
    )
    currencies = fields.Dict(
        keys=fields.String(), values=fields.String(),
        **said("The currency of the amounts that a function computed, by the function."),
    )  # fmt: skip

"""Wire formats of what the API answers, written down for its description.

Answers are built as plain values and never dumped through these; a test holds both together.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from .entity_types import LayoutSchema, OptionSchema
from .errors import ErrorItemSchema


def _said(help: str) -> dict[str, Any]:  # noqa: A002  # the word users read
    return {"required": True, "metadata": {"description": help}}


_SET: dict[str, Any] = {"required": True}
_OPEN: dict[str, Any] = {"required": True, "allow_none": True}


class ViewSchema(Schema):
    """A saved list of an entity type."""

    type = fields.String(**_SET)
    name = fields.String(**_SET)
    label = fields.String(**_SET)
    query = fields.Dict(
        required=True, metadata={"description": "The words filter, sort and fields of a query."}
    )
    position = fields.Integer(**_SET)
    owner = fields.String(**_said("local, or the plugin that brought it."))
    private = fields.Boolean(**_said("One's own, seen by nobody else."))
    broken = fields.String(
        required=True, allow_none=True,
        metadata={"description": "Why it can't be opened any more; null: it can."},
    )  # fmt: skip


class ViewsSchema(Schema):
    """The views of a type that one can open, in order."""

    views = fields.List(fields.Nested(ViewSchema), **_SET)


class PreferencesSchema(Schema):
    """What pages and programs keep for somebody, by name."""

    preferences = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True), **_SET)


class HealthSchema(Schema):
    """A well instance."""

    status = fields.String(**_said("ok"))
    database = fields.String(**_said("sqlite or postgresql"))
    version = fields.String(**_said("Version of the program."))


# -- the data model -------------------------------------------------------------------------
class OperatorSchema(Schema):
    """A comparison that a field knows."""

    name = fields.String(**_SET)
    label = fields.String(**_SET)
    operands = fields.String(**_said("one, many, pair, circle or flag"))


class MemberSchema(Schema):
    """A member of a composite field, such as the city of an address."""

    name = fields.String(**_said("Its path: address.city."))
    label = fields.String(**_SET)
    operators = fields.List(fields.Nested(OperatorSchema), **_SET)


class FieldInfoSchema(Schema):
    """A field as it is."""

    name = fields.String(**_SET)
    kind = fields.String(**_said("The field type."))
    label = fields.String(**_SET)
    help = fields.String(**_OPEN)
    required = fields.Boolean(**_SET)
    unique = fields.Boolean(**_SET)
    indexed = fields.Boolean(**_SET)
    sortable = fields.Boolean(**_SET)
    personal = fields.Boolean(**_SET)
    default = fields.Raw(**_OPEN)
    settings = fields.Dict(keys=fields.String(), **_SET)
    position = fields.Integer(**_SET)
    options = fields.List(
        fields.Nested(OptionSchema), metadata={"description": "Choice fields only."}
    )
    owner = fields.String(**_said("Who declared it: system, a plugin, or local."))
    read_only = fields.Boolean(**_SET)
    becoming = fields.String(
        **_said("The type that it is becoming, while its values are converted.")
        | {"allow_none": True}
    )
    operators = fields.List(fields.Nested(OperatorSchema), **_SET)
    parts = fields.List(fields.String(), **_said("What it can be grouped by besides itself."))
    members = fields.List(
        fields.Nested(MemberSchema),
        **_said("What it is made of: each a path to filter and sort by."),
    )


class RetypeProgressSchema(Schema):
    """How far a change of a field's type has come."""

    old = fields.String(**_said("The type that readers see."))
    new = fields.String(**_said("The type that it is becoming."))
    done = fields.Integer(**_said("Records converted."))
    total = fields.Integer(**_said("Records there were when it began."))
    filled = fields.Boolean(**_said("Whether all are converted and it is about to be switched."))


class ListInfoSchema(Schema):
    """Records of a type that point to this one, by what this side calls them."""

    name = fields.String(**_SET)
    type = fields.String(**_SET)
    field = fields.String(**_said("The link by which they point."))
    label = fields.String(**_SET)
    part = fields.Boolean(**_said("Whether they are parts: written and deleted with it."))


class EntityTypeInfoSchema(Schema):
    """An entity type as it is."""

    name = fields.String(**_SET)
    label = fields.String(**_SET)
    plural = fields.String(**_SET)
    icon = fields.String(**_OPEN)
    hue = fields.Integer(**_OPEN)
    description = fields.String(**_OPEN)
    title = fields.String(**_SET)
    layout = fields.Nested(LayoutSchema, **_SET)
    owner = fields.String(**_SET)
    trashed = fields.Boolean(**_SET)
    fields_ = fields.List(
        fields.Nested(FieldInfoSchema), data_key="fields", attribute="fields", required=True
    )
    trashed_fields = fields.List(fields.String(), **_SET)
    keys = fields.List(fields.List(fields.String()), **_said("Unique keys."))
    lists = fields.List(fields.Nested(ListInfoSchema), **_SET)


class EntityTypesSchema(Schema):
    """Entity types."""

    types = fields.List(fields.Nested(EntityTypeInfoSchema), **_SET)


class DeletionSchema(Schema):
    """What deleting a record would do."""

    deleted = fields.Dict(
        keys=fields.String(), values=fields.Integer(), **_said("Records by type, it included.")
    )
    emptied = fields.Dict(
        keys=fields.String(), values=fields.Integer(), **_said("Links by type.field.")
    )
    errors = fields.List(fields.Nested(ErrorItemSchema), **_said("What refuses it."))


class ExportSchema(Schema):
    """The local layer of the data model."""

    relatum = fields.Integer(**_said("Version of the format."))
    types = fields.List(fields.Dict(keys=fields.String()), **_SET)
    extensions = fields.List(fields.Dict(keys=fields.String()), **_SET)
    patches = fields.List(
        fields.Dict(keys=fields.String()),
        metadata={"description": "Changes of what plugins own; left out if there are none."},
    )


class StepSchema(Schema):
    """One operation of a plan."""

    op = fields.String(**_SET)
    target = fields.String(**_SET)
    summary = fields.String(**_SET)
    risk = fields.String(**_said("safe, lossy or destructive"))
    rows = fields.Integer(**_said("Rows that it touches or counted."))
    offenders = fields.List(fields.Integer(), **_said("Some ids of records that break the rule."))
    uses = fields.List(fields.String(), **_SET)
    notes = fields.List(fields.String(), **_SET)
    question = fields.Nested(ErrorItemSchema, **_OPEN)
    sql = fields.List(fields.String(), **_said("What the database executes."))


class PlanInfoSchema(Schema):
    """What changes mean."""

    plan = fields.String(**_said("Fingerprint: send it with apply."))
    generation = fields.Integer(**_said("Generation of the data model with these changes."))
    blocked = fields.Boolean(**_said("Whether a question is open."))
    risk = fields.String(**_said("safe, lossy or destructive"))
    steps = fields.List(fields.Nested(StepSchema), **_SET)
    applied = fields.Boolean(**_SET)


class PlanAnswerSchema(PlanInfoSchema):
    """A plan, and the entity types that it is about as they are now."""

    types = fields.List(fields.Nested(EntityTypeInfoSchema), **_SET)


class ChangedTypeSchema(PlanInfoSchema):
    """A plan of one change, and its entity type as it is now; null if there is none."""

    type = fields.Nested(EntityTypeInfoSchema, **_OPEN)


# -- plugins --------------------------------------------------------------------------------
class PluginInfoSchema(Schema):
    """A plugin that is there, or was enabled once."""

    id = fields.String(**_SET)
    name = fields.String(**_SET)
    description = fields.String(**_SET)
    license = fields.String(**_SET)
    version = fields.String(**_OPEN)
    source = fields.String(
        required=True, allow_none=True,
        metadata={"description": "bundled, installed or home; null: not on the machine"},
    )  # fmt: skip
    state = fields.String(**_said("available, enabled or disabled"))
    enabled_version = fields.String(**_OPEN)
    fault = fields.String(**_OPEN)
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it does not run."}
    )
    provides = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), required=True, allow_none=True,
        metadata={"description": "What it brings; null: not said before it is enabled."},
    )  # fmt: skip


class PluginsSchema(Schema):
    """Plugins by id."""

    plugins = fields.List(fields.Nested(PluginInfoSchema), **_SET)


class PluginDetailsSchema(PluginInfoSchema):
    """A plugin with what it owns."""

    path = fields.String(**_OPEN)
    manifest = fields.Dict(keys=fields.String(), **_OPEN)
    required_by = fields.List(fields.String(), **_SET)
    types = fields.List(fields.String(), **_SET)
    fields_ = fields.List(fields.String(), data_key="fields", attribute="fields", **_SET)
    changed_here = fields.List(fields.Dict(keys=fields.String()), **_SET)
    workers = fields.List(fields.Dict(keys=fields.String()), **_SET)


class PluginPlanSchema(Schema):
    """What enabling or disabling plugins means."""

    plan = fields.String(**_said("Fingerprint: send it as _expect."))
    action = fields.String(**_said("enable, update or disable"))
    plugins = fields.List(fields.String(), **_SET)
    version = fields.String(**_OPEN)
    version_before = fields.String(**_OPEN)
    provides = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), **_said("What it brings.")
    )
    notes = fields.List(fields.String(), **_SET)
    blocked = fields.Boolean(**_said("Whether a question is open."))
    risk = fields.String(**_said("safe, lossy or destructive"))
    steps = fields.List(fields.Nested(StepSchema), **_SET)
    applied = fields.Boolean(**_SET)


# -- records --------------------------------------------------------------------------------
class OutcomeSchema(Schema):
    """What became of one row."""

    row = fields.Integer(**_said("Place in the batch, from 0."))
    status = fields.String(**_said("created, updated, unchanged, deleted, restored or refused"))
    id = fields.Integer(**_OPEN)
    version = fields.Integer(**_OPEN)
    errors = fields.List(fields.Nested(ErrorItemSchema), **_SET)


class BulkResultSchema(Schema):
    """What became of every row."""

    results = fields.List(fields.Nested(OutcomeSchema), **_SET)


class ReferenceSchema(Schema):
    """What a record that is pointed to is called."""

    type = fields.String(**_SET)
    label = fields.String(**_SET)
    trashed = fields.Boolean(**_SET)


class CountSchema(Schema):
    """How many records match."""

    value = fields.Integer(**_SET)
    exact = fields.Boolean(**_said("False: there are more than count_cap."))


class ValueSchema(Schema):
    """A value that records have, and how many."""

    value = fields.String(**_SET)
    count = fields.Integer(**_SET)


class ValuesSchema(Schema):
    """Values that records have in a field, in order."""

    values = fields.List(fields.Nested(ValueSchema), **_SET)


class GroupsSchema(Schema):
    """Groups of records, with what was computed of each."""

    groups = fields.List(fields.Dict(keys=fields.String()), **_SET)
    labels = fields.Dict(
        keys=fields.String(), values=fields.Nested(ReferenceSchema), **_said("By record id.")
    )

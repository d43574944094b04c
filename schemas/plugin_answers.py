"""Wire format of what is said of plugins: what is there, plans, costs, archives."""

from __future__ import annotations

from marshmallow import Schema, fields

from .answers import StepSchema
from .base import OPEN, SET, said
from .errors import ErrorItemSchema
from .workers import PluginWorkersSchema


class PluginInfoSchema(Schema):
    """A plugin that is there, or was enabled once."""

    id = fields.String(**SET)
    name = fields.String(**SET)
    description = fields.String(**SET)
    license = fields.String(**SET)
    version = fields.String(**OPEN)
    source = fields.String(
        required=True, allow_none=True,
        metadata={"description": "bundled, installed or home; null: not on the machine"},
    )  # fmt: skip
    state = fields.String(**said("available, enabled or disabled"))
    enabled_version = fields.String(**OPEN)
    fault = fields.String(**OPEN)
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it does not run."}
    )
    provides = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), required=True, allow_none=True,
        metadata={"description": "What it brings; null: not said before it is enabled."},
    )  # fmt: skip


class PluginsSchema(Schema):
    """Plugins by id."""

    plugins = fields.List(fields.Nested(PluginInfoSchema), **SET)
    workers = fields.Nested(PluginWorkersSchema, **SET)


class PluginDetailsSchema(PluginInfoSchema):
    """A plugin with what it owns."""

    path = fields.String(**OPEN)
    manifest = fields.Dict(keys=fields.String(), **OPEN)
    required_by = fields.List(fields.String(), **SET)
    types = fields.List(fields.String(), **SET)
    fields_ = fields.List(fields.String(), data_key="fields", attribute="fields", **SET)
    tables = fields.List(fields.String(), **SET)
    changed_here = fields.List(fields.Dict(keys=fields.String()), **SET)
    workers = fields.Nested(PluginWorkersSchema, **SET)
    costs = fields.List(
        fields.Dict(keys=fields.String()), **said("What each of its parts has cost, in all.")
    )


class PluginPlanSchema(Schema):
    """What enabling or disabling plugins means."""

    plan = fields.String(**said("Fingerprint: send it as _expect."))
    action = fields.String(**said("enable, update, disable, uninstall or purge"))
    plugins = fields.List(fields.String(), **SET)
    version = fields.String(**OPEN)
    version_before = fields.String(**OPEN)
    provides = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), **said("What it brings.")
    )
    notes = fields.List(fields.String(), **SET)
    needs_settings = fields.List(
        fields.String(), **said("Settings that it needs before it runs, by name.")
    )
    blocked = fields.Boolean(**said("Whether a question is open."))
    risk = fields.String(**said("safe, lossy or destructive"))
    steps = fields.List(fields.Nested(StepSchema), **SET)
    capabilities = fields.Dict(
        keys=fields.String(), values=fields.String(),
        **said("What it does beyond records and pages, by word."),
    )  # fmt: skip
    origin = fields.Dict(
        keys=fields.String(), **said("source, package, publisher, address and date; null: unknown.")
    )
    job = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The job that does the rest."}
    )
    applied = fields.Boolean(**SET)


class PluginPlaceSchema(Schema):
    """A plugin that runs, and those that it builds on."""

    id = fields.String(**SET)
    after = fields.List(fields.String(), **SET)


class PluginOrderSchema(Schema):
    """In which order plugins are called, and by which hooks."""

    plugins = fields.List(fields.Nested(PluginPlaceSchema), **SET)
    hooks = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), **SET)


class PluginClaimSchema(Schema):
    """Whose something is, and who else takes part in it."""

    what = fields.String(**said("entity type, field, hook, route and so on"))
    name = fields.String(**SET)
    plugin = fields.String(**SET)
    others = fields.List(fields.String(), **SET)


class PluginClaimsSchema(Schema):
    """What a name is, and whose."""

    claims = fields.List(fields.Nested(PluginClaimSchema), **SET)


class PluginFindingSchema(Schema):
    """Something about a plugin that somebody should look at."""

    plugin = fields.String(**SET)
    text = fields.String(**SET)
    bad = fields.Boolean(**said("Whether it keeps the plugin from running, or will."))


class PluginFindingsSchema(Schema):
    """What is wrong with plugins, and what to know of them."""

    findings = fields.List(fields.Nested(PluginFindingSchema), **SET)


class PluginArchiveSchema(Schema):
    """An archive of a purged plugin."""

    name = fields.String(**SET)
    bytes = fields.Integer(**SET)
    at = fields.Integer(**said("When it was written, in seconds since 1970."))


class PluginArchivesSchema(Schema):
    """Archives, newest first."""

    archives = fields.List(fields.Nested(PluginArchiveSchema), **SET)


class PluginRestoredSchema(Schema):
    """What an archive has brought back."""

    plugin = fields.String(**SET)
    rows = fields.Dict(keys=fields.String(), values=fields.Integer(), **said("By entity type."))
    left_out = fields.List(fields.String(), **said("What has no place any more, in sentences."))


class SettingOptionSchema(Schema):
    """Something that a setting can be."""

    value = fields.Raw(**SET)
    label = fields.String(**SET)


class PluginSettingSchema(Schema):
    """A setting of a plugin."""

    name = fields.String(**SET)
    kind = fields.String(**said("text, integer, decimal, boolean, date, email or url"))
    many = fields.Boolean(**said("Whether it is a list of these."))
    label = fields.String(**SET)
    description = fields.String(**SET)
    required = fields.Boolean(**SET)
    secret = fields.Boolean(**said("Whether it is set and never shown."))
    default = fields.Raw(**OPEN)
    options = fields.List(
        fields.Nested(SettingOptionSchema), **said("All that it can be; empty: no such list.")
    )
    set = fields.Boolean(**said("Whether it was given a value."))
    value = fields.Raw(
        required=True, allow_none=True,
        metadata={"description": "What it is, its default included; null for a secret."},
    )  # fmt: skip
    variable = fields.String(
        required=True, allow_none=True,
        metadata={"description": "The variable of the environment that a secret is read from."},
    )  # fmt: skip


class PluginSettingsSchema(Schema):
    """The settings of a plugin."""

    plugin = fields.String(**SET)
    ready = fields.Boolean(**said("Whether all that it needs is set, so that it can run."))
    problems = fields.List(fields.Nested(ErrorItemSchema), **said("What is wrong or missing."))
    settings = fields.List(fields.Nested(PluginSettingSchema), **SET)

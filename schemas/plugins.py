"""Wire format of a plugin's manifest, `plugin.json`, which is read without importing the plugin."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from .base import Closed

_NAMES: dict[str, Any] = {"load_default": list}
ID_PATTERN = "[a-z][a-z0-9]{2,29}"
PRESET_PATTERN = "[a-z][a-z0-9-]{1,39}"


class ProvidesSchema(Closed):
    """What a plugin brings; what it brings beyond that is refused."""

    types = fields.List(fields.String(), **_NAMES)
    fields_ = fields.List(fields.String(), data_key="fields", attribute="fields", **_NAMES)
    field_types = fields.List(fields.String(), **_NAMES)
    tables = fields.List(fields.String(), **_NAMES)
    settings = fields.List(fields.String(), **_NAMES)
    jobs = fields.List(fields.String(), **_NAMES)
    permissions = fields.List(fields.String(), **_NAMES)
    hooks = fields.List(fields.String(), **_NAMES)
    hookspecs = fields.List(fields.String(), **_NAMES)
    slots = fields.List(fields.String(), **_NAMES)
    routes = fields.List(fields.String(), **_NAMES)
    commands = fields.List(fields.String(), **_NAMES)


class PluginSchema(Closed):
    """What a plugin says of itself."""

    id = fields.String(required=True)
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    version = fields.String(required=True, validate=validate.Length(min=1, max=40))
    api = fields.String(load_default=">=1.0,<2", validate=validate.Length(max=80))
    description = fields.String(load_default="", validate=validate.Length(max=2000))
    license = fields.String(load_default="", validate=validate.Length(max=80))
    requires = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    presets = fields.List(
        fields.String(validate=validate.Regexp(f"{PRESET_PATTERN}\\Z")), load_default=list
    )
    capabilities = fields.List(fields.String(), load_default=list)
    shell = fields.Boolean(truthy={True}, falsy={False}, load_default=False)


class ManifestSchema(PluginSchema):
    """A manifest in a file of its own."""

    manifest = fields.Integer(required=True, strict=True, validate=validate.Equal(1))
    provides = fields.Nested(ProvidesSchema, required=True)


class PluginSettingsChangeSchema(Closed):
    """Values for settings of a plugin, by name."""

    values = fields.Dict(
        keys=fields.String(), values=fields.Raw(allow_none=True), required=True,
        metadata={"description": "What to set; null takes a value back."},
    )  # fmt: skip

"""A plugin with settings of every kind, one of them a secret that it can't run without."""

from decimal import Decimal

import click
from flask import Blueprint
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from relatum import Permission, Plugin, Routes, context, hookimpl, jobs, requires

plugin = Plugin(
    id="parcel",
    name="Parcels",
    version="1.0.0",
    description="Sends parcels by a carrier.",
    license="MIT",
    capabilities=["secrets"],
)


class Settings(Schema):
    """What the carrier must know."""

    api_key = fields.String(
        required=True,
        validate=validate.Length(min=4),
        metadata={"label": "Key", "description": "From the carrier's portal.", "secret": True},
    )
    carrier = fields.String(
        load_default="post",
        validate=validate.OneOf(["post", "rail"], labels=["By post", "By rail"]),
        metadata={"label": "Carrier"},
    )
    address = fields.Url(metadata={"label": "Address"})
    sender = fields.Email()
    most = fields.Integer(load_default=10, validate=validate.Range(min=1, max=100))
    heaviest = fields.Decimal(load_default=Decimal("2.50"))
    insured = fields.Boolean(load_default=False)
    since = fields.Date()
    zones = fields.List(fields.String(validate=validate.OneOf(["eu", "us", "asia"])))
    copies = fields.List(fields.Email(), validate=validate.Length(max=2))

    @validates_schema
    def _post_takes_few(self, data, **_):
        if data.get("carrier") == "post" and data.get("most", 0) > 50:
            raise ValidationError("Post takes at most 50 parcels.", "most")


def seen(settings):
    """Return settings as text, the secret by its length alone."""
    plain = {name: str(value) for name, value in settings.items() if name != "api_key"}
    return {**plain, "api_key": len(settings["api_key"])}


@hookimpl
def relatum_settings():
    return Settings


@hookimpl
def relatum_permissions():
    return [Permission("parcel.see", "See parcels")]


@hookimpl
def relatum_before_write(batch, ctx):
    if len(batch) > ctx.settings["most"]:
        batch.reject(0, f"At most {ctx.settings['most']} at once")


@hookimpl
def relatum_routes():
    api = Blueprint("parcel_api", __name__)

    @api.get("/settings")
    @requires("parcel.see")
    def settings():
        return seen(context().settings)

    return Routes(api=api)


@hookimpl
def relatum_jobs():
    def send(chunk):
        return chunk.finish(seen(context().settings))

    def prepare(chunk):
        return context().settings["most"]

    return [jobs.Kind(name="parcel_send", title="Send parcels", run=send, prepare=prepare)]


@hookimpl
def relatum_commands():
    @click.command("settings")
    def settings():
        """Show what the plugin sees."""
        click.echo(f"{context().settings['carrier']} {context().settings['most']}")

    return [settings]

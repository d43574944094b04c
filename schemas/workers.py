"""Wire formats of who serves an instance."""

from __future__ import annotations

from marshmallow import Schema, fields

from .base import OPEN, SET, said


class PluginProcessSchema(Schema):
    """A process that serves or runs jobs, as it says itself."""

    id = fields.String(**SET)
    kind = fields.String(**said("web or jobs"))
    place = fields.String(**said("The machine or container."))
    pid = fields.Integer(**SET)
    generation = fields.Integer(**said("The set of plugins that it serves."))
    oldest = fields.Integer(**said("The oldest set by which something in it still works."))
    code = fields.Integer(**said("What new code was asked for when it began."))
    loaded = fields.Dict(
        keys=fields.String(), values=fields.Dict(keys=fields.String()),
        **said("The code of plugins that it runs: version, digest, stale."),
    )  # fmt: skip
    started_at = fields.String(**SET)
    since = fields.String(**said("When it took its set of plugins."))
    seen_at = fields.String(**SET)


class PluginWorkersSchema(Schema):
    """Who serves the newest set of plugins, among the processes that live."""

    generation = fields.Integer(**said("The newest set of plugins."))
    alive = fields.Integer(**said("Processes that live; one silent for 30 s does not count."))
    newest = fields.Integer(**said("Those of them that serve the newest set."))
    renewed = fields.Integer(**said("Those that began after new code was last asked for."))
    since = fields.String(**OPEN)
    processes = fields.List(fields.Nested(PluginProcessSchema), **SET)

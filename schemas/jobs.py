"""Wire formats of jobs and their schedules, and what the core's own kinds take."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from .base import OPEN, SET, Closed, said

_NAME: dict[str, Any] = {"required": True, "validate": validate.Length(min=1, max=80)}
_ID: dict[str, Any] = {
    "required": True, "strict": True, "validate": validate.Range(min=1, max=2**53 - 1),
}  # fmt: skip
_RULE = validate.Length(min=1, max=100)


# -- what comes in --------------------------------------------------------------------------
class NewJobSchema(Closed):
    """A job to start."""

    kind = fields.String(**_NAME)
    arguments = fields.Dict(keys=fields.String(), load_default=dict)


class RetryJobsSchema(Closed):
    """The failed jobs that go on."""

    kind = fields.String(**_NAME)


class NewScheduleSchema(Closed):
    """When a kind of job starts by itself."""

    name = fields.String(**_NAME)
    kind = fields.String(**_NAME)
    rule = fields.String(required=True, validate=_RULE)
    arguments = fields.Dict(keys=fields.String(), load_default=dict)
    enabled = fields.Boolean(load_default=True, truthy={True}, falsy={False})


class ScheduleChangeSchema(Closed):
    """What of a schedule changes."""

    rule = fields.String(validate=_RULE)
    arguments = fields.Dict(keys=fields.String())
    enabled = fields.Boolean(truthy={True}, falsy={False})


class BulkChoiceSchema(Closed):
    """Records, by their ids or by a filter; `confirm` says how many are meant at most."""

    type = fields.String(**_NAME)
    ids = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=1, max=2**53 - 1)),
        validate=validate.Length(min=1),
    )
    filter = fields.Dict(keys=fields.String())
    confirm = fields.Integer(strict=True, validate=validate.Range(min=1, max=2**53 - 1))


class BulkUpdateSchema(BulkChoiceSchema):
    """Values that many records get."""

    values = fields.Dict(keys=fields.String(), required=True, validate=validate.Length(min=1))


class BulkLinkSchema(BulkUpdateSchema):
    """What many records are linked to: the values of a record of one of their lists."""

    list = fields.String(**_NAME)


class HandOverSchema(Closed):
    """Whose records go to whom; `heirs` says otherwise for some types, null: they stay."""

    user = fields.Integer(**_ID)
    transfer_to = fields.Integer(**{**_ID, "required": False})
    heirs = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(**{**_ID, "required": False}, allow_none=True),
        load_default=dict,
    )
    only_open = fields.Boolean(load_default=True, truthy={True}, falsy={False})


class PluginFillSchema(Closed):
    """The plugin whose tables are filled."""

    plugin = fields.String(**_NAME)


# -- what goes out --------------------------------------------------------------------------
class JobErrorSchema(Schema):
    """Why a job failed, or failed last."""

    code = fields.String(**SET)
    message = fields.String(**SET)


class JobLineSchema(Schema):
    """A line that a job left."""

    at = fields.AwareDateTime(**SET)
    text = fields.String(**SET)


class JobSchema(Schema):
    """A job as lists show it."""

    id = fields.Integer(**SET)
    kind = fields.String(**SET)
    state = fields.String(**said("queued, running, done, failed or cancelled"))
    cancelling = fields.Boolean(**said("It ends after the chunk at hand."))
    done = fields.Integer(**said("Steps done, such as records."))
    total = fields.Integer(**OPEN)
    attempts = fields.Integer(**said("Failures since it last got on."))
    schedule = fields.String(**OPEN)
    actor = fields.Integer(**OPEN)
    plugin = fields.String(**OPEN)
    error = fields.Nested(JobErrorSchema, **OPEN)
    created_at = fields.AwareDateTime(**SET)
    started_at = fields.AwareDateTime(**OPEN)
    finished_at = fields.AwareDateTime(**OPEN)
    not_before = fields.AwareDateTime(**OPEN)


class JobDetailsSchema(JobSchema):
    """A job with all that is known of it."""

    arguments = fields.Dict(keys=fields.String(), **SET)
    result = fields.Dict(keys=fields.String(), **OPEN)
    log = fields.List(fields.Nested(JobLineSchema), **SET)


class JobLookSchema(Schema):
    """What a job would do; each kind says it in its own way."""

    class Meta:
        """Whatever the kind says."""

        unknown = INCLUDE


class JobsSchema(Schema):
    """Jobs, newest first."""

    jobs = fields.List(fields.Nested(JobSchema), **SET)
    next = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Goes into _before."}
    )


class RetriedJobsSchema(Schema):
    """How many jobs go on."""

    retried = fields.Integer(**SET)


class JobKindSchema(Schema):
    """A kind of job that can be started."""

    name = fields.String(**SET)
    title = fields.String(**SET)


class JobKindsSchema(Schema):
    """Kinds of jobs."""

    kinds = fields.List(fields.Nested(JobKindSchema), **SET)


class ScheduleSchema(Schema):
    """A schedule as it is."""

    name = fields.String(**SET)
    kind = fields.String(**SET)
    rule = fields.String(**said("every N minutes, hours or days; or five fields of cron."))
    enabled = fields.Boolean(**SET)
    owner = fields.String(**said("core, a plugin, or local."))
    arguments = fields.Dict(keys=fields.String(), **SET)
    actor = fields.Integer(**OPEN)
    next_run_at = fields.AwareDateTime(**OPEN)
    last_run_at = fields.AwareDateTime(**OPEN)


class SchedulesSchema(Schema):
    """Schedules by name."""

    schedules = fields.List(fields.Nested(ScheduleSchema), **SET)

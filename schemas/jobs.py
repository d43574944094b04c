"""Wire formats of jobs and their schedules, and what the core's own kinds take."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from .base import Closed

_SET: dict[str, Any] = {"required": True}
_OPEN: dict[str, Any] = {"required": True, "allow_none": True}
_NAME: dict[str, Any] = {"required": True, "validate": validate.Length(min=1, max=80)}
_ID: dict[str, Any] = {
    "required": True, "strict": True, "validate": validate.Range(min=1, max=2**53 - 1),
}  # fmt: skip
_RULE = validate.Length(min=1, max=100)


def _said(help: str) -> dict[str, Any]:  # noqa: A002  # the word users read
    return {"required": True, "metadata": {"description": help}}


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


# -- what goes out --------------------------------------------------------------------------
class JobErrorSchema(Schema):
    """Why a job failed, or failed last."""

    code = fields.String(**_SET)
    message = fields.String(**_SET)


class JobLineSchema(Schema):
    """A line that a job left."""

    at = fields.AwareDateTime(**_SET)
    text = fields.String(**_SET)


class JobSchema(Schema):
    """A job as lists show it."""

    id = fields.Integer(**_SET)
    kind = fields.String(**_SET)
    state = fields.String(**_said("queued, running, done, failed or cancelled"))
    cancelling = fields.Boolean(**_said("It ends after the chunk at hand."))
    done = fields.Integer(**_said("Steps done, such as records."))
    total = fields.Integer(**_OPEN)
    attempts = fields.Integer(**_said("Failures since it last got on."))
    schedule = fields.String(**_OPEN)
    actor = fields.Integer(**_OPEN)
    plugin = fields.String(**_OPEN)
    error = fields.Nested(JobErrorSchema, **_OPEN)
    created_at = fields.AwareDateTime(**_SET)
    started_at = fields.AwareDateTime(**_OPEN)
    finished_at = fields.AwareDateTime(**_OPEN)
    not_before = fields.AwareDateTime(**_OPEN)


class JobDetailsSchema(JobSchema):
    """A job with all that is known of it."""

    arguments = fields.Dict(keys=fields.String(), **_SET)
    result = fields.Dict(keys=fields.String(), **_OPEN)
    log = fields.List(fields.Nested(JobLineSchema), **_SET)


class JobLookSchema(Schema):
    """What a job would do; each kind says it in its own way."""

    class Meta:
        """Whatever the kind says."""

        unknown = INCLUDE


class JobsSchema(Schema):
    """Jobs, newest first."""

    jobs = fields.List(fields.Nested(JobSchema), **_SET)
    next = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Goes into _before."}
    )


class RetriedJobsSchema(Schema):
    """How many jobs go on."""

    retried = fields.Integer(**_SET)


class JobKindSchema(Schema):
    """A kind of job that can be started."""

    name = fields.String(**_SET)
    title = fields.String(**_SET)


class JobKindsSchema(Schema):
    """Kinds of jobs."""

    kinds = fields.List(fields.Nested(JobKindSchema), **_SET)


class ScheduleSchema(Schema):
    """A schedule as it is."""

    name = fields.String(**_SET)
    kind = fields.String(**_SET)
    rule = fields.String(**_said("every N minutes, hours or days; or five fields of cron."))
    enabled = fields.Boolean(**_SET)
    owner = fields.String(**_said("core, a plugin, or local."))
    arguments = fields.Dict(keys=fields.String(), **_SET)
    actor = fields.Integer(**_OPEN)
    next_run_at = fields.AwareDateTime(**_OPEN)
    last_run_at = fields.AwareDateTime(**_OPEN)


class SchedulesSchema(Schema):
    """Schedules by name."""

    schedules = fields.List(fields.Nested(ScheduleSchema), **_SET)

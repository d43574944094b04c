"""The schemas that the description of the API names, and those of each entity type's records."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema

from ...schemas import (
    answers,
    audit,
    changes,
    entity_types,
    errors,
    jobs,
    mail,
    merges,
    people,
    plugin_answers,
    plugins,
    privacy,
    roles,
    sign_in,
    workers,
)
from .. import db
from ..catalog import Catalog, EntityType
from ..fields import Field, Several

JsonSchema = dict[str, Any]
MARSHMALLOW: Final[dict[str, type[Schema]]] = {
    "Problem": errors.ProblemSchema,
    "SignIn": people.SignInSchema,
    "SignInCode": people.SignInCodeSchema,
    "ForgottenPassword": people.ForgottenPasswordSchema,
    "NewPassword": people.NewPasswordSchema,
    "Code": people.CodeSchema,
    "SecondFactor": people.SecondFactorSchema,
    "NewSecondFactor": people.NewSecondFactorSchema,
    "RecoveryCodes": people.RecoveryCodesSchema,
    "Password": people.PasswordSchema,
    "ViewAs": people.ViewAsSchema,
    "Token": people.TokenSchema,
    "Invitations": people.InvitationsSchema,
    "Invited": people.InvitedSchema,
    "Leave": people.LeaveSchema,
    "Leaving": people.LeavingSchema,
    "Left": people.LeftSchema,
    "Enabled": people.EnabledSchema,
    "Sessions": people.SessionsSchema,
    "EndedSessions": people.EndedSessionsSchema,
    "Session": sign_in.SessionSchema,
    "Link": sign_in.LinkSchema,
    "NewToken": sign_in.NewTokenSchema,
    "Tokens": sign_in.TokensSchema,
    "Identities": sign_in.IdentitiesSchema,
    "Health": answers.HealthSchema,
    "AuditLog": audit.AuditLogSchema,
    "AuditEvents": audit.AuditEventsSchema,
    "PrivacyRequest": privacy.PrivacyRequestSchema,
    "Erasure": privacy.ErasureSchema,
    "Traces": privacy.TracesSchema,
    "PersonExport": privacy.PersonExportSchema,
    "Certificate": privacy.CertificateSchema,
    "Generations": audit.GenerationsSchema,
    "Reverse": audit.ReverseSchema,
    "NewEntityType": entity_types.EntityTypeSchema,
    "EntityTypeChange": entity_types.EntityTypeChangeSchema,
    "NewField": entity_types.FieldAnswerSchema,
    "FieldChange": entity_types.FieldChangeAnswerSchema,
    "Retype": entity_types.RetypeSchema,
    "RetypeProgress": answers.RetypeProgressSchema,
    "Plan": entity_types.PlanSchema,
    "Apply": entity_types.ApplySchema,
    "EntityType": answers.EntityTypeInfoSchema,
    "EntityTypes": answers.EntityTypesSchema,
    "Export": answers.ExportSchema,
    "PlanAnswer": answers.PlanAnswerSchema,
    "ViewChange": entity_types.ViewChangeSchema,
    "View": answers.ViewSchema,
    "Views": answers.ViewsSchema,
    "ProfileChange": people.ProfileChangeSchema,
    "Profile": people.ProfileSchema,
    "Preference": people.PreferenceSchema,
    "Preferences": answers.PreferencesSchema,
    "ChangedType": answers.ChangedTypeSchema,
    "PluginWorkers": workers.PluginWorkersSchema,
    "Plugins": plugin_answers.PluginsSchema,
    "PluginDetails": plugin_answers.PluginDetailsSchema,
    "PluginPlan": plugin_answers.PluginPlanSchema,
    "PluginOrder": plugin_answers.PluginOrderSchema,
    "PluginClaims": plugin_answers.PluginClaimsSchema,
    "PluginFindings": plugin_answers.PluginFindingsSchema,
    "PluginArchives": plugin_answers.PluginArchivesSchema,
    "PluginRestored": plugin_answers.PluginRestoredSchema,
    "PluginSettings": plugin_answers.PluginSettingsSchema,
    "PluginSettingsChange": plugins.PluginSettingsChangeSchema,
    "NewJob": jobs.NewJobSchema,
    "RetryJobs": jobs.RetryJobsSchema,
    "RetriedJobs": jobs.RetriedJobsSchema,
    "Jobs": jobs.JobsSchema,
    "JobDetails": jobs.JobDetailsSchema,
    "JobLook": jobs.JobLookSchema,
    "JobKinds": jobs.JobKindsSchema,
    "NewSchedule": jobs.NewScheduleSchema,
    "ScheduleChange": jobs.ScheduleChangeSchema,
    "Schedule": jobs.ScheduleSchema,
    "Schedules": jobs.SchedulesSchema,
    "RoleChange": roles.RoleChangeSchema,
    "Role": roles.RoleSchema,
    "Roles": roles.RolesSchema,
    "HeldRoles": roles.HeldRolesSchema,
    "NewShare": roles.NewShareSchema,
    "Share": roles.ShareSchema,
    "Shares": roles.SharesSchema,
    "Explanation": roles.ExplanationSchema,
    "Viewers": roles.ViewersSchema,
    "TestMail": mail.TestMailSchema,
    "Mails": mail.MailsSchema,
    "MailDetails": mail.MailDetailsSchema,
    "MailedLink": mail.MailedLinkSchema,
    "Merge": merges.MergeSchema,
    "Merged": merges.MergedSchema,
    "Merging": merges.MergingSchema,
    "Deletion": answers.DeletionSchema,
    "BulkResult": answers.BulkResultSchema,
    "History": changes.HistorySchema,
    "ChangeSet": changes.ChangeSetSchema,
    "Feed": changes.FeedSchema,
    "Undo": changes.UndoSchema,
    "UndoPlan": changes.UndoPlanSchema,
    "Reference": answers.ReferenceSchema,
    "Count": answers.CountSchema,
    "Groups": answers.GroupsSchema,
    "Values": answers.ValuesSchema,
}
#: Schemas that each entity type has of its own; the generic ones know no fields.
OF_RECORDS: Final = (
    "Record", "RecordCreate", "RecordUpdate", "RecordPage", "BulkRecordCreate", "BulkRecordUpdate",
)  # fmt: skip
_ID: Final = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}
_FILTER: Final = {"$ref": "#/components/schemas/Filter"}
#: What of a field's schema is true of stored values too; rules may be younger than they are.
_LASTING: Final = frozenset(
    {
        "type", "items", "x-currency", "x-currency-by", "x-entity-type", "properties",
        "additionalProperties",
    }
)  # fmt: skip
_LASTING_FORMATS: Final = frozenset({"date", "date-time", "decimal", "time"})


def plain() -> dict[str, JsonSchema]:
    """Return the schemas that are the same for every instance, but for its limits."""
    return {
        **_filters(),
        "Query": _query(
            "fields", "expand", "after", "before", "view", "as_of", flags=("count", "trashed")
        ),
        "AggregateQuery": _query("group", "select", "tz", "view", "as_of", flags=("trashed",)),
        "BulkRecordIds": bulk(
            {
                "type": "object",
                "required": ["id"],
                "additionalProperties": False,
                "properties": {"id": _ID, "version": {"type": "integer"}},
            }
        ),
    }


def generic() -> dict[str, JsonSchema]:
    """Return the schemas of records of any type."""
    values = {"type": "object", "additionalProperties": True}
    system = {"id": _ID, "version": {"type": "integer"}}
    update = {**values, "properties": system}
    return {
        "Record": {**values, "properties": system, "required": ["id", "version"]},
        "RecordCreate": values,
        "RecordUpdate": update,
        "RecordPage": page({**values, "properties": {"id": _ID}, "required": ["id"]}),
        "BulkRecordCreate": bulk(values),
        "BulkRecordUpdate": bulk({**update, "required": ["id"]}),
    }


def of_type(entity_type: EntityType, known: Catalog) -> dict[str, JsonSchema]:
    """Return the schemas of a type's records, by their generic names."""
    shown = {name: stored(field) for name, field in entity_type.fields.items()}
    lists = known.inverses(entity_type.name)
    writable = _writable(entity_type, known)
    needed = [f.name for f in entity_type.own_fields if f.required and f.default is None]
    create = _object(writable, needed)
    system = {"id": _ID, "version": {"type": "integer"}}
    update = _object({**system, **writable}, [])
    row = {"type": "object", "properties": shown, "required": ["id"], "additionalProperties": True}
    is_part = any(link.part for link in entity_type.lookups)
    return {
        **({"RecordPart": update} if is_part else {}),
        "Record": _object({**shown, **{n: _list(r.type) for n, r in lists.items()}}, list(shown)),
        "RecordCreate": create,
        "RecordUpdate": update,
        "RecordPage": page(row),
        "BulkRecordCreate": bulk(create),
        "BulkRecordUpdate": bulk({**update, "required": ["id"]}),
    }


def _writable(entity_type: EntityType, known: Catalog) -> JsonSchema:
    """Return the schemas of what may be sent: fields, and lists of parts as whole lists."""
    own = {f.name: sent(f) for f in entity_type.own_fields if not f.NUMBERED}
    lists = known.inverses(entity_type.name)
    return own | {name: _parts(r.type) for name, r in lists.items() if r.link.part}


def _parts(other: EntityType) -> JsonSchema:
    row = {"$ref": f"#/components/schemas/{other.name}.RecordPart"}
    about = "The whole list: those with an id are changed, others made; left out is deleted."
    return {"type": "array", "items": row, "title": other.plural, "description": about}


def _list(other: EntityType) -> JsonSchema:
    rows = {"type": "object", "additionalProperties": True}
    return {"type": "array", "items": rows, "title": other.plural}


def _object(properties: JsonSchema, required: list[str]) -> JsonSchema:
    made = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": required} if required else made


def stored(field: Field) -> JsonSchema:
    """Return the schema of a field's value as it is read."""
    if isinstance(field, Several):
        return _described(field, {"type": "array", "items": {"type": "string"}})
    schema = field.openapi()
    lasting = {name: value for name, value in schema.items() if name in _LASTING}
    if schema.get("format") in _LASTING_FORMATS:
        lasting["format"] = schema["format"]
    if field.options:
        lasting["enum"] = [option.value for option in field.options]
    given = field.read_only or field.NUMBERED or field.computed
    # Who made a record may be the system, and a part belongs to nobody if its whole does.
    always = field.read_only and not field.is_link
    made = _described(field, lasting if always else _or_null(lasting))
    return {**made, "readOnly": True} if given else made


def sent(field: Field) -> JsonSchema:
    """Return the schema of a field's value as it is written."""
    schema = field.openapi()
    if field.required:
        return _described(field, schema)
    return _described(field, _or_null(schema))


def _or_null(schema: JsonSchema) -> JsonSchema:
    known = schema["type"]
    made = {**schema, "type": [*([known] if isinstance(known, str) else known), "null"]}
    if "enum" in schema:
        made["enum"] = [*schema["enum"], None]
    return made


def _described(field: Field, schema: JsonSchema) -> JsonSchema:
    made = {**schema, "title": field.label}
    if field.help:
        made["description"] = field.help
    return made


def filters(entity_type: EntityType | None) -> JsonSchema:
    """Return the parameter that stands for every filter of an address."""
    known = {}
    if entity_type is not None:
        known = {
            field.name: {
                **_TEXT,
                "description": "Operators: " + ", ".join(field.operators),
            }
            for field in entity_type.with_members
        }
    return {
        "name": "filters",
        "in": "query",
        "style": "form",
        "explode": True,
        "description": "field=value, field__operator=value or path.to.field__operator=value.",
        "schema": {"type": "object", "properties": known, "additionalProperties": _TEXT},
    }


def bulk(row: JsonSchema) -> JsonSchema:
    """Return the schema of a batch of rows."""
    limit = db.settings().bulk_limit
    rows = {"type": "array", "items": row, "minItems": 1, "maxItems": limit}
    return _object({"records": rows}, ["records"])


def page(row: JsonSchema) -> JsonSchema:
    """Return the schema of a page of records."""
    cursor = {"type": ["string", "null"], "description": "Goes into _after or _before."}
    return _object(
        {
            "records": {"type": "array", "items": row},
            "labels": {
                "type": "object",
                "additionalProperties": {"$ref": "#/components/schemas/Reference"},
                "description": "What records that are pointed to are called, by their id.",
            },
            "next": cursor,
            "previous": cursor,
            "count": {"anyOf": [{"$ref": "#/components/schemas/Count"}, {"type": "null"}]},
        },
        ["records", "labels", "next", "previous", "count"],
    )


def _filters() -> dict[str, JsonSchema]:
    """Return the schema of a filter and of its forms, each with a name: generators want one."""
    parts = {"type": "array", "items": _FILTER}
    condition = {"field": _TEXT, "op": {**_TEXT, "default": "eq"}, "value": {}}
    forms = {
        "FilterCondition": _object(condition, ["field", "value"]),
        "FilterAnd": _object({"and": parts}, ["and"]),
        "FilterOr": _object({"or": parts}, ["or"]),
        "FilterNot": _object({"not": _FILTER}, ["not"]),
        "FilterHas": _object({"has": _TEXT, "where": _FILTER}, ["has"]),
    }
    any_form = [{"$ref": f"#/components/schemas/{name}"} for name in forms]
    about = "One condition, filters joined by and, or, not, or what points to a record by a list."
    return {"Filter": {"description": about, "oneOf": any_form}, **forms}


def _query(*words: str, flags: tuple[str, ...]) -> JsonSchema:
    texts = {"type": ["array", "null"], "items": {**_TEXT, "minLength": 1}}
    lists = dict.fromkeys(("sort", "fields", "expand", "group", "select"), texts)
    limit = {"type": ["integer", "null"], "minimum": 1, "maximum": db.settings().page_limit}
    own = {word: lists.get(word, {"type": ["string", "null"]}) for word in words}
    return _object(
        {
            "filter": {"anyOf": [_FILTER, {"type": "null"}]},
            "sort": texts,
            "limit": limit,
            **own,
            **{flag: {"type": ["boolean", "null"]} for flag in flags},
        },
        [],
    )

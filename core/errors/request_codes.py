"""What can be wrong with a request: every code with its title and sentence.

A sentence uses `{name}` for values; a missing value shows as `?` and never raises.
"""

from __future__ import annotations

from .registry import codes

codes(
    400,
    bad_json=("Not JSON", "The body is not valid JSON: {reason}. Send one JSON document in UTF-8."),
    bad_request=("Wrong request", "The request can't be read: {reason}."),
    bad_body=("Wrong body", "The body must be {wanted}; got {got}."),
    bad_parameter=("Wrong parameter", "Parameter '{name}': {reason}."),
    bad_filter=("Wrong filter", "The filter is not understood at {place}: {reason}."),
    bad_cursor=(
        "Wrong cursor",
        "The cursor is not one of ours. Start again without _after and _before.",
    ),
    cursor_expired=(
        "Cursor expired",
        "The cursor belongs to another query or an older entity type. Start again from the first "
        "page.",
    ),
    operator_unknown=(
        "Unknown operator",
        "Field '{field}' ({kind}) has no operator '{operator}'. It knows: {known}.",
    ),
    operand_invalid=("Wrong operand", "Filter on '{field}': {reason}"),
    not_sortable=(
        "Not sortable",
        "Records can't be sorted by '{field}' ({kind}). Sort by another field.",
    ),
    no_suggestions=(
        "No suggestions",
        "'{field}' is a {kind} field; values are suggested for tags and multi_choice fields.",
    ),
    not_groupable=(
        "Not groupable",
        "Records can't be grouped by '{field}' ({kind}). Group by another field.",
    ),
    not_aggregable=(
        "Not aggregable",
        "'{function}' does not work on '{field}' ({kind}). It works on: {known}.",
    ),
    path_invalid=(
        "Wrong path",
        "Path '{path}': '{part}' is not a link to one record, so nothing can follow it.",
    ),
)
codes(
    401,
    not_signed_in=(
        "Sign-in needed",
        "This address needs a signed-in user or a bearer token. Send 'Authorization: Bearer TOKEN' "
        "or sign in at /api/v1/session.",
    ),
)
codes(
    403,
    forbidden=("Not allowed", "You may not {action} {thing}. Ask an administrator."),
    csrf_failed=(
        "Request not confirmed",
        "The request lacks the CSRF token of this session. Send it as the X-CSRF-Token header.",
    ),
    origin_foreign=(
        "Sent from another site",
        "The form was sent from another site. Open this page yourself and send it from there.",
    ),
    host_not_trusted=(
        "Host not trusted",
        "The host name of the request is not in trusted_hosts. Add it in the settings of the "
        "instance.",
    ),
)
codes(
    404,
    not_found=("Not found", "There is nothing at {path}. The list of addresses is at /api/docs."),
    type_unknown=("Unknown entity type", "There is no entity type '{type}'.{nearest}"),
    field_unknown=("Unknown field", "Entity type '{type}' has no field '{field}'.{nearest}"),
    inverse_unknown=(
        "Unknown list",
        "No records point to entity type '{type}' by the name '{name}'.{nearest}",
    ),
    key_unknown=(
        "Unknown unique key",
        "Entity type '{type}' has no unique key over {fields}. Its unique keys: {known}.",
    ),
    record_unknown=("Unknown record", "There is no {type} with id {id}."),
    record_unknown_then=(
        "Unknown record then",
        "There was no {type} with id {id} at {instant}: it was made later, or was in the trash. "
        "Its history says when.",
    ),
    view_unknown=(
        "Unknown view",
        "Entity type '{type}' has no view '{view}'.{nearest} Run: relatum views list {type}",
    ),
    page_unknown=("Unknown page", "There is no help page '{page}'.{nearest} Run: relatum help"),
    token_unknown=("Unknown token", "You have no token with id {id}."),
)
codes(
    405,
    method_unknown=("Wrong method", "{method} is not possible at {path}. Possible: {allowed}."),
)
codes(
    409,
    conflict=("Conflict", "Refused: {first}"),
    duplicate=(
        "Duplicate",
        "{fields} '{value}' is already used by {type} {id} ({label}). Change one of them.",
    ),
    confirm_needed=(
        "Confirmation needed",
        "{message}. If that is meant, send it again and accept '{key}'.",
    ),
    duplicate_in_batch=(
        "Duplicate within the batch",
        "{fields} '{value}' also stands in row {other} of this batch. Keep one of them.",
    ),
    restore_conflict=(
        "Restore conflict",
        "Can't restore: {fields} '{value}' is now used by {type} {id} ({label}). Change one of "
        "them first.",
    ),
    parent_trashed=(
        "Whole in the trash",
        "This is a part of {type} {id}, which is in the trash. Restore that one.",
    ),
    still_referenced=(
        "Still referenced",
        "{count} {type} point to this record through '{field}' (for example {id}), which restricts "
        "deleting. Re-point or delete them first.",
    ),
    name_taken=("Name taken", "{what} '{name}' already exists{where}. Choose another name."),
    instance_exists=(
        "Instance exists",
        "There is already an instance in {home}. Use it, or name another home.",
    ),
    idempotency_mismatch=(
        "Idempotency-Key reused",
        "This Idempotency-Key was used for another request. Use a new key for a new request.",
    ),
    idempotency_secret=(
        "Secret shown once",
        "This request was carried out before and made a secret that is shown only once. If it is "
        "lost, "
        "revoke it and send the request again with a new Idempotency-Key.",
    ),
    idempotency_busy=(
        "Request still running",
        "A request with this Idempotency-Key is still running. Ask again in a moment.",
    ),
)
codes(
    412,
    version_mismatch=(
        "Changed meanwhile",
        "{type} {id} is at version {current}, not {expected}: somebody changed it. Read it again, "
        "merge, and send the new version.",
    ),
)
codes(
    413,
    body_too_large=(
        "Body too large",
        "The body is larger than body_limit ({limit} bytes). Send less at once.",
    ),
    bulk_limit=(
        "Too many records",
        "{count} records exceed bulk_limit ({limit}). Send them in several requests.",
    ),
)
codes(
    415,
    media_type=(
        "Wrong media type",
        "Send JSON with 'Content-Type: application/json', not '{got}'.",
    ),
)
codes(
    422,
    invalid=("Not valid", "Refused: {first}"),
    value_invalid=("Not valid", "{reason}"),
    required=("Required", "A value is required."),
    unknown_key=("Unknown field", "Entity type '{type}' has no field '{field}'.{nearest}"),
    read_only=("Read-only", "'{field}' is set by the system. Leave it out."),
    circular=("Circular", "{type} {id} can't be its own ancestor through '{field}'."),
    row_invalid=(
        "Not a record",
        "Each record must be an object of field names and values; got {got}.",
    ),
    not_list=("Not a list", "Must be a list of records; got {got}."),
    part_elsewhere=(
        "Part of another",
        "A part belongs to the record that it is sent with. Leave '{field}' out.",
    ),
    id_missing=("Id missing", "Each record to change needs its id."),
    key_missing=("Key missing", "Each record needs a value for the key field '{field}'."),
    key_too_long=(
        "Values too long together",
        "The values of {fields} have {length} bytes together; a unique key takes {max}. Shorten "
        "one of them.",
    ),
    row_twice=("Record twice", "Record {id} stands twice in this batch (row {other})."),
    name_invalid=(
        "Wrong name",
        "'{name}' is not a name. A name has 1 to 40 characters a-z, 0-9 and single underscores, "
        "and "
        "begins with a letter.",
    ),
    name_reserved=("Reserved name", "'{name}' is reserved{why}. Choose another name."),
    name_prefix=(
        "Prefix missing",
        "'{name}' must begin with 'x_': your own {what} carry it, so that no plugin's name can "
        "clash.",
    ),
    kind_unknown=("Unknown field type", "There is no field type '{kind}'.{nearest}"),
    setting_not_known=(
        "Unknown setting",
        "Field type '{kind}' has no setting '{setting}'. It knows: {known}.",
    ),
    definition_invalid=("Wrong definition", "{what}: {reason}"),
    operation_unknown=("Unknown operation", "There is no operation '{op}'. Possible: {known}."),
    not_yours=(
        "Owned by another layer",
        "'{name}' belongs to {owner} and can't be {verb}. Trash or change only what you made.",
    ),
    existing_required=(
        "Existing rows need an answer",
        "{count} existing rows break this rule (for example ids {ids}). Say what happens to them: "
        "{answers}.",
    ),
    existing_duplicates=(
        "Existing rows are duplicates",
        "{count} existing rows share a value of {fields} (for example ids {ids}). Make them "
        "differ, or "
        "answer existing: {answers}.",
    ),
    in_use=("In use", "{what} is used by {uses}. Change those first."),
    sum_overflow=("Sum too large", "The sum of '{field}' exceeds 64 bits. Narrow the filter."),
    filter_depth=("Filter too deep", "The filter nests deeper than filter_depth ({limit})."),
    filter_conditions=(
        "Filter too long",
        "The filter has more than filter_conditions ({limit}) conditions.",
    ),
    filter_values=(
        "Too many values",
        "'{field}' is compared with more than filter_values ({limit}) values.",
    ),
    path_depth=("Path too long", "Path '{path}' has more than path_depth ({limit}) steps."),
    page_limit=(
        "Page too large",
        "_limit is {value}; between 1 and page_limit ({limit}) are allowed.",
    ),
    view_of_nobody=(
        "A view of nobody",
        "A view of one's own belongs to a user, and the system acts here. Name a user with --as.",
    ),
    view_limit=(
        "Too many views",
        "You have view_limit ({limit}) views of '{type}'. Drop one first.",
    ),
    preference_of_nobody=(
        "A preference of nobody",
        "Preferences belong to a user, and none acts here. Sign in as one, or name one with --as.",
    ),
    preference_invalid=(
        "Preference refused",
        "Preference '{name}': {reason}.",
    ),
    preference_limit=(
        "Too many preferences",
        "preference_limit ({limit}) preferences are kept for you. Drop one first.",
    ),
    sort_too_costly=(
        "Sort too costly",
        "Sorting by '{field}' has no index and more than sort_cap ({limit}) records match. Narrow "
        "the "
        "filter, or make the field sortable.",
    ),
    expand_limit=(
        "List too long to expand",
        "'{name}' of {type} {id} has more than expand_limit ({limit}) records. Ask for them by "
        "/api/v1/records/{other}?{field}={id}",
    ),
    as_of_limit=(
        "Too much changed since",
        "More than as_of_limit ({limit}) records of '{type}' changed since {instant}. Ask for a "
        "later instant, or for one record.",
    ),
    as_of_refused=(
        "Not known as of an instant",
        "'{name}' is only known as it is now: {reason}. Leave it out, or ask without _as_of.",
    ),
    group_limit=(
        "Too many groups",
        "More than group_limit ({limit}) groups. Narrow the filter or group coarser.",
    ),
    json_depth=("JSON too deep", "The body nests deeper than json_depth ({limit})."),
    password_weak=("Password too weak", "The password {reason}."),
    cant_sign_in=("User can't sign in", "User {id} {reason}."),
    last_admin=(
        "Last administrator",
        "User {id} is the last administrator who can sign in. Make another administrator first.",
    ),
    map_invalid=("Wrong import map", "{place}: {reason}"),
    column_missing=("Column missing", "The file has no column '{column}'.{nearest}"),
    column_unknown=(
        "Unknown column",
        "Column '{column}' of the file matches no field of '{type}'.{nearest} Name its field in "
        "the "
        "map, or map it to null to leave it out.",
    ),
    cells_mismatch=(
        "Wrong number of cells",
        "Has {got} cells; the first line names {wanted} columns.",
    ),
    row_disagrees=(
        "Rows of one record disagree",
        "Differs from line {line}, the first row of the same record. Write the same there, or "
        "leave the cell empty.",
    ),
    record_rows_limit=(
        "Too many rows of one record",
        "The record of line {line} goes on for more than {limit} rows. Divide it, correct the "
        "column that tells records apart, or raise import_record_rows.",
    ),
    duplicate_in_file=(
        "Duplicate within the file",
        "{fields} '{value}' also stands in line {other}. Keep one of them.",
    ),
    import_refused=(
        "Import refused",
        "{refused} of {rows} rows of {file} are refused, {written}. First: {first}",
    ),
    import_stopped=(
        "Import stopped",
        "Others changed what the check saw: stopped at line {line} of {file}, {count} rows before "
        "it are "
        "written. First: {first} Correct it and import again by a key.",
    ),
    file_unreadable=("File not readable", "{path}: {reason}"),
)

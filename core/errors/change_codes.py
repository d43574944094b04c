"""What can be in the way of undoing a change set: every code with its title and sentence."""

from __future__ import annotations

from .registry import codes

codes(
    404,
    change_unknown=(
        "Unknown change set",
        "There is no change set {id}. Run: relatum changes list",
    ),
)
codes(
    409,
    person_active=(
        "User still active",
        "User {id} can still sign in. Disable the user first, then erase.",
    ),
    position_unknown=(
        "Position not reached yet",
        "There is no position {position} yet: the newest is {newest}. A backup may have been "
        "restored. Read all records anew, then go on from there.",
    ),
    undo_conflict=(
        "Can't be undone as a whole",
        "Change set {id} can't be undone as a whole: {first} Undo what is left of it with partial, "
        "or put that right first.",
    ),
    undo_done=(
        "Undone already",
        "Change set {id} is undone already, by change set {by}. Undo that one to have it again.",
    ),
    undo_nothing=(
        "Nothing to undo",
        "Job {id} can't be undone: {reason}.",
    ),
    undo_purged=(
        "Purged for good",
        "Change set {id} purged {count} records for good, and nothing brings them back. Restore a "
        "backup if they are needed.",
    ),
    undo_changed=(
        "Changed since",
        "'{field}' of {type} {id} ({label}) was changed since, by change set {change}. Undo that "
        "one first, or change it by hand.",
    ),
    undo_field_gone=(
        "No place for the value",
        "'{field}' of {type} {id} ({label}) can't be put back: {reason}. Change it by hand.",
    ),
    undo_record_gone=(
        "Record gone",
        "{type} {id} can't be put back: {reason}.",
    ),
    undo_pointed=(
        "Pointed to since",
        "{other} {other_id} points to {type} {id} ({label}) by '{field}'. Re-point or delete that "
        "one first.",
    ),
)
codes(
    422,
    undo_limit=(
        "Too many records to undo",
        "Change set {id} wrote more than undo_limit ({limit}) records, too many to wait for. Let a "
        "job undo it. Run: relatum changes undo --job {id}",
    ),
)
codes(
    409,
    merge_taken=(
        "Taken by another record",
        "Both records have a {type} with {fields} '{value}' (one is {id}, {label}), and there may "
        "be one only. Change or delete one of the two first.",
    ),
    merge_taken_hidden=(
        "Taken by another record",
        "Both records have something with {fields} '{value}' of which there may be one only. Ask "
        "an administrator to merge them.",
    ),
)
codes(
    422,
    merge_nothing=(
        "Nothing to merge",
        "There is nothing to merge into {type} {id}. Name at least one other {type}, each once.",
    ),
    merge_limit=(
        "Too many records to merge",
        "{count} records are more than merge_limit ({limit}) allows to merge at once. Merge some "
        "of them, then the rest.",
    ),
    merge_too_large=(
        "Too much to merge",
        "More than undo_limit ({limit}) records point to those that would be merged, too many for "
        "one change. Re-point some of them first, or raise undo_limit.",
    ),
    merge_refused=(
        "Can't be merged",
        "Records of '{type}' can't be merged: they are people and teams, who did what they did. "
        "Give what they own to somebody else. Run: relatum users disable",
    ),
    merge_source_unknown=(
        "No record of the merge",
        "The value of '{field}' can't come from record {id}, which is not among those to merge "
        "({known}). Name one of them.",
    ),
    merge_no_list=(
        "No list of further values",
        "'{field}' of '{type}' has no list of further values to keep others in. Fields that have "
        "one: {known}.",
    ),
)
codes(
    410,
    record_merged=(
        "Merged into another record",
        "{type} {id} was merged into {type} {merged_into}. Go on with that one.",
    ),
    position_gone=(
        "Changes not kept any more",
        "Changes from position {position} on are not kept any more: the oldest is {oldest}. Read "
        "all records anew, then go on from now.",
    ),
)

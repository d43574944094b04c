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
    410,
    position_gone=(
        "Changes not kept any more",
        "Changes from position {position} on are not kept any more: the oldest is {oldest}. Read "
        "all records anew, then go on from now.",
    ),
)

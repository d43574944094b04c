"""What can be wrong with roles and shares, and what somebody may not do."""

from __future__ import annotations

from .registry import codes

codes(
    403,
    record_forbidden=(
        "Not allowed for this record",
        "You may see {type} {id}, and may not {action} it. Ask its owner or an administrator.",
    ),
    admin_only=(
        "For administrators",
        "Only an administrator says who is one, what lets somebody in, and in which team one is. "
        "Ask one.",
    ),
    assign_forbidden=(
        "Not allowed to assign",
        "You may not give this {type} to another owner or team. Leave owner and team as they are, "
        "or ask an administrator.",
    ),
)
codes(
    404,
    role_unknown=("Unknown role", "There is no role '{role}'.{nearest} Run: relatum roles list"),
    share_unknown=("Unknown share", "There is no share {id}, or you may not see its record."),
)
codes(
    409,
    duplicate_hidden=(
        "Duplicate",
        "{fields} '{value}' is already used by a record that you may not see. Use another value, "
        "or ask an administrator.",
    ),
    still_needed=(
        "Still referenced",
        "Records that you may not see point to this one and restrict deleting it. Ask an "
        "administrator.",
    ),
    role_held=(
        "Role in use",
        "Role '{role}' is held by {users} users and {teams} teams. Take it from them first.",
    ),
)
codes(
    422,
    heir_impossible=(
        "Can't take over",
        "Nothing can be handed over to this user: {reason}. Choose another one.",
    ),
    person_twice=(
        "Person twice",
        "{email} stands there twice. Leave one of them out.",
    ),
    people_column=(
        "Unknown column of people",
        "Column '{column}' is none of {columns}.{nearest} Correct the first line, or leave it out.",
    ),
    people_column_twice=(
        "Column of people twice",
        "Column '{column}' says what another one says, too. Leave one of them out.",
    ),
)

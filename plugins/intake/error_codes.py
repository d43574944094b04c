"""What can be wrong with sharing records out."""

from __future__ import annotations

from relatum import error_codes

error_codes(
    "intake", 409,
    intake_team_empty=(
        "Team has nobody",
        "{team} has no active member that you see, so nobody can be given records. Choose another "
        "team, or put people into it.",
    ),
)  # fmt: skip
error_codes(
    "intake", 422,
    intake_way_unknown=(
        "No such way of sharing out",
        "'{value}' is no way to share records out. Choose one of {possible}.",
    ),
    intake_too_many=(
        "Too many records",
        "{count} records are more than the {limit} that are shared out at once. Send them in "
        "parts.",
    ),
)  # fmt: skip

"""What can be wrong with calling."""

from __future__ import annotations

from relatum import error_codes

error_codes(
    "calling", 409,
    calling_list_inactive=(
        "Call list not active",
        "Call list {id} ({label}) has the status {status}, so nobody is called from it. Make it "
        "active first.",
    ),
    calling_target_over=(
        "Noted already",
        "Call target {id} has the state {state}: somebody has noted the outcome already. Go "
        "on with the next call.",
    ),
    calling_held=(
        "Somebody else calls",
        "Call target {id} is being called by {who} until {until}. Go on with the next call.",
    ),
)  # fmt: skip
error_codes(
    "calling", 422,
    calling_outcome_unknown=(
        "Outcome unknown",
        "'{value}' is no outcome of a call. Possible: {possible}.",
    ),
    calling_outside_hours=(
        "Outside of the calling hours",
        "{moment} is outside of the hours of call list {id} ({label}): {hours}. Choose another "
        "time, or change the hours.",
    ),
    calling_time_past=(
        "Time is past",
        "{moment} is past. Choose a time that is to come.",
    ),
    calling_type_unknown=(
        "Nobody to call",
        "Records of '{type}' can't be put on a call list. Possible: {possible}.",
    ),
    calling_too_many=(
        "Too many at once",
        "More than {limit} records (the setting fill_limit of the plugin calling) would be put on "
        "the list at once. Narrow the filter, or raise the limit.",
    ),
)  # fmt: skip

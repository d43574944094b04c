"""What can be wrong with a change of the data model, or with a purge."""

from __future__ import annotations

from .registry import codes

codes(
    404,
    generation_unknown=(
        "Unknown generation",
        "There is no generation {generation} of the data model. Run: relatum schema log",
    ),
)
codes(
    409,
    generation_of_plugin=(
        "Generation of a plugin",
        "Generation {generation} is what '{plugin}' declared. Disable the plugin, or change what "
        "you want to be different.",
    ),
    plan_stale=(
        "Plan out of date",
        "The data model or the rows it counts have changed since this plan was made. Look at the "
        "new plan and apply that.",
    ),
    plan_blocked=("Plan can't be applied", "{first}"),
    not_in_trash=(
        "Not in the trash",
        "{type} {id} is not in the trash. Delete it first, then purge it.",
    ),
    purge_refused=(
        "Never purged",
        "Records of '{type}' are kept, since history names them. Set active to false instead.",
    ),
    purge_too_soon=(
        "Not in the trash yet",
        "'{what}' goes to the trash in this very plan, and others may still read it. Apply that "
        "first, then purge.",
    ),
    retype_running=(
        "Type is changing",
        "The type of '{what}' is being changed. Wait until that is done, or cancel it.",
    ),
    retype_not_running=(
        "No change of type",
        "'{what}' is not on the way to another type, and has no earlier one in the trash.",
    ),
)
codes(
    422,
    belonging_limit=(
        "More records than a plan may give to others",
        "{count} records of '{type}' would get the owner of what they become parts of, more than "
        "fill_limit ({limit}). Raise that setting until the plan is applied.",
    ),
    fill_limit=(
        "Too many rows to fill",
        "{count} rows exceed fill_limit ({limit}). Answer existing: keep, and fill them in parts.",
    ),
    retype_impossible=(
        "Types do not convert",
        "'{what}' is a {kind} field and can't become {to}. It can become: {known}.",
    ),
    retype_lossy=(
        "Values do not fit",
        "{count} existing values do not fit, the first in record {id}: {first} Answer existing "
        "with {answers}, or change the records first.",
    ),
    model_limit=(
        "Data model too large",
        "{what} would have {count} {things}; {setting} is {limit}. Take some away, or raise it.",
    ),
    columns_spent=(
        "No columns left",
        "The table of '{type}' has had {used} of {limit} columns. Purge what is in its trash, then "
        "run: relatum doctor --compact {type}",
    ),
)

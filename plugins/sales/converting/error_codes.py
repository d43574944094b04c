"""What can be wrong with a conversion."""

from __future__ import annotations

from relatum import error_codes

error_codes(
    "sales", 409,
    sales_lead_converted=(
        "Lead converted already",
        "Lead {id} ({label}) was converted already: {became}. Work on there, or undo that change.",
    ),
    sales_lead_matches=(
        "Records match the lead",
        "Lead {id} ({label}) may be there already: {matches}. Choose one of them, or have new "
        "ones made.",
    ),
    sales_lead_has_deals=(
        "Lead has a deal",
        "Lead {id} ({label}) has a deal, so it is not disqualified. Lose the deal "
        "instead, or delete it first.",
    ),
)  # fmt: skip
error_codes(
    "sales", 422,
    sales_choice_invalid=(
        "Choice unknown",
        "'{value}' can't be chosen for '{name}'. Possible: {possible}.",
    ),
    sales_nothing_made=(
        "Nothing to become",
        "Lead {id} ({label}) has neither a company nor a person's last name to become one. Fill "
        "one in, or choose records that there are.",
    ),
    sales_field_needed=(
        "Field can't be written",
        "{type} needs '{field}', which you may not write. Choose a record that there is, or ask "
        "an administrator.",
    ),
    sales_too_many_leads=(
        "Too many leads",
        "{count} leads are more than the {limit} that are converted at once. Send them in parts.",
    ),
    sales_map_field_unknown=(
        "Mapping names no field",
        "'{line}': {type} has no field '{field}' that can be written. Choose another one.",
    ),
    sales_map_kinds_differ=(
        "Mapping of other kinds",
        "'{line}': a value of kind {kind} does not fit a field of kind {wanted}. Choose another "
        "field.",
    ),
    sales_map_target_twice=(
        "Mapping names a field twice",
        "'{line}': {type}.{field} is filled by another line already. Keep one of them.",
    ),
    sales_map_line_invalid=(
        "Mapping not understood",
        "'{line}' is no line of a mapping. Write FIELD = TYPE.FIELD, or FIELD = TYPE for nowhere.",
    ),
)  # fmt: skip

"""What can be wrong with files that are sent, and with rows that look for their records."""

from __future__ import annotations

from .registry import codes

codes(
    404,
    upload_unknown=("Unknown file", "There is no file {id} that you have sent. Send it again."),
    map_unknown=(
        "Unknown mapping",
        "No mapping of '{type}' is saved as '{name}'.{nearest} "
        "Run: relatum transfer maps list {type}",
    ),
)
codes(
    409,
    map_exists=(
        "Mapping exists",
        "A mapping of '{type}' is already saved as '{name}'. Replace it, or choose another name.",
    ),
)
codes(
    413,
    upload_too_large=(
        "File too large",
        "The file '{name}' is larger than upload_limit ({limit} bytes). Send it in parts.",
    ),
)
codes(
    422,
    upload_empty=("File empty", "The file '{name}' is empty. Choose another one."),
    match_ambiguous=(
        "Several records match",
        "{count} records match by {fields}. Choose fields that name one record.",
    ),
    match_missing=(
        "No record matches",
        "No record of '{type}' matches by {fields}, and none is to be created.",
    ),
)

"""What can be wrong with a form of the desk."""

from __future__ import annotations

from relatum import error_codes

error_codes(
    "desk", 409,
    desk_form_outdated=(
        "Changed meanwhile",
        "Somebody has changed this meanwhile. Save again to have it as here.",
    ),
)  # fmt: skip

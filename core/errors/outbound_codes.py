"""What can be wrong with an address that Relatum is told to connect to, and with its answer."""

from __future__ import annotations

from .registry import codes

codes(
    422,
    address_refused=(
        "Address refused",
        "No connection is made to '{address}': {reason}.",
    ),
)
codes(
    502,
    outbound_failed=(
        "No answer from elsewhere",
        "{host} can't be asked: {reason}. Try again later, or correct the address.",
    ),
)

"""How Klarwerk sold in the last two years: leads, and opportunities week by week."""

from __future__ import annotations

from relatum import Demo

from . import leads, opportunities, talks


def fill(demo: Demo) -> None:
    """Make leads and opportunities, and what they made of accounts."""
    opportunities.fill(demo, leads.fill(demo))
    talks.fill(demo)

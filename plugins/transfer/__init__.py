"""Transfer: files of records come in, checked and in any size, and go out again."""

from __future__ import annotations

from relatum import Plugin, hookimpl, jobs

from .jobs import IMPORT

plugin = Plugin(
    id="transfer",
    name="Transfer",
    version="0.1.0",
    description="Import and export of CSV, XLSX, ODS, JSON and NDJSON, of any size.",
    license="Apache-2.0",
    presets=["desk", "contacts", "sales", "all"],
)


@hookimpl
def relatum_jobs() -> list[jobs.Kind]:
    """Bring the job of an import."""
    return [IMPORT]

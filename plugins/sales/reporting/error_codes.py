"""The refusals of reports."""

from __future__ import annotations

from relatum import error_codes

error_codes(
    "sales", 404,
    sales_report_unknown=(
        "Report unknown", "There is no report '{name}'. Possible: {possible}.",
    ),
    sales_table_unknown=(
        "Table unknown", "The report '{report}' has no table '{name}'. Possible: {possible}.",
    ),
)  # fmt: skip
error_codes(
    "sales", 422,
    sales_report_word=(
        "Not asked by the report",
        "The report '{report}' does not take '{name}'. It takes: {possible}.",
    ),
    sales_period_unknown=(
        "Period unknown",
        "'{value}' is no period. Possible: {possible}, or days with 'from' and 'to'.",
    ),
    sales_period_twice=(
        "Period named twice",
        "Name either a 'period', or days with 'from' and 'to'.",
    ),
    sales_day_invalid=(
        "Day not understood", "'{value}' is no day for '{name}'. Write it like 2026-01-31.",
    ),
    sales_days_reversed=(
        "Period ends before it begins",
        "{first} is after {last}. Name the earlier day first.",
    ),
    sales_day_ahead=(
        "Day still to come", "{value} is still to come. Name a day up to today.",
    ),
    sales_pipeline_unknown=(
        "Pipeline unknown", "There is no pipeline '{value}'. Possible: {possible}.",
    ),
    sales_own_missing=(
        "Nothing of your own",
        "'{value}' means your own {name}, and you have none. Name one, or leave it out.",
    ),
)  # fmt: skip

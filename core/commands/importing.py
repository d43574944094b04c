"""`relatum records import`: a file into a type, and a report that says what was refused and why."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from .. import imports
from ..errors import RelatumError
from .reading import names_in
from .terminal import Instance, json_option, look, pass_instance, print_json

#: Problems that the terminal shows; --rejects and --json give all.
_SHOWN = 20


@click.command("import")
@click.argument("type_name", metavar="TYPE")
@click.argument("file")
@click.option("--map", "map_file", metavar="MAP.json", help="See: relatum help import-maps")
@click.option(
    "--key", metavar="FIELDS", help="Unique key by which records are found, joined by commas."
)
@click.option("--partial", is_flag=True, help="Write the sound rows even if others are refused.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@click.option("--rejects", metavar="FILE", help="Write the refused rows there, with the reasons.")
@json_option
@pass_instance
def import_file(
    instance: Instance,
    type_name: str,
    file: str,
    map_file: str | None,
    key: str | None,
    partial: bool,
    dry_run: bool,
    rejects: str | None,
    as_json: bool,
) -> None:
    """Import a CSV file into a type; exit 3 if rows are refused.

    Columns go to the fields of the same name or label, or where the map says. With a unique key,
    records that exist are updated and a second import changes nothing. One refused row refuses
    the file, unless --partial.

    \b
    Examples:
      relatum records import x_company companies.csv --key name
      relatum records import x_deal deals.csv --map deals.json --dry-run
      relatum records import x_deal deals.csv --map deals.json --partial --rejects refused.csv
    """
    mapping = imports.read_map(map_file) if map_file else imports.ImportMap()
    actor = instance.actor
    with instance.reading():
        pass  # without an instance, that is what is wrong, whatever the file holds
    with _progress() as progress:
        report = imports.run(
            type_name, file, actor=actor, mapping=mapping, key=names_in(key or ""),
            partial=partial, dry_run=dry_run, progress=progress,
        )  # fmt: skip
    if rejects is not None and report.refused_lines:
        _write_rejects(Path(rejects), mapping, report)
    if as_json:
        print_json(report.as_json())
    else:
        _show(report, rejects)
    _end(report)


@contextmanager
def _progress() -> Iterator[imports.Progress | None]:
    """Show how far an import is, on a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    yield lambda stage, rows: click.echo(f"\r{rows:,} rows {stage} ", err=True, nl=False)
    click.echo("\r\033[K", err=True, nl=False)


def _show(report: imports.Report, rejects: str | None) -> None:
    for problem in report.problems[:_SHOWN]:
        click.echo(str(problem))
    if report.problem_count > _SHOWN:
        where = f"see {rejects}" if rejects else "--rejects FILE lists them"
        click.echo(f"… and {report.problem_count - _SHOWN:,} more problems; {where}.")
    would = "" if report.written else "would be "
    nothing = "" if report.written else " Nothing is written."
    skipped = f" {report.skipped:,} left out." if report.skipped else ""
    click.echo(
        f"{report.rows:,} rows of {report.file}: {report.created:,} {would}created, "
        f"{report.updated:,} updated, {report.unchanged:,} unchanged; {report.refused:,} refused."
        f"{skipped}{nothing}"
    )


def _end(report: imports.Report) -> None:
    """Say in one line on standard error what was refused, and end with the status for it."""
    first = str(report.problems[0]) if report.problems else ""
    if report.stopped is not None:
        done = report.created + report.updated + report.unchanged
        raise RelatumError(
            "import_stopped", line=report.stopped, file=report.file, count=done, first=first
        )
    if not report.problem_count:
        return
    written = "the others are written" if report.written else "nothing was written"
    refusal = RelatumError(
        "import_refused", refused=report.refused, rows=report.rows, file=report.file,
        written=written, first=first,
    )  # fmt: skip
    click.echo(f"Error {refusal.code}: {refusal}", err=True)
    look()


def _write_rejects(target: Path, mapping: imports.ImportMap, report: imports.Report) -> None:
    """Write the refused rows as they stood, with their line and what is wrong in front.

    An import leaves columns with an underscore in front out, so the corrected file goes in as
    it is.
    """
    reasons: dict[int, list[str]] = {}
    for problem in report.problems:
        place = f"{problem.column}: " if problem.column else ""
        reasons.setdefault(problem.line, []).append(f"{place}{problem.problem.message}")
    source = imports.Source(report.file, mapping)
    try:
        if target.exists() and target.samefile(source.path):
            raise RelatumError(
                "file_unreadable", path=str(target), reason="is the imported file itself"
            )
        with target.open("w", encoding=source.encoding, newline="") as out:
            writer = csv.writer(out, delimiter=source.delimiter)
            writer.writerow(("_line", "_problem", *source.header))
            for line, cells in source.rows():
                if line in report.refused_lines:
                    writer.writerow((line, " ".join(reasons.get(line, ())), *cells))
    except OSError as error:
        reason = error.strerror or str(error)
        raise RelatumError("file_unreadable", path=str(target), reason=reason) from None

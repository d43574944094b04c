"""`relatum plugins new` and `check`: begin a plugin, and see whether it can be published."""

from __future__ import annotations

from pathlib import Path

import click

from ...version import __version__
from .. import plugin_check, scaffold
from ..plugin_check import ERROR, RULES, WARNING, Report
from .terminal import json_option, print_json


@click.command("new")
@click.argument("name")
@click.option(
    "--entity", "entities", multiple=True, metavar="WORD",
    help="An entity type of its own: card is NAME_card. May be given several times.",
)  # fmt: skip
@click.option(
    "--extends",
    multiple=True,
    metavar="TYPE",
    help="A type of another plugin that it adds fields to. May be given several times.",
)
@click.option("--panel", is_flag=True, help="A panel beside the records, on pages of the desk.")
@click.option(
    "--license", type=click.Choice(scaffold.LICENSES), default=scaffold.LICENSES[0],
    show_default=True, help="Under which licence others may use it; none: not at all.",
)  # fmt: skip
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Where it goes. Default: ./NAME",
)
@json_option
def new(
    name: str,
    entities: tuple[str, ...],
    extends: tuple[str, ...],
    panel: bool,
    license: str,  # noqa: A002  # what the option is called
    folder: Path | None,
    as_json: bool,
) -> None:
    """Write the package of a new plugin, which passes check and conformance as it is.

    NAME is its id: 3 to 30 characters a-z and 0-9. Without --entity and --extends it has one
    type, NAME_item. Needs no instance and no network.

    \b
    Examples:
      relatum plugins new loyalty --entity card
      relatum plugins new loyalty --entity card --extends contact --panel
    """
    asked = scaffold.asked(name, entities=entities, extends=extends, panel=panel, license=license)
    target = folder or Path(asked.id)
    files = scaffold.write(asked, target)
    if as_json:
        print_json({"folder": str(target), "files": [path.as_posix() for path in files]})
        return
    click.echo(f"{target}: {len(files)} files of {asked.distribution}, plugin {asked.id}.")
    click.echo(f"Next: cd {target}, pip install -e '.[test]', relatum plugins check ., pytest")


@click.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--static", is_flag=True, help="Only read it; run nothing of it.")
@click.option("--strict", is_flag=True, help="Fail on warnings, too.")
@click.option("--sarif", is_flag=True, help="Print SARIF 2.1.0, which code hosts read.")
@json_option
def check(path: Path, static: bool, strict: bool, sarif: bool, as_json: bool) -> None:
    """Check a plugin: a project, a wheel, or the folder or file of a plugin.

    Its code is read first. Then it is enabled, disabled and asked for its pages in another
    process, in an instance that is thrown away; it runs with your rights there, so leave that out
    (--static) with code that you do not trust. Exit status 1 if there are errors. Needs no
    instance and no network.

    \b
    Examples:
      relatum plugins check .
      relatum plugins check dist/relatum_loyalty-0.1.0-py3-none-any.whl --strict
      relatum plugins check plugins/loyalty.py --static --json
    """
    report = plugin_check.check(path, static=static)
    if sarif:
        print_json(plugin_check.sarif(report, __version__))
    elif as_json:
        print_json(report.as_json())
    else:
        _print(report)
    if report.count(ERROR) or (strict and report.count(WARNING)):
        click.get_current_context().exit(1)


def _print(report: Report) -> None:
    """Print a line per finding, what to do about each rule, and how many there are."""
    for each in report.findings:
        place = f"{each.path}:{each.line}" if each.line else each.path
        rule = RULES[each.rule]
        click.echo(f"{place}: {rule.level} {rule.id} {rule.name}: {each.message}")
    for rule_id in sorted({each.rule for each in report.findings}):
        click.echo(f"{rule_id}: {RULES[rule_id].fix.replace('`', '')}")
    counted = ", ".join(
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in (
            (report.count(ERROR), "error"),
            (report.count(WARNING), "warning"),
            (len(report.silenced), "allowed finding"),
        )
        if count
    )
    how = "read and tried" if report.tried else "read"
    click.echo(f"{report.plugin} {report.version}, {how}: {counted or 'nothing is wrong'}.")
    if report.findings:
        click.echo("Why, and what to write instead: relatum help checking-plugins")


COMMANDS = (new, check)

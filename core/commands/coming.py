"""`relatum users invite`: people come in by a link, one by one or from a list."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from .. import auth, imports, mail, people
from .. import serve as server
from ..errors import Invalid, Problem, RelatumError
from .terminal import Instance, json_option, pass_instance, print_json, print_table

#: What the result is called in a table.
_TOLD: Final = {
    "new": "would be invited", "known": "is there already", "disabled": "is there, and disabled",
}  # fmt: skip
address_option = click.option(
    "--address", metavar="URL", help="Address people reach this instance by. Default: base_url."
)


def link_base(instance: Instance, address: str | None) -> str:
    """Return what links begin with."""
    base = address or instance.config.base_url or server.address(server.LOOPBACK, server.PORT)
    return base.rstrip("/")


def sign_in_link(instance: Instance, user_id: int, address: str | None) -> str:
    """Return a new one-time link for a user."""
    secret = instance.write(auth.make_link, user_id)
    return f"{link_base(instance, address)}/sign-in/{secret}"


def show_link(instance: Instance, user_id: int, link: str, as_json: bool) -> None:
    """Print a link that works for link_minutes."""
    minutes = instance.config.link_minutes
    if as_json:
        print_json({"id": user_id, "link": link, "minutes": minutes})
        return
    click.echo(link)
    click.echo(f"It works once, within {minutes} minutes.", err=True)


@click.command("invite")
@click.argument("names", metavar="USER|EMAIL...", nargs=-1)
@click.option("--file", "path", metavar="CSV", help="A list of people; - reads standard input.")
@click.option("--name", help="Name of a new user. Default: that of the address.")
@click.option("--team", metavar="TEAM", help="Name or id of the team of new users.")
@click.option("--role", "roles", multiple=True, help="A role of new users. May be repeated.")
@click.option("--admin", is_flag=True, help="New users may do everything.")
@address_option
@click.option("--mail", "by_mail", is_flag=True, help="Mail the link instead of showing it.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@json_option
@pass_instance
def invite(
    instance: Instance,
    names: tuple[str, ...],
    path: str | None,
    address: str | None,
    by_mail: bool,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Make links that sign people in once; they choose a password then.

    Who has no user yet gets one, with a team and roles; all of them, or nobody. A user gets
    another link. The columns of a list are name, email, team, roles and admin.

    \b
    Examples:
      relatum users invite ada@example.org
      relatum users invite ada@example.org --mail
      relatum users invite eve@example.org --name Eve --team North --role member
      relatum users invite --file people.csv --dry-run
    """
    if bool(names) == (path is not None):
        raise click.UsageError("Name users or addresses, or a list by --file.")
    if path is None and not dry_run and len(names) == 1 and not _is_new(instance, names[0]):
        _again(instance, names[0], address, by_mail, as_json)
        return
    if path is not None and any(given.values()):
        raise click.UsageError("With --file the list says name, team, roles and admin.")
    rows, lines = _listed(path) if path is not None else _named(instance, names, given)
    if by_mail:
        _check_mail(instance, address)
    made = _invited(instance, rows, lines, link_base(instance, address), by_mail, dry_run)
    if path is None and not dry_run:
        for each in made:
            if each.status == "known" and each.user is not None:
                each.link = sign_in_link(instance, each.user, address)
    _show(instance, made, lines, by_mail, as_json)


def _is_new(instance: Instance, name: str) -> bool:
    """Say whether a name is an address that no user has."""
    return "@" in name and bool(instance.read(imports.unfound, "user", [name], by="email"))


def _again(
    instance: Instance, name: str, address: str | None, by_mail: bool, as_json: bool
) -> None:
    """Let in a user once more who is there already."""
    user_id = instance.find("user", name)
    if not by_mail:
        show_link(instance, user_id, sign_in_link(instance, user_id, address), as_json)
        return
    if instance.config.mail_server is None:
        raise RelatumError("mail_off")
    _check_mail(instance, address)
    mail_id = instance.write(mail.send_sign_in_link, user_id, link_base(instance, address))
    found = instance.read(mail.get, mail_id)
    if as_json:
        print_json(found)
    else:
        click.echo(f"Mail {mail_id} to {found['address']} waits. See: relatum mail show {mail_id}")


def _check_mail(instance: Instance, address: str | None) -> None:
    if instance.config.mail_server is not None and not (address or instance.config.base_url):
        raise RelatumError("mail_without_base")


def _listed(path: str) -> tuple[list[dict[str, Any]], list[int]]:
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise RelatumError("file_unreadable", path=path, reason=error.strerror) from None
    found = people.listed(data, path)
    return [row for _, row in found], [line for line, _ in found]


def _named(
    instance: Instance, names: Sequence[str], given: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[int]]:
    for name in names:
        if "@" not in name:
            raise click.UsageError(f"Several are invited by their addresses; '{name}' is none.")
    if given["name"] and len(names) > 1:
        raise click.UsageError("--name is for one; a list by --file has a name for each.")
    return [{"email": name, **given} for name in names], [*range(1, len(names) + 1)]


def _invited(
    instance: Instance,
    rows: list[dict[str, Any]],
    lines: list[int],
    base: str,
    by_mail: bool,
    dry_run: bool,
) -> list[people.Invited]:
    """Invite people; say every problem with its line before the command fails."""
    try:
        return instance.write(people.invite, rows, base=base, by_mail=by_mail, dry_run=dry_run)
    except Invalid as error:
        if len(error.problems) > 1:
            for problem in error.problems:
                click.echo(_said(problem, lines), err=True)
        raise


def _said(problem: Problem, lines: list[int]) -> str:
    place = f"line {lines[problem.row]}: " if problem.row is not None else ""
    return f"{place}{problem.field}: {problem.message}"


def _show(
    instance: Instance, made: list[people.Invited], lines: list[int], by_mail: bool, as_json: bool
) -> None:
    if as_json:
        told = [{"line": lines[each.row], **each.as_json()} for each in made]
        print_json({"people": told, "days": instance.config.invitation_days})
        return
    print_table(
        ("line", "name", "email", "result"),
        [(lines[each.row], each.name, each.email, _result(each)) for each in made],
    )
    if by_mail and any(each.link for each in made):
        click.echo("No mail server is set up, so the links are shown. Hand them over.", err=True)
    if any(each.link or each.mail for each in made):
        days, minutes = instance.config.invitation_days, instance.config.link_minutes
        click.echo(f"A link works once, within {days} days.", err=True)
        if any(each.link and each.status == "known" for each in made):
            click.echo(f"For who was there already: within {minutes} minutes.", err=True)


def _result(each: people.Invited) -> str:
    sent = f"mail {each.mail}" if each.mail is not None else ""
    return each.link or sent or _TOLD[each.status]

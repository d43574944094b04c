"""`relatum users`: who is there, who may sign in."""

from __future__ import annotations

import sys
from typing import Any

import click

from .. import auth, imports, mail, records
from .. import serve as server
from ..errors import RelatumError
from .reading import all_options, show_all
from .terminal import Instance, is_terminal, json_option, pass_instance, print_json

_COLUMNS = ("name", "email", "team.name", "admin", "active", "service")


@click.group()
def users() -> None:
    """Show users, add them and let them sign in.

    USER is an id, an e-mail address or a name. Users and teams are records like all others:
    'relatum records update user 7 team=North' moves one, 'relatum records create team name=North'
    makes a team.
    """


@users.command("list")
@all_options
@json_option
@pass_instance
def list_users(instance: Instance, as_json: bool, **options: Any) -> None:
    """List the users.

    \b
    Examples:
      relatum users list
      relatum users list active=false
    """
    options["sort"] = options["sort"] or "name"
    options["fields"] = options["fields"] or ",".join(_COLUMNS)
    show_all(instance, "user", as_json=as_json, **options)


@users.command("add")
@click.argument("name")
@click.option("--email", help="Needed for a user who is to sign in with a password.")
@click.option("--team", metavar="TEAM", help="Name or id of the team.")
@click.option("--admin", is_flag=True, help="May do everything.")
@click.option("--service", is_flag=True, help="No person: a program, which has tokens alone.")
@json_option
@pass_instance
def add(
    instance: Instance, name: str, email: str | None, team: str | None, as_json: bool, **is_: bool
) -> None:
    """Add a user, who may own records at once, and sign in once invited.

    A service never signs in: make it tokens, and give it roles as anybody.

    \b
    Examples:
      relatum users add 'Ada Lovelace' --email ada@example.org --team North
      relatum users add 'Charles Babbage'
      relatum users add 'Web shop' --service
    """
    given = {"name": name, "email": email, "team": team}
    texts = {field: text for field, text in given.items() if text is not None}
    row = {**instance.read(imports.read_values, "user", texts), **is_}
    [outcome] = instance.write(records.create, "user", [row])
    if as_json:
        print_json({"id": outcome.id, "name": name})
        return
    then = f"To let him or her in: relatum users invite {outcome.id}"
    if is_["service"]:
        then = f"To let it in: relatum tokens create NAME --user {outcome.id}"
    click.echo(f"Added user {outcome.id}, {name}. {then}")


@users.command("invite")
@click.argument("user")
@click.option(
    "--address", metavar="URL", help="Address people reach this instance by. Default: base_url."
)
@click.option("--mail", "by_mail", is_flag=True, help="Mail the link instead of showing it.")
@json_option
@pass_instance
def invite(
    instance: Instance, user: str, address: str | None, by_mail: bool, as_json: bool
) -> None:
    """Make a link that signs a user in once; he or she chooses a password then.

    \b
    Examples:
      relatum users invite ada@example.org
      relatum users invite ada@example.org --mail
    """
    user_id = instance.find("user", user)
    if by_mail:
        _mail_link(instance, user_id, address, as_json)
        return
    _show_link(instance, user_id, sign_in_link(instance, user_id, address), as_json)


def _show_link(instance: Instance, user_id: int, link: str, as_json: bool) -> None:
    minutes = instance.config.link_minutes
    if as_json:
        print_json({"id": user_id, "link": link, "minutes": minutes})
        return
    click.echo(link)
    click.echo(f"It works once, within {minutes} minutes.", err=True)


def sign_in_link(instance: Instance, user_id: int, address: str | None) -> str:
    """Return a new one-time link for a user."""
    base = _base(instance, address).rstrip("/")
    return f"{base}/sign-in/{instance.write(auth.make_link, user_id)}"


def _base(instance: Instance, address: str | None) -> str:
    return address or instance.config.base_url or server.address(server.LOOPBACK, server.PORT)


def _mail_link(instance: Instance, user_id: int, address: str | None, as_json: bool) -> None:
    if instance.config.mail_server is None:
        raise RelatumError("mail_off")
    if not (address or instance.config.base_url):
        raise RelatumError("mail_without_base")
    mail_id = instance.write(mail.send_sign_in_link, user_id, _base(instance, address))
    found = instance.read(mail.get, mail_id)
    if as_json:
        print_json(found)
    else:
        click.echo(f"Mail {mail_id} to {found['address']} waits. See: relatum mail show {mail_id}")


@users.command("set-password")
@click.argument("user")
@click.option("--random", "at_random", is_flag=True, help="Make one and show it.")
@json_option
@pass_instance
def set_password(instance: Instance, user: str, at_random: bool, as_json: bool) -> None:
    """Set a user's password and end his or her sessions.

    It is asked for on a terminal, else read from standard input.

    \b
    Examples:
      relatum users set-password ada@example.org
      relatum users set-password ada@example.org --random
    """
    user_id = instance.find("user", user)
    email = instance.read(records.get, "user", user_id)["email"]
    password = auth.random_password() if at_random else _typed()
    hashed = auth.hash_password(password, email=email)
    instance.write(auth.set_password, user_id, hashed)
    if as_json:
        print_json({"id": user_id, "password": password if at_random else None})
        return
    click.echo(f"The password of {user} is {password}" if at_random else f"Set for {user}.")
    if email is None:
        click.echo(
            "It is of no use without an e-mail address. Run: "
            f"relatum records update user {user_id} email=ADDRESS",
            err=True,
        )


def _typed() -> str:
    if is_terminal():
        answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return answer
    return sys.stdin.readline().rstrip("\r\n")


@users.command("reset-password")
@click.argument("user")
@click.option(
    "--address", metavar="URL", help="Address people reach this instance by. Default: base_url."
)
@json_option
@pass_instance
def reset_password(instance: Instance, user: str, address: str | None, as_json: bool) -> None:
    """Make a link by which a user sets a new password, once.

    The old one works until then. With a second factor, its code is asked for afterwards.

    \b
    Example:
      relatum users reset-password ada@example.org
    """
    user_id = instance.find("user", user)
    base = _base(instance, address).rstrip("/")
    link = f"{base}/reset/{instance.write(auth.make_reset, user_id)}"
    _show_link(instance, user_id, link, as_json)


@users.command("reset-second-factor")
@click.argument("user")
@json_option
@pass_instance
def reset_second_factor(instance: Instance, user: str, as_json: bool) -> None:
    """Let in a user who has lost both app and recovery codes, by the password alone.

    His or her sessions end.

    \b
    Example:
      relatum users reset-second-factor ada@example.org
    """
    user_id = instance.find("user", user)
    instance.write(auth.second_factor.reset, user_id)
    if as_json:
        print_json({"id": user_id})
    else:
        click.echo(f"The second factor of {user} is off; the password is enough again.")


@users.command("disable")
@click.argument("names", metavar="USER...", nargs=-1, required=True)
@json_option
@pass_instance
def disable(instance: Instance, names: tuple[str, ...], as_json: bool) -> None:
    """Keep users from signing in, at once; what they own stays theirs.

    \b
    Example:
      relatum users disable ada@example.org
    """
    _switch(instance, names, as_json, active=False)


@users.command("enable")
@click.argument("names", metavar="USER...", nargs=-1, required=True)
@json_option
@pass_instance
def enable(instance: Instance, names: tuple[str, ...], as_json: bool) -> None:
    """Let users in again.

    \b
    Example:
      relatum users enable ada@example.org
    """
    _switch(instance, names, as_json, active=True)


def _switch(instance: Instance, names: tuple[str, ...], as_json: bool, *, active: bool) -> None:
    rows = [{"id": instance.find("user", name), "active": active} for name in names]
    outcomes = instance.write(records.update, "user", rows)
    if as_json:
        print_json([outcome.as_json() for outcome in outcomes])
        return
    for name, outcome in zip(names, outcomes, strict=True):
        now = "is already so" if outcome.status == "unchanged" else "done"
        click.echo(f"{'Enable' if active else 'Disable'} {name} ({outcome.id}): {now}.")

"""`relatum users`: who is there, who may sign in."""

from __future__ import annotations

import sys
from typing import Any

import click

from .. import auth, imports, records
from ..auth import identities
from .coming import address_option, invite, link_base, show_link
from .leaving import disable, enable, sessions
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
@address_option
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
    base = link_base(instance, address)
    link = f"{base}/reset/{instance.write(auth.make_reset, user_id)}"
    show_link(instance, user_id, link, as_json)


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


@users.command("unlink")
@click.argument("user")
@json_option
@pass_instance
def unlink(instance: Instance, user: str, as_json: bool) -> None:
    """Forget who a user is at the sign-in provider; the next one with the address is linked.

    \b
    Example:
      relatum users unlink ada@example.org
    """
    user_id = instance.find("user", user)
    linked = instance.read(identities.list_identities, user_id)
    for each in linked:
        instance.write(identities.unlink, user_id, each["issuer"])
    if as_json:
        print_json({"id": user_id, "unlinked": [each["issuer"] for each in linked]})
        return
    for each in linked:
        click.echo(f"{user} is no longer linked with {each['issuer']}.")
    if not linked:
        click.echo(f"{user} is linked with no sign-in provider.")


for command in (invite, disable, enable, sessions):
    users.add_command(command)

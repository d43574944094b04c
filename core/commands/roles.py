"""`relatum roles` and `relatum access`: what people may do, and why."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import orjson

from ...schemas.roles import RoleChangeSchema
from .. import roles as verbs
from ..errors import RelatumError
from .terminal import Instance, json_option, pass_instance, print_json, print_list

_COLUMNS = ("name", "label", "owner", "users", "teams", "description")
team_option = click.option("--team", is_flag=True, help="WHO is a team, not a user.")


@click.group()
def roles() -> None:
    """Show and change roles, and who holds them.

    A role says what its holders may do with records, by type and action. Several roles add up;
    what no role allows nobody may do, but administrators, who may do everything.
    """


@roles.command("list")
@json_option
@pass_instance
def list_roles(instance: Instance, as_json: bool) -> None:
    """List the roles.

    \b
    Example:
      relatum roles list
    """
    print_list(instance.read(verbs.list_roles), _COLUMNS, as_json)


@roles.command("show")
@click.argument("name")
@json_option
@pass_instance
def show(instance: Instance, name: str, as_json: bool) -> None:
    """Show what a role allows; --json prints it as `set` takes it.

    \b
    Examples:
      relatum roles show member
      relatum roles show member --json
    """
    role = instance.read(verbs.get, name)
    if as_json:
        print_json(role)
        return
    click.echo(f"{role['label']}: {role['description'] or ''}".rstrip(": "))
    for type_name, line in {"all types": role["all_types"], **role["types"]}.items():
        told = (f"{action} {_scope(scope)}" for action, scope in line.items())
        click.echo(f"{type_name}: {', '.join(told) or 'nothing'}")
    for path, rights in role["fields"].items():
        allowed = ", ".join(word for word, given in rights.items() if given)
        click.echo(f"{path}: {allowed or 'hidden'}")
    if role["permissions"]:
        click.echo(f"permissions: {', '.join(role['permissions'])}")


def _scope(scope: Any) -> str:
    return scope if isinstance(scope, str) else orjson.dumps(scope["filter"]).decode()


@roles.command("set")
@click.argument("name")
@click.option("--file", "path", type=click.Path(dir_okay=False), help="JSON; - reads input.")
@click.option("--label", help="What people call it.")
@click.option(
    "--allow", "lines", multiple=True, metavar="TYPE:ACTION=SCOPE",
    help="Allow an action on a type (* for all types): own, team, tree or all. May be repeated.",
)  # fmt: skip
@json_option
@pass_instance
def set_role(
    instance: Instance,
    name: str,
    path: str | None,
    label: str | None,
    lines: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a role or change one; it is obeyed at once.

    \b
    Examples:
      relatum roles set support --label Support --allow '*:read=all' --allow '*:update=team'
      relatum roles show member --json > member.json
      relatum roles set member --file member.json
    """
    given: dict[str, Any] = _read(path) if path is not None else {}
    if label is not None:
        given["label"] = label
    for line in lines:
        _allow(given, line)
    made = instance.write(verbs.save, name, given)
    if as_json:
        print_json(made)
    else:
        click.echo(f"Saved role {made['name']}, {made['label']}.")


def _read(path: str) -> dict[str, Any]:
    try:
        text = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        document = orjson.loads(text)
    except OSError as error:
        raise RelatumError("file_unreadable", path=path, reason=error.strerror) from None
    except orjson.JSONDecodeError as error:
        reason = f"it is not JSON: {error}"
        raise RelatumError("file_unreadable", path=path, reason=reason) from None
    if not isinstance(document, dict):
        raise RelatumError("file_unreadable", path=path, reason="it must hold a JSON object")
    known = RoleChangeSchema()
    told = {"name", "owner", "users", "teams"}
    loaded: dict[str, Any] = known.load({k: v for k, v in document.items() if k not in told})
    return loaded


def _allow(given: dict[str, Any], line: str) -> None:
    type_name, found, rest = line.partition(":")
    action, equals, scope = rest.partition("=")
    if not (found and equals):
        raise click.UsageError(f"--allow takes TYPE:ACTION=SCOPE, not '{line}'.")
    place = given.setdefault("all_types", {})
    if type_name != "*":
        place = given.setdefault("types", {}).setdefault(type_name, {})
    place[action] = scope


@roles.command("drop")
@click.argument("name")
@json_option
@pass_instance
def drop(instance: Instance, name: str, as_json: bool) -> None:
    """Drop a role that nobody holds.

    \b
    Example:
      relatum roles drop support
    """
    instance.write(verbs.drop, name)
    print_json({"dropped": name}) if as_json else click.echo(f"Dropped role {name}.")


@roles.command("held")
@click.argument("who", metavar="WHO")
@team_option
@json_option
@pass_instance
def held(instance: Instance, who: str, team: bool, as_json: bool) -> None:
    """Show the roles of a user or a team.

    \b
    Example:
      relatum roles held ada@example.org
    """
    kind = "team" if team else "user"
    names = instance.read(verbs.held, kind, instance.find(kind, who))
    print_json({"roles": names}) if as_json else click.echo(", ".join(names) or "none")


@roles.command("give")
@click.argument("who", metavar="WHO")
@click.argument("names", metavar="ROLE...", nargs=-1, required=True)
@team_option
@json_option
@pass_instance
def give(instance: Instance, who: str, names: tuple[str, ...], team: bool, as_json: bool) -> None:
    """Give roles to a user, or to everybody in a team, besides those that are held.

    \b
    Examples:
      relatum roles give ada@example.org member
      relatum roles give North manager --team
    """
    _change(instance, who, team, as_json, lambda held: [*held, *names])


@roles.command("take")
@click.argument("who", metavar="WHO")
@click.argument("names", metavar="ROLE...", nargs=-1, required=True)
@team_option
@json_option
@pass_instance
def take(instance: Instance, who: str, names: tuple[str, ...], team: bool, as_json: bool) -> None:
    """Take roles from a user or a team.

    \b
    Example:
      relatum roles take ada@example.org member
    """
    _change(instance, who, team, as_json, lambda held: [n for n in held if n not in names])


def _change(
    instance: Instance,
    who: str,
    team: bool,
    as_json: bool,
    changed: Callable[[list[str]], list[str]],
) -> None:
    kind = "team" if team else "user"
    id_ = instance.find(kind, who)

    def work(*, actor: Any) -> list[str]:
        held = verbs.held(kind, id_, actor=actor)
        return verbs.hold(kind, id_, changed(held), actor=actor)

    names = instance.write(work)
    if as_json:
        print_json({"roles": names})
    else:
        click.echo(f"{who} holds: {', '.join(names) or 'none'}")


@click.group()
def access() -> None:
    """Say who may do what, and why."""


@access.command("why")
@click.argument("user")
@click.argument("action")
@click.argument("type_name", metavar="TYPE")
@click.argument("record_id", metavar="[ID]", type=int, required=False)
@json_option
@pass_instance
def why(
    instance: Instance,
    user: str,
    action: str,
    type_name: str,
    record_id: int | None,
    as_json: bool,
) -> None:
    """Explain whether a user may do something with a record, or with any of a type.

    ACTION is read, create, update, delete, restore, purge, import, export, share, assign or bulk.

    \b
    Example:
      relatum access why ada@example.org update user 1
    """
    user_id = instance.find("user", user)
    found = instance.read(verbs.why, user_id, action, type_name, record_id)
    if as_json:
        print_json(found)
        return
    click.echo("Yes." if found["allowed"] else "No.")
    for reason in found["reasons"]:
        click.echo(f"{'+' if reason['allows'] else '-'} {_told(reason)}")
    for word in ("hidden", "locked"):
        if found[word]:
            click.echo(f"{word}: {', '.join(found[word])}")


def _told(reason: dict[str, Any]) -> str:
    role = f"role {reason['role']}: " if reason["role"] else ""
    return f"{role}{reason['reason']}"


@access.command("who")
@click.argument("type_name", metavar="TYPE")
@click.argument("record_id", metavar="ID", type=int)
@json_option
@pass_instance
def who(instance: Instance, type_name: str, record_id: int, as_json: bool) -> None:
    """Name the users who see a record, each with all that lets him or her.

    \b
    Example:
      relatum access who user 1
    """
    found = instance.read(verbs.who_sees, type_name, record_id)
    if as_json:
        print_json(found)
        return
    for user in found["users"]:
        click.echo(f"{user['label']} ({user['id']})")
        for reason in user["reasons"]:
            click.echo(f"  + {_told(reason)}")
    if found["more"]:
        click.echo(f"Only the first {verbs.MOST_SEEN} are named; there are more.", err=True)

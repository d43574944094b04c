"""`relatum tokens`: bearer tokens for programs."""

from __future__ import annotations

import click

from .. import auth
from ..actor import Actor
from .terminal import Instance, json_option, pass_instance, print_json, print_list

_COLUMNS = ("id", "name", "reads_only", "scope", "created_at", "expires_at", "last_used_at")
user_option = click.option(
    "--user", metavar="USER", help="Whose: an id, an e-mail address or a name. Default: --as."
)


def _scope(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, list[str]] | None:
    """Return {type: actions} of what was typed; None if nothing was."""
    found: dict[str, list[str]] = {}
    for text in given:
        name, colon, actions = (part.strip() for part in text.partition(":"))
        if not name or not colon:
            raise click.BadParameter(f"'{text}' is not TYPE:ACTIONS, such as contact:read,create")
        if name in found:
            raise click.BadParameter(f"'{name}' stands twice. Name its actions once")
        found[name] = [action.strip() for action in actions.split(",") if action.strip()]
    return found or None


@click.group()
def tokens() -> None:
    """Show, make and revoke bearer tokens.

    A token acts as its user: send it as 'Authorization: Bearer TOKEN'.
    """


def _owner(instance: Instance, user: str | None) -> int:
    if user is not None:
        return instance.find("user", user)
    if instance.actor.user_id is None:
        raise click.UsageError("Say whose tokens: --user USER.")
    return instance.actor.user_id


@tokens.command("list")
@user_option
@json_option
@pass_instance
def list_tokens(instance: Instance, user: str | None, as_json: bool) -> None:
    """List a user's tokens, newest first; their texts are not kept.

    \b
    Example:
      relatum tokens list --user ada@example.org
    """
    found = instance.read(auth.list_tokens, _owner(instance, user))
    if not as_json:
        found = [{**each, "scope": _said(each["scope"])} for each in found]
    print_list(found, _COLUMNS, as_json)


def _said(scope: dict[str, list[str]] | None) -> str | None:
    if scope is None:
        return None
    return " ".join(f"{name}:{','.join(actions)}" for name, actions in scope.items())


@tokens.command("create")
@click.argument("name")
@user_option
@click.option("--days", type=int, metavar="N", help="Ends after so many days; default: never.")
@click.option(
    "--scope", "scopes", multiple=True, metavar="TYPE:ACTIONS", callback=_scope,
    help="What it may do with records of a type at most: contact:read,create; '*' is for all "
    "other types. Repeat it for further types.",
)  # fmt: skip
@click.option("--read-only", "reads_only", is_flag=True, help="It may read, and change nothing.")
@json_option
@pass_instance
def create(
    instance: Instance,
    name: str,
    user: str | None,
    days: int | None,
    scopes: dict[str, list[str]] | None,
    reads_only: bool,
    as_json: bool,
) -> None:
    """Make a token and show its text, only this once.

    \b
    Examples:
      relatum tokens create nightly-report --user ada@example.org --days 90 --read-only
      relatum tokens create shop --user ada@example.org --scope contact:read,create
      relatum tokens create mirror --user ada@example.org --scope '*:read' --scope user:
    """
    owner = _owner(instance, user)
    how = {"reads_only": reads_only, "scope": scopes}
    made, text = instance.write(auth.make_token, owner, name, days, **how)
    if as_json:
        print_json({"id": made, "name": name, "token": text})
        return
    click.echo(text)
    click.echo(f"This is token {made}. It is not shown again.", err=True)


@tokens.command("revoke")
@click.argument("ids", metavar="ID...", nargs=-1, required=True, type=int)
@json_option
@pass_instance
def revoke(instance: Instance, ids: tuple[int, ...], as_json: bool) -> None:
    """Take tokens away for good, all or none.

    \b
    Example:
      relatum tokens revoke 3
    """
    instance.write(_revoke, ids)
    if as_json:
        print_json({"revoked": ids})
    else:
        click.echo(f"Revoked {', '.join(map(str, ids))}.")


def _revoke(ids: tuple[int, ...], *, actor: Actor) -> None:
    for token_id in ids:
        auth.revoke_token(token_id, actor=actor)

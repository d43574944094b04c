"""`relatum users disable`, `enable` and `sessions`: people leave, come back, and are signed out."""

from __future__ import annotations

from typing import Any

import click

from .. import auth, people
from ..actor import Actor
from .terminal import Instance, json_option, pass_instance, print_json, print_table


@click.command("disable")
@click.argument("names", metavar="USER...", nargs=-1, required=True)
@click.option("--transfer-to", "heir", metavar="USER", help="Who gets what they own.")
@click.option(
    "--heir", "heirs", metavar="TYPE=USER", multiple=True,
    help="Who gets records of a type instead; TYPE= leaves them. May be repeated.",
)  # fmt: skip
@click.option(
    "--only-open/--all-records", default=True, show_default=True,
    help="What is won, lost or closed stays theirs.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what it ends, and what they own.")
@json_option
@pass_instance
def disable(
    instance: Instance,
    names: tuple[str, ...],
    heir: str | None,
    heirs: tuple[str, ...],
    only_open: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Keep users from signing in, at once; hand over what they own, or let it stay theirs.

    A job hands it over, and 'relatum jobs undo' gives it back.

    \b
    Examples:
      relatum users disable ada@example.org --dry-run
      relatum users disable ada@example.org --transfer-to eve@example.org
      relatum users disable ada@example.org --transfer-to eve@example.org --heir x_deal=7
    """
    ids = [instance.find("user", name) for name in names]
    if dry_run:
        _show_leaving([instance.read(people.leaving, id_) for id_ in ids], as_json)
        return
    asked: dict[str, Any] = {"heirs": _heirs(instance, heirs), "only_open": only_open}
    if heir is not None:
        asked["transfer_to"] = instance.find("user", heir)

    def work(*, actor: Actor) -> list[dict[str, Any]]:
        return [people.disable(id_, actor=actor, **asked) for id_ in ids]

    _show(names, instance.write(work), "Disable", as_json)


def _heirs(instance: Instance, given: tuple[str, ...]) -> dict[str, int | None]:
    made: dict[str, int | None] = {}
    for text in given:
        name, sign, user = text.partition("=")
        if not sign:
            raise click.UsageError(f"--heir takes TYPE=USER, not '{text}'.")
        made[name] = instance.find("user", user) if user else None
    return made


def _show_leaving(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for each in found:
        ends = ", ".join(f"{each[word]} {word}" for word in ("sessions", "links", "tokens"))
        user = each["user"]
        click.echo(f"{user['name']} ({user['id']}): {ends} end.")
        if each["types"]:
            rows = [(t["type"], t["records"], t["open"]) for t in each["types"]]
            print_table(("type", "records", "open"), rows)
        else:
            click.echo("Owns no records.")


def _show(names: tuple[str, ...], done: list[dict[str, Any]], word: str, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    for name, each in zip(names, done, strict=True):
        now = "is already so" if each["status"] == "unchanged" else "done"
        ended = [f"{each[w]} {w}" for w in ("sessions", "links", "tokens") if each.get(w)]
        more = f" Ended: {', '.join(ended)}." if ended else ""
        click.echo(f"{word} {name} ({each['user']}): {now}.{more}")
        if each.get("job") is not None:
            job = each["job"]
            click.echo(f"Job {job} hands over the records. See: relatum jobs show {job}")


@click.command("enable")
@click.argument("names", metavar="USER...", nargs=-1, required=True)
@json_option
@pass_instance
def enable(instance: Instance, names: tuple[str, ...], as_json: bool) -> None:
    """Let users in again: by the password, a new link, and tokens that they have.

    \b
    Example:
      relatum users enable ada@example.org
    """
    ids = [instance.find("user", name) for name in names]

    def work(*, actor: Actor) -> list[dict[str, Any]]:
        return [people.enable(id_, actor=actor) for id_ in ids]

    _show(names, instance.write(work), "Enable", as_json)


@click.command("sessions")
@click.argument("user")
@click.option("--end", metavar="ID", help="End one of them.")
@click.option("--end-all", is_flag=True, help="End all of them, and unused links.")
@json_option
@pass_instance
def sessions(instance: Instance, user: str, end: str | None, end_all: bool, as_json: bool) -> None:
    """Show where a user is signed in with a browser, and sign him or her out.

    \b
    Examples:
      relatum users sessions ada@example.org
      relatum users sessions ada@example.org --end-all
    """
    user_id = instance.find("user", user)
    if end is not None:
        instance.write(auth.end_session, user_id, end)
    if end_all:
        instance.write(auth.end_sessions, user_id)
    found = instance.read(auth.list_sessions, user_id)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("Signed in nowhere.")
    else:
        rows = [(each["id"], each["created_at"], each["expires_at"]) for each in found]
        print_table(("id", "signed in", "ends"), rows)

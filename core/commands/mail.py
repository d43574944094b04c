"""`relatum mail`: what is sent, what became of it, and whether the server takes mail."""

from __future__ import annotations

from typing import Any, Final

import click

from .. import mail as letters
from ..errors import RelatumError
from .terminal import Instance, json_option, look, pass_instance, print_json, print_list

_COLUMNS: Final = ("id", "state", "address", "subject", "attempts", "created_at", "sent_at")
_SHOWN: Final = ("state", "address", "name", "subject", "attempts", "tried_at", "next_at")
_ids = click.argument("mails", metavar="ID...", type=int, nargs=-1)


@click.group()
def mail() -> None:
    """Show outgoing mail, send it again, and test the mail server.

    The server is the setting smtp_url, the sender mail_from. Without them mail is kept.
    """


@mail.command("list")
@click.option("--state", type=click.Choice(letters.STATES), help="Only mails in this state.")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Mails to show."
)
@click.option("--before", type=int, metavar="ID", help="Mails older than this one.")
@json_option
@pass_instance
def list_mails(instance: Instance, as_json: bool, **choice: Any) -> None:
    """List mails, newest first.

    \b
    Examples:
      relatum mail list
      relatum mail list --state failed
    """
    print_list(instance.read(letters.list_mails, **choice), _COLUMNS, as_json)


@mail.command("show")
@click.argument("mail_id", metavar="ID", type=int)
@json_option
@pass_instance
def show(instance: Instance, mail_id: int, as_json: bool) -> None:
    """Show a mail with its text, its state and the last error.

    \b
    Example:
      relatum mail show 7
    """
    found = instance.read(letters.get, mail_id)
    if as_json:
        print_json(found)
        return
    for name in _SHOWN:
        if found[name] is not None:
            click.echo(f"{name}: {found[name]}")
    if found["error"]:
        click.echo(f"{found['error']['code']}: {found['error']['message']}")
    click.echo(f"\n{found['text'] or '(The text held a secret and was forgotten.)'}")


@mail.command("test")
@click.argument("address")
@json_option
@pass_instance
def test(instance: Instance, address: str, as_json: bool) -> None:
    """Send a test mail at once and say what the server says.

    \b
    Example:
      relatum mail test you@example.org
    """
    if instance.config.mail_server is None:
        raise RelatumError("mail_off")
    mail_id = instance.write(letters.send_test, address, queued=False)
    letters.deliver(mail_id, job_id=None)
    found = instance.read(letters.get, mail_id)
    if as_json:
        print_json(found)
    else:
        click.echo(f"{instance.config.mail_server} has taken the mail to {found['address']}.")


@mail.command("retry")
@_ids
@click.option("--failed", is_flag=True, help="All that have failed.")
@json_option
@pass_instance
def retry(instance: Instance, mails: tuple[int, ...], failed: bool, as_json: bool) -> None:
    """Send mails again that failed or were kept; exit 3 if one could not be.

    \b
    Examples:
      relatum mail retry 7
      relatum mail retry --failed
    """
    if failed == bool(mails):
        raise click.UsageError("Name mails by their ids, or say --failed.")
    if failed:
        mails = tuple(each["id"] for each in _failed(instance))
    done, refused = [], []
    for mail_id in mails:
        try:
            done.append(instance.write(letters.retry, mail_id))
        except RelatumError as error:
            refused.append({"id": mail_id, "code": error.code, "message": str(error)})
    if as_json:
        print_json({"waiting": [each["id"] for each in done], "refused": refused})
    else:
        for each in done:
            click.echo(f"Mail {each['id']} to {each['address']} waits.")
        for each in refused:
            click.echo(f"{each['code']}: {each['message']}", err=True)
    if refused:
        look()


def _failed(instance: Instance) -> list[dict[str, Any]]:
    """Return every mail that has failed."""
    found: list[dict[str, Any]] = []
    before = None
    while page := instance.read(letters.list_mails, state="failed", limit=500, before=before):
        found += page
        before = page[-1]["id"]
    return found

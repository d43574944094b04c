"""`relatum demo`: an instance with example data, made if there is none, and served."""

from __future__ import annotations

import shlex
import time
from typing import Final, NamedTuple
from urllib.parse import urlencode

import click

from .. import auth, catalog, clock, query
from .. import demo as story
from .. import serve as server
from ..actor import Actor
from ..errors import RelatumError
from ..install import Installed
from .serve import serving_options
from .terminal import Instance, pass_instance
from .users import sign_in_link

#: Name of the tokens that demo makes, and how long one works.
_LABEL: Final = "demo"
_TOKEN_DAYS: Final = 1
#: What the printed curl asks for, if the instance has the type.
_QUESTION: Final = {
    "stage__category": "open", "_sort": "-amount", "_limit": "5",
    "_fields": "name,amount,company.name",
}  # fmt: skip


class _Keys(NamedTuple):
    """What lets a person in: link and token of an administrator."""

    email: str | None
    link: str
    curl: str
    minutes: int


@click.command()
@serving_options
@pass_instance
def demo(
    instance: Instance, host: str, port: int, workers: int, access_log: bool, jobs: bool
) -> None:
    """Make an instance with example data if there is none, and serve it.

    If the port is taken, the next free one is used. An instance that is there already is served
    as it is.

    \b
    Examples:
      relatum demo
      relatum --home ./try demo --port 9000
    """
    made = _found(instance)
    free = server.free_port(host, port)
    if free != port:
        click.echo(f"Port {port} is in use; this takes {free}.")
    keys = _keys(instance, server.address(host, free))

    def ready() -> None:
        _welcome(server.address(host, free), made, keys)

    server.serve(
        instance.config, host, free, workers, access_log=access_log, jobs=jobs, ready=ready
    )


def _found(instance: Instance) -> Installed | None:
    """Make the instance unless there is one; its password is known only then."""
    home = instance.config.home
    try:
        with instance.reading():
            click.echo(f"Serving the instance in {home}.")
            return None
    except RelatumError as error:
        if error.code != "not_initialised":
            raise
    click.echo(f"==> Make an instance with example data in {home}")
    start = time.monotonic()
    made = story.found()
    click.echo(f"    done in {time.monotonic() - start:.1f} s")
    return made


def _keys(instance: Instance, address: str) -> _Keys:
    admin_id, email, asks_deals = instance.read(_administrator)
    link = sign_in_link(instance, admin_id, address)
    instance.write(_forget_tokens, admin_id)
    _, token = instance.write(auth.make_token, admin_id, _LABEL, _TOKEN_DAYS)
    question = f"x_deal?{urlencode(_QUESTION, safe=',')}" if asks_deals else "user"
    header = shlex.quote(f"Authorization: Bearer {token}")
    curl = f"curl -H {header} '{address}/api/v1/records/{question}'"
    return _Keys(email, link, curl, instance.config.link_minutes)


def _administrator(*, actor: Actor) -> tuple[int, str | None, bool]:
    """Return id and e-mail of the first administrator, and whether the curl can ask for deals."""
    may = {"and": [{"field": n, "op": "eq", "value": True} for n in ("admin", "active")]}
    wanted = {"filter": may, "sort": ["id"], "fields": ["email"], "limit": 1}
    [admin] = query.page(query.from_json("user", wanted), actor=actor).records
    deal = catalog.current().types.get("x_deal")
    asked = {"stage", "name", "amount", "company"}
    return admin["id"], admin["email"], deal is not None and asked <= set(deal.fields)


def _forget_tokens(user_id: int, *, actor: Actor) -> None:
    """Revoke what earlier starts left, once it has ended: another demo may still be running."""
    for token in auth.list_tokens(user_id, actor=actor):
        ends = token["expires_at"]
        if token["name"] == _LABEL and ends is not None and ends <= clock.now():
            auth.revoke_token(token["id"], actor=actor)


def _welcome(address: str, made: Installed | None, keys: _Keys) -> None:
    known = made.password if made else "(not known any more)"
    click.echo(f"\n  Address    {address}")
    click.echo(f"  E-mail     {keys.email or '(none)'}")
    click.echo(f"  Password   {known}")
    click.echo(
        f"  Sign in    {keys.link}\n             (works once, within {keys.minutes} minutes)"
    )
    click.echo(f"  Try        {keys.curl}\n")
    if made is None and keys.email:
        click.echo(f"  A new password: relatum users set-password {keys.email}\n")
    click.echo("Ctrl+C stops it.")

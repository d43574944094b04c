"""`relatum demo`: an instance with example data, made if there is none, and served."""

from __future__ import annotations

import shlex
import time
from typing import Final, NamedTuple
from urllib.parse import urlencode

import click

from .. import auth, catalog, clock, db, query
from .. import demo as story
from .. import serve as server
from ..actor import Actor
from ..errors import RelatumError
from ..install import Installed
from .coming import sign_in_link
from .serve import serving_options
from .terminal import Instance, json_option, look, pass_instance, print_json

#: Name of the tokens that demo makes, and how long one works.
_LABEL: Final = "demo"
_TOKEN_DAYS: Final = 1
#: What is made of an instance that is not there yet: everything that comes with the program.
_PRESET: Final = "all"
#: What the printed curl asks for, if the instance has a type of sales.
_OPEN: Final = "open"


class _Keys(NamedTuple):
    """What lets a person in: link and token of an administrator."""

    email: str | None
    link: str
    curl: str
    minutes: int


@click.command()
@serving_options
@click.option(
    "--preset", default=_PRESET, show_default=True, metavar="NAME",
    help="Plugins of a new instance; bare for types of one's own instead.",
)  # fmt: skip
@click.option("--remove", is_flag=True, help="Delete the example data, and serve nothing.")
@json_option
@pass_instance
def demo(
    instance: Instance,
    host: str,
    port: int,
    workers: int,
    access_log: bool,
    jobs: bool,
    preset: str,
    remove: bool,
    as_json: bool,
) -> None:
    """Make an instance with example data if there is none, and serve it.

    If the port is taken, the next free one is used. An instance that is there already is served
    as it is. --remove puts all example records, users and teams into the trash; what you made
    stays, and what that points to. It says so, and ends with 3.

    \b
    Examples:
      relatum demo
      relatum --home ./try demo --port 9000
      relatum demo --preset bare
      relatum demo --remove
    """
    if remove:
        _remove(instance, as_json=as_json)
        return
    made = _found(instance, preset)
    free = server.free_port(host, port)
    if free != port:
        click.echo(f"Port {port} is in use; this takes {free}.")
    keys = _keys(instance, server.address(host, free))

    def ready() -> None:
        _welcome(server.address(host, free), made, keys)

    server.serve(
        instance.config, host, free, workers, access_log=access_log, jobs=jobs, ready=ready
    )


def _remove(instance: Instance, *, as_json: bool) -> None:
    instance.check()
    done = db.transact(lambda: story.remove(actor=instance.actor), exclusive=True)
    if as_json:
        print_json(done._asdict())
    else:
        for name, count in done.removed.items():
            click.echo(f"{name}: {count} in the trash")
        for name, ids in done.kept.items():
            shown = ", ".join(map(str, ids[:10])) + (", …" if len(ids) > 10 else "")
            click.echo(f"{name}: {len(ids)} stay, since records of yours need them: {shown}")
        if not done.removed and not done.kept:
            click.echo("There is no example data.")
    if done.kept:
        look()


def _found(instance: Instance, preset: str) -> Installed | None:
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
    made = story.found(preset)
    click.echo(f"    done in {time.monotonic() - start:.1f} s")
    return made


def _keys(instance: Instance, address: str) -> _Keys:
    admin_id, email = instance.read(_administrator)
    question = instance.read(_question)
    link = sign_in_link(instance, admin_id, address)
    instance.write(_forget_tokens, admin_id)
    _, token = instance.write(auth.make_token, admin_id, _LABEL, _TOKEN_DAYS)
    header = shlex.quote(f"Authorization: Bearer {token}")
    curl = f"curl -H {header} '{address}/api/v1/records/{question}'"
    return _Keys(email, link, curl, instance.config.link_minutes)


def _administrator(*, actor: Actor) -> tuple[int, str | None]:
    """Return id and e-mail of the first administrator."""
    may = {"and": [{"field": n, "op": "eq", "value": True} for n in ("admin", "active")]}
    wanted = {"filter": may, "sort": ["id"], "fields": ["email"], "limit": 1}
    [admin] = query.page(query.from_json("user", wanted, actor=actor)).records
    return admin["id"], admin["email"]


def _question(*, actor: Actor) -> str:
    """Return what the printed curl asks for: the largest open sales with whom they are with.

    Sales are of the type that has an amount and a choice with open options, and ties most
    together; without one it asks for users.
    """
    found = [
        (len(entity_type.lookups), entity_type.name, asked)
        for entity_type in catalog.current().types.values()
        if (asked := _asked(entity_type)) is not None
    ]
    if not found:
        return "user"
    _, name, asked = max(found)
    return f"{name}?{urlencode(asked, safe=',')}"


def _asked(entity_type: catalog.EntityType) -> dict[str, str] | None:
    own = entity_type.own_fields
    choice = next((f for f in own if any(o.category == _OPEN for o in f.options)), None)
    amount = next((f for f in own if f.kind == "money" and f.sortable), None)
    shown = _title_field(entity_type)
    if choice is None or amount is None or shown is None:
        return None
    fields = [shown, amount.name]
    for link in (f for f in entity_type.lookups if f.kind == "lookup" and f.name != "team"):
        target = _title_field(catalog.current().type(link.target))
        if target is not None:
            fields.append(f"{link.name}.{target}")
            break
    order = {"_sort": f"-{amount.name}", "_limit": "5"}
    return {f"{choice.name}__category": _OPEN, **order, "_fields": ",".join(fields)}


def _title_field(entity_type: catalog.EntityType) -> str | None:
    """Return the field that is a type's title, if it is one alone."""
    names = catalog.title_names(entity_type.title) if entity_type.title else []
    return names[0] if len(names) == 1 else None


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

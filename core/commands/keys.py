"""`relatum keys`: the key ring of encrypted fields."""

from __future__ import annotations

from functools import partial

import click

from .. import access, audit, catalog, db, plugin_host
from .. import keys as ring
from ..actor import Actor
from ..auth import second_factor
from ..records import sealed
from .terminal import Instance, json_option, pass_instance, print_json, print_table


@click.group()
def keys() -> None:
    """Show and change the keys of encrypted fields.

    They lie in keys/ring in the home, or in the setting keys, and in no backup: keep a copy apart.
    """


@keys.command("list")
@json_option
@pass_instance
def list_keys(instance: Instance, as_json: bool) -> None:
    """List the keys by name, and how many values need each.

    \b
    Example:
      relatum keys list
    """
    rows = instance.read(_list)
    if as_json:
        print_json([dict(zip(("key", "state", "values"), row, strict=True)) for row in rows])
    else:
        print_table(("key", "state", "values"), rows)


def _list(*, actor: Actor) -> list[list[object]]:
    counts: dict[str, int] = {}
    for use in sealed.uses(db.current().connection, catalog.current()):
        counts[use.key] = counts.get(use.key, 0) + use.values
    known = ring.ring()
    names = [*known.keys, *sorted(counts.keys() - known.keys.keys())]
    states = {known.current: "current"}
    return [
        [name, states.get(name, "kept" if name in known.keys else "lost"), counts.get(name, 0)]
        for name in names
    ]


@keys.command("rotate")
@json_option
@pass_instance
def rotate(instance: Instance, as_json: bool) -> None:
    """Make a new key and encrypt every value with it, in chunks, while others work.

    Old keys stay in the ring: the history and older backups need them. With the setting keys, put
    the new key first there; then this encrypts every value with it. May be repeated.

    \b
    Example:
      relatum keys rotate
    """
    instance.check()
    current = ring.rotate().current
    moved = 0
    for type_id, field_id in instance.read(_places):
        after: int | None = 0
        while after is not None:
            work = partial(sealed.reseal, type_id, field_id, after, actor=instance.actor)
            count, after = db.transact(work)
            moved += count
    moved += instance.write(_reseal_the_rest)
    if as_json:
        print_json({"key": current, "values": moved})
    else:
        click.echo(f"Key {current} encrypts from now on; {moved} values were encrypted with it.")


def _reseal_the_rest(*, actor: Actor) -> int:
    """Encrypt what is no field: the secrets of second factors and of plugins' settings."""
    access.require(actor, "customise", "keys")
    audit.note("keys_rotated", f"key:{ring.ring().current}", actor=actor)
    return second_factor.reseal() + plugin_host.reseal()


def _places(*, actor: Actor) -> list[tuple[int, int]]:
    return sealed.places()

"""Hooks: what a plugin may add, and what happens if it fails.

A hook is a function below with the mark of its failure policy; a plugin implements it by a
function of the same name with `@hookimpl`. There are few, they take batches, and every argument
is passed by name. `ctx` is a frozen `Context` made for the plugin that is called.

Policies: `collect` hooks run while an application is built, and a plugin that fails is left out
of it; `strict` ones run in the transaction of a write, which a failure undoes; `isolated` ones
run when all is committed, and a failure is logged and hurts nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .marking import COLLECT, ISOLATED, STRICT, Context, spec


@spec(COLLECT)
def relatum_declare(ctx: Context) -> Mapping[str, Any]:
    """Return the entity types of the plugin, and its fields on the types of others.

    Called when a plugin is planned or enabled, never by a worker; in a transaction that the
    plugin does not need. Returns a document as `relatum schema export` writes it:
    `{"types": [...], "extensions": [...]}`, each with fields, keys and views. An exception refuses
    to enable the plugin.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_field_types(ctx: Context) -> Iterable[type]:
    """Return field types: subclasses of a field type that there is, which stores as that does.

    Called when an application is built, outside any transaction. The name (`kind`) begins with
    the plugin's id and an underscore. An exception leaves the plugin out.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_jobs(ctx: Context) -> Iterable[Any]:
    """Return kinds of jobs, as `jobs.Kind`.

    Called when an application is built, outside any transaction. A name begins with the
    plugin's id and an underscore. An exception leaves the plugin out.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_permissions(ctx: Context) -> Iterable[Any]:
    """Return the permissions that the plugin's routes ask for, as `Permission`.

    Called when an application is built, outside any transaction. A name is the plugin's id, a
    dot and a word. An exception leaves the plugin out.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_settings(ctx: Context) -> Any:
    """Return the class of a marshmallow schema of the plugin's settings.

    Called when an application is built, outside any transaction and before every other hook; what
    they are set to is in `ctx.settings` of those. An exception, or a field that can't be a
    setting, leaves the plugin out; so does a value that is wrong or missing, until it is set.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_routes(ctx: Context) -> Any:
    """Return `Routes`: Flask blueprints for pages, mounted at /x/ID, and for the API, /api/x/ID.

    Called when an application is built, outside any transaction. Every view says who may come
    in, by `@requires(...)`. An exception, or a view that does not say, leaves the plugin out.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_commands(ctx: Context) -> Iterable[Any]:
    """Return click commands, run as `relatum ID COMMAND`.

    Called when one of them is asked for, outside any transaction; a command opens its own by
    `reading()` or `transact(...)`. An exception fails the command.
    """
    raise NotImplementedError


@spec(COLLECT)
def relatum_hookspecs(ctx: Context) -> Iterable[Callable[..., Any]]:
    """Return the hooks that the plugin publishes for others: functions marked by `@hookspec`.

    Called when an application is built, outside any transaction. A name begins with the plugin's
    id and an underscore. An exception leaves the plugin out.
    """
    raise NotImplementedError


@spec(STRICT)
def relatum_before_write(batch: Any, ctx: Context) -> None:
    """Look at rows before they are written: set values, or refuse rows.

    Called once per type, operation and batch, in the transaction, after defaults and before the
    rules; `batch` is a `WriteBatch`. Returns nothing. An exception undoes the whole write.
    """
    raise NotImplementedError


@spec(STRICT)
def relatum_rates(wanted: Any, ctx: Context) -> None:
    """Give the rates of other currencies that amounts need which are written.

    Called once per field and batch, in the transaction, after `relatum_before_write`, if there are
    such amounts. `wanted` is a `WantedRates`: for each of its `pairs`, a code and a day, the plugin
    calls `wanted.give(code, day, rate, per)` if it knows the rate. Returns nothing. An exception
    undoes the whole write.
    """
    raise NotImplementedError


@spec(STRICT, backwards=True)
def relatum_after_write(batch: Any, ctx: Context) -> None:
    """See rows that were written, with their ids; write what follows from them.

    Called once per type, operation and batch, in the same transaction; what it writes joins the
    change set. Returns nothing. An exception, or a row refused now, undoes the whole write.
    """
    raise NotImplementedError


@spec(ISOLATED)
def relatum_after_commit(changes: Any, ctx: Context) -> None:
    """Hear of what was committed: a tuple of `Committed`, in the order of the writes.

    Called once per transaction that wrote records, after the commit, in no transaction. Returns
    nothing. An exception is logged with the plugin's id; the write stands.
    """
    raise NotImplementedError


@spec(STRICT)
def relatum_export_person(person: Any, ctx: Context) -> None:
    """Tell what the plugin holds of a person beside records, for the document of his data.

    Called in the transaction of the export; `person` is a `PersonalData`: its `records`, and
    `tell(name, value)` for what is held. Returns nothing. An exception makes no document.
    """
    raise NotImplementedError


@spec(STRICT)
def relatum_erase_person(person: Any, ctx: Context) -> None:
    """Erase what the plugin holds of a person beside records.

    Called in the transaction of the erasure, when the records are erased already; `person` is a
    `PersonalData`: its `records`, and `tell(name, count)` for the certificate. Returns nothing.
    An exception erases nothing.
    """
    raise NotImplementedError


@spec(STRICT, unhurried=True)
def relatum_demo(demo: Any, ctx: Context) -> None:
    """Bring example data for the demonstration, by `demo`, a `Demo`.

    Called once, in the transaction that makes the instance of `relatum demo`, after the plugins
    that this one requires. Returns nothing. An exception makes no instance.
    """
    raise NotImplementedError

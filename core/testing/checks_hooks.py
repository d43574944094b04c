"""Checks of a plugin's hooks: what their failure costs others, and what their work costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import db, plugin_host, records
from ..errors import RelatumError
from ..hooks import COLLECT, ISOLATED, POLICIES, STRICT
from ..hooks.marking import only_of
from ..plugin_host import following
from .bench import Bench, NotAsked, demand, failing
from .client import Client
from .instances import Instance
from .making import Make

_WRITES: Final = frozenset({"relatum_before_write", "relatum_after_write", "relatum_after_commit"})
#: Hooks that are not called while an application is built, nor by a write.
_LATER: Final = frozenset({"relatum_declare", "relatum_commands", "relatum_demo"})
#: Rows that are written of each type, and in one batch.
_ROWS: Final = 10_000
_BATCH: Final = 1_000
#: What they cost without the plugin grows as they do: a fifth of them tells it.
_ROWS_WITHOUT: Final = 2_000
#: Statements more per batch than without the plugin, and how much longer it may take.
MOST_STATEMENTS: Final = 20
MOST_TIMES: Final = 3.0
#: Seconds of the processor for ten thousand rows below which nobody compares.
_FEW_SECONDS: Final = 1.0


def a_hook_that_fails_leaves_the_core_working(bench: Bench) -> None:
    """Make each hook raise in turn: the core serves, and says which plugin it was."""
    active = bench.active
    if not active.hooks:
        raise NotAsked("it implements no hooks")
    told = []
    with bench.fresh() as app:
        make = Make(app)  # one for all: what is unique is another value in each row
        rows = {h: _row(bench, make, h) for h in active.hooks if h in _WRITES}
        for hook in active.hooks:
            with failing(active.module, hook):
                _forget(app)
                told += [f"{hook}: {wrong}" for wrong in _harm(bench, app, hook, rows)]
            _forget(app)
    demand(
        told,
        "a hook that raises harms others",
        "Let exceptions pass: who calls the hook knows what they mean. Keep no state in between.",
    )


def _forget(app: Instance) -> None:
    """Let an instance load its plugins anew, as a process does that has just started."""
    app.app.extensions.pop(following.EXTENSION, None)


def _harm(
    bench: Bench, app: Instance, hook: str, rows: dict[str, tuple[str, Any]]
) -> Iterator[str]:
    """Yield what goes wrong beyond what the policy of a hook says, while it raises."""
    policy = POLICIES.get(hook)
    if hook == "relatum_declare":
        yield from _refused(lambda: app.enable(bench.id), "plugin_unfit", "enabling it")
    elif hook == "relatum_commands":
        yield from _refused(lambda: app.read(plugin_host.commands_of, bench.id), "", "its commands")
    elif hook in _WRITES and policy is not None:
        yield from _written(app, rows[hook], policy.failure)
    with app.served() as application:
        client = Client(app, application).of("Alice")
        for address in ("/api/v1/entity-types", "/api/v1/records/user", "/api/v1/health"):
            status = client.get(address).status_code
            if status != 200:
                yield f"{address} answers {status}"
        if (policy is None or policy.failure == COLLECT) and hook not in _LATER:
            known = bench.active.answers if policy is None else {hook}
            if hook in known and bench.id not in application.newest.loaded.faults:
                yield "the plugin runs on, and nobody is told why a part of it is missing"


def _refused(work: Callable[[], Any], code: str, what: str) -> Iterator[str]:
    """Yield that something was not refused, or not as it should be."""
    try:
        work()
    except RelatumError as error:
        if code and error.code != code:
            yield f"{what} is refused by {error.code}, not by {code}"
    except Exception as error:  # noqa: BLE001  # it was made to fail, and nothing is to come out
        if code:
            yield f"{what} ends in {type(error).__name__}, without a code"
    else:
        yield f"{what} works as if nothing were"


def _row(bench: Bench, make: Make, hook: str) -> tuple[str, dict[str, Any]]:
    """Return a type that a hook of writes hears of, and a row of it."""
    name = next(iter(_heard(bench, [hook])), "team")
    return name, make.row(name)


def _written(app: Instance, wanted: tuple[str, dict[str, Any]], failure: str) -> Iterator[str]:
    """Yield what is wrong with a write while a hook that hears of it raises."""
    name, row = wanted
    before = _count(app, name)
    if failure == STRICT:
        yield from _refused(lambda: app.create(name, row), "hook_failed", f"making a {name}")
        if _count(app, name) != before:
            yield f"a {name} was written all the same"
    elif failure == ISOLATED:
        app.create(name, row)
        if _count(app, name) != before + 1:
            yield f"no {name} was written"


def _count(app: Instance, name: str) -> int:
    table = app.catalog.type(name).table.name
    return int(app.sql(f'SELECT count(*) AS n FROM "{table}"')[0].n)  # the catalog's


def _heard(bench: Bench, hooks: list[str]) -> list[str]:
    """Return the types whose writes some hooks may hear of, its own ones first."""
    module, catalog = bench.active.module, bench.shared.catalog
    narrowed = [only_of(getattr(module, hook)).types for hook in hooks]
    wanted: set[str] = set().union(*narrowed)
    if not all(narrowed):
        wanted |= set(bench.types)
    return [n for n in dict.fromkeys([*bench.types, *sorted(wanted)]) if n in wanted and
            n in catalog.types]  # fmt: skip


# -- what it costs ----------------------------------------------------------------------------
class _Cost(NamedTuple):
    """What writing took: how many batches, statements in all, seconds of the processor in all."""

    batches: int
    statements: int
    seconds: float


def ten_thousand_rows_cost_little_more_than_without_it(bench: Bench) -> None:
    """Check that what hooks ask of the database does not grow with the rows."""
    hooks = [hook for hook in bench.active.hooks if hook in _WRITES]
    types = _heard(bench, hooks) if hooks else []
    if bench.active.field_types:
        types = list(dict.fromkeys([*types, *bench.types]))
    if not types:
        raise NotAsked("nothing of it runs when records are written")
    told = list[str]()
    for name in types:
        with bench.fresh() as app:
            make = Make(app, shared=True)
            rows = _rows(app, name, make, _ROWS)
            with_it = _cost(app, name, rows)
            app.disable(bench.id, cascade=True)
            without = _cost(app, name, _rows(app, name, make, _ROWS_WITHOUT))
            told += _too_much(name, len(rows), with_it, without)
    demand(
        told,
        "writing many records at once costs too much more than without it",
        "Ask once per batch: batch.column(NAME) has a field of all rows, and a query takes `in`.",
    )


def _rows(app: Instance, name: str, make: Make, count: int) -> list[dict[str, Any]]:
    """Return rows of a type; one batch of them where each needs a record of another type."""
    entity_type = app.catalog.type(name)
    alone = {n for key in entity_type.keys for n in key.fields}
    links = [f for f in entity_type.own_fields if f.is_link and f.required]
    each = any(f.unique or f.name in alone for f in links)
    return make.rows(name, _BATCH if each else count)


def _cost(app: Instance, name: str, rows: list[dict[str, Any]]) -> _Cost:
    """Write rows in batches; return the statements that took, and seconds of the processor."""

    def work() -> None:
        for start in range(0, len(rows), _BATCH):
            records.create(name, rows[start : start + _BATCH], actor=app.alice)

    with app.app.app_context(), _counted(db.engine()) as count:
        start = time.process_time()
        db.transact(work)
        return _Cost(-(-len(rows) // _BATCH), len(count), time.process_time() - start)


@contextmanager
def _counted(engine: sa.Engine) -> Iterator[list[str]]:
    """Give the statements that are executed in the block."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *more: Any) -> None:
        seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def _too_much(name: str, rows: int, with_it: _Cost, without: _Cost) -> Iterator[str]:
    times = with_it.batches / without.batches
    more = with_it.statements - round(without.statements * times)
    if more > MOST_STATEMENTS * with_it.batches:
        yield (
            f"{name}: {more} more statements for {rows} rows in {with_it.batches} batches; "
            f"{MOST_STATEMENTS} per batch are allowed"
        )
    seconds = without.seconds * times
    if with_it.seconds > MOST_TIMES * seconds and with_it.seconds - seconds > _FEW_SECONDS:
        yield (
            f"{name}: {with_it.seconds:.1f} s for {rows} rows, {seconds:.1f} s without; "
            f"{MOST_TIMES:.0f} times as long is allowed"
        )


CHECKS = (a_hook_that_fails_leaves_the_core_working,)
#: Those that take seconds.
SLOW = (ten_thousand_rows_cost_little_more_than_without_it,)

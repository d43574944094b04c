"""Change the data model at random while clients write and read; then look for the damage.

    python benchmarks/soak.py --database sqlite --seconds 20
    python benchmarks/soak.py --database postgresql --applies 200

Four worker processes serve six writers (of records and of orders with lines and ties), two readers
and a racer; one administrator applies changes (types, fields, relationships, labels, trash,
restore, unique on and off), another enables and disables a plugin. Ends with status 1 if any
answer was not 2xx without a reason in the log of generations, if the catalog and the database
differ, if an acknowledged write is not there, if a row was written by an old rule, if whoever
toggled the plugin met a worker that did not know, or if the memory of a worker grew.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from statistics import mean

from relatum.benchmarks.soaking import audit
from relatum.benchmarks.soaking.admin import Administrator
from relatum.benchmarks.soaking.clients import Board, Client, Racer, Reader
from relatum.benchmarks.soaking.instance import (
    Instance,
    Memory,
    Workers,
    direct_workers,
    made,
    served,
)
from relatum.benchmarks.soaking.model import Model
from relatum.benchmarks.soaking.toggler import Toggler, put_plugin
from relatum.benchmarks.soaking.wholes import WholeWriter, audit_wholes
from relatum.core import catalog, db

#: How much the last quarter may exceed the second, in resident memory: the data model grows by
#: several fields a second, those in the trash included, and every connection holds its schema.
GROWTH = 1.25
#: Runs with fewer samples (one a second) are mostly warm-up: only a gross leak shows in them.
SETTLED, WARMING = 60, 1.6


def main() -> int:
    """Run a soak and return the exit status."""
    options = _options()
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    random.seed(seed)
    way = "direct" if options.direct else "http"
    print(
        f"soak on {options.database.split(':')[0]}, {way}, {options.workers} workers, seed {seed}",
        flush=True,
    )
    with made(options.database) as instance:
        put_plugin(instance.config)
        start = direct_workers if options.direct else served
        with start(instance, options.workers) as workers:
            board, clients, memory, seconds = _soak(instance, workers, options)
        violations = [*board.failures, *_memory(memory)]
        with instance.app.app_context():
            violations += audit.audit(board)
            with db.reading(timed=False) as tx:
                log = audit.read_log(tx.connection)
                wholes = [each for each in clients if isinstance(each, WholeWriter)]
                violations += audit_wholes(tx.connection, catalog.current(), wholes)
        known = Counter(r.code for r in board.refusals if audit.explained(r, log))
        violations += [f"not explained: {r}" for r in board.refusals if not audit.explained(r, log)]
        _report(board, clients, memory, known, seconds)
    for violation in violations[:20]:
        print(f"VIOLATION {violation}")
    print(f"{len(violations)} violations (seed {seed})")
    return 1 if violations else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, postgresql, or a server's address"
    )
    parser.add_argument(
        "--seconds", type=float, help="run so long; default: until the applies are done"
    )
    parser.add_argument(
        "--applies", type=int, help="changes of the model; default 200, or as many as fit"
    )
    parser.add_argument(
        "--toggles", type=int, help="times to enable or disable a plugin; default as many as fit"
    )
    parser.add_argument(
        "--limit", type=float, default=900, help="end after so many seconds, whatever is left"
    )
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, help="repeat the decisions of an earlier run")
    parser.add_argument("--direct", action="store_true", help="call the verbs, without HTTP")
    return parser.parse_args()


def _soak(
    instance: Instance, workers: Workers, options: argparse.Namespace
) -> tuple[Board, list[Client], Memory, float]:
    assert instance.actor.user_id is not None
    board = Board(Model(), instance.actor.user_id)
    applies = options.applies or (200 if options.seconds is None else 10**9)
    pause = options.seconds / applies / 2 if options.seconds and options.applies else 0.02
    administrator = Administrator("admin", board, workers.door(), applies, pause)
    administrator.found()
    toggles = options.toggles or (0 if options.direct else 10**9)
    clients: list[Client] = [
        *(WholeWriter(f"writer{n}", board, workers.door(), batches=n >= 3) for n in range(6)),
        *(Reader(f"reader{n}", board, workers.door()) for n in range(2)),
        Racer("racer", board, workers.door()),
        administrator,
        Toggler("toggler", board, workers.door(), toggles, pause=0.5),
    ]
    threads = [threading.Thread(target=client.run, daemon=True) for client in clients]
    memory, start = Memory(workers), time.monotonic()
    memory.start()
    for thread in threads:
        thread.start()
    _until_done(board, clients, options, start)
    board.stop.set()
    for thread in threads:
        thread.join(90)
        if thread.is_alive():
            board.fail("a client got no answer for 90 s")
    memory.stop()
    if len(workers.pids()) < options.workers:
        board.fail("a worker died")
    return board, clients, memory, time.monotonic() - start


def _until_done(
    board: Board, clients: list[Client], options: argparse.Namespace, start: float
) -> None:
    administrator, toggler = _administrators(clients)
    wanted = min(options.seconds or options.limit, options.limit)
    while time.monotonic() - start < wanted:
        time.sleep(0.2)
        done = administrator.left <= 0 and (not options.toggles or toggler.left <= 0)
        if len(board.failures) > 50 or (options.seconds is None and done):
            break
    if options.applies and administrator.left > 0:
        board.fail(f"{administrator.left} changes of the model were not made in time")
    if options.toggles and toggler.left > 0:
        board.fail(f"the plugin was toggled {toggler.left} times too few")


def _administrators(clients: list[Client]) -> tuple[Administrator, Toggler]:
    [administrator] = [each for each in clients if isinstance(each, Administrator)]
    [toggler] = [each for each in clients if isinstance(each, Toggler)]
    return administrator, toggler


def _quarters(samples: list[float]) -> tuple[float, float]:
    n = len(samples)
    return mean(samples[n // 4 : n // 2]), mean(samples[-(n // 4) :])


def _memory(memory: Memory) -> Iterator[str]:
    for pid, samples in memory.samples.items():
        if len(samples) >= 12:
            second, last = _quarters(samples)
            if last > (GROWTH if len(samples) >= SETTLED else WARMING) * second:
                yield f"worker {pid} grew from {second:.0f} to {last:.0f} MB"


def _report(
    board: Board, clients: list[Client], memory: Memory, known: Counter[str], seconds: float
) -> None:
    administrator, toggler = _administrators(clients)
    total = sum(board.answers.values())
    print(f"{total} answers in {seconds:.0f} s ({total / seconds:.0f}/s)")
    for what, count in sorted(board.answers.items()):
        print(f"  {what:24} {count:8}   slowest {board.slowest[what.split()[0]]:.2f} s")
    print(f"{administrator.done} changes of the model, the longest {administrator.longest:.2f} s")
    print("  " + ", ".join(f"{what} {n}" for what, n in sorted(administrator.counts.items())))
    print(
        f"a plugin was toggled {toggler.done} times, the longest {toggler.longest:.2f} s; of "
        f"{toggler.looks} looks through any worker {toggler.stale} were stale"
    )
    wholes = sum(len(each.wholes) for each in clients if isinstance(each, WholeWriter))
    print(f"{wholes} orders with lines and ties acknowledged")
    print(f"{len(board.acknowledged)} records acknowledged, {len(board.racer_ids)} by the racer")
    listed = ", ".join(f"{code} {n}" for code, n in sorted(known.items())) or "none"
    print(f"refusals of the racer that the log explains: {listed}")
    for pid, samples in sorted(memory.samples.items()):
        if len(samples) >= 4:
            second, last = _quarters(samples)
            print(
                f"  worker {pid}: {second:.0f} MB in the second quarter, {last:.0f} MB in the last "
                f"({last / second:.2f})"
            )


if __name__ == "__main__":
    sys.exit(main())

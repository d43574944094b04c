"""Another type for a field of a large table, and its purge, while others write and read."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final

from relatum.benchmarks.instance import Instance, grown
from relatum.benchmarks.report import Figure, Say, clock
from relatum.core import catalog, db, entities, records

#: Seconds that no writer may wait, and no chunk may take.
STALL: Final = 1.0
_FIELD: Final = "city"


class Others:
    """People who write and read meanwhile: how long each took, and what failed."""

    def __init__(self, instance: Instance, name: str) -> None:
        self.instance, self.name = instance, name
        self.taken: list[float] = []
        self.failed: list[str] = []
        self.over = threading.Event()
        with instance.reading() as tx:
            table = catalog.current().type(name).table
            self.ids = list(
                tx.connection.execute(
                    table.select().with_only_columns(table.c.id).limit(5_000)
                ).scalars()
            )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let two write and one read inside the block."""
        acts = (self._write, self._write, self._read)
        threads = [threading.Thread(target=self._work, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _work(self, act: Callable[[int], object]) -> None:
        while not self.over.is_set():
            start = perf_counter()
            try:
                act(random.choice(self.ids))
            except Exception as error:  # whatever it is, it is what is counted
                self.failed.append(repr(error))
            self.taken.append(perf_counter() - start)
            self.over.wait(0.005)

    def _write(self, id_: int) -> None:
        row = {"id": id_, "last_name": f"Name {random.randint(0, 10**6)}"}
        self.instance.write(records.update, self.name, [row])

    def _read(self, id_: int) -> None:
        with self.instance.reading():
            records.get(self.name, id_, actor=self.instance.actor)


def measure(instance: Instance, size: int, say: Say) -> list[Figure]:
    """Make `city` a choice in a type of `size` records, then purge the text that it was."""
    name = grown(instance, size)
    others = Others(instance, name)
    here = {"type": name, "field": _FIELD}
    retype: dict[str, Any] = {"op": "retype_field", **here, "kind": "choice"}
    with others.at_work():
        with instance.reading():
            planned = clock(lambda: entities.plan([retype], actor=instance.actor))
        begun = clock(lambda: instance.apply(retype))
        say(f"  planned {planned:.2f} s, begun {begun:.2f} s")
        chunks = _convert(instance, name)
        switched = clock(lambda: instance.apply({"op": "finish_retype", **here}))
        say(f"  {len(chunks)} chunks, {sum(chunks):.1f} s; switched {switched:.2f} s")
        purged = clock(lambda: instance.apply({"op": "purge_field", **here}))
    longest, failed = max(others.taken), len(others.failed)
    for reason in others.failed[:3]:
        say(f"  failed: {reason}")
    case = f"of {size:,} records, while others write"
    value = max(longest, *chunks) if not failed else STALL + 1
    return [
        Figure(f"another type for a field {case}: all", f"{sum(chunks) + begun + switched:.1f} s"),
        Figure(f"the same: longest chunk, of {len(chunks)}", f"{max(chunks):.2f} s"),
        Figure("the same: plan, begin, switch", f"{planned:.2f}, {begun:.2f}, {switched:.2f} s"),
        Figure(f"purge a field {case}", f"{purged:.2f} s"),
        Figure(
            f"the others meanwhile, {len(others.taken):,} requests: longest",
            f"{longest:.2f} s", "", value, f"{longest:.2f} s, {failed} failed", STALL,
        ),
    ]  # fmt: skip


def _convert(instance: Instance, name: str) -> list[float]:
    """Do what the job does, and return how long each chunk took."""
    chunks: list[float] = []
    filled, limit = False, 500

    def chunk() -> None:
        nonlocal filled
        filled = db.transact(lambda: entities.advance(name, _FIELD, limit)).filled

    with instance.app.app_context():
        while not filled:
            chunks.append(clock(chunk))
            limit = entities.pace(limit, chunks[-1])
    return chunks

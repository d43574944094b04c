"""Writers of wholes: orders with their lines and with ties to firms, and the audit of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from relatum.core.catalog import Catalog

from .clients import Board, Writer
from .doors import Door

WHOLE, PART, TIE = "x_order", "x_item", "x_tie"
#: Orders that a writer keeps changing; older ones rest.
_KEPT = 100
_SHOWN = 5


@dataclass
class Line:
    """A line of an order; `id` is None until it was read back."""

    product: str
    amount: int
    id: int | None = None

    def sent(self) -> dict[str, Any]:
        """Return the line as it is sent."""
        known = {} if self.id is None else {"id": self.id}
        return {**known, "product": self.product, "amount": self.amount}


@dataclass
class Whole:
    """What a writer was told of an order."""

    id: int
    version: int
    lines: list[Line]
    firms: set[int] = field(default_factory=set)
    trashed: bool = False


class WholeWriter(Writer):
    """A writer that also makes, changes, ties, trashes and restores orders of its own."""

    def __init__(self, name: str, board: Board, door: Door, *, batches: bool) -> None:
        super().__init__(name, board, door, batches=batches)
        self.wholes: list[Whole] = []

    def step(self) -> None:
        if random.random() < 0.75:
            return super().step()
        live = [whole for whole in self.wholes[-_KEPT:] if not whole.trashed]
        if not live:
            return self.make()
        verb = random.choices((self.edit, self.tie, self.drop, self.find), (5, 3, 1, 2))[0]
        verb(random.choice(live))
        return self.make() if random.random() < 0.5 else None

    def lines(self, count: int) -> list[Line]:
        """Return new lines."""
        return [Line(self.code(), random.randint(0, 9)) for _ in range(count)]

    def make(self) -> None:
        lines = self.lines(random.randint(0, 5))
        sent = [line.sent() for line in lines]
        row = {"code": self.code(), "firm": self.board.firms.any(), "lines": sent}
        reply = self.ask("create", WHOLE, row=row)
        if reply.fine:
            whole = Whole(reply.body["id"], reply.body["version"], lines)
            self.wholes.append(whole)
            self.read_back(whole)

    def edit(self, whole: Whole) -> None:
        """Send the whole list: some lines left out, some changed, new ones, in another order."""
        kept = random.sample(whole.lines, random.randint(0, len(whole.lines)))
        changed = [Line(each.product, random.randint(0, 9), each.id) for each in kept]
        lines = [*changed, *self.lines(random.randint(0 if kept else 1, 2))]
        random.shuffle(lines)
        same = [each.sent() for each in lines] == [each.sent() for each in whole.lines]
        row = {"lines": [line.sent() for line in lines]}
        reply = self.ask("change", WHOLE, id=whole.id, version=whole.version, row=row)
        if reply.fine:
            self.expect(whole, reply.body["version"], whole.version + (not same))
            whole.lines = lines
            self.read_back(whole)

    def expect(self, whole: Whole, found: int, wanted: int) -> None:
        if found != wanted:
            self.board.fail(f"{self.name}: order {whole.id} has version {found}, not {wanted}")
        whole.version = found

    def tie(self, whole: Whole) -> None:
        firm = self.board.firms.any()
        if firm is None or firm in whole.firms:
            return
        if self.ask("create", TIE, row={"order": whole.id, "firm": firm, "role": "buyer"}).fine:
            whole.firms.add(firm)

    def drop(self, whole: Whole) -> None:
        """Trash an order; what belongs to it goes along, and mostly comes back."""
        if not self.ask("remove", WHOLE, id=whole.id, version=whole.version).fine:
            return
        whole.version += 1
        whole.trashed = True
        if random.random() < 0.7:
            reply = self.ask("restore", WHOLE, id=whole.id)
            if reply.fine:
                whole.trashed = False
                self.expect(whole, reply.body["version"], whole.version + 1)
                self.read_back(whole)

    def read_back(self, whole: Whole) -> None:
        """Read an order with its lists, through whatever worker, and learn the ids of lines."""
        reply = self.ask("read", WHOLE, id=whole.id, query=[("_expand", "lines,ties")])
        if not reply.fine:
            return
        self.expect(whole, reply.body["version"], whole.version)
        found = reply.body["lines"]
        wanted = [(line.product, line.amount, n) for n, line in enumerate(whole.lines, 1)]
        told = [(line["product"], line["amount"], line["position"]) for line in found]
        ties = {tie["firm"] for tie in reply.body["ties"]}
        if told != wanted or ties != whole.firms:
            self.board.fail(
                f"{self.name}: order {whole.id} reads {told} {ties}, not {wanted} {whole.firms}"
            )
        for line, each in zip(whole.lines, found, strict=False):
            line.id = each["id"]

    def find(self, whole: Whole) -> None:
        """Ask for orders by what points to them; the answer must be this one, or none."""
        product = whole.lines[0].product if whole.lines else "none"
        has = {"has": "lines", "where": {"field": "product", "value": product}}
        tied = {"has": "ties"} if whole.firms else {"not": {"has": "ties"}}
        wanted = {"and": [{"field": "id", "value": whole.id}, tied, has]}
        reply = self.ask("query", WHOLE, row={"filter": wanted, "fields": ["id"]})
        if reply.fine and len(reply.body["records"]) != bool(whole.lines):
            self.board.fail(f"{self.name}: order {whole.id} was not found by {wanted}")


def audit_wholes(
    connection: sa.Connection, known: Catalog, writers: Iterable[WholeWriter]
) -> Iterator[str]:
    """Yield what is not as acknowledged: orders, their lines in order, their ties."""
    order, item, tie = (known.type(name).table for name in (WHOLE, PART, TIE))
    stored = {
        row.id: (row.version, row.trashed_at is not None)
        for row in connection.execute(sa.select(order.c.id, order.c.version, order.c.trashed_at))
    }
    lines: dict[int, list[tuple[Any, ...]]] = {}
    alive = sa.select(item).where(item.c.trashed_at.is_(None)).order_by(item.c.position)
    for row in connection.execute(alive):
        lines.setdefault(row.order, []).append((row.id, row.product, row.amount))
    ties: dict[int, set[int]] = {}
    for row in connection.execute(sa.select(tie).where(tie.c.trashed_at.is_(None))):
        ties.setdefault(row.order, set()).add(row.firm)
    wrong = []
    for whole in (whole for writer in writers for whole in writer.wholes):
        there = [(line.id, line.product, line.amount) for line in whole.lines]
        wanted: tuple[Any, ...] = (there, whole.firms) if not whole.trashed else ([], set())
        found = (lines.pop(whole.id, []), ties.pop(whole.id, set()))
        state = stored.pop(whole.id, None)
        if state != (whole.version, whole.trashed) or found != wanted:
            wrong.append(f"order {whole.id} is {state} {found}, acknowledged was {whole}")
    wrong += [f"order {id_} was never acknowledged" for id_ in (*stored, *lines, *ties)]
    yield from wrong[:_SHOWN]
    if len(wrong) > _SHOWN:
        yield f"… and {len(wrong) - _SHOWN} more orders"

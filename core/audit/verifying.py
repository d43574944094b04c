"""Verifying the chain: which rows of history and of the log are no longer what was sealed."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import access, db, keys
from ..actor import Actor
from ..errors import RelatumError
from ..languages import Phrase
from . import sealing
from .noting import ENTRIES
from .sealing import CHANGE_SET, ENTRY, HEAD, SEALS, SPARED, Rows

#: Findings that are named; the rest is counted.
MOST_FINDINGS: Final = 100
_PIECE: Final = 500


@dataclass(slots=True)
class Verdict:
    """What verifying came to: what was looked at, where the chain ends, and what is wrong.

    `erased` counts rows whose content was erased on purpose; `head` is [number, chain], which one
    may write down elsewhere and compare later.
    """

    change_sets: int = 0
    changes: int = 0
    entries: int = 0
    erased: int = 0
    unsealed: dict[str, int] = field(default_factory=dict)
    head: tuple[int, str] = (0, "")
    #: Seals by keys that the ring does not have: their digests are verified, their chain is not.
    lost_keys: dict[str, int] = field(default_factory=dict)
    findings: list[Phrase] = field(default_factory=list)
    more: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def found(self, told: Phrase) -> None:
        """Note what is wrong."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(told)
        else:
            self.more += 1

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return {
            "sound": self.sound, "change_sets": self.change_sets, "changes": self.changes,
            "entries": self.entries, "erased": self.erased, "unsealed": self.unsealed,
            "head": {"number": self.head[0], "chain": self.head[1]},
            "lost_keys": self.lost_keys, "findings": [*self.findings], "more": self.more,
        }  # fmt: skip


def verify(*, actor: Actor, head: str | None = None) -> Verdict:
    """Compare all that is sealed with its seals, in the open transaction.

    `head` is NUMBER:CHAIN, where the chain ended once: it must lead through there. Raises
    `bad_parameter`, `forbidden`.
    """
    access.require(actor, "verify", "the audit log")
    verdict = _Verifying().done()
    if head is not None:
        _through(head, verdict)
    return verdict


def _through(head: str, verdict: Verdict) -> None:
    number, _, chain = head.partition(":")
    if not (number.isdecimal() and len(number) < 17 and chain):
        reason = "it must be NUMBER:CHAIN, as verifying says where the chain ends"
        raise RelatumError("bad_parameter", name="head", reason=reason)
    query = sa.select(SEALS.c.chain).where(SEALS.c.number == int(number))
    if db.current().connection.execute(query).scalar() != chain:
        verdict.found(Phrase("the chain does not lead through {head} any more", head=head[:80]))


class _Verifying:
    """One walk along the chain."""

    def __init__(self) -> None:
        self.verdict, self.ring = Verdict(), keys.ring().keys
        self.number, self.before, self.position = 0, "", 0
        #: Rows without a salt, as (word of an erasure, id).
        self.spared: list[tuple[str, int]] = []
        #: Change sets that were read ahead, by position.
        self.ahead: dict[int, Rows] = {}

    def done(self) -> Verdict:
        while piece := self._piece():
            ids = [row.ref for row in piece if row.kind == ENTRY]
            entries = {each.ref: each for each in sealing.log_entries(ENTRIES.c.id.in_(ids))}
            for row in piece:
                self._link(row)
                found = entries.get(row.ref) if row.kind == ENTRY else self._change_set(row.ref)
                self._rows(row, found)
        self._left_out()
        self._erasures()
        self.verdict.unsealed = sealing.unsealed()
        self.verdict.head = (self.number, self.before)
        return self.verdict

    def _piece(self) -> list[Any]:
        query = sa.select(SEALS).where(SEALS.c.number > self.number).order_by(SEALS.c.number)
        return list(db.current().connection.execute(query.limit(_PIECE)))

    def _link(self, row: Any) -> None:
        """Look at one link of the chain itself."""
        if row.number != self.number + 1:
            self.verdict.found(
                Phrase("seal {number} is gone from the chain", number=self.number + 1)
            )
        key = self.ring.get(row.key)
        if key is None:
            self.verdict.lost_keys[row.key] = self.verdict.lost_keys.get(row.key, 0) + 1
        else:
            made = sealing.chain(key, self.before, row.number, row.kind, row.ref, row.digests)
            if not hmac.compare_digest(made, row.chain):
                told = Phrase(
                    "seal {number} does not follow from the one before", number=row.number
                )
                self.verdict.found(told)
        self.number, self.before = row.number, row.chain

    def _change_set(self, position: int) -> Rows | None:
        if position not in self.ahead:
            self.ahead = {rows.ref: rows for rows in sealing.change_sets(position - 1)}
        return self.ahead.get(position)

    def _rows(self, row: Any, found: Rows | None) -> None:
        """Compare the rows that a seal covers with its digests."""
        if row.kind == CHANGE_SET:
            self.position = max(self.position, row.ref)
            self.verdict.change_sets += 1
        else:
            self.verdict.entries += 1
        if found is None:
            told = Phrase("entry {id} of the log is gone", id=row.ref)
            if row.kind == CHANGE_SET:
                told = Phrase("the change set at position {ref} is gone", ref=row.ref)
            self.verdict.found(told)
            return
        kept = sealing.unpack(row.digests)
        salts = dict(zip(kept, sealing.salts(row.salt, list(kept)), strict=True))
        for id_, sealed in kept.items():
            self._row(found, id_, sealed, salts[id_])
        for id_ in found.texts.keys() - kept.keys():
            self.verdict.found(Phrase("{row} was added by hand", row=_named(found, id_)))

    def _row(self, found: Rows, id_: int, sealed: bytes, salt: bytes) -> None:
        text = found.texts.get(id_)
        self.verdict.changes += id_ != HEAD
        if text is None:
            told = Phrase("change {id}, at position {ref}, is gone", id=id_, ref=found.ref)
            self.verdict.found(told)
        elif salt == SPARED:
            self.verdict.erased += 1
            self.spared.append(("entries", found.ref) if id_ == HEAD else ("changes", id_))
        elif not hmac.compare_digest(sealing.digest(salt, text), sealed):
            self.verdict.found(Phrase("{row} is not what was sealed", row=_named(found, id_)))

    def _left_out(self) -> None:
        """Find change sets and entries that should have a seal and have none."""
        seals, sets = SEALS.c, sealing.SETS.c
        own = sa.exists().where(seals.kind == CHANGE_SET, seals.ref == sets.position)
        query = sa.select(sets.position).where(sets.position <= self.position, ~own)
        connection = db.current().connection
        for position in connection.execute(query.limit(MOST_FINDINGS)).scalars():
            told = Phrase("the seal of the change set at position {ref} is gone", ref=position)
            self.verdict.found(told)
        theirs = sa.exists().where(
            seals.kind == ENTRY, seals.ref == ENTRIES.c.id, seals.number == ENTRIES.c.seal
        )
        query = sa.select(ENTRIES.c.id).where(ENTRIES.c.seal.is_not(None), ~theirs)
        for id_ in connection.execute(query.limit(MOST_FINDINGS)).scalars():
            self.verdict.found(Phrase("the seal of entry {id} of the log is gone", id=id_))

    def _erasures(self) -> None:
        """Find rows whose salt was taken away although the log tells of no such erasure."""
        known = set(erased())
        for word, id_ in self.spared:
            if (word, id_) not in known:
                row = Phrase("change {id}", id=id_)
                if word == "entries":
                    row = Phrase("entry {id} of the log", id=id_)
                self.verdict.found(Phrase("{row} was erased, and the log does not say so", row=row))


def erased() -> Iterator[tuple[str, int]]:
    """Yield the changes and entries that the log says were erased: (changes or entries, id)."""
    query = sa.select(ENTRIES.c.after).where(ENTRIES.c.event == "person_erased")
    for text in db.current().connection.execute(query).scalars():
        told = orjson.loads(text or "{}")
        for word in ("changes", "entries"):
            for first, final in told.get(word, ()):
                yield from ((word, id_) for id_ in range(first, final + 1))


def _named(found: Rows, id_: int) -> Phrase:
    """Return what a row is called."""
    if found.kind == ENTRY:
        return Phrase("entry {id} of the log", id=found.ref)
    if id_ == HEAD:
        return Phrase("the change set at position {ref}", ref=found.ref)
    _, change_set, record, op, *_ = orjson.loads(found.texts[id_])
    return Phrase(
        "change {id} of change set {set} ({op} of record {record})",
        id=id_, set=change_set, op=op, record=record,
    )  # fmt: skip

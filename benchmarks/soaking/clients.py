"""The clients: six writers that remember what was acknowledged, two readers, one racer."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .doors import Door, Reply
from .model import STEADY_FIELDS, FieldUse, Firms, Model, value_for

BATCH = 50
#: Records that a writer keeps changing; older ones rest.
KEPT = 2000


@dataclass
class Acknowledged:
    """What a writer was told of a record: its version, values, and whether it is in the trash."""

    version: int
    values: dict[str | FieldUse, Any]
    trashed: bool = False


@dataclass
class Refusal:
    """A refusal that the racer met, to be explained by the log of generations.

    `names` are the fields blamed; none if the type itself was asked for.
    """

    code: str
    type_name: str
    names: tuple[str, ...]
    #: Newest generation that was acknowledged before the description was asked for.
    known: int
    at: datetime


@dataclass
class Board:
    """What all clients share: the model, results, and the word to stop."""

    model: Model
    user_id: int
    firms: Firms = field(default_factory=Firms)
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: dict[tuple[str, int], Acknowledged] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    racer_ids: list[int] = field(default_factory=list)
    #: Newest generation whose apply was acknowledged.
    generation: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, text: str) -> None:
        """Note something that must not happen."""
        with self._lock:
            self.failures.append(text)

    def count(self, verb: str, reply: Reply, seconds: float) -> None:
        """Count an answer."""
        with self._lock:
            self.answers[f"{verb} {reply.status}"] += 1
            self.slowest[verb] = max(self.slowest.get(verb, 0.0), seconds)


class Client:
    """One thread with a door of its own."""

    def __init__(self, name: str, board: Board, door: Door) -> None:
        self.name, self.board, self.door = name, board, door
        self.serial = 0

    def run(self) -> None:
        """Work until told to stop; whatever is raised is a failure."""
        try:
            while not self.board.stop.is_set():
                self.step()
        except Exception:
            self.board.fail(f"{self.name} crashed: {traceback.format_exc()}")

    def step(self) -> None:
        """Send one request, or a few that belong together."""
        raise NotImplementedError

    def ask(
        self, verb: str, type_name: str = "", *, lenient: bool = False, **arguments: Any
    ) -> Reply:
        """Send a request; without `lenient` a refusal is a failure."""
        start = time.monotonic()
        reply = self.door(verb, type_name, **arguments)
        self.board.count(verb, reply, time.monotonic() - start)
        if not reply.fine and not lenient:
            sent = repr(arguments)[:300]
            self.board.fail(
                f"{self.name}: {verb} {type_name} → {reply.status} {reply.body!r:.1500} for {sent}"
            )
        return reply

    def code(self) -> str:
        """Return a key that no record has."""
        self.serial += 1
        return f"{self.name}-{self.serial}"


class Writer(Client):
    """Creates, changes, trashes and restores records of its own, singly or in batches."""

    def __init__(self, name: str, board: Board, door: Door, *, batches: bool) -> None:
        super().__init__(name, board, door)
        self.mine: dict[str, list[int]] = {}
        self.batches = batches

    def step(self) -> None:
        steady = random.random() < 0.75
        with self.board.model.borrow(
            random.choice(tuple(STEADY_FIELDS)) if steady else None
        ) as lent:
            if lent is None:
                return
            found, fields = lent
            kinds: dict[str | FieldUse, str] = {f: f.kind for f in fields}
            kinds.update(STEADY_FIELDS.get(found.name, {"code": "code"}))
            self._steps()(found.name, kinds)

    def _steps(self) -> Callable[[str, dict[str | FieldUse, str]], None]:
        if self.batches:
            return random.choice((self.insert_many, self.change_many, self.upsert_many))
        return random.choices((self.insert, self.change, self.trash), (5, 5, 1))[0]

    def values(
        self, kinds: dict[str | FieldUse, str], *, keep_code: bool
    ) -> dict[str | FieldUse, Any]:
        """Return new values for fields."""
        made: dict[str | FieldUse, Any] = {}
        for each, kind in kinds.items():
            if kind != "code":
                made[each] = value_for(kind, self.board.firms, self.board.user_id)
            elif not keep_code:
                made[each] = self.code()
        return made

    def own(self, type_name: str, count: int = 1) -> list[int]:
        """Return some of the writer's live records."""
        ids = self.mine.get(type_name, [])[-KEPT:]
        known = self.board.acknowledged
        picked = random.sample(ids, min(count, len(ids)))
        return [id_ for id_ in picked if not known[type_name, id_].trashed]

    def note(
        self, type_name: str, id_: int, version: int, values: dict[str | FieldUse, Any]
    ) -> None:
        """Remember what was acknowledged; a version must follow the one before."""
        known = self.board.acknowledged.get((type_name, id_))
        if known is None:
            self.board.acknowledged[type_name, id_] = Acknowledged(version, dict(values))
            self.mine.setdefault(type_name, []).append(id_)
            if version != 1:
                self.board.fail(f"{self.name}: new {type_name} {id_} has version {version}")
            if type_name == "x_firm":
                self.board.firms.add([id_])
            return
        if version != known.version + 1:
            self.board.fail(
                f"{self.name}: {type_name} {id_} went from version {known.version} to {version}"
            )
        known.version = version
        known.values.update(values)

    # -- single ----------------------------------------------------------------------------
    def insert(self, type_name: str, kinds: dict[str | FieldUse, str]) -> None:
        values = self.values(kinds, keep_code=False)
        reply = self.ask("create", type_name, row=plain(values))
        if reply.fine:
            self.note(type_name, reply.body["id"], reply.body["version"], values)
            if random.random() < 0.3:
                self.look(type_name, reply.body["id"])

    def change(self, type_name: str, kinds: dict[str | FieldUse, str]) -> None:
        for id_ in self.own(type_name):
            values = self.values(kinds, keep_code=True)
            if not values:
                return
            known = self.board.acknowledged[type_name, id_]
            # An empty yes-or-no is no.
            differs = any(
                (known.values.get(each) or None) != (value or None)
                for each, value in values.items()
            )
            reply = self.ask("change", type_name, id=id_, version=known.version, row=plain(values))
            if reply.fine and differs:
                self.note(type_name, id_, reply.body["version"], values)
                if random.random() < 0.3:
                    self.look(type_name, id_)

    def look(self, type_name: str, id_: int) -> None:
        """Read back, through whatever worker, what was just acknowledged."""
        reply, known = self.ask("read", type_name, id=id_), self.board.acknowledged[type_name, id_]
        if not reply.fine:
            return
        if reply.body["version"] != known.version:
            self.board.fail(
                f"{self.name}: {type_name} {id_} reads version {reply.body['version']}, not "
                f"{known.version}"
            )
        for name in STEADY_FIELDS.get(type_name, ()):
            if name in known.values and reply.body[name] != known.values[name]:
                self.board.fail(f"{self.name}: {type_name} {id_}.{name} reads {reply.body[name]!r}")

    def trash(self, type_name: str, kinds: dict[str | FieldUse, str]) -> None:
        if type_name == "x_firm":
            return  # others point to it
        for id_ in self.own(type_name):
            known = self.board.acknowledged[type_name, id_]
            if not self.ask("remove", type_name, id=id_, version=known.version).fine:
                return
            known.version += 1
            known.trashed = True
            if random.random() < 0.7 and self.ask("restore", type_name, id=id_).fine:
                known.version += 1
                known.trashed = False

    # -- batches ---------------------------------------------------------------------------
    def insert_many(self, type_name: str, kinds: dict[str | FieldUse, str]) -> None:
        rows = [self.values(kinds, keep_code=False) for _ in range(BATCH)]
        self._results(
            type_name, rows, self.ask("bulk_create", type_name, rows=[plain(r) for r in rows])
        )

    def change_many(self, type_name: str, kinds: dict[str | FieldUse, str]) -> None:
        rows = [(id_, self.values(kinds, keep_code=True)) for id_ in self.own(type_name, BATCH)]
        if not rows or not rows[0][1]:
            return
        known = self.board.acknowledged
        sent = [
            {"id": i, "version": known[type_name, i].version, **plain(values)} for i, values in rows
        ]
        self._results(
            type_name, [v for _, v in rows], self.ask("bulk_change", type_name, rows=sent)
        )

    def upsert_many(self, type_name: str, kinds: dict[str | FieldUse, str]) -> None:
        if type_name not in STEADY_FIELDS:
            return self.insert_many(type_name, kinds)
        known = self.board.acknowledged
        rows = [self.values(kinds, keep_code=False) for _ in range(BATCH // 2)]
        for id_ in self.own(type_name, BATCH // 2):
            code = known[type_name, id_].values["code"]
            rows.append({**self.values(kinds, keep_code=True), "code": code})
        random.shuffle(rows)
        sent = [plain(row) for row in rows]
        return self._results(
            type_name, rows, self.ask("bulk_upsert", type_name, rows=sent, key=["code"])
        )

    def _results(self, type_name: str, rows: list[dict[str | FieldUse, Any]], reply: Reply) -> None:
        if not reply.fine:
            return
        for row, result in zip(rows, reply.body["results"], strict=True):
            if result["status"] in ("created", "updated"):
                self.note(type_name, result["id"], result["version"], row)
            elif result["status"] != "unchanged":
                self.board.fail(f"{self.name}: a row of a batch was {result}")


def plain(values: dict[str | FieldUse, Any]) -> dict[str, Any]:
    """Return values by field name."""
    return {
        each.name if isinstance(each, FieldUse) else each: value for each, value in values.items()
    }


class Reader(Client):
    """Pages through filtered, sorted lists, and reads single records."""

    def step(self) -> None:
        type_name = random.choice(tuple(STEADY_FIELDS))
        if random.random() < 0.5:
            return self.page(type_name)
        id_ = self.board.firms.any()
        if id_ is not None:
            self.ask("read", "x_firm", id=id_)
            found = self.ask("history", "x_firm", id=id_)
            if found.fine:
                versions = [change["version"] for change in found.body["changes"]]
                if (versions[-1] != 1 and len(versions) < 100) or versions != sorted(
                    versions, reverse=True
                ):
                    self.board.fail(f"{self.name}: history of x_firm {id_} is {versions}")
        return None

    def page(self, type_name: str) -> None:
        """Follow a list over some pages; the order must hold across them."""
        down = random.random() < 0.5
        if type_name == "x_firm":
            asked = [
                ("score__gte", str(random.randint(0, 3000))),
                ("_sort", "-id" if down else "id"),
            ]
        else:
            asked = [("stage", random.choice(("open", "won"))), ("_sort", "-id" if down else "id")]
        seen: list[int] = []
        after = ""
        for _ in range(4):
            more: list[tuple[str, str]] = [("_after", after)] if after else []
            reply = self.ask("list", type_name, query=[*asked, ("_limit", "30"), *more])
            if not reply.fine:
                return
            seen += [record["id"] for record in reply.body["records"]]
            after = reply.body["next"]
            if not after:
                break
        if seen != sorted(set(seen), reverse=down):
            self.board.fail(f"{self.name}: pages of {type_name} by {asked} gave {seen}")
        self.ask(
            "list",
            type_name,
            query=[*asked[:1], ("_sort", "-amount,id" if type_name == "x_deal" else "name")],
        )


class Racer(Client):
    """Writes fields and types that vanish under its hands, and notes each refusal."""

    def __init__(self, name: str, board: Board, door: Door) -> None:
        super().__init__(name, board, door)
        self.known: dict[str, tuple[int, dict[str, Any]]] = {}

    def step(self) -> None:
        time.sleep(0.01)
        type_name = random.choice(("x_race", "x_race", "x_gone"))
        if type_name not in self.known or random.random() < 0.1:
            before = self.board.generation
            reply = self.ask("describe", type_name, lenient=True)
            if not reply.fine:
                self.refused(reply, type_name, (), before)
                self.known.pop(type_name, None)
                return
            self.known[type_name] = (before, reply.body)
        before, description = self.known[type_name]
        row = self._row(description)
        reply = self.ask("create", type_name, row=row, lenient=True)
        if reply.fine:
            self.board.racer_ids.append(reply.body["id"])
        else:
            self.refused(reply, type_name, tuple(row), before)
            self.known.pop(type_name, None)

    def _row(self, description: dict[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for each in description["fields"]:
            if each["read_only"] or each["owner"] == "system":
                continue
            if each["name"] == "code" or each["unique"]:
                row[each["name"]] = self.code()
            elif each["name"] == "tag":
                row["tag"] = f"tag {random.randint(1, 5)}"
            else:
                row[each["name"]] = random.randint(0, 10**6)
        return row

    def refused(self, reply: Reply, type_name: str, names: tuple[str, ...], known: int) -> None:
        """Note a refusal that a change of the model may explain; any other is a failure."""
        explicable = {"unknown_key", "type_unknown", "duplicate"} & reply.codes
        if not explicable or reply.status not in (404, 409, 422):
            self.board.fail(
                f"{self.name}: {type_name} {names} → {reply.status} {reply.body!r:.1500}"
            )
            return
        blamed = tuple(p["field"] for p in reply.body.get("errors", ()) if p["field"]) or names
        code = next(iter(explicable))
        self.board.refusals.append(Refusal(code, type_name, blamed, known, datetime.now(UTC)))

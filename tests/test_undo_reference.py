"""Whatever was written at random is undone step by step, and done again, to the same states."""

from __future__ import annotations

import random
from typing import Any

from relatum.core import records
from relatum.core.errors import RelatumError

from . import machines
from .relationship_kinds import KINDS, make_all
from .test_relationship_reference import Machine

#: Where values lie that are not in a column by their name; no text is encrypted twice alike.
COLUMNS = {"owner": "owner_id", "team": "team_id", "secret": "secret__h"}
#: What may refuse a merge of records that are there.
REFUSED = {"merge_taken", "merge_refused", "circular", "option_impossible", "parent_trashed"}
#: Values of live records by type and id.
State = dict[str, dict[int, Any]]


class Undone(Machine):
    """Writes at random, and in the end goes back all the way, and forth again."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[tuple[int, State]] = []

    def write(self, verb: Any, kind: str, rows: list[dict[str, Any]], **more: Any) -> None:
        before, newest = self.state(), self.newest()
        super().write(verb, kind, rows, **more)
        if self.newest() > newest:
            self.states.append((self.newest(), before))

    def newest(self) -> int:
        return self.number("SELECT max(id) FROM core_change_set")

    def state(self) -> State:
        """Return the live records of this machine with their values."""
        found: State = {}
        for kind, known in KINDS.items():
            columns = ", ".join(COLUMNS.get(name, name) for name in known.fields)
            rows = self.instance.sql(
                f"SELECT id, trashed_at IS NULL AS live, {columns} FROM {kind} WHERE id > :first",
                first=self.first,
            )
            found[kind] = {row.id: tuple(row)[2:] for row in rows if row.live}
        return found

    def merge(self) -> None:
        """Merge what there is in the end: links of all kinds move, or it is refused whole."""
        draw = random.Random(self.newest())
        for kind in draw.sample(sorted(KINDS), len(KINDS)):
            before, newest = self.state(), self.newest()
            ids = draw.sample(sorted(before[kind]), min(3, len(before[kind])))
            if len(ids) < 2:
                continue
            try:
                self.instance.write(records.merge, kind, ids[0], ids[1:])
            except RelatumError as error:
                assert ({p.code for p in error.problems} | {error.code}) & REFUSED, error
                assert self.newest() == newest
                continue
            self.states.append((self.newest(), before))
            after = self.state()
            assert before[kind].keys() - after[kind].keys() == set(ids[1:])
            self.check_links(after)

    def check_links(self, state: State) -> None:
        """No live record points to one in the trash, as none does but by a restored link."""
        live = {id_ for some in state.values() for id_ in some}
        merged = {row.record_id for row in self.instance.sql("SELECT record_id FROM core_merge")}
        for kind, known in KINDS.items():
            for values in state[kind].values():
                held = dict(zip(known.fields, values, strict=True))
                pointed = {held[name] for name in known.links} - {None}
                assert not pointed & (merged - live), (kind, held)

    def undo(self, change_set: int) -> int:
        looked = self.instance.read(records.look, change_set)
        assert [record for record in looked["records"] if record["conflicts"]] == []
        done = self.instance.write(records.undo, change_set)
        assert done["records"] == looked["records"]
        return int(done["change_set"])

    def teardown(self) -> None:
        if not hasattr(self, "reference"):
            return
        self.merge()
        undone: list[tuple[int, State]] = []
        for change_set, before in reversed(self.states):
            after = self.state()
            undone.append((self.undo(change_set), after))
            assert self.state() == before, change_set
        for change_set, before in reversed(undone):
            self.undo(change_set)
            assert self.state() == before, change_set


def test_random_writes_are_undone_to_the_first_state_and_done_again(instance: Any) -> None:
    people = make_all(instance)
    machines.run(Undone, examples=3, steps=25, instance=instance, people=people)

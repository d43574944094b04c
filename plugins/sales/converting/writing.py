"""The records that leads become, written in batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relatum import Actor, Invalid, RelatumError, records

from . import leads
from .choices import ASK, LINK, NEW, NONE, Choices
from .drafting import OWN, Draft, LeftOut, Part, Wrong, is_empty
from .mapping import ACCOUNT, CONTACT, DEAL, LEAD, TYPES, mapped
from .matching import DUPLICATES

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of a lead: the ids of its records, and those types of which one was made.

    `left_out` are values that did not get into a record, `stale` lines of the mapping that do not
    hold any more; `error` says why a lead was refused.
    """

    lead: int
    ids: Mapping[str, int]
    made: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    stale: tuple[tuple[str, RelatumError], ...] = ()
    error: RelatumError | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return {
            "lead": self.lead,
            "status": "refused" if self.error else "converted",
            **{name: self.ids.get(name) for name in TYPES},
            "made": list(self.made),
            "left_out": [each.as_json() for each in self.left_out],
            "stale": [{"line": line, "reason": str(why)} for line, why in self.stale],
            "error": self.error.as_json() if self.error else None,
        }


class Refused(Exception):
    """Some leads can't be converted; what was written for all of them is undone."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(", ".join(map(str, wrong)))
        self.wrong = wrong


class Unseen(Exception):
    """A new record of the lead's owner is hidden from whoever converts, who can't link it."""


class Writing:
    """The records that drafts become, written in batches: one for each type, then the leads.

    With `later` what is made is given to the owners of the leads once all is linked.
    """

    def __init__(
        self, made: Sequence[Draft], actor: Actor, picked: Choices, *, later: bool = False
    ) -> None:
        self.made, self.actor, self.picked, self.later = made, actor, picked, later
        self.now = {draft.lead["id"]: dict[str, int]() for draft in made}

    def run(self) -> dict[int, Converted]:
        """Write all; raise `Refused` with the leads whose records are refused."""
        for name in TYPES:
            self._make(name)
            self._fill(name)
        status = leads.statuses("won")[0]
        rows = [
            {"id": draft.lead["id"], "status": status}
            | {name: to for name, to in self._ids(draft).items() if name != DEAL}
            for draft in self.made
        ]
        self._write(records.update, LEAD, rows, list(self.made))
        if self.later:
            self._hand_over()
        stale = mapped().stale
        return {
            draft.lead["id"]: Converted(
                draft.lead["id"], self._ids(draft),
                tuple(n for n in TYPES if draft.parts[n].choice == NEW),
                tuple(draft.left_out), stale,
            )
            for draft in self.made
        }  # fmt: skip

    def _ids(self, draft: Draft) -> dict[str, int]:
        return self.now[draft.lead["id"]]

    def _make(self, name: str) -> None:
        """Make the new records of a type; leads of one company share it if they may."""
        new = [draft for draft in self.made if draft.parts[name].choice == NEW]
        first: dict[Any, Draft] = {}
        for draft in new:
            first.setdefault(self._key(draft.parts[name], draft), draft)
        rows = [self._row(name, draft) for draft in first.values()]
        outcomes = self._write(records.create, name, rows, list(first.values()))
        ids = {each.id for each in outcomes if each.id is not None}
        if name != DEAL and records.seen(ids, self.actor) != ids:
            raise Unseen
        by_key = {key: each.id for key, each in zip(first, outcomes, strict=True)}
        for draft in new:
            self._ids(draft)[name] = by_key[self._key(draft.parts[name], draft)] or 0

    def _row(self, name: str, draft: Draft) -> dict[str, Any]:
        row = draft.parts[name].row | self._links(name, draft)
        return {n: v for n, v in row.items() if not (self.later and n in OWN)}

    def _hand_over(self) -> None:
        """Give what was made to whom the leads belong to."""
        for name in TYPES:
            new = [draft for draft in self.made if draft.parts[name].choice == NEW]
            first = {self._ids(draft)[name]: draft for draft in reversed(new)}
            rows = [
                {"id": id_} | {n: v for n, v in draft.parts[name].row.items() if n in OWN}
                for id_, draft in first.items()
            ]
            self._write(records.update, name, rows, list(first.values()))

    def _key(self, part: Part, draft: Draft) -> Any:
        linked = self.picked.matches == LINK
        if linked and part.type == ACCOUNT and isinstance(part.row.get("name"), str):
            return " ".join(part.row["name"].casefold().split())
        return draft.lead["id"]

    def _links(self, name: str, draft: Draft) -> dict[str, Any]:
        """Return the links of a new record to what else became of its lead."""
        known = self._ids(draft)
        if name == ACCOUNT:
            return {}
        links = {ACCOUNT: known.get(ACCOUNT)}
        if name == DEAL:
            links |= {CONTACT: known.get(CONTACT), LEAD: draft.lead["id"]}
        return {n: to for n, to in links.items() if to is not None}

    def _fill(self, name: str) -> None:
        """Fill what is empty in the records that there are: the first lead says what."""
        rows: dict[int, dict[str, Any]] = {}
        by_row: dict[int, Draft] = {}
        for draft in self.made:
            part = draft.parts[name]
            if part.id is None or part.choice in (NEW, NONE):
                continue
            self._ids(draft)[name] = part.id
            row = dict(part.row)
            if name == CONTACT and part.changeable:
                row |= self._company(draft, part)
            if row:
                rows[part.id] = {**row, **rows.get(part.id, {}), "id": part.id}
                by_row.setdefault(part.id, draft)
        self._write(records.update, name, list(rows.values()), [by_row[id_] for id_ in rows])

    def _accepted(self, name: str) -> tuple[str, ...]:
        """Return what need not be asked: whether a record is there already, if that was chosen."""
        said = self.picked.matches != ASK or self.picked.of(name) == NEW
        return (DUPLICATES,) if said else ()

    def _company(self, draft: Draft, part: Part) -> dict[str, Any]:
        """Return the company of a person who has none yet."""
        account, record = self._ids(draft).get(ACCOUNT), part.record or {}
        if account is None or not is_empty(record.get(ACCOUNT)):
            return {}
        return {ACCOUNT: account}

    def _write(
        self, verb: Callable[..., Any], name: str, rows: Rows, of: Sequence[Draft]
    ) -> list[records.Outcome]:
        """Run a verb on rows of leads; raise `Refused` with the problems of each lead."""
        if not rows:
            return []
        try:
            done: list[records.Outcome] = verb(
                name, rows, actor=self.actor, accept=self._accepted(name)
            )
            return done
        except Invalid as error:
            wrong: dict[int, list[Any]] = {}
            for problem in error.problems:
                lead = of[problem.row or 0].lead["id"]
                wrong.setdefault(lead, []).append(problem.at(field=_place(name, problem)))
        raise Refused({lead: Invalid(problems) for lead, problems in wrong.items()})


def _place(name: str, problem: Any) -> str:
    return f"{name}.{problem.field}" if problem.field else name

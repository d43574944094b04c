"""Sharing records out among the members of a team: who gets which, and why, in one change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from relatum import Actor, RelatumError, catalog, may, query, records, seen

from .assigning import TURNS, WAYS, Assigned, Say, among, members, open_work, plain

#: So many records are shared out at once.
LIMIT: Final = 500
Rows = dict[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shared:
    """Who gets which records, in their order, and what people call them."""

    type: str
    team: int
    by: str
    given: dict[int, Assigned]
    names: dict[int, str]
    labels: dict[int, str]

    def counts(self) -> dict[int, int]:
        """Return how many records each member gets, those who get none, too."""
        found = dict.fromkeys(self.names, 0)
        for each in self.given.values():
            if each.user is not None:
                found[each.user] += 1
        return found

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return {
            "type": self.type, "team": self.team, "by": self.by,
            "shared": [
                {"id": id_, "owner": each.user, "because": each.because}
                for id_, each in self.given.items()
            ],
        }  # fmt: skip


def is_shared(entity_type: catalog.EntityType, actor: Actor) -> bool:
    """Say whether an actor may give records of a type, as he sees it, to others.

    People and teams are nobody's, and parts belong to whom their whole does.
    """
    whole = entity_type.owner != "core" and entity_type.part_of is None
    owned = whole and {"owner", "team"} <= entity_type.fields.keys()
    return owned and may(actor, "update", entity_type.name) and may(
        actor, "assign", entity_type.name
    )  # fmt: skip


def look(
    type_name: str, ids: Sequence[int], team: int, by: str, *, actor: Actor, translated: Say = plain
) -> Shared:
    """Say who of a team would get which records, and write nothing.

    `by` is `round_robin`, so that each gets as many, those who have the least open work first; or
    `least_open`, so that the open work of all comes level. Raises `intake_way_unknown`,
    `intake_too_many`, `intake_team_empty`, `forbidden`, `record_unknown`.
    """
    if by not in WAYS:
        raise RelatumError("intake_way_unknown", value=str(by)[:40], possible=", ".join(WAYS))
    some = list(dict.fromkeys(ids))
    if len(some) > LIMIT:
        raise RelatumError("intake_too_many", count=len(some), limit=LIMIT)
    entity_type = seen(actor).type(type_name)
    if not is_shared(entity_type, actor):
        raise RelatumError("forbidden", action="assign", thing=f"records of '{type_name}'")
    there = {row["id"] for row in query.every(type_name, {"fields": ["id"]}, actor=actor,
                                              among=("id", some))}  # fmt: skip
    for id_ in some:
        if id_ not in there:
            raise RelatumError("record_unknown", type=type_name, id=id_)
    called = query.labels([team, *some], actor=actor)
    if called.get(str(team), {}).get("type") != "team":
        raise RelatumError("record_unknown", type="team", id=team)
    names, label = members(team, actor), called[str(team)]["label"]
    if not names:
        raise RelatumError("intake_team_empty", team=label)
    counts = open_work(type_name, list(names), actor, but=some)
    turn = sorted(names, key=lambda user: (counts[user], user))
    given = among(names, turn, by, counts, len(some), label,
                  translated=translated)  # fmt: skip
    return Shared(
        type_name, team, by, dict(zip(some, given, strict=True)), names,
        {id_: called.get(str(id_), {}).get("label", "") for id_ in some},
    )  # fmt: skip


def share(
    type_name: str, ids: Sequence[int], team: int, by: str = TURNS, *, actor: Actor
) -> Shared:
    """Give records to the members of a team, in the open transaction: one change, and one undo.

    Raises what `look` and `records.update` raise.
    """
    made = look(type_name, ids, team, by, actor=actor)
    rows = [{"id": id_, "owner": each.user, "team": team} for id_, each in made.given.items()]
    records.update(type_name, rows, actor=actor)
    return made

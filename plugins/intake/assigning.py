"""Who gets what: the members of a team by turns, or whoever has the least open work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from relatum import Actor, catalog, query

#: The ways: turns, or whoever has the least open work.
TURNS, LEAST = "round_robin", "least_open"
WAYS: Final = (TURNS, LEAST)


#: Puts values into a text, and the text into a language.
Say = Callable[..., str]


def plain(text: str, **values: Any) -> str:
    """Return a text in English, as it is kept and as programs read it."""
    return text.format(**values)


class Assigned(NamedTuple):
    """Who owns something, and why he does; None: nobody."""

    user: int | None
    because: str


def choose(form: dict[str, Any], actor: Actor) -> Assigned:
    """Say who gets the next one of a form, in the open writing transaction.

    Turns go by the ids of the members after whoever had the last one; of equally busy ones the
    turn decides.
    """
    if form["for_team"] is None:
        return Assigned(form["owner"], "It goes to the owner of the form")
    there = members(form["for_team"], actor)
    team = name_of("team", form["for_team"], actor)
    if not there:
        return Assigned(form["owner"], f"{team} has no active member; the form's owner gets it")
    turn = _in_turn(list(there), form["last"])
    counts = open_work(form["makes"], turn, actor) if form["turns"] == LEAST else {}
    [given] = among(there, turn, form["turns"], counts, 1, team)
    return given


def among(
    names: dict[int, str], turn: Sequence[int], way: str, counts: dict[int, int], many: int,
    team: str, *, translated: Say = plain,
) -> Iterable[Assigned]:  # fmt: skip
    """Yield who gets each of `many`, of members in the order of their turns.

    `counts` is how much open work each one has; what he gets counts from then on.
    """
    held = dict(counts)
    for number in range(many):
        user = turn[number % len(turn)]
        if way == TURNS:
            yield Assigned(
                user, translated("Turn of {name} in {team}", name=names[user], team=team)
            )
            continue
        user = min(turn, key=lambda one: (held[one], turn.index(one)))
        why = translated(
            "{name} has the least open work in {team}: {count}",
            name=names[user], team=team, count=held[user],
        )  # fmt: skip
        held[user] += 1
        yield Assigned(user, why)


def members(team: int, actor: Actor) -> dict[int, str]:
    """Return the active members of a team that an actor sees, by their ids."""
    asked = {
        "filter": {"and": [{"field": "team", "value": team}, {"field": "active", "value": True}]},
        "fields": ["name"], "sort": ["id"],
    }  # fmt: skip
    return {row["id"]: row["name"] for row in query.every("user", asked, actor=actor)}


def name_of(type_name: str, id_: int, actor: Actor) -> str:
    """Return what a record is called."""
    found = query.labels([id_], actor=actor).get(str(id_))
    return str(found["label"]) if found else type_name


def _in_turn(there: list[int], last: int | None) -> list[int]:
    """Return the members from whoever comes after the last one."""
    start = next((n for n, user in enumerate(there) if last is None or user > last), 0)
    return there[start:] + there[:start]


def open_work(
    type_name: str, users: Sequence[int], actor: Actor, *, but: Collection[int] = ()
) -> dict[int, int]:
    """Return how many open records users own, `but` some; of a type without states, all of them."""
    states = (f for f in catalog.current().type(type_name).own_fields if f.kind == "choice")
    state = next((f for f in states if any(o.category == "open" for o in f.options)), None)
    of: list[dict[str, Any]] = [{"field": "owner", "op": "in", "value": list(users)}]
    if state is not None:
        of.append({"field": state.name, "op": "category", "value": ["open"]})
    if but:
        of.append({"not": {"field": "id", "op": "in", "value": sorted(but)}})
    asked = {"filter": {"and": of}, "group": ["owner"], "select": ["count"]}
    found = query.aggregate(query.from_json(type_name, asked, actor=actor)).groups
    return dict.fromkeys(users, 0) | {row["owner"]: row["count"] for row in found}

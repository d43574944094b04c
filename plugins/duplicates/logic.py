"""What happens on saving: a row that is likely to be there already is asked about, or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from relatum import WriteBatch, catalog, plugin_host, seen

from . import keys, pairs, rules
from .entities import BLOCK, SHOW
from .matching import Found, Match, look, told, twins
from .rules import Rule, in_force
from .words import translated

#: The types of rules.
OWN: Final = ("duplicate_rule", "duplicate_condition")
#: What whoever saves anyway accepts.
KEY: Final = "duplicates"
_ASKED: Final = translated(
    "It may be the same as {label} ({kind} {id}), with {score} of 100 points"
)
_TWICE: Final = translated("It is likely to be the same as row {row} that is sent along")
_REFUSED: Final = translated("It is the same as {label} ({kind} {id}), which is there already")


def before(batch: WriteBatch) -> None:
    """Look at rows before they are written."""
    if batch.operation in ("create", "update"):
        check(batch)


def after(batch: WriteBatch) -> None:
    """Follow what was written."""
    if batch.type in OWN:
        rules.keep()
    keys.follow(batch)


def check(batch: WriteBatch) -> None:
    """Ask about rows, or refuse them, that match records which whoever writes them sees.

    A record that he does not see is not spoken of, so nothing happens then: a refusal would tell
    that it is there.
    """
    known = seen(batch.actor, plugin_host.language())
    held = [
        rule
        for rule in in_force(known)
        if rule.type == batch.type
        and rule.action != SHOW
        and (rule.action == BLOCK or not (batch.accepts(KEY) or is_nobody(batch)))
    ]
    if not held:
        return
    names = {name for rule in held for each in rule.conditions for name in each.fields}
    places = [
        place
        for place in range(len(batch))
        if batch.operation == "create" or not names.isdisjoint(batch.changed(place))
    ]
    rows = [keys.wire(batch, place, names) for place in places]
    own = [batch.id(place) for place in places]
    looked = look(held, rows, own=own, actor=batch.actor)
    fresh = _fresh(batch, places, names, looked.found)
    for place, matches in zip(places, told(fresh, actor=batch.actor, known=known), strict=True):
        if matches:
            _refuse(batch, place, matches, known)
    if batch.operation == "create" and len(places) > 1:
        _within(batch, [rule for rule in held if rule.against == batch.type], rows)


def _within(batch: WriteBatch, held: Sequence[Rule], rows: Sequence[Mapping[str, Any]]) -> None:
    """Ask about rows that match one before them in the batch, or refuse them."""
    for place, (other, rule) in twins(held, rows).items():
        if batch.refused(place) or batch.refused(other):
            continue
        if rule.blocks:
            batch.reject(place, _TWICE, row=other)
        else:
            batch.ask(place, KEY, _TWICE, row=other)


def is_nobody(batch: WriteBatch) -> bool:
    """Say whether nobody is there to answer: what plugins write by themselves."""
    return batch.actor.user_id is None and batch.actor.source != "cli"


def _fresh(
    batch: WriteBatch, places: Sequence[int], names: set[str], found: Sequence[Sequence[Found]]
) -> list[list[Found]]:
    """Leave out what a changed record matched before, and what somebody said is another."""
    if batch.operation == "create":
        return [list(each) for each in found]
    apart = pairs.dismissed([batch.id(place) or 0 for place in places])
    made = []
    for place, some in zip(places, found, strict=True):
        before = keys.wire(batch, place, names, before=True)
        id_ = batch.id(place) or 0
        made.append(
            [
                each
                for each in some
                if not _matched(each.rule, before, each) and pairs.both(id_, each.id) not in apart
            ]
        )
    return made


def _matched(rule: Rule, before: dict[str, Any], found: Found) -> bool:
    return rule.score(before, found.values)[0] >= rule.threshold


def _refuse(
    batch: WriteBatch, place: int, matches: Sequence[Match], known: catalog.Catalog
) -> None:
    first = next((each for each in matches if each.blocks), matches[0])
    params: dict[str, Any] = {
        "type": first.type, "kind": known.type(first.type).label, "id": first.id,
        "label": first.label, "score": first.score,
        "records": [
            {
                "type": each.type, "id": each.id, "label": each.label, "score": each.score,
                "reasons": list(each.reasons),
            }
            for each in matches
        ],
    }  # fmt: skip
    if first.blocks:
        batch.reject(place, _REFUSED, **params)
    else:
        batch.ask(place, KEY, _ASKED, **params)

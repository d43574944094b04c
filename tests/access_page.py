"""Write the tables of core/help/access.md: what the reference decides of people, one by one.

Run: python tests/access_page.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from relatum.tests.access_reference import (
    Line,
    Person,
    Record,
    Rights,
    Role,
    Share,
    Team,
    Type,
    admits,
    decides,
    rights,
)

PAGE = Path(__file__).resolve().parents[1] / "core" / "help" / "access.md"
WORDS = ("own", "team", "tree", "all")
THING = Type("thing", {"plain": "plain", "personal": "personal", "encrypted": "encrypted"})
NORTH = Team("North")
COAST = Team("Coast", above=NORTH)
ADA = Person("Ada", NORTH)
OTHERS = (Person("Ben", NORTH), Person("Cid", COAST), Person("Dan", Team("South")))


def _record(owner: Person, share: Share | None = None) -> Record:
    return Record(THING, owner, owner.team, shares=[] if share is None else [share])


def _who(*roles: Role) -> Person:
    """Return somebody in the North who holds roles."""
    return Person("Ada", NORTH, [*roles])


def scopes() -> Iterator[tuple[str, ...]]:
    """Yield the table of the words for records."""
    yield (
        "scope", "your own record", "a colleague's in your team", "one of a team beneath",
        "anybody else's",
    )  # fmt: skip
    records = [_record(owner) for owner in (ADA, *OTHERS)]
    for word in WORDS:
        yield (f"`{word}`", *(_yes(admits(word, ADA, record)) for record in records))


def together() -> Iterator[tuple[str, ...]]:
    """Yield the table of what reading, changing and sharing come to."""
    yield (
        "`read`", "`update`", "your own record", "another's", "another's, shared to be read",
        "another's, shared to be changed",
    )  # fmt: skip
    for read in (None, "own", "all"):
        for update in (None, "own", "all"):
            who = _who(Role(_line(read=read, update=update)))
            cells = [
                _does(who, _record(who)),
                _does(who, _record(OTHERS[2])),
                _does(who, _record(OTHERS[2], Share(who))),
                _does(who, _record(OTHERS[2], Share(who, update=True))),
            ]
            yield (_word(read), _word(update), *cells)


def lines() -> Iterator[tuple[str, ...]]:
    """Yield the table of how lines and roles add up, for reading."""
    yield (
        "line for all types",
        "line for the type",
        "a second role",
        "your own record",
        "another's",
    )
    empty: Line = {}
    for all_types, own, second in (
        (None, None, None), ("all", None, None), ("all", empty, None), ("all", "own", None),
        (None, "own", None), (None, "own", "all"), ("all", empty, "own"),
    ):  # fmt: skip
        types = {} if own is None else {"thing": own if own is empty else _line(read=str(own))}
        held = [Role(_line(read=all_types), types)]
        held += [] if second is None else [Role(_line(read=second))]
        who = _who(*held)
        shown = "without `read`" if own is empty else _word(None if own is None else str(own))
        cells = [
            _yes(decides(who, "read", record)) for record in (_record(who), _record(OTHERS[2]))
        ]
        yield (_word(all_types), shown, _word(second), *cells)


def fields() -> Iterator[tuple[str, ...]]:
    """Yield the table of which fields are seen with a record that is."""
    yield ("field", "line for all types", "line for the type", "named: no", "named: yes")
    line = _line(read="all")
    for name in THING.fields:
        said = {allowed: {("thing", name): Rights(allowed, allowed, allowed)}
                for allowed in (False, True)}  # fmt: skip
        roles = (
            Role(line), Role({}, {"thing": line}), Role({}, {"thing": line}, said[False]),
            Role(line, {}, said[True]),
        )  # fmt: skip
        yield (name, *(_yes(rights(_who(role), THING, name).read) for role in roles))


def _line(**scopes: str | None) -> Line:
    return {action: scope for action, scope in scopes.items() if scope is not None}


def _word(scope: str | None) -> str:
    return "none" if scope is None else f"`{scope}`"


def _yes(allowed: bool) -> str:
    return "yes" if allowed else "no"


def _does(who: Person, record: Record) -> str:
    found = [word for word, action in (("read", "read"), ("change", "update"))
             if decides(who, action, record)]  # fmt: skip
    return ", ".join(found) or "nothing"


def page() -> str:
    """Return the page, with its tables as they should be."""
    text = PAGE.read_text(encoding="utf-8")
    for table in (scopes, together, lines, fields):
        text = _placed(text, [*table()])
    return text


def _placed(text: str, rows: list[tuple[str, ...]]) -> str:
    """Return a text with a table in the place of the one that has the same head."""
    head, *rest = map(_row, rows)
    before, _, after = text.partition(head)
    left = after.split("\n")[1:]
    while left and left[0].startswith("|"):
        left.pop(0)
    assert head in text, f"the page has no table that begins with {head}"
    return before + "\n".join([head, _row("-" * 3 for _ in rows[0]), *rest, *left])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} is written.\n")

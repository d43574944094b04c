"""Reading notifications: one's own alone, and only those about what one sees by now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from relatum import Actor, RelatumError, clock, plugin_host, query, seen

from . import wording
from .frame import table
from .kinds import icon

#: Unread ones that the bell counts; beyond that it says "and more".
MOST: Final = 99
#: Rows that are looked at for one page or count at most, if their readers see few of them.
_WINDOW: Final = 100
_WINDOWS: Final = 20


class Line(NamedTuple):
    """A notification as its reader sees it."""

    id: int
    kind: str
    icon: str
    label: str
    text: str
    address: str | None
    at: Any
    read: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return {
            "id": self.id, "kind": self.kind, "label": self.label, "text": self.text,
            "address": self.address, "at": self.at.isoformat().replace("+00:00", "Z"),
            "read": self.read,
        }  # fmt: skip


class Page(NamedTuple):
    """Notifications, newest first; `next` is the id to go on before, if there are more."""

    lines: list[Line]
    next: int | None


def unread(*, actor: Actor) -> int:
    """Return how many unread notifications somebody has, at most `MOST` + 1.

    One indexed query where there are none; what he does not see any more does not count.
    """
    found = 0
    for _ in _lines(actor, {"read_at": None}, None):
        found += 1
        if found > MOST:
            break
    return found


def page(
    *,
    actor: Actor,
    limit: int,
    before: int | None = None,
    new: bool = False,
    language: str | None = None,
) -> Page:
    """Return somebody's notifications, newest first; `new`: those alone that he has not read.

    They are in a language, or in that of whoever reads the page.
    """
    lines: list[Line] = []
    for line in _lines(actor, {"read_at": None} if new else {}, before, language):
        if len(lines) == limit:
            return Page(lines, lines[-1].id)
        lines.append(line)
    return Page(lines, None)


def _lines(
    actor: Actor, where: dict[str, Any], before: int | None, language: str | None = None
) -> Iterator[Line]:
    """Yield what somebody may see of his notifications, window by window."""
    mine = {"person": actor.user_id, "shown": True, **where}
    for _ in range(_WINDOWS):
        below = {"id": before} if before is not None else None
        rows = table("notice").select(mine, below=below, order=["-id"], limit=_WINDOW)
        if not rows:
            return
        yield from _shown(rows, actor, language)
        if len(rows) < _WINDOW:
            return
        before = rows[-1]["id"]


def _shown(rows: list[dict[str, Any]], actor: Actor, language: str | None = None) -> Iterator[Line]:
    chosen = language or plugin_host.language()
    labels = query.labels(wording.records_of(rows), actor=actor)
    known = seen(actor, chosen)
    for row in rows:
        told = wording.shown(row, labels, actor, known, chosen)
        if told is not None:
            read = row["read_at"] is not None
            yield Line(
                row["id"], row["kind"], icon(row["kind"]), told.label or told.text,
                told.text if told.label else "", told.address, row["made_at"], read,
            )  # fmt: skip


def one(notice_id: int, *, actor: Actor, language: str | None = None) -> Line:
    """Return one of somebody's notifications; raise `not_found` for every other."""
    mine = {"id": notice_id, "person": actor.user_id, "shown": True}
    for line in _shown(table("notice").select(mine, limit=1), actor, language):
        return line
    raise RelatumError("not_found", path=f"notification {notice_id}")


def mark(notice_id: int, *, read: bool, actor: Actor, language: str | None = None) -> Line:
    """Let one of somebody's notifications be read or unread; raise `not_found`."""
    line = one(notice_id, actor=actor, language=language)
    table("notice").update([{"id": notice_id, "read_at": clock.now() if read else None}])
    return line._replace(read=read)


def mark_all(*, actor: Actor) -> int:
    """Let all notifications of somebody be read; return how many were not."""
    done, mine = 0, {"person": actor.user_id, "read_at": None}
    while rows := table("notice").select(mine, limit=_WINDOW * 10):
        now = clock.now()
        done += table("notice").update({"id": row["id"], "read_at": now} for row in rows)
    return done

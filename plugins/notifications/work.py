"""Jobs: telling followers, the daily mail, and forgetting what is old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from relatum import catalog, clock, jobs, query

from . import hearing, mailing, telling
from .frame import own, table
from .kinds import DAILY

#: Notifications of one daily mail.
_MOST: Final = 200


def digest(chunk: jobs.Chunk) -> jobs.Step:
    """Mail to one more person, for whom it is the hour, what waits for his daily mail."""
    after = chunk.checkpoint or 0
    waiting = table("notice").select(
        {"mail": DAILY}, at_least={"person": after + 1}, order=["person"], limit=_MOST
    )
    if not waiting:
        return chunk.finish({"mails": chunk.done})
    person = waiting[0]["person"]
    rows = [row for row in waiting if row["person"] == person]
    if not _is_hour(person):
        return chunk.more(person)
    told = mailing.digest(rows, telling.readers([person]))
    table("notice").update({"id": row["id"], "mail": None} for row in rows)
    # Of more than fit there is another mail.
    after = person - 1 if len(rows) == _MOST else person
    return chunk.more(after, done=1 if told else 0)


def _is_hour(person: int) -> bool:
    """Say whether it is the hour of the daily mail where somebody is; for nobody it always is."""
    asked, actor = {"fields": ["timezone"]}, own().as_plugin()
    for row in query.every("user", asked, among=("id", [person]), actor=actor):
        zone = ZoneInfo(str(row["timezone"] or catalog.current().zone))
        return bool(clock.now().astimezone(zone).hour == own().settings["digest_hour"])
    return True


def forget(chunk: jobs.Chunk) -> jobs.Step:
    """Forget notifications that are older than is set."""
    until = clock.now() - timedelta(days=own().settings["keep_days"])
    old: list[dict[str, Any]] = table("notice").select(below={"made_at": until}, limit=chunk.size)
    if old:
        table("notice").delete({"id": [row["id"] for row in old]})
    if len(old) < chunk.size:
        return chunk.finish({"forgotten": chunk.done + len(old)}, done=len(old))
    return chunk.more(None, done=len(old))


KINDS: Final = [
    jobs.follower(
        plugin="notifications", name="notifications_tell", title="Tell followers",
        tell=hearing.tell,
    ),
    jobs.Kind(
        name="notifications_digest", title="Daily mail of notifications", run=digest,
        schedule="0 * * * *",
    ),
    jobs.Kind(
        name="notifications_forget", title="Forget old notifications", run=forget,
        schedule="every 1 day",
    ),
]  # fmt: skip

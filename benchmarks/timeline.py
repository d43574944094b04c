"""The timeline of a record with thousands of entries over HTTP, as its first page is fetched."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from relatum.benchmarks.desk import cookie
from relatum.benchmarks.instance import Instance
from relatum.benchmarks.report import Figure, Say
from relatum.benchmarks.web import Ask, Server, fetched
from relatum.core import db, plugin_host, records

#: Milliseconds, at the 95th percentile, and the entries that there are.
FIRST: Final = 60.0
ENTRIES: Final = 5_000
#: How many of them are of which type; the rest are changes of the record.
_EACH: Final = {"note": 1_500, "call": 1_500, "task": 500, "meeting": 500}
#: As many are about each of some other records.
_OTHERS: Final = 10
_ENTRY: Final = b'<li class="act-e"'
_OLDER: Final = re.compile(r'hx-get="([^"]*_before[^"]*)"')


def measure(instance: Instance, count: int, say: Say) -> list[Figure]:
    """Return the figures of the first page and of later ones."""
    for name in ("contacts", "desk", "activities"):
        _enable(instance, name)
    ids = [_filled(instance, place) for place in range(1 + _OTHERS)]
    instance.settle()
    server = Server("relatum", instance)
    try:
        server.headers = {"Cookie": cookie(instance), "HX-Request": "true"}
        first = Ask(f"/x/activities/timeline/account/{ids[0]}")
        later = [first]
        for _ in range(20):
            _, raw = server.fetch(later[-1])
            [to] = set(_OLDER.findall(raw.decode()))
            later.append(Ask(html.unescape(to)))
        return [
            fetched(server, case, asked, count, say, target=FIRST, whole=lambda raw: _ENTRY in raw)
            for case, asked in (
                (f"first page of a timeline of {ENTRIES:,}", [first]),
                ("the same timeline, later pages", later[1:]),
            )
        ]
    finally:
        server.stop()


def _enable(instance: Instance, name: str) -> None:
    with instance.app.app_context():
        db.transact(lambda: plugin_host.enable(name, actor=instance.actor), exclusive=True)


def _filled(instance: Instance, place: int) -> int:
    """Make an account and what happened about it."""
    [account] = instance.write(records.create, "account", [{"name": f"Timeline {place}"}])
    assert account.id is not None
    begun = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=place)
    for type_name, number in _EACH.items():
        rows = [_row(type_name, account.id, begun + timedelta(hours=n * 4)) for n in range(number)]
        instance.write(records.create, type_name, rows)
    for number in range(ENTRIES - sum(_EACH.values()) if place == 0 else 0):
        instance.write(records.update, "account", [{"id": account.id, "employees": number}])
    return account.id


def _row(type_name: str, about: int, at: datetime) -> dict[str, Any]:
    moment = at.isoformat()
    return {
        "note": {"subject": "Said", "text": f"Said at {moment}", "written_at": moment},
        "call": {"subject": "Called", "notes": "Talked about it", "started_at": moment},
        "task": {"subject": "Do it", "status": "completed", "completed_at": moment},
        "meeting": {"subject": "Met", "starts_at": moment, "ends_at": moment},
    }[type_name] | {"regarding": about}

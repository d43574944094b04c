"""The board of tens of thousands of deals over HTTP: its first page, with counts and sums."""

from __future__ import annotations

from typing import Any, Final

from relatum.benchmarks.desk import cookie
from relatum.benchmarks.instance import Instance
from relatum.benchmarks.report import Figure, Say
from relatum.benchmarks.web import Ask, Server, fetched
from relatum.core import db, plugin_host, records
from relatum.core.app import create_app

#: Milliseconds, at the 95th percentile, and the deals that there are.
FIRST: Final = 100.0
DEALS: Final = 50_000
_COMPANIES: Final = 500
_CHUNK: Final = 1_000
_STAGES: Final = ("qualify", "develop", "propose", "negotiate", "won")
_TILE: Final = b'<div class="tile"'
#: What the first page shows of each of the open stages.
_SHOWN: Final = 20


def measure(instance: Instance, count: int, say: Say) -> list[Figure]:
    """Return the figures of the whole board, and of the one of a person's own deals."""
    for work in (
        lambda: plugin_host.enable_preset("sales", actor=instance.actor),
        lambda: plugin_host.enable("desk", actor=instance.actor),
    ):
        with create_app(instance.config).app_context():
            db.transact(work, exclusive=True)
    app = create_app(instance.config)
    with app.app_context():
        say(f"  {DEALS:,} deals")
        _filled(instance)
    instance.settle()
    server = Server("relatum", instance)
    try:
        server.headers = {"Accept": "text/html", "Cookie": cookie(instance)}
        board = "/records/opportunity/board?_by=stage"
        return [
            fetched(server, case, [Ask(address)], count, say, target=FIRST, whole=_is_whole)
            for case, address in (
                (f"first page of a board of {DEALS:,} deals", board),
                ("the same board, deals of one's own", f"{board}&owner=me"),
            )
        ]
    finally:
        server.stop()


def _is_whole(page: bytes) -> bool:
    return page.count(_TILE) >= _SHOWN * (len(_STAGES) - 1)


def _filled(instance: Instance) -> None:
    """Make companies and their deals, in all stages, through the verbs: stages have a history."""
    rows: list[dict[str, Any]] = [{"name": f"Company {n}"} for n in range(_COMPANIES)]
    ids = _made(instance, "account", rows)
    for start in range(0, DEALS, _CHUNK):
        deals = [_deal(ids[n % _COMPANIES], n) for n in range(start, start + _CHUNK)]
        _made(instance, "opportunity", deals)


def _deal(account: int, number: int) -> dict[str, Any]:
    return {
        "name": f"Deal {number}", "account": account, "amount": str(1000 + number % 9000),
        "close_date": f"2027-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "stage": _STAGES[number % len(_STAGES)],
    }  # fmt: skip


def _made(instance: Instance, type_name: str, rows: list[dict[str, Any]]) -> list[int]:
    made = db.transact(
        lambda: records.create(type_name, rows, actor=instance.actor, accept=records.EVERYTHING)
    )
    return [each.id or 0 for each in made]

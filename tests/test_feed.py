"""The change feed: complete, in the order of the commits, whoever writes meanwhile."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from typing import Any

import pytest

from relatum.core import db, positions, records
from relatum.core.errors import RelatumError

from .instances import prepared
from .undoing import delete, newest, shop_in, update


@prepared
def shop(instance):
    shop_in(instance)


def feed(instance: Any, since: str = "0", **options: Any) -> dict[str, Any]:
    with instance.app.app_context():
        positions.settle()
    found: dict[str, Any] = instance.read(records.feed, since, **options)
    return found


def ops(found: dict[str, Any]) -> list[tuple[str, int]]:
    return [(each["op"], each["id"]) for each in found["changes"]]


# -- what it says ---------------------------------------------------------------------------
def test_everything_that_was_written_stands_in_it_with_tombstones(shop):
    start = feed(shop, "now")
    assert (start["changes"], start["more"]) == ([], False)
    [acme] = shop.create("x_company", {"name": "Acme", "city": "Bonn"})
    update(shop, "x_company", acme, city="Rome")
    delete(shop, "x_company", acme)
    shop.write(records.purge, "x_company", [{"id": acme}])
    found = feed(shop, start["next"])
    assert ops(found) == [(op, acme) for op in ("create", "update", "delete", "purge")]
    changed = found["changes"][1]
    assert (changed["type"], changed["version"]) == ("x_company", 2)
    assert changed["changes"] == {"city": ["Bonn", "Rome"]}
    assert (changed["actor"], changed["source"]) == (shop.alice.user_id, "api")
    first = int(start["next"]) + 1
    assert [each["position"] for each in found["changes"]] == list(range(first, first + 4))
    assert feed(shop, found["next"])["changes"] == []


def test_a_large_change_set_is_read_in_pages_and_one_type_alone(shop):
    start = feed(shop, "now")["next"]
    ids = shop.create("x_company", *({"name": f"c{n}"} for n in range(5)))
    deals = shop.create("x_deal", *({"name": f"d{n}"} for n in range(2)))
    since, seen, pages = start, [], 0
    while True:
        page = feed(shop, since, limit=2)
        seen += page["changes"]
        since, pages = page["next"], pages + 1
        if not page["more"]:
            break
    assert ([each["id"] for each in seen], pages) == ([*ids, *deals], 4)
    only = feed(shop, start, type_name="x_deal", limit=2)
    assert (ops(only), only["more"]) == ([("create", id_) for id_ in deals], False)
    assert only["next"] == since


@pytest.mark.parametrize("since", ["-1", "x", "1.", "00", "1.0", "9" * 17])
def test_what_is_no_position_is_refused(shop, since):
    with pytest.raises(RelatumError) as refused:
        feed(shop, since)
    assert refused.value.code == "bad_parameter"


def test_positions_that_are_unknown_or_not_kept_have_errors_of_their_own(shop):
    shop.create("x_deal", {"name": "D"})
    with pytest.raises(RelatumError) as refused:
        feed(shop, "999")
    assert refused.value.code == "position_unknown"
    feed(shop)
    shop.write(forget)
    shop.create("x_deal", {"name": "E"})
    with pytest.raises(RelatumError) as refused:
        feed(shop, "0")
    assert refused.value.code == "position_gone"
    assert len(feed(shop, str(int(feed(shop, "now")["next"]) - 1))["changes"]) == 1


def forget(*, actor: Any) -> None:
    """Take all change sets away but the last one."""
    last = newest_in(db.current().connection)
    for column, table in (("change_set_id", "core_change"), ("id", "core_change_set")):
        db.current().connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} < {last}")


def newest_in(connection: Any) -> int:
    return int(connection.exec_driver_sql("SELECT max(id) FROM core_change_set").scalar())


def test_only_who_may_read_changes_reads_them(shop):
    with pytest.raises(RelatumError) as refused:
        feed(shop, actor=shop.bob)
    assert refused.value.code == "forbidden"


def test_over_http_it_goes_on_from_where_it_was(shop, refused):
    client = shop.client(shop.alice)
    since = client.get("/api/v1/changes?since=now").get_json()["next"]
    made = client.post("/api/v1/records/x_company", json={"name": "Acme"}).get_json()["id"]
    page = client.get(f"/api/v1/changes?since={since}&type=x_company").get_json()
    assert [(each["op"], each["id"]) for each in page["changes"]] == [("create", made)]
    assert page["changes"][0]["change_set"] == newest(shop)
    refused(client.get("/api/v1/changes?since=99999"), 409, "position_unknown")
    refused(client.get("/api/v1/changes?type=x_gone"), 404, "type_unknown")
    refused(shop.client(shop.bob).get("/api/v1/changes"), 403, "forbidden")
    refused(shop.client().get("/api/v1/changes"), 401, "not_signed_in")


# -- while others write ---------------------------------------------------------------------
class Busy:
    """8 writers of 12 companies and their deals, and a reader that reads meanwhile."""

    def __init__(self, shop: Any) -> None:
        self.shop, self.start = shop, feed(shop, "now")["next"]
        self.ids = shop.create("x_company", *({"name": f"c{n}", "size": 0} for n in range(12)))
        self.over, self.failures = threading.Event(), list[Exception]()
        self.seen: list[dict[str, Any]] = []

    def run(self, writes: int) -> None:
        writers = [threading.Thread(target=self.write, args=(n, writes)) for n in range(8)]
        reader = threading.Thread(target=self.read)
        for thread in (*writers, reader):
            thread.start()
        for thread in writers:
            thread.join()
        self.over.set()
        reader.join()
        assert self.failures == []

    def write(self, seed: int, writes: int) -> None:
        dice = random.Random(seed)
        for _ in range(writes):
            try:
                self.shop.write(self.several, dice)
            except Exception as error:  # noqa: BLE001  # told in the end
                # Those that met too often have written nothing.
                if getattr(error, "code", "") != "database_busy":
                    self.failures.append(error)

    def several(self, dice: random.Random, *, actor: Any) -> None:
        # The order is by chance, so that ids of change sets are older than their commits.
        for id_ in dice.sample(self.ids, 2):
            rows = [{"id": id_, "size": dice.randrange(10**6)}]
            records.update("x_company", rows, actor=actor)
        deal = {"name": "d", "company": dice.choice(self.ids)}
        records.create("x_deal", [deal], actor=actor)

    def read(self) -> None:
        since = self.start
        while True:
            last = self.over.is_set()
            page = feed(self.shop, since, limit=50)
            self.seen += page["changes"]
            since = page["next"]
            if last and not page["more"]:
                return


def read_while_writing(shop: Any, writes: int) -> None:
    """Compare what a reader read with what is there in the end."""
    busy = Busy(shop)
    busy.run(writes)
    told = [
        (each["position"], each["id"], each["version"], each["op"], each["change_set"])
        for each in busy.seen
    ]
    there = shop.sql(
        "SELECT s.position, c.record_id, c.version, c.op, s.id FROM core_change c "
        "JOIN core_change_set s ON s.id = c.change_set_id WHERE s.position > :p "
        "ORDER BY s.position, c.id",
        p=int(busy.start),
    )
    assert told == [tuple(row) for row in there]
    placed = [row.position for row in shop.sql("SELECT position FROM core_change_set ORDER BY 1")]
    assert placed == list(range(1, len(placed) + 1))
    versions: dict[int, list[int]] = defaultdict(list)
    for each in busy.seen:
        versions[each["id"]].append(each["version"])
    assert all(found == sorted(found) for found in versions.values())


def test_it_is_complete_and_in_order_while_8_writers_write(shop):
    read_while_writing(shop, 4)


@pytest.mark.slow
def test_it_is_complete_and_in_order_while_8_writers_write_long(shop):
    read_while_writing(shop, 60)

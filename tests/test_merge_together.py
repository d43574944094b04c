"""Merges beside plugins, and beside whoever writes the same records at the same time."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from relatum.core import doctor
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared
from .merging import merge, shop_in, three
from .plugged import enable, put
from .undoing import delete, live, newest, undo

#: A plugin that hears of what is written to companies and deals, and refuses to move what is fixed.
EARS = """
from relatum import Plugin, hookimpl, records
plugin = Plugin(id="ears", name="Ears", version="1.0")

@hookimpl
def relatum_before_write(batch, ctx):
    for place in range(len(batch)):
        if batch.type == "x_deal" and batch.value(place, "name") == "fixed":
            batch.reject(place, "fixed deals stay")

@hookimpl
def relatum_after_write(batch, ctx):
    if batch.type == "x_company" and batch.operation in ("delete", "restore"):
        heard = [
            {"name": f"{batch.operation} {batch.id(place)} {batch.merged_into(place)}"}
            for place in range(len(batch))
        ]
        records.create("x_fair", heard, actor=ctx.actor)
"""


@prepared
def shop(instance: Any) -> None:
    shop_in(instance)


def test_plugins_hear_into_what_records_were_merged_and_from_what_they_part(shop: Any) -> None:
    put(shop, "ears", EARS)
    enable(shop, "ears")
    a, b, c = three(shop)
    merge(shop, a, b)
    assert heard(shop) == [f"delete {b} {a}"]
    undo(shop, newest(shop))
    assert heard(shop) == [f"restore {b} {a}"]
    delete(shop, "x_company", c)
    assert heard(shop)[-1] == f"delete {c} None"


def heard(shop: Any) -> list[str]:
    """Return what the plugin has heard of, but for what was undone."""
    rows = shop.sql("SELECT name FROM x_fair WHERE trashed_at IS NULL ORDER BY id")
    return [row.name for row in rows]


def test_what_a_plugin_refuses_to_move_refuses_the_merge(shop: Any) -> None:
    a, b, _ = three(shop)
    shop.create("x_deal", {"name": "fixed", "company": b}, {"name": "free", "company": b})
    put(shop, "ears", EARS)
    enable(shop, "ears")
    with pytest.raises(Invalid) as caught:
        merge(shop, a, b)
    assert [p.code for p in caught.value.problems] == ["rejected"]
    assert "fixed deals stay" in str(caught.value)
    assert b in live(shop, "x_company")


def at_once(*work: Any) -> list[Any]:
    """Do several things at the same time; return what came of each."""
    found: list[Any] = [None] * len(work)
    gate = threading.Barrier(len(work))

    def run(place: int) -> None:
        gate.wait()
        try:
            found[place] = work[place]()
        except RelatumError as error:
            found[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("again", range(3))
def test_two_merges_of_the_same_records_come_one_after_the_other(shop: Any, again: int) -> None:
    a, b, c = three(shop)
    deals = shop.create(
        "x_deal", *({"name": str(n), "company": x} for n, x in enumerate((a, b, c)))
    )
    done = at_once(
        lambda: merge(shop, a, b), lambda: merge(shop, b, a), lambda: merge(shop, c, a, b)
    )
    assert sum(isinstance(each, dict) for each in done) >= 1
    left = live(shop, "x_company")
    assert {shop.get("x_deal", deal)["company"] for deal in deals} <= set(left)
    assert all(
        {p.code for p in each.problems} <= {"record_unknown"}
        for each in done if isinstance(each, Invalid)
    )  # fmt: skip
    with shop.app.app_context():
        assert [finding.text for finding in doctor.examine()] == []


@pytest.mark.parametrize("again", range(3))
def test_what_is_written_beside_a_merge_is_not_lost(shop: Any, again: int) -> None:
    a, b, c = three(shop)
    [deal] = shop.create("x_deal", {"name": "D", "company": b})
    done = at_once(
        lambda: merge(shop, a, b, c),
        lambda: shop.create("x_deal", {"name": "late", "company": b}),
        lambda: shop.change("x_company", b, size=77),
        lambda: shop.change("x_deal", deal, name="E"),
    )
    assert isinstance(done[0], dict)
    assert shop.get("x_deal", deal) == {**shop.get("x_deal", deal), "name": "E", "company": a}
    if isinstance(done[1], list):
        assert shop.get("x_deal", done[1][0])["company"] == a
    else:
        assert [p.code for p in done[1].problems] == ["reference_unknown"]
    assert shop.get("x_company", a)["size"] == (77 if isinstance(done[2], dict) else 5)

"""Followers are told what was committed: at least once, in order, by a cursor of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from relatum.core import clock, doctor, jobs

from .counting import crm, kinds, run, swept
from .undoing import delete, update

__all__ = ["crm", "kinds"]


class Listener:
    """What a plugin was told; it fails as often as it is told to."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.failures = 0

    def tell(self, changes: Any, actor: Any) -> None:
        self.told += [(each["op"], each["id"]) for each in changes]
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the other side is not there")


@pytest.fixture
def listener(crm) -> Listener:
    """Return a follower that has been seen by the sweep."""
    made = Listener()
    kind = jobs.follower(
        plugin="loyalty", name="loyalty_follow", title="Follow", tell=made.tell, chunk=2
    )
    jobs.register(kind)
    follow(crm)
    assert made.told == []
    return made


def follow(instance: Any) -> list[str | None]:
    """Sweep, and run what waits; return how that ended."""
    return [run(instance, job) for job in swept(instance)]


def test_everything_that_is_committed_is_told_in_order_and_once(crm, listener):
    ids = crm.create("x_number", *({"number": n} for n in range(3)))
    update(crm, "x_number", ids[0], number=9)
    delete(crm, "x_number", ids[1])
    assert follow(crm) == ["done"]
    creates = [("create", id_) for id_ in ids]
    assert listener.told == [*creates, ("update", ids[0]), ("delete", ids[1])]
    assert follow(crm) == []
    [job, *_] = crm.read(jobs.list_jobs, kind="loyalty_follow")
    assert (job["plugin"], job["done"]) == ("loyalty", 5)


def test_one_that_fails_is_told_the_same_again_later_and_nothing_else_before(crm, listener):
    [first] = crm.create("x_number", {"number": 1})
    listener.failures = 2
    assert follow(crm) == ["queued"]
    [second] = crm.create("x_number", {"number": 2})
    assert follow(crm) == []
    with crm.app.app_context():
        [found] = [f for f in doctor.examine() if f.code == "follower_behind"]
    assert "2 change sets behind" in found.text and "not there" in found.text
    later = clock.now() + timedelta(seconds=6)
    with clock.frozen(later):
        assert follow(crm) == ["queued"]
        assert follow(crm) == []
    with clock.frozen(later + timedelta(seconds=16)):
        assert follow(crm) == ["done"]
    both = [("create", first), ("create", second)]
    assert listener.told == [("create", first), *both, *both]
    with crm.app.app_context():
        assert not [f for f in doctor.examine() if f.code == "follower_behind"]

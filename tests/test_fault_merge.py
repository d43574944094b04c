"""kill -9 at every step of a merge leaves the records apart, or merged whole."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from relatum.core import doctor, faults, records
from relatum.core.serve import environment

from . import nursery
from .instances import prepared
from .merging import shop_in

pytestmark = [pytest.mark.fault, pytest.mark.slow]

_MERGE = """
import json, sys
from flask import Flask
from relatum.core import config, db, records
from relatum.core.actor import system

app = Flask("relatum.test")
db.init_app(app, config.load())
into, *others = json.loads(sys.argv[1])
with app.app_context():
    db.transact(lambda: records.merge("x_company", into, others, actor=system()))
"""
POINTS = [point for point in faults.POINTS if point.startswith("merge.")]


@prepared
def shop(instance: Any) -> None:
    shop_in(instance)


def state(shop: Any) -> list[Any]:
    """Return who lives and what points to whom, and what was noted of it."""
    asked = (
        "SELECT id, trashed_at IS NULL, name, city, parent FROM x_company ORDER BY id",
        "SELECT id, trashed_at IS NULL, company, mail, note FROM x_mail ORDER BY id",
        "SELECT id, company FROM x_deal ORDER BY id",
        "SELECT record_id, into_id FROM core_merge ORDER BY id",
        "SELECT record_id, op, version FROM core_change ORDER BY id",
        "SELECT count(*) FROM core_change_set",
    )
    return [[tuple(row) for row in shop.sql(query)] for query in asked]


@pytest.mark.parametrize("point", [*POINTS, "db.before_commit", "db.after_commit"])
def test_a_merge_that_is_killed_is_not_begun_or_done(shop: Any, point: str) -> None:
    a, b, c = shop.create(
        "x_company", {"name": "A", "mails": [{"mail": "x@example.org"}]},
        {"name": "B", "city": "Bonn", "mails": [{"mail": "x@example.org", "note": "n"}]},
        {"name": "C", "mails": [{"mail": "y@example.org"}]},
    )  # fmt: skip
    shop.create("x_deal", {"name": "D", "company": b}, {"name": "E", "company": c})
    before = state(shop)
    given = {**environment(shop.config), "RELATUM_FAULTS": f"{point}=kill"}
    assert nursery.end(_MERGE, json.dumps([a, b, c]), given=given) == -signal.SIGKILL
    if point == "db.after_commit":
        assert {company for _, company in state(shop)[2]} == {a}
    else:
        assert state(shop) == before
        shop.write(records.merge, "x_company", a, [b, c])
    assert shop.get("x_company", a)["city"] == "Bonn"
    mails = shop.sql("SELECT mail FROM x_mail WHERE trashed_at IS NULL ORDER BY mail")
    assert [row.mail for row in mails] == ["x@example.org", "y@example.org"]
    with shop.app.app_context():
        assert [finding.text for finding in doctor.examine()] == []

"""Another type for a field, by HTTP and by command."""

from __future__ import annotations

import dataclasses

from relatum.core.serve import environment

from .homes import Shell
from .test_retype import advance, findings, kind_now, make, many, retype, seven, values

__all__ = ["many", "seven"]
BASE = "/api/v1/entity-types/x_thing/fields/value"


def test_a_type_is_changed_and_put_back_by_http(instance):
    ids = make(instance, "text", "1", "n/a")
    alice = instance.client(instance.alice)
    planned = alice.post(f"{BASE}/retype?_plan=1", json={"kind": "integer"}).get_json()
    assert (planned["blocked"], planned["risk"]) == (True, "lossy")
    done = alice.post(f"{BASE}/retype", json={"kind": "integer", "existing": "clear"}).get_json()
    assert done["applied"]
    assert values(instance, ids) == [1, None]
    assert alice.post(f"{BASE}/revert").get_json()["applied"]
    assert values(instance, ids) == ["1", "n/a"]


def test_the_progress_of_a_change_of_type_is_told_and_it_is_cancelled_by_http(
    instance, many, refused
):
    alice = instance.client(instance.alice)
    alice.post(f"{BASE}/retype", json={"kind": "integer"})
    advance(instance)
    assert alice.get(f"{BASE}/retype").get_json() == {
        "old": "text", "new": "integer", "done": 3, "total": 7, "filled": False,
    }  # fmt: skip
    assert alice.post(f"{BASE}/cancel-retype").get_json()["applied"]
    refused(alice.get(f"{BASE}/retype"), 409, "retype_not_running")


def test_a_command_converts_a_large_table_and_goes_on_where_it_was_stopped(instance, many):
    small = dataclasses.replace(instance.config, fill_limit=3)
    shell = Shell(environment(small))
    words = ("entity-types", "retype-field", "x_thing", "value")
    assert "converted beside readers" in shell.said(*words, "integer", "--plan")
    out = shell.said(*words, "integer", "--yes")
    assert "7 of 7 rows converted" in out
    assert "x_thing.value is integer now." in out
    instance.apply(retype("text"))
    advance(instance)
    shell.said("entity-types", "convert", "x_thing", "value")
    assert kind_now(instance) == "text"
    assert values(instance, many) == ["0", "1", "2", "3", None, "5", "6"]
    assert findings(instance) == []

"""Exports and imports by a token with a scope: its types, its fields, and no more."""

from __future__ import annotations

import io

import pytest

from relatum.core import auth, jobs, roles, uploads
from relatum.core.errors import RelatumError

from .instances import prepared
from .officing import actor, build
from .plugged import client, served

#: The preset of the instance.
PRESET = "desk"


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


def program(application, instance, scope):
    alice = instance.alice.user_id
    _, text = instance.write(auth.make_token, alice, "narrow", None, scope=scope)
    return client(application, text)


def test_an_export_holds_what_the_scope_lets_it(instance, office):
    address = "/api/x/transfer/export/x_deal?_format=csv"
    with served(instance) as application:
        for scope in (
            {"x_deal": ["read", "export"]},
            {"x_deal": ["read"], "*": ["transfer.export"]},
        ):
            answer = program(application, instance, scope).get(address)
            code = answer.get_json()["code"]
            assert (answer.status_code, code) in (
                (403, "forbidden"), (403, "token_out_of_scope"),
            )  # fmt: skip
        mine = program(
            application, instance, {"x_deal": ["read", "export"], "*": ["transfer.export"]}
        )
        head, *lines = mine.get(address).text.splitlines()
        assert len(lines) == len(office.rows)
        assert head.split(",") == ["id", "name", "amount", "secret", "tags"]
        assert mine.get("/api/x/transfer/export/x_firm?_format=csv").status_code == 404


def run(instance, job_id):
    with instance.app.app_context():
        return jobs.run(job_id, by="me", pause=lambda: False)


def bring(instance, mine, body):
    """Import a file into deals by a client; return how the job ended and its job."""
    sent = mine.post("/api/x/transfer/uploads?name=deals.csv", data=body)
    assert sent.status_code == 201, sent.text
    maps = {"relatum_map": 1, "columns": {"Name": {"field": "name"}, "Amount": {"field": "amount"}}}
    asked = {"upload": sent.get_json()["id"], "type": "x_deal", "map": maps, "mode": "create"}
    began = mine.post("/api/v1/jobs", json={"kind": "transfer_import", "arguments": asked})
    assert began.status_code == 201, began.text
    state = run(instance, began.get_json()["id"])
    return state, instance.read(jobs.get, began.get_json()["id"])


ROWS = b"Name,Amount\nNew,5\n"


def test_an_import_writes_what_the_scope_lets_it(instance, office):
    with served(instance) as application:
        scope = {
            "x_deal": ["read", "create", "update", "import"], "*": ["transfer.import"],
        }  # fmt: skip
        state, job = bring(instance, program(application, instance, scope), ROWS)
        assert (state, job["result"]["created"]) == ("done", 1), job
        scope = {"x_deal": ["read", "update", "import"], "*": ["transfer.import"]}
        state, job = bring(instance, program(application, instance, scope), b"Name,Amount\nTwo,5\n")
        assert (state, job["error"]["code"]) == ("failed", "token_out_of_scope"), job
    assert instance.sql("SELECT count(*) FROM x_deal WHERE name IN ('New', 'Two')")[0][0] == 1


def test_a_manager_who_may_import_sends_files_and_imports_them(instance, office):
    instance.write(roles.hold, "user", office.people["nora"], ["manager"])
    _, text = instance.write(auth.make_token, office.people["nora"], "t", None)
    with served(instance) as application:
        state, job = bring(instance, client(application, text), ROWS)
        assert (state, job["result"]["created"]) == ("done", 1), job


def test_who_sees_no_records_sends_no_files(instance, office):
    with pytest.raises(RelatumError) as caught, instance.app.app_context():
        uploads.keep("a.csv", io.BytesIO(ROWS), actor=instance.bob)
    assert caught.value.code == "forbidden"


def test_whoever_changes_nothing_exports_what_he_reads(instance, office):
    line = {"types": {"x_deal": {"read": "all", "export": "all"}}}
    instance.write(roles.save, "looker", {**line, "permissions": ["transfer.export"]})
    instance.write(roles.hold, "user", office.people["nora"], ["looker"])
    _, text = instance.write(auth.make_token, office.people["nora"], "t", None)
    with served(instance) as application:
        answer = client(application, text).get("/api/x/transfer/export/x_deal?_format=csv")
    assert answer.text.splitlines()[0].split(",") == ["id", "name", "amount", "secret", "tags"]


def test_work_that_outlives_a_transaction_goes_on_with_the_scope_it_began_with(instance, office):
    for person in (instance.alice, actor(instance, office, "nora")):
        narrow = person.narrowed('{"x_deal": ["read"]}')
        again = instance.read(auth.renewed, actor=narrow)
        assert (again.scope, again.admin) == (narrow.scope, False)

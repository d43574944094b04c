"""Exports: for the reader, as each format holds values, and so that an import reads them back."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from relatum.core import clock, records
from relatum.core.errors import RelatumError
from relatum.plugins.transfer.exporting import Export

from .instances import prepared
from .plugged import served
from .transferring import bring, counts, export

#: The preset of the instance.
PRESET = "desk"
NASTY = ["=1+1", "+49", "-x", "@a", "'=1", "''-1", "\t=1", "a;b", 'q"q', "ä€", "x\ny"]


@prepared
def shop(instance):
    """An instance with a type of many kinds of fields, and records of it."""
    options = [{"value": "new", "label": "New, first"}, {"value": "old", "label": "=Old"}]
    instance.make_type(
        "x_thing",
        {"name": "code", "kind": "text"},
        {"name": "remark", "kind": "long_text"},
        {"name": "size", "kind": "decimal"},
        {"name": "count", "kind": "integer"},
        {"name": "ok", "kind": "boolean"},
        {"name": "day", "kind": "date"},
        {"name": "moment", "kind": "datetime"},
        {"name": "state", "kind": "choice", "options": options},
        {"name": "states", "kind": "multi_choice", "options": options},
        {"name": "tags", "kind": "tags"},
        {"name": "took", "kind": "duration"},
        {"name": "who", "kind": "person_name"},
        {"name": "inside", "kind": "lookup", "settings": {"target": "x_thing"}},
        title="code",
    )
    [first] = instance.create("x_thing", {"code": "=first", "remark": "Ä\nB", "size": "-1.50"})
    instance.create(
        "x_thing",
        {
            "code": "second", "count": -3, "ok": False, "day": "2026-01-31", "took": 3660,
            "moment": "2026-01-31T10:00:00Z", "state": "old", "states": ["new", "old"],
            "tags": ["a;b", "=c"], "who": {"first": "-Ada", "last": "Lovelace"}, "inside": first,
        },
    )  # fmt: skip


def table(body):
    return list(csv.reader(io.StringIO(body.decode())))


def contents(instance):
    """Return all that is stored of things."""
    found = instance.sql("SELECT id FROM x_thing WHERE trashed_at IS NULL ORDER BY id")
    made = [instance.get("x_thing", row.id) for row in found]
    left_out = ("created_at", "updated_at", "version", "updated_by", "created_by")
    return [{n: v for n, v in each.items() if n not in left_out} for each in made]


def test_csv_has_names_of_fields_members_and_labels_of_links(shop):
    header, first, second = table(export(shop, "x_thing", "csv"))
    assert header[:3] == ["id", "code", "remark"]
    assert {"who.first", "who.last", "_inside", "_owner"} <= set(header)
    named = dict(zip(header, second, strict=True))
    assert (named["_inside"], named["count"], named["state"]) == ("'=first", "-3", "old")
    assert dict(zip(header, first, strict=True))["size"] == "-1.50"


def test_no_cell_of_csv_begins_a_formula(shop):
    for row in table(export(shop, "x_thing", "csv"))[1:]:
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r")), cell
            assert not cell.startswith("-") or cell[1:].replace(".", "").isdigit(), cell


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "ndjson"])
def test_what_was_exported_is_imported_without_a_change(shop, form):
    before = contents(shop)
    body = export(shop, "x_thing", form)
    links = {name: {"field": name, "by": "id"} for name in ("inside", "owner")}
    mapping = {"columns": {**links, "team": None}}
    job = bring(shop, "x_thing", body, name=f"x.{form}", key=["id"], map=mapping)
    assert counts(job) == (0, 0, 2, 0)
    assert contents(shop) == before


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    texts=st.lists(
        st.text(min_size=1, max_size=30) | st.sampled_from(NASTY), min_size=1, max_size=6
    )
)
def test_any_text_comes_back_as_it_was(shop, texts):
    rows = []
    for text in texts:
        clean = "".join(c for c in text if c.isprintable() or c == "\n").strip()
        if clean:
            rows.append({"remark": clean})
    ids = shop.create("x_thing", *rows) if rows else []
    kept = {id_: shop.get("x_thing", id_)["remark"] for id_ in ids}
    body = export(shop, "x_thing", "csv", ("_fields", "id,remark"))
    job = bring(shop, "x_thing", body, key=["id"])
    assert counts(job)[0] == counts(job)[1] == counts(job)[3] == 0
    assert {id_: shop.get("x_thing", id_)["remark"] for id_ in ids} == kept


def test_json_is_what_the_api_gives(shop):
    listed = json.loads(export(shop, "x_thing", "json", ("_fields", "code,size,tags")))
    assert listed[0] == {"code": "=first", "size": "-1.50", "tags": []}
    lines = export(shop, "x_thing", "ndjson", ("_fields", "code,size,tags")).splitlines()
    assert [json.loads(line) for line in lines] == listed


def test_a_filter_and_an_order_hold_and_pages_follow_each_other(shop):
    shop.create("x_thing", *({"code": f"n{n:04}", "count": n} for n in range(601)))
    body = export(
        shop, "x_thing", "csv", ("count__gte", "1"), ("_sort", "-id"), ("_fields", "count")
    )
    assert [row[0] for row in table(body)[1:]] == [str(n) for n in range(600, 0, -1)]


def test_a_list_is_exported_as_it_stood_at_an_instant(shop):
    before = clock.now().isoformat()
    rows = [{"id": row.id, "code": "later"} for row in shop.sql("SELECT id FROM x_thing")]
    shop.write(records.update, "x_thing", rows)
    then = json.loads(export(shop, "x_thing", "json", ("_as_of", before), ("_fields", "code")))
    assert [each["code"] for each in then] == ["=first", "second"]


def test_only_who_may_read_exports(shop):
    with pytest.raises(RelatumError) as refused, shop.reading():
        Export("x_thing", [], "csv", actor=shop.bob)
    assert refused.value.code == "forbidden"


def test_the_api_sends_a_file_with_its_name_and_refuses_an_unknown_format(shop):
    with served(shop) as application:
        token = shop.client(shop.alice).environ_base["HTTP_AUTHORIZATION"]
        client = Client(application)
        headers = {"Authorization": token}
        answer = client.get("/api/x/transfer/export/x_thing?_fields=code", headers=headers)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="x_thing.csv"'
        assert table(answer.data) == [["code"], ["'=first"], ["second"]]
        wrong = client.get("/api/x/transfer/export/x_thing?_format=doc", headers=headers)
        assert (wrong.status_code, wrong.get_json()["code"]) == (400, "bad_parameter")
        unknown = client.get("/api/x/transfer/export/x_thing?nothing=1", headers=headers)
        assert unknown.status_code == 404
        assert client.get("/api/x/transfer/export/x_thing").status_code == 401

"""'As of' an instant: what counts as then, what is refused, and the doors that ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from relatum.core import clock, query, records, serve
from relatum.core.errors import RelatumError

from .homes import Shell
from .instances import prepared

MORNING = datetime(2026, 1, 31, 9, tzinfo=UTC)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
#: The instance is in Berlin, where this is half past midnight.
EVENING = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


@prepared
def crm(instance):
    """Acme is made in the morning and changed at noon; Beta is made in the evening."""
    with clock.frozen(MORNING - timedelta(days=1)):
        instance.make_type(
            "x_firm",
            {"name": "name", "kind": "text", "sortable": True},
            {"name": "city", "kind": "text"},
            {"name": "secret", "kind": "encrypted"},
        )
        link = {"target": "x_firm", "on_delete": "clear", "inverse": "branches"}
        parent = {"name": "parent", "kind": "lookup", "settings": link}
        instance.apply({"op": "add_field", "type": "x_firm", **parent})
    with clock.frozen(MORNING):
        [acme] = instance.create("x_firm", {"name": "Acme", "city": "Berlin", "secret": "one"})
    with clock.frozen(NOON):
        change(instance, acme, city="Hamburg", secret="two")
    with clock.frozen(EVENING):
        instance.create("x_firm", {"name": "Beta", "city": "Berlin", "parent": acme})


@pytest.fixture
def ids(crm):
    return {row.name.lower(): row.id for row in crm.sql("SELECT id, name FROM x_firm")}


def change(instance, id_, **values):
    instance.write(records.update, "x_firm", [{"id": id_, **values}])


def then(crm, id_, at):
    return crm.read(records.get, "x_firm", id_, as_of=at)


def listed(crm, as_of, **asked):
    def names(*, actor):
        body = {**asked, "as_of": as_of}
        return [r["name"] for r in query.page(query.from_json("x_firm", body, actor=actor)).records]

    return crm.read(names)


def refused(crm, **asked):
    with pytest.raises(RelatumError) as caught:
        listed(crm, "2026-01-31T12:00:00Z", **asked)
    return caught.value


# -- what counts as then ----------------------------------------------------------------------
def test_a_change_at_the_very_instant_has_happened_and_one_a_microsecond_later_has_not(crm, ids):
    before = NOON - timedelta(microseconds=1)
    assert (then(crm, ids["acme"], NOON)["city"], then(crm, ids["acme"], NOON)["version"]) == (
        "Hamburg", 2,
    )  # fmt: skip
    assert then(crm, ids["acme"], before)["city"] == "Berlin"
    assert then(crm, ids["acme"], before)["updated_at"] == MORNING


def test_after_a_clock_was_set_back_all_that_followed_the_first_later_change_is_taken_back(
    crm, ids
):
    with clock.frozen(MORNING + timedelta(hours=1)):
        change(crm, ids["acme"], city="Bonn")
    between = MORNING + timedelta(hours=2)
    assert (then(crm, ids["acme"], between)["city"], then(crm, ids["acme"], NOON)["city"]) == (
        "Berlin", "Bonn",
    )  # fmt: skip
    where = {"field": "city", "value": "Berlin"}
    assert listed(crm, between.isoformat(), filter=where) == ["Acme"]


def test_encrypted_texts_are_those_of_then(crm, ids):
    assert then(crm, ids["acme"], MORNING)["secret"] == "one"
    assert then(crm, ids["acme"], NOON)["secret"] == "two"


def test_a_date_alone_is_the_end_of_that_day_in_the_zone_of_the_instance(crm):
    assert listed(crm, "2026-01-31") == ["Acme"]
    assert listed(crm, "2026-02-01") == ["Acme", "Beta"]


def test_a_time_without_an_offset_is_one_in_the_zone_of_the_instance(crm):
    assert listed(crm, "2026-02-01T00:29") == ["Acme"]
    assert listed(crm, "2026-02-01T00:30") == ["Acme", "Beta"]


def test_the_plus_of_an_offset_need_not_be_escaped_in_an_address(crm):
    found = crm.client(crm.alice).get("/api/v1/records/x_firm?_as_of=2026-02-01T00:29:00+01:00")
    assert [record["name"] for record in found.json["records"]] == ["Acme"]


def test_a_list_is_filtered_sorted_and_paged_by_the_values_of_then(crm):
    where = {"field": "city", "value": "Berlin"}
    assert listed(crm, MORNING.isoformat(), filter=where) == ["Acme"]
    assert listed(crm, NOON.isoformat(), filter=where) == []
    assert listed(crm, EVENING.isoformat(), sort=["-city"]) == ["Acme", "Beta"]


def test_a_record_that_is_in_the_trash_or_purged_by_now_is_there_as_it_was(crm, ids):
    for verb in (records.delete, records.purge):
        crm.write(verb, "x_firm", [{"id": ids["beta"]}])
        found = then(crm, ids["beta"], EVENING)
        assert (found["name"], found["parent"], found["version"]) == ("Beta", ids["acme"], 1)
        assert listed(crm, EVENING.isoformat()) == ["Acme", "Beta"]
    assert listed(crm, clock.now().isoformat()) == ["Acme"]


def test_a_link_that_was_emptied_in_the_trash_is_what_it_was_before(crm, ids):
    crm.write(records.delete, "x_firm", [{"id": ids["beta"]}])
    crm.write(records.delete, "x_firm", [{"id": ids["acme"]}])
    crm.write(records.purge, "x_firm", [{"id": ids["acme"]}])
    crm.write(records.restore, "x_firm", [{"id": ids["beta"]}])
    assert then(crm, ids["beta"], EVENING)["parent"] == ids["acme"]


def test_a_record_that_was_not_there_then_is_unknown_and_the_instant_is_named(crm, ids):
    with pytest.raises(RelatumError) as caught:
        then(crm, ids["beta"], NOON)
    assert (caught.value.code, "2026-01-31T12:00:00Z" in str(caught.value)) == (
        "record_unknown_then", True,
    )  # fmt: skip


def test_a_record_that_was_in_the_trash_then_is_unknown(crm, ids):
    with clock.frozen(EVENING):
        crm.write(records.delete, "x_firm", [{"id": ids["acme"]}])
    crm.write(records.restore, "x_firm", [{"id": ids["acme"]}])
    with pytest.raises(RelatumError, match="There was no"):
        then(crm, ids["acme"], EVENING)
    assert listed(crm, EVENING.isoformat()) == ["Beta"]


@pytest.mark.parametrize("id_", [0, -1, 2**60])
def test_an_id_that_never_was_is_unknown_as_ever(crm, id_):
    with pytest.raises(RelatumError) as caught:
        then(crm, id_, NOON)
    assert caught.value.code == "record_unknown"


# -- fields come and go -----------------------------------------------------------------------
def test_a_field_that_was_added_since_is_empty_whatever_it_was_filled_with(crm, ids):
    crm.apply(
        {"op": "add_field", "type": "x_firm", "name": "size", "kind": "integer", "required": True,
         "existing": {"fill": 7}}
    )  # fmt: skip
    change(crm, ids["beta"], size=9)
    assert {then(crm, id_, EVENING)["size"] for id_ in ids.values()} == {None}
    assert listed(crm, EVENING.isoformat(), filter={"field": "size", "value": 7}) == []
    assert listed(crm, clock.now().isoformat(), filter={"field": "size", "value": 7}) == ["Acme"]


def test_a_field_that_is_gone_is_left_out_and_one_of_the_same_name_has_nothing_of_it(crm, ids):
    crm.apply({"op": "trash_field", "type": "x_firm", "field": "city"})
    assert "city" not in then(crm, ids["acme"], MORNING)
    crm.apply({"op": "add_field", "type": "x_firm", "name": "city", "kind": "text"})
    change(crm, ids["acme"], city="Bonn")
    assert then(crm, ids["acme"], MORNING)["city"] is None


def test_a_field_that_came_out_of_the_trash_has_what_it_had(crm, ids):
    crm.apply({"op": "trash_field", "type": "x_firm", "field": "city"})
    crm.apply({"op": "restore_field", "type": "x_firm", "field": "city"})
    change(crm, ids["acme"], city="Bonn")
    assert then(crm, ids["acme"], MORNING)["city"] == "Berlin"


def test_a_field_that_was_put_back_to_the_type_it_had_has_what_it_had(crm, ids):
    retype = {"op": "retype_field", "type": "x_firm", "field": "city", "kind": "integer"}
    crm.apply({**retype, "existing": "clear"})
    change(crm, ids["acme"], city=5)
    change(crm, ids["acme"], city=6)
    between = clock.now()
    crm.apply({"op": "revert_field", "type": "x_firm", "field": "city"})
    change(crm, ids["acme"], city="Bonn")
    assert then(crm, ids["acme"], MORNING)["city"] == "Berlin"
    assert then(crm, ids["acme"], clock.now())["city"] == "Bonn"
    assert then(crm, ids["acme"], between)["city"] == "Hamburg"


def test_a_type_without_changes_and_without_records_is_empty_then(crm):
    crm.make_type("x_thing", {"name": "name", "kind": "text"})
    with crm.reading():
        asked = query.from_json("x_thing", {"as_of": EVENING.isoformat()}, actor=crm.alice)
        assert query.count(asked) == {"value": 0, "exact": True}


# -- what is refused --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"filter": {"field": "parent.city", "value": "Berlin"}}, "parent.city"),
        ({"filter": {"not": {"has": "branches"}}}, "branches"),
        ({"sort": ["parent.name"]}, "parent.name"),
        ({"fields": ["name", "owner.name"]}, "owner.name"),
        ({"expand": ["branches"]}, "_expand"),
        ({"trashed": True}, "_trashed"),
    ],
)
def test_what_is_only_known_as_it_is_now_is_refused_by_name(crm, asked, name):
    error = refused(crm, **asked)
    assert (error.code, error.params["name"]) == ("as_of_refused", name)


@pytest.mark.parametrize(
    "text",
    ["2999-01-01", "2999-01-01T00:00:00Z", "yesterday", "2026-02-30", "9999-12-31", "", "x" * 99],
)
def test_what_is_no_instant_up_to_now_is_refused(crm, text):
    with pytest.raises(RelatumError) as caught:
        listed(crm, text)
    assert caught.value.code == "bad_parameter"


def test_today_is_what_is_there_now_and_its_pages_follow_each_other(crm):
    client = crm.client(crm.alice)
    today = clock.today("Europe/Berlin").isoformat()
    first = client.get(f"/api/v1/records/x_firm?_as_of={today}&_limit=1").json
    second = client.get(f"/api/v1/records/x_firm?_as_of={today}&_limit=1&_after={first['next']}")
    assert [r["name"] for r in (*first["records"], *second.json["records"])] == ["Acme", "Beta"]


def test_a_cursor_of_one_instant_is_none_of_another(crm):
    client = crm.client(crm.alice)
    first = client.get("/api/v1/records/x_firm?_as_of=2026-02-01&_limit=1").json
    other = client.get(f"/api/v1/records/x_firm?_as_of=2026-02-02&_after={first['next']}")
    assert other.json["code"] == "cursor_expired"


def test_more_changed_records_than_the_limit_are_refused_and_one_alone_is_not(crm, ids):
    with crm.configured(as_of_limit=1):
        with pytest.raises(RelatumError) as caught:
            listed(crm, (MORNING - timedelta(hours=1)).isoformat())
        assert caught.value.code == "as_of_limit"
        assert then(crm, ids["acme"], MORNING)["city"] == "Berlin"
        assert listed(crm, EVENING.isoformat()) == ["Acme", "Beta"]


def test_who_may_not_read_now_may_not_read_then(crm, ids):
    with crm.reading(), pytest.raises(RelatumError) as caught:
        records.get("x_firm", ids["acme"], actor=crm.bob, as_of=NOON)
    assert caught.value.code == "forbidden"


# -- doors ------------------------------------------------------------------------------------
def test_the_api_shows_a_record_a_list_and_groups_as_of_an_instant(crm, ids):
    client, at = crm.client(crm.alice), "_as_of=2026-01-31T11:00:00Z"
    one = client.get(f"/api/v1/records/x_firm/{ids['acme']}?{at}")
    assert (one.json["city"], "ETag" in one.headers) == ("Berlin", False)
    assert client.get(f"/api/v1/records/x_firm/{ids['beta']}?{at}").status_code == 404
    many = client.get(f"/api/v1/records/x_firm?city=Berlin&_count=1&{at}").json
    assert (many["count"]["value"], many["records"][0]["id"]) == (1, ids["acme"])
    groups = client.get(f"/api/v1/records/x_firm/aggregate?_group=city&{at}").json["groups"]
    assert groups == [{"city": "Berlin", "count": 1}]
    asked = {"as_of": "2026-01-31T11:00:00Z", "group": ["created_at.month"]}
    groups = client.post("/api/v1/records/x_firm/aggregate", json=asked).json["groups"]
    assert groups == [{"created_at.month": "2026-01", "count": 1}]
    for word in ("_trashed=1", "_expand=branches"):
        answer = client.get(f"/api/v1/records/x_firm/{ids['acme']}?{at}&{word}")
        assert (answer.status_code, answer.json["code"]) == (422, "as_of_refused")


def test_commands_show_a_record_a_list_and_groups_as_of_an_instant(crm, ids):
    relatum, at = Shell(serve.environment(crm.config)), ("--as-of", "2026-01-31T11:00")
    assert relatum.json("records", "get", "x_firm", str(ids["acme"]), *at)["city"] == "Berlin"
    assert len(relatum.json("records", "list", "x_firm", *at)["records"]) == 1
    assert relatum.json("records", "aggregate", "x_firm", *at)["groups"] == [{"count": 1}]


def test_history_that_is_older_than_its_fields_has_them(crm):
    """A demonstration, or an import of another system's past, writes changes of former days."""
    with clock.frozen(EVENING + timedelta(days=1)):
        crm.apply({"op": "add_field", "type": "x_firm", "name": "code", "kind": "text"})
    with clock.frozen(MORNING + timedelta(hours=1)):
        [past] = crm.create("x_firm", {"name": "Past", "code": "P1"})
    assert then(crm, past, NOON)["code"] == "P1"

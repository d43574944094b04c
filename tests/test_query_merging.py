"""Pages that are merged of what lets their records be seen: how the databases come by them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from relatum.core import clock, db, query, records, roles
from relatum.core.query import density

from .instances import prepared
from .officing import Office, actor, build, give, listed


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


@pytest.fixture(autouse=True)
def many(monkeypatch):
    """Let everybody see many records, as far as a plan depends on it."""
    known = density.Density(few=False, many_shared=False)
    monkeypatch.setattr(density, "of", lambda _: known)


def asked(instance: Any, office: Office, times: int = 1) -> tuple[str, Any]:
    """Let somebody list, in the order of the title, what his teams own and what is shared with him.

    Returns the statement for the rows, with its parameters.
    """
    give(instance, office, "nora", {"read": "tree"})
    instance.write(roles.share, "x_deal", office.deals["sam small"], user=office.people["nora"])
    who, seen = actor(instance, office, "nora"), []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        seen.append((text, parameters))

    with instance.app.app_context():
        engine = db.engine()
    event.listen(engine, "before_cursor_execute", note)
    for _ in range(times):
        names = listed(instance, who, sort=["name"], fields=["name"])
        assert names == ["cora large", "cora small", "nora large", "nora small", "sam small"]
    event.remove(engine, "before_cursor_execute", note)
    [found] = dict(each for each in seen if "UNION" in each[0]).items()
    return found


def test_what_one_owner_or_team_has_is_not_sorted_for_a_page(instance, office):
    if instance.dialect != "sqlite":
        pytest.skip("a table of a page or two is sorted on PostgreSQL, whatever indexes it has")
    text, parameters = asked(instance, office)
    with instance.reading() as tx:
        plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters).all()
    told = [row[-1] for row in plan]
    assert sum("MERGE (UNION)" in line for line in told) == 3
    deals = [line for line in told if "SEARCH x_deal" in line and "USING INDEX" in line]
    assert [line.partition("(")[2] for line in deals] == ["owner_id=?)", "team_id=?)", "team_id=?)"]
    # What is shared, and the page of what was found.
    assert sum("TEMP B-TREE" in line for line in told) <= 2


def test_people_of_one_role_with_more_and_with_fewer_teams_have_lists_of_their_own(
    instance, office
):
    instance.write(roles.save, "region", {"types": {"x_deal": {"read": "tree"}}})
    listing = {"cora": ["cora"], "nora": ["cora", "nora"], "sam": ["sam"], "nobody": ["nobody"]}
    for name in listing:
        instance.write(roles.hold, "user", office.people[name], ["region"])
    for name in (*listing, *reversed(listing)):
        names = [f"{owner} {size}" for owner in listing[name] for size in ("large", "small")]
        assert listed(instance, actor(instance, office, name), sort=["name"]) == names


def test_a_connection_soon_plans_a_merged_list_no_more(instance, office):
    if instance.dialect != "postgresql":
        pytest.skip("SQLite plans once for each connection anyway")
    asked(instance, office, times=12)
    with instance.reading() as tx:
        known = tx.connection.exec_driver_sql(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements "
            "WHERE statement LIKE '%%DISTINCT ON%%'"
        ).all()
    assert [tuple(row) for row in known] == [(2, 5)]


def test_values_of_several_columns_and_sealed_ones_come_out_of_a_merged_page_whole(
    instance, office
):
    instance.make_type(
        "x_case",
        {"name": "name", "kind": "text", "required": True, "sortable": True},
        {"name": "place", "kind": "address"},
        {"name": "pin", "kind": "encrypted"},
        title="name",
    )
    nora = office.people["nora"]
    row = {"place": {"city": "Bonn", "street": "Elm"}, "pin": "1234", "owner": nora}
    instance.create("x_case", {"name": "b", **row}, {"name": "a", **row}, {"name": "c"})
    sees = {"x_case.pin": {"read": True, "update": False, "create": False}}
    instance.write(roles.save, "cases", {"types": {"x_case": {"read": "own"}}, "fields": sees})
    instance.write(roles.hold, "user", nora, ["cases"])
    shown = {"fields": ["name", "place", "pin"], "sort": ["name"]}
    found = []
    for who in (actor(instance, office, "nora"), instance.alice):
        with instance.reading():
            found.append(query.page(query.from_json("x_case", shown, actor=who)).records)
    assert found[0] == found[1][:2]
    assert [each["pin"] for each in found[0]] == ["1234", "1234"]


def paged(who: Any, **words: Any) -> list[str]:
    """Return the names of all pages of two, in order."""
    names: list[str] = []
    asked: dict[str, Any] = {"fields": ["name"], "limit": 2, **words}
    while True:
        found = query.page(query.from_json("x_deal", asked, actor=who))
        names += [row["name"] for row in found.records]
        if found.next is None:
            return names
        asked["after"] = found.next


@pytest.mark.parametrize("shared", [False, True])
def test_a_merged_list_is_read_page_by_page_in_its_order(instance, office, monkeypatch, shared):
    known = density.Density(few=False, many_shared=shared)
    monkeypatch.setattr(density, "of", lambda _: known)
    give(instance, office, "nora", {"read": "tree"}, {"read": "own"})
    instance.write(roles.share, "x_deal", office.deals["sam small"], user=office.people["nora"])
    who = actor(instance, office, "nora")
    names = ["cora large", "cora small", "nora large", "nora small", "sam small"]
    with instance.reading():
        assert paged(who, sort=["name"]) == names
        assert paged(who, sort=["-name"]) == names[::-1]
        assert paged(who, sort=["amount", "name"]) == [*names[1::2], names[4], *names[0:4:2]]


def test_what_one_may_export_is_narrower_than_what_one_lists(instance, office):
    give(instance, office, "nora", {"read": "tree", "export": "own"})
    who = actor(instance, office, "nora")
    with instance.reading():
        asked = query.from_json("x_deal", {"sort": ["name"], "fields": ["name"]}, actor=who)
        found = query.page(query.narrowed(asked, "export")).records
    assert [row["name"] for row in found] == ["nora large", "nora small"]


def test_a_list_of_a_day_is_for_those_who_see_its_records_today(instance, office):
    give(instance, office, "nora", {"read": "own"})
    give(instance, office, "sam", {"read": "own"})
    before = clock.now()
    nora = office.people["nora"]
    instance.change("x_deal", office.deals["sam large"], owner=nora, name="a huge one")
    listing = {"nora": ["nora large", "nora small", "sam large"], "sam": ["sam small"]}
    for name, names in listing.items():
        who = actor(instance, office, name)
        with instance.reading():
            assert paged(who, as_of=before.isoformat(), sort=["name"]) == names


def test_the_trash_is_listed_in_order_as_well(instance, office):
    give(instance, office, "nora", {"read": "tree"})
    gone = [office.deals[name] for name in ("nora small", "cora large", "sam large")]
    instance.write(records.delete, "x_deal", [{"id": id_} for id_ in gone])
    who = actor(instance, office, "nora")
    with instance.reading():
        assert paged(who, sort=["name"], trashed=True) == ["cora large", "nora small"]

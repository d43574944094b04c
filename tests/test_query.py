"""Lists and groups: the address and JSON mean the same, limits have names, indexes are used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from relatum.core import clock, db, ddl, query, records
from relatum.core.actor import Actor, system
from relatum.core.errors import RelatumError

from .asking import ask, grouped, names, refused, refused_groups, small_crm
from .instances import prepared


@prepared
def crm(instance):
    small_crm(instance)


# -- the two forms --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "body"),
    [
        (
            [("amount__gt", "1.5"), ("company.city", "Berlin"), ("_sort", "-amount,name")],
            {
                "filter": {
                    "and": [
                        {"field": "amount", "op": "gt", "value": "1.5"},
                        {"field": "company.city", "op": "eq", "value": "Berlin"},
                    ]
                },
                "sort": ["-amount", "name"],
            },
        ),
        (
            [("name__in", '"Beta, Inc",arm'), ("_fields", "name,company.name"), ("_limit", "7")],
            {
                "filter": {
                    "and": [{"field": "name", "op": "in", "value": ["Beta, Inc", "arm"]}],
                },
                "fields": ["name", "company.name"],
                "limit": 7,
            },
        ),
        (
            [
                ("signed", "0"),
                ("seats__between", "1,3"),
                ("closed__empty", "true"),
                ("_count", "1"),
            ],
            {
                "filter": {
                    "and": [
                        {"field": "signed", "op": "eq", "value": False},
                        {"field": "seats", "op": "between", "value": [1, 3]},
                        {"field": "closed", "op": "empty", "value": True},
                    ]
                },
                "count": True,
            },
        ),
        (
            [("_filter", '{"or": [{"field": "owner", "value": "me"}]}'), ("_trashed", "1")],
            {
                "filter": {"and": [{"or": [{"field": "owner", "value": "me"}]}]},
                "trashed": True,
            },
        ),
    ],
)
def test_an_address_and_json_give_the_same_query(crm, address, body):
    with crm.reading():
        by_address = query.from_url("x_deal", address, actor=crm.alice)
        assert by_address == query.from_json("x_deal", body, actor=crm.alice)


def test_filters_of_an_address_all_hold(crm):
    assert names(ask(crm, ("amount__gte", "10"), ("amount__lt", "20"))) == ["Ärmel"]


def test_what_is_laid_over_a_query_narrows_it():
    one, two = {"field": "name", "value": "a"}, {"field": "seats", "value": 1}
    assert query.over({}, {}) == {}
    assert query.over({"filter": None}, {"filter": two}) == {"filter": two}
    base = {"filter": one, "sort": ["name"], "limit": 5}
    assert query.over(base, {"limit": 7, "sort": None}) == {**base, "limit": 7}
    assert query.over(base, {"filter": two}) == {**base, "filter": {"and": [one, two]}}


def test_an_address_is_laid_over_the_words_of_a_view(crm):
    base = {"filter": {"field": "name", "value": "arm"}, "sort": None, "limit": None}
    with crm.reading():
        for args, found in (([], ["arm"]), ([("seats", "3")], [])):
            made = query.from_url("x_deal", args, actor=crm.alice, base=base)
            assert names(query.page(made)) == found


def test_text_with_a_comma_is_one_value_outside_lists(crm):
    assert names(ask(crm, ("name", "Beta, Inc"))) == ["Beta, Inc"]


def test_a_percent_sign_is_a_character_like_any_other(crm):
    assert len(ask(crm, ("note__has", "0%")).records) == 1
    assert ask(crm, ("note__has", "5%f")).records == []


def test_prefix_and_order_ignore_case_and_accents(crm):
    assert names(ask(crm, ("name__starts", "ARM"), ("_sort", "-name"))) == ["Ärmel", "arm"]


def test_a_condition_on_an_empty_value_neither_holds_nor_is_refuted(crm):
    condition = {"field": "company.city", "op": "eq", "value": "Berlin"}
    assert names(ask(crm, filter=condition)) == ["Ärmel"]
    assert names(ask(crm, filter={"not": condition})) == []


def test_a_path_to_a_trashed_record_has_no_value_and_its_label_says_trashed(crm):
    [bob] = [row.id for row in crm.sql("SELECT id FROM core_user WHERE name = 'Bob'")]
    acting = Actor(user_id=bob, name="Bob", admin=True)
    crm.write(records.create, "x_deal", [{"name": "his"}], actor=acting)
    crm.write(records.delete, "user", [{"id": bob}])
    page = ask(crm, ("name", "his"), ("_fields", "created_by,created_by.name"))
    [record] = page.records
    assert (record["created_by"], record["created_by.name"]) == (bob, None)
    assert page.labels[str(bob)] == {"type": "user", "label": "Bob", "trashed": True}
    assert names(ask(crm, ("created_by.name", "Bob"))) == []


def test_what_is_empty_over_a_link_is_so_without_the_link_too(crm):
    [city] = crm.create("x_company", {"name": "In town", "city": "Rome"})
    [none] = crm.create("x_company", {"name": "Nowhere"})
    crm.create(
        "x_deal", {"name": "there", "company": city}, {"name": "nowhere", "company": none},
        {"name": "alone"},
    )  # fmt: skip
    named = ("name__in", "there,nowhere,alone")
    assert names(ask(crm, named, ("company.city__empty", "0"), ("_sort", "name"))) == ["there"]
    assert names(ask(crm, named, ("company.city__empty", "1"), ("_sort", "name"))) == [
        "alone", "nowhere",
    ]  # fmt: skip


def test_a_quick_search_asks_for_what_stands_in_the_title(crm):
    with crm.reading():
        found = query.titled(crm.catalog.type("x_company"), "fra")
    assert found == {"or": [{"field": "name", "op": "contains", "value": "fra"}]}
    crm.make_type("x_year", {"name": "number", "kind": "integer"}, title="number")
    with crm.reading():
        assert query.titled(crm.catalog.type("x_year"), "2026") is None


def test_what_is_shown_over_links_has_no_label_and_ends_where_a_link_is_empty(crm):
    page = ask(crm, fields=["name", "company.parent.name"], sort=["name"])
    shown = {row["name"]: row["company.parent.name"] for row in page.records}
    assert shown == {None: None, "arm": None, "Ärmel": None, "Beta, Inc": "Acme"}
    assert page.labels == {}


def test_the_trash_is_listed_on_demand(crm):
    [beta] = ask(crm, ("name", "Beta, Inc")).records
    crm.write(records.delete, "x_deal", [{"id": beta["id"]}])
    assert "Beta, Inc" not in names(ask(crm))
    assert names(ask(crm, ("_trashed", "1"))) == ["Beta, Inc"]


def test_today_and_now_follow_the_clock_and_the_instance_zone(crm):
    crm.create("x_deal", {"name": "due", "closed": "2024-06-01"})
    # 22:30 UTC is half past midnight of the next day in Berlin.
    with clock.frozen(datetime(2024, 5, 31, 22, 30, tzinfo=UTC)):
        assert names(ask(crm, ("closed", "today"))) == ["due"]
        assert names(ask(crm, ("closed__lt", "today-120d"))) == ["Ärmel"]


def test_me_is_whoever_asks(crm):
    assert len(ask(crm, ("owner", "me")).records) == 4
    with pytest.raises(RelatumError) as caught, crm.reading():
        query.page(query.from_url("x_deal", [("owner", "me")], actor=system()))
    assert caught.value.code == "operand_invalid"


# -- pages ----------------------------------------------------------------------------------
def test_a_cursor_is_refused_by_another_query_and_if_it_was_forged(crm):
    page = ask(crm, ("_limit", "1"), ("_sort", "name"))
    for args, code in (
        ([("_after", page.next), ("_sort", "-name")], "cursor_expired"),
        ([("_after", page.next), ("_sort", "name"), ("name", "arm")], "cursor_expired"),
        ([("_after", page.next[:-3] + "abc"), ("_sort", "name")], "bad_cursor"),
        ([("_after", "x"), ("_sort", "name")], "bad_cursor"),
        ([("_after", page.next), ("_before", page.next)], "bad_parameter"),
    ):
        assert refused(crm, *args).code == code


def test_a_cursor_outlives_changes_of_the_model_that_leave_its_order_alone(crm):
    args = [("_limit", "1"), ("_sort", "name")]
    page = ask(crm, *args)
    crm.apply({"op": "add_field", "type": "x_deal", "name": "extra", "kind": "text"})
    assert names(ask(crm, *args, ("_after", page.next))) == ["arm"]


def test_a_cursor_expires_when_the_order_of_options_changes(crm):
    args = [("_limit", "1"), ("_sort", "stage")]
    page = ask(crm, *args)
    options = [{"value": "new"}, {"value": "won"}]
    crm.apply({"op": "change_field", "type": "x_deal", "field": "stage", "options": options})
    assert refused(crm, *args, ("_after", page.next)).code == "cursor_expired"


def test_counts_stop_at_the_cap_and_say_so(crm):
    with crm.configured(count_cap=3):
        assert ask(crm, ("_count", "1")).count == {"value": 3, "exact": False}
    assert ask(crm, ("_count", "1")).count == {"value": 4, "exact": True}


def test_sorting_without_an_index_is_refused_beyond_the_cap(crm):
    with crm.configured(sort_cap=2):
        for sort in ("seats", "company.name", "-stage"):
            error = refused(crm, ("_sort", sort))
            assert error.code == "sort_too_costly"
            assert sort.removeprefix("-") in str(error)
        assert len(ask(crm, ("_sort", "seats"), ("amount__gt", "0")).records) == 2
        assert len(ask(crm, ("_sort", "amount")).records) == 4


def test_a_page_costs_one_statement_and_one_per_type_pointed_to(crm):
    ask(crm)  # the catalog is read once
    seen: list[str] = []
    event.listen(engine_of(crm), "before_cursor_execute", lambda *args: seen.append(args[2]))
    shown = "name,company,company.parent,company.parent.name,owner,created_by,updated_by"
    ask(crm, ("_fields", shown), ("_count", "1"), ("company.name__contains", "u"))
    selects = [text for text in seen if text.startswith("SELECT") and "core_epoch" not in text]
    # Rows, count; companies and users; the companies above.
    assert len(selects) == 5


def engine_of(instance: Any) -> Any:
    with instance.app.app_context():
        return db.engine()


def explained(instance: Any, statements: list[tuple[str, Any]]) -> str:
    """Return how the database would carry out statements."""
    explain = "EXPLAIN QUERY PLAN" if instance.dialect == "sqlite" else "EXPLAIN"
    with engine_of(instance).begin() as connection:
        connection.exec_driver_sql("ANALYZE")
        rows = [
            row
            for text, parameters in statements
            for row in connection.exec_driver_sql(f"{explain} {text}", parameters)
        ]
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize("sort", ["amount", "-amount"])
def test_a_sorted_page_in_the_middle_is_read_from_its_index(crm, sort):
    many = [{"name": f"n{i:05}", "amount": str(i)} for i in range(3000)]
    crm.write(records.create, "x_deal", many)
    args = [("_sort", sort), ("_limit", "20"), ("_fields", "name")]
    after = ask(crm, *args).next
    seen: list[tuple[str, Any]] = []

    def note(_connection, _cursor, text, parameters, *_):
        seen.append((text, parameters))

    event.listen(engine_of(crm), "before_cursor_execute", note)
    ask(crm, *args, ("_after", after))
    event.remove(engine_of(crm), "before_cursor_execute", note)
    plan = explained(crm, [each for each in seen if "ORDER BY" in each[0]])
    assert ddl.CreateIndex("x_deal", ("amount", "id")).name in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


# -- groups ---------------------------------------------------------------------------------
def test_without_functions_groups_are_counted(crm):
    found = grouped(crm, ("_group", "stage")).groups
    assert found == [
        {"stage": None, "count": 2},
        {"stage": "won", "count": 1},
        {"stage": "new", "count": 1},
    ]


def test_groups_can_be_sorted_by_what_they_show_and_cut(crm):
    args = [("_group", "stage"), ("_select", "sum(amount)"), ("_sort", "-sum(amount)")]
    assert grouped(crm, *args, ("_limit", "1")).groups == [{"stage": "new", "sum(amount)": "20.50"}]


def test_a_group_of_a_link_has_a_label(crm):
    answer = grouped(crm, ("_group", "company"), ("company__empty", "0"), ("_sort", "-count"))
    assert {answer.labels[str(group["company"])]["label"] for group in answer.groups} == {
        "Acme",
        "Sub",
    }


def test_instants_of_one_month_are_one_group(crm):
    crm.create("x_deal", {"met": "2024-03-02T08:00:00Z"}, {"met": "2024-04-01T12:00:00Z"})
    found = grouped(crm, ("_group", "met.month"), ("met__empty", "0"), ("_tz", "UTC")).groups
    assert found == [{"met.month": "2024-03", "count": 2}, {"met.month": "2024-04", "count": 1}]


def test_categories_are_groups_in_the_order_of_their_names(crm):
    found = grouped(crm, ("_group", "stage.category")).groups
    assert [group["stage.category"] for group in found] == [None, "open", "won"]


def test_an_instant_falls_on_the_day_of_the_asked_zone(crm):
    args = [("_group", "met.day"), ("met__empty", "0")]
    assert grouped(crm, *args).groups == [{"met.day": "2024-03-31", "count": 1}]
    found = grouped(crm, *args, ("_tz", "America/New_York")).groups
    assert found == [{"met.day": "2024-03-30", "count": 1}]


def test_the_mean_of_money_is_exact_to_six_digits_and_rounds_half_up(crm):
    crm.create("x_deal", *({"name": "third", "amount": a} for a in ("1", "0", "1")))
    found = grouped(crm, ("name", "third"), ("_select", "avg(amount),sum(amount)")).groups
    assert found == [{"avg(amount)": "0.666667", "sum(amount)": "2.00"}]


def test_a_sum_beyond_64_bits_is_refused_by_name(crm):
    crm.create("x_deal", *({"name": "big", "seats": 2**53 - 1} for _ in range(1100)))
    error = refused_groups(crm, ("name", "big"), ("_select", "sum(seats)"))
    assert error.code == "sum_overflow"
    assert "seats" in str(error)


def test_more_groups_than_the_limit_are_refused(crm):
    with crm.configured(group_limit=2):
        assert refused_groups(crm, ("_group", "name")).code == "group_limit"


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        (("city", "Rome"), ("city", "name__k", "id")),
        (("city__in", "Rome,Bern"), ("name__k", "id")),
    ],
)
def test_a_page_of_very_many_matches_is_read_along_its_order(crm, condition, columns):
    many = [{"name": f"n{i:05}", "city": "Rome"} for i in range(2500)]
    crm.write(records.create, "x_company", many)
    args = [condition, ("_sort", "-name"), ("_limit", "2"), ("_fields", "name")]
    seen: list[tuple[str, Any]] = []

    def note(_connection, _cursor, text, parameters, *_):
        seen.append((text, parameters))

    event.listen(engine_of(crm), "before_cursor_execute", note)
    page = ask(crm, *args, type_name="x_company")
    event.remove(engine_of(crm), "before_cursor_execute", note)
    assert names(page) == ["n02499", "n02498"]
    plan = explained(crm, [each for each in seen if "ORDER BY" in each[0]])
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
    if crm.dialect == "sqlite":  # PostgreSQL looks at LIMIT, and may take either
        assert ddl.CreateIndex("x_company", columns).name in plan

"""Fields of several values: tags, and several of a list of options."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from relatum.core import db, doctor, imports, query, records
from relatum.core.errors import Invalid, RelatumError
from relatum.core.fields import FIELD_TYPES

from .instances import prepared

WAYS = [
    {"value": "mail", "label": "By mail"},
    {"value": "phone", "label": "By phone; any time"},
    {"value": "fax", "label": "By fax"},
]
FIELDS: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "unique": True, "sortable": True},
    {"name": "size", "kind": "integer"},
    {"name": "ways", "kind": "multi_choice", "options": WAYS},
    {"name": "tags", "kind": "tags"},
]


@prepared
def things(instance):
    instance.make_type("x_thing", *FIELDS)


@prepared
def three(things):
    """Three records: a with two tags and ways, b with one of each, c with none."""
    things.create(
        "x_thing",
        {"name": "a", "size": 1, "ways": ["fax", "mail"], "tags": ["VIP", "Zoë"]},
        {"name": "b", "size": 2, "ways": ["mail"], "tags": ["vip"]},
        {"name": "c", "size": 4},
    )


def ids(instance: Any) -> dict[str, int]:
    return {row.name: row.id for row in instance.sql("SELECT id, name FROM x_thing")}


def asked(instance: Any, **words: str) -> list[str]:
    with instance.reading():
        page = query.page(query.from_url("x_thing", words.items(), actor=instance.alice))
    return sorted(record["name"] for record in page.records)


def change(instance: Any, name: str, **values: Any) -> Any:
    row = {"id": ids(instance)[name], **values}
    return instance.write(records.update, "x_thing", [row])[0]


def test_a_set_comes_back_each_value_once_and_in_order(things):
    (id_,) = things.create(
        "x_thing", {"ways": ["fax", "mail", "fax"], "tags": ["zoo", " VIP ", "vip", "", "Ärger"]}
    )
    found = things.get("x_thing", id_)
    assert (found["ways"], found["tags"]) == (["mail", "fax"], ["Ärger", "VIP", "zoo"])


def test_no_values_are_an_empty_list_however_they_are_sent(things):
    made = things.create("x_thing", {}, {"tags": None, "ways": []}, {"tags": "", "ways": ""})
    for id_ in made:
        assert (things.get("x_thing", id_)["tags"], things.get("x_thing", id_)["ways"]) == ([], [])
    assert things.sql("SELECT * FROM x_thing__tags") == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"tags": "vip"}, "not_texts"),
        ({"tags": [1]}, "not_text"),
        ({"tags": ["x" * 101]}, "too_long"),
        ({"tags": [f"t{n}" for n in range(1001)]}, "too_many_values"),
        ({"tags": {"put": ["a"]}}, "not_texts"),
        ({"tags": {"remove": "a"}}, "not_texts"),
        ({"ways": ["post"]}, "option_unknown"),
        ({"ways": [["mail"]]}, "not_text"),
    ],
)
def test_what_is_no_set_of_texts_is_refused(things, values, code):
    with pytest.raises(Invalid) as caught:
        things.create("x_thing", values)
    assert [(p.field, p.code) for p in caught.value.problems] == [(next(iter(values)), code)]
    assert things.sql("SELECT * FROM x_thing") == []


def test_a_field_of_several_values_is_never_unique_and_never_sorted_by(things):
    for flag in ("unique", "sortable", "indexed"):
        with pytest.raises(RelatumError) as caught:
            things.apply(
                {"op": "add_field", "type": "x_thing", "name": "t", "kind": "tags", flag: True}
            )
        assert caught.value.code == "definition_invalid"


def test_what_is_sent_replaces_and_history_has_the_lists(three):
    change(three, "a", tags=["new"], ways=[])
    assert three.get("x_thing", ids(three)["a"])["tags"] == ["new"]
    [last, first] = three.read(records.history, "x_thing", ids(three)["a"])
    assert last["changes"] == {"tags": [["VIP", "Zoë"], ["new"]], "ways": [["mail", "fax"], []]}
    assert first["changes"]["tags"] == [None, ["VIP", "Zoë"]]


def test_values_are_added_and_removed_without_knowing_the_others(three):
    change(three, "a", tags={"add": ["new"], "remove": ["ZOE", "gone"]}, ways={"remove": ["fax"]})
    found = three.get("x_thing", ids(three)["a"])
    assert (found["tags"], found["ways"]) == (["new", "VIP"], ["mail"])
    assert change(three, "a", tags={"add": ["VIP"]}).status == "unchanged"


def test_adding_beyond_the_most_is_refused_and_writes_nothing(three):
    three.apply(
        {"op": "change_field", "type": "x_thing", "field": "tags", "settings": {"max_values": 2}}
    )
    with pytest.raises(Invalid) as caught:
        change(three, "a", tags={"add": ["third"]}, size=9)
    assert caught.value.problems[0].code == "too_many_values"
    assert three.get("x_thing", ids(three)["a"])["size"] == 1


def test_fewer_values_than_records_have_are_asked_about(three):
    change = {"op": "change_field", "type": "x_thing", "field": "tags"}
    plan = three.plan({**change, "settings": {"max_values": 1}})
    assert plan.steps[0].offenders == [ids(three)["a"]]


def test_a_retired_option_stays_readable_and_can_not_be_chosen(three):
    options = [*WAYS[:2], {**WAYS[2], "retired": True}]
    step = {"op": "change_field", "type": "x_thing", "field": "ways", "options": options}
    assert three.plan(step).steps[0].rows == 1
    three.apply(step)
    assert three.get("x_thing", ids(three)["a"])["ways"] == ["mail", "fax"]
    assert asked(three, ways="fax") == ["a"]
    with pytest.raises(Invalid) as caught:
        change(three, "b", ways=["fax"])
    assert caught.value.problems[0].code == "option_retired"
    change(three, "a", ways={"add": ["phone"]})
    assert three.get("x_thing", ids(three)["a"])["ways"] == ["mail", "phone", "fax"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"tags": "Vip"}, ["a", "b"]),
        ({"tags__has_any": "zoe,other"}, ["a"]),
        ({"tags__has_all": "vip,ZOË"}, ["a"]),
        ({"tags__has_none": "vip,zoo"}, ["c"]),
        ({"tags__has_none": "zoë"}, ["b", "c"]),
        ({"tags__empty": "1"}, ["c"]),
        ({"ways": "mail"}, ["a", "b"]),
        ({"ways__has_all": "mail,fax"}, ["a"]),
        ({"ways": "phone"}, []),
        ({"ways__empty": "0", "size": "2"}, ["b"]),
    ],
)
def test_filters_look_into_the_set(three, filters, names):
    assert asked(three, **filters) == names


def test_an_unknown_option_is_refused_as_an_operand(three):
    with pytest.raises(RelatumError) as caught:
        asked(three, ways="post")
    assert caught.value.code == "operand_invalid"


def test_what_is_in_the_trash_is_not_found_and_comes_back_with_its_values(three):
    row = [{"id": ids(three)["a"]}]
    three.write(records.delete, "x_thing", row)
    assert asked(three, tags="zoë") == []
    three.write(records.restore, "x_thing", row)
    assert asked(three, tags="zoë") == ["a"]


def groups(instance: Any, **body: Any) -> list[dict[str, Any]]:
    with instance.reading():
        made = query.aggregate(query.from_json("x_thing", body, actor=instance.alice))
    return made.groups


def test_a_record_counts_in_the_group_of_each_of_its_values(three):
    assert groups(three, group=["tags"], select=["count", "sum(size)"]) == [
        {"tags": None, "count": 1, "sum(size)": 4},
        {"tags": "VIP", "count": 2, "sum(size)": 3},
        {"tags": "Zoë", "count": 1, "sum(size)": 1},
    ]
    assert groups(three, group=["ways"]) == [
        {"ways": None, "count": 1}, {"ways": "mail", "count": 2}, {"ways": "fax", "count": 1},
    ]  # fmt: skip


def test_tags_in_use_are_suggested_over_http(three, refused):
    client = three.client(three.alice)
    address = "/api/v1/records/x_thing/values"
    found = client.get(f"{address}/tags?_starts=v").get_json()
    assert found == {"values": [{"value": "VIP", "count": 2}]}
    everything = client.get(f"{address}/tags").get_json()["values"]
    assert [each["value"] for each in everything] == ["VIP", "Zoë"]
    assert client.get(f"{address}/ways?_limit=1").get_json()["values"][0]["value"] == "fax"
    refused(client.get(f"{address}/name"), 400, "no_suggestions")


def test_options_in_use_are_suggested_by_their_values_as_these_are_written(three):
    address = "/api/v1/records/x_thing/values/ways?_starts="
    client = three.client(three.alice)
    found = {text: client.get(address + text).get_json()["values"] for text in ("fa", "FA")}
    assert [each["value"] for each in found["fa"]] == ["fax"]
    assert found["FA"] == []


def counted(instance: Any, work: Any) -> list[str]:
    """Return the statements that `work` runs; the catalog was read before."""
    assert instance.catalog
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    with instance.app.app_context():
        engine = db.engine()
    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


def test_a_page_costs_no_statement_more_for_sets(three):
    def page(*fields: str) -> Any:
        with three.reading():
            body = {"fields": list(fields), "sort": ["name"]}
            query.page(query.from_json("x_thing", body, actor=three.alice))

    plain = counted(three, lambda: page("name"))
    shown = counted(three, lambda: page("name", "tags", "ways"))
    assert len(shown) == len(plain)


def test_a_batch_costs_one_delete_and_one_insert_per_set_whatever_its_size(three):
    def write(rows: Any) -> Any:
        return lambda: three.write(records.update, "x_thing", rows)

    few = counted(three, write([{"id": ids(three)["a"], "tags": ["x"]}]))
    many = counted(three, write([{"id": i, "tags": ["y", n]} for n, i in ids(three).items()]))
    assert len(few) == len(many)
    assert sum("x_thing__tags" in statement for statement in many) == 2


def test_a_sparse_tag_is_found_by_its_index_and_a_common_one_by_the_order(things):
    if things.dialect != "sqlite":
        pytest.skip("SQLite plans without a look at LIMIT; PostgreSQL looks")
    rows = [
        {"name": f"n{n:05}", "tags": ["all", *(["rare"] if n == 7 else [])]} for n in range(2500)
    ]
    things.create("x_thing", *rows)
    for tag, driven in (("rare", True), ("all", False)):
        found = counted(things, lambda tag=tag: asked(things, tags=tag, _sort="name", _limit="2"))
        [asking] = [text for text in found if "ORDER BY x_thing.name__k" in text]
        with things.app.app_context(), db.engine().connect() as connection:
            text = "EXPLAIN QUERY PLAN " + asking.replace("?", "'x'")
            plan = " ".join(str(row) for row in connection.execute(sa.text(text)))
        assert ("TEMP B-TREE FOR ORDER" in plan) is driven, plan


def load(instance: Any, path: Any, text: str, **mapping: Any) -> Any:
    path.write_text(text)
    with instance.app.app_context():
        made = imports.load_map({"relatum_map": 1, "delimiter": ",", **mapping})
        return imports.run(
            "x_thing", path, actor=instance.alice, mapping=made, key=["name"],
        )  # fmt: skip


def test_a_cell_of_a_file_holds_values_between_semicolons(three, tmp_path):
    text = 'name,tags,ways\na,new; a\\;b ;,"By phone\\; any time;fax"\nb,,\n'
    report = load(three, tmp_path / "f.csv", text)
    assert (report.refused, report.updated) == (0, 2), list(report.problems)
    found = three.get("x_thing", ids(three)["a"])
    assert (found["tags"], found["ways"]) == (["a;b", "new"], ["phone", "fax"])
    assert three.get("x_thing", ids(three)["b"])["tags"] == []


def test_an_import_adds_if_the_map_says_so(three, tmp_path):
    columns = {"tags": {"field": "tags", "add": True}}
    load(three, tmp_path / "f.csv", "name,tags\na,new\nb,\nd,first\n", columns=columns)
    assert three.get("x_thing", ids(three)["a"])["tags"] == ["new", "VIP", "Zoë"]
    assert three.get("x_thing", ids(three)["b"])["tags"] == ["vip"]
    assert three.get("x_thing", ids(three)["d"])["tags"] == ["first"]


def test_only_a_set_is_added_to(three, tmp_path):
    with pytest.raises(RelatumError) as caught:
        columns = {"size": {"field": "size", "add": True}}
        load(three, tmp_path / "f.csv", "name,size\na,1\n", columns=columns)
    assert (caught.value.code, "columns.size.add" in str(caught.value)) == ("map_invalid", True)


@pytest.mark.parametrize("value", [["a;b", "c\\", "\\;"], ["x"], ["back\\slash", "semi;colon"]])
def test_what_a_person_reads_of_a_set_is_read_back(value):
    field = FIELD_TYPES["tags"](id=1, type_id=1, name="f", column="f", label="F")
    assert field.parse(field.text(list(value))) == field.check(value)


def test_a_field_that_is_added_later_and_one_that_comes_back_have_their_table(three):
    more = {"op": "add_field", "type": "x_thing", "name": "more", "kind": "tags", "required": True}
    three.apply({**more, "existing": {"fill": ["old"]}})
    assert asked_of(three, "more", "OLD") == 3
    three.apply({"op": "trash_field", "type": "x_thing", "field": "more"})
    assert findings(three) == []
    three.apply({"op": "restore_field", "type": "x_thing", "field": "more"})
    assert asked_of(three, "more", "old") == 3
    assert findings(three) == []


def asked_of(instance: Any, field: str, value: str) -> int:
    return len(asked(instance, **{field: value}))


def findings(instance: Any) -> list[str]:
    with instance.app.app_context():
        return [f.code for f in doctor.examine() if f.code != "disk_low"]


def test_doctor_finds_values_that_were_lost_and_a_table_that_is_gone(three):
    with three.app.app_context(), db.engine().begin() as connection:
        connection.execute(sa.text("DELETE FROM x_thing__tags WHERE value = 'vip'"))
    assert findings(three) == ["sort_key"]
    with three.app.app_context(), db.engine().begin() as connection:
        connection.execute(sa.text("DROP TABLE x_thing__tags"))
    assert "table_missing" in findings(three)


def test_long_names_have_tables_that_both_databases_keep_apart(instance):
    name, field = "x_" + "t" * 38, "f" * 39
    fields = [{"name": f"{field}{end}", "kind": "tags"} for end in "ab"]
    instance.make_type(name, {"name": "name", "kind": "text"}, *fields)
    instance.create(name, {f"{field}a": ["one"], f"{field}b": ["two"]})
    assert findings(instance) == []


def test_hooks_and_defaults_see_texts(instance):
    instance.make_type("x_thing", *FIELDS, {"name": "auto", "kind": "tags", "default": ["b", "a"]})
    (id_,) = instance.create("x_thing", {"tags": {"add": ["x"]}})
    found = instance.get("x_thing", id_)
    assert (found["auto"], found["tags"]) == (["a", "b"], ["x"])


def test_a_retired_option_is_replaced_and_the_others_of_a_record_stay(three):
    options = [*WAYS[:2], {**WAYS[2], "retired": True}]
    step = {"op": "change_field", "type": "x_thing", "field": "ways", "options": options}
    three.apply({**step, "existing": {"fill": ["phone"]}})
    assert three.get("x_thing", ids(three)["a"])["ways"] == ["mail", "phone"]
    assert three.get("x_thing", ids(three)["b"])["ways"] == ["mail"]

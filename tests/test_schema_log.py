"""The log of the data model, and the way back from each of its generations."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import catalog, db, entities, records, serve
from relatum.core.errors import RelatumError

from .homes import Shell
from .instances import prepared
from .plugged import enable, small
from .plugged import put as put_plugin

NAME = {"name": "name", "kind": "text", "label": "Name", "required": True}
OPTIONS = [{"value": "new", "label": "New"}, {"value": "old", "label": "Old"}]


@prepared
def library(instance):
    """An instance with books."""
    instance.make_type(
        "x_book", NAME, {"name": "pages", "kind": "integer", "label": "Pages"},
        {"name": "state", "kind": "choice", "label": "State", "options": OPTIONS},
        label="Book",
    )  # fmt: skip


def newest(instance: Any) -> int:
    return int(instance.catalog.generation)


def described(instance: Any) -> dict[str, Any]:
    with instance.reading():
        known = catalog.current()
        return {name: entities.describe(t, known) for name, t in known.types.items()}


def reverse(instance: Any, generation: int) -> entities.Reverse:
    found: entities.Reverse = instance.read(entities.reverse, generation)
    return found


def revert(instance: Any, generation: int) -> list[str]:
    """Take a generation back; return what stays."""
    found = reverse(instance, generation)
    instance.apply(*found.changes)
    return [str(text) for text in found.left]


CHANGES = [
    [{"op": "change_type", "type": "x_book", "label": "Volume", "icon": "book"}],
    [{"op": "add_field", "type": "x_book", "name": "isbn", "kind": "text", "unique": True}],
    [{"op": "change_field", "type": "x_book", "field": "pages", "label": "Sheets",
      "settings": {"min": 1}}],
    [{"op": "change_field", "type": "x_book", "field": "name", "required": False,
      "sortable": True}],
    [{"op": "trash_field", "type": "x_book", "field": "pages"}],
    [{"op": "add_key", "type": "x_book", "fields": ["name", "pages"]}],
    [{"op": "set_view", "type": "x_book", "view": "thick", "label": "Thick",
      "query": {"filter": {"field": "pages", "op": "gt", "value": 500}}}],
    [{"op": "trash_type", "type": "x_book"}],
    [{"op": "create_type", "name": "x_shelf", "fields": [NAME]},
     {"op": "add_field", "type": "x_book", "name": "shelf", "kind": "lookup",
      "settings": {"target": "x_shelf"}}],
    [{"op": "retype_field", "type": "x_book", "field": "pages", "kind": "text"}],
]  # fmt: skip


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: changes[0]["op"])
def test_every_kind_of_change_is_taken_back_and_that_again(library, changes):
    before, views = described(library), library.catalog.views
    book = library.create("x_book", {"name": "Faust", "pages": 600})[0]
    library.apply(*changes)
    after = described(library)
    assert after != before or library.catalog.views != views
    assert revert(library, newest(library)) == []
    assert (plain(described(library)), library.catalog.views) == (plain(before), views)
    assert library.get("x_book", book)["pages"] == 600


def plain(described: dict[str, Any]) -> dict[str, Any]:
    """Return what there is, without what lies in the trash by now."""
    left = {}
    for name, each in described.items():
        fields = [{**field, "position": None} for field in each["fields"]]
        left[name] = {**each, "fields": fields, "trashed_fields": None}
    return left


def test_an_option_that_was_added_is_retired_again(library):
    options = [*OPTIONS, {"value": "lent", "label": "Lent"}]
    library.apply({"op": "change_field", "type": "x_book", "field": "state", "options": options})
    assert revert(library, newest(library)) == []
    field = library.catalog.type("x_book").field("state")
    assert {o.value: o.retired for o in field.options} == {"new": False, "old": False, "lent": True}


def test_a_change_of_a_change_is_taken_back_to_what_was_before_both_in_turn(library):
    for label in ("Volume", "Tome"):
        library.apply({"op": "change_type", "type": "x_book", "label": label})
    last = newest(library)
    revert(library, last)
    assert library.catalog.type("x_book").label == "Volume"
    assert revert(library, last - 1) != []


def test_what_was_changed_again_since_stays_and_is_named(library):
    library.apply({"op": "change_type", "type": "x_book", "label": "Volume", "icon": "book"})
    first = newest(library)
    library.apply({"op": "change_type", "type": "x_book", "label": "Tome"})
    left = revert(library, first)
    assert left == [f"x_book: its label was changed again in generation {first + 1}, and stays"]
    found = library.catalog.type("x_book")
    assert (found.label, found.icon) == ("Tome", None)


def test_what_was_purged_since_can_not_come_back_and_is_named(library):
    library.apply({"op": "trash_field", "type": "x_book", "field": "pages"})
    trashing = newest(library)
    library.apply({"op": "purge_field", "type": "x_book", "field": "pages"})
    assert reverse(library, newest(library)).left == [
        "x_book.pages: it was purged, with its values"
    ]
    found = reverse(library, trashing)
    assert found.changes == []
    assert found.left[0].startswith("x_book.pages: Entity type 'x_book' has no field")


def test_values_that_a_plan_gave_are_left_to_their_own_undo(library):
    library.create("x_book", {"name": "Faust"})
    library.apply(
        {"op": "change_field", "type": "x_book", "field": "pages", "required": True,
         "existing": {"fill": 1}}
    )  # fmt: skip
    [left] = revert(library, newest(library))
    assert "x_book.pages: values that the plan gave to records stay" in left
    assert not library.catalog.type("x_book").field("pages").required


def test_records_come_back_with_their_type(library):
    book = library.create("x_book", {"name": "Faust"})[0]
    library.apply({"op": "trash_type", "type": "x_book"})
    assert revert(library, newest(library)) == []
    assert library.read(records.get, "x_book", book)["name"] == "Faust"


def test_what_a_plugin_declared_is_not_reverted_by_hand(library):
    put_plugin(library, "loyalty", LOYAL)
    enable(library, "loyalty")
    with pytest.raises(RelatumError, match="loyalty") as caught:
        reverse(library, newest(library))
    assert caught.value.code == "generation_of_plugin"


LOYAL = """
from relatum import Plugin, hookimpl
plugin = Plugin(id="loyalty", name="Loyalty", version="1.0")

@hookimpl
def relatum_declare(ctx):
    return {"types": [{"name": "loyalty_card", "label": "Card",
                       "fields": [{"name": "code", "kind": "text", "label": "Code"}]}]}
"""


def test_the_log_says_who_changed_what_and_a_plugin_by_its_id(library):
    put_plugin(library, "loyalty", LOYAL)
    enable(library, "loyalty")
    first, second, *_ = library.read(entities.log, limit=5)
    assert (first["owner"], first["actor"]) == ("loyalty", library.alice.user_id)
    assert {"op": "create_type", "target": "loyalty_card"} in first["changes"]
    assert (second["owner"], second["changes"]) == (
        "local", [{"op": "create_type", "target": "x_book"}],
    )  # fmt: skip
    page = library.read(entities.log, limit=5, before=first["generation"])
    assert page[0] == second


def test_nobody_but_administrators_sees_or_reverts_it(library):
    for path in ("/generations", f"/generations/{newest(library)}/reverse"):
        assert library.client(library.bob).get(f"/api/v1{path}").status_code == 403
    alice = library.client(library.alice)
    assert alice.get("/api/v1/generations?_before=9007199254740990").status_code == 200
    for number in (99999, 9007199254740990):
        answer = alice.get(f"/api/v1/generations/{number}/reverse")
        assert answer.get_json()["code"] == "generation_unknown"


def test_over_http_the_way_back_is_planned_and_applied_like_any_change(library):
    library.apply({"op": "change_type", "type": "x_book", "label": "Volume"})
    alice, url = library.client(library.alice), "/api/v1/generations"
    number = alice.get(url).get_json()["generations"][0]["generation"]
    back = alice.get(f"{url}/{number}/reverse").get_json()
    assert back["left"] == []
    planned = alice.post("/api/v1/entity-types/plan", json={"changes": back["changes"]}).get_json()
    body = {"changes": back["changes"], "plan": planned["plan"]}
    assert alice.post("/api/v1/entity-types/apply", json=body).status_code == 200
    assert library.catalog.type("x_book").label == "Book"


def test_a_plan_that_is_refused_leaves_no_generation(library):
    before = len(library.read(entities.log, limit=100))
    with pytest.raises(RelatumError), library.app.app_context():
        db.transact(
            lambda: entities.apply(
                [{"op": "trash_field", "type": "x_book", "field": "name"}], actor=library.bob
            ),
            exclusive=True,
        )
    assert len(library.read(entities.log, limit=100)) == before


def test_the_commands_list_plan_and_take_back(library):
    relatum = Shell(serve.environment(library.config))
    library.apply({"op": "change_type", "type": "x_book", "label": "Volume"})
    number = newest(library)
    [listed] = relatum.json("schema", "log", "--limit", "1")["generations"]
    assert listed["generation"] == number
    assert "create_type x_book" in relatum.said("schema", "log")
    assert "Change label of Book" in relatum.said("schema", "revert", "last", "--plan")
    assert "Applied" in relatum.said("schema", "revert", str(number), "--yes")
    assert library.catalog.type("x_book").label == "Book"
    assert "There is no generation" in relatum.error("schema", "revert", "999")
    relatum.error("schema", "revert", "first", status=2)


def test_what_changed_nothing_of_the_model_leaves_nothing_to_take_back(library):
    put_plugin(library, "quiet", small("quiet"))
    enable(library, "quiet")
    assert library.read(entities.log, limit=1)[0]["owner"] == "system"
    assert reverse(library, newest(library)) == ([], [])

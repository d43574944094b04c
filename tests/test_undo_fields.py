"""Values of every field type survive a change and its undo, a deletion, and doing it again."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import entities, keys, records
from relatum.core.fields import FIELD_TYPES
from relatum.core.records import sealed

from .instances import prepared
from .samples import TWO, definition
from .undoing import NAME, codes, delete, look, newest, refused, undo, update

#: Fields whose values are sent by callers.
SENT = [kind for kind, known in FIELD_TYPES.items() if not known.NUMBERED]


def values(instance: Any, kind: str) -> tuple[Any, Any]:
    """Return two values of a kind, as they come back."""
    if FIELD_TYPES[kind].value_type.name == "reference":
        return instance.alice.user_id, instance.bob.user_id
    return TWO[kind]


def value(instance: Any, id_: int) -> Any:
    text = instance.client(instance.alice).get(f"/api/v1/records/x_thing/{id_}").get_json()
    return text["value"]


@pytest.fixture
def thing(instance, kind):
    """Return an instance with a type of one field of a kind."""
    options = FIELD_TYPES[kind].HAS_OPTIONS
    instance.make_type("x_thing", NAME, definition(kind, options=options))
    return instance


@pytest.mark.parametrize("kind", SENT)
def test_a_value_comes_back_after_every_change(thing, kind):
    one, two = values(thing, kind)
    [id_] = thing.create("x_thing", {"name": "a", "value": one})
    empty = None if kind not in ("boolean", "multi_choice", "tags") else value_of_nothing(kind)
    for before, after in ((one, two), (two, None), (empty, one)):
        assert value(thing, id_) == before
        changed = update(thing, "x_thing", id_, value=after)
        now = empty if after is None else after
        if now == before:
            continue
        assert look(thing, changed)[id_]["fields"] == {"value": [now, before]}
        undone = undo(thing, changed)
        assert value(thing, id_) == before
        undo(thing, undone)
        assert value(thing, id_) == now
    undo(thing, delete(thing, "x_thing", id_))
    assert value(thing, id_) == one


def value_of_nothing(kind: str) -> Any:
    return False if kind == "boolean" else []


@pytest.mark.parametrize("kind", SENT)
def test_a_value_that_others_changed_stays_and_is_named(thing, kind):
    one, two = values(thing, kind)
    [id_] = thing.create("x_thing", {"name": "a", "value": one})
    rows = [{"id": id_, "name": "b", "value": two}]
    thing.write(records.update, "x_thing", rows)
    changed = newest(thing)
    later = None if kind != "boolean" else one
    if kind == "boolean":
        # There are two values only: whoever changed it has put it back.
        update(thing, "x_thing", id_, value=later)
        undo(thing, changed)
        assert value(thing, id_) == one
        return
    update(thing, "x_thing", id_, value=later)
    assert codes(look(thing, changed)[id_]) == [("value", "undo_changed")]
    assert refused(thing, changed).code == "undo_conflict"
    undo(thing, changed, partial=True)
    found = thing.get("x_thing", id_)
    assert (found["name"], found["value"] or None) == ("a", None)


@prepared
def person(instance):
    """Return an instance with a person whose IBAN was changed, and the change set of that."""
    instance.make_type("x_person", NAME, {"name": "iban", "kind": "encrypted"})
    [ada] = instance.create("x_person", {"name": "Ada", "iban": "DE02 1203"})
    return ada, update(instance, "x_person", ada, iban="NL91 ABNA")


def test_an_encrypted_value_comes_back_with_a_key_that_was_rotated_meanwhile(instance, person):
    ada, changed = person
    with instance.app.app_context():
        keys.rotate()

    def places(actor: Any) -> list[tuple[int, int]]:
        assert actor.admin
        return sealed.places()

    for type_id, field_id in instance.read(places):
        instance.write(sealed.reseal, type_id, field_id, 0)
    undo(instance, changed)
    assert instance.get("x_person", ada)["iban"] == "DE02 1203"
    stored = repr(instance.sql("SELECT data FROM core_change"))
    assert "1203" not in stored and "ABNA" not in stored


def test_an_encrypted_value_whose_key_is_lost_is_not_taken_for_an_empty_one(instance, person):
    ada, changed = person
    with instance.app.app_context():
        keys.path().unlink()
    assert codes(look(instance, changed)[ada]) == [("iban", "undo_field_gone")]
    error = refused(instance, changed)
    assert "the key that it was encrypted with is lost" in str(error)


def test_options_that_depend_on_each_other_come_back_together(instance):
    options = [{"value": "berlin", "when": ["de"]}, {"value": "wien", "when": ["at"]}]
    instance.make_type(
        "x_place",
        {"name": "country", "kind": "choice", "options": [{"value": "de"}, {"value": "at"}]},
        {
            "name": "city", "kind": "choice", "options": options,
            "settings": {"controlled_by": "country"},
        },
        title="id",
    )  # fmt: skip
    [place] = instance.create("x_place", {"country": "de", "city": "berlin"})
    moved = update(instance, "x_place", place, country="at", city="wien")
    undone = undo(instance, moved)
    found = instance.get("x_place", place)
    assert (found["country"], found["city"]) == ("de", "berlin")
    undo(instance, undone)
    emptied = update(instance, "x_place", place, city=None)
    update(instance, "x_place", place, country="de")
    error = refused(instance, emptied)
    assert [p.code for p in error.problems] == ["option_impossible"]
    assert "x_place" in str(error) and "city: " in str(error)


def test_a_retired_option_is_not_given_back_by_an_undo(instance):
    options = [{"value": "open"}, {"value": "won"}]
    instance.make_type("x_deal", NAME, {"name": "stage", "kind": "choice", "options": options})
    [deal] = instance.create("x_deal", {"name": "D", "stage": "open"})
    changed = update(instance, "x_deal", deal, stage="won", name="E")
    retired = [{"value": "open", "retired": True}, {"value": "won"}]
    instance.apply({"op": "change_field", "type": "x_deal", "field": "stage", "options": retired})
    assert codes(look(instance, changed)[deal]) == [("stage", "option_retired")]
    undo(instance, changed, partial=True)
    found = instance.get("x_deal", deal)
    assert (found["name"], found["stage"]) == ("D", "won")


def test_a_set_is_the_same_set_when_its_options_were_put_in_another_order(instance):
    options = [{"value": "a"}, {"value": "b"}, {"value": "c"}]
    instance.make_type("x_deal", NAME, {"name": "ways", "kind": "multi_choice", "options": options})
    [deal] = instance.create("x_deal", {"name": "D", "ways": ["a", "b"]})
    changed = update(instance, "x_deal", deal, ways=["b", "c"])
    turned = {"op": "change_field", "type": "x_deal", "field": "ways", "options": options[::-1]}
    instance.apply(turned)
    update(instance, "x_deal", deal, name="E")
    undo(instance, changed)
    assert instance.get("x_deal", deal)["ways"] == ["b", "a"]


def on_value(op: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "type": "x_thing", "field": "value", **more}


@pytest.mark.parametrize("kind", ["text"])
@pytest.mark.parametrize(
    ("steps", "conflicts"),
    [
        ([on_value("trash_field")], [("value", "undo_field_gone")]),
        ([on_value("trash_field"), on_value("restore_field")], []),
        ([on_value("retype_field", kind="long_text")], [("value", "undo_field_gone")]),
        (
            [on_value("retype_field", kind="long_text"), on_value("revert_field")],
            [("value", "undo_field_gone")],
        ),
        (
            [
                on_value("trash_field"),
                {"op": "add_field", "type": "x_thing", "name": "value", "kind": "text"},
            ],
            [("value", "undo_field_gone")],
        ),
        ([{"op": "add_field", "type": "x_thing", "name": "other", "kind": "text"}], []),
        ([on_value("change_field", required=True)], []),
    ],
)
def test_a_field_that_is_another_one_by_now_is_in_the_way(thing, steps, conflicts):
    [id_] = thing.create("x_thing", {"name": "a", "value": "Ada"})
    changed = update(thing, "x_thing", id_, name="b", value="Bob")
    for step in steps:
        thing.apply(step)
    assert codes(look(thing, changed)[id_]) == conflicts
    if conflicts:
        assert refused(thing, changed).code == "undo_conflict"
    undo(thing, changed, partial=True)
    assert thing.get("x_thing", id_)["name"] == "a"


@pytest.mark.parametrize("kind", ["text"])
@pytest.mark.parametrize("given_up", [False, True])
def test_a_change_of_type_that_goes_on_or_was_given_up_is_not_in_the_way(thing, given_up):
    [id_] = thing.create("x_thing", {"name": "a", "value": "1"}, {"name": "b", "value": "2"})[:1]
    changed = update(thing, "x_thing", id_, value="7")
    with thing.configured(fill_limit=1):
        thing.apply(on_value("retype_field", kind="integer"))
    with thing.reading():
        assert entities.running("x_thing", "value")
    if given_up:
        thing.apply(on_value("cancel_retype"))
    undo(thing, changed)
    assert thing.get("x_thing", id_)["value"] == "1"


@pytest.mark.parametrize("kind", ["text"])
def test_a_value_that_is_required_by_now_is_not_taken_away(thing):
    [id_] = thing.create("x_thing", {"name": "a"})
    changed = update(thing, "x_thing", id_, value="Ada")
    thing.apply(on_value("change_field", required=True))
    assert codes(look(thing, changed)[id_]) == [("value", "required")]


@pytest.mark.parametrize("kind", ["text"])
def test_a_value_that_the_rules_do_not_take_any_more_is_named(thing):
    [id_] = thing.create("x_thing", {"name": "a", "value": "Ada Lovelace"})
    changed = update(thing, "x_thing", id_, value="Ada")
    thing.apply(on_value("change_field", settings={"max_length": 5}))
    assert codes(look(thing, changed)[id_]) == [("value", "too_long")]
    error = refused(thing, changed)
    assert f"x_thing {id_} (a): value: Has 12 characters" in str(error)

"""What a map makes of texts: ids in two lengths, shares, several columns in one, rows left out."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatum.core import imports
from relatum.core.errors import RelatumError
from relatum.core.imports import Template, converted

from .instances import prepared
from .transferring import MAP, bring, counts

#: The preset of the instance.
PRESET = "desk"
_IDS = st.text(alphabet=string.ascii_letters + string.digits, min_size=15, max_size=15)


@prepared
def shop(instance):
    """An instance with makers, and things that they make."""
    instance.make_type("x_maker", {"name": "name", "kind": "text", "unique": True}, title="name")
    instance.make_type(
        "x_thing",
        {"name": "name", "kind": "text", "required": True, "unique": True},
        {"name": "share", "kind": "percent"},
        {"name": "words", "kind": "tags"},
        {"name": "address", "kind": "address"},
        {"name": "maker", "kind": "lookup", "settings": {"target": "x_maker"}},
        {"name": "inside", "kind": "lookup", "settings": {"target": "x_thing"}},
        title="name",
    )
    instance.create("x_maker", {"name": "Acme"}, {"name": "Bolt"})


def things(shop):
    rows = shop.sql("SELECT id FROM x_thing ORDER BY name")
    return [shop.get("x_thing", row.id) for row in rows]


# -- conversions ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "text", "made"),
    [
        ("salesforce_id", "001D000000IqhSL", "001D000000IqhSLIAZ"),
        ("salesforce_id", "003D000000QV9n2", "003D000000QV9n2IAD"),
        ("salesforce_id", "001D000000IqhSLIAZ", "001D000000IqhSLIAZ"),
        ("salesforce_id", "none", "none"),
        ("fraction", "0.25", "25.00"),
        ("fraction", "a quarter", "a quarter"),
        ("fraction", "NaN", "NaN"),
        ("commas", "a, b,,c;d", "a; b; c\\;d"),
        ("after_dot", "base.de", "de"),
        ("after_dot", "de", "de"),
        (None, " as it is", " as it is"),
    ],
)
def test_a_conversion_changes_what_it_knows_and_nothing_else(name, text, made):
    assert converted(name, text) == made


@given(_IDS, _IDS)
def test_long_ids_tell_apart_what_only_the_case_of_letters_does(one, other):
    long = [converted("salesforce_id", each).casefold() for each in (one, other)]
    assert len(long[0]) == 18
    assert (long[0] == long[1]) == (one == other)
    assert converted("salesforce_id", converted("salesforce_id", one)) == long_of(one)


def long_of(short):
    return converted("salesforce_id", short)


# -- several columns in one -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("template", "cells", "made"),
    [
        ("{A} {B}, {C}", ["Ada", "Byron", "Acme"], "Ada Byron, Acme"),
        ("{A} {B}, {C}", ["", "Byron", ""], "Byron"),
        ("{A} {B}, {C}", ["", "", "Acme"], "Acme"),
        ("{A} {B}, {C}", ["", " ", ""], ""),
        ("{A}\n{B}", ["1 Way", ""], "1 Way"),
        ("{A}\n{B}", ["", "2nd floor"], "2nd floor"),
        ("{A|B}", ["", "ada@example.org"], "ada@example.org"),
        ("{A} ({B})", ["Ada", ""], "Ada"),
        ("no column", ["Ada"], ""),
        ("{A}", [], ""),
    ],
)
def test_a_template_leaves_nothing_behind_where_a_value_is_missing(template, cells, made):
    assert Template(template).filled(["A", "B", "C"], cells) == made


@given(st.lists(st.text(max_size=20), max_size=3), st.text(max_size=40))
def test_a_template_never_fails(cells, template):
    assert isinstance(Template(template).filled(["A", "B", "C"], cells), str)


# -- in an import ---------------------------------------------------------------------------------
def test_columns_are_put_together_rows_left_out_and_first_values_taken(shop):
    text = (
        "First,Last,Kind,Street,Street2,Makers,Share,Words\n"
        'Ada,Byron,x,1 Way,2nd floor,Acme;Bolt,0.5,"a,b"\n'
        "Bob,,x,,2nd floor,,,\n"
        "Eve,Out,y,,,Nobody,,\n"
    )
    mapping = {
        "composed": {"name": "{First} {Last}", "address.street": "{Street}\n{Street2}"},
        "only": {"Kind": ["x"]},
        "columns": {
            "First": None, "Last": None, "Kind": None, "Street": None, "Street2": None,
            "Makers": {"field": "maker", "first": ";"},
            "Share": {"field": "share", "convert": "fraction"},
            "Words": {"field": "words", "convert": "commas"},
        },
    }  # fmt: skip
    job = bring(shop, "x_thing", text, map=mapping, key=["name"])
    assert (counts(job), job["result"]["skipped"]) == ((2, 0, 0, 0), 1)
    ada, bob = things(shop)
    assert (ada["name"], bob["name"]) == ("Ada Byron", "Bob")
    assert (ada["address"]["street"], bob["address"]["street"]) == (
        "1 Way\n2nd floor", "2nd floor",
    )  # fmt: skip
    assert (ada["share"], ada["words"]) == ("50.00", ["a", "b"])
    again = bring(shop, "x_thing", text, map=mapping, key=["name"])
    assert counts(again) == (0, 0, 2, 0)


def test_rows_that_are_left_out_clash_with_nothing_and_are_not_previewed(shop):
    text = "name,Kind\nA,x\nA,y\nB,x\n"
    mapping = {"columns": {"Kind": None}, "only": {"Kind": ["x"]}}
    job = bring(shop, "x_thing", text, map=mapping, dry_run=True)
    assert (counts(job), job["result"]["skipped"]) == ((2, 0, 0, 0), 1)
    with shop.reading():
        assert [each.line for each in imports.lines(job["id"], imports.SHOWN)] == [2, 4]


def test_an_optional_link_stays_empty_where_nothing_is_found_also_into_the_file_itself(shop):
    text = "name,maker,inside\nA,Nobody,Z\nB,Acme,A\n"
    columns = {n: {"field": n, "optional": True} for n in ("maker", "inside")}
    job = bring(shop, "x_thing", text, map={"columns": columns})
    assert (counts(job), job["result"]["unlinked"]) == ((2, 0, 0, 0), 0)
    first, second = things(shop)
    assert (first["maker"], first["inside"], second["inside"]) == (None, None, first["id"])
    dry = bring(shop, "x_thing", text, map={"columns": columns}, key=["name"], dry_run=True)
    assert counts(dry) == (0, 0, 2, 0)


def test_a_composed_link_is_found_by_the_field_that_it_names(shop):
    text = "name,Maker\nA,acme\nB,who\n"
    given = {"text": "{Maker}", "by": "name", "optional": True}
    job = bring(
        shop, "x_thing", text, map={"columns": {"Maker": None}, "composed": {"maker": given}}
    )
    assert counts(job) == (2, 0, 0, 0)
    assert [bool(each["maker"]) for each in things(shop)] == [True, False]


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"composed": {"name": "{Nope}"}}, "column_missing"),
        ({"composed": {"name": "{name}"}}, "map_invalid"),
        ({"composed": {"name": ""}}, "map_invalid"),
        ({"composed": {"name": {"text": "{size}", "first": ";"}}}, "map_invalid"),
        ({"composed": {"nope": "{size}"}, "columns": {"size": None}}, "field_unknown"),
        ({"only": {"Nope": ["x"]}}, "column_missing"),
        ({"only": {"name": []}}, "map_invalid"),
        ({"columns": {"name": {"field": "name", "convert": "magic"}}}, "map_invalid"),
        ({"columns": {"name": {"field": "name", "optional": True}}}, "map_invalid"),
    ],
)
def test_what_can_not_be_is_refused_before_a_row_is_read(shop, mapping, code):
    def made(*, actor):
        given = imports.load_map({**MAP, "columns": {"size": None}, **mapping})
        imports.Loading("x_thing", ["name", "size"], mapping=given, actor=actor)

    with pytest.raises(RelatumError) as refused:
        shop.read(made)
    assert refused.value.code == code

"""Maps that are kept under names: one of each for a type, for all who may import into it."""

from __future__ import annotations

import pytest

from relatum.core import imports
from relatum.core.errors import RelatumError

from .instances import prepared
from .transferring import MAP, bring

#: The preset of the instance.
PRESET = "desk"
MAPPING = {**MAP, "columns": {"Code": "code"}}


@prepared
def shop(instance):
    """An instance with two types."""
    for name in ("x_thing", "x_other"):
        instance.make_type(name, {"name": "code", "kind": "text", "unique": True}, title="code")


def names(shop, type_name="x_thing"):
    return [each.name for each in shop.read(imports.saved, type_name)]


def test_maps_are_kept_by_name_for_each_type_and_replaced_only_if_asked(shop):
    shop.write(imports.save, "x_thing", " Fair ", MAPPING)
    shop.write(imports.save, "x_thing", "Another", MAPPING)
    shop.write(imports.save, "x_other", "Fair", MAPPING)
    assert (names(shop), names(shop, "x_other")) == (["Another", "Fair"], ["Fair"])
    with pytest.raises(RelatumError) as refused:
        shop.write(imports.save, "x_thing", "FAIR", MAPPING)
    assert refused.value.code == "map_exists"
    shop.write(imports.save, "x_thing", "FAIR", {**MAPPING, "key": ["code"]}, replace=True)
    assert names(shop) == ["Another", "FAIR"]
    found = shop.read(imports.get_saved, "x_thing", "fair")
    assert (found.map["key"], found.by) == (["code"], "Alice")


def test_one_that_is_forgotten_is_unknown_and_the_nearest_is_named(shop):
    shop.write(imports.save, "x_thing", "Fair", MAPPING)
    with pytest.raises(RelatumError, match="Fair"):
        shop.read(imports.get_saved, "x_thing", "Fairs")
    shop.write(imports.drop_saved, "x_thing", "fair")
    assert names(shop) == []
    with pytest.raises(RelatumError) as refused:
        shop.write(imports.drop_saved, "x_thing", "Fair")
    assert refused.value.code == "map_unknown"


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "two\nlines"])
def test_a_name_is_one_short_line(shop, name):
    with pytest.raises(RelatumError) as refused:
        shop.write(imports.save, "x_thing", name, MAPPING)
    assert refused.value.code == "map_invalid"


def test_what_is_no_map_is_not_kept(shop):
    with pytest.raises(RelatumError) as refused:
        shop.write(imports.save, "x_thing", "Fair", {"relatum_map": 1, "colums": {}})
    assert refused.value.code == "map_invalid"
    assert names(shop) == []


def test_a_saved_map_and_the_last_one_for_a_header_do_not_meet(shop):
    shop.write(imports.save, "x_thing", "Fair", MAPPING)
    bring(shop, "x_thing", "Code\nA\n", map={"columns": {"Code": "code"}})
    bring(shop, "x_thing", "Code\nB\n", map={"columns": {"Code": "code"}})
    assert names(shop) == ["Fair"]

    def last(*, actor):
        return imports.remembered("x_thing", ["Code"])

    assert shop.read(last)["columns"] == {"Code": "code"}


def test_who_may_not_import_into_a_type_neither_sees_nor_keeps_its_maps(shop):
    for read, more in ((imports.saved, ()), (imports.get_saved, ("Fair",))):
        with pytest.raises(RelatumError) as refused:
            shop.read(read, "x_thing", *more, actor=shop.bob)
        assert refused.value.code == "forbidden"
    for write, words in ((imports.save, ("Fair", MAPPING)), (imports.drop_saved, ("Fair",))):
        with pytest.raises(RelatumError) as refused:
            shop.write(write, "x_thing", *words, actor=shop.bob)
        assert refused.value.code == "forbidden"


def test_maps_go_with_their_type_once_it_is_purged(shop):
    shop.write(imports.save, "x_other", "Fair", MAPPING)
    shop.apply({"op": "trash_type", "type": "x_other"})
    shop.apply({"op": "purge_type", "type": "x_other"})
    shop.make_type("x_other", {"name": "code", "kind": "text"}, title="code")
    assert names(shop, "x_other") == []

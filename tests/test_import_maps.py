"""The import map by itself: what is refused before a file or a type is looked at."""

from __future__ import annotations

import json

import pytest

from relatum.core import imports
from relatum.core.errors import RelatumError


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "the map"),
        ({}, "relatum_map"),
        ({"relatum_map": 2}, "relatum_map"),
        ({"relatum_map": 1, "colums": {}}, "colums"),
        ({"relatum_map": 1, "date_format": "MM-DD"}, "date_format"),
        ({"relatum_map": 1, "columns": {"a": 1}}, "columns.a"),
        (
            {"relatum_map": 1, "columns": {"a": {"field": "x", "date_format": "no"}}},
            "columns.a.date_format",
        ),
        (
            {"relatum_map": 1, "composed": {"x": {"text": "{a}", "date_format": "no"}}},
            "composed.x.date_format",
        ),
        ({"relatum_map": 1, "delimiter": ";;"}, "delimiter"),
        ({"relatum_map": 1, "encoding": "klingon"}, "encoding"),
    ],
)
def test_a_wrong_map_is_refused_naming_the_place(document, place):
    with pytest.raises(RelatumError) as caught:
        imports.load_map(document)
    assert (caught.value.code, caught.value.params["place"]) == ("map_invalid", place)


def test_a_map_file_that_is_not_json_is_refused(tmp_path):
    path = tmp_path / "map.json"
    path.write_text("{")
    with pytest.raises(RelatumError) as caught:
        imports.read_map(path)
    assert caught.value.code == "map_invalid"
    path.write_text(json.dumps({"relatum_map": 1, "key": ["code"]}))
    assert imports.read_map(path).key == ("code",)

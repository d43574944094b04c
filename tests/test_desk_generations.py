"""The desk's page of what was changed of the data model: who did it, and the way back."""

from __future__ import annotations

from .instances import prepared

PRESET = "desk"


@prepared
def equipped(instance):
    instance.make_type("x_book", {"name": "title", "kind": "text", "label": "Title"}, label="Book")
    instance.apply({"op": "change_type", "type": "x_book", "label": "Volume"})


def test_changes_are_listed_and_taken_back_through_the_draft(desk):
    page = desk.get("/model/generations").text
    assert "create type" in page and "Alice" in page
    number = desk.instance.catalog.generation
    answer = desk.post(f"/model/generations/{number}/reverse")
    assert answer.headers["Location"].endswith("/model/plan")
    assert "Change label of Book" in desk.get("/model/plan").text
    assert desk.instance.catalog.type("x_book").label == "Volume"


def test_what_can_not_be_taken_back_is_said(desk):
    number = desk.instance.catalog.generation
    desk.instance.apply({"op": "change_type", "type": "x_book", "label": "Tome"})
    answer = desk.post(f"/model/generations/{number}/reverse")
    assert answer.status_code == 409
    assert f"its label was changed again in generation {number + 1}, and stays." in answer.text
    assert desk.post("/model/generations/999/reverse").status_code == 404

"""What plugins ask before a write: refused until whoever writes it accepts, and not when undone."""

from __future__ import annotations

import pytest

from relatum.core import languages, records
from relatum.core.errors import Invalid

from .instances import prepared
from .plugged import enable, put, small

ASKS = """
@hookimpl(only={"types": ["x_note"]})
def relatum_before_write(batch):
    for place, text in enumerate(batch.column("text")):
        if text == "odd" and batch.operation != "delete":
            batch.ask(place, "oddness", "Is {what} meant", field="text", what=text.upper())
"""


@prepared
def careful(instance):
    """Return an instance with a plugin that asks about odd texts."""
    text = {"name": "text", "kind": "text"}
    instance.make_type("x_note", text, {"name": "code", "kind": "text", "unique": True})
    put(instance, "careful", small("careful", ASKS))
    enable(instance, "careful")


def asked(careful, verb, rows, **ways):
    """Return the problem of what is asked."""
    with pytest.raises(Invalid) as refused:
        careful.write(verb, "x_note", rows, **ways)
    assert (refused.value.code, refused.value.status) == ("confirm_needed", 409)
    [problem] = refused.value.problems
    return problem


def test_a_question_says_its_key_its_field_and_what_is_asked(careful):
    problem = asked(careful, records.create, [{"text": "odd"}])
    assert (problem.field, problem.params["key"], problem.params["what"]) == (
        "text", "oddness", "ODD",
    )  # fmt: skip
    assert problem.message.startswith("Is ODD meant. ")
    assert languages.said(problem, "de").startswith("Is ODD meant. Ist das so gemeint")


def test_every_verb_takes_the_answer_and_another_answer_is_none(careful):
    odd = {"text": "odd", "code": "1"}
    asked(careful, records.create, [odd], accept={"evenness"})
    [made] = careful.write(records.create, "x_note", [odd], accept={"oddness"})
    asked(careful, records.upsert, [{**odd, "code": "2"}], key=["code"])
    careful.write(
        records.upsert, "x_note", [{**odd, "code": "2"}], key=["code"], accept={"oddness"}
    )
    careful.change("x_note", made.id, text="even")
    asked(careful, records.update, [{"id": made.id, "text": "odd"}])
    careful.write(records.update, "x_note", [{"id": made.id, "text": "odd"}], accept={"oddness"})
    careful.write(records.delete, "x_note", [{"id": made.id}])
    asked(careful, records.restore, [{"id": made.id}])
    careful.write(records.restore, "x_note", [{"id": made.id}], accept={"oddness"})


def test_an_answer_holds_for_the_write_that_it_came_with_and_no_longer(careful):
    def twice(*, actor):
        records.create("x_note", [{"text": "odd"}], actor=actor, accept={"oddness"})
        records.create("x_note", [{"text": "odd"}], actor=actor)

    with pytest.raises(Invalid):
        careful.write(twice)


def test_what_is_undone_is_not_asked_about(careful):
    [made] = careful.write(records.create, "x_note", [{"text": "odd"}], accept={"oddness"})
    careful.change("x_note", made.id, text="even")
    last = careful.read(records.history, "x_note", made.id)[0]["change_set"]
    careful.write(records.undo, last)
    assert careful.get("x_note", made.id)["text"] == "odd"
    careful.write(records.delete, "x_note", [{"id": made.id}])
    last = careful.read(records.history, "x_note", made.id)[0]["change_set"]
    careful.write(records.undo, last)
    assert careful.get("x_note", made.id)["text"] == "odd"


def test_a_dry_run_asks_and_a_partial_batch_goes_in_without_the_row(careful):
    asked(careful, records.create, [{"text": "odd"}], dry_run=True)
    rows = [{"text": "odd"}, {"text": "even"}]
    outcomes = careful.write(records.create, "x_note", rows, partial=True)
    assert [each.status for each in outcomes] == ["refused", "created"]

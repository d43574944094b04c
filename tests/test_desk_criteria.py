"""The filter of a cell of a role, made in the builder of lists, within the form of the role."""

from __future__ import annotations

import re
from typing import Any

import pytest

from relatum.core import records, roles

from .desk import FRAGMENT, as_person, fields_of
from .instances import prepared
from .officing import build
from .test_desk_roles import LARGE, desk, role, save, sent

__all__ = ["desk"]
#: The preset of the instance.
PRESET = "desk"


@prepared
def office(instance):
    """An office with a role that has a line for deals."""
    made = build(instance)
    instance.write(roles.save, "clerk", {"types": {"x_deal": {"read": "own"}}})
    return made


def text_of(page):
    """Return the texts of a page, without pictures and tags."""
    plain = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", plain).split())


def drawn(desk, form, **more):
    """Send the form of a role with a step, and return what the next one would send."""
    answer = desk.post("/roles/clerk", data=form | more)
    assert answer.status_code == 200, answer.status_code
    return answer.text, again(answer.text, form)


def again(page, form):
    inside = page[page.index('id="role"') :]
    inside = inside[: inside.index("</form>")]
    found: dict[str, Any] = {k: v for k, v in fields_of(inside).items() if not k.startswith("new:")}
    for many in ("line", "_node"):
        found[many] = re.findall(rf'name="{many}" value="([^"]*)"', inside)
    # The steps of a path have one name.
    for name in [name for name in found if re.fullmatch(r"f[0-9]+", name)]:
        steps = re.findall(rf'<select[^>]*name="{name}".*?</select>', inside, re.DOTALL)
        found[name] = [fields_of(step)[name] for step in steps]
    return {**form, **found} if "_edit" in found else found


def opened(desk, action="read"):
    form = {**sent(desk, "clerk"), f"s:x_deal:{action}": "filter"}
    return drawn(desk, form, _do=f"edit:x_deal:{action}")


def test_a_cell_that_is_to_have_a_filter_opens_the_builder_for_its_type(desk):
    page, form = opened(desk)
    assert 'role="dialog" aria-labelledby="crit-h"' in page
    assert form["_edit"] == "x_deal:read"
    assert (form["s:x_deal:read"], form["f1"]) == ("filter", [""])
    assert re.search(r'id="f1-0" data-redraw aria-label="Field" autofocus', page)
    assert "Give it a condition" in page
    assert 'id="e:x_deal:read"' not in page  # what is being made is not wrong yet


def test_what_it_admits_now_is_counted_and_the_first_are_named(desk):
    _, form = opened(desk)
    _, form = drawn(desk, form, f1="amount")
    page, form = drawn(desk, form, o1="gt", v1="500", _do="draw")
    said = text_of(page)
    assert "with you as “me”: 4" in said
    assert "nora large" in said
    assert "nora small" not in said


def test_it_is_put_into_the_matrix_and_saved_with_the_role(desk):
    _, form = opened(desk)
    _, form = drawn(desk, form, f1="amount")
    page, form = drawn(desk, form, o1="gt", v1="500", _do="apply")
    assert "_edit" not in form
    assert 'id="b:x_deal:read" value="edit:x_deal:read" autofocus' in page
    assert "Amount is more than 500" in page
    assert role(desk, "clerk")["types"]["x_deal"] == {"read": "own"}  # not saved yet
    assert desk.post("/roles/clerk", data={**form, "_do": "save"}).status_code == 303
    assert role(desk, "clerk")["types"]["x_deal"] == {"read": {"filter": LARGE}}


def test_saving_the_role_takes_the_filter_along(desk):
    _, form = opened(desk)
    _, form = drawn(desk, form, f1="amount")
    form |= {"o1": "gt", "v1": "500", "_do": "save"}
    assert desk.post("/roles/clerk", data=form).status_code == 303
    assert role(desk, "clerk")["types"]["x_deal"] == {"read": {"filter": LARGE}}


def test_what_else_was_changed_in_the_role_is_still_there(desk):
    page, form = drawn(desk, {**sent(desk, "clerk"), "label": "Clerks", "s:*:read": "team"},
                       _do="edit:x_deal:update")  # fmt: skip
    assert (form["label"], form["s:*:read"]) == ("Clerks", "team")
    assert "Not saved yet." in page


GROUPED = {"or": [LARGE, {"not": {"field": "name", "op": "contains", "value": "x"}},
                  {"field": "owner", "op": "eq", "value": "me"},
                  {"field": "created_at", "op": "gte", "value": "today-30d"}]}  # fmt: skip


@pytest.mark.parametrize(
    "node", [LARGE, GROUPED, {"and": [LARGE, GROUPED]}], ids=["one", "or", "and"]
)
def test_a_stored_filter_opens_in_it_and_comes_out_as_it_went_in(desk, node):
    desk.instance.write(roles.save, "clerk", {"types": {"x_deal": {"read": {"filter": node}}}})
    before = role(desk, "clerk")
    page, form = drawn(desk, sent(desk, "clerk"), _do="edit:x_deal:read")
    assert re.search(r"with you as “me”: \d", text_of(page))
    _, form = drawn(desk, form, _do="apply")
    assert desk.post("/roles/clerk", data={**form, "_do": "save"}).status_code == 303
    query_of = role(desk, "clerk")["types"]["x_deal"]["read"]["filter"]
    assert normal(query_of) == normal(before["types"]["x_deal"]["read"]["filter"])


def normal(node):
    """Return a filter without the nesting that says nothing."""
    if "not" in node and "or" in node["not"] and len(node["not"]["or"]) == 1:
        return {"not": normal(node["not"]["or"][0])}
    if "and" in node or "or" in node:
        [(word, parts)] = node.items()
        flat = []
        for part in map(normal, parts):
            flat += part.get(word, [part])
        return {word: flat}
    return {"not": normal(node["not"])} if "not" in node else node


def test_leaving_it_keeps_the_filter_as_it_was(desk):
    desk.instance.write(roles.save, "clerk", {"types": {"x_deal": {"read": {"filter": LARGE}}}})
    _, form = drawn(desk, sent(desk, "clerk"), _do="edit:x_deal:read")
    page, form = drawn(desk, form, v1="7", _do="close")
    assert "_edit" not in form
    assert "Amount is more than 500" in page
    assert 'id="b:x_deal:read" value="edit:x_deal:read" autofocus' in page


def test_leaving_it_without_a_filter_is_said_at_the_cell(desk):
    _, form = opened(desk)
    page, form = drawn(desk, form, _do="close")
    assert "Say which records: make the filter" in text_of(page)
    assert desk.post("/roles/clerk", data={**form, "_do": "save"}).status_code == 422


@pytest.mark.parametrize(
    ("change", "said"),
    [({}, "This filter has no condition"), ({"o1": "gt", "v1": ""}, "Give a value"),
     ({"o1": "gt", "v1": "many"}, "many")],
)  # fmt: skip
@pytest.mark.parametrize("do", ["apply", "save"])
def test_a_filter_that_is_not_complete_is_not_put_in(desk, change, said, do):
    _, form = opened(desk)
    if change:
        _, form = drawn(desk, form, f1="amount")
    answer = desk.post("/roles/clerk", data={**form, **change, "_do": do})
    assert answer.status_code == (422 if do == "save" else 200)
    assert said in text_of(answer.text)
    assert 'name="_edit"' in answer.text
    assert role(desk, "clerk")["types"]["x_deal"] == {"read": "own"}


def test_a_row_that_is_not_complete_yet_is_not_called_wrong_while_it_is_drawn(desk):
    _, form = opened(desk)
    page, form = drawn(desk, form, f1="amount")
    assert "Give a value" not in page
    page, form = drawn(desk, form, o1="gt", v1="500", _do="add:0")
    assert "with you as “me”: 4" in text_of(page)
    assert "f2" in form


def test_without_a_step_the_form_is_drawn_anew_and_nothing_is_saved(desk):
    _, form = opened(desk)
    _, form = drawn(desk, form, f1="owner", _do="draw")
    page, form = drawn(desk, {k: v for k, v in form.items() if k != "_do"}, o1="is_me")
    assert "with you as “me”: 0" in text_of(page)
    [mine] = desk.instance.create("x_deal", {"name": "Alice's"})
    page, _ = drawn(desk, form)
    assert "with you as “me”: 1" in text_of(page)
    assert mine
    assert role(desk, "clerk")["types"]["x_deal"] == {"read": "own"}


@pytest.mark.parametrize(
    "place", ["x_deal:create", "*:read", "x_firm:read", "nope:read", "x_deal:nope", "", ":"]
)
def test_where_no_filter_can_be_nothing_opens(desk, place):
    _, form = drawn(desk, sent(desk, "clerk"), _do=f"edit:{place}")
    assert "_edit" not in form
    answer = desk.post("/roles/clerk", data={**sent(desk, "clerk"), "_edit": place, "_do": "draw"})
    assert (answer.status_code, 'name="_edit"' in answer.text) == (200, False)


def test_a_filter_about_a_field_that_is_gone_begins_anew(desk):
    desk.instance.write(roles.save, "clerk", {"types": {"x_deal": {"read": {"filter": LARGE}}}})
    desk.instance.apply({"op": "trash_field", "type": "x_deal", "field": "amount"})
    _, form = drawn(desk, sent(desk, "clerk"), _do="edit:x_deal:read")
    assert (form["_edit"], form["f1"]) == ("x_deal:read", [""])


def test_as_a_part_of_a_page_the_form_comes_with_it(desk):
    form = {**sent(desk, "clerk"), "_do": "edit:x_deal:read"}
    page = desk.post("/roles/clerk", data=form, headers=FRAGMENT).text
    assert page.lstrip().startswith('<form class="role-f"')
    assert page.rstrip().endswith("</form>")
    assert 'class="crit"' in page


def test_names_of_records_are_shown_as_text(desk):
    deal = desk.ids.deals["nora large"]
    desk.instance.write(records.update, "x_deal", [{"id": deal, "name": "<b>x</b>"}])
    _, form = opened(desk)
    _, form = drawn(desk, form, f1="amount")
    page, form = drawn(desk, form, o1="gt", v1="500", _do="draw")
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<li><b>x" not in page


def test_it_speaks_german(desk):
    desk.set_cookie("language", "de")
    page, _ = opened(desk)
    for text in ("In die Rolle übernehmen", "Geben Sie ihm eine Bedingung", "Neu zählen"):
        assert text in page


def test_who_is_no_administrator_makes_none(desk):
    person = as_person(desk, "nora", {"read": "all"})
    answer = person.post("/roles/clerk", data={"_do": "edit:x_deal:read", "line": "x_deal"})
    assert answer.status_code == 403
    assert save(desk, "clerk").status_code == 303

"""From a list to a record and on to the next one, and back to the same list."""

from __future__ import annotations

import html
import re
from typing import Any

from relatum.core import records

from .desk import FRAGMENT
from .desk_record import firms, links
from .instances import prepared

#: The preset of the instance.
PRESET = "desk"


@prepared
def equipped(instance):
    firms(instance)
    rows = [{"name": f"F{n:02}", "state": "new" if n % 2 else "old"} for n in range(12)]
    instance.create("x_firm", *rows)


def opened(desk: Any, address: str, name: str) -> Any:
    """Follow the link of a record on the page of a list."""
    return desk.get(links(desk.get(address), name)[0])


def beside(page: Any) -> list[str | None]:
    """Return where previous and next lead."""
    found: list[str | None] = []
    for label in ("Previous record", "Next record"):
        tag = re.findall(rf'<(a|button) ([^>]*)title="{label}"', page.text)
        [(kind, attributes)] = tag
        to = re.findall(r'href="([^"]*)"', attributes)
        found.append(html.unescape(to[0]) if kind == "a" else None)
    return found


def title(page: Any) -> str:
    return str(re.findall(r"<h2>([^<]*)</h2>", page.text)[0])


def test_next_and_previous_go_along_the_list_that_it_was_opened_from(desk):
    page = opened(desk, "/records/x_firm?state=new&_sort=-name", "F07")
    assert "3 of 6" in page.text
    before, after = beside(page)
    assert [title(desk.get(to)) for to in (before, after)] == ["F09", "F05"]
    at, seen = page, []
    while to := beside(at)[1]:
        at = desk.get(to)
        seen.append(title(at))
    assert seen == ["F05", "F03", "F01"]


def test_the_keys_j_and_k_are_those_of_next_and_previous(desk):
    page = opened(desk, "/records/x_firm?_sort=name", "F05")
    keys = re.findall(r'data-key="([jk])"[^>]*title="([^"]*)"', page.text)
    assert keys == [("k", "Previous record"), ("j", "Next record")]


def test_the_way_back_leads_to_the_same_page_of_the_same_list(desk):
    first = desk.get("/records/x_firm?_sort=name&_limit=5")
    [to] = {html.unescape(a) for a in re.findall(r' href="([^"]*_after[^"]*)"', first.text)}
    page = opened(desk, to, "F06")
    assert to in links(page, "Firms")
    assert "7 of 12" in page.text


def test_rows_that_a_script_draws_hand_on_the_list_as_well(desk):
    part = desk.get("/records/x_firm?_search=F0&_sort=-name", headers=FRAGMENT)
    page = desk.get(links(part, "F09")[0])
    assert "1 of 10" in page.text
    assert beside(page)[0] is None


def test_the_board_hands_on_its_words_and_is_what_back_leads_to(desk):
    page = opened(desk, "/records/x_firm/board?_by=state&_sort=-name", "F07")
    assert "5 of 12" in page.text
    assert "/records/x_firm/board?_by=state&_sort=-name" in links(page, "Firms")


def test_a_record_from_elsewhere_has_nothing_beside_it(desk):
    page = desk.get("/records/x_firm/" + str(desk.instance.sql("SELECT min(id) FROM x_firm")[0][0]))
    assert "Next record" not in page.text
    assert "/records/x_firm" in links(page, "Firms")


def test_it_is_kept_by_editing_and_deleting(desk):
    page = opened(desk, "/records/x_firm?state=new&_sort=name", "F05")
    [edit, *_] = [to for to in links(page, "Edit") if "/edit" in to]
    form = desk.form(edit)
    action = re.findall(r'action="([^"]*/edit[^"]*)"', desk.get(edit).text)[0]
    saved = desk.post(html.unescape(action), data={**form, "name": "F05b"})
    assert "3 of 6" in desk.get(saved.location).text
    [to] = [to for to in links(page, "Delete") if "/delete" in to]
    asked = desk.get(to)
    action = html.unescape(re.findall(r'action="([^"]*/delete[^"]*)"', asked.text)[0])
    assert desk.post(action).location == "/records/x_firm?state=new&_sort=name"


def test_a_record_that_left_the_list_still_leads_on(desk):
    page = opened(desk, "/records/x_firm?state=new&_sort=name", "F05")
    id_ = int(re.findall(r"/records/x_firm/(\d+)/edit", page.text)[0])
    desk.instance.write(records.update, "x_firm", [{"id": id_, "state": "old"}])
    page = desk.get(f"{page.request.path}?{page.request.query_string.decode()}")
    assert "of 5" not in page.text
    assert title(desk.get(beside(page)[1])) == "F07"


def test_a_list_that_makes_no_sense_any_more_is_only_the_way_back(desk):
    [id_] = [row.id for row in desk.instance.sql("SELECT min(id) AS id FROM x_firm")]
    page = desk.get(f"/records/x_firm/{id_}?in=%3Fnonsense%3D1")
    assert (page.status_code, "Next record" in page.text) == (200, False)
    for odd in ("//evil.example", "/../../x", "https://evil.example", "#x"):
        page = desk.get(f"/records/x_firm/{id_}", query_string={"in": odd})
        assert (page.status_code, "/records/x_firm" in links(page, "Firms")) == (200, True)
        assert odd not in page.text

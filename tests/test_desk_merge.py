"""Merging at the desk: side by side, a choice for each field, what moves, and where it leads."""

from __future__ import annotations

import re
from typing import Any

import pytest

from relatum.core import records

from .desk import fields_of
from .instances import prepared
from .merging import shop_in

#: The preset of the instance.
PRESET = "desk"
AT = "/records/x_company"


@prepared
def equipped(instance: Any) -> None:
    shop_in(instance)


@pytest.fixture
def pair(desk: Any) -> tuple[int, int]:
    """Return two companies; the second one has what the first has not, and a deal."""
    a, b = desk.instance.create(
        "x_company", {"name": "Acme", "city": "Bonn", "email": "a@example.org"},
        {"name": "Acme Inc", "city": "Rome", "size": 5, "email": "b@example.org"},
    )  # fmt: skip
    desk.instance.create("x_deal", {"name": "D", "company": b})
    return a, b


def sent(page: Any, **picks: int) -> dict[str, str]:
    """Return what the form sends as it is drawn, with some choices changed."""
    form = page.text[page.text.index('<form class="merge"') :].partition("</form>")[0]
    return fields_of(form) | {f"pick.{name}": str(id_) for name, id_ in picks.items()}


def test_records_stand_side_by_side_with_a_choice_for_each_field_that_differs(
    desk: Any, pair: tuple[int, int]
) -> None:
    a, b = pair
    page = desk.get(f"{AT}/{a}/merge?with={b}")
    chosen = dict(re.findall(r'name="pick\.(\w+)" value="(\d+)" checked', page.text))
    assert chosen == {"name": str(a), "city": str(a), "size": str(b), "email": str(a)}
    assert "Deals › Company: 1" in page.text
    assert re.search(r'name="keep" value="email" checked>Keep the others in', page.text)
    assert f'href="{AT}/{b}/merge?with={a}"' in page.text


def test_what_was_chosen_survives_and_the_toast_takes_it_back(
    desk: Any, pair: tuple[int, int]
) -> None:
    a, b = pair
    page = desk.get(f"{AT}/{a}/merge?with={b}")
    done = desk.post(f"{AT}/{a}/merge", data=sent(page, city=b))
    assert (done.status_code, done.headers["Location"]) == (303, f"{AT}/{a}")
    left = desk.instance.get("x_company", a)
    assert (left["name"], left["city"], left["size"]) == ("Acme", "Rome", 5)
    mails = desk.instance.sql("SELECT mail FROM x_mail WHERE trashed_at IS NULL")
    assert [row.mail for row in mails] == ["b@example.org"]
    shown = desk.get(f"{AT}/{a}")
    undo = re.search(r"/changes/\d+/undo", shown.text)
    assert undo is not None
    desk.post(undo.group(), data={})
    assert desk.instance.get("x_company", b)["city"] == "Rome"
    assert desk.instance.get("x_company", a)["city"] == "Bonn"


def test_the_address_of_a_merged_record_leads_to_the_one_that_is_left(
    desk: Any, pair: tuple[int, int]
) -> None:
    a, b = pair
    desk.instance.write(records.merge, "x_company", a, [b])
    led = desk.get(f"{AT}/{b}")
    assert (led.status_code, led.headers["Location"]) == (303, f"{AT}/{a}")
    page = desk.get(f"{AT}/{a}")
    assert re.search(r"merged\s*<em>Acme Inc</em>", page.text)


def test_selected_records_are_led_to_the_page_and_one_alone_is_refused(
    desk: Any, pair: tuple[int, int]
) -> None:
    a, b = pair
    assert f'formaction="{AT}/merge"' in desk.get(AT).text
    led = desk.get(f"{AT}/merge?id={a}&id={b}")
    assert led.headers["Location"] == f"{AT}/{a}/merge?with={b}"
    assert desk.get(f"{AT}/merge?id={a}").status_code == 400


def test_the_menu_of_a_record_asks_for_the_other_one(desk: Any, pair: tuple[int, int]) -> None:
    a, _ = pair
    assert f'href="{AT}/{a}/merge"' in desk.get(f"{AT}/{a}").text
    page = desk.get(f"{AT}/{a}/merge")
    assert 'data-url="/lookup/x_company"' in page.text
    assert desk.get(f"{AT}/{a}/merge?with=&with~text=Nobody").status_code == 422


def test_what_is_in_the_way_is_shown_with_what_was_chosen(desk: Any, pair: tuple[int, int]) -> None:
    a, b = pair
    page = desk.get(f"{AT}/{a}/merge?with={b}")
    form = sent(page, city=b)
    desk.instance.change("x_company", a, size=1)
    again = desk.post(f"{AT}/{a}/merge", data=form)
    assert again.status_code == 412
    assert f'name="pick.city" value="{b}" checked' in again.text
    assert desk.instance.get("x_company", b)["city"] == "Rome"
    rows = {"company": a, "year": 1}, {"company": b, "year": 1}
    desk.instance.create("x_budget", *rows)
    page = desk.get(f"{AT}/{a}/merge?with={b}")
    assert 'role="alert"' in page.text
    assert "Merge into" not in page.text


def test_nothing_is_offered_of_people_and_to_those_who_may_not(desk: Any) -> None:
    user = desk.instance.alice.user_id
    assert f'href="/records/user/{user}/merge"' not in desk.get(f"/records/user/{user}").text
    assert 'formaction="/records/user/merge"' not in desk.get("/records/user").text

"""Many records of a list are changed at the desk: chosen, looked at, then done or left to a job."""

from __future__ import annotations

import re
from typing import Any

import pytest

from relatum.core import jobs

from .desk import at_desk
from .instances import prepared

PRESET = "desk"


@prepared
def works(instance):
    """An instance with pumps in the plants of two people, who take part in them."""
    instance.make_type(
        "x_pump", {"name": "name", "kind": "text", "required": True, "unique": True},
        {"name": "power", "kind": "integer", "settings": {"max": 99}},
        label="Pump", plural="Pumps",
    )  # fmt: skip
    instance.make_type("x_crew", {"name": "name", "kind": "text"}, label="Crew", plural="Crews")
    ends = {"pump": "x_pump", "crew": "x_crew"}
    instance.make_type(
        "x_duty",
        *(
            {"name": name, "kind": "lookup", "required": True,
             "settings": {"target": target, "inverse": "duties", "on_delete": "cascade"}}
            for name, target in ends.items()
        ),
        keys=[["pump", "crew"]],
    )  # fmt: skip
    [crew] = instance.create("x_crew", {"name": "Day"})
    rows = ({"name": f"P{n}", "power": n} for n in range(5))
    return [*instance.create("x_pump", *rows), crew]


@pytest.fixture
def desk(instance, works):
    """Return a browser at the desk of that instance."""
    with at_desk(instance) as browser:
        browser.instance, browser.ids = instance, works
        yield browser


def powers(desk: Any) -> list[int]:
    return [row.power for row in desk.instance.sql("SELECT power FROM x_pump ORDER BY id")]


BULK = "/records/x_pump/bulk"
BACK = "_search=&_sort=-name"


def test_what_can_be_done_with_a_selection_is_asked_first(desk):
    page = desk.get("/records/x_pump").text
    assert f'formaction="{BULK}"' in page
    ids = "&".join(f"id={id_}" for id_ in desk.ids[:2])
    page = desk.get(f"{BULK}?{ids}&back=_sort%3Dname").text
    assert "The selected ones: 2 Pumps" in page and "All of the list: 5 Pumps" in page
    options = re.findall(r'<option value="(\w+:?\w*)"', page)
    assert options == [
        "set:owner", "set:team", "set:power", "link:duties", "unlink:duties", "delete",
    ]  # fmt: skip
    assert "See what it does" not in page
    page = desk.get(f"{BULK}?{ids}&what=set:power").text
    assert ('name="power"' in page, "See what it does" in page) == (True, True)


def test_few_records_are_looked_at_changed_at_once_and_put_back_by_the_toast(desk):
    form = {"id": desk.ids[:2], "back": "_sort=name", "what": "set:power", "power": "7"}
    page = desk.post(BULK, data=form)
    assert (page.status_code, powers(desk)) == (200, [0, 1, 2, 3, 4])
    text = re.sub(r"<[^>]+>|\s+", " ", page.text)
    assert "Change 2 Pumps?" in text and "Nothing is written yet" in text
    assert page.text.count('<input type="hidden" name="id"') == 2
    done = desk.post(BULK, data={**form, "step": "do"})
    assert (done.status_code, done.location) == (303, "/records/x_pump?_sort=name")
    assert powers(desk) == [7, 7, 2, 3, 4]
    page = desk.get(done.location).text
    assert "2 Pumps changed" in page
    desk.post(re.findall(r'action="(/changes/\d+/undo)"', page)[0])
    assert powers(desk) == [0, 1, 2, 3, 4]


def test_all_of_the_filter_is_changed_by_a_job_once_the_number_was_typed(desk):
    desk.instance.create("x_pump", *({"name": f"Q{n}", "power": 9} for n in range(1000)))
    form = {
        "id": desk.ids[:1], "scope": "all", "back": "power__gte=1", "what": "set:power",
        "power": "8",
    }  # fmt: skip
    page = desk.post(BULK, data=form).text
    assert "Change 1,004 Pumps?" in page and 'name="confirm"' in page
    again = desk.post(BULK, data={**form, "step": "do", "confirm": "3"})
    assert (again.status_code, "Type the number" in again.text) == (422, True)
    done = desk.post(BULK, data={**form, "step": "do", "confirm": "1,004"})
    [job] = desk.instance.read(jobs.list_jobs, kind="bulk_update")
    assert f"Job {job['id']} is at it: 1,004 Pumps" in desk.get(done.location).text
    with desk.instance.app.app_context():
        jobs.run(job["id"], by="me", pause=lambda: False)
    assert (powers(desk)[:6], set(powers(desk))) == ([0, 8, 8, 8, 8, 8], {0, 8})
    undo = f"/changes/of-job/{job['id']}/undo"
    assert undo in desk.get("/changes").text
    desk.post(undo)
    [undoing] = desk.instance.read(jobs.list_jobs, kind="undo")
    with desk.instance.app.app_context():
        jobs.run(undoing["id"], by="me", pause=lambda: False)
    assert (powers(desk)[:6], set(powers(desk))) == ([0, 1, 2, 3, 4, 9], {0, 1, 2, 3, 4, 9})


def test_a_value_that_the_field_refuses_is_said_beside_it(desk):
    form = {"id": desk.ids[:5], "what": "set:power", "power": "100"}
    page = desk.post(BULK, data=form)
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text and 'value="100"' in page.text


def test_many_are_linked_to_one_and_deleted(desk):
    form = {"id": desk.ids[:5], "what": "link:duties", "crew": desk.ids[-1], "step": "do"}
    desk.post(BULK, data=form)
    assert desk.instance.sql("SELECT count(*) AS n FROM x_duty")[0].n == 5
    desk.post(BULK, data={"id": desk.ids[:4], "what": "delete", "step": "do"})
    left = desk.instance.sql("SELECT count(*) AS n FROM x_pump WHERE trashed_at IS NULL")
    assert left[0].n == 1


def test_the_trash_is_restored_as_a_whole(desk):
    desk.post(BULK, data={"id": desk.ids[:4], "what": "delete", "step": "do"})
    page = desk.get(f"{BULK}?back=_trashed%3D1").text
    assert re.findall(r'<option value="(\w+:?\w*)"', page) == ["restore"]
    desk.post(BULK, data={"back": "_trashed=1", "what": "restore", "step": "do"})
    left = desk.instance.sql("SELECT count(*) AS n FROM x_pump WHERE trashed_at IS NULL")
    assert left[0].n == 5


def test_what_can_not_be_done_is_not(desk):
    assert desk.post(BULK, data={"id": desk.ids[:5], "what": "set:id"}).status_code == 400

"""The desk's pages of plugins: what is there, what each adds, enabling and disabling them."""

from __future__ import annotations

import html
import re

import pytest

from relatum.core import clock, db, jobs, plugin_host, records, roles
from relatum.core.plugin_host import workers

from .desk import Browser, at_desk, fields_of
from .instances import prepared
from .plugged import LOYALTY, disable, enable, put, small

CARD = {"number": "L-1", "state": "open"}


#: The preset of the instance.
PRESET = "desk"


@prepared
def stocked(instance):
    """An instance with companies, and loyalty cards that could be enabled."""
    instance.make_type("x_company", {"name": "name", "kind": "text"}, label="Company")
    put(instance, "loyalty", LOYALTY)


@pytest.fixture
def desk(stocked):
    """Return a browser at the desk of that instance."""
    with at_desk(stocked) as browser:
        yield browser


def card(page, plugin):
    """Return the card of a plugin."""
    found = re.search(rf'<article[^>]*"pl-{plugin}".*?</article>', page.text, re.DOTALL)
    assert found, page.text
    return found[0]


def carry_out(desk, address):
    """Send the form of a page that shows a plan."""
    page = desk.get(address)
    assert page.status_code == 200, page.text
    form = page.text[page.text.index('<form class="form-f"') :]
    return desk.post(address, data=fields_of(form[: form.index("</form>")]))


def state(desk, plugin):
    return {p["id"]: p["state"] for p in desk.instance.read(plugin_host.list_plugins)}[plugin]


# -- looking --------------------------------------------------------------------------------
def test_every_plugin_has_a_card_with_its_state_and_the_next_click(desk):
    page = desk.get("/plugins")
    assert "Comes with Relatum" in card(page, "desk")
    assert "Enabled" in card(page, "desk")
    loyalty = card(page, "loyalty")
    assert "A file of this instance" in loyalty
    assert 'href="/plugins/loyalty/enable"' in loyalty
    assert 'href="/plugins" aria-current="page"' in page.text


def test_a_plugin_says_what_it_brings_and_what_it_requires(desk):
    page = desk.get("/plugins/sales").text
    for said in ("Apache-2.0", "Entity types", "<code>opportunity</code>", "/plugins/contacts"):
        assert said in page
    assert desk.get("/plugins/nothing").status_code == 404


def test_the_plan_says_what_enabling_adds_and_its_risk_and_changes_nothing(desk):
    page = desk.get("/plugins/loyalty/enable").text
    for said in ("loyalty_card", "Safe: no record is changed", "CREATE TABLE", "only what you"):
        assert said in html.unescape(page)
    assert state(desk, "loyalty") == "available"


# -- enabling -------------------------------------------------------------------------------
def test_enabled_its_types_are_in_the_sidebar_of_the_next_page(desk):
    assert "loyalty_card" not in desk.get("/plugins").text
    assert carry_out(desk, "/plugins/loyalty/enable").location == "/plugins"
    page = desk.get("/plugins")
    assert "Loyalty cards is enabled" in page.text
    assert 'href="/records/loyalty_card"' in page.text
    assert desk.get("/records/loyalty_card").status_code == 200


def test_a_plan_that_is_out_of_date_is_shown_anew_and_nothing_is_done(desk):
    put(desk.instance, "loyalty", LOYALTY.replace("1.0.0", "1.1.0"))
    page = desk.post("/plugins/loyalty/enable", data={"expect": "0123456789abcdef"})
    assert page.status_code == 409
    assert "Look at the new plan" in page.text
    assert 'name="expect"' in page.text
    assert state(desk, "loyalty") == "available"


def test_what_a_plugin_requires_is_the_next_click(desk):
    page = desk.get("/plugins/sales/enable")
    assert page.status_code == 409
    assert 'href="/plugins/contacts/enable"' in page.text
    assert 'name="expect"' not in page.text


def test_a_plugin_that_fails_as_it_is_planned_says_why(desk):
    put(desk.instance, "broken", small("broken", "raise ValueError('no card reader')\n"))
    page = desk.get("/plugins/broken/enable")
    assert (page.status_code, "no card reader" in page.text) == (422, True)


def test_a_newer_version_on_the_machine_is_brought_in_by_one_click(desk):
    enable(desk.instance, "loyalty")
    put(desk.instance, "loyalty", LOYALTY.replace("1.0.0", "1.1.0"))
    assert "Bring it up to date" in card(desk.get("/plugins"), "loyalty")
    assert "Version 1.0.0 becomes 1.1.0." in desk.get("/plugins/loyalty/enable").text
    carry_out(desk, "/plugins/loyalty/enable")
    assert "Loyalty cards is up to date" in desk.get("/plugins").text


# -- disabling ------------------------------------------------------------------------------
def test_disabled_its_records_are_read_and_the_page_says_why_nothing_else_works(desk):
    enable(desk.instance, "loyalty")
    [id_] = desk.instance.create("loyalty_card", CARD)
    plan = desk.get("/plugins/loyalty/disable").text
    for said in ("Nothing is deleted", "can be read", "/x/loyalty/hello"):
        assert said in plan
    assert carry_out(desk, "/plugins/loyalty/disable").location == "/plugins"
    assert "Not enabled" in card(desk.get("/plugins"), "loyalty")
    page = desk.get(f"/records/loyalty_card/{id_}")
    assert page.status_code == 200
    assert "The plugin loyalty does not run" in page.text
    assert 'href="/plugins/loyalty"' in page.text


def test_what_requires_a_plugin_is_named_and_goes_along(desk):
    for plugin in ("contacts", "products", "duplicates", "sales"):
        enable(desk.instance, plugin)
    page = desk.get("/plugins/contacts/disable").text
    assert 'href="/plugins/sales"' in page
    assert "Disable 2 plugins" in page
    carry_out(desk, "/plugins/contacts/disable")
    assert (state(desk, "sales"), state(desk, "products")) == ("disabled", "enabled")


def test_disabling_the_desk_says_how_to_bring_it_back_and_leads_to_what_is_left(desk):
    page = desk.get("/plugins/desk/disable").text
    assert "relatum plugins enable desk" in page
    assert carry_out(desk, "/plugins/desk/disable").location == "/"
    assert desk.get("/plugins").status_code == 404
    assert "Alice" in desk.get("/").text


def test_what_is_not_enabled_can_not_be_disabled(desk):
    page = desk.get("/plugins/loyalty/disable")
    assert (page.status_code, "is not enabled" in page.text) == (409, True)


# -- trouble --------------------------------------------------------------------------------
def test_a_plugin_whose_files_are_gone_has_a_card_with_its_name_and_the_next_click(desk):
    enable(desk.instance, "loyalty")
    path = put(desk.instance, "loyalty", LOYALTY)
    path.unlink()
    put(desk.instance, "small", small("small"))
    enable(desk.instance, "small")
    loyalty = card(desk.get("/plugins"), "loyalty")
    for said in ("Loyalty cards", "not on this machine", 'href="/plugins/loyalty/disable"'):
        assert said in loyalty
    assert desk.get("/plugins/loyalty").status_code == 200
    page = desk.get("/records/loyalty_card")
    assert (page.status_code, "It is not on this machine any more" in page.text) == (200, True)


def test_a_plugin_that_fails_to_load_says_the_reason_and_is_tried_again(desk):
    put(desk.instance, "broken", small("broken"))
    enable(desk.instance, "broken")
    put(desk.instance, "broken", small("broken", "raise ValueError('no card reader')\n"))
    put(desk.instance, "small", small("small"))
    enable(desk.instance, "small")
    broken = card(desk.get("/plugins"), "broken")
    assert "It failed when it was loaded" in broken
    assert "no card reader" in broken
    put(desk.instance, "broken", small("broken"))
    carry_out(desk, "/plugins/broken/enable")
    assert "Does not run" not in card(desk.get("/plugins"), "broken")


# -- rights ---------------------------------------------------------------------------------
def test_only_an_administrator_sees_and_changes_plugins(desk):
    alice, bob = desk.instance.alice.user_id, desk.instance.bob.user_id
    now = [{"id": bob, "admin": True}, {"id": alice, "admin": False}]
    desk.instance.write(records.update, "user", now)
    assert desk.get("/plugins").status_code == 403
    sent = desk.post("/plugins/loyalty/enable", data={"expect": ""})
    assert (sent.status_code, state(desk, "loyalty")) == (403, "available")
    assert Browser(desk.application).post("/plugins/loyalty/enable").location == "/sign-in"


def test_another_site_enables_nothing(desk):
    sent = desk.post("/plugins/loyalty/enable", headers={"Sec-Fetch-Site": "cross-site"})
    assert (sent.status_code, state(desk, "loyalty")) == (403, "available")


def test_what_runs_is_found_by_the_name_that_it_was_enabled_with(desk):
    enable(desk.instance, "loyalty")
    put(desk.instance, "loyalty", LOYALTY).unlink()
    disable(desk.instance, "loyalty")
    [found] = [p for p in desk.instance.read(plugin_host.list_plugins) if p["id"] == "loyalty"]
    assert (found["name"], found["source"]) == ("Loyalty cards", None)


# -- removing -------------------------------------------------------------------------------
@pytest.fixture
def loyal(desk):
    enable(desk.instance, "loyalty")
    desk.instance.create("loyalty_card", {"number": "L-1", "state": "open"})
    return desk


def test_who_sees_its_types_is_chosen_as_a_plugin_is_enabled(desk):
    page = desk.get("/plugins/loyalty/enable?access=closed")
    assert "only administrators will see it" in page.text
    carry_out(desk, "/plugins/loyalty/enable?access=closed")
    with desk.instance.reading():
        member = roles.get("member", actor=desk.instance.alice)
    assert member["types"]["loyalty_card"] == {}


def test_removed_with_its_data_kept_a_plugin_is_gone_until_it_is_enabled_again(loyal):
    page = loyal.get("/plugins/loyalty/remove").text
    keep = page[page.index('<form class="stack"') :]
    loyal.post("/plugins/loyalty/remove", data=fields_of(keep[: keep.index("</form>")]))
    assert state(loyal, "loyalty") == "removed"
    assert "Removed, data kept" in card(loyal.get("/plugins"), "loyalty")
    assert loyal.get("/records/loyalty_card").status_code == 404
    carry_out(loyal, "/plugins/loyalty/enable")
    assert "L-1" in loyal.get("/records/loyalty_card").text


def test_data_is_dropped_after_its_name_was_typed_and_an_archive_brings_it_back(loyal):
    page = loyal.get("/plugins/loyalty/remove")
    assert "1 records of loyalty_card go for good" in html.unescape(page.text)
    form = page.text[page.text.index('name="purge"') - 200 :]
    given = fields_of(form[: form.index("</form>")])
    assert loyal.post("/plugins/loyalty/remove", data=given).status_code == 422
    assert state(loyal, "loyalty") == "enabled"
    answer = loyal.post("/plugins/loyalty/remove", data={**given, "sure": "loyalty"})
    job = int(answer.headers["Location"].rpartition("/")[2])
    loyal.get("/plugins")
    loyal.application.heart.sign()  # as a worker does every few seconds: no older set is at work
    with loyal.instance.app.app_context():
        assert jobs.run(job, by="test", pause=lambda: False) == "done"
    assert state(loyal, "loyalty") == "available"
    [archive] = re.findall(r"/plugin-archives/([^/]+)/restore", loyal.get("/plugins").text)
    loyal.post(f"/plugin-archives/{archive}/restore", data={})
    assert "L-1" in loyal.get("/records/loyalty_card").text


# -- workers --------------------------------------------------------------------------------
def worker_of(instance, **values):
    """Let a process on another machine say that it serves."""
    now = clock.now()
    row = workers.Worker(
        id="far", kind="web", place="elsewhere", pid=7, generation=1, oldest=1, code=1,
        loaded=values.get("loaded", {}), started_at=now, since=now, seen_at=now,
    )  # fmt: skip
    with instance.app.app_context():
        db.transact(lambda: workers.sign(row))


def test_the_page_says_how_many_serve_the_newest_set(desk):
    worker_of(desk.instance)
    generation = desk.instance.sql("SELECT plugins FROM core_epoch")[0].plugins
    page = html.unescape(desk.get("/plugins").text)
    assert re.search(rf"[01] of [12] workers on generation {generation}", page)


def test_workers_with_former_code_are_replaced_by_two_clicks(desk):
    stale = {"version": "0.0.9", "digest": "x", "stale": "version 0.1.0 is there"}
    worker_of(desk.instance, loaded={"desk": stale})
    shown = card(desk.get("/plugins"), "desk")
    assert "Former code runs" in shown and "version 0.1.0 is there" in shown
    assert 'href="/plugin-workers"' in shown
    asked = desk.get("/plugin-workers").text
    assert "version 0.1.0 is there" in asked and "<code>7</code>" in asked
    before = desk.instance.sql("SELECT code FROM core_epoch")[0].code
    assert desk.post("/plugin-workers").location == "/plugins"
    assert desk.instance.sql("SELECT code FROM core_epoch")[0].code == before + 1
    assert "are being replaced" in desk.get("/plugins").text


def test_developers_see_what_they_saved_and_is_not_served(desk):
    extensions = desk.application.newest.app.extensions
    assert "dev-bar" not in desk.get("/plugins").text
    extensions[plugin_host.DEVELOPMENT] = plugin_host.Development(
        {"loyalty": "SyntaxError: line 3"}
    )
    try:
        page = desk.get("/plugins").text
    finally:
        del extensions[plugin_host.DEVELOPMENT]
    assert 'class="dev-bar" role="alert"' in page and "SyntaxError: line 3" in page

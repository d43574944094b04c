"""The desk's page of a plugin's settings: a form of what the plugin says, secrets never shown."""

from __future__ import annotations

import html

import pytest

from relatum.core import records

from .desk import at_desk, fields_of
from .instances import prepared
from .parcels import KEY, PARCEL, fault, put_in, shown, values
from .plugged import enable

#: The preset of the instance.
PRESET = "desk"
AT = "/plugins/parcel/settings"
GERMAN = """
msgid "Carrier"
msgstr "Spediteur"

msgid "By rail"
msgstr "Mit der Bahn"

msgid "Post takes at most 50 parcels."
msgstr "Die Post nimmt höchstens 50 Pakete."
"""


@prepared
def waiting(instance):
    """An instance in which the plugin, a folder with German words, waits for its key."""
    folder = instance.config.home / "plugins" / "parcel"
    (folder / "translations").mkdir(parents=True)
    (folder / "__init__.py").write_text(PARCEL, encoding="utf-8")
    (folder / "translations" / "de.po").write_text(GERMAN, encoding="utf-8")
    enable(instance, "parcel")


@pytest.fixture
def desk(waiting):
    """Return a browser at the desk of that instance."""
    with at_desk(waiting) as browser:
        yield browser


def sent(desk, **changed):
    """Send the form with some controls changed; return the answer."""
    return desk.post(AT, data={**form_of(desk.get(AT)), **changed})


def form_of(page):
    """Return what the form of a page sends if nobody touches it."""
    form = page.text[page.text.index('<form class="sheet') :]
    return fields_of(form[: form.index("</form>")])


def test_settings_that_were_changed_meanwhile_are_not_overwritten_unsaid(desk, waiting):
    began = form_of(desk.get(AT))
    sent(desk, carrier="rail", api_key=KEY)
    page = desk.post(AT, data={**began, "carrier": "post", "api_key": "another-key"})
    assert (page.status_code, "Somebody has changed this meanwhile." in page.text) == (409, True)
    assert "It was not kept: type it again." in page.text and "another-key" not in page.text
    assert values(waiting)["carrier"] == "rail"
    again = {**form_of(page), "carrier": "post"}
    assert desk.post(AT, data=again).status_code == 303
    assert values(waiting)["carrier"] == "post"


# -- the next step --------------------------------------------------------------------------
def test_a_plugin_that_waits_says_what_for_and_the_next_click_leads_there(desk):
    page = desk.get("/plugins").text
    assert "It needs settings before it runs" in page
    assert "Key: A value is required." in page
    assert f'href="{AT}"' in page
    page = desk.get(AT).text
    assert "It does not run before this is set:" in page
    assert '<a class="link" href="#f-api_key">Key</a>' in page


def test_enabling_leads_to_what_is_needed(desk):
    instance = desk.instance
    (instance.config.home / "plugins" / "second.py").write_text(
        PARCEL.replace("parcel", "second"), encoding="utf-8"
    )
    page = desk.get("/plugins/second/enable").text
    assert "they are asked for next: api_key" in page
    form = page[page.index('<form class="form-f"') :]
    answer = desk.post("/plugins/second/enable", data=fields_of(form[: form.index("</form>")]))
    assert answer.location == "/plugins/second/settings"


# -- the form -------------------------------------------------------------------------------
def test_each_setting_has_the_control_of_its_kind(desk):
    page = desk.get(AT).text
    for control in (
        'type="password"', '<option value="rail">By rail</option>', 'role="switch"',
        'type="date"', 'type="checkbox" name="zones" value="eu"', "One per line",
        "From the carrier&#39;s portal.",
    ):  # fmt: skip
        assert control in page, control
    assert 'value="10"' in page and 'value="2.5"' in page


def test_what_was_sent_is_set_and_the_plugin_runs(desk):
    answer = sent(desk, api_key=KEY, most="1,000"[:1], carrier="rail", copies="a@x.org\n\nb@x.org")
    assert (answer.status_code, answer.location) == (303, "/plugins/parcel")
    assert "The settings are saved" in desk.get("/plugins/parcel").text
    seen = values(desk.instance)
    assert (seen["most"], seen["carrier"]) == (1, "rail")
    assert (seen["copies"], seen["insured"]) == (("a@x.org", "b@x.org"), False)
    assert fault(desk.instance) == (None, None)


def test_what_nobody_touched_is_not_set(desk):
    sent(desk, api_key=KEY)
    found = shown(desk.instance)
    assert {name for name, each in found.items() if each["set"]} == {"api_key"}
    sent(desk, most="12")
    sent(desk, most="")
    assert shown(desk.instance)["most"]["set"] is False


def test_a_secret_is_in_no_page_also_not_when_something_else_is_wrong(desk):
    page = sent(desk, api_key=KEY, most="0", carrier="rail")
    assert page.status_code == 422
    assert KEY not in page.text
    assert "Must be at least 1." in page.text
    assert "type it again" in page.text
    assert '<option value="rail" selected>' in page.text
    put_in(desk.instance, api_key=KEY)
    page = desk.get(AT)
    assert KEY not in page.text
    assert 'placeholder="Unchanged"' in page.text
    sent(desk, most="12")
    assert values(desk.instance)["api_key"] == KEY


def test_a_secret_of_the_environment_shows_its_variable(desk):
    put_in(desk.instance, api_key="env:HOME")
    assert "Read from the variable HOME of the environment" in desk.get(AT).text


def test_the_form_speaks_german_by_the_words_of_the_plugin(desk):
    desk.set_cookie("language", "de")
    page = desk.get(AT).text
    for said in ("Spediteur", "Mit der Bahn", "Es läuft erst, wenn dies eingestellt ist"):
        assert said in page
    page = html.unescape(sent(desk, api_key=KEY, most="60").text)
    assert "Die Post nimmt höchstens 50 Pakete." in page
    page = html.unescape(sent(desk, api_key=KEY, heaviest="schwer").text)
    assert "Muss eine Dezimalzahl wie 12.50 sein" in page
    sent(desk, api_key=KEY, heaviest="1,25")
    assert str(values(desk.instance)["heaviest"]) == "1.25"


# -- rights ---------------------------------------------------------------------------------
def test_only_an_administrator_sees_and_changes_settings(desk):
    alice, bob = desk.instance.alice.user_id, desk.instance.bob.user_id
    now = [{"id": bob, "admin": True}, {"id": alice, "admin": False}]
    desk.instance.write(records.update, "user", now)
    assert desk.get(AT).status_code == 403
    assert desk.post(AT, data={"most": "5"}).status_code == 403


def test_what_is_not_enabled_has_no_settings_yet(desk):
    assert desk.get("/plugins/sales/settings").status_code == 409
    assert desk.get("/plugins/nothing/settings").status_code == 404

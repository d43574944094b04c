"""The help in the desk: searched, and found from the page that it is about."""

from __future__ import annotations

import pytest

from relatum.core.api import manual

from .desk import at_desk

#: The preset of the instance.
PRESET = "desk"


@pytest.fixture
def desk(instance):
    """Return a browser in which alice is signed in."""
    instance.make_type("x_asset", {"name": "name", "kind": "text"}, title="name")
    with at_desk(instance) as browser:
        yield browser


def test_a_section_is_found_by_its_words_wherever_they_stand():
    [first, *_] = manual.search("record_unknown")
    assert (first.page, first.anchor) == ("errors", "record_unknown")
    found = manual.search("works once INVITATION link")
    assert "people" in [passage.page for passage in found]


def test_what_a_heading_says_comes_before_what_a_text_says():
    found = manual.search("trees")
    headings = ["trees" in f"{each.page_title} {each.title}".lower() for each in found]
    assert headings == sorted(headings, reverse=True)


def test_an_extract_is_short_and_holds_the_word():
    for passage in manual.search("cascade"):
        assert len(passage.extract) < 200
    assert any("cascade" in passage.extract.lower() for passage in manual.search("cascade"))


def test_nothing_is_found_by_no_words_or_by_words_that_stand_nowhere():
    assert manual.search("  ") == manual.search("xyzzyplugh") == []


def test_the_search_of_the_help_leads_to_the_section(desk):
    page = desk.get("/help/?q=record_unknown").text
    assert 'href="/help/errors#record_unknown"' in page
    assert 'value="record_unknown"' in page


def test_a_search_without_a_result_offers_all_pages(desk):
    page = desk.get("/help/?q=%3Cscript%3Exyzzy").text
    assert "Nothing found" in page
    assert "<script>xyzzy" not in page


@pytest.mark.parametrize(
    ("at", "page"),
    [
        ("/records/x_asset/5", "desk"), ("/records/nothing", "desk"), ("//evil.example", "desk"),
        ("/model/x_asset", "entity-types"), ("/plugins", "plugins"), ("", "desk"),
    ],
)  # fmt: skip
def test_help_on_a_page_is_about_it(desk, at, page):
    assert desk.get("/help/", query_string={"at": at}).headers["Location"] == f"/help/{page}"

"""Times, durations, stars, phone numbers, web addresses, formatted text and JSON documents."""

from __future__ import annotations

import re
from datetime import time
from decimal import Decimal
from typing import Any

import nh3
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relatum.core.fields import FIELD_TYPES, Refused, country_of

from .test_fields import code, field

TAKEN = [
    ("time", {}, "9:30", time(9, 30)),
    ("time", {}, "23:59:59", time(23, 59, 59)),
    ("time", {}, "12:05 am", time(0, 5)),
    ("time", {}, "12:05 P.M.", time(12, 5)),
    ("duration", {}, 5400, 5400),
    ("duration", {}, "5400", 5400),
    ("duration", {}, "1h 30m", 5400),
    ("duration", {}, "1:30", 5400),
    ("duration", {}, "1:30:15", 5415),
    ("duration", {}, "PT1H30M", 5400),
    ("duration", {}, "p1dt0,5s".replace("0,5", "30"), 86_430),
    ("duration", {}, "1,5 hours", 5400),
    ("duration", {}, "2w 1 day", 1_296_000),
    ("duration", {}, 0, 0),
    ("rating", {}, 5, 5),
    ("rating", {"max": 10}, 10, 10),
    ("percent", {}, "12.5", Decimal("12.50")),
    ("percent", {"scale": 0}, -3, Decimal(-3)),
    ("colour", {}, " #2F6FED ", "#2f6fed"),
    ("colour", {}, "#abc", "#aabbcc"),
    ("url", {}, "example.org", "https://example.org/"),
    ("url", {}, "www.Example.org:8080/A b?q=ä", "https://www.example.org:8080/A%20b?q=%C3%A4"),
    ("url", {}, "HTTP://bücher.example", "http://xn--bcher-kva.example/"),
    ("url", {}, "http://intranet/x", "http://intranet/x"),
    ("url", {}, "mailto:bob@example.org", "mailto:bob@example.org"),
    ("url", {}, "tel:+4930123456", "tel:+4930123456"),
    ("phone", {}, "030 / 123 456-7", "+49301234567"),
    ("phone", {}, "+1 (415) 555-2671 ext. 12", "+14155552671;ext=12"),
    ("phone", {"region": "US"}, "415.555.2671 x7", "+14155552671;ext=7"),
    ("phone", {}, "0044 20 7946 0958", "+442079460958"),
    ("phone", {}, "+39 06 69812345", "+390669812345"),
    ("rich_text", {}, "<p>Hi <b>Bob</b></p>", "<p>Hi <b>Bob</b></p>"),
    ("rich_text", {}, "a < b & c", "a &lt; b &amp; c"),
    ("rich_text", {}, "<p> <br></p>", None),
    ("rich_text", {}, "<script>alert(1)</script>", None),
    ("rich_text", {}, "<b onclick=x style='top:0'>a</b>", "<b>a</b>"),
    ("rich_text", {}, "a&#x301;&#1;b&#0;", "áb\ufffd"),
    ("json", {}, {"b": [1.0, True], "a": None}, '{"a":null,"b":[1,true]}'),
    ("json", {}, '[ {"x": "ä"} ]', '[{"x":"ä"}]'),
    ("json", {}, {}, "{}"),
]
REFUSED = [
    ("time", {}, "24:00", "not_time"),
    ("time", {}, "13:00 pm", "not_time"),
    ("time", {}, "09:30:00.5", "not_time"),
    ("time", {}, "0930", "not_time"),
    ("time", {}, 930, "not_time"),
    ("time", {"min": "08:00"}, "7:59", "too_small"),
    ("duration", {}, "1 month", "not_duration"),
    ("duration", {}, "P", "not_duration"),
    ("duration", {}, "1:60", "not_duration"),
    ("duration", {}, "0.5s", "not_duration"),
    ("duration", {}, 1.5, "not_duration"),
    ("duration", {}, True, "not_duration"),
    ("duration", {}, -1, "too_small"),
    ("duration", {"max": 3600}, "1:01", "too_large"),
    ("rating", {}, 0, "too_small"),
    ("rating", {}, 6, "too_large"),
    ("rating", {}, 4.5, "not_integer"),
    ("percent", {}, "1.005", "too_many_digits"),
    ("colour", {}, "red", "not_colour"),
    ("colour", {}, "#12345", "not_colour"),
    ("url", {}, "javascript:alert(1)", "not_url"),
    ("url", {}, "JaVa\tScript:alert(1)", "bad_character"),
    ("url", {}, "data:text/html,x", "not_url"),
    ("url", {}, "file:///etc/passwd", "not_url"),
    ("url", {}, "https://bob:secret@example.org", "not_url"),
    ("url", {}, "http://", "not_url"),
    ("url", {}, "mailto:", "not_url"),
    ("url", {}, "hello", "not_url"),
    ("url", {}, "call me. later", "not_url"),
    ("url", {}, "example.org/" + "ä" * 600, "too_long"),
    ("phone", {}, "call 030 123456", "not_phone"),
    ("phone", {}, "030 123456 or 030 654321", "not_phone"),
    ("phone", {}, "12", "not_phone"),
    ("phone", {}, "+999 123456", "not_phone"),
    ("phone", {}, "+49 30 123456789012345", "not_phone"),
    ("phone", {}, 49, "not_text"),
    ("rich_text", {"max_length": 5}, "<b>a</b>", "too_long"),
    ("json", {}, "text", "not_json"),
    ("json", {}, 5, "not_json"),
    ("json", {}, {"a": 2**53}, "json_unfit"),
    ("json", {}, [float("nan")], "json_unfit"),
    ("json", {}, ["a\0"], "json_unfit"),
    ("json", {}, {"\ud800": 1}, "json_unfit"),
    ("json", {"max_bytes": 10}, ["0123456789"], "json_unfit"),
]


@pytest.mark.parametrize(("kind", "settings", "sent", "stored"), TAKEN)
def test_a_valid_value_is_taken_in_its_normal_form(kind, settings, sent, stored):
    taken = field(kind, **settings).check(sent)
    assert (taken, type(taken)) == (stored, type(stored))


@pytest.mark.parametrize(("kind", "settings", "sent", "why"), REFUSED)
def test_an_invalid_value_is_refused_with_its_rule(kind, settings, sent, why):
    assert code(field(kind, **settings).check, sent) == why


@pytest.mark.parametrize(("kind", "settings", "sent", "stored"), TAKEN)
def test_what_a_person_reads_is_read_back(kind, settings, sent, stored):
    made = field(kind, **settings)
    text = made.text(made.wire(stored))
    if kind != "rich_text":
        assert made.parse(text) == stored


@pytest.mark.parametrize(
    ("kind", "wire", "text"),
    [
        ("percent", "12.50", "12.5 %"),
        ("percent", "100", "100 %"),
        ("duration", 95_400, "1d 2h 30m"),
        ("duration", 0, "0s"),
        ("phone", "+49301234567", "+49 30 1234567"),
        ("phone", "+14155552671;ext=12", "+1 415-555-2671 ext. 12"),
        ("rich_text", "<p>a<b>b</b></p><p>c &lt; d</p>", "ab c < d"),
        ("json", {"a": [1]}, '{"a":[1]}'),
        ("choice", "won", "Won"),
        ("time", None, ""),
    ],
)
def test_a_value_has_a_text_for_people(kind, wire, text):
    assert field(kind).text(wire) == text


@pytest.mark.parametrize("kind", sorted(FIELD_TYPES))
def test_the_example_of_the_help_is_taken(kind):
    assert field(kind).check(orjson.loads(FIELD_TYPES[kind].EXAMPLE)) is not None


def test_json_deeper_than_its_limit_is_refused():
    nested: Any = []
    for _ in range(20):
        nested = [nested]
    assert code(field("json").check, nested) == "json_unfit"


def test_without_a_country_a_national_number_is_refused_and_says_what_to_write():
    made = FIELD_TYPES["phone"](id=1, type_id=1, name="f", column="f", label="F")
    assert made.check("+49 30 123456") == "+4930123456"
    with pytest.raises(Refused) as caught:
        made.check("030 123456")
    assert "begin with +" in caught.value.problem.message


@pytest.mark.parametrize(
    ("language", "zone", "country"),
    [
        ("de", "Europe/Berlin", "DE"),
        ("pt-BR", "Europe/Lisbon", "BR"),
        ("zh-Hans", "Asia/Singapore", "SG"),
        ("en", "UTC", ""),
    ],
)
def test_the_country_of_an_instance_is_that_of_its_language_or_zone(language, zone, country):
    assert country_of(language, zone) == country


def test_formatted_text_keeps_no_pictures():
    assert field("rich_text").check('<p>A<img src="/x.png">B</p>') == "<p>AB</p>"


#: Pieces that have been used to get something past a sanitiser.
PIECES = st.lists(
    st.sampled_from(
        """<script> </script> <img src=x onerror=alert(1)> <a href="javascript:x"> </a> <svg> </svg>
        <math> <mi> <style> </style> <!-- --> <![CDATA[ ]]> <b> </b \u0338 \u226e &lt; &#60; &#x301;
        &#1; &#0; > < " ' a <p> <noscript> <template> <mglyph> <table> <td> \u00a0""".split()
    ),
    max_size=12,
)


@given(PIECES.map("".join) | st.text(max_size=40))
@example("<b>\u0338x</b>")
@example("<a title='&#x338;'>\u0338</a>")
def test_html_that_is_stored_is_safe_and_in_normal_form(html):
    try:
        taken = field("rich_text").check(html)
    except Refused as refused:
        assert refused.problem.code in ("bad_character", "html_unfit")
        return
    assert (
        taken is None or nh3.clean(taken, url_schemes={"http", "https", "mailto", "tel"}) == taken
    )
    assert taken is None or not re.search("<[^>]*(script|onerror)", taken)

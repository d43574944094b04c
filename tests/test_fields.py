"""Field types: what each takes, what it refuses and why, and that it comes back as it went in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from relatum.core import records
from relatum.core.fields import FIELD_TYPES, Option, Refused, fold

from .samples import needed

#: Field types whose values are objects or lists.
OF_SEVERAL = {"json", "multi_choice", "tags", "person_name", "address", "geo"}
OPTIONS = (
    Option(1, "open", "Open"),
    Option(2, "won", "Won", category="won"),
    Option(3, "old", "Old", retired=True),
)


def field(kind: str, **settings: Any) -> Any:
    """Return a field of a kind by itself, outside any catalog."""
    options = OPTIONS if FIELD_TYPES[kind].HAS_OPTIONS else ()
    settings = {**needed(kind, "x_thing"), **settings}
    return FIELD_TYPES[kind](
        id=1, type_id=1, name="f", column="f", label="F", settings=settings, options=options,
        zone="Europe/Berlin", currency="EUR", country="DE",
    )  # fmt: skip


def code(check, *args) -> str:
    with pytest.raises(Refused) as caught:
        check(*args)
    return caught.value.problem.code


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


NEAR_12 = Decimal("999999999999.99")
TAKEN = [
    ("text", {}, " Zoë ", "Zoë"),
    ("text", {}, "Zoe\u0308", "Zoë"),
    ("text", {}, "\u00a0 \t ", None),
    ("text", {}, "😀" * 500, "😀" * 500),
    ("text", {"pattern": "[A-Z]{2}"}, "AB", "AB"),
    ("long_text", {}, " a\r\n\tb ", " a\r\n\tb "),
    ("long_text", {}, "x" * 100_000, "x" * 100_000),
    ("integer", {}, 2**53 - 1, 2**53 - 1),
    ("integer", {}, -(2**53) + 1, -(2**53) + 1),
    ("integer", {}, 7.0, 7),
    ("integer", {}, -0.0, 0),
    ("decimal", {}, "12.5", Decimal("12.50")),
    ("decimal", {}, 12, Decimal("12.00")),
    ("decimal", {}, 0.1, Decimal("0.10")),
    ("decimal", {}, "1e3", Decimal("1000.00")),
    ("decimal", {}, "-0", Decimal("0.00")),
    ("decimal", {}, "999999999999.99", NEAR_12),
    ("decimal", {"scale": 6}, "-999999999999.999999", Decimal("-999999999999.999999")),
    ("decimal", {"scale": 0}, "3", Decimal(3)),
    ("money", {}, "0.0001", Decimal("0.0001")),
    ("boolean", {}, False, False),
    ("date", {}, "2024-02-29", date(2024, 2, 29)),
    ("date", {}, "0001-01-01", date(1, 1, 1)),
    ("date", {}, "9999-12-31", date(9999, 12, 31)),
    ("datetime", {}, "2026-01-31T09:30:00Z", utc(2026, 1, 31, 9, 30)),
    ("datetime", {}, "2026-01-31T09:30:00.000001+05:45", utc(2026, 1, 31, 3, 45, 0, 1)),
    ("datetime", {}, "0001-01-01T00:00:00Z", utc(1, 1, 1)),
    ("datetime", {}, "9999-12-31T23:59:59.999999Z", utc(9999, 12, 31, 23, 59, 59, 999999)),
    ("choice", {}, "won", "won"),
    ("email", {}, "Bob@EXAMPLE.org", "Bob@example.org"),
    ("email", {}, "zoë@bücher.example", "zoë@bücher.example"),
    ("lookup", {}, 5.0, 5),
    ("user", {}, 2**53 - 1, 2**53 - 1),
]
REFUSED = [
    ("text", {}, 5, "not_text"),
    ("text", {}, "a\nb", "bad_character"),
    ("text", {}, "a\x00b", "bad_character"),
    ("text", {}, "\ud800", "bad_character"),
    ("text", {}, "x" * 501, "too_long"),
    ("text", {}, "\u0958" * 300, "too_long"),
    ("text", {"min_length": 3}, " ab ", "too_short"),
    ("text", {"pattern": "[A-Z]{2}"}, "ABC", "no_match"),
    ("long_text", {}, "a\x0bb", "bad_character"),
    ("long_text", {}, "x" * 100_001, "too_long"),
    ("integer", {}, True, "not_integer"),
    ("integer", {}, "7", "not_integer"),
    ("integer", {}, 7.5, "not_integer"),
    ("integer", {}, float("nan"), "not_integer"),
    ("integer", {}, float("inf"), "not_integer"),
    ("integer", {}, 2**53, "too_large"),
    ("integer", {"min": 5}, 4, "too_small"),
    ("integer", {"max": 5}, 6, "too_large"),
    ("decimal", {}, "1.005", "too_many_digits"),
    ("decimal", {}, 0.1 + 0.2, "too_many_digits"),
    ("decimal", {}, "1000000000000", "too_large"),
    ("decimal", {}, "1e999999999", "too_large"),
    ("decimal", {}, "NaN", "not_decimal"),
    ("decimal", {}, "-Infinity", "not_decimal"),
    ("decimal", {}, float("nan"), "not_decimal"),
    ("decimal", {}, "1_000", "not_decimal"),
    ("decimal", {}, "12,50", "not_decimal"),
    ("decimal", {}, True, "not_decimal"),
    ("decimal", {}, "9" * 5000, "not_decimal"),
    ("decimal", {"min": "0"}, "-0.01", "too_small"),
    ("money", {"max": "10"}, "10.0001", "too_large"),
    ("money", {}, "0.00001", "too_many_digits"),
    ("boolean", {}, 1, "not_boolean"),
    ("boolean", {}, "true", "not_boolean"),
    ("date", {}, "2023-02-29", "not_date"),
    ("date", {}, "31.01.2026", "not_date"),
    ("date", {}, "20260131", "not_date"),
    ("date", {}, "2026-W05-6", "not_date"),
    ("date", {}, "2026-01-31T00:00:00Z", "not_date"),
    ("date", {}, 20260131, "not_date"),
    ("date", {"min": "2020-01-01"}, "2019-12-31", "too_small"),
    ("datetime", {}, "2026-01-31T09:30:00", "not_datetime"),
    ("datetime", {}, "2026-01-31", "not_datetime"),
    ("datetime", {}, "0001-01-01T00:00:00+02:00", "not_datetime"),
    ("datetime", {}, "9999-12-31T23:59:59-02:00", "not_datetime"),
    ("datetime", {"max": "2026-01-01T00:00:00Z"}, "2026-01-01T00:00:01Z", "too_large"),
    ("choice", {}, "Won", "option_unknown"),
    ("choice", {}, 1, "not_text"),
    ("email", {}, "bob", "not_email"),
    ("email", {}, "bob@example", "not_email"),
    ("email", {}, "a" * 250 + "@example.org", "not_email"),
    ("lookup", {}, 0, "not_reference"),
    ("lookup", {}, -1, "not_reference"),
    ("lookup", {}, "5", "not_reference"),
    ("lookup", {}, True, "not_reference"),
    ("lookup", {}, 2**63, "not_reference"),
    ("user", {}, 1.5, "not_reference"),
]


@pytest.mark.parametrize(("kind", "settings", "sent", "stored"), TAKEN)
def test_a_valid_value_is_taken_in_its_normal_form(kind, settings, sent, stored):
    taken = field(kind, **settings).check(sent)
    assert (taken, type(taken)) == (stored, type(stored))
    assert str(taken) == str(stored)


@pytest.mark.parametrize(("kind", "settings", "sent", "why"), REFUSED)
def test_an_invalid_value_is_refused_with_its_rule(kind, settings, sent, why):
    assert code(field(kind, **settings).check, sent) == why


@pytest.mark.parametrize("kind", ["integer", "decimal", "boolean", "date", "lookup", "text"])
def test_a_number_of_thousands_of_digits_is_refused_like_any_other(kind):
    assert code(field(kind).check, 10**5000) in {"too_large", f"not_{kind}", "not_reference"}


@pytest.mark.parametrize("kind", sorted(FIELD_TYPES.keys() - OF_SEVERAL))
@pytest.mark.parametrize("sent", [[], {}, [1], {"a": 1}, b"a"], ids=repr)
def test_a_field_of_one_value_takes_no_list_and_no_object(kind, sent):
    assert code(field(kind).check, sent).startswith("not_")


@pytest.mark.parametrize(
    ("kind", "style", "text", "value"),
    [
        ("text", None, "a", "a"),
        ("long_text", None, "a\r\nb\n", "a\nb\n"),
        ("integer", None, " -12 ", -12),
        ("decimal", None, " 12.5 ", Decimal("12.50")),
        ("boolean", None, "Yes", True),
        ("boolean", None, "0", False),
        ("date", None, "2017-03-01", date(2017, 3, 1)),
        ("date", "M/D/YYYY", "3/1/2017", date(2017, 3, 1)),
        ("date", "D.M.YYYY", "01.03.2017", date(2017, 3, 1)),
        ("date", "YYYYMMDD", "20170301", date(2017, 3, 1)),
        ("datetime", None, "2026-07-01T12:00:00", utc(2026, 7, 1, 10)),
        ("datetime", None, "2026-07-01", utc(2026, 6, 30, 22)),
        ("datetime", None, "2026-01-01T12:00:00-05:00", utc(2026, 1, 1, 17)),
        ("choice", None, "WON", "won"),
        ("lookup", None, "12", 12),
    ],
)
def test_text_from_a_file_is_read_as_a_value(kind, style, text, value):
    assert field(kind).parse(text, style) == value


@pytest.mark.parametrize(
    ("kind", "style", "text", "why"),
    [
        ("integer", None, "1_000", "not_integer"),
        ("integer", None, "1.5", "not_integer"),
        ("boolean", None, "maybe", "not_boolean"),
        ("date", "M/D/YYYY", "31/12/2017", "not_date"),
        ("date", "M/D/YYYY", "1/2/17", "not_date"),
        ("date", "YYYYMMDD", "2017111", "not_date"),
        ("date", "YYYY/MM/DD", "2017/1/1", "not_date"),
        ("datetime", None, "0001-01-01", "not_datetime"),
        ("choice", None, "lost", "option_unknown"),
        ("lookup", None, "²", "not_reference"),
        ("lookup", None, "9" * 17, "not_reference"),
    ],
)
def test_text_that_is_no_value_is_refused_with_its_rule(kind, style, text, why):
    assert code(field(kind).parse, text, style) == why


def test_a_retired_option_is_refused_unless_the_record_has_it_already():
    choice = field("choice")
    assert choice.merge("old", choice.check("old")) == "old"
    for before in (None, "open"):
        assert code(lambda value, before=before: choice.merge(before, value), "old") == (
            "option_retired"
        )


@pytest.mark.parametrize(
    ("kind", "value", "wire"),
    [
        ("money", Decimal("5.0000"), "5.00"),
        ("money", Decimal("5.1250"), "5.1250"),
        ("decimal", Decimal("0.00"), "0.00"),
        ("decimal", Decimal("1E+3"), "1000"),
        ("money", None, None),
        ("decimal", None, None),
    ],
)
def test_decimals_go_out_as_plain_text(kind, value, wire):
    assert field(kind).wire(value) == wire


@pytest.mark.parametrize(
    "texts",
    [("Straße", "STRASSE"), ("Ärger", "arger"), ("ﬁn", "FIN"), ("e\u0301", "é"), ("①", "1")],
)
def test_texts_that_differ_in_case_marks_or_form_have_one_key(texts):
    assert len({fold(text) for text in texts}) == 1


def test_a_fold_key_fits_an_index_page_whatever_the_text():
    assert len(fold("\ufdfa" * 500).encode()) <= 2400


WRITTEN: list[tuple[dict[str, Any], Any, Any]] = [
    ({"kind": "text"}, "Zoe\u0308 😀", "Zoë 😀"),
    ({"kind": "long_text"}, "a\r\n\tb", "a\r\n\tb"),
    ({"kind": "integer"}, -(2**53) + 1, -(2**53) + 1),
    ({"kind": "decimal", "settings": {"scale": 6}}, "-999999999999.999999", "-999999999999.999999"),
    ({"kind": "decimal", "settings": {"scale": 0}}, "-0", "0"),
    ({"kind": "decimal"}, "0.10", "0.10"),
    ({"kind": "money"}, "9007199254.0993", "9007199254.0993"),
    ({"kind": "boolean"}, True, True),
    ({"kind": "boolean", "settings": {"tri_state": True}}, None, None),
    ({"kind": "date"}, "0001-01-01", date(1, 1, 1)),
    ({"kind": "date"}, "9999-12-31", date(9999, 12, 31)),
    ({"kind": "datetime"}, "0001-01-01T00:00:00.000001Z", utc(1, 1, 1, 0, 0, 0, 1)),
    ({"kind": "datetime"}, "9999-12-31T23:59:59.999999Z", utc(9999, 12, 31, 23, 59, 59, 999999)),
    ({"kind": "datetime"}, "1969-12-31T23:59:59.999999Z", utc(1969, 12, 31, 23, 59, 59, 999999)),
    ({"kind": "datetime"}, "2026-03-29T02:30:00+01:00", utc(2026, 3, 29, 1, 30)),
    ({"kind": "email"}, "zoë@bücher.example", "zoë@bücher.example"),
]


def test_every_value_comes_back_from_the_database_as_it_was_taken(instance):
    fields = [{"name": f"f{place}", **given} for place, (given, _, _) in enumerate(WRITTEN)]
    instance.make_type("x_thing", *fields)
    (id_,) = instance.create("x_thing", {f"f{n}": sent for n, (_, sent, _) in enumerate(WRITTEN)})
    found = instance.get("x_thing", id_)
    assert [found[f"f{n}"] for n in range(len(WRITTEN))] == [back for _, _, back in WRITTEN]


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_empty_text_is_no_value(instance, empty):
    instance.make_type("x_thing", {"name": "a", "kind": "text"}, {"name": "b", "kind": "text"})
    (id_,) = instance.create("x_thing", {"a": empty, "b": "b"})
    assert instance.get("x_thing", id_)["a"] is None
    assert instance.sql("SELECT a, a__k FROM x_thing") == [(None, None)]
    (outcome,) = instance.write(records.update, "x_thing", [{"id": id_, "a": empty}])
    assert outcome.status == "unchanged"


def test_a_flag_that_is_sent_empty_is_false_and_no_change(instance):
    instance.make_type("x_thing", {"name": "a", "kind": "text"}, {"name": "f", "kind": "boolean"})
    (id_,) = instance.create("x_thing", {"a": "a", "f": None})
    (outcome,) = instance.write(records.update, "x_thing", [{"id": id_, "f": None}])
    assert (instance.get("x_thing", id_)["f"], outcome.status) == (False, "unchanged")
    instance.write(records.update, "x_thing", [{"id": id_, "f": True}])
    instance.write(records.update, "x_thing", [{"id": id_, "f": None}])
    assert instance.read(records.history, "x_thing", id_)[0]["changes"] == {"f": [True, False]}


def test_defaults_are_worked_out_for_each_new_record(instance):
    instance.make_type(
        "x_thing",
        {"name": "word", "kind": "text", "default": "today"},
        {"name": "day", "kind": "date", "default": "today"},
        {"name": "moment", "kind": "datetime", "default": "now"},
        {"name": "seller", "kind": "user", "default": "me"},
        {"name": "size", "kind": "decimal", "default": "1.5", "required": True},
    )
    (id_,) = instance.create("x_thing", {})
    found = instance.get("x_thing", id_)
    assert (found["word"], found["size"], found["seller"]) == (
        "today",
        "1.50",
        instance.alice.user_id,
    )
    assert abs(datetime.now(UTC) - found["moment"]) < timedelta(minutes=1)
    assert abs(datetime.now(timezone(timedelta(hours=1))).date() - found["day"]).days <= 1
    assert [
        p.code
        for p in instance.write(records.create, "x_thing", [{"size": None}], partial=True)[
            0
        ].problems
    ] == ["required"]


@given(
    local=st.text("abAB0_+-.é\"' ", max_size=70),
    domain=st.text("abA-.é1", max_size=12).map(lambda text: f"{text}.example"),
)
def test_an_address_is_what_the_library_says(local: str, domain: str) -> None:
    text = f"{local}@{domain}".strip()
    try:
        wanted = validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        wanted = None
    try:
        found = field("email").check(text)
    except Refused:
        found = None
    assert found == wanted

"""The words of the desk in the reader's language, and amounts, dates and times by its customs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, dates, numbers
from flask import has_request_context, request

from relatum import Actor, RelatumError, catalog, clock, context, fields, languages, query, seen

from .vocabulary import CATEGORIES as CATEGORIES
from .vocabulary import DATES as DATES
from .vocabulary import MOMENTS as MOMENTS
from .vocabulary import OPERATORS as OPERATORS
from .vocabulary import SCRIPTS as SCRIPTS
from .vocabulary import WITHOUT_VALUE as WITHOUT_VALUE

_FOLDER: Final = Path(__file__).parent / "translations"
#: Languages that the desk speaks; the first one is that of the words in its templates.
LANGUAGES: Final = ("en", "de")
COOKIE: Final = "language"
#: Zones are named after a place there; the others are names from earlier times.
_LANDS: Final = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()
)
#: From so many days on a date is no longer said in relation to today.
_RELATIVE: Final = 14


def language() -> str:
    """Return the language of this request: the browser's choice here, else the instance's."""
    if not has_request_context():
        return _language("")
    # A page asks some hundred times.
    known: dict[str, str] = request.environ.setdefault("relatum.desk.language", {})
    chosen = known.get("chosen")
    if chosen is None:
        chosen = known["chosen"] = _language(request.cookies.get(COOKIE, ""))
    return chosen


def speak(chosen: str) -> None:
    """Go on in another language, from here to the end of this request; empty: the instance's."""
    request.environ.setdefault("relatum.desk.language", {})["chosen"] = _language(chosen)


def _language(chosen: str) -> str:
    if chosen in LANGUAGES:
        return chosen
    given = _of_instance()
    return given if given in LANGUAGES else LANGUAGES[0]


def _of_instance() -> str:
    """Return the language of the instance; empty where no transaction is open to ask in."""
    try:
        context()
        return catalog.current().settings.get("language", "")
    except Exception:  # noqa: BLE001  # whatever is wrong, the words are those of the templates
        return ""


def known() -> catalog.Catalog:
    """Return the data model as the reader sees it, called as people call it in his language."""
    return seen(context().actor or Actor(user_id=None), language())


def translated(text: str, /, **values: Any) -> str:
    """Return a text in the reader's language, with values in its places: `{name}`.

    A page of another plugin has the desk's words first, then the plugin's own.
    """
    chosen, found = language(), text
    if chosen != LANGUAGES[0]:
        found = languages.read(_FOLDER, chosen).gettext(text)
        if found == text and has_request_context():
            found = languages.of(_drawn_for(), chosen).gettext(text)
    return found.format(**values) if values else found


def _drawn_for() -> str:
    """Return the plugin whose page, or part of a page, is drawn."""
    try:
        return context().plugin
    except RuntimeError:
        return ""


def said(wrong: Any) -> str:
    """Return the sentence of an error, or of a problem (as it is, or in JSON), to the reader."""
    if getattr(wrong, "code", None) == "confirm_needed" and "message" in wrong.params:
        # The answer is a button, not a word to be sent.
        return f"{languages.message(wrong.params, language())}."
    if isinstance(wrong, Mapping):
        return languages.sentence(wrong["code"], wrong["params"], language())
    return languages.said(wrong, language())


def title(error: RelatumError) -> str:
    """Return the short name of an error to the reader."""
    return languages.title(error, language())


def views(type_name: str) -> dict[str, str]:
    """Return what the shared views of a type are called, by name."""
    return {view.name: view.label for view in known().views.get(type_name, ())}


def by(owner: str, text: str) -> str:
    """Return what a plugin that runs, or the core, says by its own words."""
    return languages.of(owner, language()).gettext(text) if text else text


def told(text: str) -> str:
    """Return a text of the kernel, such as a step of a plan, to the reader."""
    return languages.told(text, language())


def of_role(role: Mapping[str, Any], word: str = "label") -> str:
    """Return what a role is called, or its description, to the reader; an own one's as it is."""
    text = role[word] or ""
    return told(text) if role["owner"] == "core" else text


def address(text: str, code: str | None) -> str:
    """Return an address with its country, which it ends with, in the reader's language."""
    called = fields.countries().get(code or "")
    return text.removesuffix(called) + country(code) if code and called else text


def of_scripts() -> dict[str, str]:
    """Return what the scripts of a page say; nothing where they say it in English."""
    return {name: translated(text) for name, text in SCRIPTS.items()} if language() != "en" else {}


def reasons(error: RelatumError) -> str:
    """Return all that an error says is wrong to the reader, in one line."""
    return " ".join(map(said, error.problems)) or said(error)


def operator(name: str, value_type: str = "") -> str:
    """Return a comparison as people say it; of dates they say some of them differently."""
    if value_type in ("date", "instant", "time") and name in DATES:
        return translated(DATES[name])
    return translated(OPERATORS.get(name, name))


def _locale() -> Locale:
    return _locale_of(language())


@cache
def _locale_of(language: str) -> Locale:
    return Locale.parse(language)


def zone() -> ZoneInfo:
    """Return the time zone of whoever asks: his own, else the instance's."""
    actor = context().actor
    own = actor.timezone if actor is not None else None
    return ZoneInfo(own or catalog.current().zone)


@cache
def zones() -> dict[str, list[str]]:
    """Return the time zones that people choose from, by continent."""
    found: dict[str, list[str]] = {}
    for name in sorted(n for n in available_timezones() if n.partition("/")[0] in _LANDS):
        found.setdefault(name.partition("/")[0], []).append(name)
    return found


def zone_label(name: str) -> str:
    """Return a zone as people read it in a list of its continent's."""
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")


# -- numbers ----------------------------------------------------------------------------------
def number(value: Any) -> str:
    """Return a number with the signs of the language."""
    return str(numbers.format_decimal(Decimal(str(value)), locale=_locale()))


def money(value: Any, currency: str, *, short: bool = False) -> str:
    """Return an amount with its currency; `short` leaves the decimals out, as lists do.

    Without a currency it is a number.
    """
    amount = Decimal(str(value))
    return _money(amount, currency, language(), short) if currency else number(amount)


@lru_cache(maxsize=16_384)
def _money(amount: Decimal, currency: str, language: str, short: bool) -> str:
    locale = _locale_of(language)
    if not short:
        return str(numbers.format_currency(amount, currency, locale=locale))
    return str(
        numbers.format_currency(
            amount.quantize(Decimal(1)), currency, locale=locale, currency_digits=False,
            format=_whole(language),
        )
    )  # fmt: skip


@cache
def _whole(language: str) -> str:
    pattern = _locale_of(language).currency_formats["standard"].pattern
    return str(pattern).replace(".00", "")


def decimal(value: Any) -> str:
    """Return a number as somebody would type it: the sign of the language, nothing in between."""
    point = numbers.get_decimal_symbol(_locale())
    return str(value).replace(".", point)


def plain(text: str) -> str:
    """Return a number that somebody typed as the kernel writes it; other text as it is.

    Signs between thousands are those of the language, or spaces. Where the language has a comma
    for the fraction, a point that can't be one between thousands is taken for it as well.
    """
    point, between = numbers.get_decimal_symbol(_locale()), numbers.get_group_symbol(_locale())
    found = re.sub(r"(?<=\d)[\s\u2019'](?=\d)", "", text.strip())
    grouped = rf"[-+]?\d{{1,3}}({re.escape(between)}\d{{3}})+({re.escape(point)}\d*)?"
    if re.fullmatch(grouped, found):
        found = found.replace(between, "")
    elif point in found and between in found:
        return text
    return found.replace(point, ".")


def countries() -> list[str]:
    """Return the countries of the world in the reader's language, in order."""
    return _countries(language())


@cache
def _countries(language: str) -> list[str]:
    known = _locale_of(language).territories
    return sorted(known[code] for code in fields.countries())


def country(code: str) -> str:
    """Return the name of a country in the reader's language."""
    return str(_locale().territories.get(code, code))


# -- days and times -----------------------------------------------------------------------------
def day(value: Any) -> str:
    """Return a date as it is written."""
    return str(dates.format_date(as_date(value), "medium", locale=_locale()))


def as_date(value: Any) -> date:
    """Return a date from a date or its ISO text."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def instant(value: Any, form: str = "medium") -> str:
    """Return an instant as a date and time in the reader's zone."""
    shown = as_instant(value)
    return str(dates.format_datetime(shown, form, tzinfo=zone(), locale=_locale()))


def moment(text: str) -> str:
    """Return the instant or the date of an address as it is written."""
    return day(text) if len(text) == len("2026-01-31") else instant(query.instant(text))


def now() -> datetime:
    """Return the moment of this request."""
    return clock.now()


def as_instant(value: Any) -> datetime:
    """Return an aware datetime from one or its ISO text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def ago(value: Any) -> str:
    """Return an instant as people say it: some minutes ago, yesterday; later the date."""
    shown = as_instant(value)
    passed = clock.now() - shown
    if abs(passed) > timedelta(days=_RELATIVE):
        return day(shown.astimezone(zone()).date())
    return str(dates.format_timedelta(-passed, add_direction=True, threshold=1.2, locale=_locale()))


def of_day(value: Any) -> str:
    """Return a time of day."""
    shown = value if isinstance(value, time) else time.fromisoformat(value)
    return str(dates.format_time(shown, "short", locale=_locale()))


def local(value: Any) -> str:
    """Return an instant as a field of a form takes it: date and time in the reader's zone.

    Text without an offset is in that zone already, as an address has it.
    """
    shown = as_instant(value)
    if shown.tzinfo is None:
        return shown.strftime("%Y-%m-%dT%H:%M")
    return shown.astimezone(zone()).strftime("%Y-%m-%dT%H:%M")


def from_local(text: str) -> str:
    """Return what a form sent for an instant as ISO text in UTC; other text as it is."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        return text
    if given.tzinfo is None:
        given = given.replace(tzinfo=zone())
    return given.astimezone(UTC).isoformat()

"""Web addresses and phone numbers: read by libraries, stored in one normal form."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import ada_url
import phonenumbers
from babel.core import get_global

from .. import types
from .base import Refused, Setting
from .text import ShortText

#: Schemes of addresses that may be followed: none of them runs anything.
SCHEMES: Final = ("http", "https", "mailto", "tel")
#: Longest web address; ASCII, so that its key fits an index page of both databases.
URL_LIMIT: Final = 2000
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):(.*)", re.IGNORECASE | re.DOTALL)
#: A number as people write it, perhaps with an extension; nothing that would be dropped.
_PHONE: Final = re.compile(
    r"[-+()./\s\u2010-\u2015\u2212\d]+(?:[\s,;]*(?:ext(?:ension)?\.?|x|#)[\s.:=]*\d{1,7})?",
    re.IGNORECASE,
)
_EXACT: Final = frozenset({"eq", "ne", "in", "nin", "ieq"})


class Normal(ShortText):
    """Text in a normal form; exact comparisons look for the normal form of what is asked."""

    SETTINGS = {}

    def part(self, operator: str, text: str) -> str:
        """Return what a text that need not be whole is looked for by."""
        return text

    def arguments(self, operator: str, operand: Any) -> tuple[Any, ...]:
        if operator == "empty":
            return types.arguments(operator, operand)
        if operator not in _EXACT:
            return types.arguments(operator, self.key(self.part(operator, operand)))
        if isinstance(operand, tuple):
            return (tuple(self._exact(item) for item in operand),)
        exact = self._exact(operand)
        return (self.key(exact) if operator == "ieq" else exact,)

    def _exact(self, text: str) -> str:
        try:
            return self.check(text) or text
        except Refused:
            return text


class Url(Normal):
    """A web address."""

    kind = "url"
    summary = (
        "A web address, up to 2,000 characters, in the normal form of browsers; without a scheme "
        "it gets https. Takes http, https, mailto and tel: nothing that runs when it is followed."
    )
    EXAMPLE = '"https://example.org/"'
    LIMIT = URL_LIMIT

    def key(self, value: str | None) -> str | None:
        return None if value is None else value.lower()

    def check(self, value: Any) -> str | None:
        text = self.normal(value)
        if not text:
            return None
        if len(text) > self.LIMIT:
            raise Refused("too_long", length=len(text), max=self.LIMIT)
        address = _address(text)
        if len(address) > self.LIMIT:
            raise Refused("too_long", length=len(address), max=self.LIMIT)
        return address

    def openapi(self) -> dict[str, Any]:
        # Not "format": "uri", since example.org is taken as well.
        return {"type": "string", "maxLength": self.LIMIT}


def _address(text: str) -> str:
    def refused(reason: str) -> Refused:
        return Refused("not_url", got=text[:80], reason=reason)

    found = _SCHEME.fullmatch(text)
    scheme = found[1].lower() if found else ""
    bare = found is None or ("." in scheme and found[2][:1].isdigit())
    if not bare and scheme not in SCHEMES:
        raise refused(f"it begins with {scheme[:20]}. Use {', '.join(SCHEMES)}.")
    try:
        read = ada_url.URL(f"https://{text.lstrip('/')}" if bare else text)
    except ValueError:
        raise refused("it can't be read. Write it as https://example.org/page.") from None
    if read.protocol.removesuffix(":") not in ("http", "https"):
        if not read.pathname.strip("/ "):
            raise refused(f"nothing follows {read.protocol}")
    elif read.username or read.password:
        raise refused("it holds a user name or password. Leave that out.")
    elif bare and "." not in read.hostname:
        raise refused("it can't be read. Write it as https://example.org/page.")
    return str(read.href)


def _region(value: Any) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be the code of a country in two capital letters, such as DE")
    return str(value)


class Phone(Normal):
    """A phone number."""

    kind = "phone"
    summary = (
        "A phone number, stored as +4930123456 (E.164), with ;ext=12 after it if it has an "
        "extension. Without + it is a number of the field's region; shown in international form. "
        "Of right length for its country, not looked up. Filters read numbers alike: starts "
        "takes the beginning of one, national or international."
    )
    EXAMPLE = '"+49 30 123456"'
    SETTINGS = {
        "region": Setting(
            _region,
            "Country of numbers without +, such as DE; default: that of the instance's language "
            "(pt-BR), else of its time zone.",
        ),
    }
    LIMIT = 40

    @property
    def region(self) -> str | None:
        """The country whose national form is understood."""
        return self.settings.get("region") or self.country or None

    def check(self, value: Any) -> str | None:
        text = self.normal(value)
        return _number(text, self.region) if text else None

    def text(self, wire: str | None) -> str:
        """Return the number in international form."""
        return "" if wire is None else _international(wire)

    def part(self, operator: str, text: str) -> str:
        digits = "".join(str(int(c)) for c in text if c.isdecimal())
        if operator != "starts" or not digits:
            return digits
        if text.lstrip("( ").startswith("+"):
            return f"+{digits}"
        if self.region is None:
            return f"+{digits.removeprefix('00')}"
        known = phonenumbers.PhoneMetadata.metadata_for_region(self.region)
        abroad = known.international_prefix if known is not None else None
        exit_code = re.match(abroad or "00", digits)
        if exit_code and len(digits) > exit_code.end():
            return f"+{digits[exit_code.end() :]}"
        trunk = phonenumbers.ndd_prefix_for_region(self.region, strip_non_digits=True) or ""
        return f"+{phonenumbers.country_code_for_region(self.region)}{digits.removeprefix(trunk)}"

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": 80}


@lru_cache(maxsize=65_536)
def _number(text: str, region: str | None) -> str:
    def refused(reason: str) -> Refused:
        return Refused("not_phone", got=text[:80], reason=reason)

    if len(text) > 80 or not _PHONE.fullmatch(text):
        raise refused("it holds more than one number with its extension.")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        if region is None and error.error_type == error.INVALID_COUNTRY_CODE:
            raise refused("begin with + and the country, such as +49 30 123456.") from None
        raise refused("it is too short, too long, or its country is unknown.") from None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        short = reason in (
            phonenumbers.ValidationResult.TOO_SHORT,
            phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
        )
        raise refused(f"it is too {'short' if short else 'long'} for its country.")
    made = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{made};ext={number.extension}" if number.extension else made


@lru_cache(maxsize=65_536)
def _international(number: str) -> str:
    read = phonenumbers.parse(number, None)
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=64)
def country_of(language: str, zone: str) -> str:
    """Return the country of an instance: of its language (pt-BR), else of its zone; or ""."""
    region = language.rpartition("-")[2]
    if "-" in language and len(region) == 2:
        return region
    territory = get_global("zone_territories").get(zone, "")
    return territory if territory in phonenumbers.SUPPORTED_REGIONS else ""

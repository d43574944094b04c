"""Where something is: an address, and a point on the earth."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from math import asin, cos, degrees, radians, sin
from typing import Any, Final

import sqlalchemy as sa
from babel import Locale

from .. import types
from ..errors import nearest
from ..storage import EARTH_RADIUS, Scaled, spelled
from .base import Refused, kind_of
from .composite import Composite, Member, Worded, member_settings
from .contact import Normal
from .number import DecimalField, to_decimal
from .text import ShortText, clean, fold

#: Codes of two letters that are no countries of ISO 3166.
_NO_COUNTRIES: Final = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())
#: Languages whose names of countries are understood.
_LANGUAGES: Final = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da")
#: Countries that write city, region and postal code in this order in one line.
_CITY_FIRST: Final = frozenset("AU CA GB IE IN NZ US ZA".split())
_MICRO: Final = Decimal("0.000001")
#: Degrees by which a box is larger than its circle, since degrees are rounded.
_PADDING: Final = 2e-6
#: Nothing on earth is further away.
_FURTHEST: Final = Decimal(20038)


@cache
def countries() -> dict[str, str]:
    """Return the English names of all countries by their codes."""
    known = Locale("en").territories
    return {
        code: known[code]
        for code in sorted(known)
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    }


@cache
def _by_name() -> dict[str, str]:
    found = {fold(code): code for code in countries()} | {"uk": "GB", "usa": "US"}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in countries():
                found.setdefault(fold(name), code)
    return found


class Country(Normal):
    """A country: its code, read from its name in several languages too."""

    LIMIT = 80

    def check(self, value: Any) -> str | None:
        text = self.normal(value)
        if not text:
            return None
        if text in countries():
            return text
        code = _by_name().get(fold(text))
        if code is None:
            near = nearest(text, list(countries().values()))
            raise Refused("not_country", got=text[:80], nearest=near)
        return code

    def text(self, wire: str | None) -> str:
        """Return the English name."""
        return "" if wire is None else countries().get(wire, wire)


class Street(ShortText):
    """The lines of an address before the city."""

    def normal(self, value: Any) -> str:
        text = clean(value, lines=True)
        return "\n".join(line.strip() for line in text.splitlines() if line.strip())


class Address(Worded):
    """A postal address."""

    kind = "address"
    summary = (
        "A postal address: street (of several lines), city, region, postal_code and country, a "
        "code of ISO 3166 that is also read from names. contains looks at the address as it is "
        "written."
    )
    EXAMPLE = '{"street": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "country": "DE"}'
    value_type = types.ADDRESS
    SETTINGS = member_settings("street", "city", "region", "postal_code", "country")
    MEMBERS = (
        Member("street", "street", Street, {"max_length": 300}),
        Member("city", "city", ShortText, {"max_length": 100}),
        Member("region", "region", ShortText, {"max_length": 100}),
        Member("postal_code", "postal code", ShortText, {"max_length": 20}),
        Member("country", "country", Country),
    )

    def text(self, wire: dict[str, Any] | None) -> str:
        """Return the lines of the address."""
        if wire is None:
            return ""
        city, region, code = wire["city"], wire["region"], wire["postal_code"]
        if wire["country"] in _CITY_FIRST:
            place = ", ".join(filter(None, (city, " ".join(filter(None, (region, code))))))
        else:
            place = ", ".join(filter(None, (" ".join(filter(None, (code, city))), region)))
        country = self.members["country"].text(wire["country"])
        return "\n".join(filter(None, (wire["street"], place, country)))


class Coordinate(DecimalField):
    """Degrees, to a millionth (eleven centimetres); a number in JSON."""

    @property
    def scale(self) -> int:
        return 6

    def operand(self, value: Any) -> Decimal:
        return to_decimal(value).quantize(_MICRO, ROUND_HALF_UP) + 0

    def wire(self, value: Decimal | None) -> Any:
        return None if value is None else float(value)

    def openapi(self) -> dict[str, Any]:
        return {
            "type": "number",
            "minimum": float(self.settings["min"]),
            "maximum": float(self.settings["max"]),
        }


class Geo(Composite):
    """A point on the earth."""

    kind = "geo"
    summary = (
        "A point on the earth: lat and lng in degrees, rounded to a millionth. The filter near "
        "takes latitude, longitude and kilometres, and has an index."
    )
    EXAMPLE = '{"lat": 52.52, "lng": 13.405}'
    value_type = types.GEO
    MEMBERS = (
        Member("lat", "latitude", Coordinate, {"min": "-90", "max": "90"}),
        Member("lng", "longitude", Coordinate, {"min": "-180", "max": "180"}),
    )

    @property
    def required_members(self) -> tuple[str, ...]:
        return ("lat", "lng")

    @property
    def index_columns(self) -> tuple[tuple[str, ...], ...]:
        return ((self.members["lat"].column, self.members["lng"].column),)

    @property
    def key_column(self) -> str:
        return self.condition_column("")

    def condition_column(self, operator: str) -> str:
        return self.members["lat"].column

    def text(self, wire: dict[str, Any] | None) -> str:
        return "" if wire is None else f"{wire['lat']}, {wire['lng']}"

    def parse(self, text: str, style: str | None = None) -> Any:
        parts = text.replace(";", ",").split(",")
        if len(parts) != 2:
            raise Refused("not_point", got=kind_of(text))
        return self.check(dict(zip(self.members, parts, strict=True)))

    def operand(self, value: Any) -> tuple[Decimal, ...]:
        """Return latitude, longitude and kilometres of a circle."""
        if not isinstance(value, list) or len(value) != 3:
            raise Refused("not_circle", got=kind_of(value))
        lat, lng, distance = (to_decimal(item).quantize(_MICRO, ROUND_HALF_UP) for item in value)
        if abs(lat) > 90 or abs(lng) > 180 or not 0 <= distance <= _FURTHEST:
            raise Refused("not_circle", got=", ".join(str(item)[:20] for item in value))
        return lat, lng, distance

    def arguments(self, operator: str, operand: Any) -> tuple[Any, ...]:
        return () if operator == "empty" else (*_box(*map(float, operand)), *operand)

    def condition(self, operator: str, column: types.Sql, *arguments: types.Sql) -> types.Sql:
        if operator == "empty":
            return types.condition(operator, column)
        plain: Any = getattr(column, "element", column)
        lng = plain.table.c[self.members["lng"].column]
        south, north, west, east, west_too, east_too, lat0, lng0, distance = arguments
        return sa.and_(
            column >= south,
            column <= north,
            sa.or_(lng.between(west, east), lng.between(west_too, east_too)),
            _distance(column, lng, lat0, lng0) <= distance,
        )


def _box(lat: float, lng: float, distance: float) -> tuple[Decimal, ...]:
    """Return south and north, and two ranges from west to east, that hold a circle."""
    angle = distance / EARTH_RADIUS
    height = degrees(angle)
    reach = cos(radians(lat))
    if abs(lat) + height >= 90 or sin(angle) >= reach:
        ranges = [(-180.0, 180.0)]
    else:
        width = degrees(asin(sin(angle) / reach)) + _PADDING
        ranges = [(lng - width, lng + width)]
        if lng - width < -180:
            ranges = [(-180.0, lng + width), (lng - width + 360, 180.0)]
        elif lng + width > 180:
            ranges = [(lng - width, 180.0), (-180.0, lng + width - 360)]
    if len(ranges) == 1:
        ranges.append((1.0, 0.0))
    edges = (lat - height - _PADDING, lat + height + _PADDING, *ranges[0], *ranges[1])
    return tuple(Decimal(edge).quantize(_MICRO, ROUND_HALF_UP) for edge in edges)


def _haversine() -> str:
    lat, lng, lat0, lng0 = (f"({{{place}}})::float8" for place in range(4))
    half = (
        f"power(sind(({lat} - {lat0}) / 2), 2) + "
        f"cosd({lat}) * cosd({lat0}) * power(sind(({lng} - {lng0}) / 2), 2)"
    )
    # What is nowhere is at no distance; least() would pass over it.
    angle = f"asin(least(1, sqrt({half})))"
    return f"(CASE WHEN {lat} IS NOT NULL THEN {2 * EARTH_RADIUS} * {angle} END)"


#: Kilometres between two points, on a sphere; a function of ours on SQLite.
_distance = spelled("relatum_distance", Scaled(6), postgresql=_haversine())

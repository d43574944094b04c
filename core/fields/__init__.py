"""Field types: one small class each, found by the name that administrators write."""

from __future__ import annotations

from typing import Final

from .auto_number import AutoNumber as AutoNumber
from .base import Field as Field
from .base import Option as Option
from .base import Refused as Refused
from .base import Setting as Setting
from .base import kind_of as kind_of
from .choice import Choice as Choice
from .composite import Composite as Composite
from .contact import Phone as Phone
from .contact import Url as Url
from .contact import country_of as country_of
from .converting import CONVERSIONS as CONVERSIONS
from .converting import Conversion as Conversion
from .document import JsonField as JsonField
from .document import RichText as RichText
from .duration import Duration as Duration
from .encrypted import Encrypted as Encrypted
from .mentioning import Mention as Mention
from .mentioning import mention_parts as mention_parts
from .mentioning import mentions as mentions
from .mentioning import without_marks as without_marks
from .moment import STYLES as STYLES
from .moment import Date as Date
from .moment import Datetime as Datetime
from .moment import Time as Time
from .number import Boolean as Boolean
from .number import DecimalField as DecimalField
from .number import Integer as Integer
from .number import Money as Money
from .number import Percent as Percent
from .number import Rating as Rating
from .number import currencies as currencies
from .number import currency_digits as currency_digits
from .person_name import PersonName as PersonName
from .place import Address as Address
from .place import Geo as Geo
from .place import countries as countries
from .reference import Link as Link
from .reference import Lookup as Lookup
from .reference import RecordId as RecordId
from .reference import Reference as Reference
from .reference import Tree as Tree
from .reference import UserField as UserField
from .several import Delta as Delta
from .several import MultiChoice as MultiChoice
from .several import Several as Several
from .several import Tags as Tags
from .text import Colour as Colour
from .text import Email as Email
from .text import LongText as LongText
from .text import ShortText as ShortText
from .text import fold as fold

FIELD_TYPES: Final[dict[str, type[Field]]] = {
    cls.kind: cls
    for cls in (
        ShortText,
        LongText,
        RichText,
        Integer,
        DecimalField,
        Money,
        Percent,
        Rating,
        Duration,
        Boolean,
        Date,
        Time,
        Datetime,
        Choice,
        MultiChoice,
        Tags,
        AutoNumber,
        Encrypted,
        Email,
        Phone,
        Url,
        Colour,
        PersonName,
        Address,
        Geo,
        JsonField,
        Lookup,
        UserField,
        Reference,
    )
}

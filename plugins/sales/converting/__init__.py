"""Conversion: a lead becomes an account, a contact and an opportunity, in one change set."""

from __future__ import annotations

from . import error_codes as error_codes
from .verbs import convert as convert
from .verbs import disqualify as disqualify
from .verbs import look as look
from .writing import Converted as Converted

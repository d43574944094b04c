"""The pages of the desk, a module for each kind of them."""

from __future__ import annotations

from . import board as board
from . import calendar as calendar
from . import changing as changing
from . import errors as errors
from . import forms as forms
from . import help as help  # noqa: A004  # the pages by their name
from . import lists as lists
from . import lookups as lookups
from . import record as record
from . import sign_in as sign_in
from . import start as start

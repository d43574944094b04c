"""The pages of the desk, a module for each kind of them."""

from __future__ import annotations

from . import around as around
from . import board as board
from . import changing as changing
from . import conflict as conflict
from . import errors as errors
from . import forms as forms
from . import help as help  # noqa: A004  # the pages by their name
from . import history as history
from . import lists as lists
from . import lookups as lookups
from . import record as record
from . import related as related
from . import sign_in as sign_in
from . import start as start
from . import undoing as undoing

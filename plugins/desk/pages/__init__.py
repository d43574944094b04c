"""The pages of the desk, a module for each kind of them."""

from __future__ import annotations

from . import about as about
from . import account as account
from . import around as around
from . import arranging as arranging
from . import board as board
from . import builder as builder
from . import calendar as calendar
from . import changing as changing
from . import conflict as conflict
from . import designer as designer
from . import designing as designing
from . import errors as errors
from . import forms as forms
from . import help as help  # noqa: A004  # the pages by their name
from . import history as history
from . import keys as keys
from . import lists as lists
from . import lookups as lookups
from . import making as making
from . import parts as parts
from . import plugins as plugins
from . import publishing as publishing
from . import record as record
from . import related as related
from . import relating as relating
from . import saved as saved
from . import selecting as selecting
from . import sign_in as sign_in
from . import start as start
from . import undoing as undoing

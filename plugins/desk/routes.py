"""The addresses of the desk: each module of pages adds its own to one blueprint."""

from __future__ import annotations

from typing import Final

from relatum import Routes, Shell

from . import pages as pages
from . import words
from .pages import errors
from .ui import BLUEPRINT

ROUTES: Final = Routes(shell=Shell(BLUEPRINT, errors.refusal, words.language))

"""Reports of sales: one piece of code for the pages, the API and the command."""

from __future__ import annotations

from . import doors as doors
from . import error_codes as error_codes
from . import pages as pages
from .questions import REPORTS as REPORTS
from .questions import ask as ask

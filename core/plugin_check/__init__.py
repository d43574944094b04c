"""Check a plugin before it is published: read its code, then try it in an instance of its own.

A rule is a function beside what it looks at (`about_*.py`), with its id, level, reason and fix;
the help page is made of them. The code of a plugin never runs in the process that checks it: the
trial is another one (`core/trial.py`).
"""

from __future__ import annotations

from . import about_data as about_data
from . import about_hooks as about_hooks
from . import about_machine as about_machine
from . import about_manifest as about_manifest
from . import about_pages as about_pages
from .checking import Report as Report
from .checking import check as check
from .rules import ERROR as ERROR
from .rules import RULES as RULES
from .rules import WARNING as WARNING
from .rules import Finding as Finding
from .rules import Rule as Rule
from .sarif import sarif as sarif

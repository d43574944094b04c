"""The kinds of jobs that the core brings: importing the package registers them."""

from __future__ import annotations

from .forget import FORGET as FORGET

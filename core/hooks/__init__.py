"""Hooks: what a plugin may add, what happens if it fails, and the caller that knows who did."""

from __future__ import annotations

from .calling import EXTENSION as EXTENSION
from .calling import NONE as NONE
from .calling import Hooks as Hooks
from .calling import Result as Result
from .calling import current as current
from .calling import overridden as overridden
from .calling import using as using
from .hiding import reason_of as reason_of
from .marking import API_VERSION as API_VERSION
from .marking import COLLECT as COLLECT
from .marking import ISOLATED as ISOLATED
from .marking import POLICIES as POLICIES
from .marking import STRICT as STRICT
from .marking import Context as Context
from .marking import Only as Only
from .marking import Policy as Policy
from .marking import hookimpl as hookimpl
from .marking import hookspec as hookspec

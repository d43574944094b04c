"""How often somebody may try to sign in: per address and per account (setting sign_in_limit).

Each web worker counts for itself, in memory.
"""

from __future__ import annotations

import math
import time
from typing import Final

import limits
from flask import Flask, current_app, request
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ..errors import RelatumError
from ..fields import fold

_KEY: Final = "relatum_sign_in"


def install(app: Flask) -> None:
    """Make the counters of `app`; raise `setting_invalid` if the limit can't be read."""
    given = app.extensions["relatum"].sign_in_limit
    try:
        rules = limits.parse_many(given)
    except ValueError:
        wanted = "a number of tries per time, such as 10 per minute"
        raise RelatumError(
            "setting_invalid", name="sign_in_limit", value=given, wanted=wanted
        ) from None
    app.extensions[_KEY] = (MovingWindowRateLimiter(MemoryStorage()), rules)


def count_try(account: str) -> None:
    """Count a try to sign in to an account; raise `too_many_tries` with the seconds to wait."""
    count_address()
    count_account(account)


def count_address() -> None:
    """Count a try from the address of the request; raise `too_many_tries`."""
    _count("address", request.remote_addr or "")


def count_account(account: str) -> None:
    """Count a try for an account, wherever it comes from; raise `too_many_tries`."""
    _count("account", fold(account.strip())[:254])


def _count(*key: str) -> None:
    counters, rules = current_app.extensions[_KEY]
    for rule in rules:
        if not counters.hit(rule, _KEY, *key):
            wait = counters.get_window_stats(rule, _KEY, *key).reset_time - time.time()
            raise RelatumError("too_many_tries", seconds=max(1, math.ceil(wait)))

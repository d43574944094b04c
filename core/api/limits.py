"""How often somebody may try to sign in, ask for a new password, or send what anybody may send.

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
#: The settings that say how often.
_TRIES, _RESETS, _PUBLIC = "sign_in_limit", "reset_limit", "public_limit"


def install(app: Flask) -> None:
    """Make the counters of `app`; raise `setting_invalid` if a limit can't be read."""
    rules = {name: _rules(app, name) for name in (_TRIES, _RESETS, _PUBLIC)}
    app.extensions[_KEY] = (MovingWindowRateLimiter(MemoryStorage()), rules)


def _rules(app: Flask, name: str) -> list[limits.RateLimitItem]:
    given = getattr(app.extensions["relatum"], name)
    try:
        return limits.parse_many(given)
    except ValueError:
        wanted = "a number of tries per time, such as 10 per minute"
        raise RelatumError("setting_invalid", name=name, value=given, wanted=wanted) from None


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


def count_reset(account: str) -> None:
    """Count a mail that is asked for, from an address and for an account; as `count_try`."""
    count_address()
    _count("reset", fold(account.strip())[:254], setting=_RESETS)


def count_public() -> None:
    """Count a request that writes and that anybody may send, by its address.

    For views of plugins with `public=True`; raises `too_many_tries`.
    """
    _count("public", request.remote_addr or "", setting=_PUBLIC)


def _count(*key: str, setting: str = _TRIES) -> None:
    counters, rules = current_app.extensions[_KEY]
    for rule in rules[setting]:
        if not counters.hit(rule, _KEY, *key):
            wait = counters.get_window_stats(rule, _KEY, *key).reset_time - time.time()
            raise RelatumError("too_many_tries", seconds=max(1, math.ceil(wait)))

"""The WSGI application of this process, made on first import from the environment.

`relatum serve` imports it in every worker, after the fork, so no connection is ever shared
between processes. Any other WSGI server can be pointed at `relatum.core.wsgi:application`.
"""

from __future__ import annotations

from . import config
from .dispatch import Application

application = Application(config.load(), beating=True)

"""Settings in force and nothing else: for what asks neither a database nor plugins."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask

from ..config import Config


class Settled:
    """As much of an instance as its settings are; an application of its own is made if none is."""

    def __init__(self, config: Config, app: Flask | None = None) -> None:
        self.config = config
        self.app = app or Flask(__name__)
        self.app.extensions["relatum"] = config

    @contextmanager
    def configured(self, **settings: Any) -> Iterator[None]:
        """Change settings inside the block."""
        self.app.extensions["relatum"] = dataclasses.replace(self.config, **settings)
        try:
            yield
        finally:
            self.app.extensions["relatum"] = self.config

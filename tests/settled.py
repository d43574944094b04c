"""Settings in force and nothing else: for what asks neither a database nor plugins."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from relatum.core.config import Config


class Settled:
    """As much of an instance as its settings are."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.config = Config(home=home, **settings)
        self.app = Flask(__name__)
        self.app.extensions["relatum"] = self.config

    @contextmanager
    def configured(self, **settings: Any) -> Iterator[None]:
        """Change settings inside the block."""
        self.app.extensions["relatum"] = dataclasses.replace(self.config, **settings)
        try:
            yield
        finally:
            self.app.extensions["relatum"] = self.config

"""An administrator who enables and disables a plugin, and looks at once whether it is so."""

from __future__ import annotations

import time
from pathlib import Path

from relatum.core.config import Config

from .clients import Board, Client
from .doors import Door

PLUGIN = "loyalty"
_SOURCE = Path(__file__).parents[2] / "tests" / "plugins" / "loyalty.py"
#: Looks after each toggle, each on a connection of its own, so that every worker is met.
_LOOKS = 8


def put_plugin(config: Config) -> None:
    """Put the plugin into the home of an instance; it extends firms."""
    text = _SOURCE.read_text(encoding="utf-8").replace('"x_company"', '"x_firm"')
    folder = config.home / "plugins"
    folder.mkdir(exist_ok=True)
    (folder / f"{PLUGIN}.py").write_text(text, encoding="utf-8")


class Toggler(Client):
    """Enables and disables in turn; its pages and its state must follow for whoever did it."""

    def __init__(self, name: str, board: Board, door: Door, toggles: int, pause: float) -> None:
        super().__init__(name, board, door)
        self.left, self.pause = toggles, pause
        self.enabled = False
        self.done = self.looks = self.stale = 0
        self.longest = 0.0

    def step(self) -> None:
        if self.left <= 0:
            time.sleep(0.1)
            return
        start = time.monotonic()
        if not self.ask("disable" if self.enabled else "enable", PLUGIN).fine:
            return
        self.longest = max(self.longest, time.monotonic() - start)
        self.enabled = not self.enabled
        self.left -= 1
        self.done += 1
        for _ in range(_LOOKS):
            self.look()
        time.sleep(self.pause)

    def look(self) -> None:
        """Meet a worker and see whether it serves what was just enabled or disabled."""
        self.door.close()
        self.looks += 1
        reply = self.ask("hello", PLUGIN, lenient=True)
        if reply.status != (200 if self.enabled else 404):
            self._fail(f"its page answers {reply.status}")
            return
        shown = self.ask("plugin", PLUGIN)
        if shown.fine and shown.body["state"] != ("enabled" if self.enabled else "disabled"):
            self._fail(f"it is said to be {shown.body['state']}")

    def _fail(self, what: str) -> None:
        self.stale += 1
        word = "enabled" if self.enabled else "disabled"
        self.board.fail(f"{self.name}: after {PLUGIN} was {word}, {what}")

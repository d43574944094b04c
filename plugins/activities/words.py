"""The words of the plugin in the reader's language, wherever they are said."""

from __future__ import annotations

from functools import partial
from typing import Final

from relatum import plugin_host

translated: Final = partial(plugin_host.translated_of, "activities")

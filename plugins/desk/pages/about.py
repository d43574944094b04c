"""What this is: the version, the plugins that run, and whose work it builds on."""

from __future__ import annotations

from flask import Response

from relatum import API_VERSION, __version__, plugin_host

from .. import assets, ui


@ui.page("/about")
def about() -> Response:
    """Show the version, the enabled plugins, and the licenses of what the pages are made with."""
    running = [each.found.sound.plugin for each in plugin_host.current().active.values()]
    return ui.render(
        "about.html", version=__version__, api=API_VERSION, plugins=running,
        parts=assets.third_party(),
    )  # fmt: skip

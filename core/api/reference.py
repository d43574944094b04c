"""The interactive reference at /api/docs: Swagger UI on our own description, without a network."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, render_template, send_from_directory
from swagger_ui_bundle import swagger_ui_path

from ..errors import RelatumError
from . import gate

DOCS: Final = "/api/docs"
FILES: Final = frozenset({"swagger-ui.css", "swagger-ui-bundle.js"})
#: Swagger UI writes styles into its elements, and asks our own API only.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def install(app: Flask) -> None:
    """Give `app` the reference and its files."""
    app.add_url_rule(DOCS, "reference", show, methods=["GET"])
    app.add_url_rule(f"{DOCS}/<name>", "reference_file", file, methods=["GET"])


def show() -> Response:
    """Show the reference."""
    try:
        who = gate.identify(public=True)
    except RelatumError:
        who = gate.Who(gate.STRANGER)
    response = Response(render_template("docs.html", who=who), mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def file(name: str) -> Response:
    """Send a file of Swagger UI."""
    if name not in FILES:
        raise RelatumError("not_found", path=f"{DOCS}/{name[:100]}")
    response = send_from_directory(swagger_ui_path, name)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response

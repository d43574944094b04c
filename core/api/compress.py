"""Pages go out compressed: a table of fifty records is a tenth of its text.

Only pages: what the API answers has ETags that are compared byte by byte, and files have twins.
"""

from __future__ import annotations

import gzip
from typing import Final

from flask import Flask, Response, request

#: Shorter pages are not worth it; a higher level takes longer than it saves.
_SHORTEST: Final = 1_000
_LEVEL: Final = 5


def install(app: Flask) -> None:
    """Compress the pages of `app` for browsers that say they can read that."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compress a page by gzip, if the browser takes it."""
    if response.mimetype != "text/html" or response.direct_passthrough:
        return response
    response.vary.add("Accept-Encoding")
    plain = "Content-Encoding" not in response.headers
    if plain and request.accept_encodings["gzip"] and response.status_code != 304:
        body = response.get_data()
        if len(body) >= _SHORTEST:
            response.set_data(gzip.compress(body, _LEVEL, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
    return response

"""The list of the desk over HTTP, as somebody who is signed in gets it: the whole page."""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path
from typing import Final
from urllib.parse import quote

from relatum.benchmarks import data
from relatum.benchmarks.instance import Instance, grown
from relatum.benchmarks.report import Figure, Say
from relatum.benchmarks.web import Ask, Server, fetched
from relatum.core import auth, db, plugin_host
from relatum.core.api.gate import COOKIE

#: Milliseconds, at the 95th percentile.
LIST: Final = 60.0
_ROWS: Final = b'<tr id="r'
_FOLLOWING: Final = re.compile(r'href="(/records/\w+\?[^"]*_after[^"]*)"')


def measure(instance: Instance, folder: Path, count: int, say: Say, size: int) -> list[Figure]:
    """Return the figures of a list of 50 out of `size` records."""
    name = grown(instance, size)
    with instance.app.app_context():
        db.transact(lambda: plugin_host.enable("desk", actor=instance.actor), exclusive=True)
    server = Server("relatum", instance)
    try:
        server.headers = {"Accept": "text/html", "Cookie": cookie(instance)}
        return [
            fetched(
                server, f"{case} of {size:,}", asked, count, say, target=LIST,
                whole=lambda raw: raw.count(_ROWS) == 50,
            )
            for case, asked in _cases(server, folder, name).items()
        ]  # fmt: skip
    finally:
        server.stop()


def cookie(instance: Instance) -> str:
    """Return the cookie of a session of the administrator."""
    user_id = instance.actor.user_id
    assert user_id is not None
    with instance.app.app_context():
        made = db.transact(lambda: auth.sign_in(user_id))
    return f"{COOKIE}={made.cookie}"


def _cases(server: Server, folder: Path, name: str) -> dict[str, list[Ask]]:
    page = f"/records/{name}"
    cities = Counter(row["city"] for row in data.rows(folder, "contacts"))
    chosen = [city for city, _ in cities.most_common()][::5]
    following = [Ask(f"{page}?_sort=name")]
    for _ in range(20):
        _, raw = server.fetch(following[-1])
        [to] = set(_FOLLOWING.findall(raw.decode()))
        following.append(Ask(html.unescape(to)))
    return {
        "the desk's list of 50": [Ask(f"{page}?_sort=name"), Ask(f"{page}?_sort=-name"), Ask(page)],
        "the same list, filtered": [Ask(f"{page}?city={quote(c)}&_sort=name") for c in chosen],
        "the same list, later pages": following[1:],
    }

"""Is the instance well? For load balancers and people, without a credential."""

from __future__ import annotations

from ...version import __version__
from .. import db
from .operations import OWN, Answer, Call, Reply, operation


@operation("GET", "/health", tag="health", mode=OWN, public=True, replies={200: Reply("Health")})
def read_health(call: Call) -> Answer:
    """Say that the database answers and fits the program; 503 with the reason if not."""
    with db.reading() as tx:
        database = tx.dialect
    return Answer({"status": "ok", "database": database, "version": __version__})

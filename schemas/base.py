"""What every wire format shares: a request that holds an unknown name is refused."""

from __future__ import annotations

from marshmallow import RAISE, Schema


class Closed(Schema):
    """A format that knows all its names; the description of the API says so too."""

    class Meta:
        """Settings of marshmallow."""

        unknown = RAISE

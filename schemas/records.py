"""Wire format of records: assembled per entity type from what its fields give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema
from marshmallow import fields as ma


def build(fields: Mapping[str, ma.Field[Any]]) -> Schema:
    """Return a schema instance of the named fields; what it does not know is left out.

    Unknown names are refused before, with the nearest known one. `from_dict` keeps generated
    classes out of marshmallow's global registry, so old ones can be collected.
    """
    made: type[Schema] = Schema.from_dict(dict(fields), name="Record")
    return made(unknown=EXCLUDE)

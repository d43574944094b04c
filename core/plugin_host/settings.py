"""Settings of plugins as they are stored: a row per value, secrets encrypted by the key ring.

Everything here happens in the open transaction. Whoever changes settings begins a new generation
of plugins, so that every worker has them on its next request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import audit, db, keys, models
from ..actor import Actor
from ..errors import Invalid, RelatumError
from .settings_schema import Kept, SettingsSchema

_TABLE: Final[Any] = models.PluginSetting.__table__
#: What the audit log says of a secret.
_SECRET, _NEW_SECRET = "a secret", "another secret"


def kept(connection: sa.Connection, plugin_id: str | None = None) -> dict[str, dict[str, Kept]]:
    """Return what is stored, by plugin and name: of all plugins, or of one."""
    query = sa.select(_TABLE)
    if plugin_id is not None:
        query = query.where(_TABLE.c.plugin == plugin_id)
    found: dict[str, dict[str, Kept]] = {}
    for row in connection.execute(query):
        made = Kept(orjson.loads(row.value)) if row.sealed is None else _opened(row)
        found.setdefault(row.plugin, {})[row.name] = made
    return found


def _opened(row: Any) -> Kept:
    """Return a secret; one that can't be decrypted, whatever the reason, is lost."""
    try:
        text = keys.ring().open(row.sealed, _place(row.plugin, row.name))
    except RelatumError:
        text = None
    return Kept(text, sealed=True, lost=text is None)


def _place(plugin_id: str, name: str) -> str:
    return f"plugin:{plugin_id}:{name}"


def checked(
    schema: SettingsSchema,
    stored: Mapping[str, Kept],
    values: Mapping[str, Any],
    *,
    whole: bool = True,
) -> dict[str, Kept]:
    """Return what would be stored with values that somebody gave.

    None takes a value back. The whole set must be valid with it; without `whole` only what was
    given must be, since the rest may follow. Raises `Invalid`.
    """
    given = schema.read(values)
    made = {n: row for n, row in {**stored, **given}.items() if row is not None}
    try:
        schema.open(made, here=False)
    except Invalid as error:
        wrong = [p for p in error.problems if whole or _is_about(p.field, given)]
        if wrong:
            raise Invalid(wrong) from None
    return {n: _settled(schema, n, row, new=n in given) for n, row in made.items()}


def _is_about(path: str | None, given: Mapping[str, Any]) -> bool:
    return path is None or path.partition(".")[0] in given


def _settled(schema: SettingsSchema, name: str, row: Kept, *, new: bool) -> Kept:
    """Return a value as its kind writes it in JSON, and a secret as one that is to be sealed."""
    setting = schema.settings.get(name)
    if setting is None or row.sealed:
        return row
    if setting.secret:
        return row if row.variable else Kept(row.value, sealed=True)
    return Kept(setting.wire(setting.field.deserialize(row.value))) if new else row


def change(
    schema: SettingsSchema, values: Mapping[str, Any], *, actor: Actor, whole: bool = True
) -> bool:
    """Store values that somebody gave, and note who did; return whether anything is new.

    Raises what `checked` does.
    """
    plugin_id = schema.plugin
    stored = kept(db.for_writing().connection, plugin_id).get(plugin_id, {})
    made = checked(schema, stored, values, whole=whole)
    changed = sorted(n for n in {*stored, *made} if made.get(n) != stored.get(n))
    for name in changed:
        _write(plugin_id, name, made.get(name))
    if changed:
        was = {name: _told(schema, name, stored.get(name)) for name in changed}
        now = {name: _told(schema, name, made.get(name)) for name in changed}
        now |= {name: _NEW_SECRET for name in changed if was[name] == now[name] == _SECRET}
        audit.note("plugin_settings", f"plugin:{plugin_id}", actor=actor, before=was, after=now)
    return bool(changed)


def _told(schema: SettingsSchema, name: str, row: Kept | None) -> Any:
    """Return a value as the audit log has it."""
    setting = schema.settings.get(name)
    if row is None:
        return None
    hides = row.sealed or (setting is not None and setting.secret and not row.variable)
    return _SECRET if hides else row.value


def _write(plugin_id: str, name: str, row: Kept | None) -> None:
    connection = db.for_writing().connection
    mine = (_TABLE.c.plugin == plugin_id, _TABLE.c.name == name)
    connection.execute(sa.delete(_TABLE).where(*mine))
    if row is None:
        return
    sealed = keys.ring().seal(row.value, _place(plugin_id, name)) if row.sealed else None
    value = None if row.sealed else orjson.dumps(row.value).decode()
    connection.execute(
        sa.insert(_TABLE).values(plugin=plugin_id, name=name, value=value, sealed=sealed)
    )


def reseal() -> int:
    """Encrypt every secret that an older key has encrypted with the current one."""
    connection, ring = db.for_writing().connection, keys.ring()
    key = sa.func.substr(_TABLE.c.sealed, 3, keys.NAME_LENGTH)
    rows = connection.execute(sa.select(_TABLE).where(key != ring.current).with_for_update()).all()
    moved = [(row, _opened(row)) for row in rows]
    for row, found in moved:
        if not found.lost:
            _write(row.plugin, row.name, found)
    return sum(not found.lost for _, found in moved)


# -- with the plugin itself ---------------------------------------------------------------------
def forget(plugin_id: str) -> None:
    """Drop all that is stored for a plugin."""
    db.for_writing().connection.execute(sa.delete(_TABLE).where(_TABLE.c.plugin == plugin_id))


def rows(plugin_id: str) -> list[dict[str, Any]]:
    """Return what an archive keeps of a plugin's settings: {name, value, secret}.

    A secret has no value there, but what it is read from if that is the environment.
    """
    found = kept(db.current().connection, plugin_id).get(plugin_id, {})
    return [
        {"name": name, "value": None if row.sealed else row.value, "secret": row.sealed}
        for name, row in sorted(found.items())
    ]


def put_back(plugin_id: str, found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Store what `rows` returned; return the names of the secrets that must be given again."""
    lacking = []
    for row in found:
        if row["secret"]:
            lacking.append(str(row["name"]))
        else:
            _write(plugin_id, str(row["name"]), Kept(row["value"]))
    return lacking

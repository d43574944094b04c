"""Settings of one instance: defaults, `settings.toml` in its home, then the environment.

A setting named `page_limit` is `page_limit` in the file and `RELATUM_PAGE_LIMIT` in the
environment. `SETTINGS` is the list that the help page is made from.
"""

from __future__ import annotations

import dataclasses
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import RelatumError, nearest


def _setting(
    default: Any,
    help: str,  # noqa: A002  # the word users read
    *,
    least: float = 1,
    words: tuple[str, ...] = (),
) -> Any:
    """Return a setting: its default, help, least number, and the words that are possible."""
    metadata = {"help": help, "least": least, "words": words}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Config:
    """What an instance was told; immutable, one per application."""

    home: Path
    database_url: str = _setting("", "Database; default: SQLite in the home.")
    keys: str = _setting(
        "",
        "The key ring of encrypted fields, as the lines of keys/ring with commas between; empty: "
        "that file.",
    )
    base_url: str = _setting("", "Public address used in links, e.g. https://crm.example.org")
    trusted_hosts: str = _setting(
        "", "Host names that requests may carry, separated by commas; empty: loopback and base_url."
    )
    proxies: int = _setting(
        0,
        "Reverse proxies in front, whose X-Forwarded-For, -Proto and -Host are believed.",
        least=0,
    )
    safe_mode: int = _setting(
        0, "1: no plugin runs; which ones are enabled stays as it is.", least=0
    )
    threads: int = _setting(8, "Request threads and database connections per web worker.")
    sqlite_synchronous: str = _setting(
        "FULL",
        "SQLite durability: FULL survives power loss, NORMAL is faster.",
        words=("FULL", "NORMAL", "EXTRA", "OFF"),
    )
    sqlite_cache: int = _setting(16, "SQLite: megabytes of page cache per connection.")
    prepare_threshold: int = _setting(
        5, "PostgreSQL: prepare a statement after so many uses; -1 never (for pgbouncer).", least=-1
    )
    busy_timeout: float = _setting(5.0, "Seconds a write waits for the database.", least=0.1)
    read_timeout: float = _setting(
        5.0, "Seconds an interactive read may take; 0: no limit.", least=0
    )
    page_limit: int = _setting(500, "Most records in one page.")
    page_default: int = _setting(50, "Records in a page when none is asked for.")
    count_cap: int = _setting(1000, "Counts stop here and say so.")
    sort_cap: int = _setting(50_000, "Most matching rows sorted without an index.", least=0)
    group_limit: int = _setting(1000, "Most groups in one aggregate answer.")
    expand_limit: int = _setting(200, "Most records of one expanded list, per record of a page.")
    filter_depth: int = _setting(8, "Deepest nesting of and/or/not in a filter.")
    filter_conditions: int = _setting(64, "Most conditions in one filter.")
    filter_values: int = _setting(1000, "Most values of one `in` condition.")
    path_depth: int = _setting(4, "Most steps in a path such as owner.team.name.")
    view_limit: int = _setting(100, "Most views that one user saves for one type.")
    preference_limit: int = _setting(200, "Most preferences that are kept for one user.")
    bulk_limit: int = _setting(1000, "Most records in one bulk request.")
    bulk_confirm: int = _setting(1000, "Bulk jobs on more records want to be told the number.")
    undo_limit: int = _setting(
        1000, "Most records of a change set that is undone at once, without a job."
    )
    body_limit: int = _setting(4_194_304, "Largest request body in bytes.")
    json_depth: int = _setting(32, "Deepest nesting of a JSON body.")
    type_limit: int = _setting(1000, "Most entity types.")
    field_limit: int = _setting(300, "Most fields of one entity type.")
    link_limit: int = _setting(60, "Most links to other records of one entity type.")
    key_limit: int = _setting(20, "Most unique fields and unique keys of one entity type.")
    option_limit: int = _setting(1000, "Most options of one field, retired ones counted.")
    fill_limit: int = _setting(20_000, "Most existing rows that one plan may back-fill.", least=0)
    import_chunk: int = _setting(1000, "Rows written per transaction by an import.")
    forget_days: int = _setting(
        30, "Days after which finished jobs, expired sessions and links are forgotten."
    )
    idempotency_hours: int = _setting(24, "Hours an Idempotency-Key is remembered.")
    session_hours: int = _setting(336, "Hours a sign-in lasts.")
    link_minutes: int = _setting(30, "Minutes a one-time sign-in link works.")
    sign_in_limit: str = _setting("10 per minute", "Sign-in tries per address and account.")

    @cached_property
    def url(self) -> str:
        """The SQLAlchemy address of the database."""
        if not self.database_url:
            return f"sqlite:///{self.home / 'relatum.db'}"
        for plain in ("postgresql://", "postgres://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url


SETTINGS = tuple(f for f in dataclasses.fields(Config) if f.name != "home")


def load(
    home: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """Read the settings of the instance in `home` (default: RELATUM_HOME, else ./instance).

    Raises `setting_unknown`, `setting_invalid`, `settings_unreadable` or `home_unusable`.
    """
    environ = os.environ if environ is None else environ
    folder = Path(home or environ.get("RELATUM_HOME") or "instance").absolute()
    if "?" in str(folder):
        # In the address of a SQLite database it ends the path.
        reason = "the path has a question mark in it"
        raise RelatumError("home_unusable", path=str(folder), reason=reason)
    given = _from_file(folder / "settings.toml")
    for known in SETTINGS:
        value = environ.get(f"RELATUM_{known.name.upper()}")
        if value is not None:
            given[known.name] = value
    names = [known.name for known in SETTINGS]
    for name in given:
        if name not in names:
            raise RelatumError("setting_unknown", name=name, nearest=nearest(name, names))
    return Config(
        home=folder, **{k.name: _cast(k, given[k.name]) for k in SETTINGS if k.name in given}
    )


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RelatumError("settings_unreadable", path=str(path), reason=str(error)) from None


def _cast(known: dataclasses.Field[Any], value: Any) -> Any:
    wanted: type[Any] = type(known.default)
    least, words = known.metadata["least"], known.metadata["words"]
    cast = _read(wanted, value)
    if cast is None or (words and cast not in words) or (wanted is not str and cast < least):
        kind = {str: "text", int: "a whole number", float: "a number"}[wanted]
        range_ = f" of at least {least}" if wanted is not str else ""
        raise RelatumError(
            "setting_invalid", name=known.name, value=str(value),
            wanted=" or ".join(words) or f"{kind}{range_}",
        )  # fmt: skip
    return cast


def _read(wanted: type[Any], value: Any) -> Any:
    """Return a value as the type that a setting has; None if it can't be one."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        number = float(value) if wanted is not str else 0.0
        if not math.isfinite(number) or (wanted is int and number != int(number)):
            return None
        return wanted(value)
    except ValueError:
        return None

"""Settings of one instance: defaults, `settings.toml` in its home, then the environment.

A setting named `page_limit` is `page_limit` in the file and `RELATUM_PAGE_LIMIT` in the
environment. `SETTINGS` is the list that the help page is made from.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from .errors import RelatumError, nearest
from .mail_server import MailServer, Sender, read_sender, read_server
from .sign_in_provider import read_issuer, read_secret

#: What the address of a queue may begin with.
_REDIS: Final = ("redis", "rediss", "unix")


def _setting(
    default: Any,
    help: str,  # noqa: A002  # the word users read
    *,
    least: float = 1,
    words: tuple[str, ...] = (),
    check: Callable[[str], object] | None = None,
) -> Any:
    """Return a setting: its default, help, least number, and the words that are possible.

    `check` raises ValueError for a text that can't be; such a text may hold a secret, so neither
    its refusal nor the settings as text show it.
    """
    metadata = {"help": help, "least": least, "words": words, "check": check}
    return dataclasses.field(default=default, metadata=metadata, repr=check is None)


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
    queue_url: str = _setting(
        "",
        "Redis that tells workers which jobs wait, e.g. redis://host:6379/0; empty: a file beside "
        "a SQLite database, and with PostgreSQL nothing but its rows.",
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
    plugins_dir: str = _setting(
        "",
        "Folders of plugins beside plugins in the home, with ':' between (';' on Windows).",
    )
    safe_mode: int = _setting(
        0, "1: no plugin runs; which ones are enabled stays as it is.", least=0
    )
    plugin_install: int = _setting(
        0, "1: administrators install plugins from the web, not on this machine alone.", least=0
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
    as_of_limit: int = _setting(
        20_000, "Most records changed since an instant that a list is shown as of."
    )
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
    merge_limit: int = _setting(20, "Most records that are merged into one at once.")
    body_limit: int = _setting(4_194_304, "Largest request body in bytes.")
    json_depth: int = _setting(32, "Deepest nesting of a JSON body.")
    type_limit: int = _setting(1000, "Most entity types.")
    field_limit: int = _setting(300, "Most fields of one entity type.")
    link_limit: int = _setting(60, "Most links to other records of one entity type.")
    key_limit: int = _setting(20, "Most unique fields and unique keys of one entity type.")
    option_limit: int = _setting(1000, "Most options of one field, retired ones counted.")
    fill_limit: int = _setting(20_000, "Most existing rows that one plan may back-fill.", least=0)
    upload_limit: int = _setting(536_870_912, "Largest file for an import in bytes.")
    upload_days: int = _setting(30, "Days after which files that were sent are forgotten.")
    import_chunk: int = _setting(1000, "Rows written per transaction by an import.")
    import_record_rows: int = _setting(10_000, "Most rows of a file that make one record.")
    forget_days: int = _setting(
        30, "Days after which finished jobs, expired sessions and links are forgotten."
    )
    idempotency_hours: int = _setting(24, "Hours an Idempotency-Key is remembered.")
    session_hours: int = _setting(336, "Hours a sign-in lasts.")
    link_minutes: int = _setting(30, "Minutes a one-time sign-in link works.")
    invitation_days: int = _setting(7, "Days an invitation works.")
    oidc_issuer: str = _setting(
        "",
        "Sign-in provider (OpenID Connect), as it calls itself, e.g. https://sso.example.org",
        check=read_issuer,
    )
    oidc_client_id: str = _setting("", "What the sign-in provider knows this instance by.")
    oidc_client_secret: str = _setting(
        "",
        "Secret that the sign-in provider has given this instance; empty: it wants none.",
        check=read_secret,
    )
    oidc_label: str = _setting(
        "", "What the button says on the sign-in page, e.g. Sign in with Example; empty: by itself."
    )
    oidc_create: str = _setting(
        "no",
        "Who is no user yet and comes from the sign-in provider: no, or the name of the role with "
        "which he becomes one.",
    )
    oidc_domains: str = _setting(
        "",
        "Domains of e-mail addresses, separated by commas, whose people become users by "
        "oidc_create; empty: all that the provider has verified.",
    )
    require_second_factor: str = _setting(
        "no",
        "Who must have a second factor and is led to set one up: no, admins or all.",
        words=("no", "admins", "all"),
    )
    sign_in_limit: str = _setting("10 per minute", "Sign-in tries per address and account.")
    public_limit: str = _setting(
        "10 per minute; 200 per day",
        "What anybody may send without signing in, such as web forms, per address.",
    )
    reset_limit: str = _setting(
        "5 per hour", "Mails with a link for a new password that one account may be sent."
    )
    outbound_hosts: str = _setting(
        "",
        "Hosts, separated by commas, that may be connected to although they are private or speak "
        "no TLS, e.g. sso.corp.example.",
    )
    outbound_seconds: float = _setting(
        10.0, "Seconds that an answer from another host may take.", least=0.1
    )
    outbound_size: int = _setting(1_048_576, "Largest answer from another host in bytes.")
    smtp_url: str = _setting(
        "",
        "Server that outgoing mail is given to, e.g. smtp://user:password@mail.example.org; empty: "
        "mail is kept, and links are shown to be copied.",
        check=read_server,
    )
    mail_from: str = _setting(
        "",
        "Sender of outgoing mail, e.g. CRM <crm@example.org>; needed with smtp_url.",
        check=read_sender,
    )
    mail_recipients: int = _setting(100, "Most recipients of one sending; each gets a mail alone.")
    mail_size: int = _setting(200_000, "Most characters of a mail's text, and of its HTML.")

    @cached_property
    def url(self) -> str:
        """The SQLAlchemy address of the database."""
        if not self.database_url:
            return f"sqlite:///{self.home / 'relatum.db'}"
        for plain in ("postgresql://", "postgres://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url

    @cached_property
    def plugin_folders(self) -> tuple[Path, ...]:
        """Where plugins of the instance lie, each a file or a folder; one may not be there."""
        more = [Path(each).absolute() for each in self.plugins_dir.split(os.pathsep) if each]
        return tuple(dict.fromkeys((self.home / "plugins", *more)))

    @cached_property
    def mail_server(self) -> MailServer | None:
        """The server that outgoing mail is given to; None: mail is kept."""
        return read_server(self.smtp_url) if self.smtp_url and self.mail_from else None

    @cached_property
    def sender(self) -> Sender | None:
        """Who outgoing mail is from."""
        return read_sender(self.mail_from) if self.mail_from else None


SETTINGS = tuple(f for f in dataclasses.fields(Config) if f.name != "home")


def load(
    home: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """Read the settings of the instance in `home` (default: RELATUM_HOME, else ./instance).

    Raises `setting_unknown`, `setting_invalid`, `setting_refused`, `settings_unreadable` or
    `home_unusable`.
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
    config = Config(
        home=folder, **{k.name: _cast(k, given[k.name]) for k in SETTINGS if k.name in given}
    )
    if config.smtp_url and not config.mail_from:
        reason = "smtp_url is set, so it must name the sender, such as crm@example.org"
        raise RelatumError("setting_refused", name="mail_from", reason=reason)
    if config.oidc_issuer and not config.oidc_client_id:
        reason = "oidc_issuer is set, so it must say what the provider knows this instance by"
        raise RelatumError("setting_refused", name="oidc_client_id", reason=reason)
    _check_queue(config.queue_url)
    return config


def _check_queue(url: str) -> None:
    """Raise `queue_url_invalid` or `queue_driver_missing`; neither says what one signs in with."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        reason = str(error).split("'")[0].strip()
        raise RelatumError("queue_url_invalid", reason=reason) from None
    if parts.scheme not in _REDIS:
        reason = f"it begins with '{parts.scheme}'" if parts.scheme else "it has no ://"
        raise RelatumError("queue_url_invalid", reason=reason)
    if parts.scheme != "unix":
        if not parts.hostname or port == 0:
            raise RelatumError("queue_url_invalid", reason="it names no host")
        if not re.fullmatch(r"/?[0-9]{0,5}", parts.path):
            reason = f"'{parts.path}' is no number of a database"
            raise RelatumError("queue_url_invalid", reason=reason)
    if importlib.util.find_spec("redis") is None:
        raise RelatumError("queue_driver_missing")


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
    check = known.metadata["check"]
    if check is not None and cast:
        try:
            check(cast)
        except ValueError as error:
            raise RelatumError("setting_refused", name=known.name, reason=str(error)) from None
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

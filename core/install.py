"""Make an instance, and bring an old one to this program: each in one transaction.

Until `install` commits there is nothing, so a killed installation is simply run again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from zoneinfo import available_timezones

import sqlalchemy as sa

from . import auth, catalog, db, ddl, doctor, migrations, models, records
from .actor import Actor, system
from .errors import Invalid, RelatumError, nearest
from .fields import FIELD_TYPES, Refused

_CURRENCY = re.compile(r"[A-Z]{3}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


class Installed(NamedTuple):
    """A new instance's first administrator; the password is shown once."""

    user_id: int
    email: str
    password: str


def install(
    *,
    currency: str,
    timezone: str,
    language: str,
    admin_email: str,
    admin_name: str = "Administrator",
    password: str | None = None,
    then: Callable[[Actor], object] | None = None,
) -> Installed:
    """Make the instance of the settings: home folder, fixed tables, first administrator.

    Without a password a random one is made. `then` is called with the administrator as actor,
    in the same transaction: there is all of it, or no instance. Raises `Invalid` naming every
    wrong answer, `instance_exists`, `home_unusable`, `database_gone`, `database_unsupported`,
    `password_weak`.
    """
    told = check(currency=currency, timezone=timezone, language=language, admin_email=admin_email)
    email = told.pop("admin_email")
    password = password or auth.random_password()
    hashed = auth.hash_password(password, email=email)
    prepare_home()
    try:
        with db.founding() as connection:
            _found(connection, told)
            user = {"name": admin_name, "email": email, "admin": True}
            [made] = records.create("user", [user], actor=system())
            assert made.id is not None
            auth.set_password(made.id, hashed, actor=system())
            if then is not None:
                then(Actor(user_id=made.id, name=admin_name, admin=True, source="cli"))
    except BaseException:
        # What was read of a catalog that never came to be.
        catalog.forget()
        raise
    return Installed(made.id, email, password)


def _found(connection: sa.Connection, told: dict[str, str]) -> None:
    """Make the fixed tables and settings; verbs may join the transaction from here on."""
    _refuse_existing(connection)
    migrations.run(connection)
    rows = [{"name": name, "value": value} for name, value in told.items()]
    connection.execute(sa.insert(models.Setting.__table__), rows)
    complete(connection)
    db.adopt(connection)


def upgrade() -> tuple[str | None, str | None]:
    """Bring the fixed tables of the instance to this program; return revisions (before, after).

    Raises `not_initialised`, `schema_newer`.
    """
    if not _may_exist():
        raise not_initialised()
    with db.founding() as connection:
        before = revision(connection)
        if before is None:
            raise not_initialised()
        migrations.run(connection)
        complete(connection)
        after = revision(connection)
    catalog.forget()
    return before, after


def complete(connection: sa.Connection) -> None:
    """Build the indexes that the catalog expects and the database lacks, in the transaction."""
    found = catalog.load(connection, 1)
    for index in ddl.missing_indexes(connection, found.types.values()):
        # An unfinished one of the same name may be there.
        ddl.execute([ddl.DropIndex(index), index], connection)


def revision(connection: sa.Connection) -> str | None:
    """Return the instance's revision, None if there is no instance; raise `schema_newer`."""
    found = migrations.revision_of(connection)
    known = migrations.known()
    if found is not None and found not in known:
        raise RelatumError("schema_newer", found=found, needed=known[-1])
    return found


def not_initialised() -> RelatumError:
    """Return the refusal to work without an instance."""
    return RelatumError("not_initialised", url=database())


def database() -> str:
    """Return the address of the instance's database, without its password."""
    return db.engine().url.render_as_string()


def sqlite_file() -> Path | None:
    """Return the file of a SQLite instance; None for a server."""
    url = db.engine().url
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _may_exist() -> bool:
    # Looking into a SQLite file that is not there would make it.
    path = sqlite_file()
    return path is None or path.exists()


def _refuse_existing(connection: sa.Connection) -> None:
    for finding in doctor.server(connection):
        raise RelatumError("database_unsupported", reason=finding.text)
    if revision(connection) is None:
        return
    told = sa.select(models.Setting.name).where(models.Setting.name == "currency")
    people = sa.select(models.User.id).limit(1)
    if connection.execute(told).first() or connection.execute(people).first():
        raise RelatumError("instance_exists", home=str(db.settings().home))


def prepare_home() -> None:
    """Make the home folder and, for SQLite, an empty file, readable by their owner alone.

    Raises `home_unusable`.
    """
    home, path = db.settings().home, sqlite_file()
    try:
        if not home.exists():
            home.mkdir(mode=0o700, parents=True)
        if path is not None:
            path.touch(mode=0o600)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RelatumError("home_unusable", path=str(home), reason=reason) from None


# -- answers --------------------------------------------------------------------------------
def check(*, currency: str, timezone: str, language: str, admin_email: str) -> dict[str, str]:
    """Return the answers to `init` in their stored form; raise `Invalid` naming the wrong ones."""
    answers = {
        "currency": (_currency, currency),
        "timezone": (_timezone, timezone),
        "language": (_language, language),
        "admin_email": (_email, admin_email),
    }
    told, problems = {}, []
    for name, (rule, answer) in answers.items():
        try:
            told[name] = rule(answer.strip())
        except Refused as refused:
            problems.append(refused.problem.at(field=name))
    if problems:
        raise Invalid(problems)
    return told


def _currency(answer: str) -> str:
    if not _CURRENCY.fullmatch(answer.upper()):
        reason = f"'{answer}' is not a currency code. It has three letters, such as EUR or USD."
        raise Refused("value_invalid", reason=reason)
    return answer.upper()


def _timezone(answer: str) -> str:
    known = sorted(available_timezones())
    if answer not in known:
        raise Refused(
            "option_unknown", value=answer, field="timezone", nearest=nearest(answer, known)
        )
    return answer


def _language(answer: str) -> str:
    if not _LANGUAGE.fullmatch(answer):
        reason = f"'{answer}' is not a language. It is a code such as en, de or pt-BR."
        raise Refused("value_invalid", reason=reason)
    return answer


def _email(answer: str) -> str:
    if not answer:
        raise Refused("required")
    rule = FIELD_TYPES["email"](id=0, type_id=0, name="email", column="email", label="E-mail")
    return str(rule.check(answer))

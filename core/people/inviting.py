"""Invite people: users are made with their team and roles, and each gets a link to come in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from .. import access, auth, db, imports, mail, records, roles
from ..actor import Actor
from ..errors import Invalid, Problem, RelatumError, nearest
from ..fields import Refused, fold
from ..fields.text import email_address
from ..storage import slices

#: What a row may hold.
ROW: Final = ("name", "email", "team", "roles", "admin")


@dataclass(slots=True)
class Invited:
    """A person on the way in: what was read of a row, what is wrong, what became of it.

    `status` is new (of a dry run), invited, known (there is such a user, who stays as he is) or
    disabled (so is he, and may not sign in).
    """

    row: int
    email: str = ""
    name: str = ""
    team: int | None = None
    roles: list[str] = field(default_factory=list)
    admin: bool = False
    status: str = "new"
    user: int | None = None
    link: str | None = None
    mail: int | None = None
    problems: list[Problem] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return what the API says of it."""
        names = ("row", "status", "user", "name", "email", "team", "roles", "admin", "link", "mail")
        return {name: getattr(self, name) for name in names}

    def refuse(self, code: str, place: str, **params: Any) -> None:
        """Note what is wrong with a field."""
        self.problems.append(Problem(code, params, field=place, row=self.row))


def invite(
    rows: Sequence[Mapping[str, Any]],
    *,
    base: str,
    actor: Actor,
    by_mail: bool = False,
    dry_run: bool = False,
) -> list[Invited]:
    """Make a user of each row and a link that lets him in once, within invitation_days.

    A row is {email, name?, team?, roles?, admin?}: a team by id or name, roles by name or label;
    without a name, that of the address is taken. Who has the address already is left as he is.
    Links begin with `base`; `by_mail` sends them where mail can be sent, so that nobody sees them.

    All or nothing: raises `Invalid` with every problem of every row. Raises `forbidden`,
    `bulk_limit`.
    """
    access.require(actor, "invite", "users")
    db.for_writing()
    limit = db.settings().bulk_limit
    if len(rows) > limit:
        raise RelatumError("bulk_limit", count=len(rows), limit=limit)
    found = [_read(place, row) for place, row in enumerate(rows)]
    _find_doubles(found)
    _find_teams(found, rows, actor)
    _find_roles(found, rows, actor)
    _find_known(found)
    _make(found, actor, dry_run=dry_run or any(each.problems for each in found))
    problems = [problem for each in found for problem in each.problems]
    if problems:
        raise Invalid(problems)
    if not dry_run:
        _let_in([each for each in found if each.status == "new"], base, actor, by_mail=by_mail)
    return found


# -- what is meant --------------------------------------------------------------------------
def _read(place: int, row: Mapping[str, Any]) -> Invited:
    made = Invited(place)
    for word in row:
        if word not in ROW:
            near = nearest(str(word)[:80], list(ROW))
            made.refuse("unknown_key", str(word)[:80], type="user", field=str(word)[:80],
                        nearest=near)  # fmt: skip
    text = row.get("email")
    if not isinstance(text, str) or not text.strip():
        made.refuse("required", "email")
    else:
        try:
            made.email = email_address(text.strip())
        except Refused as refused:
            made.problems.append(refused.problem.at(field="email", row=place))
    admin = row.get("admin") or False
    if not isinstance(admin, bool):
        made.refuse("value_invalid", "admin", reason=f"'{str(admin)[:40]}' is neither yes nor no")
    made.admin = admin is True
    made.name = str(row.get("name") or "").strip() or _named_by(made.email)
    return made


def _named_by(email: str) -> str:
    """Return a name for who has an address: ada.lovelace@example.org is Ada Lovelace."""
    parts = re.split(r"[._\-+\d]+", email.partition("@")[0])
    return " ".join(part[:1].upper() + part[1:] for part in parts if part) or email


def _find_doubles(found: list[Invited]) -> None:
    seen = set[str]()
    for each in found:
        key = fold(each.email)
        if key and key in seen:
            each.refuse("person_twice", "email", email=each.email)
        elif key:
            seen.add(key)


def _find_teams(found: list[Invited], rows: Sequence[Mapping[str, Any]], actor: Actor) -> None:
    """Find teams by id or name: two queries, however many there are."""
    texts = {each.row: str(rows[each.row].get("team") or "").strip() for each in found}
    ids = {text for text in texts.values() if text.isascii() and text.isdecimal()}
    known = imports.meant("team", ids, by="id", actor=actor)
    known |= imports.meant("team", {*texts.values()} - ids - {""}, actor=actor)
    for each in found:
        meant = known.get(texts[each.row])
        if isinstance(meant, Problem):
            each.problems.append(meant.at(field="team", row=each.row))
        else:
            each.team = meant


def _find_roles(found: list[Invited], rows: Sequence[Mapping[str, Any]], actor: Actor) -> None:
    if not any(row.get("roles") for row in rows):
        return
    known = roles.list_roles(actor=actor)
    names = {fold(role[word]): role["name"] for word in ("label", "name") for role in known}
    for each in found:
        for text in rows[each.row].get("roles") or ():
            name = names.get(fold(str(text).strip()))
            if name is None:
                near = nearest(str(text)[:80], [role["name"] for role in known])
                each.refuse("role_unknown", "roles", role=str(text)[:80], nearest=near)
            elif name not in each.roles:
                each.roles.append(name)


def _find_known(found: list[Invited]) -> None:
    """Find users who have the addresses already, whatever their case."""
    table, people = auth.USERS, {fold(each.email): each for each in found if each.email}
    query = sa.select(table.c.id, table.c.name, table.c.email__k, table.c.active)
    query = query.where(table.c.trashed_at.is_(None))
    for piece in slices(sorted(key for key in people if key)):
        for row in db.current().connection.execute(query.where(table.c.email__k.in_(piece))):
            each = people[row.email__k]
            each.user, each.name = row.id, row.name
            each.status = "known" if row.active else "disabled"


# -- what is done ---------------------------------------------------------------------------
def _make(found: list[Invited], actor: Actor, *, dry_run: bool) -> None:
    """Create the users, or only find out what is wrong with them."""
    new = [each for each in found if each.status == "new" and not each.problems]
    rows = [
        {"name": e.name, "email": e.email, "team": e.team, "admin": e.admin} for e in new
    ]  # fmt: skip
    try:
        outcomes = records.create("user", rows, actor=actor, dry_run=dry_run) if rows else []
    except Invalid as error:
        for problem in error.problems:
            each = new[problem.row or 0]
            each.problems.append(problem.at(row=each.row))
        return
    for each, outcome in zip(new, outcomes, strict=True):
        each.user = outcome.id


def _let_in(new: list[Invited], base: str, actor: Actor, *, by_mail: bool) -> None:
    ids = [each.user for each in new if each.user is not None]
    if not ids:
        return
    roles.give("user", {id_: each.roles for id_, each in zip(ids, new, strict=True)}, actor=actor)
    secrets = auth.make_invitations(ids, actor=actor)
    mailed = by_mail and mail.can_send()
    for each, secret in zip(new, secrets, strict=True):
        each.status = "invited"
        if mailed:
            user = {"id": each.user, "name": each.name, "email": each.email}
            each.mail = mail.send_invitation(user, secret, base, actor=actor)
        else:
            each.link = f"{base.rstrip('/')}/sign-in/{secret}"

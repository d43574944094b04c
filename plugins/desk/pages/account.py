"""One's own account: name, language, zone, looks, password, provider, tokens for programs."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request

from relatum import (
    RelatumError,
    catalog,
    identities,
    profile,
    reading,
    roles,
    second_factor,
    sessions,
    tokens,
    transact,
)

from .. import looks, ui, words
from ..words import translated
from .access import matrix

#: What a token's life is offered as, in days; 0: without an end.
DAYS: Final = (30, 90, 365, 0)
#: What a token is offered to do with records of a type, from nothing to all; API and command line
#: take any actions.
LEVELS: Final[dict[str, tuple[str, ...]]] = {
    "nothing": (), "read": ("read",), "export": ("read", "export"), "create": ("read", "create"),
    "update": ("read", "create", "update"), "all": tuple(roles.ACTIONS),
}  # fmt: skip
#: In a scope, the types without a line of their own.
_OTHERS: Final = "*"


@ui.page("/account")
def account() -> Response:
    """Show what somebody can change of himself."""
    return _page()


def _page(refused: dict[str, str] | None = None, status: int = 200, **more: Any) -> Response:
    """Return the page; `refused` says by form why nothing was saved."""
    actor = ui.actor()
    assert actor.user_id is not None
    known = words.known()
    return ui.render(
        "account.html", status, refused=refused or {}, mine=profile.read(actor=actor),
        tokens=tokens.list_tokens(actor.user_id, actor=actor),
        visits=sessions.open_ones(actor.user_id, actor=actor), zones=words.zones(),
        instance_zone=known.zone, instance_language=known.settings.get("language", ""),
        factor=second_factor.look(actor=actor), look=looks.look, days=DAYS,
        identities=identities.list_identities(actor.user_id, actor=actor),
        sent=request.form, levels=_levels(), types=_types(), scope_said=_scope_said, **more,
    )  # fmt: skip


def _types() -> list[catalog.EntityType]:
    return sorted(words.known().types.values(), key=lambda each: each.plural)


def _levels() -> dict[str, str]:
    """Return what the levels are called."""
    return {
        "nothing": translated("nothing"), "read": translated("read"),
        "export": translated("read and export"), "create": translated("read and create"),
        "update": translated("read, create and change"),
        "all": translated("all that you may do with them"),
    }  # fmt: skip


def _scope_said(scope: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return what a scope leaves, as (type, actions) in words; others come last."""
    called, types = matrix.actions(), words.known().types
    levels = {frozenset(actions): _levels()[name] for name, actions in LEVELS.items()}
    made = []
    for name in sorted(scope, key=lambda each: (each == _OTHERS, each)):
        actions = frozenset(scope[name])
        plain = ", ".join(called.get(action, action) for action in scope[name])
        label = types[name].plural if name in types else name
        if name == _OTHERS:
            label = translated("All other types")
        made.append((label, levels.get(actions, plain)))
    return made


def _sent_scope() -> dict[str, tuple[str, ...]] | None:
    """Return the scope that the form asks for; None: all that the user may."""
    form = request.form
    if form.get("may") != "some":
        return None
    given = {_OTHERS: LEVELS.get(form.get(f"scope:{_OTHERS}", ""), ())}
    for entity_type in _types():
        level = form.get(f"scope:{entity_type.name}", "")
        if level in LEVELS:
            given[entity_type.name] = LEVELS[level]
    return given


@ui.page("/account/profile", "POST", own=True)
def set_profile() -> Response:
    """Change one's own name, language and time zone."""
    form, actor = request.form, ui.actor()
    values: dict[str, Any] = {n: form[n].strip() or None for n in profile.OWN if n in form}
    try:
        transact(lambda: profile.change(values, actor=actor))
    except RelatumError as error:
        return _refused("profile", error)
    answer = ui.away("/account")
    if "language" in values:
        with reading():
            looks.speak(answer, values["language"])
    return ui.tell(answer, translated("Your account is saved"))


@ui.page("/account/looks", "POST")
def set_looks() -> Response:
    """Choose theme, density, and whether keys do something."""
    answer = ui.away("/account")
    looks.keep(answer, {n: request.form.get(n, "") for n in looks.CHOICES}, actor=ui.actor())
    return ui.tell(answer, translated("Your looks are saved"))


@ui.page("/account/theme", "POST")
def set_theme() -> Response:
    """Keep the theme that was chosen by the switch on every page."""
    answer = Response(status=204)
    looks.keep(answer, {"theme": request.form.get("theme", "")}, actor=ui.actor())
    return answer


@ui.page("/account/password", "POST", own=True)
def set_password() -> Response:
    """Set one's own password."""
    actor = ui.actor()
    assert actor.user_id is not None
    try:
        sessions.set_password(actor.user_id, request.form.get("password", ""), actor=actor)
    except RelatumError as error:
        return _refused("password", error)
    said = translated("The password is set; you are signed out everywhere else")
    return ui.tell(ui.away("/account"), said)


@ui.page("/account/tokens", "POST", own=True)
def make_token() -> Response:
    """Make a token; the answer is the one page that ever shows it."""
    actor, form = ui.actor(), request.form
    user_id, days = actor.user_id, form.get("days", "")
    assert user_id is not None
    life = int(days) if days.isdecimal() and int(days) in DAYS else DAYS[0]
    name = form.get("name", "").strip()
    reads_only = form.get("may") not in ("all", "some")
    with reading():
        scope = _sent_scope()
        if scope is not None and not any(scope.values()):
            said = translated("Choose what the token may do with at least one type.")
            return _page({"token": said}, 422)
    how: dict[str, Any] = {"actor": actor, "reads_only": reads_only, "scope": scope}
    try:
        _, text = transact(lambda: tokens.make_token(user_id, name, life or None, **how))
    except RelatumError as error:
        return _refused("token", error)
    with reading():
        return _page(made=text, made_name=name)


@ui.page("/account/tokens/<int:id_>/revoke", "POST")
def revoke_token(id_: int) -> Response:
    """Take a token away for good."""
    tokens.revoke_token(id_, actor=ui.actor())
    return ui.tell(ui.away("/account#tokens"), translated("The token is revoked"))


@ui.page("/account/identities/unlink", "POST")
def unlink() -> Response:
    """Unlink oneself from a sign-in provider."""
    actor = ui.actor()
    assert actor.user_id is not None
    identities.unlink(actor.user_id, request.form.get("issuer", ""), actor=actor)
    return ui.tell(ui.away("/account"), translated("The link is gone"))


def _refused(form: str, error: RelatumError) -> Response:
    """Return the page with the reason why a form was refused; raise what is no fault of it."""
    if error.status not in (409, 422):
        raise error
    said = words.reasons(error)
    with reading():
        return _page({form: said}, error.status)

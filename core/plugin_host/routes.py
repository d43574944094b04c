"""Routes of plugins: what they return, who may come in, and what is refused before it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

from flask import Blueprint, Flask, Response, g, has_app_context

from .. import hooks, keys, languages
from ..actor import Actor
from ..errors import RelatumError
from ..hooks import Context
from .manifest import PARSING, Unfit

F = TypeVar("F", bound=Callable[..., Any])

#: Where pages and API of a plugin are, below which every rule of its must stay.
PAGES: Final = "/x/"
API: Final = "/api/x/"
#: What no shell may answer: the API, and the pages of other plugins.
_NOT_THE_SHELL: Final = ("/api/", "/x/")
_MARK: Final = "relatum_access"
_QUIET: Final = frozenset({"HEAD", "OPTIONS"})
#: What a blueprint could do to requests before it is known who asks.
_EARLY: Final = ("before_request_funcs", "url_value_preprocessors", "teardown_request_funcs")
#: What a blueprint could do to everybody's requests.
_EVERYWHERE: Final = (*_EARLY, "after_request_funcs", "error_handler_spec", "url_default_functions")


class Permission(NamedTuple):
    """Something that a plugin lets people do: `plugin.word`, and what people read.

    `roles` are those that are proposed to have it, such as member, when the plugin is enabled.
    """

    name: str
    label: str
    roles: tuple[str, ...] = ()


class Shell(NamedTuple):
    """The pages of the plugin that is the shell, from the root on, and its page of an error.

    `refusal` draws an error wherever a browser meets one; it asks no database, and an exception
    in it is answered by a plain page. `language` says which language the reader of a page has.
    """

    pages: Blueprint
    refusal: Callable[[RelatumError], Response]
    language: Callable[[], str] = lambda: languages.FIRST


class Routes(NamedTuple):
    """The blueprints of a plugin: pages below /x/ID, API below /api/x/ID; a shell's, the rest."""

    pages: Blueprint | None = None
    api: Blueprint | None = None
    shell: Shell | None = None


class Access(NamedTuple):
    """Who may use a view: whoever has the permission, or everybody; and who opens transactions.

    One for `setting_up` is open to whoever must set up a second factor before anything else.
    """

    permission: str | None
    public: bool
    own: bool
    setting_up: bool


class Rule(NamedTuple):
    """One address of a plugin, and whether anybody may ask for it."""

    method: str
    address: str
    public: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


def requires(
    permission: str | None = None,
    *,
    public: bool = False,
    own: bool = False,
    setting_up: bool = False,
) -> Callable[[F], F]:
    """Say who may use a view: those with a permission of the plugin, or everybody.

    Below the blueprint's own decorator. A view for GET reads in one transaction, any other
    writes in one; an exception, or an answer of status 400 or more, undoes it. With `own` the
    view opens its own, by `reading` and `transact`. With `setting_up` it is open to whoever must
    set up a second factor before anything else.
    """
    if public is (permission is not None):
        raise ValueError("requires() takes a permission, or public=True")

    def mark(view: F) -> F:
        setattr(view, _MARK, Access(permission, public, own, setting_up))
        return view

    return mark


def access_of(view: Any) -> Access | None:
    """Return what `requires` said of a view."""
    found: Access | None = getattr(view, _MARK, None)
    return found


def mounts(plugin: str, routes: Routes) -> Iterator[tuple[Blueprint, str, str]]:
    """Yield (blueprint, prefix, name) of what a plugin mounts."""
    if routes.pages is not None:
        yield routes.pages, f"{PAGES}{plugin}", f"x_{plugin}"
    if routes.api is not None:
        yield routes.api, f"{API}{plugin}", f"api_x_{plugin}"
    if routes.shell is not None:
        yield routes.shell.pages, "", f"shell_{plugin}"


def check(
    plugin: str, routes: Any, permissions: frozenset[str], *, shell: bool = False
) -> tuple[Rule, ...]:
    """Return the rules of a plugin, from an application made for looking; raise `Unfit`."""
    if not isinstance(routes, Routes):
        raise Unfit("relatum_routes must return Routes(pages=..., api=...)")
    if routes.shell is not None and not shell:
        raise Unfit("only a plugin with shell=True in Plugin(...) brings Routes(shell=...)")
    for blueprint, _, _ in mounts(plugin, routes):
        _check_templates(plugin, blueprint)
    found = [
        rule
        for blueprint, prefix, name in mounts(plugin, routes)
        for rule in _mounted(blueprint, prefix, name, permissions)
    ]
    doubled = sorted({str(rule) for rule in found if found.count(rule) > 1})
    if doubled:
        raise Unfit(f"two views answer {', '.join(doubled)}")
    return tuple(sorted(found))


def _check_templates(plugin: str, blueprint: Blueprint) -> None:
    """Refuse templates that another's could be taken for: names are looked up in one place."""
    for name in blueprint.jinja_loader.list_templates() if blueprint.jinja_loader else ():
        if not name.startswith(f"{plugin}/"):
            raise Unfit(f"its template {name} must lie in templates/{plugin}/")


@lru_cache(maxsize=1024)
def _mounted(
    blueprint: Blueprint, prefix: str, name: str, permissions: frozenset[str]
) -> tuple[Rule, ...]:
    """Return the rules of a blueprint; one of a plugin that is loaded again is known already."""
    scratch = Flask("relatum.scratch", static_folder=None)
    before = {each: _size(scratch, each, None) for each in _EVERYWHERE}
    with PARSING:
        scratch.register_blueprint(blueprint, url_prefix=prefix, name=name)
    for each in _EVERYWHERE:
        if _size(scratch, each, None) != before[each]:
            raise Unfit(f"blueprint '{blueprint.name}' changes requests that are not its own")
    for each in _EARLY:
        if _size(scratch, each, name):
            raise Unfit(
                f"blueprint '{blueprint.name}' runs before it is known who asks; use a "
                "decorator on its views"
            )
    return tuple(_rules(scratch, prefix, name, permissions))


def _size(app: Flask, name: str, of: str | None) -> int:
    held = getattr(app, name).get(of) or ()
    return sum(map(bool, held.values())) if isinstance(held, dict) else len(held)


def _rules(app: Flask, prefix: str, name: str, permissions: frozenset[str]) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        address = str(rule.rule)
        if not f"{address}/".startswith(f"{prefix}/"):
            raise Unfit(f"the address {address} is not below {prefix}")
        if not prefix and f"{address}/".startswith(_NOT_THE_SHELL):
            raise Unfit(f"the address {address} is not the shell's")
        if rule.endpoint == f"{name}.static":
            continue
        access = access_of(app.view_functions[rule.endpoint])
        if access is None:
            raise Unfit(
                f"the view of {address} does not say who may use it; mark it with "
                "@requires(PERMISSION) or @requires(public=True)"
            )
        if access.permission is not None and access.permission not in permissions:
            raise Unfit(f"{address} asks for '{access.permission}', which is not declared")
        for method in sorted((rule.methods or set()) - _QUIET):
            yield Rule(method, address, access.public)


def seal(text: str) -> str:
    """Return a text encrypted for the plugin whose view, command or job runs.

    For what goes through the hands of strangers, such as a field of a public form: nobody reads
    or changes it on the way. Say in it what it is for and until when.
    """
    return keys.ring().seal(text, f"plugin {context().plugin}")


def unseal(sealed: str) -> str | None:
    """Return a text that the same plugin has sealed; None if it was not, or was changed."""
    return keys.ring().open(sealed, f"plugin {context().plugin}")


def context() -> Context:
    """Return the context of the view or command that runs: plugin, home, and who acts."""
    found: Context | None = g.get("relatum") if has_app_context() else None
    if found is None:
        raise RuntimeError("no view or command of a plugin runs here")
    return found


def context_of(plugin_id: str, actor: Actor | None = None) -> Context:
    """Return the context of a plugin that runs, for functions that others call: its tables."""
    return hooks.current().context(plugin_id, actor)

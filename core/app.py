"""The web application: made from the settings and a set of plugins, one per such set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule

from . import db, plugin_host
from .api import compress, guard, limits, pages, plugin_routes, problems, reference, routes
from .config import Config
from .plugin_host import Development, Loaded

_API: Final = Path(__file__).parent / "api"


class _Compiled(BytecodeCache):
    """Keeps what templates are compiled to: a newer set of plugins has mostly the same ones."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._codes.get(bucket.key, ("", None))
        bucket.code = code if checksum == bucket.checksum else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.checksum, bucket.code


_COMPILED: Final = _Compiled()


class _Rule(Rule):
    """A rule whose way back, from its name to an address, is made when somebody asks for it.

    Nobody does but a plugin with `url_for`, and making it took half of the time in which the
    application of a newer set of plugins is built.
    """

    def _compile_builder(
        self,
        append_unknown: bool = True,  # noqa: FBT002  # as werkzeug has it
    ) -> Callable[..., tuple[str, str]]:
        compiled = super()._compile_builder
        made: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if not made:
                with plugin_host.PARSING:
                    made.append(compiled(append_unknown))
            return made[0](rule, **values)

        return build


def _none() -> int:
    return -1


def create_app(
    config: Config,
    loaded: Loaded | None = None,
    *,
    accepted: Callable[[], int] = _none,
    development: Development | None = None,
) -> Flask:
    """Return the application of an instance; touches neither database nor home.

    With `loaded` it serves that set of plugins and no other, besides the generation that
    `accepted` returns. Without, it runs the hooks of whatever is enabled and has no routes of
    plugins, as the command line does. With `development` it shows what failed, and reads templates
    and files anew. Raises `setting_invalid` for a setting that only the web
    needs, and `NotMounted` for a plugin whose routes can't be taken in.
    """
    app = Flask(
        "relatum",
        root_path=str(_API),
        static_folder="static",
        static_url_path=pages.STATIC,
        template_folder="templates",
    )
    _settle(app, config, development)
    db.init_app(app, config)
    shell = loaded.shell if loaded is not None else None
    guard.install(app, shell)
    compress.install(app)
    limits.install(app)
    problems.install(app, shell)
    routes.install(app)
    reference.install(app)
    if shell is None:
        pages.install(app)
    if loaded is None:
        plugin_host.follow(app)
    else:
        plugin_host.pin(app, loaded, accepted=accepted)
        plugin_routes.install(app, loaded)
    return app


def _settle(app: Flask, config: Config, development: Development | None) -> None:
    """Set what Flask would else take from its environment or leave open."""
    app.debug = False
    app.secret_key = None  # sessions are rows of ours; nothing is ever signed into a cookie
    app.jinja_env.bytecode_cache = _COMPILED
    app.url_rule_class = _Rule
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config.update(
        TESTING=False,
        MAX_CONTENT_LENGTH=config.body_limit,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    if config.proxies:
        count = config.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    if development is not None:
        app.extensions[plugin_host.DEVELOPMENT] = development
        app.jinja_env.auto_reload = True
        app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 0

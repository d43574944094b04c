"""Relatum, a CRM platform made of plugins: what a plugin may import, and nothing else.

    from relatum import Plugin, hookimpl

    plugin = Plugin(id="loyalty", name="Loyalty cards", version="1.0.0")

    @hookimpl
    def relatum_before_write(batch, ctx): ...

Everything is loaded when it is first asked for, so that the command line starts quickly.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .core import audit as audit
    from .core import catalog as catalog
    from .core import changes as changes
    from .core import clock as clock
    from .core import entities as entities
    from .core import fields as fields
    from .core import imports as imports
    from .core import jobs as jobs
    from .core import languages as languages
    from .core import mail as mail
    from .core import people as people
    from .core import plugin_host as plugin_host
    from .core import preferences as preferences
    from .core import privacy as privacy
    from .core import profile as profile
    from .core import query as query
    from .core import records as records
    from .core import roles as roles
    from .core import uploads as uploads
    from .core import views as views
    from .core.access import for_new as for_new
    from .core.access import may as may
    from .core.access import seen as seen
    from .core.actor import Actor as Actor
    from .core.api import idempotency as idempotency
    from .core.api import limits as limits
    from .core.api import links as links
    from .core.api import manual as manual
    from .core.api import provider as provider
    from .core.api import sessions as sessions
    from .core.api.limits import count_public as count_public
    from .core.api.wire import body as body
    from .core.api.wire import wanted_version as wanted_version
    from .core.auth import identities as identities
    from .core.auth import second_factor as second_factor
    from .core.auth import tokens as tokens
    from .core.auth.actors import renewed as renewed
    from .core.db import reading as reading
    from .core.db import savepoint as savepoint
    from .core.db import transact as transact
    from .core.demo import Demo as Demo
    from .core.errors import CodeNeeded as CodeNeeded
    from .core.errors import Invalid as Invalid
    from .core.errors import RelatumError as RelatumError
    from .core.errors import error_codes as error_codes
    from .core.hooks import API_VERSION as API_VERSION
    from .core.hooks import Context as Context
    from .core.hooks import hookimpl as hookimpl
    from .core.hooks import hookspec as hookspec
    from .core.plugin_host import Permission as Permission
    from .core.plugin_host import Plugin as Plugin
    from .core.plugin_host import Routes as Routes
    from .core.plugin_host import Shell as Shell
    from .core.plugin_host import context as context
    from .core.plugin_host import requires as requires
    from .core.plugin_tables import Operations as Operations
    from .core.plugin_tables import OwnTable as OwnTable
    from .core.records import Committed as Committed
    from .core.records import WantedRates as WantedRates
    from .core.records import WriteBatch as WriteBatch
    from .core.storage import slices as slices
    from .version import __version__ as __version__

#: Where each name of the face comes from; an empty place is a module of its own.
_FACE: Final = {
    "API_VERSION": "core.hooks",
    "Actor": "core.actor",
    "CodeNeeded": "core.errors",
    "Committed": "core.records",
    "Context": "core.hooks",
    "Demo": "core.demo",
    "Invalid": "core.errors",
    "Operations": "core.plugin_tables",
    "OwnTable": "core.plugin_tables",
    "Permission": "core.plugin_host",
    "Plugin": "core.plugin_host",
    "RelatumError": "core.errors",
    "Routes": "core.plugin_host",
    "Shell": "core.plugin_host",
    "WantedRates": "core.records",
    "WriteBatch": "core.records",
    "__version__": "version",
    "audit": "core",
    "body": "core.api.wire",
    "catalog": "core",
    "changes": "core",
    "clock": "core",
    "context": "core.plugin_host",
    "count_public": "core.api.limits",
    "entities": "core",
    "error_codes": "core.errors",
    "fields": "core",
    "for_new": "core.access",
    "hookimpl": "core.hooks",
    "hookspec": "core.hooks",
    "idempotency": "core.api",
    "identities": "core.auth",
    "imports": "core",
    "jobs": "core",
    "languages": "core",
    "limits": "core.api",
    "links": "core.api",
    "mail": "core",
    "manual": "core.api",
    "may": "core.access",
    "privacy": "core",
    "people": "core",
    "plugin_host": "core",
    "preferences": "core",
    "profile": "core",
    "provider": "core.api",
    "query": "core",
    "reading": "core.db",
    "records": "core",
    "renewed": "core.auth.actors",
    "requires": "core.plugin_host",
    "roles": "core",
    "savepoint": "core.db",
    "second_factor": "core.auth",
    "seen": "core.access",
    "sessions": "core.api",
    "slices": "core.storage",
    "tokens": "core.auth",
    "transact": "core.db",
    "uploads": "core",
    "views": "core",
    "wanted_version": "core.api.wire",
}

#: Places whose modules are names of the face.
_FOLDERS: Final = ("core", "core.api", "core.auth")

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Load a name of the face."""
        if name not in _FACE:
            raise AttributeError(f"module 'relatum' has no attribute '{name}'")
        place = _FACE[name]
        if place in _FOLDERS:
            return importlib.import_module(f".{place}.{name}", __name__)
        return getattr(importlib.import_module(f".{place}", __name__), name)


def __dir__() -> list[str]:
    """Return the names of the face."""
    return sorted(_FACE)

"""A client of the instance that a server would serve, with the plugin's pages and calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from werkzeug.test import Client as BaseClient
from werkzeug.test import TestResponse

from ..dispatch import Application
from .instances import Instance
from .people import User, Users

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Client(BaseClient):
    """Sends requests in this process, as somebody; answers have `status_code`, `json`, `text`.

    `client.get("/api/v1/records/loyalty_card")`, `client.post(address, json={"number": "A1"})`.
    """

    def __init__(
        self, app: Instance, application: Application, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(application)
        self._app, self._served = app, application
        self.headers: dict[str, str] = dict(headers or {})

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request with the headers that say who asks."""
        kwargs["headers"] = {**self.headers, **dict(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)

    def of(
        self,
        user: str | User,
        *,
        scope: Mapping[str, Sequence[str]] | None = None,
        reads_only: bool = False,
    ) -> Client:
        """Return a client with a bearer token of somebody, by his name.

        A `scope` leaves the token the actions that it names of each type, "*": of all others.
        """
        who = Users(self._app).named(user) if isinstance(user, str) else user
        options: dict[str, Any] = {"scope": scope, "reads_only": reads_only}
        token = self._app.token(who.actor, **options)
        return self._with({"Authorization": f"Bearer {token}"})

    def anonymous(self) -> Client:
        """Return a client of whom nothing is known."""
        return self._with({})

    def signed_in(self, user: str | User = "Alice") -> Client:
        """Return a client with the cookie of a session, as a browser has it: for pages.

        It sends the session's CSRF token with every request. Raises `AssertionError` with the
        answer if signing in failed.
        """
        who = Users(self._app).named(user) if isinstance(user, str) else user
        made = self.anonymous()
        given = {"email": who.email, "password": who.password}
        answer = made.post("/api/v1/session", json=given)
        if answer.status_code != 200:
            raise AssertionError(f"{who.name} can't sign in: {answer.text}")
        made.headers["X-CSRF-Token"] = (answer.get_json() or {})["csrf"]
        return made

    def _with(self, headers: Mapping[str, str]) -> Client:
        return Client(self._app, self._served, headers)

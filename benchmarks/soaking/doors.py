"""Two doors to the same workers: the HTTP API, or the verbs themselves (`--direct`)."""

from __future__ import annotations

import http.client
import random
import traceback
from multiprocessing.connection import Client, Connection
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

import orjson


class Reply(NamedTuple):
    """An answer as HTTP gives it: status, JSON body, and the code of a refusal."""

    status: int
    body: Any

    @property
    def fine(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""

    @property
    def codes(self) -> set[str]:
        """The codes of all problems of a refusal."""
        return {problem["code"] for problem in self.body.get("errors", ())} | {self.code}


class Door(Protocol):
    """A way in; every client thread has its own."""

    def __call__(self, verb: str, type_name: str = "", **arguments: Any) -> Reply:
        """Carry out one verb on records of a type, on the data model, or on a plugin."""
        ...

    def close(self) -> None:
        """Leave; the next verb meets any worker."""
        ...


class HttpDoor:
    """Requests to the server; a new connection now and then, so that every worker is met.

    Like a good client it sends back which set of plugins it was told of.
    """

    _PATHS = {
        "create": ("POST", "/records/{type}"),
        "read": ("GET", "/records/{type}/{id}"),
        "history": ("GET", "/records/{type}/{id}/history"),
        "change": ("PATCH", "/records/{type}/{id}"),
        "remove": ("DELETE", "/records/{type}/{id}"),
        "restore": ("POST", "/records/{type}/{id}/restore"),
        "bulk_create": ("POST", "/records/{type}/bulk"),
        "bulk_change": ("PATCH", "/records/{type}/bulk"),
        "bulk_upsert": ("PUT", "/records/{type}/bulk"),
        "list": ("GET", "/records/{type}"),
        "query": ("POST", "/records/{type}/query"),
        "describe": ("GET", "/entity-types/{type}"),
        "plan": ("POST", "/entity-types/plan"),
        "apply": ("POST", "/entity-types/apply"),
        "enable": ("POST", "/plugins/{type}/enable"),
        "disable": ("POST", "/plugins/{type}/disable"),
        "plugin": ("GET", "/plugins/{type}"),
        "hello": ("GET", "/x/{type}/hello"),
    }

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._connection: http.client.HTTPConnection | None = None
        self._left = 0
        self._plugins = ""

    def __call__(self, verb: str, type_name: str = "", **arguments: Any) -> Reply:
        """Send one request and read its answer."""
        method, path = self._PATHS[verb]
        path = path.format(type=type_name, id=arguments.get("id", ""))
        # Pages of plugins have addresses of their own.
        path = path if path.startswith("/x/") else f"/api/v1{path}"
        query = list(arguments.get("query", ()))
        if "key" in arguments:
            query.append(("_key", ",".join(arguments["key"])))
        if query:
            path += "?" + urlencode(query)
        headers = {"Authorization": f"Bearer {self._token}"}
        if self._plugins:
            headers["Relatum-Generation"] = self._plugins
        if arguments.get("version") is not None:
            headers["If-Match"] = f'"{arguments["version"]}"'
        body = self._body(arguments)
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._send(method, path, body, headers)

    @staticmethod
    def _body(arguments: dict[str, Any]) -> bytes | None:
        if "rows" in arguments:
            return orjson.dumps({"records": arguments["rows"]})
        if "row" in arguments:
            return orjson.dumps(arguments["row"])
        if "changes" in arguments:
            return orjson.dumps({"changes": arguments["changes"]})
        return None

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        if self._connection is None or self._left <= 0:
            self.close()
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            self._left = random.randint(5, 40)
        self._left -= 1
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            raw = answer.read()
            self._plugins = answer.headers.get("Relatum-Generation", self._plugins)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Reply(599, {"code": "no_answer", "detail": repr(error)})
        try:
            return Reply(answer.status, orjson.loads(raw) if raw else {})
        except orjson.JSONDecodeError:
            return Reply(
                answer.status, {"code": "not_json", "detail": raw[:300].decode(errors="replace")}
            )

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class DirectDoor:
    """Calls of the verbs in the worker processes, each call in another worker."""

    def __init__(self, addresses: list[str]) -> None:
        self._workers: list[Connection] = [Client(address) for address in addresses]

    def __call__(self, verb: str, type_name: str = "", **arguments: Any) -> Reply:
        """Let one worker carry out the verb."""
        worker = random.choice(self._workers)
        try:
            worker.send((verb, type_name, arguments))
            status, body = worker.recv()
        except (OSError, EOFError):
            return Reply(599, {"code": "no_answer", "detail": traceback.format_exc()})
        return Reply(status, orjson.loads(body))

    def close(self) -> None:
        """Close the connections."""
        for worker in self._workers:
            worker.close()

"""A worker process of `--direct`: carries out verbs as a request would, without HTTP."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from flask import Flask

from relatum.core import catalog, db, entities, query, records
from relatum.core.actor import Actor
from relatum.core.changes import dump
from relatum.core.config import Config
from relatum.core.errors import Invalid, RelatumError


def work(config: Config, actor: Actor, address: str) -> None:
    """Answer calls at a local address until the process is told to stop."""
    app = Flask("relatum.soak")
    db.init_app(app, config)
    with Listener(address) as listener:
        Path(address + ".ready").touch()
        while True:
            connection = listener.accept()
            threading.Thread(target=_answer, args=(app, actor, connection), daemon=True).start()


def _answer(app: Flask, actor: Actor, connection: Connection) -> None:
    while True:
        try:
            verb, type_name, arguments = connection.recv()
        except (EOFError, OSError):
            return
        with app.app_context():
            connection.send(_carried_out(verb, type_name, arguments, actor))


def _carried_out(
    verb: str, type_name: str, arguments: dict[str, Any], actor: Actor
) -> tuple[int, bytes]:
    try:
        if verb in _READS:
            with db.reading():
                return 200, dump(_READS[verb](type_name, arguments, actor))
        return db.transact(
            lambda: _WRITES[verb](type_name, arguments, actor), exclusive=verb == "apply"
        )
    except RelatumError as error:
        return _status(error), dump(error.as_json())
    except Exception:
        return 500, dump({"code": "crash", "detail": traceback.format_exc()})


def _status(error: RelatumError) -> int:
    alone = isinstance(error, Invalid) and len(error.problems) == 1
    return (
        RelatumError(error.problems[0].code, **error.problems[0].params).status
        if alone
        else error.status
    )


def _one(type_name: str, outcome: records.Outcome, actor: Actor) -> tuple[int, bytes]:
    assert outcome.id is not None
    found = records.get(type_name, outcome.id, actor=actor)
    return 201 if outcome.status == "created" else 200, dump(found)


def _create(type_name: str, given: dict[str, Any], actor: Actor) -> tuple[int, bytes]:
    return _one(type_name, records.create(type_name, [given["row"]], actor=actor)[0], actor)


def _change(type_name: str, given: dict[str, Any], actor: Actor) -> tuple[int, bytes]:
    row = {**given["row"], "id": given["id"]}
    if given.get("version") is not None:
        row["version"] = given["version"]
    return _one(type_name, records.update(type_name, [row], actor=actor)[0], actor)


def _remove(type_name: str, given: dict[str, Any], actor: Actor) -> tuple[int, bytes]:
    records.delete(type_name, [{"id": given["id"]}], actor=actor)
    return 204, b"{}"


def _restore(type_name: str, given: dict[str, Any], actor: Actor) -> tuple[int, bytes]:
    return _one(type_name, records.restore(type_name, [{"id": given["id"]}], actor=actor)[0], actor)


def _bulk(verb: Callable[..., list[records.Outcome]]) -> Callable[..., tuple[int, bytes]]:
    def run(type_name: str, given: dict[str, Any], actor: Actor) -> tuple[int, bytes]:
        more = {"key": given["key"]} if "key" in given else {}
        outcomes = verb(type_name, given["rows"], actor=actor, **more)
        return 200, dump({"results": [outcome.as_json() for outcome in outcomes]})

    return run


def _apply(type_name: str, given: dict[str, Any], actor: Actor) -> tuple[int, bytes]:
    return 200, dump(entities.apply(given["changes"], actor=actor).as_json())


def _list(type_name: str, given: dict[str, Any], actor: Actor) -> Any:
    page = query.page(query.from_url(type_name, given["query"], actor=actor))
    return {"records": page.records, "next": page.next}


def _describe(type_name: str, given: dict[str, Any], actor: Actor) -> Any:
    return entities.describe(catalog.current().type(type_name), catalog.current())


def _plan(type_name: str, given: dict[str, Any], actor: Actor) -> Any:
    return entities.plan(given["changes"], actor=actor).as_json()


def _read(type_name: str, given: dict[str, Any], actor: Actor) -> Any:
    found = records.get(type_name, given["id"], actor=actor)
    if "query" in given:
        asked = [("id", str(given["id"])), *given["query"]]
        found |= query.page(query.from_url(type_name, asked, actor=actor)).records[0]
    return found


def _query(type_name: str, given: dict[str, Any], actor: Actor) -> Any:
    page = query.page(query.from_json(type_name, given["row"], actor=actor))
    return {"records": page.records}


_READS: dict[str, Callable[[str, dict[str, Any], Actor], Any]] = {
    "read": _read,
    "history": lambda name, given, actor: {
        "changes": records.history(name, given["id"], actor=actor)
    },
    "list": _list,
    "query": _query,
    "describe": _describe,
    "plan": _plan,
}
_WRITES: dict[str, Callable[[str, dict[str, Any], Actor], tuple[int, bytes]]] = {
    "create": _create,
    "change": _change,
    "remove": _remove,
    "restore": _restore,
    "bulk_create": _bulk(records.create),
    "bulk_change": _bulk(records.update),
    "bulk_upsert": _bulk(records.upsert),
    "apply": _apply,
}

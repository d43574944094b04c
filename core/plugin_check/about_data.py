"""Rules on the database: whose statements, whose transaction, migrations, personal data."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final

from .code import Code
from .rules import ERROR, WARNING, Finding, rule
from .subject import Subject

_OWN_SQL: Final = frozenset({
    "sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.create_engine", "sqlalchemy.DDL",
    "sqlite3.connect", "psycopg.connect", "psycopg2.connect",
})  # fmt: skip
_DDL: Final = frozenset({"create_all", "drop_all", "exec_driver_sql"})
_ENDS: Final = frozenset({"commit", "rollback", "begin", "begin_nested"})
#: What somebody calls that on which a transaction is begun and ended.
_SESSIONS: Final = frozenset({
    "session", "connection", "conn", "db", "engine", "tx", "transaction", "cursor",
})  # fmt: skip
#: The folder of migrations, which change tables of the plugin's own.
MIGRATIONS: Final = ".migrations."
#: Kinds and names of fields that mostly hold what is somebody's own.
_PERSONAL_KINDS: Final = frozenset({"email", "phone", "person_name"})
_PERSONAL_NAMES: Final = frozenset(
    "email phone mobile birthday birth_date date_of_birth birthplace first_name last_name surname "
    "given_name maiden_name gender nationality religion passport_number social_security_number "
    "private_address home_address salary iban".split()
)


@rule(
    "RLT016", "raw-sql", ERROR,
    title="SQL of one's own",
    why="A statement that goes past the verbs sees what the reader may not see, writes without "
    "history, rules and undo, and breaks when a column is renamed.",
    fix="Read by `query`, write by `records`; tables of the plugin's own are made by migrations.",
)  # fmt: skip
def raw_sql(subject: Subject) -> Iterator[Finding]:
    """Yield statements as text, and connections and tables made past the plugin host."""
    for code in subject.codes:
        for call in code.calls:
            name = code.called(call)
            method = name.rpartition(".")[2]
            text = method == "execute" and call.args and _is_text(call.args[0])
            if name in _OWN_SQL or method in _DDL or text:
                yield _at("RLT016", f"{_shown(call)} is SQL of its own.", code, call)


@rule(
    "RLT017", "own-transaction", ERROR,
    title="A transaction begun or ended by the plugin",
    why="A request, a command or a chunk of a job is one transaction, which the verbs join. Who "
    "commits in between leaves half of it behind when the rest fails.",
    fix="Leave it to Relatum; a command or a view with `own=True` opens one by `reading()` or "
    "`transact(...)`.",
)  # fmt: skip
def own_transaction(subject: Subject) -> Iterator[Finding]:
    """Yield commits, rollbacks and begins."""
    for code in subject.codes:
        for call in code.calls:
            if not isinstance(call.func, ast.Attribute) or call.func.attr not in _ENDS:
                continue
            owner = call.func.value
            owner = owner.func if isinstance(owner, ast.Call) else owner
            last = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if last.lower() in _SESSIONS:
                yield _at("RLT017", f"{_shown(call)} begins or ends a transaction.", code, call)


@rule(
    "RLT018", "no-way-back", ERROR,
    title="A migration without a way back",
    why="An upgrade that fails is taken back, and a plugin that is purged leaves the database as "
    "it was before. Both need the opposite of each step.",
    fix="Write `downgrade` beside `upgrade`; it undoes what the other does, in the opposite order.",
)  # fmt: skip
def no_way_back(subject: Subject) -> Iterator[Finding]:
    """Yield migrations that lack the function that takes them back."""
    for code in subject.codes:
        if not code.module.startswith(MIGRATIONS):
            continue
        known = {f.name: f for f in code.tree.body if isinstance(f, ast.FunctionDef)}
        forth = known.get("upgrade")
        if forth is not None and _does(forth) and not _does(known.get("downgrade")):
            message = "upgrade has no downgrade that does anything."
            yield Finding("RLT018", message, code.path, forth.lineno)


def _does(function: ast.FunctionDef | None) -> bool:
    """Say whether a function has a line beyond its docstring, `pass` and `...`."""
    return any(
        not isinstance(each, ast.Pass | ast.Raise)
        and not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for each in (function.body if function is not None else ())
    )


@rule(
    "RLT019", "personal-data", WARNING,
    title="A field that looks personal does not say whether it is",
    why="What is marked `personal` is found when somebody asks for his data, and erased when he "
    "wants that. A forgotten mark leaves it there for good.",
    fix='Say `"personal": True`, or `"personal": False` for the address of a company.',
)  # fmt: skip
def personal_data(subject: Subject) -> Iterator[Finding]:
    """Yield declared fields of personal names and kinds without the word `personal`."""
    for code in subject.codes:
        for node in code.nodes:
            if not isinstance(node, ast.Dict):
                continue
            said = _literals(node)
            if "name" not in said or "kind" not in said or "personal" in said:
                continue
            if said["kind"] in _PERSONAL_KINDS or said["name"] in _PERSONAL_NAMES:
                message = f"The field '{said['name']}' ({said['kind']}) does not say so."
                end = node.end_lineno or node.lineno
                yield Finding("RLT019", message, code.path, node.lineno, end)


def _literals(node: ast.Dict) -> dict[str, Any]:
    """Return the keys of a dict that are texts, with their values where these are literals."""
    return {
        key.value: value.value if isinstance(value, ast.Constant) else None
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _shown(call: ast.Call) -> str:
    return f"{ast.unparse(call.func)}(...)"[-80:]


def _at(rule_id: str, message: str, code: Code, call: ast.Call) -> Finding:
    return Finding(rule_id, message, code.path, call.lineno, call.end_lineno or 0)

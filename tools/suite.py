"""Run the test suite on SQLite, and on PostgreSQL and Redis when a server can be reached.

usage: python tools/suite.py [PYTEST ARGUMENT]...
       python tools/suite.py --server     print the PostgreSQL address that would be used
       python tools/suite.py --redis      print the Redis address that would be used

RELATUM_TEST_POSTGRESQL names the server; its user must be allowed to create databases.
RELATUM_TEST_REDIS names a Redis server, whose databases from 1 on are emptied.
Without a server, the last line says how many tests did not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

VARIABLE = "RELATUM_TEST_POSTGRESQL"
USUAL = "postgresql://postgres@127.0.0.1/postgres"
REDIS, USUAL_REDIS = "RELATUM_TEST_REDIS", "redis://127.0.0.1:6379/0"
ROOT = Path(__file__).resolve().parents[1]
PYTEST = str(Path(sys.executable).with_name("pytest"))
REMEDY = "Look at the first failure above; 'make test ARGS=-x' stops there."
#: Each process takes a run of modules, and later from the end of another's: what is prepared for
#: a module is prepared once.
_SPREAD = ("-n", "2", "--dist", "worksteal")
ORDINARY = "not slow and not fault and not browser"


def main(arguments: list[str]) -> int:
    """Run the suite and return pytest's exit code."""
    address = os.environ.get(VARIABLE, USUAL)
    if arguments == ["--redis"]:
        print(redis_server() or f"{os.environ.get(REDIS, USUAL_REDIS)} does not answer")
        return 0 if redis_server() else 1
    reason = unreachable(address)
    if arguments == ["--server"]:
        print(reason or address)
        return 1 if reason else 0
    if reason and VARIABLE in os.environ:
        print(f"PostgreSQL at {VARIABLE} can't be used: {reason}. Start it, or unset {VARIABLE}.")
        return 1
    if reason:
        status = pytest([*_SPREAD, *arguments], server="")
        missing = count_postgres(arguments)
        print(f"No PostgreSQL at {USUAL}: {missing} tests did not run. Set {VARIABLE} to run them.")
        return status
    return pytest([*_SPREAD, *arguments], server=address)


def unreachable(address: str) -> str:
    """Return why no test database can be made at `address`, or an empty text."""
    try:
        with psycopg.connect(address, connect_timeout=2) as connection:
            query = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            row = connection.execute(query).fetchone()
    except psycopg.Error as error:
        return str(error).splitlines()[0]
    return "" if row and row[0] else "its user may not create databases"


def redis_server() -> str:
    """Return the address of the Redis server, or an empty text if none answers."""
    address = os.environ.get(REDIS, USUAL_REDIS)
    try:
        with Redis.from_url(address, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except (RedisError, ValueError):
        return ""
    return address


def pytest(arguments: list[str], *, server: str) -> int:
    """Run pytest in the checkout; an empty `server` leaves the PostgreSQL tests out."""
    step = ["tools/step", "Tests", REMEDY, PYTEST, *arguments]
    return subprocess.run(
        step, cwd=ROOT, env={**os.environ, VARIABLE: server, REDIS: redis_server()}, check=False
    ).returncode


def count_postgres(arguments: list[str]) -> int:
    """Return how many of the chosen tests need PostgreSQL, without running or reaching it."""
    chosen = [*arguments, "--collect-only", "--verbosity=-1", "-m", f"postgres and {ORDINARY}"]
    listing = subprocess.run(
        [PYTEST, *chosen],
        cwd=ROOT,
        env={**os.environ, VARIABLE: USUAL},
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"^(\d+)(?:/\d+)? tests? collected", listing, re.MULTILINE)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

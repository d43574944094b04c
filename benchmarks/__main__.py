"""Measure the product against pages written by hand: `python -m relatum.benchmarks`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

from relatum.benchmarks import (
    access,
    board,
    bulk,
    change,
    convert,
    data,
    desk,
    duplicates,
    ground,
    instance,
    model,
    pages,
    plugins,
    timeline,
    web,
)
from relatum.benchmarks.report import Figure, markdown

CASES = (
    "pages",
    "sizes",
    "bulk",
    "field",
    "change",
    "model",
    "catalog",
    "start",
    "desk",
    "access",
    "plugins",
    "timeline",
    "convert",
    "board",
    "duplicates",
)


def main() -> int:
    """Run the benchmarks that were asked for and print one table."""
    asked = _arguments()
    chosen: list[str] = asked.only or list(CASES)
    with contextlib.ExitStack() as stack:
        folder = asked.data
        if folder is None:
            folder = data.prepare(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        _say("making an instance")
        made = stack.enter_context(instance.scratch(asked.database))
        figures = _measure(made, folder, chosen, quick=asked.quick)
        with made.connection() as connection:
            version = ".".join(map(str, connection.dialect.server_version_info or ()))
            database = f"{connection.dialect.name} {version}".strip()
    sys.stdout.write("\n" + markdown(figures, database))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m relatum.benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer requests, rows and rounds; figures are rough"
    )
    parser.add_argument("--only", action="append", choices=CASES, help="one part; may be repeated")
    parser.add_argument("--database", default="sqlite", help="sqlite (default) or postgresql://…")
    parser.add_argument(
        "--data", type=Path, help="a folder with accounts.csv, contacts.csv, opportunities.csv"
    )
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _measure(
    made: instance.Instance, folder: Path, chosen: list[str], *, quick: bool
) -> list[Figure]:
    requests, rounds, largest = (100, 1, 100_000) if quick else (500, 3, 1_000_000)
    figures: list[Figure] = []
    _say("making records")
    ids = instance.fill(made, folder)
    made.settle()
    if {"pages", "sizes"} & set(chosen):
        figures += _requests(made, folder, ids, chosen, requests, largest)
    if "field" in chosen:
        _say("field")
        figures += ground.add_field(made, largest, max(3, rounds), _say)
    if "change" in chosen:
        _say("change")
        figures += change.measure(made, largest, _say)
    if "model" in chosen:
        _say("model")
        figures += model.measure(made, rounds, _say)
    if "bulk" in chosen:
        _say("bulk")
        figures += bulk.measure(
            made, folder, ids["x_account"], largest // 5 if quick else 100_000, rounds, _say
        )
    if "access" in chosen:
        _say("access")
        figures += access.measure(made, largest, 30 if quick else 100, _say)
    if "catalog" in chosen:
        _say("catalog")
        figures += ground.load_catalog(made, 2 * rounds + 3, _say)
    if "start" in chosen:
        _say("start")
        figures += ground.start_up(2 * rounds + 1)
    return [*figures, *_last(made, folder, chosen, requests, largest)]


def _last(
    made: instance.Instance, folder: Path, chosen: list[str], requests: int, largest: int
) -> list[Figure]:
    """Measure what enables plugins, which are part of all that comes after."""
    figures: list[Figure] = []
    if "duplicates" in chosen:
        _say("duplicates")
        figures += duplicates.measure(made, largest, min(requests, 200), _say)
    if "plugins" in chosen:
        _say("plugins")
        figures += plugins.measure(made, requests, _say)
    if "convert" in chosen:
        _say("convert")
        figures += convert.measure(made, max(1, requests // 100), _say)
    if "desk" in chosen:
        _say("desk")
        figures += desk.measure(made, folder, requests, _say, largest)
    if "board" in chosen:
        _say("board")
        figures += board.measure(made, requests, _say)
    if "timeline" in chosen:
        _say("timeline")
        figures += timeline.measure(made, requests, _say)
    return figures


def _requests(
    made: instance.Instance,
    folder: Path,
    ids: dict[str, list[int]],
    chosen: list[str],
    requests: int,
    largest: int,
) -> list[Figure]:
    figures: list[Figure] = []
    with web.serving(made) as servers:
        if "pages" in chosen:
            _say("pages")
            figures += pages.measure(servers, folder, ids, requests, _say)
        if "sizes" in chosen:
            _say("sizes")
            figures += pages.sizes(made, servers, folder, requests, _say, largest)
        ours, theirs = (server.memory() for server in servers)
    ratio = f"{ours / theirs:.2f} ×"
    figures.append(
        Figure("memory of the worker", f"{ours:.0f} MB", f"{theirs:.0f} MB", shown=ratio)
    )
    return figures


if __name__ == "__main__":
    sys.exit(main())

"""What the help pages need of curl, for machines without it."""

from __future__ import annotations

import argparse
import sys
import time
import urllib.error
import urllib.request

#: What curl ends with if --fail is given and the answer's status is 400 or more.
FAILED = 22


def main() -> int:
    """Send a request as curl does, and print the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    for short, long in (("-s", "silent"), ("-S", "show-error"), ("-f", "fail"), ("-i", "include")):
        parser.add_argument(short, f"--{long}", action="store_true")
    parser.add_argument("--retry-connrefused", action="store_true")
    parser.add_argument("--retry", type=int, default=0)
    parser.add_argument("--retry-delay", type=float, default=1)
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-d", "--data")
    asked = parser.parse_args()
    headers = dict(header.split(": ", 1) for header in asked.header)
    data = None if asked.data is None else asked.data.encode()
    request = urllib.request.Request(asked.address, data, headers, method=asked.request)
    return _print(request, asked)


def _print(request: urllib.request.Request, asked: argparse.Namespace) -> int:
    for left in range(asked.retry, -1, -1):
        try:
            answer = urllib.request.urlopen(request, timeout=30)
            break
        except urllib.error.HTTPError as error:
            if asked.fail:
                return FAILED
            answer = error
            break
        except OSError:
            if not left:
                raise
            time.sleep(asked.retry_delay)
    with answer:
        if asked.include:
            sys.stdout.write(f"HTTP/1.1 {answer.status}\n{answer.headers}")
        sys.stdout.write(answer.read().decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())

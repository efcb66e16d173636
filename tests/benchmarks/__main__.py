"""`make bench`: this project beside what one would use instead, in one run, as the tables of docs/quality.md.

The API beside the original FastAPI design, the staff pages beside Django's own admin, each operation beside a bare call
of botocore. It starts an engine of its own, in memory. Run it on a quiet machine; it takes about ten minutes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from tests.benchmarks import api, overhead, staff_pages

PAGE_COUNTS = (2_000, 20_000)


def main() -> None:
    endpoint_url, stamp = f"http://127.0.0.1:{overhead.start_engine()}", str(os.getpid())
    _table("API", "FastAPI", api.compare(endpoint_url, stamp))
    for count in PAGE_COUNTS:
        _table(f"{count:,} events, page", "Django admin", staff_pages.compare(endpoint_url, stamp, count))
    _table("operation", "botocore", overhead.compare(endpoint_url))


def _table(what: str, peer: str, rows: Iterable[tuple[str, str, float, float]]) -> None:
    sys.stdout.write(f"\n| {what} | unit | {peer} | project | ratio |\n| --- | --- | --- | --- | --- |\n")
    for name, unit, theirs, ours in rows:
        sys.stdout.write(f"| {name} | {unit.replace('_', ' ')} | {theirs:.2f} | {ours:.2f} | {ours / theirs:.2f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""The tables of docs/scale.md, from the simulation. Prices as docs/deployment.md has them: eu-west-1, from memory."""

from __future__ import annotations

import math

from tests.benchmarks.scale import (
    ANSWER_BYTES,
    ANSWER_BYTES_GZIP,
    BY_TIME,
    COUNTS,
    EVENTS,
    HISTORY,
    LOOKS,
    MINUTES,
    MIXES,
    RATES,
    ROW_BYTES,
    Break,
    demand,
    first_break,
    operations,
)
from tests.benchmarks.scale_partitions import READ_LIMIT

READS, WRITES = 0.142, 0.71  # a million units
REQUESTS = 3.50 + 0.20 + 0.06 * 0.5 * 16.6667 + 1.6 * 0.57  # a million: gateway, Lambda and its 60 ms, log lines
FIXED = 1.80 + 4.00 + 0.05  # metrics, alarms, the rest
GIGABYTE = 0.283 + 0.226  # stored, with point-in-time recovery
SECONDS = 365 / 12 * 24 * 60 * 60
CHANGES = 5  # of an event, in the history
OVERHEAD = 100  # bytes that DynamoDB adds to a row
MOST_ANSWERED = 6_291_556


def _table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _number(value: float) -> str:
    """To two digits, as nothing here is known better."""
    if value < 10:
        return f"{value:.2g}"
    return f"{round(value, 1 - math.floor(math.log10(value))):,.0f}"


def _dollars(value: float) -> str:
    return f"{value:,.2f}" if value < 100 else _number(value)


def breaks() -> str:
    """Requests a second that are served, on the first day of new tables and after hours of that traffic."""
    lines = []
    for mix in MIXES:
        for when, minutes in (("first minute", 1), ("hours later", MINUTES)):
            found = [first_break(mix, count, minutes) for count in COUNTS]
            lines.append([mix, when, *(_number(broken.rate) for broken in found), _broken(found[-1])])
    return _table(["traffic", "when", *(f"{count:,}" for count in COUNTS), "then, with 1,000,000"], lines)


def _broken(found: Break) -> str:
    return f"{found.name} ({found.why})" if found.name else "nothing yet"


def mending() -> str:
    """What an import meets next, each time after what stopped it was removed."""
    removed: frozenset[str] = frozenset()
    lines = []
    while True:
        found = first_break("import", 10_000, MINUTES, removed)
        lines.append([", ".join(sorted(removed)) or "nothing", _number(found.rate), _broken(found)])
        if not found.name:
            return _table(["removed", "events written a second", "then"], lines)
        removed |= {found.name}


def units() -> str:
    """What each operation takes."""
    small, middle, large = (operations(count) for count in (100, 10_000, 1_000_000))
    lines = [
        [
            name,
            *(_number(sum(taken[name].reads.values()) or 0) for taken in (small, middle, large)),
            _number(sum(middle[name].writes.values())) if middle[name].writes else "",
        ]
        for name in small
    ]
    return _table(["operation", "read units: 100 events", "10,000", "1,000,000", "write units"], lines)


def costs() -> str:
    """USD a month, for traffic that goes on day and night."""
    lines = []
    for rate in RATES:
        cells = [f"{rate:,}", _number(rate * SECONDS / 1e6)]
        for mix in ("reading site", "busy editing"):
            reads, writes = (sum(part.values()) for part in demand(mix, 10_000))
            dynamodb = (reads * READS + writes * WRITES) * rate * SECONDS / 1e6
            cells += [_dollars(FIXED + REQUESTS * rate * SECONDS / 1e6 + dynamodb), f"{_dollars(dynamodb)}"]
        lines.append(cells)
    head = ["requests/s", "millions a month", "reading site", "of it DynamoDB", "busy editing", "of it DynamoDB"]
    return _table(head, lines)


def storage() -> str:
    """Megabytes and USD a month, by the number of events."""
    event = sum(size + OVERHEAD for name, size in ROW_BYTES.items() if name not in (HISTORY, BY_TIME))
    change = sum(ROW_BYTES[name] + OVERHEAD for name in (HISTORY, BY_TIME))
    lines = []
    for count in COUNTS[2:]:
        size = count * (event + CHANGES * change)
        lines.append([f"{count:,}", _number(size / 1e6), f"{size / 1e9 * GIGABYTE:.2f}"])
    return _table(["events", "MB, with indexes and history", "USD a month"], lines)


def whole_list() -> str:
    """`GET /events` without a limit."""
    lines = []
    for count in (*COUNTS[1:4], 20_000, 50_000, *COUNTS[4:]):
        read = sum(operations(count)["all"].reads.values())
        plain, packed = count * ANSWER_BYTES, count * ANSWER_BYTES_GZIP * 4 / 3
        works = "yes" if plain <= MOST_ANSWERED else "with gzip only" if packed <= MOST_ANSWERED else "no, 413"
        lines.append(
            [
                f"{count:,}",
                f"{read:,.0f}",
                f"{read * READS / 1000:.2g}",
                f"{_number(plain / 1e6)} MB",
                f"{math.ceil(count * ROW_BYTES[EVENTS] / 2**20)}",
                works,
            ]
        )
    return _table(["events", "read units", "USD for 1,000", "response", "calls of DynamoDB", "on Lambda"], lines)


def searches() -> str:
    """A text that nothing has."""
    lines = []
    for count in COUNTS[2:]:
        seen = min(count, sum(LOOKS))
        looks = next(number for number in range(1, len(LOOKS) + 1) if sum(LOOKS[:number]) >= seen)
        read = sum(operations(count)["search"].reads.values())
        pages = math.ceil(count / sum(LOOKS))
        lines.append([f"{count:,}", f"{seen:,}", f"{looks}", f"{read:,.0f}", f"{pages}", _number(READ_LIMIT / read)])
    head = ["events", "events read", "calls of DynamoDB", "read units", "pages to the end", "searches/s of a partition"]
    return _table(head, lines)


TABLES = (breaks, mending, whole_list, searches, units, costs, storage)

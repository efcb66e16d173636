"""How far this goes, and what breaks first: the tables of docs/scale.md. Run with `python -m tests.benchmarks.scale`.

Traffic on the tables and their indexes, simulated (scale_partitions) from what each operation takes; test_scale.py
measures that with DynamoDB Local.
"""

from __future__ import annotations

import math
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

from tests.benchmarks.scale_partitions import END, Places, Store, zipf

COUNTS = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
RATES = (1, 10, 100, 1_000, 10_000)
MINUTES = 180
REFUSED = 0.01  # what is called broken: more of the reads or writes than this

EVENTS, HISTORY, ACCESS = "events", "events-history", "events-access"
BY_DATE, BY_STATUS, BY_NAME = "events by-date", "events by-status", "events by-status-name"
BY_TEXT = "events by-text"
BY_TIME = "events-history by-time"

# Bytes of an event and of a change in each, of the made-up ones.
ROW_BYTES = {EVENTS: 494, BY_DATE: 307, BY_TEXT: 173, BY_STATUS: 494, BY_NAME: 110, HISTORY: 556, BY_TIME: 240}
ANSWER_BYTES, ANSWER_BYTES_GZIP = 300, 44  # of an event in GET /events
DAYS = 730  # that the events are spread over, half of them past
LOOKS = (500, 1_000, 2_000, 3_000, 3_000, 3_000, 3_000, 3_000)  # rows, of a text search: by-date, then by-text
MOST_OF_A_MONTH = len(LOOKS) * 2**20 / ROW_BYTES[BY_DATE]  # rows: as many looks, each of a megabyte
STATUSES = {"active": 0.70, "completed": 0.12, "draft": 0.10, "cancelled": 0.05, "postponed": 0.03}

Units = dict[str, float]


class Operation(NamedTuple):
    """What one request takes: read units and write units of each table and index."""

    reads: Units
    writes: Units = {}  # noqa: RUF012  # a NamedTuple has no other kind of default


def rows(store: str, count: float) -> float:
    """Units of an eventually consistent query of so many rows."""
    return max(0.5, math.ceil(count * ROW_BYTES[store] / 4096) / 2)


SIGNED_IN: Units = {ACCESS: 2}  # the session, and whose it is
CHANGE: Units = {
    EVENTS: 2,
    HISTORY: 2,
    BY_TIME: 1,
}  # a transaction takes 2 of a table, and of an index what others take


def operations(count: int) -> dict[str, Operation]:
    """What each operation takes with so many events."""
    page: float = min(count, 50)
    whole: float = max(1, math.ceil(count * ROW_BYTES[EVENTS] / 4096))
    month = min(count * 30.5 / DAYS, MOST_OF_A_MONTH)
    statuses: Units = {BY_NAME: 0.5 * (len(STATUSES) + 1)}
    seen = min(count, sum(LOOKS))
    # Which locations and organizers a filter offers.
    in_use = rows(BY_DATE, min(count * (DAYS / 2 + 60) / DAYS, 200))
    counted = rows(BY_DATE, min(count, 1_001))
    return {
        "get": Operation({EVENTS: 1}),
        "page": Operation({BY_DATE: rows(BY_DATE, page + 1), EVENTS: page}),
        "status": Operation({BY_STATUS: rows(BY_STATUS, page + 1)}),
        "all": Operation({EVENTS: whole}),
        "create": Operation({}, {**CHANGE, BY_DATE: 1, BY_TEXT: 1, BY_STATUS: 1, BY_NAME: 1, ACCESS: 2}),
        "update": Operation({EVENTS: 1}, {**CHANGE, BY_DATE: 1, BY_STATUS: 1}),
        "set status": Operation({EVENTS: 1}, {**CHANGE, BY_DATE: 1, BY_STATUS: 2, BY_NAME: 2}),
        "move": Operation({EVENTS: 1}, {**CHANGE, BY_DATE: 2, BY_TEXT: 2, BY_STATUS: 2}),
        "delete": Operation({EVENTS: 1}, {**CHANGE, BY_DATE: 1, BY_TEXT: 1, BY_STATUS: 1, BY_NAME: 1, ACCESS: 2}),
        "home": Operation({**SIGNED_IN, BY_DATE: rows(BY_DATE, month), BY_TIME: 0.5}),
        "list": Operation({**SIGNED_IN, **statuses, BY_DATE: rows(BY_DATE, page + 1) + in_use + counted}),
        "search": Operation(
            {
                **SIGNED_IN,
                **statuses,
                BY_DATE: rows(BY_DATE, min(seen, LOOKS[0])) + in_use,
                **({BY_TEXT: rows(BY_TEXT, seen - LOOKS[0])} if seen > LOOKS[0] else {}),
            }
        ),
        "calendar": Operation({**SIGNED_IN, BY_DATE: rows(BY_DATE, month)}),
        "event": Operation({**SIGNED_IN, EVENTS: 1, HISTORY: 1}),
        "activity": Operation({**SIGNED_IN, BY_TIME: 1.5}),
    }


MIXES: dict[str, dict[str, float]] = {
    "reading site": {"get": 70, "status": 24, "page": 3, "event": 1, "list": 1, "update": 1},
    "reading, pages of all": {"get": 50, "page": 49, "update": 1},
    "busy editing": {
        "list": 24,
        "event": 24,
        "home": 8,
        "calendar": 10,
        "search": 3,
        "activity": 3,
        "create": 8,
        "update": 10,
        "set status": 5,
        "move": 3,
        "delete": 2,
    },
    "import": {"create": 100},
    "list everything": {"get": 95, "all": 5},
}


def demand(mix: str, count: int) -> tuple[Units, Units]:
    """Units that one request of a mix takes on average: read and written."""
    reads: dict[str, float] = defaultdict(float)
    writes: dict[str, float] = defaultdict(float)
    total = sum(MIXES[mix].values())
    for name, weight in MIXES[mix].items():
        operation = operations(count)[name]
        for units, taken in ((reads, operation.reads), (writes, operation.writes)):
            for store, number in taken.items():
                units[store] += number * weight / total
    return reads, writes


@cache
def _popular(count: int) -> Places:
    chance = random.Random(1)
    return [(chance.random(), share) for share in zipf(count)]


def _even(count: int, first: float = 0.0, last: float = 1.0) -> Places:
    count = min(count, 200)
    return [(first + (last - first) * (number + 0.5) / count, 1 / count) for number in range(count)]


def _mixed(*parts: tuple[float, Places]) -> Places:
    total = sum(weight for weight, _ in parts) or 1
    return [(place, share * weight / total) for weight, places in parts if weight for place, share in places]


def _by_status(places: Places) -> Places:
    """Each status has a part of the keys of its own."""
    return [
        ((number + place) / len(STATUSES), share * weight)
        for number, weight in enumerate(STATUSES.values())
        for place, share in places
    ]


def _listed(count: int) -> Places:
    """The events on the pages of a list, which are anywhere in the table; few read beyond the first page."""
    chance = random.Random(2)
    pages = zipf(max(1, count // 50), 20)
    size = min(count, 50)
    return [(chance.random(), share / size) for share in pages for _ in range(size)]


@cache
def places(mix: str, count: int) -> dict[str, tuple[Places, Places]]:
    """Where this mix reads and writes each store; an import adds events, the others change the ones that are there."""
    taken, weights = operations(count), MIXES[mix]

    def weight(store: str, *names: str) -> float:
        return sum(weights.get(name, 0) * taken[name].reads.get(store, 0) for name in names)

    written = max(count, 200) if mix == "import" else count
    upcoming = _even(written, 0.5, 1.0)
    pages = zipf(max(1, count // 50))
    first_pages: Places = [(0.5 + 0.5 * number / len(pages), share) for number, share in enumerate(pages)]
    next_month = _even(count, 0.5, 0.5 + 30.5 / DAYS)
    first_look, searched = (_even(count, 0.5, 0.5 + 0.5 * min(1.0, seen / count)) for seen in (LOOKS[0], sum(LOOKS)))
    events = _mixed(
        (weight(EVENTS, "get", "event"), _popular(count)),
        (weight(EVENTS, "page"), _listed(count)),
        (weight(EVENTS, "all", "update", "set status", "move", "delete"), _even(count)),
    )
    by_date = _mixed(
        (weight(BY_DATE, "page", "list"), first_pages),
        (weight(BY_DATE, "home", "calendar"), next_month),
        (weight(BY_DATE, "search"), first_look),
    )
    return {
        EVENTS: (events, _even(written)),
        BY_DATE: (by_date, upcoming),
        BY_TEXT: (searched, upcoming),
        BY_STATUS: (_by_status(first_pages), _by_status(upcoming)),
        BY_NAME: (_by_status([(0.5, 1.0)]), _by_status([(0.5, 1.0)])),
        HISTORY: (_popular(count), _even(written)),
        BY_TIME: ([(END, 1.0)], [(END, 1.0)]),
        ACCESS: (_even(100), []),
    }


def new_stores(mix: str, count: int) -> dict[str, Store]:
    """As they are on the first day: a table has four partitions, an index as many as keys for them, at most."""
    bounds = {name: [0.0, 0.25, 0.5, 0.75] for name in (EVENTS, HISTORY, ACCESS)}
    bounds[BY_STATUS] = [number / len(STATUSES) for number in range(len(STATUSES))]
    return {name: Store(*where, bounds.get(name, [0.0])[:]) for name, where in places(mix, count).items()}


class Refusal(NamedTuple):
    """The share that the worst table or index refused in a minute, and which it was."""

    share: float
    name: str
    store: Store


def simulate(mix: str, count: int, rate: float, removed: frozenset[str] = frozenset()) -> Iterator[Refusal]:
    """So many requests a second, minute by minute, on tables that were new when it began; `removed` has no limits."""
    reads, writes = demand(mix, count)
    simulated = {name: store for name, store in new_stores(mix, count).items() if name not in removed}
    while True:
        refused = {name: store.minute(rate * reads[name], rate * writes[name]) for name, store in simulated.items()}
        worst = max(refused, key=lambda name: refused[name])
        yield Refusal(refused[worst], worst, simulated[worst])


def last_minute(mix: str, count: int, rate: float, minutes: int, removed: frozenset[str] = frozenset()) -> Refusal:
    """What is refused at the end; once nothing is, nothing changes any more."""
    refusals = islice(simulate(mix, count, rate, removed), minutes)
    return next((refusal for number, refusal in enumerate(refusals, 1) if not refusal.share or number == minutes))


class Break(NamedTuple):
    """The requests a second (10,000 at most) that are served, and what refuses more than that, and why."""

    rate: float
    name: str = ""
    why: str = ""


@cache
def first_break(mix: str, count: int, minutes: int, removed: frozenset[str] = frozenset()) -> Break:
    """The highest rate at which the last of so many minutes goes well."""
    low, high = 0.1, float(RATES[-1])
    refusal = last_minute(mix, count, high, minutes, removed)
    if refusal.share <= REFUSED:
        return Break(high)
    while high / low > 1.05:
        middle = math.sqrt(low * high)
        last = last_minute(mix, count, middle, minutes, removed)
        if last.share <= REFUSED:
            low = middle
        else:
            high, refusal = middle, last
    return Break(low, refusal.name, refusal.store.why())


def main() -> None:
    from tests.benchmarks.scale_tables import TABLES

    for table in TABLES:
        sys.stdout.write(f"{table.__name__}: {table.__doc__}\n\n{table()}\n")


if __name__ == "__main__":
    main()

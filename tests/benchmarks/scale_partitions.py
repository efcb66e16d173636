"""A simulation of how DynamoDB serves a table or an index: partitions, their limits, and the splits that heat makes.

The limits are those that AWS publishes; how fast it splits is assumed. Bursts are left out, and that indexes are read
from two of three replicas.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

READ_LIMIT, WRITE_LIMIT = 3_000, 1_000  # units a second of a partition
NEW_READS, NEW_WRITES = 12_000, 4_000  # of a new on-demand table, and of a new index
MOST_READS, MOST_WRITES = 40_000, 40_000  # an account's quota for a table or an index; AWS raises it
MINUTES_TO_SPLIT = 10  # assumed: how long a partition is over its limit before it is split
MINUTES_TO_DOUBLE = 30  # on-demand serves twice the highest rate that it had before

END = 1.0  # writes at the end of the sort order: whatever was split off before, they are all in the last partition

# Where traffic goes, in the order of the keys (0 to 1), and its share. A place is one key: it cannot be split.
Places = Sequence[tuple[float, float]]


class Served(NamedTuple):
    """Units a second that were served, the share that was refused, and the partitions that were over their limit."""

    served: float
    refused: float
    hot: frozenset[int]


@dataclass
class Store:
    """A table or an index: where each partition begins, and how long it has been over its limit."""

    reads: Places
    writes: Places
    bounds: list[float] = field(default_factory=lambda: [0.0])
    read_peak: float = NEW_READS / 2
    write_peak: float = NEW_WRITES / 2

    def __post_init__(self) -> None:
        self.reads, self.writes = sorted(self.reads), sorted(self.writes)
        self._minutes_hot = [0] * len(self.bounds)
        self._recent: list[tuple[float, float]] = []
        self._spread()

    def _spread(self) -> None:
        """The share of the traffic of each partition."""
        self._read_shares = self._shares(self.reads)
        self._write_shares = self._shares(self.writes)

    def _shares(self, places: Places) -> list[float]:
        return [sum(share for _, share in self._inside(number, places)) for number in range(len(self.bounds))]

    def minute(self, reads: float, writes: float) -> float:
        """Serves a minute of so many units a second; returns the share that was refused, of reads or of writes."""
        if max(reads / READ_LIMIT, writes / WRITE_LIMIT) <= 1:  # no partition can be over its limit
            return 0.0
        read = self._serve(reads, self._read_shares, READ_LIMIT, min(MOST_READS, max(NEW_READS, 2 * self.read_peak)))
        wrote = self._serve(
            writes, self._write_shares, WRITE_LIMIT, min(MOST_WRITES, max(NEW_WRITES, 2 * self.write_peak))
        )
        self._recent.append((read.served, wrote.served))
        if len(self._recent) >= MINUTES_TO_DOUBLE:
            self.read_peak = max(self.read_peak, self._recent[-MINUTES_TO_DOUBLE][0])
            self.write_peak = max(self.write_peak, self._recent[-MINUTES_TO_DOUBLE][1])
        self._read, self._wrote = read, wrote
        hot = [number for number in range(len(self.bounds)) if number in read.hot or number in wrote.hot]
        for number in range(len(self.bounds)):
            self._minutes_hot[number] = self._minutes_hot[number] + 1 if number in hot else 0
        for number in reversed(hot):
            if self._minutes_hot[number] >= MINUTES_TO_SPLIT:
                self._split(number, self.reads if number in read.hot else self.writes)
        return max(read.refused, wrote.refused)

    def why(self) -> str:
        """What the last minute's refusals were: reads or writes, and what they were too many for."""
        if self._read.refused >= self._wrote.refused:
            return f"read: {self._reason(self._read, self.reads)}"
        return f"write: {self._reason(self._wrote, self.writes)}"

    @staticmethod
    def _serve(units: float, shares: list[float], limit: int, room: float) -> Served:
        over = {number: share * units - limit for number, share in enumerate(shares) if share * units > limit}
        served = min(units - sum(over.values()), room)
        return Served(served, 1 - served / units if units else 0.0, frozenset(over))

    def _reason(self, served: Served, places: Places) -> str:
        if not served.hot:
            return "table's limit"
        if all(place == END for place, _ in places):
            return "end of the order"
        spread = [len({place for place, _ in self._inside(number, places)}) for number in served.hot]
        return "one key" if max(spread) == 1 else "partition"

    def _inside(self, number: int, places: Places) -> Places:
        end = bisect_left(places, (self.bounds[number + 1],)) if number + 1 < len(self.bounds) else len(places)
        return places[bisect_left(places, (self.bounds[number],)) : end]

    def _split(self, number: int, places: Places) -> None:
        """At the median of its traffic, if more than one key has any."""
        inside = self._inside(number, places)
        half, passed = sum(share for _, share in inside) / 2, 0.0
        candidates = []
        for (place, share), (following, _) in pairwise(inside):
            passed += share
            if place < following:
                candidates.append((abs(passed - half), (place + following) / 2))
        self._minutes_hot[number] = 0
        if candidates:
            self.bounds.insert(number + 1, min(candidates)[1])
            self._minutes_hot.insert(number, 0)
            self._spread()


def zipf(count: int, places: int = 400) -> list[float]:
    """Shares of `count` things by popularity, the most popular first; the many last ones are put together."""
    weights = [1 / rank for rank in range(1, min(count, places) + 1)]
    rest = count - len(weights)
    if rest > 0:
        tail = sum(1 / rank for rank in range(places + 1, count + 1)) / 64
        weights += [tail] * 64
    total = sum(weights)
    return [weight / total for weight in weights]

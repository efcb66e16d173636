"""Counts the calls of DynamoDB and their consumed capacity in a proxy, so that no call is missed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.fault_proxy import FaultProxy

_READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})


@dataclass
class Cost:
    """The costs of an operation. Calls are counted by operation and index: "Query events/by-date"."""

    calls: Counter[str] = field(default_factory=Counter)
    read_units: float = 0
    write_units: float = 0
    read_bytes: int = 0

    def __str__(self) -> str:
        calls = ", ".join(f"{number} x {call}" if number > 1 else call for call, number in self.calls.items())
        units = [f"{self.read_units:g} RCU"] if self.read_units else []
        units += [f"{self.write_units:g} WCU"] if self.write_units else []
        return f"{calls}: {' + '.join(units) or 'nothing'}"


class Meter:
    """Forwards each call from the site to the engine, and asks DynamoDB for its consumed capacity."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._cost = Cost()
        proxy.set(self._pass_on)

    @contextmanager
    def measured(self) -> Iterator[Cost]:
        """Measures the calls inside the `with` block, up to an error."""
        self._cost = Cost()
        yield self._cost

    def _pass_on(self, handler: Any, body: bytes) -> None:
        operation = handler.headers["X-Amz-Target"].partition(".")[2]
        request = {**json.loads(body), "ReturnConsumedCapacity": "TOTAL"}
        body = json.dumps(request).encode()
        handler.headers.replace_header("Content-Length", str(len(body)))
        status, content = handler.forward(body)
        self._note(operation, request, json.loads(content))
        if operation in _READS:
            self._cost.read_bytes += len(content)
        handler.answer(status, content)

    def _note(self, operation: str, request: dict[str, Any], answer: dict[str, Any]) -> None:
        self._cost.calls[f"{operation} {_where(request)}"] += 1
        consumed = answer.get("ConsumedCapacity", [])
        units = sum(table["CapacityUnits"] for table in (consumed if isinstance(consumed, list) else [consumed]))
        if operation in _READS:
            self._cost.read_units += units
        else:
            self._cost.write_units += units


def _where(request: dict[str, Any]) -> str:
    """The table and index of a call, or its tables."""
    if "TableName" in request:
        return "/".join(filter(None, (request["TableName"], request.get("IndexName"))))
    if "TransactItems" in request:
        return "+".join(sorted({part["TableName"] for item in request["TransactItems"] for part in item.values()}))
    return "+".join(sorted(request["RequestItems"]))

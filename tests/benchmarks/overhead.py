"""What the project adds to a call of DynamoDB: CPU of each operation, from API Gateway's payload to the response,
beside a bare botocore call of the same kind. The CPU is this process's own, so the engine's is not in it.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from itertools import count
from pathlib import Path
from typing import Any

ROUNDS = 5
CALLS = {"list 2,000": 2}
LISTED = 2000


def compare(endpoint_url: str) -> Iterator[tuple[str, str, float, float]]:
    """Yields the operation, the unit, the median of the bare call and of this project."""
    os.environ.update(
        DYNAMODB_ENDPOINT_URL=endpoint_url,
        DJANGO_SETTINGS_MODULE="eventsite.settings",
        DEBUG="false",
        EVENTS_API_ACCESS="open",
        SECRET_KEY="benchmark",
        ALLOWED_HOSTS="*",
    )
    from eventsite.lambda_handler import handler

    with _without_log():
        operations = _operations(handler)
    for name, (project, bare) in operations.items():
        times: dict[Callable[[], Any], list[float]] = {project: [], bare: []}
        for _ in range(ROUNDS + 1):
            for operation, taken in times.items():
                taken.append(_cpu_ms(operation, CALLS.get(name, 100)))
        ours, theirs = (statistics.median(taken[1:]) for taken in times.values())  # the first round warms up
        yield name, "cpu_ms", theirs, ours


def start_engine() -> int:
    from eventsite.engine.process import Engine, free_port  # after nothing that loads settings

    engine = Engine(Path(".dynamodb"), free_port(), data=None, home=os.environ.get("DYNAMODB_LOCAL_HOME"), busy=True)
    engine.start()  # it ends with this process
    return engine.port


@contextmanager
def _without_log() -> Iterator[None]:
    """Each request writes a line to standard output."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield


def _cpu_ms(operation: Callable[[], Any], calls: int) -> float:
    with _without_log():
        started = time.process_time()
        for _ in range(calls):
            operation()
        return 1000 * (time.process_time() - started) / calls


def _operations(handler: Callable[[dict[str, Any], Any], dict[str, Any]]) -> dict[str, Any]:
    import botocore.session

    from events.samples import generated_events, store
    from events.storage.tables import create_tables
    from tests.support.builders import make_body
    from tests.support.lambda_events import rest_event

    create_tables()
    store(generated_events(LISTED))
    bare: Any = botocore.session.get_session().create_client(
        "dynamodb",
        "us-east-1",
        endpoint_url=os.environ["DYNAMODB_ENDPOINT_URL"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    numbers = count()

    def request(method: str, path: str, body: Any, status: int) -> None:
        answer = handler(rest_event(method, path, body), None)
        if answer["statusCode"] != status:
            sys.exit(f"{method} {path}: {answer['statusCode']} {answer['body'][:300]}")

    def create() -> None:
        request("POST", "/events", make_body(eventId=f"new-{next(numbers)}"), 201)

    def put(table: str, key: str) -> dict[str, Any]:
        item = {name: {"S": str(value)} for name, value in make_body(eventId=key, at="now").items()}
        return {"Put": {"TableName": table, "Item": item}}

    def bare_write() -> None:
        key = f"bare-{next(numbers)}"
        bare.transact_write_items(TransactItems=[put("events", key), put("events-history", key)])

    def bare_get() -> None:
        bare.get_item(TableName="events", Key={"eventId": {"S": "fixed"}}, ConsistentRead=True)

    def bare_get_and_write() -> None:
        bare_get()
        bare_write()

    def bare_scan() -> None:
        position: dict[str, Any] = {}
        while True:
            answer = bare.scan(TableName="events", ConsistentRead=True, **position)
            if "LastEvaluatedKey" not in answer:
                return
            position = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def create_and_delete() -> None:
        key = f"gone-{next(numbers)}"
        request("POST", "/events", make_body(eventId=key), 201)
        request("DELETE", f"/events/{key}", None, 204)

    def bare_create_and_delete() -> None:
        bare_write()
        bare_get_and_write()

    request("POST", "/events", make_body(eventId="fixed"), 201)
    listed = (lambda: request("GET", "/events", None, 200), bare_scan)
    return {
        f"list {LISTED:,}": listed,  # first, while the table has no more than these
        "get": (lambda: request("GET", "/events/fixed", None, 200), bare_get),
        "missing": (lambda: request("GET", "/events/absent", None, 404), bare_get),
        "create": (create, bare_write),
        "update": (
            lambda: request("PUT", "/events/fixed", {"capacity": next(numbers)}, 200),
            bare_get_and_write,
        ),
        "create, delete": (create_and_delete, bare_create_and_delete),
    }

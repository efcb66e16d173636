"""What the server does for a staff page beside what it does for the API's answer to the same question.

Both as CPU of this process, from API Gateway's event to the answer: DynamoDB's own time is not in it, nor the machine's
speed in their ratio. A page asks more of DynamoDB than the API does (who is signed in, which statuses there are, the
history: tests/costs/test_capacity.py has the calls), and a table of 50 rows is made where the API writes JSON.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from events.pages.today import today
from eventsite.lambda_handler import handler
from tests.costs.desk import FEW, Desk, month_shown
from tests.support.builders import make_body, make_staff
from tests.support.clients import client_of
from tests.support.lambda_events import rest_event

ROUNDS = 25
REQUESTS = 4

# Each page, the corresponding API call, and the maximum factor between them.
PAGES = {
    "/staff/": ("/events?from={today}&to={later}", 6),
    "/staff/events/": ("/events?limit=50", 7),
    "/staff/events/?status=active": ("/events?status=active&limit=50", 11),
    "/staff/calendar/?month={month}": ("/events?from={first}&to={last}", 8),
    "/staff/event/event-000005/": ("/events/event-000005", 9),
    "/staff/event/event-000005/edit/": ("/events/event-000005", 16),
    "/staff/event/event-000005/delete/": ("/events/event-000005", 9),
    "POST /staff/events/new/": ("POST /events", 5),
}

Request = Callable[[], None]


@pytest.mark.stress
def test_a_page_takes_a_few_times_as_long_as_the_api(
    own_desk: Desk, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    own_desk.grow(FEW)
    settings.DYNAMODB_ENDPOINT_URL = own_desk.engine.url  # otherwise the work of the proxy counts too
    client = client_of(make_staff("ada", "admin"))
    for page, (call, most) in PAGES.items():
        first, second = request(client, page), request(client, call)
        best_page, best_call = best_of_both(first, second)
        capsys.readouterr()  # discards the log
        ratio = best_page / best_call
        record_property(f"\n  {page} / {call}", f"{best_page:.1f} / {best_call:.1f} ms = {ratio:.1f}")
        assert ratio < most, page


def best_of_both(*requests: Request) -> list[float]:
    """Milliseconds of CPU of each: the minimum of many alternating rounds, which is the least disturbed."""
    taken: list[list[float]] = [[] for _ in requests]
    for _ in range(ROUNDS):
        for request, times in zip(requests, taken, strict=True):
            started = time.process_time()
            for _ in range(REQUESTS):
                request()
            times.append(1000 * (time.process_time() - started) / REQUESTS)
    return [min(times) for times in taken]


def request(client: Client, said: str) -> Request:
    """A request from the gateway. A POST creates an event, with the form or with JSON."""
    method, _, path = said.rpartition(" ")
    month = month_shown()
    days = {"today": today(), "later": today() + timedelta(29)}
    path = path.format(month=month, first=month.first, last=month.last, **days)
    token = "a" * 32
    session = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    cookies = f"{session}; {settings.CSRF_COOKIE_NAME}={token}"
    headers = {"Accept": "text/html", "Cookie": cookies, "Referer": "https://testserver/"}
    if path.startswith("/staff/"):
        headers["Content-Type"] = "application/x-www-form-urlencoded"

    def send() -> None:
        body: Any = None
        if method == "POST" and path.startswith("/staff/"):
            body = urlencode({**make_body(), "generated_id": str(uuid4()), "csrfmiddlewaretoken": token})
        elif method == "POST":
            body = make_body()
        answer = handler(rest_event(method or "GET", path, body, **headers), None)
        assert answer["statusCode"] in (200, 201, 302), answer
        assert "/login/" not in str(answer["multiValueHeaders"].get("Location"))

    return send

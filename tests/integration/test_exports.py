"""Exports on Lambda, which sends no response before it is complete, and none above 6 MB."""

from __future__ import annotations

import base64
import gzip
from random import Random
from typing import Any

import pytest
from django.conf import settings

from events import exports, services
from events.storage import lists as event_lists
from eventsite import lambda_handler
from eventsite.lambda_handler import handler
from tests.support.builders import make_fields, make_staff, store_all
from tests.support.clients import client_of
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.lambda_events import http_event, rest_event

EVENTS = 12
TOO_LONG = "The result is larger than the limit of 6 MB. Narrow the filter, and export in several parts."
gateways = pytest.mark.parametrize("make_event", [rest_event, http_event])


@pytest.fixture(autouse=True)
def small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve events of 16 KB that compress to half, read two at a time."""
    monkeypatch.setattr(settings, "ON_LAMBDA", True)
    monkeypatch.setattr(event_lists, "_BATCH_GET_KEYS", 2)
    monkeypatch.setattr(services, "_EXPORT_PAGE", 4)
    chance = Random(1)
    store_all(
        make_fields(eventId=f"{number:02}", date="9000-01-01", description=chance.randbytes(8000).hex())
        for number in range(EVENTS)
    )


def send_at_most(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(lambda_handler, "MAX_RESPONSE_BYTES", size)
    monkeypatch.setattr(exports, "MAX_BYTES_ON_LAMBDA", size * 3 // 4)


def export(make_event: Any, kind: str, encoding: str = "gzip") -> dict[str, Any]:
    cookies = client_of(make_staff("vera", "viewer")).cookies
    pair = f"{settings.SESSION_COOKIE_NAME}={cookies[settings.SESSION_COOKIE_NAME].value}"
    headers = {"Accept": "text/html", "Accept-Encoding": encoding, "Cookie": pair}
    answer: dict[str, Any] = handler(make_event("GET", f"/staff/export/?format={kind}", **headers), None)
    return answer


def body_of(answer: dict[str, Any]) -> bytes:
    body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def batches_of(faults: FaultProxy) -> int:
    return faults.calls.count("BatchGetItem") - 1  # the first reads the session and its account


@gateways
@pytest.mark.parametrize(("kind", "encoding"), [("csv", "gzip"), ("csv", "identity"), ("xlsx", "gzip")])
def test_an_export_that_is_too_long_is_refused_before_all_is_read(
    make_event: Any, kind: str, encoding: str, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_at_most(monkeypatch, 10_000)
    answer = export(make_event, kind, encoding)
    assert answer["statusCode"] == 413
    assert TOO_LONG in body_of(answer).decode()
    assert 0 < batches_of(faults) < EVENTS // 2


@gateways
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_that_fits_once_compressed_is_sent(
    make_event: Any, kind: str, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_at_most(monkeypatch, 180_000)
    answer = export(make_event, kind)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    assert batches_of(faults) == EVENTS // 2
    if kind == "csv":
        assert len(body_of(answer)) > 180_000


@gateways
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_that_breaks_off_is_an_error_page(make_event: Any, kind: str, faults: FaultProxy) -> None:
    faults.set(FAIL, "BatchGetItem", after=2)
    answer = export(make_event, kind, "identity")
    headers = answer.get("multiValueHeaders") or answer["headers"]
    assert answer["statusCode"] == 500
    assert "The database is not responding." in answer["body"]
    assert "EVENTS MAY BE MISSING" not in answer["body"]
    assert not {name.lower() for name in headers} & {"content-disposition", "content-encoding"}

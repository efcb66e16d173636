"""The site's NinjaAPI: the events router, how it reads and reports, and the health check."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Router
from ninja.parser import Parser

from events import repository
from events.api import router as events_router
from events.domain import FieldError, InvalidRequestError, StorageError
from events.schemas import Error
from eventsite import errors

# More than an event has, and few enough to name each that is wrong.
MAX_FIELDS = 100
# Python's own limit for reading digits is 4,300; such a number is too large in any case.
MAX_DIGITS = 300


class JSONBodyParser(Parser):
    """Reads bodies as strict JSON: UTF-8, no NaN, no Infinity."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Raises JSONDecodeError, InvalidRequestError, UnreadablePostError."""
        body = request.body
        if len(body) < int(request.META.get("CONTENT_LENGTH") or 0):
            raise UnreadablePostError
        parsed = _parse(body)
        if isinstance(parsed, dict) and len(parsed) > MAX_FIELDS:
            raise InvalidRequestError([FieldError("body", f"has {len(parsed):,} fields; an event has eight")])
        return parsed


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            # It lets half a surrogate pair and endless digits through, so that these are faults of their fields.
            return json.loads(
                body.decode(),
                parse_int=lambda digits: int(digits) if len(digits) < MAX_DIGITS else float(digits),
                parse_constant=_refuse_constant,
                object_pairs_hook=_with_printable_names,
            )
        except (ValueError, RecursionError):
            raise error from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _with_printable_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.encode("utf-8", "backslashreplace").decode(): value for name, value in pairs}


health_router = Router(tags=["health"])


@health_router.get("/healthz", operation_id="checkHealth", response={200: dict[str, str], 503: Error})
def check_health(request: HttpRequest) -> HttpResponse:
    """Whether DynamoDB answers."""
    try:
        repository.ping()
    except StorageError as error:
        errors.logger.error("Not healthy: %s", error)
        return errors.answer(503)
    return HttpResponse(b'{"status":"ok"}', "application/json")


api = NinjaAPI(
    title="Events",
    version="1.0.0",
    description="Events: create, read, list, change and delete them. Every error is JSON with a `detail` sentence.",
    docs_url="/docs",
    openapi_url="/openapi.json",
    urls_namespace="api",
    docs_decorator=require_safe,
    parser=JSONBodyParser(),
)
api.add_router("/events", events_router)
api.add_router("", health_router)
for exception in errors.ANSWERS:
    api.add_exception_handler(exception, errors.handle)

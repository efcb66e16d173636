"""The length limit of a body at each address, and the parser for the API's strict JSON."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson
from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from ninja.parser import Parser

from events.domain import FIELD_NAMES, FieldError, InvalidRequestError

# More fields than an event has, and few enough for an error message to name each.
MAX_FIELDS = 100
# Python refuses to parse more than 4,300 digits. A number this long is too large for every rule.
MAX_DIGITS = 300

# In bytes; the first pattern that matches the address decides. A longer body is not read at all.
_LIMITS = [
    (re.compile(pattern), limit)
    for pattern, limit in (
        (r"/events(/|$)", settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        (r"/staff/(events/(new|bulk)|event/[^/]+/edit)/$", settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        (r"/staff/import/$", settings.FILE_UPLOAD_MAX_MEMORY_SIZE),
        (r"", 64 * 1024),
    )
]

# After this time, a request with an incomplete body ends.
SECONDS_WITHOUT_A_BYTE = 60


def body_limit(path: str) -> int:
    """The maximum length of a body at this address, in bytes."""
    return next(limit for pattern, limit in _LIMITS if pattern.match(path))


class JSONBodyParser(Parser):
    """Reads bodies as strict JSON: UTF-8, no NaN, no Infinity."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Raises JSONDecodeError, InvalidRequestError, UnreadablePostError."""
        body = request.body
        if len(body) < int(request.META.get("CONTENT_LENGTH") or 0):
            raise UnreadablePostError
        parsed = _parse(body)
        if isinstance(parsed, dict) and len(parsed) > MAX_FIELDS:
            raise InvalidRequestError(
                [FieldError("body", f"has {len(parsed):,} fields; an event has {len(FIELD_NAMES)}")]
            )
        return parsed


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            # This parser accepts half a surrogate pair and very long numbers, which the rules of their fields refuse.
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

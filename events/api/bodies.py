"""How long a body may be at each address; and how the API reads one: as strict JSON, with every error of a field."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson
from django.conf import settings
from django.http import HttpRequest, UnreadablePostError
from ninja.parser import Parser

from events.domain import FieldError, InvalidRequestError

# More than an event has, and few enough to name each that is wrong.
MAX_FIELDS = 100
# Python's own limit for reading digits is 4,300; such a number is too large in any case.
MAX_DIGITS = 300

# What each address accepts, in bytes; the first pattern that matches decides. Nothing is read of a longer body.
_LIMITS = [
    (re.compile(pattern), limit)
    for pattern, limit in (
        (r"/events(/|$)", settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        (r"/staff/(events/(new|bulk)|event/[^/]+/edit)/$", settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        (r"/staff/import/$", settings.FILE_UPLOAD_MAX_MEMORY_SIZE),
        (r"", 64 * 1024),
    )
]

# After which a request is over although its body is not complete.
SECONDS_WITHOUT_A_BYTE = 60


def body_limit(path: str) -> int:
    """How many bytes a body at this address may have."""
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

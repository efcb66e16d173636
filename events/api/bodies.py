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

# Every other Content-Type is read as JSON too: curl sends that of a form, if none is given.
MERGE_PATCH = "application/merge-patch+json"
ACCEPT_PATCH = f"{MERGE_PATCH}, application/json"
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})

# In bytes; the first pattern that matches the address decides. A longer body is not read at all.
_LIMITS = [
    (re.compile(pattern), limit)
    for pattern, limit in (
        (r"/(events|changes)(/|$)", settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        (r"/staff/(events/(new|bulk)|event/[^/]+/edit)/$", settings.DATA_UPLOAD_MAX_MEMORY_SIZE),
        (r"/staff/import/$", settings.FILE_UPLOAD_MAX_MEMORY_SIZE),
        (r"", 64 * 1024),
    )
]

# After this time, a request with an incomplete body ends.
SECONDS_WITHOUT_A_BYTE = 60


class UnsupportedEncodingError(Exception):
    """The body is compressed."""


class UnsupportedCharsetError(Exception):
    """The Content-Type says that the body is not in UTF-8."""


class UnsupportedPatchError(Exception):
    """The Content-Type says that the body is a patch in another format than JSON merge patch."""


def body_limit(path: str) -> int:
    """The maximum length of a body at this address, in bytes."""
    return next(limit for pattern, limit in _LIMITS if pattern.match(path))


class JSONBodyParser(Parser):
    """Reads bodies as strict JSON: UTF-8, no NaN, no Infinity."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Raises JSONDecodeError, InvalidRequestError, UnreadablePostError, and what `_check_format` raises."""
        _check_format(request)
        body = request.body
        if len(body) < int(request.META.get("CONTENT_LENGTH") or 0):
            raise UnreadablePostError
        parsed = _parse(body)
        if isinstance(parsed, dict) and len(parsed) > MAX_FIELDS:
            message = f"has {len(parsed):,} fields; an event has {len(FIELD_NAMES)}"
            raise InvalidRequestError([FieldError("body", message, "too_many")])
        return parsed


def _check_format(request: HttpRequest) -> None:
    """Raises UnsupportedEncodingError, UnsupportedCharsetError, UnsupportedPatchError."""
    if request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in ("", "identity"):
        raise UnsupportedEncodingError
    if (request.content_params or {}).get("charset", "utf-8").lower() not in _UTF_8:
        raise UnsupportedCharsetError
    if request.method == "PATCH" and "patch" in (kind := request.content_type or "") and kind != MERGE_PATCH:
        raise UnsupportedPatchError


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

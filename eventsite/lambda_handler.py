"""The Lambda function: API Gateway's events in, the site's answers out. All that can be loaded is, before the first."""

from __future__ import annotations

import gc

# What is imported stays: looking through it for garbage, now or later, costs a tenth of the start for nothing.
gc.disable()

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from apig_wsgi import make_lambda_handler
from django.urls import get_resolver

from eventsite.wsgi import application  # sets Django up, which the imports below need

# isort: split
from events.dynamodb import connection
from eventsite.errors import error_body

# Lambda refuses a longer answer, after this function has called it a success.
MAX_ANSWER_BYTES = 6_291_556
_ASCII = "".join(map(chr, range(128)))
_TOO_LONG = "The answer is longer than the 6 MB that can be sent; ask for pages with ?limit=, or accept gzip."

get_resolver().url_patterns  # noqa: B018  # loads the URLs, and with them the API
connection()


def _application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    # apig-wsgi takes the address from X-Forwarded-For, where a client can write one of its own.
    identity = (environ.get("apig_wsgi.request_context") or {}).get("identity") or {}
    if "sourceIp" in identity:
        environ["REMOTE_ADDR"] = identity["sourceIp"]
    # The gateway has put the chunks of a body together; the header may still speak of them.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return application(environ, start_response)


_handle = make_lambda_handler(_application, binary_support=True)
gc.freeze()
gc.enable()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers one request from API Gateway (REST with proxy integration, or HTTP)."""
    answer = _handle(_with_ascii_path(event), context)
    # A character is up to 12 bytes long in JSON, as the Python 3.11 runtime writes it.
    if len(answer["body"]) > MAX_ANSWER_BYTES // 12 and len(json.dumps(answer)) > MAX_ANSWER_BYTES:
        return _too_long(answer)
    return answer


def _with_ascii_path(event: dict[str, Any]) -> dict[str, Any]:
    """HTTP APIs decode the path before they send it, which WSGI has no place for."""
    name = "rawPath" if event.get("version") == "2.0" else "path"
    path = event.get(name, "")
    return event if path.isascii() else {**event, name: quote(path, safe=_ASCII)}


def _too_long(answer: dict[str, Any]) -> dict[str, Any]:
    name = "multiValueHeaders" if "multiValueHeaders" in answer else "headers"
    headers = {
        header: value
        for header, value in answer[name].items()
        if header.lower() not in ("content-length", "content-encoding", "etag", "link")
    }
    body = error_body(413, _TOO_LONG).decode()
    return {"statusCode": 413, name: headers, "isBase64Encoded": False, "body": body}

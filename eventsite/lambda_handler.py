"""The Lambda function: API Gateway's events in, the site's answers out. All that can be loaded is, before the first."""

from __future__ import annotations

import gc
import os

# What is imported stays: looking through it for garbage, now or later, costs a tenth of the start for nothing.
gc.disable()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventsite.settings")
# None of pydantic's plugins is installed, and to look for them is to read the metadata of every package.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

# First, and from here, as it brings botocore, whose imports go deepest: begun inside of others, they cross the end of
# a piece of Python's stack some thousand times, and each time another piece is mapped and unmapped.
from events.storage.events import ping

# isort: split
import json
import logging
import re
import shlex
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, redirect_stdout, suppress
from io import BytesIO, TextIOWrapper
from typing import Any
from urllib.parse import quote, unquote

from apig_wsgi import make_lambda_handler
from django.conf import settings
from django.template.loader import get_template
from django.urls import get_resolver, resolve

from eventsite.wsgi import application  # sets Django up, which the imports below need

# isort: split
from events.domain import StorageError
from eventsite import observed
from eventsite.error_pages import error_page
from eventsite.errors import TOO_LONG_TO_SEND, error_body
from eventsite.middleware import CONTENT_SECURITY_POLICY
from eventsite.request_log import write_request

logger = logging.getLogger(__name__)

# Lambda refuses a longer answer, after this function has called it a success.
MAX_ANSWER_BYTES = 6_291_556
# Enough to read; what is in the log is paid for, and 6 MB cannot be returned either.
MAX_COMMAND_OUTPUT = 100_000
_HEADERS_AT_MOST = 10_240  # by the gateway's own limit
_ASCII = "".join(map(chr, range(128)))
_FUNCTION_URL = re.compile(r"\.lambda-url\.[a-z0-9-]+\.on\.aws$")
_HTML = "text/html; charset=utf-8"
_TOO_LONG = "The answer is longer than the 6 MB that can be sent; ask for pages with ?limit=, or accept gzip."
_KEPT_WHEN_TOO_LONG = ("cache-control", "strict-transport-security", "vary", "x-content-type-options", "x-request-id")

get_resolver().url_patterns  # noqa: B018  # loads the URLs, and with them the API
with suppress(StorageError):  # if there is none, the first request says so
    ping()  # opens the way to DynamoDB: to read all certificates for it takes longer than to answer
if settings.PRELOAD_PAGES:
    resolve("/staff/")  # loads their URLs, views and forms
    for _template in settings.BASE_DIR.glob("templates/**/*.html"):
        get_template(_template.relative_to(settings.BASE_DIR / "templates").as_posix())


def _application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    # apig-wsgi takes the address from X-Forwarded-For, where a client can write one of its own.
    identity = (environ.get("apig_wsgi.request_context") or {}).get("identity") or {}
    if "sourceIp" in identity:
        environ["REMOTE_ADDR"] = identity["sourceIp"]
    # WSGI's text is bytes; the gateway's is text.
    for name in ("HTTP_COOKIE", "QUERY_STRING"):
        if not environ.get(name, "").isascii():
            environ[name] = environ[name].encode("utf-8", "replace").decode("latin-1")
    # The gateway has put the chunks of a body together; the header may still speak of them.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return _at_most(application(environ, start_response))


def _at_most(response: Any) -> Iterator[bytes]:
    """Stops reading a streamed response that is too long to be sent; `_answer` refuses it."""
    length = 0
    with closing(response):
        for chunk in response:
            yield chunk
            length += len(chunk)
            if length > MAX_ANSWER_BYTES:
                return


_respond = make_lambda_handler(_application, binary_support=True)
_warm = False
gc.freeze()
gc.enable()


def handler(event: Any, context: Any) -> Any:
    """Answers a request from API Gateway (REST with proxy integration, or HTTP), or does what else it was invoked for.

    Raises ValueError for a payload of no kind it knows, and whatever a command that it runs raises.
    """
    match event:
        case {"httpMethod": _} | {"version": "2.0", "requestContext": {"http": _}}:
            return _answer(event, context)
        case {"source": "aws.events"} | {"detail-type": "Scheduled Event"}:
            return None  # to keep the function warm, this is enough
        case {"manage": str(command)}:
            observed.begin(context.aws_request_id if context else "")
            return _manage(command)
    got = f"an object with {sorted(event)}" if isinstance(event, dict) else type(event).__name__
    raise ValueError(f"This function answers API Gateway, schedules and `zappa manage`; it got {got}.")


def _answer(event: dict[str, Any], context: Any) -> dict[str, Any]:
    global _warm  # what a container remembers
    cold, _warm = not _warm, True
    started = time.perf_counter()
    try:
        answer = _respond(_as_the_site_knows_it(event), context)
    except StorageError:  # in the middle of an export, of which nothing is sent yet
        logger.exception("Storage failed while a response was read")
        kind = "multiValueHeaders" if "multiValueHeaders" in event else "headers"
        answer = _instead({"statusCode": 200, kind: {}}, 500, error_page(500).content, _HTML)
    if _may_be_too_long(answer["body"]) and len(json.dumps(answer)) > MAX_ANSWER_BYTES:
        answer = _too_long(answer)
    observation = observed.current()
    observation.status = answer["statusCode"]
    write_request(observation, (time.perf_counter() - started) * 1000, cold)
    return answer


def _as_the_site_knows_it(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its path percent-encoded, as apig-wsgi expects it, and without the stage's prefix."""
    name = "rawPath" if event.get("version") == "2.0" else "path"
    path = event.get(name) or "/"
    context = event.get("requestContext") or {}
    if "version" in event and not _FUNCTION_URL.search(context.get("domainName") or ""):
        path = _encoded_again(path, context.get("http", context).get("path") or path)
    elif not path.isascii():
        path = quote(path, safe=_ASCII, errors="surrogatepass")
    if settings.URL_PREFIX and f"{path}/".startswith(f"{settings.URL_PREFIX}/"):
        path = path[len(settings.URL_PREFIX) :] or "/"
    return event if path == event.get(name) else {**event, name: path}


def _encoded_again(path: str, in_context: str) -> str:
    """The path of an HTTP API's event, percent-encoded; HTTP APIs decode it, and no other gateway does.

    With payload 1.0, some events have an encoded path beside a decoded one in their context. A path that is damaged
    (the two contradict each other, or some bytes were not UTF-8) gets a NUL, which no event's id has.
    """
    damaged = "\ufffd" in path
    if "%" in path:
        end = path[len(path.partition("%")[0].rpartition("/")[0]) :]  # the prefix may differ
        if not (in_context.endswith(end) or unquote(in_context).endswith(end)):
            if in_context.endswith(unquote(end)):
                return path
            damaged = True
    return quote(path, errors="surrogatepass") + ("%00" if damaged else "")


def _may_be_too_long(body: str) -> bool:
    # The Python 3.11 runtime writes a character as up to 12 bytes of JSON; one of JSON that is ASCII, as up to two.
    longest = 2 if body.isascii() and body.startswith(("[", "{")) else 12
    return len(body) * longest > MAX_ANSWER_BYTES - _HEADERS_AT_MOST


def _too_long(answer: dict[str, Any]) -> dict[str, Any]:
    if observed.current().route.startswith("/staff/"):
        return _instead(answer, 413, error_page(413, TOO_LONG_TO_SEND).content, _HTML)
    return _instead(answer, 413, error_body(413, _TOO_LONG), "application/json")


def _instead(answer: dict[str, Any], status: int, body: bytes, content_type: str) -> dict[str, Any]:
    """An error in place of a response, with the headers that are true of both."""
    name = "multiValueHeaders" if "multiValueHeaders" in answer else "headers"
    described = {"Content-Type": content_type, "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    headers = {
        header: value
        for header, value in answer[name].items()
        if header.lower() in _KEPT_WHEN_TOO_LONG or header.lower().startswith("access-control-")
    }
    headers.update({header: [value] if name == "multiValueHeaders" else value for header, value in described.items()})
    return {**answer, "statusCode": status, name: headers, "isBase64Encoded": False, "body": body.decode()}


def _manage(command: str) -> str:
    """Runs a management command; what it prints goes into the log, which `zappa manage` shows, and is returned."""
    from django.core.management import call_command  # noqa: PLC0415  # a request needs none

    name, *arguments = shlex.split(command) or [""]
    output = BytesIO()
    text = TextIOWrapper(output, "utf-8", write_through=True)
    try:
        # `--help` prints by itself, and asks for the end, which would be the function's, too.
        with suppress(SystemExit), redirect_stdout(text):
            call_command(name, *arguments, stdout=text, stderr=text)
    finally:
        said = output.getvalue().decode(errors="replace")
        if len(said) > MAX_COMMAND_OUTPUT:
            said = f"{said[:MAX_COMMAND_OUTPUT]}\n(cut here: there are {len(said):,} characters)\n"
        print(said, flush=True)  # noqa: T201
    return said

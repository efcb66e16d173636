"""The Lambda function: turns API Gateway's events into requests. Loads as much as possible in the init phase."""

from __future__ import annotations

import gc
import os
import sys
import time

_STARTED = time.monotonic()
# Imported modules stay in memory: searching them for garbage takes a tenth of the start and finds nothing.
gc.disable()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventsite.settings")
# botocore imports awscrt if it is installed, which takes 50 ms. Only the tools for deploying need it; the package does
# not contain it. If botocore has imported it already, as in tests, its sessions still need it.
sys.modules.setdefault("awscrt", None)  # type: ignore[arg-type]

# First, because it imports botocore, whose imports are nested deepest. Started inside other imports, they cross the end
# of a chunk of Python's stack about a thousand times, and each time Python maps and unmaps another chunk.
from events.storage.events import ping
from eventsite import aws_calls

aws_calls.finish_by(_STARTED + aws_calls.SECONDS_TO_START)

# isort: split
from types import ModuleType

import django
from pydantic import BaseModel

# django-ninja imports `django.test.signals`, and with it Django's test framework, which imports Jinja for the pages.
sys.modules.setdefault("django.test", ModuleType("django.test")).__path__ = [f"{django.__path__[0]}/test"]
# No request needs a parser of SQL or plugins of pydantic. A model is built when a request first needs it.
sys.modules.setdefault("sqlparse", ModuleType("sqlparse"))
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
BaseModel.model_config["defer_build"] = True

# isort: split
import json
import math
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, redirect_stdout, suppress
from io import BytesIO, TextIOWrapper
from typing import Any
from urllib.parse import quote, unquote

from apig_wsgi import make_lambda_handler
from django.conf import settings
from django.http import HttpResponse
from django.template.loader import get_template
from django.urls import get_resolver, resolve

from eventsite.wsgi import application  # sets Django up, which the imports below need

# isort: split
from events.domain import StorageError
from eventsite import errors, observed, restore
from eventsite.error_pages import error_page
from eventsite.middleware import CONTENT_SECURITY_POLICY
from eventsite.request_log import write_request

# Lambda refuses a longer response, after this function has reported success.
MAX_RESPONSE_BYTES = 6_291_556
# Up to Python 3.11, Lambda's runtime escapes every character beyond ASCII; later, it sends UTF-8.
_ESCAPES = sys.version_info < (3, 12)
# Characters. Enough to read: the log costs money, and Lambda cannot return 6 MB either.
MAX_COMMAND_OUTPUT = 100_000
_MAX_HEADER_BYTES = 10_240  # API Gateway's limit
_ASCII = "".join(map(chr, range(128)))
_FUNCTION_URL = re.compile(r"\.lambda-url\.[a-z0-9-]+\.on\.aws$")
_KEPT_HEADERS = ("vary", "x-request-id")

get_resolver().url_patterns  # noqa: B018  # loads the URLs, and with them the API
with suppress(StorageError):  # if it fails, the first request reports it
    ping()  # opens the connection to DynamoDB: reading the certificates takes longer than a request
if settings.ON_SNAP_START:
    restore.register()
aws_calls.finish_by(math.inf)
if settings.PRELOAD_PAGES:
    resolve("/staff/")  # loads the URLs, views and forms of the pages
    for _template in settings.BASE_DIR.glob("templates/**/*.html"):
        get_template(_template.relative_to(settings.BASE_DIR / "templates").as_posix())


def _application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    # apig-wsgi reads the address from X-Forwarded-For, which a client can forge.
    identity = (environ.get("apig_wsgi.request_context") or {}).get("identity") or {}
    if "sourceIp" in identity:
        environ["REMOTE_ADDR"] = identity["sourceIp"]
    # WSGI wants bytes, decoded as Latin-1; the gateway sends text.
    for name in ("HTTP_COOKIE", "QUERY_STRING"):
        if not environ.get(name, "").isascii():
            environ[name] = environ[name].encode("utf-8", "replace").decode("latin-1")
    # The gateway has joined the chunks of the body, but the header may still be there.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return _at_most(application(environ, start_response))


def _at_most(response: Any) -> Iterator[bytes]:
    """Stops reading a streamed response that is too long to send; `_serve` replaces it."""
    length = 0
    with closing(response):
        for chunk in response:
            yield chunk
            length += len(chunk)
            if length > MAX_RESPONSE_BYTES:
                return


_respond = make_lambda_handler(_application, binary_support=True)
_warm = False
# Without this, the first collection searches all loaded modules: 50 ms.
gc.freeze()
gc.enable()


def handler(event: Any, context: Any) -> Any:
    """Responds to a request from API Gateway (REST with proxy integration, or HTTP), or runs a management command.

    Raises ValueError for an unknown payload, and any exception of the command.
    """
    match event:
        case {"httpMethod": _} | {"version": "2.0", "requestContext": {"http": _}}:
            return _serve(event, context)
        case {"source": "aws.events"} | {"detail-type": "Scheduled Event"}:
            return None  # sent to keep the function warm; there is nothing to do
        case {"manage": str(command)}:
            observed.begin(context.aws_request_id if context else "")
            return _manage(command)
    kind = f"an object with {sorted(event)}" if isinstance(event, dict) else type(event).__name__
    raise ValueError(f"This function handles API Gateway, schedules and `zappa manage`; it received {kind}.")


def _serve(event: dict[str, Any], context: Any) -> dict[str, Any]:
    global _warm  # lives as long as the container
    cold, _warm = not _warm, True
    started = time.perf_counter()
    try:
        response = _respond(_normalized(event), context)
    except StorageError as error:  # in the middle of an export, of which nothing has been sent yet
        kind = "multiValueHeaders" if "multiValueHeaders" in event else "headers"
        response = _replace({kind: {}}, error_page(errors.report(error)))
    if _may_be_too_long(response["body"]) and _length(response) > MAX_RESPONSE_BYTES:
        response = _too_long(response)
    observation = observed.current()
    if observation.method == "HEAD":
        response["body"] = ""
    observation.status = response["statusCode"]
    write_request(observation, (time.perf_counter() - started) * 1000, cold)
    return response


def _normalized(event: dict[str, Any]) -> dict[str, Any]:
    """The event with a percent-encoded path, as apig-wsgi expects it, without the stage's prefix."""
    name = "rawPath" if event.get("version") == "2.0" else "path"
    path = event.get(name) or "/"
    context = event.get("requestContext") or {}
    if "version" in event and not _FUNCTION_URL.search(context.get("domainName") or ""):
        path = _reencoded(path, context.get("http", context).get("path") or path)
    elif not path.isascii():
        path = quote(path, safe=_ASCII, errors="surrogatepass")
    if settings.URL_PREFIX and f"{path}/".startswith(f"{settings.URL_PREFIX}/"):
        path = path[len(settings.URL_PREFIX) :] or "/"
    return event if path == event.get(name) else {**event, name: path}


def _reencoded(path: str, in_context: str) -> str:
    """The path of an HTTP API's event, percent-encoded: only HTTP APIs decode it.

    With payload 1.0, some events have an encoded path, and a decoded one in their context. A damaged path (the two
    contradict each other, or some bytes were not UTF-8) gets a NUL, which no event's ID contains.
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
    # The most bytes of a character: of JSON, whose control characters are escaped already, and of other text.
    in_json, in_text = (12, 12) if _ESCAPES else (4, 6)
    plain = body.isascii() and "\x7f" not in body
    longest = (2 if plain else in_json) if body.startswith(("[", "{")) else in_text
    return len(body) * longest > MAX_RESPONSE_BYTES - _MAX_HEADER_BYTES


def _length(response: dict[str, Any]) -> int:
    """In bytes, as the runtime sends it."""
    return len(json.dumps(response, ensure_ascii=_ESCAPES).encode())


def _too_long(response: dict[str, Any]) -> dict[str, Any]:
    is_page = observed.current().route.startswith("/staff/")
    return _replace(response, (error_page if is_page else errors.json_response)(errors.RESPONSE_TOO_LARGE))


def _replace(response: dict[str, Any], error: HttpResponse) -> dict[str, Any]:
    """The error in place of the response, with those of the response's headers that remain true."""
    name = "multiValueHeaders" if "multiValueHeaders" in response else "headers"
    added = {
        "Content-Type": error["Content-Type"],
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if settings.SECURE_HSTS_SECONDS:
        subdomains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
        added["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}{subdomains}"
    headers = {
        header: value
        for header, value in response[name].items()
        if header.lower() in _KEPT_HEADERS or header.lower().startswith("access-control-")
    }
    headers.update({header: [value] if name == "multiValueHeaders" else value for header, value in added.items()})
    body = error.content.decode()
    return {**response, "statusCode": error.status_code, name: headers, "isBase64Encoded": False, "body": body}


def _manage(command: str) -> str:
    """Runs a management command. Its output is returned, and logged, because `zappa manage` shows the log."""
    from django.core.management import call_command  # noqa: PLC0415  # no request needs it

    name, *arguments = shlex.split(command) or [""]
    output = BytesIO()
    text = TextIOWrapper(output, "utf-8", write_through=True)
    try:
        # `--help` prints to sys.stdout and raises SystemExit, which would end the function.
        with suppress(SystemExit), redirect_stdout(text):
            call_command(name, *arguments, stdout=text, stderr=text)
    finally:
        printed = output.getvalue().decode(errors="replace")
        if len(printed) > MAX_COMMAND_OUTPUT:
            printed = f"{printed[:MAX_COMMAND_OUTPUT]}\n(shortened: the output has {len(printed):,} characters)\n"
        print(printed, flush=True)  # noqa: T201
    return printed

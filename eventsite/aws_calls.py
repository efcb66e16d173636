"""Calls of AWS services with JSON: one signed POST each, over connections that stay open."""

from __future__ import annotations

import math
import random
import time
import weakref
from base64 import b64encode
from collections.abc import Callable
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit
from zlib import crc32

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, EnvProvider
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.httpsession import ProxyConfiguration, get_cert_path
from botocore.session import Session
from botocore.utils import get_environ_proxies

from eventsite.connections import FAILURES, Connections, ProxyConnections

THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "ThrottlingError", "RequestLimitExceeded"}
    | {"ProvisionedThroughputExceeded", "TransactionInProgressException"}
)
IN_PROGRESS = "TransactionInProgressException"
# DynamoDB completes a transaction whose first attempt it lost when an attempt follows at least this much later.
SECONDS_IN_PROGRESS = 5
# For all calls of a start together: Lambda ends the init phase after ten seconds, and needs the rest to load the code.
SECONDS_TO_START = 8

# Of other partitions. Botocore reads them from a file that the package does not have.
_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
}

_services: weakref.WeakSet[Service] = weakref.WeakSet()
_deadline = math.inf


class NoResponseError(BotoCoreError):
    """The service was not reached, or the response did not come from it."""

    fmt = "{service} did not respond: {error}"


class Service:
    """One service in one region, described by a subclass. Thread-safe.

    Botocore's own client takes twice as long for each call, and 30 ms at the start, because it reads a description of
    the service and interprets it for every call. Signatures, credentials and errors come from botocore here too.
    """

    name: ClassVar[str]
    target: ClassVar[str]  # the prefix of its operations
    version: ClassVar[str]  # of AWS's JSON protocol
    timeouts: ClassVar[tuple[float, float]]  # to connect, to read; seconds
    pauses: ClassVar[tuple[float, ...]]  # the maximum before each retry; seconds
    read: Callable[[bytes], Any] = staticmethod(orjson.loads)  # must raise JSONDecodeError on invalid JSON

    def __init__(
        self,
        region: str,
        url: str | None,
        credentials: Credentials | None = None,
        *,
        proxies: bool = True,
        ca_bundle: str | None = None,
    ) -> None:
        """Without `credentials`, botocore finds them. The environment may name a proxy.

        Raises NoResponseError if the address of the proxy or of the service is invalid.
        """
        self._region = region
        self.url = url or f"https://{self.name}.{region}.{_suffix(region)}"
        self._host = urlsplit(self.url).netloc.rpartition("@")[2]
        self._given = self._credentials = credentials
        options = (self.url, self.timeouts, ca_bundle or str(get_cert_path(True)))
        configuration = ProxyConfiguration(get_environ_proxies(self.url) if proxies else None)
        proxy = configuration.proxy_url_for(self.url)
        self._connections: Connections | ProxyConnections
        try:
            if proxy:
                self._connections = ProxyConnections(proxy, configuration.proxy_headers_for(proxy), *options)
            else:
                self._connections = Connections(*options)
        except FAILURES as error:
            raise NoResponseError(service=self.name, error=error) from error
        _services.add(self)

    def forget(self) -> None:
        """Closes the idle connections and forgets the credentials that were found."""
        self._connections.close_idle()
        self._credentials = self._given

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The response to an operation. Raises ClientError if the service refused it, NoResponseError."""
        body = orjson.dumps(parameters, default=_base64)
        started = time.monotonic()
        pauses = iter(self.pauses)
        if not self._has_time():
            raise NoResponseError(service=self.name, error="no time is left for this call")
        while True:
            self.check_attempt(operation, parameters)
            try:
                return self._send(operation, body)
            except (NoResponseError, ClientError) as error:
                pause = next(pauses, None)
                if pause is None and _is_in_progress(error) and time.monotonic() - started < SECONDS_IN_PROGRESS:
                    pause = self.pauses[-1]
                if pause is None or not _may_retry(error) or not self._has_time(pause):
                    raise
            time.sleep(random.uniform(pause / 2, pause))

    def _has_time(self, pause: float = 0) -> bool:
        """Whether an attempt would end before the deadline, if there is one."""
        return time.monotonic() + pause + sum(self.timeouts) <= _deadline

    def check_attempt(self, operation: str, parameters: dict[str, Any]) -> None:
        """Raises an error if this attempt must not be sent any more."""

    def _send(self, operation: str, body: bytes) -> dict[str, Any]:
        self._credentials = self._credentials or _find_credentials()
        if self._credentials is None:
            raise NoCredentialsError
        request: Any = AWSRequest("POST", self.url, data=body)
        request.headers = {
            "Content-Type": f"application/x-amz-json-{self.version}",
            "Host": self._host,  # botocore's signature would read it out of the URL, twice
            "User-Agent": "events",
            "X-Amz-Target": f"{self.target}.{operation}",
        }
        credentials = self._credentials.get_frozen_credentials()  # renews them when they are about to expire
        SigV4Auth(credentials, self.name, self._region).add_auth(request)
        try:
            response = self._connections.post(body, request.headers)
        except FAILURES as error:
            raise NoResponseError(service=self.name, error=error) from error
        except ValueError:  # its message quotes the credentials
            raise NoResponseError(service=self.name, error="the credentials are not valid in a header") from None
        content, checksum = response.content, response.headers.get("x-amz-crc32")
        if checksum is not None and checksum != str(crc32(content)):
            raise NoResponseError(service=self.name, error="the checksum of the response is wrong")
        try:
            parsed = self.read(content) if response.status == 200 else orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise NoResponseError(service=self.name, error=f"{response.status}, not JSON: {error}") from error
        if not isinstance(parsed, dict):
            raise NoResponseError(service=self.name, error=f"{response.status}, not a JSON object")
        if response.status != 200:
            request_id = response.headers.get("x-amzn-RequestId")
            raise ClientError(cast(Any, _read_error(response.status, parsed, request_id)), operation)
        return parsed


def _find_credentials() -> Credentials | None:
    found: Credentials | None = EnvProvider().load()  # where Lambda puts them; a search everywhere takes 12 ms
    return found or Session().get_credentials()


def _suffix(region: str) -> str:
    return next((suffix for prefix, suffix in _SUFFIXES.items() if region.startswith(prefix)), "amazonaws.com")


def _base64(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError


def _read_error(status: int, parsed: dict[str, Any], request_id: str | None) -> dict[str, Any]:
    """The error in botocore's form."""
    code = str(parsed.get("__type") or status).rpartition("#")[2]
    message = parsed.get("message") or parsed.get("Message") or ""
    return {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": request_id},
        "CancellationReasons": [
            {**each, "Code": str(each.get("Code"))} for each in _objects(parsed.get("CancellationReasons"))
        ],
        "ThrottlingReasons": parsed.get("ThrottlingReasons") or parsed.get("throttlingReasons") or [],
    }


def describe(error: Exception) -> str:
    """The error for the log: with AWS's ID of the request, and which table or index was throttled for which reason."""
    if not isinstance(error, ClientError):
        return str(error)
    response: Any = error.response
    parts = [f"{each.get('resource', '').rpartition(':')[2]}: {each.get('reason')}" for each in _throttling(response)]
    if request_id := response.get("ResponseMetadata", {}).get("RequestId"):
        parts.append(f"AWS request ID {request_id}")
    return f"{error} ({', '.join(parts)})" if parts else str(error)


def _throttling(response: dict[str, Any]) -> list[dict[str, str]]:
    return _objects(response.get("ThrottlingReasons"))


def _objects(listed: Any) -> list[dict[str, str]]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _may_retry(error: NoResponseError | ClientError) -> bool:
    if isinstance(error, NoResponseError):
        return True
    response: Any = error.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    # A transaction that was cancelled only because a table was throttled; "None": this write was not the reason.
    reasons = {each["Code"] for each in response.get("CancellationReasons", [])} - {"None"}
    throttled = response["Error"]["Code"] in THROTTLED or (bool(reasons) and reasons <= THROTTLED)
    return status >= 500 or status == 429 or throttled


def _is_in_progress(error: NoResponseError | ClientError) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == IN_PROGRESS


def finish_by(moment: float) -> None:
    """No attempt begins that may end after this moment of `time.monotonic`. `math.inf` ends the limit."""
    global _deadline  # noqa: PLW0603  # of the process, which then does nothing else
    _deadline = moment


def forget_connections() -> None:
    """Makes all services open new connections and find their credentials again."""
    for service in list(_services):
        service.forget()

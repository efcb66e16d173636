"""Who may call the API, and the caller's name in the history."""

from __future__ import annotations

from typing import ClassVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from events.domain import Actor
from eventsite import observed
from eventsite.accounts import keys, security_log
from eventsite.accounts.domain import Scope
from eventsite.accounts.errors import KeyExpiredError

ANONYMOUS = "anonymous"

READS = frozenset({"GET", "HEAD", "OPTIONS"})

# What people read about EVENTS_API_ACCESS.
WHO_NEEDS_A_KEY = {
    "open": "On this site, calls without a key are allowed too (EVENTS_API_ACCESS is open).",
    "read-open": "On this site, anyone may read events without a key. Writes, the history of events and the list of "
    "changes need one (EVENTS_API_ACCESS is read-open).",
    "keyed": "On this site, every call needs a key (EVENTS_API_ACCESS is keyed).",
}


class KeyRequiredError(Exception):
    """The call needs an API key."""


class CredentialsInvalidError(Exception):
    """The Authorization header is not one API key with the scheme Bearer."""


class KeyInvalidError(Exception):
    """The caller's API key does not exist, or was revoked."""


class KeyScopeError(Exception):
    """The caller's API key is valid, but may only read."""


class OriginRefusedError(Exception):
    """A page of another origin tries to write, in open access."""


# Why a key was refused, for the security log.
_REFUSALS: dict[type[Exception], str] = {
    CredentialsInvalidError: "malformed",
    KeyInvalidError: "invalid",
    KeyExpiredError: "expired",
    KeyScopeError: "read-only",
}


def may_only_read(request: HttpRequest) -> bool:
    """Whether the access is open and the request comes from a page of another origin that is not listed.

    Browsers send Sec-Fetch-Site, older ones only Origin; programs send neither.
    """
    origin = request.META.get("HTTP_ORIGIN", "")
    if settings.EVENTS_API_ACCESS != "open" or origin in settings.EVENTS_CORS_ORIGINS:
        return False
    if site := request.META.get("HTTP_SEC_FETCH_SITE"):
        return site not in ("same-origin", "none")
    try:
        return bool(origin) and urlsplit(origin).netloc != request.get_host()
    except ValueError:  # the origin is not a URL
        return True


class ApiKeyAuth:
    """Allows calls according to `EVENTS_API_ACCESS`. A key that is sent is checked, even if no key is needed."""

    # django-ninja puts this into the OpenAPI document, under the name of the class.
    openapi_security_schema: ClassVar = {
        "type": "http",
        "scheme": "bearer",
        "description": "A key that an admin created. The site's settings say whether reading or writing needs one.",
    }

    def __init__(self, open_reads: bool = True) -> None:
        """`open_reads`: in `read-open` access, reads need no key."""
        self._open_reads = open_reads

    def __call__(self, request: HttpRequest) -> Actor:
        """The caller, whose name the request's log line shows. Raises the same errors as `_caller`."""
        try:
            caller = self._caller(request)
        except tuple(_REFUSALS) as error:
            security_log.note("key-refused", observed.current().actor, str(error), _REFUSALS[type(error)])
            raise
        observed.current().actor = caller.name
        return caller

    def _caller(self, request: HttpRequest) -> Actor:
        """The caller. Raises StorageError, OriginRefusedError, CredentialsInvalidError and the errors of keys."""
        address = request.META.get("REMOTE_ADDR", "")
        credentials = request.META.get("HTTP_AUTHORIZATION")
        if credentials is not None:
            scheme, _, token = credentials.partition(" ")
            if scheme.lower() != "bearer" or "," in token:  # servers join repeated headers with commas
                raise CredentialsInvalidError
            key = keys.check_token(token.strip(), address)
            if key is None:
                raise KeyInvalidError
            observed.current().actor = f"key:{key.name}"
            if key.scope != Scope.WRITE and request.method not in READS:
                raise KeyScopeError
            return Actor(f"key:{key.name}", address)
        if request.method not in READS and may_only_read(request):
            raise OriginRefusedError
        access = settings.EVENTS_API_ACCESS
        if access == "open" or (access == "read-open" and self._open_reads and request.method in READS):
            return Actor(ANONYMOUS, address)
        raise KeyRequiredError


require_access = ApiKeyAuth()
# The history has names of people and the contents of deleted events.
require_access_to_history = ApiKeyAuth(open_reads=False)


def actor_of(request: HttpRequest) -> Actor:
    """The caller that `require_access` returned. django-ninja keeps it on the request."""
    return cast(Actor, request.auth)  # type: ignore[attr-defined]

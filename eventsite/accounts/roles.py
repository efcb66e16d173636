"""Who may open which page. This is checked around every view here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, Literal, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import URLPattern, path, reverse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import decorator_from_middleware
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from events.domain import Actor, StorageError
from eventsite import observed
from eventsite.accounts import security_log, sessions
from eventsite.accounts.backend import StaffBackend
from eventsite.accounts.domain import Role
from eventsite.accounts.models import Staff
from eventsite.accounts.sessions import SessionStore

ANYONE: Final = None
VIEWER, EDITOR, ADMIN = Role.VIEWER, Role.EDITOR, Role.ADMIN

View = Callable[..., HttpResponseBase]

_MIDDLEWARE = (SessionMiddleware, CsrfViewMiddleware, AuthenticationMiddleware, MessageMiddleware)

NOTHING_CHANGED = "Nothing was changed. Please do it again."

# The pages for users who must replace their one-time password.
_ALLOWED_WITH_ONE_TIME_PASSWORD = frozenset({"password"})
# The pages for users who must set up two-step sign-in.
_ALLOWED_WITHOUT_FACTOR = frozenset(
    {"password", "factors", "add_authenticator", "add_passkey", "new_passkey_options", "sign_in_again"}
)


def page(  # noqa: PLR0913
    route: str,
    view: View,
    role: Role | None,
    name: str,
    *,
    to_post: Role | None = None,
    recent: bool | Literal["POST"] = False,
) -> URLPattern:
    """A `path()` whose view only users with this role or a higher one may open (POST: with `to_post`, if given).

    With `recent`, they must have signed in, or signed in again, at most ten minutes ago; with "POST", only to post.
    The view's `role`, `role_to_post` and `recent` say what was given here.
    """
    role_to_post = to_post or role

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if role is not ANYONE:
            staff = request.user
            if not isinstance(staff, Staff):
                return _redirect(request, "accounts:login")
            observed.current().actor = staff.username
            if staff.must_change_password and name not in _ALLOWED_WITH_ONE_TIME_PASSWORD:
                return _redirect(request, "accounts:password")
            if staff.must_add_factor and name not in _ALLOWED_WITHOUT_FACTOR:
                return _redirect(request, "accounts:factors")
            if not Role(staff.role).includes(role_to_post if request.method == "POST" and role_to_post else role):
                _record_refusal(request, staff)
                raise PermissionDenied
            if not sessions.renew(request):
                return _redirect(request, "accounts:login")
            if recent in (True, request.method) and not sessions.signed_in_recently(request):
                return _ask_to_sign_in_again(request)
        return view(request, *args, **kwargs)

    guarded.role, guarded.role_to_post, guarded.recent = role, role_to_post, recent  # type: ignore[attr-defined]
    return path(route, _with_session(guarded), name=name)


def _record_refusal(request: HttpRequest, staff: Staff) -> None:
    """The address without its variable parts, so that each person and page has one row a minute."""
    route = request.resolver_match.route if request.resolver_match else ""
    page = re.sub("<[^>]*>", "…", route)
    security_log.record("access-refused", staff.username, detail=f"/{page}", once_a_minute=True)


def _with_session(view: View) -> View:
    """Adds Django's middleware to pages only: the API does not need it, and starts faster without."""
    for middleware in reversed(_MIDDLEWARE):
        view = decorator_from_middleware(middleware)(view)
    return view


def find_staff(request: HttpRequest, may_read: bool) -> Staff | None:
    """Who is signed in, for the page of an error: never raises StorageError, and does not change the session.

    Without `may_read`, only what this request has read already counts.
    """
    known = getattr(request, "_cached_user", None)  # of Django's auth
    if isinstance(known, Staff) or not may_read:
        return known if isinstance(known, Staff) else None
    session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    try:
        staff = StaffBackend().get_user(session.get(SESSION_KEY, ""))
    except StorageError:
        return None
    valid = staff and constant_time_compare(session.get(HASH_SESSION_KEY, ""), staff.get_session_auth_hash())
    return staff if valid else None


def staff_of(request: HttpRequest) -> Staff:
    """The signed-in user. Only for pages that require a role."""
    return cast(Staff, request.user)


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in user, for the history."""
    staff = staff_of(request)
    return Actor(staff.username, request.META.get("REMOTE_ADDR", ""), is_admin=staff.is_admin)


def _ask_to_sign_in_again(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        messages.warning(request, NOTHING_CHANGED)  # the page to return to shows it
    return _redirect(request, "accounts:sign_in_again")


def _redirect(request: HttpRequest, name: str) -> HttpResponse:
    """Redirects to a page that later returns to this one. For a request of htmx, redirects the whole page."""
    address = f"{reverse(name)}?{urlencode({'next': _page_to_return_to(request)}, safe='/')}"
    return HttpResponseClientRedirect(address) if request.headers.get("HX-Request") else HttpResponseRedirect(address)


def _page_to_return_to(request: HttpRequest) -> str:
    """The page that the user was on. A form or a part of a page is no page to return to."""
    if request.method in ("GET", "HEAD") and "HX-Request" not in request.headers:
        return request.get_full_path()
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        return reverse("pages:home")
    return urlsplit(came_from)._replace(scheme="", netloc="", fragment="").geturl()

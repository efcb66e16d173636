"""The steps of a sign-in: the password, then a second step if the account has factors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from eventsite import observed
from eventsite.accounts import security_log
from eventsite.accounts.known_browsers import remember_browser
from eventsite.accounts.models import Staff
from eventsite.accounts.sessions import mark_signed_in

TIME_FOR_SECOND_STEP = timedelta(minutes=10)

_PENDING = "pending_sign_in"

SignInMethod = Literal["password", "totp", "recovery-code", "passkey"]


class Pending(NamedTuple):
    """A sign-in that lacks its second step, and the address to open after it."""

    staff: Staff
    next_page: str


def begin(request: HttpRequest, staff: Staff, next_page: str) -> str:
    """Continues after the right password. Returns the address of the second step, or `next_page` if there is none."""
    if not staff.has_factors:
        finish(request, staff, "password")
        return next_page
    observed.current().actor = staff.username
    # A new session with a new key. It is not signed in, because Django's own values are not in it.
    request.session.flush()
    request.session[_PENDING] = {
        "username": staff.username,
        "hash": staff.get_session_auth_hash(),
        "until": (datetime.now(UTC) + TIME_FOR_SECOND_STEP).isoformat(),
        "next": next_page,
    }
    return reverse("accounts:second_step")


def pending(request: HttpRequest) -> Pending | None:
    """The sign-in of this session that lacks its second step, with the account as it is now.

    None if there is none, or it took too long, or the account's password, epoch, state or factors changed meanwhile.
    """
    stored = request.session.get(_PENDING)
    if not stored or datetime.fromisoformat(stored["until"]) <= datetime.now(UTC):
        return None
    staff = Staff.get(stored["username"])
    if staff is None or not staff.is_active or not staff.has_factors:
        return None
    same = constant_time_compare(stored["hash"], staff.get_session_auth_hash())
    return Pending(staff, stored["next"]) if same else None


def cancel(request: HttpRequest) -> str | None:
    """Ends the sign-in that lacks its second step. Returns the address to open after it, or None if there was none."""
    stored = request.session.get(_PENDING)
    if not stored:
        return None
    request.session.flush()
    next_page: str = stored["next"]
    return next_page


def finish(request: HttpRequest, staff: Staff, method: SignInMethod) -> None:
    """Completes every sign-in, in a new session: Django keeps the session and its key if a user signs in again.

    Raises StorageError, and then nobody is signed in, also if only the security log cannot be written.
    """
    observed.current().actor = staff.username
    with_one_time_password = method == "password" and staff.must_change_password
    security_log.record("signed-in", staff.username, detail="one-time-password" if with_one_time_password else method)
    request.session.flush()
    login(request, staff)
    mark_signed_in(request, method)


def redirect(request: HttpRequest, address: str) -> HttpResponse:
    """The response after a step."""
    return remember(request, HttpResponseRedirect(address))


def remember(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Marks the browser if the sign-in is complete."""
    if isinstance(request.user, Staff):
        remember_browser(request, response, request.user)
    return response

"""The authentication backend of Django's auth: how staff sign in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from eventsite.accounts import known_browsers, lockout, security_log
from eventsite.accounts.domain import fold_username
from eventsite.accounts.errors import OneTimePasswordExpiredError, StaffChangedError
from eventsite.accounts.models import Staff
from eventsite.accounts.sessions import UsernameWithAccount


class StaffBackend(BaseBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Staff | None:
        """Takes equally long whether the account exists or not. Raises LockedOutError, OneTimePasswordExpiredError."""
        if username is None or password is None:
            return None
        username = fold_username(username)
        address = request.META.get("REMOTE_ADDR", "") if request else ""
        staff = Staff.get(username)
        attempts = lockout.attempts_to_sign_in(username, address, staff, known_browsers.known_browser(request, staff))
        attempts.count()
        if not _has_password(staff, password) or staff is None or not staff.is_active:
            detail = "deactivated" if staff and not staff.is_active else ""
            # If no account has this name, it may be a password, typed into the wrong field.
            security_log.record("sign-in-failed", whom=staff.username if staff else "", detail=detail)
            return None
        attempts.forget()
        if staff.one_time_password_expired:
            security_log.record("sign-in-failed", whom=username, detail="expired")
            raise OneTimePasswordExpiredError(username)
        return staff

    def get_user(self, user_id: str) -> Staff | None:
        """The active account, as it is in this request."""
        staff = Staff(**user_id.account) if isinstance(user_id, UsernameWithAccount) else Staff.get(user_id)
        return staff if staff and staff.is_active else None


def _has_password(staff: Staff | None, password: str) -> bool:
    if staff is None:
        make_password(password)
        return False
    try:
        return staff.check_password(password)
    except StaffChangedError:  # the password was about to be hashed again, but has just been changed
        return False

"""The forms of the account pages."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from events.domain import Actor
from eventsite.accounts import lockout
from eventsite.accounts.domain import (
    MAX_USERNAME_LENGTH,
    USERNAME_RULE,
    ApiKey,
    Role,
    Scope,
    fold_username,
    is_username,
)
from eventsite.accounts.errors import LockedOutError, OneTimePasswordExpiredError
from eventsite.accounts.models import Staff
from eventsite.accounts.security_log import new_change, record

MAX_KEY_NAME_LENGTH = 60

_ROLES = [
    (Role.VIEWER.value, "Viewer: can read everything"),
    (Role.EDITOR.value, "Editor: can also change events"),
    (Role.ADMIN.value, "Admin: can also manage people and API keys"),
]
_SCOPES = [
    (Scope.READ.value, "Read only"),
    (Scope.WRITE.value, "Read and write"),
]
_LIFETIMES = [("", "Never"), ("30", "After 30 days"), ("90", "After 90 days"), ("365", "After 365 days")]
_CURRENT_ENDS = [("0", "At once"), ("1", "After 24 hours"), ("7", "After 7 days")]
_KEEP_FORMER = ("former", "At once, but the former secret keeps working")
_SIGN_IN_ERRORS: dict[str, Any] = {
    "invalid_login": "This username and password do not match an active account. Please try again."
}
_PASSWORD_ERRORS: dict[str, Any] = {
    "password_incorrect": "The current password is wrong.",
    "password_mismatch": "The two new passwords do not match.",
    "same": "This is your current password. Please choose a different one.",
}


_EXPIRED = "This one-time password has expired. Ask an admin for a new one."


def locked_out(error: LockedOutError) -> ValidationError:
    """Says the same whether the account exists or not."""
    minutes = max(1, math.ceil((error.until - datetime.now(UTC)).total_seconds() / 60))
    when = "in a minute" if minutes == 1 else f"in {minutes} minutes"
    if minutes > 120:
        when = f"in {math.ceil(minutes / 60)} hours"
    return ValidationError(f"Too many attempts. Please try again {when}.", code="locked")


class SignInForm(AuthenticationForm):
    error_messages = _SIGN_IN_ERRORS

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except LockedOutError as error:
            raise locked_out(error) from None
        except OneTimePasswordExpiredError:
            raise ValidationError(_EXPIRED, code="expired") from None


class SignInAgainForm(forms.Form):
    """The password of the signed-in user."""

    password = forms.CharField(
        strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True})
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    def clean(self) -> dict[str, Any]:
        password, user = self.cleaned_data.get("password"), cast(Staff, self._request.user)
        if password is None:
            return self.cleaned_data
        attempts = lockout.attempts_in_session(str(self._request.session.session_key), user)
        try:
            attempts.count()
        except LockedOutError as error:
            raise locked_out(error) from None
        if user.check_password(password):
            attempts.forget()
        else:
            record("password-refused", user.username)
            self.add_error("password", "This password is wrong. Please try again.")
        return self.cleaned_data


class ChangePasswordForm(PasswordChangeForm):
    user: Staff
    error_messages = _PASSWORD_ERRORS

    def __init__(self, *args: Any, session_key: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._session_key = session_key
        self.fields["old_password"].label = "Current password"
        self.fields["new_password2"].label = "Repeat new password"
        self.fields["new_password1"].help_text = (
            f"{settings.MIN_PASSWORD_LENGTH} to {settings.MAX_PASSWORD_LENGTH} characters of any kind. "
            "Three or more words that have nothing to do with each other are a good choice. "
            "A password that is easy to guess is refused."
        )
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """Limits attempts, as sign-in does, because a stranger may use a browser that was left open."""
        attempts = lockout.attempts_in_session(self._session_key, self.user)
        try:
            attempts.count()
        except LockedOutError as error:
            raise locked_out(error) from None
        try:
            password: str = super().clean_old_password()
        except ValidationError:
            record("password-refused", self.user.username)
            raise
        attempts.forget()
        if self.user.one_time_password_expired:
            raise ValidationError(_EXPIRED, code="expired")
        return password

    def clean_new_password1(self) -> str:
        password: str = self.cleaned_data["new_password1"]
        if password == self.cleaned_data.get("old_password"):
            raise ValidationError(self.error_messages["same"], code="same")
        return password

    def validate_password_for_user(self, user: Any, password_field_name: str = "") -> None:
        """Shows the reason at the first of the two fields. A wrong current password costs no further check."""
        if "old_password" in self.cleaned_data:
            super().validate_password_for_user(user, "new_password1")

    def save(self, commit: bool = True) -> Any:
        self.user.must_change_password, self.user.one_time_until = False, None
        self.user.set_password(self.cleaned_data["new_password1"])
        self.user.save(change=new_change(self.user.username, "password-set", self.user.username))
        return self.user


class OnceForm(forms.Form):
    """A form that creates a secret. The secret depends on the form's ID, so a form sent twice shows the same secret."""

    form_id = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)

    def seed(self, actor: Actor) -> bytes | None:
        """64 bytes that nobody can guess, the same for the same input of the same user. None without an ID."""
        if self.cleaned_data["form_id"] is None:
            return None
        value = repr((actor.name, sorted(self.cleaned_data.items())))
        return salted_hmac("eventsite.accounts.once", value, algorithm="sha512").digest()


class ResetPasswordForm(OnceForm):
    """`state` is the password's state when the form was opened."""

    state = forms.CharField(required=False, widget=forms.HiddenInput)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=_ROLES, initial=Role.VIEWER.value)


class AddPersonForm(OnceForm, RoleForm):
    username = forms.CharField(
        max_length=MAX_USERNAME_LENGTH,
        help_text=USERNAME_RULE,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("username", "role")

    def clean_username(self) -> str:
        username = fold_username(self.cleaned_data["username"])
        if not is_username(username):
            raise ValidationError("This username is not allowed. Choose a different one.")
        return username


def _days(typed: str) -> timedelta:
    return timedelta(days=int(typed))


def _days_of_current(typed: str) -> timedelta | None:
    return None if typed == _KEEP_FORMER[0] else _days(typed)


class LifetimeForm(OnceForm):
    lifetime = forms.TypedChoiceField(
        label="Expires", choices=_LIFETIMES, coerce=_days, empty_value=None, required=False
    )


class RotateKeyForm(LifetimeForm):
    """`since`: as in Rotation, for the secret that the key had when the form was opened."""

    since = forms.CharField(required=False, widget=forms.HiddenInput)
    keep_current = forms.TypedChoiceField(
        label="The current secret stops working", choices=_CURRENT_ENDS, coerce=_days_of_current, initial="1"
    )
    field_order = ("keep_current", "lifetime")

    def __init__(self, key: ApiKey, data: Any = None) -> None:
        """Proposes the same lifetime as before."""
        lifetime = str((key.valid_until - key.secret_since).days) if key.valid_until else ""
        super().__init__(data, initial={"since": key.secret_since.isoformat(), "lifetime": lifetime})
        self.fields["lifetime"].label = "The new secret expires"
        if key.has_former(datetime.now(UTC)):
            choices = cast(forms.TypedChoiceField, self.fields["keep_current"])
            choices.choices = [*_CURRENT_ENDS, _KEEP_FORMER]


class AddKeyForm(LifetimeForm):
    name = forms.CharField(
        max_length=MAX_KEY_NAME_LENGTH,
        help_text="Name the application that will use the key. The history shows this name with its changes.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(choices=_SCOPES, initial=Scope.READ.value)
    field_order = ("name", "scope", "lifetime")

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name.isprintable():
            raise ValidationError("The name contains a character that cannot be displayed.")
        return name


class FeedForm(OnceForm):
    """`state` is the state of the feed's address when the form was opened."""

    state = forms.CharField(required=False, widget=forms.HiddenInput)

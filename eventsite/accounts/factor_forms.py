"""The forms of two-step sign-in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from eventsite.accounts import encryption, factors, totp
from eventsite.accounts.errors import FactorNameTakenError, TooManyFactorsError
from eventsite.accounts.forms import OnceForm
from eventsite.accounts.models import Staff

MAX_NAME_LENGTH = 60
_MAX_CODE_LENGTH = 60

_NUMERIC = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
_TEXT = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class _CodeInput(forms.TextInput):
    """Does not show a wrong code again, because the next one is different."""

    def format_value(self, value: Any) -> None:
        return None


class SecondStepForm(forms.Form):
    """One field for both kinds of code. `recovery` only changes its texts and the keyboard of a phone."""

    code = forms.CharField(max_length=_MAX_CODE_LENGTH, widget=_CodeInput)

    def __init__(self, data: Any = None, recovery: bool = False) -> None:
        super().__init__(data)
        self._recovery = recovery
        self.fields["code"].label = "Recovery code" if recovery else "Code from your authenticator app"
        self.fields["code"].widget.attrs |= {**(_TEXT if recovery else _NUMERIC), "autofocus": True}

    def clean_code(self) -> factors.Code:
        code = factors.read_code(self.cleaned_data["code"])
        if code is None:
            raise ValidationError(
                "Enter one of your recovery codes, as it was shown to you."
                if self._recovery
                else f"Enter the {totp.DIGITS} digits that your authenticator app shows."
            )
        return code


class FactorForm(OnceForm):
    name = forms.CharField(
        max_length=MAX_NAME_LENGTH,
        help_text="Name the device, such as “My phone”. Only you see this name.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name.isprintable():
            raise ValidationError("The name contains a character that cannot be displayed.")
        return name

    def refuse(self, error: FactorNameTakenError | TooManyFactorsError) -> None:
        if isinstance(error, FactorNameTakenError):
            self.add_error("name", "You already use this name. Choose a different one.")
        else:
            self.add_error(None, f"You have {factors.MAX_FACTORS} already. Remove one first.")


class AddPasskeyForm(FactorForm):
    """`credential` is the browser's response as JSON, which a script fills in."""

    credential = forms.CharField(widget=forms.HiddenInput, required=False)


class AddAuthenticatorForm(FactorForm):
    """`secret` is the new app's secret. The page keeps it encrypted, in `set_up`; nothing is stored before the code."""

    code = forms.CharField(max_length=_MAX_CODE_LENGTH, label="Code from the app", widget=_CodeInput(attrs=_NUMERIC))

    def __init__(self, staff: Staff, data: Any = None) -> None:
        super().__init__(data)
        purpose = f"set-up of an authenticator app of {staff.username}"
        self.expired, self.secret = False, ""
        if data is not None:
            try:
                self.secret = encryption.decrypt(data.get("set_up", ""), purpose, factors.TIME_FOR_SET_UP)
            except encryption.UnreadableError:
                self.expired = True
        self.secret = self.secret or totp.new_secret()
        self.set_up = encryption.encrypt(self.secret, purpose)

    def clean_code(self) -> int:
        """The step whose code this is."""
        if self.expired:
            raise ValidationError("This page was open for too long and now shows a new QR code. Please scan it.")
        code = factors.read_code(self.cleaned_data["code"])
        step = totp.matching_step(self.secret, code.text) if code and code.method == "totp" else None
        if step is None:
            raise ValidationError(
                "This code is wrong. Enter the one that the app shows now, "
                "and check that the clock of your device is right."
            )
        return step


class NewCodesForm(OnceForm):
    """`made_at` is when the codes were made that the person had when the form was opened."""

    made_at = forms.CharField(required=False, widget=forms.HiddenInput)

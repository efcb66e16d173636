"""The forms of two-step sign-in: what a person reads."""

from __future__ import annotations

import pytest

from eventsite.accounts.factor_forms import SecondStepForm


@pytest.mark.parametrize(
    ("recovery", "message"),
    [
        (False, "Enter the 6 digits that your authenticator app shows."),
        (True, "Enter one of your recovery codes, as it was shown to you."),
    ],
)
def test_an_unreadable_code_gets_the_message_of_its_page(recovery: bool, message: str) -> None:
    assert SecondStepForm({"code": "wrong"}, recovery=recovery).errors == {"code": [message]}


@pytest.mark.parametrize("recovery", [True, False])
def test_both_pages_accept_both_kinds_of_code(recovery: bool) -> None:
    for code in ("123456", "aaaa-bbbb-cccc-dddd-eeee-ffff"):
        assert SecondStepForm({"code": code}, recovery=recovery).is_valid()

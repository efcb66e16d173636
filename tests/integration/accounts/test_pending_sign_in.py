"""A sign-in between its two steps, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from events.storage import factors as repository
from eventsite.accounts import factors, people, signing_in
from eventsite.accounts.domain import Role
from tests.support.builders import ACTOR, make_staff
from tests.support.codes import OTHER_SECRET, SECOND, WRONG, Clock, add_authenticator, after_password, enter, steps_of
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import text
from tests.support.sign_in import ACCOUNT, browser, is_in, rows, sign_in

AGAIN = "Please sign in again: the second step took longer than 10 minutes, or your account has changed."


class TestPending:
    """Between the password and the code."""

    def test_nobody_is_signed_in_yet(self, codes: list[str]) -> None:
        client = after_password()
        assert not is_in(client)
        assert django_settings.DEVICE_COOKIE_NAME not in client.cookies
        assert client.get(ACCOUNT)["Location"].startswith("/staff/login/?next=")
        assert client.post("/staff/account/password/", {}).status_code == 302
        assert people.get_staff("anna").last_login is None

    def test_every_step_has_a_session_of_its_own(self, codes: list[str], clock: Clock) -> None:
        client, cookie = browser(), django_settings.SESSION_COOKIE_NAME
        planted = after_password().cookies[cookie].value
        client.cookies[cookie] = planted
        sign_in(client)
        first = client.cookies[cookie].value
        assert enter(client, clock.code(), 302)
        second = client.cookies[cookie].value
        assert len({first, second, planted}) == 3
        for earlier in (planted, first):
            copy = browser()
            copy.cookies[cookie] = earlier
            assert not is_in(copy)
            assert copy.get(SECOND)["Location"] == "/staff/login/"
        assert len(rows("session")) == 1

    def test_the_page_that_was_asked_for_opens_at_the_end(self, codes: list[str], clock: Clock) -> None:
        client = after_password(ACCOUNT)
        enter(client, "000000")
        assert enter(client, clock.code(), 302) == ACCOUNT
        assert enter(after_password("https://evil.example/"), codes[0], 302) == "/staff/"

    def test_start_again_ends_it(self, codes: list[str], clock: Clock) -> None:
        client = after_password(ACCOUNT)
        response = client.post(SECOND, {"start_again": "yes"})
        assert response["Location"] == f"/staff/login/?next={ACCOUNT}"
        assert AGAIN not in text(client.get(response["Location"]))
        assert client.post(SECOND, {"code": clock.code()})["Location"] == "/staff/login/"
        assert rows("session") == []

    def test_it_ends_after_ten_minutes(self, codes: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(signing_in, "TIME_FOR_SECOND_STEP", timedelta(seconds=-1))
        client = after_password(ACCOUNT)
        monkeypatch.undo()
        self._is_over(client, clock.code())

    @pytest.mark.parametrize(
        "change",
        ["password", "reset", "everywhere", "higher role", "deactivated", "factors removed", "last factor removed"],
    )
    def test_changes_of_the_account_end_it(self, codes: list[str], clock: Clock, change: str) -> None:
        client = after_password(ACCOUNT)
        anna = people.get_staff("anna")
        changes: dict[str, Callable[[], object]] = {
            "password": lambda: people.set_password("anna", "another battery horse", ACTOR),
            "reset": lambda: people.reset_password("anna", ACTOR),
            "everywhere": lambda: people.sign_out_everywhere(anna),
            "higher role": lambda: people.change_role("anna", Role.ADMIN, ACTOR),
            "deactivated": lambda: people.deactivate("anna", ACTOR),
            "factors removed": lambda: people.remove_factors("anna", ACTOR),
            "last factor removed": lambda: factors.remove_factor(anna, *anna.factor_ids),
        }
        changes[change]()
        self._is_over(client, clock.code())
        assert not is_in(client)

    def _is_over(self, client: Client, code: str) -> None:
        response = client.post(SECOND, {"code": code})
        assert (response.status_code, response["Location"]) == (302, f"/staff/login/?next={ACCOUNT}")
        assert AGAIN in text(client.get(response["Location"]))
        assert not is_in(client)
        assert steps_of() in ([], [0])

    def test_a_removed_app_no_longer_works(self, codes: list[str], clock: Clock) -> None:
        add_authenticator(name="Tablet", secret=OTHER_SECRET)
        anna, client = people.get_staff("anna"), after_password()
        [phone] = [factor for factor in factors.list_factors(anna) if factor.name == "Phone"]
        factors.remove_factor(anna, phone.id)
        assert WRONG in enter(client, clock.code())
        assert enter(client, clock.code(secret=OTHER_SECRET), 302)

    @pytest.mark.parametrize("change", ["password", "everywhere"])
    def test_a_change_while_the_code_is_checked_ends_the_session(
        self, codes: list[str], clock: Clock, change: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, use_step = after_password(), repository.use_step

        def change_meanwhile(*arguments: Any) -> bool:
            if change == "password":
                people.set_password("anna", "another battery horse", ACTOR)
            else:
                people.sign_out_everywhere(people.get_staff("anna"))
            return use_step(*arguments)

        monkeypatch.setattr(repository, "use_step", change_meanwhile)
        client.post(SECOND, {"code": clock.code()})
        assert not is_in(client)

    def test_an_app_removed_while_its_code_is_checked_does_not_sign_in(
        self, codes: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, use_step = after_password(), repository.use_step

        def remove_meanwhile(*arguments: Any) -> bool:
            anna = people.get_staff("anna")
            factors.remove_factor(anna, *anna.factor_ids)
            return use_step(*arguments)

        monkeypatch.setattr(repository, "use_step", remove_meanwhile)
        assert WRONG in enter(client, clock.code())
        assert not is_in(client)
        assert rows("factor") == []

    def test_signed_in_people_and_strangers_are_sent_on(self, codes: list[str]) -> None:
        assert browser().get(SECOND)["Location"] == "/staff/login/"
        client = after_password()
        assert enter(client, codes[0], 302)
        assert client.get(SECOND)["Location"] == "/staff/"

    def test_without_factors_one_step_and_no_further_call(self, codes: list[str], faults: FaultProxy) -> None:
        make_staff("ben")
        faults.set(None)
        before = len(faults.calls)
        assert sign_in(browser(), "ben")["Location"] == "/staff/"
        assert "BatchGetItem" not in faults.calls[before:]

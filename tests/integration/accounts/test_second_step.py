"""The second step of a sign-in: codes of authenticator apps, recovery codes, and their limits."""

from __future__ import annotations

import logging
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings

from events.storage import factors as repository
from events.storage.connection import connection
from events.storage.models import AccessItem
from eventsite.accounts import factors, people
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.codes import OTHER_SECRET, SECOND, WRONG, Clock, add_authenticator, after_password, enter, steps_of
from tests.support.page_reader import text
from tests.support.sign_in import browser, is_in, move_end, rows, sign_in


def enter_together(clients: list[Client], code: str) -> list[int]:
    """The statuses of requests that are sent at the same time."""
    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(lambda client: client.post(SECOND, {"code": code}).status_code, clients))


def counted() -> list[dict[str, Any]]:
    """The counters that are not at zero. The right password gives its own attempt back to the one of its address."""
    return [row for row in rows("lockout") if row["tries"] != {"N": "0"}]


class TestAuthenticatorApp:
    @pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_a_code_is_accepted_for_one_step_around_now(
        self, codes: list[str], clock: Clock, steps: int, accepted: bool
    ) -> None:
        client = after_password()
        if accepted:
            assert enter(client, clock.code(steps), 302) == "/staff/"
            assert steps_of() == [clock.step + steps]
        else:
            assert WRONG in enter(client, clock.code(steps))
            assert steps_of() == [0]
        assert is_in(client) == accepted

    @pytest.mark.parametrize("form", ["{0} {1}", " {0}{1} ", "{0}-{1}", "wide"])
    def test_spaces_and_wide_digits_make_no_difference(self, codes: list[str], clock: Clock, form: str) -> None:
        code = clock.code()
        wide = "".join(chr(ord("０") + int(digit)) for digit in code)  # noqa: RUF001
        typed = wide if form == "wide" else form.format(code[:3], code[3:])
        assert enter(after_password(), typed, 302) == "/staff/"

    @pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "x" * 61, "\0"])
    def test_what_is_no_code_is_not_counted(self, codes: list[str], typed: str) -> None:
        client = after_password()
        for _ in range(7):
            assert "error" in enter(client, typed)
        assert counted() == []

    def test_a_code_works_once(self, codes: list[str], clock: Clock) -> None:
        code, earlier = clock.code(), clock.code(-1)
        assert enter(after_password(), code, 302)
        for used in (code, earlier):
            client = after_password()
            assert WRONG in enter(client, used)
            assert not is_in(client)
        clock.step += 1
        assert WRONG in enter(after_password(), code)
        assert enter(after_password(), clock.code(), 302)

    def test_of_two_sign_ins_with_one_code_one_succeeds(self, codes: list[str], clock: Clock) -> None:
        for _ in range(4):
            clock.step += 1
            move_end("lockout", timedelta(seconds=-1))
            clients = [after_password() for _ in range(4)]
            answers = enter_together(clients, clock.code())
            assert sorted(answers) == [200, 200, 200, 302]
            assert sum(map(is_in, clients)) == 1

    def test_every_app_of_the_person_works_and_records_its_use(self, codes: list[str], clock: Clock) -> None:
        assert add_authenticator(name="Tablet", secret=OTHER_SECRET) == []
        assert enter(after_password(), clock.code(secret=OTHER_SECRET), 302)
        phone, tablet = factors.list_factors(people.get_staff("anna"))
        assert phone.last_used_at is None
        assert tablet.last_used_at is not None
        assert datetime.now(UTC) - tablet.last_used_at < timedelta(minutes=1)
        assert enter(after_password(), clock.code(), 302)

    def test_the_code_of_another_person_is_wrong(self, codes: list[str], clock: Clock) -> None:
        make_staff("ben")
        add_authenticator("ben", secret=OTHER_SECRET)
        assert WRONG in enter(after_password(), clock.code(secret=OTHER_SECRET))


class TestKeyRotation:
    @pytest.fixture(autouse=True)
    def app(self, codes: list[str]) -> None:
        """An app whose secret is encrypted with the current key."""

    def test_a_former_key_still_decrypts_and_a_use_encrypts_again(self, clock: Clock) -> None:
        former = django_settings.SECRET_KEY
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[former]):
            assert enter(after_password(), clock.code(), 302)
        clock.step += 1
        with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
            assert enter(after_password(), clock.code(), 302)

    def test_without_the_key_the_app_cannot_be_used_and_a_recovery_code_can(
        self, clock: Clock, codes: list[str]
    ) -> None:
        with override_settings(SECRET_KEY="stolen and replaced", SECRET_KEY_FALLBACKS=["another"]):
            client = after_password()
            page = text(client.get(SECOND))
            assert "The site cannot check your authenticator app any more" in page
            assert WRONG in enter(client, clock.code())
            assert enter(client, codes[0], 302)
            page = text(client.get("/staff/account/factors/"))
            assert "Phone Authenticator app Cannot be used" in page
            assert "Remove that app here, and add it again." in page

    def test_a_secret_is_stored_encrypted_and_for_its_person(self, clock: Clock) -> None:
        [row] = rows("factor")
        assert "JBSWY3DP" not in str(rows(""))
        assert row["secret"]["S"].startswith("gAAAA")
        make_staff("ben", "viewer")
        add_authenticator("ben", secret=OTHER_SECRET)
        [ben] = factors.list_factors(people.get_staff("ben"))
        repository.use_step("ben", ben, 1, datetime.now(UTC), row["secret"]["S"])  # as if copied in the table
        client = browser()
        sign_in(client, "ben")
        assert "cannot check your authenticator app" in text(client.get(SECOND))
        assert WRONG in enter(client, clock.code())


class TestRecoveryCodes:
    def test_each_code_works_once(self, codes: list[str]) -> None:
        assert len(set(codes)) == 10
        for left, code in zip(range(9, -1, -1), codes, strict=True):
            client = after_password()
            assert enter(client, code, 302) == "/staff/"
            assert f"You used a recovery code. {left} of 10 are left." in text(client.get("/staff/"))
            assert WRONG in enter(after_password(), code)
        assert "You have no recovery codes." in text(client.get("/staff/account/factors/"))

    def test_of_two_uses_of_one_code_one_succeeds(self, codes: list[str]) -> None:
        for code in codes[:4]:
            move_end("lockout", timedelta(seconds=-1))
            clients = [after_password() for _ in range(4)]
            answers = enter_together(clients, code)
            assert sorted(answers) == [200, 200, 200, 302]
            assert sum(map(is_in, clients)) == 1

    def test_hyphens_spaces_and_case_make_no_difference(self, codes: list[str]) -> None:
        assert enter(after_password(), codes[0].upper().replace("-", " "), 302)
        assert enter(after_password(), f" {codes[1].replace('-', '')} ", 302)

    def test_a_code_has_at_least_112_bits(self, codes: list[str]) -> None:
        """So its hash need not be slow."""
        characters = "abcdefghjkmnpqrstuvwxyz23456789"
        for code in codes:
            assert set(code) <= {*characters, "-"}
            assert len(code.replace("-", "")) * math.log2(len(characters)) >= 112

    def test_codes_are_stored_as_hashes(self, codes: list[str]) -> None:
        assert not any(code in str(rows("")) or code.replace("-", "") in str(rows("")) for code in codes)

    def test_a_wrong_code_uses_none(self, codes: list[str]) -> None:
        assert WRONG in enter(after_password(), "aaaa-bbbb-cccc-dddd-eeee-ffff")
        left = factors.get_codes(people.get_staff("anna"))
        assert left is not None
        assert len(left.hashes) == 10


class TestLimits:
    def test_five_wrong_codes_lock_the_second_step(self, codes: list[str], clock: Clock) -> None:
        clients = [after_password() for _ in range(3)]
        for number in range(5):
            assert WRONG in enter(clients[number % 3], "000000")
        assert "Too many attempts. Please try again in 15 minutes." in enter(clients[0], clock.code(), 429)
        assert not is_in(clients[0])
        assert steps_of() == [0]
        assert enter(clients[1], codes[0], 302)  # recovery codes have a limit of their own

    def test_only_five_of_twenty_at_the_same_time_are_compared(
        self, codes: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compared: list[str] = []
        monkeypatch.setattr("eventsite.accounts.totp.matching_step", lambda _, code: compared.append(code))
        clients = [after_password() for _ in range(20)]
        answers = enter_together(clients, "000000")
        assert sorted(answers) == [200] * 5 + [429] * 15
        assert len(compared) == 5

    def test_twenty_wrong_codes_a_day_and_a_new_password_starts_again(self, codes: list[str], clock: Clock) -> None:
        client = after_password()
        for number in range(20):
            if number % 5 == 0:
                self._end_of_the_quarter_of_an_hour()
            assert WRONG in enter(client, "000000")
        self._end_of_the_quarter_of_an_hour()
        assert "Too many attempts. Please try again in 24 hours." in enter(client, clock.code(), 429)
        people.set_password("anna", PASSWORD, ACTOR)
        assert enter(after_password(), clock.code(), 302)

    def _end_of_the_quarter_of_an_hour(self) -> None:
        for row in rows("lockout"):
            if float(row["expiresAt"]["N"]) - datetime.now(UTC).timestamp() < 16 * 60:
                _expire(row["key"]["S"])

    def test_the_right_code_resets_the_count(self, codes: list[str], clock: Clock) -> None:
        for _ in range(3):
            client = after_password()
            for _ in range(4):
                assert WRONG in enter(client, "000000")
            clock.step += 1
            assert enter(client, clock.code(), 302)
        assert counted() == []

    def test_without_the_password_nobody_can_lock_the_second_step(self, codes: list[str], clock: Clock) -> None:
        client = after_password()
        for _ in range(6):
            sign_in(browser("198.51.100.9"), password="wrong")
        assert enter(client, clock.code(), 302)

    def test_the_lock_is_logged_without_codes(self, codes: list[str], caplog: pytest.LogCaptureFixture) -> None:
        client = after_password()
        with caplog.at_level(logging.INFO):
            for _ in range(6):
                client.post(SECOND, {"code": "000000"})
        assert 'event="signin.locked" whom="anna" address="192.0.2.1"' in caplog.text
        assert "000000" not in caplog.text


def _expire(key: str) -> None:
    ended = AccessItem.expiresAt.set(datetime.now(UTC) - timedelta(seconds=1))
    connection().update_item(AccessItem.Meta.table_name, key, actions=[ended])

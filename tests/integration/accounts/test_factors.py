"""The pages of two-step sign-in: adding and removing authenticator apps, and recovery codes."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import pytest
from django.test import Client, override_settings

from eventsite.accounts import factors, people
from eventsite.accounts.errors import FactorNotFoundError, FactorRequiredError, StaffChangedError
from eventsite.accounts.security_log import list_changes
from tests.support.builders import ACTOR, make_staff
from tests.support.clients import client_of
from tests.support.codes import (
    ADD,
    FACTORS,
    NEW_CODES,
    OTHER_SECRET,
    SECOND,
    Clock,
    add_authenticator,
    codes_on,
    secret_on,
    set_up,
)
from tests.support.page_reader import fields, links, submit, text
from tests.support.sign_in import browser, is_in, rows, sign_in


def ids(username: str = "anna") -> list[str]:
    return [factor.id for factor in factors.list_factors(people.get_staff(username))]


def names(username: str = "anna") -> list[str]:
    return [factor.name for factor in factors.list_factors(people.get_staff(username))]


def actions() -> list[tuple[str, str, str, str]]:
    """The changes of factors and codes."""
    changes = [change for change in list_changes().changes if "factor" in change.action or "codes" in change.action]
    return [(change.actor, change.action, change.whom, change.detail) for change in changes]


class TestAdding:
    def test_an_app_works_after_its_code_has_confirmed_it(self, anna: Client, clock: Clock) -> None:
        assert "You sign in with your password only" in text(anna.get(FACTORS))
        page = anna.get(links(anna.get(FACTORS))["Add an authenticator app"])
        secret = secret_on(page)
        assert len(secret) == 32
        assert rows("factor") == []
        response = anna.post(ADD, {**fields(page), "name": " My  phone ", "code": clock.code(secret=secret)})
        assert "Two-step sign-in is on: My phone was added." in text(response)
        codes = codes_on(response)
        assert len(codes) == 10
        assert response["Cache-Control"] == "private, no-store"
        shown = text(anna.get(FACTORS))
        assert "My phone Authenticator app" in shown
        assert "10 of 10 left" in shown
        assert not any(code in shown for code in codes)
        assert actions() == [("anna", "factor-added", "anna", "totp")]
        client = browser()
        sign_in(client)
        assert client.post(SECOND, {"code": clock.code(secret=secret)}).status_code == 200  # it confirmed the set-up
        assert client.post(SECOND, {"code": clock.code(1, secret)}).status_code == 302

    def test_the_page_shows_the_secret_as_qr_code_link_and_text(self, anna: Client) -> None:
        page = anna.get(ADD)
        secret, html = secret_on(page), page.content.decode()
        assert re.search(r'id="secret">(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}<', html)
        link = links(page)["Open in an app on this device"]
        assert link == f"otpauth://totp/Events%20testserver:anna?secret={secret}&issuer=Events%20testserver"
        [image] = re.findall(r'<img class="qr[^>]* src="data:image/svg\+xml;charset=utf-8,([^"]+)"', html)
        svg = unquote(image)
        assert "style" not in svg
        assert re.search(r"<path fill='#fff' d='M0 0h", svg)
        assert re.search(r"<path [^>]*d='M4 4.5", svg)  # four white modules around it

    def test_the_secret_of_an_unfinished_set_up_is_kept_encrypted_by_the_page(self, anna: Client) -> None:
        page = anna.get(ADD)
        secret = secret_on(page)
        assert fields(page)["set_up"].startswith("gAAAA")
        assert secret not in str(rows(""))
        assert secret_on(anna.get(ADD)) != secret

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"code": "000000"}, "This code is wrong."),
            ({"code": ""}, "This field is required."),
            ({"code": "aaaa-bbbb-cccc-dddd-eeee-ffff"}, "This code is wrong."),
            ({"name": ""}, "This field is required."),
            ({"name": "x" * 61}, "Ensure this value has at most 60 characters"),
            ({"name": "a\u202eb"}, "a character that cannot be displayed"),
            ({"name": "PHONE"}, "You already use this name."),
            ({"set_up": ""}, "now shows a new QR code"),
            ({"set_up": "gAAAAnonsense\u00e9"}, "now shows a new QR code"),
        ],
    )
    def test_an_error_adds_nothing(self, anna: Client, clock: Clock, changes: dict[str, str], message: str) -> None:
        add_authenticator()
        page = anna.get(ADD)
        form = {**fields(page), "name": "Tablet", "code": clock.code(secret=secret_on(page)), **changes}
        response = anna.post(ADD, form)
        assert response.status_code == 200
        assert message in text(response)
        assert names() == ["Phone"]
        kept = "set_up" not in changes
        assert (secret_on(response) == secret_on(page)) == kept
        again = {**fields(response), "name": "Tablet", "code": clock.code(secret=secret_on(response))}
        assert anna.post(ADD, again)["Location"] == FACTORS
        assert names() == ["Phone", "Tablet"]

    def test_a_set_up_of_another_person_or_of_yesterday_is_refused(
        self, anna: Client, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ben = client_of(make_staff("ben"))
        page = anna.get(ADD)
        form = {**fields(page), "name": "Phone", "code": clock.code(secret=secret_on(page))}
        assert "now shows a new QR code" in text(ben.post(ADD, form))
        late = time.time() + factors.TIME_FOR_SET_UP.total_seconds() + 1
        with monkeypatch.context() as later:
            later.setattr(time, "time", lambda: late)
            assert "now shows a new QR code" in text(anna.post(ADD, form))
        assert rows("factor") == []
        assert "Two-step sign-in is on" in text(anna.post(ADD, form))

    def test_a_form_sent_twice_adds_one_app_and_shows_the_same_codes(self, anna: Client, clock: Clock) -> None:
        page = anna.get(ADD)
        form = {**fields(page), "name": "Phone", "code": clock.code(secret=secret_on(page))}
        clients = [anna, client_of(people.get_staff("anna"))]
        with ThreadPoolExecutor(2) as pool:
            pages = list(pool.map(lambda client: client.post(ADD, form), clients))
        first, second = map(codes_on, pages)
        assert first == second == codes_on(anna.post(ADD, form))
        assert len(rows("factor")) == 1
        assert len(actions()) == 1
        later = browser()
        sign_in(later)
        assert later.post(SECOND, {"code": first[0]}).status_code == 302

    def test_two_apps_added_at_the_same_time_get_different_names(self, anna: Client, clock: Clock) -> None:
        clients = [anna, client_of(people.get_staff("anna"))]
        with ThreadPoolExecutor(2) as pool:
            pages = list(pool.map(lambda client: set_up(client, clock), clients))
        assert sorted("Two-step sign-in is on" in text(page) for page in pages) == [False, True]
        assert sorted("You already use this name." in text(page) for page in pages) == [False, True]
        assert names() == ["Phone"]

    def test_there_are_at_most_ten(self, anna: Client, clock: Clock) -> None:
        for number in range(10):
            set_up(anna, clock, f"Phone {number}")
        assert "Add an authenticator app" not in links(anna.get(FACTORS))
        assert "You have 10 already. Remove one first." in text(set_up(anna, clock, "Phone 10"))
        assert len(rows("factor")) == 10

    def test_a_session_that_ends_meanwhile_adds_nothing(self, anna: Client, clock: Clock) -> None:
        staff = people.get_staff("anna")
        people.remove_factors("anna", ACTOR)
        people.sign_out_everywhere(people.get_staff("anna"))
        with pytest.raises(StaffChangedError):
            factors.add_authenticator(staff, "Phone", OTHER_SECRET, clock.step, b"seed")
        assert rows("factor") == []


class TestRemoving:
    def test_the_last_one_takes_the_recovery_codes_with_it(self, anna: Client, clock: Clock) -> None:
        add_authenticator()
        add_authenticator(name="Tablet", secret=OTHER_SECRET)
        first, second = ids()
        page = anna.get(f"{FACTORS}{first}/remove/")
        assert "Your other second steps and your recovery codes stay." in text(page)
        after = anna.post(f"{FACTORS}{first}/remove/", follow=True)
        assert "Phone was removed." in text(after)
        assert "end the others on" in text(after)
        assert 'href="/staff/account/sessions/"' in after.content.decode()
        assert len(rows("recovery")) == 1
        assert "This is your last second step." in text(anna.get(f"{FACTORS}{second}/remove/"))
        assert "You sign in with your password only" in text(anna.post(f"{FACTORS}{second}/remove/", follow=True))
        assert rows("factor") == rows("recovery") == []
        assert sign_in(browser())["Location"] == "/staff/"
        removed = ("anna", "factor-removed", "anna", "totp")
        assert actions()[:2] == [removed, removed]

    def test_an_app_that_is_gone_or_belongs_to_another_person(self, anna: Client) -> None:
        make_staff("ben")
        add_authenticator()
        add_authenticator("ben", secret=OTHER_SECRET)
        for factor_id in ("nothing", *ids("ben")):
            for ask in (anna.get, anna.post):
                assert "This was already removed." in text(ask(f"{FACTORS}{factor_id}/remove/", follow=True))
        assert len(rows("factor")) == 2

    def test_two_that_are_removed_at_the_same_time_leave_none_in_the_account(self, anna: Client) -> None:
        add_authenticator()
        add_authenticator(name="Tablet", secret=OTHER_SECRET)
        staff = people.get_staff("anna")
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda factor_id: factors.remove_factor(staff, factor_id), ids()))
        assert people.get_staff("anna").factor_ids == frozenset()
        assert rows("factor") == rows("recovery") == []

    @override_settings(EVENTS_SECOND_FACTOR="everyone")
    def test_of_two_that_are_removed_at_the_same_time_one_stays_if_one_is_required(self, anna: Client) -> None:
        add_authenticator()
        add_authenticator(name="Tablet", secret=OTHER_SECRET)
        staff = people.get_staff("anna")
        first, second = ids()
        with ThreadPoolExecutor(2) as pool:
            one, other = (
                pool.submit(factors.remove_factor, staff, first),
                pool.submit(factors.remove_factor, staff, second),
            )
        assert [type(each.exception()) for each in (one, other)].count(FactorRequiredError) == 1
        assert len(people.get_staff("anna").factor_ids) == len(rows("factor")) == 1

    @override_settings(EVENTS_SECOND_FACTOR="everyone")
    def test_the_last_one_stays_if_one_is_required(self, anna: Client) -> None:
        add_authenticator()
        add_authenticator(name="Tablet", secret=OTHER_SECRET)
        staff = people.get_staff("anna")
        first, second = ids()
        anna.post(f"{FACTORS}{first}/remove/")
        for ask in (anna.get, anna.post):
            page = text(ask(f"{FACTORS}{second}/remove/", follow=True))
            assert "This is your last one, and you need one to sign in. Add another one first." in page
        with pytest.raises(FactorNotFoundError):
            factors.remove_factor(staff, first)
        assert len(rows("factor")) == 1


class TestRecoveryCodes:
    @pytest.fixture(autouse=True)
    def codes(self, anna: Client) -> list[str]:
        return add_authenticator()

    def test_new_codes_replace_the_former_ones(self, anna: Client, codes: list[str]) -> None:
        assert "Your 10 remaining recovery codes will stop working." in text(anna.get(NEW_CODES))
        response = submit(anna, NEW_CODES)
        new = codes_on(response)
        assert len(set(new) - set(codes)) == 10
        assert "Your former codes no longer work." in text(response)
        client = browser()
        sign_in(client)
        assert client.post(SECOND, {"code": codes[0]}).status_code == 200
        assert client.post(SECOND, {"code": new[0]}).status_code == 302
        assert "9 of 10 left" in text(client.get(FACTORS))
        assert actions()[0] == ("anna", "recovery-codes-made", "anna", "")

    def test_the_codes_can_be_downloaded(self, anna: Client) -> None:
        response = submit(anna, NEW_CODES)
        file = unquote(links(response)["Download"].removeprefix("data:text/plain;charset=utf-8,"))
        assert file.split("\r\n") == ["Recovery codes of anna at testserver", "", *codes_on(response)]

    def test_a_form_sent_twice_shows_the_same_codes_and_an_old_one_restores_none(self, anna: Client) -> None:
        form = fields(anna.get(NEW_CODES))
        shown = codes_on(anna.post(NEW_CODES, form))
        assert codes_on(anna.post(NEW_CODES, form)) == shown
        newer = codes_on(submit(anna, NEW_CODES))
        response = anna.post(NEW_CODES, form)
        assert response.status_code == 409
        assert "Other recovery codes were created after you opened this page" in text(response)
        client = browser()
        sign_in(client)
        assert client.post(SECOND, {"code": shown[0]}).status_code == 200
        assert client.post(SECOND, {"code": newer[0]}).status_code == 302

    def test_a_repeated_form_does_not_make_used_codes_valid_again(self, anna: Client) -> None:
        form = fields(anna.get(NEW_CODES))
        shown = codes_on(anna.post(NEW_CODES, form))
        client = browser()
        sign_in(client)
        client.post(SECOND, {"code": shown[0]})
        anna.post(NEW_CODES, form)
        assert "9 of 10 left" in text(anna.get(FACTORS))

    def test_few_codes_are_a_warning(self, anna: Client, codes: list[str]) -> None:
        staff = people.get_staff("anna")
        for number, code in enumerate(codes, 1):
            assert factors.use_code(staff, factors.Code("recovery-code", code.replace("-", "")))
            assert ("Create new ones now." in text(anna.get(FACTORS))) == (number > 7)
        assert "You have no recovery codes." in text(anna.get(NEW_CODES))

    def test_without_a_second_step_there_are_none(self, anna: Client) -> None:
        people.remove_factors("anna", ACTOR)
        anna = client_of(people.get_staff("anna"))
        assert anna.get(NEW_CODES)["Location"] == FACTORS
        assert anna.post(NEW_CODES)["Location"] == FACTORS
        assert rows("recovery") == []


class TestAdmins:
    @pytest.fixture(autouse=True)
    def app(self, clock: Clock) -> None:
        make_staff("anna", "viewer")
        add_authenticator(name="Secret hobby phone")

    def test_they_see_methods_but_no_names(self, admin: Client) -> None:
        add_authenticator(name="Tablet", secret=OTHER_SECRET)
        page = text(admin.get("/staff/people/anna/"))
        assert "Two-step sign-in On Authenticator app (2)" in page
        assert "hobby" not in page
        assert "anna added an authenticator app for two-step sign-in" in text(admin.get("/staff/security/"))
        assert "hobby" not in text(admin.get("/staff/security/"))

    def test_they_can_remove_all_of_another_person(self, admin: Client, clock: Clock) -> None:
        client = browser()
        sign_in(client)
        client.post(SECOND, {"code": clock.code()})
        assert is_in(client)
        address = links(admin.get("/staff/people/anna/"))["Remove two-step sign-in…"]
        assert "Remove the two-step sign-in of anna?" in text(admin.get(address))
        response = admin.post(address, follow=True)
        assert "anna now signs in with the password only, and was signed out everywhere." in text(response)
        assert "Two-step sign-in Off" in text(response)
        assert not is_in(client)
        assert rows("factor") == rows("recovery") == []
        assert sign_in(browser())["Location"] == "/staff/"
        assert actions()[0] == ("ada", "factors-reset", "anna", "")
        assert "ada removed the two-step sign-in of anna" in text(admin.get("/staff/security/"))

    def test_a_new_password_does_not_remove_them_and_the_pages_say_so(self, admin: Client) -> None:
        """Somebody who took over a session may have added a passkey, which also signs in without the password."""
        reset, own, said = "/staff/people/anna/reset-password/", "/staff/account/password/", "apps and passkeys stay"
        assert said in text(admin.get(reset))
        assert 'href="/staff/people/anna/remove-factors/"' in admin.get(reset).content.decode()
        assert said in text(client_of(people.get_staff("anna")).get(own))
        people.remove_factors("anna", ACTOR)
        assert said not in text(admin.get(reset))

    def test_twice_is_one_change(self, admin: Client) -> None:
        clients = [admin, client_of(people.get_staff("ada"))]
        with ThreadPoolExecutor(2) as pool:
            answers = pool.map(lambda it: it.post("/staff/people/anna/remove-factors/").status_code, clients)
        assert list(answers) == [302, 302]
        assert [action for _, action, _, _ in actions()].count("factors-reset") == 1

    def test_their_own_only_on_their_own_page(self, admin: Client) -> None:
        add_authenticator("ada", secret=OTHER_SECRET)
        assert "Remove two-step sign-in…" not in links(admin.get("/staff/people/ada/"))
        for ask in (admin.get, admin.post):
            assert "You cannot remove your own two-step sign-in there." in text(
                ask("/staff/people/ada/remove-factors/", follow=True)
            )
        assert people.get_staff("ada").has_factors

    def test_an_unknown_person(self, admin: Client) -> None:
        assert admin.post("/staff/people/nobody/remove-factors/").status_code == 404

"""What ends at once when an account is deactivated, gets another password or another role: sessions, feed, keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from events.domain import Actor
from events.storage import api_keys
from eventsite.accounts import keys, people
from eventsite.accounts.domain import ApiKey, Role, Scope
from eventsite.accounts.errors import KeyNotFoundError
from eventsite.accounts.feeds import renew_feed, staff_of_feed
from eventsite.accounts.security_log import list_changes
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.page_reader import fields, text
from tests.support.sign_in import browser, is_in, sign_in

EVA = Actor("eva")
PEOPLE = "/staff/people/"
DEACTIVATE, RESET, PERSON = f"{PEOPLE}eva/deactivate/", f"{PEOPLE}eva/reset-password/", f"{PEOPLE}eva/"
NEW = "another battery horse"


def make_key(name: str, actor: Actor = EVA, **more: Any) -> ApiKey:
    return keys.create_key(name, Scope.READ, actor, **more)[0]


def works(key: ApiKey) -> bool:
    try:
        return bool(keys.get_key(key.id))
    except KeyNotFoundError:
        return False


def activity() -> list[str]:
    return [f"{row.actor} {row.action} {row.whom}" for row in list_changes().changes[::-1]]


@pytest.fixture
def eva() -> Client:
    make_staff("eva", "admin")
    client = browser()
    sign_in(client, "eva")
    return client


def _change_own_password(client: Client) -> None:
    client.post("/staff/account/password/", {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW})


@pytest.mark.parametrize(
    ("change", "session_lives", "feed_lives"),
    [
        (lambda _: people.deactivate("eva", ACTOR), False, False),
        (lambda _: people.reset_password("eva", ACTOR), False, False),
        (lambda _: people.set_password("eva", NEW, Actor("manage.py")), False, False),
        (lambda _: people.sign_out_everywhere(people.get_staff("eva")), False, True),
        (_change_own_password, True, True),
        (lambda _: people.change_role("eva", Role.EDITOR, ACTOR), True, True),
        (lambda _: people.change_role("eva", Role.ADMIN, ACTOR), True, True),
        (lambda _: people.reactivate("eva", ACTOR), True, True),
    ],
    ids=[
        "deactivated",
        "reset",
        "manage.py changepassword",
        "signed out everywhere",
        "changes their password",
        "lower role",
        "same role",
        "reactivated without effect",
    ],
)
def test_what_ends_at_once(
    eva: Client, change: Callable[[Client], None], session_lives: bool, feed_lives: bool
) -> None:
    make_staff("ada", "admin")
    other = browser()
    sign_in(other, "eva")
    token = renew_feed(people.get_staff("eva"))
    change(eva)
    assert is_in(eva) is session_lives
    assert is_in(other) is (session_lives and change is not _change_own_password)
    people.reactivate("eva", ACTOR)
    assert is_in(eva) is session_lives
    assert bool(staff_of_feed(token)) is feed_lives


def test_a_higher_role_begins_with_a_new_sign_in(admin: Client) -> None:
    """Sign-in may demand more of an admin, such as a second factor."""
    client = client_of(make_staff("anna", "viewer"))
    page = text(admin.post(f"{PEOPLE}anna/", {"role": "editor"}, follow=True))
    assert "anna is now an editor. They were signed out and get the role at their next sign-in." in page
    assert not is_in(client)
    sign_in(client)
    assert client.get("/staff/events/new/").status_code == 200
    assert "signed out" not in text(admin.post(f"{PEOPLE}anna/", {"role": "viewer"}, follow=True))
    assert is_in(client)
    assert client.get("/staff/events/new/").status_code == 403


class TestKeys:
    """Keys that the person created are listed on the pages that confirm, and revoked if they are selected."""

    @pytest.fixture(autouse=True)
    def made(self, eva: Client) -> None:
        self.website, self.kiosk = make_key("Website <b>"), make_key("Kiosk")
        self.of_tester = make_key("Not hers", ACTOR)
        revoked, expired = make_key("Revoked"), make_key("Expired", valid_for=timedelta(days=1))
        keys.revoke_key(revoked.id, ACTOR)
        self.later = make_key("Later", valid_for=timedelta(days=1))
        end = datetime.now(UTC) - timedelta(seconds=1)
        api_keys.rotate_key(expired._replace(valid_until=end), expired.secret_hash)
        self.before = activity()

    def done(self) -> list[str]:
        return activity()[len(self.before) :]

    @pytest.mark.parametrize("path", [DEACTIVATE, RESET])
    def test_the_page_lists_those_that_work_and_selects_none(self, admin: Client, path: str) -> None:
        page = admin.get(path)
        shown = text(page)
        assert "API keys that eva created" in shown
        for name in ("Website <b>", "Kiosk", "Later"):
            assert f"Revoke {name}" in shown
        for name in ("Not hers", "Revoke Revoked", "Expired"):
            assert name not in shown
        assert page.content.decode().count('name="revoke"') == 3
        assert "checked" not in page.content.decode()

    def test_without_keys_the_pages_list_nothing(self, admin: Client) -> None:
        make_staff("ben")
        for path in ("deactivate/", "reset-password/"):
            assert "API keys that" not in text(admin.get(f"{PEOPLE}ben/{path}"))

    def test_deactivation_revokes_the_selected_ones(self, admin: Client) -> None:
        selected = {"revoke": [self.website.id, self.later.id]}
        assert "eva was deactivated and signed out everywhere. 2 keys were revoked." in text(
            admin.post(DEACTIVATE, selected, follow=True)
        )
        assert [works(key) for key in (self.website, self.kiosk, self.later)] == [False, True, False]
        assert self.done() == [
            "tester added ada",
            "ada deactivated eva",
            "ada key-revoked Later",
            "ada key-revoked Website <b>",
        ]

    def test_a_reset_revokes_the_selected_ones_and_shows_the_password_again(self, admin: Client) -> None:
        form = {**fields(admin.get(RESET)), "revoke": [self.kiosk.id]}
        first, again = (admin.post(RESET, form) for _ in range(2))
        assert "1 key was revoked." in text(first)
        assert "revoked" not in text(again)
        assert [works(key) for key in (self.website, self.kiosk)] == [True, False]
        assert [row for row in self.done() if "key" in row] == ["ada key-revoked Kiosk"]
        secrets = [page.content.decode().split('id="password">')[1][:19] for page in (first, again)]
        assert secrets[0] == secrets[1]
        assert people.get_staff("eva").check_password(secrets[0])

    def test_taking_the_admin_role_asks_first(self, admin: Client) -> None:
        page = admin.post(PERSON, {"role": "editor"})
        assert page.status_code == 200
        assert "eva will be an editor, and can no longer manage people and API keys." in text(page)
        assert "Revoke Kiosk" in text(page)
        assert people.get_staff("eva").role == "admin"
        form = {**fields(page), "revoke": [self.kiosk.id]}
        assert "eva is now an editor. 1 key was revoked." in text(admin.post(PERSON, form, follow=True))
        assert (people.get_staff("eva").role, works(self.kiosk), works(self.website)) == ("editor", False, True)

    def test_the_last_admin_keeps_the_keys(self, eva: Client) -> None:
        form = {"role": "editor", "confirmed": "1", "revoke": [self.kiosk.id]}
        assert "eva is the last active admin." in text(eva.post(PERSON, form))
        assert "eva is the last active admin." in text(eva.post(DEACTIVATE, form, follow=True))
        assert works(self.kiosk)
        assert self.done() == []

    def test_only_keys_of_this_person_are_revoked(self, admin: Client) -> None:
        selected = {"revoke": [self.of_tester.id, "nothing", "", "../x", self.kiosk.id, self.kiosk.id]}
        admin.post(DEACTIVATE, selected)
        assert works(self.of_tester)
        assert not works(self.kiosk)

    def test_a_reset_that_is_refused_revokes_nothing(self, admin: Client) -> None:
        form = {**fields(admin.get(RESET)), "revoke": [self.kiosk.id]}
        people.set_password("eva", NEW, ACTOR)
        page = admin.post(RESET, form)
        assert page.status_code == 409
        assert works(self.kiosk)
        assert page.content.decode().count(" checked>") == 1  # the page remembers the choice

    def test_a_key_that_somebody_else_revokes_meanwhile_is_no_error(
        self, admin: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        list_keys = keys.list_keys

        def revoked_meanwhile() -> list[ApiKey]:
            listed = list_keys()
            keys.revoke_key(self.kiosk.id, ACTOR)
            return listed

        monkeypatch.setattr(keys, "list_keys", revoked_meanwhile)
        assert admin.post(DEACTIVATE, {"revoke": [self.kiosk.id, self.website.id]}).status_code == 302
        assert not works(self.website)

    def test_after_a_failure_the_same_form_completes_the_rest(self, admin: Client, faults: FaultProxy) -> None:
        admin.raise_request_exception = False
        form = {**fields(admin.get(RESET)), "revoke": [self.kiosk.id, self.website.id]}
        faults.set(FAIL, "Query")
        assert admin.post(RESET, form).status_code >= 500
        faults.set(None)
        page = admin.post(RESET, form)
        assert "2 keys were revoked." in text(page)
        assert people.get_staff("eva").check_password(page.content.decode().split('id="password">')[1][:19])

    def test_the_calls_depend_on_the_keys_alone(self, admin: Client, faults: FaultProxy) -> None:
        faults.set(None)
        admin.get(DEACTIVATE)
        assert faults.calls == ["BatchGetItem", "GetItem", "Query", "BatchGetItem"]
        faults.set(None)
        admin.post(DEACTIVATE)
        assert faults.calls == ["BatchGetItem", "GetItem", "GetItem", "TransactWriteItems"]

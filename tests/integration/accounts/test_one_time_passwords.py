"""One-time passwords work for 24 hours, and nobody resets their own password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from django.test import Client

from events.domain import Actor
from events.storage.connection import connection
from events.storage.models import AccessItem
from events.storage.staff import StaffItem
from eventsite.accounts import models, people
from eventsite.accounts.domain import Role
from eventsite.accounts.errors import OwnPasswordError
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import fields, text
from tests.support.sign_in import browser, is_in, sign_in

EXPIRED = "This one-time password has expired. Ask an admin for a new one."
NO_MATCH = "This username and password do not match an active account."
START = datetime(2026, 3, 4, 9, 0, 0, 250_000, tzinfo=UTC)
NEW = "another battery horse"


class Clock(datetime):
    moment = START

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return cls.moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    """The clock of one-time passwords only."""
    monkeypatch.setattr(Clock, "moment", START)
    monkeypatch.setattr(people, "datetime", Clock)
    monkeypatch.setattr(models, "datetime", Clock)
    return Clock


def add_anna(how: str) -> str:
    if how == "added":
        return people.add_person("anna", Role.EDITOR, ACTOR)
    make_staff("anna")
    return people.reset_password("anna", ACTOR)


@pytest.mark.parametrize("how", ["added", "reset"])
@pytest.mark.parametrize(("seconds", "works"), [(-1, True), (0, False), (1, False)])
def test_a_one_time_password_works_for_24_hours(clock: type[Clock], how: str, seconds: int, works: bool) -> None:
    password = add_anna(how)
    clock.moment = START + timedelta(hours=24, seconds=seconds)
    response = sign_in(browser(), password=password)
    assert (response.status_code, EXPIRED in text(response)) == ((302, False) if works else (200, True))


def test_only_the_right_password_shows_that_it_has_expired(clock: type[Clock], hashed: list[str]) -> None:
    password = add_anna("added")
    clock.moment = START + timedelta(hours=25)
    hashed.clear()
    wrong = text(sign_in(browser(), password="wrong"))
    assert NO_MATCH in wrong
    assert EXPIRED not in wrong
    client = browser()
    assert EXPIRED in text(sign_in(client, password=password))
    assert hashed == ["wrong", password]
    assert not is_in(client)
    assert people.get_staff("anna").last_login is None


def test_another_reset_gives_a_password_that_works(clock: type[Clock], admin: Client) -> None:
    add_anna("added")
    clock.moment = START + timedelta(hours=25)
    page = text(admin.get("/staff/people/anna/"))
    assert "one-time password expired" in page
    assert "Reset the password to give anna a new one." in page
    form = fields(admin.get("/staff/people/anna/reset-password/"))
    page = text(admin.post("/staff/people/anna/reset-password/", form))
    assert "It works until 6 Mar 10:00" in page
    password = people.reset_password("anna", ACTOR)
    client = browser()
    assert sign_in(client, password=password).status_code == 302
    typed = {"old_password": password, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/staff/account/password/", typed).status_code == 302
    anna = people.get_staff("anna")
    assert (anna.must_change_password, anna.one_time_until) == (False, None)
    clock.moment = START + timedelta(days=400)
    assert sign_in(browser(), password=NEW).status_code == 302


def test_the_pages_say_until_when_it_works(clock: type[Clock], admin: Client) -> None:
    page = text(admin.post("/staff/people/new/", {"username": "anna", "role": "editor"}))
    assert "It works until 5 Mar 09:00" in page
    assert "works until 5 Mar 09:00" in text(admin.get("/staff/people/anna/"))
    people.set_password("anna", PASSWORD, ACTOR)
    assert "works until" not in text(admin.get("/staff/people/anna/"))


def test_an_expired_one_time_password_cannot_be_replaced_in_a_session(clock: type[Clock]) -> None:
    password = add_anna("added")
    client = browser()
    sign_in(client, password=password)
    clock.moment = START + timedelta(hours=24)
    typed = {"old_password": password, "new_password1": NEW, "new_password2": NEW}
    assert EXPIRED in text(client.post("/staff/account/password/", typed))
    assert people.get_staff("anna").must_change_password


def test_the_form_that_made_it_does_not_show_an_expired_one_again(clock: type[Clock], admin: Client) -> None:
    form = {**fields(admin.get("/staff/people/new/")), "username": "anna", "role": "editor"}
    assert "One-time password" in text(admin.post("/staff/people/new/", form))
    clock.moment = START + timedelta(hours=24)
    assert "This username is already taken" in text(admin.post("/staff/people/new/", form))


def test_one_time_passwords_of_an_earlier_version_have_expired() -> None:
    """They may be months old, and nothing says when they were made."""
    make_staff("anna", must_change_password=True)
    make_staff("ben")
    for name in ("anna", "ben"):
        actions = [StaffItem.one_time_until.remove()]
        connection().update_item(AccessItem.Meta.table_name, f"staff#{name}", actions=actions)
    assert EXPIRED in text(sign_in(browser()))
    assert sign_in(browser(), "ben").status_code == 302


def test_a_reactivated_account_may_need_a_new_one(clock: type[Clock], admin: Client) -> None:
    add_anna("added")
    clock.moment = START + timedelta(hours=24)
    people.deactivate("anna", ACTOR)
    page = text(admin.post("/staff/people/anna/reactivate/", follow=True))
    assert "after you reset the password: the one-time password has expired" in page


class TestOwnPassword:
    """An admin changes their own password only with the current one."""

    REFUSED = "You cannot reset your own password. Change it on My account: that needs your current password."

    def test_the_page_for_resets_refuses_it(self, admin: Client, faults: FaultProxy) -> None:
        make_staff("eva", "admin")
        before = people.get_staff("ada")
        form = fields(admin.get("/staff/people/eva/reset-password/"))
        for response in (
            admin.get("/staff/people/ada/reset-password/"),
            admin.post("/staff/people/ada/reset-password/"),
            admin.post("/staff/people/ada/reset-password/", form),
            admin.post("/staff/people/ada/reset-password/", {**form, "state": people.password_state(before)}),
        ):
            assert response.status_code == 403
            assert self.REFUSED in text(response)
        assert people.get_staff("ada").password == before.password

    @pytest.mark.parametrize("name", ["ADA", " ada", "ada ", "ada%20", "%61da"])
    def test_other_spellings_of_the_name_do_not_help(self, admin: Client, name: str) -> None:
        response = admin.post(f"/staff/people/{name}/reset-password/")
        assert response.status_code in (403, 404)
        assert people.get_staff("ada").check_password(PASSWORD)

    def test_the_decision_refuses_it_too(self) -> None:
        make_staff("ada", "admin")
        with pytest.raises(OwnPasswordError):
            people.reset_password("ada", Actor("ada"))

    def test_no_page_changes_it_without_the_current_one(self, admin: Client) -> None:
        for path in ("/staff/people/ada/", "/staff/people/new/", "/staff/account/password/", "/staff/account/"):
            admin.post(
                path, {"username": "ada", "role": "admin", "password": NEW, "new_password1": NEW, "new_password2": NEW}
            )
        typed = {"new_password1": NEW, "new_password2": NEW}
        for old in ({}, {"old_password": ""}, {"old_password": NEW}):
            assert admin.post("/staff/account/password/", {**typed, **old}).status_code == 200
        assert people.get_staff("ada").check_password(PASSWORD)

    def test_the_page_of_the_own_account_offers_to_change_it(self, admin: Client) -> None:
        page = admin.get("/staff/people/ada/").content.decode()
        assert "Change my password" in page
        assert "reset-password" not in page

    def test_a_one_time_password_is_asked_for_too(self) -> None:
        client = client_of(make_staff("eva", "admin", must_change_password=True))
        typed = {"new_password1": NEW, "new_password2": NEW}
        assert client.post("/staff/account/password/", typed).status_code == 200
        assert client.post("/staff/people/eva/reset-password/")["Location"].startswith("/staff/account/password/")
        assert people.get_staff("eva").check_password(PASSWORD)

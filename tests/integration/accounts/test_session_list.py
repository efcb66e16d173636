"""The pages that list sessions, and what they end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings

from events.storage import sessions as session_repository
from eventsite.accounts import people, session_list
from eventsite.accounts.domain import Role
from eventsite.accounts.models import Staff
from eventsite.accounts.security_log import list_changes
from eventsite.accounts.session_list import list_sessions
from eventsite.accounts.sessions import SessionStore
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import text
from tests.support.session_clock import SessionClock
from tests.support.sign_in import ACCOUNT, LOGIN, browser, is_in, rows, sign_in

OWN, HERS = "/staff/account/sessions/", "/staff/people/anna/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Safari/604.1"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SessionClock:
    return SessionClock(monkeypatch)


@pytest.fixture
def anna() -> None:
    make_staff("anna")


def signed_in(user_agent: str = FIREFOX, address: str = "192.0.2.1", username: str = "anna") -> Client:
    client = Client(headers={"Accept": "text/html", "User-Agent": user_agent}, REMOTE_ADDR=address)
    assert sign_in(client, username).status_code == 302
    return client


def id_of(client: Client) -> str:
    return session_repository.id_of(client.cookies[django_settings.SESSION_COOKIE_NAME].value)


def seen(client: Client) -> datetime | None:
    return next(one.last_seen for one in list_sessions(people.get_staff("anna")).sessions if one.id == id_of(client))


def lines(client: Client, address: str = OWN) -> list[str]:
    """The rows of the table, without the times."""
    page = client.get(address).content.decode()
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [re.sub(r"<time[^>]*>[^<]*</time>", "TIME", row) for row in body.split("</tr>")[:-1]]


def changes() -> list[str]:
    """Without sign-ins and sign-outs of one browser."""
    found = [row for row in list_changes().changes[::-1] if row.action not in ("signed-in", "signed-out")]
    return [" ".join(filter(None, (row.actor, row.action, row.whom, row.detail))) for row in found][1:]


@pytest.mark.usefixtures("anna")
class TestOwnSessions:
    def test_the_page_shows_each_session(self, clock: SessionClock) -> None:
        signed_in(SAFARI, "192.0.2.66")
        clock.move(timedelta(minutes=1))
        signed_in("curl/8", "192.0.2.7")
        clock.move(timedelta(hours=1))
        here = signed_in()
        first, second, third = lines(here)
        for row, device, address in (
            (first, "Firefox on Windows", "192.0.2.1"),
            (second, "Unknown browser", "192.0.2.7"),
            (third, "Safari on iPhone", "192.0.2.66"),
        ):
            assert device in row
            assert f"with a password from {address}" in row
            assert ("This session" in row) is (row is first)
            assert ("End session" in row) is (row is not first)
            assert ("Sign out" in row) is (row is first)
        assert here.get(ACCOUNT).content.decode().count(f'href="{OWN}"') == 1

    def test_only_sessions_that_work_are_listed(self, clock: SessionClock) -> None:
        here = signed_in()
        make_staff("ben")
        signed_in(username="ben")
        waiting = SessionStore()
        waiting["x"] = 1
        waiting.save()
        signed_in().post("/staff/logout/")
        assert len(lines(here)) == 1
        people.reset_password("anna", ACTOR)
        assert list_sessions(people.get_staff("anna")).sessions == []
        assert len(rows("session")) == 3

    def test_sessions_that_have_ended_are_not_listed(self, clock: SessionClock) -> None:
        signed_in()
        clock.move(timedelta(days=7))
        assert len(lines(signed_in())) == 1

    def test_last_seen_is_shown(self, clock: SessionClock) -> None:
        here, there = signed_in(), signed_in()
        before = seen(there)
        clock.move(timedelta(hours=2))
        assert is_in(there)
        assert before is not None
        assert seen(there) == before + timedelta(hours=2)
        assert here.get(OWN).status_code == 200

    def test_a_session_of_an_earlier_version_is_listed_after_its_first_use(self) -> None:
        client = Client(headers={"Accept": "text/html"})
        client.force_login(people.get_staff("anna"))
        [row] = lines(client)
        assert "at an unknown time" in row
        assert "This session" in row

    def test_the_current_session_is_listed_before_the_index_has_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        here = signed_in()
        monkeypatch.setattr("events.storage.access_table.list_keys", lambda *_: [])
        assert len(lines(here)) == 1

    def test_sessions_survive_key_rotation(self) -> None:
        there = signed_in()
        with override_settings(SECRET_KEY="a new one", SECRET_KEY_FALLBACKS=[django_settings.SECRET_KEY]):
            assert len(lines(signed_in())) == 2
            assert is_in(there)

    def test_a_list_has_a_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session_list, "MOST_LISTED", 2)
        here = [signed_in() for _ in range(4)][-1]
        assert 2 <= len(lines(here)) <= 3
        assert "There may be more sessions than this page shows." in text(here.get(OWN))

    def test_a_user_agent_is_harmless_text(self) -> None:
        here = signed_in("<script>alert(1)</script>" + "x" * 5_000)
        page = here.get(OWN).content.decode()
        assert "<script>alert" not in page
        assert "Unknown browser" in page

    def test_pages_with_a_list_take_two_more_calls(self, faults: FaultProxy) -> None:
        here = signed_in()
        assert is_in(here)
        faults.set(None)
        here.get(OWN)
        assert faults.calls == ["BatchGetItem", "Query", "BatchGetItem"]


@pytest.mark.usefixtures("anna")
class TestEnding:
    def test_one_session(self) -> None:
        here, there, third = signed_in(), signed_in(SAFARI), signed_in()
        response = here.post(OWN, {"end": id_of(there)})
        assert (response.status_code, response["Location"]) == (302, OWN)
        assert "The session was ended." in text(here.get(OWN))
        assert (is_in(here), is_in(there), is_in(third)) == (True, False, True)
        assert changes() == ["anna session-ended anna Safari on iPhone"]

    def test_a_session_that_has_already_ended(self) -> None:
        here, there = signed_in(), signed_in()
        there_id = id_of(there)
        there.post("/staff/logout/")
        here.post(OWN, {"end": there_id})
        assert "This session had already ended." in text(here.get(OWN))
        assert changes() == []

    @pytest.mark.parametrize("which", ["", "x", "0" * 64, "x" * 5_000, "all", "\x00", "../staff#anna"])
    def test_unknown_sessions(self, which: str) -> None:
        here = signed_in()
        assert here.post(OWN, {"end": which}).status_code == 302
        assert is_in(here)
        assert changes() == []

    def test_nobody_ends_the_session_of_somebody_else(self) -> None:
        make_staff("ben", "admin")
        here, bens = signed_in(), signed_in(username="ben")
        here.post(OWN, {"end": id_of(bens)})
        bens.post(HERS, {"end": id_of(bens)})
        assert is_in(bens)
        before_sign_in = SessionStore()
        before_sign_in.save()
        here.post(OWN, {"end": session_repository.id_of(str(before_sign_in.session_key))})
        assert before_sign_in.exists(str(before_sign_in.session_key))

    def test_all_others(self) -> None:
        here, there, third = signed_in(), signed_in(), signed_in()
        values = dict(SessionStore(here.cookies[django_settings.SESSION_COOKIE_NAME].value).items())
        here.post(OWN, {"end": "others"})
        assert "You were signed out everywhere else." in text(here.get(OWN))
        assert (is_in(here), is_in(there), is_in(third)) == (True, False, False)
        assert len(rows("session")) == 1
        after = dict(SessionStore(here.cookies[django_settings.SESSION_COOKIE_NAME].value).items())
        assert {**after, "_auth_user_hash": ""} == {**values, "_auth_user_hash": ""}
        assert changes() == ["anna signed-out-everywhere anna others"]

    def test_all(self) -> None:
        here, there = signed_in(), signed_in()
        assert here.post("/staff/account/sign-out-everywhere/")["Location"] == LOGIN
        assert (is_in(here), is_in(there), rows("session")) == (False, False, [])

    def test_more_sessions_than_one_transaction_can_delete(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session_repository, "_DELETED_AT_ONCE", 2)
        for _ in range(5):
            client_of(people.get_staff("anna"))
        people.sign_out_everywhere(people.get_staff("anna"))
        assert rows("session") == []

    def test_a_session_that_the_index_does_not_have_yet_ends_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        here, there = signed_in(), signed_in()
        monkeypatch.setattr("events.storage.access_table.list_keys", lambda *_: [])
        here.post(OWN, {"end": "others"})
        assert (is_in(here), is_in(there)) == (True, False)


class TestSessionsOfOthers:
    @pytest.fixture
    def theirs(self, anna: None) -> list[Client]:
        return [signed_in(SAFARI, "192.0.2.66"), signed_in()]

    def test_admins_see_them(self, admin: Client, theirs: list[Client]) -> None:
        assert "2 sessions" in text(admin.get("/staff/people/anna/"))
        shown = lines(admin, HERS)
        assert len(shown) == 2
        assert "192.0.2.66" in "".join(shown)
        assert "This session" not in "".join(shown)

    def test_nobody_else_sees_their_addresses(self, editor: Client, theirs: list[Client]) -> None:
        for address in (OWN, HERS, "/staff/people/anna/"):
            assert "192.0.2.66" not in editor.get(address).content.decode()

    def test_admins_end_one(self, admin: Client, theirs: list[Client]) -> None:
        response = admin.post(HERS, {"end": id_of(theirs[0])})
        assert response["Location"] == HERS
        assert [is_in(client) for client in theirs] == [False, True]
        assert changes()[-1] == "ada session-ended anna Safari on iPhone"

    def test_admins_end_all(self, admin: Client, theirs: list[Client]) -> None:
        admin.post(HERS, {"end": "all"})
        page = text(admin.get(HERS))
        assert "anna was signed out everywhere." in page
        assert "anna is not signed in anywhere" in page
        assert [is_in(client) for client in theirs] == [False, False]
        assert changes()[-1] == "ada signed-out-everywhere anna"
        assert "Sessions none" in text(admin.get("/staff/people/anna/"))
        assert is_in(admin)

    def test_admins_end_their_own(self, admin: Client) -> None:
        here = "/staff/people/ada/sessions/"
        assert "This session" in lines(admin, here)[0]
        admin.post(here, {"end": "all"})
        assert not is_in(admin)

    def test_an_unknown_person(self, admin: Client) -> None:
        for send in (admin.get, admin.post):
            assert send("/staff/people/nobody/sessions/").status_code == 404


# What ends a session while it is in the middle of a request.
ENDS: dict[str, Callable[[Client, Client], Any]] = {
    "one": lambda other, client: other.post(OWN, {"end": id_of(client)}),
    "others": lambda other, client: other.post(OWN, {"end": "others"}),
    "all": lambda other, client: other.post("/staff/account/sign-out-everywhere/"),
    "sign-out": lambda other, client: client.post("/staff/logout/"),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("saves", [False, True])
def test_a_session_that_ends_during_its_request_does_not_come_back(
    anna: None, monkeypatch: pytest.MonkeyPatch, end: str, saves: bool
) -> None:
    client, other = signed_in(), signed_in()
    key = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    real = session_list.list_sessions

    def ended_meanwhile(staff: Any, current_key: str = "") -> Any:
        if current_key == key:
            monkeypatch.setattr(session_list, "list_sessions", real)
            copy = browser()
            copy.cookies[django_settings.SESSION_COOKIE_NAME] = key
            ENDS[end](other, copy)
        return real(staff, current_key)

    monkeypatch.setattr(session_list, "list_sessions", ended_meanwhile)
    if saves:
        monkeypatch.setattr(SessionStore, "renew", lambda self: self.__setitem__("x", 1) or True)
    response = client.get(OWN)
    assert response.status_code == (400 if saves else 200)
    assert session_repository.get_session(key) is None
    assert not is_in(client)


@pytest.mark.usefixtures("anna")
def test_a_sign_in_during_a_sign_out_everywhere_does_not_survive_it() -> None:
    """The new session has the epoch of the account as it was read before."""
    before = people.get_staff("anna")
    people.sign_out_everywhere(people.get_staff("anna"))
    late = client_of(before)
    assert not is_in(late)
    assert list_sessions(people.get_staff("anna")).sessions == []
    assert is_in(client_of(people.get_staff("anna")))


NEW_PASSWORD = "another battery horse"
PASSWORDS = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
SAVES: dict[str, tuple[str, dict[str, str], int]] = {
    "others": (OWN, {"end": "others"}, 409),
    "password": ("/staff/account/password/", PASSWORDS, 409),
    "feed": ("/staff/account/feed/", {}, 302),
}
# What an admin does, and its row in the security log.
ENDS_ALL: dict[str, Callable[[], Any]] = {
    "signed-out-everywhere": lambda: people.sign_out_everywhere(people.get_staff("anna"), ACTOR),
    "role-changed": lambda: people.change_role("anna", Role.ADMIN, ACTOR),
    "password-reset": lambda: people.reset_password("anna", ACTOR),
}


@pytest.mark.parametrize("saved", SAVES)
@pytest.mark.parametrize("action", ENDS_ALL)
def test_a_session_that_an_admin_ends_cannot_save_its_account(
    anna: None, monkeypatch: pytest.MonkeyPatch, saved: str, action: str
) -> None:
    """Otherwise a stolen session could keep itself: it signs out all others, again and again."""
    stolen = signed_in()
    save = Staff.save

    def end_first(staff: Staff, **options: Any) -> None:
        monkeypatch.setattr(Staff, "save", save)
        ENDS_ALL[action]()
        staff.save(**options)

    monkeypatch.setattr(Staff, "save", end_first)
    path, form, status = SAVES[saved]
    assert stolen.post(path, form).status_code == status
    assert not is_in(stolen)
    after = people.get_staff("anna")
    assert (after.has_feed, after.check_password(NEW_PASSWORD)) == (False, False)
    assert list_changes().changes[0].action == action

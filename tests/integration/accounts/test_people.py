"""Managing people: adding, changing roles, deactivating and reactivating. One admin always remains."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from events.domain import StorageError
from events.storage import staff as repository
from events.storage.models import AccessItem
from eventsite.accounts import people
from eventsite.accounts.domain import Role
from eventsite.accounts.errors import LastAdminError, StaffChangedError, StaffExistsError, StaffNotFoundError
from tests.support.builders import ACTOR, PASSWORD, make_staff
from tests.support.clients import client_of
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import fields, text
from tests.support.tables import read_table

PEOPLE = "/staff/people/"
LAST_ADMIN = "ada is the last active admin. Make someone else an admin first."


def one_time_password(page: str) -> str:
    [password] = re.findall(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){3}", page)
    return str(password)


def active_admins() -> set[str]:
    [row] = [row for row in read_table(AccessItem) if row["key"]["S"] == "admins"]
    listed = {staff.username for staff in people.list_staff() if staff.is_active and staff.role == "admin"}
    assert set(row["usernames"]["SS"]) == listed
    return listed


class TestList:
    def test_the_list_shows_everyone_without_a_scan(self, admin: Client, faults: FaultProxy) -> None:
        make_staff("anna", "editor")
        make_staff("new.comer@example.org", "viewer", must_change_password=True)
        make_staff("gone")
        people.deactivate("gone", ACTOR)
        faults.set(None)
        page = admin.get(PEOPLE).content.decode()
        assert faults.calls == ["BatchGetItem", "Query", "BatchGetItem"]
        cells = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page[page.index("<tbody>") : page.index("</tbody>")]))
        assert re.findall(r"(\S+)(?: \(you\))? (admin|editor|viewer) (active|deactivated|one-time)", cells) == [
            ("ada", "admin", "active"),
            ("anna", "editor", "active"),
            ("gone", "editor", "deactivated"),
            ("new.comer@example.org", "viewer", "one-time"),
        ]

    def test_the_list_can_be_longer_than_a_batch(self) -> None:
        for number in range(103):
            make_staff(f"p{number:03}", "viewer")
        assert [staff.username for staff in people.list_staff()] == [f"p{number:03}" for number in range(103)]


class TestAdding:
    def test_a_new_person_signs_in_with_the_shown_password(self, admin: Client) -> None:
        response = admin.post(f"{PEOPLE}new/", {"username": " Anna ", "role": "editor"})
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-store"
        password = one_time_password(response.content.decode())
        assert password not in admin.get(PEOPLE).content.decode()
        client = Client(headers={"Accept": "text/html"})
        assert client.post("/staff/login/", {"username": "anna", "password": password}).status_code == 302
        assert client.get("/staff/account/")["Location"].startswith("/staff/account/password/")
        anna = people.get_staff("anna")
        assert (anna.role, anna.must_change_password, anna.is_active) == ("editor", True, True)

    def test_a_form_sent_twice_shows_the_one_time_password_twice(self, admin: Client) -> None:
        form = {**fields(admin.get(f"{PEOPLE}new/")), "username": "anna", "role": "editor"}
        shown = {one_time_password(admin.post(f"{PEOPLE}new/", form).content.decode()) for _ in range(2)}
        [password] = shown
        assert people.get_staff("anna").check_password(password)

    def test_two_clicks_at_once_show_the_same_password(self, admin: Client) -> None:
        form = {**fields(admin.get(f"{PEOPLE}new/")), "username": "anna", "role": "admin"}
        clients = [admin, client_of(people.get_staff("ada"))]
        with ThreadPoolExecutor(2) as pool:
            pages = pool.map(lambda client: client.post(f"{PEOPLE}new/", form).content.decode(), clients)
        [password] = {one_time_password(page) for page in pages}
        assert people.get_staff("anna").check_password(password)
        assert active_admins() == {"ada", "anna"}

    def test_other_forms_and_later_requests_show_no_password(self, admin: Client) -> None:
        form = {**fields(admin.get(f"{PEOPLE}new/")), "username": "anna", "role": "editor"}
        one_time_password(admin.post(f"{PEOPLE}new/", form).content.decode())
        for other in ({**form, "role": "admin"}, {**form, "form_id": str(uuid4())}):
            page = admin.post(f"{PEOPLE}new/", other).content.decode()
            assert "This username is already taken" in page
        people.set_password("anna", PASSWORD, ACTOR)
        assert "This username is already taken" in admin.post(f"{PEOPLE}new/", form).content.decode()
        assert people.get_staff("anna").role == "editor"

    @pytest.mark.parametrize(
        ("username", "role", "message"),
        [
            ("ada", "editor", "This username is already taken, perhaps by a deactivated account."),
            ("ADA", "editor", "This username is already taken, perhaps by a deactivated account."),
            ("a b", "editor", "This username is not allowed. Choose a different one."),
            ("-a", "editor", "This username is not allowed. Choose a different one."),
            ("a:b", "editor", "This username is not allowed. Choose a different one."),
            ("new", "editor", "This username is not allowed. Choose a different one."),
            ("ünal", "editor", "This username is not allowed. Choose a different one."),
            ("x" * 64, "editor", "Ensure this value has at most 63 characters"),
            ("", "editor", "This field is required."),
            ("anna", "owner", "Select a valid choice."),
        ],
    )
    def test_invalid_input_shows_an_error(self, admin: Client, username: str, role: str, message: str) -> None:
        response = admin.post(f"{PEOPLE}new/", {"username": username, "role": role})
        assert response.status_code == 200
        assert message in response.content.decode()
        assert [staff.username for staff in people.list_staff()] == ["ada"]

    def test_a_username_may_have_63_characters(self, admin: Client) -> None:
        page = admin.post(f"{PEOPLE}new/", {"username": "x" * 63, "role": "viewer"}).content.decode()
        assert people.get_staff("x" * 63).check_password(one_time_password(page))

    def test_concurrent_adds_create_one_account(self) -> None:
        def add(number: int) -> bool:
            try:
                people.add_person("anna", Role.ADMIN, ACTOR)
            except StaffExistsError:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(add, range(6))) == 1
        assert active_admins() == {"anna"}


class TestChanging:
    def test_a_role_can_be_changed(self, admin: Client) -> None:
        make_staff("anna", "viewer")
        assert admin.get(f"{PEOPLE}anna/").status_code == 200
        response = admin.post(f"{PEOPLE}anna/", {"role": "admin"})
        assert response["Location"] == PEOPLE
        assert "anna is now an admin." in admin.get(PEOPLE).content.decode()
        assert active_admins() == {"ada", "anna"}
        assert admin.post(f"{PEOPLE}anna/", {"role": "owner"}).status_code == 200
        assert people.get_staff("anna").role == "admin"

    def test_an_account_can_be_deactivated_and_reactivated(self, admin: Client) -> None:
        make_staff("anna", "admin")
        anna = client_of(people.get_staff("anna"))
        page = admin.get(f"{PEOPLE}anna/deactivate/").content.decode()
        assert "will be signed out everywhere" in page
        assert people.get_staff("anna").is_active
        assert admin.post(f"{PEOPLE}anna/deactivate/")["Location"] == PEOPLE
        assert anna.get("/staff/account/").status_code == 302
        assert active_admins() == {"ada"}
        assert admin.get(f"{PEOPLE}anna/reactivate/").status_code == 405
        assert admin.post(f"{PEOPLE}anna/reactivate/")["Location"] == f"{PEOPLE}anna/"
        assert active_admins() == {"ada", "anna"}
        assert people.get_staff("anna").check_password(PASSWORD)

    def test_a_password_can_be_reset(self, admin: Client) -> None:
        make_staff("anna")
        assert admin.get(f"{PEOPLE}anna/reset-password/").status_code == 200
        assert people.get_staff("anna").check_password(PASSWORD)
        response = admin.post(f"{PEOPLE}anna/reset-password/")
        assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
        anna = people.get_staff("anna")
        assert anna.check_password(one_time_password(response.content.decode()))
        assert anna.must_change_password

    def test_a_reset_sent_twice_shows_the_valid_password(self, admin: Client) -> None:
        make_staff("anna")
        form = fields(admin.get(f"{PEOPLE}anna/reset-password/"))
        shown = {one_time_password(admin.post(f"{PEOPLE}anna/reset-password/", form).content.decode()) for _ in "ab"}
        [password] = shown
        assert people.get_staff("anna").check_password(password)

    def test_two_resets_at_once_show_the_valid_password(self, admin: Client) -> None:
        make_staff("anna")
        form = fields(admin.get(f"{PEOPLE}anna/reset-password/"))
        clients = [admin, client_of(people.get_staff("ada"))]
        with ThreadPoolExecutor(2) as pool:
            path = f"{PEOPLE}anna/reset-password/"
            pages = pool.map(lambda client: client.post(path, form).content.decode(), clients)
        [password] = {one_time_password(page) for page in pages}
        assert people.get_staff("anna").check_password(password)

    def test_a_reset_sent_again_later_returns_409(self, admin: Client) -> None:
        make_staff("anna")
        form = fields(admin.get(f"{PEOPLE}anna/reset-password/"))
        admin.post(f"{PEOPLE}anna/reset-password/", form)
        people.set_password("anna", PASSWORD, ACTOR)
        late = admin.post(f"{PEOPLE}anna/reset-password/", form)
        assert late.status_code == 409
        assert "The password of anna was changed after you opened this page" in text(late)
        assert people.get_staff("anna").check_password(PASSWORD)
        again = admin.post(f"{PEOPLE}anna/reset-password/", fields(late))
        assert people.get_staff("anna").check_password(one_time_password(again.content.decode()))

    @pytest.mark.parametrize("username", ["nobody", "NO", "x" * 3000, "a%20b"])
    def test_unknown_usernames_return_404(self, admin: Client, username: str) -> None:
        for path in ("", "deactivate/", "reset-password/"):
            assert admin.get(f"{PEOPLE}{username}/{path}").status_code == 404
        for path in ("", "deactivate/", "reset-password/", "reactivate/"):
            response = admin.post(f"{PEOPLE}{username}/{path}", {"role": "admin"})
            assert response.status_code == 404
            assert "There is no account with this username." in response.content.decode()
        assert [staff.username for staff in people.list_staff()] == ["ada"]

    def test_the_log_says_who_did_what_to_whom(self, admin: Client, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, "eventsite.security"):
            page = admin.post(f"{PEOPLE}new/", {"username": "anna", "role": "editor"}).content.decode()
            admin.post(f"{PEOPLE}anna/", {"role": "viewer"})
            admin.post(f"{PEOPLE}anna/deactivate/")
            admin.post(f"{PEOPLE}anna/reactivate/")
            admin.post(f"{PEOPLE}anna/reset-password/")
        assert [record.getMessage() for record in caplog.records] == [
            f'event="{event}" actor="ada" whom="anna"{detail} address="127.0.0.1"'
            for event, detail in (
                ("account.added", ' detail="editor"'),
                ("account.role_changed", ' detail="viewer"'),
                ("account.deactivated", ""),
                ("account.reactivated", ""),
                ("password.reset", ""),
            )
        ]
        assert one_time_password(page) not in caplog.text


class TestLastAdmin:
    def test_the_last_admin_cannot_be_demoted_or_deactivated(self, admin: Client) -> None:
        make_staff("anna", "editor")
        make_staff("gone", "admin")
        people.deactivate("gone", ACTOR)
        response = admin.post(f"{PEOPLE}ada/", {"role": "editor"})
        assert response.status_code == 200
        assert LAST_ADMIN in response.content.decode()
        response = admin.post(f"{PEOPLE}ada/deactivate/")
        assert response["Location"] == f"{PEOPLE}ada/"
        assert LAST_ADMIN in admin.get(f"{PEOPLE}ada/").content.decode()
        assert active_admins() == {"ada"}

    def test_an_admin_may_step_down_if_another_remains(self, admin: Client) -> None:
        make_staff("anna", "admin")
        assert admin.post(f"{PEOPLE}ada/", {"role": "viewer"}).status_code == 302
        assert active_admins() == {"anna"}
        assert admin.get(PEOPLE).status_code == 403

    def test_changes_without_effect_are_allowed(self) -> None:
        make_staff("ada", "admin")
        people.change_role("ada", Role.ADMIN, ACTOR)
        people.reactivate("ada", ACTOR)
        assert active_admins() == {"ada"}

    @pytest.mark.parametrize("count", [2, 4])
    @pytest.mark.parametrize("change", [lambda who: people.change_role(who, Role.EDITOR, ACTOR), None])
    def test_one_admin_remains_after_concurrent_removals(
        self, count: int, change: Callable[[str], None] | None
    ) -> None:
        for _ in range(5):
            names = [f"admin{number}" for number in range(count)]
            for name in names:
                if exists(name):
                    people.change_role(name, Role.ADMIN, ACTOR)
                    people.reactivate(name, ACTOR)
                else:
                    make_staff(name, "admin")

            def out(name: str) -> bool:
                try:
                    change(name) if change else people.deactivate(name, ACTOR)
                except LastAdminError:
                    return False
                return True

            with ThreadPoolExecutor(count) as pool:
                done = list(pool.map(out, names))
            assert done.count(False) == 1
            assert active_admins() == {names[done.index(False)]}

    def test_a_concurrent_role_change_and_deactivation_both_succeed(self) -> None:
        make_staff("ada", "admin")
        for _ in range(5):
            make_staff("anna", "admin") if not exists("anna") else None
            people.reactivate("anna", ACTOR)
            people.change_role("anna", Role.ADMIN, ACTOR)
            with ThreadPoolExecutor(2) as pool:
                for call in (
                    pool.submit(people.deactivate, "anna", ACTOR),
                    pool.submit(people.change_role, "anna", Role.VIEWER, ACTOR),
                ):
                    call.result()
            anna = people.get_staff("anna")
            assert (anna.role, anna.is_active) == ("viewer", False)
            assert active_admins() == {"ada"}


def exists(username: str) -> bool:
    try:
        people.get_staff(username)
    except StaffNotFoundError:
        return False
    return True


def test_changes_do_not_create_accounts() -> None:
    for change in (
        lambda: people.set_password("nobody", PASSWORD, ACTOR),
        lambda: people.deactivate("nobody", ACTOR),
        lambda: people.reset_password("nobody", ACTOR),
    ):
        with pytest.raises(StaffNotFoundError):
            change()
    assert read_table(AccessItem) == []


def test_a_reset_that_arrives_late_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first reset fails, a second one succeeds, and then the write of the first arrives at DynamoDB."""
    make_staff("anna")
    sent: list[tuple[Any, ...]] = []
    update = repository.update_staff

    def never_arrive(*call: Any) -> None:
        sent.append(call)
        raise StorageError("no answer")

    monkeypatch.setattr(repository, "update_staff", never_arrive)
    with pytest.raises(StorageError):
        people.reset_password("anna", ACTOR)
    monkeypatch.setattr(repository, "update_staff", update)
    password = people.reset_password("anna", ACTOR)
    with pytest.raises(StaffChangedError):
        update(*sent[0])
    assert people.get_staff("anna").check_password(password)


def test_concurrent_resets_leave_one_valid_password() -> None:
    make_staff("anna")
    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda _: people.reset_password("anna", ACTOR), range(4)))
    assert [people.get_staff("anna").check_password(password) for password in given].count(True) == 1


def test_the_first_admin_is_created_only_without_other_accounts() -> None:
    password = people.create_first_admin("admin", ACTOR)
    assert password
    assert people.get_staff("admin").check_password(password)
    assert not people.get_staff("admin").must_change_password
    assert people.create_first_admin("other", ACTOR) is None
    assert repository.get_staff("other") is None

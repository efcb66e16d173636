"""The account of the signed-in user: the password and the address of the calendar feed."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import Any, cast

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings

from events.calendar_feed import FeedChoice
from eventsite.accounts import people
from eventsite.accounts.domain import Role
from eventsite.accounts.feeds import feed_token, staff_of_feed
from eventsite.accounts.models import Staff
from tests.support.builders import ACTOR, PASSWORD, make_staff, store
from tests.support.clients import client_of

ACCOUNT, CHANGE = "/staff/account/", "/staff/account/password/"
CHOICE = "/staff/account/feed/choice/"
NEW = "another battery horse"


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str = NEW, **more: str) -> HttpResponse:
    form = {"old_password": old, "new_password1": new, "new_password2": again, **more}
    return cast(HttpResponse, client.post(CHANGE, form))


class TestPassword:
    def test_a_password_can_be_changed(self, editor: Client) -> None:
        response = change(editor)
        assert (response.status_code, response["Location"]) == (302, ACCOUNT)
        assert "Password changed." in editor.get(ACCOUNT).content.decode()
        assert people.get_staff("edith").check_password(NEW)

    @pytest.mark.parametrize(
        ("old", "new", "again", "message"),
        [
            ("wrong", NEW, NEW, "The current password is wrong."),
            (PASSWORD, NEW, "something else", "The two new passwords do not match."),
            (PASSWORD, PASSWORD, PASSWORD, "This is your current password. Please choose a different one."),
            (PASSWORD, "nine.char", "nine.char", "This password is too short."),
            (PASSWORD, "short", "short", "This password is too short. It must contain at least 10 characters."),
            (PASSWORD, "9081726354", "9081726354", "This password is easy to guess: it contains a password"),
            (PASSWORD, "qwertyuiop", "qwertyuiop", "This password is too common."),
            (PASSWORD, "x" * 129, "x" * 129, "This password is too long. It must contain at most 128 characters."),
            (PASSWORD, " " * 10, " " * 10, "This password is easy to guess: it repeats the same characters."),
            (PASSWORD, "edith2024!!", "edith2024!!", "it contains your username or the name of this site."),
            (PASSWORD, "", "", "This field is required."),
        ],
    )
    def test_invalid_input_shows_an_error(self, editor: Client, old: str, new: str, again: str, message: str) -> None:
        response = change(editor, old, new, again)
        assert response.status_code == 200
        assert message in response.content.decode()
        assert people.get_staff("edith").check_password(PASSWORD)

    def test_a_password_may_have_ten_characters(self, editor: Client) -> None:
        assert change(editor, new="k8Fq!2mZp0", again="k8Fq!2mZp0").status_code == 302
        assert people.get_staff("edith").check_password("k8Fq!2mZp0")

    def test_a_password_is_stored_exactly_as_it_is_typed(self, editor: Client) -> None:
        """Not shortened, and not in another Unicode form."""
        typed = " Cafe\u0301, \uff21nanas und \ufb01ne Gl\u00e4ser, " + "z\u00e4hlt \u2460 \u2461 " * 7 + "0"
        assert 64 < len(typed) <= 128
        assert change(editor, new=typed, again=typed).status_code == 302
        staff = people.get_staff("edith")
        assert staff.check_password(typed)
        assert not staff.check_password(typed[:-1])
        assert not staff.check_password(unicodedata.normalize("NFKC", typed))

    def test_the_form_shows_the_reason_at_the_new_password(self, editor: Client) -> None:
        page = change(editor, new="2024-11-26", again="2024-11-26").content.decode()
        assert re.search(r'id="id_new_password1_error">This password is easy to guess: it contains a date\.', page)
        assert "id_new_password2_error" not in page
        assert "2024-11-26" not in page

    def test_the_form_lets_browsers_fill_in_and_paste(self, editor: Client) -> None:
        page = editor.get(CHANGE).content.decode()
        assert "10 to 128 characters of any kind." in page
        attributes = re.findall(r'<input type="password"[^>]*>', page)
        assert ['autocomplete="current-password"' in field for field in attributes] == [True, False, False]
        assert ['autocomplete="new-password"' in field for field in attributes] == [False, True, True]
        assert not any("maxlength" in field or "onpaste" in field for field in attributes)

    def test_a_password_change_keeps_a_concurrent_role_change(self, monkeypatch: pytest.MonkeyPatch) -> None:
        client = client_of(make_staff("anna", "editor"))
        check = Staff.check_password

        def role_changes_meanwhile(self: Staff, password: str) -> bool:
            people.change_role("anna", Role.VIEWER, ACTOR)
            return check(self, password)

        monkeypatch.setattr(Staff, "check_password", role_changes_meanwhile)
        assert change(client).status_code == 302
        staff = people.get_staff("anna")
        assert (staff.role, check(staff, NEW)) == ("viewer", True)

    def test_a_reset_wins_over_a_change(self, monkeypatch: pytest.MonkeyPatch) -> None:
        client = client_of(make_staff("anna"))
        given: list[str] = []
        check = Staff.check_password

        def reset_meanwhile(self: Staff, password: str) -> bool:
            good = check(self, password)
            given.append(people.reset_password("anna", ACTOR))
            return good

        monkeypatch.setattr(Staff, "check_password", reset_meanwhile)
        response = change(client)
        assert response.status_code == 409
        assert "Someone else has just changed this account" in response.content.decode()
        staff = people.get_staff("anna")
        assert check(staff, given[0])
        assert staff.must_change_password

    def test_a_one_time_password_must_be_changed_first(self) -> None:
        client = client_of(make_staff("anna", "admin", must_change_password=True))
        for path in (ACCOUNT, "/staff/people/", "/staff/"):
            assert client.get(path)["Location"] == f"{CHANGE}?next={path}"
        page = client.get(f"{CHANGE}?next=/staff/people/").content.decode()
        assert "Choose your own password" in page
        assert 'name="next" value="/staff/people/"' in page
        assert change(client, new=PASSWORD, again=PASSWORD).status_code == 200  # the old password is refused
        assert change(client, next="https://evil.example/", new="x", again="x").status_code == 200
        assert change(client, next="/staff/people/")["Location"] == "/staff/people/"
        assert client.get("/staff/people/").status_code == 200

    def test_people_with_a_one_time_password_can_sign_out(self) -> None:
        client = client_of(make_staff("anna", must_change_password=True))
        assert client.post("/staff/logout/")["Location"] == "/staff/login/"


class TestSaving:
    def test_only_changed_fields_are_written(self) -> None:
        mine, theirs = make_staff("anna"), people.get_staff("anna")
        mine.must_change_password = True
        mine.save()
        theirs.feed_nonce = "new"
        theirs.must_change_password = False
        theirs.save(update_fields=["feed_nonce"])
        mine.save()
        staff = people.get_staff("anna")
        assert (staff.must_change_password, staff.feed_nonce) == (True, "new")

    def test_saving_does_not_change_the_role(self) -> None:
        staff = make_staff("anna")
        staff.role = "admin"
        with pytest.raises(TypeError):
            staff.save()
        assert people.get_staff("anna").role == "editor"


class TestFeed:
    def test_the_page_says_which_events_a_feed_contains(self, viewer: Client) -> None:
        page = viewer.get(ACCOUNT).content.decode()
        assert "at most 2,000 events and 2 MB" in page
        assert '<option value="31" selected>1 month</option>' in page
        assert "No statuses are in use yet." in page
        [feed] = re.findall(r'value="http(://testserver/staff/feed/[^"]+\.ics)"', page)
        assert f'href="webcal{feed}"' in page

    def test_statuses_and_past_days_can_be_chosen(self, viewer: Client, editor: Client) -> None:
        for status in ("draft", "active", "Cancelled & gone"):
            store(status, status=status)
        hidden = ["draft", "Cancelled & gone"]
        assert viewer.post(CHOICE, {"days": "366", "hidden": hidden})["Location"] == ACCOUNT
        page = viewer.get(ACCOUNT).content.decode()
        assert "Saved. Calendar applications show the change" in page
        assert '<option value="366" selected>1 year</option>' in page
        checked = re.findall(r'name="hidden" value="([^"]*)" id="[^"]*" checked', page)
        assert sorted(map(unescape, checked)) == sorted(hidden)
        assert FeedChoice.read(people.get_staff("vera").preferences) == FeedChoice(366, frozenset(hidden))
        assert FeedChoice.read(people.get_staff("edith").preferences) == FeedChoice()
        viewer.post(CHOICE, {"days": "0"})
        assert FeedChoice.read(people.get_staff("vera").preferences) == FeedChoice(0)

    @pytest.mark.parametrize(
        "wrong",
        [
            {},
            {"days": "5"},
            {"days": "x"},
            {"days": "-31"},
            {"days": "31", "hidden": [""]},
            {"days": "31", "hidden": "\0"},
        ],
    )
    def test_an_impossible_choice_changes_nothing(self, viewer: Client, wrong: dict[str, Any]) -> None:
        viewer.post(CHOICE, {"days": "7", "hidden": "draft"})
        viewer.post(CHOICE, wrong)
        assert (
            "This choice is invalid. Nothing was changed. Please choose again." in viewer.get(ACCOUNT).content.decode()
        )
        assert FeedChoice.read(people.get_staff("vera").preferences) == FeedChoice(7, frozenset({"draft"}))

    def test_too_many_statuses_change_nothing(self, viewer: Client) -> None:
        viewer.post(CHOICE, {"days": "7", "hidden": [f"{number:02}{'x' * 1000}" for number in range(20)]})
        assert "Your account has no space for so many statuses." in viewer.get(ACCOUNT).content.decode()
        assert FeedChoice.read(people.get_staff("vera").preferences) == FeedChoice()

    def test_the_address_is_shown_and_can_be_renewed(self, viewer: Client) -> None:
        def address() -> str:
            response = viewer.get(ACCOUNT)
            assert response["Cache-Control"] == "private, no-store"
            [found] = re.findall(r'value="(http://testserver/staff/feed/[^"]+)\.ics"', response.content.decode())
            return str(found)

        token = address().rpartition("/")[2]
        assert staff_of_feed(token) == people.get_staff("vera")
        assert viewer.post("/staff/account/feed/")["Location"] == ACCOUNT
        assert "Your calendar feed has a new address" in viewer.get(ACCOUNT).content.decode()
        assert staff_of_feed(token) is None
        assert staff_of_feed(address().rpartition("/")[2]) == people.get_staff("vera")
        assert viewer.get("/staff/account/feed/").status_code == 405

    def test_invalid_tokens_are_refused(self) -> None:
        anna, ben = make_staff("anna"), make_staff("ben")
        good = feed_token(anna)
        assert staff_of_feed(good) == anna
        signature = good.rpartition(":")[2]
        for token in ("", ":", "anna", "anna:", f"ben:{signature}", f"nobody:{signature}", f"anna:{signature}x", "é:é"):
            assert staff_of_feed(token) is None, token
        assert feed_token(ben) != good

    def test_tokens_survive_key_rotation_and_end_with_the_account(self) -> None:
        anna = make_staff("anna")
        with override_settings(SECRET_KEY="an old one"):
            token = feed_token(anna)
        assert staff_of_feed(token) is None
        with override_settings(SECRET_KEY_FALLBACKS=["an old one"]):
            assert staff_of_feed(token) == anna
            people.deactivate("anna", ACTOR)
            assert staff_of_feed(token) is None

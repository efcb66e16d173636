"""The account of the signed-in user: the password and the address of the calendar feed."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from html import unescape
from typing import Any, cast

import pytest
from django.conf import settings as django_settings
from django.core.signing import Signer
from django.http import HttpResponse
from django.test import Client, override_settings

from events.calendar_feed import FeedChoice
from events.storage.connection import connection
from events.storage.models import AccessItem
from events.storage.staff import StaffItem
from eventsite.accounts import feeds, people
from eventsite.accounts.domain import Role
from eventsite.accounts.errors import StaffChangedError
from eventsite.accounts.models import Staff
from tests.support.builders import ACTOR, PASSWORD, make_staff, store
from tests.support.clients import client_of
from tests.support.page_reader import text
from tests.support.tables import read_table

ACCOUNT, CHANGE = "/staff/account/", "/staff/account/password/"
CHOICE = "/staff/account/feed/choice/"
RENEW, END = "/staff/account/feed/", "/staff/account/feed/end/"
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
        theirs.epoch = "new"
        theirs.must_change_password = False
        theirs.save(update_fields=["epoch"])
        mine.save()
        staff = people.get_staff("anna")
        assert (staff.must_change_password, staff.epoch) == (True, "new")

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
        assert "It is shown only once, when you create it." in page
        assert "/staff/feed/" not in page

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


def typed(client: Client) -> dict[str, str]:
    """The form that creates or renews the address, as the page offers it now."""
    page = client.get(ACCOUNT).content.decode()
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("form_id", "state")}


def shown(response: Any) -> str:
    """The path of the feed on the page that shows it."""
    [address] = re.findall(r'<p class="secret" id="feed">http://testserver([^<]+)</p>', response.content.decode())
    return str(address)


def works(address: str) -> bool:
    return Client().get(address).status_code == 200


class TestAddressOfTheFeed:
    def test_it_is_shown_once_and_not_stored(self, viewer: Client) -> None:
        response = viewer.post(RENEW, typed(viewer))
        address = shown(response)
        assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
        assert f'href="webcal://testserver{address}"' in response.content.decode()
        assert not response.cookies.get(django_settings.MESSAGE_COOKIE_NAME)
        assert works(address)
        secret = address.rpartition(":")[2].removesuffix(".ics")
        assert len(b64decode(secret, altchars=b"-_")) * 8 == 192
        stored = str(read_table(AccessItem))
        assert secret not in stored
        assert sha256(secret.encode()).hexdigest() in stored
        response = viewer.get(ACCOUNT)
        page = response.content.decode()
        assert "The address of your feed was created today" in text(response)
        assert secret not in page
        assert "/staff/feed/" not in page

    def test_renewing_it_ends_the_former_one(self, viewer: Client) -> None:
        first = shown(viewer.post(RENEW, typed(viewer)))
        response = viewer.post(RENEW, typed(viewer))
        assert "The former address no longer works." in response.content.decode()
        assert (works(first), works(shown(response))) == (False, True)

    def test_a_form_sent_twice_shows_the_same_address(self, viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        form = typed(viewer)
        address = shown(viewer.post(RENEW, form))
        assert shown(viewer.post(RENEW, form)) == address
        assert works(address)
        monkeypatch.setattr(feeds, "SHOWN_AGAIN_FOR", timedelta(0))
        assert viewer.post(RENEW, form)["Location"] == ACCOUNT
        assert "The address has changed since you opened the page" in viewer.get(ACCOUNT).content.decode()
        assert works(address)

    def test_a_form_sent_twice_at_the_same_time(self, viewer: Client) -> None:
        form = typed(viewer)
        clients = [client_of(people.get_staff("vera")) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            addresses = {shown(response) for response in pool.map(lambda client: client.post(RENEW, form), clients)}
        assert [works(address) for address in addresses] == [True]

    def test_a_form_opened_before_the_address_changed_does_nothing(self, viewer: Client) -> None:
        before = typed(viewer)
        address = shown(viewer.post(RENEW, typed(viewer)))
        assert viewer.post(RENEW, before)["Location"] == ACCOUNT
        assert works(address)

    def test_one_of_two_concurrent_renewals_wins(self) -> None:
        first, second = make_staff("anna"), people.get_staff("anna")
        feeds.renew_feed(first)
        with pytest.raises(StaffChangedError):
            feeds.renew_feed(second)

    def test_it_can_be_turned_off(self, viewer: Client) -> None:
        address = shown(viewer.post(RENEW, typed(viewer)))
        assert viewer.post(END)["Location"] == ACCOUNT
        page = viewer.get(ACCOUNT).content.decode()
        assert "Your calendar feed was turned off." in page
        assert "Your feed has no address yet." in page
        assert not works(address)
        assert viewer.post(END)["Location"] == ACCOUNT  # again

    def test_both_are_told_to_admins(self, viewer: Client, admin: Client) -> None:
        viewer.post(RENEW, typed(viewer))
        viewer.post(END)
        page = text(admin.get("/staff/security/"))
        assert "vera created an address of their calendar feed" in page
        assert "vera turned off their calendar feed" in page

    def test_both_need_a_form(self, viewer: Client) -> None:
        assert [viewer.get(path).status_code for path in (RENEW, END)] == [405, 405]
        assert works(shown(viewer.post(RENEW, {"form_id": "nonsense"})))

    def test_invalid_tokens_are_refused(self) -> None:
        anna, ben = make_staff("anna"), make_staff("ben")
        token = feeds.renew_feed(anna)
        secret = token.rpartition(":")[2]
        assert feeds.staff_of_feed(token) == anna
        for wrong in (
            *("", ":", "anna", "anna:", f"ben:{secret}", f"nobody:{secret}", f"anna:{secret}x", f"anna:{secret[:-1]}"),
            *("é:é", f"anna:{people.get_staff('anna').feed_hash}", f"anna:{secret.swapcase()}"),
        ):
            assert feeds.staff_of_feed(wrong) is None, wrong
        assert feeds.renew_feed(ben) != token
        assert feeds.staff_of_feed("ben:") is None

    def test_it_does_not_depend_on_the_signing_key_and_ends_with_the_account(self) -> None:
        anna = make_staff("anna")
        with override_settings(SECRET_KEY="an old one"):
            token = feeds.renew_feed(anna)
        assert feeds.staff_of_feed(token) == anna
        people.deactivate("anna", ACTOR)
        assert feeds.staff_of_feed(token) is None


class TestAddressOfAnEarlierVersion:
    """It signed a nonce. The address works until it is renewed or turned off."""

    @pytest.fixture
    def token(self) -> str:
        make_staff("vera", "viewer")
        actions = [StaffItem.feed_nonce.set("0123456789abcdef"), StaffItem.feed_hash.remove()]
        connection().update_item(AccessItem.Meta.table_name, "staff#vera", actions=actions)
        return Signer(salt="eventsite.accounts.feed").sign("vera:0123456789abcdef").replace(":0123456789abcdef", "")

    def test_it_works(self, token: str) -> None:
        assert works(f"/staff/feed/{token}.ics")
        assert not works(f"/staff/feed/{token}x.ics")

    @pytest.mark.parametrize("path", [RENEW, END])
    def test_it_ends(self, token: str, path: str) -> None:
        client = client_of(people.get_staff("vera"))
        assert (
            "An earlier version of this site created the address of your feed." in client.get(ACCOUNT).content.decode()
        )
        client.post(path, typed(client))
        assert not works(f"/staff/feed/{token}.ics")
        of_no_nonce = Signer(salt="eventsite.accounts.feed").sign("vera:").replace("::", ":")
        assert feeds.staff_of_feed(of_no_nonce) is None

    def test_it_survives_key_rotation(self, token: str) -> None:
        with override_settings(SECRET_KEY="a new one", SECRET_KEY_FALLBACKS=[django_settings.SECRET_KEY]):
            assert feeds.staff_of_feed(token) == people.get_staff("vera")
        with override_settings(SECRET_KEY="a new one"):
            assert feeds.staff_of_feed(token) is None

"""Who must have a factor, and what opens before they have set one up."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from eventsite.accounts import people
from eventsite.accounts.domain import Role
from tests.support.builders import ACTOR, PASSWORD, make_feed, make_staff
from tests.support.clients import client_of
from tests.support.codes import ADD, FACTORS, NEW_CODES, Clock, add_authenticator, set_up
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import links, text
from tests.support.sign_in import browser, sign_in


class TestRequired:
    @pytest.mark.parametrize(
        ("setting", "asked"),
        [("optional", set()), ("admins", {"admin"}), ("everyone", {"viewer", "editor", "admin"})],
    )
    def test_who_must_set_it_up(self, clock: Clock, setting: str, asked: set[str]) -> None:
        with override_settings(EVENTS_SECOND_FACTOR=setting):
            for role in ("viewer", "editor", "admin"):
                make_staff(role, role)
                client = browser()
                assert sign_in(client, role)["Location"] == "/staff/"
                response = client.get("/staff/events/?q=fair")
                if role not in asked:
                    assert response.status_code == 200
                    continue
                assert response["Location"] == f"{FACTORS}?next=/staff/events/%3Fq%3Dfair"
                page = client.get(response["Location"])
                assert "Your account needs two-step sign-in. Set it up to continue." in text(page)
                add = links(page)["Add an authenticator app"]
                added = set_up(client, clock, query=add.removeprefix(ADD), next="/staff/events/?q=fair")
                assert links(added)["I have saved them"] == "/staff/events/?q=fair"
                assert client.get("/staff/events/?q=fair").status_code == 200

    @override_settings(EVENTS_SECOND_FACTOR="everyone")
    def test_nothing_else_opens_before(self, clock: Clock) -> None:
        client = client_of(make_staff("ada", "admin"))
        for path in ("/staff/", "/staff/account/", "/staff/people/", "/staff/keys/new/", NEW_CODES):
            assert client.get(path)["Location"].startswith(f"{FACTORS}?next=")
        assert client.post("/staff/people/new/", {"username": "x", "role": "admin"}).status_code == 302
        assert len(people.list_staff()) == 1
        htmx = client.get("/staff/events/", headers={"HX-Request": "true"})
        assert htmx["HX-Redirect"] == f"{FACTORS}?next=/staff/"
        assert client.get("/staff/account/password/").status_code == 200
        assert client.post("/staff/logout/").status_code == 302

    @override_settings(EVENTS_SECOND_FACTOR="everyone")
    def test_a_new_password_comes_first(self, clock: Clock) -> None:
        make_staff("anna", must_change_password=True)
        client = browser()
        sign_in(client)
        assert client.get("/staff/")["Location"] == "/staff/account/password/?next=/staff/"
        assert client.get(FACTORS)["Location"].startswith("/staff/account/password/")
        form = {
            "old_password": PASSWORD,
            "new_password1": "another battery horse",
            "new_password2": "another battery horse",
        }
        client.post("/staff/account/password/", form)
        assert client.get("/staff/")["Location"] == f"{FACTORS}?next=/staff/"

    @override_settings(EVENTS_SECOND_FACTOR="admins")
    def test_a_new_admin_must_at_the_next_sign_in(self, anna: Client) -> None:
        assert anna.get("/staff/").status_code == 200
        people.change_role("anna", Role.ADMIN, ACTOR)
        assert anna.get("/staff/")["Location"] == "/staff/login/?next=/staff/"
        sign_in(anna)
        assert anna.get("/staff/")["Location"] == f"{FACTORS}?next=/staff/"

    @override_settings(EVENTS_SECOND_FACTOR="everyone")
    def test_api_and_feed_are_not_affected(self, clock: Clock) -> None:
        anna = make_staff("anna")
        assert Client().get(make_feed(anna)).status_code == 200
        assert Client().get("/events").status_code == 200

    def test_it_costs_a_page_no_call(self, anna: Client, faults: FaultProxy) -> None:
        faults.set(None)
        page = "/staff/account/password/"
        anna.get(page)
        without = list(faults.calls)
        add_authenticator()
        for setting in ("optional", "everyone"):
            before = len(faults.calls)
            with override_settings(EVENTS_SECOND_FACTOR=setting):
                assert anna.get(page).status_code == 200
            assert faults.calls[before:] == without

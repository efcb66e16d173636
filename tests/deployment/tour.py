"""A tour of all features of the site, which uses each of its calls to DynamoDB."""

from __future__ import annotations

import re
from typing import Any

import pyotp
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from rest_framework.test import APIClient

from events import services
from events.domain import Change
from events.storage import events as repository
from eventsite.accounts import keys
from eventsite.accounts.lockout import WINDOW
from tests.support.api_calls import LAUNCH, send
from tests.support.builders import ACTOR, PASSWORD, make_fields, make_staff
from tests.support.codes import codes_on, secret_on
from tests.support.commands import run_command
from tests.support.page_reader import fields, links, submit, text, undo_address
from tests.support.stored import set_attribute

NEW_PASSWORD = "another battery horse"


def take_tour() -> None:
    call_the_api()
    ada, edith = sign_in("ada", "admin"), sign_in("edith", "editor")
    key_id, token = make_a_key(ada)
    call_with_a_key(token)
    read_pages(edith)
    change_events(edith)
    change_many(edith)
    upgrade_stored_events()
    manage_people(ada)
    ada.post(f"/staff/keys/{key_id}/revoke/")
    sign_in_in_two_steps(edith, ada)
    use_own_account(edith)
    get_locked_out()


def call_the_api() -> None:
    api = APIClient()
    for _ in range(2):
        assert send(api, "POST", "/events", LAUNCH, Idempotency_Key="once").status_code == 201
    assert send(api, "POST", "/events", LAUNCH).status_code == 409
    for path in (
        *("/events", "/events?status=active", "/events?from=2026-01-01&limit=1", "/events?q=launch&order=-date"),
        *("/events/launch", "/events/launch/history", "/changes?from=start", "/healthz"),
    ):
        assert send(api, "GET", path).status_code == 200, path
    assert send(api, "PUT", "/events/launch", {"capacity": 1}).status_code == 200
    assert send(api, "DELETE", "/events/launch").status_code == 204
    create_again_after_a_deletion_in_the_future()


def create_again_after_a_deletion_in_the_future() -> None:
    event = services.create_event(make_fields(eventId="ahead"), ACTOR)
    ahead = event.changed({"capacity": 1}, ACTOR)._replace(updated_at="2199-01-01T00:00:00.000000Z")
    repository.write(Change.update(event, ahead, ACTOR))
    services.delete_event("ahead", ACTOR)
    assert services.create_event(make_fields(eventId="ahead"), ACTOR).created_at > ahead.updated_at
    services.delete_event("ahead", ACTOR)


def sign_in(username: str, role: str) -> Client:
    make_staff(username, role)
    browser = Client(headers={"Accept": "text/html"})
    assert browser.get("/staff/login/").status_code == 200
    assert browser.post("/staff/login/", {"username": username, "password": PASSWORD}).status_code == 302
    return browser


def make_a_key(admin: Client) -> tuple[str, str]:
    page = admin.post("/staff/keys/new/", {"name": "importer", "scope": "write"}).content.decode()
    [token] = re.findall(r"evk_[0-9a-f]{12}_[0-9a-f]{48}", page)
    for path in ("keys", "security"):
        assert admin.get(f"/staff/{path}/").status_code == 200
    return token.split("_")[1], token


def call_with_a_key(token: str) -> None:
    keys.remembered_keys.clear()
    with override_settings(EVENTS_API_ACCESS="keyed"):
        response = send(APIClient(), "POST", "/events", LAUNCH, Authorization=f"Bearer {token}")
    assert response.status_code == 201


def read_pages(staff: Client) -> None:
    for path in (
        "",
        "calendar/",
        "activity/",
        "activity/?action=delete",
        "deleted/",
        "events/",
        "events/?q=night",
        "events/?status=active",
        "event/launch/",
        "export/?ended=on",
        "export/?ended=on&q=night",
        "export/?ended=on&format=xlsx",
        "account/",
    ):
        response: Any = staff.get(f"/staff/{path}")
        assert response.status_code == 200, path
        b"".join(response)
    shown = staff.post("/staff/account/feed/").content.decode()
    [feed] = re.findall(r"http://testserver(/staff/feed/[^<]+\.ics)<", shown)
    services.create_event(make_fields(eventId="future", date="9000-01-01"), ACTOR)
    assert b"UID:future@" in Client().get(feed).content
    services.delete_event("future", ACTOR)
    assert staff.post("/staff/account/feed/end/").status_code == 302


def change_events(editor: Client) -> None:
    saved = editor.get(submit(editor, "/staff/event/launch/edit/", title="Oops")["Location"])
    assert editor.post(undo_address(saved)).status_code == 302
    submit(editor, "/staff/event/launch/edit/", title="Another")
    page: Any = editor.get("/staff/event/launch/")
    version = re.findall(r'name="at" value="([^"]+)"', page.content.decode())[0]
    assert editor.post("/staff/event/launch/restore/", {**fields(page), "at": version}).status_code == 302
    assert submit(editor, "/staff/event/launch/delete/").status_code == 302
    assert submit(editor, "/staff/events/new/", **{**LAUNCH, "eventId": "party"}).status_code == 302


def change_many(editor: Client) -> None:
    sent = {"event": ["party"], "do": "status", "status": "draft"}
    chosen: Any = editor.post("/staff/events/bulk/", sent, follow=True)
    batch = chosen.redirect_chain[-1][0]
    assert "1 event updated" in text(editor.post(batch, follow=True))
    assert "1 change undone" in text(editor.post(f"{batch.partition('?')[0]}undo/", follow=True))
    outdated: Any = editor.post("/staff/events/bulk/", sent | {"status": "postponed"}, follow=True)
    submit(editor, "/staff/event/party/edit/", title="Changed meanwhile")
    assert "1 failed" in text(editor.post(outdated.redirect_chain[-1][0], follow=True))
    row = ",".join(map(str, {**LAUNCH, "eventId": "fair", "description": "x"}.values()))
    file = SimpleUploadedFile("events.csv", f"{','.join(LAUNCH)}\n{row}\n".encode())
    preview: Any = editor.post("/staff/import/", {"file": file})
    [address] = re.findall(r'<form method="post" action="(/staff/batches/[^"]+)"', preview.content.decode())
    assert "1 event imported" in text(editor.post(address, follow=True))


def upgrade_stored_events() -> None:
    set_attribute("party", searchText=None)
    with override_settings(ON_AWS=True):
        assert run_command("upgrade_events").endswith(", 1 upgraded.\n")


def manage_people(admin: Client) -> None:
    assert admin.post("/staff/people/new/", {"username": "anna", "role": "editor"}).status_code == 200
    assert admin.get("/staff/people/").status_code == 200
    for path, form in (("", {"role": "admin"}), ("deactivate/", {}), ("reactivate/", {})):
        assert admin.post(f"/staff/people/anna/{path}", form).status_code == 302
    assert admin.post("/staff/people/anna/reset-password/").status_code == 200


def sign_in_in_two_steps(editor: Client, admin: Client) -> None:
    browser, factors = Client(headers={"Accept": "text/html"}), "/staff/account/factors/"
    page: Any = editor.get(f"{factors}authenticator/")
    secret = secret_on(page)
    form = {**fields(page), "name": "Phone", "code": pyotp.TOTP(secret).now()}
    codes = codes_on(editor.post(f"{factors}authenticator/", form))
    browser.post("/staff/login/", {"username": "edith", "password": PASSWORD})
    assert browser.post("/staff/login/second/", {"code": "000000"}).status_code == 200
    assert browser.post("/staff/login/second/", {"code": codes[0]}).status_code == 302
    assert submit(editor, f"{factors}recovery-codes/").status_code == 200
    page = editor.get(factors)
    [remove] = {address for address in links(page).values() if address.endswith("/remove/")}
    assert editor.post(remove).status_code == 302
    assert admin.post("/staff/people/anna/remove-factors/").status_code == 302


def use_own_account(staff: Client) -> None:
    form = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert staff.post("/staff/account/password/", form).status_code == 302
    assert staff.post("/staff/account/sign-out-everywhere/").status_code == 302
    assert staff.post("/staff/logout/").status_code == 302


def get_locked_out() -> None:
    for _ in range(30):
        browser = Client(headers={"Accept": "text/html"})
        if " minutes" in text(browser.post("/staff/login/", {"username": "ada", "password": "wrong"})):
            return
    raise AssertionError(f"No lockout after 30 attempts within {WINDOW}.")

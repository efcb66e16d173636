"""Requests that another site can make a browser send. They change nothing and redirect to no other site."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
from django.conf import settings as django_settings
from django.test import Client

from events import batches, services
from events.domain import FIELD_NAMES, Actor
from events.storage.models import TABLES
from events.storage.uploads import add_upload
from events.tasks import Task
from eventsite.accounts import factors, keys, people
from eventsite.accounts.domain import Scope
from eventsite.accounts.factor_forms import AddAuthenticatorForm
from tests.support.builders import ACTOR, PASSWORD, make_body, make_fields, make_staff
from tests.support.clients import client_of
from tests.support.codes import ADD, FACTORS, add_authenticator
from tests.support.csv_rows import HEADER, csv_row
from tests.support.hostile_texts import mostly_at_length
from tests.support.staff_pages import PAGES
from tests.support.tables import read_table

ADA = Actor("ada", "127.0.0.1")
HTML = {"Accept": "text/html"}
REFUSED = "this page was open for too long"


# Valid forms of these pages write nothing here: they set a cookie, lack a file or an answer of an authenticator, come
# after `edit_event`, or are for people who are not signed in yet.
CHANGING_NOTHING = (
    "theme",
    "accounts:second_step",
    "accounts:passkey_sign_in",
    "accounts:add_passkey",
    "pages:delete_event",
    "pages:undo_change",
    "pages:restore_event",
    "pages:import_events",
)


def everything() -> list[list[dict[str, Any]]]:
    return [sorted(read_table(table), key=str) for table in TABLES]


@pytest.fixture
def forms() -> dict[str, tuple[str, dict[str, Any]]]:
    """For each page with a form: an existing address, and a valid form."""
    make_staff("eva", "editor")
    add_authenticator("eva")
    add_authenticator("ada")
    [factor] = factors.list_factors(people.get_staff("ada"))
    recovery = factors.get_codes(people.get_staff("ada"))
    assert recovery
    key, _ = keys.create_key("shop", Scope.READ, ACTOR)
    created = services.create_event(make_fields(), ACTOR)
    task = Task("delete", "launch", "Launch night", created.revision)
    waiting = batches.prepare("delete", [task], ADA, "")
    done = batches.run(batches.prepare("status", [_other()], ADA, "x").id, ADA)
    new = {"old_password": PASSWORD, "new_password1": "another battery horse", "new_password2": "another battery horse"}
    upload = add_upload("ada", "events.csv", f"{HEADER}\n{csv_row(eventId='imported')}\n".encode())
    columns = {name: str(position) for position, name in enumerate(FIELD_NAMES)}
    event = {**make_fields(title="Forged"), "eventId": "forged", "generated_id": "00000000-0000-4000-8000-000000000000"}
    return {
        "theme": ("/staff/theme/", {"theme": "dark", "next": "/staff/"}),
        "accounts:login": ("/staff/login/", {"username": "eva", "password": PASSWORD}),
        "accounts:sign_in_again": ("/staff/login/again/", {"password": PASSWORD}),
        "accounts:logout": ("/staff/logout/", {}),
        "accounts:password": ("/staff/account/password/", new),
        "accounts:second_step": ("/staff/login/second/", {"start_again": "yes"}),
        "accounts:add_authenticator": (ADD, new_app("ada")),
        "accounts:passkey_sign_in": ("/staff/login/passkey/", {"credential": "{}"}),
        "accounts:passkey_options": ("/staff/login/passkey/options/", {}),
        "accounts:add_passkey": ("/staff/account/passkeys/new/", {"name": "Laptop", "credential": "{}"}),
        "accounts:new_passkey_options": ("/staff/account/passkeys/new/options/", {"name": "Laptop"}),
        "accounts:new_codes": (f"{FACTORS}recovery-codes/", {"made_at": recovery.made_at.isoformat()}),
        "accounts:remove_factor": (f"{FACTORS}{factor.id}/remove/", {}),
        "accounts:remove_factors": ("/staff/people/eva/remove-factors/", {}),
        "accounts:sign_out_everywhere": ("/staff/account/sign-out-everywhere/", {}),
        "accounts:sessions": ("/staff/account/sessions/", {"end": "others"}),
        "accounts:person_sessions": ("/staff/people/eva/sessions/", {"end": "all"}),
        "accounts:renew_feed": ("/staff/account/feed/", {}),
        "accounts:end_feed": ("/staff/account/feed/end/", {}),
        "accounts:add_person": ("/staff/people/new/", {"username": "mallory", "role": "admin"}),
        "accounts:person": ("/staff/people/eva/", {"role": "admin"}),
        "accounts:deactivate": ("/staff/people/eva/deactivate/", {}),
        "accounts:reactivate": ("/staff/people/eva/reactivate/", {}),
        "accounts:reset_password": ("/staff/people/eva/reset-password/", {}),
        "accounts:add_key": ("/staff/keys/new/", {"name": "theirs", "scope": "write"}),
        "accounts:rotate_key": (f"/staff/keys/{key.id}/rotate/", {"keep_current": "0"}),
        "accounts:revoke_key": (f"/staff/keys/{key.id}/revoke/", {}),
        "pages:new_event": ("/staff/events/new/", event),
        "pages:bulk": ("/staff/events/bulk/", {"do": "delete", "event": ["launch"]}),
        "pages:views": ("/staff/events/views/", {"name": "mine", "query": "q=jazz"}),
        "pages:edit_event": ("/staff/event/launch/edit/", {**event, "revision": created.revision}),
        "pages:status": ("/staff/event/launch/status/", {"status": "forged"}),
        "pages:move_event": ("/staff/event/launch/move/", {"date": "2026-12-24"}),
        "pages:first_day": ("/staff/calendar/first-day/", {"first_day": "sunday"}),
        "accounts:choose_feed": ("/staff/account/feed/choice/", {"days": "7"}),
        "pages:copy_event": ("/staff/event/launch/copy/", {"repeat": "week", "times": "2"}),
        "pages:delete_event": ("/staff/event/launch/delete/", {"revision": created.revision}),
        "pages:undo_change": (f"/staff/event/launch/undo/?at={created.updated_at}", {}),
        "pages:restore_event": (
            "/staff/event/launch/restore/",
            {"at": created.updated_at, "revision": created.revision},
        ),
        "pages:batch": (f"/staff/batches/{waiting.id}/", {}),
        "pages:undo_batch": (f"/staff/batches/{done.id}/undo/", {}),
        "pages:import_events": ("/staff/import/", {}),
        "pages:import_columns": ("/staff/import/columns/", {"upload": upload, "read_sheet": "", **columns}),
    }


def new_app(username: str) -> dict[str, str]:
    """A valid form that adds an authenticator app, for the next 30 seconds."""
    form = AddAuthenticatorForm(people.get_staff(username))
    return {"set_up": form.set_up, "name": "Theirs", "code": pyotp.TOTP(form.secret).now()}


def _other() -> Task:
    other = services.create_event(make_fields(eventId="other"), ACTOR)
    return Task("update", "other", "Other", other.revision, changes={"status": "x"})


def browser() -> Client:
    """A browser of ada, with CSRF checks."""
    client = client_of(people.get_staff("ada"))
    client.handler.enforce_csrf_checks = True
    return client


@pytest.fixture(autouse=True)
def ada() -> None:
    make_staff("ada", "admin")
    make_staff("second", "admin")


def token_of(client: Client) -> str:
    client.get("/staff/account/")
    return client.cookies[django_settings.CSRF_COOKIE_NAME].value


def test_the_forms_cover_every_page_that_accepts_post(forms: dict[str, tuple[str, dict[str, Any]]]) -> None:
    """The tests below cover every page under /staff/ that accepts a POST."""
    taking = set()
    for name, (address, _) in PAGES.items():
        if client_of(people.get_staff("ada")).post(address).status_code != 405:
            taking.add(name)
    assert taking == set(forms)


@pytest.mark.parametrize(
    ("what", "secure", "headers"),
    [
        ("no token", False, {}),
        ("another's token", False, {}),
        ("token", False, {"Origin": "https://evil.example"}),
        ("token", False, {"Origin": "null"}),
        ("token", True, {}),  # over https, Django requires an Origin or a Referer
        ("token", True, {"Referer": "https://evil.example/testserver/"}),
        ("token", True, {"Referer": "http://testserver/"}),
        ("token", True, {"Origin": "https://testserver.evil.example"}),
    ],
)
def test_forged_forms_change_nothing(
    forms: dict[str, tuple[str, dict[str, Any]]], what: str, secure: bool, headers: dict[str, str]
) -> None:
    client = browser()
    sent = {"no token": "", "token": token_of(client), "another's token": token_of(browser())}[what]
    before = everything()
    for name, (address, form) in forms.items():
        typed = {**form, "csrfmiddlewaretoken": sent} if sent else form
        response = client.post(address, typed, secure=secure, headers={**HTML, **headers})
        assert response.status_code == 403, name
        assert REFUSED in response.content.decode(), name
    assert everything() == before


def test_forms_of_the_site_itself_are_accepted(forms: dict[str, tuple[str, dict[str, Any]]]) -> None:
    """This shows that the forms above are refused only because of where they come from."""
    for name, (address, form) in forms.items():
        client = browser()
        typed = {**form, "csrfmiddlewaretoken": token_of(client)}
        before = everything()
        response = client.post(address, typed, secure=True, headers={**HTML, "Origin": "https://testserver"})
        assert REFUSED not in response.content.decode(), name
        assert response.status_code in (200, 302, 404, 409, 412, 422), (name, response.status_code)
        assert everything() != before or name in CHANGING_NOTHING, name


def test_a_session_cookie_gives_no_access_to_the_api(settings: Any) -> None:
    """So another site cannot make a browser call it."""
    settings.EVENTS_API_ACCESS = "keyed"
    client = client_of(people.get_staff("ada"))
    created = client.post("/events", json.dumps(make_body()), content_type="application/json")
    assert created.status_code == client.get("/events").status_code == 401


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "http://evil.example#@testserver/",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "\x00//evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example\\@testserver",
    "//evil.example\r\nX-Evil: 1",
]


def leads_elsewhere(location: str) -> bool:
    """Reads an address like a browser, which ignores tabs and line ends and treats a backslash as a slash."""
    read = "".join(character for character in location if character > " ").replace("\\", "/")
    address = urlsplit(read)
    return bool(read[:2] == "//" or address.scheme or address.netloc not in ("", "testserver"))


def no_longer_recent() -> Client:
    client = client_of(people.get_staff("ada"))
    session = client.session
    del session["authenticated_at"]
    session.save()
    return client


@pytest.mark.parametrize("there", mostly_at_length(ELSEWHERE, 5))
def test_forms_do_not_redirect_to_other_sites(there: str) -> None:
    form = {"next": there, "theme": "dark", "username": "ada", "password": PASSWORD}
    new = {"old_password": PASSWORD, "new_password1": "another battery horse", "new_password2": "another battery horse"}
    page = {"Referer": there, "HX-Current-URL": there} if there.isascii() and there.isprintable() else {}
    add_authenticator("second")
    answers = [
        Client().post("/staff/theme/", form),
        Client().post("/staff/login/", form),
        client_of(people.get_staff("ada")).get("/staff/login/", {"next": there}),
        client_of(people.get_staff("ada")).post("/staff/logout/", form),
        client_of(people.get_staff("ada")).post("/staff/events/bulk/?list=x", {**form, "do": "delete"}),
        Client().post("/staff/account/feed/", headers=page),
        Client().get("/staff/account/", {"next": there}),
        client_of(people.get_staff("ada")).get("/staff/login/again/", {"next": there}),
        client_of(people.get_staff("ada")).post("/staff/login/again/", form),
        client_of(people.get_staff("ada")).post("/staff/account/password/", {**form, **new}),
        no_longer_recent().post("/staff/account/feed/", headers=page),
        client_of(people.get_staff("second")).post(ADD, {**form, **new_app("second")}),
    ]
    for response in answers:
        assert response.status_code == 302, response.request["PATH_INFO"]
        assert not leads_elsewhere(response["Location"]), response["Location"]
        assert "X-Evil" not in response.headers


def test_leads_elsewhere_recognizes_every_address() -> None:
    assert [there for there in ELSEWHERE if not leads_elsewhere(there)] == []
    assert not leads_elsewhere("/staff/login/?next=//evil.example")


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/staff",
        "/staff//evil.example",
        "/staff/..//evil.example",
        "/staff/%5cevil.example",
        "/staff/event/%0d%0aX-Evil:%201",
    ],
)
def test_a_missing_slash_does_not_redirect_to_other_sites(path: str) -> None:
    response = Client().get(path, headers=HTML)
    assert not leads_elsewhere(response.get("Location", ""))
    assert "X-Evil" not in response.headers

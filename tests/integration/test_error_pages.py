"""What holds for every page: headers, errors people can read, static files under hashed names."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles.finders import find
from django.core.management import call_command
from django.test import Client
from whitenoise import compress

from events import services
from events.pages.environment import static_url
from eventsite.accounts import people
from tests.support.builders import ACTOR, make_fields, make_staff
from tests.support.fault_proxy import FAIL, FaultProxy, refuse
from tests.support.page_reader import fields, links, text

HTML = {"Accept": "text/html"}
STRICT = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"


@pytest.mark.parametrize(
    "path", ["/staff/", "/staff/events/", "/staff/nothing/", "/staff/event/none/", "/staff/people/"]
)
def test_pages_are_strict_and_are_not_kept(editor: Client, path: str) -> None:
    response = editor.get(f"/staff/{path}")
    assert response["Content-Security-Policy"].startswith(STRICT)
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "private, no-store"
    assert (response["X-Frame-Options"], response["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert (response["Referrer-Policy"], response["Cross-Origin-Opener-Policy"]) == ("same-origin", "same-origin")
    assert "camera=()" in response["Permissions-Policy"]


def test_the_sign_in_page_and_the_documentation_are_strict_too() -> None:
    assert Client().get("/staff/login/")["Content-Security-Policy"].startswith(STRICT)
    assert "script-src 'self';" in Client().get("/docs")["Content-Security-Policy"]
    for path in ("/events", "/healthz", "/static/site/site.js", "/nothing"):
        policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
        with closing(Client().get(path)) as response:
            assert response["Content-Security-Policy"] == policy, path


def test_the_documentation_leads_back_and_follows_the_colours() -> None:
    client = Client(headers=HTML)
    page = client.get("/docs")
    html = page.content.decode()
    assert '<html lang="en">' in html
    assert '<meta name="viewport"' in html
    assert links(page)["← Back to the staff pages"] == "/staff/"
    assert links(page)["OpenAPI document"] == "/openapi.json"
    assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*json)|<style|\sstyle=|\son[a-z]+=", html) == []
    assert page["Content-Security-Policy"] == (
        STRICT.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + " font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    client.cookies[django_settings.THEME_COOKIE_NAME] = "dark"
    assert '<html lang="en" data-theme="dark">' in client.get("/docs").content.decode()


def test_no_page_has_a_script_or_a_style_in_it(admin: Client) -> None:
    services.create_event(make_fields(), ACTOR)
    for path in ("/staff/", "/staff/events/", "/staff/event/launch/", "/staff/calendar/", "/staff/people/"):
        html = admin.get(path).content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", html) == []


class TestErrors:
    @pytest.mark.parametrize("path", ["/nothing", "/staff/nothing", "/staff/event/", "/staff/event/a/b/c/"])
    def test_what_is_not_there(self, path: str) -> None:
        response = Client().get(path, headers=HTML)
        assert response.status_code == 404
        assert "Not found This page does not exist." in text(response)
        assert "Go to the home page" in text(response)

    def test_what_a_role_does_not_allow(self, viewer: Client) -> None:
        response = viewer.get("/staff/people/")
        assert response.status_code == 403
        assert "Not allowed Your role does not allow this." in text(response)

    def test_a_form_without_its_token(self, editor: Client) -> None:
        editor.handler.enforce_csrf_checks = True
        response = editor.post("/staff/events/new/", {"title": "Forged"}, headers=HTML)
        assert response.status_code == 403
        assert "this page was open for too long" in text(response)

    @pytest.mark.parametrize("path", ["/staff/", "/staff/events/", "/staff/event/launch/", "/staff/calendar/"])
    def test_storage_that_fails(self, editor: Client, faults: FaultProxy, path: str) -> None:
        services.create_event(make_fields(), ACTOR)
        for fault in (refuse, FAIL):
            faults.set(fault)
            response = editor.get(path)
            assert response.status_code == 500
            assert "Server error The database is not responding." in text(response)
        faults.set(None)
        assert editor.get(path).status_code == 200

    def test_a_save_that_fails_says_so_and_changes_nothing(self, editor: Client, faults: FaultProxy) -> None:
        services.create_event(make_fields(), ACTOR)
        typed = {**fields(editor.get("/staff/event/launch/edit/")), "title": "Typed"}
        faults.set(FAIL, "TransactWriteItems")
        response = editor.post("/staff/event/launch/edit/", typed)
        assert (response.status_code, services.get_event("launch").fields["title"]) == (500, "Launch night")
        assert "The database is not responding. Your text is still here; try again in a moment." in text(response)
        faults.set(None)
        assert editor.post("/staff/event/launch/edit/", fields(response)).status_code == 302
        assert services.get_event("launch").fields["title"] == "Typed"

    def test_what_nobody_foresaw(self, editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "statuses_in_use", lambda: 1 // 0)
        editor.raise_request_exception = False
        response = editor.get("/staff/events/")
        assert response.status_code == 500
        assert "Something went wrong on our side." in text(response)
        assert "ZeroDivision" not in response.content.decode()

    def test_a_method_that_is_not_for_it(self, editor: Client) -> None:
        response = editor.post("/staff/calendar/")
        assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
        assert "This page cannot do that. Open it from the menu." in text(response)

    def test_a_form_that_is_too_large(self, editor: Client) -> None:
        response = editor.post("/staff/events/new/", {"description": "x" * 1_100_000})
        assert response.status_code == 413
        assert "Too large What you sent is too large. The limit is 1 MiB." in text(response)

    def test_programs_get_json_that_is_not_kept_either(self) -> None:
        response = Client().get("/staff/nothing/", headers={"Accept": "*/*"})
        assert (response.status_code, response["Content-Type"]) == (404, "application/json")
        assert response["Cache-Control"] == "private, no-store"


class TestMenu:
    """The page of an error keeps the menu for people who are known to be signed in."""

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/staff/nothing/", 404), ("/nothing", 404), ("/staff/event/none/", 404), ("/staff/people/", 403)],
    )
    def test_for_signed_in_people(self, editor: Client, path: str, status: int) -> None:
        response = editor.get(path)
        assert response.status_code == status
        assert links(response)["Calendar"] == "/staff/calendar/"
        assert "edith" in text(response)
        assert "People" not in links(response)

    @pytest.mark.parametrize("cookie", ["", "x", "a" * 32, "\ud7ff".encode().decode("latin-1")])
    def test_not_for_others(self, cookie: str) -> None:
        client = Client(headers=HTML)
        client.cookies[django_settings.SESSION_COOKIE_NAME] = cookie
        response = client.get("/staff/nothing/")
        assert response.status_code == 404
        assert "Calendar" not in links(response)

    def test_not_after_a_password_change_elsewhere_or_a_deactivation(self, editor: Client, admin: Client) -> None:
        people.set_password("edith", "another battery", ACTOR)
        assert "Calendar" not in links(editor.get("/staff/nothing/"))
        make_staff("eva", "admin")
        people.deactivate("ada", ACTOR)
        assert "Calendar" not in links(admin.get("/staff/nothing/"))

    def test_after_a_conflict(self, editor: Client) -> None:
        created = services.create_event(make_fields(), ACTOR)
        services.update_event("launch", {"title": "New"}, ACTOR)
        response = editor.post(f"/staff/event/launch/undo/?at={created.created_at}")
        assert response.status_code == 409
        assert "Calendar" in links(response)

    def test_after_a_form_without_its_token(self, editor: Client) -> None:
        editor.handler.enforce_csrf_checks = True
        response = editor.post("/staff/events/new/", {"title": "Forged"})
        assert response.status_code == 403
        assert "Calendar" in links(response)

    def test_after_an_error_that_nobody_expected(self, editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "statuses_in_use", lambda: 1 // 0)
        editor.raise_request_exception = False
        response = editor.get("/staff/events/")
        assert response.status_code == 500
        assert "Calendar" in links(response)

    def test_while_storage_fails(self, editor: Client, faults: FaultProxy) -> None:
        faults.set(refuse)
        for path, status in (("/staff/events/", 500), ("/staff/nothing/", 404)):
            response = editor.get(path)
            assert response.status_code == status
            assert "Calendar" not in links(response)
            assert "Go to the home page" in text(response)

    def test_if_storage_fails_after_the_user_was_read(self, editor: Client, faults: FaultProxy) -> None:
        faults.set(FAIL, "Query")
        response = editor.get("/staff/events/")
        assert response.status_code == 500
        assert "Calendar" in links(response)

    def test_its_forms_work(self, editor: Client) -> None:
        editor.handler.enforce_csrf_checks = True
        page = editor.get("/staff/nothing/").content.decode()
        [token, *_] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        headers = {"Referer": "http://testserver/staff/nothing/"}
        response = editor.post("/staff/logout/", {"csrfmiddlewaretoken": token}, headers=headers)
        assert response.status_code == 302
        assert editor.get("/staff/").status_code == 302


@pytest.mark.parametrize("path", ["/staff", "/staff/events", "/staff/people/new", "/staff/events?q=a"])
def test_a_forgotten_slash_is_put_there(path: str) -> None:
    response = Client().get(path, headers=HTML)
    assert response.status_code in (301, 302)
    assert response["Location"].startswith("/staff/")


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_choosing_colours_leads_nowhere_else(back: str) -> None:
    response: Any = Client().post("/staff/theme/", {"theme": "dark", "next": back})
    assert response["Location"] == "/staff/"
    assert response.cookies["events-theme"].value == "dark"
    kept: Any = Client().post("/staff/theme/", {"theme": "", "next": "/staff/events/?q=a"})
    assert kept["Location"] == "/staff/events/?q=a"


def test_static_files_have_hashed_names(
    settings: Any, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compress, "brotli_installed", False)  # it takes most of the time; test_package.py has it
    static_url.cache_clear()
    request.addfinalizer(static_url.cache_clear)
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
    call_command("collectstatic", verbosity=0, interactive=False)
    html = Client().get("/staff/login/").content.decode()
    names = re.findall(r'(?:href|src)="/static/([^"]*)"', html)
    assert len(names) == 7
    for name in names:
        assert re.search(r"\.[0-9a-f]{12}\.(css|js|svg)$", name)
        assert (tmp_path / name).is_file()
    style = next(name for name in names if "site/site" in name)
    assert re.search(r"url\(\"icon\.[0-9a-f]{12}\.svg\"\)", (tmp_path / style).read_text())
    assert (tmp_path / f"{style}.gz").is_file()


def test_the_dark_stylesheet_has_all_dark_rules(settings: Any) -> None:
    light, dark = (Path(str(find(f"bootstrap/{name}.min.css"))).read_text() for name in ("bootstrap", "dark"))
    assert "sourceMappingURL" not in light
    assert dark.startswith(":root{color-scheme:dark;")
    assert dark.count(":root") == len(re.findall(r"(?<=[{}])\[data-bs-theme=dark\]", light)) == 7
    assert "data-bs-theme" not in dark

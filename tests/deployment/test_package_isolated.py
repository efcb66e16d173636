"""The unpacked package, without anything else to import: requests as API Gateway sends them, and the responses."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from events.storage.models import HistoryItem
from eventsite.deployment.target import Target
from eventsite.engine.process import Engine
from tests.deployment.isolated import Isolated, Reply
from tests.support.builders import PASSWORD, make_body, make_staff
from tests.support.lambda_events import http_event, rest_event
from tests.support.page_reader import fields, links, text
from tests.support.tables import read_table

MakeEvent = Callable[..., dict[str, Any]]
KINDS = pytest.mark.parametrize("make_event", [rest_event, http_event])
IDS = ["café 🎪", "50% off", "a%2Fb", "a+b?c#d", "日本"]


@pytest.fixture(params=["isolated", "isolated_on_domain"])
def function(request: pytest.FixtureRequest, target: Target) -> Isolated:
    """With and without a stage prefix."""
    process: Isolated = request.getfixturevalue(request.param)
    return process


def send(function: Isolated, make_event: MakeEvent, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    """Sends a request as the gateway does: a REST API removes the stage from the path, an HTTP API does not."""
    return function.call(
        make_event(method, path if make_event is rest_event else function.prefix + path, body, **headers)
    )


def send_form(
    function: Isolated, make_event: MakeEvent, path: str, form: dict[str, str], cookies: dict[str, str]
) -> Reply:
    pairs = [f"{name}={value}" for name, value in cookies.items()]
    sent = {
        "content-type": "application/x-www-form-urlencoded",
        "referer": f"https://testserver{function.prefix}{path}",
    }
    event = make_event("POST", path if make_event is rest_event else function.prefix + path, None, **sent)
    if make_event is rest_event:  # browsers send all cookies in one header
        event["headers"]["Cookie"] = "; ".join(pairs)
        event["multiValueHeaders"] |= {"Cookie": ["; ".join(pairs)]}
        event["body"] = urlencode(form)
    else:
        event["cookies"] = pairs
        event["body"] = base64.b64encode(urlencode(form).encode()).decode()
    return function.call(event)


def kept(jar: SimpleCookie) -> dict[str, str]:
    return {name: morsel.value for name, morsel in jar.items()}


@KINDS
@pytest.mark.parametrize("event_id", IDS)
def test_the_life_of_an_event(function: Isolated, make_event: MakeEvent, event_id: str) -> None:
    body = {"eventId": event_id, **make_body()}
    path = f"/events/{quote(event_id, safe='')}"
    created = send(function, make_event, "POST", "/events", body)
    assert (created.status, created.json()) == (201, body)
    where = created.headers["Location"]
    assert where.startswith(f"{function.prefix}/events/")
    assert send(function, make_event, "GET", where.removeprefix(function.prefix)).json() == body
    assert send(function, make_event, "PUT", path, {"capacity": 1}).json() == {**body, "capacity": 1}
    for address in ("/events?status=active&limit=5", "/events"):
        assert send(function, make_event, "GET", address).json() == [{**body, "capacity": 1}]
    refused = send(function, make_event, "PUT", path, {"capacity": -1})
    assert (refused.status, refused.json()["detail"]) == (422, "capacity must not be negative.")
    assert (send(function, make_event, "DELETE", path).status, send(function, make_event, "GET", path).status) == (
        204,
        404,
    )
    assert {row["address"]["S"] for row in read_table(HistoryItem)} == {"192.0.2.7"}  # not the client's header


@KINDS
def test_an_id_with_a_slash_is_not_found(function: Isolated, make_event: MakeEvent) -> None:
    assert send(function, make_event, "GET", "/events/a%2Fb").status == 404
    assert send(function, make_event, "POST", "/events", {"eventId": "a/b", **make_body()}).status == 422


@KINDS
def test_a_list_links_to_its_next_page(function: Isolated, make_event: MakeEvent) -> None:
    for number in range(2):
        send(function, make_event, "POST", "/events", {"eventId": str(number), **make_body()})
    reply = send(function, make_event, "GET", "/events?limit=1")
    link = re.fullmatch(r'<https://testserver([^>]+)>; rel="next"', reply.headers["Link"])
    assert link
    assert link[1].startswith(f"{function.prefix}/events?limit=1&cursor=")
    rest = send(function, make_event, "GET", link[1].removeprefix(function.prefix))
    assert [event["eventId"] for event in rest.json()] == ["1"]


@KINDS
def test_staff_sign_in_and_create_an_event(function: Isolated, make_event: MakeEvent, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["eventsite.accounts.passwords.PasswordHasher"]  # which has compiled parts
    make_staff("edith", "editor")
    prefix = function.prefix

    home = send(function, make_event, "GET", "/staff/", Accept="text/html")
    login = home.headers["Location"].removeprefix(prefix)
    assert (home.status, login) == (302, f"/staff/login/?next={prefix}/staff/")
    page = send(function, make_event, "GET", login, Accept="text/html")
    cookies = kept(page.cookies())
    assert {cookie["path"] for cookie in page.cookies().values()} == {prefix or "/"}

    form = {"username": "edith", "password": PASSWORD, "next": f"{prefix}/staff/"}
    token = {"csrfmiddlewaretoken": re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', page.body.decode())[0]}
    response = send_form(function, make_event, "/staff/login/", form, cookies)
    assert response.status == 403  # the form needs its token
    response = send_form(function, make_event, "/staff/login/", {**form, **token}, cookies)
    assert (response.status, response.headers["Location"]) == (302, f"{prefix}/staff/")
    stage = f"{'__Secure-' if prefix else '__Host-'}events-dev"
    assert set(response.cookies()) == {f"{stage}-{kind}" for kind in ("session", "csrf", "device")}  # all arrive
    assert all(cookie["path"] == (prefix or "/") and cookie["secure"] for cookie in response.cookies().values())
    cookies |= kept(response.cookies())

    def get(path: str) -> Reply:
        event = make_event("GET", path if make_event is rest_event else prefix + path, Accept="text/html")
        pairs = [f"{name}={value}" for name, value in cookies.items()]
        if make_event is rest_event:
            event["multiValueHeaders"] |= {"Cookie": ["; ".join(pairs)]}
        else:
            event["cookies"] = pairs
        return function.call(event)

    home = get("/staff/")
    assert home.status == 200
    assert all(link.startswith((f"{prefix}/", "#")) for link in links(home).values())
    add = get("/staff/events/new/")
    token = {"csrfmiddlewaretoken": re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', add.body.decode())[0]}
    sent = {**fields(add), **{name: str(value) for name, value in make_body(title="Fête 🎪").items()}, **token}
    saved = send_form(function, make_event, "/staff/events/new/", sent, cookies)
    assert saved.status == 302, text(saved)
    event_page = get(saved.headers["Location"].removeprefix(prefix))
    assert "Fête 🎪" in text(event_page)
    calendar = get("/staff/calendar/?month=2026-12")
    assert "Fête 🎪" in text(calendar)
    export = get("/staff/export/?format=xlsx")
    assert (export.status, export.body[:2]) == (200, b"PK")  # binary, whole


@KINDS
def test_static_files_arrive_complete(function: Isolated, make_event: MakeEvent, unpacked: Path) -> None:
    page = send(function, make_event, "GET", "/staff/login/", Accept="text/html").body.decode()
    names = re.findall(r'(?:href|src)="([^"]*/static/[^"]+)"', page)
    assert len(names) == 7
    docs = send(function, make_event, "GET", "/docs", Accept="text/html").body.decode()
    named_in_docs = re.findall(r'(?:href|src)="([^"]*/static/[^"]+)"', docs)
    assert len(named_in_docs) == 9  # with those of Swagger
    for name in names + named_in_docs:
        assert name.startswith(f"{function.prefix}/static/"), name
        path = name.removeprefix(function.prefix)
        plain = send(function, make_event, "GET", path)
        packed = {code: send(function, make_event, "GET", path, **{"Accept-Encoding": code}) for code in ("gzip", "br")}
        on_disk = (unpacked / "staticfiles" / path.removeprefix("/static/")).read_bytes()
        assert {plain.status, *(reply.status for reply in packed.values())} == {200}
        assert plain.body == packed["gzip"].body == packed["br"].body == on_disk
        assert "immutable" in plain.headers["Cache-Control"]
        part = send(function, make_event, "GET", path, **{"Accept-Encoding": "gzip", "Range": "bytes=10-59"})
        assert (part.status, part.body) == (206, on_disk[10:60])
        assert part.headers["Content-Range"] == f"bytes 10-59/{len(on_disk)}"
        assert "Content-Encoding" not in part.headers
        if not name.endswith(".png"):
            assert {code: reply.headers["Content-Encoding"] for code, reply in packed.items()} == {
                "gzip": "gzip",
                "br": "br",
            }
            assert {reply.response["isBase64Encoded"] for reply in packed.values()} == {True}


@KINDS
def test_a_compressed_response_arrives(function: Isolated, make_event: MakeEvent) -> None:
    body = {"eventId": "launch", **make_body(description="é" * 5000)}
    send(function, make_event, "POST", "/events", body)
    reply = send(function, make_event, "GET", "/events/launch", **{"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert reply.json() == body


def test_one_line_is_logged_for_a_request(isolated: Isolated) -> None:
    reply = isolated.call(rest_event("GET", "/events/nothing"))
    assert reply.status == 404
    [line] = [json.loads(line) for line in reply.log]
    assert (line["method"], line["status"], line["Stage"]) == ("GET", 404, "dev")


def test_scheduled_events_are_ignored(isolated: Isolated) -> None:
    reply = isolated.call({"detail-type": "Scheduled Event", "source": "aws.events", "resources": []})
    assert (reply.response, reply.log) == (None, [])


def test_commands_run(isolated: Isolated) -> None:
    isolated.call(rest_event("POST", "/events", {"eventId": "launch", **make_body()}))
    reply = isolated.call({"manage": "export_events - --format csv"})
    assert reply.response.splitlines()[1].startswith('"launch","Launch night",')
    assert isolated.call({"manage": "create_tables"}).response is not None


def test_an_unknown_event_is_an_error(isolated: Isolated) -> None:
    reply = isolated.call({"Records": []})
    assert reply.response["errorType"] == "ValueError"
    assert "['Records']" in reply.response["errorMessage"]


def test_all_modules_come_from_the_package_or_python(isolated: Isolated, unpacked: Path, target: Target) -> None:
    isolated.call(rest_event("GET", "/staff/login/", Accept="text/html"))
    print_path = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    stdlib = subprocess.run([target.python(), "-I", "-c", print_path], check=True, capture_output=True, text=True)
    here = (str(unpacked), stdlib.stdout.strip(), str(Path(__file__).parent))
    assert [path for path in isolated.call("modules").response if not path.startswith(here)] == []


def test_the_first_response_is_fast(unpacked: Path, target: Target, engine: Engine) -> None:
    """In CPU time: everything was loaded at the start."""
    with Isolated(unpacked, target.python(), engine.url, "/dev") as fresh:
        assert fresh.init_milliseconds > 50
        assert fresh.call(rest_event("GET", "/events/nothing")).milliseconds < 15

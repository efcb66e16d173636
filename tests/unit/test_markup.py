"""The checks of HTML in tests/support/markup.py, which the browser tests run on every page."""

from __future__ import annotations

import pytest

from tests.support.markup import mistakes_in


@pytest.mark.parametrize(
    ("html", "mistake"),
    [
        ('<input type="date" placeholder="YYYY-MM-DD">', "<input type=date> has a placeholder"),
        ('<input type="date" value="nonsense">', "<input type=date> has the value nonsense"),
        ('<label for="progress" aria-live="polite"></label>', "<label> has aria-live"),
        ('<div popover aria-label="Status"></div>', "<div> has an aria-label but no role"),
        (
            '<time datetime="2026-12-01T09:05:00.123456Z"></time>',
            "<time datetime=2026-12-01T09:05:00.123456Z> has more than three digits of a second",
        ),
        ('<p id="help"></p><p id="help"></p>', "two elements have the id help"),
        ("<h1></h1><h3></h3>", "<h3> follows <h1>"),
    ],
)
def test_mistakes_are_found(html: str, mistake: str) -> None:
    assert mistakes_in(html) == [f"line 1: {mistake}"]


def test_correct_html_has_no_mistakes() -> None:
    html = (
        "<h1>A</h1><h2>B</h2><h2>C</h2><h3>D</h3><h2>E</h2>"
        '<input placeholder="Name"><input type="date" value="2026-12-01">'
        '<div role="group" aria-label="Status"></div><nav aria-label="Pages"></nav>'
        '<time datetime="2026-12-01T09:05:00.123Z"></time>'
    )
    assert mistakes_in(html) == []

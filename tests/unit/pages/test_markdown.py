"""Markdown in the API's documentation: what becomes HTML, and that everything else is text."""

from __future__ import annotations

import pytest

from events.pages.markdown import inline, prose


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("All of them, or a page with `limit`.", "All of them, or a page with <code>limit</code>."),
        ("`a` and `b`", "<code>a</code> and <code>b</code>"),
        ("a lone ` stays", "a lone ` stays"),
        ("two `` stay", "two `` stay"),
        ('`<b>` & <i>"', "<code>&lt;b&gt;</code> &amp; &lt;i&gt;&#34;"),
    ],
)
def test_code_in_a_line(text: str, html: str) -> None:
    assert inline(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("One.", "<p>One.</p>"),
        ("One,\nstill one.\n\nTwo `2`.\n", "<p>One,\nstill one.</p><p>Two <code>2</code>.</p>"),
        ("- one\n- `two`,\n  longer", "<ul><li>one</li><li><code>two</code>,\n  longer</li></ul>"),
        ("Either:\n* one\n* two - 2\n\nEnd.", "<p>Either:</p><ul><li>one</li><li>two - 2</li></ul><p>End.</p>"),
        ("<script>\n\n- <img>", "<p>&lt;script&gt;</p><ul><li>&lt;img&gt;</li></ul>"),
    ],
)
def test_paragraphs_and_lists(text: str, html: str) -> None:
    assert prose(text) == html

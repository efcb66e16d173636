"""Descriptions in HTML, as Google Calendar and WordPress write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.spreadsheets.html_text import html_as_text

relaxed = hypothesis_settings(deadline=None)  # slow on a busy machine


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Doors at 7</p>", "Doors at 7"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One</p>\n\n<p>Two</p>\n", "One\n\nTwo"),
        ("One<br>Two<br/>Three<BR />Four", "One\nTwo\nThree\nFour"),
        ("One<div>Two</div><div>Three</div><div><br></div><div>Four</div>", "One\nTwo\nThree\n\nFour"),
        ("<b>Bold</b> and <span style='color: red'>red</span>", "Bold and red"),
        ("<ul><li>One</li><li>Two</li></ul>After", "- One\n- Two\n\nAfter"),
        ("<h2>Program</h2>Music", "Program\n\nMusic"),
        ("<table><tr><td>7</td><td>Doors</td></tr><tr><td>8</td><td>Music</td></tr></table>", "7\tDoors\n8\tMusic"),
        ("First line\nSecond line <b>here</b>", "First line\nSecond line here"),
        ("<p>Food &amp; drinks&nbsp;&lt; 5&#8364;</p>", "Food & drinks < 5€"),
        ("Food &amp; drinks", "Food & drinks"),
        ("<!-- wp:paragraph -->\n<p>One</p>\n<!-- /wp:paragraph -->", "One"),
        ('See <a href="https://a.example/?x=1&amp;y=2">the map</a>.', "See the map (https://a.example/?x=1&y=2)."),
        ("<a class=x href='https://a.example/'>the map</a>", "the map (https://a.example/)"),
        ("<a href=https://a.example/>the map</a>", "the map (https://a.example/)"),
        ('<a href="https://a.example/">https://a.example/</a>', "https://a.example/"),
        ('<a href="https://a.example/"><u></u>a.example<u></u></a>', "a.example"),
        ('<a href="mailto:a@a.example">Write to us</a>', "Write to us (a@a.example)"),
        ('<a href="mailto:a@a.example">a@a.example</a>', "a@a.example"),
        ('<a href="javascript:alert(1)">Click</a>', "Click"),
        ('<a href="#top">Up</a>', "Up"),
        ('<a name="top">Up</a>', "Up"),
        ('<img src="https://a.example/a.png">Picture', "Picture"),
        ("<p>a < b</p>", "a < b"),
        ("<p>Bring <your> mug</p>", "Bring <your> mug"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert html_as_text(html) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " Two spaces at both ends  ",
        "a < b and c > d",
        "<TBD>",
        "I <3 you",
        "<person@mail.example>",
        "x<y",
        "Line\n\n\n\nLine",
        "AT&T; R&D; a & b; &unknown; &",
        "<br",
        "a\u00a0b",
        "&#" + "9" * 5_000 + ";",
    ],
)
def test_other_text_stays_unchanged(text: str) -> None:
    assert html_as_text(text) == text


@relaxed
@given(st.text(st.sampled_from("<>/ab p=\"'&;#x1\n!-"), max_size=60))
def test_any_text_is_converted(text: str) -> None:
    assert html_as_text(text) is not None

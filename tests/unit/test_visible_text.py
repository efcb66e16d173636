"""Long texts on pages: the part that matters, and whether there is more."""

from __future__ import annotations

import pytest

from events.visible_text import EXCERPT_LENGTH, Excerpt, excerpts

LONG = "x" * 10_000


def test_what_is_short_is_shown_whole() -> None:
    exactly = "x" * EXCERPT_LENGTH
    assert excerpts(exactly, "", 5, "a\u200bb") == [
        Excerpt(exactly, None),
        Excerpt("", None),
        Excerpt("5", None),
        Excerpt("a[U+200B]b", None),
    ]


def test_of_one_long_text_the_beginning_is_shown() -> None:
    assert excerpts(LONG) == [Excerpt("x" * EXCERPT_LENGTH + "…", LONG)]
    one_more = "x" * (EXCERPT_LENGTH + 1)
    assert excerpts(one_more) == [Excerpt("x" * EXCERPT_LENGTH + "…", one_more)]


def test_equal_texts_begin_at_the_beginning() -> None:
    assert [excerpt.shown for excerpt in excerpts(LONG, LONG)] == ["x" * EXCERPT_LENGTH + "…"] * 2


def test_a_difference_far_behind_is_shown() -> None:
    before, after = LONG + "before" + LONG, LONG + "after" + LONG
    shown = [excerpt.shown for excerpt in excerpts(before, after)]
    assert [text[:47] for text in shown] == ["…" + "x" * 40 + "before", "…" + "x" * 40 + "afterx"]
    assert {len(text) for text in shown} == {EXCERPT_LENGTH + 2}


def test_a_text_that_ends_where_the_other_goes_on() -> None:
    assert [excerpt.shown for excerpt in excerpts(LONG, LONG + "!")] == ["…" + "x" * 40, "…" + "x" * 40 + "!"]
    assert excerpts("", LONG) == [Excerpt("", None), Excerpt("x" * EXCERPT_LENGTH + "…", LONG)]


def test_of_three_texts_the_first_difference_between_any_of_them_counts() -> None:
    assert [excerpt.shown[41:44] for excerpt in excerpts(LONG + "abc", LONG + "abc", LONG + "xyz")] == [
        "abc",
        "abc",
        "xyz",
    ]


@pytest.mark.parametrize("character", ["\u200b", "\U000e0041", "'", "\U0001f600"])
def test_an_excerpt_is_short_whatever_it_is_of(character: str) -> None:
    assert len(excerpts(character * 65_536)[0].shown) <= 9 * EXCERPT_LENGTH + 1

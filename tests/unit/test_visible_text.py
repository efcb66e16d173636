"""Shortened texts, and excerpts of long texts from their first difference."""

from __future__ import annotations

import pytest

from events.visible_text import EXCERPT_LENGTH, Excerpt, excerpts, shortened

LONG = "x" * 10_000


def test_short_texts_are_complete() -> None:
    exactly = "x" * EXCERPT_LENGTH
    assert excerpts(exactly, "", 5, "a\u200bb") == [
        Excerpt(exactly, None),
        Excerpt("", None),
        Excerpt("5", None),
        Excerpt("a[U+200B]b", None),
    ]


def test_a_shortened_text_has_at_most_this_many_characters() -> None:
    assert [shortened(text, 4) for text in ("", "abcd", "abcde", 5)] == ["", "abcd", "abc…", "5"]


def test_a_long_text_is_cut_at_the_end() -> None:
    assert excerpts(LONG) == [Excerpt("x" * EXCERPT_LENGTH + "…", LONG)]
    one_more = "x" * (EXCERPT_LENGTH + 1)
    assert excerpts(one_more) == [Excerpt("x" * EXCERPT_LENGTH + "…", one_more)]


def test_equal_long_texts_are_cut_at_the_end() -> None:
    assert [excerpt.shown for excerpt in excerpts(LONG, LONG)] == ["x" * EXCERPT_LENGTH + "…"] * 2


def test_a_late_difference_is_shown() -> None:
    before, after = LONG + "before" + LONG, LONG + "after" + LONG
    shown = [excerpt.shown for excerpt in excerpts(before, after)]
    assert [text[:47] for text in shown] == ["…" + "x" * 40 + "before", "…" + "x" * 40 + "afterx"]
    assert {len(text) for text in shown} == {EXCERPT_LENGTH + 2}


def test_one_text_may_continue_after_the_end_of_the_other() -> None:
    assert [excerpt.shown for excerpt in excerpts(LONG, LONG + "!")] == ["…" + "x" * 40, "…" + "x" * 40 + "!"]
    assert excerpts("", LONG) == [Excerpt("", None), Excerpt("x" * EXCERPT_LENGTH + "…", LONG)]


def test_three_texts_are_shown_from_their_first_difference() -> None:
    assert [excerpt.shown[41:44] for excerpt in excerpts(LONG + "abc", LONG + "abc", LONG + "xyz")] == [
        "abc",
        "abc",
        "xyz",
    ]


@pytest.mark.parametrize("character", ["\u200b", "\U000e0041", "'", "\U0001f600"])
def test_excerpts_of_escaped_characters_are_short(character: str) -> None:
    assert len(excerpts(character * 65_536)[0].shown) <= 9 * EXCERPT_LENGTH + 1

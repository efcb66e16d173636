"""Column names, and cells that look like formulas."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from events.spreadsheets.columns import field_named
from events.spreadsheets.sheet import (
    harmless,
    restored,
)
from tests.support.strategies import spreadsheet_text

relaxed = hypothesis_settings(deadline=None)  # slow on a busy machine


@relaxed
@given(spreadsheet_text)
def test_formulas_are_escaped_and_restored(text: str) -> None:
    assert restored(harmless(text)) == text
    assert not re.match("[=+@\uff1d\uff0b\uff0d\uff20\t\r\n-]", harmless(text))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-5°", "'-5°"),
        ("\uff1d1", "'\uff1d1"),
        ("'quoted'", "'quoted'"),
        ("'", "'"),
        ("5-1", "5-1"),
    ],
)
def test_text_that_looks_like_a_formula_gets_an_apostrophe(text: str, written: str) -> None:
    assert harmless(text) == written


@pytest.mark.parametrize("character", ["\ufeff", "\u200b", "\u00ad", "\u200d", "\u200e", "\u2060", "\u00a0", "\u3000"])
@pytest.mark.parametrize("name", ["{}eventId", "eventId{}", "event{}Id", "Event{} ID", "{0}event{0}_{0}id{0}"])
def test_hidden_characters_in_column_names_are_ignored(name: str, character: str) -> None:
    assert field_named(name.format(character)) == "eventId"

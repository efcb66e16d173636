"""Capacities as people and programs write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.rules import MAX_CAPACITY
from events.spreadsheets.numbers import read_capacity

relaxed = hypothesis_settings(deadline=None)  # slow on a busy machine


@pytest.mark.parametrize(
    "text",
    [
        "1000",
        " 1000 ",
        "0001000",
        "+1000",
        "1,000",
        "1.000",
        "1 000",
        "1\u00a0000",
        "1\u202f000",
        "1\u2009000",
        "1\u2007000",
        "1'000",
        "1\u2019000",
        "1\u066c000",
        "1000.0",
        "1000,0",
        "1000.00",
        "1,000.0",
        "1,000.00",
        "1.000,00",
        "1 000,00",
        "1\u00a0000,00",
        "1'000.00",
        "\u200e1000",
        "\uff11\uff10\uff10\uff10",
        "\uff11\uff0c\uff10\uff10\uff10",
        "\u0661\u0660\u0660\u0660",
        "\u0661\u066c\u0660\u0660\u0660",
        "\u06f1\u06f0\u06f0\u06f0",
        "\u0967\u0966\u0966\u0966",
        1000,
        1000.0,
    ],
)
def test_a_thousand_is_read_in_all_its_forms(text: Any) -> None:
    assert read_capacity(text) == 1000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("+50", 50),
        ("50.0", 50),
        ("50,00", 50),
        ("1,000,000", 1_000_000),
        ("1.000.000", 1_000_000),
        ("1 000 000", 1_000_000),
        ("1,00,000", 100_000),
        ("12,34,56,789", 123_456_789),
        ("12,345", 12_345),
        ("123.456", 123_456),
        ("-5", -5),
        ("\u22125", -5),
        ("-1,000", -1000),
        ("0" * 5_000, 0),
        ("9" * 9_999, MAX_CAPACITY + 1),
        ("-" + "9" * 9_999, -MAX_CAPACITY - 1),
    ],
)
def test_other_numbers_are_read(text: str, value: int) -> None:
    assert read_capacity(text) == value


NUMBER = "must be a whole number"
IN_TWO_WAYS = "can be read in more than one way; please write only its digits"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,5", f"{NUMBER}; “1,5” has a fraction"),
        ("1.5", f"{NUMBER}; “1.5” has a fraction"),
        ("12.50", f"{NUMBER}; “12.50” has a fraction"),
        ("1,000.50", f"{NUMBER}; “1,000.50” has a fraction"),
        ("1.2345", f"{NUMBER}; “1.2345” has a fraction"),
        ("1.0000", f"{NUMBER}, but “1.0000” {IN_TWO_WAYS}"),
        ("1,0000", f"{NUMBER}, but “1,0000” {IN_TWO_WAYS}"),
        ("1000.000", f"{NUMBER}, but “1000.000” {IN_TWO_WAYS}"),
        ("1000,500", f"{NUMBER}, but “1000,500” {IN_TWO_WAYS}"),
        ("0,500", f"{NUMBER}, but “0,500” {IN_TWO_WAYS}"),
        ("1,000.000", f"{NUMBER}, but “1,000.000” {IN_TWO_WAYS}"),
        ("1,000,00", f"{NUMBER}, but “1,000,00” {IN_TWO_WAYS}"),
        ("1.000.00", f"{NUMBER}, but “1.000.00” {IN_TWO_WAYS}"),
        ("1,000.000,00", f"{NUMBER}, but “1,000.000,00” {IN_TWO_WAYS}"),
        ("1 00", f"{NUMBER}, but “1 00” {IN_TWO_WAYS}"),
        ("10 00", f"{NUMBER}, but “10 00” {IN_TWO_WAYS}"),
        ("50 seats", "must be a whole number without other text, such as 50"),
        ("ca. 50", "must be a whole number without other text, such as 50"),
        ("~50", "must be a whole number without other text, such as 50"),
        ("50+", "must be a whole number without other text, such as 50"),
        ("€50", "must be a whole number without other text, such as 50"),
        ("1,000 people", "must be a whole number without other text, such as 1,000"),
        ("250\u00b9", "must be a whole number without other text, such as 250"),
        ("50-60", "must be one whole number, not several; please write only the highest one"),
        ("50 \u2013 60", "must be one whole number, not several; please write only the highest one"),
        ("50 to 60", "must be one whole number, not several; please write only the highest one"),
        ("50/60", "must be one whole number, not several; please write only the highest one"),
        ("∞", f"{NUMBER}; if there is no limit, please write a large number such as 100000"),
        ("Unlimited", f"{NUMBER}; if there is no limit, please write a large number such as 100000"),
        ("unbegrenzt", f"{NUMBER}; if there is no limit, please write a large number such as 100000"),
        ("1E+03", f"{NUMBER} with all its digits; please format the cell as a number"),
        ("1,2E+05", f"{NUMBER} with all its digits; please format the cell as a number"),
        ("many", f"{NUMBER}, such as 250"),
        ("x" * 61, NUMBER),
        ("1," * 40_000, NUMBER),
    ],
)
def test_other_texts_are_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^must be") as error:
        read_capacity(text)
    assert str(error.value) == reason


@pytest.mark.parametrize("cell", [2.5, True, float("inf"), float("nan")])
def test_cells_that_are_no_whole_number_are_left_to_the_rule(cell: Any) -> None:
    assert read_capacity(cell) is cell


@relaxed
@given(st.integers(0, MAX_CAPACITY), st.sampled_from([",", ".", "'", " ", "\u00a0", "\u202f", "\u2019"]))
def test_every_number_with_groups_is_read_as_itself(number: int, mark: str) -> None:
    assert read_capacity(f"{number:,}".replace(",", mark)) == number
    assert read_capacity(f"{number}.0") == number
    assert read_capacity(f"{number:,}.00".replace(",", "'")) == number

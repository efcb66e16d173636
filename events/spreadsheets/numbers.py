"""Reads a whole number as people and programs write it.

As in `events/rules.py`, a ValueError holds the end of a sentence that starts with the field's name.
"""

from __future__ import annotations

import re
from typing import Any

from events.rules import MAX_CAPACITY
from events.spreadsheets.sheet import Cell
from events.visible_text import trimmed

_MAX_LENGTH = 60  # of a number with anything but digits
_TOO_LONG = 20  # digits: certainly higher than the highest capacity

_DIGITS = re.compile(r"([+-]?)([0-9]+)")
_SIGN = re.compile(r"[+-]")
# A grouped number does not begin with 0: "0,500" is a half.
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<mark>[,. '])[0-9]{3}(?:(?P=mark)[0-9]{3})*")
_GROUPED_IN_INDIA = re.compile(r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}")
_WITH_FRACTION = re.compile(r"(?P<whole>[0-9][0-9,. ']*?)(?P<mark>[.,])(?P<fraction>[0-9]+)")
_SEVERAL = re.compile(r"[0-9] ?(?:-|/|to|bis|or|oder) ?[0-9]")
_NUMBER_IN_TEXT = re.compile(r"[0-9](?:[0-9,.' ]*[0-9])?")
_SCIENTIFIC = re.compile(r"[0-9.,]+e[+-]?[0-9]+")
_UNLIMITED = re.compile(r"∞|unlimited|no limit|no maximum|unbegrenzt|unbeschränkt|illimit|ilimitad|obegränsa|ubegrænse")

# Full-width forms of ASCII, other signs for minus and apostrophe, and the Arabic mark between thousands.
_ASCII_FORMS = {number: number - 0xFEE0 for number in range(0xFF01, 0xFF5F)} | {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u066c"), "'"),
    **dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF], None),
}


def in_ascii(text: str) -> str:
    """In lower case, with the digits, spaces, dashes and apostrophes of ASCII, and without invisible characters."""
    if not text.isascii():
        text = text.translate(_ASCII_FORMS)
        text = "".join(str(int(character)) if character.isdecimal() else character for character in text)
    return " ".join(text.split()).casefold()


def read_capacity(cell: Cell) -> Any:
    """An integer, or a value that the rule will refuse. Raises ValueError."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return _read(trimmed(cell)) if isinstance(cell, str) else cell


def _read(text: str) -> int:
    if found := _DIGITS.fullmatch(text):
        return _integer(found[1], found[2])
    if len(text) > _MAX_LENGTH:
        raise ValueError("must be a whole number")
    text = in_ascii(text)
    sign = text[:1] if _SIGN.match(text) else ""
    number = text.removeprefix(sign).lstrip()
    if number.isdecimal() or _GROUPED.fullmatch(number) or _GROUPED_IN_INDIA.fullmatch(number):
        return _integer(sign, re.sub("[^0-9]", "", number))
    if found := _WITH_FRACTION.fullmatch(number):
        return _integer(sign, _whole(number, found["whole"], found["mark"], found["fraction"]))
    raise ValueError(_reason(text))


def _integer(sign: str, digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    # Python refuses to convert thousands of digits.
    return int(sign + (digits if len(digits) < _TOO_LONG else str(MAX_CAPACITY + 1)))


def _whole(number: str, whole: str, mark: str, fraction: str) -> str:
    """The digits of a number whose fraction is zero, such as "1,000.0". Raises ValueError."""
    grouped = _GROUPED.fullmatch(whole)
    certain = whole.isdecimal() or (grouped and grouped["mark"] != mark)
    is_zero = not fraction.strip("0")
    if not certain or len(fraction) == 3 or (is_zero and len(fraction) > 2):
        raise ValueError(_ambiguous(number))
    if not is_zero:
        raise ValueError(f"must be a whole number; “{number}” has a fraction")
    return re.sub("[^0-9]", "", whole)


def _ambiguous(number: str) -> str:
    return f"must be a whole number, but “{number}” can be read in more than one way; please write only its digits"


def _reason(text: str) -> str:
    """Why a text is no number, and what to write instead."""
    if _UNLIMITED.search(text):
        return "must be a whole number; if there is no limit, please write a large number such as 100000"
    if _SCIENTIFIC.fullmatch(text):
        return "must be a whole number with all its digits; please format the cell as a number"
    if _SEVERAL.search(text):
        return "must be one whole number, not several; please write only the highest one"
    numbers = _NUMBER_IN_TEXT.findall(text)
    if numbers == [text]:
        return _ambiguous(text)
    if len(numbers) == 1:
        return f"must be a whole number without other text, such as {numbers[0]}"
    return "must be a whole number, such as 250"

"""Text that is safe to show: invisible characters that change how other text looks are shown by their number.

Otherwise one event could look like another, or reverse the text around it: after U+202E, "gpj.exe" reads "exe.jpg".
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import NamedTuple

EXCERPT_LENGTH = 200

# Without the control characters that str.strip() also removes: only descriptions may contain some of them.
_SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u2800\u3000"
_BLANKS = _SPACES + "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u00ad\u180e\u200b\u2028\u2029\u2060\ufeff"
_MAX_SPACES_NAMED = 4
# Characters that order or join letters, and blank letters: https://www.unicode.org/reports/tr36/#visual_spoofing
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\uffff"
)
# Joiners are part of emoji and of some scripts; beside ASCII or at an end of the text they have no effect.
_ALONE = rf"[\x00-\x7f\u200c\u200d{_UNSEEN}]"
_JOINER = rf"(?:^|(?<={_ALONE}))[\u200c\u200d]|[\u200c\u200d](?=$|{_ALONE})"
_HIDDEN = re.compile(
    "(?P<flag>\U0001f3f4[\U000e0020-\U000e007f]+)"  # Scotland's flag contains characters that are hidden elsewhere
    rf"|[{_UNSEEN}\U000e0000-\U000e007f]|{_JOINER}|(?<=[ A-Za-z])[\ufe00-\ufe0f]"
)
# Many accents on one letter can cover the lines above and below; no language needs so many.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILE = re.compile(rf"([{_MARKS}]{{4}})[{_MARKS}]{{4,}}")
_IGNORED_IN_NAMES = re.compile(rf"[\s_{_UNSEEN}\u200c\u200d-]")


def trimmed(text: str) -> str:
    """The text without blank characters at its ends: white space, zero-width spaces, soft hyphens."""
    return text.strip(_BLANKS)


def visible(text: object) -> str:
    """The text, with invisible characters and spaces at its ends as [U+202E], and few accents on one letter."""
    shown = str(text)
    inner = shown.strip(_SPACES)
    start = len(shown) - len(shown.lstrip(_SPACES))
    before, after = shown[:start], shown[start + len(inner) :]
    if not inner.isascii():
        inner = _PILE.sub(r"\1[…]", _HIDDEN.sub(_named, inner))
    return f"{_numbers(before)}{inner}{_numbers(after)}"


def _numbers(spaces: str) -> str:
    named = "".join(f"[U+{ord(space):04X}]" for space in spaces[:_MAX_SPACES_NAMED])
    return named if len(spaces) <= _MAX_SPACES_NAMED else f"{named}[…]"


def folded_name(text: str) -> str:
    """A form of a column name that is equal for "Event ID", "event_id" and names with invisible characters."""
    return _IGNORED_IN_NAMES.sub("", text).casefold()


def _named(found: re.Match[str]) -> str:
    return found["flag"] or f"[U+{ord(found[0]):04X}]"


def quoted(text: object) -> str:
    """The visible text in quotation marks. Isolated, so that right-to-left letters do not move the marks."""
    shown = visible(text)
    return f"“{shown}”" if shown.isascii() else f"“\u2068{shown}\u2069”"


def shortened(text: object, length: int) -> str:
    """The text in at most this many characters. Django's `truncatechars` takes quadratic time for many accents."""
    whole = str(text)
    return whole if len(whole) <= length else f"{whole[: length - 1]}…"


class Excerpt(NamedTuple):
    """A part of a text, made visible; `whole` is the complete text, or None if nothing was left out."""

    shown: str
    whole: str | None


def excerpts(*values: object, length: int = EXCERPT_LENGTH) -> list[Excerpt]:
    """If a value is long, the same part of all values: around their first difference, or the beginning if equal."""
    texts = [str(value) for value in values]
    if all(len(text) <= length for text in texts):
        return [Excerpt(visible(text), None) for text in texts]
    start = max(0, _first_difference(texts) - length // 5)
    return [_excerpt(text, start, length) for text in texts]


def _first_difference(texts: list[str]) -> int:
    """The length of the common beginning; 0 if all texts are equal."""
    if len(set(texts)) == 1:
        return 0
    first, *others = texts
    lengths = range(min(map(len, texts)))
    return bisect_left(lengths, True, key=lambda index: any(text[: index + 1] != first[: index + 1] for text in others))


def _excerpt(text: str, start: int, length: int) -> Excerpt:
    part = text[start : start + length]
    if part == text:
        return Excerpt(visible(text), None)
    before, after = ("…" if start else ""), ("…" if start + len(part) < len(text) else "")
    part = part.lstrip(_SPACES) if before else part  # beside "…", a space is no hidden one
    part = part.rstrip(_SPACES) if after else part
    return Excerpt(f"{before}{visible(part)}{after}", text)

"""Text as people may read it: what nobody sees, but what changes how the rest looks, is shown by its number.

Else one event could look like another, or turn the words around it: after U+202E "gpj.exe" reads "exe.jpg".
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import NamedTuple

EXCERPT_LENGTH = 200
_BEFORE_A_DIFFERENCE = 40

# Without the control characters that str.strip() takes, too: of them, only a description has some.
_SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u2800\u3000"
_BLANKS = _SPACES + "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u00ad\u180e\u200b\u2028\u2029\u2060\ufeff"
_MOST_SPACES_NAMED = 4
# Marks that order or join letters, and letters that are blank: https://www.unicode.org/reports/tr36/#visual_spoofing
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\uffff"
)
# Joiners make emoji, and letters of some scripts, what they are; beside ASCII or at an end they make nothing.
_ALONE = rf"[\x00-\x7f\u200c\u200d{_UNSEEN}]"
_JOINER = rf"(?:^|(?<={_ALONE}))[\u200c\u200d]|[\u200c\u200d](?=$|{_ALONE})"
_HIDDEN = re.compile(
    "(?P<flag>\U0001f3f4[\U000e0020-\U000e007f]+)"  # Scotland's is spelt in letters that are hidden elsewhere
    rf"|[{_UNSEEN}\U000e0000-\U000e007f]|{_JOINER}|(?<=[ A-Za-z])[\ufe00-\ufe0f]"
)
# Accents piled up to cover the lines above and below; no language needs so many.
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILE = re.compile(rf"([{_MARKS}]{{4}})[{_MARKS}]{{4,}}")
_NOT_OF_A_NAME = re.compile(rf"[\s_{_UNSEEN}\u200c\u200d-]")


def trimmed(text: str) -> str:
    """The text without what looks blank at its ends: white space, zero-width spaces, soft hyphens."""
    return text.strip(_BLANKS)


def visible(text: object) -> str:
    """The text, with what is hidden in it as [U+202E], spaces at its ends too, and few accents on one letter."""
    shown = str(text)
    inner = shown.strip(_SPACES)
    start = len(shown) - len(shown.lstrip(_SPACES))
    before, after = shown[:start], shown[start + len(inner) :]
    if not inner.isascii():
        inner = _PILE.sub(r"\1[…]", _HIDDEN.sub(_named, inner))
    return f"{_numbers(before)}{inner}{_numbers(after)}"


def _numbers(spaces: str) -> str:
    named = "".join(f"[U+{ord(space):04X}]" for space in spaces[:_MOST_SPACES_NAMED])
    return named if len(spaces) <= _MOST_SPACES_NAMED else f"{named}[…]"


def folded_name(text: str) -> str:
    """A name by which "Event ID", "event_id" and one with characters that cannot be seen are the same."""
    return _NOT_OF_A_NAME.sub("", text).casefold()


def _named(found: re.Match[str]) -> str:
    return found["flag"] or f"[U+{ord(found[0]):04X}]"


def quoted(text: object) -> str:
    """For a sentence: in quotation marks, which stay where they are beside letters that run from right to left."""
    shown = visible(text)
    return f"“{shown}”" if shown.isascii() else f"“\u2068{shown}\u2069”"


class Excerpt(NamedTuple):
    """A part of a text as people may read it; `whole` is the text it was taken from, None if nothing was left out."""

    shown: str
    whole: str | None


def excerpts(*values: object) -> list[Excerpt]:
    """Where a value is long, the same part of each of them: around the first difference, else the beginning."""
    texts = [str(value) for value in values]
    if all(len(text) <= EXCERPT_LENGTH for text in texts):
        return [Excerpt(visible(text), None) for text in texts]
    start = max(0, _first_difference(texts) - _BEFORE_A_DIFFERENCE)
    return [_excerpt(text, start) for text in texts]


def _first_difference(texts: list[str]) -> int:
    """The number of characters that all begin with; 0 if they are equal."""
    if len(set(texts)) == 1:
        return 0
    first, *others = texts
    lengths = range(min(map(len, texts)))
    return bisect_left(lengths, True, key=lambda index: any(text[: index + 1] != first[: index + 1] for text in others))


def _excerpt(text: str, start: int) -> Excerpt:
    part = text[start : start + EXCERPT_LENGTH]
    if part == text:
        return Excerpt(visible(text), None)
    return Excerpt(("…" if start else "") + visible(part) + ("…" if start + len(part) < len(text) else ""), text)

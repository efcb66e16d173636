"""Finds a time of day beside a date."""

from __future__ import annotations

import re
from datetime import time

_HALF_OF_THE_DAY = re.compile(r"(?<=[0-9 ])([ap])\.? ?m\b\.?")
_CLOCK = (
    r"(?:[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?(?:am|pm|uhr|hrs|h)\b)?"
    r"|[0-9]{1,2}(?:\.[0-9]{2})? ?(?:am|pm|uhr|hrs|h)\b|[0-9]{1,2}h[0-9]{2}|noon\b|midnight\b)"
)
_ZONE = (
    r"(?: ?(?:z|utc|gmt|[ecmp][sd]t|[ew]est|[ew]et|ces?t|bst|msk|ist|jst|ae[sd]t)\b)?"
    r"(?: ?[+-][0-9]{2}:?[0-9]{2}\b)?(?: ?\([^()]*\))?"
)
_BEFORE = r"(?:[ ,@-]|\b(?:at|um|ab|om|a|alle|ore|kl\.?|klo|from|von|o)\b)*(?<![0-9a-z:./])"
_UNTIL = rf" ?(?:-|to|bis|until|till|til|tot|a|do) ?{_CLOCK}"
# A time, or two with a hyphen or a word between them. "t" as in 2026-12-31t19:30.
_TIME = re.compile(rf"(?:(?<=[0-9])t|{_BEFORE})({_CLOCK})(?:{_UNTIL})?{_ZONE}(?:{_UNTIL}{_ZONE})?(?![0-9:])")
_TIME_WITH_DOT = re.compile(r"(?<=[0-9]{4})(?:,? | kl\.? )([0-9]{1,2}\.[0-9]{2})$")


def without_time(text: str) -> tuple[str, time | None]:
    """The text without its time of day, and this time. For short texts in lower case."""
    text = _HALF_OF_THE_DAY.sub(r"\1m", text)
    found = _TIME.search(text) or _TIME_WITH_DOT.search(text)
    if not found:
        return text, None
    try:
        clock = _time(found[1])
    except ValueError:
        return text, None
    return f"{text[: found.start()]} {text[found.end() :]}".strip(" ,-"), clock


def _time(text: str) -> time:
    """Raises ValueError: there is no such time."""
    if text in ("noon", "midnight"):
        return time(12 if text == "noon" else 0)
    hour, minute, *_ = [*map(int, re.findall("[0-9]+", text)), 0]
    if "am" in text or "pm" in text:
        hour = hour % 12 + (12 if "pm" in text else 0) if hour <= 12 else hour
    return time(hour, minute)

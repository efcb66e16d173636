"""Valid and invalid values of every field, for hypothesis."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from hypothesis import strategies as st

from events import rules
from events.fields import FIELDS
from events.rules import MAX_CAPACITY, MAX_EVENT_ID_BYTES, MAX_TEXT_BYTES

# All of Unicode except control characters and half surrogate pairs.
characters = st.characters(exclude_categories=("Cc", "Cs"))
prose_characters = st.one_of(characters, st.sampled_from("\n\t"))


def short_text(max_bytes: int = MAX_TEXT_BYTES) -> st.SearchStrategy[str]:
    # A character has at most 4 bytes. Drawing long texts is slow, so short ones are repeated.
    drawn = st.text(characters, min_size=1, max_size=40)
    repeated = st.builds(lambda text: (text * 50)[: max_bytes // 4], st.text(characters, min_size=1, max_size=9))
    return st.one_of(drawn, repeated).filter(lambda text: text.strip())


def _fits_a_path(text: str) -> bool:
    return bool(text.strip()) and text not in (".", "..")


event_ids = (
    short_text(MAX_EVENT_ID_BYTES).map(lambda text: text.replace("/", "|")).filter(_fits_a_path)
    | st.sampled_from(["...", "%2F", "a%00b", "?", "#", ";x=1", "+", " ", "a b", "\\", "café", "日本", "🎪", "…"])
).filter(_fits_a_path)
descriptions = st.text(prose_characters, max_size=200)
dates = st.dates(min_value=date(1, 1, 1)).map(date.isoformat)
capacities = st.integers(0, MAX_CAPACITY)

_OF_RULES: dict[Any, st.SearchStrategy[Any]] = {
    rules.short_text: short_text(),
    rules.prose: descriptions,
    rules.day: dates,
    rules.capacity: capacities,
}
field_values = {field.name: _OF_RULES[field.rule] for field in FIELDS if field.name != "eventId"}
bodies = st.fixed_dictionaries(field_values)
partial_bodies = st.fixed_dictionaries({}, optional=field_values)

# Text that CSV files and workbooks treat specially.
_special_text = st.text(st.sampled_from("_x00F5E4F\ufffe\uffff'=-+@\t\n;,\"\uff1d \u2028\ufeff🎪"), max_size=30)
_special_names = _special_text.map(lambda text: re.sub(r"[\t\n]", "", text) + "!")
spreadsheet_text = descriptions | _special_text
spreadsheet_events = st.fixed_dictionaries(
    {
        "eventId": event_ids,
        **field_values,
        "title": field_values["title"] | _special_names,
        "status": field_values["status"] | _special_names,
        "description": spreadsheet_text,
    }
)

not_text = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
not_whole = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.integers().map(str),
    st.lists(st.integers(), max_size=2),
)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


not_dates = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    st.from_regex(r"\d{4}-\d{2}-\d{2}", fullmatch=True),
    dates.map(lambda text: text.replace("-", "")),
    dates.map(lambda text: text + "T00:00:00"),
    dates.map(lambda text: " " + text),
    dates.map(lambda text: text + "\n"),
).filter(lambda text: not _is_date(text))

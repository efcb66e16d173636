"""The form in which texts are searched: events are stored in it, and what a person types is brought into it.

Accents, case, width and the kinds of apostrophes, quotes and dashes make no difference in it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category, combining, normalize

from events.domain import EventFields

MAX_SEARCH_CHARACTERS = 200
_MOST_WORDS = 20  # DynamoDB limits the length of a filter

_QUOTES = '"\u00ab\u00bb\u05f4\u201c\u201d\u201e\u201f\u2033\u2036'
_QUOTES += "\u300c\u300d\u300e\u300f\u301d\u301e\u301f\uff02\uff62\uff63"
_APOSTROPHES = "`\u00b4\u02b9\u02bb\u02bc\u02bd\u05f3\u1ffd\u2018\u2019\u201a\u201b\u2032\u2035\uff07"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_SLASHES = "\u2044\u2215"
# Quotes are left out, because they enclose words that stay together. U+0640 only stretches Arabic words.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys(_QUOTES + "\u0640", ""),
        **dict.fromkeys(_APOSTROPHES, "'"),
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys(_SLASHES, "/"),
    }
)
# Letters that Unicode does not decompose, as people write them with another keyboard.
_LETTERS = str.maketrans(
    {
        **dict(zip("øłđðħŧŋĸəɛɔɓɖɗƙƴ\u0131", "olddhtnkeeobddkyi", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
# The combining classes of accents and of the points of Hebrew, Arabic and Syriac. The other marks make other words:
# the voicing of kana (が is not か), and the vowels and tones of Indic, Thai, Lao and Tibetan.
_ACCENTS = frozenset({1, *range(10, 37), *range(200, 241)})
_WORD = re.compile(rf"[{_QUOTES}](?P<quoted>[^{_QUOTES}]*)[{_QUOTES}]?|[^\s{_QUOTES}]+")


class Word(NamedTuple):
    """A word of a search, or several in quotes; `former`: as `searchText` had it before it had this form."""

    form: str
    former: str


def search_form(text: str) -> str:
    """The text as it is searched. The form of a form is the form itself."""
    text = text.translate(_SIGNS)
    if not text.isascii():
        text = _without_accents(text).casefold().translate(_LETTERS)
        text = normalize("NFC", _without_accents(text).translate(_SIGNS))
    return " ".join(text.casefold().split())


def _without_accents(text: str) -> str:
    return "".join(character for character in normalize("NFKD", text) if not _is_accent(character))


def _is_accent(character: str) -> bool:
    """Whether it is an accent, or an invisible character that joins, separates or varies others."""
    return combining(character) in _ACCENTS or category(character) in ("Cf", "Me") or "\ufe00" <= character <= "\ufe0f"


def stored_text(fields: EventFields) -> str:
    """What an event stores for searches. An eventId in search form is left out: each index has it anyway."""
    event_id = search_form(fields["eventId"])
    texts = [search_form(fields["title"]), search_form(fields["location"]), search_form(fields["organizer"])]
    return "\n".join(texts if event_id == fields["eventId"] else [*texts, event_id])


@lru_cache(maxsize=100)
def search_words(text: str) -> tuple[Word, ...]:
    """What an event must contain, each anywhere; from the 20th word on, the rest of the text stays together."""
    found = list(_WORD.finditer(text))
    typed = [match["quoted"] or match[0] for match in found[:_MOST_WORDS]]
    if len(found) > _MOST_WORDS:
        typed[-1] = text[found[_MOST_WORDS - 1].start() :]
    words = (Word(search_form(word), word.strip().casefold()) for word in typed)
    return tuple(word for word in words if word.form)

"""The form in which texts are searched, and the words of a search."""

from __future__ import annotations

import sys
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.search_text import Word, search_form, search_words, stored_text
from tests.support.builders import make_fields
from tests.support.strategies import characters, short_text

QUOTES = set('"«»“”„‟\u05f4\u2033\u2036「」『』〝〞〟\uff02\uff62\uff63')


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Zürich", "zurich"),
        (normalize("NFD", "Zürich"), "zurich"),
        ("Łódź", "lodz"),
        ("Smørrebrød", "smorrebrod"),
        ("İstanbul", "istanbul"),
        ("Diyarbak\u0131r", "diyarbakir"),
        ("O\u2019Brien", "o'brien"),
        ("O\u00b4Brien", "o'brien"),
        ("\uff21\uff22\uff23", "abc"),
        ("Straße", "strasse"),
        ("STRAẞE", "strasse"),
        ("Đà Nẵng", "da nang"),
        ("Þórshöfn, Sauðárkrókur", "thorshofn, saudarkrokur"),
        ("Ærø œuvre", "aero oeuvre"),
        ("SE\u201115", "se-15"),
        ("9\u201317 h, \u22125 °C, ½", "9-17 h, -5 °c, 1/2"),
        ("  two\u00a0\u3000 spaces\t", "two spaces"),
        ("“Blue” Room, »Rot«", "blue room, rot"),
        ("zero\u200bwidth, soft\u00adhyphen", "zerowidth, softhyphen"),
        ("ΆΣ", "\u03b1\u03c3"),
        ("Ёлка", "елка"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_accents_case_width_and_signs_make_no_difference(text: str, form: str) -> None:
    assert search_form(text) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("كِتَابٌ", "كتاب"),  # Arabic without its vowel points
        ("شـــكرا", "شكرا"),  # and not stretched
        ("שָׁלוֹם", "שלום"),
        ("हिन्दी में", "हिन्दी में"),  # the vowels of Hindi are marks, but not accents
        ("ภาษาไทย น้ำ", "ภาษาไทย น้\u0e4dา"),  # so are the tones of Thai; U+0E33 is two characters
        ("한국어", "한국어"),
        (normalize("NFD", "한국어"), "한국어"),
        ("\uff76\uff9e\uff97\uff7d", "ガラス"),  # narrow katakana
    ],
)
def test_other_scripts(text: str, form: str) -> None:
    assert search_form(text) == form


@pytest.mark.parametrize(("text", "other"), [("が", "か"), ("ぱ", "は"), ("किताब", "कताब"), ("한", "하"), ("น้ำ", "นำ")])
def test_marks_that_make_another_word_are_kept(text: str, other: str) -> None:
    assert search_form(other) not in search_form(text)


def test_every_character_has_one_form() -> None:
    for character in filter(str.isprintable, map(chr, range(sys.maxunicode + 1))):
        form = search_form(character)
        forms = {search_form(each) for each in (form, normalize("NFC", character), normalize("NFD", character))}
        assert forms == {form}, ascii(character)


@given(st.text(characters))
def test_the_form_of_a_form_is_the_form(text: str) -> None:
    form = search_form(text)
    assert search_form(form) == form
    assert search_form(normalize("NFD", text)) == search_form(normalize("NFC", text)) == form


def test_what_an_event_stores() -> None:
    fields = make_fields(eventId="SE-15", title="ÄRGER", location="Straße 1", organizer="Ío")
    assert stored_text(fields) == "arger\nstrasse 1\nio\nse-15"
    assert stored_text({**fields, "eventId": "se-15"}) == "arger\nstrasse 1\nio"  # the indexes have it already


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("concert winter", ["concert", "winter"]),
        ('"Winter concert"', ["winter concert"]),
        ("“Winter  concert” hall", ["winter concert", "hall"]),
        ("„Winter concert“ «zu Hause»", ["winter concert", "zu hause"]),
        ('hall "winter concert', ["hall", "winter concert"]),
        ('rock"n"roll', ["rock", "n", "roll"]),
        ('"" " " a', ["a"]),
        ("  ", []),
        ("\u0301 \u200b a", ["a"]),
        ("a " * 19 + 'b "c d"', ["a"] * 19 + ["b c d"]),
    ],
)
def test_the_words_of_a_search(text: str, words: list[str]) -> None:
    assert [word.form for word in search_words(text)] == words


def test_a_word_keeps_its_former_form() -> None:
    assert search_words("ZÜRICH o\u2019brien") == (Word("zurich", "zürich"), Word("o'brien", "o\u2019brien"))


@given(data=st.data(), title=short_text(), location=short_text(), event_id=short_text(200))
def test_every_word_of_an_event_finds_it(data: st.DataObject, title: str, location: str, event_id: str) -> None:
    fields = make_fields(title=title, location=location, eventId=event_id)
    words = [word for text in (title, location, event_id) for word in text.split() if not QUOTES.intersection(word)]
    typed = " ".join(data.draw(st.permutations(words))[:19])
    for text in (typed, normalize("NFC", typed), normalize("NFD", typed), title, location):
        for word in search_words(text):
            assert word.form in stored_text(fields) or word.form in event_id

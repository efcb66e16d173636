"""A token holds a place in the changes of all events. Other texts are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.change_tokens import Search, Token

AT, LATER = "2026-12-01T10:00:00.000000Z", "2026-12-02T10:00:00.000000Z"
SEARCH = Search("launch", AT, LATER, {"title": LATER}, ["date", "status"])


@pytest.mark.parametrize("after", ["", AT, f"{AT}#{'é' * 256}"])
@pytest.mark.parametrize("search", [None, SEARCH])
def test_a_token_holds_a_place_and_a_search(after: str, search: Search | None) -> None:
    token = Token("0123456789ab", after, search)
    assert token.text.isascii()
    assert Token.read(token.text) == token


def test_a_damaged_token_is_refused() -> None:
    text = Token("0123456789ab", f"{AT}#launch", SEARCH).text
    for place in range(len(text)):
        for damaged in (text[:place], text[:place] + text[place + 1 :], text[:place] + "x" + text[place + 1 :]):
            if damaged != text:
                with pytest.raises(ValueError, match="this one is damaged"):
                    Token.read(damaged)


@pytest.mark.parametrize(
    "token",
    [
        Token("x", "2026-12-01#launch"),
        Token("x", f"{AT}#a/b"),
        Token("x", AT, SEARCH._replace(event_id="a/b")),
        Token("x", AT, SEARCH._replace(since="yesterday")),
        Token("x", AT, SEARCH._replace(sources={"title": "yesterday"})),
        Token("x", AT, SEARCH._replace(sources={"color": AT})),
        Token("x", AT, SEARCH._replace(missing=["color"])),
        Token("x", AT, SEARCH._replace(missing=5)),  # type: ignore[arg-type]
        Token("x", AT, SEARCH._replace(sources=[])),  # type: ignore[arg-type]
        Token(5, AT),  # type: ignore[arg-type]
        Token("x", 5),  # type: ignore[arg-type]
    ],
)
def test_a_token_that_somebody_wrote_is_refused_if_it_is_invalid(token: Token) -> None:
    with pytest.raises(ValueError, match="this one is damaged"):
        Token.read(token.text)


@given(st.text(max_size=40))
def test_any_text_is_a_valid_token_or_refused(text: str) -> None:
    with pytest.raises(ValueError, match="this one is damaged"):
        Token.read(text)

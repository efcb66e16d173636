"""The addresses of calendar feeds in texts for logs."""

from __future__ import annotations

import pytest

from eventsite.secret_addresses import is_secret, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET /staff/feed/ada:c2VjcmV0_-.ics HTTP/1.1", "GET /staff/feed/… HTTP/1.1"),
        ("/production/staff/feed/a%3Ab.ics?x=1", "/production/staff/feed/…?x=1"),
        ("/staff/login/?next=/staff/feed/ada:x.ics&a=b", "/staff/login/?next=/staff/feed/…&a=b"),
        ("/staff/login/?next=%2Fstaff%2ffeed%2Fada%3Ax.ics", "/staff/login/?next=%2Fstaff%2ffeed%2F…"),
        ('{"message": "/staff/feed/ada:x.ics"}', '{"message": "/staff/feed/…"}'),
        ("/staff/feed/a.ics, /staff/feed/b.ics", "/staff/feed/… /staff/feed/…"),
        ("/staff/feed/<str:token>.ics", "/staff/feed/<str:token>.ics"),
        ("/staff/account/feed/ and /staff/feed/", "/staff/account/feed/ and /staff/feed/"),
        ("/events/feed", "/events/feed"),
    ],
)
def test_secrets_are_replaced(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_only_feeds_are_secret() -> None:
    assert is_secret("/staff/feed/ada:x.ics")
    assert not is_secret("/staff/account/feed/")

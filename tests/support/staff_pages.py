"""Every page under /staff/, found in the URL conf."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from eventsite.accounts.domain import Role

Page = tuple[str, str, URLPattern]


def pages(
    patterns: list[URLPattern | URLResolver] | None = None, path: str = "/", namespace: str = ""
) -> Iterator[Page]:
    """Every page under /staff/: its name, an address of it, and its pattern."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = path + re.sub(r"<[^>]+>", "x", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from pages(pattern.url_patterns, address, f"{pattern.namespace}:" if pattern.namespace else "")
        elif address.startswith("/staff/"):
            yield f"{namespace}{pattern.name}", address, pattern


PAGES = {name: (address, pattern) for name, address, pattern in pages()}


def role_of(pattern: URLPattern, method: str = "get") -> str:
    assert hasattr(pattern.callback, "role"), f"{pattern} is not made by roles.page"
    role: Role | None = getattr(pattern.callback, "role_to_post" if method == "post" else "role")
    return "anyone" if role is None else role.value

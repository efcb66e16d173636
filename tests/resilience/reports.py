"""Reads the pages of a batch and presses their buttons."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from tests.support.page_reader import text

DONE = "(?:event|change)s? (?:updated|deleted|imported|undone)"


def said(page: Any, what: str) -> int:
    """The number before a word, or 0. ("0 of 5 done" has the number 0.)"""
    found = re.search(rf"(?<!of )\b(\d+) {what}", text(page))
    return int(found[1]) if found else 0


def go_on(editor: Client, address: str) -> tuple[str, Any]:
    """Presses the button until a page has none. Returns the address of the report and the page."""
    page: Any = editor.post(address, follow=True)
    address = page.redirect_chain[-1][0]
    while "Continue" in text(page):
        page = editor.post(address, follow=True)
    assert page.status_code == 200
    return address, page

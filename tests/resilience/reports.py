"""The pages of a batch, as a person reads and presses them."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from tests.support.page_reader import text

DONE = "(?:event|change)s? (?:updated|deleted|imported|undone)"


def said(page: Any, what: str) -> int:
    """The number that stands before a word; 0 if none does. ("0 of 5 done" says nothing of 5.)"""
    found = re.search(rf"(?<!of )\b(\d+) {what}", text(page))
    return int(found[1]) if found else 0


def go_on(editor: Client, address: str) -> tuple[str, Any]:
    """Presses the button, and again while the page that follows has one; returns where the report is, and it."""
    page: Any = editor.post(address, follow=True)
    address = page.redirect_chain[-1][0]
    while "Continue" in text(page):
        page = editor.post(address, follow=True)
    assert page.status_code == 200
    return address, page

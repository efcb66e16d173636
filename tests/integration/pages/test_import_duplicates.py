"""Rows of an import that may repeat an existing event: imported only if the person selects them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.support.builders import store
from tests.support.csv_rows import HEADER, csv_row
from tests.support.import_pages import confirm, send, stored
from tests.support.page_reader import text as text_of


def test_possible_duplicates_are_imported_only_if_selected(editor: Client) -> None:
    store("there", title="Spring Fair", date="2027-05-30")
    content = f"{HEADER}\n{csv_row(eventId='', title='spring fair', date='2027-05-30')}\n{csv_row(eventId='')}\n"
    preview = send(editor, content)
    text = text_of(preview)
    assert "1 new 1 possible duplicate 0 changed 0 unchanged 0 rows with errors" in text
    assert "1 possible duplicate will be skipped, unless you select it below. 1 event will be imported." in text
    assert "Import 1 event and the selected rows" in text
    assert 'href="/staff/event/there/"' in preview.content.decode()
    assert "1 event imported" in confirm(editor, preview)
    assert len(stored()) == 2
    assert "1 event imported" in confirm(editor, preview, event="2")  # the batch has begun: nothing more is selected
    assert len(stored()) == 2


@pytest.mark.parametrize("chosen", [{"event": ["2", "3"]}, {"all": "yes"}])
def test_selected_duplicates_are_imported(chosen: dict[str, Any], editor: Client) -> None:
    store("there", date="2027-05-30")
    row = csv_row(eventId="", date="2027-05-30")
    preview = send(editor, "\n".join([HEADER, row, row, csv_row(eventId="new")]))
    assert "3 events imported" in confirm(editor, preview, **chosen)
    assert len(stored()) == 4


def test_an_import_of_duplicates_only_needs_a_selection(editor: Client) -> None:
    store("there", date="2027-05-30")
    preview = send(editor, f"{HEADER}\n{csv_row(eventId='', date='2027-05-30')}\n")
    assert "Import the selected rows" in text_of(preview)
    for wrong in ({}, {"event": "3"}, {"event": "x"}):
        text = confirm(editor, preview, **wrong)
        assert "Select at least one row." in text
        assert "Possible duplicate" in text
    assert "1 event imported" in confirm(editor, preview, event="2")

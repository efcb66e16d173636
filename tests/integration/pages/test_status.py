"""The status of one event, changed from the list: the menu's form, the page without scripts, and Undo."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from events import services
from tests.support.builders import store_titled as store
from tests.support.page_reader import fields, links, submit, text, undo_address

PAGE = "/staff/event/Jazz/status/?list=q%3Djazz"


def status() -> str:
    return services.get_event("Jazz").fields["status"]


def test_a_status_changes_and_the_change_can_be_undone(editor: Client) -> None:
    store("Jazz")
    page = editor.get("/staff/events/", {"q": "jazz"})
    assert links(page)["active"] == PAGE
    response: Any = submit(editor, PAGE, status=" draft ")
    assert response["Location"] == "/staff/events/?q=jazz"
    assert status() == "draft"
    listed = editor.get(response["Location"])
    assert "The status of “Jazz” is now “draft”." in text(listed)
    editor.post(undo_address(listed))
    assert status() == "active"


def test_the_form_suggests_the_statuses_in_use(editor: Client) -> None:
    store("Jazz", status="draft")
    store("Chess", status="pencilled in")
    page = editor.get(PAGE)
    assert fields(page)["status"] == "draft"
    assert re.findall('<option value="([^"]*)"', page.content.decode()) == ["draft", "pencilled in"]
    assert links(page)["Cancel"] == "/staff/events/?q=jazz"


def test_the_same_status_changes_nothing(editor: Client) -> None:
    before = store("Jazz")
    assert "No changes." in text(editor.post(PAGE, {"status": "active"}, follow=True))
    assert services.get_event("Jazz") == before


@pytest.mark.parametrize(("wrong", "sentence"), [("", "must not be empty"), ("a\nb", "has a control character")])
def test_an_invalid_status_is_refused(editor: Client, wrong: str, sentence: str) -> None:
    store("Jazz")
    response = editor.post(PAGE, {"status": wrong})
    assert response.status_code == 422
    assert f"The status {sentence}" in text(response)
    assert status() == "active"


def test_a_deleted_event_has_no_status(editor: Client) -> None:
    assert editor.get(PAGE).status_code == 404
    assert editor.post(PAGE, {"status": "draft"}).status_code == 404

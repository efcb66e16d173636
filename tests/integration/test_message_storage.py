"""Messages that wait for the next page: how many, and which of two equal ones."""

from __future__ import annotations

from django.conf import settings
from django.test import Client

from events import services
from eventsite.message_storage import MOST_WAITING
from tests.support.builders import store_titled as store
from tests.support.fault_proxy import FaultProxy
from tests.support.page_reader import text, undo_address

MESSAGE = "was saved."


def save(client: Client, event_id: str, capacity: int) -> None:
    """Saves the form without opening a page, which would show the messages."""
    event = services.get_event(event_id)
    form = {**event.fields, "capacity": str(capacity), "revision": event.revision}
    assert client.post(f"/staff/event/{event_id}/edit/", form).status_code == 302


def test_saves_without_a_page_between_them_do_not_write_the_session(editor: Client, faults: FaultProxy) -> None:
    store("gala")
    faults.set(None)
    for capacity in range(1, 31):
        save(editor, "gala", capacity)
    assert {call for call in faults.calls if "GetItem" not in call} == {"TransactWriteItems"}
    assert len(editor.cookies[settings.MESSAGE_COOKIE_NAME].value) < 400


def test_a_repeated_message_is_shown_once_with_the_undo_of_the_last_change(editor: Client) -> None:
    store("gala", capacity=1)
    save(editor, "gala", 2)
    save(editor, "gala", 3)
    page = editor.get("/staff/")
    assert text(page).count(MESSAGE) == 1
    editor.post(undo_address(page))
    assert services.get_event("gala").fields["capacity"] == 2


def test_only_the_latest_messages_wait(editor: Client) -> None:
    names = [f"gala-{number}" for number in range(MOST_WAITING + 2)]
    for name in names:
        store(name)
        save(editor, name, 7)
    said = text(editor.get("/staff/account/"))
    assert [name for name in names if f"“{name}” {MESSAGE}" in said] == names[2:]

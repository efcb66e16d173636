"""A bulk change or an import with an error at any call: its report is correct, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events import services
from tests.resilience.operations import settled
from tests.resilience.reports import DONE, go_on, said
from tests.support.builders import ACTOR, store_many
from tests.support.csv_rows import HEADER, csv_row
from tests.support.fault_proxy import Fault, FaultProxy, lose_answer, refuse
from tests.support.history import Row, assert_history_replays, read_history
from tests.support.page_reader import batch_address

SIZE = 5
Start = Callable[[Client, str], str]
pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def names() -> Iterator[str]:
    return (f"n{number}-" for number in count())


def bulk_status(editor: Client, prefix: str) -> str:
    answer: Any = editor.post(
        "/staff/events/bulk/", {"event": store_many(SIZE, prefix), "do": "status", "status": "draft"}
    )
    return str(urlsplit(answer["Location"]).path)


def bulk_delete(editor: Client, prefix: str) -> str:
    answer: Any = editor.post("/staff/events/bulk/", {"event": store_many(SIZE, prefix), "do": "delete"})
    return str(urlsplit(answer["Location"]).path)


def import_file(editor: Client, prefix: str) -> str:
    """Three rows change events. Two rows are new events without an ID."""
    rows = [csv_row(eventId=event_id, title="Imported", organizer="O") for event_id in store_many(SIZE, prefix)[:3]]
    rows += [csv_row(eventId="", title=f"{prefix}new", capacity=number) for number in range(2)]
    file = SimpleUploadedFile("events.csv", "\n".join([HEADER, *rows]).encode())
    answer: Any = editor.post("/staff/import/", {"file": file})
    return batch_address(answer)


def undo_of_a_bulk_delete(editor: Client, prefix: str) -> str:
    done = bulk_delete(editor, prefix)
    editor.post(done)
    return f"{done}undo/"


STARTS: dict[str, Start] = {
    "status": bulk_status,
    "delete": bulk_delete,
    "import": import_file,
    "undo": undo_of_a_bulk_delete,
}


def batch_rows(prefix: str, batch_id: str) -> dict[str, list[Row]]:
    """The changes of a batch by event, from the history."""
    return {
        event_id: mine
        for event_id, rows in read_history().items()
        if (mine := [row for row in rows if row.batch == batch_id])
    }


def id_of(address: str) -> str:
    return urlsplit(address).path.rstrip("/").rpartition("/")[2]


def count_calls(editor: Client, faults: FaultProxy, address: str) -> int:
    faults.set(None)
    assert editor.post(address).status_code == 302
    return len(faults.calls)


def break_batch(
    editor: Client, faults: FaultProxy, start: Start, prefix: str, fault: Fault, at: int, lasting: bool, between: bool
) -> None:
    address = start(editor, prefix)
    faults.set(fault, after=at, times=None if lasting else 3)
    answer = settled(faults, lambda: editor.post(address))
    faults.set(None)
    assert answer.status_code in (302, 500)
    assert_history_replays()
    if not address.endswith("undo/"):
        page = editor.get(address)  # the page reports nothing as done that is not done
        done = batch_rows(prefix, id_of(address))
        assert max(said(page, DONE), said(page, f"of {SIZE} done")) <= len(done)
        assert said(page, "failed") == 0
    touched = f"{prefix}001"
    edited = between and touched in assert_history_replays()
    if edited:  # another user edits the event meanwhile
        services.update_event(touched, {"organizer": "Somebody else"}, ACTOR)
    address, report = go_on(editor, address)
    done = batch_rows(prefix, id_of(address))
    assert {len(rows) for rows in done.values()} == {1}
    assert (said(report, DONE), said(report, "failed")) == (len(done), SIZE - len(done))
    assert len(done) == SIZE or (edited and len(done) == SIZE - 1 and touched not in done)
    present = assert_history_replays()
    if edited:  # this edit is kept
        assert present[touched]["organizer"] == "Somebody else"
    go_on(editor, address)
    assert batch_rows(prefix, id_of(address)) == done


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.stress)], ids=["sampled", "every"])
def test_a_batch_broken_at_each_call(
    editor: Client,
    faults: FaultProxy,
    names: Iterator[str],
    record_property: Callable[[str, object], None],
    start: str,
    every: bool,
) -> None:
    begin = STARTS[start]
    calls = count_calls(editor, faults, begin(editor, next(names)))
    ways = [
        (fault, at, lasting, between)
        for at in range(calls)
        for fault in (lose_answer, refuse)
        for lasting in (False, True)
        for between in (False, True)
    ]
    chosen = Random(start).sample(ways, 40 if every else 3)
    for fault, at, lasting, between in chosen:
        try:
            break_batch(editor, faults, begin, next(names), fault, at, lasting, between)
        except BaseException as error:
            how = f"{'for good' if lasting else 'once'} at call {at} of {calls}"
            error.add_note(f"{fault.__name__} {how}{', with an edit before it goes on' if between else ''}")
            raise
    record_property("batches broken", len(chosen))

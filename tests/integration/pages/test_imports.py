"""Spreadsheets in and out in the browser: what people choose, see and confirm."""

from __future__ import annotations

import html
import re
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events import services
from events.domain import FIELD_NAMES, EventRange, StorageError
from events.pages.today import today
from events.spreadsheets.sheet import MAX_FILE_BYTES
from events.storage.models import EventItem, HistoryItem
from tests.support.builders import ACTOR, make_fields
from tests.support.csv_rows import HEADER, csv_row
from tests.support.fault_proxy import FAIL, FaultProxy
from tests.support.http_server import Server
from tests.support.import_plans import plan_file
from tests.support.tables import read_table

IMPORT, EXPORT = "/staff/import/", "/staff/export/?ended=on"


def upload(browser: Client, content: bytes | str, name: str = "events.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return browser.post(IMPORT, {"file": SimpleUploadedFile(name, data)})


def text_of(answer: Any) -> str:
    """What a person reads, words apart by single spaces."""
    body = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


def confirm(browser: Client, answer: Any) -> Any:
    """Presses the preview's Import button."""
    [action] = re.findall(r'<form method="post" action="(/staff/batches/[^"]+)"', answer.content.decode())
    return browser.post(action, follow=True)


def create_many(count: int) -> None:
    for number in range(count):
        services.create_event(make_fields(eventId=f"{number:03}"), ACTOR)


def test_the_form_says_what_a_file_needs(editor: Client) -> None:
    answer = editor.get(IMPORT)
    assert answer.status_code == 200
    text = text_of(answer)
    assert all(name in text for name in FIELD_NAMES)
    assert "Nothing changes before you confirm." in text
    assert "A .csv, .xlsx or .ods file with" in text
    assert 'href="/staff/export/?ended=on&amp;format=xlsx"' in answer.content.decode()


def test_a_file_is_checked_confirmed_imported_and_undone(editor: Client) -> None:
    services.create_event(make_fields(), ACTOR)
    before = services.get_event("launch")
    answer = upload(
        editor,
        f"{HEADER},Notes\n"
        f"{csv_row(title='<b>Lunch</b>', capacity=80)},1\n"
        f"{csv_row(eventId='', title='Gala', date='31.12.2026', location='Roof', status='draft')},2\n\n"
        f"{csv_row(eventId='bad', title='', date='2026-02-30', capacity='many')},3\n",
    )
    assert answer.status_code == 200
    text = text_of(answer)
    assert "1 new 1 changed 0 unchanged 1 row with errors" in text
    assert "1 row with errors will be skipped ; you can fix and import it later. 2 events will be imported." in text
    assert "These columns are not used: “Notes”." in text
    assert (
        "bad row 5 title must not be empty date must be a day that exists; February 2026 has 28 days "
        "capacity must be a whole number, such as 250"
    ) in text
    assert "<b>Lunch</b> row 2 Title Launch night → <b>Lunch</b> Capacity 250 → 80" in text
    assert "Gala draft row 3 Thu 31 Dec 2026 , Roof , up to 250 people" in text
    assert "<b>Lunch" not in answer.content.decode()
    assert (services.get_event("launch"), len(read_table(EventItem))) == (before, 1)

    report = confirm(editor, answer)
    assert "2 events imported" in text_of(report)
    [launch, gala] = services.list_events(EventRange())[0]
    assert (launch["title"], launch["capacity"]) == ("<b>Lunch</b>", 80)
    assert (gala["title"], gala["date"]) == ("Gala", "2026-12-31")
    assert services.get_event("launch").updated_by == "edith"

    [undo] = re.findall(r'action="(/staff/batches/[^"]+/undo/[^"]*)"', report.content.decode())
    editor.post(undo)
    assert services.list_events(EventRange())[0] == [before.fields]


def test_confirming_twice_makes_no_two_events(editor: Client) -> None:
    answer = upload(editor, f"{HEADER}\n{csv_row(eventId='')}\n")
    for _ in range(2):
        confirm(editor, answer)
    assert len(read_table(EventItem)) == len(read_table(HistoryItem)) == 1


def test_what_was_changed_since_the_check_is_left_and_said(editor: Client) -> None:
    services.create_event(make_fields(), ACTOR)
    answer = upload(editor, "eventId,status\nlaunch,cancelled\n")
    services.update_event("launch", {"status": "sold out"}, ACTOR)
    assert "(row 2) The event has a newer change" in text_of(confirm(editor, answer))
    assert services.get_event("launch").fields["status"] == "sold out"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("launch,active\n", "Nothing to import. The file contains no changes."),
        ("launch, \n", "Nothing to import. Fix the rows below, and choose the file again."),
    ],
)
def test_nothing_to_import_is_said_and_cannot_be_confirmed(lines: str, sentence: str, editor: Client) -> None:
    services.create_event(make_fields(), ACTOR)
    answer = upload(editor, f"eventId,status\n{lines}")
    assert sentence in text_of(answer)
    assert b"/staff/batches/" not in answer.content
    assert len(read_table(EventItem)) == 1


def test_long_lists_are_shortened_and_counted(editor: Client) -> None:
    create_many(205)
    lines = [f"{number:03},cancelled" for number in range(205)] + [f"w{number}," for number in range(505)]
    text = text_of(upload(editor, "\n".join(["eventId,status", *lines])))
    assert "0 new 205 changed 0 unchanged 505 rows with errors" in text
    assert "Only the first 500 of 505 rows are shown." in text
    assert "Only the first 200 of 205 rows are shown." in text


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 422)])
def test_a_file_may_be_as_large_as_the_limit_says(editor: Client, more: int, status: int) -> None:
    lines = b"title\n" + (b"a" * 2_499 + b"\n") * 4_194
    answer = upload(editor, lines + b"b" * (MAX_FILE_BYTES - len(lines) + more))
    assert answer.status_code == status
    assert ("The file is larger than 10 MiB" in answer.content.decode()) == bool(more)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\n\n", "The file is empty."),
        (b"%PDF-1.7\0", "The file is not a CSV, Excel or OpenDocument file"),
        (b"PK\x03\x04broken", "The file cannot be read as a workbook"),
        (b"title\n" + b"x" * MAX_FILE_BYTES, "The file is larger than 10 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_beside_its_field(content: bytes, sentence: str, editor: Client) -> None:
    answer = upload(editor, content)
    assert answer.status_code == 422
    assert answer.content.decode().count(sentence) == 2  # in the summary, and beside the field
    assert 'aria-invalid="true"' in answer.content.decode()


def test_no_file_is_asked_for(editor: Client) -> None:
    answer = editor.post(IMPORT)
    assert answer.status_code == 422
    assert "Choose a file first." in text_of(answer)


@pytest.mark.parametrize("name", ["x" * 200 + ".csv", "../../etc/passwd", 'a"<b>.csv', "ünï.csv"])
def test_a_file_of_any_name_is_imported(name: str, editor: Client) -> None:
    answer = upload(editor, f"{HEADER}\n{csv_row(eventId='')}\n", name)
    assert answer.status_code == 200
    assert "1 event imported" in text_of(confirm(editor, answer))


def test_what_was_exported_changes_nothing_when_it_comes_back(editor: Client) -> None:
    create_many(3)
    services.create_event(make_fields(title="=1+1", date="1850-01-01", description="a\nb"), ACTOR)
    for kind in ("csv", "xlsx"):
        content = b"".join(editor.get(f"{EXPORT}&format={kind}"))
        assert "0 new 0 changed 4 unchanged 0 rows with errors" in text_of(upload(editor, content, f"events.{kind}"))


def test_csv_is_exported_as_a_file(viewer: Client) -> None:
    create_many(2)
    answer = viewer.get(EXPORT)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"] == f'attachment; filename="events-{today()}.csv"'
    assert b"".join(answer).decode("utf-8-sig").replace('"', "").split("\r\n") == [
        HEADER,
        csv_row(eventId="000"),
        csv_row(eventId="001"),
        "",
    ]


def test_excel_is_exported_as_a_file(viewer: Client) -> None:
    create_many(2)
    answer = viewer.get(f"{EXPORT}&format=xlsx")
    assert answer["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert answer["Content-Disposition"] == f'attachment; filename="events-{today()}.xlsx"'
    sheet = openpyxl.load_workbook(BytesIO(b"".join(answer)))["Events"]
    assert [cell.value for cell in sheet["A"]] == ["eventId", "000", "001"]


def test_the_export_follows_the_lists_filter(viewer: Client) -> None:
    services.create_event(make_fields(eventId="past", date="2001-01-01"), ACTOR)
    services.create_event(make_fields(eventId="draft", date="9000-01-01", status="draft"), ACTOR)
    services.create_event(make_fields(eventId="roof", date="9000-01-02", location="Roof"), ACTOR)

    def ids(query: str) -> list[str]:
        lines = b"".join(viewer.get(f"/staff/export/?{query}")).decode().splitlines()
        return [line.partition(",")[0].strip('"') for line in lines[1:]]

    assert ids("") == ["draft", "roof"]
    assert ids("ended=on") == ["past", "draft", "roof"]
    assert ids("ended=on&sort=latest") == ["roof", "draft", "past"]
    assert ids("status=draft") == ["draft"]
    assert ids("q=ROOF") == ["roof"]
    assert ids("first=9000-01-02") == ["roof"]
    assert ids("q=nowhere") == []


def test_what_excel_cannot_hold_is_said_by_name(viewer: Client) -> None:
    services.create_event(make_fields(title="<Gala>", description="x" * 40_000), ACTOR)
    answer = viewer.get(f"{EXPORT}&format=xlsx")
    assert answer.status_code == 422
    assert "The description of <Gala> is too long for a cell of an Excel file." in text_of(answer)
    assert 'href="?ended=on&amp;format=csv"' in answer.content.decode()


def test_storage_that_fails_before_the_first_byte_is_an_error_page(viewer: Client, faults: FaultProxy) -> None:
    create_many(1)
    for kind in ("csv", "xlsx"):
        faults.set(FAIL, "BatchGetItem")
        answer = viewer.get(f"{EXPORT}&format={kind}")
        assert (answer.status_code, answer["Content-Type"]) == (500, "text/html; charset=utf-8")
        assert "Content-Disposition" not in answer


def test_an_export_that_breaks_off_does_not_look_whole(
    viewer: Client, faults: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_many(3)
    monkeypatch.setattr(services, "_EXPORT_PAGE", 1)
    answer = iter(viewer.get(EXPORT))
    sent = next(answer)
    faults.set(FAIL)
    sent += next(answer)
    with pytest.raises(StorageError):
        next(answer)
    assert "EVENTS MAY BE MISSING" in sent.decode().splitlines()[-1]
    faults.set(None)
    assert plan_file(sent).wrong[-1].event_id.startswith("This export stopped here")


def test_an_export_that_the_security_log_cannot_record_does_not_look_whole(viewer: Client, faults: FaultProxy) -> None:
    create_many(3)
    answer = viewer.get(EXPORT)
    faults.set(FAIL, "PutItem")
    sent: list[bytes] = []
    with pytest.raises(StorageError):
        sent.extend(answer)  # those before the error stay
    assert "EVENTS MAY BE MISSING" in b"".join(sent).decode().splitlines()[-1]


def test_head_of_an_export_sends_nothing(viewer: Client) -> None:
    create_many(1)
    answer = viewer.head(EXPORT)
    assert (answer.status_code, b"".join(answer)) == (200, b"")


def test_exports_are_sent_while_they_are_read(viewer: Client, server: Server) -> None:
    create_many(3)
    cookies = {name: morsel.value for name, morsel in viewer.cookies.items()}
    answer = server.request("GET", EXPORT, cookies=cookies, headers={"Accept-Encoding": "identity"}, stream=True)
    assert "Content-Length" not in answer.headers
    assert len(answer.content.splitlines()) == 4


def test_storage_that_fails_at_the_check_is_an_error_page(editor: Client, faults: FaultProxy) -> None:
    faults.set(FAIL, "BatchGetItem")
    assert upload(editor, "eventId,status\nlaunch,draft\n").status_code == 500


@pytest.mark.parametrize(("method", "path"), [("put", IMPORT), ("delete", IMPORT), ("post", "/staff/export/")])
def test_other_methods_are_refused(method: str, path: str, editor: Client) -> None:
    assert getattr(editor, method)(path).status_code == 405

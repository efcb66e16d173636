"""Hostile texts in exported and imported files: CSV, Excel and iCalendar."""

from __future__ import annotations

import csv
import re
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from icalendar import Calendar

from events import services
from events.pages.today import today
from eventsite.accounts import people
from tests.support.builders import ACTOR, make_feed, make_fields
from tests.support.hostile_texts import TAKEN, TEXT_FIELDS

# The start of a formula, after characters that a spreadsheet program may skip.
FORMULA = re.compile("[\\s\"']*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """One event for each text, with the text in every field."""
    made = []
    for number, text in enumerate(TAKEN.values()):
        fields = make_fields(**dict.fromkeys(TEXT_FIELDS, text), capacity=number, date=today().isoformat())
        made.append({**services.create_event(fields, ACTOR).fields})
    return made


def export(client: Client, kind: str) -> bytes:
    response = client.get(f"/staff/export/?ended=on&format={kind}")
    assert response.status_code == 200
    assert re.fullmatch(rf'attachment; filename="events-\d{{4}}-\d\d-\d\d\.{kind}"', response["Content-Disposition"])
    content: bytes = response.getvalue()
    return content


def test_no_cell_of_a_csv_file_is_a_formula(events: list[dict[str, Any]], viewer: Client) -> None:
    content = export(viewer, "csv").decode("utf-8-sig")
    rows = [*csv.reader(StringIO(content, newline=""))]
    assert [len(row) for row in rows] == [8] * (len(events) + 1)
    for cell in (cell for row in rows for cell in row):
        assert not FORMULA.match(cell) or cell.startswith("'"), cell
    # In many countries, Excel splits lines at semicolons. No cell is a formula then either.
    for line in content.split("\r\n"):
        assert not [cell for cell in line.split(";")[1:] if line.startswith(";") and FORMULA.match(cell)]
        assert line == "" or line.startswith('"')


def test_no_cell_of_a_workbook_is_a_formula_or_an_error(events: list[dict[str, Any]], viewer: Client) -> None:
    content = export(viewer, "xlsx")
    with ZipFile(BytesIO(content)) as archive:
        assert [name for name in archive.namelist() if "external" in name.lower() or "macro" in name.lower()] == []
        sheet = archive.read("xl/worksheets/sheet1.xml")
        assert b"<f" not in sheet.replace(b"<font", b"")
        assert b"<hyperlink" not in sheet
    for row in openpyxl.load_workbook(BytesIO(content)).worksheets[0].iter_rows(min_row=2):
        assert {cell.data_type for cell in row} <= {"s", "n", "d", "inlineStr"}
        for cell in row:
            assert not (isinstance(cell.value, str) and FORMULA.match(cell.value)) or cell.value.startswith("'")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_importing_an_export_changes_nothing(events: list[dict[str, Any]], editor: Client, kind: str) -> None:
    file = SimpleUploadedFile(f"events.{kind}", export(editor, kind))
    page = editor.post("/staff/import/", {"file": file}).content.decode()
    assert "Nothing to import. The file contains no changes." in page


def test_texts_do_not_change_the_structure_of_the_calendar(events: list[dict[str, Any]], viewer: Client) -> None:
    content = Client().get(make_feed(people.get_staff("vera"))).content
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    unfolded = content.decode().replace("\r\n ", "")
    assert re.findall(r"(?m)^(?:BEGIN|END):\w+", unfolded).count("BEGIN:VEVENT") == len(events)
    assert all(re.match(r"[A-Z-]+[:;]", line) for line in unfolded.removesuffix("\r\n").split("\r\n"))
    said = {str(entry["summary"]): entry for entry in Calendar.from_ical(content).walk("VEVENT")}
    assert set(said) == {event["title"] for event in events}
    for title, entry in said.items():
        assert str(entry["location"]) == title
        assert str(entry["url"]).startswith("http://testserver/staff/event/")


@pytest.mark.parametrize(
    "name", ["a\r\nX-Evil: 1.csv", "../../etc/passwd", "=cmd.csv", "a" * 5_000 + ".csv", "\u202evsc.exe", "<b>.csv"]
)
def test_hostile_file_names_are_escaped(editor: Client, name: str) -> None:
    content = b"title,date,location,capacity,organizer,status\r\na,2026-12-01,b,1,c,d\r\n"
    response = editor.post("/staff/import/", {"file": SimpleUploadedFile(name, content)})
    assert response.status_code == 200
    assert "X-Evil" not in response.headers
    page = response.content.decode()
    assert "\u202e" not in page
    assert "<b>" not in page

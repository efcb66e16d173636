"""CSV files: written for Excel, and read in the forms that programs write."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from typing import Any, cast
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.domain import FIELD_NAMES, EventFields
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.csv_file import write_csv
from events.spreadsheets.sheet import (
    MAX_FILE_BYTES,
    MAX_ROW_NUMBER,
    MAX_ROWS,
    ROWS_NOT_READ,
    Row,
    SpreadsheetError,
    restored,
)
from tests.support.builders import make_fields
from tests.support.strategies import spreadsheet_events
from tests.support.workbooks import read

relaxed = hypothesis_settings(deadline=None)  # slow on a busy machine


@relaxed
@given(st.lists(spreadsheet_events, min_size=1, max_size=4))
def test_csv_survives_writing_and_reading(written: list[dict[str, Any]]) -> None:
    data = b"".join(write_csv(cast(list[EventFields], written)))
    assert [{**event, "capacity": str(event["capacity"])} for event in written] == [
        {name: restored(str(cell)) for name, cell in zip(FIELD_NAMES, row, strict=True)} for row in read(data)[1:]
    ]


def test_csv_follows_the_rfc_and_excel() -> None:
    events = [make_fields(title='Say "hi", all', description="One\nTwo", organizer="=cmd")]
    assert b"".join(write_csv(events)).decode() == (
        '\ufeff"eventId","title","description","date","location","capacity","organizer","status"\r\n'
        '"launch","Say ""hi"", all","One\nTwo","2026-12-01","Main hall","250","\'=cmd","active"\r\n'
    )


def test_csv_is_written_while_the_events_are_read() -> None:
    taken: list[int] = []

    def source() -> Iterator[EventFields]:
        for number in range(3):
            taken.append(number)
            yield make_fields(eventId=str(number))

    lines = write_csv(source())
    next(lines)
    assert taken == []
    next(lines)
    assert taken == [0]


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_of_all_kinds_is_read(line_end: str, delimiter: str, encoding: str) -> None:
    lines = [["title", "Event ID", "note, or such"], ["Tag der offenen Tür", "=1", ""], ["", "", ""], ["a;b,c\td", "2"]]
    file = StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=line_end).writerows(lines)
    sheet = read_spreadsheet(file.getvalue().encode(encoding))
    assert sheet.header == lines[0]
    assert sheet.rows == [Row(2, lines[1]), Row(4, lines[3])]
    assert sheet.notices == []


def test_windows_1252_is_read_with_a_notice() -> None:
    sheet = read_spreadsheet("title;location\r\nTür „Süd“;Café\r\n".encode("cp1252"))
    assert sheet.rows == [Row(2, ["Tür „Süd“", "Café"])]
    assert sheet.notices == [
        "The file is not in UTF-8, so it was read as Windows-1252. If letters are wrong, please save it as CSV UTF-8."
    ]


def test_blank_lines_are_skipped_but_counted() -> None:
    sheet = read_spreadsheet(b'\n ,\ntitle,date\n\n"a\nb",2026-01-01\n,\n\t,  \nc,d\n\n\n')
    assert [(row.number, row.cells[0]) for row in sheet.rows] == [(5, "a\nb"), (8, "c")]


def test_rows_far_below_are_not_read() -> None:
    blank = b"\n" * (MAX_ROW_NUMBER - 2)
    sheet = read_spreadsheet(b"title,date\na,b" + blank + b"\nc,d\n")
    assert ([row.number for row in sheet.rows], sheet.notices) == ([2], [ROWS_NOT_READ])
    sheet = read_spreadsheet(b"title,date\na,b" + blank + b"c,d\n")
    assert ([row.number for row in sheet.rows], sheet.notices) == ([2, MAX_ROW_NUMBER], [])


def test_the_work_for_blank_rows_is_limited() -> None:
    read: list[str] = []

    class Lines(StringIO):
        def __next__(self) -> str:  # type: ignore[override]  # the stubs have bytes here
            read.append("a line")
            return super().__next__()

    with patch("events.spreadsheets.csv_file.StringIO", Lines):
        read_spreadsheet(b"title,date\na,b\n" + b"\n" * 1_000_000)
    assert len(read) < 4 * 256 * 1024 + MAX_ROW_NUMBER


def test_the_delimiter_line_of_excel_is_used() -> None:
    sheet = read_spreadsheet(b"sep=|\r\ntitle|date\r\na,b;c|2026-01-01\r\n")
    assert sheet.rows == [Row(2, ["a,b;c", "2026-01-01"])]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("Was,Wie,Wo\na;b,c;d,e\n", ","),
        ("Was;Wie;Wo\nA, B;1,5;C\nD;2,5;E\n", ";"),
        ("Was;Wie;Wo\n1,5;a;b\n2,5;c;d\n", ";"),
        ("Was;Wie;Wo\na,b,c,d,e;f;g\n", ";"),
        ("Was\tWie\tWo\na;b,c\td;e\tf\n", "\t"),
        ("Fairs, markets, and more\nin Spring, 2027\nWas;Wie;Wo\na;b;c\nd;e;f\ng;h;i\n", ";"),
        ('"Was";"Wie, wo"\n"a, b";"c"\n', ";"),
        ("title;date;x, y, z\na;b;c,d,e,f\n", ";"),
        ("notes: one, two, three\nEvent ID,x;title;date\n1;2,3,4;3\n", ";"),
    ],
)
def test_the_delimiter_is_the_one_that_makes_a_table(text: str, delimiter: str) -> None:
    sheet = read_spreadsheet(text.encode())
    lines = [line.split(delimiter) for line in text.replace('"', "").splitlines()]
    assert [sheet.header, *([*row.cells] for row in sheet.rows)] == lines[-1 - len(sheet.rows) :]
    assert len(sheet.header) > 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spaces_between_the_delimiter_and_a_quotation_mark_are_ignored(delimiter: str) -> None:
    text = '"title"|  "date"| location\n"a, b; c"|    "2027-01-01"| d\n "  e"| "f ""g"" "|  "h"\n'
    assert read(text.replace("|", delimiter).encode()) == [
        ["title", "date", "location"],
        ["a, b; c", "2027-01-01", "d"],
        ["  e", 'f "g" ', "h"],
    ]


def test_spaces_in_the_cells_of_our_exports_are_kept() -> None:
    title, location, description = ' "a", "b" ', "  c", ',  "'
    events = [make_fields(title=title, location=location, description=description)]
    rows = read(b"".join(write_csv(events)))
    cells = dict(zip(FIELD_NAMES, rows[1], strict=True))
    assert (cells["title"], cells["location"], cells["description"]) == (title, location, description)


def test_spaces_without_quotation_marks_are_kept() -> None:
    """LibreOffice saves our exports like this; a text may look like the start of the next cell."""
    data = b'title,location\n"Fairs, ""a"", and markets",  b\n"c, ""d""",  e\n'
    assert read(data)[1:] == [['Fairs, "a", and markets', "  b"], ['c, "d"', "  e"]]


def test_names_with_stars_brackets_and_spaces_are_read_as_they_are() -> None:
    data = "\ufeffEvent ID ;Title*;Date (dd.mm.yyyy);Organiser\r\nhb-e17;x;31.12.2027;T\r\n"
    sheet = read_spreadsheet(data.encode())
    assert sheet.header == ["Event ID", "Title*", "Date (dd.mm.yyyy)", "Organiser"]
    assert sheet.rows == [Row(2, ["hb-e17", "x", "31.12.2027", "T"])]


@pytest.mark.parametrize("length", [131_072, 131_073, 10_000_000])
def test_a_cell_may_be_as_long_as_the_file(length: int) -> None:
    """The csv module has a lower limit by default. The rule of the field decides whether it is too long."""
    sheet = read_spreadsheet(b"notes,title\n" + b"x" * length + b",a\n")
    assert [len(str(cell)) for cell in sheet.rows[0].cells] == [length, 1]


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("start", "rest", "encoding"),
    [
        (MARK * 2, "", "utf-8"),
        (MARK * 3, "", "utf-8"),
        (MARK * 2, "sep=,\r\n", "utf-8"),
        (MARK, "sep=,\r\n\ufeff", "utf-8"),
        (b"", "sep=,\r\n\ufeff", "utf-8"),
        (b"\xff\xfe\xff\xfe", "", "utf-16-le"),
        (b"\xfe\xff\xfe\xff", "", "utf-16-be"),
        (MARK, "", "cp1252"),
        ("\u00ef\u00bb\u00bf".encode(), "", "utf-8"),  # a mark that was read as Windows-1252
    ],
)
@pytest.mark.parametrize("first_name", ["eventId", '"eventId"'])
def test_byte_order_marks_are_removed_from_the_first_column_name(
    start: bytes, rest: str, encoding: str, first_name: str
) -> None:
    sheet = read_spreadsheet(start + f"{rest}{first_name},title\r\na1,Caf\u00e9\r\n".encode(encoding))
    assert sheet.header == ["eventId", "title"]
    assert [[*row.cells] for row in sheet.rows] == [["a1", "Caf\u00e9"]]


OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\r\n, ,\r\n", "The file is empty."),
        (b"title,date\n\n,\n", "The file has no rows below the column names."),
        (b"Hello there.\nHow are you?\n", "The file has no row with column names. Please add one"),
        (b"\x89PNG\r\n\x1a\n\0\0", "The file is not a CSV, Excel or OpenDocument file"),
        (
            b"%PDF-1.7\n%\xe2\xe3\n1, 2",
            "This is a PDF file, not a spreadsheet; please import a table as .xlsx, .ods or CSV.",
        ),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html><table>", "This is a web page, not a spreadsheet"),
        (b"<?xml version='1.0'?><Workbook/>", "This is an XML file, not a spreadsheet"),
        (b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'>", "This is a web page, not a spreadsheet"),
        (b"<table><tr><td>title</td></tr></table>", "This is a web page, not a spreadsheet"),
        (b"{\\rtf1 title, date}", "This is a text document, not a spreadsheet"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "This is a calendar file (.ics), not a spreadsheet"),
        (b"\xff\xfea", "The file is not a CSV, Excel or OpenDocument file"),
        (b"title\n\x81\n", "The file is not a CSV, Excel or OpenDocument file"),
        (b'title,date\na,b\n"c,d\ne,f\n', "Row 3 cannot be read. Is a quotation mark missing"),
        (b'title\n"' + b"a" * 140_000 + b"\n", "Row 2 cannot be read"),
        (b"title\n" + b"a\n" * (MAX_ROWS + 1), "There are more than 5,000 rows"),
        (b"title\n" + b"a" * MAX_FILE_BYTES, "The file is larger than 10 MiB"),
        (OLD_EXCEL, "This is an old Excel file (.xls); please save it as .xlsx, .ods or CSV."),
        (OLD_EXCEL + "EncryptedPackage".encode("utf-16-le"), "The workbook is protected by a password"),
        (b"PK\x03\x04 and no more", "The file cannot be read as a workbook"),
    ],
)
def test_invalid_files_are_refused_with_a_sentence(data: bytes, message: str) -> None:
    with pytest.raises(SpreadsheetError, match=re.escape(message)):
        read_spreadsheet(data)


def test_limits_of_rows_and_bytes_are_exact() -> None:
    assert len(read_spreadsheet(b"title\n" + b"a\n" * MAX_ROWS).rows) == MAX_ROWS
    lines = b"title\n" + (b"a" * 2_499 + b"\n") * 4_194
    data = lines + b"b" * (MAX_FILE_BYTES - len(lines))
    assert len(data) == MAX_FILE_BYTES
    assert read_spreadsheet(data).rows[-1] == Row(4_196, ["b" * (MAX_FILE_BYTES - len(lines))])
    with pytest.raises(SpreadsheetError, match="larger than 10 MiB"):
        read_spreadsheet(data + b"b")


@relaxed
@given(st.binary(max_size=200) | st.builds(lambda text: text.encode("utf-8", "surrogatepass"), st.text()))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(SpreadsheetError):
        read_spreadsheet(data)

"""Spreadsheet files: what is written is read as it was, and what others write is read as they meant it."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from io import StringIO
from typing import Any, cast

import openpyxl
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.domain import FIELD_NAMES, EventFields
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.csv_file import write_csv
from events.spreadsheets.sheet import (
    MAX_FILE_BYTES,
    MAX_ROWS,
    Row,
    SpreadsheetError,
    TooLongForExcelError,
    field_of,
    harmless,
    restored,
)
from events.spreadsheets.workbook import write_workbook
from tests.support.builders import make_fields
from tests.support.strategies import event_ids, field_values
from tests.support.workbooks import cells_of, read

# What the two formats have trouble with.
troubling = st.text(st.sampled_from("_x00F5E4F\ufffe\uffff'=-+@\t\n;,\"\uff1d \u2028\ufeff🎪"), max_size=30)
prose = field_values["description"] | troubling
names = troubling.map(lambda text: re.sub(r"[\t\n]", "", text) + "!")
events = st.fixed_dictionaries(
    {
        "eventId": event_ids,
        **field_values,
        "title": field_values["title"] | names,
        "status": field_values["status"] | names,
        "description": prose,
    }
)

relaxed = hypothesis_settings(deadline=None)  # files take long on a busy machine


@relaxed
@given(st.lists(events, min_size=1, max_size=4))
def test_csv_is_read_as_it_was_written(written: list[dict[str, Any]]) -> None:
    data = b"".join(write_csv(cast(list[EventFields], written)))
    assert [{**event, "capacity": str(event["capacity"])} for event in written] == [
        {name: restored(str(cell)) for name, cell in zip(FIELD_NAMES, row, strict=True)} for row in read(data)[1:]
    ]


@relaxed
@given(st.lists(events, min_size=1, max_size=4))
def test_a_workbook_is_read_as_it_was_written(written: list[dict[str, Any]]) -> None:
    with write_workbook(cast(list[EventFields], written)) as file:
        rows = read(file.read())[1:]
    for event, row in zip(written, rows, strict=True):
        cells = dict(zip(FIELD_NAMES, row, strict=False))
        assert str(cells.pop("date")) == event.pop("date")
        assert cells.pop("capacity") == event.pop("capacity")
        assert {name: restored(cells[name]) if cells[name] else "" for name in cells} == event  # type: ignore[arg-type]


@relaxed
@given(prose)
def test_formulas_are_made_harmless_and_restored(text: str) -> None:
    assert restored(harmless(text)) == text
    assert not re.match("[=+@\uff1d\uff0b\uff0d\uff20\t\r\n-]", harmless(text))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-5°", "'-5°"),
        ("\uff1d1", "'\uff1d1"),
        ("'quoted'", "'quoted'"),
        ("'", "'"),
        ("5-1", "5-1"),
    ],
)
def test_what_could_be_a_formula_gets_an_apostrophe(text: str, written: str) -> None:
    assert harmless(text) == written


def test_csv_is_what_excel_and_the_rfc_want() -> None:
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


def test_a_workbook_is_one_to_work_with() -> None:
    events = [
        make_fields(title="#N/A"),
        make_fields(date="1899-12-31", capacity=10**15, status="TRUE", location="0012", organizer="=1+1"),
    ]
    with write_workbook(events) as file:
        sheet = openpyxl.load_workbook(file)["Events"]
        assert sheet.freeze_panes == "A2"
        assert [cell.font.b for cell in sheet[1]] == [True] * 8
        assert [cell.value for cell in sheet[1]] == list(FIELD_NAMES)
        assert (sheet["D2"].value, sheet["D2"].number_format) == (datetime(2026, 12, 1), "yyyy-mm-dd")  # noqa: DTZ001
        assert (sheet["B2"].value, sheet["B2"].data_type) == ("#N/A", "s")
        assert (sheet["F2"].value, sheet["F3"].value) == (250, 10**15)
        assert [sheet[f"{column}3"].value for column in "DEGH"] == ["1899-12-31", "0012", "'=1+1", "TRUE"]
        assert sheet.column_dimensions["C"].width == 48


@pytest.mark.parametrize("description", ["x" * 32_767, "🎪" * 16_383])
def test_the_longest_cell_fits(description: str) -> None:
    with write_workbook([make_fields(description=description)]) as file:
        assert cells_of(file.read())[2] == description


@pytest.mark.parametrize("description", ["x" * 32_768, "🎪" * 16_384, "\ufffe" * 5_000])
def test_what_does_not_fit_into_a_cell_is_refused_by_name(description: str) -> None:
    event = make_fields(description=description)
    with pytest.raises(TooLongForExcelError) as refused:
        write_workbook([make_fields(), event])
    assert (refused.value.event, refused.value.field) == (event, "description")


def test_what_breaks_off_the_events_breaks_off_the_workbook() -> None:
    def source() -> Iterator[EventFields]:
        yield make_fields()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_workbook(source())


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
        "The file is not in UTF-8, so it was read as Windows-1252; please check letters such as é and ß."
    ]


def test_blank_lines_are_skipped_but_counted() -> None:
    sheet = read_spreadsheet(b'\n ,\ntitle,date\n\n"a\nb",2026-01-01\n,\n\t,  \nc,d\n\n\n')
    assert [(row.number, row.cells[0]) for row in sheet.rows] == [(5, "a\nb"), (8, "c")]


def test_a_line_that_tells_excel_the_delimiter_is_taken_at_its_word() -> None:
    sheet = read_spreadsheet(b"sep=|\r\ntitle|date\r\na,b;c|2026-01-01\r\n")
    assert sheet.rows == [Row(2, ["a,b;c", "2026-01-01"])]


@pytest.mark.parametrize("length", [131_072, 131_073, 4_000_000])
def test_a_cell_may_be_as_long_as_the_file(length: int) -> None:
    """Longer than the csv module takes by itself; whether a field may be so long is the field's rule."""
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
def test_byte_order_marks_are_no_part_of_the_first_name(
    start: bytes, rest: str, encoding: str, first_name: str
) -> None:
    sheet = read_spreadsheet(start + f"{rest}{first_name},title\r\na1,Caf\u00e9\r\n".encode(encoding))
    assert sheet.header == ["eventId", "title"]
    assert [[*row.cells] for row in sheet.rows] == [["a1", "Caf\u00e9"]]


@pytest.mark.parametrize("character", ["\ufeff", "\u200b", "\u00ad", "\u200d", "\u200e", "\u2060", "\u00a0", "\u3000"])
@pytest.mark.parametrize("name", ["{}eventId", "eventId{}", "event{}Id", "Event{} ID", "{0}event{0}_{0}id{0}"])
def test_a_name_means_its_field_whatever_is_hidden_in_it(name: str, character: str) -> None:
    assert field_of(name.format(character)) == "eventId"


OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf\r\n, ,\r\n", "The file is empty."),
        (b"title,date\n\n,\n", "There is nothing below the names of the columns."),
        (b"Hello there.\nHow are you?\n", "its first row must name the columns"),
        (b"\x89PNG\r\n\x1a\n\0\0", "This is no spreadsheet that can be read here"),
        (b"\xff\xfea", "This is no spreadsheet that can be read here"),
        (b"title\n\x81\n", "This is no spreadsheet that can be read here"),
        (b'title,date\na,b\n"c,d\ne,f\n', "The file cannot be read on from row 3: is a quotation mark missing"),
        (b'title\n"' + b"a" * 140_000 + b"\n", "The file cannot be read on from row 2"),
        (b"title\n" + b"a\n" * (MAX_ROWS + 1), "There are more than 5,000 rows"),
        (b"title\n" + b"a" * MAX_FILE_BYTES, "The file is larger than 4 MiB"),
        (OLD_EXCEL, "This is an old Excel file (.xls); please save it as .xlsx or CSV."),
        (OLD_EXCEL + "EncryptedPackage".encode("utf-16-le"), "The workbook is protected by a password"),
        (b"PK\x03\x04 and no more", "The file cannot be read as an Excel workbook"),
    ],
)
def test_what_is_no_table_of_events_is_refused_in_a_sentence(data: bytes, message: str) -> None:
    with pytest.raises(SpreadsheetError, match=re.escape(message)):
        read_spreadsheet(data)


def test_a_file_may_have_as_many_rows_and_bytes_as_the_limits_say() -> None:
    assert len(read_spreadsheet(b"title\n" + b"a\n" * MAX_ROWS).rows) == MAX_ROWS
    lines = b"title\n" + (b"a" * 999 + b"\n") * 4_194
    data = lines + b"b" * (MAX_FILE_BYTES - len(lines))
    assert len(data) == MAX_FILE_BYTES
    assert read_spreadsheet(data).rows[-1] == Row(4_196, ["b" * (MAX_FILE_BYTES - len(lines))])
    with pytest.raises(SpreadsheetError, match="larger than 4 MiB"):
        read_spreadsheet(data + b"b")


@relaxed
@given(st.binary(max_size=200) | st.builds(lambda text: text.encode("utf-8", "surrogatepass"), st.text()))
def test_no_file_is_a_surprise(data: bytes) -> None:
    with suppress(SpreadsheetError):
        read_spreadsheet(data)


def test_what_is_slow_to_load_is_not_loaded_at_the_start() -> None:
    code = "import sys, eventsite.wsgi, eventsite.urls; print({'openpyxl', 'icalendar'} & sys.modules.keys())"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=settings.BASE_DIR
    )
    assert told.stdout == "set()\n"

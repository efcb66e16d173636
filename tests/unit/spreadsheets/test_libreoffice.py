"""Files that LibreOffice 7.4 wrote, with the locale of a person in the USA, Germany and France.

They come from one workbook with two sheets: dates as Excel's format 14, numbers as #,##0 and #,##0.00, a filter that
hides row 7, and a hidden column. The CSV files hold the second sheet, with semicolons except in the USA:
`soffice --headless --convert-to "csv:Text - txt - csv (StarCalc):59,34,76"`. The locale is `ooSetupSystemLocale` in the
profile's settings.

The other files were made from a flat OpenDocument file, and from an export of this project: `--convert-to ods`.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from events.spreadsheets import read_spreadsheet
from events.spreadsheets.sheet import Cell, Row, Unreadable
from tests.support.spreadsheets import content_of

FILES = Path(__file__).parent / "files"
HEADER = ["Title", "Description", "Date", "Location", "Seats", "Organiser", "Status", "Fee"]
FAIR = ("Spring fair", "Stalls and music", "Market square, Northtown", "Town council", "active")
QUIZ = ('The "Big" Quiz', "First line\nSecond line; with a semicolon", "Straße 5, Łódź", "O'Brien", "active")
SUM = ("=SUM is text", "  two spaces before", "Hall 'A'", "Team", "draft")
FILTERED = ("Filtered away", "", "Hall", "Team", "cancelled")


def cells(texts: tuple[str, ...], day: Cell, seats: Cell, fee: Cell) -> list[Cell]:
    title, description, location, organizer, status = texts
    return [title, description or None, day, location, seats, organizer, status, fee]


@pytest.mark.parametrize(
    ("locale", "days", "seats", "fees"),
    [
        (
            "en-US",
            ["5/30/2027", "12/31/2027", "2/1/2027", "3/4/2027"],
            ["1,000", "80", "12,500", "10"],
            ["2.50", "0.00", "1,234.50", "1.00"],
        ),
        (
            "de-DE",
            ["30.05.2027", "31.12.2027", "01.02.2027", "04.03.2027"],
            ["1.000", "80", "12.500", "10"],
            ["2,50", "0,00", "1.234,50", "1,00"],
        ),
        (
            "fr-FR",
            ["30/05/2027", "31/12/2027", "01/02/2027", "04/03/2027"],
            ["1\u00a0000", "80", "12\u00a0500", "10"],
            ["2,50", "0,00", "1\u00a0234,50", "1,00"],
        ),
    ],
)
def test_csv_files_of_three_locales_are_read(locale: str, days: list[str], seats: list[str], fees: list[str]) -> None:
    sheet = read_spreadsheet((FILES / f"libreoffice-{locale}.csv").read_bytes())
    assert sheet.header == HEADER
    assert [[cell or None for cell in row.cells] for row in sheet.rows] == [
        cells(*row) for row in zip((FAIR, QUIZ, SUM, FILTERED), days, seats, fees, strict=True)
    ]
    assert sheet.notices == ["1 line above the table was left out."]


@pytest.mark.parametrize("extension", ["ods", "xlsx"])
def test_a_workbook_is_read_with_its_hidden_row_and_column(extension: str) -> None:
    data = (FILES / f"libreoffice.{extension}").read_bytes()
    sheet = read_spreadsheet(data)
    assert (sheet.name, sheet.sheet_names, sheet.header) == ("Events 2027", ("Notes", "Events 2027"), HEADER)
    assert sheet.rows == [
        Row(4, cells(FAIR, date(2027, 5, 30), 1000, 2.5)),
        Row(5, cells(QUIZ, date(2027, 12, 31), 80, 0)),
        Row(6, cells(SUM, date(2027, 2, 1), 12500, 1234.5)),
        Row(7, cells(FILTERED, date(2027, 3, 4), 10, 1), hidden=True),
    ]
    assert sheet.notices == [
        "The workbook has 2 sheets; only “Events 2027” was read. You can choose another.",
        "1 line above the table was left out.",
        "Hidden columns were also read: “Fee”.",
    ]
    visible = read_spreadsheet(data, include_hidden=False)
    assert (visible.hidden_rows, visible.rows) == (1, sheet.rows[:3])


KINDS = ["title", "date", "date-and-time", "capacity", "share", "fee", "open", "doors", "formula", "error"]
A_TIME = Unreadable("is a time or a duration; please correct the cell")


@pytest.mark.parametrize("extension", ["ods", "xlsx"])
def test_all_kinds_of_cells_are_read(extension: str) -> None:
    """A link and formatted text, a comment, a merged cell that covers another, and the kinds that the header names."""
    sheet = read_spreadsheet((FILES / f"libreoffice-kinds.{extension}").read_bytes())
    evening = datetime(2027, 12, 31, 19, 30)  # noqa: DTZ001  # spreadsheets have no time zones
    no_value, division = (
        Unreadable(f"contains a spreadsheet error ({code}); please fix the formula") for code in ("#N/A", "#DIV/0!")
    )
    assert (sheet.sheet_names, sheet.header, sheet.notices) == (("Kinds",), KINDS, [])
    assert sheet.rows == [
        Row(2, ["A link and bold", date(2027, 12, 31), evening, 1000, 0.25, 1234.5, True, A_TIME, 2, division]),
        Row(3, ["Commented", date(1899, 12, 29), date(2027, 6, 1), -0.5, 1, 10, False, A_TIME, "a\nb", no_value]),
        Row(4, ["One\n\n  two  ", date(2027, 2, 1), *[None] * 7, 0]),
        Row(5, ["Merged", "covered", "beside"]),
        Row(6, [None, None, "below"]),
        *(Row(number, ["x", "x"]) for number in (7, 8, 9)),
        *(Row(number, ["hidden"], hidden=True) for number in (10, 11)),
    ]


def test_an_export_keeps_its_cells_as_an_opendocument_file() -> None:
    """An export of hostile texts, and the same file saved as .ods."""
    export, saved = (read_spreadsheet(content_of(f"export.{extension}")) for extension in ("xlsx", "ods"))
    assert len(export.rows) == 34
    assert saved == export

"""How an import reads the values of cells, and what is wrong with invalid ones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from events.domain import FIELD_NAMES
from tests.support.builders import make_fields
from tests.support.csv_rows import HEADER, csv_row
from tests.support.import_plans import create, plan_cells, plan_csv, reasons

BLANKS = " \u00a0\u200b\u2060"
TWO_WAYS = "date can be read as day/month or as month/day; please write a date such as 2026-12-31 or 31.12.2026"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("launch,,,,,,,", "title, date, location, capacity, organizer, status"),
        ("launch, ,\t, ,  , , ,", "title, date, location, capacity, organizer, status"),
        ("launch", "title, date, location, capacity, organizer, status"),
    ],
)
def test_errors_name_every_empty_field(line: str, reason: str) -> None:
    create()
    assert reasons(plan_csv(HEADER, line)) == "; ".join(f"{name} must not be empty" for name in reason.split(", "))


@pytest.mark.parametrize(
    ("field", "cell", "reason"),
    [
        ("eventId", "a/b", "eventId must not contain '/', and must not be '.' or '..'"),
        ("date", "3/4/2026", TWO_WAYS),
        ("date", " 3/4/26 ", TWO_WAYS),
        ("date", "TBA", "date must be a day, not “tba”; please write a date such as 2026-12-31"),
        ("date", "31.2.2026", "date must be a day that exists; February 2026 has 28 days"),
        ("date", "Dec 1", "date has no year; please write a date such as 2026-12-31"),
        ("capacity", "2.5", "capacity must be a whole number; “2.5” has a fraction"),
        ("capacity", "many", "capacity must be a whole number, such as 250"),
        ("capacity", "50 seats", "capacity must be a whole number without other text, such as 50"),
        ("capacity", "-5", "capacity must not be negative"),
        ("capacity", "9" * 9_999, "capacity must be at most 1,000,000,000,000,000"),
        ("capacity", "-" + "9" * 9_999, "capacity must not be negative"),
        ("title", '"a\nb"', "title has a control character (U+000A)"),
        ("title", "x" * 140_000, "title must be at most 1,024 bytes long in UTF-8"),
        ("description", "x" * 140_000, "description must be at most 65,536 characters long"),
        ("location", "x" * 1_025, "location must be at most 1,024 bytes long in UTF-8"),
    ],
)
def test_errors_name_every_broken_rule(field: str, cell: str, reason: str) -> None:
    assert reasons(plan_csv(HEADER, csv_row(**{field: cell}))) == reason


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("date", "1.2.2026", "2026-02-01"),
        ("date", " 2026-02-01 ", "2026-02-01"),
        ("capacity", " 0007 ", 7),
        ("date", "31/12/2026", "2026-12-31"),
        ("date", "12/31/2026 7:30 PM", "2026-12-31"),
        ("capacity", "0" * 5_000, 0),
        ("capacity", "1.000", 1000),
        ("capacity", "1\u202f000", 1000),
        ("title", " 'quoted' ", "'quoted'"),
        ("title", BLANKS + "a b" + BLANKS, "a b"),
        ("eventId", BLANKS + "a b" + BLANKS, "a b"),
        ("location", "\u2002Hall\u3000", "Hall"),
        ("organizer", "\ufeffTeam\u00ad", "Team"),
        ("status", "active ", "active"),
        ("status", "'=x ", "=x"),
        ("status", "x" * 1_024 + " ", "x" * 1_024),
        ("description", " \u00a0a ", " \u00a0a "),
        ("date", "\u200b2026-02-01\u00a0", "2026-02-01"),
        ("capacity", "\u200b7\u00a0", 7),
        ("title", "'=1+1", "=1+1"),
        ("title", "''+1", "'+1"),
        ("title", "=1+1", "=1+1"),
        ("eventId", "'-1", "-1"),
        ("description", '"a\r\nb\rc"', "a\nb\nc"),
        ("description", '"\'\r\na"', "\na"),
    ],
)
def test_text_cells_are_converted(field: str, cell: str, value: Any) -> None:
    [task] = plan_csv(HEADER, csv_row(**{field: cell})).tasks
    assert task.changes == make_fields(**{field: value})


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("date", date(2026, 2, 1), "2026-02-01"),
        ("date", datetime(2026, 2, 1, 19, 30), "2026-02-01"),  # noqa: DTZ001  # Excel has no time zones
        ("capacity", 7.0, 7),
        ("capacity", 10**15, 10**15),
        ("title", 2026, "2026"),
        ("title", 2026.0, "2026"),
        ("title", 2.5, "2.5"),
        ("eventId", 7, "7"),
        ("description", None, ""),
    ],
)
def test_excel_values_are_converted(field: str, cell: Any, value: Any) -> None:
    cells = {**make_fields(), field: cell}
    [task] = plan_cells(list(FIELD_NAMES), [cells[name] for name in FIELD_NAMES]).tasks
    assert task.changes == make_fields(**{field: value})


@pytest.mark.parametrize(
    ("field", "cell", "reason"),
    [
        ("title", True, "title must be text, not TRUE"),
        ("title", date(2026, 2, 1), "title is stored as a date; please format the cell as text and"),
        ("eventId", 1e15, "eventId is a number with too many digits; please format the cell as text and"),
        ("title", "=1+1", "title is a formula without a result; open the file in Excel or LibreOffice and save it"),
        ("capacity", "=1+1", "capacity is a formula without a result"),
        ("capacity", True, "capacity must be a whole number"),
        ("capacity", 2.5, "capacity must be a whole number"),
        ("capacity", date(2026, 2, 1), "capacity must be a whole number"),
        ("capacity", 1e16, "capacity must be at most 1,000,000,000,000,000"),
        ("date", 46_000, "date is a number; please format the cell as a date, or write a date such as 2026-12-31"),
        ("date", True, "date cannot be read as a date; please write a date such as 2026-12-31"),
        ("status", "#REF!", "status contains a spreadsheet error (#REF!); please fix the formula"),
    ],
)
def test_invalid_excel_values_are_errors(field: str, cell: Any, reason: str) -> None:
    cells = {**make_fields(), field: cell}
    assert reasons(plan_cells(list(FIELD_NAMES), [cells[name] for name in FIELD_NAMES])).startswith(reason)

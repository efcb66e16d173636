"""Dates as people and programs write them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from events.spreadsheets.dates import DayOrder, find_order, read_date


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-31",
        " 2026-12-31\u00a0",
        "2026-12-31.",
        "20261231",
        "2026/12/31",
        "2026.12.31",
        "2026. 12. 31.",
        "2026 12 31",
        "2026 - 12 - 31",
        "31.12.2026",
        "31.12.26",
        "31. 12. 2026",
        "31.12.2026.",
        "31/12/2026",
        "31/12/26",
        "31-12-2026",
        "31\u201312\u20132026",
        "31 12 2026",
        "12/31/2026",
        "12/31/26",
        "12-31-2026",
        "12-31-26",
        "12 31 2026",
        "31 December 2026",
        "31st December 2026",
        "31st of December, 2026",
        "the 31st of December 2026",
        "31 Dec 2026",
        "31 Dec. 2026",
        "31-Dec-2026",
        "31-Dec-26",
        "31 Dec '26",
        "31Dec2026",
        "2026-Dec-31",
        "2026 December 31",
        "December 31, 2026",
        "December 31st 2026",
        "Dec 31 2026",
        "DEC-31-2026",
        "Thursday, December 31, 2026",
        "Thu 31 Dec 2026",
        "Thu, 31/12/2026",
        "31.12.2026 (Thu)",
        "31.12.2026, Thursday",
        "31. Dezember 2026",
        "Donnerstag, den 31. Dezember 2026",
        "Do., 31.12.2026",
        "31. Dez. 26",
        "31 décembre 2026",
        "31 decembre 2026",
        "31 de\u0301cembre 2026",
        "jeudi 31 déc. 2026",
        "le jeudi 31 décembre 2026",
        "31 de diciembre de 2026",
        "jueves, 31 de diciembre del 2026",
        "31 dicembre 2026",
        "giovedì 31 dic 2026",
        "31 december 2026",
        "31 grudnia 2026",
        "czwartek, 31 grudzień 2026",
        "31. desember 2026",
        "torsdag den 31. december 2026",
        "31 de dezembro de 2026",
        "quinta-feira, 31 de dezembro de 2026",
        "2026\u5e7412\u670831\u65e5",
        "2026\u5e7412\u670831\u65e5(\u6728)",
        "2026\ub144 12\uc6d4 31\uc77c",
        "46387",
        "\u200e31/12/2026",
        "\u200e31\u200e/\u200e12\u200e/\u200e2026",
        "\uff13\uff11\uff0e\uff11\uff12\uff0e\uff12\uff10\uff12\uff16",
        "\u0663\u0661/\u0661\u0662/\u0662\u0660\u0662\u0666",
        "2026-12-31 00:00:00",
        "2026-12-31T00:00:00Z",
        "12/31/2026 12:00 AM",
        "31.12.2026 midnight",
        "46387.0",
        date(2026, 12, 31),
        datetime(2026, 12, 31),  # noqa: DTZ001  # Excel has no time zones
        20261231,
    ],
)
def test_one_date_is_read_in_all_its_forms(text: Any) -> None:
    assert read_date(text) == ("2026-12-31", None)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-31T19:30",
        "2026-12-31T19:30:00Z",
        "2026-12-31T19:30:00.000+01:00",
        "2026-12-31t19:30:15-0500",
        "2026-12-31 19:30",
        "2026-12-31 19:30:00",
        "2026-12-31 19:30:00 CET",
        "20261231T193000Z",
        "20261231T1930",
        "31.12.2026 19:30",
        "31.12.2026, 19:30 Uhr",
        "31.12.2026 um 19.30 Uhr",
        "31.12.2026 19.30",
        "31.12.2026 kl. 19.30",
        "31.12.2026, ab 19:30 Uhr",
        "31.12.26 19:30",
        "31/12/2026 \u00e0 19h30",
        "31/12/2026 19:30",
        "12/31/2026 7:30 PM",
        "12/31/2026, 7:30 p.m.",
        "12/31/2026 07:30:00 pm",
        "12/31/2026 7:30\u202fPM",
        "12/31/2026 7:30PM - 9:00PM",
        "12/31/26 19:30 - 21:00",
        "31.12.2026 19:30\u201321:00",
        "31.12.2026 19:30 bis 21 Uhr",
        "31.12.2026 19:30-21:00 Uhr",
        "31.12.2026 19:30-05:00",
        "31.12.2026 19:30 CET - 21:00 CET",
        "December 31, 2026 at 7:30 PM",
        "Thursday 31 December 2026, 7.30pm",
        "19:30, 31 December 2026",
        "Thu Dec 31 2026 19:30:00 GMT+0100 (Central European Standard Time)",
        "Thu Dec 31 19:30:00 2026",
        "Thu, 31 Dec 2026 19:30:00 +0100",
        "46387.8125",
        "46387,8125",
        datetime(2026, 12, 31, 19, 30),  # noqa: DTZ001
    ],
)
def test_a_time_of_day_is_left_out(text: Any) -> None:
    assert read_date(text) == ("2026-12-31", "19:30")


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("31.12.2026 noon", "12:00"),
        ("31.12.2026 12 pm", "12:00"),
        ("31.12.2026 12:15 am", "00:15"),
        ("31.12.2026 7 p.m.", "19:00"),
        ("31.12.2026 19 Uhr", "19:00"),
        ("31.12.2026 19h", "19:00"),
        ("31.12.2026 9:05", "09:05"),
    ],
)
def test_the_time_of_day_is_told(text: str, clock: str) -> None:
    assert read_date(text) == ("2026-12-31", clock)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("3/4/2026", "day", "2026-04-03"),
        ("3/4/2026", "month", "2026-03-04"),
        ("03-04-2026", "day", "2026-04-03"),
        ("03 04 26", "month", "2026-03-04"),
        ("03/04/05", "day", "2005-04-03"),
        ("5/5/2026", None, "2026-05-05"),
        ("31-12-27", "day", "2027-12-31"),
        ("3.4.2026", "month", "2026-04-03"),
        ("2026-03-04", "month", "2026-03-04"),
        ("2026/3/4", "day", "2026-03-04"),
        ("1.1.00", None, "2000-01-01"),
        ("1.1.68", None, "2068-01-01"),
        ("1.1.69", None, "1969-01-01"),
        ("29.2.2028", None, "2028-02-29"),
        ("mar 5 mai 2026", None, "2026-05-05"),
        ("Mar 5 2026", None, "2026-03-05"),
        ("so 6.12.2026", None, "2026-12-06"),
        ("32874", None, "1990-01-01"),
        ("73415", None, "2100-12-31"),
        ("0001-01-01", None, "0001-01-01"),
        ("9999-12-31", None, "9999-12-31"),
    ],
)
def test_other_dates_are_read(text: str, order: DayOrder | None, day: str) -> None:
    assert read_date(text, order) == (day, None)


WRITE = "please write a date such as 2026-12-31"
TWO_WAYS = f"can be read as day/month or as month/day; {WRITE} or 31.12.2026"
SHORT = f"can be read as day-month-year or as year-month-day; {WRITE} or 31.12.2026"
NO_DAY = f"has no day of the month; {WRITE}"
NO_YEAR = f"has no year; {WRITE}"
SEVERAL = "has more than one day; please write only the first day, such as 2026-12-31"
OTHER = f"cannot be read as a date; {WRITE}"
NUMBER = "is a number; please format the cell as a date, or write a date such as 2026-12-31"


@pytest.mark.parametrize(
    ("text", "order", "reason"),
    [
        ("3/4/2026", None, TWO_WAYS),
        ("03-04-2026", None, TWO_WAYS),
        ("03 04 2026", None, TWO_WAYS),
        ("03/04/05", None, TWO_WAYS),
        ("26-12-31", None, SHORT),
        ("12/31/2026", "day", f"has no valid month if the day comes first: there is no month 31; {WRITE}"),
        ("31/12/2026", "month", f"has no valid month if the month comes first: there is no month 31; {WRITE}"),
        ("31.2.2026", None, "must be a day that exists; February 2026 has 28 days"),
        ("2026-02-29", None, "must be a day that exists; February 2026 has 28 days"),
        ("0.12.2026", None, "must be a day that exists; December 2026 has 31 days"),
        ("31 June 2026", None, "must be a day that exists; June 2026 has 30 days"),
        ("12.31.2026", None, f"must be a day that exists, and there is no month 31; {WRITE}"),
        ("31/31/2026", None, f"must be a day that exists, and there is no month 31; {WRITE}"),
        ("2026-13-01", None, f"must be a day that exists, and there is no month 13; {WRITE}"),
        ("2026-31-12", None, f"must be a day that exists, and there is no month 31; {WRITE}"),
        ("0000-01-01", None, f"must be a day that exists, and there is no year 0; {WRITE}"),
        ("31.12.1448", None, "has the year 1448; if this is right, please write 1448-12-31"),
        ("31/12/2569", None, "has the year 2569; if this is right, please write 2569-12-31"),
        ("Sunday, 31.12.2026", None, "has the wrong day of the week: 2026-12-31 is a Thursday; please correct it"),
        ("Fri 12/31/26", "month", "has the wrong day of the week: 2026-12-31 is a Thursday; please correct it"),
        ("1.-3.5.2026", None, SEVERAL),
        ("1-3 May 2026", None, SEVERAL),
        ("May 1-3, 2026", None, SEVERAL),
        ("5 & 6 December 2026", None, SEVERAL),
        ("31.12.2026 - 01.01.2027", None, SEVERAL),
        ("31.12.2026 \u2013 01.01.2027", None, SEVERAL),
        ("01/05/2026 to 03/05/2026", None, SEVERAL),
        ("30 April to 2 May 2026", None, SEVERAL),
        ("May 1-3", None, f"has no year of four digits; {WRITE}"),
        ("Dec 5 26", None, f"has no year of four digits; {WRITE}"),
        ("May 2026", None, NO_DAY),
        ("December", None, NO_DAY),
        ("Saturday", None, NO_DAY),
        ("05/2026", None, NO_DAY),
        ("2026-05", None, NO_DAY),
        ("2026", None, f"has only a year; {WRITE}"),
        (2026, None, NUMBER),
        ("31.12.", None, NO_YEAR),
        ("3/4", None, NO_YEAR),
        ("Dec 1", None, NO_YEAR),
        ("5. Dezember", None, NO_YEAR),
        ("19:30", None, f"has only a time of day; {WRITE}"),
        ("31.12.2026 25:00", None, f"has a time of day that cannot be read; {WRITE}"),
        ("31.12.2026 19:75", None, f"has a time of day that cannot be read; {WRITE}"),
        ("12:31:2026", None, f"has a time of day that cannot be read; {WRITE}"),
        ("tomorrow", None, f"must be a day, not “tomorrow”; {WRITE}"),
        ("next Friday", None, f"must be a day, not “next”; {WRITE}"),
        ("every Monday", None, f"must be a day, not “every”; {WRITE}"),
        ("TBA", None, f"must be a day, not “tba”; {WRITE}"),
        ("n/a", None, f"must be a day, not “n/a”; {WRITE}"),
        ("?", None, f"must be a day, not “?”; {WRITE}"),
        ("-", None, f"must be a day, not “-”; {WRITE}"),
        ("32873", None, f"is only a number; {WRITE}"),
        ("73416", None, f"is only a number; {WRITE}"),
        ("311226", None, f"is only a number; {WRITE}"),
        ("31122026", None, f"is only a number; {WRITE}"),
        ("7", None, f"is only a number; {WRITE}"),
        ("Spring 2026", None, OTHER),
        ("31.12.2026 (doors at seven)", None, OTHER),
        ("31.12/2026", None, OTHER),
        ("31.12.202", None, OTHER),
        ("131.12.2026", None, OTHER),
        ("8\u5e7412\u670831\u65e5", None, OTHER),
        ("5\u00b2/12/2026", None, OTHER),
        ("2026-W53-4", None, OTHER),
        ("juil" + "l" * 100 + " 2026", None, OTHER),
        (46_387, None, NUMBER),
        (46_387.5, None, NUMBER),
        (True, None, OTHER),
    ],
)
def test_other_texts_are_refused_with_a_reason(text: Any, order: DayOrder | None, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|can|must|cannot|does)\b") as error:
        read_date(text, order)
    assert str(error.value) == reason


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (["31/12/2026"], "day"),
        (["12/31/2026"], "month"),
        (["3/4/2026", "31/12/2026", "5/6/2026"], "day"),
        (["3/4/2026", "12/31/2026", "5/6/2026"], "month"),
        (["3-4-2026", "31 12 2026"], "day"),
        (["3/4/26", "31/12/26"], "day"),
        (["3/4/2026 19:30", "12/31/2026 7:30 PM"], "month"),
        (["Thu 3/4/2026", "Thu 31/12/2026"], "day"),
        (["3/4/2026"], "ask"),
        (["03/04/05"], "ask"),
        (["26-12-31"], "ask"),
        (["26-12-31", "3-4-26"], "ask"),
        (["31-12-27", "28/12/2027"], "day"),
        (["31/12/2026", "12/31/2026"], "ask"),
        (["3/4/2026", "5/5/2026", "2026-12-31"], "ask"),
        (["5/5/2026"], None),
        (["31/31/2026", "32/12/2026", "12/32/2026", "0/5/2026", "5/0/2026"], None),
        (["31.12.2026", "1.2.2026", "2026-12-31", "2026/1/2", "5 Dec 2026", "46387", "TBA"], None),
        ([date(2026, 3, 4), 46_387, True, None, ""], None),
        ([], None),
    ],
)
def test_the_column_decides_the_order(column: list[Any], order: str | None) -> None:
    assert find_order(column) == order

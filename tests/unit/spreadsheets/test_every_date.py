"""Every day, in every form and language that is read."""

from __future__ import annotations

from calendar import day_abbr, day_name, month_abbr, month_name
from contextlib import suppress
from datetime import date
from gettext import translation
from pathlib import Path

import django.conf
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.spreadsheets.dates import DayOrder, find_order, read_date

relaxed = hypothesis_settings(deadline=None)  # slow on a busy machine
LOCALES = Path(django.conf.__file__).parent / "locale"
AP_STYLE = ["Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec."]
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "da", "nb", "sv", "pt")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(1, 13))
def test_months_are_read_in_the_words_of_django(language: str, number: int) -> None:
    """In the nominative, as a part of a date, and in two abbreviations."""
    words = translation("django", LOCALES, [language], fallback=True)
    name = month_name[number]
    names = {
        words.gettext(name),
        words.pgettext("alt. month", name),
        words.gettext(month_abbr[number].lower()),
        words.pgettext("abbrev. month", AP_STYLE[number - 1]),
    }
    for found in names - {"jui"}:  # French: June or July
        assert read_date(f"5 {found} 2026") == (f"2026-{number:02}-05", None)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", range(7))
def test_days_of_the_week_are_checked_in_the_words_of_django(language: str, number: int) -> None:
    words = translation("django", LOCALES, [language], fallback=True)
    for name in (words.gettext(day_name[number]), words.gettext(day_abbr[number])):
        assert read_date(f"{name} {7 + number}.12.2026") == (f"2026-12-{7 + number:02}", None)
        assert read_date(f"{7 + number}.12.2026, {name}") == (f"2026-12-{7 + number:02}", None)
        with pytest.raises(ValueError, match="has the wrong day of the week"):
            read_date(f"{name} {(number + 4) % 7 + 7}.12.2026")


# Forms that are certain by themselves, or certain with the order.
CERTAIN = (
    "{d:%Y-%m-%d}",
    "{d:%Y%m%d}",
    "{d:%Y/%m/%d}",
    "{d.year}/{d.month}/{d.day}",
    "{d:%d.%m.%Y}",
    "{d.day}.{d.month}.{d.year}",
    "{d.day}. {d.month}. {d.year}",
    "{d:%d.%m.%y}",
    "{d:%d %B %Y}",
    "{d:%B %d, %Y}",
    "{d:%d-%b-%Y}",
    "{d:%d-%b-%y}",
    "{d:%a, %d %b %Y}",
    "{d:%A, %d.%m.%Y}",
    "{d:%Y-%m-%dT%H:%M:%SZ}",
    "{d:%d.%m.%Y} 19:30",
    "{d:%a %b %d} 19:30:00 {d.year}",
)
DAY_FIRST = ("{d:%d/%m/%Y}", "{d.day}/{d.month}/{d.year}", "{d:%d-%m-%Y}", "{d:%d %m %Y}", "{d:%d/%m/%y} 7:30 PM")
MONTH_FIRST = ("{d:%m/%d/%Y}", "{d.month}/{d.day}/{d.year}", "{d:%m-%d-%Y}", "{d:%m/%d/%y}", "{d:%a, %m/%d/%Y 9:00 AM}")
days = st.dates(date(1969, 1, 1), date(2068, 12, 31))


@relaxed
@given(days, st.sampled_from(CERTAIN), st.sampled_from(["day", "month", None]))
def test_every_date_in_a_certain_form_is_read_as_itself(day: date, form: str, order: DayOrder | None) -> None:
    assert read_date(form.format(d=day), order)[0] == day.isoformat()


@relaxed
@given(days, st.sampled_from(DAY_FIRST))
def test_every_date_with_the_day_first_is_read_as_itself_or_refused(day: date, form: str) -> None:
    text = form.format(d=day)
    assert read_date(text, "day")[0] == day.isoformat()
    with suppress(ValueError):
        assert read_date(text)[0] == day.isoformat()


@relaxed
@given(days, st.sampled_from(MONTH_FIRST))
def test_every_date_with_the_month_first_is_read_as_itself_or_refused(day: date, form: str) -> None:
    text = form.format(d=day)
    assert read_date(text, "month")[0] == day.isoformat()
    with suppress(ValueError):
        assert read_date(text)[0] == day.isoformat()


@relaxed
@given(st.lists(days, min_size=1, max_size=5), st.sampled_from(DAY_FIRST + MONTH_FIRST))
def test_a_column_of_one_form_is_read_as_itself_or_asked_about(column: list[date], form: str) -> None:
    texts = [form.format(d=day) for day in column]
    order = find_order(texts)
    if order != "ask":
        assert [read_date(text, order)[0] for text in texts] == [day.isoformat() for day in column]
    else:
        assert all(day.day <= 12 for day in column)


@relaxed
@given(st.text(max_size=110) | st.from_regex(r"[0-9]{1,4}[-./ ][0-9A-Za-z]{1,9}[-./ ][0-9]{1,4}[ T]?[0-9:.]{0,8}"))
def test_any_text_is_read_as_a_day_that_exists_or_refused(text: str) -> None:
    with suppress(ValueError):
        date.fromisoformat(read_date(text, "day")[0])

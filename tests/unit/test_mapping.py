"""Which columns of a file are which fields, and which mappings are refused."""

from __future__ import annotations

import pytest

from events.mapping import (
    FieldMapping,
    MappingError,
    check_mapping,
    find_column,
    header_key,
    names_twice,
    recognise,
    samples,
    unused,
)
from events.spreadsheets.sheet import Cell, Row, Sheet

GOOGLE = ["Subject", "Start Date", "Start Time", "End Date", "Description", "Location", "Private"]


def test_columns_are_recognised_by_their_names() -> None:
    mapping = recognise(GOOGLE)
    assert mapping == {"title": 0, "description": 4, "date": 1, "location": 5}
    assert unused(mapping, GOOGLE) == ["Start Time", "End Date", "Private"]


def test_a_name_that_several_columns_have_is_not_recognised() -> None:
    header = ["Title", "title", "Date"]
    assert recognise(header) == {"date": 2}
    assert names_twice(header) == {"title": "Title"}


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"title": 7}, "Title: The file has no such column. Choose another one."),
        ({"title": -1}, "Title: The file has no such column. Choose another one."),
        ({"title": 0, "location": 0}, "Location: This column is already chosen for Title. Choose each column once."),
        ({"place": 0}, "There is no field “place”."),
        ({"capacity": "many"}, "Capacity: Must be a whole number."),
        ({"status": " "}, "Status: Must not be empty."),
        ({"eventId": "a"}, "Event ID: Each event needs its own ID. Choose a column."),
    ],
)
def test_an_invalid_mapping_is_refused_with_its_reason(mapping: FieldMapping, message: str) -> None:
    with pytest.raises(MappingError) as refused:
        check_mapping(mapping, GOOGLE)
    assert str(refused.value).startswith(message.removesuffix("."))


def test_a_valid_mapping_is_accepted() -> None:
    check_mapping({"title": 0, "date": 1, "status": "active", "capacity": "50", "description": ""}, GOOGLE)


def test_samples_are_the_first_different_texts_of_a_column() -> None:
    cells: tuple[list[Cell], ...] = (["x"], ["x", None], ["y", " "], ["z"], ["q"])
    sheet = Sheet(["a", "b"], [Row(number, row) for number, row in enumerate(cells, 2)], [])
    assert samples(sheet, 0) == ["x", "y", "z"]
    assert samples(sheet, 1) == []


def test_columns_are_found_by_their_exact_name_first() -> None:
    header = ["start date", "Start Date", "Place"]
    assert [find_column(header, name) for name in ("Start Date", "START DATE", "place ", "Room")] == [1, 0, 2, None]


def test_the_key_of_a_header_ignores_case_and_spaces_but_not_the_order() -> None:
    assert header_key(["Start Date", "Title"]) == header_key(["start  date ", "TITLE"])
    assert header_key(["Title", "Start Date"]) != header_key(["Start Date", "Title"])
    assert header_key(["\ud800"]) == header_key(["\ud800"])

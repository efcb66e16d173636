"""Which column of a file, or which one value for all rows, gives a field its values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any

from events.domain import FIELD_NAMES
from events.fields import LABELS, RULES, without_spaces
from events.spreadsheets.cells import field_value
from events.spreadsheets.columns import field_named, recognised
from events.spreadsheets.sheet import Sheet, is_blank
from events.visible_text import folded_name, quoted, shortened

# The position of a field's column, or one value for all rows as a person typed it. A field with neither stays as it is.
Source = int | str
FieldMapping = dict[str, Source]

_ROWS_FOR_SAMPLES = 50
_SAMPLES = 3


class MappingError(Exception):
    """A part of a mapping is invalid. `message` is a sentence for the person who chose it; `field` may be "" (all)."""

    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(f"{LABELS.get(field, field)}: {message}" if field else message)


def recognise(header: Sequence[str]) -> FieldMapping:
    """The columns whose names are known, without those that several columns have."""
    twice = names_twice(header)
    return {field: position for field, position in recognised(header).items() if field not in twice}


def names_twice(header: Sequence[str]) -> dict[str, str]:
    """The fields for which several columns have the same name, and this name: only a person can choose between them."""
    counts = Counter(filter(None, map(folded_name, header)))
    return {
        field: header[position]
        for field, position in recognised(header).items()
        if counts[folded_name(header[position])] > 1
    }


def check_mapping(mapping: FieldMapping, header: Sequence[str]) -> None:
    """Raises MappingError: a field or column that does not exist, a column chosen twice, an invalid value."""
    if unknown := mapping.keys() - RULES.keys():
        raise MappingError("", f"There is no field {quoted(shortened(min(unknown), 40))}.")
    fields_of: dict[int, str] = {}
    for field, source in mapping.items():
        if isinstance(source, str):
            one_value(field, source)
        elif not 0 <= source < len(header):
            raise MappingError(field, "The file has no such column. Choose another one.")
        elif source in fields_of:
            other = LABELS[fields_of[source]]
            raise MappingError(field, f"This column is already chosen for {other}. Choose each column once.")
        else:
            fields_of[source] = field


def one_value(field: str, text: str) -> Any:
    """The value for all rows that a person typed. Raises MappingError."""
    if field == "eventId":
        raise MappingError(field, "Each event needs its own ID. Choose a column.")
    try:
        value = without_spaces(field, field_value(field, text))
        RULES[field](value)
    except ValueError as error:
        reason = str(error)
        raise MappingError(field, f"{reason[0].upper()}{reason[1:]}.") from None
    return value


def values_of(sheet: Sheet, position: int) -> Iterable[Any]:
    """The cells of a column, from top to bottom."""
    return (row.cells[position] if position < len(row.cells) else None for row in sheet.rows)


def samples(sheet: Sheet, position: int) -> list[str]:
    """The first different texts of a column, to recognise it by."""
    first = (str(cell) for cell in islice(values_of(sheet, position), _ROWS_FOR_SAMPLES) if not is_blank(cell))
    return list(islice(dict.fromkeys(first), _SAMPLES))


def unused(mapping: FieldMapping, header: Sequence[str]) -> list[str]:
    """The names of the columns that no field takes."""
    return [name for position, name in enumerate(header) if name and position not in mapping.values()]


def find_column(header: Sequence[str], name: str) -> int | None:
    """The position of the column with this name; upper case, spaces and invisible characters do not matter."""
    exact = (position for position, known in enumerate(header) if known == name)
    folded = (position for position, known in enumerate(header) if folded_name(known) == folded_name(name))
    return next(exact, next(folded, None))


def find_field(name: str) -> str | None:
    """The field with this name or label."""
    return name if name in FIELD_NAMES else field_named(name)


def header_key(header: Sequence[str]) -> str:
    """A short text that is the same for files with the same columns in the same order."""
    return sha256("\n".join(map(folded_name, header)).encode(errors="replace")).hexdigest()[:12]

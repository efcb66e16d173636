"""Exports events to a file for spreadsheet programs, which can be imported again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Literal

from django.conf import settings

from events.domain import EventFields, ExportTooLongError, StorageError
from events.spreadsheets.csv_file import write_csv

# The longest file that Lambda can send: in Base64, with the headers, it takes 6 MiB.
MAX_BYTES_ON_LAMBDA = 4_710_000
INCOMPLETE = b'"This export stopped here because of an error: EVENTS MAY BE MISSING. Please export again."\r\n'

Format = Literal["csv", "xlsx"]
CONTENT_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export_csv(events: Iterable[EventFields]) -> Iterator[bytes]:
    """Reads the first event now, so that errors surface before the headers are sent."""
    lines = write_csv(events)
    first = next(lines) + next(lines, b"")
    return chain([first], _mark_incomplete(lines))


def _mark_incomplete(lines: Iterator[bytes]) -> Iterator[bytes]:
    """An incomplete file must not look complete, neither to a person nor to an import."""
    try:
        yield from lines
    except StorageError:
        yield INCOMPLETE
        raise


def export_xlsx(events: Iterable[EventFields]) -> IO[bytes]:
    """Returns an open temporary file. Raises TooLongForExcelError, ExportTooLongError, StorageError."""
    from events.spreadsheets.workbook import write_workbook  # noqa: PLC0415  # openpyxl is slow to load

    return write_workbook(_at_most(events, MAX_BYTES_ON_LAMBDA) if settings.ON_LAMBDA else events)


def _at_most(events: Iterable[EventFields], size: int) -> Iterator[EventFields]:
    """Raises ExportTooLongError once the texts alone, compressed as in a workbook, take more than `size` bytes."""
    compressor = zlib.compressobj()
    for event in events:
        size -= len(compressor.compress("".join(map(str, event.values())).encode()))
        if size < 0:
            raise ExportTooLongError
        yield event

"""Events as a file, for a spreadsheet program or to be imported again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Literal

from django.conf import settings

from events.domain import EventFields, ExportTooLongError, StorageError
from events.spreadsheets.csv_file import write_csv

# The longest file that Lambda can send: 6 MiB, less the headers, hold it in base 64.
MAX_BYTES_ON_LAMBDA = 4_710_000
BROKEN_OFF = b'"This export broke off here: NOT ALL EVENTS ARE IN THIS FILE. Please export again."\r\n'

Format = Literal["csv", "xlsx"]
CONTENT_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export_csv(events: Iterable[EventFields]) -> Iterator[bytes]:
    """Begins to read the events at once, so that a failure to is known before the first byte is sent."""
    lines = write_csv(events)
    first = next(lines) + next(lines, b"")
    return chain([first], _or_say_so(lines))


def _or_say_so(lines: Iterator[bytes]) -> Iterator[bytes]:
    """A file that breaks off must not look whole, neither to a person nor to an import."""
    try:
        yield from lines
    except StorageError:
        yield BROKEN_OFF
        raise


def export_xlsx(events: Iterable[EventFields]) -> IO[bytes]:
    """A temporary file. Raises TooLongForExcelError, ExportTooLongError."""
    from events.spreadsheets.workbook import write_workbook  # noqa: PLC0415  # openpyxl is slow to load

    return write_workbook(_at_most(events, MAX_BYTES_ON_LAMBDA) if settings.ON_LAMBDA else events)


def _at_most(events: Iterable[EventFields], size: int) -> Iterator[EventFields]:
    """Stops reading when the texts alone, compressed as in a workbook, are larger than this many bytes.

    Raises ExportTooLongError.
    """
    compressor = zlib.compressobj()
    for event in events:
        size -= len(compressor.compress("".join(map(str, event.values())).encode()))
        if size < 0:
            raise ExportTooLongError
        yield event

"""manage.py export_events"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import CommandError

from events import services
from events.domain import EventFields, EventRange, Search
from events.exports import export_csv, export_xlsx
from events.fields import RULES
from events.spreadsheets.sheet import TooLongForExcelError
from eventsite.engine.command import StorageCommand


class Command(StorageCommand):
    help = "Export events to a CSV or Excel file. import_events can read it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", default="-", help="the file to write; by default, standard output")
        parser.add_argument("--format", choices=["csv", "xlsx"], help="by default, the extension of the file decides")
        parser.add_argument("--status", type=_text, help="only events with this status")
        parser.add_argument("--from", dest="first", metavar="DATE", type=_day, help="only events on this day or later")
        parser.add_argument("--to", dest="last", metavar="DATE", type=_day, help="only events on this day or earlier")
        parser.add_argument(
            "--search",
            default="",
            metavar="TEXT",
            type=_text,
            help="only events with these words in title, location, organizer or ID; words in quotes stay together",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        within = EventRange(options["status"], options["first"], options["last"])
        events = services.export_events(Search(within, options["search"]))
        excel = (options["format"] or Path(options["file"]).suffix.lstrip(".").lower()) == "xlsx"
        if options["file"] == "-":
            _write(events, cast(IO[bytes], self.stdout.buffer), excel)
        else:
            self._write_file(events, Path(options["file"]), excel)

    def _write_file(self, events: Iterable[EventFields], path: Path, excel: bool) -> None:
        """Writes the whole file or nothing: an export that fails must not leave an incomplete file."""
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file:
                _write(events, file, excel)
            part.replace(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        finally:
            part.unlink(missing_ok=True)
        self.stdout.write(f"The events were exported to {path}.")


def _write(events: Iterable[EventFields], file: IO[bytes], excel: bool) -> None:
    if not excel:
        file.writelines(export_csv(events))
        return
    try:
        with export_xlsx(events) as workbook:
            shutil.copyfileobj(workbook, file)
    except TooLongForExcelError as error:
        raise CommandError(f"{error}, the limit of a cell in Excel. Use --format csv.") from error


def _day(text: str) -> str:
    try:
        day: str = RULES["date"](text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} {error}") from None
    return day


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("is not valid UTF-8") from None
    return text

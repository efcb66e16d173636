"""manage.py import_events"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from events import batches
from events.domain import FIELD_NAMES, Actor
from events.imports import Plan, PlannedRow, plan_import
from events.mapping import FieldMapping, MappingError, find_column, find_field, recognise
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.sheet import MAX_FILE_BYTES, Sheet, SpreadsheetError
from events.storage.tables import create_tables
from events.tasks import Batch, Task
from eventsite.engine.command import StorageCommand

ACTOR = Actor("command")
MAX_TITLE = 40
WRONG_USE = 2  # the exit status, as for options that do not exist; rows with errors: 1
_HELP = """
Create and change events from a CSV, Excel or OpenDocument file. If a row has errors, nothing is imported.
Exit status: 0 if everything was imported or nothing has changed; 1 if rows have errors, or events could not be changed;
2 if the file cannot be read, or an option is wrong or missing.
"""
_FATES = {"same": "unchanged", "wrong": "error"}


class Command(StorageCommand):
    help = _HELP

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add = parser.add_argument
        add("file", type=Path, help="a .csv, .xlsx or .ods file with column names")
        add("--map", action="append", default=[], metavar="FIELD=COLUMN", help="the column of a field")
        add("--set", action="append", default=[], metavar="FIELD=VALUE", help="one value of a field for all rows")
        order = parser.add_mutually_exclusive_group()
        for name in ("day", "month"):
            described = f"in dates such as 3/4/2027, the {name} comes first"
            order.add_argument(f"--{name}-first", action="store_const", dest="order", const=name, help=described)
        add("--sheet", metavar="NAME", help="the sheet of a workbook; by default, the sheet with the table")
        add("--include-hidden", action="store_true", help="also read the rows that are hidden in the file")
        add("--include-duplicates", action="store_true", help="also import possible duplicates of existing events")
        add("--dry-run", action="store_true", help="only show what would change")
        add("--skip-wrong", action="store_true", help="skip rows with errors, and import the others")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.ON_AWS:
            create_tables()
        file: Path = options["file"]
        sheet = _read(file, options["sheet"], include_hidden=options["include_hidden"])
        plan = _plan(sheet, options)
        if sheet.hidden_rows:
            taken = "included" if options["include_hidden"] else "left out. Add --include-hidden to read them"
            self.stdout.write(f"Hidden rows: {sheet.hidden_rows:,}, {taken}.")
        for line in _lines(plan):
            self.stdout.write(line)
        if plan.wrong and not options["skip_wrong"]:
            advice = (
                ""
                if options["dry_run"]
                else " Nothing was imported. Fix the file, or skip these rows with --skip-wrong."
            )
            raise CommandError(f"Rows with errors: {len(plan.wrong):,} of {len(plan.rows):,}.{advice}")
        duplicates = options["include_duplicates"]
        tasks = [replace(task, optional=False) for task in plan.tasks if duplicates or not task.optional]
        if tasks and not options["dry_run"]:
            self._import(tasks, os.fsencode(file.name).decode(errors="replace"))

    def _import(self, tasks: list[Task], name: str) -> None:
        batch = batches.prepare("import", tasks, ACTOR, name)
        while not batch.finished:
            batch = batches.run(batch.id, ACTOR)
            if self.stderr.isatty():
                self.stderr.write(f"{batch.progress:,} of {batch.tasks:,}", ending="\r")
        self.stdout.write(f"{batch.done:,} imported, {batch.same:,} unchanged, {batch.failed:,} failed.")
        if batch.failed:
            raise CommandError("\n".join(_failures(batch)))


def _read(file: Path, sheet_name: str | None, *, include_hidden: bool) -> Sheet:
    try:
        with file.open("rb") as opened:
            return read_spreadsheet(opened.read(MAX_FILE_BYTES + 1), sheet_name, include_hidden=include_hidden)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=WRONG_USE) from error
    except SpreadsheetError as error:
        raise CommandError(f"{file}: {_escaped(str(error))}", returncode=WRONG_USE) from error


def _plan(sheet: Sheet, options: dict[str, Any]) -> Plan:
    """Raises CommandError if an option is wrong, or one is missing."""
    try:
        chosen = _mapping(sheet, options["map"], options["set"])
        plan = plan_import(sheet, chosen, options["order"])
    except MappingError as error:
        raise CommandError(_escaped(str(error)), returncode=WRONG_USE) from error
    needed = [
        f"{field}: {question} Rename the others in the file, or add --map {field}=COLUMN to use the first one."
        for field, question in plan.questions.items()
        if field != "order"
    ]
    if "order" in plan.questions:
        needed.append("The dates can be read in two ways. Add --day-first or --month-first.")
    if plan.missing and not options["skip_wrong"]:
        fields = ", ".join(plan.missing)
        needed.append(f"New events need {fields}. Add --map {plan.missing[0]}=COLUMN or --set {plan.missing[0]}=VALUE.")
    if needed:
        raise CommandError(_escaped(" ".join(needed)), returncode=WRONG_USE)
    return plan


def _mapping(sheet: Sheet, columns: list[str], values: list[str]) -> FieldMapping | None:
    """The recognised columns with those of the options instead; None without options. Raises MappingError."""
    if not columns and not values:
        return None
    chosen: FieldMapping = {}
    options = [("--map", option) for option in columns] + [("--set", option) for option in values]
    for option, text in options:
        field, value = _halves(option, text)
        if field in chosen:
            raise MappingError(field, "It is given more than once. Keep one --map or --set for it.")
        chosen[field] = value if option == "--set" else _column(sheet, field, value)
    known = recognise(sheet.header)
    return {field: source for field, source in known.items() if source not in chosen.values()} | chosen


def _column(sheet: Sheet, field: str, name: str) -> int:
    position = find_column(sheet.header, name)
    if position is None:
        raise MappingError(field, f"The file has no column {name!r}. It has: {', '.join(map(repr, sheet.header))}.")
    return position


def _halves(option: str, text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    field = find_field(name)
    if not sign or not field:
        raise MappingError("", f"{option} {text}: write FIELD=…; the fields are {', '.join(FIELD_NAMES)}.")
    return field, value


def _lines(plan: Plan) -> Iterator[str]:
    """Notices, a table of the rows that are not unchanged, and how many there are of each kind."""
    yield from map(_escaped, plan.notices)
    rows = [row for row in plan.rows if row.fate != "same"]
    table = [("Row", "Result", "Event", "Details")] if rows else []
    table += [(f"{row.number:,}", _FATES.get(row.fate, row.fate), _title(row), _details(row)) for row in rows]
    widths = [max((len(cells[column]) for cells in table), default=0) for column in range(3)]
    for number, *others, details in table:
        first = [number.rjust(widths[0]), *(cell.ljust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield "  ".join([*first, details]).rstrip()
    counts = [("new", plan.new), ("changed", plan.changed), ("unchanged", plan.same), ("with errors", plan.wrong)]
    if plan.duplicates:
        counts.append(("possible duplicates", plan.duplicates))
    yield ", ".join(f"{len(rows):,} {name}" for name, rows in counts) + "."


def _title(row: PlannedRow) -> str:
    title = _escaped(row.title or row.event_id)
    return title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 1]}…"


def _details(row: PlannedRow) -> str:
    details = [*row.reasons]
    if row.task and row.task.action == "create":
        details.append(f"{row.task.changes['date']}, {row.task.changes['location']}")
    if row.repeats:
        details.append(f"same title and date as {row.repeats}")
    details += (f"{change.field} {' -> '.join(map(repr, change.excerpts))}" for change in row.changes)
    return _escaped("; ".join(details))


def _escaped(text: str) -> str:
    """The text with escapes, so that it cannot control the terminal."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _failures(batch: Batch) -> Iterator[str]:
    for task, outcome in batches.tasks_of(batch):
        if outcome and outcome.kind == "failed":
            yield f"Row {task.row:,}: {_escaped(task.title[:MAX_TITLE])}: {outcome.reason}"

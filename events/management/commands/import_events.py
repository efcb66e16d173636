"""manage.py import_events"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from events import batches
from events.domain import Actor
from events.imports import Plan, PlannedRow, plan_import
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.sheet import MAX_FILE_BYTES, SpreadsheetError
from events.storage.tables import create_tables
from events.tasks import Batch
from eventsite.engine.command import StorageCommand

ACTOR = Actor("command")
MAX_TITLE = 80


class Command(StorageCommand):
    help = "Create and change events from a CSV or Excel file. If a row has errors, nothing is imported."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a .csv or .xlsx file with columns as export_events writes them")
        parser.add_argument("--dry-run", action="store_true", help="only show what would change")
        parser.add_argument("--skip-wrong", action="store_true", help="skip rows with errors, and import the others")

    def handle(self, *args: Any, file: Path, dry_run: bool, skip_wrong: bool, **options: Any) -> None:
        if not settings.ON_AWS:
            create_tables()
        plan = _plan(file)
        for line in _lines(plan):
            self.stdout.write(line)
        if plan.wrong and not skip_wrong:
            advice = "" if dry_run else " Nothing was imported. Fix the file, or skip these rows with --skip-wrong."
            raise CommandError(f"Rows with errors: {len(plan.wrong):,} of {len(plan.rows):,}.{advice}")
        if plan.tasks and not dry_run:
            self._import(plan, os.fsencode(file.name).decode(errors="replace"))

    def _import(self, plan: Plan, name: str) -> None:
        batch = batches.prepare("import", plan.tasks, ACTOR, name)
        while not batch.finished:
            batch = batches.run(batch.id, ACTOR)
            if self.stderr.isatty():
                self.stderr.write(f"{batch.progress:,} of {batch.tasks:,}", ending="\r")
        self.stdout.write(f"{batch.done:,} imported, {batch.same:,} unchanged, {batch.failed:,} failed.")
        if batch.failed:
            raise CommandError("\n".join(_failures(batch)))


def _plan(file: Path) -> Plan:
    try:
        with file.open("rb") as opened:
            return plan_import(read_spreadsheet(opened.read(MAX_FILE_BYTES + 1)))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except SpreadsheetError as error:
        raise CommandError(f"{file}: {error}") from error


def _lines(plan: Plan) -> Iterator[str]:
    yield from plan.notices
    for row in plan.rows:
        if row.fate != "same":
            yield f"Row {row.number:,}: {'error' if row.reasons else row.fate}: {_described(row)}"
    counts = (("new", plan.new), ("changed", plan.changed), ("unchanged", plan.same), ("with errors", plan.wrong))
    yield ", ".join(f"{len(rows):,} {name}" for name, rows in counts) + "."


def _described(row: PlannedRow) -> str:
    changes = (" ".join((change.field, " -> ".join(map(repr, change.excerpts)))) for change in row.changes)
    details = "; ".join([*row.reasons, *changes])
    return f"{_title(row.title or row.event_id)}{': ' if details else ''}{details}"


def _title(title: str) -> str:
    """Quoted with escapes, so that a title cannot control the terminal."""
    return repr(title if len(title) <= MAX_TITLE else f"{title[:MAX_TITLE]}…")


def _failures(batch: Batch) -> Iterator[str]:
    for task, outcome in batches.tasks_of(batch):
        if outcome and outcome.kind == "failed":
            yield f"Row {task.row:,}: {_title(task.title)}: {outcome.reason}"

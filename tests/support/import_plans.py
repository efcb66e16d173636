"""Plans imports of CSV lines and of Excel cells."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import openpyxl

from events import services
from events.domain import Event
from events.imports import Plan, PlannedRow, plan_import
from events.mapping import FieldMapping
from events.spreadsheets import read_spreadsheet
from tests.support.builders import ACTOR, make_fields


def create(**overrides: Any) -> Event:
    return services.create_event(make_fields(**overrides), ACTOR)


def plan_file(data: bytes, mapping: FieldMapping | None = None) -> Plan:
    return plan_import(read_spreadsheet(data), mapping)


def plan_csv(*lines: str, mapping: FieldMapping | None = None) -> Plan:
    return plan_file("\n".join(lines).encode(), mapping)


def plan_cells(header: list[str], *rows: list[Any]) -> Plan:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (header, *rows):
        sheet.append(row)
    file = BytesIO()
    book.save(file)
    return plan_file(file.getvalue())


def only(plan: Plan) -> PlannedRow:
    [row] = plan.rows
    return row


def reasons(plan: Plan) -> str:
    row = only(plan)
    assert (row.fate, row.task) == ("wrong", None)
    return "; ".join(row.reasons)

"""Plans an import: what will become of each row, and the tasks to do it. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from events import services
from events.domain import FIELD_NAMES, Event
from events.fields import FIELDS, RULES, trim_changes
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.cells import field_value
from events.spreadsheets.sheet import Row, Sheet, SpreadsheetError, field_of, is_blank
from events.tasks import Task
from events.visible_text import EXCERPT_LENGTH, excerpts, trimmed

Fate = Literal["new", "changed", "same", "wrong"]

_OPTIONAL = {field.name for field in FIELDS if not field.required}
_MAX_NAMED = 10


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: str
    before: str | int
    after: str | int

    @property
    def excerpts(self) -> tuple[str, str]:
        """Before and after, safe to show; only the part around the first difference if a text is long."""
        before, after = excerpts(self.before, self.after)
        return before.shown, after.shown


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What will become of the row with this number in the file; `reasons`: its errors, one sentence each."""

    number: int
    fate: Fate
    event_id: str
    title: str
    reasons: list[str] = field(default_factory=list)
    changes: list[FieldChange] = field(default_factory=list)
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of a file in their order, and notices for the person who imports it."""

    rows: list[PlannedRow]
    notices: list[str]

    @property
    def new(self) -> list[PlannedRow]:
        return self._of("new")

    @property
    def changed(self) -> list[PlannedRow]:
        return self._of("changed")

    @property
    def same(self) -> list[PlannedRow]:
        return self._of("same")

    @property
    def wrong(self) -> list[PlannedRow]:
        return self._of("wrong")

    @property
    def tasks(self) -> list[Task]:
        return [row.task for row in self.rows if row.task]

    def _of(self, fate: Fate) -> list[PlannedRow]:
        return [row for row in self.rows if row.fate == fate]


@dataclass(frozen=True, slots=True)
class _Parsed:
    """The values of a row, and the errors of the fields whose values are invalid."""

    row: Row
    values: dict[str, Any]
    errors: dict[str, str]
    title: str

    @property
    def event_id(self) -> str:
        """Empty if the row has none, or an invalid one."""
        event_id: str = self.values.get("eventId", "")
        return event_id


def plan_import(data: bytes) -> Plan:
    """Reads the file and its rows' events. Raises SpreadsheetError, StorageError."""
    sheet = read_spreadsheet(data)
    columns = _columns(sheet)
    rows = [_parse(row, columns, len(sheet.header)) for row in sheet.rows]
    events = _find_events(rows)
    for row in rows:
        _check(row, events.get(row.event_id))
    _find_repeated(rows)
    planned = [_plan(row, events.get(row.event_id), columns) for row in rows]
    return Plan(planned, [*sheet.notices, *_notices(sheet, columns)])


def _columns(sheet: Sheet) -> dict[str, int]:
    """The position of each field's column. Raises SpreadsheetError if a field has two columns."""
    fields = [field_of(name) for name in sheet.header]
    twice = [name for name, count in Counter(fields).items() if name and count > 1]
    if twice:
        raise SpreadsheetError(f"There is more than one column for {' and for '.join(twice)}; please keep one of each.")
    return {name: position for position, name in enumerate(fields) if name}


def _notices(sheet: Sheet, columns: dict[str, int]) -> list[str]:
    notices = []
    unknown = [name for name in sheet.header if name and field_of(name) is None]
    if unknown:
        named = ", ".join(f"“{name[:40]}”" for name in unknown[:_MAX_NAMED])
        more = f" and {len(unknown) - _MAX_NAMED:,} more" if len(unknown) > _MAX_NAMED else ""
        notices.append(f"Unknown columns are ignored: {named}{more}.")
    if "eventId" not in columns:
        notices.append("There is no eventId column, so every row becomes a new event.")
    return notices


def _parse(row: Row, columns: dict[str, int], width: int) -> _Parsed:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    cells = {name: row.cells[place] if place < len(row.cells) else None for name, place in columns.items()}
    for name, cell in cells.items():
        try:
            values[name] = field_value(name, cell)
        except ValueError as error:
            errors[name] = str(error)
    if not all(map(is_blank, row.cells[width:])):
        errors["row"] = "has more cells than there are column names; is a quotation mark missing?"
    title = cells.get("title")
    return _Parsed(row, values, errors, str(title)[:EXCERPT_LENGTH] if isinstance(title, str | int | float) else "")


def _find_events(rows: list[_Parsed]) -> dict[str, Event]:
    """The rows' events. Trims each row's ID, unless an event has exactly this ID: the API may store spaces in it."""
    written = [row.event_id for row in rows if row.event_id]
    events = services.get_events([*written, *map(trimmed, written)])
    for row in rows:
        event_id = row.values.pop("eventId", "")
        if event_id not in events:
            event_id = trimmed(event_id)
        if event_id:
            row.values["eventId"] = event_id
    return events


def _check(row: _Parsed, event: Event | None) -> None:
    """Trims the values that differ from the event, and applies the rules to them; unchanged values need no check."""
    stored: Mapping[str, Any] = event.fields if event else {}
    for name, value in trim_changes(row.values, stored).items():
        row.values[name] = value
        try:
            if value != stored.get(name):
                RULES[name](value)
        except ValueError as error:
            row.errors[name] = str(error)
            del row.values[name]


def _find_repeated(rows: list[_Parsed]) -> None:
    first_rows: dict[str, int] = {}
    for row in rows:
        if row.event_id in first_rows:
            row.errors["eventId"] = f"is the same as in row {first_rows[row.event_id]:,}"
        elif row.event_id:
            first_rows[row.event_id] = row.row.number


def _plan(row: _Parsed, event: Event | None, columns: dict[str, int]) -> PlannedRow:
    number, values, errors = row.row.number, row.values, row.errors
    title = values.get("title") or (event.fields["title"] if event else row.title)
    if event is None and "eventId" not in errors:
        errors |= {name: "is missing" for name in FIELD_NAMES if name not in columns and name not in _OPTIONAL}
    if errors:
        reasons = [f"{name} {errors[name]}" for name in ("row", *FIELD_NAMES) if name in errors]
        return PlannedRow(number, "wrong", row.event_id, title, reasons)
    if event is None:
        fields = {**dict.fromkeys(_OPTIONAL, ""), **values, "eventId": row.event_id or str(uuid4())}
        task = Task(
            "create", fields["eventId"], title, changes={name: fields[name] for name in FIELD_NAMES}, row=number
        )
        return PlannedRow(number, "new", row.event_id, title, task=task)
    before: dict[str, Any] = {**event.fields}
    changes = [FieldChange(name, before[name], after) for name, after in values.items() if after != before[name]]
    if not changes:
        return PlannedRow(number, "same", row.event_id, title)
    after = {change.field: change.after for change in changes}
    task = Task("update", row.event_id, title, event.revision, after, number)
    return PlannedRow(number, "changed", row.event_id, title, changes=changes, task=task)

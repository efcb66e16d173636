"""Plans an import: what will become of each row, and the tasks to do it. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import uuid4

from events import services
from events.domain import FIELD_NAMES, Event
from events.duplicates import TitleAndDay, find_events
from events.fields import FIELDS, RULES, trim_changes
from events.mapping import FieldMapping, check_mapping, names_twice, one_value, recognise, unused, values_of
from events.spreadsheets.cells import field_value, has_time, without_html
from events.spreadsheets.columns import is_own_export
from events.spreadsheets.dates import DayOrder, find_order
from events.spreadsheets.sheet import Row, Sheet, is_blank
from events.tasks import Task
from events.visible_text import EXCERPT_LENGTH, excerpts, quoted, trimmed

Fate = Literal["new", "duplicate", "changed", "same", "wrong"]

_OPTIONAL = {field.name for field in FIELDS if not field.required}
_MAX_NAMED = 10
_MAX_NAME = 40


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
    """What will become of the row with this number in the file; `reasons`: its errors, one sentence each.

    `repeats`: the ID of an event with the same title and date, if the row is a possible duplicate.
    """

    number: int
    fate: Fate
    event_id: str
    title: str
    reasons: list[str] = field(default_factory=list)
    changes: list[FieldChange] = field(default_factory=list)
    task: Task | None = None
    repeats: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of a file in their order, and notices for the person who imports it.

    `mapping` and `order` are those that were used; `asks_order`: the rows do not show the order of day and month.
    `questions`: what only the person can decide, a sentence for each field, and for the "order". `missing`: the fields
    that new events need, but neither a column nor a value for all rows gives.
    """

    rows: list[PlannedRow]
    notices: list[str]
    mapping: FieldMapping
    order: DayOrder | None = None
    asks_order: bool = False
    questions: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def new(self) -> list[PlannedRow]:
        return self._of("new")

    @property
    def duplicates(self) -> list[PlannedRow]:
        return self._of("duplicate")

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
        """Those of possible duplicates are optional."""
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


def plan_import(sheet: Sheet, mapping: FieldMapping | None = None, order: DayOrder | None = None) -> Plan:
    """What each row would do. Without a mapping, columns are recognised by their names.

    Raises MappingError, StorageError.
    """
    questions: dict[str, str] = {}
    if mapping is None:
        mapping = recognise(sheet.header)
        questions = {name: _choose(column) for name, column in names_twice(sheet.header).items()}
    check_mapping(mapping, sheet.header)
    found = _find_order(sheet, mapping)
    asks_order = found == "ask"
    order = order if found == "ask" else found
    if asks_order and order is None:
        questions["order"] = "The dates can be read in two ways. Choose whether the day or the month comes first."
    reader = _Reader(sheet, mapping, order)
    rows = [reader.read(row) for row in sheet.rows]
    events = _find_events(rows)
    for row in rows:
        _check(row, events.get(row.event_id))
    _find_repeated(rows)
    planned = [_plan(row, events.get(row.event_id), mapping) for row in rows]
    missing = _missing(rows, events, mapping)
    notices = [*sheet.notices, *_notices(sheet, mapping), *reader.notices]
    if not questions and not missing:
        planned, unread = _mark_duplicates(planned)
        notices += unread
    return Plan(planned, notices, mapping, order, asks_order, questions, missing)


def _choose(column: str) -> str:
    return f"Several columns are named {quoted(column[:_MAX_NAME])}. Choose one."


def _find_order(sheet: Sheet, mapping: FieldMapping) -> DayOrder | Literal["ask"] | None:
    position = mapping.get("date")
    return find_order(values_of(sheet, position)) if isinstance(position, int) else None


def _missing(rows: list[_Parsed], events: Mapping[str, Event], mapping: FieldMapping) -> list[str]:
    """What new events lack, unless the file is only meant to change existing ones."""
    new = [row for row in rows if row.event_id not in events and "eventId" not in row.errors]
    only_changes = events and all(row.event_id for row in new)
    if not new or only_changes:
        return []
    return [name for name in FIELD_NAMES if name not in mapping and name not in _OPTIONAL]


def _notices(sheet: Sheet, mapping: FieldMapping) -> list[str]:
    notices = []
    if names := unused(mapping, sheet.header):
        named = ", ".join(f"“{name[:_MAX_NAME]}”" for name in names[:_MAX_NAMED])
        more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
        notices.append(f"These columns are not used: {named}{more}.")
    if "eventId" not in mapping:
        notices.append("No column is used as the event ID, so no existing event will change.")
    return notices


class _Reader:
    """Reads the rows of a sheet, and counts those of which it leaves out a part."""

    def __init__(self, sheet: Sheet, mapping: FieldMapping, order: DayOrder | None) -> None:
        self._width = len(sheet.header)
        self._columns = {name: source for name, source in mapping.items() if isinstance(source, int)}
        self._fixed = {name: one_value(name, source) for name, source in mapping.items() if isinstance(source, str)}
        self._order = order
        self._from_html = not is_own_export(sheet.header)
        self._times = self._html = 0

    def read(self, row: Row) -> _Parsed:
        values: dict[str, Any] = {**self._fixed}
        errors: dict[str, str] = {}
        cells = {name: row.cells[place] if place < len(row.cells) else None for name, place in self._columns.items()}
        for name, cell in cells.items():
            try:
                values[name] = field_value(name, cell, self._order)
            except ValueError as error:
                errors[name] = str(error)
        self._times += has_time(cells.get("date"), self._order)
        if self._from_html and "description" in cells and (written := values.get("description")):
            values["description"] = without_html(written)
            self._html += values["description"] != written
        if not all(map(is_blank, row.cells[self._width :])):
            errors["row"] = "has more cells than there are column names; is a quotation mark missing?"
        title = cells.get("title")
        return _Parsed(row, values, errors, str(title)[:EXCERPT_LENGTH] if isinstance(title, str | int | float) else "")

    @property
    def notices(self) -> list[str]:
        counted = (
            (self._times, "a time of day. Only the date is imported."),
            (self._html, "a description in HTML. It is converted to plain text."),
        )
        return [
            f"1 row has {what}" if count == 1 else f"{count:,} rows have {what}" for count, what in counted if count
        ]


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
    """Trims the values that differ from the event, and applies the rules to them; unchanged values need no check.

    As in forms, a status takes the spelling in use.
    """
    stored: Mapping[str, Any] = event.fields if event else {}
    for name, value in trim_changes(row.values, stored).items():
        row.values[name] = value
        try:
            if value != stored.get(name):
                RULES[name](value)
                if name == "status":
                    row.values[name] = services.spelling_in_use(value)
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


def _plan(row: _Parsed, event: Event | None, given: Collection[str]) -> PlannedRow:
    number, values, errors = row.row.number, row.values, row.errors
    title = values.get("title") or (event.fields["title"] if event else row.title)
    if event is None and "eventId" not in errors:
        errors |= {name: "is missing" for name in FIELD_NAMES if name not in given and name not in _OPTIONAL}
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


def _mark_duplicates(rows: list[PlannedRow]) -> tuple[list[PlannedRow], list[str]]:
    """Marks new rows without an ID that have the title and date of an event. With a notice if not all were compared."""
    keys = {
        row.number: TitleAndDay.of(row.title, row.task.changes["date"])
        for row in rows
        if row.fate == "new" and not row.event_id and row.task
    }
    found, unread = find_events({*keys.values()})
    marked = [
        replace(row, fate="duplicate", task=replace(row.task, optional=True), repeats=found[keys[row.number]])
        if row.task and keys.get(row.number) in found
        else row
        for row in rows
    ]
    if unread is None:
        return marked, []
    return marked, [f"There are too many events to compare. Rows from {unread} on were not checked for duplicates."]

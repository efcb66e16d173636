"""The forms of an import: the file, and what its columns mean."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from events.fields import FIELDS
from events.imports import Plan
from events.mapping import FieldMapping, MappingError, check_mapping, samples, values_of
from events.pages.filters import long_date
from events.pages.forms import date_input
from events.spreadsheets import read_spreadsheet
from events.spreadsheets.columns import recognised
from events.spreadsheets.dates import DayOrder, read_date
from events.spreadsheets.sheet import MAX_FILE_BYTES, MAX_ROWS, Cell, Sheet, SpreadsheetError
from events.visible_text import shortened, visible

_ONE_VALUE = "value"
_MAX_NAME = 40
_MAX_SAMPLE = 24
_MOST_COLUMNS = 100  # each list offers all of them
_ORDERS = {"day": "The day comes first", "month": "The month comes first"}
_INPUTS = {
    "date": date_input(),
    "capacity": forms.TextInput(attrs={"inputmode": "numeric"}),
    **{
        name: forms.TextInput(attrs={"list": f"{name}-values", "dir": "auto"})
        for name in ("location", "organizer", "status")
    },
}


class ImportForm(forms.Form):
    """A file to import; if valid, `content` is what it holds and `sheet` the table in it."""

    file = forms.FileField(
        label="CSV, Excel or OpenDocument file",
        help_text=f"A .csv, .xlsx or .ods file with up to {MAX_ROWS:,} rows and {MAX_FILE_BYTES // 1024**2} MiB.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xlsm,.ods,text/csv"}),
        error_messages={"required": "Choose a file first.", "empty": "The file is empty."},
        max_length=None,
    )
    content: bytes
    sheet: Sheet

    def __init__(self, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, use_required_attribute=False)

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        self.content = file.read(MAX_FILE_BYTES + 1)
        try:
            self.sheet = read_spreadsheet(self.content)
        except SpreadsheetError as error:
            raise ValidationError(str(error)) from None
        return file


class Upload(NamedTuple):
    """A stored file that a person imports, and the table in it, with or without its hidden rows."""

    id: str
    name: str
    sheet: Sheet
    without_hidden: bool = False


class ColumnsForm(forms.Form):
    """Where each field takes its values from: a column, one value for all rows, or nowhere.

    `read_sheet`: the sheet that has these columns. If the person chooses another one, the form starts again.
    """

    upload = forms.CharField(widget=forms.HiddenInput)
    read_sheet = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    order = forms.ChoiceField(label="Dates", required=False, choices=[("", ""), *_ORDERS.items()])

    def __init__(self, upload: Upload, data: Any = None) -> None:
        super().__init__(data, use_required_attribute=False)
        self._sheet = sheet = upload.sheet
        self.initial = {"upload": upload.id, "read_sheet": sheet.name, "sheet": sheet.name}
        if len(sheet.sheet_names) > 1:
            names = [(name, visible(shortened(name, _MAX_NAME))) for name in sheet.sheet_names]
            self.fields["sheet"] = forms.ChoiceField(label="Sheet", choices=names)
        if sheet.hidden_rows:
            rows = "1 hidden row" if sheet.hidden_rows == 1 else f"{sheet.hidden_rows:,} hidden rows"
            label = f"Leave out {rows}"
            self.fields["without_hidden"] = forms.BooleanField(label=label, required=False)
            self.initial["without_hidden"] = upload.without_hidden
        self._add_sources()

    def _add_sources(self) -> None:
        offered = range(min(len(self._sheet.header), _MOST_COLUMNS))
        columns = [(str(position), _described(self._sheet, position)) for position in offered]
        for field in FIELDS:
            others = [("", "Do not import")]
            if field.name != "eventId":
                others.append((_ONE_VALUE, "One value for all rows"))
                self.fields[value_of(field.name)] = forms.CharField(
                    label=f"{field.label} for all rows",
                    required=False,
                    strip=False,
                    widget=_INPUTS.get(field.name, forms.TextInput(attrs={"dir": "auto"})),
                )
            self.fields[field.name] = forms.ChoiceField(
                label=field.label,
                choices=[*others, ("Columns of the file", [column for column in columns if column[1]])],
                required=False,
                error_messages={"invalid_choice": "The file has no such column. Choose another one."},
            )

    def show(self, plan: Plan) -> None:
        """Shows the mapping of the plan, and its questions."""
        known = recognised(self._sheet.header)
        for name in (plan.questions.keys() & known.keys()) | {*plan.missing}:
            self.initial[name] = str(known.get(name, _ONE_VALUE))
        for name, source in plan.mapping.items():
            self.initial[name] = _ONE_VALUE if isinstance(source, str) else str(source)
            if isinstance(source, str):
                self.initial[value_of(name)] = source
        position = plan.mapping.get("date")
        if plan.asks_order and isinstance(position, int):
            self.initial["order"] = plan.order or ""
            example = next(filter(_is_ambiguous, values_of(self._sheet, position)), None)
            order = cast(forms.ChoiceField, self.fields["order"])
            order.choices = [("", ""), *((value, _reading(example, value)) for value in _ORDERS)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.mapping: FieldMapping = {}
        for field in FIELDS:
            match cleaned.get(field.name, ""):
                case "":
                    continue
                case "value" if not cleaned[value_of(field.name)]:
                    self.add_error(value_of(field.name), "Type the value, or choose a column.")
                case "value":
                    self.mapping[field.name] = cleaned[value_of(field.name)]
                case position:
                    self.mapping[field.name] = int(position)
        if not self.errors:
            try:
                check_mapping(self.mapping, self._sheet.header)
            except MappingError as error:
                is_value = isinstance(self.mapping.get(error.field), str)
                self.add_error(value_of(error.field) if is_value else error.field, error.message)
        return cleaned

    @property
    def asked(self) -> list[str]:
        """The fields that the sent form has one value for, or errors."""
        return [field.name for field in FIELDS if self.data.get(field.name) == _ONE_VALUE or self[field.name].errors]

    @property
    def day_order(self) -> DayOrder | None:
        """What the valid form says about the dates."""
        return cast(DayOrder, self.cleaned_data["order"]) or None


def value_of(field: str) -> str:
    """The name of the input for one value."""
    return f"{field}_value"


def _described(sheet: Sheet, position: int) -> str:
    """A column's name and its first values; empty if it has neither."""
    name = sheet.header[position]
    first = ", ".join(shortened(text, _MAX_SAMPLE) for text in samples(sheet, position))
    if not name and not first:
        return ""
    shown = shortened(name, _MAX_NAME) if name else f"Column {position + 1}"
    return visible(f"{shown}: {first}" if first else shown)


def _is_ambiguous(cell: Cell) -> bool:
    try:
        return read_date(cell, "day") != read_date(cell, "month")
    except ValueError:
        return False


def _reading(example: Cell, order: str) -> str:
    """What an order makes of a date: "The day comes first: 3/4/2027 is Sat 3 Apr 2027"."""
    if example is None:
        return _ORDERS[order]
    day, _ = read_date(example, cast(DayOrder, order))
    return f"{_ORDERS[order]}: {visible(shortened(example, _MAX_SAMPLE))} is {long_date(day)}"
